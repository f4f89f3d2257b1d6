//! Each reason to refuse a batch, with the answer that Kafka 4.3.1 gives (reliability 7.3, A13 to A20).
#![allow(clippy::unwrap_used)]

mod record_support;

use ErrorCode::{
    CorruptMessage, InvalidRecord, InvalidTimestamp, MessageTooLarge, UnsupportedCompressionType,
};
use bytes::Bytes;
use record_support::*;
use types::{ErrorCode, Millis, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::*;

const OFFSET_DELTA: usize = 23;
const COUNT: usize = 57;

#[track_caller]
fn refused(batch: &Bytes, rules: &CheckRules, error: BatchError, code: ErrorCode) {
    assert_eq!(error.code(), code);
    assert_eq!(admit(batch, rules).as_ref(), Err(&error));
    assert_eq!(check(batch, rules), Err(error));
}

fn plain() -> Bytes {
    vector("none-small")
}

/// Protects: what Kafka's producer writes is accepted, whatever the codec.
#[test]
fn javas_batches_are_accepted() {
    for (name, bytes) in vectors() {
        let expected = !(name.contains("stored") || name == "commit" || name == "abort");
        assert_eq!(check(&bytes, &rules()).is_ok(), expected, "{name}");
    }
}

/// Protects A13, A14: anything but exactly one whole batch is refused.
#[test]
fn one_batch_is_wanted() {
    let (batch, rules) = (plain(), rules());
    refused(&Bytes::new(), &rules, BatchError::NoBatch, InvalidRecord);
    for have in [1, 16, 17, 60, 61, 333] {
        let needed = if have < 12 { 61 } else { 334 };
        let error = HeaderError::Truncated { needed, have }.into();
        refused(&batch.slice(..have), &rules, error, InvalidRecord);
    }
    let two = Bytes::from([&batch[..], &batch].concat());
    refused(&two, &rules, BatchError::SecondBatch, InvalidRecord);
    let more = Bytes::from([&batch[..], &[0; 5]].concat());
    refused(&more, &rules, BatchError::TrailingBytes(5), CorruptMessage);
}

/// Protects A13: a length that no batch has, or that is larger than what is there.
#[test]
fn lengths_are_refused() {
    for length in [i32::MIN, -1, 0, 13, 48] {
        let mut bytes = plain().to_vec();
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        refused(&bytes.into(), &rules(), HeaderError::Length(length).into(), CorruptMessage);
    }
    let mut bytes = plain().to_vec();
    bytes[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    let error = HeaderError::Truncated { needed: 2_147_483_659, have: 334 };
    refused(&bytes.into(), &rules(), error.into(), InvalidRecord);
}

/// Protects A14: formats 0 and 1 are INVALID_RECORD, formats that never were CORRUPT_MESSAGE.
#[test]
fn formats_are_refused() {
    for (magic, code) in [(0, InvalidRecord), (1, InvalidRecord), (3, CorruptMessage), (-1i8, CorruptMessage)]
    {
        let batch = patched(&plain(), 16, &magic.to_be_bytes());
        refused(&batch, &rules(), HeaderError::Magic(magic).into(), code);
    }
}

/// Protects A13: a wrong CRC, wherever the damage is.
#[test]
fn wrong_crc_is_refused() {
    for at in [17, 21, 43, 61, 333] {
        let mut bytes = plain().to_vec();
        bytes[at] ^= 1;
        let error = check(&bytes.into(), &rules()).unwrap_err();
        assert!(matches!(error, BatchError::Crc { .. }), "{at}: {error}");
        assert_eq!(error.code(), CorruptMessage);
    }
}

/// Protects: only the leader gives offsets.
#[test]
fn base_offset_is_refused() {
    let batch = patched(&plain(), 7, &[5]);
    refused(&batch, &rules(), BatchError::BaseOffset(5), InvalidRecord);
}

/// Protects A15: unused bits, the compactor's bit and the control bit are not for clients.
#[test]
fn attributes_are_refused() {
    for bits in [0x0040_i16, 0x0080, 0x0100, 0x4000, i16::MIN] {
        let batch = patched(&plain(), 21, &bits.to_be_bytes());
        refused(&batch, &rules(), BatchError::Attributes(bits), InvalidRecord);
    }
    refused(&vector("commit"), &rules(), BatchError::Control, InvalidRecord);
}

/// Protects A20: size is judged before anything is decompressed.
#[test]
fn size_is_limited() {
    let rules = CheckRules { max_batch_bytes: 333, ..rules() };
    refused(&plain(), &rules, BatchError::TooLarge { size: 334, max: 333 }, MessageTooLarge);
    let rules = CheckRules { max_batch_bytes: 334, ..rules };
    assert!(check(&plain(), &rules).is_ok());
}

/// Protects A17: unknown codecs, and zstd before Produce v7.
#[test]
fn codecs_are_refused() {
    for id in [5, 6, 7] {
        let batch = patched(&plain(), 22, &[id]);
        refused(&batch, &rules(), BatchError::UnknownCodec(id), UnsupportedCompressionType);
    }
    let rules = CheckRules { zstd_allowed: false, ..rules() };
    refused(&vector("zstd-small"), &rules, BatchError::ZstdTooEarly, UnsupportedCompressionType);
}

/// Protects A15: count and last offset agree, and there is at least one record.
#[test]
fn counts_are_refused() {
    for (count, last_offset_delta) in
        [(0, -1), (-1, -2), (9, 4), (5, 8), (5, 3), (0, 4), (i32::MIN, i32::MAX)]
    {
        let batch = patched(&plain(), OFFSET_DELTA, &last_offset_delta.to_be_bytes());
        let batch = patched(&batch, COUNT, &count.to_be_bytes());
        refused(&batch, &rules(), BatchError::Count { count, last_offset_delta }, InvalidRecord);
    }
}

fn with_producer(id: i64, epoch: i16, sequence: i32, transactional: bool) -> Bytes {
    let builder =
        BatchBuilder::new(Codec::None).producer(ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
    fill(builder.transactional(transactional), &small()).build().unwrap()
}

/// Protects A15: a producer id needs an epoch and a sequence; without one they are not looked at, because
/// some clients leave zeros there.
#[test]
fn producers_are_refused() {
    for (id, epoch, sequence, transactional) in [
        (1, -1, 0, false),
        (1, 0, -1, false),
        (-2, -1, -1, false),
        (-1, -1, -1, true),
        (1, i16::MIN, 0, true),
    ] {
        let batch = with_producer(id, epoch, sequence, transactional);
        let (id, epoch, sequence) = (ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
        refused(&batch, &rules(), BatchError::Producer { id, epoch, sequence }, InvalidRecord);
    }
    assert!(check(&with_producer(-1, 0, 0, false), &rules()).is_ok());
    assert!(check(&with_producer(0, 0, i32::MAX, true), &rules()).is_ok());
}

/// Protects: what does not decompress is refused for good, not as damage that a client resends.
#[test]
fn undecodable_is_refused() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let batch = with_payload(codec, 1, b"\xffrubbish");
        refused(&batch, &rules(), BatchError::Undecodable(codec), InvalidRecord);
    }
}

/// Protects A18: a bomb ends at the cap.
#[test]
fn bombs_are_refused() {
    let batch = batch(Codec::Zstd, &[stated(T, None, Some(&vec![0; 5 << 20]), &[])]);
    refused(&batch, &rules(), BatchError::Bomb { cap: 1 << 22 }, MessageTooLarge);
}

/// A record: its length, then these bytes.
fn record(body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len() * 2).unwrap();
    [&[length][..], body].concat()
}

#[track_caller]
fn defect(records: &[u8], defect: RecordDefect) {
    for codec in Codec::ALL {
        let batch = with_payload(codec, 1, &compress(codec, records).unwrap());
        refused(&batch, &rules(), BatchError::Record { index: 0, defect }, InvalidRecord);
        if !matches!(defect, RecordDefect::OffsetDelta(_) | RecordDefect::Attributes(_)) {
            let read = Records::open(&batch, 1000).unwrap().next().unwrap();
            assert!(matches!(read, Err(ReadError::Record { .. })), "{codec} {defect:?}");
        }
    }
}

/// Protects A19: every length, count and number of a record is judged before it is believed.
#[test]
fn defects_are_refused() {
    use RecordDefect::*;
    // attributes, timestamp delta, offset delta, key, value, header count
    assert!(check(&with_payload(Codec::None, 1, &record(&[0, 0, 0, 1, 1, 0])), &rules()).is_ok());
    defect(&record(&[1, 0, 0, 1, 1, 0]), Attributes(1));
    defect(&record(&[0, 0, 2, 1, 1, 0]), OffsetDelta(1));
    defect(&record(&[0, 0, 0, 3, 1, 0]), KeyLength(-2));
    defect(&record(&[0, 0, 0, 1, 5, 0]), ValueLength(-3));
    defect(&record(&[0, 0, 0, 1, 1, 1]), HeaderCount(-1));
    defect(&record(&[0, 0, 0, 1, 1, 2]), HeaderCount(1));
    defect(&record(&[0, 0, 0, 1, 1, 2, 1, 1]), HeaderKeyLength(-1));
    defect(&record(&[0, 0, 0, 1, 1, 2, 0, 3]), HeaderValueLength(-2));
    defect(&record(&[0, 0, 0, 20, 1, 0]), Length);
    defect(&record(&[0, 0, 0, 1, 1, 0, 0]), Length);
    defect(&record(&[0, 0, 0, 1, 1]), Length);
    defect(&record(&[]), Length);
    defect(&[1], Length);
    defect(&record(&[0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), Number);
    defect(&record(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 1, 1, 0]), Number);
    defect(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80], Number);
    defect(&[40, 0, 0, 0, 30, 1, 0], Truncated);
    defect(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0], Truncated);
    let overflow = [0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 1, 1, 0];
    defect(&record(&overflow), TimestampDelta(i64::MAX));
}

