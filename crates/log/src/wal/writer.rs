//! Writes groups, one at a time: one write, one sync (W-4). Rotates and recycles files (W-7).
//!
//! *Invariants*
//! - Sequences are +1 per group over the life of the directory; a life never writes at a place that an
//!   older one may have acknowledged.
//! - A file takes groups only after its zeros, its name and its header are synced.
//! - A group in a new file is written only after the file before is synced whole: a vouch that was not
//!   synced must not become a hole in front of an acknowledged group.
//! - Any fault closes the writer for good (W-11).
//!
//! Tests: `tests/crash_wal`.

use super::fault::{OrFault, WalCall, WalFault};
use super::frame::Frame;
use super::layout::{
    BLOCK, BLOCK_AT, FileHeader, GroupHeader, decode_group_header, encode_group, frame_bytes, group_bytes,
};
use super::options::WalHome;
use super::pool::{FreeFile, Pool, slot_name, slot_of};
use super::position::WalPosition;
use super::pressure::WalPressure;
use super::replay::ReplayEnd;
use env::{AlignedBuf, DiskFile, OpenMode};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::WallTime;

/// What [`WalWriter::write_group`] has made durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupWritten {
    /// Sequence of the group.
    pub seq: u64,
    /// Where the next group goes.
    pub end: WalPosition,
    /// Bytes written, with header and padding.
    pub bytes: u64,
}

/// A file whose zeros and header are durable.
struct ActiveFile {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    number: u64,
    salt: u64,
    bytes: u64,
    /// The same file past the page cache: a write is synced when it returns.
    direct: Option<Arc<dyn DiskFile>>,
}

struct LiveFile {
    number: u64,
    free: FreeFile,
}

/// Writes the log of one directory. All errors are final.
pub struct WalWriter {
    home: WalHome,
    pool: Pool,
    /// Files before the current one that the state still needs, oldest first.
    live: VecDeque<LiveFile>,
    current: ActiveFile,
    next: Option<ActiveFile>,
    next_number: u64,
    end: WalPosition,
    synced_end: WalPosition,
    /// Where the replay of the last state begins.
    needed: WalPosition,
    life_start_seq: u64,
    durable_seq: u64,
    /// Something was written into the current file that a sync must follow.
    is_dirty: bool,
    /// The last step of making files ready had no descriptor.
    is_put_off: bool,
    buffer: AlignedBuf,
    closed: bool,
}

impl WalWriter {
    /// Makes the log of a new directory; all that it needs is durable when this returns.
    ///
    /// # Errors
    /// A fault of the disk; [`WalFault::Occupied`] if groups are there already. Left-over files of a
    /// directory that never came to be are used again.
    pub fn create(home: WalHome) -> Result<WalWriter, WalFault> {
        WalWriter::create_at(home, WalPosition { file: 1, offset: BLOCK_AT, seq: 1, life: 1 })
    }

    /// Makes the log of a directory that has had another: numbers, sequence and life go on from the position's.
    pub(crate) fn create_at(home: WalHome, end: WalPosition) -> Result<WalWriter, WalFault> {
        make_dir(&home)?;
        let mut pool = empty_pool(&home)?;
        let first = pool.fill_now(home.options.first_file_bytes)?;
        home.disk.sync_dir(&home.dir).or_fault(WalCall::SyncDir, &home.dir)?;
        let current = head_file(&home, first, end.file)?;
        Ok(WalWriter::at(home, pool, current, end))
    }

    /// Goes on after a replay, as a new life.
    ///
    /// # Errors
    /// A fault of the disk.
    pub fn resume(home: WalHome, replayed: ReplayEnd) -> Result<WalWriter, WalFault> {
        let mut pool = Pool::new(home.clone(), replayed.next_slot());
        let end = WalPosition { life: replayed.next_life(), ..replayed.end };
        let mut live = VecDeque::new();
        let mut current = None;
        let (next_number, needed) = (replayed.next_number(), replayed.from);
        for file in replayed.into_files() {
            match file.header {
                Some(header) if file.live && header.number == end.file => current = Some((file.free, header)),
                Some(header) if file.live => {
                    live.push_back(LiveFile { number: header.number, free: file.free });
                }
                Some(_) => pool.give_back(file.free),
                None => pool.add_unfilled(file.free.path),
            }
        }
        let (free, header) = current.ok_or(WalFault::Closed)?;
        live.make_contiguous().sort_by_key(|file| file.number);
        let current = open_active(&home, free, &header)?;
        let writer = WalWriter::at(home, pool, current, end);
        Ok(WalWriter { live, next_number, needed, ..writer })
    }

