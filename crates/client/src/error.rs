//! What can go wrong between a client and a broker.
//!
//! Two questions matter to a caller: may it be tried again (`is_retriable`), and may the request have
//! acted although no answer came (`is_outcome_unknown`). Tests: `tests/client/`.

use std::sync::Arc;
use types::ErrorCode;
use wire::{DecodeError, EncodeError};

/// Why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Lost {
    /// The operating system refused or broke it.
    #[error("{0}")]
    Io(std::io::ErrorKind),
    /// The broker closed it.
    #[error("the broker closed it")]
    ClosedByBroker,
    /// A response announced a length beyond the limit, or below zero.
    #[error("a response of {0} bytes was announced")]
    FrameLength(i32),
    /// A response answers a request that is not next.
    #[error("response {got} came where {wanted} was due")]
    Correlation {
        /// The one that was due.
        wanted: i32,
        /// The one that came.
        got: i32,
    },
    /// A response came that nobody waits for.
    #[error("a response came without a request")]
    Unasked,
    /// A response cannot be read.
    #[error("a response cannot be read: {0}")]
    Undecodable(#[from] DecodeError),
    /// A request was not answered in time, so that no later answer can be placed.
    #[error("a request was not answered in time")]
    TimedOut,
    /// The client closed it.
    #[error("the client closed it")]
    ClosedHere,
}

/// A broker's refusal of one thing that was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerError {
    /// Kafka's number.
    pub code: i16,
    /// The broker's sentence, if it gave one.
    pub message: Option<String>,
}

impl BrokerError {
    /// Makes one of a code and a sentence; nothing for code 0.
    pub fn of(code: i16, message: Option<&str>) -> Option<BrokerError> {
        (code != 0).then(|| BrokerError { code, message: message.map(str::to_owned) })
    }

    /// Returns the code as the enum, if it is known.
    pub fn known(&self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.code)
    }

    /// Says whether the same request may succeed later.
    pub fn is_retriable(&self) -> bool {
        self.known().is_some_and(ErrorCode::is_retriable)
    }
}

impl std::fmt::Display for BrokerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.known(), self.message.as_deref().filter(|m| !m.is_empty())) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}"),
            (Some(code), None) => write!(f, "{code}"),
            (None, Some(message)) => write!(f, "error code {}: {message}", self.code),
            (None, None) => write!(f, "error code {}", self.code),
        }
    }
}

/// A batch that a broker handed out and that may not be believed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BatchFault {
    /// Its head is none.
    #[error(transparent)]
    Header(#[from] wire::record::HeaderError),
    /// Its CRC does not fit.
    #[error("its CRC is wrong")]
    Crc,
    /// Its offsets lie before those already read, or overlap the batch before.
    #[error("its offsets go backwards")]
    Order,
    /// Its records cannot be read.
    #[error(transparent)]
    Records(#[from] wire::record::ReadError),
}

/// Why a client's call failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// No bootstrap address answers.
    #[error(
        "no broker answers at {addresses} ({reason}); start one with `highwater serve`, or give its address"
    )]
    Unreachable {
        /// The addresses that were tried.
        addresses: String,
        /// What the last one said.
        reason: Lost,
    },
    /// The connection ended before the answer came.
    #[error("the connection to {address} was lost: {reason}")]
    Lost {
        /// The broker's address.
        address: Arc<str>,
        /// Why.
        reason: Lost,
    },
    /// The broker does not serve an API in a version we speak.
    #[error("the broker at {address} does not serve {api}")]
    Unsupported {
        /// The broker's address.
        address: Arc<str>,
        /// The API's name.
        api: &'static str,
    },
    /// A request cannot be written.
    #[error("the request cannot be written: {0}")]
    Encode(#[from] EncodeError),
    /// A batch cannot be built.
    #[error("the batch cannot be built: {0}")]
    Build(Arc<wire::record::BuildError>),
    /// More requests wait for answers than the connection allows.
    #[error("{0} requests wait for an answer already")]
    TooManyInFlight(usize),
    /// The broker refused.
    #[error("{what}: {error}")]
    Refused {
        /// What was asked, for instance `topic 'a'`.
        what: String,
        /// The refusal.
        error: BrokerError,
    },
    /// No such topic.
    #[error("there is no topic '{0}'; create it with `highwater topic create {0}`")]
    UnknownTopic(String),
    /// No such partition.
    #[error("topic '{topic}' has no partition {partition}; it has {count}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: i32,
        /// How many there are.
        count: usize,
    },
    /// A partition has no leader at the moment.
    #[error("partition {partition} of topic '{topic}' has no leader at the moment")]
    NoLeader {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// An answer lacks what was asked for.
    #[error("the broker's answer lacks {0}")]
    Incomplete(String),
    /// A batch that came may not be believed.
    #[error("the batch at offset {offset} of {topic}-{partition} is damaged: {fault}")]
    BadBatch {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where reading stood.
        offset: i64,
        /// What is wrong.
        fault: BatchFault,
    },
    /// The wanted offset is not in the log.
    #[error(
        "offset {offset} of {topic}-{partition} is not in the log; `--from-beginning` reads what there is"
    )]
    OffsetOutOfRange {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset asked for.
        offset: i64,
    },
    /// The partitions are no longer this member's.
    #[error(
        "group '{group}' has given this member's partitions to others; they read on from what was committed"
    )]
    Fenced {
        /// The group.
        group: String,
    },
    /// Batches of a transaction can get no more sequence numbers after one of them was refused or given up.
    #[error("a batch before it in the transaction was not stored")]
    NumbersSpent,
    /// The producer has been closed.
    #[error("the producer is closed")]
    Closed,
}

impl ClientError {
    /// Says whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } | ClientError::Lost { .. } | ClientError::NoLeader { .. } => true,
            ClientError::Refused { error, .. } => error.is_retriable(),
            _ => false,
        }
    }

    /// Returns the code that a broker has refused with, if it is one that we know.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            ClientError::Refused { error, .. } => error.known(),
            _ => None,
        }
    }

    /// Says whether the request may have acted although it failed.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, ClientError::Lost { .. })
    }

    pub(crate) fn refused(what: impl Into<String>, error: BrokerError) -> ClientError {
        ClientError::Refused { what: what.into(), error }
    }
}

/// Turns a code of an answer into a result.
pub(crate) fn accepted(
    code: i16,
    message: Option<&str>,
    what: impl FnOnce() -> String,
) -> Result<(), ClientError> {
    match BrokerError::of(code, message.filter(|message| !message.is_empty())) {
        Some(error) => Err(ClientError::refused(what(), error)),
        None => Ok(()),
    }
}
