//! Head, stamping, walking a run of batches, and finding times.

mod record_support;

use bytes::Bytes;
use record_support::*;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::*;

/// CRC-32C bit by bit, as its definition says.
fn slow_crc(bytes: &[u8]) -> u32 {
    let bit = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| bit(crc)))
}

/// Protects: the CRC is CRC-32C over everything from byte 21 on.
#[test]
fn crc_is_crc32c() {
    assert_eq!(slow_crc(b"123456789"), 0xe306_9283);
    for len in [1, 3, 64, 255, 1000, 70_000] {
        let batch = batch(Codec::None, &[stated(T, None, Some(&vec![7; len]), &[])]);
        assert_eq!(batch_crc(&batch), slow_crc(&batch[21..]), "{len}");
        assert_eq!(BatchHeader::parse(&batch).unwrap().crc, slow_crc(&batch[21..]));
    }
    assert!(!verify_crc(b"short"));
}

/// Protects: every field of the head is read from its place.
#[test]
fn head_is_read() {
    let bytes = vector("transactional");
    let header = BatchHeader::parse(&bytes[..HEADER_BYTES]).unwrap();
    let expected = BatchHeader {
        base_offset: Offset(0),
        batch_length: 322,
        leader_epoch: LeaderEpoch(-1),
        crc: header.crc,
        attributes: Attributes(0x10),
        last_offset_delta: 4,
        base_timestamp: WallTime(T),
        max_timestamp: WallTime(T + 1000),
        producer_id: ProducerId(42),
        producer_epoch: ProducerEpoch(3),
        base_sequence: Sequence(7),
        record_count: 5,
    };
    assert_eq!(header, expected);
    assert_eq!((header.size(), header.last_offset(), header.next_offset()), (334, Offset(4), Offset(5)));
    assert_eq!(header.last_sequence(), Sequence(11));
    assert!(header.is_transactional() && header.has_producer() && !header.is_control());
    assert_eq!((header.codec(), header.timestamp_type()), (Some(Codec::None), TimestampType::Create));
}

/// Protects: sequences wrap within a batch (P7).
#[test]
fn last_sequence_wraps() {
    let builder =
        BatchBuilder::new(Codec::None).producer(ProducerId(1), ProducerEpoch(0), Sequence(i32::MAX - 1));
    let header = BatchHeader::parse(&fill(builder, &small()).build().unwrap()).unwrap();
    assert_eq!(header.last_sequence(), Sequence(2));
    let plain = BatchHeader::parse(&vector("none-small")).unwrap();
    assert_eq!(plain.last_sequence(), Sequence(-1));
}

/// Protects: what is no head is named for what it is, from as few bytes as show it.
#[test]
fn bad_heads_are_named() {
    let bytes = vector("none-small");
    assert_eq!(BatchHeader::parse(&[]), Err(HeaderError::Truncated { needed: 61, have: 0 }));
    assert_eq!(BatchHeader::parse(&bytes[..60]), Err(HeaderError::Truncated { needed: 334, have: 60 }));
    assert_eq!(BatchHeader::parse(&patched(&bytes, 16, &[1])), Err(HeaderError::Magic(1)));
    assert_eq!(BatchHeader::parse(&patched(&bytes, 16, &[1])[..17]), Err(HeaderError::Magic(1)));
    let short = |length: i32| [&[0; 8][..], &length.to_be_bytes()].concat();
    assert_eq!(BatchHeader::parse(&short(48)), Err(HeaderError::Length(48)));
    assert_eq!(BatchHeader::parse(&short(-1)), Err(HeaderError::Length(-1)));
    assert_eq!(
        BatchHeader::parse(&short(i32::MAX)),
        Err(HeaderError::Truncated { needed: 2_147_483_659, have: 12 })
    );
}

