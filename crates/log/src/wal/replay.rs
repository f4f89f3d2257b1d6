//! Reads the log back after a start (W-2, W-3).
//!
//! First everything that will be read is synced, for the page cache may hold what the device does not.
//! Then the files are read past the cache, group by group from the state's position: sequence +1, life
//! not falling, and a new life begins exactly where its groups say it did. Where the next group does not
//! verify, a later file may go on (rotation); else `scan.rs` decides between the end of the log and
//! damage. A replay changes nothing but, where the cache cannot be passed by, to write what it accepted
//! back in place; so it may be cut by a power failure at any step and run again.
//!
//! Tests: `tests/crash_wal`.

use super::damage::{DamageReason, DroppedGroup, ReplayError, ReplayStop, WalDamage};
use super::fault::{OrFault, WalCall, WalFault};
use super::frame::Frame;
use super::layout::{BLOCK_AT, FileHeader, GroupHeader, HeaderError, decode_frames, guess_frames};
use super::options::WalHome;
use super::pool::{FreeFile, slot_name, slot_of};
use super::position::WalPosition;
use super::read::FileReader;
use super::scan;
use env::OpenMode;
use std::collections::BTreeSet;
use types::WallTime;

/// A frame of a replay, with what its group says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameView {
    /// The frame; its payload is in the first part and pins nothing else.
    pub frame: Frame,
    /// The broker's clock when the group was written.
    pub wall: WallTime,
    /// Where the group lies.
    pub group: WalPosition,
}

/// What a replay found; the writer goes on from it.
pub struct ReplayEnd {
    /// Where the log ends: the next life's first group goes there.
    pub end: WalPosition,
    /// Where the replay began.
    pub from: WalPosition,
    /// Groups accepted, empty ones included.
    pub groups: u64,
    /// Frames handed over.
    pub frames: u64,
    /// Bytes of the accepted groups.
    pub bytes: u64,
    /// The broker's clock in the last accepted group.
    pub last_wall: Option<WallTime>,
    /// What was left out, in order of the places; to be logged.
    pub dropped: Vec<DroppedGroup>,
    files: Vec<EndFile>,
    max_life: u32,
    next_slot: u32,
}

/// A file as a replay leaves it.
pub(super) struct EndFile {
    /// Path and size.
    pub(super) free: FreeFile,
    /// Its header, unless it is to be filled anew.
    pub(super) header: Option<FileHeader>,
    /// Whether it holds accepted groups, or is where the log ends.
    pub(super) live: bool,
}

impl ReplayEnd {
    /// Returns the life of the next writer: above every life that any group tells of.
    pub(super) fn next_life(&self) -> u32 {
        self.max_life.max(self.end.life).saturating_add(1)
    }

    /// Returns the number of the next file. Numbers are never used twice.
    pub(super) fn next_number(&self) -> u64 {
        self.files.iter().filter_map(|file| file.header).map(|header| header.number).max().unwrap_or(0) + 1
    }

    pub(super) fn next_slot(&self) -> u32 {
        self.next_slot
    }

    pub(super) fn into_files(self) -> Vec<EndFile> {
        self.files
    }
}

impl std::fmt::Debug for ReplayEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplayEnd")
            .field("end", &self.end)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// Reads the log from a position and hands every frame to `sink`, in order.
///
/// What was handed over may be believed only when this returns: damage can show at the end.
///
/// # Errors
/// Damage, a failing disk, or what the sink returns; none of them has changed anything.
pub fn replay(
    home: &WalHome,
    from: WalPosition,
    sink: &mut dyn FnMut(FrameView) -> Result<(), ReplayStop>,
) -> Result<ReplayEnd, ReplayError> {
    let slots = sync_all(home)?;
    let mut files = open_all(home, &slots, from)?;
    let mut walk = Walk::start(&mut files, from)?;
    while let Some(group) = walk.next_group()? {
        walk.hand_over(group, sink)?;
    }
    let counts = walk.finish();
    let beyond = scan::beyond(&mut files, &counts.expected, counts.current)?;
    write_back(home, &mut files)?;
    Ok(ReplayEnd {
        end: counts.expected.position,
        from,
        groups: counts.groups,
        frames: counts.frames,
        bytes: counts.bytes,
        last_wall: counts.last_wall,
        dropped: beyond.dropped,
        max_life: beyond.max_life,
        next_slot: slots.iter().max().map_or(1, |last| last + 1),
        files: files.into_iter().map(FoundFile::end).collect(),
    })
}

