//! Appending: what the log itself decides about a batch (the last part of W-15).
//!
//! The batch has been checked before (`wire::record::admit`, the partition's rules). Here it gets offsets
//! and leader epoch, and an idempotent producer's sequence is judged. A refusal leaves no trace. A batch
//! that was stored before is answered with its first offsets; whoever waits has to wait until *those* are
//! durable and committed (P3).
//! Source: `UnifiedLog.append`, `analyzeAndValidateProducerState`. Tests: `append/tests.rs`, `tests/scripts/*.txt`.

use crate::log::Log;
use crate::producers::{EndTxn, MarkerVerdict, ProducerRefused, ResumePoint, Terms, Verdict};
use crate::tail::TailBatch;
use crate::wal::{Frame, FrameKind};
use types::{ErrorCode, LeaderEpoch, Now, Offset, ProducerId, Sequence, WallTime};
use wire::record::{Batch, BatchHeader, ControlRecord, Records};

/// Largest control batch that is looked into. *Units*: bytes.
const CONTROL_BATCH_MAX_BYTES: usize = 64 * 1024;

/// Who a batch comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A client: gets offsets, and its producer is checked.
    Client,
    /// The leader of the partition: keeps the offsets and the epoch that it came with.
    Replica,
    /// A coordinator of this node: gets offsets; of a producer for whom it writes, epoch and transaction are checked.
    Coordinator,
}

/// How a batch is appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AppendAs {
    /// Who it comes from.
    pub origin: Origin,
    /// The epoch of this node's leadership; of a replica's batch, its own is used.
    pub leader_epoch: LeaderEpoch,
    /// The time of the append. Of its parts only the wall clock is used, and only for ages.
    pub now: Now,
    /// How many producers this log may know (P11). A batch of one more is refused.
    pub max_producers: usize,
    /// Where the producer of the batch went on in the log whose place this one has taken (P8).
    pub resume: Option<ResumePoint>,
    /// The lowest sequence with which the producer has begun here, if its coordinator has confirmed that this log is part of
    /// its transaction (X2).
    pub verified: Option<Sequence>,
}

/// What became of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Appended {
    /// It is in the log; durable once the WAL has synced the frame.
    Written {
        /// Its first offset.
        base: Offset,
        /// The first offset after it.
        next: Offset,
        /// What the WAL has to write.
        frame: Frame,
    },
    /// It is in a page-cache log, which has to be [handed over](Log::hand_over); acknowledged once it is written.
    Buffered {
        /// Its first offset.
        base: Offset,
        /// The first offset after it.
        next: Offset,
    },
    /// It was in the log already, durable or not.
    Duplicate {
        /// Its first offset.
        base: Offset,
        /// Its last offset.
        last: Offset,
        /// Its largest timestamp.
        timestamp: WallTime,
    },
}

/// A batch that was not appended. The log is unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendRefused {
    /// A newer leader has written here.
    #[error("leader epoch {found} is older than {known}")]
    StaleLeaderEpoch {
        /// Epoch of the newest leader.
        known: LeaderEpoch,
        /// Epoch of the append.
        found: LeaderEpoch,
    },
    /// A leader's batch does not continue this log.
    #[error("the log ends at {expected}, the batch begins at {found}")]
    NotContiguous {
        /// Where the log ends.
        expected: Offset,
        /// Where the batch begins.
        found: Offset,
    },
    /// The batch covers no offsets, or more than there are.
    #[error("last offset delta {0} is impossible here")]
    Offsets(i32),
    /// No batch can be made of a mark, which cannot be.
    #[error("the mark of a transaction's end cannot be written")]
    Marker,
    /// The producer may not write it.
    #[error(transparent)]
    Producer(#[from] ProducerRefused),
}

impl AppendRefused {
    /// Returns Kafka's code.
    pub fn code(self) -> ErrorCode {
        match self {
            AppendRefused::StaleLeaderEpoch { .. } => ErrorCode::NotLeaderOrFollower,
            AppendRefused::NotContiguous { .. } => ErrorCode::OffsetOutOfRange,
            AppendRefused::Offsets(_) => ErrorCode::InvalidRecord,
            AppendRefused::Marker => ErrorCode::UnknownServerError,
            AppendRefused::Producer(refused) => refused.code(),
        }
    }
}

