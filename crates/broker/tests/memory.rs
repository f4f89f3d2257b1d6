//! W-17: the memory of a broker under hostile input, measured by a counting allocator.
//!
//! A binary of its own, since the allocator is that of the process. The threads of the test count nothing:
//! what is measured is the broker's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]
#![allow(unreachable_pub, dead_code, reason = "modules shared with tests/wire.rs, which uses all of them")]

#[path = "wire/batches.rs"]
mod batches;
#[path = "wire/client.rs"]
mod client;
#[path = "memory/groups.rs"]
mod groups;
#[path = "wire/harness.rs"]
mod harness;
#[path = "memory/transactions.rs"]
mod transactions;

use client::{Client, FETCH, LIST_OFFSETS, PRODUCE, fetch_request, frame, produce_request};
use harness::{Broker, folder};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use types::{ErrorCode, WallTime};
use wire::describe_configs_request::DescribeConfigsResource;
use wire::describe_topic_partitions_request::TopicRequest;
use wire::fetch_request::FetchPartition;
use wire::list_offsets_request::ListOffsetsTopic;
use wire::metadata_request::MetadataRequestTopic;
use wire::produce_request::PartitionProduceData;
use wire::record::{BatchBuilder, Codec};
use wire::{
    DescribeConfigsRequest, DescribeTopicPartitionsRequest, FetchRequest, FetchResponse,
    FindCoordinatorRequest, ListOffsetsRequest, MetadataRequest, ProduceResponse, Request,
};

/// The budget of the broker under test. *Units*: bytes.
const BUDGET: usize = 32 << 20;
const METADATA: i16 = 12;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Set in the threads of the test.
    static IS_TEST: Cell<bool> = const { Cell::new(false) };
}

/// Counts the bytes that the broker's threads hold; a growing block counts twice while it moves.
struct Counting;

fn is_counted() -> bool {
    IS_TEST.try_with(|is_test| !is_test.get()).unwrap_or(true)
}

