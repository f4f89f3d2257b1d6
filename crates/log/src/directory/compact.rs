//! Compaction of one log, step by step: two passes over its sealed segments, new files beside the old ones, and their swap.
//!
//! 1. The first pass reads the dirty part and gathers the latest offset of each key (`compact/mapper.rs`).
//! 2. The second reads all and writes `<base>.log.swap`, `.index.swap`, `.timeindex.swap` and `.txnindex.swap` for each group of segments that
//!    becomes one (`compact/filter.rs`), synced on the way and at the end. Nothing names them yet.
//! 3. The caller gives each [`Replacement`] to the log, whose next checkpoint's state names it, with a flag.
//! 4. [`Directory::swap_segments`] renames them over the old files and syncs the folder; the next state has no flag.
//!
//! A power cut before the state of 3 leaves the old segments, and files that the next start removes; after it the start renames
//! what is left to be renamed. Every batch is checked as a reader checks it before it counts; damage ends the compaction
//! and changes nothing. With no room it ends too, and is tried again later. A step reads about as many bytes as it is told.
//! Tests: `crates/log/tests/crash_directory/compaction.rs`.

mod output;
mod pass;

use super::Directory;
use super::producers::producer_files;
use crate::compact::{CompactPlan, Filter, FilterStats, KeyMap, Mapper};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::layout::{SWAP_FILES, segment_name, swap_name};
use crate::log::{Log, Replacement};
use crate::segments::SegmentId;
use env::Disk;
use output::Output;
use pass::Pass;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use types::{LogKey, Offset};
use wire::record::HeaderError;

/// Memory for the keys of one compaction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CompactLimits {
    /// `log.cleaner.dedupe.buffer.size`. *Units*: bytes.
    pub map_bytes: u64,
    /// `log.cleaner.io.buffer.load.factor`.
    pub load: f64,
    /// Drawn for this compaction.
    pub secret: [u8; 16],
}

/// A compaction under way.
pub struct Compaction {
    plan: CompactPlan,
    folder: PathBuf,
    pass: Pass,
    phase: Phase,
}

enum Phase {
    Mapping(Box<Mapper>),
    Writing(Box<Writing>),
    Ended,
}

/// The second pass.
struct Writing {
    filter: Filter,
    /// Groups of segments that are still to be written, the next one last.
    groups: Vec<Range<usize>>,
    current: Option<Output>,
    utilization: f64,
}

/// What a step has done.
#[derive(Debug)]
pub enum CompactStep {
    /// So many bytes were read and written.
    More(u64),
    /// A segment is made and synced: the log takes it.
    Made(Box<Replacement>),
    /// All is made.
    Ended(CompactEnd),
    /// It has ended before its time; what it had made and not handed out is gone. The reason, in a sentence.
    GivenUp(String),
}

/// How a compaction ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CompactEnd {
    /// First offset that it has not seen.
    pub cleaned: Offset,
    /// What it has read and left.
    pub stats: FilterStats,
    /// How full the map was, from 0 to 1.
    pub map_utilization: f64,
}

/// Why a compaction does not go on, if not for the disk's failure.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is damaged at byte {position}", path.display())]
    Damaged { path: PathBuf, position: u64 },
    #[error("the memory for keys cannot hold those of one batch; see log.cleaner.dedupe.buffer.size")]
    NoRoomForKeys,
    #[error(transparent)]
    Made(#[from] HeaderError),
    #[error(transparent)]
    File(#[from] FileFault),
}

impl std::fmt::Debug for Compaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compaction").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Compaction {
    /// Returns which log it is of.
    pub fn key(&self) -> LogKey {
        self.plan.key
    }

    /// Returns the bytes of the segments that it reads in its second pass.
    pub fn bytes(&self) -> u64 {
        self.plan.segments.iter().map(|segment| segment.bytes).sum()
    }
}

