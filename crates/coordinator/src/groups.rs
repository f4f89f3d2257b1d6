//! One partition of `__consumer_offsets`: its groups and their offsets, and the order in which things happen to them.
//!
//! What needs a record is decided on committed state, and waits while a batch of records is on its way; reads and
//! heartbeats do not. One batch is on its way at a time, with the records of all that came meanwhile; a group of which it
//! has a record waits for its commit before anything else is decided, but commits of offsets, which depend on none. What is
//! decided on offsets (deleting, expiring) begins a batch: so it never takes away a commit that it has not seen.
//! *Invariant*: a reply that promises something goes out after the records that keep the promise are committed.
//! Tests: tests/classic.rs, tests/commits.rs, tests/replay.rs.

use crate::classic::{Classic, Join, Member, State};
use crate::offsets::Offsets;
use crate::record::GroupRecord;
use crate::request::{Answer, Commit, Effect, Listed, Request, Settings, Token, Topics};
use crate::timers::{TimerKey, Timers};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use types::{ErrorCode, Generation, GroupId, InstanceId, MemberId, Monotonic, Now, WallTime};

/// What happens when a batch is committed, or is not.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// A reply goes out.
    Reply(Token, Answer),
    /// An operation goes on that would have been too large for one batch.
    Again(Operation),
    /// A commit is answered; its member has shown itself.
    Committed { token: Token, group: GroupId, member: MemberId, codes: Vec<ErrorCode> },
    /// Members get their assignment.
    Synced { group: GroupId },
    /// A static member has a new id.
    Replaced { group: GroupId, old: MemberId, new: MemberId, member: Member, told: Option<MemberId> },
}

/// Records on their way, and what follows.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    records: Vec<GroupRecord>,
    bytes: usize,
    then: Vec<Then>,
    /// Groups of which nothing else is decided until it is committed.
    held: BTreeSet<GroupId>,
}

/// What a decision may read and write beside its group.
pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    pub(crate) settings: &'a Settings,
    timers: &'a mut Timers,
    effects: &'a mut Vec<Effect>,
    batch: &'a mut Batch,
}

impl Turn<'_> {
    /// Answers at once.
    pub(crate) fn reply(&mut self, token: Token, answer: Result<Answer, ErrorCode>) {
        self.effects.push(Effect::Reply { token, answer });
    }

    /// Writes a record; its group is held until it is committed, unless it is an offset.
    pub(crate) fn write(&mut self, record: GroupRecord) {
        if !matches!(record, GroupRecord::Offset { .. }) {
            self.batch.held.insert(record.group().clone());
        }
        self.batch.bytes += record.size();
        self.batch.records.push(record);
    }

    /// Says whether no further operation goes into this batch.
    fn is_full(&self) -> bool {
        self.batch.bytes >= self.settings.batch_max
    }

    /// Says what follows the commit of what is written in this turn.
    pub(crate) fn then(&mut self, then: Then) {
        self.batch.then.push(then);
    }

    pub(crate) fn arm(&mut self, key: TimerKey, after: Duration) {
        self.timers.arm(key, self.now.mono.plus(after));
    }

    pub(crate) fn cancel(&mut self, key: &TimerKey) {
        self.timers.cancel(key);
    }
}

/// What waits for its turn.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Request(Token, Request),
    Timer(TimerKey),
}

impl Operation {
    /// Says whether it cannot be decided before a batch is committed: one about offsets would not see those in it.
    fn waits_for(&self, batch: &Batch) -> bool {
        let is_about_offsets = match self {
            Operation::Request(_, request) => request.is_about_offsets(),
            Operation::Timer(key) => *key == TimerKey::Expire,
        };
        (is_about_offsets && !batch.records.is_empty())
            || self.group().is_some_and(|group| batch.held.contains(group))
    }

    fn group(&self) -> Option<&str> {
        match self {
            Operation::Request(_, request) => request.group(),
            Operation::Timer(key) => key.group(),
        }
    }
}

/// A group and the offsets that were committed in its name.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    classic: Classic,
    offsets: Offsets,
}

impl Group {
    /// Returns since when nobody has used it: it has had no members, and nothing was committed.
    fn idle_since(&self) -> WallTime {
        self.offsets.latest().map_or(self.classic.since(), |latest| latest.max(self.classic.since()))
    }
}

