//! Hostile record batches (A12 to A20): each is refused with its code, and nothing is appended.

use crate::batches::{batch, now_ms, patched, sequenced, sized, timed, with_payload};
use crate::client::{PRODUCE, produce_request};
use crate::harness::{Broker, folder};
use bytes::Bytes;
use env::real::RealSpawn;
use env::{Env, Spawn, ThreadMain};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use types::{ErrorCode, WallTime};
use wire::record::{BatchBuilder, Codec, compress};

/// Sends each batch; every one must be refused with its code, and the log must stay empty.
fn refused(cases: &[(&str, Bytes, ErrorCode)]) {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    for (why, batch, code) in cases {
        let answer = client.produce("topic", batch);
        assert_eq!(answer.error_code, code.code(), "{why}: {answer:?}");
        assert_eq!(answer.base_offset, -1, "{why}");
    }
    assert_eq!(client.end("topic"), 0, "nothing was appended");
    assert_eq!(client.put("topic", &batch(&["good"])), 0);
}

/// Protects: what is not exactly one whole batch, or not what its CRC says, is not stored (A13, A14).
#[test]
fn broken_batches_are_refused() {
    let good = batch(&["one", "two"]);
    let bytes = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let mut flipped = good.to_vec();
    flipped[70] ^= 1;
    let raw = |at: usize, new: &[u8]| {
        let mut copy = good.to_vec();
        copy[at..at + new.len()].copy_from_slice(new);
        Bytes::from(copy)
    };
    let longer = i32::try_from(good.len()).unwrap();
    refused(&[
        ("no bytes", Bytes::new(), ErrorCode::InvalidRecord),
        ("a flipped bit", Bytes::from(flipped), ErrorCode::CorruptMessage),
        ("a wrong CRC", raw(17, &[1, 2, 3, 4]), ErrorCode::CorruptMessage),
        ("cut in the records", bytes(&good[..good.len() - 3]), ErrorCode::InvalidRecord),
        ("cut in the header", bytes(&good[..40]), ErrorCode::InvalidRecord),
        ("one byte", bytes(&good[..1]), ErrorCode::InvalidRecord),
        ("longer than it is", raw(8, &longer.to_be_bytes()), ErrorCode::InvalidRecord),
        ("of length 0", raw(8, &[0; 4]), ErrorCode::CorruptMessage),
        ("of negative length", raw(8, &[0xff; 4]), ErrorCode::CorruptMessage),
        ("two batches", [good.clone(), good.clone()].concat().into(), ErrorCode::InvalidRecord),
        ("a byte after it", [&good[..], &[0]].concat().into(), ErrorCode::CorruptMessage),
        ("magic 0", raw(16, &[0]), ErrorCode::InvalidRecord),
        ("magic 1", raw(16, &[1]), ErrorCode::InvalidRecord),
        ("magic 3", raw(16, &[3]), ErrorCode::CorruptMessage),
        ("magic -1", raw(16, &[0xff]), ErrorCode::CorruptMessage),
    ]);
}

/// Protects: headers that contradict themselves or claim what is the broker's are refused (A15, A17).
#[test]
fn lying_headers_are_refused() {
    let good = batch(&["one", "two"]);
    let of_producer = sequenced(5, 0, 0, 1);
    let patch = |at: usize, new: &[u8]| patched(&good, at, new);
    let of = |at: usize, new: &[u8]| patched(&of_producer, at, new);
    let invalid = ErrorCode::InvalidRecord;
    refused(&[
        ("base offset 5", patch(0, &5_i64.to_be_bytes()), invalid),
        ("a control batch", patch(21, &[0, 0x20]), invalid),
        ("an unknown attribute", patch(21, &[0x01, 0]), invalid),
        ("the sign bit of the attributes", patch(21, &[0x80, 0]), invalid),
        ("no records", patch(57, &0_i32.to_be_bytes()), invalid),
        ("-1 records", patch(57, &(-1_i32).to_be_bytes()), invalid),
        ("2^31 - 1 records", patch(57, &i32::MAX.to_be_bytes()), invalid),
        ("a count that is not the last offset", patch(23, &5_i32.to_be_bytes()), invalid),
        ("a negative last offset", patch(23, &(-1_i32).to_be_bytes()), invalid),
        ("producer id -2", of(43, &(-2_i64).to_be_bytes()), invalid),
        ("an id without epoch", of(51, &(-1_i16).to_be_bytes()), invalid),
        ("an id without sequence", of(53, &(-1_i32).to_be_bytes()), invalid),
        ("codec 5", patch(22, &[5]), ErrorCode::UnsupportedCompressionType),
        ("codec 7", patch(22, &[7]), ErrorCode::UnsupportedCompressionType),
    ]);
}

