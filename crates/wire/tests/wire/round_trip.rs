//! Properties that hold for every message: round trip, prefixes, left-over bytes, unknown tags.

use crate::sample::{Gen, Oracle, Sample, Visitor};
use crate::samples;
use bytes::Bytes;
use std::fmt::Debug;
use wire::{DecodeError, EncodeError, Message};

/// Runs one property on random messages of every type and version.
struct Each {
    rounds: u64,
    property: Property,
}

#[derive(Clone, Copy)]
enum Property {
    RoundTrip,
    Prefix,
    LeftOver,
    UnknownTag,
    Version,
}

impl Visitor for Each {
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        for version in M::MIN..=M::MAX {
            for seed in 1..=self.rounds * u64::from(crate::long::times()) {
                let message = M::sample(&mut Gen::random(seed), version);
                match self.property {
                    Property::RoundTrip => round_trip(&message, version),
                    Property::Prefix => prefix(&message, version),
                    Property::LeftOver => left_over(&message, version),
                    Property::UnknownTag => unknown_tag::<M>(version),
                    Property::Version => wrong_version::<M>(),
                }
            }
        }
    }
}

fn round_trip<M: Message + PartialEq + Debug>(message: &M, version: i16) {
    let bytes = message.to_bytes(version).unwrap();
    let again = M::from_bytes(bytes, version).unwrap();
    assert_eq!(again, *message, "{} {version}", M::NAME);
}

fn prefix<M: Message + Debug>(message: &M, version: i16) {
    let bytes = message.to_bytes(version).unwrap();
    for len in 0..bytes.len() {
        let cut = M::from_bytes(bytes.slice(..len), version);
        assert!(cut.is_err(), "{} {version}: {len} of {} bytes", M::NAME, bytes.len());
    }
}

fn left_over<M: Message + PartialEq + Debug>(message: &M, version: i16) {
    let mut bytes = message.to_bytes(version).unwrap().to_vec();
    bytes.push(0);
    assert_eq!(M::from_bytes(bytes.into(), version), Err(DecodeError::LeftOver(1)), "{} {version}", M::NAME);
}

/// A default message ends with the count of its tagged fields, which is zero.
fn unknown_tag<M: Message + PartialEq + Debug>(version: i16) {
    if version < M::FLEXIBLE_FROM {
        return;
    }
    let mut bytes = M::default().to_bytes(version).unwrap().to_vec();
    assert_eq!(bytes.pop(), Some(0));
    bytes.extend([1, 99, 3, 1, 2, 3]);
    assert_eq!(
        M::from_bytes(Bytes::from(bytes), version),
        M::from_bytes(M::default().to_bytes(version).unwrap(), version)
    );
}

fn wrong_version<M: Message + PartialEq + Debug>() {
    for version in [M::MIN - 1, M::MAX + 1, i16::MIN, i16::MAX] {
        let refused = DecodeError::UnsupportedVersion { message: M::NAME, version };
        assert_eq!(M::from_bytes(Bytes::from_static(&[0; 64]), version), Err(refused));
        let refused = EncodeError::UnsupportedVersion { message: M::NAME, version };
        assert_eq!(M::default().to_bytes(version), Err(refused));
    }
}

fn check(property: Property, rounds: u64) {
    samples::visit(&mut Each { rounds, property });
}

/// Protects: what was written is read again, equal, in every version.
#[test]
fn round_trips() {
    check(Property::RoundTrip, 40);
}

/// Protects: no part of a message passes for a whole one.
#[test]
fn prefixes_are_refused() {
    check(Property::Prefix, 3);
}

/// Protects: A8, bytes after the body are an error.
#[test]
fn left_over_bytes_are_refused() {
    check(Property::LeftOver, 3);
}

/// Protects: A7, tags of a newer peer are skipped.
#[test]
fn unknown_tags_are_skipped() {
    check(Property::UnknownTag, 1);
}

/// Protects: A4, no version outside the schema is read or written.
#[test]
fn foreign_versions_are_refused() {
    check(Property::Version, 1);
}

/// Protects: a value that a version cannot carry is an error, unless Kafka drops it silently too.
#[test]
fn fields_of_other_versions() {
    let request = wire::FetchRequest { rack_id: "r1".into(), ..Default::default() };
    assert!(request.to_bytes(10).is_ok(), "the rack is dropped");
    let mut request = wire::FetchRequest::default();
    request.forgotten_topics_data.push(Default::default());
    let refused = EncodeError::UnsupportedField { field: "FetchRequest.forgotten_topics_data", version: 6 };
    assert_eq!(request.to_bytes(6), Err(refused));
    let request = wire::MetadataRequest { topics: None, ..Default::default() };
    let refused = EncodeError::UnexpectedNull { field: "MetadataRequest.topics", version: 0 };
    assert_eq!(request.to_bytes(0), Err(refused));
    assert!(request.to_bytes(1).is_ok());
}
