//! Which batches of an answer are of aborted transactions: pure, as Kafka's clients do it.
//!
//! The broker lists, for the range that it hands out, producer and first offset of each aborted transaction. From that
//! offset on, batches of that producer do not count, up to its abort mark. Source: KIP-98, `CompletedFetch`.

use bytes::Bytes;
use std::collections::{BTreeSet, VecDeque};
use types::{Offset, ProducerId};
use wire::fetch_response::AbortedTransaction;
use wire::record::{BatchHeader, ControlKind, ControlRecord, Records};

/// Largest control batch that is read. *Units*: bytes.
const MARK_BYTES_MAX: usize = 64 << 10;

/// The aborted transactions of one partition of one answer.
#[derive(Debug, Default)]
pub(super) struct Aborted {
    /// Not begun at the batch that was last looked at. *Shape*: in the order of their first offsets.
    ahead: VecDeque<(Offset, ProducerId)>,
    /// Producers within an aborted transaction there.
    within: BTreeSet<ProducerId>,
}

impl Aborted {
    /// Takes the broker's list.
    pub(super) fn new(list: Vec<AbortedTransaction>) -> Aborted {
        let place =
            |listed: AbortedTransaction| (Offset(listed.first_offset), ProducerId(listed.producer_id));
        let mut ahead: Vec<(Offset, ProducerId)> = list.into_iter().map(place).collect();
        ahead.sort_unstable();
        Aborted { ahead: ahead.into(), within: BTreeSet::new() }
    }

    /// Says whether a batch is of an aborted transaction. Batches are to be asked about in their order.
    pub(super) fn has(&mut self, header: &BatchHeader, batch: &Bytes) -> bool {
        while let Some((_, producer)) = self.ahead.pop_front_if(|(first, _)| *first <= header.last_offset()) {
            self.within.insert(producer);
        }
        if header.is_control() {
            if is_abort(batch) {
                self.within.remove(&header.producer_id);
            }
            return false;
        }
        header.is_transactional() && self.within.contains(&header.producer_id)
    }
}

fn is_abort(batch: &Bytes) -> bool {
    let mut records = Records::open(batch, MARK_BYTES_MAX).into_iter().flatten();
    let mark = records.next().and_then(Result::ok).and_then(|record| ControlRecord::decode(&record));
    mark.is_some_and(|mark| mark.kind == ControlKind::Abort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{LeaderEpoch, ProducerEpoch, Sequence, WallTime};
    use wire::record::{Batch, BatchBuilder, Codec};

    fn data(producer: i64, offset: i64, transactional: bool) -> Bytes {
        let id = (ProducerId(producer), ProducerEpoch(0), Sequence(0));
        let builder = BatchBuilder::new(Codec::None).producer(id.0, id.1, id.2).transactional(transactional);
        let mut builder = builder.placed(Offset(offset), LeaderEpoch(0));
        builder.push(WallTime(0), None, Some(b"v"), &[]);
        builder.build().unwrap()
    }

    fn mark(producer: i64, offset: i64, kind: ControlKind) -> Bytes {
        let mark = ControlRecord { kind, coordinator_epoch: 0 };
        let bytes = mark.to_batch(ProducerId(producer), ProducerEpoch(0), WallTime(0)).unwrap();
        let mut batch = Batch::from_wire(&bytes).unwrap();
        batch.place(Offset(offset), LeaderEpoch(0));
        batch.to_bytes()
    }

    /// Returns the offsets of the batches that count.
    fn left(list: &[(i64, i64)], log: &[Bytes]) -> Vec<i64> {
        let listed = |(producer_id, first_offset): &(i64, i64)| AbortedTransaction {
            producer_id: *producer_id,
            first_offset: *first_offset,
        };
        let mut aborted = Aborted::new(list.iter().map(listed).collect());
        let header = |batch: &Bytes| BatchHeader::parse(batch).unwrap();
        let counts =
            log.iter().filter(|batch| !aborted.has(&header(batch), batch) && !header(batch).is_control());
        counts.map(|batch| header(batch).base_offset.0).collect()
    }

    /// Protects: batches of an aborted transaction do not count, those of others in between do, and the next transaction
    /// of the same producer does again.
    #[test]
    fn an_aborted_transaction_is_passed_over() {
        let log = [
            data(1, 0, true),
            data(2, 1, true),
            data(3, 2, false),
            data(1, 3, true),
            mark(1, 4, ControlKind::Abort),
            mark(2, 5, ControlKind::Commit),
            data(1, 6, true),
            mark(1, 7, ControlKind::Commit),
        ];
        assert_eq!(left(&[(1, 0)], &log), [1, 2, 6]);
        assert_eq!(left(&[], &log), [0, 1, 2, 3, 6]);
    }

    /// Protects: a committed transaction before an aborted one of the same producer counts; the list need not be in order, and
    /// an answer may begin within an aborted transaction.
    #[test]
    fn two_transactions_of_a_producer_are_told_apart() {
        let log = [
            data(1, 10, true),
            mark(1, 11, ControlKind::Abort),
            data(1, 12, true),
            mark(1, 13, ControlKind::Commit),
            data(1, 14, true),
            data(2, 15, true),
            mark(1, 16, ControlKind::Abort),
        ];
        assert_eq!(left(&[(1, 14), (1, 8)], &log), [12, 15]);
    }

    /// Protects: a record outside of transactions counts, whatever its producer aborted.
    #[test]
    fn what_is_in_no_transaction_counts() {
        assert_eq!(left(&[(1, 0)], &[data(1, 0, true), data(1, 1, false)]), [1]);
    }
}