/// Protects: records whose lengths and counts lie are refused, in plain and in compressed batches (A19).
#[test]
fn lying_records_are_refused() {
    let invalid = ErrorCode::InvalidRecord;
    // A record: length, attributes, time, offset, key length, value length, headers.
    let records: &[(&str, &[u8])] = &[
        ("nothing", &[]),
        ("a record of negative length", &[1]),
        ("a record longer than the batch", &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0]),
        ("a length of 11 bytes", &[0xff; 11]),
        ("attributes", &[12, 1, 0, 0, 1, 1, 0]),
        ("offset delta 1", &[12, 0, 0, 2, 1, 1, 0]),
        ("key of -2 bytes", &[12, 0, 0, 0, 3, 1, 0]),
        ("key beyond the record", &[12, 0, 0, 0, 100, 1, 0]),
        ("value of -2 bytes", &[12, 0, 0, 0, 1, 3, 0]),
        ("value beyond the record", &[12, 0, 0, 0, 1, 100, 0]),
        ("-1 headers", &[12, 0, 0, 0, 1, 1, 1]),
        ("2^31 - 1 headers", &[20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f]),
        ("a header without key", &[14, 0, 0, 0, 1, 1, 2, 1]),
        ("a header key beyond the record", &[14, 0, 0, 0, 1, 1, 2, 100]),
        ("a record that its parts do not fill", &[14, 0, 0, 0, 1, 1, 0, 0]),
        ("a second record", &[12, 0, 0, 0, 1, 1, 0, 12, 0, 0, 2, 1, 1, 0]),
    ];
    let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
    let mut cases = Vec::new();
    for codec in codecs {
        for (why, payload) in records {
            let packed = compress(codec, payload).unwrap();
            cases.push((*why, with_payload(codec.id(), &packed), invalid));
        }
    }
    for codec in &codecs[1..] {
        cases.push(("what the codec never wrote", with_payload(codec.id(), &[0xa5; 64]), invalid));
    }
    refused(&cases);
}

/// Protects: what expands beyond the cap is refused while it expands; what is too large is refused before
/// that (A18, A20).
#[test]
fn bombs_are_refused() {
    let too_large = ErrorCode::MessageTooLarge;
    let bomb = |codec, megabytes: usize| {
        let mut builder = BatchBuilder::new(codec);
        builder.push(WallTime(now_ms()), None, Some(&vec![0; megabytes << 20]), &[]);
        builder.build().unwrap()
    };
    let zeros = vec![0; 16 << 20];
    let twice = compress(Codec::Gzip, &compress(Codec::Gzip, &zeros).unwrap()).unwrap();
    let gzip = compress(Codec::Gzip, &zeros).unwrap();
    let members = with_payload(Codec::Gzip.id(), &[&gzip[..], &gzip[..]].concat());
    refused(&[
        ("gzip", bomb(Codec::Gzip, 32), too_large),
        ("zstd", bomb(Codec::Zstd, 64), too_large),
        ("lz4", bomb(Codec::Lz4, 8), too_large),
        ("snappy, too large as it is", bomb(Codec::Snappy, 8), too_large),
        (
            "gzip in gzip is one record of nothing",
            with_payload(Codec::Gzip.id(), &twice),
            ErrorCode::InvalidRecord,
        ),
        ("gzip of many members", members, ErrorCode::InvalidRecord),
        ("plain", sized(100_000), too_large),
    ]);
}

