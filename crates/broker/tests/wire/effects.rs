//! What settings do, seen otherwise than by reading them back: set by a file, on a topic, or changed while the broker runs,
//! for a topic, this broker or all of them. Which test stands for which setting: xtask/src/tidy/enforced.rs.

use crate::batches::{batch, now_ms, sized, timed};
use crate::client::Client;
use crate::harness::{Broker, folder};
use crate::settings::{BROKER, TOPIC, set, unset};
use bytes::Bytes;
use std::path::Path;
use std::time::{Duration, Instant};
use types::ErrorCode;
use wire::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use wire::record::{BatchBuilder, Codec};
use wire::{DeleteTopicsRequest, MetadataRequest};

/// What is awaited longer than this does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until something is so.
#[allow(clippy::disallowed_methods, reason = "the broker under test has the real clock, too")]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not so after {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// A setting of topics by its own name and by the broker's, with a value.
type Twin<'a> = (&'a str, &'a str, &'a str);

/// Checks that a batch is refused with this code once a setting has this value, on the topic, for all brokers or for this one,
/// and taken before and after.
fn refuses((of_topic, of_broker, value): Twin<'_>, batch: &Bytes, code: ErrorCode) {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", batch);
    for (of, name) in [((TOPIC, "topic"), of_topic), ((BROKER, ""), of_broker), ((BROKER, "1"), of_broker)] {
        set(&mut client, of, name, value);
        assert_eq!(client.produce("topic", batch).error_code, code.code(), "{name}={value} of {of:?}");
        unset(&mut client, of, name);
        client.put("topic", batch);
    }
    drop(client);
    broker.stop();
    let broker = Broker::start_with_settings(dir.path(), &[(of_broker, value)]);
    assert_eq!(broker.connect().produce("topic", batch).error_code, code.code(), "{of_broker} in a file");
}

/// Protects: the largest batch is what the topic's setting says, or the broker's, at once.
#[test]
fn message_size_acts() {
    refuses(("max.message.bytes", "message.max.bytes", "5000"), &sized(6000), ErrorCode::MessageTooLarge);
}

/// Protects: how far timestamps may lie in the past and in the future is what the settings say.
#[test]
fn bounds_of_timestamps_act() {
    let (past, code) = (timed(&[now_ms() - 3_600_000]), ErrorCode::InvalidTimestamp);
    refuses(("message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms", "60000"), &past, code);
    let soon = timed(&[now_ms() + 1_800_000]);
    refuses(("message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms", "60000"), &soon, code);
}

/// Protects: a topic that is to be compacted takes no batch without keys.
#[test]
fn cleanup_policy_acts() {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(types::WallTime(now_ms()), None, Some(b"no key"), &[]);
    let batch = builder.build().unwrap();
    refuses(("cleanup.policy", "log.cleanup.policy", "compact"), &batch, ErrorCode::InvalidRecord);
}

/// Protects: whose clock stamps records is what the setting says.
#[test]
fn timestamp_type_acts() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let is_stamped =
        |client: &mut Client| client.produce("topic", &timed(&[now_ms()])).log_append_time_ms != -1;
    for (of, name) in
        [((TOPIC, "topic"), "message.timestamp.type"), ((BROKER, ""), "log.message.timestamp.type")]
    {
        assert!(!is_stamped(&mut client));
        set(&mut client, of, name, "LogAppendTime");
        assert!(is_stamped(&mut client), "{name} of {of:?}");
        unset(&mut client, of, name);
    }
}

/// Returns the sizes of the files with this ending that a topic has.
pub fn files(dir: &Path, topic: &str, ending: &str) -> Vec<u64> {
    let folder = dir.join(format!("{topic}-0"));
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let named = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == ending));
    named.map(|entry| entry.metadata().unwrap().len()).collect()
}

/// Writes the batches under a setting that is changed while the broker runs, and under a file; returns how many segments and
/// how many bytes of index each gives, beside those without the setting.
fn written((of_topic, of_broker, value): Twin<'_>, batches: &[Bytes]) -> [(usize, u64); 4] {
    let (dir, other) = (folder(), folder());
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let put = |client: &mut Client, topic: &str| {
        for batch in batches {
            client.put(topic, batch);
        }
    };
    for topic in ["plain", "own", "all"] {
        client.create(topic, 1);
    }
    put(&mut client, "plain");
    drop(client);
    let broker = broker.restart();
    let mut client = broker.connect();
    set(&mut client, (TOPIC, "own"), of_topic, value);
    put(&mut client, "own");
    drop(client);
    let broker = broker.restart();
    let mut client = broker.connect();
    set(&mut client, (BROKER, ""), of_broker, value);
    put(&mut client, "all");
    drop(client);
    broker.stop();
    let broker = Broker::start_with_settings(other.path(), &[(of_broker, value)]);
    broker.connect().create("file", 1);
    put(&mut broker.connect(), "file");
    broker.stop();
    let counts =
        |dir: &Path, topic| (files(dir, topic, "log").len(), files(dir, topic, "index").iter().sum());
    let here = |topic| counts(dir.path(), topic);
    [here("plain"), here("own"), here("all"), counts(other.path(), "file")]
}

