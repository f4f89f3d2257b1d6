//! A log on a crash disk, and the ledger of what was submitted and acknowledged.

use bytes::Bytes;
use env::crash::CrashDisk;
use env::{Disk, Random};
use log::wal::{
    Frame, FrameKind, ReplayEnd, ReplayError, ReplayStop, WalFault, WalHome, WalOptions, WalPosition,
    WalWriter, replay,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use types::{DirectoryId, LeaderEpoch, LogKey, Offset, PartitionId, TopicId, Uuid, WallTime};

pub(crate) const WALL: WallTime = WallTime(1_700_000_000_000);

/// Numbers that repeat in every run.
pub(crate) struct Dice(AtomicU64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    pub(crate) fn roll(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&self, end: u64) -> u64 {
        self.roll() % end
    }
}

impl Random for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.roll().to_be_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn directory_id() -> DirectoryId {
    DirectoryId(Uuid([9; 16]))
}

pub(crate) fn wal_dir() -> PathBuf {
    PathBuf::from("/data/wal")
}

/// A disk with the folder that the log's folder goes into.
pub(crate) fn new_disk(seed: u64) -> CrashDisk {
    let disk = CrashDisk::with_seed(seed);
    disk.create_dir(Path::new("/data")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

/// What a start is given; those of an even number write small groups past the page cache.
pub(crate) fn home(disk: &CrashDisk, start: u64) -> WalHome {
    WalHome {
        disk: Arc::new(disk.clone()),
        random: Arc::new(Dice::new(start)),
        dir: wal_dir(),
        directory_id: directory_id(),
        options: WalOptions {
            direct_bytes_max: if start.is_multiple_of(2) { 8192 } else { 0 },
            ..WalOptions::tiny()
        },
    }
}

pub(crate) fn key(partition: i32) -> LogKey {
    LogKey { topic_id: TopicId(Uuid([partition.to_be_bytes()[3]; 16])), partition: PartitionId(partition) }
}

/// The frame of a number: its content tells it from every other.
pub(crate) fn frame(number: u64, bytes: usize) -> Frame {
    let seed = number.to_be_bytes();
    let payload: Vec<u8> = seed.iter().copied().cycle().take(bytes).collect();
    Frame {
        key: key(i32::try_from(number % 5).unwrap()),
        change: number,
        kind: FrameKind::Append,
        base_offset: Offset(i64::try_from(number).unwrap()),
        leader_epoch: LeaderEpoch(3),
        parts: [Bytes::from(payload), Bytes::new()],
    }
}

/// What was submitted, and what of it must be there after a crash.
#[derive(Clone)]
pub(crate) struct Ledger {
    /// Groups of frames, from the first ever.
    pub(crate) groups: Vec<Vec<Frame>>,
    /// So many groups are acknowledged, or were believed by a replay.
    pub(crate) acked: usize,
    /// What a durable state would hold: where a replay begins, and the number of groups before it.
    pub(crate) mark: Option<(WalPosition, usize)>,
    next_number: u64,
}

impl Ledger {
    pub(crate) fn new() -> Ledger {
        Ledger { groups: Vec::new(), acked: 0, mark: None, next_number: 1 }
    }

    /// Makes a log and notes its first mark.
    pub(crate) fn create(&mut self, disk: &CrashDisk) -> Result<WalWriter, WalFault> {
        self.create_as(disk, 1)
    }

    /// Makes a log as a start of this number.
    pub(crate) fn create_as(&mut self, disk: &CrashDisk, start: u64) -> Result<WalWriter, WalFault> {
        let writer = WalWriter::create(home(disk, start))?;
        self.mark = Some((writer.end(), 0));
        Ok(writer)
    }

    /// Writes a group of frames of these sizes; it counts as submitted whatever happens.
    pub(crate) fn write(&mut self, writer: &mut WalWriter, sizes: &[usize]) -> Result<(), WalFault> {
        let mut frames = Vec::new();
        for size in sizes {
            frames.push(frame(self.next_number, *size));
            self.next_number += 1;
        }
        self.groups.push(frames.clone());
        writer.write_group(&frames, WALL)?;
        self.acked = self.groups.len();
        Ok(())
    }

    /// A checkpoint: the state is durable with this mark, then files below it go back to the pool.
    pub(crate) fn checkpoint(&mut self, writer: &mut WalWriter) -> Result<(), WalFault> {
        let mark = writer.synced_end();
        self.mark = Some((mark, self.acked));
        writer.recycle_below(mark)
    }

    /// Starts again: replays, checks, and takes for acknowledged what the replay has returned.
    pub(crate) fn recover(&mut self, disk: &CrashDisk, start: u64) -> Result<WalWriter, Trouble> {
        let (end, found) = self.replay(disk, start)?;
        let before = self.mark.map_or(0, |(_, before)| before);
        self.check(&found, before)?;
        self.groups.truncate(before + count_groups(&self.groups[before..], found.len()));
        self.acked = self.groups.len();
        WalWriter::resume(home(disk, start), end).map_err(Trouble::Fault)
    }

    /// Replays from the mark.
    pub(crate) fn replay(&self, disk: &CrashDisk, start: u64) -> Result<(ReplayEnd, Vec<Frame>), Trouble> {
        let (mark, _) = self.mark.ok_or_else(|| Trouble::Wrong("no mark".to_string()))?;
        let mut found = Vec::new();
        let mut sink = |view: log::wal::FrameView| -> Result<(), ReplayStop> {
            found.push(view.frame);
            Ok(())
        };
        let end = replay(&home(disk, start), mark, &mut sink).map_err(Trouble::Replay)?;
        Ok((end, found))
    }

    /// Checks that the frames are a prefix of the submitted groups that holds every acknowledged one.
    pub(crate) fn check(&self, found: &[Frame], before: usize) -> Result<(), Trouble> {
        let submitted: Vec<&Frame> = self.groups[before..].iter().flatten().collect();
        let acked = self.groups[before..self.acked].iter().flatten().count();
        if found.len() < acked {
            return Err(Trouble::Wrong(format!("{acked} frames acknowledged, {} found", found.len())));
        }
        let is_prefix = found.len() <= submitted.len() && found.iter().zip(&submitted).all(|(a, b)| a == *b);
        let whole = count_frames(&self.groups[before..], count_groups(&self.groups[before..], found.len()));
        if is_prefix && whole == found.len() {
            Ok(())
        } else {
            let changes: Vec<u64> = found.iter().map(|frame| frame.change).collect();
            Err(Trouble::Wrong(format!("{changes:?} is no prefix of {} submitted frames", submitted.len())))
        }
    }
}

fn count_groups(groups: &[Vec<Frame>], frames: usize) -> usize {
    let mut left = frames;
    groups.iter().take_while(|group| left.checked_sub(group.len()).map(|rest| left = rest).is_some()).count()
}

fn count_frames(groups: &[Vec<Frame>], count: usize) -> usize {
    groups[..count].iter().map(Vec::len).sum()
}

/// Why a recovery is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Replay(ReplayError),
    #[error(transparent)]
    Fault(WalFault),
    #[error("{0}")]
    Wrong(String),
}

/// A life that touches everything: groups of one or many frames, vouches, filling, rotation, checkpoints.
pub(crate) fn story(ledger: &mut Ledger, writer: &mut WalWriter, groups: u64) -> Result<(), WalFault> {
    let dice = Dice::new(groups);
    for round in 0..groups {
        match round % 4 {
            0 => ledger.write(writer, &[100, 0, 3000, 17])?,
            1 => ledger.write(writer, &[usize::try_from(dice.below(9000)).unwrap()])?,
            2 => ledger.write(writer, &[1200; 3])?,
            _ => ledger.write(writer, &[40])?,
        }
        if round % 3 == 1 {
            writer.vouch(false, WALL)?;
        }
        if round % 2 == 0 {
            writer.fill_pool_step()?;
        }
        if round % 8 == 7 {
            ledger.checkpoint(writer)?;
        }
    }
    Ok(())
}

/// A life whose groups all take one block, so that left-over groups lie exactly where new ones are expected.
pub(crate) fn small_story(ledger: &mut Ledger, writer: &mut WalWriter, groups: u64) -> Result<(), WalFault> {
    for round in 0..groups {
        ledger.write(writer, &[900])?;
        if round % 2 == 0 {
            writer.vouch(false, WALL)?;
        }
        writer.fill_pool_step()?;
        if round % 6 == 5 {
            ledger.checkpoint(writer)?;
        }
    }
    Ok(())
}

pub(crate) type Story = fn(&mut Ledger, &mut WalWriter, u64) -> Result<(), WalFault>;

/// A story, how many groups it has, and the number of its start.
pub(crate) type Life = (Story, u64, u64);

/// Runs a new directory and a story until the power goes after `cut` operations.
pub(crate) fn run_until(disk: &CrashDisk, (story, groups, start): Life, cut: u64) -> Ledger {
    let mut ledger = Ledger::new();
    disk.cut_after(cut);
    let ended = ledger.create_as(disk, start).and_then(|mut writer| {
        story(&mut ledger, &mut writer, groups)?;
        writer.vouch(true, WALL)
    });
    drop(ended);
    ledger
}

/// Counts the operations of a whole story.
pub(crate) fn count_ops(life: Life) -> u64 {
    let disk = new_disk(0);
    run_until(&disk, life, u64::MAX);
    disk.ops()
}
