//! What is whole of a write-ahead log that does not open, for a repair (W-3).
//!
//! Every 4 KiB boundary of every file is looked at. A group counts if its CRC fits, if it is of the present use of its file (or
//! the file's header does not verify), and if no later life has begun at or before it. Those at or beyond the wanted
//! sequence are put in order. A missing one is a hole if a group vouches that it was durable; else the log ends before it, as
//! for a replay. What a hole held can be read for the report alone, and only if the place of the missing group is known
//! and its frames fill it. Memory: some bytes per group. Tests: `crates/log/tests/crash_directory/repair.rs`.

use super::damage::{DamageReason, ReplayError, WalDamage};
use super::fault::{OrFault, WalCall, WalFault};
use super::frame::Frame;
use super::layout::{BLOCK_AT, FileHeader, GroupHeader, HeaderError, decode_frames, guess_whole};
use super::options::WalHome;
use super::pool::{slot_name, slot_of};
use super::position::WalPosition;
use super::read::FileReader;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use types::WallTime;

/// Groups that were durable and are not there.
#[derive(Clone, Debug)]
pub(crate) struct Hole {
    /// Their sequences.
    pub(crate) groups: Range<u64>,
    /// File and byte where the first of them should be, if that is known.
    pub(crate) place: Option<(PathBuf, u64)>,
    /// What it seems to hold; nothing if that cannot be read whole.
    pub(crate) guess: Option<Vec<Frame>>,
}

/// What comes next.
pub(crate) enum Salvaged<'a> {
    /// A hole.
    Hole(&'a Hole),
    /// A whole group: the broker's clock when it was written, and its frames.
    Group(WallTime, Vec<Frame>),
}

/// The whole groups of a log, and the holes between them.
pub(crate) struct Salvage {
    files: Vec<SalvagedFile>,
    /// *Shape*: rising sequences from the wanted one on.
    chain: Vec<Place>,
    /// Each with the index in the chain that it lies before.
    holes: Vec<(usize, Hole)>,
    fresh: WalPosition,
}

struct SalvagedFile {
    path: PathBuf,
    reader: FileReader,
    header: Option<FileHeader>,
}

#[derive(Clone, Copy)]
struct Place {
    file: usize,
    at: u64,
    bytes: u64,
    header: GroupHeader,
}

impl Salvage {
    /// Reads all files.
    ///
    /// # Errors
    /// A file that cannot be read, or one of a newer version.
    pub(crate) fn look(home: &WalHome, from: WalPosition) -> Result<Salvage, ReplayError> {
        let mut files = Vec::new();
        for name in file_names(home)? {
            files.extend(open(home, home.dir.join(name))?);
        }
        let mut groups = Vec::new();
        for (index, file) in files.iter_mut().enumerate() {
            look_through(file, index, &mut groups)?;
        }
        let fresh = fresh(&files, &groups, from);
        let chain = chain(groups, from);
        let mut salvage = Salvage { files, chain, holes: Vec::new(), fresh };
        salvage.find_holes(from)?;
        Ok(salvage)
    }

    /// Returns the first place that no group of this log has ever had, for a log that takes its place.
    pub(crate) fn fresh(&self) -> WalPosition {
        self.fresh
    }

    /// Returns what is missing.
    pub(crate) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.holes.iter().map(|(_, hole)| hole)
    }

    /// Says whether the wanted group is there.
    pub(crate) fn begins_at(&self, from: WalPosition) -> bool {
        self.chain.first().is_some_and(|first| first.header.seq == from.seq)
    }

    /// Shows the groups and holes in order.
    ///
    /// # Errors
    /// A file that cannot be read, a frame of a newer version, or what the visitor returns.
    pub(crate) fn walk<E: From<ReplayError>>(
        &mut self,
        visit: &mut dyn FnMut(Salvaged<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut holes = self.holes.iter().peekable();
        for (index, place) in self.chain.iter().enumerate() {
            while let Some((_, hole)) = holes.next_if(|(before, _)| *before == index) {
                visit(Salvaged::Hole(hole))?;
            }
            let frames = frames(&mut self.files[place.file], place)?;
            visit(Salvaged::Group(place.header.wall, frames))?;
        }
        Ok(())
    }

    fn find_holes(&mut self, from: WalPosition) -> Result<(), WalFault> {
        let mut wanted = from.seq;
        for index in 0..self.chain.len() {
            let found = self.chain[index];
            if found.header.seq > wanted {
                let hole = self.hole(index, wanted..found.header.seq, from)?;
                self.holes.push((index, hole));
            }
            wanted = found.header.seq + 1;
        }
        Ok(())
    }

    fn hole(&mut self, before: usize, groups: Range<u64>, from: WalPosition) -> Result<Hole, WalFault> {
        let last = before.checked_sub(1).map(|last| self.chain[last]);
        let place = match last {
            Some(last) => Some((last.file, last.at + last.bytes)),
            None => {
                let is_first =
                    |file: &SalvagedFile| file.header.is_some_and(|header| header.number == from.file);
                self.files.iter().position(is_first).map(|file| (file, from.offset))
            }
        };
        let next = self.chain[before];
        let Some((file, at)) = place else { return Ok(Hole { groups, place: None, guess: None }) };
        let place = Some((self.files[file].path.clone(), at));
        let within = (next.file == file && next.at > at).then(|| next.at - at);
        let guess = match within.filter(|_| groups.end - groups.start == 1) {
            Some(bytes) => guess_whole(self.files[file].reader.at(at, bytes)?),
            None => None,
        };
        Ok(Hole { groups, place, guess })
    }
}

