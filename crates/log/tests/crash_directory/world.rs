//! A broker in small: a directory, its write-ahead log and its logs, driven step by step without threads.

use crate::ghost::{Ghost, GhostLog, Logs, Shared};
use bytes::Bytes;
use env::{Clock, Disk, Env, Random};
use log::append::{AppendAs, Appended, Origin};
use log::directory::{Checkpoint, Directory, DirectoryOptions, OpenError, RecoveryReport};
use log::fault::FileFault;
use log::log::Log;
use log::producers::{EndTxn, TransactionVersion};
use log::read_plan::{ReadPlan, ReadRequest};
use log::reader::{Reader, ReaderOptions};
use log::segments::PlaceRules;
use log::wal::{Frame, FrameKind, WalFault, WalOptions, WalWriter};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use types::{
    BrokerId, LeaderEpoch, LogKey, Millis, Monotonic, Now, PartitionId, ProducerEpoch, ProducerId, Sequence,
    TopicId, Uuid, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec, ControlKind};

/// Where the directory is: below a folder that is missing too.
pub(crate) fn root() -> PathBuf {
    PathBuf::from("/data/node-1")
}

/// Size of the disk-full reserve.
const RESERVE: u64 = 16 << 10;

/// The time of every test, in ms.
pub(crate) const WALL: WallTime = WallTime(1_700_000_000_000);

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Now {
        Now { mono: Monotonic(1), wall: WALL }
    }
}

struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let word = (self.0.fetch_add(1, Ordering::Relaxed) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// An environment over a disk, with a clock that stands and numbers that only look random.
pub(crate) fn env_of(disk: Arc<dyn Disk>, seed: u64) -> Env {
    Env {
        clock: Arc::new(FixedClock),
        random: Arc::new(Counting(AtomicU64::new(seed * 1000))),
        disk,
        ..Env::real()
    }
}

pub(crate) fn options() -> DirectoryOptions {
    DirectoryOptions {
        wal: WalOptions {
            first_file_bytes: 16 << 10,
            file_bytes: 24 << 10,
            pool_bytes: 120 << 10,
            group_bytes_max: 12 << 10,
            fill_step_bytes: 24 << 10,
            ..WalOptions::tiny()
        },
        reader: ReaderOptions { open_segments: 3, max_decompressed_bytes: 1 << 20 },
        cluster_id: None,
        state_delta_bytes: 12 << 10,
    }
}

pub(crate) fn rules() -> PlaceRules {
    PlaceRules {
        segment_bytes: 2600,
        segment_ms: Millis(i64::MAX),
        index_interval_bytes: 300,
        segment_index_bytes: 1 << 16,
    }
}

pub(crate) fn key(topic: u8, partition: i32) -> LogKey {
    LogKey { topic_id: TopicId(Uuid([topic; 16])), partition: PartitionId(partition) }
}

/// One change of one log, as a step of the script asks for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// A batch of so many records, with a value of so many bytes each.
    Append(LogKey, usize, usize),
    /// A step of a transaction.
    Txn(LogKey, Txn),
    /// Cuts the log to its batch of this number.
    Truncate(LogKey, usize),
    /// Moves the log's start to its batch of this number.
    Start(LogKey, usize),
    /// Moves the log's start to its end.
    Empty(LogKey),
    /// Removes the log.
    Remove(LogKey),
}

/// A step of a producer's transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Txn {
    /// Writes a record with a value of so many bytes.
    Write(i64, usize),
    Commit(i64),
    Abort(i64),
}

impl Txn {
    /// Returns the batch with its sequence, or the end of the transaction.
    pub(crate) fn batch_in(self, log: &Log) -> Result<(Batch, Sequence), EndTxn> {
        let (id, bytes) = match self {
            Txn::Write(id, bytes) => (id, bytes),
            Txn::Commit(id) => return Err(end_of(id, ControlKind::Commit)),
            Txn::Abort(id) => return Err(end_of(id, ControlKind::Abort)),
        };
        let last = log.producers().get(ProducerId(id)).and_then(|entry| entry.window.last().copied());
        let sequence = last.map_or(Sequence(0), |last| last.last_sequence().plus(1));
        let builder = BatchBuilder::new(Codec::None).transactional(true);
        let mut builder = builder.producer(ProducerId(id), ProducerEpoch(0), sequence);
        let mut value = format!("{}:", log.log_end()).into_bytes();
        value.resize(bytes.max(value.len()), b'.');
        let name = format!("key-{}", log.log_end().0 % 5);
        builder.push(WallTime(WALL.0 - 1000), Some(name.as_bytes()), Some(&value), &[]);
        Ok((Batch::from_wire(&builder.build().unwrap()).unwrap(), sequence))
    }
}

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

