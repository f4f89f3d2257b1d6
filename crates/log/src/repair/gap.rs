//! What stands in for batches that are gone: empty ones over the same offsets. Pure.
//!
//! Kafka's compaction leaves such batches when it takes the last record of one; every client skips them. They keep the
//! segment without a gap, so that each batch still begins where the last ended (W-18), and the leader epochs as they
//! were. Where the producer state knows the batch that lay there, its stand-in carries the same producer and sequences: a scan of
//! the segment gives the producers that the state has (W-9). Tests: below.

use crate::epochs::{EpochEntry, epoch_at};
use crate::producers::{ProducerEntry, SequencedBatch};
use bytes::Bytes;
use types::{LeaderEpoch, Offset, OffsetRange, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{Attributes, BatchHeader};

/// A batch that the producer state remembers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct KnownBatch {
    producer: ProducerId,
    epoch: ProducerEpoch,
    batch: SequencedBatch,
}

/// Returns the batches that producers remember, in offset order.
pub(crate) fn known_batches(producers: &[(ProducerId, ProducerEntry)]) -> Vec<KnownBatch> {
    let of = |(producer, entry): &(ProducerId, ProducerEntry)| {
        let (producer, epoch) = (*producer, entry.epoch);
        entry
            .window
            .as_slice()
            .iter()
            .map(move |batch| KnownBatch { producer, epoch, batch: *batch })
            .collect::<Vec<_>>()
    };
    let mut known: Vec<KnownBatch> = producers.iter().flat_map(of).collect();
    known.sort_by_key(|known| known.batch.base_offset);
    known
}

/// Returns empty batches that cover a gap.
pub(crate) fn stand_ins(gap: OffsetRange, epochs: &[EpochEntry], known: &[KnownBatch]) -> Vec<Bytes> {
    let mut at = gap.base;
    let mut batches = Vec::new();
    while at < gap.next {
        let follows = |known: &&KnownBatch| {
            known.batch.base_offset >= at
                && known.batch.last_offset() < gap.next
                && known.batch.last_delta >= 0
        };
        let known = known.iter().find(follows);
        let batch = match known.filter(|known| known.batch.base_offset == at) {
            Some(known) => of_producer(known, epochs),
            None => plain(at, known.map_or(gap.next, |known| known.batch.base_offset), epochs),
        };
        at = batch.next_offset();
        batches.push(batch.emptied());
    }
    batches
}

/// Returns the head of a batch without a producer that reaches to `end`, or to where another leader epoch begins.
fn plain(at: Offset, end: Offset, epochs: &[EpochEntry]) -> BatchHeader {
    let other = epochs.iter().map(|entry| entry.start).find(|start| *start > at);
    let end = other.map_or(end, |start| start.min(end));
    let last_offset_delta = i32::try_from(end.since(at) - 1).unwrap_or(i32::MAX);
    head(at, last_offset_delta, epochs)
}

fn of_producer(known: &KnownBatch, epochs: &[EpochEntry]) -> BatchHeader {
    BatchHeader {
        producer_id: known.producer,
        producer_epoch: known.epoch,
        base_sequence: known.batch.base_sequence,
        max_timestamp: known.batch.timestamp,
        ..head(known.batch.base_offset, known.batch.last_delta, epochs)
    }
}

fn head(base_offset: Offset, last_offset_delta: i32, epochs: &[EpochEntry]) -> BatchHeader {
    let last = base_offset.plus(i64::from(last_offset_delta));
    BatchHeader {
        base_offset,
        batch_length: 0,
        leader_epoch: epoch_at(epochs, last).unwrap_or(LeaderEpoch::UNKNOWN),
        crc: 0,
        attributes: Attributes(0),
        last_offset_delta,
        base_timestamp: WallTime(-1),
        max_timestamp: WallTime(-1),
        producer_id: ProducerId(-1),
        producer_epoch: ProducerEpoch(-1),
        base_sequence: Sequence(-1),
        record_count: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::record::verify_crc;

    fn epochs() -> Vec<EpochEntry> {
        let entry = |epoch, start| EpochEntry { epoch: LeaderEpoch(epoch), start: Offset(start) };
        vec![entry(0, 0), entry(3, 14)]
    }

    fn heads(base: i64, next: i64, known: &[KnownBatch]) -> Vec<BatchHeader> {
        let gap = OffsetRange { base: Offset(base), next: Offset(next) };
        let batches = stand_ins(gap, &epochs(), known);
        assert!(batches.iter().all(|batch| verify_crc(batch)));
        batches.iter().map(|batch| BatchHeader::parse(batch).unwrap()).collect()
    }

    /// Protects: stand-ins cover exactly the gap, one after the other, each of one leader epoch.
    #[test]
    fn stand_ins_cover_the_gap() {
        let heads = heads(10, 20, &[]);
        let spans: Vec<_> = heads
            .iter()
            .map(|head| (head.base_offset.0, head.next_offset().0, head.leader_epoch.0))
            .collect();
        assert_eq!(spans, [(10, 14, 0), (14, 20, 3)]);
        assert!(heads.iter().all(|head| head.record_count == 0 && !head.has_producer() && head.size() == 61));
    }

    /// Protects: W-9: a lost batch that the producer state knows keeps its sequences; one that only reaches into the gap does
    /// not count.
    #[test]
    fn known_batches_keep_their_sequences() {
        let known = |base, delta| KnownBatch {
            producer: ProducerId(7),
            epoch: ProducerEpoch(2),
            batch: SequencedBatch {
                base_sequence: Sequence(40),
                last_delta: delta,
                base_offset: Offset(base),
                timestamp: WallTime(5),
            },
        };
        let heads = heads(10, 20, &[known(8, 3), known(12, 1), known(18, 5)]);
        let spans: Vec<_> =
            heads.iter().map(|head| (head.base_offset.0, head.next_offset().0, head.producer_id.0)).collect();
        assert_eq!(spans, [(10, 12, -1), (12, 14, 7), (14, 20, -1)]);
        let kept = heads[1];
        assert_eq!(
            (kept.base_sequence, kept.last_sequence(), kept.producer_epoch),
            (Sequence(40), Sequence(41), ProducerEpoch(2))
        );
        assert_eq!(kept.max_timestamp, WallTime(5));
    }
}
