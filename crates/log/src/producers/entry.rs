//! What is known of one producer.

use types::{Offset, ProducerEpoch, Sequence, WallTime};
use wire::record::BatchHeader;

/// How many batches are remembered: a client may have this many in flight.
const WINDOW: usize = 5;

/// One remembered batch of a producer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SequencedBatch {
    /// Sequence of the first record.
    pub base_sequence: Sequence,
    /// Last offset less base offset, and last sequence less base sequence.
    pub last_delta: i32,
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Largest timestamp.
    pub timestamp: WallTime,
}

impl SequencedBatch {
    /// Remembers a placed batch.
    pub fn of(header: &BatchHeader) -> SequencedBatch {
        SequencedBatch {
            base_sequence: header.base_sequence,
            last_delta: header.last_offset_delta,
            base_offset: header.base_offset,
            timestamp: header.max_timestamp,
        }
    }

    /// Returns the sequence of the last record; records of a coordinator have none.
    pub fn last_sequence(&self) -> Sequence {
        if self.base_sequence.0 < 0 { self.base_sequence } else { self.base_sequence.plus(self.last_delta) }
    }

    /// Returns the offset of the last record.
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(i64::from(self.last_delta))
    }
}

/// The last batches of a producer. *Shape*: at most five, oldest first, of one epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Window {
    batches: [SequencedBatch; WINDOW],
    len: u8,
}

impl Window {
    /// Returns the batches, oldest first.
    pub fn as_slice(&self) -> &[SequencedBatch] {
        &self.batches[..usize::from(self.len)]
    }

    /// Returns the newest batch.
    pub fn last(&self) -> Option<&SequencedBatch> {
        self.as_slice().last()
    }

    /// Finds the batch with exactly these sequences.
    pub fn find(&self, header: &BatchHeader) -> Option<SequencedBatch> {
        let same = |batch: &&SequencedBatch| {
            batch.base_sequence == header.base_sequence && batch.last_delta == header.last_offset_delta
        };
        self.as_slice().iter().find(same).copied()
    }

    /// Remembers a batch; returns the one that is forgotten for it.
    pub fn push(&mut self, batch: SequencedBatch) -> Option<SequencedBatch> {
        let len = usize::from(self.len);
        if len < WINDOW {
            self.batches[len] = batch;
            self.len += 1;
            return None;
        }
        let oldest = self.batches[0];
        self.batches.rotate_left(1);
        self.batches[WINDOW - 1] = batch;
        Some(oldest)
    }

    /// Takes the last push back: `evicted` is what it returned.
    pub fn pop(&mut self, evicted: Option<SequencedBatch>) {
        match evicted {
            Some(oldest) => {
                self.batches.rotate_right(1);
                self.batches[0] = oldest;
            }
            None => {
                self.len = self.len.saturating_sub(1);
                self.batches[usize::from(self.len)] = SequencedBatch::default();
            }
        }
    }
}

/// What is known of one producer.
#[derive(Clone, Debug)]
pub struct ProducerEntry {
    /// Incarnation that the window belongs to.
    pub epoch: ProducerEpoch,
    /// Epoch of the transaction coordinator that wrote the last marker, -1 for none.
    pub coordinator_epoch: i32,
    /// When its last batch was appended, by the broker's clock.
    pub appended: WallTime,
    /// First offset of its open transaction.
    pub open_txn: Option<Offset>,
    /// Its last batches.
    pub window: Window,
    pub(super) due: WallTime,
    /// Epoch of the newest coordinator that had nothing to end here, -1 for none: no batch says so, and a delayed mark of an
    /// older one is addressed to this leader alone.
    pub(super) heard: i32,
}

impl ProducerEntry {
    /// Returns the epoch of the newest coordinator that was heard of, -1 for none.
    pub fn newest_coordinator(&self) -> i32 {
        self.coordinator_epoch.max(self.heard)
    }

    /// Makes the state of a producer that has written nothing in this epoch.
    pub fn new(epoch: ProducerEpoch, appended: WallTime) -> ProducerEntry {
        let window = Window::default();
        ProducerEntry {
            epoch,
            coordinator_epoch: -1,
            appended,
            open_txn: None,
            window,
            due: appended,
            heard: -1,
        }
    }
}

impl PartialEq for ProducerEntry {
    /// When it is next looked at for expiry is no part of what the log says, nor is who had nothing to end.
    fn eq(&self, other: &ProducerEntry) -> bool {
        let ProducerEntry { epoch, coordinator_epoch, appended, open_txn, window, due: _, heard: _ } = self;
        *epoch == other.epoch
            && *coordinator_epoch == other.coordinator_epoch
            && *appended == other.appended
            && *open_txn == other.open_txn
            && *window == other.window
    }
}

impl Eq for ProducerEntry {}
