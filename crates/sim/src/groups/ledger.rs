//! What groups were promised and what was seen of them, kept beside the broker, and the rules that both must obey.
//!
//! I1 an acknowledged commit is there, and none older than it: each commit has a number that comes back with the offset, so
//! a partition's offset is a register whose values are never repeated, and its reads must be linearizable. I2 a commit of a
//! member whose partition was given to another since never changes the offset. I3 no partition is read by two live members
//! at once; a member is live for a session from when it sent what was last answered well. I4 in the end each partition has
//! one reader and each record was worked on by a member whose commit covers it. I5 a topic inherits no offset of a namesake.
//! Order is that of one counter: what was asked after something was learned comes after it. The first broken rule is kept.
//! It shares no code with the broker. Tests: `ledger/tests.rs`.

use crate::ghost::Violation;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::Uuid;

/// A partition as one group reads it: the group, the topic's id, the partition.
pub(crate) type Key = (usize, Uuid, i32);

/// An offset with the number of its commit, as it was read.
pub(crate) type Stored = (u64, i64);

/// When something was asked: its place in the order of things, and the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) event: u64,
    pub(crate) time: Duration,
}

/// A partition that a member was given.
#[derive(Clone, Debug)]
struct Grant {
    key: Key,
    member: String,
    asked: u64,
    learned: u64,
    /// The offset that it began from: when that was asked for, when it was learned, and the commit.
    start: Option<(u64, u64, Option<u64>)>,
}

#[derive(Clone, Debug)]
struct Commit {
    key: Key,
    from: i64,
    offset: i64,
    grant: usize,
    sent: u64,
    /// It was known to be stored.
    done: Option<u64>,
    /// From then on another one was known to be stored after it.
    superseded: Option<u64>,
    is_refused: bool,
    /// The partition had been given to another one when it was sent.
    is_fenced: bool,
}

#[derive(Clone, Debug, Default)]
struct Life {
    live_until: Duration,
    owns: BTreeSet<Key>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    grants: Vec<usize>,
    commits: Vec<u64>,
    covered: BTreeSet<i64>,
}

/// What has happened, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) acked: u64,
    pub(crate) refused: u64,
    /// Commits that were sent although the partition had been given to another one.
    pub(crate) zombies: u64,
    pub(crate) grants: u64,
    pub(crate) waiting: u64,
}

/// The record of one run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    clock: u64,
    lives: BTreeMap<String, Life>,
    grants: Vec<Grant>,
    commits: Vec<Commit>,
    places: BTreeMap<Key, Place>,
    gone: BTreeSet<Uuid>,
    counts: Counts,
    broken: Option<Violation>,
}

impl Ledger {
    /// Notes that something is asked now.
    pub(crate) fn ask(&mut self, time: Duration) -> Asked {
        self.clock += 1;
        Asked { event: self.clock, time }
    }

