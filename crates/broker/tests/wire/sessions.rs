//! Fetch sessions (KIP-227): a consumer names only what changes, and is told only what moves.

use crate::batches::{batch, fetched};
use crate::client::{Client, FETCH, fetch_request};
use crate::harness::{Broker, folder};
use types::{ErrorCode, Uuid};
use wire::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use wire::{FetchRequest, FetchResponse};

fn begin(client: &mut Client, partitions: i32) -> FetchResponse {
    let mut request = fetch_request("topic", 0);
    request.session_epoch = 0;
    request.topics[0].partitions = (0..partitions).map(at_start).collect();
    client.call(&request, FETCH)
}

fn at_start(index: i32) -> FetchPartition {
    FetchPartition { partition: index, partition_max_bytes: 1 << 20, ..FetchPartition::default() }
}

fn go_on(id: i32, epoch: i32) -> FetchRequest {
    FetchRequest { session_id: id, session_epoch: epoch, ..FetchRequest::default() }
}

fn told(response: &FetchResponse) -> Vec<i32> {
    response.responses.iter().flat_map(|t| t.partitions.iter().map(|p| p.partition_index)).collect()
}

/// Protects: an incremental fetch names nothing and gets what moved, only that, until it moves on.
#[test]
fn incremental_fetches_tell_what_moved() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 3);
    let first = begin(&mut client, 3);
    assert!(first.session_id > 0);
    assert_eq!(told(&first), [0, 1, 2], "a full fetch tells all");
    let id = first.session_id;
    assert_eq!(told(&client.call(&go_on(id, 1), FETCH)), [0; 0]);
    client.put("topic", &batch(&["v"]));
    for epoch in [2, 3] {
        let response = client.call(&go_on(id, epoch), FETCH);
        assert_eq!(told(&response), [0], "until the consumer moves on");
        assert_eq!(fetched(&response.responses[0].partitions[0]).len(), 1);
    }
    let moved = FetchPartition { fetch_offset: 1, ..at_start(0) };
    let topic = FetchTopic { topic: "topic".into(), partitions: vec![moved], ..FetchTopic::default() };
    let response = client.call(&FetchRequest { topics: vec![topic], ..go_on(id, 4) }, FETCH);
    assert_eq!(response.session_id, id);
    assert_eq!(told(&client.call(&go_on(id, 5), FETCH)), [0; 0]);
}

/// Protects: an incremental long poll is woken by what its session wants.
#[test]
fn an_incremental_long_poll_wakes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let (mut client, mut producer) = (broker.connect(), broker.connect());
    client.create("topic", 2);
    let id = begin(&mut client, 2).session_id;
    let request = FetchRequest { max_wait_ms: 120_000, min_bytes: 1, ..go_on(id, 1) };
    let number = client.send(&request, FETCH);
    producer.put("topic", &batch(&["v"]));
    assert_eq!(told(&client.receive(FETCH, number)), [0]);
}

/// Protects: forgotten partitions are told no more, and a session without any ends.
#[test]
fn forgotten_partitions_are_told_no_more() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let id = begin(&mut client, 2).session_id;
    let forget = |partitions: Vec<i32>, epoch| {
        let forgotten = ForgottenTopic { topic: "topic".into(), partitions, ..ForgottenTopic::default() };
        FetchRequest { forgotten_topics_data: vec![forgotten], ..go_on(id, epoch) }
    };
    client.put("topic", &batch(&["v"]));
    assert_eq!(told(&client.call(&forget(vec![0], 1), FETCH)), [0; 0]);
    assert_eq!(client.call(&forget(vec![1], 2), FETCH).session_id, 0);
    let gone = client.call(&go_on(id, 3), FETCH);
    assert_eq!(gone.error_code, ErrorCode::FetchSessionIdNotFound.code());
}

/// Protects: a guessed session, a repeated or skipped epoch and another way of naming topics are refused
/// (A22).
#[test]
fn wrong_sessions_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = begin(&mut client, 1).session_id;
    let mut code = |id, epoch, version| client.call(&go_on(id, epoch), version).error_code;
    for guess in [1, -1, i32::MIN, i32::MAX] {
        assert_eq!(code(guess, 1, FETCH), ErrorCode::FetchSessionIdNotFound.code(), "{guess}");
    }
    for epoch in [2, i32::MAX, -2, i32::MIN] {
        assert_eq!(code(id, epoch, FETCH), ErrorCode::InvalidFetchSessionEpoch.code(), "{epoch}");
    }
    assert_eq!(code(id, 1, 13), ErrorCode::FetchSessionTopicIdError.code());
    assert_eq!(code(id, 1, FETCH), 0, "nothing of that has touched it");
    assert_eq!(code(id, 1, FETCH), ErrorCode::InvalidFetchSessionEpoch.code(), "a repeated epoch");
}

/// Protects: a session by topic ids goes on; a full fetch of the final epoch ends it.
#[test]
fn sessions_by_id_go_on_and_end() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let topic_id = client.create_with("topic", 1, &[]);
    let by_id = |session_id, session_epoch, topic_id: Uuid| {
        let topic = FetchTopic { topic_id, partitions: vec![at_start(0)], ..FetchTopic::default() };
        FetchRequest { topics: vec![topic], ..go_on(session_id, session_epoch) }
    };
    let id = client.call(&by_id(0, 0, topic_id), 17).session_id;
    client.put("topic", &batch(&["v"]));
    assert_eq!(told(&client.call(&go_on(id, 1), 17)), [0]);
    assert_eq!(client.call(&by_id(id, -1, topic_id), 17).session_id, 0);
    let gone = client.call(&go_on(id, 2), 17);
    assert_eq!(gone.error_code, ErrorCode::FetchSessionIdNotFound.code());
}

/// Protects: there are so many sessions and no more; without one a fetch is answered all the same.
#[test]
fn sessions_are_capped() {
    let dir = folder();
    let setting = ("max.incremental.fetch.session.cache.slots", "2");
    let broker = Broker::start_with_settings(dir.path(), &[setting]);
    let mut client = broker.connect();
    client.create("topic", 1);
    let ids: Vec<i32> = (0..4).map(|_| begin(&mut client, 1).session_id).collect();
    assert!(ids[0] > 0 && ids[1] > 0 && ids[0] != ids[1]);
    assert_eq!(ids[2..], [0, 0]);
}