    fn at(home: WalHome, pool: Pool, current: ActiveFile, end: WalPosition) -> WalWriter {
        WalWriter {
            home,
            pool,
            live: VecDeque::new(),
            next: None,
            next_number: current.number + 1,
            current,
            end,
            synced_end: end,
            needed: end,
            life_start_seq: end.seq,
            durable_seq: end.seq - 1,
            is_dirty: false,
            is_put_off: false,
            buffer: AlignedBuf::zeroed(BLOCK),
            closed: false,
        }
    }

    /// Writes the frames as one group and syncs it. Whatever the answer says, earlier vouches are synced too.
    ///
    /// # Errors
    /// A fault; but for [`WalFault::TooLarge`] it is final.
    pub fn write_group(&mut self, frames: &[Frame], wall: WallTime) -> Result<GroupWritten, WalFault> {
        self.check_sizes(frames)?;
        self.final_on_fault(|writer| {
            let bytes = writer.put_group(frames, wall, true)?;
            writer.sync()?;
            Ok(GroupWritten { seq: writer.durable_seq, end: writer.end, bytes })
        })
    }

    /// Writes an empty group, so that `durable_seq` speaks for the last group too (W-3).
    ///
    /// # Errors
    /// A fault, which is final.
    pub fn vouch(&mut self, synced: bool, wall: WallTime) -> Result<(), WalFault> {
        self.final_on_fault(|writer| {
            writer.put_group(&[], wall, synced)?;
            if synced { writer.sync() } else { Ok(()) }
        })
    }

    /// Does a small part of what keeps files ready: the next file's header, or some zeros. Returns whether there
    /// is more to do.
    ///
    /// # Errors
    /// A fault, which is final.
    pub fn fill_pool_step(&mut self) -> Result<bool, WalFault> {
        self.final_on_fault(|writer| {
            if writer.next.is_none() && writer.pool.filled_bytes() > 0 {
                writer.is_put_off = !writer.prepare_next()?;
            } else if writer.pool.wants_filling(writer.in_use_bytes()) {
                writer.is_put_off = !writer.pool.fill_step()?;
            }
            Ok(writer.has_upkeep())
        })
    }

    /// Says whether [`WalWriter::fill_pool_step`] has something to do.
    pub fn has_upkeep(&self) -> bool {
        let can_prepare = self.next.is_none() && self.pool.filled_bytes() > 0;
        can_prepare || self.pool.wants_filling(self.in_use_bytes())
    }

    /// Says whether the last step did nothing for want of a descriptor: trying again at once would not help.
    pub fn is_put_off(&self) -> bool {
        self.is_put_off
    }

    /// Says whether the next file is ready to take groups.
    pub fn is_next_ready(&self) -> bool {
        self.next.is_some()
    }

    /// Lets the filling try again after the disk was full.
    pub fn retry_filling(&mut self) {
        self.pool.retry_filling();
    }

    /// Gives the files wholly below a position back to the pool. The caller's durable state needs nothing below it.
    ///
    /// # Errors
    /// A fault, which is final.
    pub fn recycle_below(&mut self, needed: WalPosition) -> Result<(), WalFault> {
        self.final_on_fault(|writer| {
            while writer.live.front().is_some_and(|file| file.number < needed.file) {
                let Some(file) = writer.live.pop_front() else { break };
                writer.recycle(file.free)?;
            }
            writer.needed = needed;
            Ok(())
        })
    }

