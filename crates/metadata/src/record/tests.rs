//! Tests of the records' bytes: see also tests/prop_image.rs.

use super::*;
use crate::MetadataImage;
use crate::codec::DecodeError;
use types::MetadataOffset;

fn partition() -> PartitionState {
    let replica = |n| Replica { broker: BrokerId(n), directory: DirectoryId(Uuid([n.to_be_bytes()[3]; 16])) };
    PartitionState {
        replicas: vec![replica(1), replica(2)],
        isr: vec![BrokerId(2)],
        elr: vec![BrokerId(1)],
        leader: Some(BrokerId(2)),
        leader_epoch: LeaderEpoch(7),
        partition_epoch: PartitionEpoch(3),
    }
}

fn registration() -> BrokerRegistration {
    BrokerRegistration {
        broker: BrokerId(1),
        incarnation: Uuid([9; 16]),
        endpoints: vec![Endpoint { listener: "PLAINTEXT".into(), host: "h".into(), port: 9092, security: 0 }],
        rack: Some("r".into()),
        directories: vec![RecoveredDirectory {
            id: DirectoryId(Uuid([3; 16])),
            verdict: DirectoryVerdict::PageCacheUnproved,
        }],
    }
}

fn one_of_each() -> Vec<Record> {
    let id = TopicId(Uuid([5; 16]));
    let broker = BrokerId(1);
    let config = |resource, value| Record::ConfigChanged { resource, key: "retention.ms".into(), value };
    vec![
        Record::ClusterId(Uuid([4; 16])),
        Record::FeatureLevel { name: "metadata.version".into(), level: 30 },
        Record::BrokerRegistered(registration()),
        Record::BrokerFenced { broker, epoch: BrokerEpoch(12) },
        Record::TopicCreated { name: TopicName::new("orders").unwrap(), id },
        Record::PartitionChanged {
            key: LogKey { topic_id: id, partition: types::PartitionId(2) },
            state: partition(),
        },
        config(ConfigResource::Topic(id), Some("1".into())),
        config(ConfigResource::BrokerDefault, None),
        config(ConfigResource::Broker(broker), None),
        config(ConfigResource::Group("g".into()), None),
        Record::ProducerIdBlock { next: ProducerId(2000), broker, epoch: BrokerEpoch(12) },
        Record::TopicDeleted { id },
    ]
}

/// Protects: every kind of record comes back as it went in.
#[test]
fn every_kind_round_trips() {
    let records = one_of_each();
    assert_eq!(decode_records(&encode_records(&records)), Ok(records));
}

/// Protects: cut or grown bytes are refused at every length, without a panic.
#[test]
fn cut_and_grown_bytes_are_refused() {
    let bytes = encode_records(&one_of_each());
    for length in 0..bytes.len() {
        assert!(decode_records(&bytes[..length]).is_err(), "{length}");
    }
    let grown = [&bytes[..], &[0]].concat();
    assert_eq!(decode_records(&grown), Err(DecodeError::LeftOver(1)));
}

/// Protects: a kind or version from a later release is refused by name, never skipped.
#[test]
fn unknown_kinds_and_versions_are_refused() {
    let group = |kind, version| vec![1, 0, 0, 0, 1, 0, 0, 0, 2, kind, version];
    assert_eq!(decode_records(&group(10, 1)), Err(DecodeError::UnknownKind(10)));
    assert_eq!(decode_records(&group(0, 1)), Err(DecodeError::UnknownKind(0)));
    let newer = DecodeError::UnknownVersion { what: "a metadata record", version: 2 };
    assert_eq!(decode_records(&group(1, 2)), Err(newer));
    let newer = DecodeError::UnknownVersion { what: "a group of metadata records", version: 2 };
    assert_eq!(decode_records(&[2, 0, 0, 0, 0]), Err(newer));
}

/// Protects: the bytes of version 1 stay what they are; a change of layout needs a new version.
#[test]
fn version_1_is_fixed() {
    let records = one_of_each();
    let facts = records.split_last().unwrap().1;
    let image = MetadataImage::default().apply(facts, MetadataOffset(12)).unwrap();
    let crc = |bytes: &[u8]| crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes);
    let formats = [encode_records(&records).to_vec(), image.encode()];
    assert_eq!(formats.map(|bytes| (bytes.len(), crc(&bytes))), [(457, 1235765003), (311, 949151609)]);
}
