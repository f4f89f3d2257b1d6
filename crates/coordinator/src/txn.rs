//! One partition of `__transaction_state`: its transactional ids, and the order in which things happen to them.
//!
//! A request is decided on the latest record of its id, committed or on its way: records of one log are never stored but in
//! their order, and if one is not stored this coordinator is given up, and whoever leads next reads what is there. So nothing
//! is taken back. What an answer promises is committed before it goes out; what follows a record in the same write-ahead log
//! waits only until the record is in that log's order ([`Order`]).
//! While an end is on its way, whatever else is asked about its id is held until the end is everywhere, for a while.
//! *Invariants*: marks go out after their PREPARE, those that go to another log once it is committed, Complete after all marks;
//! the decision of a PREPARE never changes (T4).
//! Tests: beside each module, tests/txn/.

mod decide;
mod request;
mod state;

pub use request::{
    Connection, Mark, Marked, Order, Producer, TxnAnswer, TxnEffect, TxnEvent, TxnFacts, TxnFilter,
    TxnRequest, TxnSettings,
};
pub use state::{Protocol, Txn, TxnClient, TxnPartitions, TxnRecord, TxnState, TxnTopic, UnknownState};

use crate::request::Token;
use crate::timers::Timers;
use decide::Step;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, LeaderEpoch, LogKey, Monotonic, Mutant, Now, ProducerEpoch, ProducerId};

/// What an id takes beside its record. *Units*: bytes.
const ENTRY_BYTES: usize = 512;

/// What a deadline is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum TimerKey {
    /// The transaction of an id has taken too long.
    Timeout(Arc<str>),
    /// A request has waited for long enough.
    Hold(Arc<str>, Token),
    /// Marks are sent again.
    Retry(Arc<str>),
    /// An id may be forgotten.
    Expire(Arc<str>),
}

/// What follows a record.
#[derive(Clone, Debug)]
enum Then {
    Reply(Token, TxnAnswer),
    /// The marks of an id go out.
    Mark(Arc<str>),
    /// Those that go to other logs go out.
    MarkElsewhere(Arc<str>),
    Happened(TxnEvent),
}

/// Records on their way, and what follows.
#[derive(Clone, Debug, Default)]
struct Batch {
    records: Vec<TxnRecord>,
    bytes: usize,
    /// As soon as they are in the log's order.
    ordered: Vec<Then>,
    /// Once they are committed.
    committed: Vec<Then>,
}

/// Marks that are to be written.
#[derive(Clone, Debug)]
struct Marks {
    number: u64,
    left: Arc<TxnPartitions>,
    /// What is left waits until PREPARE is committed.
    is_waiting: bool,
}

/// A request that waits for an end.
#[derive(Clone, Debug)]
struct Held {
    token: Token,
    request: TxnRequest,
    until: Monotonic,
}

/// What is known of an id.
#[derive(Clone, Debug, Default)]
struct Entry {
    committed: Option<Arc<Txn>>,
    /// As it is with the records on their way.
    latest: Option<Arc<Txn>>,
    on_way: usize,
    marks: Option<Marks>,
    held: VecDeque<Held>,
    /// When it was last written, or loaded, and how long it had been idle by then.
    touched: Monotonic,
    idle_before: Duration,
    /// The latest connection by which its producer has come, in this epoch.
    heard: Option<(ProducerEpoch, Connection)>,
    bytes: usize,
}

impl Entry {
    fn is_void(&self) -> bool {
        self.latest.is_none() && self.committed.is_none() && self.on_way == 0 && self.held.is_empty()
    }

    /// Says whether what it has come to is committed.
    fn is_stored(&self) -> bool {
        self.on_way == 0
    }
}

