//! Produce, 3 to 13 (announced from 0, see the table). KIP-98, 110, 467, 951, 516.
//!
//! Stage one, in order of arrival: decode, resolve, admit each batch (W-15's checks of the batch
//! itself; what decompresses to much is checked away from the shard's thread), reserve room in memory
//! and in the write-ahead log, hand the batches to their shards. Stage two waits for the shards and
//! answers. Batches of transactions are verified in between ([`super::verify`]), before the next frame is read.
//! Differs from Kafka: a partition that stands twice in one request is INVALID_REQUEST and neither
//! copy is written (A12). Tests: tests/wire/produce.rs, tests/wire/hostile_batches.rs.

use super::brokers;
use super::read::blocking;
use super::topics::{self, TopicRef};
use super::verify::{Asks, Knows, Unverified};
use super::{Accepted, Call, Refused, respond};
use crate::context::Context;
use crate::departed::Departed;
use crate::probe::{Amount, Invalid};
use crate::publish::Published;
use crate::room::{FRAME_OVERHEAD, WAL_EIGHTHS};
use crate::shard::message::{Append, AppendAnswer, AppendPart, ShardMessage};
use crate::shard::router::Router;
use crate::unwritten::Claim;
use config::{Compression, Durability, TimestampType, TopicConfig};
use coordinator::txn::{Connection, Producer};
use log::wal::Reservation;
use partition::{RequiredAcks, VerificationGuard};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, Millis, Offset, PartitionId, Sequence, TopicId, WallTime};
use wire::produce_request::{PartitionProduceData, ProduceRequest};
use wire::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceResponse,
    TopicProduceResponse,
};
use wire::record::{
    Batch, BatchError, BatchHeader, CheckRules, Codec, RecompressLimits, Target, TimestampRules, admit,
    recompress,
};
use wire::{Message, RequestHeader};

/// First version with topic ids.
const TOPIC_IDS_FROM: i16 = 13;
/// First version that may carry zstd.
const ZSTD_FROM: i16 = 7;
/// First version with leader hints.
const LEADER_HINTS_FROM: i16 = 10;
/// Most partitions of one request.
const PARTITIONS_MAX: usize = 100_000;
/// A compressed batch may expand to this many times the largest batch.
const EXPANSION_MAX: usize = 64;

/// However short the request's time-out, the sync of this broker is waited for at least so long.
const SYNC_WAIT: Duration = Duration::from_secs(1);

/// The request's time-out is for other replicas, as in Kafka; a sync of this broker has this long.
const LEADER_WAIT: Duration = Duration::from_secs(3600);

/// Compressed bytes of a request that are checked on the shard's thread, and what they may expand to there.
const INLINE_BYTES: (usize, usize) = (64 << 10, 1 << 20);

/// What a producer is told when the disk is full.
const FULL: &str = "The disk is full; nothing was written.";

/// Stage one.
pub(super) async fn accept(call: Call) -> Result<Accepted, Refused> {
    let Call { header, mut body, context, frame_bytes, peer, .. } = call;
    let request = ProduceRequest::decode(&mut body, header.id.api_version)?;
    body.finish()?;
    let partitions = request.topic_data.iter().map(|topic| topic.partition_data.len()).sum();
    if partitions > PARTITIONS_MAX {
        return Err(Refused::TooMany(partitions));
    }
    let request = Arc::new(request);
    let (mut plan, claim) = checked(&context, &request, header.id.api_version).await;
    if context.space.is_short() {
        plan.slots.iter_mut().for_each(|slot| slot.refuse(ErrorCode::KafkaStorageError, Some(FULL.into())));
    }
    if let Some(id) = &request.transactional_id {
        plan.verify(&context, id, header.id.api_version, peer.connection).await?;
    }
    plan.own_small_batches(frame_bytes);
    plan.refuse_beyond(context.wal.stats().capacity_bytes() / 8 * WAL_EIGHTHS);
    let bytes = plan.bytes();
    context.probes.produce_bytes.add(bytes);
    context.space.take(bytes);
    // Waiting here means not reading the socket.
    let room = room(&context, &plan, claim).await;
    if room.is_none() {
        plan.refuse_batches(ErrorCode::KafkaStorageError, FULL);
    }
    plan.forget_refused(&context.departed, &request).await;
    let replies = room.map(|(claim, room)| plan.send(&context.router, &Arc::new(room), &Arc::new(claim)));
    let replies = replies.unwrap_or_default();
    let timeout = match plan.acks {
        Some(RequiredAcks::All) => Millis(i64::from(request.timeout_ms)).duration().max(SYNC_WAIT),
        _ => LEADER_WAIT,
    };
    Ok(Box::pin(async move {
        plan.collect(replies, timeout).await;
        plan.say_by_id(header.id.api_version);
        finish(&context, &peer.listener, &header, &plan)
    }))
}

