//! What goes by itself: offsets after their retention, and groups of which nothing is left that anybody could miss.
//!
//! Where no retention is set, offsets do not age (C10); a group without members and offsets still goes, a day after that was first
//! seen, or after its last record where it was loaded. *Source*: Kafka's OffsetExpirationCondition: age counts from the commit, for a group that had members from when it
//! became empty, if that is later; what members read does not age, nor what is in a transaction. Tests: tests/script/commits.rs, tests/script/expiry.rs.

use super::{Then, Turn};
use crate::classic::Classic;
use crate::group::Group;
use crate::record::GroupRecord;
use crate::request::{Effect, Event, Reason};
use std::collections::BTreeMap;
use std::time::Duration;
use types::{GroupId, WallTime};

/// A group without members and offsets is kept so long. Only its epoch is lost with it, which means nothing to members that it
/// does not have: a day is for whoever looks for it after its clients have stopped.
const BARE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// What goes within this time is said to be due.
const SOON: Duration = BARE_KEPT;

/// What goes within a day if nobody uses it, as far as that was seen at the last look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Due {
    /// Offsets.
    pub offsets: u64,
    /// Groups that lose some, or go.
    pub groups: u64,
    /// When the first goes.
    pub next: Option<WallTime>,
}

impl Due {
    fn add(&mut self, offsets: u64, at: WallTime) {
        self.offsets += offsets;
        self.groups += 1;
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

/// Looks at all groups, and writes the end of what has expired.
pub(super) fn sweep(groups: &mut BTreeMap<GroupId, Group>, turn: &mut Turn<'_>) -> Due {
    let mut due = Due::default();
    for (id, group) in groups {
        if turn.is_full() {
            break;
        }
        match turn.settings.retention {
            Some(retention) => expire(id, group, retention, &mut due, turn),
            None => end_bare(id, group, &mut due, turn),
        }
    }
    due
}

/// Writes the end of the offsets that have expired, and of the group if it has none left.
fn expire(id: &GroupId, group: &Group, retention: Duration, due: &mut Due, turn: &mut Turn<'_>) {
    let (retention, now) = (millis(retention), turn.now.wall);
    // A classic group says since when it is empty.
    let classic = group.classic().filter(|classic| group.is_empty() && !classic.protocol_type().is_empty());
    let (mut left, mut gone, mut soon) = (0_u64, 0, Vec::new());
    for (topic, partition, at) in group.offsets.times() {
        let from = classic.map_or(at, |classic| at.max(classic.since()));
        let age = now.0.saturating_sub(from.0);
        let expires = !group.reads(topic) && !group.pending.has(topic, partition);
        if expires && age >= retention && !turn.is_full() {
            gone += 1;
            turn.write(GroupRecord::no_offset(id, topic, partition));
            continue;
        }
        left += 1;
        if expires && age.saturating_add(millis(SOON)) >= retention {
            soon.push(from.0.saturating_add(retention));
        }
    }
    if let Some(first) = soon.iter().min() {
        due.add(soon.len() as u64, WallTime(*first));
    }
    let since = group.classic().map_or(0, |classic| classic.since().0);
    let has_record = group.classic().is_none_or(Classic::has_record);
    let has_none = left == 0 && group.pending.is_empty() && group.is_deserted();
    let ends = has_none && has_record && now.0.saturating_sub(since) >= retention;
    end(id, group, (gone, ends), Reason::Retention, turn);
}

/// Writes the end of a group that has had neither members nor offsets for long enough.
fn end_bare(id: &GroupId, group: &mut Group, due: &mut Due, turn: &mut Turn<'_>) {
    if !group.is_bare() {
        group.bare_since = None;
        return;
    }
    let (since, before) = *group.bare_since.get_or_insert((turn.now.mono, Duration::ZERO));
    let bare = turn.now.mono.since(since).saturating_add(before);
    match BARE_KEPT.checked_sub(bare).filter(|left| !left.is_zero()) {
        Some(left) => due.add(0, WallTime(turn.now.wall.0.saturating_add(millis(left)))),
        None => end(id, group, (0, true), Reason::Unused, turn),
    }
}

/// Says what goes, and writes the end of the group if it is that.
fn end(id: &GroupId, group: &Group, (offsets, whole): (u64, bool), reason: Reason, turn: &mut Turn<'_>) {
    if offsets == 0 && !whole {
        return;
    }
    turn.effects.push(Effect::Expires { group: id.clone(), offsets, whole, reason });
    if whole {
        group.end_records(id).into_iter().for_each(|record| turn.write(record));
        turn.hold(id);
    }
    turn.then(Then::Counted(Event::Gone { reason, offsets, groups: u64::from(whole) }));
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
