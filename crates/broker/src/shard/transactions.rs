//! The coordinators of transactions of a shard: one for each partition of `__transaction_state` that it leads.
//!
//! What decides is `coordinator::txn::Transactions`; here are its messages, its clock and the log that it writes to. What follows
//! a batch in the log's order is done after the turn's frames have gone to the write-ahead log: what is written because of it, on
//! any shard, comes behind it there.
//! Tests: tests/wire/transactions.rs, tests/storage/transactions.rs.

use super::Shard;
use super::sendings::{self, MarkEnds, Sending, SentMarks};
use crate::group_memory::Share;
use crate::room::{HasRoom, Room};
use crate::transactions::{TxnJob, TxnJobSender, TxnTask};
use bytes::Bytes;
use coordinator::Token;
use coordinator::assign::TopicPattern;
use coordinator::txn::{
    Connection, Order, Transactions, Txn, TxnAnswer, TxnEffect, TxnFacts, TxnFilter, TxnPartitions,
    TxnRecord, TxnRequest, TxnSettings, TxnState,
};
use log::retain::ClockState;
use log::wal::Reservation;
use metadata::image::TRANSACTION_STATE;
use partition::{AckEnd, AckToken, AppendInput, Origin, RequiredAcks};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, Monotonic, Now, OffsetRange, ProducerId, WallTime};
use wire::record::{BatchBuilder, Codec};

/// What an id takes in a list and its answer, beside its name. *Units*: bytes.
const LISTED_BYTES: usize = 256;

/// When marks are sent again that could not be written.
const RETRY: Duration = Duration::from_millis(50);

/// How long the record that a transaction is over waits for the next one's.
const LINGER: Duration = Duration::from_millis(5);

/// A request to the coordinator of a partition of `__transaction_state`.
pub(crate) struct TxnAsk {
    /// Which partition.
    pub(crate) key: LogKey,
    /// About which transactional id.
    pub(crate) id: String,
    /// What.
    pub(crate) request: TxnRequest,
    /// By which connection, where that matters.
    pub(crate) connection: Option<Connection>,
    /// Where the answer goes.
    pub(crate) reply: oneshot::Sender<Result<TxnAnswer, ErrorCode>>,
}

/// A question for what a coordinator knows.
pub(crate) struct TxnLook {
    /// Of which partition.
    pub(crate) key: LogKey,
    /// What.
    pub(crate) question: TxnQuestion,
    /// What there is room for. *Units*: bytes.
    pub(crate) room: usize,
    /// Where the answer goes.
    pub(crate) reply: oneshot::Sender<Result<TxnTold, ErrorCode>>,
}

/// What is asked.
pub(crate) enum TxnQuestion {
    /// All that is known of one id.
    Describe(String),
    /// Who runs what is open in partitions.
    Owners(Vec<(ProducerId, LogKey)>),
    /// Which ids there are that a filter takes, and whose whole name matches.
    List(TxnFilter, Option<TopicPattern>),
}

/// What a coordinator tells.
pub(crate) enum TxnTold {
    /// What it knows of an id.
    Described(Option<Box<TxnSeen>>),
    /// Its ids.
    Listed(Vec<TxnListed>),
    /// Its ids that run what was asked about, in its order.
    Owners(Vec<Option<Arc<str>>>),
    /// There is no room; it takes so many bytes.
    TooMuch(usize),
}

/// What a coordinator knows of an id.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "who asks why a reader waits is told more than clients are")]
pub(crate) struct TxnSeen {
    /// What is known.
    pub(crate) txn: Txn,
    /// Time until its open transaction ends by itself.
    pub(crate) ends_in: Option<Duration>,
    /// Partitions that lack their mark.
    pub(crate) unmarked: Option<TxnPartitions>,
}

/// An id in a list.
#[derive(Clone, Debug)]
pub(crate) struct TxnListed {
    /// The id.
    pub(crate) id: String,
    /// Its producer.
    pub(crate) producer: ProducerId,
    /// How far its transaction is.
    pub(crate) state: TxnState,
}

impl TxnListed {
    /// Returns what it takes in an answer. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        LISTED_BYTES + 3 * self.id.len()
    }
}

/// What coordinators of transactions have, for the metrics.
#[derive(Clone, Default, Debug)]
pub(crate) struct TxnSizes {
    /// Ids by the state of their transaction.
    pub(crate) ids: BTreeMap<&'static str, u64>,
    /// When the transactions that are open, or ending, have begun, by producer.
    pub(crate) running: BTreeMap<ProducerId, WallTime>,
}

