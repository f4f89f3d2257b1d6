//! Fetch, 4 to 18. KIP-74, 98, 227, 320, 392, 516, 595, 903, 951, 1166.
//!
//! The shards plan, this side reads (D-6). If too little can be read, the fetch is parked on every
//! partition with one countdown, and planned again when it is woken or its time is over; sooner when its
//! connection ends, when requests wait behind it, or when others wait for the memory it holds. A request
//! that poses as a replica is refused and touches nothing (A23): replication does not use Fetch.
//! Tests: below, tests/wire/fetch.rs, src/session.rs.

use super::brokers;
use super::read::{Found, Plan, read, records};
use super::topics::{self, TopicRef};
use super::{Accepted, Call, Refused, Response, respond};
use crate::context::Context;
use crate::net::connection::Load;
use crate::publish::Published;
use crate::session::{FetchContext, Outcome, Told, Wanted, WantedTopic};
use crate::shard::message::{Fetch, FetchFound, FetchPart, FetchPartAnswer, FetchWake, ShardMessage};
use log::producers::AbortedTxn;
use log::read_plan::ReadPlan;
use partition::{FetchInput, FetchToken, Isolation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use types::{ErrorCode, LeaderEpoch, LogKey, Millis, Offset};
use wire::fetch_request::FetchRequest;
use wire::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use wire::{Message, RequestHeader};

/// First version with topic ids.
const TOPIC_IDS_FROM: i16 = 13;
/// First version whose answers may name the leader.
const LEADER_HINTS_FROM: i16 = 12;
/// First version whose answers may say where the leader is.
const ENDPOINTS_FROM: i16 = 16;
/// First version that may carry zstd.
const ZSTD_FROM: i16 = 10;
/// A long poll is answered after this time, whatever it asks for (A22).
const WAIT_MAX: Duration = Duration::from_secs(300);

/// A long poll waits so long where requests wait behind it.
const QUEUED_WAIT: Duration = Duration::from_millis(100);
/// What one partition takes while its answer is made, beside records. *Units*: bytes.
const PARTITION_BYTES: usize = 700;
/// What an aborted transaction takes in an answer and while it is made. *Units*: bytes.
const ABORTED_BYTES: usize = 80;
/// Fewest bytes that are read from a file at once.
const FILE_READ_MIN: usize = 64 << 10;

/// Serves a fetch; unlike other handlers it knows the size of its response only after it has waited.
pub(super) fn serve(call: Call) -> Result<Accepted, Refused> {
    let Call { header, mut body, context, frame_bytes, peer, .. } = call;
    Ok(Box::pin(async move {
        let decoding = context.admission.decoding(frame_bytes).await;
        let request = FetchRequest::decode(&mut body, header.id.api_version)?;
        body.finish()?;
        let limits = Limits::new(&context, &request);
        let session = begin(&context, &header, request);
        drop(decoding);
        match session {
            Ok(session) => {
                let load = peer.load.subscribe();
                fetch(&context, (&header, &peer.listener), &session, &limits, load).await.map(Some)
            }
            Err(code) => failed(&context, &header, code).map(Some),
        }
    }))
}

/// Finds or makes the session.
fn begin(
    context: &Context,
    header: &RequestHeader,
    request: FetchRequest,
) -> Result<FetchContext, ErrorCode> {
    if request.replica_id >= 0 || request.replica_state.replica_id >= 0 {
        return Err(ErrorCode::ClusterAuthorizationFailed);
    }
    let by_id = header.id.api_version >= TOPIC_IDS_FROM;
    let random = || {
        i32::from_be_bytes(context.env.random.next_u64().to_be_bytes()[..4].try_into().unwrap_or_default())
    };
    context.sessions.begin(request, by_id, context.env.clock.now().mono, random)
}

async fn fetch(
    context: &Arc<Context>,
    (header, listener): (&RequestHeader, &str),
    session: &FetchContext,
    limits: &Limits,
    load: watch::Receiver<Load>,
) -> Result<Response, Refused> {
    let published = context.published();
    let found = wait(context, &published, session, limits, load).await;
    // After the wait: a long poll holds no memory but its frame's.
    let bytes = planned_bytes(&published, &found, limits) + found.iter().map(overhead).sum::<usize>();
    let admitted = context.admission.response(bytes).await;
    let parts = execute(context, session, found, limits, header.id.api_version).await;
    count(context, &published, &parts);
    let response = compose(&published, listener, header, session, (parts, limits.isolation));
    respond(context, header, &response).map(|response| Response { admitted: Some(admitted), ..response })
}

/// What the request allows.
struct Limits {
    max_bytes: usize,
    min_bytes: u64,
    wait: Duration,
    /// None if nobody knows it.
    isolation: Option<Isolation>,
}

impl Limits {
    fn new(context: &Context, request: &FetchRequest) -> Limits {
        let size = |bytes: i32| usize::try_from(bytes).unwrap_or(0);
        let most = (context.config.network.fetch_max_bytes as usize).min(context.admission.response_max());
        let max_bytes = size(request.max_bytes).min(most);
        Limits {
            max_bytes,
            min_bytes: (size(request.min_bytes).min(max_bytes)) as u64,
            wait: Millis(i64::from(request.max_wait_ms)).duration().min(WAIT_MAX),
            isolation: Isolation::new(request.isolation_level),
        }
    }
}

/// A wanted partition: where it is, or why not.
type Resolved = Result<LogKey, ErrorCode>;
/// A planned partition.
type Planned = Result<FetchFound, ErrorCode>;

/// One wanted partition with its answer.
struct Part {
    key: Resolved,
    planned: Planned,
}

/// Returns what a partition takes beside its records.
fn overhead(part: &Part) -> usize {
    let aborted = part.planned.as_ref().map_or(0, |found| found.aborted.most());
    PARTITION_BYTES + aborted * ABORTED_BYTES
}

/// Plans, and waits for more if the request wants that.
async fn wait(
    context: &Arc<Context>,
    published: &Published,
    session: &FetchContext,
    limits: &Limits,
    load: watch::Receiver<Load>,
) -> Vec<Part> {
    let resolve = |wanted| {
        limits.isolation.ok_or(ErrorCode::InvalidRequest)?;
        resolve(published, wanted)
    };
    let mut keys: Vec<Resolved> = session.wanted.iter().map(resolve).collect();
    refuse_duplicates(&mut keys);
    let deadline = tokio::time::Instant::now() + limits.wait;
    let planned = plan(context, session, &keys, limits, None).await;
    if limits.wait.is_zero() || is_enough(session, &planned, limits.min_bytes) {
        return parts(keys, planned);
    }
    let token = FetchToken(context.next_fetch.fetch_add(1, Ordering::Relaxed));
    let missing = i64::try_from(limits.min_bytes).unwrap_or(i64::MAX);
    let wake = Arc::new(FetchWake::new(token, missing));
    let parked = Parked { context, token, keys: keys.iter().flatten().copied().collect() };
    let planned = plan(context, session, &keys, limits, Some(&wake)).await;
    if is_enough(session, &planned, limits.min_bytes) {
        return parts(keys, planned);
    }
    wake.count(available(session, &planned));
    let mut stop = context.stop.clone();
    let event = async {
        tokio::select! {
            () = wake.woken() => {}
            _ = stop.wait_for(|stop| *stop) => {}
            () = hurried(load) => {}
            () = context.admission.pressed() => {}
        }
    };
    // Time-outs answer with what is there, too.
    let _ = tokio::time::timeout_at(deadline, event).await;
    drop(parked);
    let planned = plan(context, session, &keys, limits, None).await;
    parts(keys, planned)
}

/// Waits until the connection has ended, or what comes after this request has waited long enough.
async fn hurried(mut load: watch::Receiver<Load>) {
    let hurry = load.wait_for(|load| load.has_ended() || load.is_queued()).await;
    if hurry.is_ok_and(|load| !load.has_ended()) {
        let _ = tokio::time::timeout(QUEUED_WAIT, load.wait_for(Load::has_ended)).await;
    }
}

/// Refuses every copy of a partition that stands twice in the request (A12).
fn refuse_duplicates(keys: &mut [Resolved]) {
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<LogKey> = keys.iter().flatten().filter(|key| !seen.insert(**key)).copied().collect();
    for key in keys {
        if key.is_ok_and(|key| twice.contains(&key)) {
            *key = Err(ErrorCode::InvalidRequest);
        }
    }
}

/// Returns how many bytes of records an answer may hold: what was planned, within the limit, but at least a
/// whole batch, which is returned whatever the limit says.
fn planned_bytes(published: &Published, parts: &[Part], limits: &Limits) -> usize {
    let (mut sum, mut first) = (0, 0);
    for part in parts {
        let (Ok(key), Ok(found)) = (part.key, &part.planned) else { continue };
        let (planned, batch) = match &found.plan {
            ReadPlan::Empty => continue,
            ReadPlan::Tail(batches) => {
                let size = wire::record::Batch::size;
                (batches.iter().map(size).sum(), batches.first().map_or(0, size))
            }
            ReadPlan::File(file) => {
                let largest = published.config(key.topic_id).max_message_bytes as usize;
                (file.max_bytes, largest.max(FILE_READ_MIN))
            }
        };
        sum += planned;
        first = if first == 0 { batch } else { first };
    }
    sum.min(limits.max_bytes).max(first)
}

fn parts(keys: Vec<Resolved>, planned: Vec<Planned>) -> Vec<Part> {
    keys.into_iter().zip(planned).map(|(key, planned)| Part { key, planned }).collect()
}

/// A parked fetch; dropping it, also when the connection goes away, ends its waiting everywhere.
struct Parked<'c> {
    context: &'c Context,
    token: FetchToken,
    keys: Vec<LogKey>,
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        let mut shards: BTreeMap<usize, Vec<LogKey>> = BTreeMap::new();
        for key in &self.keys {
            shards.entry(self.context.router.shard_of(key)).or_default().push(*key);
        }
        for (shard, keys) in shards {
            self.context.router.send(shard, ShardMessage::Unpark { token: self.token, keys });
        }
    }
}