/// Waits for room in memory, unless there is some already, and in the write-ahead log; nothing if the disk becomes full
/// meanwhile.
async fn room(context: &Context, plan: &Plan, claim: Option<Claim>) -> Option<(Claim, Reservation)> {
    let room = async {
        let claim = match claim {
            Some(claim) => claim,
            None => context.unwritten.admit(plan.bytes()).await,
        };
        (claim, context.wal.reserve_later(plan.wal_bytes()).await)
    };
    tokio::select! {
        biased;
        room = room => Some(room),
        () = context.space.short() => None,
    }
}

/// Resolves a request and checks its batches; those that decompress to much, and those that are stored with another
/// codec, on a thread that may take its time. Of the latter comes the room in memory that they may take.
async fn checked(
    context: &Arc<Context>,
    request: &Arc<ProduceRequest>,
    version: i16,
) -> (Plan, Option<Claim>) {
    let (published, now) = (context.published(), context.env.clock.now().wall);
    let (count, bytes) = compressed(request);
    let turned = turned_bytes(&published, request, version);
    let (inline_bytes, expanded_max) = INLINE_BYTES;
    let mut rules = Rules { version, now, expanded_max: expanded_max / count.max(1), room: Cell::new(0) };
    if turned == 0 && bytes <= inline_bytes {
        let plan = Plan::new(published.clone(), request, &rules);
        if !plan.slots.iter().any(|slot| slot.is_cut_short) {
            return (plan, None);
        }
    }
    let claim = match turned {
        0 => None,
        turned => match room_to_turn(context, turned).await {
            Some(claim) => Some(claim),
            None => return (Plan::full(published, request, &rules), None),
        },
    };
    rules.expanded_max = usize::MAX;
    rules.room.set(usize::try_from(context.unwritten.limit() / 2).unwrap_or(usize::MAX));
    let (far, request_there, rules_there) = (published.clone(), request.clone(), rules.clone());
    let plan = blocking(context, move || Plan::new(far, &request_there, &rules_there)).await;
    (plan.unwrap_or_else(|| Plan::new(published, request, &rules)), claim)
}

/// Waits until memory has room for batches that are made anew; nothing if the disk becomes full meanwhile.
async fn room_to_turn(context: &Context, bytes: u64) -> Option<Claim> {
    tokio::select! {
        biased;
        claim = context.unwritten.admit(bytes) => Some(claim),
        () = context.space.short() => None,
    }
}

/// Returns what a request may take in memory once its batches are stored with the codecs of their topics; 0 if all are
/// stored with the codecs that they came with.
fn turned_bytes(published: &Published, request: &ProduceRequest, version: i16) -> u64 {
    let (mut all, mut turned) = (0_u64, false);
    for topic in &request.topic_data {
        let named = TopicRef::new(version >= TOPIC_IDS_FROM, &topic.name, topic.topic_id);
        let config = topics::topic(published, named).ok().map(|found| published.config(found.id));
        let target = config.and_then(|config| Some((config, stored_codec(config)?.codec)));
        for records in topic.partition_data.iter().filter_map(|data| data.records.as_ref()) {
            let head = records.parts().first().and_then(|part| BatchHeader::parse(part).ok());
            let other = |codec| head.is_some_and(|head| head.codec() != Some(codec));
            let most = target.filter(|(_, codec)| other(*codec)).map(|(config, _)| config.max_message_bytes);
            turned |= most.is_some();
            all = all.saturating_add(u64::from(most.unwrap_or(0)).max(records.len() as u64));
        }
    }
    if turned { all } else { 0 }
}

