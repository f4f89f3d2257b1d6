//! The coordinators of a shard: one for each partition of `__consumer_offsets` that it leads.
//!
//! A partition without records has one when it is first asked for; one with records has it loaded as soon as it is led.
//! What decides is `coordinator::Groups`; here are its messages, its clock and the log that it writes to.
//! Tests: tests/wire/groups.rs, tests/storage/groups.rs.

use super::Shard;
use super::message::{GroupAsk, GroupSizes, GroupsDone, GroupsOutcome, ShardMessage};
use crate::group_memory::{GroupMemory, Share};
use crate::groups::{GroupJob, GroupJobSender, GroupTask};
use crate::history::Notes;
use crate::publish::Published;
use crate::room::{HasRoom, Room};
use bytes::Bytes;
use config::BrokerConfig;
use coordinator::assign::Assignor;
use coordinator::{
    Answer, ConsumerTimes, Effect, GroupRecord, Groups, InTxn, Migration, RecordFault, Request, Settings,
    Token, Topics,
};
use log::wal::Reservation;
use metadata::image::CONSUMER_OFFSETS;
use partition::{AckEnd, AckToken, AppendInput, EndTxn, Origin, RequiredAcks, VerificationGuard};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, Now, OffsetRange, ProducerId, Sequence, TopicId};
use wire::record::{BatchBuilder, BuildError, Codec, ControlKind};

/// Bytes after which a batch of a coordinator takes no further operation in.
const BATCH_BYTES: usize = 512 << 10;

/// What a coordinator writes for a producer has no sequence.
const NO_SEQUENCE: Sequence = Sequence(-1);

/// How names of internal topics begin that Kafka does not have.
const OWN_TOPICS: &str = "__highwater_";

/// What one member may say of itself: more than that would not fit a record either. *Units*: bytes.
const MEMBER_BYTES: usize = 1 << 20;

/// The coordinators, and who waits for them.
pub(super) struct Coordinators {
    jobs: GroupJobSender,
    led: BTreeMap<LogKey, Coordinator>,
    last_serial: u64,
    last_token: u64,
    replies: BTreeMap<Token, oneshot::Sender<Result<Answer, ErrorCode>>>,
    /// Batches on their way.
    appends: BTreeMap<AckToken, Append>,
    /// Room of notes on their way that came alone.
    notes: BTreeMap<AckToken, Reservation>,
    /// Marks on their way in partitions that are coordinated here.
    marks: BTreeMap<AckToken, Mark>,
}

/// One coordinator; `serial` tells it from an earlier one of the same partition.
struct Coordinator {
    serial: u64,
    groups: Groups,
    is_loaded: bool,
    /// With what guard the batch is appended for which room is made.
    guard: Option<VerificationGuard>,
    /// Transactions that have ended while it loads, behind what it loads.
    ended: Vec<(ProducerId, bool)>,
    /// What it holds of the budget.
    share: Share,
}

struct Append {
    key: LogKey,
    serial: u64,
    _room: Reservation,
}

/// The end of a producer's transaction in the partition of a coordinator.
struct Mark {
    key: LogKey,
    serial: u64,
    producer: ProducerId,
    commit: bool,
}

impl Coordinators {
    /// Makes a shard's part, without any.
    pub(super) fn new(jobs: GroupJobSender) -> Coordinators {
        Coordinators {
            jobs,
            led: BTreeMap::new(),
            last_serial: 0,
            last_token: 0,
            replies: BTreeMap::new(),
            appends: BTreeMap::new(),
            notes: BTreeMap::new(),
            marks: BTreeMap::new(),
        }
    }

    fn token(&mut self) -> Token {
        self.last_token += 1;
        Token(self.last_token)
    }

    fn job(&self, key: LogKey, serial: u64, task: GroupTask) {
        // Without a receiver the broker stops.
        let _ = self.jobs.send(GroupJob { key, serial, task });
    }

