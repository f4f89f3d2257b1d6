//! The segment files of one log, in memory, with the checks that a real folder would make.

use bytes::Bytes;
use log::segments::{FileCut, Placement, SegmentMeta, SegmentWrite};
use std::collections::BTreeMap;
use types::{Offset, WallTime};
use wire::record::{Batch, Batches};

#[derive(Clone, Debug, Default)]
pub struct SegmentFile {
    pub bytes: Vec<u8>,
    pub index: Vec<(u32, u32)>,
    pub times: Vec<(i64, u32)>,
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub files: BTreeMap<Offset, SegmentFile>,
}

impl Disk {
    /// Writes the first `writes` parts of a placement.
    pub fn place(&mut self, placement: &Placement, writes: usize) {
        placement.writes.iter().take(writes).for_each(|write| self.write(write));
    }

    fn write(&mut self, write: &SegmentWrite) {
        if write.at == 0 {
            self.files.insert(write.base, SegmentFile::default());
        }
        let file = self.files.get_mut(&write.base).expect("a file that goes on exists");
        let (at, index_at, times_at) = (write.at as usize, write.index_at as usize, write.times_at as usize);
        assert!(file.bytes.len() >= at && file.index.len() >= index_at && file.times.len() >= times_at);
        file.bytes.truncate(at);
        file.index.truncate(index_at);
        file.times.truncate(times_at);
        for batch in &write.batches {
            batch.write_to(&mut file.bytes);
        }
        file.index.extend(&write.index);
        file.times.extend(&write.times);
    }

    pub fn batches(&self, base: Offset) -> Vec<Batch> {
        let bytes = Bytes::from(self.files[&base].bytes.clone());
        Batches::new(&bytes)
            .map(|span| Batch::from_wire(&bytes.slice(span.unwrap().range)).unwrap())
            .collect()
    }

    /// Does what a file cut asks for, or did already before a crash; returns what the log wants to hear.
    pub fn cut(&mut self, cut: &FileCut, old: Option<&SegmentMeta>) -> Option<SegmentMeta> {
        if cut.to <= cut.segment {
            self.files.remove(&cut.segment);
            return None;
        }
        let keep = |batch: &Batch| batch.header().base_offset < cut.to;
        let kept: Vec<Batch> = self.batches(cut.segment).into_iter().filter(keep).collect();
        assert_eq!(kept.last().unwrap().header().next_offset(), cut.to, "cut at a batch boundary");
        let limit = u32::try_from(cut.to.since(cut.segment)).unwrap();
        let file = self.files.get_mut(&cut.segment).unwrap();
        file.bytes.clear();
        kept.iter().for_each(|batch| batch.write_to(&mut file.bytes));
        file.index.retain(|(offset, _)| *offset < limit);
        file.times.retain(|(_, offset)| *offset < limit);
        let mut meta = SegmentMeta { next: cut.to, sealed: false, uncut: false, ..old?.clone() };
        meta.bytes = file.bytes.len() as u64;
        meta.index_entries = file.index.len() as u32;
        meta.time_entries = file.times.len() as u32;
        meta.unindexed_bytes = meta.bytes - file.index.last().map_or(0, |(_, position)| u64::from(*position));
        meta.last_time_entry = file.times.last().map_or(WallTime(-1), |(time, _)| WallTime(*time));
        meta.max_timestamp = WallTime(-1);
        for batch in &kept {
            if batch.header().max_timestamp > meta.max_timestamp {
                meta.max_timestamp = batch.header().max_timestamp;
                meta.max_timestamp_offset = batch.header().last_offset();
            }
        }
        Some(meta)
    }

    /// Checks a file against its meta and the index rules of Kafka, from scratch.
    pub fn check(&self, meta: &SegmentMeta, interval: u64) {
        let (file, mut batches) = (&self.files[&meta.base], self.batches(meta.base));
        batches.retain(|batch| meta.uncut || batch.header().base_offset < meta.next);
        let index_kept = file.index.get(..meta.index_entries as usize);
        let times_kept = file.times.get(..meta.time_entries as usize);
        let mut next = meta.base;
        let (mut position, mut since, mut index) = (0u64, 0u64, Vec::new());
        for batch in &batches {
            assert_eq!(batch.header().base_offset, next, "no gap in a file");
            next = batch.header().next_offset();
            if since > interval {
                let offset = batch.header().last_offset().since(meta.base);
                index.push((offset as u32, position as u32));
                since = 0;
            }
            since += batch.size() as u64;
            position += batch.size() as u64;
        }
        if meta.uncut {
            return;
        }
        assert_eq!((next, position, since), (meta.next, meta.bytes, meta.unindexed_bytes));
        assert_eq!(index_kept, Some(&index[..]));
        check_times(meta, times_kept.unwrap(), &batches);
    }
}

fn check_times(meta: &SegmentMeta, times: &[(i64, u32)], batches: &[Batch]) {
    let latest = batches.iter().map(|batch| batch.header().max_timestamp).max();
    assert_eq!(meta.max_timestamp, latest.unwrap_or(WallTime(-1)).max(WallTime(-1)));
    assert!(times.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "times rise");
    for (time, offset) in times {
        let below = |batch: &&Batch| batch.header().last_offset().since(meta.base) <= i64::from(*offset);
        let largest = batches.iter().filter(below).map(|batch| batch.header().max_timestamp.0).max();
        assert_eq!(largest, Some(*time), "an entry names the largest timestamp up to its offset");
    }
    if meta.sealed && meta.max_timestamp.0 >= 0 {
        assert_eq!(times.last().map(|last| last.0), Some(meta.max_timestamp.0), "a roll ends the time index");
    }
}