/// Returns how many batches are compressed, and their bytes.
fn compressed(request: &ProduceRequest) -> (usize, usize) {
    let all = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    let records = all.filter_map(|data| data.records.as_ref()).filter(|records| is_compressed(records));
    records.fold((0, 0), |(count, bytes), records| (count + 1, bytes + records.len()))
}

fn is_compressed(records: &wire::Records) -> bool {
    let head = records.parts().first().and_then(|part| BatchHeader::parse(part).ok());
    head.is_none_or(|head| head.codec() != Some(Codec::None))
}

/// By what batches are checked, beside their topic.
#[derive(Clone)]
struct Rules {
    version: i16,
    now: WallTime,
    /// Most bytes that a batch may decompress to here; more needs another look.
    expanded_max: usize,
    /// Bytes that batches with another codec than they came with may still take.
    room: Cell<usize>,
}

/// One request: a slot per partition, filled at once with a refusal or later by a shard.
struct Plan {
    acks: Option<RequiredAcks>,
    topics: Vec<PlannedTopic>,
    slots: Vec<Slot>,
    published: Arc<Published>,
}

struct PlannedTopic {
    name: String,
    id: types::Uuid,
    slots: std::ops::Range<usize>,
}

struct Slot {
    index: i32,
    key: Option<LogKey>,
    batch: Option<Batch>,
    /// With what guard its transaction was verified, if it was.
    guard: Option<VerificationGuard>,
    /// Whether it goes to the write-ahead log: page-cache topics have no frames there.
    in_wal: bool,
    append_time: Option<WallTime>,
    answer: AppendAnswer,
    /// For the metrics.
    amount: Amount,
    invalid: Option<Invalid>,
    record_errors: Vec<BatchIndexAndErrorMessage>,
    /// Its check ended at what may be decompressed here.
    is_cut_short: bool,
}

/// A shard's part of the request and where its answers come from.
struct Reply {
    slots: Vec<usize>,
    answers: oneshot::Receiver<Vec<AppendAnswer>>,
}

impl Plan {
    fn new(published: Arc<Published>, request: &ProduceRequest, rules: &Rules) -> Plan {
        let acks = RequiredAcks::new(request.acks).ok();
        let mut plan = Plan { acks, topics: Vec::new(), slots: Vec::new(), published };
        for topic in &request.topic_data {
            let start = plan.slots.len();
            let found = topics::topic(
                &plan.published,
                TopicRef::new(rules.version >= TOPIC_IDS_FROM, &topic.name, topic.topic_id),
            );
            let slots: Vec<Slot> = topic
                .partition_data
                .iter()
                .map(|data| Slot::new(plan.resolve(found, data), data, plan.config(found), rules))
                .collect();
            plan.slots.extend(slots);
            let slots = start..plan.slots.len();
            plan.topics.push(PlannedTopic { name: topic.name.clone(), id: topic.topic_id, slots });
        }
        plan.refuse_invalid_acks();
        plan.refuse_duplicates();
        plan.refuse_transactional(request.transactional_id.is_some());
        plan
    }

    /// Makes one of which nothing is stored: the disk is full.
    fn full(published: Arc<Published>, request: &ProduceRequest, rules: &Rules) -> Plan {
        let mut plan = Plan::new(published, request, rules);
        plan.slots.iter_mut().for_each(|slot| slot.refuse(ErrorCode::KafkaStorageError, Some(FULL.into())));
        plan
    }

