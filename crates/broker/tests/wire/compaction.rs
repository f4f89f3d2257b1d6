//! Compaction as clients see it, and what its settings do.

use crate::batches::now_ms;
use crate::client::Client;
use crate::effects::until;
use crate::harness::{Broker, folder};
use crate::settings::{BROKER, TOPIC, change, set, unset};
use bytes::Bytes;
use std::collections::BTreeMap;
use types::{ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::create_topics_request::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use wire::fetch_response::PartitionData;
use wire::record::{BatchBuilder, Batches, Codec, Records};

/// Small segments, and a compactor that looks often.
const QUICK: [(&str, &str); 2] = [("log.cleaner.backoff.ms", "10"), ("log.segment.bytes", "16384")];
/// Keys of the records.
const KEYS: u32 = 5;

/// Offset and value of a record; no value is a tombstone.
type Found = (i64, Option<String>);

/// The records of a fetch, and the offset that follows it.
fn records(data: &PartitionData) -> (Vec<Found>, i64) {
    let bytes = data.records.clone().unwrap_or_default().into_bytes();
    let (mut found, mut next) = (Vec::new(), -1);
    for span in Batches::new(&bytes).map_while(Result::ok) {
        next = span.header.next_offset().0;
        for record in Records::open(&bytes.slice(span.range), 1 << 24).unwrap().map(Result::unwrap) {
            let value = record.value.map(|value| String::from_utf8(value.to_vec()).unwrap());
            found.push((record.offset.0, value));
        }
    }
    (found, next)
}

/// Reads a topic from an offset to its end.
fn read_from(client: &mut Client, topic: &str, from: i64) -> Vec<Found> {
    let (end, mut next, mut all) = (client.end(topic), from, Vec::new());
    while next < end {
        let data = client.fetch(topic, next);
        assert_eq!(data.error_code, 0);
        let (page, after) = records(&data);
        assert!(after > next, "a fetch below the high watermark gets on");
        next = after;
        all.extend(page.into_iter().filter(|(at, _)| *at >= from));
    }
    all
}

fn read_all(client: &mut Client, topic: &str) -> Vec<Found> {
    read_from(client, topic, 0)
}

/// A batch with the next value of one key, and a tombstone of another; times are an hour ago.
fn round(n: u32) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::Lz4);
    let time = WallTime(now_ms() - 3_600_000);
    let value = format!("{n}:{}", "x".repeat(40));
    let mut state = n.wrapping_mul(2_654_435_761).wrapping_add(1);
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_digit(state >> 28, 16).unwrap()
    })
    .take(9000)
    .collect();
    builder.push(time, Some(format!("key-{}", n % KEYS).as_bytes()), Some(value.as_bytes()), &[]);
    builder.push(time, Some(b"gone"), None, &[]);
    builder.push(time, Some(b"noise"), Some(noise.as_bytes()), &[]);
    builder.build().unwrap()
}

/// Writes until so many records of a topic are left at most, of those that it had before; returns the rounds.
fn put_until_compacted(client: &mut Client, topics: &[&str], watched: &str, rounds: &mut u32) {
    until("earlier records are gone", || {
        for topic in topics {
            client.put(topic, &round(*rounds));
        }
        *rounds += 1;
        // The first record of all is gone when its key has come again.
        read_all(client, watched).first().is_some_and(|(at, _)| *at > 0)
    });
}

fn has_all(client: &mut Client, topic: &str, rounds: u32) -> bool {
    read_all(client, topic).len() == usize::try_from(rounds * 3).unwrap()
}

