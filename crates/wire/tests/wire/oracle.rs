//! Differential test against the crate `kafka-protocol`, for the versions that both know.

use crate::sample::{Gen, Oracle, Sample, Visitor};
use crate::samples;
use std::fmt::Debug;
use wire::Message;

const ROUNDS: u64 = 25;

struct Compare {
    same: usize,
    unknown: Vec<(&'static str, i16)>,
}

impl Visitor for Compare {
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        for version in (M::MIN..=M::MAX).filter(|_| M::Oracle::EXISTS) {
            for seed in 1..=ROUNDS * u64::from(crate::long::times()) {
                let message = M::sample(&mut Gen::random(seed), version);
                let ours = message.to_bytes(version).unwrap();
                let Some(theirs) = M::Oracle::again(ours.clone(), version) else {
                    self.unknown.push((M::NAME, version));
                    break;
                };
                assert_eq!(theirs, Ok(ours), "{} {version} seed {seed}: {message:?}", M::NAME);
                self.same += 1;
            }
        }
    }
}

/// Protects: an independent codec reads what we write and writes the same bytes again.
#[test]
fn another_codec_agrees() {
    let mut compare = Compare { same: 0, unknown: Vec::new() };
    samples::visit(&mut compare);
    assert!(compare.same > 9500, "{} bodies compared", compare.same);
    let newer = [
        ("ListOffsetsRequest", 11),
        ("ListOffsetsResponse", 11),
        ("OffsetCommitRequest", 10),
        ("OffsetFetchRequest", 10),
        ("InitProducerIdRequest", 6),
        ("WriteTxnMarkersRequest", 2),
        ("WriteTxnMarkersResponse", 2),
        ("DescribeLogDirsRequest", 5),
        ("DescribeLogDirsResponse", 5),
    ];
    assert_eq!(compare.unknown, newer);
}
