//! Java's bytes and ours: what Kafka 4.3.1 writes is read, what it stores is stored alike.

mod record_support;

use record_support::*;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::*;

/// Protects: every batch that Kafka writes carries a CRC that we find right, and reads as one batch.
#[test]
fn crcs_and_lengths_are_javas() {
    let all = vectors();
    assert_eq!(all.len(), 35);
    for (name, bytes) in all {
        assert!(verify_crc(&bytes), "{name}");
        let batch = Batch::from_wire(&bytes).unwrap();
        assert!(batch.verify_crc(), "{name}");
        assert_eq!(batch.to_bytes(), bytes, "{name}");
    }
}

/// Protects: each codec's records come out as Java put them in.
#[test]
fn java_records_are_read() {
    for codec in Codec::ALL {
        assert_eq!(read(&vector(&format!("{codec}-small"))), small(), "{codec}");
        if codec != Codec::None {
            assert_eq!(read(&vector(&format!("{codec}-large"))), large(), "{codec}");
        }
    }
}

/// Protects: a batch of ours that is not compressed is Java's, byte for byte.
#[test]
fn builder_writes_javas_bytes() {
    assert_eq!(batch(Codec::None, &small()), vector("none-small"));
    let producer = || BatchBuilder::new(Codec::None).producer(ProducerId(42), ProducerEpoch(3), Sequence(7));
    assert_eq!(fill(producer(), &small()).build().unwrap(), vector("idempotent"));
    assert_eq!(fill(producer().transactional(true), &small()).build().unwrap(), vector("transactional"));
    let nothing = [stated(-1, None, None, &[])];
    assert_eq!(batch(Codec::None, &nothing), vector("no-timestamp"));
}

/// Protects: lz4 and snappy of ours have Java's framing (flags, block size, no checksums).
#[test]
fn framing_is_javas() {
    for (codec, framing) in [(Codec::Lz4, 61..68), (Codec::Snappy, 61..77)] {
        let java = vector(&format!("{codec}-large"));
        assert_eq!(batch(codec, &large())[framing.clone()], java[framing], "{codec}");
    }
}

/// Protects: what is stored of a batch is what Kafka stores, for both timestamp types and for a wrong max
/// timestamp, byte for byte.
#[test]
fn stored_bytes_are_kafkas() {
    let create = rules();
    let append = CheckRules { timestamps: TimestampRules::Append { now: WallTime(T + 500) }, ..create };
    for codec in Codec::ALL {
        for (from, rules, to) in [
            ("small", &create, "stored-create"),
            ("small", &append, "stored-append"),
            ("wrong-max", &create, "wrong-max-stored"),
        ] {
            let mut batch = admit(&vector(&format!("{codec}-{from}")), rules).unwrap();
            batch.place(Offset(1000), LeaderEpoch(9));
            assert_eq!(batch.to_bytes(), vector(&format!("{codec}-{to}")), "{codec}-{to}");
        }
    }
}

/// Protects: a batch with append time gives all its records that time.
#[test]
fn append_time_is_read() {
    let times: Vec<_> = read(&vector("append-time")).iter().map(|r| r.timestamp).collect();
    assert_eq!(times, [T + 77; 5]);
}

/// Protects: end markers are Java's in both directions.
#[test]
fn markers_are_javas() {
    for (name, kind) in [("commit", ControlKind::Commit), ("abort", ControlKind::Abort)] {
        let mark = ControlRecord { kind, coordinator_epoch: 11 };
        let bytes = mark.to_batch(ProducerId(42), ProducerEpoch(3), WallTime(T)).unwrap();
        assert_eq!(bytes, vector(name));
        assert!(BatchHeader::parse(&bytes).unwrap().is_control());
        let record = Records::open(&bytes, 1000).unwrap().next().unwrap().unwrap();
        assert_eq!(ControlRecord::decode(&record), Some(mark));
    }
}
