//! Folders and segment files at a start: judged after the replay, never before; then put in order.
//!
//! A file that is missing or short is damage of its log. A file that is longer than the log believes, or that the log
//! does not list, was left by a job that never ended: it is cut or removed. Tests: `crates/log/tests/crash_directory.rs`.

use super::producers::{is_producers_aside, producer_files};
use super::recover::{LogDamage, RecoveryReport};
use super::{Directory, kafka};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::live_path;
use crate::layout::{
    DELETE_ENDING, DELETED_ENDING, NEW_ENDING, SWAP_ENDING, SegmentFile, is_log_folder, parse_segment_name,
};
use crate::log::Log;
use crate::segments::SegmentMeta;
use env::OpenMode;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use types::{LogKey, Offset, WallTime};

impl Directory {
    /// Learns which folders there are and whose, and compares the files with the logs. A folder that carries another
    /// topic's id is not this log's, whatever its name. Changes nothing on disk. Returns
    /// the files that are too long, with the length that is believed.
    pub(super) fn judge(
        &mut self,
        logs: &BTreeMap<LogKey, Log>,
        report: &mut RecoveryReport,
    ) -> Result<Vec<(PathBuf, u64)>, FileFault> {
        let root = self.root.clone();
        let mut excess = Vec::new();
        for entry in self.disk.list(&root).or_fault(&root, FileAction::Read)? {
            if entry.is_dir && is_log_folder(&entry.name) {
                self.folders.insert(entry.name, None);
            }
        }
        for log in logs.values() {
            let Some(folder) = log.folder() else { continue };
            let is_own = !self.is_namesakes(folder, log.key())?;
            if is_own {
                self.registry().set_folder(log.key(), folder);
                if let Some(owner) = self.folders.get_mut(folder).filter(|_| !log.segments().is_empty()) {
                    *owner = Some(log.key());
                }
            }
            let counts = |segment: &&SegmentMeta| {
                segment.next > log.log_start() || segment.uncut && log.is_page_cache()
            };
            for segment in log.segments().iter().filter(counts) {
                let path = live_path(&*self.disk, &self.root.join(folder), segment, SegmentFile::Log)?;
                let have = if is_own { self.size_of(&path)? } else { None };
                match have {
                    // A scan has not found its end.
                    Some(_) if segment.uncut && log.is_page_cache() => {
                        let want = have.map_or(segment.bytes, |have| have + 1);
                        report.damaged.push(LogDamage { key: log.key(), path, have, want });
                    }
                    Some(have) if have == segment.bytes || segment.uncut => {}
                    Some(have) if have > segment.bytes => excess.push((path, segment.bytes)),
                    _ => report.damaged.push(LogDamage { key: log.key(), path, have, want: segment.bytes }),
                }
            }
        }
        Ok(excess)
    }

    /// Says whether the folder of a log's name carries another topic's id.
    fn is_namesakes(&self, folder: &str, key: LogKey) -> Result<bool, FileFault> {
        if !self.folders.contains_key(folder) {
            return Ok(false);
        }
        let id = kafka::read_metadata(&*self.disk, &self.root.join(folder))?;
        Ok(id.is_some_and(|id| id != key.topic_id))
    }

    fn size_of(&self, path: &Path) -> Result<Option<u64>, FileFault> {
        match self.disk.open(path, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => {
                let file = file.or_fault(path, FileAction::Open)?;
                file.size().map(Some).or_fault(path, FileAction::Read)
            }
        }
    }

