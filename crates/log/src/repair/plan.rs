//! What a repair would do: said before anything is done. Pure.
//!
//! *Invariant*: every acknowledged offset that would not be readable afterwards is in `given_up` or behind an offset in
//! `doubtful`; logs of which no name is left are in `unknown`. A plan with anything in `refused` is not carried out. Tests: below.

use super::segment::{BadRange, SegmentDamage};
use super::wal::WalDamaged;
use crate::state::CopyDamage;
use std::path::PathBuf;
use types::{LogKey, Offset};

/// One thing that is damaged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where in it, if that is known. *Units*: bytes.
    pub position: Option<u64>,
    /// What is wrong.
    pub reason: String,
    /// What would be done.
    pub remedy: String,
}

/// Offsets of a log that would be given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GivenUp {
    /// The log.
    pub key: LogKey,
    /// The first of them.
    pub base: Offset,
    /// The first offset behind them.
    pub next: Offset,
    /// Whether they were stored for certain. If not, this is what damaged bytes seem to say.
    pub is_sure: bool,
}

/// What a repair would do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// All that is damaged.
    pub damage: Vec<Damage>,
    /// Offsets that would be given up. *Shape*: by log, then offset.
    pub given_up: Vec<GivenUp>,
    /// Logs of which batches from an offset on may be given up: nothing tells. *Shape*: by log.
    pub doubtful: Vec<(LogKey, Offset)>,
    /// What may be given up and cannot be named.
    pub unknown: Vec<String>,
    /// Damage that stays as it is: its log stays offline, all else serves.
    pub left: Vec<String>,
    /// Why nothing can be done.
    pub refused: Vec<String>,
}

impl Plan {
    /// Says whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.left.is_empty() && self.refused.is_empty()
    }

    /// Says whether there is something that can be done.
    pub fn is_workable(&self) -> bool {
        self.refused.is_empty() && !self.damage.is_empty()
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Copies of the state that are not used.
    pub(crate) copies: Vec<CopyDamage>,
    /// Where the state comes from then; nothing if it comes from nowhere.
    pub(crate) source: Option<StateSource>,
    /// Damage of the write-ahead log.
    pub(crate) wal: Option<WalDamaged>,
    /// Damage of segments.
    pub(crate) segments: Vec<SegmentDamage>,
    /// See [`Plan::left`].
    pub(crate) left: Vec<String>,
}

/// Where a state comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StateSource {
    /// From a whole copy.
    Copy,
    /// From records of both.
    Records {
        /// Number of the state.
        generation: u64,
        /// Number of the last state of which anything is there.
        last: u64,
    },
    /// From the write-ahead log, which still begins with its first group.
    WholeLog,
}

/// Makes the plan.
pub(crate) fn plan(found: &Findings) -> Plan {
    let mut plan = Plan { left: found.left.clone(), ..Plan::default() };
    plan.state(found);
    if let Some(wal) = &found.wal {
        plan.wal(wal);
    }
    for segment in &found.segments {
        segment.bad.iter().for_each(|bad| plan.segment(segment, bad));
    }
    plan.given_up.sort_by_key(|lost| (lost.key, lost.base));
    plan
}

impl Plan {
    fn state(&mut self, found: &Findings) {
        let remedy = match found.source {
            Some(StateSource::Copy) => "written anew from the other copy; nothing is given up".to_owned(),
            Some(StateSource::Records { generation, last }) if generation == last => {
                format!("checkpoint {generation} is put together from the records of both copies; nothing is given up")
            }
            Some(StateSource::Records { generation, last }) => format!(
                "checkpoint {generation} is used instead of {last}: the write-ahead log holds all that followed it; nothing is given up"
            ),
            Some(StateSource::WholeLog) => {
                "made anew: the write-ahead log still holds everything from its first group on; nothing is given up".to_owned()
            }
            None => "none".to_owned(),
        };
        for copy in &found.copies {
            let reason = match (copy.position, copy.is_behind) {
                (None, _) => "this copy of the state is missing",
                (Some(_), true) => {
                    "this copy of the state ends before the last checkpoint (damaged there, or a crash came between the two copies)"
                }
                (Some(_), false) => "this copy of the state does not verify from here on",
            };
            let (file, position) = (copy.path.clone(), copy.position);
            self.damage.push(Damage { file, position, reason: reason.to_owned(), remedy: remedy.clone() });
        }
        if found.source.is_none() {
            self.refused.push(
                "both copies of the state are damaged, no older state can be put together from their records, and the write-ahead \
                 log no longer holds everything; the segments are whole files in Kafka's own format and can be copied"
                    .to_owned(),
            );
        }
    }

