//! A broker in small with page-cache logs, driven step by step without threads.

use crate::ghost::Logs;
use crate::judge::{Book, SharedBook};
use crate::world::{Txn, WALL, options, read_log, root, rules};
use bytes::Bytes;
use env::Env;
use log::append::{AppendAs, Appended, Origin};
use log::directory::{Checkpoint, Directory, OpenError, RecoveryReport};
use log::fault::FileFault;
use log::log::Log;
use log::pages::PageWriter;
use log::wal::{Frame, WalFault, WalWriter};
use std::collections::{BTreeMap, BTreeSet};
use types::{
    BrokerId, LeaderEpoch, LogKey, Monotonic, Now, Offset, ProducerEpoch, ProducerId, Sequence, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec};

/// Why a step did not end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Wal(#[from] WalFault),
    #[error(transparent)]
    File(#[from] FileFault),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// One change of one log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// A batch of so many records, with a value of so many bytes each.
    Append(LogKey, usize, usize),
    /// A step of a transaction.
    Txn(LogKey, Txn),
    /// Moves the log's start to its batch of this number.
    Start(LogKey, usize),
    /// Cuts the log at its batch of this number.
    Truncate(LogKey, usize),
    /// Removes the log.
    Remove(LogKey),
}

/// A broker in small.
pub(crate) struct Broker {
    pub(crate) directory: Directory,
    pub(crate) wal: WalWriter,
    pub(crate) writer: PageWriter,
    pub(crate) logs: BTreeMap<LogKey, Log>,
    pub(crate) report: RecoveryReport,
    pub(crate) book: SharedBook,
    /// Names of the logs' folders, and whether they are page-cache logs.
    pub(crate) names: BTreeMap<LogKey, (&'static str, bool)>,
    pub(crate) epoch: i32,
    /// Logs of which no more than this is committed.
    pub(crate) holds: BTreeMap<LogKey, Offset>,
    /// What found no room: jobs, and hand-overs.
    pub(crate) abandoned: (u64, u64),
    turns: u64,
    opened: BTreeSet<LogKey>,
}

impl Broker {
    pub(crate) fn open(env: &Env, book: SharedBook) -> Result<Broker, OpenError> {
        let opened = Directory::open(env, &root(), BrokerId(1), &options())?;
        let mut logs: BTreeMap<LogKey, Log> = opened.logs.into_iter().map(|log| (log.key(), log)).collect();
        for log in logs.values_mut() {
            log.set_high_watermark(log.durable_end());
            log.assert_invariants();
        }
        Ok(Broker {
            directory: opened.directory,
            wal: opened.wal,
            writer: PageWriter::new(env.disk.clone(), 1000),
            logs,
            report: opened.report,
            book,
            names: BTreeMap::new(),
            epoch: 0,
            holds: BTreeMap::new(),
            abandoned: (0, 0),
            turns: 0,
            opened: BTreeSet::new(),
        })
    }

    /// Makes changes as one turn of a shard does. The writer and the write-ahead log take turns in being first.
    pub(crate) fn turn(&mut self, changes: &[Change]) -> Result<(), Stop> {
        self.turns += 1;
        let mut frames = Vec::new();
        for change in changes {
            frames.extend(self.change(*change));
        }
        frames.extend(
            self.logs.values_mut().filter(|log| log.log_end() > log.log_start()).filter_map(Log::created),
        );
        if self.turns.is_multiple_of(2) {
            self.write_pages()?;
            self.write_group(&frames)?;
        } else {
            self.write_group(&frames)?;
            self.write_pages()?;
        }
        for change in changes {
            if let Change::Remove(key) = change {
                self.finish_removal(*key)?;
            }
        }
        self.cut_files()
    }

    /// Cuts the files of truncated logs whose time has come.
    fn cut_files(&mut self) -> Result<(), Stop> {
        for key in self.logs.keys().copied().collect::<Vec<_>>() {
            let cuts = self.logs.get_mut(&key).map(Log::take_file_cuts).unwrap_or_default();
            for cut in cuts {
                let now = self.retry(|broker| broker.directory.cut_file(&cut, WALL))?;
                self.logs.entry(key).and_modify(|log| log.file_cut(&cut, now));
            }
            if !self.logs[&key].has_file_cuts() {
                self.with_book(|book| book.entry(key).and_modify(|told| told.before.clear()).key().partition);
            }
            self.logs[&key].assert_invariants();
        }
        Ok(())
    }

    fn change(&mut self, change: Change) -> Option<Frame> {
        match change {
            Change::Append(key, records, bytes) => {
                let how = how(self.epoch);
                self.append(key, |log| {
                    let sent = batch(key, log.log_end(), records, bytes);
                    log.append(sent, &how).unwrap()
                })
            }
            Change::Txn(key, step) => {
                let how = how(self.epoch);
                self.append(key, |log| txn(log, step, &how))
            }
            Change::Start(key, nth) => {
                let to = self.with_book(|book| {
                    let told = book.get_mut(&key).unwrap();
                    told.next_start = told.sent[nth].0;
                    told.next_start
                });
                let frame = self.logs.get_mut(&key).unwrap().move_start(to);
                self.with_book(|book| book.get_mut(&key).unwrap().next_start = self.logs[&key].log_start());
                frame
            }
            Change::Truncate(key, nth) => {
                let to = self.with_book(|book| book.get_mut(&key).unwrap().truncate(nth))?;
                let log = self.logs.get_mut(&key).unwrap();
                assert_eq!(log.truncate(to), Ok(None));
                log.assert_invariants();
                None
            }
            Change::Remove(key) => {
                self.with_book(|book| book.get_mut(&key).unwrap().removing = true);
                self.logs.get_mut(&key).map(Log::remove)
            }
        }
    }