/// The transactional ids of one partition of `__transaction_state`.
#[derive(Clone, Debug)]
pub struct Transactions {
    settings: TxnSettings,
    epoch: LeaderEpoch,
    ids: BTreeMap<Arc<str>, Entry>,
    timers: Timers<TimerKey>,
    /// What is written next, batch by batch; the last takes more in.
    next: VecDeque<Batch>,
    /// What has no place in the log's order yet.
    given: Option<Batch>,
    /// What is not committed yet, oldest first.
    ordered: VecDeque<Batch>,
    /// What nobody waits for goes out by then, if nothing else is written before.
    lingers_until: Option<Monotonic>,
    effects: Vec<TxnEffect>,
    last_mark: u64,
    bytes: usize,
    /// What others hold that share the memory. *Units*: bytes.
    elsewhere: usize,
}

impl Transactions {
    /// Makes a coordinator without ids, under the epoch of its lead; [`Transactions::replay`] brings those that the log holds.
    pub fn new(settings: TxnSettings, epoch: LeaderEpoch) -> Transactions {
        Transactions {
            settings,
            epoch,
            ids: BTreeMap::new(),
            timers: Timers::default(),
            next: VecDeque::new(),
            given: None,
            ordered: VecDeque::new(),
            lingers_until: None,
            effects: Vec::new(),
            last_mark: 0,
            bytes: 0,
            elsewhere: 0,
        }
    }

    /// Takes over a committed record. Nothing else changes what survives.
    pub fn replay(&mut self, record: TxnRecord) {
        let TxnRecord { id, txn } = record;
        let entry = self.ids.entry(id.clone()).or_default();
        if entry.on_way == 0 {
            entry.latest.clone_from(&txn);
        }
        entry.committed = txn;
        self.count(&id);
        self.drop_if_void(&id);
    }

    /// Everything that the log holds was replayed: it serves from now on. Where the clock was set, nothing counts as idle.
    pub fn loaded(&mut self, clock_is_sound: bool, now: Now) {
        let ids: Vec<Arc<str>> = self.ids.keys().cloned().collect();
        for id in ids {
            let Some(entry) = self.ids.get_mut(&id) else { continue };
            let Some(txn) = &entry.latest else { continue };
            let idle = u64::try_from(now.wall.0.saturating_sub(txn.updated.0)).unwrap_or(0);
            let idle = if clock_is_sound { Duration::from_millis(idle) } else { Duration::ZERO };
            (entry.touched, entry.idle_before) = (now.mono, idle);
            match txn.state {
                // However long it has been open: its producer may have been kept waiting by this broker.
                TxnState::Ongoing => self.arm_timeout(&id, now),
                state if state.is_ending() => self.mark(&id),
                _ => self.arm_expiry(&id, self.settings.id_expiration.saturating_sub(idle), now),
            }
        }
    }

    /// Takes a request in. The connection matters where a producer's epoch does not tell what was delayed.
    pub fn handle(
        &mut self,
        token: Token,
        id: &str,
        request: TxnRequest,
        connection: Option<Connection>,
        now: Now,
    ) {
        if self.is_late(id, &request, connection) {
            self.effects.push(TxnEffect::Happened(TxnEvent::Late));
            return self.reply(token, Ok(TxnAnswer::Late));
        }
        let until = now.mono.plus(self.settings.hold);
        let id = self.ids.get_key_value(id).map_or_else(|| Arc::from(id), |(id, _)| id.clone());
        self.decide(Held { token, request, until }, &id, now);
        self.drop_if_void(&id);
        self.pump();
    }

    /// Notes by which connection a producer comes; says whether it has come by a later one before.
    fn is_late(&mut self, id: &str, request: &TxnRequest, connection: Option<Connection>) -> bool {
        let (Some(connection), Some(producer)) = (connection, request.producer()) else { return false };
        let Some(entry) = self.ids.get_mut(id) else { return false };
        let is_its = |txn: &Txn| txn.producer == producer.id && txn.epoch == producer.epoch;
        if !entry.latest.as_deref().is_some_and(is_its) {
            return false;
        }
        let heard = entry.heard.filter(|(epoch, _)| *epoch == producer.epoch).map(|(_, heard)| heard);
        entry.heard = Some((producer.epoch, heard.map_or(connection, |heard| heard.max(connection))));
        heard.is_some_and(|heard| connection < heard) && !Mutant::EndByAnyConnection.is_on()
    }

