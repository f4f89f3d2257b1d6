//! Fetch: bounds, progress, long polls, epochs, topic ids (A22, A23, A25).

use crate::batches::{bases, batch, fetched, sized};
use crate::client::{Client, FETCH, fetch_request, one, produce_request};
use crate::harness::{Broker, folder};
use types::{ErrorCode, Uuid};
use wire::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use wire::metadata_request::MetadataRequestTopic;
use wire::{FetchRequest, FetchResponse, MetadataRequest};

/// Longer than a test waits for an answer: who gets one was woken.
const LONG_MS: i32 = 120_000;

fn partition(index: i32, offset: i64, max_bytes: i32) -> FetchPartition {
    FetchPartition {
        partition: index,
        fetch_offset: offset,
        partition_max_bytes: max_bytes,
        ..FetchPartition::default()
    }
}

fn of(topic: &str, partitions: Vec<FetchPartition>) -> FetchRequest {
    let mut request = fetch_request(topic, 0);
    request.topics[0].partitions = partitions;
    request
}

fn leader_epoch(client: &mut Client, topic: &str) -> i32 {
    let asked = MetadataRequestTopic { name: Some(topic.into()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest { topics: Some(vec![asked]), ..MetadataRequest::default() };
    client.call(&request, 12).topics[0].partitions[0].leader_epoch
}

/// Protects: a long poll is woken by a produce to any of its partitions, from whichever shard.
#[test]
fn a_long_poll_wakes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut client, mut producer) = (broker.connect(), broker.connect());
    client.create("topic", 4);
    for round in 0..20 {
        let index = round % 4;
        let partitions = (0..4).map(|p| partition(p, i64::from(round / 4 + i32::from(p < index)), 1 << 20));
        let request =
            FetchRequest { max_wait_ms: LONG_MS, min_bytes: 1, ..of("topic", partitions.collect()) };
        let number = client.send(&request, FETCH);
        producer.call(&produce_request("topic", &[(index, &batch(&["v"]))]), 9);
        let response: FetchResponse = client.receive(FETCH, number);
        let filled: Vec<i32> = response.responses[0]
            .partitions
            .iter()
            .filter(|p| p.records.as_ref().is_some_and(|r| !r.is_empty()))
            .map(|p| p.partition_index)
            .collect();
        assert_eq!(filled, [index], "round {round}");
    }
}

/// Protects: many long polls wait at a time, hold up nobody and are all woken; an idle one holds no memory.
#[test]
fn many_long_polls_wait_at_a_time() {
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| config.memory_max = Some(32 << 20));
    let mut admin = broker.connect();
    admin.create("topic", 1);
    let request = FetchRequest {
        max_wait_ms: LONG_MS,
        min_bytes: 1,
        max_bytes: i32::MAX,
        ..of("topic", vec![partition(0, 0, i32::MAX)])
    };
    let mut waiting: Vec<(Client, i32)> = (0..40)
        .map(|_| {
            let mut client = broker.connect();
            let number = client.send(&request, FETCH);
            (client, number)
        })
        .collect();
    admin.put("topic", &batch(&["v"]));
    for (client, number) in &mut waiting {
        assert_eq!(fetched(&one(client.receive(FETCH, *number))).len(), 1);
    }
}

/// Protects: a long poll waits for as many bytes as it asks for.
#[test]
fn a_long_poll_waits_for_min_bytes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut client, mut producer) = (broker.connect(), broker.connect());
    client.create("topic", 1);
    let request = FetchRequest { max_wait_ms: LONG_MS, min_bytes: 10_000, ..fetch_request("topic", 0) };
    let number = client.send(&request, FETCH);
    for _ in 0..12 {
        producer.put("topic", &sized(1_000));
    }
    let data = one(client.receive(FETCH, number));
    assert!(data.records.unwrap().len() >= 10_000);
}

/// Protects: a long poll ends with its time, with a deleted topic, and with the broker.
#[test]
fn a_long_poll_ends() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut client, mut admin) = (broker.connect(), broker.connect());
    client.create("topic", 1);
    client.create("doomed", 1);
    let short = FetchRequest { max_wait_ms: 20, min_bytes: 1, ..fetch_request("topic", 0) };
    assert_eq!(fetched(&one(client.call(&short, FETCH))).len(), 0);
    let long = FetchRequest { max_wait_ms: i32::MAX, min_bytes: i32::MAX, ..fetch_request("doomed", 0) };
    let number = client.send(&long, FETCH);
    let names = vec!["doomed".to_owned()];
    let delete = wire::DeleteTopicsRequest { topic_names: names, timeout_ms: 30_000, ..Default::default() };
    assert_eq!(admin.call(&delete, 5).responses[0].error_code, 0);
    let data = one(client.receive(FETCH, number));
    let gone = [ErrorCode::NotLeaderOrFollower.code(), ErrorCode::UnknownTopicOrPartition.code()];
    assert!(gone.contains(&data.error_code), "{data:?}");
    let mut last = broker.connect();
    last.send(&FetchRequest { max_wait_ms: i32::MAX, min_bytes: 1, ..fetch_request("topic", 0) }, FETCH);
    broker.stop();
}