    /// Says whether this coordinator is there still.
    fn is_current(&self, key: LogKey, serial: u64) -> bool {
        self.led.get(&key).is_some_and(|one| one.serial == serial)
    }
}

impl Topics for Published {
    fn id_of(&self, name: &str) -> Option<TopicId> {
        self.image.topics().id_of(name)
    }

    fn name_of(&self, id: TopicId) -> Option<&str> {
        self.image.topics().by_id(id).map(|topic| topic.name.as_str())
    }

    fn partitions(&self, id: TopicId) -> Option<i32> {
        self.image.topics().by_id(id).and_then(|topic| i32::try_from(topic.partition_count()).ok())
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        // Who reads all topics does not mean those in which its own commits are noted.
        let all = self.image.topics().iter().map(|topic| topic.name.as_str());
        Box::new(all.filter(|name| !name.starts_with(OWN_TOPICS)))
    }

    fn count(&self) -> usize {
        self.image.topics().len()
    }

    fn version(&self) -> u64 {
        self.image.offset().0
    }

    fn times(&self, group: &str) -> ConsumerTimes {
        let times = self.consumer_group(group);
        ConsumerTimes {
            session_timeout: times.session_timeout.duration(),
            heartbeat_interval: times.heartbeat_interval.duration(),
            assignment_interval: times.assignment_interval.duration(),
        }
    }
}

impl Shard {
    /// Returns the time until a coordinator has something to do.
    pub(super) fn groups_due(&self) -> Option<Duration> {
        let due = self.coordinators.led.values().filter_map(|one| one.groups.next_deadline()).min()?;
        Some(due.since(self.clock.now().mono))
    }

    /// Lets coordinators act on their deadlines.
    pub(super) fn on_groups_time(&mut self, now: Now) {
        let is_due = |one: &Coordinator| one.groups.next_deadline().is_some_and(|due| due <= now.mono);
        let due = self.coordinators.led.iter().filter(|(_, one)| is_due(one));
        let due: Vec<LogKey> = due.map(|(key, _)| *key).collect();
        due.into_iter().for_each(|key| self.with_groups(key, |groups, topics| groups.on_time(topics, now)));
    }

    /// Lists the coordinators that serve.
    pub(super) fn serving_groups(&self) -> impl Iterator<Item = &Groups> {
        self.coordinators.led.values().filter(|one| one.is_loaded).map(|one| &one.groups)
    }

    /// Does something with a coordinator that serves, and all that follows from it.
    fn with_groups(&mut self, key: LogKey, act: impl FnOnce(&mut Groups, &Published)) {
        let Some(one) = self.coordinators.led.get_mut(&key).filter(|one| one.is_loaded) else { return };
        one.groups.set_elsewhere(one.share.others());
        act(&mut one.groups, &self.published);
        one.share.set(one.groups.held());
        let (serial, effects) = (one.serial, one.groups.take_effects());
        self.run_group_effects(key, serial, effects);
    }

