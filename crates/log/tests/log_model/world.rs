//! A log, its WAL, its files and the model side by side, with every check after every step.

use super::disk::Disk;
use super::model::{Expected, Model, find_in};
use log::append::{AppendAs, AppendRefused, Appended, Origin};
use log::cut::LogCut;
use log::log::Log;
use log::producers::ProducerRefused;
use log::read_plan::{ReadPlan, ReadRequest, TimePlan};
use log::replay::Replayed;
use log::retain::{ClockState, RetainRules};
use log::segments::{PlaceRules, Placement};
use log::wal::Frame;
use types::{
    LeaderEpoch, LogKey, Millis, Monotonic, Now, Offset, ProducerEpoch, ProducerId, Sequence, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec, first_with_max_timestamp};

pub const RULES: PlaceRules = PlaceRules {
    segment_bytes: 900,
    segment_ms: Millis(5_000),
    index_interval_bytes: 200,
    segment_index_bytes: 96,
};

/// A batch that a test wants appended.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub id: ProducerId,
    pub epoch: ProducerEpoch,
    pub sequence: i32,
    pub count: i32,
    pub timestamp: i64,
    pub bytes: usize,
}

pub struct World {
    pub log: Log,
    pub model: Model,
    pub frames: Vec<(Frame, WallTime)>,
    /// The model after each change; the first is empty.
    pub history: Vec<Model>,
    pub durable: usize,
    pub disk: Disk,
    pub safe: Option<Vec<u8>>,
    pub placing: Option<(LogCut, Placement)>,
    pub epoch: LeaderEpoch,
    pub wall: i64,
}

impl World {
    pub fn new() -> World {
        World {
            log: Log::new(LogKey::default()),
            model: Model::default(),
            frames: Vec::new(),
            history: vec![Model::default()],
            durable: 0,
            disk: Disk::default(),
            safe: None,
            placing: None,
            epoch: LeaderEpoch(0),
            wall: 1_000,
        }
    }

    pub fn append(&mut self, wanted: &Wanted) {
        self.wall += 10;
        let how = AppendAs {
            origin: Origin::Client,
            leader_epoch: self.epoch,
            now: Now { mono: Monotonic(0), wall: WallTime(self.wall) },
            max_producers: usize::MAX,
            resume: None,
            verified: None,
        };
        let expected = if wanted.id.0 < 0 {
            Expected::Fresh
        } else {
            self.model.judge(wanted.id, wanted.epoch, wanted.sequence, wanted.count)
        };
        let before = self.log.clone();
        let answer = self.log.append(build(wanted), &how);
        match (expected, answer) {
            (Expected::Fresh, Ok(Appended::Written { base, next, frame })) => {
                assert_eq!((base, next), (self.model.end, self.model.end.plus(i64::from(wanted.count))));
                self.model.append(Batch::from_wire(&frame.payload()).unwrap(), WallTime(self.wall));
                self.record(frame);
                return;
            }
            (Expected::Stored(base, last), Ok(Appended::Duplicate { base: b, last: l, .. })) => {
                assert_eq!((base, last), (b, l));
            }
            (expected, Err(AppendRefused::Producer(refused))) => assert_eq!(kind_of(refused), expected),
            other => panic!("{wanted:?}: {other:?}"),
        }
        assert_eq!(format!("{before:?}"), format!("{:?}", self.log), "no trace of what was not appended");
    }

    fn record(&mut self, frame: Frame) {
        assert_eq!(frame.change as usize, self.frames.len() + 1);
        self.frames.push((frame, WallTime(self.wall)));
        self.history.push(self.model.clone());
    }

    pub fn make_durable(&mut self, count: usize) {
        self.durable = (self.durable + count).min(self.frames.len());
        self.log.on_durable(self.durable as u64);
        let ends = self.history[self.durable..].iter().map(|model| model.end);
        assert_eq!(self.log.durable_end(), ends.min().unwrap(), "durable is what no later change takes away");
    }

    pub fn raise_high_watermark(&mut self, steps: usize) {
        let durable_end = self.log.durable_end();
        let hw = self.log.high_watermark();
        let above = self.model.boundaries().into_iter().filter(|at| *at > hw && *at <= durable_end);
        if let Some(to) = above.take(steps).last() {
            self.log.set_high_watermark(to);
        }
    }

    pub fn truncate(&mut self, back: usize) {
        let boundaries = self.model.boundaries();
        let to = boundaries[boundaries.len() - 1 - back % boundaries.len()];
        let (hw, end) = (self.log.high_watermark(), self.log.log_end());
        match self.log.truncate(to) {
            Err(_) => assert!(to < hw),
            Ok(None) => assert_eq!(to, end),
            Ok(Some(frame)) => {
                assert!(to >= hw && frame.base_offset == to);
                self.model.truncate(to);
                self.record(frame);
                self.epoch = self.epoch.next();
            }
        }
    }

    pub fn move_start(&mut self, to: Offset) {
        if let Some(frame) = self.log.move_start(to.min(self.log.high_watermark())) {
            self.model.move_start(frame.base_offset);
            self.record(frame);
        }
    }

