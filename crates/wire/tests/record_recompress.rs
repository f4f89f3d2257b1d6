//! The same records with another codec.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{
    Batch, BatchBuilder, BatchError, BatchHeader, Codec, RecompressLimits, Record, Records, Target,
    TimestampType, recompress,
};

const LIMITS: RecompressLimits =
    RecompressLimits { max_decompressed_bytes: 1 << 20, max_batch_bytes: 1 << 20 };

fn at(codec: Codec) -> Target {
    Target { codec, level: None }
}

/// A batch with everything that has to stay.
fn batch(codec: Codec) -> Batch {
    let mut builder = BatchBuilder::new(codec)
        .producer(ProducerId(77), ProducerEpoch(3), Sequence(9))
        .transactional(true)
        .placed(Offset(500), LeaderEpoch(4));
    for n in 0..400_i64 {
        let value = vec![u8::try_from(n % 251).unwrap(); 200 + usize::try_from(n).unwrap()];
        let key = (n % 3 > 0).then_some(&b"key"[..]);
        let value = (n % 7 > 0).then_some(&value[..]);
        builder.push(WallTime(1_000 - n), key, value, &[(b"h", Some(b"1")), (b"h", None)]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn records(batch: &Batch) -> Vec<Record> {
    Records::open(&batch.to_bytes(), 1 << 20).unwrap().map(Result::unwrap).collect()
}

/// What codec, length and CRC have nothing to do with.
fn rest(header: &BatchHeader) -> BatchHeader {
    BatchHeader {
        batch_length: 0,
        crc: 0,
        attributes: wire::record::Attributes(header.attributes.0 & !7),
        ..*header
    }
}

/// Protects: D-5: recompression from any codec to any other keeps offsets, timestamps, keys, headers, the producer's fields
/// and flags; only codec, length and CRC change. The same codec changes nothing.
#[test]
fn everything_but_the_codec_stays() {
    for from in Codec::ALL {
        let before = batch(from);
        for to in Codec::ALL {
            let after = recompress(&before, at(to), LIMITS).unwrap();
            assert_eq!(after.header().codec(), Some(to), "{from} to {to}");
            assert!(after.verify_crc(), "{from} to {to}");
            assert_eq!(rest(after.header()), rest(before.header()), "{from} to {to}");
            assert_eq!(records(&after), records(&before), "{from} to {to}");
            assert_eq!(after == before, from == to, "{from} to {to}");
        }
    }
}

/// Protects: a batch whose timestamps are those of the append keeps them.
#[test]
fn append_times_stay() {
    let mut before = batch(Codec::None);
    before.set_append_time(WallTime(7));
    let after = recompress(&before, at(Codec::Lz4), LIMITS).unwrap();
    assert_eq!(after.header().timestamp_type(), TimestampType::Append);
    assert!(records(&after).iter().all(|record| record.timestamp == WallTime(7)));
}

/// Protects: W-17: neither what comes out of the old codec nor what goes into the new one grows beyond its limit.
#[test]
fn both_sides_have_a_limit() {
    let large = batch(Codec::None).size();
    for codec in Codec::ALL.into_iter().filter(|codec| *codec != Codec::None) {
        let before = batch(codec);
        let most = RecompressLimits { max_batch_bytes: large, ..LIMITS };
        assert_eq!(recompress(&before, at(Codec::None), most).unwrap().size(), large);
        let less = RecompressLimits { max_batch_bytes: large - 1, ..LIMITS };
        let refused = recompress(&before, at(Codec::None), less).unwrap_err();
        assert_eq!(refused, BatchError::TooLarge { size: large, max: large - 1 });
        let cap = large - 100;
        let bomb = RecompressLimits { max_decompressed_bytes: cap, ..LIMITS };
        let other = if codec == Codec::Zstd { Codec::Gzip } else { Codec::Zstd };
        assert_eq!(recompress(&before, at(other), bomb).unwrap_err(), BatchError::Bomb { cap });
        let tight = RecompressLimits { max_batch_bytes: 100, ..LIMITS };
        let into = recompress(&batch(Codec::None), at(codec), tight).unwrap_err();
        assert_eq!(into, BatchError::TooLarge { size: 101, max: 100 }, "{codec}");
    }
}

/// Protects: the level is the effort that is made, up to the highest.
#[test]
fn levels_act() {
    let before = batch(Codec::None);
    let size =
        |codec, level| recompress(&before, Target { codec, level: Some(level) }, LIMITS).unwrap().size();
    assert!(size(Codec::Gzip, 9) < size(Codec::Gzip, 1));
    assert!(size(Codec::Zstd, 22) < size(Codec::Zstd, -50));
}

/// Protects: records that are not what the codec writes are refused, not stored anew.
#[test]
fn damage_is_not_compressed_again() {
    let mut bytes = batch(Codec::Zstd).to_bytes().to_vec();
    bytes.truncate(80);
    let length = i32::try_from(bytes.len() - 12).unwrap();
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let cut = Batch::from_wire(&Bytes::from(bytes)).unwrap();
    assert_eq!(recompress(&cut, at(Codec::None), LIMITS).unwrap_err(), BatchError::Undecodable(Codec::Zstd));
}
