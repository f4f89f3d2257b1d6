//! A log as a list of batches: slow and plain.

use log::epochs::EpochEntry;
use log::producers::SequencedBatch;
use std::collections::BTreeMap;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, WallTime};
use wire::record::{Batch, find_timestamp};

/// What is known of a producer: epoch, time of the last append, last batches.
pub type Known = (ProducerEpoch, WallTime, Vec<SequencedBatch>);

/// What the log should answer to a batch of a producer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    Fresh,
    Stored(Offset, Offset),
    Unknown,
    StaleEpoch,
    OutOfOrder,
    Duplicate,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Every batch that was not truncated, those below the start included.
    pub batches: Vec<(Batch, WallTime)>,
    pub epochs: Vec<EpochEntry>,
    pub start: Offset,
    pub end: Offset,
}

impl Model {
    pub fn append(&mut self, batch: Batch, appended: WallTime) {
        let header = *batch.header();
        assert_eq!(header.base_offset, self.end);
        if self.epochs.last().is_none_or(|last| last.epoch != header.leader_epoch) {
            self.epochs.retain(|entry| entry.start < header.base_offset);
            self.epochs.push(EpochEntry { epoch: header.leader_epoch, start: header.base_offset });
        }
        self.end = header.next_offset();
        self.batches.push((batch, appended));
    }

    pub fn truncate(&mut self, to: Offset) {
        self.batches.retain(|(batch, _)| batch.header().base_offset < to);
        self.epochs.retain(|entry| entry.start < to);
        self.end = to;
    }

    pub fn move_start(&mut self, to: Offset) {
        self.start = to;
        while self.epochs.len() > 1 && self.epochs[1].start <= to {
            self.epochs.remove(0);
        }
        if let Some(first) = self.epochs.first_mut() {
            first.start = first.start.max(to);
        }
    }

    pub fn readable(&self) -> impl Iterator<Item = &(Batch, WallTime)> {
        self.batches.iter().filter(|(batch, _)| batch.header().next_offset() > self.start)
    }

    pub fn boundaries(&self) -> Vec<Offset> {
        let mut all: Vec<Offset> = self.batches.iter().map(|(b, _)| b.header().base_offset).collect();
        all.push(self.end);
        all
    }

    fn of_producer(&self, id: ProducerId) -> Vec<(ProducerEpoch, SequencedBatch, WallTime)> {
        let of = |(batch, at): &(Batch, WallTime)| {
            let header = batch.header();
            (header.producer_id == id).then(|| (header.producer_epoch, SequencedBatch::of(header), *at))
        };
        self.batches.iter().filter_map(of).collect()
    }

    pub fn producers(&self) -> BTreeMap<ProducerId, Known> {
        let ids = self.batches.iter().map(|(batch, _)| batch.header().producer_id).filter(|id| id.0 >= 0);
        ids.map(|id| {
            let all = self.of_producer(id);
            let epoch = all.last().unwrap().0;
            let mut window: Vec<SequencedBatch> = Vec::new();
            for (_, batch, _) in all.iter().rev().take_while(|batch| batch.0 == epoch).take(5) {
                window.insert(0, *batch);
            }
            (id, (epoch, all.last().unwrap().2, window))
        })
        .collect()
    }

    pub fn judge(&self, id: ProducerId, epoch: ProducerEpoch, sequence: i32, count: i32) -> Expected {
        let all = self.of_producer(id);
        let Some(last) = all.last() else {
            return if sequence == 0 { Expected::Fresh } else { Expected::Unknown };
        };
        if epoch < last.0 {
            return Expected::StaleEpoch;
        }
        if epoch > last.0 {
            return if sequence == 0 { Expected::Fresh } else { Expected::OutOfOrder };
        }
        let same: Vec<_> = all.iter().filter(|batch| batch.0 == epoch).map(|batch| batch.1).collect();
        if sequence == last.1.last_sequence().0 + 1 {
            return Expected::Fresh;
        }
        let found =
            same.iter().rev().take(5).find(|b| b.base_sequence.0 == sequence && b.last_delta == count - 1);
        if let Some(found) = found {
            return Expected::Stored(found.base_offset, found.last_offset());
        }
        let stored = sequence + count - 1 <= last.1.last_sequence().0;
        if stored { Expected::Duplicate } else { Expected::OutOfOrder }
    }

    /// The first offset, at or above the start, of a record with this timestamp or a later one.
    pub fn find_time(&self, target: WallTime, bound: Offset) -> Option<Offset> {
        let batches = self.readable().take_while(|(batch, _)| batch.header().next_offset() <= bound);
        batches.map(|(batch, _)| find_in(batch, target, self.start)).find(Option::is_some).flatten()
    }

    pub fn max_timestamp(&self, bound: Offset) -> Option<WallTime> {
        let batches = self.readable().take_while(|(batch, _)| batch.header().next_offset() <= bound);
        batches.map(|(batch, _)| batch.header().max_timestamp).filter(|time| time.0 >= 0).max()
    }

    pub fn epoch_end(&self, asked: LeaderEpoch) -> (LeaderEpoch, Offset) {
        let latest = self.epochs.last().map_or(LeaderEpoch(-1), |last| last.epoch);
        if asked.0 < 0 || asked > latest {
            return (LeaderEpoch(-1), Offset(-1));
        }
        let above = self.epochs.iter().find(|entry| entry.epoch > asked);
        let floor = self.epochs.iter().rev().find(|entry| entry.epoch <= asked);
        (floor.map_or(asked, |floor| floor.epoch), above.map_or(self.end, |above| above.start))
    }
}

pub fn find_in(batch: &Batch, target: WallTime, from: Offset) -> Option<Offset> {
    find_timestamp(&batch.to_bytes(), target, from, 1 << 20).unwrap().map(|found| found.offset)
}
