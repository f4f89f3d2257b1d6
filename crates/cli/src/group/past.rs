//! What the offsets of a group were at a time, and before its last reset: out of the notes of its history, pure.
//!
//! A note says from which offset it leads away and when that was committed, so it vouches for all the time between, also
//! where earlier notes are gone or were never made. What no note vouches for is not guessed.

use client::{OffsetHistory, OffsetNote};
use types::{Offset, Uuid, WallTime};

/// Beginnings of the names of clients that move offsets from outside: ours, and Kafka's admin client.
const OUTSIDERS: [&str; 2] = ["highwater", "adminclient"];

/// Beginning of the names of our commands that move offsets.
const OURS: &str = "highwater-group-";

/// What an offset was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Was {
    /// It was this one.
    At(Known),
    /// There was none.
    None,
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// An offset with what was kept with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Known {
    pub(crate) offset: Offset,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

/// The notes of one partition, oldest first.
pub(crate) struct Past<'h> {
    notes: Vec<&'h OffsetNote>,
    /// Nothing is kept of earlier times.
    since: Option<WallTime>,
}

impl<'h> Past<'h> {
    /// Picks the notes of a partition.
    pub(crate) fn of(history: &'h OffsetHistory, topic: &str, partition: i32) -> Past<'h> {
        let is_of =
            |note: &&OffsetNote| note.topic == topic && note.partition == partition && !note.is_aborted;
        Past { notes: history.notes.iter().filter(is_of).collect(), since: history.since }
    }

    /// Returns what the offset was at a time, and of which topic; `now` is what is committed now.
    pub(crate) fn at(&self, time: WallTime, now: Option<Offset>) -> (Was, Option<Uuid>) {
        let count = self.notes.iter().rposition(|note| note.at <= time).map_or(0, |last| last + 1);
        let last = count.checked_sub(1).map(|at| (at, self.notes[at]));
        let unknown = |why: &str| (Was::Unknown(why.to_owned()), None);
        let Some(next) = self.notes.get(count) else {
            return match last {
                Some((at, last)) if last.to == now => (self.after(at), Some(last.topic_id)),
                _ => unknown("what was committed last is not noted"),
            };
        };
        match (next.from, last) {
            (Some((_, at)), _) if at <= time => (self.before(count), Some(next.topic_id)),
            (None, Some((at, last))) if last.to.is_none() || last.topic_id != next.topic_id => {
                (self.after(at), Some(last.topic_id))
            }
            (None, None) if self.since.is_none_or(|since| since <= time) => (Was::None, None),
            (_, None) if self.since.is_some_and(|since| since > time) => {
                unknown("the history is too young: what was noted of that time is deleted")
            }
            _ => unknown("what was committed then is not noted"),
        }
    }

    /// Returns where a note has led to.
    fn after(&self, at: usize) -> Was {
        let note = self.notes[at];
        note.to.map_or(Was::None, |offset| {
            Was::At(Known { offset, leader_epoch: note.leader_epoch, metadata: note.metadata.clone() })
        })
    }

    /// Returns where a note has led away from, with what was kept with that, if the note before tells it.
    pub(crate) fn before(&self, at: usize) -> Was {
        let Some((offset, _)) = self.notes[at].from else { return Was::None };
        let earlier = at.checked_sub(1).map(|at| self.after(at));
        match earlier {
            Some(Was::At(known)) if known.offset == offset => Was::At(known),
            _ => Was::At(Known { offset, leader_epoch: -1, metadata: String::new() }),
        }
    }

    /// Returns where a note of the whole history stands among these.
    pub(crate) fn position(&self, note: &OffsetNote) -> Option<usize> {
        self.notes.iter().position(|one| std::ptr::eq(*one, note))
    }
}

/// Returns the notes of the last move of offsets from outside of the group: a reset, or a restore.
///
/// A commit without a member is from outside if the group has members otherwise, or if its client is known as a tool: a
/// consumer that assigns itself commits without a member, too. So do producers that commit in transactions.
pub(crate) fn last_reset(history: &OffsetHistory) -> Vec<&OffsetNote> {
    let has_members = history.notes.iter().any(|note| !note.member.is_empty());
    let is_outside = |note: &&OffsetNote| {
        let is_tool = OUTSIDERS.iter().any(|name| note.client_id.starts_with(name));
        let is_in_txn = note.producer.is_some();
        note.member.is_empty() && !is_in_txn && !note.client_id.is_empty() && (has_members || is_tool)
    };
    let Some(last) = history.notes.iter().rfind(is_outside) else { return Vec::new() };
    // Each of our commands has a name of its own, and may take several requests.
    let is_same = |note: &&OffsetNote| {
        let is_ours = last.client_id.starts_with(OURS);
        note.client_id == last.client_id && note.host == last.host && (is_ours || note.at == last.at)
    };
    history.notes.iter().filter(is_outside).filter(is_same).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(at: i64, from: Option<(i64, i64)>, to: i64, who: (&str, &str)) -> OffsetNote {
        OffsetNote {
            at: WallTime(at),
            topic: "t".into(),
            topic_id: types::Uuid::ZERO,
            partition: 0,
            from: from.map(|(offset, at)| (Offset(offset), WallTime(at))),
            to: (to >= 0).then_some(Offset(to)),
            leader_epoch: 3,
            metadata: format!("m{to}"),
            member: who.0.into(),
            instance: None,
            client_id: who.1.into(),
            host: String::new(),
            producer: None,
            is_aborted: false,
        }
    }

    const MEMBER: (&str, &str) = ("m-1", "app");

    fn history(since: Option<i64>) -> OffsetHistory {
        let notes = vec![
            note(100, None, 5, MEMBER),
            note(200, Some((5, 100)), 9, MEMBER),
            note(300, Some((9, 200)), -1, ("", "")),
            note(400, None, 2, MEMBER),
            // A commit to 4 at 450 was not noted.
            note(500, Some((4, 450)), 7, MEMBER),
        ];
        OffsetHistory { notes, since: since.map(WallTime), unreadable: 0 }
    }

    fn offset(was: &Was) -> i64 {
        match was {
            Was::At(known) => known.offset.0,
            Was::None => -1,
            Was::Unknown(_) => -2,
        }
    }

    /// Protects: what an offset was at a time is what the notes vouch for; nothing is guessed where one is missing.
    #[test]
    fn notes_vouch_for_the_time_between() {
        let history = history(None);
        let past = Past::of(&history, "t", 0);
        let times = [50, 100, 150, 250, 350, 420, 460, 600];
        let found = times.map(|time| offset(&past.at(WallTime(time), Some(Offset(7))).0));
        assert_eq!(found, [-1, 5, 5, 9, -1, -2, 4, 7]);
        assert_eq!(offset(&past.at(WallTime(600), Some(Offset(8))).0), -2, "a later commit is not noted");
        assert_eq!(offset(&Past::of(&history, "t", 1).at(WallTime(1), Some(Offset(8))).0), -2);
    }

    /// Protects: what was kept with an offset comes back with it, as far as a note has it.
    #[test]
    fn texts_come_back() {
        let history = history(None);
        let past = Past::of(&history, "t", 0);
        let (Was::At(known), _) = past.at(WallTime(150), None) else { panic!("it is known") };
        assert_eq!((known.metadata.as_str(), known.leader_epoch), ("m5", 3));
        let (Was::At(known), _) = past.at(WallTime(470), None) else { panic!("it is known") };
        assert_eq!((known.metadata.as_str(), known.leader_epoch), ("", -1));
    }

    /// Protects: of a time before what is kept only that is told which a later note vouches for.
    #[test]
    fn a_young_history_says_so() {
        let mut history = history(Some(150));
        history.notes.remove(0);
        let past = Past::of(&history, "t", 0);
        assert_eq!(offset(&past.at(WallTime(120), None).0), 5, "the note of 200 says so");
        assert_eq!(offset(&past.at(WallTime(50), None).0), -2);
    }

    /// Protects: an offset of a topic that was deleted and made again is told as that of the old one.
    #[test]
    fn namesakes_are_told_apart() {
        let mut history = history(None);
        let id = Uuid([9; 16]);
        history.notes.truncate(2);
        history.notes.push(OffsetNote { topic_id: id, ..note(300, None, 1, MEMBER) });
        let past = Past::of(&history, "t", 0);
        let (was, of) = past.at(WallTime(250), Some(Offset(1)));
        assert_eq!((offset(&was), of), (9, Some(Uuid::ZERO)));
        assert_eq!(past.at(WallTime(350), Some(Offset(1))).1, Some(id));
    }

    /// Protects: the last reset is found, all partitions of it; a commit of a consumer that assigns itself is none.
    #[test]
    fn the_last_reset_is_found() {
        let mut history = history(None);
        assert!(last_reset(&history).is_empty());
        history.notes.push(note(600, Some((7, 500)), 1, ("", "someone")));
        history.notes.push(OffsetNote { partition: 1, ..note(600, None, 1, ("", "someone")) });
        history.notes.push(note(700, Some((1, 600)), 3, MEMBER));
        assert_eq!(last_reset(&history).iter().map(|note| note.partition).collect::<Vec<_>>(), [0, 1]);
        let alone = vec![note(1, None, 1, ("", "kcat")), note(2, None, 2, ("", "kcat"))];
        let mut alone = OffsetHistory { notes: alone, ..OffsetHistory::default() };
        assert!(last_reset(&alone).is_empty());
        alone.notes.push(note(3, None, 0, ("", "highwater-group-reset")));
        assert_eq!(last_reset(&alone).len(), 1);
        alone.notes.push(OffsetNote { partition: 1, ..note(4, None, -1, ("", "highwater-group-reset")) });
        assert_eq!(last_reset(&alone).len(), 2, "of one command, later");
    }

    /// Protects: what a transaction has committed without a member is no reset, and what was aborted has moved nothing.
    #[test]
    fn transactions_are_no_resets_and_aborted_ones_no_moves() {
        let in_txn = |note: OffsetNote, is_aborted| OffsetNote {
            producer: Some(types::ProducerId(7)),
            is_aborted,
            ..note
        };
        let pipeline = ("", "pipeline");
        let notes = vec![
            note(100, None, 1, MEMBER),
            in_txn(note(200, Some((1, 100)), 5, pipeline), true),
            in_txn(note(300, Some((1, 100)), 3, pipeline), false),
        ];
        let history = OffsetHistory { notes, ..OffsetHistory::default() };
        assert!(last_reset(&history).is_empty());
        let past = Past::of(&history, "t", 0);
        let was = |time| match past.at(WallTime(time), Some(Offset(3))).0 {
            Was::At(known) => known.offset.0,
            other => panic!("{other:?}"),
        };
        assert_eq!([150, 250, 350].map(was), [1, 1, 3]);
    }
}