    fn recycle(&mut self, file: FreeFile) -> Result<(), WalFault> {
        let whole = self.in_use_bytes() + self.pool.filled_bytes() + file.bytes;
        if whole > self.home.options.pool_bytes {
            return self.pool.discard(&file);
        }
        self.pool.give_back(file);
        Ok(())
    }

    /// Returns where the next group goes.
    pub fn end(&self) -> WalPosition {
        self.end
    }

    /// Returns the end of the last group that is synced.
    pub fn synced_end(&self) -> WalPosition {
        self.synced_end
    }

    /// Returns the bytes that a checkpoint can give back, whole files and what the current one holds.
    pub fn used_bytes(&self) -> u64 {
        self.live.iter().map(|file| file.free.bytes).sum::<u64>() + self.end.offset
    }

    /// Returns the bytes that can still be written, once the pool is filled; less if the disk is full. What rotation
    /// leaves unused at the ends of files is not counted off.
    pub fn free_bytes(&self) -> u64 {
        let ready = self.next.as_ref().map_or(0, |file| file.bytes);
        self.current.bytes - self.end.offset + ready + self.pool.planned_bytes(self.in_use_bytes())
    }

    /// Returns the bytes that can be written whatever becomes of the disk's free space: those of files that are filled.
    pub fn ready_bytes(&self) -> u64 {
        let ready = self.next.as_ref().map_or(0, |file| file.bytes);
        self.current.bytes - self.end.offset + ready + self.pool.filled_bytes()
    }

    /// Returns the bytes of all files, used and free.
    pub fn capacity_bytes(&self) -> u64 {
        self.used_bytes() + self.free_bytes()
    }

    /// Returns what a start would have to replay now. *Units*: bytes.
    pub fn unsaved_bytes(&self) -> u64 {
        let live: u64 = self.live.iter().map(|file| file.free.bytes).sum();
        // What rotation left unused at the ends of files is counted too.
        (live + self.end.offset).saturating_sub(self.needed.offset)
    }

    /// Says whether a checkpoint would give a file back.
    pub fn is_reclaimable(&self) -> bool {
        !self.live.is_empty()
    }

    /// Returns how full the pool is, and whether a checkpoint is wanted for the sake of a start. A pool that a
    /// checkpoint gives nothing back to asks for none. After a replay that finds more than [`WalPressure::Calm`], a
    /// checkpoint comes before anything appends (W-7).
    pub fn pressure(&self) -> WalPressure {
        let pool = match self.is_reclaimable() {
            true => WalPressure::of(self.used_bytes(), self.capacity_bytes()),
            false => WalPressure::Calm,
        };
        match self.unsaved_bytes() >= self.home.options.checkpoint_bytes {
            true => pool.max(WalPressure::CheckpointWanted),
            false => pool,
        }
    }

    /// Returns the most bytes of frames that should go into the next group, given those of its first frame: what is
    /// left of the file if the first fits in, else a full group in the next one.
    pub fn group_room(&self, first: &Frame) -> usize {
        let overhead = group_bytes(0);
        let left = usize::try_from(self.current.bytes - self.end.offset).unwrap_or(usize::MAX);
        let file = usize::try_from(self.home.options.file_bytes - BLOCK_AT).unwrap_or(usize::MAX);
        let cap = self.home.options.group_bytes_max.min(file);
        let room = if group_bytes(frame_bytes(first)) <= left { left.min(cap) } else { cap };
        room.saturating_sub(overhead).max(frame_bytes(first))
    }

    /// Returns where and of what the log is made.
    pub fn home(&self) -> &WalHome {
        &self.home
    }

    fn in_use_bytes(&self) -> u64 {
        let live: u64 = self.live.iter().map(|file| file.free.bytes).sum();
        live + self.current.bytes + self.next.as_ref().map_or(0, |file| file.bytes)
    }

    fn check_sizes(&self, frames: &[Frame]) -> Result<(), WalFault> {
        let max = self.home.options.max_payload_bytes();
        let largest = frames.iter().map(Frame::payload_bytes).max().unwrap_or(0);
        let whole = group_bytes(frames.iter().map(frame_bytes).sum());
        let fits = whole as u64 <= self.home.options.file_bytes - BLOCK_AT;
        if largest <= max && fits {
            Ok(())
        } else {
            Err(WalFault::TooLarge { bytes: largest.max(whole), max })
        }
    }