impl TxnSizes {
    /// Adds those of another shard.
    pub(crate) fn add(&mut self, other: &TxnSizes) {
        other.ids.iter().for_each(|(state, count)| *self.ids.entry(state).or_default() += count);
        self.running.extend(&other.running);
    }

    fn count(&mut self, txn: &Txn) {
        *self.ids.entry(txn.state.name()).or_default() += 1;
        if !txn.state.is_over() {
            self.running.insert(txn.producer, txn.started);
        }
    }
}

/// The outcome of what a coordinator has asked for.
pub(crate) struct TxnsDone {
    /// Of which partition.
    pub(crate) key: LogKey,
    /// Of which of its coordinators on this shard.
    pub(crate) serial: u64,
    /// What.
    pub(crate) what: TxnsOutcome,
}

/// What became of what a coordinator has asked for.
pub(crate) enum TxnsOutcome {
    /// More of its log was read.
    Records(Vec<TxnRecord>),
    /// All of its log was read.
    Loaded,
    /// Its log cannot be read.
    NotLoaded,
    /// There is room for its batch.
    Room {
        /// Which.
        has: Box<HasRoom>,
        /// More follows at once.
        is_followed: bool,
    },
    /// There is room for marks.
    MarkRoom(Box<SentMarks>, Box<Room>),
    /// One shard has written marks, or not.
    Marked {
        /// Which sending.
        number: u64,
        /// What became of each.
        ends: MarkEnds,
    },
}

/// The coordinators, and who waits for them.
pub(super) struct TxnCoordinators {
    jobs: TxnJobSender,
    led: BTreeMap<LogKey, Coordinator>,
    /// None of them has anything to do before, unless it is asked.
    due: Option<Monotonic>,
    last_serial: u64,
    last_token: u64,
    replies: BTreeMap<Token, oneshot::Sender<Result<TxnAnswer, ErrorCode>>>,
    /// Batches on their way.
    appends: BTreeMap<AckToken, Append>,
    /// Coordinators whose batch got its place in this turn.
    ordered: Vec<(LogKey, u64)>,
}

/// One coordinator; `serial` tells it from an earlier one of the same partition.
struct Coordinator {
    serial: u64,
    txns: Transactions,
    is_loaded: bool,
    /// When it began to load.
    began: Monotonic,
    /// What it holds of the budget.
    share: Share,
    /// Marks that it has sent and not heard of, by the number of the sending.
    sendings: BTreeMap<u64, Sending>,
}

struct Append {
    key: LogKey,
    serial: u64,
    _room: Reservation,
}

impl TxnCoordinators {
    /// Makes a shard's part, without any.
    pub(super) fn new(jobs: TxnJobSender) -> TxnCoordinators {
        TxnCoordinators {
            jobs,
            led: BTreeMap::new(),
            due: None,
            last_serial: 0,
            last_token: 0,
            replies: BTreeMap::new(),
            appends: BTreeMap::new(),
            ordered: Vec::new(),
        }
    }

    /// Returns what a coordinator has sent and not heard of.
    pub(super) fn sendings_of(&mut self, key: LogKey) -> Option<&mut BTreeMap<u64, Sending>> {
        self.led.get_mut(&key).map(|one| &mut one.sendings)
    }

    pub(super) fn job(&self, key: LogKey, serial: u64, task: TxnTask) {
        // Without a receiver the broker stops.
        let _ = self.jobs.send(TxnJob { key, serial, task });
    }

    fn is_current(&self, key: LogKey, serial: u64) -> bool {
        self.led.get(&key).is_some_and(|one| one.serial == serial)
    }
}

impl Shard {
    /// Returns the time until a coordinator of transactions has something to do.
    pub(super) fn txns_due(&self) -> Option<Duration> {
        self.transactions.due.map(|due| due.since(self.clock.now().mono))
    }

    /// Lets coordinators of transactions act on their deadlines.
    pub(super) fn on_txns_time(&mut self, now: Now) {
        let is_due = |one: &Coordinator| one.txns.next_deadline().is_some_and(|due| due <= now.mono);
        let due = self.transactions.led.iter().filter(|(_, one)| is_due(one));
        let due: Vec<LogKey> = due.map(|(key, _)| *key).collect();
        due.into_iter().for_each(|key| self.with_txns(key, |txns| txns.on_time(now)));
        self.transactions.due =
            self.transactions.led.values().filter_map(|one| one.txns.next_deadline()).min();
    }

