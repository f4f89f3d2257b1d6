//! The way back of a directory that exists (W-2, W-3, W-6).
//!
//! 1. Lock and format file are done (open.rs). The state's copies are synced, then read past the page cache.
//! 2. The write-ahead log is synced, read from the state's mark, and applied to the logs of the state: changes up
//!    to a log's cut are skipped, then each must have the next number, unless the log is removed further on: a checkpoint
//!    that ran beside the removal may not have it, and has given back what was before its mark. Nothing has been changed so
//!    far, and damage up to here refuses the directory.
//!    Page-cache logs are scanned from their recovery points (found.rs), which changes nothing either.
//! 3. Segment files are judged against the logs as they are now (judge.rs).
//! 4. The format file's name is made anew; a state copy that lags behind is written anew; the write-ahead log goes on as a new life.
//! 5. What earlier lives left half-done is finished: folders of removed logs, names of compacted segments, temporary and unlisted
//!    files, file cuts.
//!
//! Cut by a power failure anywhere, it runs again and ends the same. Tests: `crates/log/tests/crash_directory.rs`.

use super::format::Format;
use super::found::{self, FoundPages};
use super::open::{OpenError, renew_format, wal_home};
use super::{Directory, DirectoryOptions, Opened, producers};
use crate::cut::LogCut;
use crate::fault::FileFault;
use crate::layout::STATE_FOLDER;
use crate::log::Log;
use crate::replay::ReplayError;
use crate::state::{CopyDamage, Journal, LoadedState, State};
use crate::wal::{
    self, DroppedGroup, Frame, FrameKind, FrameView, QUORUM_KEY, ReplayEnd, ReplayStop, WalPosition,
    WalWriter, replay,
};
use bytes::Bytes;
use env::{DiskLock, Env};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use types::{LogKey, Offset, WallTime};

/// What the quorum has stored: its part of the state, and the frames beyond the state's mark.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QuorumRecovered {
    /// Its part of the last checkpoint, empty if it never gave one.
    pub checkpoint: Bytes,
    /// Its frames in order. The first may be in the checkpoint already: their change numbers tell.
    pub frames: Vec<Frame>,
}

/// A log whose files are not as they were synced. It has to be kept offline; nothing of it was changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("log {key}: {} has {have:?} bytes where {want} were synced", path.display())]
pub struct LogDamage {
    /// The log.
    pub key: LogKey,
    /// The file.
    pub path: PathBuf,
    /// Its length, nothing if it is missing.
    pub have: Option<u64>,
    /// The length that was synced.
    pub want: u64,
}

/// What a start cut off the files of a page-cache log: the first thing there that is no whole batch in its place, and all
/// behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CutPages {
    /// The log.
    pub key: LogKey,
    /// Where the log ends now.
    pub from: Offset,
    /// How much went. *Units*: bytes.
    pub bytes: u64,
}

/// What a recovery found and did; for the start's log lines and for `inspect`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecoveryReport {
    /// Number of the checkpoint it began with.
    pub generation: u64,
    /// Where the replay began.
    pub mark: WalPosition,
    /// The wall clock at that checkpoint.
    pub wall: WallTime,
    /// The latest wall clock that the directory knows of: a start far before or after it is a clock jump.
    pub last_wall: Option<WallTime>,
    /// Logs in the directory.
    pub logs: usize,
    /// Groups replayed.
    pub groups: u64,
    /// Frames replayed.
    pub frames: u64,
    /// Bytes of those groups.
    pub bytes: u64,
    /// Page-cache logs: what they had beyond their recovery points may be missing after a power cut.
    pub page_cache_logs: usize,
    /// Bytes found in the files of page-cache logs beyond their recovery points.
    pub found_bytes: u64,
    /// Page-cache logs of which something in the files beyond their recovery points does not count and was cut off.
    pub cut_pages: Vec<CutPages>,
    /// Groups at the end that were torn or void, with the offsets of their frames as far as they can be read.
    pub dropped: Vec<DroppedGroup>,
    /// A copy of the state that was written anew.
    pub lagging_state: Vec<CopyDamage>,
    /// Whether that copy could not be written for want of space; the next checkpoint does it.
    pub state_not_mended: bool,
    /// Logs whose producers the state did not have, and whether all were found in their files.
    pub producers_rebuilt: Vec<(LogKey, bool)>,
    /// Logs with damaged files.
    pub damaged: Vec<LogDamage>,
    /// Folders with a log's name that no log claims.
    pub unknown_folders: Vec<String>,
    /// Logs whose removal was finished.
    pub removed: Vec<LogKey>,
    /// Files of jobs that never ended, removed or cut.
    pub leftovers: u64,
}