/// A broker in small.
pub(crate) struct World {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) directory: Directory,
    pub(crate) wal: WalWriter,
    pub(crate) logs: BTreeMap<LogKey, Log>,
    pub(crate) report: RecoveryReport,
    pub(crate) ghost: Shared,
    /// Names of the logs' folders.
    pub(crate) names: BTreeMap<LogKey, String>,
    /// Logs whose high watermark stays at the start, so that they can be truncated.
    pub(crate) loose: BTreeSet<LogKey>,
    /// Logs whose records have keys, and that are compacted.
    pub(crate) keyed: BTreeSet<LogKey>,
    /// Checkpoints that found no room.
    pub(crate) abandoned: u64,
    pub(crate) epoch: i32,
    /// Turns the serial of a batch into the time of its first record, from `WALL` on.
    pub(crate) time_of: fn(u64) -> i64,
    serial: u64,
}

impl World {
    pub(crate) fn open(env: &Env, ghost: Shared) -> Result<World, OpenError> {
        let opened = Directory::open(env, &root(), BrokerId(1), &options())?;
        let logs = opened.logs.into_iter().map(|log| (log.key(), log)).collect();
        let world = World {
            disk: env.disk.clone(),
            directory: opened.directory,
            wal: opened.wal,
            logs,
            report: opened.report,
            ghost,
            names: BTreeMap::new(),
            loose: BTreeSet::new(),
            keyed: BTreeSet::new(),
            abandoned: 0,
            epoch: 0,
            time_of: |serial| i64::try_from(serial * 10).unwrap(),
            serial: 0,
        };
        Ok(world)
    }

    /// Makes the changes one group of the write-ahead log; they are acknowledged when this returns.
    pub(crate) fn group(&mut self, changes: &[Change]) -> Result<(), Stop> {
        let mut maybe = self.ghost().acked.clone();
        let frames: Vec<Frame> = changes.iter().map(|change| self.change(*change, &mut maybe)).collect();
        self.with_ghost(|ghost| ghost.maybe = maybe);
        self.wal.write_group(&frames, WALL)?;
        for frame in &frames {
            if let Some(log) = self.logs.get_mut(&frame.key) {
                log.on_durable(frame.change);
                if !self.loose.contains(&frame.key) {
                    log.set_high_watermark(log.durable_end());
                }
            }
        }
        self.with_ghost(|ghost| ghost.acked = ghost.maybe.clone());
        self.after_group(changes)
    }

    fn after_group(&mut self, changes: &[Change]) -> Result<(), Stop> {
        for change in changes {
            if let Change::Remove(key) = change {
                let folder = self.names.get(key).cloned();
                self.retry(|world| world.directory.remove_log(*key, folder.as_deref()))?;
            }
        }
        self.cut_files()
    }

    /// Cuts the files of truncated logs.
    pub(crate) fn cut_files(&mut self) -> Result<(), Stop> {
        for key in self.logs.keys().copied().collect::<Vec<_>>() {
            for cut in self.logs.get_mut(&key).map(Log::take_file_cuts).unwrap_or_default() {
                let now = self.retry(|world| world.directory.cut_file(&cut, WALL))?;
                self.logs.entry(key).and_modify(|log| log.file_cut(&cut, now));
            }
        }
        Ok(())
    }

    /// Runs a job, once more if there was no room.
    pub(crate) fn retry<T>(
        &mut self,
        mut job: impl FnMut(&mut World) -> Result<T, FileFault>,
    ) -> Result<T, FileFault> {
        match job(self) {
            Err(fault) if fault.is_full() => {
                self.abandoned += 1;
                self.directory.give_up_reserve(0)?;
                job(self)
            }
            outcome => outcome,
        }
    }