    fn run_group_effects(&mut self, key: LogKey, serial: u64, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Reply { token, answer } => {
                    if let Some(reply) = self.coordinators.replies.remove(&token) {
                        // Whoever asked may have gone.
                        let _ = reply.send(answer);
                    }
                }
                Effect::Happened(event) => self.probes.groups.note(event),
                Effect::Expires { group, offsets, whole, reason } => {
                    tracing::info!(%group, offsets, whole, reason = reason.name(), "offsets of a group expire");
                }
                Effect::Append { records, notes, txn } => {
                    let notes = self.notes(&records, &notes);
                    if let Some(one) = self.coordinators.led.get_mut(&key) {
                        one.guard = txn.and_then(|txn| txn.guard).map(VerificationGuard);
                    }
                    self.write_records(key, serial, encode(&records, txn, self.clock.now()), notes);
                }
                Effect::Note(records, notes) => {
                    if let Some(notes) = self.notes(&records, &notes) {
                        self.coordinators.job(key, serial, GroupTask::Notes(notes));
                    }
                }
            }
        }
    }

    pub(super) fn on_groups(&mut self, ask: GroupAsk, now: Now) {
        let GroupAsk { key, request, holds, reply } = ask;
        match self.serving(key, now) {
            Ok(()) => {
                let token = self.coordinators.token();
                self.coordinators.replies.insert(token, reply);
                self.with_groups(key, |groups, topics| groups.handle(token, request, topics, now));
            }
            Err(code) => _ = reply.send(Err(code)),
        }
        drop(holds);
    }

    /// Makes sure that the partition's coordinator serves.
    fn serving(&mut self, key: LogKey, now: Now) -> Result<(), ErrorCode> {
        let slot = self.partitions.get(&key).ok_or(ErrorCode::NotCoordinator)?;
        slot.partition.may_append(RequiredAcks::All).map_err(|refused| not_stored(refused.code()))?;
        self.lead_groups(key, now);
        let is_loaded = self.coordinators.led.get(&key).is_some_and(|one| one.is_loaded);
        if is_loaded { Ok(()) } else { Err(ErrorCode::CoordinatorLoadInProgress) }
    }

    /// Begins to coordinate the groups of a partition, if nobody does.
    fn lead_groups(&mut self, key: LogKey, now: Now) {
        let Some(slot) = self.partitions.get(&key).filter(|_| !self.coordinators.led.contains_key(&key))
        else {
            return;
        };
        let log = slot.partition.log();
        let range = OffsetRange { base: log.log_start(), next: log.log_end() };
        let mut groups = Groups::new(settings(&self.published.broker, &self.settings.group_memory));
        self.coordinators.last_serial += 1;
        let (serial, is_loaded) = (self.coordinators.last_serial, range.base == range.next);
        if is_loaded {
            groups.loaded(&*self.published, now);
        } else {
            self.coordinators.job(key, serial, GroupTask::Load(range));
        }
        let share = self.settings.group_memory.share();
        let (guard, ended) = (None, Vec::new());
        self.coordinators.led.insert(key, Coordinator { serial, groups, is_loaded, guard, ended, share });
    }

    /// Follows the metadata: partitions with records that are led now are loaded, what is not led is given up; offsets of
    /// topics that are gone go.
    pub(super) fn update_groups(&mut self, changed: &[LogKey], topics_are_gone: bool) {
        let now = self.clock.now();
        let topics = self.published.image.topics();
        let offsets = topics.by_name(CONSUMER_OFFSETS).map(|topic| topic.id);
        let changed: Vec<LogKey> =
            changed.iter().filter(|key| Some(key.topic_id) == offsets).copied().collect();
        for key in changed {
            let Some(slot) = self.partitions.get(&key) else { continue };
            let log = slot.partition.log();
            match (slot.partition.is_leader(), log.log_start() == log.log_end()) {
                (true, false) => self.lead_groups(key, now),
                (true, true) => {}
                (false, _) => self.resign_groups(key),
            }
        }
        if topics_are_gone {
            let led: Vec<LogKey> = self.coordinators.led.keys().copied().collect();
            led.into_iter().for_each(|key| self.forget_topics(key, now));
        }
    }

    /// Counts what the coordinators have.
    pub(super) fn group_sizes(&self) -> GroupSizes {
        let mut sizes = GroupSizes::default();
        self.coordinators.led.values().for_each(|one| sizes.count(&one.groups, one.is_loaded));
        sizes
    }

    /// Where no retention is set: sends the groups away that have been idle for longest, when there are too many offsets of
    /// groups without members.
    pub(super) fn evict_idle_groups(&mut self, now: Now) {
        let config = &self.published.broker.groups;
        let most = config.offsets_max / self.router.len() as u64;
        let loaded = self.coordinators.led.iter().filter(|(_, one)| one.is_loaded);
        let idle =
            loaded.flat_map(|(key, one)| one.groups.idle().map(|(id, since, n)| (since, id, *key, n as u64)));
        let mut idle: Vec<_> = idle.map(|(since, id, key, count)| (since, id.clone(), key, count)).collect();
        let mut count: u64 = idle.iter().map(|(_, _, _, count)| count).sum();
        if config.offsets_retention.is_some() || count <= most {
            return;
        }
        idle.sort_unstable();
        for (since, group, key, offsets) in idle {
            if count <= most {
                return;
            }
            count = count.saturating_sub(offsets);
            tracing::warn!(%group, offsets, %since, "a group without members is forgotten: there are more offsets than highwater.offsets.max");
            let token = self.coordinators.token();
            self.with_groups(key, |groups, topics| {
                groups.handle(token, Request::Evict { group, since }, topics, now);
            });
        }
    }

    fn forget_topics(&mut self, key: LogKey, now: Now) {
        let token = self.coordinators.token();
        self.with_groups(key, |groups, topics| groups.handle(token, Request::ForgetTopics, topics, now));
    }

    /// The partition is not led any more, or not there, or its log has failed.
    pub(super) fn resign_groups(&mut self, key: LogKey) {
        let now = self.clock.now();
        if let Some(Coordinator { serial, groups, .. }) = self.coordinators.led.remove(&key) {
            let effects = groups.resign(now);
            self.run_group_effects(key, serial, effects);
        }
    }

    pub(super) fn on_groups_done(&mut self, done: GroupsDone, now: Now) {
        let GroupsDone { key, serial, what } = done;
        if !self.coordinators.is_current(key, serial) {
            return;
        }
        match what {
            GroupsOutcome::Records(records) => {
                if let Some(one) = self.coordinators.led.get_mut(&key) {
                    records.iter().for_each(|logged| one.groups.load(logged));
                    one.share.set(one.groups.held());
                }
            }
            GroupsOutcome::Loaded => {
                if let Some(one) = self.coordinators.led.get_mut(&key) {
                    one.groups.loaded(&*self.published, now);
                    one.is_loaded = true;
                    one.share.set(one.groups.held());
                    if let Some(bytes) = one.share.beyond() {
                        tracing::warn!(partition = %key, beyond = bytes, "groups are loaded that hold more than highwater.groups.memory.bytes: no member and no partition is taken in");
                    }
                }
                let ended = self.coordinators.led.get_mut(&key).map(|one| std::mem::take(&mut one.ended));
                for (producer, commit) in ended.into_iter().flatten() {
                    self.with_groups(key, |groups, _| groups.txn_ended(producer, commit, now));
                }
                // Topics may have gone while nobody looked.
                self.forget_topics(key, now);
            }
            // Asked for again, it is tried again.
            GroupsOutcome::NotLoaded => self.resign_groups(key),
            GroupsOutcome::Notes(with_room) => {
                let (notes, Room { claim, reservation }) = *with_room;
                if let Some(token) = self.append_notes(key, notes, now) {
                    self.coordinators.notes.insert(token, reservation);
                }
                drop(claim);
            }
            GroupsOutcome::Room(has) => self.append_records(key, serial, *has, now),
            GroupsOutcome::NotWritten(code) => {
                let outcome = Err(not_stored(code));
                self.with_groups(key, |groups, topics| groups.written(outcome, topics, now));
            }
        }
    }

    /// Appends a batch of records, at once if there is room for it.
    fn write_records(
        &mut self,
        key: LogKey,
        serial: u64,
        batch: Result<Bytes, EncodeFault>,
        notes: Option<Notes>,
    ) {
        let now = self.clock.now();
        let batch = batch.map_err(|error| {
            tracing::error!(partition = %key, %error, "records of groups cannot be written");
            ErrorCode::UnknownServerError
        });
        match batch.and_then(|batch| self.rooms.need(&batch, notes)) {
            Ok(needs) => match self.rooms.take_now(needs) {
                Ok(has) => self.append_records(key, serial, has, now),
                Err(needs) => self.coordinators.job(key, serial, GroupTask::Room(needs)),
            },
            Err(code) => self.not_written(key, serial, code),
        }
    }

    fn append_records(&mut self, key: LogKey, serial: u64, has: HasRoom, now: Now) {
        if let Err(code) = self.append_with_notes(key, serial, has, now) {
            self.not_written(key, serial, code);
        }
    }

    /// Tells the coordinator in a message: what it does next may not be written either.
    fn not_written(&self, key: LogKey, serial: u64, code: ErrorCode) {
        let what = GroupsOutcome::NotWritten(code);
        self.router.send(self.id, ShardMessage::GroupsDone(GroupsDone { key, serial, what }));
    }

    fn append_with_notes(
        &mut self,
        key: LogKey,
        serial: u64,
        has: HasRoom,
        now: Now,
    ) -> Result<(), ErrorCode> {
        let HasRoom { batch, notes, room: Room { claim, reservation } } = has;
        let token = self.produces.token();
        let guard = self.coordinators.led.get_mut(&key).and_then(|one| one.guard.take());
        let slot = self.partitions.get_mut(&key).ok_or(ErrorCode::NotCoordinator)?;
        let (acks, origin, max_producers) =
            (RequiredAcks::All, Origin::Coordinator, self.settings.max_producers);
        let input = AppendInput { batch, acks, origin, token, max_producers, resume: None, guard };
        let mut effects = std::mem::take(&mut self.spare_effects);
        slot.partition.append(input, now, &mut effects).map_err(|refused| refused.code())?;
        self.coordinators.appends.insert(token, Append { key, serial, _room: reservation });
        self.run_effects(key, effects);
        if let Some(notes) = notes {
            // The batch's room is for both, and is given back with it: they are of one group of the write-ahead log.
            self.append_notes(key, notes, now);
        }
        drop(claim);
        Ok(())
    }

    /// A mark was appended: if the partition has a coordinator, it is to hear of its commit.
    pub(super) fn await_mark(&mut self, key: LogKey, end: &EndTxn, token: AckToken) {
        if let Some(one) = self.coordinators.led.get(&key) {
            let (producer, commit) = (end.producer_id, end.kind == ControlKind::Commit);
            let mark = Mark { key, serial: one.serial, producer, commit };
            self.coordinators.marks.insert(token, mark);
        }
    }

    /// Acts on the end of an append, if that was a mark in the partition of a coordinator.
    pub(super) fn on_mark_acked(&mut self, token: AckToken, end: AckEnd) {
        let Some(Mark { key, serial, producer, commit }) = self.coordinators.marks.remove(&token) else {
            return;
        };
        // One that was made after the mark has read it, or will.
        let Some(one) = self.coordinators.led.get_mut(&key).filter(|one| one.serial == serial) else {
            return;
        };
        match end {
            AckEnd::Committed if one.is_loaded => {
                let now = self.clock.now();
                self.with_groups(key, |groups, _| groups.txn_ended(producer, commit, now));
            }
            AckEnd::Committed => one.ended.push((producer, commit)),
            // Nobody knows what the log holds: whoever leads it next reads it.
            AckEnd::Lost | AckEnd::NoRoom | AckEnd::Unknown => self.resign_groups(key),
        }
    }

    /// Says whether an append was a coordinator's, and if so acts on its end.
    pub(super) fn on_records_acked(&mut self, token: AckToken, end: AckEnd) -> bool {
        if self.coordinators.notes.remove(&token).is_some() {
            return true;
        }
        let Some(Append { key, serial, .. }) = self.coordinators.appends.remove(&token) else { return false };
        if !self.coordinators.is_current(key, serial) {
            return true;
        }
        let now = self.clock.now();
        let outcome = match end {
            AckEnd::Committed => Ok(()),
            AckEnd::Lost | AckEnd::NoRoom => Err(ErrorCode::CoordinatorNotAvailable),
            // Nobody knows what the log holds: whoever leads it next reads it.
            AckEnd::Unknown => {
                self.resign_groups(key);
                return true;
            }
        };
        self.with_groups(key, |groups, topics| groups.written(outcome, topics, now));
        true
    }
}