/// Protects: segments end at the size that is set, and not at another one.
#[test]
fn segment_size_acts() {
    let batches = vec![sized(3000); 10];
    let [plain, rest @ ..] = written(("segment.bytes", "log.segment.bytes", "8192"), &batches);
    assert_eq!(plain.0, 1);
    assert_eq!(rest.map(|(segments, _)| segments), [5; 3]);
}

/// Protects: segments end at the age that is set, in milliseconds or in hours.
#[test]
fn segment_age_acts() {
    const HOUR: i64 = 3_600_000;
    let start = now_ms() - 24 * HOUR;
    let batches: Vec<Bytes> = (0..5).map(|n| timed(&[start + 2 * n * HOUR])).collect();
    let [plain, rest @ ..] = written(("segment.ms", "log.roll.ms", "3600000"), &batches);
    assert_eq!(plain.0, 1);
    assert_eq!(rest.map(|(segments, _)| segments), [5; 3]);
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("log.roll.hours", "1")]);
    broker.connect().create("topic", 1);
    for batch in &batches {
        broker.connect().put("topic", batch);
    }
    broker.stop();
    assert_eq!(files(dir.path(), "topic", "log").len(), 5);
}

/// Protects: an index has an entry for as many bytes as are set.
#[test]
fn index_interval_acts() {
    let batches = vec![sized(500); 40];
    let [plain, rest @ ..] = written(("index.interval.bytes", "log.index.interval.bytes", "100"), &batches);
    for (segments, index) in rest {
        assert_eq!(segments, plain.0);
        assert!(index > 3 * plain.1, "{index} bytes of index, {} without the setting", plain.1);
    }
}

/// Protects: a segment ends when its index has the size that is set.
#[test]
fn index_size_acts() {
    let batches = vec![sized(5000); 12];
    let [plain, rest @ ..] = written(("segment.index.bytes", "log.index.size.max.bytes", "24"), &batches);
    assert_eq!(plain.0, 1);
    assert!(rest.iter().all(|(segments, _)| *segments > 2), "{rest:?}");
}

/// Writes old segments and waits until the settings take some of them, or checks that they stay.
fn retained(settings: &[(&str, &str)], change: Option<((i8, &str), &str, &str)>) -> i64 {
    let dir = folder();
    let mut all = vec![("log.retention.check.interval.ms", "20"), ("log.segment.bytes", "16384")];
    all.extend(settings);
    let broker = Broker::start_with_settings(dir.path(), &all);
    let mut client = broker.connect();
    client.create("topic", 1);
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(types::WallTime(now_ms() - 3 * 3_600_000), Some(b"key"), Some(&[b'x'; 12_000]), &[]);
    let old = builder.build().unwrap();
    if let Some((of, name, value)) = change {
        set(&mut client, of, name, value);
    }
    // Segments are made by checkpoints, which come with bytes.
    until("an older record is gone", || {
        client.put("topic", &old);
        client.offset("topic", -2).offset > 0
    });
    client.offset("topic", -2).offset
}

/// Protects: segments that are older than the setting go, whichever unit it has and wherever it was set.
#[test]
fn retention_time_acts() {
    for file in
        [("log.retention.ms", "3600000"), ("log.retention.minutes", "60"), ("log.retention.hours", "1")]
    {
        assert!(retained(&[file], None) > 0, "{file:?}");
    }
    assert!(retained(&[], Some(((TOPIC, "topic"), "retention.ms", "3600000"))) > 0);
    assert!(retained(&[], Some(((BROKER, ""), "log.retention.ms", "3600000"))) > 0);
}

/// Protects: the oldest segments of a partition that is larger than the setting go, at the interval that is set.
#[test]
fn retention_size_acts() {
    assert!(retained(&[("log.retention.bytes", "100000")], None) > 0);
    assert!(retained(&[], Some(((TOPIC, "topic"), "retention.bytes", "100000"))) > 0);
    assert!(retained(&[], Some(((BROKER, "1"), "log.retention.bytes", "100000"))) > 0);
}