    fn decide(&mut self, asked: Held, id: &Arc<str>, now: Now) {
        let (token, request) = (asked.token, &asked.request);
        let known = self.ids.get(id).and_then(|entry| entry.latest.as_deref());
        let step = match request {
            TxnRequest::Init { timeout, .. } if timeout.0 < 1 || *timeout > self.settings.timeout_max => {
                Err(ErrorCode::InvalidTransactionTimeout)
            }
            TxnRequest::Init { .. } if known.is_none() && !self.has_room(ENTRY_BYTES + id.len(), 7) => {
                Err(ErrorCode::CoordinatorNotAvailable)
            }
            TxnRequest::Init { timeout, expected, fresh, client } => {
                decide::init(known, (*timeout, *expected, *fresh), client, now.wall)
            }
            TxnRequest::Add { producer, partitions, protocol, .. } => {
                decide::add(known, *producer, partitions, *protocol, now.wall)
            }
            TxnRequest::Verify { producer, partitions } => decide::verify(known, *producer, partitions),
            TxnRequest::End { producer, commit, protocol, fresh } => {
                decide::end(known, *producer, (*commit, *protocol, *fresh), now.wall)
            }
            TxnRequest::Abort { producer } => match known {
                Some(txn) if txn.producer != producer.id => Err(ErrorCode::InvalidProducerIdMapping),
                Some(txn) if txn.state.is_ending() => Ok(Step::Hold),
                Some(txn) if txn.state == TxnState::Ongoing && producer.epoch < txn.epoch => {
                    Err(ErrorCode::InvalidProducerEpoch)
                }
                Some(txn) if txn.state == TxnState::Ongoing => {
                    Ok(Step::Abort(Arc::new(decide::fence(txn, now.wall))))
                }
                // It was on its way, and is told so.
                Some(txn) if txn.state == TxnState::CompleteCommit => Err(ErrorCode::InvalidTxnState),
                Some(_) => Ok(Step::Say(TxnAnswer::Done)),
                None => Err(ErrorCode::TransactionalIdNotFound),
            },
        };
        match step {
            Err(code) => self.reply(token, Err(code)),
            Ok(Step::Say(answer)) => self.say(id, token, answer, self.follows_at_once(request)),
            Ok(Step::Write(txn, answer)) => {
                if let Err(code) = self.may_write(id, &txn) {
                    return self.reply(token, Err(code));
                }
                let is_ahead = self.follows_at_once(request);
                let event = match txn.state {
                    TxnState::PrepareCommit => Some(TxnEvent::Committed),
                    TxnState::PrepareAbort => Some(TxnEvent::Aborted),
                    _ => None,
                };
                let batch = self.write(id, txn, now);
                let then = if is_ahead { &mut batch.ordered } else { &mut batch.committed };
                then.push(Then::Reply(token, answer));
                batch.committed.extend(event.map(Then::Happened));
            }
            Ok(Step::Abort(txn)) => {
                self.hold(asked, id);
                self.write(id, txn, now).committed.push(Then::Happened(TxnEvent::Fenced));
            }
            Ok(Step::Hold) => self.hold(asked, id),
        }
    }

    /// Says whether there is room for what a transaction becomes.
    fn may_write(&self, id: &str, txn: &Txn) -> Result<(), ErrorCode> {
        match txn.size(id) {
            size if size > self.settings.record_max => Err(ErrorCode::UnknownServerError),
            size if txn.state == TxnState::Ongoing && !self.has_room(size, 8) => {
                Err(ErrorCode::CoordinatorNotAvailable)
            }
            _ => Ok(()),
        }
    }

    /// Says whether who asks waits for nothing but the place of its record in the log.
    fn follows_at_once(&self, request: &TxnRequest) -> bool {
        matches!(request, TxnRequest::Add { order: Order::OneLog, .. }) && self.is_one_log()
    }

