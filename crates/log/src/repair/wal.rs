//! The write-ahead log of a directory under repair: is it sound from a state's mark on, and what counts of it if not.

use super::frames::{FrameJudge, Judged};
use super::{RepairError, RepairJob};
use crate::cut::LogCut;
use crate::directory::QuorumRecovered;
use crate::state::State;
use crate::wal::{DamageReason, Frame, QUORUM_KEY, ReplayError, ReplayStop, Salvage, Salvaged, replay};
use std::ops::Range;
use std::path::PathBuf;

/// What was found of the write-ahead log behind a state's mark.
pub(crate) struct WalFound {
    pub(crate) judged: Judged,
    pub(crate) quorum: QuorumRecovered,
    /// What is wrong, and what is whole; nothing if it opens.
    pub(crate) damage: Option<(WalDamaged, Salvage)>,
}

/// Damage of the write-ahead log.
#[derive(Clone, Debug)]
pub(crate) struct WalDamaged {
    pub(crate) path: PathBuf,
    pub(crate) position: Option<u64>,
    pub(crate) reason: String,
    pub(crate) judged: Judged,
    pub(crate) holes: Vec<HoleFound>,
}

/// Groups that are missing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HoleFound {
    pub(crate) groups: Range<u64>,
    pub(crate) place: Option<(PathBuf, u64)>,
    pub(crate) is_readable: bool,
}

/// Changes of a log are missing, or do not fit.
#[derive(Debug, thiserror::Error)]
#[error("changes of log {0} are missing or do not fit")]
struct Misfit(types::LogKey);

impl RepairJob {
    /// Reads the log as a start would, and if that fails, all that is whole of it.
    pub(crate) fn look_at_wal(&self, state: &State, cuts: &[LogCut]) -> Result<WalFound, RepairError> {
        let (mut judge, mut quorum) = (FrameJudge::new(cuts.iter(), &state.removed), Vec::new());
        let home = self.wal_home(self.wal_folder(), 0);
        let outcome = replay(&home, state.mark, &mut |view| {
            keep_quorums(&mut quorum, &view.frame);
            judge.take(view.frame);
            Ok(())
        });
        // A gap before the end of a removed log is none.
        let outcome = outcome.and_then(|_| match judge.gapped() {
            Some(key) => {
                let (path, source) = (self.wal_folder(), ReplayStop(Box::new(Misfit(key))));
                Err(ReplayError::Stopped { path, at: state.mark.offset, source })
            }
            None => Ok(()),
        });
        match outcome {
            Ok(()) => {
                let (judged, checkpoint) = (judge.finish(), state.quorum.clone());
                Ok(WalFound { judged, quorum: QuorumRecovered { checkpoint, frames: quorum }, damage: None })
            }
            Err(error) => self.salvage_wal(state, cuts, error),
        }
    }

    fn salvage_wal(
        &self,
        state: &State,
        cuts: &[LogCut],
        error: ReplayError,
    ) -> Result<WalFound, RepairError> {
        let (path, position) = match &error {
            ReplayError::Disk(_) => return Err(error.into()),
            ReplayError::Damage(damage) => match damage.reason {
                DamageReason::Frames(_) | DamageReason::Newer(_) => return Err(error.into()),
                _ => (damage.path.clone(), Some(damage.at)),
            },
            ReplayError::Stopped { path, .. } => (path.clone(), None),
        };
        let mut salvage = Salvage::look(&self.wal_home(self.wal_folder(), 0), state.mark)?;
        let (judged, frames) = judge_all(&mut salvage, state, cuts, &mut |_, _| Ok(()))?;
        let holes = salvage.holes().zip(&judged.readable).map(|(hole, is_readable)| {
            let (groups, place) = (hole.groups.clone(), hole.place.clone());
            HoleFound { groups, place, is_readable: *is_readable }
        });
        let holes: Vec<HoleFound> = holes.collect();
        let quorum = QuorumRecovered { checkpoint: state.quorum.clone(), frames };
        let damaged = WalDamaged { path, position, reason: error.to_string(), judged: judged.clone(), holes };
        Ok(WalFound { judged, quorum, damage: Some((damaged, salvage)) })
    }
}

/// Shows each group's frames that count; returns what was judged, and the frames of the metadata's log.
pub(crate) fn judge_all(
    salvage: &mut Salvage,
    state: &State,
    cuts: &[LogCut],
    visit: &mut dyn FnMut(types::WallTime, Vec<Frame>) -> Result<(), RepairError>,
) -> Result<(Judged, Vec<Frame>), RepairError> {
    let (mut judge, mut quorum) = (FrameJudge::new(cuts.iter(), &state.removed), Vec::new());
    salvage.walk(&mut |found| {
        match found {
            Salvaged::Hole(hole) => judge.hole(hole.guess.as_deref()),
            Salvaged::Group(wall, frames) => {
                frames.iter().for_each(|frame| keep_quorums(&mut quorum, frame));
                visit(wall, frames.into_iter().filter_map(|frame| judge.take(frame)).collect())?;
            }
        }
        Ok::<(), RepairError>(())
    })?;
    Ok((judge.finish(), quorum))
}

/// Keeps a frame that is of the metadata's log.
pub(crate) fn keep_quorums(quorum: &mut Vec<Frame>, frame: &Frame) {
    if frame.key == QUORUM_KEY {
        quorum.push(frame.clone());
    }
}
