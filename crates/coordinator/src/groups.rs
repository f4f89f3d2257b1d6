//! One partition of `__consumer_offsets`: its groups and their offsets, and the order in which things happen to them.
//!
//! What needs a record is decided on committed state, and waits while a batch of records is on its way; reads and
//! heartbeats do not. One batch is on its way at a time, with the records of all that came meanwhile; a group of which it
//! has a record waits for its commit before anything else is decided, but commits of offsets, which depend on none. What is
//! decided on offsets (deleting, expiring) begins a batch: so it never takes away a commit that it has not seen.
//! Of a group of the consumer protocol the batch has a draft instead: more may be decided on it, since a batch is stored whole
//! or not at all; a member of which it changes the place is told nothing before the commit.
//! What is committed in a transaction is a batch of its own; it is hidden until the transaction ends (txn.rs).
//! *Invariant*: a reply that promises something goes out after the records that keep the promise are committed.
//! Tests: tests/classic.rs, tests/commits.rs, tests/consumer.rs, tests/migration.rs, tests/replay.rs, tests/compacted.rs, tests/review.rs,
//! tests/transactions.rs, tests/txn_replay.rs.

mod commit;
mod consumer;
mod expiry;
mod look;
mod reads;
mod room;
mod txn;

use crate::classic::{Join, Member};
use crate::consumer::{Consumer, Heartbeat, Looks};
use crate::group::{Group, Kind};
use crate::held::Counted;
use crate::note::{Asked, Who, notes};
use crate::record::GroupRecord;
use crate::request::{
    Answer, Caller, Effect, Event, InTxn, Logged, Reason, Request, Settings, Token, Topics,
};
use crate::timers::{TimerKey, Timers};
pub use expiry::Due;
pub use look::Counts;
use room::{Queue, Room, note};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{ErrorCode, GroupId, InstanceId, MemberId, Monotonic, Now, ProducerId};
use wire::sync_group_request::SyncGroupRequest;

/// What happens when a batch is committed, or is not.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// A reply goes out.
    Reply(Token, Answer),
    /// An operation goes on that would have been too large for one batch.
    Again(Operation),
    /// It is counted.
    Counted(Event),
    /// A commit is answered; its member has shown itself.
    Committed { token: Token, group: GroupId, member: MemberId, codes: Vec<ErrorCode> },
    /// Members get their assignment.
    Synced { group: GroupId },
    /// A group has come from the consumer protocol: its members are to join again.
    Downgraded { group: GroupId },
    /// A static member has a new id.
    Replaced { group: GroupId, old: MemberId, new: MemberId, member: Member, told: Option<MemberId> },
}

/// Records on their way, and what follows.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    records: Vec<GroupRecord>,
    bytes: usize,
    then: Vec<Then>,
    /// Who has asked for which of them.
    asked: Vec<Asked>,
    /// Groups of which nothing else is decided until it is committed.
    held: BTreeSet<GroupId>,
    /// Groups of the consumer protocol as they are with these records.
    drafts: BTreeMap<GroupId, Box<Consumer>>,
    room: Room,
    /// In whose transaction they are: nothing else is in such a batch.
    txn: Option<InTxn>,
}

/// What a decision may read and write beside its group.
pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    pub(crate) settings: &'a Settings,
    looks: &'a Looks,
    timers: &'a mut Timers,
    effects: &'a mut Vec<Effect>,
    batch: &'a mut Batch,
}