/// Returns the names of the log's files.
pub(crate) fn file_names(home: &WalHome) -> Result<Vec<String>, WalFault> {
    match home.disk.list(&home.dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => {
            let entries = entries.or_fault(WalCall::List, &home.dir)?;
            Ok(entries.iter().filter_map(|entry| slot_of(&entry.name)).map(slot_name).collect())
        }
    }
}

/// Returns the size of the largest file, so that a log that takes this one's place holds the same groups.
pub(crate) fn largest_file(home: &WalHome) -> Result<u64, WalFault> {
    let mut largest = 0;
    for name in file_names(home)? {
        let path = home.dir.join(name);
        largest = largest.max(FileReader::open(&home.disk, &path)?.bytes());
    }
    Ok(largest)
}

/// Opens a file; nothing if it is of another directory.
fn open(home: &WalHome, path: PathBuf) -> Result<Option<SalvagedFile>, ReplayError> {
    let mut reader = FileReader::open(&home.disk, &path)?;
    let header = match FileHeader::decode(reader.at(0, BLOCK_AT)?) {
        Ok(header) if header.directory_id != home.directory_id => return Ok(None),
        Ok(header) => Some(header),
        Err(HeaderError::Bad) => None,
        Err(HeaderError::Newer(version)) => return Err(damage(path, 0, 0, DamageReason::Newer(version))),
    };
    Ok(Some(SalvagedFile { path, reader, header }))
}

fn look_through(file: &mut SalvagedFile, index: usize, groups: &mut Vec<Place>) -> Result<(), WalFault> {
    let mut at = BLOCK_AT;
    while at < file.reader.bytes() {
        let found = file.reader.group_at(at)?.map(|group| (group.header, group.size.padded()));
        if let Some((header, bytes)) = found
            && file.header.is_none_or(|own| own.number == header.file && own.salt == header.salt)
        {
            groups.push(Place { file: index, at, bytes, header });
        }
        at += BLOCK_AT;
    }
    Ok(())
}

fn fresh(files: &[SalvagedFile], groups: &[Place], from: WalPosition) -> WalPosition {
    let numbers = files.iter().filter_map(|file| file.header).map(|header| header.number);
    let numbers = numbers.chain(groups.iter().map(|group| group.header.file));
    let last = |values: &mut dyn Iterator<Item = u64>, least: u64| values.fold(least, u64::max);
    let lives = groups.iter().map(|group| group.header.life);
    WalPosition {
        file: last(&mut { numbers }, from.file) + 1,
        offset: BLOCK_AT,
        seq: last(&mut groups.iter().map(|group| group.header.seq), from.seq) + 1,
        life: lives.fold(from.life, u32::max).saturating_add(1),
    }
}

/// Returns the groups that count, in order, up to where the log ends.
fn chain(mut groups: Vec<Place>, from: WalPosition) -> Vec<Place> {
    groups.retain(|group| group.header.seq >= from.seq);
    // Where each life began; a group of an older one at or beyond that is void.
    let lives: BTreeSet<(u32, u64)> =
        groups.iter().map(|group| (group.header.life, group.header.life_start_seq)).collect();
    let is_void =
        |header: &GroupHeader| lives.iter().any(|(life, start)| *life > header.life && *start <= header.seq);
    groups.retain(|group| !is_void(&group.header) && group.header.life >= from.life);
    groups.sort_by_key(|group| (group.header.seq, std::cmp::Reverse(group.header.life)));
    groups.dedup_by_key(|group| group.header.seq);
    let vouched = groups.iter().map(|group| group.header.durable_seq).max().unwrap_or(0);
    let mut wanted = from.seq;
    let whole = groups.iter().take_while(|group| {
        let counts = group.header.seq == wanted || group.header.seq <= vouched.saturating_add(1);
        wanted = group.header.seq + 1;
        counts
    });
    let count = whole.count();
    groups.truncate(count);
    groups
}

fn frames(file: &mut SalvagedFile, place: &Place) -> Result<Vec<Frame>, ReplayError> {
    let group = file.reader.group_at(place.at)?;
    let frames = group.map(|group| decode_frames(group.used, group.size));
    match frames {
        Some(Ok(frames)) => Ok(frames),
        Some(Err(error)) => {
            Err(damage(file.path.clone(), place.at, place.header.seq, DamageReason::Frames(error)))
        }
        None => Err(damage(file.path.clone(), place.at, place.header.seq, DamageReason::NoSuchPlace)),
    }
}

fn damage(path: PathBuf, at: u64, expected_seq: u64, reason: DamageReason) -> ReplayError {
    Box::new(WalDamage { path, at, expected_seq, reason, partitions: BTreeSet::new() }).into()
}