/// Protects: the walk names the record at fault, also behind good ones and in large records.
#[test]
fn defects_have_an_index() {
    let good = record(&[0, 0, 0, 1, 1, 0]);
    let mut batch =
        with_payload(Codec::Gzip, 2, &compress(Codec::Gzip, &[&good[..], &good].concat()).unwrap());
    let error = BatchError::Record { index: 1, defect: RecordDefect::OffsetDelta(0) };
    refused(&batch, &rules(), error, InvalidRecord);
    batch = with_payload(Codec::None, 2, &good);
    let error = BatchError::Record { index: 1, defect: RecordDefect::Truncated };
    refused(&batch, &rules(), error, InvalidRecord);
}

/// Protects: nothing may follow the last record.
#[test]
fn left_over_bytes_are_refused() {
    for codec in Codec::ALL {
        let bytes = [&record(&[0, 0, 0, 1, 1, 0])[..], &[0]].concat();
        let batch = with_payload(codec, 1, &compress(codec, &bytes).unwrap());
        refused(&batch, &rules(), BatchError::LeftOver, InvalidRecord);
    }
}

/// Protects: records larger than a window are walked piece by piece, defects in them found.
#[test]
fn records_larger_than_a_window() {
    let headers: Vec<_> = (0..40_000).map(|_| ("header", Some("content"))).collect();
    let big = [stated(T, Some(&[1; 200_000]), Some(&[2; 70_000]), &headers)];
    for codec in Codec::ALL {
        assert!(check(&batch(codec, &big), &rules()).is_ok(), "{codec}");
        assert_eq!(read(&batch(codec, &big)), big);
    }
    let records = &batch(Codec::None, &big)[61..];
    let cut = with_payload(Codec::Lz4, 1, &compress(Codec::Lz4, &records[..records.len() - 1]).unwrap());
    let error = BatchError::Record { index: 0, defect: RecordDefect::Truncated };
    refused(&cut, &rules(), error, InvalidRecord);
}