    fn resolve(
        &self,
        topic: Result<&metadata::image::TopicImage, ErrorCode>,
        data: &PartitionProduceData,
    ) -> Result<LogKey, ErrorCode> {
        let topic = topic?;
        if topic.is_internal() {
            return Err(ErrorCode::InvalidTopicException);
        }
        let (key, image) = topics::partition(topic, data.index)?;
        self.published.image.leadership(image).leader.ok_or(ErrorCode::NotLeaderOrFollower)?;
        Ok(key)
    }

    fn config(&self, topic: Result<&metadata::image::TopicImage, ErrorCode>) -> Option<&TopicConfig> {
        topic.ok().map(|topic| self.published.config(topic.id).as_ref())
    }

    /// Returns what goes to the write-ahead log; refused batches take no room.
    fn wal_bytes(&self) -> u64 {
        let batches = self.slots.iter().filter(|slot| slot.in_wal).filter_map(|slot| slot.batch.as_ref());
        batches.map(|batch| batch.size() as u64 + FRAME_OVERHEAD).sum()
    }

    /// Refuses all batches if they are more than the write-ahead log can ever take at once.
    fn refuse_beyond(&mut self, max_bytes: u64) {
        let bytes = self.wal_bytes();
        if bytes <= max_bytes {
            return;
        }
        let message =
            format!("The request has {bytes} bytes, the write-ahead log takes {max_bytes} at once.");
        for slot in self.slots.iter_mut().filter(|slot| slot.in_wal && slot.batch.is_some()) {
            slot.refuse(ErrorCode::RecordListTooLarge, Some(message.clone()));
        }
    }

    /// Refuses what is not refused yet.
    fn refuse_batches(&mut self, code: ErrorCode, message: &str) {
        let left = self.slots.iter_mut().filter(|slot| slot.batch.is_some());
        left.for_each(|slot| slot.refuse(code, Some(message.to_string())));
    }

    /// After topic and leader, before the batch (W-15).
    fn refuse_invalid_acks(&mut self) {
        if self.acks.is_none() {
            let found = self.slots.iter_mut().filter(|slot| slot.key.is_some());
            found.for_each(|slot| slot.refuse(ErrorCode::InvalidRequiredAcks, None));
        }
    }

    /// None of the copies of a partition that stands twice is written.
    fn refuse_duplicates(&mut self) {
        if self.slots.len() < 2 {
            return;
        }
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<LogKey> =
            self.slots.iter().filter_map(|slot| slot.key).filter(|key| !seen.insert(*key)).collect();
        for slot in &mut self.slots {
            if slot.key.is_some_and(|key| twice.contains(&key)) {
                slot.refuse(
                    ErrorCode::InvalidRequest,
                    Some("The partition stands twice in the request.".into()),
                );
            }
        }
    }

    /// A transactional batch without a transactional id spoils the whole request, as in Kafka.
    fn refuse_transactional(&mut self, has_transactional_id: bool) {
        let transactional =
            |slot: &Slot| slot.batch.as_ref().is_some_and(|batch| batch.header().is_transactional());
        if !self.slots.iter().any(transactional) {
            return;
        }
        if !has_transactional_id {
            let all = self.slots.iter_mut();
            all.for_each(|slot| slot.refuse(ErrorCode::TransactionalIdAuthorizationFailed, None));
        }
    }