    fn final_on_fault<T>(
        &mut self,
        run: impl FnOnce(&mut WalWriter) -> Result<T, WalFault>,
    ) -> Result<T, WalFault> {
        if self.closed {
            return Err(WalFault::Closed);
        }
        let result = run(self);
        self.closed = result.is_err();
        result
    }

    /// Writes a group; returns its bytes. `synced` says that a sync follows at once.
    fn put_group(&mut self, frames: &[Frame], wall: WallTime, synced: bool) -> Result<u64, WalFault> {
        let bytes = group_bytes(frames.iter().map(frame_bytes).sum());
        if self.end.offset + bytes as u64 > self.current.bytes {
            self.rotate(bytes as u64)?;
        }
        if self.buffer.len() < bytes {
            self.buffer = AlignedBuf::zeroed(bytes.next_power_of_two());
        }
        let header = self.group_header(wall);
        encode_group(&header, frames, &mut self.buffer[..bytes]);
        self.write_buffer(bytes, synced)?;
        self.end.offset += bytes as u64;
        self.end.seq += 1;
        Ok(bytes as u64)
    }

    /// Writes the first bytes of the buffer at the end. A small group that is to be synced goes past the page cache,
    /// unless something in the cache waits for a sync anyway.
    fn write_buffer(&mut self, bytes: usize, synced: bool) -> Result<(), WalFault> {
        let is_small = bytes <= self.home.options.direct_bytes_max;
        if synced && is_small && !self.is_dirty && self.write_direct(bytes)? {
            return Ok(());
        }
        self.is_dirty = true;
        let ActiveFile { path, file, .. } = &self.current;
        file.write_at(&self.buffer[..bytes], self.end.offset).or_fault(WalCall::Write, path)
    }

    /// Returns false if the file system refuses such writes after all; then nothing was written, and it is not asked
    /// again for this file.
    fn write_direct(&mut self, bytes: usize) -> Result<bool, WalFault> {
        let Some(direct) = &self.current.direct else { return Ok(false) };
        match direct.write_at(&self.buffer[..bytes], self.end.offset) {
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                self.current.direct = None;
                Ok(false)
            }
            written => written.or_fault(WalCall::Write, &self.current.path).map(|()| true),
        }
    }

    fn group_header(&self, wall: WallTime) -> GroupHeader {
        GroupHeader {
            file: self.current.number,
            salt: self.current.salt,
            seq: self.end.seq,
            life: self.end.life,
            wall,
            durable_seq: self.durable_seq,
            life_start_seq: self.life_start_seq,
        }
    }

    fn sync(&mut self) -> Result<(), WalFault> {
        if self.is_dirty {
            self.current.file.sync().or_fault(WalCall::Sync, &self.current.path)?;
            self.is_dirty = false;
        }
        self.durable_seq = self.end.seq - 1;
        self.synced_end = self.end;
        Ok(())
    }

    /// Makes the next file the current one. It takes a group of `bytes`.
    fn rotate(&mut self, bytes: u64) -> Result<(), WalFault> {
        if self.synced_end != self.end {
            self.sync()?;
        }
        if let Some(small) = self.next.take_if(|file| file.bytes < BLOCK_AT + bytes) {
            self.pool.give_back(FreeFile { path: small.path, bytes: small.bytes });
        }
        let next = match self.next.take() {
            Some(file) => file,
            None => self.make_next()?,
        };
        let before = std::mem::replace(&mut self.current, next);
        let free = FreeFile { path: before.path, bytes: before.bytes };
        self.live.push_back(LiveFile { number: before.number, free });
        self.end = WalPosition { file: self.current.number, offset: BLOCK_AT, ..self.end };
        Ok(())
    }

    /// Makes the next file ready, unless there is no descriptor: then it says that nothing was done.
    fn prepare_next(&mut self) -> Result<bool, WalFault> {
        match self.make_next() {
            Ok(next) => self.next = Some(next),
            Err(fault) if fault.is_no_descriptor() => return Ok(false),
            Err(fault) => return Err(fault),
        }
        Ok(true)
    }

    fn make_next(&mut self) -> Result<ActiveFile, WalFault> {
        let free = match self.pool.take() {
            Some(free) => free,
            None => self.pool.fill_now(self.home.options.file_bytes)?,
        };
        let headed = head_file(&self.home, free.clone(), self.next_number);
        match headed.as_ref().err() {
            None => self.next_number += 1,
            Some(fault) if fault.is_no_descriptor() => self.pool.give_back(free),
            Some(_) => {}
        }
        headed
    }
}

