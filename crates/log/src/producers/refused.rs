//! Why a batch of an idempotent producer is refused.

use types::{ErrorCode, ProducerEpoch, Sequence};

/// A batch that a producer may not write. The log is unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProducerRefused {
    /// Nothing is known of the producer, and the batch is not its first (P8).
    #[error("the producer is not known here, and its sequence is {found}")]
    Unknown {
        /// Sequence of the batch.
        found: Sequence,
    },
    /// The producer has a newer incarnation (P9).
    #[error("producer epoch {found} is older than {known}")]
    StaleEpoch {
        /// Epoch of the newest incarnation.
        known: ProducerEpoch,
        /// Epoch of the batch.
        found: ProducerEpoch,
    },
    /// The batch was stored before, too long ago to know its offsets (P4).
    #[error("sequence {found} was stored before, {expected} is next")]
    Duplicate {
        /// Sequence that would be next.
        expected: Sequence,
        /// Sequence of the batch.
        found: Sequence,
    },
    /// The batch was stored before, its offsets are not known, and not all that the producer wrote is durable yet (W-15).
    #[error("sequence {found} was stored before and may not be durable yet")]
    NotDurable {
        /// Sequence of the batch.
        found: Sequence,
    },
    /// A batch before this one is missing, or a new epoch does not begin with 0 (P5).
    #[error("sequence {found} came, {expected} is next")]
    OutOfOrder {
        /// Sequence that would be next.
        expected: Sequence,
        /// Sequence of the batch.
        found: Sequence,
    },
    /// The producer has an open transaction, and the batch is not part of it (P12).
    #[error("the producer has an open transaction and wrote outside of it")]
    InTransaction,
    /// The batch is not part of an open transaction, and its coordinator has not confirmed that it may begin one here (X2, X3).
    #[error("the record is not part of a transaction that is open here")]
    NotInTransaction,
    /// A mark of this epoch cannot end what the producer has open: it ends an earlier transaction (KIP-1228).
    #[error("a mark of producer epoch {found} does not end a transaction of epoch {known}")]
    MarkerEpoch {
        /// Epoch of the open transaction.
        known: ProducerEpoch,
        /// Epoch of the mark.
        found: ProducerEpoch,
    },
    /// A newer coordinator has been heard of (X5).
    #[error("coordinator epoch {found} is older than {known}")]
    StaleCoordinator {
        /// Epoch of the newest coordinator.
        known: i32,
        /// Epoch of the mark's.
        found: i32,
    },
    /// The log knows as many producers as it may (P11).
    #[error("too many producers: none is forgotten before its batches are past retention")]
    TooMany,
}

impl ProducerRefused {
    /// Returns Kafka's code.
    pub fn code(self) -> ErrorCode {
        match self {
            ProducerRefused::Unknown { .. } => ErrorCode::UnknownProducerId,
            ProducerRefused::StaleEpoch { .. } => ErrorCode::InvalidProducerEpoch,
            ProducerRefused::Duplicate { .. } => ErrorCode::DuplicateSequenceNumber,
            ProducerRefused::NotDurable { .. } => ErrorCode::RequestTimedOut,
            ProducerRefused::OutOfOrder { .. } => ErrorCode::OutOfOrderSequenceNumber,
            ProducerRefused::InTransaction => ErrorCode::InvalidTxnState,
            ProducerRefused::NotInTransaction => ErrorCode::InvalidTxnState,
            ProducerRefused::MarkerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
            ProducerRefused::StaleCoordinator { .. } => ErrorCode::TransactionCoordinatorFenced,
            ProducerRefused::TooMany => ErrorCode::ThrottlingQuotaExceeded,
        }
    }
}