    /// Answers without writing, but not before what the answer builds on is where it has to be: an answer never promises what may
    /// still be lost.
    fn say(&mut self, id: &str, token: Token, answer: TxnAnswer, follows_at_once: bool) {
        let has_it = |batch: &&mut Batch| batch.records.iter().any(|record| *record.id == *id);
        let unordered = self.next.iter_mut().rev().chain(self.given.as_mut()).find(has_it);
        let then = if follows_at_once {
            unordered.map(|batch| &mut batch.ordered)
        } else {
            let on_way = unordered.or_else(|| self.ordered.iter_mut().rev().find(has_it));
            on_way.map(|batch| &mut batch.committed)
        };
        match then {
            Some(then) => then.push(Then::Reply(token, answer)),
            None => self.reply(token, Ok(answer)),
        }
    }

    fn is_one_log(&self) -> bool {
        self.settings.order == Order::OneLog
    }

    /// Says whether so many eighths of the memory have room for more; the last one is for what is there already.
    fn has_room(&self, bytes: usize, eighths: usize) -> bool {
        self.bytes + self.elsewhere + bytes <= self.settings.memory_max / 8 * eighths
    }

    fn reply(&mut self, token: Token, answer: Result<TxnAnswer, ErrorCode>) {
        self.effects.push(TxnEffect::Reply { token, answer });
    }

    fn hold(&mut self, asked: Held, id: &Arc<str>) {
        let Some(entry) = self.ids.get_mut(id) else { return };
        self.timers.arm(TimerKey::Hold(id.clone(), asked.token), asked.until);
        self.effects.push(TxnEffect::Happened(TxnEvent::Held));
        entry.held.push_back(asked);
    }

    /// Writes what a transaction becomes, and all that this brings with it; returns the batch of its record.
    fn write(&mut self, id: &Arc<str>, txn: Arc<Txn>, now: Now) -> &mut Batch {
        let state = txn.state;
        let entry = self.ids.entry(id.clone()).or_default();
        let was = entry.latest.replace(txn.clone()).map(|txn| txn.state);
        entry.on_way += 1;
        (entry.touched, entry.idle_before) = (now.mono, Duration::ZERO);
        self.count(id);
        match state {
            TxnState::Ongoing if was == Some(TxnState::Ongoing) => {}
            TxnState::Ongoing => self.arm_timeout(id, now),
            _ if state.is_ending() => self.timers.cancel(&TimerKey::Timeout(id.clone())),
            _ if !self.timers.is_armed(&TimerKey::Expire(id.clone())) => {
                self.arm_expiry(id, self.settings.id_expiration, now);
            }
            _ => {}
        }
        let ahead = self.is_one_log();
        let batch = self.push(TxnRecord { id: id.clone(), txn: Some(txn) });
        if state.is_ending() {
            if ahead {
                batch.ordered.push(Then::Mark(id.clone()));
                batch.committed.push(Then::MarkElsewhere(id.clone()));
            } else {
                batch.committed.push(Then::Mark(id.clone()));
            }
        }
        batch
    }

    /// Puts a record into the last batch, or into a new one if that is full.
    fn push(&mut self, record: TxnRecord) -> &mut Batch {
        let bytes = record.size();
        let is_full = |batch: &Batch| batch.bytes + bytes > self.settings.record_max;
        if self.next.back().is_none_or(is_full) {
            self.next.push_back(Batch::default());
        }
        let last = self.next.len() - 1;
        let batch = &mut self.next[last];
        batch.bytes += bytes;
        batch.records.push(record);
        batch
    }

    fn arm_timeout(&mut self, id: &Arc<str>, now: Now) {
        let Some(txn) = self.ids.get(id).and_then(|entry| entry.latest.as_deref()) else { return };
        let due = now.mono.plus(txn.timeout.duration());
        self.timers.arm(TimerKey::Timeout(id.clone()), due);
    }

    fn arm_expiry(&mut self, id: &Arc<str>, after: Duration, now: Now) {
        self.timers.arm(TimerKey::Expire(id.clone()), now.mono.plus(after));
    }