/// Protects: of each key the latest value stays, at its offset, in its order; readers cross what is gone; producers go on with their
/// sequences; all of it is the same after a restart.
#[test]
fn the_latest_of_each_key_is_read() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &QUICK);
    let mut client = broker.connect();
    client.create_with("table", 1, &[("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01")]);
    let mut builder = BatchBuilder::new(Codec::None).producer(ProducerId(77), ProducerEpoch(0), Sequence(0));
    builder.push(WallTime(now_ms()), Some(b"noise"), Some(b"first"), &[]);
    client.put("table", &builder.build().unwrap());
    let mut rounds = 1;
    put_until_compacted(&mut client, &["table"], "table", &mut rounds);
    let end = client.end("table");
    assert_eq!(end, 1 + i64::from(rounds - 1) * 3, "offsets go on");
    let found = read_all(&mut client, "table");
    assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let latest = |found: &[Found]| {
        let mut latest = BTreeMap::new();
        for (offset, value) in found {
            let n = value.as_ref().and_then(|value| value.split_once(':')?.0.parse::<u32>().ok());
            n.map(|n| latest.insert(n % KEYS, (*offset, n)));
        }
        latest
    };
    for (key, (offset, n)) in latest(&found) {
        assert!(n + KEYS >= rounds && n % KEYS == key, "key {key} has value {n} after {rounds} rounds");
        assert_eq!(offset, 1 + i64::from(n - 1) * 3, "its own offset");
    }
    assert_eq!(latest(&found).len(), usize::try_from(KEYS).unwrap());
    for (nth, (at, _)) in found.iter().enumerate().step_by(7) {
        assert_eq!(read_from(&mut client, "table", *at).first(), Some(&found[nth]));
        let gone = found.get(nth + 1).map_or(end, |(next, _)| *next) - 1;
        assert_eq!(
            read_from(&mut client, "table", gone).iter().find(|(found, _)| *found > *at),
            found.get(nth + 1)
        );
    }
    let next = |sequence| {
        let mut builder =
            BatchBuilder::new(Codec::None).producer(ProducerId(77), ProducerEpoch(0), Sequence(sequence));
        builder.push(WallTime(now_ms()), Some(b"noise"), Some(b"next"), &[]);
        builder.build().unwrap()
    };
    assert_eq!(client.produce("table", &next(2)).error_code, 45, "out of order");
    assert_eq!(client.produce("table", &next(1)).error_code, 0);
    drop(client);
    let broker = broker.restart();
    let again = read_all(&mut broker.connect(), "table");
    assert_eq!(latest(&again), latest(&found));
    broker.stop();
}

/// A broker with a topic that is compacted as soon as it can be, and one of which the settings say otherwise.
fn held(settings: &[(&str, &str)], act: impl FnOnce(&mut Client, &mut u32)) {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &QUICK);
    let mut client = broker.connect();
    let compact = [("cleanup.policy", "compact")];
    let soon = [compact[0], ("min.cleanable.dirty.ratio", "0.01"), ("min.compaction.lag.ms", "0")];
    client.create_with("soon", 1, &soon);
    client.create_with("held", 1, &[&compact, settings].concat());
    let mut rounds = 0;
    for _ in 0..2 {
        put_until_compacted(&mut client, &["soon", "held"], "soon", &mut rounds);
    }
    act(&mut client, &mut rounds);
    broker.stop();
}

/// Protects: a log is compacted when more of it is dirty than is set, on the topic or for the broker.
#[test]
fn the_dirty_ratio_acts() {
    held(&[("min.cleanable.dirty.ratio", "1")], |client, rounds| {
        assert!(has_all(client, "held", *rounds));
        set(client, (TOPIC, "held"), "min.cleanable.dirty.ratio", "0.5");
        put_until_compacted(client, &["held"], "held", rounds);
    });
    let dir = folder();
    let every = [("log.cleaner.min.cleanable.ratio", "1"), ("log.cleanup.policy", "compact")];
    let broker = Broker::start_with_settings(dir.path(), &[&QUICK[..], &every].concat());
    let mut client = broker.connect();
    client.create_with("soon", 1, &[("min.cleanable.dirty.ratio", "0.01")]);
    client.create("held", 1);
    let mut rounds = 0;
    put_until_compacted(&mut client, &["soon", "held"], "soon", &mut rounds);
    assert!(has_all(&mut client, "held", rounds));
    set(&mut client, (BROKER, ""), "log.cleaner.min.cleanable.ratio", "0.2");
    put_until_compacted(&mut client, &["held"], "held", &mut rounds);
    unset(&mut client, (BROKER, ""), "log.cleaner.min.cleanable.ratio");
    broker.stop();
}