/// The groups of one partition of `__consumer_offsets`.
#[derive(Debug)]
pub struct Groups {
    settings: Settings,
    groups: BTreeMap<GroupId, Group>,
    timers: Timers,
    queue: VecDeque<Operation>,
    in_flight: Option<Batch>,
    effects: Vec<Effect>,
}

impl Groups {
    /// Makes a coordinator without groups; [`Groups::replay`] brings those that the log holds.
    pub fn new(settings: Settings) -> Groups {
        Groups {
            settings,
            groups: BTreeMap::new(),
            timers: Timers::default(),
            queue: VecDeque::new(),
            in_flight: None,
            effects: Vec::new(),
        }
    }

    /// Takes over a committed record. Nothing else changes what survives.
    pub fn replay(&mut self, record: &GroupRecord) {
        let id = record.group();
        match record {
            GroupRecord::Group { value: Some(value), .. } => self.entry(id).classic.apply(value),
            GroupRecord::Group { value: None, .. } => {
                // Offsets may be left, or come later: they have tombstones of their own.
                if let Some(group) = self.groups.get_mut(id) {
                    group.classic = Classic::new(id.clone());
                }
                self.drop_if_void(id);
            }
            GroupRecord::Offset { topic, partition, value: Some(value), .. } => {
                self.entry(id).offsets.set(topic, *partition, value.into());
            }
            GroupRecord::Offset { topic, partition, value: None, .. } => {
                if let Some(group) = self.groups.get_mut(id) {
                    group.offsets.remove(topic, *partition);
                }
                self.drop_if_void(id);
            }
        }
    }

    fn entry(&mut self, id: &GroupId) -> &mut Group {
        let make = || Group { classic: Classic::new(id.clone()), offsets: Offsets::default() };
        self.groups.entry(id.clone()).or_insert_with(make)
    }

    fn drop_if_void(&mut self, id: &GroupId) {
        let is_void = |group: &Group| {
            group.classic.is_idle() && !group.classic.has_record() && group.offsets.is_empty()
        };
        if self.groups.get(id).is_some_and(is_void) {
            self.groups.remove(id);
        }
    }

    /// Everything that the log holds was replayed: it serves from now on.
    pub fn loaded(&mut self, now: Now) {
        let mut batch = Batch::default();
        for group in self.groups.values() {
            let (settings, timers, effects) = (&self.settings, &mut self.timers, &mut self.effects);
            group.classic.loaded(&mut Turn { now, settings, timers, effects, batch: &mut batch });
        }
        debug_assert!(batch.records.is_empty(), "loading writes nothing");
        self.expire_later(now);
    }

    fn expire_later(&mut self, now: Now) {
        if self.settings.retention.is_some() {
            self.timers.arm(TimerKey::Expire, now.mono.plus(self.settings.retention_check));
        }
    }

    /// Takes a request in.
    pub fn handle(&mut self, token: Token, request: Request, topics: &dyn Topics, now: Now) {
        match request {
            Request::Heartbeat { group, member, instance, generation } => {
                let answer = self.heartbeat((&group, &member, instance.as_ref()), generation, now);
                self.effects.push(Effect::Reply { token, answer });
            }
            Request::FetchOffsets { group, partitions } => {
                let found =
                    self.groups.get(&group).map(|group| group.offsets.fetch(partitions.as_deref(), topics));
                let none = || crate::offsets::none(partitions.as_deref());
                self.effects
                    .push(Effect::Reply { token, answer: Ok(Answer::Offsets(found.unwrap_or_else(none))) });
            }
            Request::Describe(group) => {
                let found =
                    self.groups.get(&group).map(|group| Answer::Description(group.classic.describe()));
                self.effects.push(Effect::Reply { token, answer: found.ok_or(ErrorCode::GroupIdNotFound) });
            }
            Request::List => {
                let answer = Ok(Answer::Groups(self.list()));
                self.effects.push(Effect::Reply { token, answer });
            }
            request => {
                self.queue.push_back(Operation::Request(token, request));
                self.pump(topics, now);
            }
        }
    }