/// Protects: the first batch comes whole however small the limits are, and then the limits hold.
#[test]
fn the_first_batch_comes_whole() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let large = sized(10_000);
    for _ in 0..3 {
        client.call(&produce_request("topic", &[(0, &large), (1, &large)]), 9);
    }
    let ask = |client: &mut Client, max_bytes, of_partition| {
        let partitions = vec![partition(0, 0, of_partition), partition(1, 0, of_partition)];
        let request = FetchRequest { max_bytes, ..of("topic", partitions) };
        let response = client.call(&request, FETCH);
        response.responses[0].partitions.iter().map(|p| bases(p).len()).collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut client, i32::MAX, i32::MAX), [3, 3]);
    assert_eq!(ask(&mut client, i32::MAX, 25_000), [2, 2], "the partition's limit");
    assert_eq!(ask(&mut client, 25_000, i32::MAX), [2, 0], "the response's limit");
    for limit in [1, 0, -1, i32::MIN] {
        assert_eq!(ask(&mut client, limit, i32::MAX), [1, 0], "max bytes {limit}");
    }
    let each = ask(&mut client, i32::MAX, 0);
    assert!(each[0] == 1, "the first partition makes progress: {each:?}");
}

/// Protects: an offset within a batch returns the whole batch, one at the end nothing, one outside the log
/// is out of range (A22).
#[test]
fn offsets_outside_are_out_of_range() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    for _ in 0..2 {
        client.put("topic", &batch(&["a", "b", "c"]));
    }
    assert_eq!(bases(&client.fetch("topic", 1)), [0, 3]);
    assert_eq!(bases(&client.fetch("topic", 5)), [3]);
    let end = client.fetch("topic", 6);
    assert_eq!((end.error_code, end.high_watermark, bases(&end).len()), (0, 6, 0));
    for offset in [-1, -2, i64::MIN, 7, i64::MAX] {
        let data = client.fetch("topic", offset);
        assert_eq!(data.error_code, ErrorCode::OffsetOutOfRange.code(), "{offset}");
        assert!(data.records.unwrap_or_default().is_empty());
    }
}

/// Protects: a client that knows an older or newer leadership is told so, and where the leader is (A25).
#[test]
fn epochs_are_checked() {
    let dir = folder();
    let broker = Broker::start(dir.path()).restart();
    let mut client = broker.connect();
    client.create("topic", 1);
    let broker = {
        client.put("topic", &batch(&["a"]));
        broker.restart()
    };
    let mut client = broker.connect();
    client.put("topic", &batch(&["b"]));
    let epoch = leader_epoch(&mut client, "topic");
    assert!(epoch >= 1, "a restart raises the epoch");
    let mut ask = |current_leader_epoch| {
        let asked = FetchPartition { current_leader_epoch, ..partition(0, 0, 1 << 20) };
        let response = client.call(&of("topic", vec![asked]), 16_i16.min(FETCH));
        one(response)
    };
    assert_eq!(ask(epoch).error_code, 0);
    assert_eq!(ask(-1).error_code, 0, "who says nothing is not checked");
    let fenced = ask(epoch - 1);
    assert_eq!(fenced.error_code, ErrorCode::FencedLeaderEpoch.code());
    assert_eq!((fenced.current_leader.leader_id, fenced.current_leader.leader_epoch), (1, epoch));
    assert_eq!(ask(epoch + 1).error_code, ErrorCode::UnknownLeaderEpoch.code());
    assert_eq!(ask(i32::MAX).error_code, ErrorCode::UnknownLeaderEpoch.code());
}

/// Protects: a reader whose log departs from this one is told where, and gets no records (KIP-320).
#[test]
fn diverging_logs_are_told() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &batch(&["a", "b"]));
    let first = leader_epoch(&mut client, "topic");
    let broker = broker.restart();
    let mut client = broker.connect();
    client.put("topic", &batch(&["c"]));
    let mut ask = |offset, last_fetched_epoch| {
        let asked = FetchPartition { last_fetched_epoch, ..partition(0, offset, 1 << 20) };
        one(client.call(&of("topic", vec![asked]), FETCH))
    };
    assert_eq!(bases(&ask(2, first)), [2]);
    let diverging = ask(3, first);
    assert_eq!((diverging.diverging_epoch.epoch, diverging.diverging_epoch.end_offset), (first, 2));
    assert_eq!((diverging.error_code, bases(&diverging).len()), (0, 0));
    assert_eq!(ask(2, i32::MAX).error_code, ErrorCode::OffsetOutOfRange.code());
}

