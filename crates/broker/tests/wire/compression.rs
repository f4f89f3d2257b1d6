//! `compression.type`: in which codec batches are stored, whatever they came in.

use crate::batches::{batch, fetched, records, sequenced, sized};
use crate::client::{Client, PRODUCE, produce_request};
use crate::harness::{Broker, folder};
use crate::idempotence::new_producer;
use bytes::Bytes;
use types::{ErrorCode, WallTime};
use wire::record::{BatchBuilder, BatchHeader, Codec, TimestampType};

const NAMES: [(&str, Codec); 5] = [
    ("uncompressed", Codec::None),
    ("gzip", Codec::Gzip),
    ("snappy", Codec::Snappy),
    ("lz4", Codec::Lz4),
    ("zstd", Codec::Zstd),
];

/// A batch in a codec, with one value many times.
fn packed(codec: Codec, value: &str, count: usize) -> Bytes {
    let mut builder = BatchBuilder::new(codec);
    for _ in 0..count {
        builder.push(WallTime(crate::batches::now_ms()), Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.build().unwrap()
}

/// Returns the stored bytes of what a fetch from an offset begins with.
fn stored(client: &mut Client, topic: &str, offset: i64) -> Bytes {
    client.fetch(topic, offset).records.unwrap().into_bytes()
}

/// Protects: D-5: a batch is stored in the codec that the topic names, from every codec, with the same offsets and values; one
/// that has it already, and all of a topic that names none, stay as they came.
#[test]
fn batches_are_stored_in_the_topics_codec() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for (name, codec) in NAMES {
        client.create_with(name, 1, &[("compression.type", name)]);
        for (n, (_, from)) in (0..).zip(NAMES) {
            let sent = packed(from, &"value ".repeat(20), 50);
            assert_eq!(client.put(name, &sent), n * 50);
            let bytes = stored(&mut client, name, n * 50);
            let header = BatchHeader::parse(&bytes).unwrap();
            assert_eq!(header.codec(), Some(codec), "{from} to {name}");
            let (values, expected) = (records(&bytes), records(&sent));
            assert!(values.iter().zip(&expected).all(|(a, b)| a.1 == b.1) && values[0].0 == n * 50);
            assert_eq!(bytes[61..] == sent[61..], from == codec, "{from} to {name}");
        }
    }
    client.create("producer", 1);
    for (n, (_, from)) in (0..).zip(NAMES) {
        let sent = packed(from, "value", 50);
        client.put("producer", &sent);
        assert_eq!(stored(&mut client, "producer", n * 50)[61..], sent[61..], "{from}");
    }
    let broker = broker.restart();
    assert_eq!(fetched(&broker.connect().fetch("zstd", 0)).len(), 250, "and from the segment");
}

/// Protects: a producer's resend of a batch that was stored in another codec is found, and the sequence goes on.
#[test]
fn resends_of_recompressed_batches_are_found() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create_with("topic", 1, &[("compression.type", "gzip")]);
    let id = new_producer(&mut client);
    for _ in 0..2 {
        assert_eq!(client.put("topic", &sequenced(id, 0, 0, 3)), 0);
        assert_eq!(client.put("topic", &sequenced(id, 0, 3, 2)), 3);
    }
    let header = BatchHeader::parse(&stored(&mut client, "topic", 3)).unwrap();
    assert_eq!((header.producer_id.0, header.base_sequence.0, header.codec()), (id, 3, Some(Codec::Gzip)));
}

/// Protects: with LogAppendTime the batch has the broker's time, in the topic's codec.
#[test]
fn append_time_and_codec_go_together() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let settings = [("compression.type", "lz4"), ("message.timestamp.type", "LogAppendTime")];
    client.create_with("topic", 1, &settings);
    let answer = client.produce("topic", &batch(&["v"]));
    let header = BatchHeader::parse(&stored(&mut client, "topic", 0)).unwrap();
    assert_eq!((header.codec(), header.timestamp_type()), (Some(Codec::Lz4), TimestampType::Append));
    assert_eq!(header.max_timestamp.0, answer.log_append_time_ms);
}

/// Protects: W-17: what would be larger than max.message.bytes once it is stored is refused, alone, and nothing of it is
/// written.
#[test]
fn what_grows_too_large_is_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let settings = [("compression.type", "uncompressed"), ("max.message.bytes", "20000")];
    client.create_with("topic", 1, &settings);
    let refused = client.produce("topic", &packed(Codec::Zstd, &"x".repeat(1_000), 30));
    assert_eq!(refused.error_code, ErrorCode::MessageTooLarge.code());
    assert_eq!(client.put("topic", &packed(Codec::Zstd, &"x".repeat(1_000), 15)), 0);
    assert_eq!(stored(&mut client, "topic", 0).len(), 61 + 15 * 1_012);
    assert_eq!(client.produce("topic", &sized(20_000)).error_code, ErrorCode::MessageTooLarge.code());
    assert_eq!(client.end("topic"), 15);
}

/// Protects: W-17: what the batches of one request grow to has a bound over all of them; those beyond it are refused, the others
/// are stored.
#[test]
fn what_a_request_grows_to_is_bounded() {
    const PARTITIONS: i32 = 60;
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| {
        config.memory_max = Some(16 << 20);
        config.storage.wal.pool_bytes = 64 << 20;
    });
    let mut client = broker.connect();
    client.create_with("topic", PARTITIONS, &[("compression.type", "uncompressed")]);
    let small = packed(Codec::Zstd, &"x".repeat(1_000), 45);
    let all: Vec<(i32, &Bytes)> = (0..PARTITIONS).map(|partition| (partition, &small)).collect();
    let response = client.call(&produce_request("topic", &all), PRODUCE);
    let codes = response.responses[0].partition_responses.iter().map(|answer| answer.error_code);
    let (stored, refused): (Vec<i16>, Vec<i16>) = codes.partition(|code| *code == 0);
    assert!(stored.len() > 20 && refused.len() > 10, "{} stored, {} refused", stored.len(), refused.len());
    assert!(refused.iter().all(|code| *code == ErrorCode::RecordListTooLarge.code()), "{refused:?}");
    assert_eq!(client.put("topic", &small), 45, "the next request has room again");
}