fn add(size: usize) {
    if is_counted() {
        let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

fn remove(size: usize) {
    if is_counted() {
        LIVE.fetch_sub(size, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        remove(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        // SAFETY: the caller's promise is passed on.
        let moved = unsafe { System.realloc(block, layout, size) };
        remove(layout.size());
        moved
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One kind of abuse, beside an honest client.
type Abuse = fn(&Broker, &mut Client);

/// Runs one kind of abuse and returns the most memory that the broker held during it.
fn peak_of(abuse: impl FnOnce()) -> usize {
    PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    abuse();
    PEAK.load(Ordering::Relaxed)
}

/// Protects: whatever comes in, the broker holds no more than its budget says (W-17), and serves an honest
/// client during all of it.
#[test]
fn memory_stays_within_the_budget() {
    IS_TEST.set(true);
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| {
        config.memory_max = Some(BUDGET as u64);
        config.topics.auto_create = false;
    });
    let mut admin = broker.connect();
    admin.create("topic", 1);
    let abuses: [(&str, Abuse); 10] = [
        ("frames that are announced and do not come", announced_frames),
        ("bombs", bombs),
        ("arrays of nothing", arrays_of_nothing),
        ("a flood of batches", flood_of_batches),
        ("answers that nobody reads", unread_answers),
        ("small batches in large frames", small_batches_in_large_frames),
        ("the same question many times", same_question_many_times),
        ("partitions of nothing", partitions_of_nothing),
        ("sessions of nothing", sessions_of_nothing),
        ("answers to names that nobody has", names_of_nothing),
    ];
    // What there is whatever comes in; most of it is a table of the quorum's metrics.
    let idle = LIVE.load(Ordering::Relaxed);
    for (what, abuse) in abuses {
        let peak = peak_of(|| abuse(&broker, &mut admin)) - idle;
        println!("{what}: {} KiB", peak >> 10);
        assert!(peak <= BUDGET, "{what}: {peak} bytes of {BUDGET}");
        admin.put("topic", &batches::batch(&["served"]));
    }
    drop(admin);
    broker.stop();
    coordinators_stay_within_their_budget();
}

/// Groups and transactional ids stay: each kind of abuse has a broker of its own. Beside them are frames, answers and what no
/// segment holds yet.
fn coordinators_stay_within_their_budget() {
    for (what, abuse) in groups::ABUSES.into_iter().chain(transactions::ABUSES) {
        let dir = folder();
        let broker = Broker::start_with(dir.path(), |config| config.memory_max = Some(BUDGET as u64));
        let mut admin = broker.connect();
        admin.create("topic", 1);
        groups::prepare(&mut admin);
        transactions::prepare(&mut admin);
        let idle = LIVE.load(Ordering::Relaxed);
        let peak = peak_of(|| abuse(&broker, &mut admin)) - idle;
        assert!(peak <= BUDGET, "{what}: {peak} bytes of {BUDGET}");
        admin.put("topic", &batches::batch(&["served"]));
    }
}

/// A2: lengths within the limit, of which only a part or nothing comes.
fn announced_frames(broker: &Broker, admin: &mut Client) {
    let part = vec![0; 2 << 20];
    let mut open = Vec::new();
    for n in 0..90_usize {
        let mut client = broker.connect();
        let (key, length) = (i16::from(n % 2 == 0), (90_i32 << 20) - 1);
        let head = [&length.to_be_bytes()[..], &key.to_be_bytes(), &9_i16.to_be_bytes(), &[0; 4]].concat();
        client.send_bytes(&head);
        if n % 3 == 0 {
            client.send_some(&part);
        }
        open.push(client);
    }
    admin.put("topic", &batches::batch(&["served"]));
}

/// A18: what expands to a thousand times its size, as many at a time as a connection may send.
fn bombs(broker: &Broker, _: &mut Client) {
    let bomb = |codec, megabytes: usize| {
        let mut builder = BatchBuilder::new(codec);
        builder.push(WallTime(batches::now_ms()), None, Some(&vec![0; megabytes << 20]), &[]);
        builder.build().unwrap()
    };
    for (codec, megabytes) in [(Codec::Gzip, 40), (Codec::Zstd, 100)] {
        let request = produce_request("topic", &[(0, &bomb(codec, megabytes))]);
        let mut client = broker.connect();
        let numbers: Vec<i32> = (0..5).map(|_| client.send(&request, PRODUCE)).collect();
        for number in numbers {
            let response: ProduceResponse = client.receive(PRODUCE, number);
            let code = response.responses[0].partition_responses[0].error_code;
            assert_eq!(code, ErrorCode::MessageTooLarge.code());
        }
    }
}

/// A6: frames full of the smallest things that there are, many of them in flight.
fn arrays_of_nothing(broker: &Broker, _: &mut Client) {
    // Fetch 12 with topics of no name and no partitions: four bytes each.
    let topics = 40_000_u32;
    let mut body = [&(-1_i32).to_be_bytes()[..], &[0; 8], &(1_i32 << 20).to_be_bytes(), &[0]].concat();
    body.extend([0_i32.to_be_bytes(), (-1_i32).to_be_bytes()].concat());
    put_varint(&mut body, topics + 1);
    body.extend((0..topics).flat_map(|_| [1, 1, 0]));
    // No forgotten topics, no rack, no tags.
    body.extend([1, 1, 0]);
    let head =
        [&1_i16.to_be_bytes()[..], &12_i16.to_be_bytes(), &7_i32.to_be_bytes(), &[0xff, 0xff, 0]].concat();
    let length = i32::try_from(head.len() + body.len()).unwrap();
    let frame = [&length.to_be_bytes()[..], &head, &body].concat();
    let mut clients: Vec<Client> = (0..4).map(|_| broker.connect()).collect();
    for client in &mut clients {
        (0..8).for_each(|_| client.send_bytes(&frame));
    }
    for client in &mut clients {
        for _ in 0..8 {
            assert!(client.read_frame().is_some());
        }
    }
}

fn put_varint(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
}

/// More batches at a time than the budget has room for.
fn flood_of_batches(broker: &Broker, _: &mut Client) {
    let request = produce_request("topic", &[(0, &batches::sized(45_000))]);
    let bytes: Vec<u8> = (1..=40).flat_map(|n| frame(&request, PRODUCE, n)).collect();
    let mut clients: Vec<Client> = (0..8).map(|_| broker.connect()).collect();
    std::thread::scope(|scope| {
        for client in &mut clients {
            let bytes = &bytes;
            scope.spawn(move || {
                IS_TEST.set(true);
                client.send_bytes(bytes);
            });
        }
    });
    for client in &mut clients {
        for number in 1..=40 {
            let response: ProduceResponse = client.receive(PRODUCE, number);
            assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
        }
    }
}

/// A32, A33: thousands of requests whose answers are a hundred times their size, and nobody reads them.
fn unread_answers(broker: &Broker, admin: &mut Client) {
    let fetch = FetchRequest { max_bytes: i32::MAX, ..fetch_request("topic", 0) };
    let fetches: Vec<u8> = (1..=300).flat_map(|n| frame(&fetch, FETCH, n)).collect();
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let metadata: Vec<u8> = (1..=2_000).flat_map(|n| frame(&all, METADATA, n)).collect();
    let mut clients: Vec<Client> = (0..80).map(|_| broker.connect()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.send_bytes(if n % 4 == 3 { &metadata } else { &fetches });
    }
    admin.put("topic", &batches::batch(&["served"]));
    // One that reads after all gets what it asked for.
    let first: FetchResponse = clients[0].receive(FETCH, 1);
    assert!(!first.responses[0].partitions[0].records.as_ref().unwrap().is_empty());
}

/// A small batch must not keep the large frame in memory in which it came.
fn small_batches_in_large_frames(broker: &Broker, _: &mut Client) {
    let (small, padding) = (batches::sized(6_000), batches::sized(1 << 20));
    let mut client = broker.connect();
    client.create("other", 2);
    for _ in 0..60 {
        let response = client.call(&produce_request("other", &[(0, &small), (1, &padding)]), PRODUCE);
        let codes = response.responses[0].partition_responses.iter().map(|p| p.error_code);
        assert!(codes.eq([0, ErrorCode::MessageTooLarge.code()]));
    }
}

/// A6: a short question with a long answer, asked ten thousand times in one request.
fn same_question_many_times(broker: &Broker, admin: &mut Client) {
    admin.create("wide", 200);
    let mut client = broker.connect();
    let wide = MetadataRequestTopic { name: Some("wide".into()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest { topics: Some(vec![wide; 5_000]), ..MetadataRequest::default() };
    assert_eq!(client.call(&request, METADATA).topics.len(), 1);
    let resource = |resource_type, name: &str| DescribeConfigsResource {
        resource_type,
        resource_name: name.into(),
        configuration_keys: None,
    };
    let resources = [resource(2, "topic"), resource(4, "1")];
    let resources = resources.into_iter().cycle().take(10_000).collect();
    let request = DescribeConfigsRequest { resources, include_synonyms: true, include_documentation: true };
    assert_eq!(client.call(&request, 4).results.len(), 2);
}

/// A6: more partitions in one request than anybody writes to, with nothing in them, on several connections.
fn partitions_of_nothing(broker: &Broker, _: &mut Client) {
    let nothing = |index| PartitionProduceData { index, records: None };
    for (partitions, is_answered) in [(100_001, false), (20_000, true)] {
        let mut request = produce_request("nowhere", &[]);
        request.topic_data[0].partition_data = (0..partitions).map(nothing).collect();
        let mut clients: Vec<Client> = (0..2).map(|_| broker.connect()).collect();
        let bytes = frame(&request, PRODUCE, 1);
        for client in &mut clients {
            client.send_bytes(&bytes);
        }
        for client in &mut clients {
            assert_eq!(client.read_frame().is_some(), is_answered, "{partitions}");
        }
    }
}

/// A22: as many fetch sessions as there are slots, each with thousands of partitions, never used again.
fn sessions_of_nothing(broker: &Broker, _: &mut Client) {
    let mut request = FetchRequest { session_epoch: 0, ..fetch_request("nowhere", 0) };
    let first = request.topics[0].partitions[0].clone();
    request.topics[0].partitions =
        (0..3_000).map(|partition| FetchPartition { partition, ..first.clone() }).collect();
    let mut client = broker.connect();
    let sessions = (0..45).filter(|_| client.call(&request, FETCH).session_id != 0).count();
    assert!((1..45).contains(&sessions), "{sessions} sessions of 3,000 partitions");
}

/// A6: distinct names, for each of which an answer has to say that there is nothing; in frames as large as are read,
/// and in frames whose answers are as large as are given, on several connections.
fn names_of_nothing(broker: &Broker, _: &mut Client) {
    let metadata = |count: usize| {
        let name =
            |n| MetadataRequestTopic { name: Some(format!("{n:x}")), ..MetadataRequestTopic::default() };
        MetadataRequest { topics: Some((0..count).map(name).collect()), ..MetadataRequest::default() }
    };
    flood(broker, &metadata(80_000), 0, false);
    flood(broker, &metadata(18_000), 0, false);
    flood(broker, &metadata(5_000), 0, true);
    let keys = |count: usize| FindCoordinatorRequest {
        coordinator_keys: vec![String::new(); count],
        ..FindCoordinatorRequest::default()
    };
    flood(broker, &keys(500_000), 6, false);
    flood(broker, &keys(120_000), 6, false);
    flood(broker, &keys(3_000), 6, true);
    let configs = |count: usize| {
        let resource = |n| DescribeConfigsResource {
            resource_type: 2,
            resource_name: format!("{n:x}"),
            configuration_keys: None,
        };
        let resources = (0..count).map(resource).collect();
        DescribeConfigsRequest { resources, include_synonyms: true, include_documentation: true }
    };
    flood(broker, &configs(60_000), 4, false);
    flood(broker, &configs(15_000), 4, false);
    flood(broker, &configs(4_000), 4, true);
    let described = |count: usize| DescribeTopicPartitionsRequest {
        topics: (0..count).map(|n| TopicRequest { name: format!("{n:x}") }).collect(),
        response_partition_limit: 1,
        cursor: None,
    };
    flood(broker, &described(80_000), 0, false);
    flood(broker, &described(20_000), 0, false);
    flood(broker, &described(4_000), 0, true);
    let offsets = |count: usize| ListOffsetsRequest {
        topics: vec![ListOffsetsTopic::default(); count],
        ..ListOffsetsRequest::default()
    };
    flood(broker, &offsets(170_000), LIST_OFFSETS, false);
    flood(broker, &offsets(40_000), LIST_OFFSETS, false);
    flood(broker, &offsets(8_000), LIST_OFFSETS, true);
}

/// Sends a request on several connections at once; each is answered, or closed.
fn flood<Q: Request>(broker: &Broker, request: &Q, version: i16, is_answered: bool) {
    let bytes = frame(request, version, 1);
    let mut clients: Vec<Client> = (0..8).map(|_| broker.connect()).collect();
    for client in &mut clients {
        client.send_bytes(&bytes);
    }
    for client in &mut clients {
        let answer = client.read_frame().is_some();
        assert_eq!(answer, is_answered, "{} bytes of {}", bytes.len(), std::any::type_name::<Q>());
    }
}