/// Protects: whoever poses as a replica is refused, whatever its version (A23).
#[test]
fn replicas_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let id = client.create_with("topic", 1, &[]);
    let denied = ErrorCode::ClusterAuthorizationFailed.code();
    for replica_id in [0, 1, i32::MAX] {
        let old = FetchRequest { replica_id, ..fetch_request("topic", 0) };
        assert_eq!(client.call(&old, FETCH).error_code, denied);
        let replica_state = ReplicaState { replica_id, replica_epoch: 1 };
        let mut new = FetchRequest { replica_state, ..fetch_request("", 0) };
        new.topics[0].topic_id = id;
        assert_eq!(client.call(&new, 17).error_code, denied);
    }
}

/// Protects: topics are found by name before version 13 and by id from it on; what is unknown is said so.
#[test]
fn topics_are_found_by_name_and_by_id() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let id = client.create_with("topic", 1, &[]);
    client.put("topic", &batch(&["v"]));
    for version in 4..=18 {
        let by_id = version >= 13;
        let ask = |topic: &str, topic_id| {
            let mut request = fetch_request(if by_id { "" } else { topic }, 0);
            request.topics[0].topic_id = if by_id { topic_id } else { Uuid::ZERO };
            request
        };
        let found = client.call(&ask("topic", id), version);
        assert_eq!(fetched(&found.responses[0].partitions[0]).len(), 1, "version {version}");
        let unknown = client.call(&ask("nowhere", Uuid([9; 16])), version);
        let code = if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
        assert_eq!(unknown.responses[0].partitions[0].error_code, code.code(), "version {version}");
    }
}

/// Protects: a partition that stands twice is refused and not read twice (A12).
#[test]
fn a_partition_that_stands_twice_is_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    client.call(&produce_request("topic", &[(0, &batch(&["a"])), (1, &batch(&["b"]))]), 9);
    let partitions = vec![partition(0, 0, 1 << 20), partition(1, 0, 1 << 20), partition(0, 0, 1 << 20)];
    let response = client.call(&of("topic", partitions), FETCH);
    let told: Vec<_> = response.responses[0]
        .partitions
        .iter()
        .map(|p| (p.partition_index, p.error_code, bases(p).len()))
        .collect();
    let twice = ErrorCode::InvalidRequest.code();
    assert_eq!(told, [(0, twice, 0), (1, 0, 1), (0, twice, 0)]);
}

/// Protects: extreme numbers are clamped and a hundred thousand partitions are answered (A22).
#[test]
fn extreme_requests_are_answered() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &batch(&["v"]));
    for (max_wait_ms, min_bytes, max_bytes) in
        [(-1, i32::MAX, i32::MAX), (0, i32::MIN, 0), (i32::MIN, 1, -1), (0, i32::MAX, i32::MIN)]
    {
        let request = FetchRequest { max_wait_ms, min_bytes, max_bytes, ..fetch_request("topic", 0) };
        assert_eq!(fetched(&one(client.call(&request, FETCH))).len(), 1);
    }
    let partitions = (0..100_000).map(|index| partition(index, 0, 1)).collect();
    let wide = FetchTopic { topic: "topic".into(), partitions, ..FetchTopic::default() };
    let request = FetchRequest { topics: vec![wide], ..FetchRequest::default() };
    let response = client.call(&request, FETCH);
    assert_eq!(response.responses[0].partitions.len(), 100_000);
    assert_eq!(response.responses[0].partitions[0].error_code, 0);
}

/// Protects: an isolation level that nobody knows is refused, in all versions: it is not read as the weaker one.
#[test]
fn unknown_isolation_levels_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &batch(&["v"]));
    for (isolation_level, version) in [(2, 4), (-1, 4), (2, FETCH), (-1, FETCH), (i8::MAX, FETCH)] {
        let request = FetchRequest { isolation_level, max_wait_ms: LONG_MS, ..fetch_request("topic", 0) };
        let found = client.call(&request, version).responses[0].partitions[0].clone();
        assert_eq!(found.error_code, ErrorCode::InvalidRequest.code(), "{isolation_level} {version}");
        assert!(found.records.unwrap_or_default().is_empty());
    }
}