/// Returns the numbers that rule groups. What one operation writes fits into a batch with those before it.
fn settings(broker: &BrokerConfig, memory: &GroupMemory) -> Settings {
    let config = &broker.groups;
    let batch = usize::try_from(crate::room::batch_max(&broker.storage.wal)).unwrap_or(usize::MAX);
    let (least, most) = (config.min_session_timeout_ms.duration(), config.max_session_timeout_ms.duration());
    Settings {
        session_timeout: least..=most,
        initial_rebalance_delay: config.initial_rebalance_delay_ms.duration(),
        max_size: config.max_size as usize,
        metadata_max: config.offset_metadata_max_bytes as usize,
        member_max: MEMBER_BYTES.min(batch / 4),
        retention: config.offsets_retention,
        retention_check: config.offsets_retention_check_interval_ms.duration(),
        batch_max: BATCH_BYTES.min(batch / 4),
        operation_max: batch / 2,
        memory_max: memory.limit(),
        consumer_max_size: config.consumer.max_size,
        assignors: config.consumer.assignors.iter().filter_map(|name| Assignor::by_name(name)).collect(),
        migration: Migration {
            upgrade: config.consumer.migration.upgrades(),
            downgrade: config.consumer.migration.downgrades(),
        },
    }
}

/// Returns what a client is told when records were not stored. *Source*: Kafka's CoordinatorRuntime; but a full disk is
/// COORDINATOR_NOT_AVAILABLE: there is no other coordinator to be found.
fn not_stored(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::NotLeaderOrFollower | ErrorCode::NotCoordinator => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::UnknownServerError => ErrorCode::UnknownServerError,
        // What the log says of the producer in whose transaction they were to be.
        ErrorCode::InvalidProducerEpoch | ErrorCode::InvalidTxnState => code,
        _ => ErrorCode::CoordinatorNotAvailable,
    }
}