/// Returns a new connection, if it is served.
fn served(broker: &Broker) -> Option<Client> {
    let mut client = broker.connect();
    client.try_call(&MetadataRequest::default(), 12)?;
    Some(client)
}

/// Protects: the limits of connections, in all, of an address and of some addresses, hold as soon as they are changed.
#[test]
fn limits_of_connections_act() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let more = || served(&broker);
    let every = (BROKER, "");
    for (name, value, lifted) in [
        ("max.connections", "2", "100"),
        ("max.connections.per.ip", "2", "100"),
        ("max.connections.per.ip.overrides", "127.0.0.1:2", "127.0.0.1:100"),
    ] {
        set(&mut client, every, name, value);
        let held = more();
        assert!(held.is_some(), "{name}: two are served");
        assert!(more().is_none(), "{name}: a third one is not");
        set(&mut client, every, name, lifted);
        assert!(more().is_some(), "{name}: when the limit is lifted it is");
        unset(&mut client, every, name);
        drop(held);
        // Places come back when the broker sees the end of a connection.
        set(&mut client, every, name, value);
        until("a place comes back", || more().is_some());
        unset(&mut client, every, name);
    }
}

/// Protects: new connections come no faster than the rate that is set while the broker runs.
#[test]
#[allow(clippy::disallowed_methods, reason = "the broker under test has the real clock, too")]
fn the_rate_of_new_connections_acts() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    set(&mut client, (BROKER, ""), "max.connection.creation.rate", "2");
    let began = Instant::now();
    for _ in 0..4 {
        assert!(served(&broker).is_some());
    }
    assert!(began.elapsed() >= Duration::from_millis(900), "two come at once, two more take a second");
}

/// Protects: a topic that nobody says more of gets the partitions and replicas that are set, and topics can be deleted or made
/// on demand only where that is allowed.
#[test]
fn topics_are_made_as_set() {
    let dir = folder();
    let broker = Broker::start_with_settings(
        dir.path(),
        &[("num.partitions", "3"), ("delete.topic.enable", "false"), ("auto.create.topics.enable", "false")],
    );
    let mut client = broker.connect();
    let create = |client: &mut Client, num_partitions, replication_factor| {
        let topic = CreatableTopic {
            name: "topic".into(),
            num_partitions,
            replication_factor,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        client.call(&request, 7).topics.remove(0)
    };
    assert_eq!(create(&mut client, -1, -1).num_partitions, 3);
    let names = vec!["topic".to_owned()];
    let delete = DeleteTopicsRequest { topic_names: names, timeout_ms: 30_000, ..Default::default() };
    let code = client.call(&delete, 5).responses[0].error_code;
    assert_eq!(code, ErrorCode::TopicDeletionDisabled.code());
    assert_eq!(client.produce("elsewhere", &batch(&["v"])).error_code, 3);
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    assert_eq!(client.call(&all, 12).topics.len(), 1);
    drop(client);
    broker.stop();
    let two = folder();
    let broker = Broker::start_with_settings(two.path(), &[("default.replication.factor", "2")]);
    let refused = create(&mut broker.connect(), -1, -1);
    assert_eq!(refused.error_code, ErrorCode::InvalidReplicationFactor.code());
}

/// Protects: the node's number and rack are what clients are told, and the largest request and answer are those that are set.
#[test]
fn numbers_of_the_node_act() {
    let dir = folder();
    let broker = Broker::start_with_settings(
        dir.path(),
        &[
            ("node.id", "7"),
            ("broker.rack", "north"),
            ("socket.request.max.bytes", "9000"),
            ("fetch.max.bytes", "1024"),
        ],
    );
    let mut client = broker.connect();
    client.create("topic", 1);
    let answer = client.call(&MetadataRequest::default(), 12);
    let told = (answer.brokers[0].node_id, answer.brokers[0].rack.as_deref(), answer.controller_id);
    assert_eq!(told, (7, Some("north"), 7));
    for _ in 0..4 {
        client.put("topic", &sized(800));
    }
    let whole = client.fetch("topic", 0).records.unwrap().len();
    assert!(whole < 1024, "{whole} bytes in one answer");
    client.send(&crate::client::produce_request("topic", &[(0, &sized(9000))]), crate::client::PRODUCE);
    client.expect_closed("a request above the limit");
}

/// Protects: a connection that says nothing for the time that is set is closed.
#[test]
fn idle_connections_are_closed_as_set() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("connections.max.idle.ms", "50")]);
    broker.connect().expect_closed("an idle connection");
}

