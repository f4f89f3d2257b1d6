//! Where a producer goes on in a log that takes the place of a deleted one of the same name (P8).
//!
//! The new log knows nothing of the producer, which goes on in the middle of its stream. What the old log had
//! committed says which batch is next: that one is accepted as the producer's first, and none else. So the stream
//! is admitted by the rule of one log, and no batch can overtake one that was refused in between.

use super::{ProducerEntry, ProducerRefused, Producers, is_behind};
use types::{Offset, ProducerEpoch, ProducerId, Sequence};
use wire::record::BatchHeader;

/// The batch that a log would have taken next from a producer, had it not been deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResumePoint {
    /// Incarnation of the producer.
    pub epoch: ProducerEpoch,
    /// Sequence after the last committed one.
    pub next: Sequence,
}

impl ResumePoint {
    /// Judges the first batch of the producer. One from before the point is not called a duplicate: the
    /// records may be those of another stream that the client has begun.
    pub(super) fn check(self, header: &BatchHeader) -> Result<(), ProducerRefused> {
        let found = header.base_sequence;
        if header.producer_epoch < self.epoch {
            return Err(ProducerRefused::StaleEpoch { known: self.epoch, found: header.producer_epoch });
        }
        if header.producer_epoch > self.epoch {
            return Err(ProducerRefused::OutOfOrder { expected: Sequence(0), found });
        }
        if header.is_transactional() || is_behind(found, self.next) {
            return Err(ProducerRefused::Unknown { found });
        }
        if found != self.next {
            return Err(ProducerRefused::OutOfOrder { expected: self.next, found });
        }
        Ok(())
    }
}

impl Producers {
    /// Returns for each producer where it goes on in a log that takes this one's place, nothing if that cannot
    /// be said. Batches at or above the high watermark count as never written: nobody was told that they are stored.
    pub(crate) fn resume_points(&self, high_watermark: Offset) -> Vec<(ProducerId, Option<ResumePoint>)> {
        let mut committed = self.clone();
        committed.undo_from(high_watermark);
        let next_of = |id: ProducerId, entry: &ProducerEntry| match committed.get(id) {
            Some(before) if before.epoch == entry.epoch => {
                Some(before.window.last()?.last_sequence().plus(1))
            }
            Some(_) => None,
            None => self.first_of(id, entry).filter(|first| first.0 > 0),
        };
        let point = |(id, entry): (&ProducerId, &ProducerEntry)| {
            let next = next_of(*id, entry).filter(|_| entry.open_txn.is_none());
            (*id, next.map(|next| ResumePoint { epoch: entry.epoch, next }))
        };
        self.entries.iter().map(point).collect()
    }

    /// Returns the sequence with which a producer began here, all of it above the high watermark.
    fn first_of(&self, id: ProducerId, entry: &ProducerEntry) -> Option<Sequence> {
        let begin = self.undo.iter().find(|step| step.producer_id == id)?;
        let first = entry.window.as_slice().first()?;
        (first.base_offset == begin.base_offset).then_some(first.base_sequence)
    }
}