fn bounded(before: i64, after: i64) -> CheckRules {
    let timestamps = TimestampRules::Create {
        now: WallTime(T + 500),
        before_max: Millis(before),
        after_max: Millis(after),
    };
    CheckRules { timestamps, ..rules() }
}

fn late(index: i32, timestamp: i64, earliest: i64, latest: i64) -> RecordError {
    let [timestamp, earliest, latest] = [timestamp, earliest, latest].map(WallTime);
    RecordError { index, fault: RecordFault::TimeOutOfRange { timestamp, earliest, latest } }
}

/// Protects A16: timestamps out of bounds are named by record; the bounds are inclusive; "none" passes.
#[test]
fn timestamps_have_bounds() {
    let far = late(3, T + 1000, T - 3, T + 999);
    refused(&plain(), &bounded(503, 499), BatchError::Records(vec![far]), InvalidTimestamp);
    let early = late(2, T - 3, T - 2, T + 1000);
    refused(&plain(), &bounded(502, 500), BatchError::Records(vec![early]), InvalidTimestamp);
    assert!(check(&plain(), &bounded(503, 500)).is_ok());
    assert!(check(&vector("no-timestamp"), &bounded(0, 0)).is_ok());
    assert!(check(&plain(), &bounded(i64::MAX, i64::MAX)).is_ok());
}

