//! Connections: order of answers, peers that do not read, peers that announce and do not send, caps
//! (A2, A31, A32, A33).

use crate::batches::batch;
use crate::client::{Client, FETCH, PRODUCE, fetch_request, frame, one, produce_request};
use crate::harness::{Broker, folder};
use wire::{ApiVersionsRequest, FetchRequest, MetadataRequest, MetadataResponse, ProduceResponse};

const METADATA: i16 = 12;

fn all_topics() -> MetadataRequest {
    MetadataRequest { topics: None, ..MetadataRequest::default() }
}

fn metadata(client: &mut Client) -> MetadataResponse {
    client.call(&all_topics(), METADATA)
}

/// Protects: answers leave in the order of the requests, whatever each of them has to wait for.
#[test]
fn pipelined_requests_are_answered_in_order() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let mut asked = Vec::new();
    for round in 0..40 {
        asked.push(('p', client.send(&produce_request("topic", &[(0, &batch(&["v"]))]), PRODUCE)));
        asked.push(('m', client.send(&all_topics(), METADATA)));
        asked.push(('f', client.send(&fetch_request("topic", round), FETCH)));
    }
    for (what, number) in asked {
        match what {
            'p' => {
                let response: ProduceResponse = client.receive(PRODUCE, number);
                let base = response.responses[0].partition_responses[0].base_offset;
                assert_eq!(i64::from(number - 2) / 3, base, "batches of a connection keep their order");
            }
            'm' => drop(client.receive::<MetadataResponse>(METADATA, number)),
            _ => {
                let response: wire::FetchResponse = client.receive(FETCH, number);
                assert_eq!(response.responses[0].partitions[0].error_code, 0, "its own batch is there");
            }
        }
    }
}

/// Protects: a client that has sent everything and closed its side still gets its answers.
#[test]
fn a_half_closed_connection_is_answered() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let numbers: Vec<i32> =
        (0..50).map(|_| client.send(&produce_request("topic", &[(0, &batch(&["v"]))]), PRODUCE)).collect();
    client.finish();
    for number in numbers {
        let response: ProduceResponse = client.receive(PRODUCE, number);
        assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
    }
    assert!(client.read_frame().is_none());
}

/// Protects: a peer that sends thousands of requests and reads nothing holds up nobody, and gets every
/// answer in order once it reads (A32); one that never reads does not keep the broker from stopping (A33).
#[test]
fn a_peer_that_does_not_read_holds_up_nobody() {
    const REQUESTS: i32 = 3_000;
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut admin = broker.connect();
    admin.create("wide", 50);
    let flood: Vec<u8> = (1..=REQUESTS).flat_map(|n| frame(&all_topics(), METADATA, n)).collect();
    let mut flooding = broker.connect();
    flooding.send_bytes(&flood);
    let mut silent = broker.connect();
    silent.send_bytes(&flood);
    admin.put("wide", &batch(&["served"]));
    for number in 1..=REQUESTS {
        let response: MetadataResponse = flooding.receive(METADATA, number);
        assert_eq!(response.topics.len(), 1);
    }
    broker.stop();
    drop(silent);
}

/// Protects: frames that are announced and do not come take no place from those that do (A2).
#[test]
fn announced_frames_hold_up_nobody() {
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| config.memory_max = Some(64 << 20));
    let mut admin = broker.connect();
    admin.create("topic", 1);
    let mut announcing = Vec::new();
    for key in [3_i16, 0, 3, 0, 1, 0] {
        let mut client = broker.connect();
        let length: i32 = 90 << 20;
        let head = [&length.to_be_bytes()[..], &key.to_be_bytes(), &9_i16.to_be_bytes(), &[0; 4]].concat();
        client.send_bytes(&head);
        client.send_some(&[0; 10_000]);
        announcing.push(client);
    }
    for _ in 0..20 {
        metadata(&mut admin);
        admin.put("topic", &batch(&["served"]));
    }
}