fn resolve(published: &Published, wanted: &Wanted) -> Resolved {
    let topic = match &wanted.topic {
        WantedTopic::Name(name) => TopicRef::Name(name),
        WantedTopic::Id(id) => TopicRef::Id(*id),
    };
    Ok(topics::partition(topics::topic(published, topic)?, wanted.partition.partition)?.0)
}

/// Asks the shards for plans. *Shape*: one per wanted partition, in order.
async fn plan(
    context: &Context,
    session: &FetchContext,
    keys: &[Resolved],
    limits: &Limits,
    park: Option<&Arc<FetchWake>>,
) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::with_capacity(keys.len());
    let mut shards: BTreeMap<usize, (Vec<usize>, Vec<FetchPart>)> = BTreeMap::new();
    for (index, (key, wanted)) in keys.iter().zip(&session.wanted).enumerate() {
        planned.push(Err(key.err().unwrap_or(ErrorCode::NotLeaderOrFollower)));
        let Ok(key) = *key else { continue };
        let (indexes, parts) = shards.entry(context.router.shard_of(&key)).or_default();
        indexes.push(index);
        parts.push(FetchPart { key, input: input(wanted, limits), enough: limits.min_bytes.max(1) });
    }
    let mut replies = Vec::with_capacity(shards.len());
    for (shard, (indexes, parts)) in shards {
        let (reply, answers) = oneshot::channel();
        context
            .router
            .send(shard, ShardMessage::Fetch(Fetch { parts, is_client: true, park: park.cloned(), reply }));
        replies.push((indexes, answers));
    }
    for (indexes, answers) in replies {
        let answers: Vec<FetchPartAnswer> = answers.await.unwrap_or_default();
        for (index, answer) in indexes.into_iter().zip(answers) {
            planned[index] = answer.result;
        }
    }
    planned
}