/// Why records cannot be written.
#[derive(Debug, thiserror::Error)]
enum EncodeFault {
    #[error(transparent)]
    Record(#[from] RecordFault),
    #[error(transparent)]
    Batch(#[from] BuildError),
}

fn encode(records: &[GroupRecord], txn: Option<InTxn>, now: Now) -> Result<Bytes, EncodeFault> {
    let mut batch = BatchBuilder::new(Codec::None);
    if let Some(InTxn { producer, .. }) = txn {
        batch = batch.producer(producer.id, producer.epoch, NO_SEQUENCE).transactional(true);
    }
    for record in records {
        let (key, value) = record.encode()?;
        batch.push(now.wall, Some(&key), value.as_deref(), &[]);
    }
    Ok(batch.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: the retention of offsets is what is set, and none if none is.
    #[test]
    fn offsets_expire_as_set() {
        let config = |name: &str, value: &str| {
            let flags = [(name.to_owned(), value.to_owned())].into();
            let layers = config::Layers { flags, ..config::Layers::default() };
            settings(&BrokerConfig::from_layers(&layers).unwrap().0, &GroupMemory::new(1))
        };
        let set = config("offsets.retention.minutes", "7");
        assert_eq!((set.retention, set.retention_check.as_secs()), (Some(Duration::from_secs(420)), 600));
        let not_set = config("offsets.retention.check.interval.ms", "5000");
        assert_eq!((not_set.retention, not_set.retention_check.as_secs()), (None, 5));
    }
}