    /// Does something with a coordinator that serves, and all that follows from it.
    fn with_txns(&mut self, key: LogKey, act: impl FnOnce(&mut Transactions)) {
        let Some(one) = self.transactions.led.get_mut(&key).filter(|one| one.is_loaded) else { return };
        one.txns.set_elsewhere(one.share.others());
        act(&mut one.txns);
        one.share.set(one.txns.held());
        let due = [self.transactions.due, one.txns.next_deadline()];
        self.transactions.due = due.into_iter().flatten().min();
        let (serial, effects) = (one.serial, one.txns.take_effects());
        self.run_txn_effects(key, serial, effects);
    }

    fn run_txn_effects(&mut self, key: LogKey, serial: u64, effects: Vec<TxnEffect>) {
        for effect in effects {
            match effect {
                TxnEffect::Reply { token, answer } => {
                    if let Some(reply) = self.transactions.replies.remove(&token) {
                        // Whoever asked may have gone.
                        let _ = reply.send(answer);
                    }
                }
                TxnEffect::Append { records, is_followed } => {
                    self.write_txns(key, serial, &records, is_followed);
                }
                TxnEffect::Mark(mark) => self.send_marks(key, serial, mark),
                TxnEffect::Happened(event) => self.probes.txns.note(event),
                TxnEffect::Resign => self.resign_txns(key),
            }
        }
    }

    /// Appends records, at once if there is room for them.
    fn write_txns(&mut self, key: LogKey, serial: u64, records: &[TxnRecord], is_followed: bool) {
        let now = self.clock.now();
        match encode(records, now)
            .ok_or(ErrorCode::UnknownServerError)
            .and_then(|b| self.rooms.need(&b, None))
        {
            Ok(needs) => match self.rooms.take_now(needs) {
                Ok(has) => self.append_txns(key, serial, has, is_followed, now),
                Err(needs) => {
                    self.transactions.job(key, serial, TxnTask::Room { needs, is_followed });
                }
            },
            Err(code) => self.give_up_txns(key, code),
        }
    }

    pub(super) fn on_txn_ask(&mut self, ask: TxnAsk, now: Now) {
        let TxnAsk { key, id, request, connection, reply } = ask;
        match self.serving_txns(key, now) {
            Ok(()) => {
                self.transactions.last_token += 1;
                let token = Token(self.transactions.last_token);
                self.transactions.replies.insert(token, reply);
                self.with_txns(key, |txns| txns.handle(token, &id, request, connection, now));
            }
            Err(code) => _ = reply.send(Err(code)),
        }
    }

    pub(super) fn on_txn_look(&mut self, look: TxnLook, now: Now) {
        let TxnLook { key, question, room, reply } = look;
        let told = self.serving_txns(key, now).map(|()| self.tell_of_txns(key, &question, room, now));
        let _ = reply.send(told);
    }