    /// Has the transactions of its batches verified; what belongs to none is refused.
    async fn verify(
        &mut self,
        context: &Context,
        id: &str,
        version: i16,
        connection: Connection,
    ) -> Result<(), Refused> {
        let batches = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let header = slot.batch.as_ref()?.header();
            let (key, is_in_wal) = (slot.key.filter(|_| header.is_transactional())?, slot.in_wal);
            let producer = Producer { id: header.producer_id, epoch: header.producer_epoch };
            Some(Unverified { index, key, is_in_wal, producer, first: header.base_sequence })
        });
        let batches: Vec<Unverified> = batches.collect();
        if batches.is_empty() {
            return Ok(());
        }
        let knows = Knows::of_produce(version);
        let asks = Asks { context, published: &self.published, id, knows, connection };
        for (index, verified) in asks.verify(batches).await? {
            match verified {
                Ok(guard) => self.slots[index].guard = guard,
                Err((code, message)) => self.slots[index].refuse(code, message),
            }
        }
        Ok(())
    }

    /// A producer whose first batch is refused here does not go on where an older stream of it ended (P8), not
    /// even where a shard has still to say that.
    async fn forget_refused(&self, departed: &Departed, request: &ProduceRequest) {
        for (topic, planned) in request.topic_data.iter().zip(&self.topics) {
            let known = self.published.image.topics().by_id(TopicId(topic.topic_id));
            let by_name = Some(&*topic.name).filter(|name| !name.is_empty());
            let name = known.map(|topic| topic.name.as_str()).or(by_name);
            let slots = &self.slots[planned.slots.clone()];
            let refused = topic.partition_data.iter().zip(slots).filter(|(_, slot)| slot.batch.is_none());
            for (index, header) in refused.filter_map(|(data, _)| Some((data.index, begin_of_stream(data)?)))
            {
                departed.all_handled(self.published.image.offset()).await;
                departed.forget(header.producer_id, name, PartitionId(index));
            }
        }
    }

    /// A topic that went away meanwhile is unknown by what the request called it.
    fn say_by_id(&mut self, version: i16) {
        let is_gone =
            |slot: &&mut Slot| slot.key.is_some() && slot.answer.code == ErrorCode::UnknownTopicOrPartition;
        if version >= TOPIC_IDS_FROM {
            let gone = self.slots.iter_mut().filter(is_gone);
            gone.for_each(|slot| slot.answer.code = ErrorCode::UnknownTopicId);
        }
    }

    /// A batch that is less than half of its frame gets bytes of its own, so that it does not hold the
    /// whole frame in memory (W-17).
    fn own_small_batches(&mut self, frame_bytes: usize) {
        for batch in self.slots.iter_mut().filter_map(|slot| slot.batch.as_mut()) {
            if batch.size() * 2 < frame_bytes {
                *batch = batch.detached();
            }
        }
    }

    /// Returns how many bytes go to the shards.
    fn bytes(&self) -> u64 {
        self.slots.iter().filter_map(|slot| slot.batch.as_ref()).map(|batch| batch.size() as u64).sum()
    }

    /// Hands the batches to their shards, one message each.
    fn send(&mut self, router: &Router, room: &Arc<Reservation>, claim: &Arc<Claim>) -> Vec<Reply> {
        let Some(acks) = self.acks else { return Vec::new() };
        let mut shards: BTreeMap<usize, (Vec<usize>, Vec<AppendPart>)> = BTreeMap::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let (Some(key), Some(batch)) = (slot.key, slot.batch.take()) else { continue };
            let (slots, parts) = shards.entry(router.shard_of(&key)).or_default();
            slots.push(index);
            parts.push(AppendPart { key, batch, guard: slot.guard });
        }
        let hand_over = |(shard, (slots, parts))| {
            let (reply, answers) = oneshot::channel();
            let (room, claim) = (room.clone(), claim.clone());
            router.send(shard, ShardMessage::Append(Append { parts, acks, room, claim, reply }));
            Reply { slots, answers }
        };
        shards.into_iter().map(hand_over).collect()
    }

    /// Stage two: takes the shards' answers; what is late is unknown.
    async fn collect(&mut self, replies: Vec<Reply>, timeout: Duration) {
        let deadline = tokio::time::Instant::now() + timeout;
        for Reply { slots, answers } in replies {
            let answers = match tokio::time::timeout_at(deadline, answers).await {
                Ok(Ok(answers)) => answers,
                // Late, or the shard is gone: the batch may be stored.
                _ => vec![AppendAnswer::refused(ErrorCode::RequestTimedOut, None); slots.len()],
            };
            for (slot, answer) in slots.into_iter().zip(answers) {
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.answer = answer;
                }
            }
        }
    }
}