    /// Notes what an id takes.
    fn count(&mut self, id: &str) {
        let Some(entry) = self.ids.get_mut(id) else { return };
        let each = [&entry.committed, &entry.latest];
        let bytes = each.into_iter().flatten().map(|txn| txn.size(id)).sum::<usize>() + ENTRY_BYTES;
        self.bytes = self.bytes + bytes - entry.bytes;
        entry.bytes = bytes;
    }

    fn drop_if_void(&mut self, id: &str) {
        if self.ids.get(id).is_some_and(Entry::is_void)
            && let Some(entry) = self.ids.remove(id)
        {
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }

    /// Gives the next batch to the log, if the one before it has its place there; one that nobody waits for lingers for more.
    fn pump(&mut self) {
        if self.given.is_none()
            && !self.lingers()
            && let Some(batch) = self.next.pop_front()
        {
            self.lingers_until = None;
            let is_awaited = batch.committed.iter().any(|then| matches!(then, Then::Reply(..)));
            let is_followed = !batch.ordered.is_empty() || !is_awaited;
            self.effects.push(TxnEffect::Append { records: batch.records.clone(), is_followed });
            self.given = Some(batch);
        }
    }

    /// Says whether what is written next may still wait for more: nothing follows it, and its time is not over.
    fn lingers(&self) -> bool {
        let has_none = |batch: &Batch| batch.ordered.is_empty() && batch.committed.is_empty();
        self.lingers_until.is_some() && self.next.len() == 1 && self.next.iter().all(has_none)
    }

    /// The batch that was given to the log has its place there: what follows it in that log may be written.
    pub fn is_ordered(&mut self) {
        let Some(mut batch) = self.given.take() else { return };
        let then = std::mem::take(&mut batch.ordered);
        self.ordered.push_back(batch);
        then.into_iter().for_each(|then| self.follow(then));
        self.pump();
    }

    /// The oldest batch that has its place in the log is committed.
    pub fn is_committed(&mut self) {
        let Some(batch) = self.ordered.pop_front() else { return };
        for record in batch.records {
            let id = record.id.clone();
            if let Some(entry) = self.ids.get_mut(&id) {
                entry.on_way = entry.on_way.saturating_sub(1);
            }
            self.replay(record);
        }
        batch.committed.into_iter().for_each(|then| self.follow(then));
        self.pump();
    }

    fn follow(&mut self, then: Then) {
        match then {
            Then::Reply(token, answer) => self.reply(token, Ok(answer)),
            Then::Mark(id) => self.mark(&id),
            Then::MarkElsewhere(id) => self.mark_elsewhere(&id),
            Then::Happened(event) => self.effects.push(TxnEffect::Happened(event)),
        }
    }

    /// Sends the marks of a transaction whose end is decided, to all of its partitions.
    fn mark(&mut self, id: &Arc<str>) {
        let Some(entry) = self.ids.get_mut(id) else { return };
        let Some(txn) = entry.latest.as_deref().filter(|txn| txn.state.is_ending()) else { return };
        entry.marks = Some(Marks { number: 0, left: txn.partitions.clone(), is_waiting: false });
        self.send_marks(id);
    }

    fn send_marks(&mut self, id: &Arc<str>) {
        let Some(entry) = self.ids.get_mut(id) else { return };
        let is_stored = entry.is_stored();
        let Entry { latest: Some(txn), marks: Some(marks), .. } = entry else { return };
        marks.is_waiting = false;
        self.last_mark += 1;
        marks.number = self.last_mark;
        self.effects.push(TxnEffect::Mark(Mark {
            id: id.clone(),
            number: marks.number,
            producer: Producer { id: txn.producer, epoch: txn.epoch },
            commit: txn.state == TxnState::PrepareCommit,
            coordinator: self.epoch,
            protocol: txn.protocol,
            is_stored,
            partitions: marks.left.clone(),
        }));
    }

    /// Sends the marks that have waited for their PREPARE.
    fn mark_elsewhere(&mut self, id: &Arc<str>) {
        let waits =
            |entry: &Entry| entry.is_stored() && entry.marks.as_ref().is_some_and(|marks| marks.is_waiting);
        if self.ids.get(id).is_some_and(waits) {
            self.send_marks(id);
        }
    }

    /// Says what became of the marks of one sending; those that are not named are tried again.
    pub fn marked(&mut self, id: &str, number: u64, ends: &[(TxnTopic, i32, Marked)], now: Now) {
        let Some(id) = self.ids.get_key_value(id).map(|(id, _)| id.clone()) else { return };
        let Some(Entry { marks: Some(marks), .. }) = self.ids.get_mut(&id) else { return };
        if marks.number != number {
            return;
        }
        if ends.iter().any(|(_, _, end)| *end == Marked::Fenced) {
            return self.effects.push(TxnEffect::Resign);
        }
        let left = Arc::make_mut(&mut marks.left);
        let is_done = |end: Marked| matches!(end, Marked::Written | Marked::Gone);
        for (topic, partition, _) in ends.iter().filter(|(_, _, end)| is_done(*end)) {
            if let Some(partitions) = left.get_mut(topic) {
                partitions.remove(partition);
            }
        }
        left.retain(|_, partitions| !partitions.is_empty());
        if !marks.left.is_empty() {
            return self.mark_again(&id, ends, now);
        }
        self.complete(&id, now);
        self.pump();
    }

    /// What is left is sent when PREPARE is committed, if nothing else is in its way; else in a while.
    fn mark_again(&mut self, id: &Arc<str>, ends: &[(TxnTopic, i32, Marked)], now: Now) {
        let has = |what| ends.iter().any(|(_, _, end)| *end == what);
        let is_later = has(Marked::Later) && !has(Marked::Again);
        match self.ids.get_mut(id).and_then(|entry| entry.marks.as_mut()).filter(|_| is_later) {
            Some(marks) => {
                marks.is_waiting = true;
                self.mark_elsewhere(id);
            }
            None => self.timers.arm(TimerKey::Retry(id.clone()), now.mono.plus(self.settings.retry)),
        }
    }

    fn complete(&mut self, id: &Arc<str>, now: Now) {
        let Some(entry) = self.ids.get_mut(id) else { return };
        entry.marks = None;
        let held = std::mem::take(&mut entry.held);
        let Some(txn) = entry.latest.as_deref() else { return };
        let after = Arc::new(decide::complete(txn, now.wall));
        self.write(id, after, now);
        // Its producer mostly begins the next one at once; lost, the marks are sent again.
        if !self.settings.linger.is_zero() {
            self.lingers_until.get_or_insert(now.mono.plus(self.settings.linger));
        }
        for asked in held {
            self.timers.cancel(&TimerKey::Hold(id.clone(), asked.token));
            self.decide(asked, id, now);
        }
    }

    /// Returns when [`Transactions::on_time`] has something to do.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        [self.timers.next(), self.lingers_until].into_iter().flatten().min()
    }