impl Turn<'_> {
    /// Answers at once.
    pub(crate) fn reply(&mut self, token: Token, answer: Result<Answer, ErrorCode>) {
        self.effects.push(Effect::Reply { token, answer });
    }

    /// Writes a record; a classic group is held until it is committed.
    pub(crate) fn write(&mut self, record: GroupRecord) {
        if matches!(record, GroupRecord::Group { .. }) {
            self.hold(record.group());
        }
        self.batch.bytes += record.size();
        self.batch.records.push(record);
    }

    /// Lets nothing be decided about a group until what is written now is committed.
    fn hold(&mut self, group: &GroupId) {
        self.batch.held.insert(group.clone());
    }

    /// Notes who has asked for the records from one on.
    fn asked_by(&mut self, first: usize, who: Who) {
        self.batch.asked.push((first..self.batch.records.len(), who));
    }

    /// Counts the offsets whose end was written from a record on, and the groups that go with them.
    fn gone_since(&mut self, first: usize, reason: Reason, groups: u64) {
        let offsets = (self.batch.records.len() - first) as u64;
        if offsets + groups > 0 {
            self.then(Then::Counted(Event::Gone { reason, offsets, groups }));
        }
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

    /// Says whether a group is of the consumer protocol, with what is written in this batch.
    fn is_consumer(&self, groups: &BTreeMap<GroupId, Group>, id: &str) -> bool {
        self.batch.drafts.contains_key(id) || groups.get(id).is_some_and(|group| group.consumer().is_some())
    }

    /// Sets a deadline, unless there is one.
    pub(crate) fn arm_if_absent(&mut self, key: TimerKey, after: Duration) {
        if !self.timers.is_armed(&key) {
            self.arm(key, after);
        }
    }
}

/// What waits for its turn.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Request(Token, Box<Request>),
    Heartbeat(Token, Box<Heartbeat>),
    Timer(TimerKey),
}

impl Operation {
    /// Says whether it cannot be decided before a batch is committed: one about offsets would not see those in it.
    fn waits_for(&self, batch: &Batch) -> bool {
        let is_about_offsets = match self {
            Operation::Request(_, request) => request.is_about_offsets(),
            Operation::Heartbeat(..) => false,
            Operation::Timer(key) => *key == TimerKey::Expire,
        };
        (is_about_offsets && !batch.records.is_empty())
            || self.group().is_some_and(|group| batch.held.contains(group))
    }

    /// Says whether what it writes is in a transaction.
    fn is_in_txn(&self) -> bool {
        matches!(self, Operation::Request(_, request) if matches!(**request, Request::TxnCommit(_)))
    }

    fn group(&self) -> Option<&str> {
        match self {
            Operation::Request(_, request) => request.group(),
            Operation::Heartbeat(_, heartbeat) => Some(heartbeat.group.as_str()),
            Operation::Timer(key) => key.group(),
        }
    }

    /// Returns who waits for its answer.
    fn token(&self) -> Option<Token> {
        match self {
            Operation::Request(token, _) | Operation::Heartbeat(token, _) => Some(*token),
            Operation::Timer(_) => None,
        }
    }
}

/// The groups of one partition of `__consumer_offsets`.
#[derive(Debug)]
pub struct Groups {
    settings: Settings,
    groups: BTreeMap<GroupId, Group>,
    timers: Timers,
    queue: Queue,
    in_flight: Option<Batch>,
    effects: Vec<Effect>,
    /// What the groups hold, but for the tree that they are in. *Units*: bytes.
    held: usize,
    /// What others hold that share the budget. *Units*: bytes.
    elsewhere: usize,
    due: Due,
    looks: Looks,
    /// Which groups have offsets in the transaction of a producer.
    open: Counted<BTreeMap<(ProducerId, GroupId), ()>>,
    /// Number of the last record of a transaction.
    last_number: u64,
}

impl Groups {
    /// Makes a coordinator without groups; [`Groups::load`] brings those that the log holds.
    pub fn new(settings: Settings) -> Groups {
        Groups {
            settings,
            groups: BTreeMap::new(),
            timers: Timers::default(),
            queue: Queue::default(),
            in_flight: None,
            effects: Vec::new(),
            held: 0,
            elsewhere: 0,
            due: Due::default(),
            looks: Looks::default(),
            open: Counted::default(),
            last_number: 0,
        }
    }