    fn wal(&mut self, wal: &WalDamaged) {
        let remedy = "a new write-ahead log takes its place: with all before the damage, and behind it what belongs to logs of \
                      which nothing is missing";
        let (file, position) = (wal.path.clone(), wal.position);
        self.damage.push(Damage { file, position, reason: wal.reason.clone(), remedy: remedy.to_owned() });
        self.given_up.extend(&wal.judged.given_up);
        self.doubtful.extend(&wal.judged.doubtful);
        for hole in &wal.holes {
            let (first, last) = (hole.groups.start, hole.groups.end - 1);
            let place = hole
                .place
                .as_ref()
                .map_or_else(String::new, |(path, at)| format!(" (byte {at} of {})", path.display()));
            self.unknown.push(match hole.is_readable {
                true => format!(
                    "group {first}{place} does not verify; what it seems to hold is listed for logs that do not go on behind it, and nothing vouches for that"
                ),
                false => format!(
                    "groups {first} to {last}{place} cannot be read: they may hold acknowledged batches of any log that does not go on behind them, and of logs that are in nothing else"
                ),
            });
        }
        if let Some((after, found)) = wal.judged.quorum_gap {
            self.refused.push(format!(
                "changes {} to {} of the metadata's own log are missing; topics, settings and producer ids of that time cannot be made up",
                after + 1,
                found - 1
            ));
        }
        if wal.judged.quorum_in_doubt {
            self.refused.push(
                "the lost groups may hold changes of the metadata's own log (topics, settings, producer ids), and nothing behind \
                 them shows that they do not; going on without them could hand out a producer id twice"
                    .to_owned(),
            );
        }
    }

    fn segment(&mut self, segment: &SegmentDamage, bad: &BadRange) {
        let reason = match segment.have {
            None => "the file is missing".to_owned(),
            Some(_) => bad.defect.to_string(),
        };
        let (first, last) = (bad.offsets.base, bad.offsets.next.0 - 1);
        let remedy = match bad.is_mendable {
            true => format!("offset and leader epoch of batch {first} are set right; nothing is given up"),
            false => format!("empty batches stand for offsets {first} to {last}, which readers skip"),
        };
        let (file, position) = (segment.path.clone(), Some(bad.position));
        self.damage.push(Damage { file, position, reason, remedy });
        let (base, next) = (bad.offsets.base.max(segment.log_start), bad.offsets.next);
        if !bad.is_mendable && base < next {
            self.given_up.push(GivenUp { key: segment.key, base, next, is_sure: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::Judged;
    use super::super::wal::HoleFound;
    use super::*;
    use crate::reader::ReadDefect;
    use types::OffsetRange;

    fn segment(is_mendable: bool) -> SegmentDamage {
        let offsets = OffsetRange { base: Offset(4), next: Offset(9) };
        let bad = BadRange { position: 100, end: 300, offsets, defect: ReadDefect::Checksum, is_mendable };
        let (key, path) = (LogKey::default(), PathBuf::from("t-0/0.log"));
        SegmentDamage { key, path, have: Some(900), bad: vec![bad], base: Offset::ZERO, log_start: Offset(2) }
    }

    fn wal(judged: Judged) -> WalDamaged {
        let hole = HoleFound { groups: 7..9, place: None, is_readable: false };
        WalDamaged {
            path: "wal/1".into(),
            position: Some(4096),
            reason: "lost".into(),
            judged,
            holes: vec![hole],
        }
    }

    /// Protects: nothing found is nothing to do; a bad batch is named with its offsets, one that can be set right gives up nothing.
    #[test]
    fn segments_are_named() {
        let whole = Findings { source: Some(StateSource::Copy), ..Findings::default() };
        assert!(plan(&whole).is_sound() && !plan(&whole).is_workable());
        let lost = plan(&Findings { segments: vec![segment(false)], ..whole.clone() });
        let given_up = GivenUp { key: LogKey::default(), base: Offset(4), next: Offset(9), is_sure: true };
        assert_eq!(lost.given_up, [given_up]);
        assert!(lost.is_workable() && lost.damage[0].remedy.contains("offsets 4 to 8"), "{lost:?}");
        let mended = plan(&Findings { segments: vec![segment(true)], ..whole });
        assert!(mended.is_workable() && mended.given_up.is_empty());
    }

    /// Protects: what cannot be known is said, and a hole in the metadata's own log is refused.
    #[test]
    fn doubts_are_said_and_the_metadata_is_not_made_up() {
        let whole = Findings { source: Some(StateSource::Copy), ..Findings::default() };
        let unread = plan(&Findings { wal: Some(wal(Judged::default())), ..whole.clone() });
        assert!(unread.is_workable() && unread.unknown[0].contains("groups 7 to 8"), "{unread:?}");
        let gap = Judged { quorum_gap: Some((4, 7)), ..Judged::default() };
        let refused = plan(&Findings { wal: Some(wal(gap)), ..whole.clone() });
        assert!(!refused.is_workable() && refused.refused[0].contains("changes 5 to 6"), "{refused:?}");
        let doubt = Judged { quorum_in_doubt: true, ..Judged::default() };
        assert!(!plan(&Findings { wal: Some(wal(doubt)), ..whole.clone() }).is_workable());
        assert!(!plan(&Findings { source: None, ..whole }).is_sound());
    }
}