    /// Returns the folder that no log claims and that carries the topic id of this one.
    pub(super) fn unclaimed_folder(&self, key: LogKey) -> Result<Option<String>, FileFault> {
        let ending = format!("-{}", key.partition);
        let unclaimed =
            self.folders.iter().filter(|(name, owner)| owner.is_none() && name.ends_with(&ending));
        for (name, _) in unclaimed {
            if kafka::read_metadata(&*self.disk, &self.root.join(name))? == Some(key.topic_id) {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// Removes what earlier lives have begun and not ended.
    pub(super) fn finish_leftovers(
        &mut self,
        logs: &BTreeMap<LogKey, Log>,
        report: &mut RecoveryReport,
    ) -> Result<(), FileFault> {
        let root = self.root.clone();
        for entry in self.disk.list(&root).or_fault(&root, FileAction::Read)? {
            if entry.is_dir && (entry.name.ends_with(DELETE_ENDING) || entry.name.ends_with(NEW_ENDING)) {
                let path = root.join(entry.name);
                if !self.garbage.holds(&path) {
                    self.garbage.push(path);
                    report.leftovers += 1;
                }
            }
        }
        let damaged: BTreeSet<LogKey> = report.damaged.iter().map(|damage| damage.key).collect();
        for log in logs.values().filter(|log| !damaged.contains(&log.key())) {
            if let Some(folder) = self.folder_of(log.key())
                && !log.segments().is_empty()
            {
                report.leftovers += self.tidy(&folder, log)?;
            }
        }
        for (folder, owner) in &self.folders {
            let claimed = owner.is_some() || logs.values().any(|log| log.folder() == Some(folder.as_str()));
            if !claimed && !self.is_of(folder, logs)? {
                report.unknown_folders.push(folder.clone());
            }
        }
        Ok(())
    }

    /// Says whether a folder that the state does not name is that of a log which the write-ahead log brought.
    fn is_of(&self, folder: &str, logs: &BTreeMap<LogKey, Log>) -> Result<bool, FileFault> {
        let id = kafka::read_metadata(&*self.disk, &self.root.join(folder))?;
        let partition = folder.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok());
        Ok(id.zip(partition).is_some_and(|(topic_id, partition)| {
            logs.contains_key(&LogKey { topic_id, partition: types::PartitionId(partition) })
        }))
    }

    /// Puts one log's folder in order; returns how many files were left over.
    fn tidy(&mut self, folder: &Path, log: &Log) -> Result<u64, FileFault> {
        let segments: BTreeSet<Offset> = log.segments().iter().map(|segment| segment.base).collect();
        let end = log.segments().last().map(|last| last.next);
        // Producer state above what the state names was written by a checkpoint that never ended, or was truncated away.
        let mut leftovers = self.drop_producers_above(folder, end.unwrap_or(Offset::ZERO))?;
        let producers = producer_files(&*self.disk, folder)?;
        for entry in self.disk.list(folder).or_fault(folder, FileAction::Read)? {
            let path = folder.join(&entry.name);
            let stays = match parse_segment_name(&entry.name) {
                Some((offset, SegmentFile::Snapshot)) => producers.contains(&offset),
                Some((base, _)) => segments.contains(&base),
                // What a state names has its own name by now.
                None => !is_producers_aside(&entry.name) && !entry.name.ends_with(SWAP_ENDING),
            };
            if !stays {
                // Renamed, not just queued: a segment of this name may be made before the queue is swept.
                let gone = folder.join(format!("{}{DELETED_ENDING}", entry.name));
                self.disk.rename(&path, &gone).or_fault(&path, FileAction::Rename)?;
                self.unsynced.insert(folder.to_path_buf());
                self.garbage.push(gone);
                leftovers += 1;
            } else if entry.name.ends_with(DELETED_ENDING) {
                self.garbage.push(path);
                leftovers += 1;
            }
        }
        Ok(leftovers)
    }

    /// Cuts off what was written to files and never named by a state. It need not be safe: it would be cut again.
    pub(super) fn cut_excess(&self, excess: &[(PathBuf, u64)]) -> Result<(), FileFault> {
        for (path, bytes) in excess {
            let file = self.disk.open(path, OpenMode::Write).or_fault(path, FileAction::Open)?;
            file.set_size(*bytes).or_fault(path, FileAction::Write)?;
        }
        Ok(())
    }

    /// Cuts the files of truncated logs. One that cannot be cut is damage of its log.
    pub(super) fn finish_cuts(
        &mut self,
        logs: &mut BTreeMap<LogKey, Log>,
        now: WallTime,
        report: &mut RecoveryReport,
    ) -> Result<(), FileFault> {
        for log in logs.values_mut() {
            if report.damaged.iter().any(|damage| damage.key == log.key()) {
                continue;
            }
            for cut in log.take_file_cuts() {
                match self.cut_file(&cut, now) {
                    Ok(segment) => log.file_cut(&cut, segment),
                    Err(FileFault::Damaged { path, position }) => {
                        self.failed = false;
                        let (key, have) = (cut.key, Some(position));
                        report.damaged.push(LogDamage { key, path, have, want: position + 1 });
                    }
                    Err(fault) if fault.is_full() => {}
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(())
    }
}