    /// Takes over a committed record. Nothing else changes what survives.
    pub fn replay(&mut self, record: &GroupRecord) {
        let id = record.group();
        let Groups { groups, held, .. } = self;
        match record {
            GroupRecord::Group { .. } | GroupRecord::Consumer { .. } => {
                let group = groups.entry(id.clone()).or_insert_with(|| Group::new(id));
                group.apply(record);
                note(held, group);
                self.drop_if_void(id);
            }
            GroupRecord::Offset { topic, partition, value: Some(value), .. } => {
                let group = groups.entry(id.clone()).or_insert_with(|| Group::new(id));
                group.offsets.set(topic, *partition, value.into());
                group.pending.overtake(topic, *partition, u64::MAX);
                note(held, group);
            }
            GroupRecord::Offset { topic, partition, value: None, .. } => {
                if let Some(group) = groups.get_mut(id) {
                    group.offsets.remove(topic, *partition);
                    for producer in group.pending.remove(topic, *partition) {
                        self.open.remove(&(producer, id.clone()));
                    }
                    note(held, group);
                }
                self.drop_if_void(id);
            }
        }
    }

    /// Takes over what the log holds next.
    pub fn load(&mut self, logged: &Logged) {
        match logged {
            Logged::Record { record, at, txn } => {
                match txn {
                    None => self.replay(record),
                    Some(producer) => self.replay_in_txn(record, *producer),
                }
                if let Some(group) = self.groups.get_mut(record.group()) {
                    group.written_at = group.written_at.max(Some(*at));
                }
            }
            Logged::Ended { producer, commit } => self.end(*producer, *commit, |_| {}),
        }
    }

    fn drop_if_void(&mut self, id: &GroupId) {
        if self.groups.get(id).is_some_and(Group::is_void)
            && let Some(group) = self.groups.remove(id)
        {
            self.held = self.held.saturating_sub(group.noted);
        }
    }

    /// Everything that the log holds was replayed: it serves from now on.
    pub fn loaded(&mut self, topics: &dyn Topics, now: Now) {
        let mut batch = Batch::default();
        for group in self.groups.values_mut() {
            let (settings, looks) = (&self.settings, &self.looks);
            let (timers, effects) = (&mut self.timers, &mut self.effects);
            let mut turn = Turn { now, settings, looks, timers, effects, batch: &mut batch };
            match &mut group.kind {
                Kind::Classic(classic) => classic.loaded(&mut turn),
                Kind::Consumer(consumer) => consumer::loaded(consumer, topics, &mut turn),
            }
        }
        self.groups.values_mut().for_each(|group| group.loaded(now));
        debug_assert!(batch.records.is_empty(), "loading writes nothing");
        self.note_all();
        self.expire_later(now);
    }

    fn expire_later(&mut self, now: Now) {
        self.timers.arm(TimerKey::Expire, now.mono.plus(self.settings.retention_check));
    }

    /// Takes a request in.
    pub fn handle(&mut self, token: Token, request: Request, topics: &dyn Topics, now: Now) {
        let Some(request) = self.look(token, request, topics, now) else { return };
        if self.may_wait(&request) {
            self.queue.push(Operation::Request(token, Box::new(request)));
            self.pump(topics, now);
        } else {
            let answer = Err(ErrorCode::CoordinatorNotAvailable);
            self.effects.extend([Effect::Happened(Event::Refused), Effect::Reply { token, answer }]);
        }
    }