/// A file of the folder.
pub(super) struct FoundFile {
    /// Reads it.
    pub(super) reader: FileReader,
    /// Path and size.
    pub(super) free: FreeFile,
    /// Its header, if it verifies.
    pub(super) header: Option<FileHeader>,
    /// From where to where its groups were accepted.
    accepted: Option<(u64, u64)>,
}

impl FoundFile {
    /// Says whether a group was written for this use of this file.
    pub(super) fn owns(&self, group: &GroupHeader) -> bool {
        self.header.is_some_and(|header| header.number == group.file && header.salt == group.salt)
    }

    /// Returns the file's number; those without a header come last.
    pub(super) fn number(&self) -> u64 {
        self.header.map_or(u64::MAX, |header| header.number)
    }

    /// Names this file in a report.
    pub(super) fn damage(&self, at: u64, expected_seq: u64, reason: DamageReason) -> Box<WalDamage> {
        let partitions = BTreeSet::new();
        Box::new(WalDamage { path: self.free.path.clone(), at, expected_seq, reason, partitions })
    }

    fn end(self) -> EndFile {
        EndFile { free: self.free, header: self.header, live: self.accepted.is_some() }
    }
}

/// Makes everything safe that will be believed; returns the slots.
fn sync_all(home: &WalHome) -> Result<Vec<u32>, WalFault> {
    let dir = &home.dir;
    let entries = home.disk.list(dir).or_fault(WalCall::List, dir)?;
    let slots: Vec<u32> = entries.iter().filter_map(|entry| slot_of(&entry.name)).collect();
    for slot in &slots {
        let path = dir.join(slot_name(*slot));
        let file = home.disk.open(&path, OpenMode::Write).or_fault(WalCall::Open, &path)?;
        file.sync().or_fault(WalCall::Sync, &path)?;
    }
    home.disk.sync_dir(dir).or_fault(WalCall::SyncDir, dir)?;
    Ok(slots)
}

/// Opens all files, those with a header in order of their numbers.
fn open_all(home: &WalHome, slots: &[u32], from: WalPosition) -> Result<Vec<FoundFile>, ReplayError> {
    let mut files = Vec::new();
    for slot in slots {
        files.push(open_one(home, *slot, from)?);
    }
    files.sort_by_key(FoundFile::number);
    let numbered = files.iter().filter(|file| file.header.is_some());
    let twins = numbered.clone().zip(numbered.skip(1)).find(|(a, b)| a.number() == b.number());
    match twins {
        Some((a, b)) => {
            let reason = DamageReason::SameNumber { path: b.free.path.clone() };
            Err(a.damage(0, from.seq, reason).into())
        }
        None => Ok(files),
    }
}

fn open_one(home: &WalHome, slot: u32, from: WalPosition) -> Result<FoundFile, ReplayError> {
    let path = home.dir.join(slot_name(slot));
    let mut reader = FileReader::open(&home.disk, &path)?;
    let header = FileHeader::decode(reader.at(0, BLOCK_AT)?);
    let bytes = reader.bytes();
    let mut file = FoundFile { reader, free: FreeFile { path, bytes }, header: None, accepted: None };
    match header {
        Ok(header) if header.directory_id != home.directory_id => {
            Err(file.damage(0, from.seq, DamageReason::Foreign(header.directory_id)).into())
        }
        Ok(header) if header.bytes > bytes && header.number >= from.file => {
            Err(file.damage(bytes, from.seq, DamageReason::Short { bytes }).into())
        }
        Ok(header) if header.bytes <= bytes => {
            file.free.bytes = header.bytes;
            file.header = Some(header);
            Ok(file)
        }
        Ok(_) | Err(HeaderError::Bad) => Ok(file),
        Err(HeaderError::Newer(version)) => {
            Err(file.damage(0, from.seq, DamageReason::Newer(version)).into())
        }
    }
}

/// What the next group must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Where it should lie; its sequence, and the life that it may not fall below.
    pub(super) position: WalPosition,
    /// Where the present life began; unknown until one of its groups was read.
    life_start_seq: Option<u64>,
}

impl Expected {
    fn accepts(&self, group: &GroupHeader) -> bool {
        let starts_right = match group.life.cmp(&self.position.life) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => {
                self.life_start_seq.is_none_or(|start| start == group.life_start_seq)
            }
            std::cmp::Ordering::Greater => group.life_start_seq == group.seq,
        };
        group.seq == self.position.seq && starts_right
    }

    /// Says whether a group is of an older life and lies at or beyond that life's end.
    pub(super) fn is_void(&self, group: &GroupHeader) -> bool {
        let start = self.life_start_seq.unwrap_or(self.position.seq);
        group.life < self.position.life && group.seq >= start
    }
}