impl Log {
    /// Appends one batch, unless its producer wrote it before.
    ///
    /// # Errors
    /// See [`AppendRefused`]; the log is unchanged.
    pub fn append(&mut self, mut batch: Batch, how: &AppendAs) -> Result<Appended, AppendRefused> {
        let (base, epoch) = self.place_of(batch.header(), how)?;
        batch.place(base, epoch);
        let next = next_of(batch.header())?;
        if let Verdict::Stored(stored) = self.check_producer(batch.header(), how)? {
            let (base, last) = (stored.base_offset, stored.last_offset());
            return Ok(Appended::Duplicate { base, last, timestamp: stored.timestamp });
        }
        if self.is_page_cache() {
            self.push(TailBatch { batch, appended: how.now.wall });
            return Ok(Appended::Buffered { base, next });
        }
        let (prefix, body) = batch.parts();
        self.push(TailBatch { batch, appended: how.now.wall });
        let frame = self.frame(FrameKind::Append, base, [prefix, body]);
        debug_assert_eq!(next, self.log_end());
        Ok(Appended::Written { base, next, frame })
    }

    /// Ends a producer's transaction here with a mark; nothing if there is nothing to end, which is as good (X4).
    /// Of `how`, origin and what concerns a client's producer do not matter.
    ///
    /// # Errors
    /// See [`AppendRefused`]; the log is unchanged.
    pub fn end_txn(&mut self, end: &EndTxn, how: &AppendAs) -> Result<Option<Appended>, AppendRefused> {
        if self.producers.check_marker(end, how.max_producers)? == MarkerVerdict::Nothing {
            self.producers.note_coordinator(end);
            return Ok(None);
        }
        let bytes = end.record().to_batch(end.producer_id, end.producer_epoch, how.now.wall);
        let batch =
            bytes.ok().and_then(|bytes| Batch::from_wire(&bytes).ok()).ok_or(AppendRefused::Marker)?;
        self.append(batch, &AppendAs { origin: Origin::Coordinator, ..*how }).map(Some)
    }

    fn check_producer(&self, header: &BatchHeader, how: &AppendAs) -> Result<Verdict, AppendRefused> {
        let terms = Terms { cap: how.max_producers, resume: how.resume, verified: how.verified };
        match how.origin {
            Origin::Client => {
                let verdict = self.producers.check(header, &terms);
                Ok(verdict.map_err(|refused| self.once_durable(refused, header.producer_id))?)
            }
            Origin::Coordinator if !header.is_control() => {
                self.producers.check_coordinators(header, &terms)?;
                Ok(Verdict::Fresh)
            }
            Origin::Coordinator | Origin::Replica => Ok(Verdict::Fresh),
        }
    }

    /// Clients take a duplicate for stored: it is called one when all that the producer has written here is durable.
    fn once_durable(&self, refused: ProducerRefused, producer: ProducerId) -> ProducerRefused {
        let last = self.producers.get(producer).and_then(|entry| entry.window.last());
        match refused {
            ProducerRefused::Duplicate { found, .. }
                if last.is_some_and(|last| self.high_watermark() <= last.last_offset()) =>
            {
                ProducerRefused::NotDurable { found }
            }
            refused => refused,
        }
    }

    fn place_of(&self, header: &BatchHeader, how: &AppendAs) -> Result<(Offset, LeaderEpoch), AppendRefused> {
        let (base, epoch) = match how.origin {
            Origin::Client | Origin::Coordinator => (self.log_end(), how.leader_epoch),
            Origin::Replica => (header.base_offset, header.leader_epoch),
        };
        if base != self.log_end() {
            return Err(AppendRefused::NotContiguous { expected: self.log_end(), found: base });
        }
        if epoch < self.latest_epoch() {
            return Err(AppendRefused::StaleLeaderEpoch { known: self.latest_epoch(), found: epoch });
        }
        Ok((base, epoch))
    }
}

/// Returns where a placed batch ends, if it covers at least one offset and all of them exist.
pub(crate) fn next_of(header: &BatchHeader) -> Result<Offset, AppendRefused> {
    let delta = header.last_offset_delta;
    let next = header.base_offset.0.checked_add(i64::from(delta)).and_then(|last| last.checked_add(1));
    match next {
        Some(next) if delta >= 0 => Ok(Offset(next)),
        _ => Err(AppendRefused::Offsets(delta)),
    }
}

/// Reads the transaction marker out of a control batch, nothing if the batch is none.
pub(crate) fn control_of(batch: &Batch) -> Option<ControlRecord> {
    if !batch.header().is_control() {
        return None;
    }
    let record = Records::open(&batch.to_bytes(), CONTROL_BATCH_MAX_BYTES).ok()?.next()?.ok()?;
    ControlRecord::decode(&record)
}

#[cfg(test)]
mod tests;
