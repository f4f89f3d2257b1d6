//! Produce: A12 to A21, and times of A40. Batches whose parts disagree are in crates/broker/tests/wire/hostile_batches.rs in
//! more forms; here is one of each kind.

use super::row::Row;
use crate::batches::{batch, now_ms, patched, sealed, sequenced, sized, timed, with_payload};
use crate::client::{PRODUCE, frame, produce_request};
use bytes::Bytes;
use types::{ErrorCode, WallTime};
use wire::record::{BatchBuilder, Codec, compress};
use wire::{ProduceRequest, ProduceResponse};

/// What a batch that expands may take: far less than what it expands to. *Units*: KiB.
const BOMB: u64 = 8 * 1024;
/// What a frame of 2 MiB may take. *Units*: KiB.
const LARGE: u64 = 8 * 1024;

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    [broken(), lies(), records(), bombs(), requests(), topics(), times()].into_iter().flatten().collect()
}

fn codes(answer: &ProduceResponse) -> Vec<i16> {
    answer.responses.iter().flat_map(|t| t.partition_responses.iter().map(|p| p.error_code)).collect()
}

fn put(number: u8, what: &str, batch: &Bytes, code: ErrorCode) -> Row {
    let request = produce_request("target", &[(0, batch)]);
    Row::asks(number, what, (&request, PRODUCE), codes, &[code])
}

fn bytes(parts: &[&[u8]]) -> Bytes {
    parts.concat().into()
}

fn broken() -> Vec<Row> {
    let good = batch(&["one", "two"]);
    let raw = |at: usize, new: &[u8]| bytes(&[&good[..at], new, &good[at + new.len()..]]);
    let (corrupt, invalid) = (ErrorCode::CorruptMessage, ErrorCode::InvalidRecord);
    vec![
        put(13, "a wrong CRC", &raw(17, &[1, 2, 3, 4]), corrupt),
        put(13, "a flipped bit", &raw(70, &[good[70] ^ 1]), corrupt),
        put(13, "cut in the records", &good.slice(..good.len() - 3), invalid),
        put(13, "cut in the header", &good.slice(..40), invalid),
        put(13, "longer than it is", &raw(8, &1_000_i32.to_be_bytes()), invalid),
        put(14, "no batch", &Bytes::new(), invalid),
        put(14, "two batches", &bytes(&[&good, &good]), invalid),
        put(14, "magic 0", &raw(16, &[0]), invalid),
        put(14, "magic 1", &raw(16, &[1]), invalid),
    ]
}

fn lies() -> Vec<Row> {
    let good = batch(&["one", "two"]);
    let of_producer = sequenced(5, 0, 0, 1);
    let (invalid, codec) = (ErrorCode::InvalidRecord, ErrorCode::UnsupportedCompressionType);
    let row =
        |number, what, batch: &Bytes, at, new: &[u8], code| put(number, what, &patched(batch, at, new), code);
    vec![
        row(15, "a control batch", &good, 21, &[0, 0x20], invalid),
        row(15, "base offset 5", &good, 0, &5_i64.to_be_bytes(), invalid),
        row(15, "a count that is not the last offset", &good, 23, &5_i32.to_be_bytes(), invalid),
        row(15, "-1 records", &good, 57, &(-1_i32).to_be_bytes(), invalid),
        row(15, "2^31 - 1 records", &good, 57, &i32::MAX.to_be_bytes(), invalid),
        row(15, "an unknown attribute", &good, 21, &[0x01, 0], invalid).stricter("unknown attribute bits"),
        row(15, "an id without sequence", &of_producer, 53, &(-1_i32).to_be_bytes(), invalid),
        row(15, "an id without epoch", &of_producer, 51, &(-1_i16).to_be_bytes(), invalid)
            .stricter("unknown attribute bits"),
        row(17, "codec 5", &good, 22, &[5], codec),
        row(17, "codec 7", &good, 22, &[7], codec),
    ]
}

fn records() -> Vec<Row> {
    // A record: length, attributes, time, offset, key length, value length, headers.
    let records: [(&str, &[u8]); 6] = [
        ("key beyond the record", &[12, 0, 0, 0, 100, 1, 0]),
        ("-1 headers", &[12, 0, 0, 0, 1, 1, 1]),
        ("2^31 - 1 headers", &[20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f]),
        ("a header key beyond the record", &[14, 0, 0, 0, 1, 1, 2, 100]),
        ("a length of 11 bytes", &[0xff; 11]),
        ("a record longer than the batch", &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0]),
    ];
    let mut rows = Vec::new();
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        for (what, payload) in records {
            let packed = with_payload(codec.id(), &compress(codec, payload).unwrap());
            rows.push(put(19, &format!("{what}, {}", codec.name()), &packed, ErrorCode::InvalidRecord));
        }
    }
    rows
}

/// A record that says that it has 2^31 - 20 bytes of value, and the length of one that has.
const GIANT: [u8; 15] = [0xee, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 1, 0xd8, 0xff, 0xff, 0xff, 0x0f, 0];