    fn learn(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// A topic is about to be deleted: its offsets may go.
    pub(crate) fn on_deleting(&mut self, topic: Uuid) {
        self.gone.insert(topic);
    }

    /// Says whether a topic was about to be deleted.
    pub(crate) fn is_gone(&self, topic: Uuid) -> bool {
        self.gone.contains(&topic)
    }

    /// A member was given a partition; returns the number of the grant.
    pub(crate) fn on_granted(&mut self, member: &str, key: Key, asked: Asked, now: Duration) -> usize {
        let learned = self.learn();
        let grant = self.grants.len();
        let member_name = member.to_owned();
        self.grants.push(Grant { key, member: member_name, asked: asked.event, learned, start: None });
        self.places.entry(key).or_default().grants.push(grant);
        self.counts.grants += 1;
        self.lives.entry(member.to_owned()).or_default().owns.insert(key);
        self.check_alone(member, key, now);
        grant
    }

    /// A member's heartbeat, or what counts as one, was answered well.
    pub(crate) fn on_shown(&mut self, member: &str, sent: Asked, session: Duration, now: Duration) {
        let life = self.lives.entry(member.to_owned()).or_default();
        life.live_until = life.live_until.max(sent.time + session);
        for key in life.owns.clone() {
            self.check_alone(member, key, now);
        }
    }

    fn check_alone(&mut self, member: &str, key: Key, now: Duration) {
        let owners = self.owners(key, now);
        if owners.len() > 1 && owners.contains(&member) {
            let what = format!("{} is read by {owners:?}", shown(key));
            self.breaks("I3", what);
        }
    }

    /// Returns the live members that read a partition.
    pub(crate) fn owners(&self, key: Key, now: Duration) -> Vec<&str> {
        let live = self.lives.iter().filter(|(_, life)| life.live_until > now && life.owns.contains(&key));
        live.map(|(member, _)| member.as_str()).collect()
    }

    /// A member reads a partition no longer.
    pub(crate) fn on_released(&mut self, member: &str, key: Key) {
        if let Some(life) = self.lives.get_mut(member) {
            life.owns.remove(&key);
        }
    }

    /// A member asks the group where to begin.
    pub(crate) fn on_start(&mut self, grant: usize, asked: Asked, found: Option<Stored>) {
        let learned = self.learn();
        if let Some(grant) = self.grants.get_mut(grant) {
            grant.start = Some((asked.event, learned, found.map(|(number, _)| number)));
            let key = grant.key;
            self.on_read(key, asked, found);
        }
    }

    /// A member is about to commit that it has worked on the offsets from one up to another; returns the commit's number.
    pub(crate) fn on_commit(&mut self, grant: usize, from: i64, offset: i64, sent: Asked) -> u64 {
        let Some(key) = self.grants.get(grant).map(|grant| grant.key) else { return 0 };
        let is_fenced = self.newer(key, grant).next().is_some();
        self.counts.zombies += u64::from(is_fenced);
        self.counts.waiting += 1;
        let sent = sent.event;
        let (done, superseded, is_refused) = (None, None, false);
        let commit = Commit { key, from, offset, grant, sent, done, superseded, is_refused, is_fenced };
        self.commits.push(commit);
        let number = self.commits.len() as u64;
        self.places.entry(key).or_default().commits.push(number);
        number
    }

    /// Returns the grants of a partition to others that were certainly decided after this one.
    fn newer(&self, key: Key, grant: usize) -> impl Iterator<Item = &Grant> {
        let this = self.grants.get(grant);
        let of_key = self.places.get(&key).into_iter().flat_map(|place| &place.grants);
        of_key.filter_map(|other| self.grants.get(*other)).filter(move |other| {
            this.is_some_and(|this| other.member != this.member && other.asked > this.learned)
        })
    }

    fn commit(&self, number: u64) -> Option<&Commit> {
        self.commits.get(index(number)?)
    }

    fn commit_mut(&mut self, number: u64) -> Option<&mut Commit> {
        self.commits.get_mut(index(number)?)
    }

    /// A commit was acknowledged.
    pub(crate) fn on_acked(&mut self, number: u64, is_durable: bool) {
        self.counts.waiting = self.counts.waiting.saturating_sub(1);
        self.counts.acked += 1;
        self.require(is_durable, "I1", || format!("commit {number} was acknowledged and is not durable"));
        let now = self.learn();
        let Some((key, sent)) = self.commit(number).map(|commit| (commit.key, commit.sent)) else { return };
        self.land(number, now);
        self.supersede(key, number, sent, now);
    }

    /// A commit was refused by a code that says that it is not stored.
    pub(crate) fn on_refused(&mut self, number: u64) {
        self.counts.waiting = self.counts.waiting.saturating_sub(1);
        self.counts.refused += 1;
        let Some(commit) = self.commit_mut(number) else { return };
        commit.is_refused = true;
        let is_stored = commit.done.is_some();
        self.require(!is_stored, "I2", || format!("commit {number} was refused, and is stored"));
    }

    /// Nobody knows what became of a commit.
    pub(crate) fn on_unknown(&mut self) {
        self.counts.waiting = self.counts.waiting.saturating_sub(1);
    }

    /// A commit is stored.
    fn land(&mut self, number: u64, now: u64) {
        let Some(commit) = self.commit_mut(number) else { return };
        if commit.done.is_some() {
            return;
        }
        commit.done = Some(now);
        let commit = commit.clone();
        let at = format!("commit {number} of {}", shown(commit.key));
        self.require(!commit.is_refused, "I2", || format!("{at} was refused, and is stored"));
        self.require(!commit.is_fenced, "I2", || {
            format!("{at} is stored, although the partition had been given to another member")
        });
        self.places.entry(commit.key).or_default().covered.extend(commit.from..commit.offset);
    }

    /// All that was stored before `before` has been written over, as is known from now on.
    fn supersede(&mut self, key: Key, by: u64, before: u64, now: u64) {
        let numbers = self.places.get(&key).map(|place| place.commits.clone()).unwrap_or_default();
        for number in numbers.into_iter().filter(|number| *number != by) {
            if let Some(commit) = self.commit_mut(number).filter(|c| c.done.is_some_and(|d| d < before)) {
                commit.superseded.get_or_insert(now);
            }
        }
    }

    /// The group said what it has stored for a partition.
    pub(crate) fn on_read(&mut self, key: Key, asked: Asked, found: Option<Stored>) {
        let now = self.learn();
        match found {
            None => self.on_nothing(key, asked),
            Some(found) => self.on_stored(key, asked, found, now),
        }
    }

    fn on_nothing(&mut self, key: Key, asked: Asked) {
        if self.gone.contains(&key.1) {
            return;
        }
        let commits = self.places.get(&key).map(|place| place.commits.as_slice()).unwrap_or_default();
        let is_done = |number: &&u64| {
            self.commit(**number).is_some_and(|commit| commit.done.is_some_and(|done| done < asked.event))
        };
        if let Some(number) = commits.iter().copied().find(|number| is_done(&number)) {
            self.breaks("I1", format!("nothing is stored for {}, where commit {number} was", shown(key)));
        }
    }

    fn on_stored(&mut self, key: Key, asked: Asked, (number, offset): Stored, now: u64) {
        let at = shown(key);
        let Some(commit) = self.commit(number).cloned() else {
            return self.breaks("I1", format!("{at} has offset {offset}, which nobody committed"));
        };
        if commit.key.1 != key.1 {
            return self.breaks("I5", format!("{at} has commit {number} of {}", shown(commit.key)));
        }
        let is_its = commit.key == key && commit.offset == offset;
        self.require(is_its, "I1", || format!("{at} has {offset} as commit {number}, which is {commit:?}"));
        let is_current = commit.superseded.is_none_or(|since| since >= asked.event);
        self.require(is_current, "I1", || format!("{at} has gone back to commit {number} ({offset})"));
        let overtaken = self.newer(key, commit.grant).find(|other| {
            other.start.is_some_and(|(from, learned, found)| {
                from > other.learned && learned < asked.event && found != Some(number)
            })
        });
        if let Some(member) = overtaken.map(|grant| grant.member.clone()) {
            let what = format!("commit {number} of {at} came after {member} had asked where to begin");
            self.breaks("I2", what);
        }
        self.land(number, now);
        self.supersede(key, number, asked.event, now);
    }

    /// Something else went wrong.
    pub(crate) fn breaks(&mut self, rule: &'static str, what: String) {
        self.broken.get_or_insert(Violation { rule, what });
    }

    fn require(&mut self, holds: bool, rule: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.breaks(rule, what());
        }
    }

    /// Returns the first broken rule.
    ///
    /// # Errors
    /// That rule.
    pub(crate) fn check(&self) -> Result<(), Violation> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Returns what has happened so far, in numbers.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Says what is missing until a partition has one reader, and its records up to `end` are covered by commits. `stored` is
    /// what the group has for it.
    pub(crate) fn missing(
        &self,
        key: Key,
        end: i64,
        stored: Option<Stored>,
        now: Duration,
    ) -> Option<String> {
        let (at, owners) = (shown(key), self.owners(key, now));
        if owners.len() != 1 {
            return Some(format!("{at} is read by {owners:?}"));
        }
        let stored = stored.map_or(0, |(_, offset)| offset);
        if stored != end {
            return Some(format!("{at} has {stored} of {end}"));
        }
        let covered = self.places.get(&key).map(|place| &place.covered);
        let skipped = (0..end).find(|offset| covered.is_none_or(|covered| !covered.contains(offset)));
        skipped.map(|offset| format!("offset {offset} of {at} was passed over"))
    }
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

fn shown((group, topic, partition): Key) -> String {
    format!("{topic}-{partition} in group {group}")
}

#[cfg(test)]
mod tests;