    /// Acts on the deadlines that are reached.
    pub fn on_time(&mut self, now: Now) {
        while let Some(key) = self.timers.pop(now.mono) {
            match key {
                TimerKey::Timeout(id) => self.on_timeout(&id, now),
                TimerKey::Hold(id, token) => self.let_go(&id, token),
                TimerKey::Retry(id) => self.send_marks(&id),
                TimerKey::Expire(id) => self.on_expiry(&id, now),
            }
        }
        self.lingers_until = self.lingers_until.filter(|until| *until > now.mono);
        self.pump();
    }

    fn on_timeout(&mut self, id: &Arc<str>, now: Now) {
        let known = self.ids.get(id).and_then(|entry| entry.latest.as_deref());
        let Some(txn) = known.filter(|txn| txn.state == TxnState::Ongoing) else { return };
        let fenced = Arc::new(decide::fence(txn, now.wall));
        self.write(id, fenced, now).committed.push(Then::Happened(TxnEvent::TimedOut));
    }

    fn let_go(&mut self, id: &str, token: Token) {
        let Some(entry) = self.ids.get_mut(id) else { return };
        entry.held.retain(|held| held.token != token);
        self.reply(token, Err(ErrorCode::ConcurrentTransactions));
        self.drop_if_void(id);
    }