/// 10 GiB of zeros after the beginning of a record, in zstd blocks of one repeated byte: 330 KB.
fn ten_gib_of_zeros() -> Vec<u8> {
    const BLOCK: u32 = 128 << 10;
    let block = |kind: u32, size: u32, is_last: bool| {
        let head = u32::from(is_last) | kind << 1 | size << 3;
        head.to_le_bytes()[..3].to_vec()
    };
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    frame.extend(block(0, u32::try_from(GIANT.len()).unwrap(), false));
    frame.extend(GIANT);
    let count = (10_u64 << 30) / u64::from(BLOCK);
    for n in 1..=count {
        frame.extend(block(1, BLOCK, n == count));
        frame.push(0);
    }
    frame
}

fn bombs() -> Vec<Row> {
    let (too_large, invalid) = (ErrorCode::MessageTooLarge, ErrorCode::InvalidRecord);
    let packed = |codec: Codec, megabytes: usize| {
        let mut builder = BatchBuilder::new(codec);
        builder.push(WallTime(now_ms()), None, Some(&vec![0; megabytes << 20]), &[]);
        builder.build().unwrap()
    };
    let gzip = compress(Codec::Gzip, &vec![0; 16 << 20]).unwrap();
    let twice = compress(Codec::Gzip, &gzip).unwrap();
    let zstd_window: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    let xerial = bytes(&[&[0x82], b"SNAPPY\0", &[0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0]]);
    let lz4: &[u8] = &[0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73, 0xff, 0xff, 0xff, 0x7f, 0];
    let payload = |codec: Codec, bytes: &[u8]| with_payload(codec.id(), bytes);
    let rows = [
        ("1 MiB of gzip that expands to 100", packed(Codec::Gzip, 100), too_large),
        ("330 KB of zstd that expand to 10 GiB", payload(Codec::Zstd, &ten_gib_of_zeros()), too_large),
        ("zstd of 200 MiB", packed(Codec::Zstd, 200), too_large),
        ("lz4 of 200 MiB", packed(Codec::Lz4, 200), too_large),
        ("gzip in gzip", payload(Codec::Gzip, &twice), invalid),
        ("gzip of many members", payload(Codec::Gzip, &[&gzip[..], &gzip[..]].concat()), invalid),
        ("a zstd window of 2 GiB", payload(Codec::Zstd, zstd_window), invalid),
        ("a snappy length of 4 GiB", payload(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]), invalid),
        ("a snappy chunk of 2 GiB", payload(Codec::Snappy, &xerial), invalid),
        ("an lz4 block of 2 GiB", payload(Codec::Lz4, lz4), invalid),
    ];
    let bombs = rows.map(|(what, batch, code)| put(18, what, &batch, code).within(BOMB));
    let too_large = put(20, "2 MiB where 1 MiB is allowed", &sized(2 << 20), too_large).within(LARGE);
    bombs.into_iter().chain([too_large]).collect()
}

fn requests() -> Vec<Row> {
    let good = batch(&["v"]);
    let request = |acks| ProduceRequest { acks, ..produce_request("target", &[(0, &good)]) };
    let refused = ErrorCode::InvalidRequiredAcks;
    let broken = sealed(good[..good.len() - 1].to_vec());
    let unacknowledged = ProduceRequest { acks: 0, ..produce_request("target", &[(0, &broken)]) };
    let both = produce_request("target", &[(1, &good), (0, &good), (1, &good)]);
    let twice = ErrorCode::InvalidRequest;
    let mut zstd = BatchBuilder::new(Codec::Zstd);
    zstd.push(WallTime(now_ms()), None, Some(b"v"), &[]);
    let zstd = produce_request("target", &[(0, &zstd.build().unwrap())]);
    vec![
        Row::asks(21, "acks=2", (&request(2), PRODUCE), codes, &[refused]),
        Row::asks(21, "acks=7", (&request(7), PRODUCE), codes, &[refused]),
        Row::closes(21, "acks=0 and an error", frame(&unacknowledged, PRODUCE, 7)),
        Row::asks(
            12,
            "the same partition twice in Produce",
            (&both, PRODUCE),
            codes,
            &[twice, ErrorCode::None, twice],
        )
        .stricter("the same partition twice in one Produce"),
        Row::asks(17, "zstd below version 7", (&zstd, 6), codes, &[ErrorCode::UnsupportedCompressionType]),
    ]
}

/// Writes to topics that are none, or not for clients.
fn topics() -> Vec<Row> {
    let good = batch(&["v"]);
    let cases = [
        ("..", ErrorCode::UnknownTopicOrPartition),
        ("a/b", ErrorCode::UnknownTopicOrPartition),
        ("__cluster_metadata", ErrorCode::UnknownTopicOrPartition),
        // It is there: a row above made it.
        ("__consumer_offsets", ErrorCode::InvalidTopicException),
    ];
    let row = |(name, code): (&str, ErrorCode)| {
        let request = produce_request(name, &[(0, &good)]);
        Row::asks(10, &format!("a batch for {name}"), (&request, PRODUCE), codes, &[code])
    };
    cases.map(row).into()
}

fn times() -> Vec<Row> {
    let time = ErrorCode::InvalidTimestamp;
    let near_the_end = patched(&timed(&[now_ms()]), 27, &i64::MAX.to_be_bytes());
    vec![
        put(16, "two days ahead", &timed(&[now_ms() + 48 * 3_600_000]), time),
        put(16, "a base at the end of time", &near_the_end, time),
        put(40, "the end of time, which would pin a segment for ever", &timed(&[i64::MAX]), time),
    ]
}