impl Slot {
    fn new(
        key: Result<LogKey, ErrorCode>,
        data: &PartitionProduceData,
        config: Option<&TopicConfig>,
        rules: &Rules,
    ) -> Slot {
        let answer = AppendAnswer::refused(ErrorCode::None, None);
        let mut slot = Slot {
            index: data.index,
            key: None,
            batch: None,
            guard: None,
            in_wal: config.is_none_or(|config| config.durability == Durability::Fsync),
            append_time: None,
            answer,
            amount: Amount::default(),
            invalid: None,
            record_errors: Vec::new(),
            is_cut_short: false,
        };
        match (key, config) {
            (Ok(key), Some(config)) => {
                slot.key = Some(key);
                slot.admit(data, config, rules);
            }
            (Ok(_), None) => slot.refuse(ErrorCode::UnknownTopicOrPartition, None),
            (Err(code), _) => slot.refuse(code, None),
        }
        slot
    }

    fn admit(&mut self, data: &PartitionProduceData, config: &TopicConfig, by: &Rules) {
        let bytes = data.records.clone().map(wire::Records::into_bytes).unwrap_or_default();
        let rules = check_rules(config, by);
        self.amount.bytes = bytes.len() as u64;
        match admit(&bytes, &rules) {
            Ok(batch) => {
                self.append_time =
                    matches!(rules.timestamps, TimestampRules::Append { .. }).then_some(by.now);
                self.amount.records = u64::try_from(batch.header().record_count).unwrap_or(0);
                self.store(batch, config, &rules, by);
            }
            Err(error) => {
                self.is_cut_short = matches!(error, BatchError::Bomb { cap } if cap == by.expanded_max);
                self.refuse_batch(&error);
            }
        }
    }

    /// Keeps a batch in the codec of its topic.
    fn store(&mut self, batch: Batch, config: &TopicConfig, rules: &CheckRules, by: &Rules) {
        let own = batch.header().codec();
        let Some(target) = stored_codec(config).filter(|target| Some(target.codec) != own) else {
            self.batch = Some(batch);
            return;
        };
        let limits = RecompressLimits {
            max_decompressed_bytes: rules.max_decompressed_bytes,
            max_batch_bytes: rules.max_batch_bytes.min(by.room.get()),
        };
        match recompress(&batch, target, limits) {
            Ok(batch) => {
                by.room.set(by.room.get().saturating_sub(batch.size()));
                self.batch = Some(batch);
            }
            Err(BatchError::TooLarge { .. }) if limits.max_batch_bytes < rules.max_batch_bytes => {
                let codec = target.codec;
                let message =
                    format!("The request's batches take too much memory once they are stored as {codec}.");
                self.refuse(ErrorCode::RecordListTooLarge, Some(message));
            }
            Err(error) => self.refuse_batch(&error),
        }
    }

    fn refuse_batch(&mut self, error: &BatchError) {
        self.refuse(error.code(), Some(error.to_string()));
        self.invalid = Invalid::of(error);
        self.record_errors = error
            .record_errors()
            .iter()
            .map(|e| BatchIndexAndErrorMessage {
                batch_index: e.index,
                batch_index_error_message: Some(e.fault.to_string()),
            })
            .collect();
    }

    fn refuse(&mut self, code: ErrorCode, message: Option<String>) {
        self.batch = None;
        self.record_errors.clear();
        self.invalid = None;
        self.answer = AppendAnswer::refused(code, message);
    }
}

/// Returns the head of a batch with which a producer begins, whatever else is wrong with it.
fn begin_of_stream(data: &PartitionProduceData) -> Option<BatchHeader> {
    let bytes = data.records.clone().map(wire::Records::into_bytes)?;
    let header = BatchHeader::parse(&bytes).ok()?;
    (header.has_producer() && header.base_sequence == Sequence(0)).then_some(header)
}