    fn append(&mut self, key: LogKey, append: impl Fn(&mut Log) -> Appended) -> Option<Frame> {
        let (name, page_cache) = self.names[&key];
        let new = if page_cache { Log::page_cache(key) } else { Log::new(key) };
        let log = self.logs.entry(key).or_insert(new);
        log.set_folder(name);
        let answer = append(log);
        let placed = log.tail().after(Offset(log.log_end().0 - 1)).last().unwrap();
        let (base, bytes) = (placed.base(), placed.batch.to_bytes().to_vec());
        self.with_book(|book| {
            let told = book.entry(key).or_default();
            told.page_cache = page_cache;
            told.sent.push((base, bytes));
        });
        match answer {
            Appended::Written { frame, .. } => Some(frame),
            Appended::Buffered { .. } => None,
            Appended::Duplicate { .. } => panic!("nothing is sent twice"),
        }
    }

    fn write_group(&mut self, frames: &[Frame]) -> Result<(), Stop> {
        if frames.is_empty() {
            return Ok(());
        }
        self.wal.write_group(frames, WALL)?;
        for frame in frames {
            if let Some(log) = self.logs.get_mut(&frame.key) {
                log.on_durable(frame.change);
            }
        }
        self.with_book(|book| {
            book.values_mut().for_each(|told| told.start = told.next_start);
        });
        self.acknowledge();
        Ok(())
    }

    /// Writes what page-cache logs have to hand over; what finds no room is taken back.
    fn write_pages(&mut self) -> Result<(), Stop> {
        for key in self.logs.keys().copied().collect::<Vec<_>>() {
            let Some(write) = self.logs.get_mut(&key).and_then(|log| log.hand_over(&rules())) else {
                continue;
            };
            let opened = self.open_pages(key);
            match opened.and_then(|()| self.writer.write(key, &write.writes)) {
                Ok(()) => self.logs.get_mut(&key).unwrap().on_written(write.serial),
                Err(fault) if fault.is_full() => {
                    while !self.writer.settle(key)? {}
                    self.take_back(key);
                }
                Err(fault) => return Err(fault.into()),
            }
            self.acknowledge();
        }
        Ok(())
    }

    fn open_pages(&mut self, key: LogKey) -> Result<(), FileFault> {
        if !self.opened.contains(&key)
            && let Some(path) = self.directory.open_pages(key, self.names[&key].0)?
        {
            self.writer.add_log(key, path);
            self.opened.insert(key);
        }
        Ok(())
    }

    fn take_back(&mut self, key: LogKey) {
        self.abandoned.1 += 1;
        let log = self.logs.get_mut(&key).unwrap();
        let end = log.take_back_unwritten();
        log.assert_invariants();
        self.with_book(|book| book.get_mut(&key).unwrap().sent.retain(|(base, _)| *base < end));
    }

    fn acknowledge(&mut self) {
        for (key, log) in &mut self.logs {
            let hold = self.holds.get(key).copied().unwrap_or(Offset(i64::MAX));
            log.set_high_watermark(log.durable_end().min(hold));
            log.assert_invariants();
        }
        let ends: Vec<(LogKey, Offset)> =
            self.logs.iter().map(|(key, log)| (*key, log.durable_end())).collect();
        self.with_book(|book| {
            for (key, end) in ends {
                if let Some(told) = book.get_mut(&key) {
                    told.acked = told.sent.iter().filter(|(base, _)| *base < end).count();
                }
            }
        });
    }

    fn finish_removal(&mut self, key: LogKey) -> Result<(), Stop> {
        self.logs.remove(&key);
        self.with_book(|book| book.get_mut(&key).unwrap().removed = true);
        self.writer.forget(key);
        self.opened.remove(&key);
        let name = self.names[&key].0;
        Ok(self.retry(|broker| broker.directory.remove_log(key, Some(name)))?)
    }

    /// Syncs what is written, as the thread of its own does.
    pub(crate) fn sync(&mut self) -> Result<(), Stop> {
        for log in self.logs.values_mut() {
            log.begin_sync();
        }
        self.writer.take_dirty().sync()?;
        for log in self.logs.values_mut() {
            log.pages_synced();
        }
        Ok(())
    }

    /// Runs a checkpoint of all logs; small tails stay in the state.
    pub(crate) fn checkpoint(&mut self, small_tail_bytes: u64) -> Result<(), Stop> {
        self.checkpoint_beside(small_tail_bytes, &[])
    }