    /// Returns when [`Groups::on_time`] has something to do.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.timers.next()
    }

    /// Acts on the deadlines that are reached.
    pub fn on_time(&mut self, topics: &dyn Topics, now: Now) {
        while let Some(key) = self.timers.pop(now.mono) {
            self.queue.push(Operation::Timer(key));
        }
        self.pump(topics, now);
    }

    /// The batch on its way is committed, or was not stored.
    pub fn written(&mut self, outcome: Result<(), ErrorCode>, topics: &dyn Topics, now: Now) {
        let Some(batch) = self.in_flight.take() else { return };
        if let (Ok(()), Some(InTxn { producer, .. })) = (outcome, batch.txn) {
            self.written_in_txn(&batch, producer.id);
        } else if outcome.is_ok() {
            self.effects.extend(committed(&batch.records).map(Effect::Happened));
            batch.records.iter().for_each(|record| self.replay(record));
            batch.drafts.iter().for_each(|(id, draft)| self.keep_seen(id, draft));
        }
        for then in batch.then {
            self.follow(then, outcome, now);
        }
        self.pump(topics, now);
    }

    fn follow(&mut self, then: Then, outcome: Result<(), ErrorCode>, now: Now) {
        let mut batch = Batch::default();
        let (settings, looks) = (&self.settings, &self.looks);
        let (timers, effects) = (&mut self.timers, &mut self.effects);
        let mut turn = Turn { now, settings, looks, timers, effects, batch: &mut batch };
        match then {
            Then::Reply(token, answer) => turn.reply(token, outcome.map(|()| answer)),
            Then::Counted(event) if outcome.is_ok() => turn.effects.push(Effect::Happened(event)),
            Then::Counted(_) => {}
            Then::Again(operation) if outcome.is_ok() => self.queue.push_front(operation),
            Then::Again(operation) => {
                if let (Some(token), Err(code)) = (operation.token(), outcome) {
                    turn.reply(token, Err(code));
                }
                // What is left of it means nothing until its time comes again.
                self.expire_later(now);
            }
            Then::Committed { token, group, member, codes } => {
                turn.reply(token, outcome.map(|()| Answer::Partitions(codes)));
                if let Some(classic) = self.groups.get(&group).and_then(Group::classic) {
                    classic.touch(&member, &mut turn);
                }
            }
            Then::Synced { group } => {
                if let Some(classic) = self.groups.get_mut(&group).and_then(Group::classic_mut) {
                    classic.release_syncs(outcome, &mut turn);
                }
                self.note(group.as_str());
            }
            Then::Downgraded { group } => {
                if let Some(classic) = self.groups.get_mut(&group).and_then(Group::classic_mut) {
                    classic.loaded(&mut turn);
                }
                self.note(group.as_str());
            }
            Then::Replaced { group, old, new, member, told } => {
                match (outcome, self.groups.get_mut(&group).and_then(Group::classic_mut)) {
                    (Ok(()), Some(classic)) => classic.replaced((&old, &new), member, told, &mut turn),
                    (outcome, _) => {
                        let code = outcome.err().unwrap_or(ErrorCode::UnknownMemberId);
                        member.joining().into_iter().for_each(|token| turn.reply(token, Err(code)));
                    }
                }
                self.note(group.as_str());
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
        for operation in self.queue.take() {
            if self.waits(&operation, &batch) {
                self.queue.push(operation);
            } else {
                if operation.is_in_txn() {
                    // What was decided before it does not depend on its batch.
                    std::mem::take(&mut batch.then)
                        .into_iter()
                        .for_each(|then| self.follow(then, Ok(()), now));
                }
                batch.room = self.room();
                self.decide(operation, topics, now, &mut batch);
            }
        }
        if batch.records.is_empty() {
            for then in batch.then {
                self.follow(then, Ok(()), now);
            }
            return;
        }
        let before = |group: &GroupId, topic: &str, partition| {
            self.groups.get(group).and_then(|group| group.offsets.before(topic, partition))
        };
        let notes = match batch.txn {
            None => notes(&batch.records, &batch.asked, before, now.wall),
            Some(_) => Vec::new(),
        };
        let (records, txn) = (batch.records.clone(), batch.txn);
        self.effects.push(Effect::Append { records, notes, txn });
        self.in_flight = Some(batch);
    }

    /// Says whether an operation has to wait for the commit of a batch, or of what is in it already.
    fn waits(&self, operation: &Operation, batch: &Batch) -> bool {
        let is_moving = match operation {
            Operation::Request(_, request) => match &**request {
                Request::Sync(sync) => self.is_moving(batch, &sync.group_id, &sync.member_id),
                _ => false,
            },
            _ => false,
        };
        let is_alone = batch.txn.is_some() || operation.is_in_txn() && !batch.records.is_empty();
        is_moving || is_alone || operation.waits_for(batch) || batch.bytes >= self.settings.batch_max
    }

    fn decide(&mut self, operation: Operation, topics: &dyn Topics, now: Now, batch: &mut Batch) {
        match operation {
            Operation::Timer(key) => self.on_timer(&key, topics, now, batch),
            Operation::Heartbeat(token, heartbeat) => {
                self.decide_heartbeat(token, &heartbeat, topics, now, batch);
            }
            Operation::Request(token, request) => {
                let answer = self.on_request(token, *request, topics, now, batch);
                if let Err(code) = answer {
                    self.effects.push(Effect::Reply { token, answer: Err(code) });
                }
            }
        }
    }

    fn on_timer(&mut self, key: &TimerKey, topics: &dyn Topics, now: Now, batch: &mut Batch) {
        // It was set anew while it waited.
        if self.timers.is_armed(key) {
            return;
        }
        let Groups { settings, looks, groups, timers, effects, .. } = self;
        let mut turn = Turn { now, settings, looks, timers, effects, batch };
        let Some(id) = key.group() else {
            self.due = expiry::sweep(groups, &mut turn);
            if turn.is_full() {
                return turn.then(Then::Again(Operation::Timer(TimerKey::Expire)));
            }
            return self.expire_later(now);
        };
        let before = (groups.get(id).map(Group::members), turn.batch.records.len());
        let classic = groups.get_mut(id).and_then(Group::classic_mut);
        match (key, classic) {
            (TimerKey::Session(_, member), Some(classic)) => classic.on_session_timer(member, &mut turn),
            (TimerKey::Join(_), Some(classic)) => classic.on_join_timer(&mut turn),
            (TimerKey::Sync(_), Some(classic)) => classic.on_sync_timer(&mut turn),
            (_, None) => consumer::on_timer(groups, key, topics, &mut turn),
            (_, Some(_)) => {}
        }
        let after = (groups.get(id).map(Group::members), turn.batch.records.len());
        if matches!(key, TimerKey::Session(..)) && after != before {
            turn.effects.push(Effect::Happened(Event::SessionExpired));
        }
        self.note(id);
        self.drop_if_void(&GroupId::from(id));
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
        let Groups { settings, looks, groups, timers, effects, .. } = self;
        let mut turn = Turn { now, settings, looks, timers, effects, batch };
        match request {
            Request::Join { request, caller, fresh } if turn.is_consumer(groups, &request.group_id) => {
                consumer::join(groups, (token, request, caller, fresh), topics, &mut turn)?;
            }
            Request::Join { request, caller, fresh } => {
                let join = Join::new(token, request, caller, fresh);
                let id = join.group().clone();
                join_group(groups, join, &mut turn)?;
                self.note(id.as_str());
                self.drop_if_void(&id);
            }
            Request::Sync(request) => {
                let id = GroupId::from(request.group_id.as_str());
                sync(groups, token, &request, topics, &mut turn)?;
                self.note(id.as_str());
            }
            Request::Leave { group: id, members } => {
                let codes = leave(groups, &id, &members, topics, &mut turn);
                turn.then(Then::Reply(token, Answer::Leave(codes)));
                self.note(id.as_str());
                self.drop_if_void(&id);
            }
            Request::Commit(commit) => commit::commit_offsets(groups, token, commit, &mut turn)?,
            Request::TxnCommit(request) => commit::commit_in_txn(groups, token, request, &mut turn)?,
            Request::Delete(id) => delete((groups, &id), token, Reason::Asked, &mut turn)?,
            Request::Evict { group: id, since } => {
                let is_chosen = |group: &Group| group.idle_since() == since && group.pending.is_empty();
                if !groups.get(&id).is_some_and(is_chosen) {
                    return Err(ErrorCode::NonEmptyGroup);
                }
                delete((groups, &id), token, Reason::Cap, &mut turn)?;
            }
            Request::DeleteOffsets { group: id, partitions, caller } => {
                let group = groups.get(&id).ok_or(ErrorCode::GroupIdNotFound)?;
                let codes = delete_offsets((&id, group), &partitions, caller, &mut turn)?;
                turn.then(Then::Reply(token, Answer::Partitions(codes)));
            }
            Request::ForgetTopics => forget_topics(groups, token, topics, &mut turn),
            Request::Heartbeat { .. }
            | Request::FetchOffsets { .. }
            | Request::ConsumerHeartbeat { .. }
            | Request::ConsumerDescribe(_)
            | Request::Describe(_)
            | Request::Explain(_)
            | Request::Members { .. }
            | Request::Within { .. }
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
        for operation in self.queue.take() {
            if let Some(token) = operation.token() {
                self.effects.push(Effect::Reply { token, answer: Err(code) });
            }
        }
        let mut batch = Batch::default();
        for group in self.groups.values_mut() {
            let (settings, looks) = (&self.settings, &self.looks);
            let (timers, effects) = (&mut self.timers, &mut self.effects);
            if let Some(classic) = group.classic_mut() {
                classic.end(code, &mut Turn { now, settings, looks, timers, effects, batch: &mut batch });
            }
        }
        self.effects
    }

    /// Takes out what is to be done.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}

/// Returns what is counted of a batch that is committed.
fn committed(records: &[GroupRecord]) -> impl Iterator<Item = Event> {
    let count =
        |is_one: fn(&GroupRecord) -> bool| records.iter().filter(|record| is_one(record)).count() as u64;
    let offsets = count(|record| matches!(record, GroupRecord::Offset { value: Some(_), .. }));
    let classic = count(
        |record| matches!(record, GroupRecord::Group { value: Some(value), .. } if !value.members.is_empty()),
    );
    let consumer = count(|record| {
        matches!(record, GroupRecord::Consumer { record: crate::ConsumerRecord::Epoch(Some(_)), .. })
    });
    let all = [
        (offsets, Event::Committed(offsets)),
        (classic, Event::Rebalanced { classic: true, count: classic }),
        (consumer, Event::Rebalanced { classic: false, count: consumer }),
    ];
    all.into_iter().filter(|(count, _)| *count > 0).map(|(_, event)| event)
}

fn join_group(
    groups: &mut BTreeMap<GroupId, Group>,
    join: Join,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    if !turn.settings.session_timeout.contains(&join.session_timeout()) {
        return Err(ErrorCode::InvalidSessionTimeout);
    }
    if join.size() > turn.settings.member_max || !join.has_writable_id() {
        return Err(ErrorCode::InvalidRequest);
    }
    let id = join.group().clone();
    if !join.is_new() && !groups.contains_key(&id) {
        return Err(ErrorCode::UnknownMemberId);
    }
    let (bytes, is_new) = join.growth(groups.get(&id).and_then(Group::classic));
    if !turn.has_room(bytes, is_new) {
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    let group = groups.entry(id.clone()).or_insert_with(|| Group::new(&id));
    if let Some(classic) = group.classic_mut() {
        classic.join(join, turn);
    }
    Ok(())
}

fn sync(
    groups: &mut BTreeMap<GroupId, Group>,
    token: Token,
    request: &SyncGroupRequest,
    topics: &dyn Topics,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    let group = groups.get_mut(request.group_id.as_str()).ok_or(ErrorCode::UnknownMemberId)?;
    match &mut group.kind {
        Kind::Classic(classic) => classic.sync(token, request, turn),
        Kind::Consumer(consumer) => consumer::sync(consumer, token, request, topics, turn)?,
    }
    Ok(())
}

fn leave(
    groups: &mut BTreeMap<GroupId, Group>,
    id: &GroupId,
    members: &[(MemberId, Option<InstanceId>)],
    topics: &dyn Topics,
    turn: &mut Turn<'_>,
) -> Vec<ErrorCode> {
    match groups.get_mut(id).map(|group| &mut group.kind) {
        Some(Kind::Classic(classic)) => classic.leave(members, turn),
        Some(Kind::Consumer(_)) => consumer::leave(groups, id, members, topics, turn),
        None => vec![ErrorCode::UnknownMemberId; members.len()],
    }
}

fn delete(
    (groups, id): (&BTreeMap<GroupId, Group>, &GroupId),
    token: Token,
    reason: Reason,
    turn: &mut Turn<'_>,
) -> Result<(), ErrorCode> {
    let first = turn.batch.records.len();
    let group = groups.get(id).ok_or(ErrorCode::GroupIdNotFound)?;
    if !group.is_deserted() {
        return Err(ErrorCode::NonEmptyGroup);
    }
    turn.hold(id);
    for (topic, partition) in group.places() {
        if turn.is_full() {
            turn.gone_since(first, reason, 0);
            // Nobody comes in between: it is the first thing after the commit.
            turn.then(Then::Again(Operation::Request(token, Box::new(Request::Delete(id.clone())))));
            return Ok(());
        }
        turn.write(GroupRecord::no_offset(id, topic, partition));
    }
    turn.gone_since(first, reason, 1);
    group.end_records(id).into_iter().for_each(|record| turn.write(record));
    turn.then(Then::Reply(token, Answer::Done));
    Ok(())
}

/// Writes the end of the offsets of topics that are gone, but where a namesake has offsets too: those would go with them. What is in a
/// transaction there goes with its end.
fn forget_topics(groups: &BTreeMap<GroupId, Group>, token: Token, topics: &dyn Topics, turn: &mut Turn<'_>) {
    let first = turn.batch.records.len();
    for (id, group) in groups {
        let gone: BTreeSet<(&str, i32)> =
            group.offsets.of_gone_topics(topics).chain(group.pending.of_gone_topics(topics)).collect();
        let is_alone =
            |&(topic, partition): &(&str, i32)| !group.has_place_of(topic, partition, topics.id_of(topic));
        for (topic, partition) in gone.into_iter().filter(is_alone) {
            if !turn.is_full() {
                turn.write(GroupRecord::no_offset(id, topic, partition));
            }
        }
    }
    turn.gone_since(first, Reason::Topic, 0);
    turn.then(match turn.is_full() {
        true => Then::Again(Operation::Request(token, Box::new(Request::ForgetTopics))),
        false => Then::Reply(token, Answer::Done),
    });
}

fn delete_offsets(
    (id, group): (&GroupId, &Group),
    partitions: &[(String, i32)],
    caller: Caller,
    turn: &mut Turn<'_>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    let is_consumer = group.protocol_type() == crate::classic::CONSUMER;
    if !group.is_empty() && !is_consumer {
        return Err(ErrorCode::NonEmptyGroup);
    }
    let (first, mut codes) = (turn.batch.records.len(), Vec::with_capacity(partitions.len()));
    let size = |(topic, _): &(String, i32)| GroupRecord::no_offset(id, topic, 0).size();
    if partitions.iter().filter(|(topic, p)| group.has_place(topic, *p)).map(size).sum::<usize>()
        > turn.settings.operation_max
    {
        return Err(ErrorCode::UnknownServerError);
    }
    for (topic, partition) in partitions {
        if group.reads(topic) {
            codes.push(ErrorCode::GroupSubscribedToTopic);
            continue;
        }
        codes.push(ErrorCode::None);
        if group.has_place(topic, *partition) {
            turn.write(GroupRecord::no_offset(id, topic, *partition));
        }
    }
    turn.asked_by(first, Who::outside(caller));
    Ok(codes)
}