/// One recovery.
pub(super) struct RecoverJob<'a> {
    pub(super) env: &'a Env,
    pub(super) root: &'a Path,
    pub(super) format: Format,
    pub(super) options: &'a DirectoryOptions,
}

/// Logs as the replay builds them.
struct Replay {
    logs: BTreeMap<LogKey, Log>,
    skipped: BTreeSet<LogKey>,
    removed: BTreeMap<LogKey, Option<String>>,
    /// Where changes of a log are missing.
    gaps: BTreeMap<LogKey, (WalPosition, ReplayError)>,
    quorum: Vec<Frame>,
}

impl RecoverJob<'_> {
    pub(super) fn run(&self, lock: Box<dyn DiskLock>) -> Result<Opened, OpenError> {
        let disk = self.env.disk.clone();
        let loaded = Journal::load(disk, self.root, self.format.directory_id)?;
        let LoadedState { journal, state, lagging } = loaded;
        let (mark, checkpoint) = (state.mark, state.quorum.clone());
        let mut report = RecoveryReport {
            generation: state.generation,
            mark,
            wall: state.wall,
            lagging_state: lagging,
            ..RecoveryReport::default()
        };
        let mut replayed = Replay {
            logs: self.logs_of(&state, &mut report)?,
            skipped: state.removed,
            removed: BTreeMap::new(),
            gaps: BTreeMap::new(),
            quorum: Vec::new(),
        };
        let home = wal_home(self.env, self.root, &self.format, self.options);
        let end = replay(&home, mark, &mut |view| replayed.take(&view))?;
        replayed.refuse_gaps()?;
        describe(&mut report, &end);
        replayed.logs.values_mut().for_each(Log::recovered);
        let found = self.scan_pages(&mut replayed.logs, &mut report)?;

        let mut directory =
            Directory::assemble(self.env, self.root, self.format, (journal, self.options), lock);
        directory.mark = mark;
        directory.removed_before = replayed.skipped.iter().copied().collect();
        let excess = directory.judge(&replayed.logs, &mut report)?;
        let damaged: BTreeSet<LogKey> = report.damaged.iter().map(|damage| damage.key).collect();
        report.cut_pages.retain(|cut| !damaged.contains(&cut.key));
        renew_format(&*self.env.disk, self.root, &self.format)?;
        directory.mend_state(&mut report)?;
        let wal = WalWriter::resume(home, end)?;
        directory.finish_removals(&replayed.removed, &mut report)?;
        directory.cut_excess(&excess)?;
        directory.finish_swaps(&mut replayed.logs, &damaged)?;
        report.leftovers += excess.len() as u64;
        directory.renew_all(&found, &report)?;
        directory.finish_leftovers(&replayed.logs, &mut report)?;
        directory.finish_cuts(&mut replayed.logs, self.env.clock.now().wall, &mut report)?;
        report.logs = replayed.logs.len();
        let quorum = QuorumRecovered { checkpoint, frames: replayed.quorum };
        let logs = replayed.logs.into_values().collect();
        Ok(Opened { directory, format: self.format, logs, quorum, wal, report, is_new: false })
    }

    fn scan_pages(
        &self,
        logs: &mut BTreeMap<LogKey, Log>,
        report: &mut RecoveryReport,
    ) -> Result<Vec<FoundPages>, FileFault> {
        let mut all = Vec::new();
        for log in logs.values_mut().filter(|log| log.is_page_cache()) {
            report.page_cache_logs += 1;
            let found = found::scan(&*self.env.disk, self.root, log, self.now(report))?;
            report.found_bytes += found.pages.as_ref().map_or(0, FoundPages::bytes);
            report.cut_pages.extend(found.cut);
            all.extend(found.pages);
        }
        Ok(all)
    }

    /// Returns the time at which found batches count as appended: a clock that was set back must not make them old.
    fn now(&self, report: &RecoveryReport) -> WallTime {
        let now = self.env.clock.now().wall;
        report.last_wall.map_or(report.wall, |last| last.max(report.wall)).max(now)
    }

    fn logs_of(
        &self,
        state: &State,
        report: &mut RecoveryReport,
    ) -> Result<BTreeMap<LogKey, Log>, OpenError> {
        let mut logs = BTreeMap::new();
        for (key, bytes) in &state.cuts {
            let damage =
                |reason: String| OpenError::Cut { path: self.root.join(STATE_FOLDER), key: *key, reason };
            let mut cut = LogCut::decode(bytes.clone()).map_err(|error| damage(error.to_string()))?;
            if cut.key != *key {
                return Err(damage(format!("it names log {}", cut.key)));
            }
            let fits = cut.producers_fit();
            if !fits {
                (cut.producers, cut.undo) = (Vec::new(), Vec::new());
            }
            let mut log = Log::from_cut(cut);
            if !fits {
                let now = self.now(report);
                report.producers_rebuilt.push((*key, self.rebuild_producers(&mut log, now)?));
            }
            logs.insert(*key, log);
        }
        Ok(logs)
    }
}