/// Protects: connections are capped per address, those that are open go on, and a place that is given
/// back is taken again (A31).
#[test]
fn connections_are_capped() {
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| config.network.max_connections_per_ip = 3);
    let mut open: Vec<Client> = (0..3).map(|_| broker.connect()).collect();
    for client in &mut open {
        metadata(client);
    }
    for _ in 0..10 {
        broker.connect().expect_closed("beyond the cap");
    }
    open.iter_mut().for_each(|client| drop(metadata(client)));
    drop(open.pop());
    // Its place comes back when the broker has seen the end.
    let again = || broker.connect().try_call(&ApiVersionsRequest::default(), 0).is_some();
    assert!((0..10_000).any(|_| again()), "a place that was given back is taken");
}

/// A long poll that has nothing to answer with, in a frame of so many bytes.
fn long_poll(bytes: usize) -> FetchRequest {
    FetchRequest {
        max_wait_ms: 300_000,
        min_bytes: 1,
        rack_id: "r".repeat(bytes),
        ..fetch_request("topic", 0)
    }
}

/// Protects: a peer that goes away gives its place back at once, not when its long poll ends, whatever it
/// has sent behind it (A31).
#[test]
fn a_peer_that_has_gone_gives_its_place_back() {
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| config.network.max_connections_per_ip = 2);
    let mut admin = broker.connect();
    admin.create("topic", 1);
    for behind in [0, 1, 500] {
        let mut gone = broker.connect();
        for _ in 0..=behind {
            gone.send(&long_poll(0), FETCH);
        }
        drop(gone);
        let again = || broker.connect().try_call(&ApiVersionsRequest::default(), 0).is_some();
        assert!((0..10_000).any(|_| again()), "its place is taken with {behind} behind");
    }
}

/// Protects: a connection that waits for an answer is not idle: its long poll is answered in its time, and it goes on.
#[test]
fn who_waits_for_an_answer_is_not_idle() {
    let dir = folder();
    let idle_max = types::Millis(1_500);
    let broker = Broker::start_with(dir.path(), |config| config.network.connections_max_idle_ms = idle_max);
    let mut client = broker.connect();
    client.create("topic", 1);
    let poll = FetchRequest { max_wait_ms: 2_500, ..long_poll(0) };
    assert_eq!(one(client.call(&poll, FETCH)).error_code, 0);
    assert_eq!(metadata(&mut client).topics.len(), 1);
    client.expect_closed("idle");
}

/// Protects: what a client sends behind its long poll is answered soon, in order.
#[test]
fn what_comes_behind_a_long_poll_does_not_wait_for_it() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let poll = client.send(&long_poll(0), FETCH);
    let asked = client.send(&all_topics(), METADATA);
    let polled: wire::FetchResponse = client.receive(FETCH, poll);
    assert_eq!(polled.responses[0].partitions[0].error_code, 0);
    assert_eq!(client.receive::<MetadataResponse>(METADATA, asked).topics.len(), 1);
}

/// Protects: long polls hold memory only as long as nobody waits for it.
#[test]
fn long_polls_give_way_to_who_waits_for_memory() {
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| config.memory_max = Some(16 << 20));
    let mut admin = broker.connect();
    admin.create("topic", 1);
    let mut polling: Vec<Client> = (0..40).map(|_| broker.connect()).collect();
    for client in &mut polling {
        client.send(&long_poll(30_000), FETCH);
    }
    let (answered, answers) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for mut client in polling {
            let answered = answered.clone();
            let mut records = move || one(client.receive(FETCH, 1)).records.unwrap_or_default();
            scope.spawn(move || answered.send(records().len()));
        }
        let first = answers.recv_timeout(std::time::Duration::from_secs(25));
        // Whoever still waits is answered with this.
        admin.put("topic", &batch(&["v"]));
        assert_eq!(first, Ok(0), "there is not memory for all of them");
    });
}
