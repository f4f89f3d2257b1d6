//! The end of a transaction in this partition: its coordinator's mark.
//!
//! What the mark does is the log's to decide (`log::producers`, marker.rs). A mark that finds nothing to end is as good as one
//! that is appended, but is answered only once all that the producer has here is committed: that the first copy was appended
//! is not enough. In a page-cache log a mark counts once it is synced: the coordinator forgets the transaction then, and a
//! power cut must not leave it open for ever (W-16).
//! Source: `ReplicaManager.appendRecords` from `KafkaApis.handleWriteTxnMarkersRequest`. Tests: `tests/transactions.rs`.

use crate::{AckEnd, AckToken, AppendRefused, Effect, Partition, RequiredAcks};
use log::append::{AppendAs, Appended, Origin};
use types::{Now, Offset};

pub use log::producers::{EndTxn, TransactionVersion};

/// A mark on its way into the log.
#[derive(Clone, Copy, Debug)]
pub struct EndTxnInput {
    /// The mark.
    pub end: EndTxn,
    /// How many producers the log may know (P11); a mark brings none beyond.
    pub max_producers: usize,
    /// Whom to tell.
    pub token: AckToken,
}

/// What a mark has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TxnEnded {
    /// It is in the log, at this offset.
    Written(Offset),
    /// There was nothing to end.
    Nothing,
}

impl Partition {
    /// Ends a producer's transaction. The answer is due when [`Effect::Acked`] names the token.
    ///
    /// # Errors
    /// The refusal; nothing has changed.
    pub fn end_txn(
        &mut self,
        input: EndTxnInput,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Result<TxnEnded, AppendRefused> {
        self.may_append(RequiredAcks::All)?;
        let EndTxnInput { end, max_producers, token } = input;
        let (origin, leader_epoch) = (Origin::Coordinator, self.leadership.leader_epoch);
        let how = AppendAs { origin, leader_epoch, now, max_producers, resume: None, verified: None };
        let appended = self.log.end_txn(&end, &how)?;
        self.verifications.on_mark(&end);
        let (ended, wait) = match appended {
            None => (TxnEnded::Nothing, self.log.producers().last_unsettled(end.producer_id)),
            Some(Appended::Written { base, frame, .. }) => {
                effects.push(Effect::Wal(frame));
                (TxnEnded::Written(base), Some(base))
            }
            Some(Appended::Buffered { base, .. }) => {
                effects.push(Effect::Buffered);
                (TxnEnded::Written(base), Some(base))
            }
            Some(Appended::Duplicate { base, .. }) => (TxnEnded::Nothing, Some(base)),
        };
        self.wait_for_mark(wait.map_or(Offset::ZERO, |mark| mark.plus(1)), token, effects);
        Ok(ended)
    }

    fn wait_for_mark(&mut self, end: Offset, token: AckToken, effects: &mut Vec<Effect>) {
        let epoch = self.leadership.leader_epoch;
        if self.log.is_page_cache() {
            // It may be settled and not synced.
            self.waiters.wait_synced(self.log.log_end(), epoch, token);
            self.end_synced(effects);
        } else if end <= self.pointers().high_watermark {
            effects.push(Effect::Acked { token, end: AckEnd::Committed });
        } else {
            self.waiters.wait_committed(end, epoch, token);
        }
    }

    /// The log's files are synced further: answers the marks that waited for it.
    pub fn on_pages_synced(&mut self, effects: &mut Vec<Effect>) {
        self.end_synced(effects);
    }

    pub(crate) fn end_synced(&mut self, effects: &mut Vec<Effect>) {
        let to = self.log.synced_end().min(self.pointers().high_watermark);
        self.waiters.on_synced(to, effects);
    }
}