/// Protects: a window of 2 GiB in a zstd frame, a block of 4 GiB in snappy and in lz4 are refused and never
/// allocated (A18).
#[test]
fn declared_sizes_are_not_believed() {
    let zstd_window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    let snappy_length = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00];
    let xerial = [&[0x82][..], b"SNAPPY\0", &[0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0]].concat();
    let lz4 = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73, 0xff, 0xff, 0xff, 0x7f, 0];
    let invalid = ErrorCode::InvalidRecord;
    refused(&[
        ("zstd window", with_payload(Codec::Zstd.id(), &zstd_window), invalid),
        ("snappy length", with_payload(Codec::Snappy.id(), &snappy_length), invalid),
        ("snappy chunk", with_payload(Codec::Snappy.id(), &xerial), invalid),
        ("lz4 block", with_payload(Codec::Lz4.id(), &lz4), invalid),
    ]);
}

/// Protects: times far ahead, and those that overflow, are refused, so that nothing pins a segment for ever
/// (A16, A40).
#[test]
fn impossible_times_are_refused() {
    let time = ErrorCode::InvalidTimestamp;
    let near_the_end = patched(&timed(&[now_ms()]), 27, &i64::MAX.to_be_bytes());
    refused(&[
        ("two days ahead", timed(&[now_ms() + 48 * 3_600_000]), time),
        ("the end of time", timed(&[i64::MAX]), time),
        ("a base at the end of time", near_the_end, time),
    ]);
}

/// Protects: zstd needs version 7, and an older client is told so (A17).
#[test]
fn zstd_needs_version_7() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let mut builder = BatchBuilder::new(Codec::Zstd);
    builder.push(WallTime(now_ms()), None, Some(b"v"), &[]);
    let request = produce_request("topic", &[(0, &builder.build().unwrap())]);
    for (version, code) in [(6, ErrorCode::UnsupportedCompressionType), (7, ErrorCode::None)] {
        let response = client.call(&request, version);
        assert_eq!(response.responses[0].partition_responses[0].error_code, code.code());
    }
    assert_eq!(client.end("topic"), 1);
}

/// Protects: of a partition that stands twice in a request neither copy is written, the others are (A12).
#[test]
fn a_partition_that_stands_twice_is_not_written() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let (a, b) = (batch(&["a"]), batch(&["b"]));
    let mut request = produce_request("topic", &[(1, &a), (0, &b), (1, &b)]);
    let again = request.topic_data[0].clone();
    for topics in [1, 2] {
        request.topic_data.resize(topics, again.clone());
        if topics == 2 {
            request.topic_data.iter_mut().for_each(|topic| topic.partition_data.truncate(2));
        }
        let response = client.call(&request, PRODUCE);
        let codes: Vec<(i32, i16)> = response
            .responses
            .iter()
            .flat_map(|topic| topic.partition_responses.iter().map(|p| (p.index, p.error_code)))
            .collect();
        let twice = ErrorCode::InvalidRequest.code();
        match topics {
            1 => assert_eq!(codes, [(1, twice), (0, 0), (1, twice)]),
            _ => assert_eq!(codes, [(1, twice), (0, twice), (1, twice), (0, twice)]),
        }
    }
    assert_eq!(client.end("topic"), 1, "partition 0 was written once");
}

/// Threads as this machine has them, with a count of the jobs that may block.
struct Counting(AtomicUsize);

impl Spawn for Counting {
    fn thread(&self, name: &str, main: ThreadMain) {
        RealSpawn.thread(name, main);
    }

    fn blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        RealSpawn.blocking(job);
    }
}

/// Protects: a shard is not held up by what somebody else's batch expands to: much is decompressed elsewhere, little
/// where it came, and both are stored.
#[test]
fn large_batches_are_decompressed_away_from_the_shard() {
    let dir = folder();
    let spawn = Arc::new(Counting(AtomicUsize::new(0)));
    let env = Env { spawn: spawn.clone(), ..Env::real() };
    let broker = Broker::start_on(env, dir.path(), |_| {});
    let mut client = broker.connect();
    client.create("topic", 1);
    let zstd = |bytes| {
        let mut builder = BatchBuilder::new(Codec::Zstd);
        builder.push(WallTime(now_ms()), None, Some(&vec![0; bytes]), &[]);
        builder.build().unwrap()
    };
    let mut jobs = |batch: &Bytes| {
        let before = spawn.0.load(Ordering::SeqCst);
        client.put("topic", batch);
        spawn.0.load(Ordering::SeqCst) - before
    };
    assert_eq!(jobs(&zstd(100_000)), 0);
    assert_eq!(jobs(&zstd(2 << 20)), 1);
}