impl Directory {
    /// Begins a compaction; nothing if the log is gone, or if nothing can be compacted yet for the sake of its producers: what
    /// lies above their newest settled file may be needed to make them anew (W-9). Nor while a transaction index is not what it
    /// should be: the reader notes it.
    ///
    /// # Errors
    /// As every job.
    pub fn begin_compaction(
        &mut self,
        mut plan: CompactPlan,
        limits: &CompactLimits,
    ) -> Result<Option<Compaction>, FileFault> {
        self.job(|directory| {
            let Some(folder) = directory.folder_of(plan.key) else { return Ok(None) };
            if !plan.filter.last_batches.is_empty() {
                let settled = producer_files(&*directory.disk, &folder)?.into_iter();
                let newest = settled.filter(|offset| *offset <= plan.high_watermark).max();
                plan.limit(newest.unwrap_or(Offset::ZERO));
            }
            if plan.is_empty() {
                return Ok(None);
            }
            let until = plan.segments.last().map_or(plan.from, |last| last.next);
            let aborted = directory.reader.aborted(plan.key, &plan.aborted, (plan.log_start, until));
            let Ok(aborted) = aborted else { return Ok(None) };
            plan.filter.aborted = aborted;
            let keys = KeyMap::new(limits.secret, plan.most_keys(), limits.map_bytes, limits.load);
            let cap = plan.filter.max_decompressed_bytes;
            let mapper = Mapper::new(keys, plan.from, &plan.filter.aborted, cap);
            let first = plan.segments.len() - plan.dirty().len();
            let pass = Pass::new(first..plan.segments.len());
            Ok(Some(Compaction { plan, folder, pass, phase: Phase::Mapping(Box::new(mapper)) }))
        })
    }

    /// Goes on with a compaction for about so many bytes.
    ///
    /// # Errors
    /// A file could not be synced, or written for another reason than want of room: final.
    pub fn step_compaction(
        &mut self,
        compaction: &mut Compaction,
        budget: u64,
    ) -> Result<CompactStep, FileFault> {
        self.job(|directory| {
            if directory.folder_of(compaction.plan.key).as_ref() != Some(&compaction.folder) {
                return Ok(CompactStep::GivenUp("the log is gone".to_owned()));
            }
            let disk = directory.disk.clone();
            match compaction.step(&*disk, budget) {
                Ok(step) => {
                    if matches!(step, CompactStep::Made(_)) {
                        directory.unsynced.insert(compaction.folder.clone());
                    }
                    Ok(step)
                }
                Err(Stop::File(fault)) if !fault.is_full() => Err(fault),
                Err(stop) => {
                    compaction.clear(&*disk)?;
                    Ok(CompactStep::GivenUp(stop.to_string()))
                }
            }
        })
    }

    /// Ends a compaction whose result nobody takes.
    ///
    /// # Errors
    /// As every job.
    pub fn abandon_compaction(&mut self, compaction: &mut Compaction) -> Result<(), FileFault> {
        self.job(|directory| match directory.folder_of(compaction.plan.key) {
            Some(folder) if folder == compaction.folder => compaction.clear(&*directory.disk),
            _ => Ok(()),
        })
    }

    /// Gives the files of compacted segments their names, in place of the old ones, and makes that safe. *Invariant*: the last
    /// state names them.
    ///
    /// # Errors
    /// As every job.
    pub fn swap_segments(&mut self, key: LogKey, bases: &[SegmentId]) -> Result<(), FileFault> {
        self.job(|directory| {
            let Some(folder) = directory.folder_of(key) else { return Ok(()) };
            directory.registry().touch(key);
            let outcome = directory.swap_now(&folder, bases);
            directory.registry().touch(key);
            outcome
        })
    }

    /// Removes files of compacted segments that no state will name.
    ///
    /// # Errors
    /// As every job.
    pub fn drop_swaps(&mut self, key: LogKey, bases: &[SegmentId]) -> Result<(), FileFault> {
        self.job(|directory| match directory.folder_of(key) {
            Some(folder) => bases.iter().try_for_each(|base| remove_swap(&*directory.disk, &folder, *base)),
            None => Ok(()),
        })
    }

    fn swap_now(&mut self, folder: &Path, bases: &[SegmentId]) -> Result<(), FileFault> {
        for (base, file) in bases.iter().flat_map(|base| SWAP_FILES.map(|file| (*base, file))) {
            let (from, to) = (folder.join(swap_name(base, file)), folder.join(segment_name(base, file)));
            match self.disk.rename(&from, &to) {
                // It has its name already.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome.or_fault(&from, FileAction::Rename)?,
            }
        }
        self.sync_folder(folder)
    }

    /// Ends the swaps that an earlier life began, but for damaged logs.
    pub(super) fn finish_swaps(
        &mut self,
        logs: &mut BTreeMap<LogKey, Log>,
        damaged: &BTreeSet<LogKey>,
    ) -> Result<(), FileFault> {
        for (key, log) in logs.iter_mut().filter(|(key, _)| !damaged.contains(key)) {
            let flagged = log.segments().iter().filter(|segment| segment.swap);
            let bases: Vec<SegmentId> = flagged.map(|segment| segment.base).collect();
            if bases.is_empty() {
                continue;
            }
            if let Some(folder) = self.folder_of(*key) {
                self.swap_now(&folder, &bases)?;
            }
            log.swapped(&bases);
        }
        Ok(())
    }
}