    pub fn retain(&mut self, limit: u64, now: i64) {
        let rules = RetainRules {
            retention_ms: Some(Millis(8_000)),
            retention_bytes: Some(limit),
            max_segments: 2,
            clock: ClockState::Steady,
        };
        let (size, start) = (self.log.size_bytes(), self.model.start);
        if let Some(frame) = self.log.retain(&rules, WallTime(now)).frame {
            assert!(frame.base_offset > start && frame.base_offset <= self.log.high_watermark());
            assert!(self.model.boundaries().contains(&frame.base_offset), "whole batches go");
            assert!(self.log.size_bytes() <= size);
            self.model.move_start(frame.base_offset);
            self.record(frame);
        }
    }

    pub fn begin_checkpoint(&mut self, small_tail_bytes: u64) {
        if self.placing.is_some() {
            return;
        }
        self.placing = self.log.cut(&RULES, small_tail_bytes);
        if let Some((cut, _)) = &self.placing {
            assert_eq!((cut.log_start, cut.log_end), (self.model.start, self.model.end));
        }
    }

    pub fn end_checkpoint(&mut self) {
        let Some((cut, placement)) = self.placing.take() else { return };
        let missing = (cut.change as usize).saturating_sub(self.durable);
        self.make_durable(missing);
        self.disk.place(&placement, usize::MAX);
        self.safe = Some(bytes_of(&cut));
        self.log.checkpointed(cut.change);
        for segment in self.log.segments().iter() {
            self.disk.check(segment, RULES.index_interval_bytes);
        }
        for dead in self.log.take_deletable() {
            assert!(cut.segments.iter().all(|segment| segment.base != dead), "named by the safe state");
            assert!(self.disk.files.remove(&dead).is_some(), "a file is deleted once");
        }
    }

    pub fn abandon_checkpoint(&mut self, writes: usize) {
        let Some((cut, placement)) = self.placing.take() else { return };
        if cut.change as usize <= self.durable {
            self.disk.place(&placement, writes);
        }
        self.log.abandon_cut();
    }

    pub fn cut_files(&mut self) {
        for cut in self.log.take_file_cuts() {
            let old = self.log.segments().iter().find(|segment| segment.base == cut.segment).cloned();
            let now = self.disk.cut(&cut, old.as_ref());
            self.log.file_cut(&cut, now);
        }
    }

    /// Loses what was not durable, except for `survive` frames more, and starts again.
    pub fn crash(&mut self, survive: usize, placed: usize) {
        let known = self.log.high_watermark();
        if let Some((cut, placement)) = self.placing.take()
            && cut.change as usize <= self.durable
        {
            self.disk.place(&placement, placed);
            if placed > placement.writes.len() {
                self.safe = Some(bytes_of(&cut));
            }
        }
        let have = (self.durable + survive).min(self.frames.len());
        self.frames.truncate(have);
        self.history.truncate(have + 1);
        self.model = self.history[have].clone();
        self.log = self.replayed();
        self.durable = have;
        assert_eq!(self.log.change() as usize, have);
        assert!(self.log.high_watermark() <= known.max(self.model.start));
    }

    fn replayed(&self) -> Log {
        let mut log = match &self.safe {
            Some(bytes) => Log::from_cut(LogCut::decode(bytes.clone().into()).unwrap()),
            None => Log::new(LogKey::default()),
        };
        let skip = log.change() as usize;
        for (i, (frame, wall)) in self.frames.iter().enumerate() {
            let expected = if i < skip { Replayed::Skipped } else { Replayed::Applied };
            assert_eq!(log.replay(frame, *wall), Ok(expected));
        }
        log.recovered();
        log
    }

    pub fn check(&self) {
        self.log.assert_invariants();
        let (log, model) = (&self.log, &self.model);
        assert_eq!((log.log_start(), log.log_end()), (model.start, model.end));
        assert_eq!(log.epochs().entries(), model.epochs);
        for epoch in -1..=self.epoch.0 + 1 {
            assert_eq!(
                log.epoch_end(LeaderEpoch(epoch)),
                model.epoch_end(LeaderEpoch(epoch)),
                "epoch {epoch}"
            );
        }
        self.check_producers();
        self.check_reads();
    }

    fn check_producers(&self) {
        let known = self.model.producers();
        assert_eq!(self.log.producers().len(), known.len());
        for (id, entry) in self.log.producers().iter() {
            let (epoch, appended, window) = &known[&id];
            assert_eq!((entry.epoch, entry.appended), (*epoch, *appended));
            assert_eq!(entry.window.as_slice(), window, "producer {id}");
        }
    }

    fn check_reads(&self) {
        let all: Vec<Batch> = self.model.readable().map(|(batch, _)| batch.clone()).collect();
        assert_eq!(self.read_all(self.model.start, self.model.end, 1), all);
        assert_eq!(self.read_all(self.model.start, self.model.end, 500), all);
        let hw = self.log.high_watermark();
        let committed = all.iter().take_while(|batch| batch.header().next_offset() <= hw);
        assert_eq!(self.read_all(self.model.start, hw, 500), committed.cloned().collect::<Vec<_>>());
    }

