//! Decides what it means that the expected group does not verify: end of the log, or damage (W-3).
//!
//! Every 4 KiB boundary from the expected place on is looked at, in its file and in those with a higher
//! number. A group there whose `durable_seq` reaches the expected sequence says that the expected group
//! was durable once: damage. Without such a witness the group was never acknowledged: the log ends.
//! A file whose header does not verify must not hold a group at or beyond the expected sequence.

use super::damage::{DamageReason, DroppedGroup, ReplayError, WalDamage};
use super::fault::WalFault;
use super::frame::{Frame, FrameKind};
use super::layout::{BLOCK_AT, GroupHeader, decode_group_header, guess_frames};
use super::replay::{Expected, FoundFile};
use std::collections::BTreeSet;
use types::{LogKey, Offset};

/// What lies at and beyond the end of the log.
pub(super) struct Beyond {
    /// Highest life of any group there.
    pub(super) max_life: u32,
    /// What is left out and was not void before.
    pub(super) dropped: Vec<DroppedGroup>,
}

/// A group that verifies, beyond the end.
struct Seen {
    index: usize,
    at: u64,
    header: GroupHeader,
    frames: Vec<Brief>,
}

/// Log, change number, kind and base offset of a frame.
type Brief = (LogKey, u64, FrameKind, Offset);

/// Looks at everything beyond the expected place. *Shape*: `files` are in order of their numbers, those without a
/// header last.
pub(super) fn beyond(
    files: &mut [FoundFile],
    expected: &Expected,
    current: usize,
) -> Result<Beyond, ReplayError> {
    let mut seen = Vec::new();
    for index in current..files.len() {
        let start = if index == current { expected.position.offset } else { BLOCK_AT };
        look_through(files, index, start, &mut seen)?;
    }
    let torn = torn_group(&mut files[current], expected)?;
    if let Some(mut damage) = judge(files, expected, current, &seen) {
        damage.partitions = touched(&seen, torn.as_ref(), expected.position.seq);
        return Err(damage.into());
    }
    let max_life = seen.iter().map(|seen| seen.header.life).max().unwrap_or(0);
    let whole =
        seen.iter().filter(|seen| !expected.is_void(&seen.header)).map(|seen| dropped_group(files, seen));
    Ok(Beyond { max_life, dropped: torn.into_iter().chain(whole).collect() })
}

/// Says why the replay cannot even begin.
pub(super) fn no_such_place(
    files: &mut [FoundFile],
    expected: &Expected,
) -> Result<Box<WalDamage>, ReplayError> {
    let mut seen = Vec::new();
    for index in 0..files.len() {
        look_through(files, index, BLOCK_AT, &mut seen)?;
    }
    let position = expected.position;
    let header_lost = bad_header(files, expected, &seen);
    let mut damage = header_lost.unwrap_or_else(|| {
        let (path, reason) = match files.iter().find(|file| file.number() == position.file) {
            Some(file) => (file.free.path.clone(), DamageReason::NoSuchPlace),
            None => (format!("WAL file {}", position.file).into(), DamageReason::NoSuchPlace),
        };
        let partitions = BTreeSet::new();
        Box::new(WalDamage { path, at: position.offset, expected_seq: position.seq, reason, partitions })
    });
    damage.partitions = touched(&seen, None, position.seq);
    Ok(damage)
}

/// Collects the groups of one file that verify: those of its present use, or any if its header does not verify.
fn look_through(
    files: &mut [FoundFile],
    index: usize,
    start: u64,
    seen: &mut Vec<Seen>,
) -> Result<(), WalFault> {
    let file = &mut files[index];
    let mut at = start;
    while at < file.reader.bytes() {
        let found = file.reader.group_at(at)?;
        let group = found.map(|group| (group.header, brief(&guess_frames(group.used, group.size))));
        if let Some((header, frames)) = group
            && (file.header.is_none() || file.owns(&header))
        {
            seen.push(Seen { index, at, header, frames });
        }
        at += BLOCK_AT;
    }
    Ok(())
}

fn judge(files: &[FoundFile], expected: &Expected, current: usize, seen: &[Seen]) -> Option<Box<WalDamage>> {
    let seq = expected.position.seq;
    let is_witness = |seen: &&Seen| {
        let owned = files[seen.index].header.is_some();
        owned && seen.header.durable_seq >= seq && !expected.is_void(&seen.header)
    };
    if let Some(witness) = seen.iter().find(is_witness) {
        let reason = DamageReason::LostGroup {
            path: files[witness.index].free.path.clone(),
            at: witness.at,
            durable_seq: witness.header.durable_seq,
        };
        return Some(files[current].damage(expected.position.offset, seq, reason));
    }
    bad_header(files, expected, seen)
}

fn bad_header(files: &[FoundFile], expected: &Expected, seen: &[Seen]) -> Option<Box<WalDamage>> {
    let seq = expected.position.seq;
    let is_lost = |seen: &&Seen| {
        files[seen.index].header.is_none() && seen.header.seq >= seq && !expected.is_void(&seen.header)
    };
    let lost = seen.iter().find(is_lost)?;
    Some(files[lost.index].damage(0, seq, DamageReason::BadHeader { seq: lost.header.seq }))
}

/// Tells what can be guessed of the group at the expected place, which does not verify.
fn torn_group(file: &mut FoundFile, expected: &Expected) -> Result<Option<DroppedGroup>, WalFault> {
    let at = expected.position.offset;
    let Some((header, size)) = decode_group_header(file.reader.at(at, BLOCK_AT)?) else { return Ok(None) };
    if !file.owns(&header) || header.seq != expected.position.seq || header.life < expected.position.life {
        return Ok(None);
    }
    let frames = guess_frames(file.reader.at(at, size.used())?, size);
    let path = file.free.path.clone();
    Ok(Some(DroppedGroup { path, at, seq: header.seq, whole: false, frames: brief(&frames) }))
}

fn dropped_group(files: &[FoundFile], seen: &Seen) -> DroppedGroup {
    let path = files[seen.index].free.path.clone();
    DroppedGroup { path, at: seen.at, seq: seen.header.seq, whole: true, frames: seen.frames.clone() }
}

fn brief(frames: &[Frame]) -> Vec<Brief> {
    frames.iter().map(|frame| (frame.key, frame.change, frame.kind, frame.base_offset)).collect()
}

fn touched(seen: &[Seen], torn: Option<&DroppedGroup>, seq: u64) -> BTreeSet<LogKey> {
    let beyond = seen.iter().filter(|seen| seen.header.seq >= seq).flat_map(|seen| &seen.frames);
    let torn = torn.iter().flat_map(|group| &group.frames).map(|frame| frame.0);
    beyond.map(|frame| frame.0).chain(torn).collect()
}