/// Protects: with log append time nobody looks at the producer's times, but it may not set the broker's bit.
#[test]
fn append_time_is_the_brokers() {
    let rules = CheckRules { timestamps: TimestampRules::Append { now: WallTime(0) }, ..rules() };
    assert!(check(&plain(), &rules).is_ok());
    let fault = RecordFault::AppendTimeByProducer;
    let errors = (0..5).map(|index| RecordError { index, fault }).collect();
    refused(&vector("append-time"), &rules, BatchError::Records(errors), InvalidTimestamp);
}

/// Protects: in a topic with create time, the producer's append-time bit is taken away, as Kafka does.
#[test]
fn append_time_bit_is_taken_away() {
    let batch = admit(&vector("append-time"), &rules()).unwrap();
    assert_eq!(batch.header().timestamp_type(), TimestampType::Create);
    assert_eq!(batch.header().max_timestamp, WallTime(T + 1000));
    assert_eq!(read(&batch.to_bytes()), small());
}

/// Protects: compacted topics need keys; each record without is named; a time fault decides the code.
#[test]
fn keys_are_required() {
    let keyed = CheckRules { keys_required: true, ..rules() };
    let missing = RecordError { index: 1, fault: RecordFault::KeyMissing };
    refused(&plain(), &keyed, BatchError::Records(vec![missing]), InvalidRecord);
    let both = CheckRules { keys_required: true, ..bounded(i64::MAX, 499) };
    let late = late(3, T + 1000, T + 500 - i64::MAX, T + 999);
    refused(&plain(), &both, BatchError::Records(vec![missing, late]), InvalidTimestamp);
    assert_eq!(check(&plain(), &both).unwrap_err().record_errors(), [missing, late]);
    assert!(check(&batch(Codec::None, &[stated(T, Some(b""), None, &[])]), &keyed).is_ok());
}

/// Protects: a batch full of faults names a thousand of them, no more.
#[test]
fn record_errors_are_limited() {
    let records: Vec<_> = (0..5000).map(|_| stated(T, None, None, &[])).collect();
    let rules = CheckRules { keys_required: true, ..rules() };
    let error = check(&batch(Codec::Zstd, &records), &rules).unwrap_err();
    assert_eq!(error.record_errors().len(), 1000);
    assert_eq!(BatchError::NoBatch.record_errors(), []);
}

/// Protects: the answer says what is wrong in words.
#[test]
fn errors_are_sentences() {
    let missing = RecordError { index: 1, fault: RecordFault::KeyMissing };
    let text = BatchError::Records(vec![missing]).to_string();
    assert_eq!(
        text,
        "1 records are refused, the first: record 1: a compacted topic takes no record without a key"
    );
    let text = BatchError::Record { index: 7, defect: RecordDefect::KeyLength(-9) }.to_string();
    assert_eq!(text, "record 7: key length -9 is impossible");
}
