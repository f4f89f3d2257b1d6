//! Checkpoints, in the order of W-6.
//!
//! 1. The caller has every change up to the cuts durable in the write-ahead log.
//! 2. Folders of removed logs are renamed away; segment bytes are written at their places and synced, file by file.
//!    Where a segment was rolled, the producer state is written beside it (producers.rs).
//! 3. Folders in which names have changed are synced, the logs' first, the directory itself last.
//! 4. The state record is appended to the first copy and synced, then to the second.
//! 5. The caller gives write-ahead files below the mark back.
//!
//! With no room, nothing of 4 has happened in a way that matters: the same checkpoint, or a later one, may be
//! tried. Tests: `crates/log/tests/crash_directory.rs`.

use super::{Directory, kafka};
use crate::cut::LogCut;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{SegmentPlace, write_segment};
use crate::segments::{Placement, SegmentId};
use crate::state::StateChange;
use crate::wal::WalPosition;
use bytes::Bytes;
use std::path::Path;
use types::{LogKey, WallTime};

/// What a checkpoint makes safe.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Where the next replay begins. *Invariant*: every frame before it is in the cuts, or in those of before.
    pub mark: WalPosition,
    /// The wall clock now.
    pub wall: WallTime,
    /// The logs that changed. *Invariant*: their changes are durable in the write-ahead log.
    pub cuts: Vec<LogCut>,
    /// What goes into segments, for the same logs.
    pub placements: Vec<Placement>,
    /// Logs whose `Removed` frame is durable. Those of [`Directory::remove_log`] are known already.
    pub removed: Vec<LogKey>,
    /// The quorum's own part; nothing leaves it as it was.
    pub quorum: Option<Bytes>,
}

impl Directory {
    /// Writes and syncs what a log adds to its segments; makes the folder where needed. A checkpoint makes the rest
    /// safe. Placing the same again is allowed until then.
    ///
    /// # Errors
    /// No room: the file is cut back, the rest of the placement was not written. Else final.
    pub fn place(&mut self, placement: &Placement) -> Result<(), FileFault> {
        check_folder(placement)?;
        self.job(|directory| directory.place_now(placement))
    }

