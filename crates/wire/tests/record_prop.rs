//! Properties of the record batch over random records and random damage.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../tests/long.rs"]
mod long;
mod record_support;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use record_support::*;
use types::{Offset, WallTime};
use wire::record::*;

fn codec() -> impl Strategy<Value = Codec> {
    (0u8..5).prop_map(|id| Codec::from_id(id).unwrap())
}

fn content(max: usize) -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        Just(None),
        vec(any::<u8>(), 0..max).prop_map(Some),
        (0..max * 50).prop_map(|n| Some(vec![7; n]))
    ]
}

fn record() -> impl Strategy<Value = Stated> {
    let headers = vec((vec(any::<u8>(), 0..9), content(9)), 0..4);
    let time = prop_oneof![Just(-1i64), T - 100_000..T + 100_000, 0..i64::MAX];
    (time, content(40), content(400), headers).prop_map(|(timestamp, key, value, headers)| Stated {
        timestamp,
        key,
        value,
        headers,
    })
}

/// What may be done to the bytes of a batch.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Number(prop::sample::Index, i32),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let extreme = prop_oneof![Just(i32::MAX), Just(i32::MIN), Just(-1), Just(0), any::<i32>()];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, mask)| Damage::Flip(at, mask)),
        (at(), extreme).prop_map(|(at, number)| Damage::Number(at, number)),
        at().prop_map(Damage::Cut),
        (at(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
    ]
}

fn damaged(bytes: &Bytes, damage: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damage.iter().filter(|_| bytes.len() > 70).collect::<Vec<_>>() {
        let len = bytes.len();
        match damage {
            Damage::Flip(at, mask) => bytes[at.index(len)] ^= mask,
            Damage::Number(at, number) => {
                let at = at.index(len - 4);
                bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
            }
            Damage::Cut(at) => bytes.truncate(at.index(len).max(61)),
            Damage::Insert(at, more) => {
                let at = at.index(len);
                bytes.splice(at..at, more.iter().copied());
            }
        }
    }
    bytes
}

/// Reads a batch in every way there is.
fn exercise(bytes: &Bytes) {
    let cap = 1 << 16;
    let rules = CheckRules { max_decompressed_bytes: cap, ..rules() };
    let admitted = admit(bytes, &rules);
    // The cap of an admission is for what is compressed.
    let read =
        Records::open(bytes, cap.max(bytes.len())).map(|records| records.collect::<Result<Vec<_>, _>>());
    let _ = find_timestamp(bytes, WallTime(T + 1), Offset(1), cap);
    let _ = first_with_max_timestamp(bytes, cap);
    let _ = Batches::new(bytes).count();
    let _ = admitted.as_ref().map_err(|e| (e.code(), e.to_string()));
    if let Ok(batch) = admitted {
        let records = read.expect("what is admitted opens").expect("what is admitted reads");
        assert_eq!(i32::try_from(records.len()), Ok(batch.header().record_count));
        assert!(batch.verify_crc());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300 * long::times(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: what is built is accepted and reads back equal, with every codec.
    #[test]
    fn built_batches_are_accepted_and_read(codec in codec(), records in vec(record(), 1..40)) {
        let rules = CheckRules { timestamps: TimestampRules::Append { now: WallTime(0) }, ..rules() };
        let batch = batch(codec, &records);
        let max = records.iter().map(|r| r.timestamp).max();
        prop_assert_eq!(check(&batch, &rules).map(|c| Some(c.max_timestamp.0)), Ok(max));
        prop_assert_eq!(check(&batch, &rules).map(|c| Some(c.header.max_timestamp.0)), Ok(max));
        prop_assert_eq!(read(&batch), records);
    }

    /// Protects: finding a time agrees with looking at every record.
    #[test]
    fn finding_agrees_with_reading(codec in codec(), records in vec(record(), 1..20), from in 0i64..20, target in T - 100_000..T + 100_000) {
        let batch = batch(codec, &records);
        let slow = records.iter().zip(0i64..).find(|(r, offset)| *offset >= from && r.timestamp >= target);
        let slow = slow.map(|(r, offset)| FoundRecord { offset: Offset(offset), timestamp: WallTime(r.timestamp) });
        prop_assert_eq!(find_timestamp(&batch, WallTime(target), Offset(from), 1 << 22), Ok(slow));
    }

    /// Protects: damaged bytes never panic, never run away, and what is admitted all the same can be read.
    #[test]
    fn damage_never_panics(codec in codec(), records in vec(record(), 1..10), damage in vec(damage(), 1..6), reseal: bool) {
        let bytes = damaged(&batch(codec, &records), &damage);
        exercise(&if reseal { sealed(bytes) } else { Bytes::from(bytes) });
    }

    /// Protects: damage behind the compression, where a CRC never hides it, is met without panic.
    #[test]
    fn damaged_records_never_panic(codec in codec(), records in vec(record(), 1..10), damage in vec(damage(), 1..6)) {
        let count = i32::try_from(records.len()).unwrap();
        let plain = damaged(&batch(Codec::None, &records), &damage);
        exercise(&with_payload(codec, count, &compress(codec, plain.get(61..).unwrap_or_default()).unwrap()));
    }

    /// Protects: rubbish of any kind is refused or read, never more.
    #[test]
    fn rubbish_never_panics(codec in codec(), count in 1i32..9, payload in vec(any::<u8>(), 0..300)) {
        exercise(&with_payload(codec, count, &payload));
        exercise(&Bytes::from(payload));
    }
}