    fn on_expiry(&mut self, id: &Arc<str>, now: Now) {
        let Some(entry) = self.ids.get_mut(id) else { return };
        let is_over = entry.latest.as_deref().is_some_and(|txn| txn.state.is_over());
        if !is_over {
            // It is set again when the transaction is over.
            return;
        }
        let idle = now.mono.since(entry.touched) + entry.idle_before;
        let left = self.settings.id_expiration.saturating_sub(idle);
        if entry.on_way > 0 || !left.is_zero() {
            // Never for this very moment: it would come again at once.
            return self.arm_expiry(id, left.max(self.settings.retry), now);
        }
        entry.latest = None;
        entry.on_way += 1;
        let gone = TxnRecord { id: id.clone(), txn: None };
        self.push(gone).committed.push(Then::Happened(TxnEvent::Expired));
    }

    /// Gives the lead up: whoever waits is told to look for the new coordinator.
    pub fn resign(mut self) -> Vec<TxnEffect> {
        let batches = self.ordered.drain(..).chain(self.given.take()).chain(self.next.drain(..));
        let mut waiting = Vec::new();
        for batch in batches {
            for then in batch.ordered.into_iter().chain(batch.committed) {
                if let Then::Reply(token, _) = then {
                    waiting.push(token);
                }
            }
        }
        waiting.extend(self.ids.values().flat_map(|entry| entry.held.iter().map(|held| held.token)));
        waiting.into_iter().for_each(|token| self.reply(token, Err(ErrorCode::NotCoordinator)));
        self.effects
    }

    /// Takes out what is to be done.
    pub fn take_effects(&mut self) -> Vec<TxnEffect> {
        std::mem::take(&mut self.effects)
    }

    /// Tells what is committed of an id.
    pub fn describe(&self, id: &str) -> Option<TxnFacts<'_>> {
        let (id, entry) = self.ids.get_key_value(id)?;
        self.facts(id, entry)
    }

    /// Tells what is committed of all ids, in their order.
    pub fn all(&self) -> impl Iterator<Item = TxnFacts<'_>> {
        self.ids.iter().filter_map(|(id, entry)| self.facts(id, entry))
    }

    fn facts<'a>(&'a self, id: &'a Arc<str>, entry: &'a Entry) -> Option<TxnFacts<'a>> {
        let txn = entry.committed.as_deref()?;
        let ends = self.timers.due(&TimerKey::Timeout(id.clone()));
        Some(TxnFacts { id, txn, ends, unmarked: entry.marks.as_ref().map(|marks| &*marks.left) })
    }

    /// Finds the ids that run what is open in partitions, in their order: those whose transaction is open or ending there, as it is
    /// with the records on their way. Nothing of what is not found here was let into its partition by this coordinator.
    pub fn owners(&self, open: &[(ProducerId, LogKey)]) -> Vec<Option<&str>> {
        let producers: BTreeSet<ProducerId> = open.iter().map(|(producer, _)| *producer).collect();
        let running = self.ids.iter().filter_map(|(id, entry)| Some((&**id, entry.latest.as_deref()?)));
        let running = running.filter(|(_, txn)| !txn.state.is_over() && producers.contains(&txn.producer));
        let by_producer: BTreeMap<ProducerId, (&str, &Txn)> =
            running.map(|(id, txn)| (txn.producer, (id, txn))).collect();
        let owner = |(producer, key): &(ProducerId, LogKey)| {
            let (id, txn) = by_producer.get(producer)?;
            txn.has(key).then_some(*id)
        };
        open.iter().map(owner).collect()
    }

    /// Returns what is committed of each id.
    pub fn committed(&self) -> impl Iterator<Item = &Txn> {
        self.ids.values().filter_map(|entry| entry.committed.as_deref())
    }

    /// Notes what others hold that share the memory. *Units*: bytes.
    pub fn set_elsewhere(&mut self, bytes: usize) {
        self.elsewhere = bytes;
    }

    /// Returns what all ids take. *Units*: bytes.
    pub fn held(&self) -> usize {
        self.bytes
    }
}