    /// Runs a checkpoint; returns its number once all of it is safe in both copies of the state.
    ///
    /// # Errors
    /// No room: what was written is cut off again by the next attempt, write-ahead files must be kept. Else final.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<u64, FileFault> {
        checkpoint.placements.iter().try_for_each(check_folder)?;
        self.job(|directory| {
            match directory.discard_waiting() {
                Err(fault) if fault.is_full() => {}
                outcome => outcome?,
            }
            for key in &checkpoint.removed {
                directory.remove_now(*key, None)?;
            }
            for placement in &checkpoint.placements {
                directory.place_now(placement)?;
            }
            directory.write_epoch_files(checkpoint)?;
            let written = directory.write_rest(checkpoint);
            match &written {
                Ok(_) => {
                    directory.drop_old_producer_files(checkpoint)?;
                    directory.drop_unnamed_segments(checkpoint)?;
                }
                Err(_) => directory.take_back_producer_files(checkpoint)?,
            }
            written
        })
    }

    /// What goes with the state, and the state.
    fn write_rest(&mut self, checkpoint: &Checkpoint) -> Result<u64, FileFault> {
        self.write_producer_files(checkpoint)?;
        self.sync_folders()?;
        self.write_state(checkpoint)
    }

    fn place_now(&mut self, placement: &Placement) -> Result<(), FileFault> {
        let Placement { key, folder: Some(folder), writes, files_producers } = placement else {
            return Ok(());
        };
        if placement.is_empty() || self.is_removed(*key) {
            return Ok(());
        }
        let folder = self.own_folder(*key, folder)?;
        for write in writes {
            let place = SegmentPlace { disk: &*self.disk, folder: &folder, base: write.base };
            let first = self.extended.get(key) != Some(&write.base);
            if write.at == 0 {
                self.made.entry(*key).or_default().insert(write.base);
            }
            if write_segment(place, write, first)? || !write.aborted.is_empty() {
                self.unsynced.insert(folder.clone());
            }
            self.extended.insert(*key, write.base);
        }
        if *files_producers || writes.iter().any(|write| write.roll) {
            self.rolled.insert(*key);
        }
        Ok(())
    }

    /// Lets go of segments that a checkpoint has made which was given up, and that the state now goes without: the log start
    /// has passed them meanwhile. Without room for that, the next checkpoint of their log does it.
    fn drop_unnamed_segments(&mut self, checkpoint: &Checkpoint) -> Result<(), FileFault> {
        for cut in &checkpoint.cuts {
            let Some(mut made) = self.made.remove(&cut.key) else { continue };
            made.retain(|base| cut.segments.iter().all(|named| named.base != *base));
            let segments: Vec<SegmentId> = made.iter().copied().collect();
            if segments.is_empty() {
                continue;
            }
            self.extended.remove(&cut.key);
            match self.delete_segments(cut.key, &segments) {
                Err(fault) if fault.is_full() => _ = self.made.insert(cut.key, made),
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Says whether a log is gone, so that a late job for it has nothing to do.
    pub(super) fn is_removed(&self, key: LogKey) -> bool {
        self.removed.contains(&key) || self.removed_before.contains(&key)
    }

    fn write_epoch_files(&mut self, checkpoint: &Checkpoint) -> Result<(), FileFault> {
        for cut in &checkpoint.cuts {
            let written = (cut.epochs.len(), cut.epochs.last().copied());
            let folder =
                self.registry().folder(cut.key).filter(|folder| self.folders.contains_key(&**folder));
            let Some(folder) = folder.filter(|_| self.epochs_written.get(&cut.key) != Some(&written)) else {
                continue;
            };
            kafka::write_epochs(&*self.disk, &self.root.join(&*folder), &cut.epochs)?;
            self.epochs_written.insert(cut.key, written);
        }
        Ok(())
    }

    /// Makes changed names safe: those within the logs' folders, then those of the folders.
    pub(super) fn sync_folders(&mut self) -> Result<(), FileFault> {
        let root = self.root.clone();
        let folders: Vec<_> = self.unsynced.iter().filter(|path| **path != root).cloned().collect();
        for folder in folders {
            self.sync_folder(&folder)?;
        }
        match self.unsynced.contains(&root) {
            true => self.sync_folder(&root),
            false => Ok(()),
        }
    }

    pub(super) fn sync_folder(&mut self, folder: &Path) -> Result<(), FileFault> {
        self.disk.sync_dir(folder).or_fault(folder, FileAction::Sync)?;
        self.unsynced.remove(folder);
        Ok(())
    }

    /// Writes the record. As long as the mark stays where it was, the frames of what went before may still lie beyond it.
    fn write_state(&mut self, checkpoint: &Checkpoint) -> Result<u64, FileFault> {
        let mut removed = self.removed.clone();
        if checkpoint.mark.seq <= self.mark.seq {
            removed.extend(&self.removed_before);
        }
        let cuts = checkpoint.cuts.iter().filter(|cut| !self.is_removed(cut.key));
        let change = StateChange {
            mark: checkpoint.mark,
            wall: checkpoint.wall,
            quorum: checkpoint.quorum.clone(),
            cuts: cuts.map(|cut| (cut.key, encoded(cut))).collect(),
            removed,
        };
        let generation = self.journal.append(&change)?;
        self.mark = checkpoint.mark;
        self.removed.clear();
        self.removed_before = change.removed;
        Ok(generation)
    }
}

fn encoded(cut: &LogCut) -> Bytes {
    let mut bytes = Vec::new();
    cut.encode(&mut bytes);
    Bytes::from(bytes)
}

fn check_folder(placement: &Placement) -> Result<(), FileFault> {
    match placement.folder.is_none() && !placement.is_empty() {
        true => Err(FileFault::NoFolder(placement.key)),
        false => Ok(()),
    }
}