/// Returns the codec in which a topic's batches are stored, with its level; nothing where they stay as they come.
fn stored_codec(config: &TopicConfig) -> Option<Target> {
    let (codec, level) = match config.compression_type {
        Compression::Producer => return None,
        Compression::Uncompressed => (Codec::None, None),
        Compression::Gzip => (Codec::Gzip, config.compression_gzip_level),
        Compression::Snappy => (Codec::Snappy, None),
        Compression::Lz4 => (Codec::Lz4, None),
        Compression::Zstd => (Codec::Zstd, Some(config.compression_zstd_level)),
    };
    Some(Target { codec, level })
}

fn check_rules(config: &TopicConfig, by: &Rules) -> CheckRules {
    let now = by.now;
    let max_batch_bytes = config.max_message_bytes as usize;
    CheckRules {
        max_batch_bytes,
        max_decompressed_bytes: max_batch_bytes.saturating_mul(EXPANSION_MAX).min(by.expanded_max),
        zstd_allowed: by.version >= ZSTD_FROM,
        keys_required: config.cleanup_policy.compact,
        timestamps: match config.message_timestamp_type {
            TimestampType::CreateTime => TimestampRules::Create {
                now,
                before_max: config.message_timestamp_before_max_ms,
                after_max: config.message_timestamp_after_max_ms,
            },
            TimestampType::LogAppendTime => TimestampRules::Append { now },
        },
    }
}

fn finish(
    context: &Context,
    listener: &str,
    header: &RequestHeader,
    plan: &Plan,
) -> Result<Option<super::Response>, Refused> {
    for topic in &plan.topics {
        let slots = &plan.slots[topic.slots.clone()];
        let key = slots.iter().find_map(|slot| slot.key);
        let probes = key.map(|key| plan.published.topic_probes.of(key.topic_id));
        slots.iter().for_each(|slot| context.probes.produced(probes, slot.answer.code, slot.amount));
        slots.iter().filter_map(|slot| slot.invalid).for_each(|what| context.probes.found_invalid(what));
    }
    if plan.acks == Some(RequiredAcks::None) {
        let refused = plan.slots.iter().map(|slot| slot.answer.code).find(|code| *code != ErrorCode::None);
        return refused.map_or(Ok(None), |code| Err(Refused::Unacknowledged(code)));
    }
    let version = header.id.api_version;
    let responses = plan.topics.iter().map(|topic| TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.id,
        partition_responses: plan.slots[topic.slots.clone()]
            .iter()
            .map(|slot| plan.answer(slot, version))
            .collect(),
    });
    let mut response = ProduceResponse { responses: responses.collect(), ..ProduceResponse::default() };
    if version >= LEADER_HINTS_FROM
        && plan.slots.iter().any(|slot| slot.answer.code == ErrorCode::NotLeaderOrFollower)
    {
        response.node_endpoints = endpoints(&plan.published, listener);
    }
    respond(context, header, &response).map(Some)
}

impl Plan {
    fn answer(&self, slot: &Slot, version: i16) -> PartitionProduceResponse {
        let answer = &slot.answer;
        let mut response = PartitionProduceResponse {
            index: slot.index,
            error_code: answer.code.code(),
            base_offset: answer.base.0,
            log_start_offset: answer.log_start.0,
            error_message: answer.message.clone(),
            record_errors: slot.record_errors.clone(),
            ..PartitionProduceResponse::default()
        };
        if answer.code == ErrorCode::None && answer.base != Offset::NONE {
            response.log_append_time_ms = slot.append_time.map_or(-1, |time| time.0);
        }
        if version >= LEADER_HINTS_FROM && answer.code == ErrorCode::NotLeaderOrFollower {
            let leadership = slot.key.and_then(|key| self.published.image.leadership_of(key));
            response.current_leader =
                leadership.map_or_else(LeaderIdAndEpoch::default, |l| LeaderIdAndEpoch {
                    leader_id: l.leader.map_or(-1, |leader| leader.0),
                    leader_epoch: l.epoch.0,
                });
        }
        response
    }
}

fn endpoints(published: &Published, listener: &str) -> Vec<NodeEndpoint> {
    let nodes = brokers::active(published, listener);
    nodes.map(|n| NodeEndpoint { node_id: n.id, host: n.host, port: n.port, rack: n.rack }).collect()
}