    fn tell_of_txns(&self, key: LogKey, question: &TxnQuestion, room: usize, now: Now) -> TxnTold {
        let txns = self.transactions.led.get(&key).map(|one| &one.txns);
        match question {
            TxnQuestion::Describe(id) => {
                let facts = txns.and_then(|txns| txns.describe(id));
                match facts.as_ref().map_or(0, TxnFacts::bytes) {
                    bytes if bytes > room => TxnTold::TooMuch(bytes),
                    _ => TxnTold::Described(facts.map(|facts| Box::new(seen(&facts, now)))),
                }
            }
            TxnQuestion::Owners(open) => {
                let owners = txns.map_or_else(|| vec![None; open.len()], |txns| txns.owners(open));
                // Many may be one id's, and ids may be long.
                let mut ids: BTreeMap<&str, Arc<str>> = BTreeMap::new();
                let mut shared = |id| ids.entry(id).or_insert_with(|| Arc::from(id)).clone();
                TxnTold::Owners(owners.into_iter().map(|id| id.map(&mut shared)).collect())
            }
            TxnQuestion::List(filter, pattern) => {
                let is_asked = |facts: &TxnFacts<'_>| {
                    filter.takes(facts.txn, now.wall) && pattern.as_ref().is_none_or(|p| p.matches(facts.id))
                };
                let asked = || txns.into_iter().flat_map(Transactions::all).filter(is_asked);
                match asked().map(|facts| LISTED_BYTES + 3 * facts.id.len()).sum() {
                    bytes if bytes > room => TxnTold::TooMuch(bytes),
                    _ => TxnTold::Listed(asked().map(|facts| listed(&facts)).collect()),
                }
            }
        }
    }

    /// Counts what the coordinators have.
    pub(super) fn txn_sizes(&self) -> TxnSizes {
        let mut sizes = TxnSizes::default();
        self.transactions.led.values().flat_map(|one| one.txns.committed()).for_each(|txn| sizes.count(txn));
        sizes
    }

    /// Makes sure that the partition's coordinator serves.
    fn serving_txns(&mut self, key: LogKey, now: Now) -> Result<(), ErrorCode> {
        let slot = self.partitions.get(&key).ok_or(ErrorCode::NotCoordinator)?;
        slot.partition.may_append(RequiredAcks::All).map_err(|refused| not_stored(refused.code()))?;
        self.lead_txns(key, now);
        let is_loaded = self.transactions.led.get(&key).is_some_and(|one| one.is_loaded);
        if is_loaded { Ok(()) } else { Err(ErrorCode::CoordinatorLoadInProgress) }
    }

    /// Begins to coordinate the transactions of a partition, if nobody does.
    fn lead_txns(&mut self, key: LogKey, now: Now) {
        let Some(slot) = self.partitions.get(&key).filter(|_| !self.transactions.led.contains_key(&key))
        else {
            return;
        };
        let log = slot.partition.log();
        let range = OffsetRange { base: log.log_start(), next: log.log_end() };
        let mut txns = Transactions::new(self.txn_settings(), slot.partition.leadership().leader_epoch);
        self.transactions.last_serial += 1;
        let (serial, is_loaded) = (self.transactions.last_serial, range.base == range.next);
        if is_loaded {
            txns.loaded(true, now);
        } else {
            self.transactions.job(key, serial, TxnTask::Load(range));
        }
        let share = self.settings.txn_memory.share();
        let (began, sendings) = (now.mono, BTreeMap::new());
        self.transactions.led.insert(key, Coordinator { serial, txns, is_loaded, began, share, sendings });
    }

    fn txn_settings(&self) -> TxnSettings {
        let config = &self.published.broker.transactions;
        let batch = usize::try_from(self.rooms.batch_max());
        TxnSettings {
            timeout_max: config.max_timeout,
            id_expiration: config.id_expiration.duration(),
            hold: config.hold.duration(),
            retry: RETRY,
            linger: LINGER,
            memory_max: self.settings.txn_memory.limit(),
            record_max: batch.unwrap_or(usize::MAX) / 4,
            // One node has one write-ahead log.
            order: Order::OneLog,
        }
    }

    /// Follows the metadata: partitions with records that are led now are loaded, what is not led is given up.
    pub(super) fn update_txns(&mut self, changed: &[LogKey]) {
        let now = self.clock.now();
        let state = self.published.image.topics().by_name(TRANSACTION_STATE).map(|topic| topic.id);
        let changed: Vec<LogKey> =
            changed.iter().filter(|key| Some(key.topic_id) == state).copied().collect();
        for key in changed {
            let Some(slot) = self.partitions.get(&key) else { continue };
            let log = slot.partition.log();
            match (slot.partition.is_leader(), log.log_start() == log.log_end()) {
                (true, false) => self.lead_txns(key, now),
                (true, true) => {}
                (false, _) => self.resign_txns(key),
            }
        }
    }

    /// The partition is not led any more, or not there, or its log has failed, or another leads it.
    pub(super) fn resign_txns(&mut self, key: LogKey) {
        if let Some(Coordinator { serial, txns, .. }) = self.transactions.led.remove(&key) {
            let effects = txns.resign();
            self.run_txn_effects(key, serial, effects);
        }
    }

    pub(super) fn on_txns_done(&mut self, done: TxnsDone, now: Now) {
        let TxnsDone { key, serial, what } = done;
        if !self.transactions.is_current(key, serial) {
            return;
        }
        match what {
            TxnsOutcome::Records(records) => {
                if let Some(one) = self.transactions.led.get_mut(&key) {
                    records.into_iter().for_each(|record| one.txns.replay(record));
                    one.share.set(one.txns.held());
                }
            }
            TxnsOutcome::Loaded => {
                let clock_is_sound = self.clock_watch.observe(now) == ClockState::Steady;
                if let Some(one) = self.transactions.led.get_mut(&key) {
                    one.is_loaded = true;
                    self.probes.txns.loaded(now.mono.since(one.began));
                }
                self.with_txns(key, |txns| txns.loaded(clock_is_sound, now));
            }
            // Asked for again, it is tried again.
            TxnsOutcome::NotLoaded => self.resign_txns(key),
            TxnsOutcome::Room { has, is_followed } => self.append_txns(key, serial, *has, is_followed, now),
            TxnsOutcome::MarkRoom(sent, room) => self.hand_over_marks(sent, *room),
            TxnsOutcome::Marked { number, ends } => {
                let sendings = self.transactions.sendings_of(key);
                if let Some((id, ends)) = sendings.and_then(|all| sendings::answered(all, number, ends)) {
                    self.with_txns(key, |txns| txns.marked(&id, number, &ends, now));
                }
            }
        }
    }

    fn append_txns(&mut self, key: LogKey, serial: u64, has: HasRoom, is_followed: bool, now: Now) {
        let HasRoom { batch, room: Room { claim, reservation }, .. } = has;
        let token = self.produces.token();
        let Some(slot) = self.partitions.get_mut(&key) else {
            return self.give_up_txns(key, ErrorCode::NotCoordinator);
        };
        let (acks, origin, max_producers) =
            (RequiredAcks::All, Origin::Coordinator, self.settings.max_producers);
        let input = AppendInput { batch, acks, origin, token, max_producers, resume: None, guard: None };
        let mut effects = std::mem::take(&mut self.spare_effects);
        if let Err(refused) = slot.partition.append(input, now, &mut effects) {
            return self.give_up_txns(key, refused.code());
        }
        self.transactions.appends.insert(token, Append { key, serial, _room: reservation });
        self.transactions.ordered.push((key, serial));
        let was_awaited = self.is_awaited;
        self.run_effects(key, effects);
        self.is_awaited = was_awaited || !is_followed;
        drop(claim);
    }

    fn give_up_txns(&mut self, key: LogKey, code: ErrorCode) {
        tracing::warn!(partition = %key, code = code.name(), "records of transactions are not stored: they are read again");
        self.resign_txns(key);
    }

    /// This turn's frames have gone to the write-ahead log.
    pub(super) fn after_submit(&mut self) {
        for (key, serial) in std::mem::take(&mut self.transactions.ordered) {
            if self.transactions.is_current(key, serial) {
                self.with_txns(key, Transactions::is_ordered);
            }
        }
    }

    /// Says whether an append was a coordinator's of transactions, and if so acts on its end.
    pub(super) fn on_txns_acked(&mut self, token: AckToken, end: AckEnd) -> bool {
        let Some(Append { key, serial, .. }) = self.transactions.appends.remove(&token) else { return false };
        if self.transactions.is_current(key, serial) {
            match end {
                AckEnd::Committed => self.with_txns(key, Transactions::is_committed),
                // What was decided on it is not stored either: whoever leads next reads the log.
                AckEnd::Lost | AckEnd::NoRoom | AckEnd::Unknown => self.resign_txns(key),
            }
        }
        true
    }
}

fn seen(facts: &TxnFacts<'_>, now: Now) -> TxnSeen {
    TxnSeen {
        txn: facts.txn.clone(),
        ends_in: facts.ends.map(|due| due.since(now.mono)),
        unmarked: facts.unmarked.cloned(),
    }
}

fn listed(facts: &TxnFacts<'_>) -> TxnListed {
    TxnListed { id: facts.id.to_owned(), producer: facts.txn.producer, state: facts.txn.state }
}

/// Returns what a client is told when records cannot be stored now.
fn not_stored(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::NotLeaderOrFollower | ErrorCode::NotCoordinator => ErrorCode::NotCoordinator,
        _ => ErrorCode::CoordinatorNotAvailable,
    }
}

fn encode(records: &[TxnRecord], now: Now) -> Option<Bytes> {
    let mut batch = BatchBuilder::new(Codec::None);
    for record in records {
        let (key, value) = record.encode().ok()?;
        batch.push(now.wall, Some(&key), value.as_deref(), &[]);
    }
    batch.build().ok()
}