fn input(wanted: &Wanted, limits: &Limits) -> FetchInput {
    let partition = &wanted.partition;
    let epoch = |epoch: i32| (epoch >= 0).then_some(LeaderEpoch(epoch));
    FetchInput {
        offset: Offset(partition.fetch_offset),
        current_epoch: epoch(partition.current_leader_epoch),
        last_fetched_epoch: epoch(partition.last_fetched_epoch),
        isolation: limits.isolation.unwrap_or(Isolation::ReadCommitted),
        max_bytes: usize::try_from(partition.partition_max_bytes).unwrap_or(0).min(limits.max_bytes),
        at_least_one: true,
    }
}

/// Says whether the answer is due at once: enough bytes, an error, or a diverging log.
fn is_enough(session: &FetchContext, planned: &[Planned], min_bytes: u64) -> bool {
    session.wanted.is_empty()
        || planned.iter().any(|p| p.as_ref().map_or(true, |found| found.diverging.is_some()))
        || available(session, planned) >= min_bytes
}

fn available(session: &FetchContext, planned: &[Planned]) -> u64 {
    let pairs = session.wanted.iter().zip(planned);
    let bytes = pairs.map(|(wanted, planned)| {
        let max = u64::try_from(wanted.partition.partition_max_bytes).unwrap_or(0).max(1);
        planned.as_ref().map_or(0, |found| found.available.min(max))
    });
    bytes.sum()
}