/// Protects: what is younger than `min.compaction.lag.ms` is left alone; what is older than `max.compaction.lag.ms` does not wait for
/// the dirty ratio.
#[test]
fn the_lags_act() {
    let never = ("min.cleanable.dirty.ratio", "0.01");
    held(&[("min.compaction.lag.ms", "36000000"), never], |client, rounds| {
        assert!(has_all(client, "held", *rounds));
        set(client, (TOPIC, "held"), "min.compaction.lag.ms", "1000");
        put_until_compacted(client, &["held"], "held", rounds);
    });
    held(&[("min.cleanable.dirty.ratio", "1")], |client, rounds| {
        assert!(has_all(client, "held", *rounds));
        set(client, (BROKER, ""), "log.cleaner.min.compaction.lag.ms", "36000000");
        set(client, (BROKER, ""), "log.cleaner.max.compaction.lag.ms", "36000000");
        unset(client, (BROKER, ""), "log.cleaner.min.compaction.lag.ms");
        assert!(has_all(client, "held", *rounds));
        set(client, (BROKER, ""), "log.cleaner.max.compaction.lag.ms", "60000");
        put_until_compacted(client, &["held"], "held", rounds);
    });
}

/// Protects: a tombstone stays for `delete.retention.ms` after it was first compacted.
#[test]
fn delete_retention_acts() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &QUICK);
    let mut client = broker.connect();
    let common = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01")];
    client.create_with("short", 1, &[&common[..], &[("delete.retention.ms", "0")]].concat());
    client.create_with("long", 1, &common);
    let mut first = BatchBuilder::new(Codec::None);
    first.push(WallTime(now_ms()), Some(b"early"), None, &[]);
    let first = first.build().unwrap();
    for topic in ["short", "long"] {
        client.put(topic, &first);
    }
    let is_first_there =
        |client: &mut Client, topic: &str| read_all(client, topic).first().map(|(at, _)| *at) == Some(0);
    let mut rounds = 0;
    until("the tombstone is gone", || {
        for topic in ["short", "long"] {
            client.put(topic, &round(rounds));
        }
        rounds += 1;
        !is_first_there(&mut client, "short")
    });
    until("the other log is compacted", || {
        client.put("long", &round(rounds));
        rounds += 1;
        let found = read_all(&mut client, "long");
        found.get(1).is_some_and(|(at, _)| *at > 3)
    });
    assert!(is_first_there(&mut client, "long"), "a day is not over");
    broker.stop();
}

/// Protects: page-cache topics and compaction exclude each other, by name, at creation and later.
#[test]
fn page_cache_topics_are_not_compacted() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let setting =
        |(name, value): (&str, &str)| CreatableTopicConfig { name: name.into(), value: Some(value.into()) };
    let both = [("cleanup.policy", "compact"), ("highwater.durability", "page-cache")];
    let topic = CreatableTopic {
        name: "both".into(),
        num_partitions: 1,
        replication_factor: 1,
        configs: both.into_iter().map(setting).collect(),
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
    let refused = client.call(&request, 7).topics.remove(0);
    assert_eq!(refused.error_code, types::ErrorCode::InvalidConfig.code());
    assert!(refused.error_message.is_some_and(|why| why.contains("cannot be compacted")));
    client.create_with("pages", 1, &[("highwater.durability", "page-cache")]);
    let answer = change(&mut client, (TOPIC, "pages"), &[(0, "cleanup.policy", Some("compact"))], 1);
    assert_eq!(answer.error_code, types::ErrorCode::InvalidConfig.code());
    assert!(answer.error_message.is_some_and(|why| why.contains("cannot be compacted")));
    broker.stop();
}