    /// Makes the disk-full reserve.
    pub(crate) fn fill_reserve(&mut self) -> Result<(), Stop> {
        self.directory.open_reserve(RESERVE)?;
        while self.retry(|world| world.directory.fill_reserve(4096))? {}
        Ok(())
    }

    fn change(&mut self, change: Change, ghost: &mut Logs) -> Frame {
        match change {
            Change::Append(key, records, bytes) => self.append(key, records, bytes, ghost),
            Change::Txn(key, step) => self.txn(key, step, ghost),
            Change::Truncate(key, nth) => {
                let to = ghost[&key].batches[nth].0;
                ghost.entry(key).and_modify(|log| log.truncate(to));
                self.logs.get_mut(&key).unwrap().truncate(to).unwrap().unwrap()
            }
            Change::Start(key, nth) => {
                let to = ghost[&key].batches[nth].0;
                ghost.entry(key).and_modify(|log| log.move_start(to));
                self.logs.get_mut(&key).unwrap().move_start(to).unwrap()
            }
            Change::Empty(key) => {
                let to = ghost[&key].end;
                ghost.entry(key).and_modify(|log| log.move_start(to));
                self.logs.get_mut(&key).unwrap().move_start(to).unwrap()
            }
            Change::Remove(key) => {
                ghost.remove(&key);
                let log = self.logs.remove(&key).unwrap();
                Frame {
                    key,
                    change: log.change() + 1,
                    kind: FrameKind::Removed,
                    base_offset: log.log_end(),
                    leader_epoch: LeaderEpoch(0),
                    parts: [Bytes::new(), Bytes::new()],
                }
            }
        }
    }

    fn append(&mut self, key: LogKey, records: usize, bytes: usize, ghost: &mut Logs) -> Frame {
        self.serial += 1;
        let log = self.logs.entry(key).or_insert_with(|| Log::new(key));
        let producer = (key != crate::script::quiet()).then(|| producer_of(log, self.serial));
        let batch = match self.keyed.contains(&key) {
            true => keyed_batch(producer, self.serial, (records, bytes)),
            false => batch(producer, self.serial, (self.time_of)(self.serial), (records, bytes)),
        };
        if let Some(name) = self.names.get(&key) {
            log.set_folder(name);
        }
        let now = Now { mono: Monotonic(1), wall: WALL };
        let leader_epoch = LeaderEpoch(self.epoch);
        let how = AppendAs {
            origin: Origin::Client,
            leader_epoch,
            now,
            max_producers: 100,
            resume: None,
            verified: None,
        };
        match log.append(batch, &how).unwrap() {
            Appended::Written { base, next, frame } => {
                let log = ghost.entry(key).or_default();
                log.end = next;
                log.batches.push((base, frame.payload().to_vec()));
                frame
            }
            Appended::Duplicate { .. } | Appended::Buffered { .. } => panic!("nothing is sent twice"),
        }
    }

    fn txn(&mut self, key: LogKey, step: Txn, ghost: &mut Logs) -> Frame {
        let log = self.logs.entry(key).or_insert_with(|| Log::new(key));
        if let Some(name) = self.names.get(&key) {
            log.set_folder(name);
        }
        let now = Now { mono: Monotonic(1), wall: WALL };
        let how = AppendAs {
            origin: Origin::Client,
            leader_epoch: LeaderEpoch(self.epoch),
            now,
            max_producers: 100,
            resume: None,
            verified: None,
        };
        let appended = match step.batch_in(log) {
            Ok((batch, sequence)) => {
                log.append(batch, &AppendAs { verified: Some(sequence), ..how }).unwrap()
            }
            Err(end) => log.end_txn(&end, &how).unwrap().unwrap(),
        };
        let Appended::Written { base, next, frame } = appended else { panic!("nothing is sent twice") };
        let log = ghost.entry(key).or_default();
        log.end = next;
        log.batches.push((base, frame.payload().to_vec()));
        frame
    }