    /// Reads from an offset to a bound, plan by plan.
    pub fn read_all(&self, from: Offset, bound: Offset, max_bytes: usize) -> Vec<Batch> {
        let (mut at, mut found) = (from, Vec::new());
        loop {
            let request = ReadRequest { from: at, bound, max_bytes, at_least_one: true };
            let batches = match self.log.plan_read(&request).unwrap() {
                ReadPlan::Empty => return found,
                ReadPlan::Tail(batches) => batches,
                ReadPlan::File(read) => {
                    assert!(read.bound <= bound && read.segment.base <= at && at < read.segment.next);
                    let all = self.disk.batches(read.segment.base).into_iter();
                    let skipped = all.skip_while(|batch| batch.header().next_offset() <= at);
                    skipped.take_while(|batch| batch.header().next_offset() <= read.bound).take(2).collect()
                }
            };
            let Some(last) = batches.last() else { return found };
            at = last.header().next_offset();
            found.extend(batches);
        }
    }

    pub fn check_read(&self, from: Offset, bound: Offset) {
        let request = ReadRequest { from, bound, max_bytes: 300, at_least_one: true };
        if from < self.model.start || from > self.model.end {
            assert!(self.log.plan_read(&request).is_err());
            return;
        }
        let wanted =
            |batch: &&Batch| batch.header().next_offset() > from && batch.header().next_offset() <= bound;
        let all: Vec<Batch> = self.model.readable().map(|(b, _)| b).filter(wanted).cloned().collect();
        let expected = if from < bound { all } else { Vec::new() };
        assert_eq!(self.read_all(from, bound, 300), expected);
    }

    pub fn check_time(&self, target: WallTime, bound: Offset) {
        let bound = bound.min(self.model.end);
        let stored = self.model.readable().map(|(batch, _)| batch.header().max_timestamp);
        for target in stored.take(5).chain([target]) {
            assert_eq!(self.find_time(target, bound), self.model.find_time(target, bound), "time {target}");
        }
        if bound >= self.log.written_end() && !self.log.segments().has_uncut() {
            assert_eq!(self.find_max(bound), self.model.max_timestamp(bound));
        }
    }

    fn find_time(&self, target: WallTime, bound: Offset) -> Option<Offset> {
        let mut from = self.model.start;
        loop {
            match self.log.plan_time(target, from, bound) {
                TimePlan::None => return None,
                TimePlan::Tail(batch) => {
                    if let Some(found) = find_in(&batch, target, from) {
                        return Some(found);
                    }
                    from = batch.header().next_offset();
                }
                TimePlan::File(read) => {
                    let batches = self.disk.batches(read.segment.base).into_iter();
                    let within = batches.take_while(|batch| batch.header().next_offset() <= read.bound);
                    let found = within.map(|batch| find_in(&batch, target, read.from)).find(Option::is_some);
                    if let Some(found) = found {
                        return found;
                    }
                    from = read.segment.next;
                }
            }
        }
    }

    /// The largest timestamp; only that of a batch, because the start may cut its record off.
    fn find_max(&self, bound: Offset) -> Option<WallTime> {
        match self.log.plan_max_timestamp(bound) {
            TimePlan::None => None,
            TimePlan::Tail(batch) => {
                let found = first_with_max_timestamp(&batch.to_bytes(), 1 << 20).unwrap().unwrap();
                assert_eq!(found.timestamp, batch.header().max_timestamp);
                Some(batch.header().max_timestamp)
            }
            TimePlan::File(read) if read.segment.base < self.model.start => self.model.max_timestamp(bound),
            TimePlan::File(read) => Some(read.target),
        }
    }
}

fn bytes_of(cut: &LogCut) -> Vec<u8> {
    let mut bytes = Vec::new();
    cut.encode(&mut bytes);
    assert_eq!(LogCut::decode(bytes.clone().into()).as_ref(), Ok(cut));
    bytes
}

fn kind_of(refused: ProducerRefused) -> Expected {
    match refused {
        ProducerRefused::Unknown { .. } => Expected::Unknown,
        ProducerRefused::StaleEpoch { .. } => Expected::StaleEpoch,
        ProducerRefused::Duplicate { .. } | ProducerRefused::NotDurable { .. } => Expected::Duplicate,
        ProducerRefused::OutOfOrder { .. } => Expected::OutOfOrder,
        other => panic!("{other}"),
    }
}

pub fn build(wanted: &Wanted) -> Batch {
    let builder = BatchBuilder::new(Codec::None);
    let mut builder = if wanted.id.0 < 0 {
        builder
    } else {
        builder.producer(wanted.id, wanted.epoch, Sequence(wanted.sequence))
    };
    for i in 0..wanted.count {
        let timestamp = WallTime(wanted.timestamp + i64::from(i % 3));
        builder.push(timestamp, None, Some(&vec![b'x'; wanted.bytes]), &[]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}