struct Walk<'a> {
    files: &'a mut Vec<FoundFile>,
    walked: Walked,
}

struct Walked {
    expected: Expected,
    current: usize,
    groups: u64,
    frames: u64,
    bytes: u64,
    last_wall: Option<WallTime>,
}

struct Group {
    index: usize,
    at: u64,
    header: GroupHeader,
    bytes: u64,
    frames: Vec<Frame>,
}

impl<'a> Walk<'a> {
    fn start(files: &'a mut Vec<FoundFile>, from: WalPosition) -> Result<Walk<'a>, ReplayError> {
        let expected = Expected { position: from, life_start_seq: None };
        let found =
            files.iter().position(|file| file.header.is_some_and(|header| header.number == from.file));
        let fits = |index: &usize| {
            from.offset.is_multiple_of(BLOCK_AT)
                && (BLOCK_AT..=files[*index].free.bytes).contains(&from.offset)
        };
        let Some(current) = found.filter(fits) else {
            return Err(scan::no_such_place(files, &expected)?.into());
        };
        files[current].accepted = Some((from.offset, from.offset));
        let walked = Walked { expected, current, groups: 0, frames: 0, bytes: 0, last_wall: None };
        Ok(Walk { files, walked })
    }

    /// Returns the next group: at the expected place, or at the start of a file with a higher number.
    fn next_group(&mut self) -> Result<Option<Group>, ReplayError> {
        let Walked { current, expected, .. } = self.walked;
        if let Some(group) = self.group_at(current, expected.position.offset)? {
            return Ok(Some(group));
        }
        for later in current + 1..self.files.len() {
            if let Some(group) = self.group_at(later, BLOCK_AT)? {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    fn group_at(&mut self, index: usize, at: u64) -> Result<Option<Group>, ReplayError> {
        let expected = self.walked.expected;
        let file = &mut self.files[index];
        if file.header.is_none() {
            return Ok(None);
        }
        let Some(found) = file.reader.group_at(at)? else { return Ok(None) };
        let (header, size) = (found.header, found.size);
        let frames = decode_frames(found.used, size).map_err(|error| (error, guess_frames(found.used, size)));
        if !file.owns(&header) || !expected.accepts(&header) {
            return Ok(None);
        }
        let frames = frames.map_err(|(error, guess)| {
            let mut damage = file.damage(at, expected.position.seq, DamageReason::Frames(error));
            damage.partitions = guess.iter().map(|frame| frame.key).collect();
            damage
        })?;
        let bytes = size.padded();
        Ok(Some(Group { index, at, header, bytes, frames }))
    }

    fn hand_over(
        &mut self,
        group: Group,
        sink: &mut dyn FnMut(FrameView) -> Result<(), ReplayStop>,
    ) -> Result<(), ReplayError> {
        let Group { index, at, header, bytes, frames } = group;
        let place = WalPosition { file: header.file, offset: at, seq: header.seq, life: header.life };
        let walked = &mut self.walked;
        walked.frames += frames.len() as u64;
        for frame in frames {
            sink(FrameView { frame, wall: header.wall, group: place }).map_err(|source| {
                ReplayError::Stopped { path: self.files[index].free.path.clone(), at, source }
            })?;
        }
        let position = WalPosition { offset: at + bytes, seq: header.seq + 1, ..place };
        walked.expected = Expected { position, life_start_seq: Some(header.life_start_seq) };
        walked.current = index;
        walked.groups += 1;
        walked.bytes += bytes;
        walked.last_wall = Some(header.wall);
        let accepted = &mut self.files[index].accepted;
        *accepted = Some((accepted.map_or(at, |(from, _)| from), at + bytes));
        Ok(())
    }

    fn finish(self) -> Walked {
        self.walked
    }
}

/// Where files could not be read past the cache: writes what was accepted back in place and syncs it, so that the
/// device holds it, whatever became of it there.
fn write_back(home: &WalHome, files: &mut [FoundFile]) -> Result<(), WalFault> {
    for found in files {
        let Some((from, to)) = found.accepted.filter(|_| !found.reader.is_device()) else { continue };
        let path = &found.free.path;
        let file = home.disk.open(path, OpenMode::Write).or_fault(WalCall::Open, path)?;
        let mut at = 0;
        while at < to {
            let len = if at < from { BLOCK_AT } else { (to - at).min(1 << 20) };
            let bytes = found.reader.at(at, len)?;
            file.write_at(bytes, at).or_fault(WalCall::Write, path)?;
            at = if at < from { from } else { at + len };
        }
        file.sync().or_fault(WalCall::Sync, path)?;
    }
    Ok(())
}