impl std::fmt::Debug for WalWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalWriter")
            .field("end", &self.end)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// Gives a filled file a number and a fresh salt, synced. Groups that it held before cannot pass any more.
fn head_file(home: &WalHome, free: FreeFile, number: u64) -> Result<ActiveFile, WalFault> {
    let salt = home.random.next_u64();
    let header = FileHeader { directory_id: home.directory_id, number, salt, bytes: free.bytes };
    let mut block = AlignedBuf::zeroed(BLOCK);
    header.encode(&mut block);
    // All descriptors come first: without one of them nothing has been done.
    let active = open_active(home, free, &header)?;
    active.file.write_at(&block, 0).or_fault(WalCall::Write, &active.path)?;
    active.file.sync().or_fault(WalCall::Sync, &active.path)?;
    Ok(active)
}

/// Opens a file to write groups into it, also past the page cache if that is wanted and possible.
fn open_active(home: &WalHome, free: FreeFile, header: &FileHeader) -> Result<ActiveFile, WalFault> {
    let FreeFile { path, bytes } = free;
    let file = home.disk.open(&path, OpenMode::Write).or_fault(WalCall::Open, &path)?;
    let direct = open_direct(home, &path).or_fault(WalCall::Open, &path)?;
    Ok(ActiveFile { path, file, number: header.number, salt: header.salt, bytes, direct })
}

fn open_direct(home: &WalHome, path: &Path) -> io::Result<Option<Arc<dyn DiskFile>>> {
    if home.options.direct_bytes_max == 0 {
        return Ok(None);
    }
    match home.disk.open(path, OpenMode::WriteDevice) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the folder, its name safe.
fn make_dir(home: &WalHome) -> Result<(), WalFault> {
    let dir = &home.dir;
    if !home.disk.exists(dir).or_fault(WalCall::List, dir)? {
        home.disk.create_dir(dir).or_fault(WalCall::CreateDir, dir)?;
    }
    // Before there are files in it. Where it cannot be had, the broker says so at each start.
    let _ = home.disk.overwrite_in_place(dir);
    match dir.parent() {
        Some(parent) => home.disk.sync_dir(parent).or_fault(WalCall::SyncDir, parent),
        None => Ok(()),
    }
}

/// Makes the pool of a new directory out of what an interrupted attempt may have left.
fn empty_pool(home: &WalHome) -> Result<Pool, WalFault> {
    let entries = home.disk.list(&home.dir).or_fault(WalCall::List, &home.dir)?;
    let slots: Vec<u32> = entries.iter().filter_map(|entry| slot_of(&entry.name)).collect();
    let next_slot = slots.iter().max().map_or(1, |last| last + 1);
    let mut pool = Pool::new(home.clone(), next_slot);
    for slot in slots {
        let path = home.dir.join(slot_name(slot));
        refuse_groups(home, &path)?;
        pool.add_unfilled(path);
    }
    Ok(pool)
}

fn refuse_groups(home: &WalHome, path: &Path) -> Result<(), WalFault> {
    let file = home.disk.open(path, OpenMode::Read).or_fault(WalCall::Open, path)?;
    let mut block = AlignedBuf::zeroed(BLOCK);
    let count = file.read_at(&mut block, BLOCK_AT).or_fault(WalCall::Read, path)?;
    if decode_group_header(&block[..count]).is_some() {
        return Err(WalFault::Occupied { path: path.to_path_buf() });
    }
    Ok(())
}