    fn heartbeat(
        &mut self,
        (group, member, instance): (&GroupId, &MemberId, Option<&InstanceId>),
        generation: Generation,
        now: Now,
    ) -> Result<Answer, ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let group = self.groups.get(group).ok_or(ErrorCode::UnknownMemberId)?;
        let (settings, timers, effects) = (&self.settings, &mut self.timers, &mut self.effects);
        let mut turn = Turn { now, settings, timers, effects, batch: &mut Batch::default() };
        group.classic.heartbeat(member, instance, generation, &mut turn)
    }

    fn list(&self) -> Vec<Listed> {
        let each = self.groups.iter().map(|(id, group)| Listed {
            group: id.clone(),
            protocol_type: group.classic.protocol_type().to_owned(),
            state: group.classic.state().name(),
        });
        each.collect()
    }

    /// Returns when [`Groups::on_time`] has something to do.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.timers.next()
    }

    /// Acts on the deadlines that are reached.
    pub fn on_time(&mut self, topics: &dyn Topics, now: Now) {
        while let Some(key) = self.timers.pop(now.mono) {
            self.queue.push_back(Operation::Timer(key));
        }
        self.pump(topics, now);
    }

    /// The batch on its way is committed, or was not stored.
    pub fn written(&mut self, outcome: Result<(), ErrorCode>, topics: &dyn Topics, now: Now) {
        let Some(batch) = self.in_flight.take() else { return };
        if outcome.is_ok() {
            batch.records.iter().for_each(|record| self.replay(record));
        }
        for then in batch.then {
            self.follow(then, outcome, now);
        }
        self.pump(topics, now);
    }

    fn follow(&mut self, then: Then, outcome: Result<(), ErrorCode>, now: Now) {
        let mut batch = Batch::default();
        let (settings, timers, effects) = (&self.settings, &mut self.timers, &mut self.effects);
        let mut turn = Turn { now, settings, timers, effects, batch: &mut batch };
        match then {
            Then::Reply(token, answer) => turn.reply(token, outcome.map(|()| answer)),
            Then::Again(operation) if outcome.is_ok() => self.queue.push_back(operation),
            // It is tried again when its time comes; what is left of it means nothing until then.
            Then::Again(_) => self.expire_later(now),
            Then::Committed { token, group, member, codes } => {
                turn.reply(token, outcome.map(|()| Answer::Partitions(codes)));
                if let Some(group) = self.groups.get(&group) {
                    group.classic.touch(&member, &mut turn);
                }
            }
            Then::Synced { group } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.classic.release_syncs(outcome, &mut turn);
                }
            }
            Then::Replaced { group, old, new, member, told } => {
                match (outcome, self.groups.get_mut(&group)) {
                    (Ok(()), Some(group)) => group.classic.replaced((&old, &new), member, told, &mut turn),
                    (outcome, _) => {
                        let code = outcome.err().unwrap_or(ErrorCode::UnknownMemberId);
                        member.joining().into_iter().for_each(|token| turn.reply(token, Err(code)));
                    }
                }
            }
        }
        debug_assert!(batch.records.is_empty(), "what follows a commit writes nothing");
    }

    /// Decides what waits, as far as nothing is in its way, and sends off the records of it.
    fn pump(&mut self, topics: &dyn Topics, now: Now) {
        if self.in_flight.is_some() {
            return;
        }
        let mut batch = Batch::default();
        for operation in std::mem::take(&mut self.queue) {
            if operation.waits_for(&batch) || batch.bytes >= self.settings.batch_max {
                self.queue.push_back(operation);
            } else {
                self.decide(operation, topics, now, &mut batch);
            }
        }
        if batch.records.is_empty() {
            for then in batch.then {
                self.follow(then, Ok(()), now);
            }
            return;
        }
        self.effects.push(Effect::Append(batch.records.clone()));
        self.in_flight = Some(batch);
    }

    fn decide(&mut self, operation: Operation, topics: &dyn Topics, now: Now, batch: &mut Batch) {
        match operation {
            Operation::Timer(key) => self.on_timer(&key, now, batch),
            Operation::Request(token, request) => {
                let answer = self.on_request(token, request, topics, now, batch);
                if let Err(code) = answer {
                    self.effects.push(Effect::Reply { token, answer: Err(code) });
                }
            }
        }
    }

    fn on_timer(&mut self, key: &TimerKey, now: Now, batch: &mut Batch) {
        // It was set anew while it waited.
        if self.timers.is_armed(key) {
            return;
        }
        let Groups { settings, groups, timers, effects, .. } = self;
        let mut turn = Turn { now, settings, timers, effects, batch };
        let Some(id) = key.group() else {
            groups.iter().for_each(|(id, group)| expire(id, group, &mut turn));
            if turn.is_full() {
                return turn.then(Then::Again(Operation::Timer(TimerKey::Expire)));
            }
            return self.expire_later(now);
        };
        let Some(group) = groups.get_mut(id) else { return };
        match key {
            TimerKey::Expire => {}
            TimerKey::Session(_, member) => group.classic.on_session_timer(member, &mut turn),
            TimerKey::Join(_) => group.classic.on_join_timer(&mut turn),
            TimerKey::Sync(_) => group.classic.on_sync_timer(&mut turn),
        }
        let id = group.classic.id().clone();
        self.drop_if_void(&id);
    }

    fn on_request(
        &mut self,
        token: Token,
        request: Request,
        topics: &dyn Topics,
        now: Now,
        batch: &mut Batch,
    ) -> Result<(), ErrorCode> {
        if request.group() == Some("") && !matches!(request, Request::Commit(_) | Request::Delete(_)) {
            return Err(ErrorCode::InvalidGroupId);
        }
        let Groups { settings, groups, timers, effects, .. } = self;
        let mut turn = Turn { now, settings, timers, effects, batch };
        match request {
            Request::Join { request, caller, fresh } => {
                let join = Join::new(token, request, caller, fresh);
                let id = join.group().clone();
                join_group(groups, join, &mut turn)?;
                self.drop_if_void(&id);
            }
            Request::Sync(request) => {
                let group = groups.get_mut(request.group_id.as_str()).ok_or(ErrorCode::UnknownMemberId)?;
                group.classic.sync(token, request, &mut turn);
            }
            Request::Leave { group: id, members } => {
                let unknown = || vec![ErrorCode::UnknownMemberId; members.len()];
                let group = groups.get_mut(&id);
                let codes = group.map_or_else(unknown, |group| group.classic.leave(&members, &mut turn));
                turn.then(Then::Reply(token, Answer::Leave(codes)));
                self.drop_if_void(&id);
            }
            Request::Commit(commit) => commit_offsets(groups, token, commit, &mut turn)?,
            Request::Delete(id) => delete(groups, token, id, &mut turn)?,
            Request::Evict { group: id, since } => {
                if groups.get(&id).is_none_or(|group| group.idle_since() != since) {
                    return Err(ErrorCode::NonEmptyGroup);
                }
                delete(groups, token, id, &mut turn)?;
            }
            Request::DeleteOffsets { group: id, partitions } => {
                let group = groups.get(&id).ok_or(ErrorCode::GroupIdNotFound)?;
                let codes = delete_offsets(&id, group, &partitions, &mut turn)?;
                turn.then(Then::Reply(token, Answer::Partitions(codes)));
            }
            Request::ForgetTopics => {
                for (id, group) in groups.iter() {
                    for (topic, partition) in group.offsets.of_gone_topics(topics) {
                        if !turn.is_full() {
                            turn.write(GroupRecord::no_offset(id, topic, partition));
                        }
                    }
                }
                turn.then(match turn.is_full() {
                    true => Then::Again(Operation::Request(token, Request::ForgetTopics)),
                    false => Then::Reply(token, Answer::Done),
                });
            }
            Request::Heartbeat { .. }
            | Request::FetchOffsets { .. }
            | Request::Describe(_)
            | Request::List => {}
        }
        Ok(())
    }

    /// Gives the lead up: whoever waits is told to look for the new coordinator.
    pub fn resign(mut self, now: Now) -> Vec<Effect> {
        let code = ErrorCode::NotCoordinator;
        // A batch on its way may be committed all the same: its askers get a code that promises nothing.
        for then in self.in_flight.take().map(|batch| batch.then).unwrap_or_default() {
            self.follow(then, Err(code), now);
        }
        for operation in std::mem::take(&mut self.queue) {
            if let Operation::Request(token, _) = operation {
                self.effects.push(Effect::Reply { token, answer: Err(code) });
            }
        }
        let mut batch = Batch::default();
        for group in self.groups.values_mut() {
            let (settings, timers, effects) = (&self.settings, &mut self.timers, &mut self.effects);
            group.classic.end(code, &mut Turn { now, settings, timers, effects, batch: &mut batch });
        }
        self.effects
    }

    /// Returns the groups without members that have offsets: since when they have none, and how many offsets that is.
    pub fn idle(&self) -> impl Iterator<Item = (&GroupId, WallTime, usize)> {
        let idle = self.groups.iter().filter(|(_, group)| group.classic.state() == State::Empty);
        let idle = idle.map(|(id, group)| (id, group.idle_since(), group.offsets.len()));
        idle.filter(|(_, _, count)| *count > 0)
    }

    /// Takes out what is to be done.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}