    /// Runs a checkpoint; changes come between the cuts and the state.
    pub(crate) fn checkpoint_beside(
        &mut self,
        small_tail_bytes: u64,
        changes: &[Change],
    ) -> Result<(), Stop> {
        match self.try_checkpoint(small_tail_bytes, changes) {
            Err(Stop::File(fault)) if fault.is_full() => {
                self.abandoned.0 += 1;
                self.logs.values_mut().for_each(Log::abandon_cut);
                self.try_checkpoint(small_tail_bytes, &[])
            }
            outcome => outcome,
        }
    }

    fn try_checkpoint(&mut self, small_tail_bytes: u64, changes: &[Change]) -> Result<(), Stop> {
        let mark = self.wal.synced_end();
        let (mut cuts, mut placements) = (Vec::new(), Vec::new());
        for log in self.logs.values_mut() {
            if let Some((cut, placement)) = log.cut(&rules(), small_tail_bytes) {
                cuts.push(cut);
                placements.push(placement);
            }
        }
        if !changes.is_empty() {
            self.turn(changes)?;
        }
        let (removed, quorum) = (Vec::new(), Some(Bytes::from_static(b"quorum")));
        let checkpoint = Checkpoint { mark, wall: WALL, cuts, placements, removed, quorum };
        self.directory.checkpoint(&checkpoint)?;
        self.note_synced(&checkpoint);
        self.wal.recycle_below(mark)?;
        for key in self.logs.keys().copied().collect::<Vec<_>>() {
            let dead = self.logs.get_mut(&key).map(Log::take_deletable).unwrap_or_default();
            if !dead.is_empty() {
                self.retry(|broker| broker.directory.delete_segments(key, &dead))?;
            }
        }
        while self.directory.sweep(4)? {}
        self.cut_files()
    }

    fn note_synced(&mut self, checkpoint: &Checkpoint) {
        for cut in &checkpoint.cuts {
            if let Some(log) = self.logs.get_mut(&cut.key) {
                log.checkpointed(cut.change);
                log.evict(0);
                log.assert_invariants();
            }
            self.with_book(|book| {
                if let Some(told) = book.get_mut(&cut.key).filter(|told| told.before.is_empty()) {
                    told.synced = told.sent.iter().filter(|(base, _)| *base < cut.log_end).count();
                }
            });
        }
    }

    fn retry<T>(&mut self, mut job: impl FnMut(&mut Broker) -> Result<T, FileFault>) -> Result<T, FileFault> {
        match job(self) {
            Err(fault) if fault.is_full() => {
                self.abandoned.0 += 1;
                job(self)
            }
            outcome => outcome,
        }
    }

    /// Reads all that the logs hold.
    pub(crate) fn read_all(&self) -> Result<Logs, String> {
        let reader = self.directory.reader();
        self.logs.iter().map(|(key, log)| Ok((*key, read_log(log, &reader)?))).collect()
    }

    /// Sends the newest batches of every log again: the log must know them by their sequences.
    pub(crate) fn resend(&mut self) -> Result<(), String> {
        let found = self.read_all()?;
        let how = how(self.epoch);
        for (key, log) in &mut self.logs {
            for (base, bytes) in found[key].batches.iter().rev().take(5) {
                let again = Batch::from_wire(&Bytes::copy_from_slice(bytes)).unwrap();
                if again.header().is_control() {
                    continue;
                }
                match log.append(again, &how) {
                    Ok(Appended::Duplicate { base: known, .. }) if known == *base => {}
                    other => return Err(format!("{key}: batch {base} resent: {other:?}")),
                }
            }
        }
        Ok(())
    }

    pub(crate) fn with_book<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        change(&mut self.book.lock().unwrap())
    }
}

fn how(epoch: i32) -> AppendAs {
    let now = Now { mono: Monotonic(1), wall: WALL };
    AppendAs {
        origin: Origin::Client,
        leader_epoch: LeaderEpoch(epoch),
        now,
        max_producers: 100,
        resume: None,
        verified: None,
    }
}

/// Does a step of a transaction; each producer goes on where the log says.
fn txn(log: &mut Log, step: Txn, how: &AppendAs) -> Appended {
    match step.batch_in(log) {
        Ok((batch, sequence)) => log.append(batch, &AppendAs { verified: Some(sequence), ..*how }).unwrap(),
        Err(end) => log.end_txn(&end, how).unwrap().unwrap(),
    }
}

/// A batch of the log's own idempotent producer, whose sequences are the offsets.
fn batch(key: LogKey, base: Offset, records: usize, bytes: usize) -> Batch {
    let id = ProducerId(i64::from(key.topic_id.0.0[0]) * 10 + i64::from(key.partition.0));
    let sequence = Sequence(i32::try_from(base.0).unwrap());
    let mut builder = BatchBuilder::new(Codec::None).producer(id, ProducerEpoch(0), sequence);
    for record in 0..records {
        let mut value = format!("{key}/{base}/{record}:").into_bytes();
        value.resize(bytes.max(value.len()), b'.');
        let time = WALL.0 + base.0 * 10 + i64::try_from(record).unwrap();
        builder.push(WallTime(time), None, Some(&value), &[]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}
