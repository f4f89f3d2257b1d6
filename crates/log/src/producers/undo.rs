//! How to take a batch back out of the producer state, for a truncation above the high watermark.

use super::entry::{ProducerEntry, SequencedBatch};
use types::{Offset, ProducerId, WallTime};

/// The step that takes one batch back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Undo {
    /// Base offset of the batch.
    pub(crate) base_offset: Offset,
    /// Its producer.
    pub(crate) producer_id: ProducerId,
    /// What was known of the producer before.
    pub(crate) prior: Prior,
}

impl Undo {
    /// Returns the first offset of the transaction that was open before the batch.
    pub(super) fn opened_before(&self) -> Option<Offset> {
        match &self.prior {
            Prior::Absent => None,
            Prior::Pushed { open_txn, .. } => *open_txn,
            Prior::Replaced(entry) => entry.open_txn,
        }
    }
}

/// What was known of a producer before a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Prior {
    /// Nothing.
    Absent,
    /// The same epoch: the batch went into its window.
    Pushed { evicted: Option<SequencedBatch>, appended: WallTime, open_txn: Option<Offset> },
    /// Another epoch, or the batch was a marker.
    Replaced(Box<ProducerEntry>),
}