fn join_group(
    groups: &mut BTreeMap<GroupId, Group>,
    join: Join,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    if !turn.settings.session_timeout.contains(&join.session_timeout()) {
        return Err(ErrorCode::InvalidSessionTimeout);
    }
    if join.size() > turn.settings.member_max {
        return Err(ErrorCode::InvalidRequest);
    }
    let id = join.group().clone();
    if !join.is_new() && !groups.contains_key(&id) {
        return Err(ErrorCode::UnknownMemberId);
    }
    let make = || Group { classic: Classic::new(id.clone()), offsets: Offsets::default() };
    groups.entry(id.clone()).or_insert_with(make).classic.join(join, turn);
    Ok(())
}

fn commit_offsets(
    groups: &BTreeMap<GroupId, Group>,
    token: Token,
    commit: Commit,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    let Commit { group: id, member, instance, generation, knows_not_found, offsets } = commit;
    match groups.get(&id) {
        Some(group) => group.classic.check_commit(&member, instance.as_ref(), generation)?,
        // An assigning consumer or an operator: such a group has offsets and nothing else.
        None if generation.0 < 0 => {}
        None if knows_not_found => return Err(ErrorCode::GroupIdNotFound),
        None => return Err(ErrorCode::IllegalGeneration),
    }
    let mut codes = Vec::with_capacity(offsets.len());
    for offset in offsets {
        if offset.metadata.len() > turn.settings.metadata_max {
            codes.push(ErrorCode::OffsetMetadataTooLarge);
        } else {
            codes.push(ErrorCode::None);
            turn.write(GroupRecord::offset(&id, offset, turn.now.wall));
        }
    }
    turn.then(Then::Committed { token, group: id, member, codes });
    Ok(())
}