    /// Runs a checkpoint of all logs; small tails stay in the state.
    pub(crate) fn checkpoint(&mut self, small_tail_bytes: u64) -> Result<(), Stop> {
        match self.try_checkpoint(small_tail_bytes) {
            Err(Stop::File(fault)) if fault.is_full() => {
                self.abandoned += 1;
                self.directory.give_up_reserve(1)?;
                self.logs.values_mut().for_each(Log::abandon_cut);
                self.cut_files()?;
                self.try_checkpoint(small_tail_bytes)
            }
            outcome => outcome,
        }
    }

    fn try_checkpoint(&mut self, small_tail_bytes: u64) -> Result<(), Stop> {
        let mark = self.wal.synced_end();
        let mut checkpoint = Checkpoint {
            mark,
            wall: WALL,
            cuts: Vec::new(),
            placements: Vec::new(),
            removed: Vec::new(),
            quorum: Some(Bytes::from_static(b"quorum")),
        };
        for log in self.logs.values_mut() {
            if let Some((cut, placement)) = log.cut(&rules(), small_tail_bytes) {
                checkpoint.cuts.push(cut);
                checkpoint.placements.push(placement);
            }
        }
        self.directory.checkpoint(&checkpoint)?;
        self.wal.recycle_below(mark)?;
        for cut in &checkpoint.cuts {
            if let Some(log) = self.logs.get_mut(&cut.key) {
                log.checkpointed(cut.change);
                log.evict(0);
            }
        }
        self.after_checkpoint()
    }

    fn after_checkpoint(&mut self) -> Result<(), Stop> {
        for key in self.logs.keys().copied().collect::<Vec<_>>() {
            let dead = self.logs.get_mut(&key).map(Log::take_deletable).unwrap_or_default();
            if !dead.is_empty() {
                self.retry(|world| world.directory.delete_segments(key, &dead))?;
            }
        }
        self.swap_files()?;
        self.cut_files()?;
        while self.directory.sweep(4)? {}
        Ok(())
    }

    /// Gives files their names whose segments a state names.
    pub(crate) fn swap_files(&mut self) -> Result<(), Stop> {
        for key in self.logs.keys().copied().collect::<Vec<_>>() {
            let swaps = self.logs.get_mut(&key).unwrap().take_swaps();
            self.directory.drop_swaps(key, &swaps.void)?;
            if !swaps.named.is_empty() {
                self.retry(|world| world.directory.swap_segments(key, &swaps.named))?;
                self.logs.get_mut(&key).unwrap().swapped(&swaps.named);
            }
        }
        Ok(())
    }

    /// Fills the pool of the write-ahead log.
    pub(crate) fn fill_pool(&mut self) -> Result<(), Stop> {
        while self.wal.fill_pool_step()? {}
        Ok(())
    }

    pub(crate) fn reader(&self) -> Reader {
        self.directory.reader()
    }

    /// Reads all that the logs hold.
    pub(crate) fn read_all(&self) -> Result<Logs, String> {
        self.logs.iter().map(|(key, log)| Ok((*key, read_log(log, &self.reader())?))).collect()
    }

