//! What is damaged: the state, the write-ahead log, every batch of every segment. Changes nothing but the place of bytes that
//! a start would sync too.

use super::gap::{KnownBatch, known_batches};
use super::plan::{Findings, Plan, StateSource, plan};
use super::segment::{self, Known, SegmentDamage};
use super::wal::{WalFound, keep_quorums};
use super::{RepairError, RepairJob};
use crate::cut::LogCut;
use crate::directory::{OpenError, QuorumRecovered, read_metadata};
use crate::layout::STATE_FOLDER;
use crate::state::{Journal, State, StateError, salvage};
use crate::wal::{Salvage, WalPosition, replay};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::PathBuf;
use types::{LogKey, Offset};

/// How far a survey is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The segment that comes next.
    pub file: PathBuf,
    /// Bytes read. *Units*: bytes.
    pub done: u64,
    /// Bytes of all segments. *Units*: bytes.
    pub all: u64,
}

/// What was found, and all that is needed to act on it.
pub struct Survey {
    /// What would be done.
    pub plan: Plan,
    /// What the metadata's quorum has stored, as it will be afterwards; its owner has to say whether it is whole.
    pub quorum: QuorumRecovered,
    /// Folders of the logs.
    pub folders: BTreeMap<LogKey, String>,
    /// Files of other owners that were made anew, by their path below the directory: they are put in place with the rest.
    pub made: Vec<(String, Vec<u8>)>,
    pub(crate) segments: Vec<SegmentDamage>,
    pub(crate) base: Base,
}

/// The state that the directory goes on from.
pub(crate) struct Base {
    pub(crate) state: State,
    pub(crate) cuts: Vec<LogCut>,
    /// A number above that of every record.
    pub(crate) next_generation: u64,
    /// The whole groups of a write-ahead log that does not open.
    pub(crate) salvage: Option<Salvage>,
}

impl Survey {
    /// Returns the batches that the producers of a log remember.
    pub(crate) fn known_batches(&self, key: LogKey) -> Vec<KnownBatch> {
        let cut = self.base.cuts.iter().find(|cut| cut.key == key);
        cut.map(|cut| known_batches(&cut.producers)).unwrap_or_default()
    }
}

impl RepairJob {
    /// Finds all damage.
    ///
    /// # Errors
    /// A file that cannot be read, or one of a newer version.
    pub fn survey(&self, progress: &mut dyn FnMut(&Progress)) -> Result<Survey, RepairError> {
        let mut findings = Findings::default();
        let (base, found) = self.find_base(&mut findings)?;
        let WalFound { judged, quorum, damage } = found;
        let mut base = Base { salvage: None, ..base };
        if let Some((damaged, salvage)) = damage {
            findings.wal = Some(damaged);
            base.salvage = Some(salvage);
        }
        let folders = base.cuts.iter().filter_map(|cut| Some((cut.key, cut.folder.clone()?))).collect();
        if findings.source.is_some() {
            self.look_at_segments(&base.cuts, &judged.starts, &mut findings, progress)?;
        }
        let (plan, segments) = (plan(&findings), findings.segments);
        Ok(Survey { plan, quorum, folders, made: Vec::new(), segments, base })
    }

    /// Returns all frames of the metadata's own log from the first one on, if the write-ahead log still begins with its first
    /// group.
    pub fn quorum_from_first(&self) -> Option<QuorumRecovered> {
        let mut frames = Vec::new();
        let home = self.wal_home(self.wal_folder(), 0);
        let read = replay(&home, FIRST, &mut |view| {
            keep_quorums(&mut frames, &view.frame);
            Ok(())
        });
        read.ok().map(|_| QuorumRecovered { checkpoint: Bytes::new(), frames })
    }