/// A partition with its records read.
struct Read {
    key: Resolved,
    found: Result<FetchFound, ErrorCode>,
    records: wire::Records,
    aborted: Vec<AbortedTxn>,
}

/// Reads in order, within the limit; the first partition with data gets at least one batch.
async fn execute(
    context: &Arc<Context>,
    session: &FetchContext,
    parts: Vec<Part>,
    limits: &Limits,
    version: i16,
) -> Vec<Read> {
    let mut left = limits.max_bytes;
    let mut nothing_yet = true;
    let mut done = Vec::with_capacity(session.wanted.len());
    for (part, wanted) in parts.into_iter().zip(&session.wanted) {
        let (key, mut planned) = (part.key, part.planned);
        let (mut read_records, mut met) = (wire::Records::default(), Vec::new());
        if let (Ok(key), Ok(found)) = (key, planned.as_mut()) {
            let plan = fit(std::mem::replace(&mut found.plan, ReadPlan::Empty), left, nothing_yet);
            let input = FetchInput { max_bytes: left, at_least_one: nothing_yet, ..input(wanted, limits) };
            let plan = Plan { plan, aborted: std::mem::take(&mut found.aborted) };
            match read(context, FetchPart { key, input, enough: 1 }, plan).await {
                Ok(Found { batches, .. }) if version < ZSTD_FROM && batches.iter().any(is_zstd) => {
                    planned = Err(ErrorCode::UnsupportedCompressionType);
                }
                Ok(Found { batches, aborted }) => (read_records, met) = (records(&batches), aborted),
                Err(code) => planned = Err(code),
            }
        }
        left = left.saturating_sub(read_records.len());
        nothing_yet &= read_records.is_empty();
        done.push(Read { key, found: planned, records: read_records, aborted: met });
    }
    done
}

fn is_zstd(batch: &wire::record::Batch) -> bool {
    batch.header().codec() == Some(wire::record::Codec::Zstd)
}

/// Cuts a plan to what is left of the response.
fn fit(plan: ReadPlan, left: usize, at_least_one: bool) -> ReadPlan {
    match plan {
        ReadPlan::Empty => ReadPlan::Empty,
        ReadPlan::Tail(mut batches) => {
            let mut sum = 0;
            let whole = batches.iter().take_while(|batch| {
                sum += batch.size();
                sum <= left
            });
            let keep = whole.count().max(usize::from(at_least_one));
            batches.truncate(keep);
            ReadPlan::Tail(batches)
        }
        ReadPlan::File(_) if left == 0 && !at_least_one => ReadPlan::Empty,
        ReadPlan::File(mut file) => {
            file.max_bytes = file.max_bytes.min(left);
            file.at_least_one &= at_least_one;
            ReadPlan::File(file)
        }
    }
}

/// Counts what each partition got.
fn count(context: &Context, published: &Published, parts: &[Read]) {
    for part in parts {
        let topic = part.key.ok().map(|key| published.topic_probes.of(key.topic_id));
        let result = part.found.as_ref().map(|_| part.records.len() as u64).map_err(|code| *code);
        context.probes.fetched(topic, result);
    }
}

/// Builds the response.
fn compose(
    published: &Published,
    listener: &str,
    header: &RequestHeader,
    session: &FetchContext,
    (parts, isolation): (Vec<Read>, Option<Isolation>),
) -> FetchResponse {
    let outcomes: Vec<Outcome> = parts.iter().map(outcome).collect();
    let tell = session.finish(&outcomes);
    let version = header.id.api_version;
    let mut response = FetchResponse { session_id: session.session_id, ..FetchResponse::default() };
    let mut hints = false;
    for ((wanted, part), told) in session.wanted.iter().zip(parts).zip(tell) {
        if !told {
            continue;
        }
        let data = partition_data(published, wanted, part, isolation, version);
        hints |= data.current_leader.leader_epoch >= 0;
        push(&mut response.responses, wanted, data);
    }
    if hints && version >= ENDPOINTS_FROM {
        response.node_endpoints = endpoints(published, listener);
    }
    response
}

fn outcome(part: &Read) -> Outcome {
    let told = part.found.as_ref().ok().filter(|found| found.diverging.is_none()).map(|found| Told {
        high_watermark: found.pointers.high_watermark.0,
        last_stable_offset: found.pointers.last_stable.0,
        log_start_offset: found.pointers.log_start.0,
    });
    Outcome { told, has_records: !part.records.is_empty() }
}