/// Protects: stamping changes 12 bytes, shares the rest and leaves the CRC right (D-5).
#[test]
fn stamping_copies_nothing() {
    let bytes = vector("lz4-small");
    let mut batch = Batch::from_wire(&bytes).unwrap();
    batch.place(Offset(0x0102_0304_0506), LeaderEpoch(9));
    let (prefix, body) = batch.parts();
    assert_eq!(&prefix[..8], &[0, 0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(&prefix[12..], &[0, 0, 0, 9]);
    assert_eq!(body.as_ptr(), bytes[16..].as_ptr());
    assert_eq!(&batch.to_bytes()[16..], &bytes[16..]);
    assert!(verify_crc(&batch.to_bytes()) && batch.verify_crc());
    assert_eq!(BatchHeader::parse(&batch.to_bytes()).unwrap(), *batch.header());
    assert_ne!(batch.detached().body().as_ptr(), body.as_ptr());
    assert_eq!(batch.detached(), batch);
}

/// Protects: a batch object is exactly one batch.
#[test]
fn from_wire_wants_one_batch() {
    let bytes = vector("none-small");
    let two = Bytes::from([&bytes[..], &bytes].concat());
    assert_eq!(Batch::from_wire(&two), Err(HeaderError::Length(322)));
    assert_eq!(Batch::from_wire(&bytes.slice(..333)), Err(HeaderError::Truncated { needed: 334, have: 333 }));
}

/// Protects: append time copies the batch, sets attribute, maximum and CRC, and does so once.
#[test]
fn append_time_is_set() {
    let bytes = vector("gzip-small");
    let mut batch = Batch::from_wire(&bytes).unwrap();
    batch.set_append_time(WallTime(T + 5));
    assert_eq!(batch.header().timestamp_type(), TimestampType::Append);
    assert!(batch.verify_crc());
    assert_eq!(BatchHeader::parse(&batch.to_bytes()).unwrap(), *batch.header());
    assert!(verify_crc(&bytes), "the original is untouched");
    let place = batch.body().as_ptr();
    batch.set_append_time(WallTime(T + 5));
    assert_eq!(batch.body().as_ptr(), place);
    batch.set_timestamps(TimestampType::Create, WallTime(T + 1000));
    assert_eq!(batch.to_bytes(), bytes);
}

/// Protects: a run of batches is walked to its end; a cut tail or rubbish ends it with its reason, once.
#[test]
fn runs_are_walked() {
    let parts = ["none-small", "lz4-large", "commit"].map(vector);
    let run = parts.concat();
    let spans: Vec<_> = Batches::new(&run).map(Result::unwrap).collect();
    let bytes: Vec<_> = spans.iter().map(|s| &run[s.range.clone()]).collect();
    assert_eq!(bytes, parts);
    assert_eq!(Batches::new(&[]).next(), None);

    let mut cut = Batches::new(&run[..run.len() - 1]);
    assert_eq!(cut.by_ref().filter(Result::is_ok).count(), 2);
    assert_eq!((cut.position(), cut.next()), (run.len() - 78, None));
    assert_eq!(
        Batches::new(&run[..1000]).last(),
        Some(Err(HeaderError::Truncated { needed: 785, have: 666 }))
    );
    let zeros = [&parts[0][..], &[0; 100]].concat();
    assert_eq!(Batches::new(&zeros).last(), Some(Err(HeaderError::Magic(0))));
}

fn found(offset: i64, timestamp: i64) -> Option<FoundRecord> {
    Some(FoundRecord { offset: Offset(offset), timestamp: WallTime(timestamp) })
}

/// Protects: a time is found at its first record from the wanted offset on, through every codec.
#[test]
fn times_are_found() {
    for codec in Codec::ALL {
        let mut batch = Batch::from_wire(&batch(codec, &small())).unwrap();
        batch.place(Offset(100), LeaderEpoch(0));
        let bytes = batch.to_bytes();
        let find =
            |time: i64, from: i64| find_timestamp(&bytes, WallTime(time), Offset(from), 1 << 20).unwrap();
        assert_eq!(find(T - 10, 0), found(100, T));
        assert_eq!(find(T + 1, 0), found(101, T + 5));
        assert_eq!(find(T + 1, 104), found(104, T + 2));
        assert_eq!(find(T + 6, 0), found(103, T + 1000));
        assert_eq!(find(T + 1001, 0), None);
        assert_eq!(first_with_max_timestamp(&bytes, 1 << 20).unwrap(), found(103, T + 1000), "{codec}");
    }
}

/// Protects: with append time every record has the batch's time; without times none is the maximum.
#[test]
fn times_of_special_batches() {
    let append = vector("append-time");
    assert_eq!(find_timestamp(&append, WallTime(T + 77), Offset(2), 999).unwrap(), found(2, T + 77));
    assert_eq!(find_timestamp(&append, WallTime(T + 78), Offset(0), 999).unwrap(), None);
    assert_eq!(first_with_max_timestamp(&append, 999).unwrap(), found(0, T + 77));
    assert_eq!(first_with_max_timestamp(&vector("no-timestamp"), 999).unwrap(), None);
}

/// Protects: looking up a time in damaged bytes is an error, within the cap, never a panic.
#[test]
fn damaged_batches_are_not_searched() {
    let zeros = batch(Codec::Zstd, &[stated(T, None, Some(&vec![0; 1 << 20]), &[])]);
    let find = |bytes: &[u8]| find_timestamp(bytes, WallTime(T + 1), Offset(0), 1000);
    assert_eq!(find(&zeros), Err(ReadError::Codec(CodecError::OverCap)));
    assert_eq!(find(&zeros[..zeros.len() - 1]), Err(ReadError::Truncated));
    assert_eq!(find(&patched(&vector("none-small"), 22, &[7])), Err(ReadError::UnknownCodec(7)));
    let defect = RecordDefect::Attributes(1);
    assert_eq!(find(&patched(&vector("none-small"), 62, &[1])), Err(ReadError::Record { index: 0, defect }));
}

/// Protects: a batch cannot be built of nothing, nor of times too far apart.
#[test]
fn builder_refuses() {
    assert!(matches!(BatchBuilder::new(Codec::Lz4).build(), Err(BuildError::Empty)));
    let far = [stated(i64::MAX, None, None, &[]), stated(-2, None, None, &[])];
    assert!(matches!(fill(BatchBuilder::new(Codec::None), &far).build(), Err(BuildError::TimeSpan)));
}

/// Protects: the estimate is the size without compression.
#[test]
fn estimate_is_exact_without_compression() {
    let builder = fill(BatchBuilder::new(Codec::None), &small());
    assert_eq!((builder.len(), builder.is_empty()), (5, false));
    assert_eq!(builder.estimated_size(), builder.build().unwrap().len());
}