    pub(crate) fn ghost(&self) -> Ghost {
        self.ghost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn with_ghost(&self, change: impl FnOnce(&mut Ghost)) {
        change(&mut self.ghost.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn end_of(id: i64, kind: ControlKind) -> EndTxn {
    EndTxn {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(0),
        kind,
        coordinator_epoch: 0,
        transaction_version: TransactionVersion(1),
    }
}

/// Two producers take turns; each goes on where the log says.
fn producer_of(log: &Log, serial: u64) -> (ProducerId, Sequence) {
    let id = ProducerId(7 + i64::try_from(serial % 2).unwrap());
    let last = log.producers().get(id).and_then(|entry| entry.window.last().copied());
    (id, last.map_or(Sequence(0), |last| last.last_sequence().plus(1)))
}

/// A batch that no other equals.
fn batch(
    producer: Option<(ProducerId, Sequence)>,
    serial: u64,
    time: i64,
    (records, bytes): (usize, usize),
) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None);
    if let Some((id, sequence)) = producer {
        builder = builder.producer(id, ProducerEpoch(0), sequence);
    }
    for record in 0..records {
        let mut value = format!("{serial}/{record}:").into_bytes();
        value.resize(bytes.max(value.len()), b'.');
        let time = WALL.0 + time + i64::try_from(record).unwrap();
        builder.push(WallTime(time), None, Some(&value), &[]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

/// A batch whose records have five keys, some of them tombstones.
pub(crate) fn keyed_batch(
    producer: Option<(ProducerId, Sequence)>,
    serial: u64,
    (records, bytes): (usize, usize),
) -> Batch {
    let mut builder = BatchBuilder::new(Codec::ALL[usize::try_from(serial % 5).unwrap()]);
    if let Some((id, sequence)) = producer {
        builder = builder.producer(id, ProducerEpoch(0), sequence);
    }
    for record in 0..u64::try_from(records).unwrap() {
        let key = format!("key-{}", (serial * 7 + record * 3) % 5);
        // Bytes that no codec makes small.
        let mut state = serial * 1_000_003 + record * 7919 + 1;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u8::try_from(state >> 56).unwrap()
        };
        let value: Vec<u8> = (0..bytes).map(|_| noise()).collect();
        let value = (!(serial + record).is_multiple_of(6)).then_some(&value[..]);
        let time = WallTime(WALL.0 - 1000 + i64::try_from(serial).unwrap());
        builder.push(time, Some(key.as_bytes()), value, &[]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

/// Reads one log from its start to its end.
pub(crate) fn read_log(log: &Log, reader: &Reader) -> Result<GhostLog, String> {
    let mut found = GhostLog { start: log.log_start(), end: log.log_end(), batches: Vec::new() };
    let mut from = log.log_start();
    while from < log.log_end() {
        let request = ReadRequest { from, bound: log.log_end(), max_bytes: 1500, at_least_one: true };
        let batches = match log.plan_read(&request).map_err(|error| error.to_string())? {
            ReadPlan::Empty => break,
            ReadPlan::Tail(batches) => batches,
            ReadPlan::File(read) => {
                reader.read(log.key(), &read).map_err(|fault| format!("{}: {fault}", log.key()))?
            }
        };
        let Some(last) = batches.last() else { break };
        from = last.header().next_offset();
        found
            .batches
            .extend(batches.iter().map(|batch| (batch.header().base_offset, batch.to_bytes().to_vec())));
    }
    match from < log.log_end() {
        true => Err(format!("{}: nothing at offset {from} below {}", log.key(), log.log_end())),
        false => Ok(found),
    }
}

/// Opens the directory of a disk and compares all logs with the ghost.
pub(crate) fn open_and_judge(env: &Env, ghost: &Ghost) -> Result<World, String> {
    let world = World::open(env, Arc::new(Mutex::new(ghost.clone()))).map_err(|error| error.to_string())?;
    if let Some(damage) = world.report.damaged.first() {
        return Err(damage.to_string());
    }
    ghost.judge(&world.read_all()?)?;
    world.logs.values().try_for_each(|log| producers_agree(&world.directory, log))?;
    world.logs.values().try_for_each(|log| crate::scan::agree(&world.reader(), log))?;
    Ok(world)
}

/// The files beside the segments give the producers that the state has (W-9), once a checkpoint has followed a deletion of
/// what no segment had sealed: a start whose state has no producers rebuilds them before it replays that.
pub(crate) fn producers_agree(directory: &Directory, log: &Log) -> Result<(), String> {
    if log.has_unfiled_producers() {
        return Ok(());
    }
    let rebuilt = directory.rebuild_producers(log, WALL).map_err(|fault| fault.to_string())?;
    let (have, found) = (log.producers(), &rebuilt.producers);
    let missing = !rebuilt.is_complete && !have.is_empty();
    match missing || !have.iter().eq(found.iter()) {
        true => Err(format!("{}: producers {have:?}, rebuilt {rebuilt:?}", log.key())),
        false => Ok(()),
    }
}

/// Lists a folder's names.
pub(crate) fn names(disk: &dyn Disk, path: &Path) -> Vec<String> {
    disk.list(path).unwrap().into_iter().map(|entry| entry.name).collect()
}