fn remove_swap(disk: &dyn Disk, folder: &Path, base: SegmentId) -> Result<(), FileFault> {
    for file in SWAP_FILES {
        let path = folder.join(swap_name(base, file));
        match disk.remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome.or_fault(&path, FileAction::Rename)?,
        }
    }
    Ok(())
}

impl Compaction {
    fn step(&mut self, disk: &dyn Disk, budget: u64) -> Result<CompactStep, Stop> {
        let before = self.pass.bytes;
        while self.pass.bytes - before < budget {
            let step = match std::mem::replace(&mut self.phase, Phase::Ended) {
                Phase::Mapping(mapper) => self.map(disk, mapper)?,
                Phase::Writing(writing) => self.write(disk, writing)?,
                Phase::Ended => Some(CompactStep::GivenUp("it has ended".to_owned())),
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
        Ok(CompactStep::More(self.pass.bytes - before))
    }

    /// Takes one batch into the map, or goes over to the second pass.
    fn map(&mut self, disk: &dyn Disk, mut mapper: Box<Mapper>) -> Result<Option<CompactStep>, Stop> {
        let next = self.pass.next(disk, &self.folder, &self.plan)?;
        if next.is_some_and(|batch| mapper.take(&batch)) {
            self.phase = Phase::Mapping(mapper);
            return Ok(None);
        }
        if mapper.end() <= self.plan.from {
            return Err(Stop::NoRoomForKeys);
        }
        let mut groups = self.plan.groups(mapper.end());
        groups.reverse();
        let utilization = mapper.keys().utilization();
        let filter = Filter::new(*mapper, self.plan.filter.clone());
        self.phase = Phase::Writing(Box::new(Writing { filter, groups, current: None, utilization }));
        Ok(None)
    }

    /// Writes what becomes of one batch; begins and ends the groups.
    fn write(&mut self, disk: &dyn Disk, mut writing: Box<Writing>) -> Result<Option<CompactStep>, Stop> {
        let step = self.write_on(disk, &mut writing);
        if !matches!(step, Ok(Some(CompactStep::Ended(_)))) {
            // Kept after a failure too: what is under way has files.
            self.phase = Phase::Writing(writing);
        }
        step
    }

    fn write_on(&mut self, disk: &dyn Disk, writing: &mut Writing) -> Result<Option<CompactStep>, Stop> {
        let Some(output) = &mut writing.current else {
            let Some(group) = writing.groups.pop() else {
                let (cleaned, stats) = (writing.filter.cleaned_to(), writing.filter.stats());
                let map_utilization = writing.utilization;
                return Ok(Some(CompactStep::Ended(CompactEnd { cleaned, stats, map_utilization })));
            };
            self.pass.begin(group.clone());
            let base = self.plan.segments.get(group.start).map_or(Offset::ZERO, |first| first.base);
            writing.current = Some(Output::new(disk, &self.folder, base, group, &writing.filter)?);
            return Ok(None);
        };
        let interval = self.plan.place.index_interval_bytes;
        if let Some(batch) = self.pass.next(disk, &self.folder, &self.plan)? {
            let appended = self.pass.appended(&self.plan);
            writing.filter.take(&batch, &mut output.waiting)?;
            output.take_waiting(interval, appended)?;
            return Ok(None);
        }
        writing.filter.end_segment(&mut output.waiting)?;
        output.take_waiting(interval, self.pass.appended(&self.plan))?;
        let (group, changed, marks) = (output.group.clone(), output.changed_before, output.marks_before);
        let old = self.plan.segments.get(group).unwrap_or_default().to_vec();
        let is_same = writing.filter.stats().batches_changed == changed
            && old.len() == 1
            && old.first().is_some_and(|old| old.bytes == output.meta.bytes);
        if is_same {
            remove_swap(disk, &self.folder, output.meta.base)?;
            writing.current = None;
            return Ok(None);
        }
        let kept = writing.filter.kept().get(output.kept_before..).unwrap_or_default();
        let had_index = old.iter().any(|segment| segment.txn_index.is_some());
        let new = output.end(disk, &self.folder, (kept, had_index))?;
        writing.current = None;
        let gone_marks = writing.filter.gone_marks().get(marks..).unwrap_or_default().to_vec();
        Ok(Some(CompactStep::Made(Box::new(Replacement { key: self.plan.key, old, new, gone_marks }))))
    }

    /// Removes the files that are under way.
    fn clear(&mut self, disk: &dyn Disk) -> Result<(), FileFault> {
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Writing(writing) => match writing.current {
                Some(output) => remove_swap(disk, &self.folder, output.meta.base),
                None => Ok(()),
            },
            Phase::Mapping(_) | Phase::Ended => Ok(()),
        }
    }
}