fn delete(
    groups: &BTreeMap<GroupId, Group>,
    token: Token,
    id: GroupId,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    let group = groups.get(&id).ok_or(ErrorCode::GroupIdNotFound)?;
    if group.classic.state() != State::Empty || !group.classic.is_idle() {
        return Err(ErrorCode::NonEmptyGroup);
    }
    group.offsets.keys().for_each(|(topic, p)| turn.write(GroupRecord::no_offset(&id, topic, p)));
    turn.write(GroupRecord::Group { group: id, value: None });
    turn.then(Then::Reply(token, Answer::Done));
    Ok(())
}

/// Writes the end of what has expired. *Source*: Kafka's OffsetExpirationCondition: age counts from the commit, for a group
/// that had members from when it became empty, if that is later; what members read does not age (C10).
fn expire(id: &GroupId, group: &Group, turn: &mut Turn<'_>) {
    let Some(retention) = turn.settings.retention.filter(|_| !turn.is_full()) else { return };
    let retention = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    let (classic, now) = (&group.classic, turn.now.wall);
    let had_members = classic.state() == State::Empty && !classic.protocol_type().is_empty();
    let mut left = 0;
    for (topic, partition, at) in group.offsets.times() {
        if turn.is_full() {
            return;
        }
        let from = if had_members { at.max(classic.since()) } else { at };
        if classic.reads(topic) || now.0.saturating_sub(from.0) < retention {
            left += 1;
        } else {
            turn.write(GroupRecord::no_offset(id, topic, partition));
        }
    }
    let is_over = classic.state() == State::Empty && classic.is_idle() && classic.has_record();
    if left == 0 && is_over && now.0.saturating_sub(classic.since().0) >= retention {
        turn.write(GroupRecord::Group { group: id.clone(), value: None });
    }
}

fn delete_offsets(
    id: &GroupId,
    group: &Group,
    partitions: &[(String, i32)],
    turn: &mut Turn<'_>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    let is_consumer = group.classic.protocol_type() == crate::classic::CONSUMER;
    if group.classic.state() != State::Empty && !is_consumer {
        return Err(ErrorCode::NonEmptyGroup);
    }
    let mut codes = Vec::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        if group.classic.reads(topic) {
            codes.push(ErrorCode::GroupSubscribedToTopic);
            continue;
        }
        codes.push(ErrorCode::None);
        if group.offsets.has(topic, *partition) {
            turn.write(GroupRecord::no_offset(id, topic, *partition));
        }
    }
    Ok(codes)
}