impl RecoverJob<'_> {
    /// Makes the producers of a log anew whose state has none that can be right; says whether all were found. If
    /// not, the log is marked (W-9). What cannot be read at this moment is not lost: then the start is refused, before
    /// a state without them is written.
    fn rebuild_producers(&self, log: &mut Log, now: WallTime) -> Result<bool, FileFault> {
        let is_complete = match producers::rebuild(&*self.env.disk, self.root, log, now) {
            Ok(rebuilt) => {
                log.producers = rebuilt.producers;
                rebuilt.is_complete
            }
            Err(fault) if fault.is_damage() => false,
            Err(fault) => return Err(fault),
        };
        if !is_complete {
            log.mark_producers_lost();
        }
        Ok(is_complete)
    }
}

fn describe(report: &mut RecoveryReport, end: &ReplayEnd) {
    report.groups = end.groups;
    report.frames = end.frames;
    report.bytes = end.bytes;
    report.dropped = end.dropped.clone();
    report.last_wall = Some(end.last_wall.map_or(report.wall, |last| last.max(report.wall)));
}

/// A frame that does not fit its log.
#[derive(Debug, thiserror::Error)]
#[error("log {key}: {source}")]
struct Misfit {
    key: LogKey,
    source: ReplayError,
}

impl Replay {
    fn take(&mut self, view: &FrameView) -> Result<(), ReplayStop> {
        let frame = &view.frame;
        if frame.key == QUORUM_KEY {
            self.quorum.push(frame.clone());
            return Ok(());
        }
        if self.skipped.contains(&frame.key) {
            return Ok(());
        }
        if frame.kind == FrameKind::Removed {
            self.remove(frame.key);
            return Ok(());
        }
        if self.gaps.contains_key(&frame.key) {
            return Ok(());
        }
        let log = self.logs.entry(frame.key).or_insert_with(|| Log::new(frame.key));
        match log.replay(frame, view.wall) {
            Ok(_) => Ok(()),
            Err(gap @ ReplayError::Gap { .. }) => {
                self.gaps.insert(frame.key, (view.group, gap));
                Ok(())
            }
            Err(source) => Err(ReplayStop(Box::new(Misfit { key: frame.key, source }))),
        }
    }

    /// A log ends here, whatever is known of it.
    fn remove(&mut self, key: LogKey) {
        self.gaps.remove(&key);
        let gone = self.logs.remove(&key);
        let folder = gone.and_then(|log| log.folder().map(str::to_owned));
        self.removed.insert(key, folder);
        self.skipped.insert(key);
    }

    /// Refuses what is missing of logs that are not removed.
    fn refuse_gaps(&mut self) -> Result<(), wal::ReplayError> {
        let Some((key, (place, source))) = self.gaps.pop_first() else { return Ok(()) };
        let path = format!("WAL file {}", place.file).into();
        let source = ReplayStop(Box::new(Misfit { key, source }));
        Err(wal::ReplayError::Stopped { path, at: place.offset, source })
    }
}

impl Directory {
    /// Writes a copy of the state that lags behind, before anything that it would need is recycled.
    fn mend_state(&mut self, report: &mut RecoveryReport) -> Result<(), FileFault> {
        match self.journal.mend() {
            Err(fault) if fault.is_full() => {
                report.state_not_mended = true;
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Makes safe what was found in the files of page-cache logs, but for damaged ones.
    fn renew_all(&mut self, found: &[FoundPages], report: &RecoveryReport) -> Result<(), FileFault> {
        let damaged = |found: &FoundPages| report.damaged.iter().any(|damage| damage.key == found.key);
        found.iter().filter(|found| !damaged(found)).try_for_each(|found| self.renew(found))
    }

    fn finish_removals(
        &mut self,
        removed: &BTreeMap<LogKey, Option<String>>,
        report: &mut RecoveryReport,
    ) -> Result<(), FileFault> {
        self.removed_before.retain(|key| !removed.contains_key(key));
        for (key, folder) in removed {
            let folder = match folder {
                Some(folder) => Some(folder.clone()),
                None => self.unclaimed_folder(*key)?,
            };
            self.remove_now(*key, folder.as_deref())?;
            report.removed.push(*key);
        }
        Ok(())
    }
}