/// Protects: a topic with a codec of its own stores every batch in it, whatever the producer sent, and consumers get what was
/// produced; a batch that grows beyond the limit by that is refused.
#[test]
fn compression_acts() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let text = "a text that compresses well ".repeat(100);
    let sent = |codec| {
        let mut builder = BatchBuilder::new(codec);
        builder.push(types::WallTime(now_ms()), Some(b"key"), Some(text.as_bytes()), &[]);
        builder.build().unwrap()
    };
    let stored = |client: &mut Client, codec| {
        let offset = client.put("topic", &sent(codec));
        let data = client.fetch("topic", offset);
        let (_, value) = crate::batches::fetched(&data).remove(0);
        assert_eq!(value, text);
        let bytes = data.records.unwrap().into_bytes();
        (wire::record::BatchHeader::parse(&bytes).unwrap().codec().unwrap(), bytes.len())
    };
    for (name, codec) in [
        ("uncompressed", Codec::None),
        ("gzip", Codec::Gzip),
        ("snappy", Codec::Snappy),
        ("lz4", Codec::Lz4),
        ("zstd", Codec::Zstd),
    ] {
        for of in [(TOPIC, "topic"), (BROKER, "")] {
            set(&mut client, of, "compression.type", name);
            for from in Codec::ALL {
                assert_eq!(stored(&mut client, from).0, codec, "{from} under {name} of {of:?}");
            }
            unset(&mut client, of, "compression.type");
        }
    }
    assert_eq!(stored(&mut client, Codec::Lz4).0, Codec::Lz4, "without a codec of its own it stays");
    set(&mut client, (TOPIC, "topic"), "compression.type", "uncompressed");
    set(&mut client, (TOPIC, "topic"), "max.message.bytes", "2000");
    let grown = client.produce("topic", &sent(Codec::Gzip));
    assert_eq!(grown.error_code, ErrorCode::MessageTooLarge.code());
}

/// Protects: the effort of gzip and zstd is what is set.
#[test]
fn levels_of_compression_act() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let text: String = (0..4000).map(|n| format!("{} ", n * 7919 % 10_007)).collect();
    for (codec, level, of_broker) in [("gzip", "1", "9"), ("zstd", "-100", "19")] {
        set(&mut client, (TOPIC, "topic"), "compression.type", codec);
        let name = format!("compression.{codec}.level");
        let size = |client: &mut Client| {
            let offset = client.put("topic", &batch(&[&text]));
            client.fetch("topic", offset).records.unwrap().len()
        };
        set(&mut client, (TOPIC, "topic"), &name, level);
        let little = size(&mut client);
        unset(&mut client, (TOPIC, "topic"), &name);
        set(&mut client, (BROKER, ""), &name, of_broker);
        let much = size(&mut client);
        assert!(much < little, "{codec}: {much} bytes at {of_broker}, {little} at {level}");
    }
}

/// Protects: data lies in the folder that is set, by its new name or its old one, and the write-ahead log has the sizes that are
/// set.
#[test]
fn folders_and_sizes_of_the_log_act() {
    let (dir, old) = (folder(), folder());
    let broker = Broker::start_with_settings(
        dir.path(),
        &[
            ("log.dir", old.path().to_str().unwrap()),
            ("log.dirs", old.path().join("new").to_str().unwrap()),
            ("highwater.wal.first.file.bytes", "131072"),
            ("highwater.wal.file.bytes", "262144"),
            ("highwater.wal.checkpoint.bytes", "1048576"),
            ("highwater.wal.pool.bytes", "2097152"),
            ("message.max.bytes", "40000"),
        ],
    );
    let wal = old.path().join("new/wal");
    let sizes = || -> Vec<u64> {
        let entries = std::fs::read_dir(&wal).unwrap().map(Result::unwrap);
        entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect()
    };
    let (first, others) = (131_072, 262_144);
    until("the pool is filled", || {
        sizes().iter().sum::<u64>() >= 2_097_152 - others && sizes().contains(&first)
    });
    assert!(sizes().iter().all(|size| [first, others].contains(size)), "{:?}", sizes());
    drop(broker);
    let by_its_old_name = config::BrokerConfig::from_layers(&config::Layers {
        file: [("log.dir".to_owned(), "somewhere".to_owned())].into(),
        ..config::Layers::default()
    });
    assert_eq!(by_its_old_name.unwrap().0.data_dir, Path::new("somewhere"));
}

/// Protects: a page of DescribeTopicPartitions is as long as is set, whatever is asked for.
#[test]
fn the_length_of_pages_acts() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("max.request.partition.size.limit", "2")]);
    let mut client = broker.connect();
    client.create("topic", 5);
    let request =
        wire::DescribeTopicPartitionsRequest { response_partition_limit: 100, ..Default::default() };
    assert_eq!(client.call(&request, 0).topics[0].partitions.len(), 2);
}