fn push(responses: &mut Vec<FetchableTopicResponse>, wanted: &Wanted, data: PartitionData) {
    let (topic, topic_id) = match &wanted.topic {
        WantedTopic::Name(name) => (name.to_string(), types::Uuid::ZERO),
        WantedTopic::Id(id) => (String::new(), *id),
    };
    match responses.last_mut() {
        Some(last) if last.topic == topic && last.topic_id == topic_id => last.partitions.push(data),
        _ => responses.push(FetchableTopicResponse { topic, topic_id, partitions: vec![data] }),
    }
}

fn partition_data(
    published: &Published,
    wanted: &Wanted,
    part: Read,
    isolation: Option<Isolation>,
    version: i16,
) -> PartitionData {
    // Kafka lists no transaction in three ways: null where nobody asked or reading failed, else empty.
    let asked = isolation == Some(Isolation::ReadCommitted) && part.found.is_ok();
    let aborted = part
        .aborted
        .iter()
        .map(|txn| AbortedTransaction { producer_id: txn.producer_id.0, first_offset: txn.first_offset.0 });
    let mut data = PartitionData {
        partition_index: wanted.partition.partition,
        aborted_transactions: (asked || part.key.is_err()).then(|| aborted.collect()),
        ..PartitionData::default()
    };
    match part.found {
        Ok(found) => {
            data.high_watermark = found.pointers.high_watermark.0;
            data.last_stable_offset = found.pointers.last_stable.0;
            data.log_start_offset = found.pointers.log_start.0;
            if let Some(diverging) = found.diverging.filter(|_| version >= LEADER_HINTS_FROM) {
                data.diverging_epoch =
                    EpochEndOffset { epoch: diverging.epoch.0, end_offset: diverging.end.0 };
            }
            data.records = Some(part.records);
        }
        Err(code) => {
            data.error_code = code.code();
            data.high_watermark = -1;
            data.records = Some(wire::Records::default());
            let moved = matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
            if let (true, Ok(key)) = (moved && version >= LEADER_HINTS_FROM, part.key) {
                data.current_leader = leader_hint(published, key);
            }
        }
    }
    data
}

fn leader_hint(published: &Published, key: LogKey) -> LeaderIdAndEpoch {
    published.image.leadership_of(key).map_or_else(LeaderIdAndEpoch::default, |leadership| LeaderIdAndEpoch {
        leader_id: leadership.leader.map_or(-1, |leader| leader.0),
        leader_epoch: leadership.epoch.0,
    })
}

fn endpoints(published: &Published, listener: &str) -> Vec<NodeEndpoint> {
    let nodes = brokers::active(published, listener);
    nodes.map(|n| NodeEndpoint { node_id: n.id, host: n.host, port: n.port, rack: n.rack }).collect()
}

fn failed(context: &Context, header: &RequestHeader, code: ErrorCode) -> Result<Response, Refused> {
    respond(context, header, &FetchResponse { error_code: code.code(), ..FetchResponse::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::BrokerConfig;
    use partition::Pointers;
    use types::{PartitionId, TopicId, WallTime};
    use wire::record::{Batch, BatchBuilder, Codec};

    fn planned(plan: ReadPlan) -> Part {
        let key = LogKey { topic_id: TopicId::default(), partition: PartitionId(0) };
        let (pointers, aborted) = (Pointers::default(), log::aborted::AbortedPlan::default());
        let found = FetchFound { plan, aborted, pointers, diverging: None, available: 0 };
        Part { key: Ok(key), planned: Ok(found) }
    }

    /// Protects: memory is admitted for what will be read, which is a whole batch however little is asked for (W-17).
    #[test]
    fn a_tiny_limit_is_admitted_for_a_batch() {
        let broker = BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        let published = Published::new(Arc::default(), &broker, types::WallTime(0));
        let mut builder = BatchBuilder::new(Codec::None);
        builder.push(WallTime(1), None, Some(&[0; 10_000]), &[]);
        let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
        let limits = |max_bytes| Limits {
            max_bytes,
            min_bytes: 1,
            wait: Duration::ZERO,
            isolation: Some(Isolation::ReadUncommitted),
        };
        let tail = |count| planned(ReadPlan::Tail(vec![batch.clone(); count]));
        assert_eq!(planned_bytes(&published, &[tail(3)], &limits(1)), batch.size());
        assert_eq!(planned_bytes(&published, &[tail(1), tail(3)], &limits(15_000)), 15_000);
        assert_eq!(
            planned_bytes(&published, &[planned(ReadPlan::Empty), tail(2)], &limits(1 << 20)),
            2 * batch.size()
        );
    }
}