    /// Chooses the newest state that the write-ahead log completes.
    fn find_base(&self, findings: &mut Findings) -> Result<(Base, WalFound), RepairError> {
        let loaded = Journal::load(self.env.disk.clone(), &self.root, self.format.directory_id);
        let copies = match loaded {
            Ok(loaded) => {
                findings.copies = loaded.lagging;
                findings.source = Some(StateSource::Copy);
                let (base, found) = self.base_of(loaded.state, loaded.journal.generation())?;
                let newest = salvage(&*self.env.disk, &self.root, self.format.directory_id)?.generation;
                return Ok((Base { next_generation: base.next_generation.max(newest + 1), ..base }, found));
            }
            Err(StateError::Damaged { a, b }) => [a, b],
            Err(StateError::File(fault)) => return Err(fault.into()),
        };
        findings.copies = copies.into();
        let salvaged = salvage(&*self.env.disk, &self.root, self.format.directory_id)?;
        let last = salvaged.generation;
        let first = State { mark: FIRST, wall: self.env.clock.now().wall, ..State::default() };
        for state in salvaged.states {
            let (generation, mark) = (state.generation, state.mark);
            let (base, found) = self.base_of(state, last)?;
            // One that is not the last is good only if nothing that followed it is missing.
            let damage = found.damage.as_ref();
            if damage.is_none_or(|(_, salvage)| generation == last && salvage.begins_at(mark)) {
                findings.source = Some(StateSource::Records { generation, last });
                return Ok((base, found));
            }
        }
        let (base, found) = self.base_of(first, last)?;
        if found.damage.is_none() {
            findings.source = Some(StateSource::WholeLog);
        }
        Ok((base, found))
    }

    fn base_of(&self, state: State, last_generation: u64) -> Result<(Base, WalFound), RepairError> {
        let mut cuts = Vec::new();
        for (key, bytes) in &state.cuts {
            let path = self.root.join(STATE_FOLDER);
            let cut = LogCut::decode(bytes.clone());
            cuts.push(cut.map_err(|error| OpenError::Cut { path, key: *key, reason: error.to_string() })?);
        }
        let found = self.look_at_wal(&state, &cuts)?;
        let next_generation = last_generation.max(state.generation) + 1;
        Ok((Base { state, cuts, next_generation, salvage: None }, found))
    }

    fn look_at_segments(
        &self,
        cuts: &[LogCut],
        starts: &BTreeMap<LogKey, Offset>,
        findings: &mut Findings,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<(), RepairError> {
        let is_live = |cut: &LogCut, next: Offset| starts.get(&cut.key).is_some_and(|start| next > *start);
        let all = cuts.iter().flat_map(|cut| cut.segments.iter().filter(move |s| is_live(cut, s.next)));
        let mut at = Progress { file: PathBuf::new(), done: 0, all: all.map(|segment| segment.bytes).sum() };
        for cut in cuts {
            let live: Vec<_> = cut.segments.iter().filter(|segment| is_live(cut, segment.next)).collect();
            let Some(folder) = cut.folder.as_deref().filter(|_| !live.is_empty()) else { continue };
            let path = self.root.join(folder);
            let (disk, epochs) = (&*self.env.disk, &cut.epochs[..]);
            let log_start = starts.get(&cut.key).copied().unwrap_or(cut.log_start);
            if read_metadata(disk, &path)? != Some(cut.key.topic_id) {
                findings.left.push(format!(
                    "{folder}: the folder is missing or does not carry topic id {}; log {} stays offline",
                    cut.key.topic_id, cut.key
                ));
                continue;
            }
            for meta in live {
                at.file = crate::files::live_path(disk, &path, meta, crate::layout::SegmentFile::Log)?;
                progress(&at);
                findings.segments.extend(segment::look(
                    disk,
                    &path,
                    cut.key,
                    Known { meta, epochs, log_start },
                )?);
                at.done += meta.bytes;
            }
        }
        Ok(())
    }
}

/// Where the write-ahead log of every directory begins.
const FIRST: WalPosition = WalPosition { file: 1, offset: 4096, seq: 1, life: 1 };
