//! Formats with two bytes in front.

use crate::golden::bytes_of;
use bytes::Bytes;
use types::Uuid;
use wire::consumer_protocol_subscription::TopicPartition;
use wire::transaction_log_value::PartitionsSchema;
use wire::{
    ConsumerGroupMemberMetadataValue, ConsumerGroupRegularExpressionKey, ConsumerProtocolSubscription,
    DecodeError, EncodeError, GroupMetadataKey, Message, OffsetCommitKey, OffsetCommitValue, Stored,
    TransactionLogValue,
};

/// Protects: the two bytes in front of a key are the type of its record, and no other key takes them.
#[test]
fn keys_begin_with_the_type_of_the_record() {
    let key = GroupMetadataKey { group: "g".into() };
    let bytes = key.to_stored(2).unwrap();
    assert_eq!(bytes, [0, 2, 0, 1, b'g'][..]);
    assert_eq!(GroupMetadataKey::from_stored(bytes.clone()), Ok((key, 2)));
    let refused = DecodeError::UnsupportedVersion { message: "OffsetCommitKey", version: 2 };
    assert_eq!(OffsetCommitKey::from_stored(bytes), Err(refused));
    assert_eq!((OffsetCommitKey::MIN, OffsetCommitKey::MAX), (0, 1));
    assert_eq!((ConsumerGroupRegularExpressionKey::MIN, ConsumerGroupRegularExpressionKey::MAX), (16, 16));
}

/// Protects: a record that is damaged or of an unknown version is an error, never a shorter record.
#[test]
fn broken_records_are_refused() {
    let value = OffsetCommitValue { offset: 7, metadata: "m".into(), ..Default::default() };
    let bytes = value.to_stored(4).unwrap();
    assert_eq!(OffsetCommitValue::from_stored(bytes.clone()), Ok((value.clone(), 4)));
    for len in 0..bytes.len() {
        assert!(OffsetCommitValue::from_stored(bytes.slice(..len)).is_err(), "{len} bytes");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(OffsetCommitValue::from_stored(longer.into()), Err(DecodeError::LeftOver(1)));
    let newer = [&[0, 5], &bytes[2..]].concat();
    let refused = DecodeError::UnsupportedVersion { message: "OffsetCommitValue", version: 5 };
    assert_eq!(OffsetCommitValue::from_stored(newer.into()), Err(refused));
    let refused = EncodeError::UnsupportedVersion { message: "OffsetCommitValue", version: 5 };
    assert_eq!(value.to_stored(5), Err(refused));
}

/// Protects: what a newer or careless consumer sends is read as Kafka's consumers read it.
#[test]
fn newer_peers_are_understood() {
    let owned = TopicPartition { topic: "t".into(), partitions: vec![3] };
    let sent = ConsumerProtocolSubscription {
        topics: vec!["t".into()],
        owned_partitions: vec![owned],
        generation_id: 5,
        rack_id: Some("r".into()),
        ..Default::default()
    };
    let bytes = sent.to_stored(3).unwrap();
    let newer = [&[0, 9], &bytes[2..], &[1, 2, 3]].concat();
    assert_eq!(ConsumerProtocolSubscription::from_peer(newer.into()), Ok(sent));
    for hostile in [&[][..], &[0], &[0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 0x7f, 0xff, 0xff, 0xff]] {
        assert!(ConsumerProtocolSubscription::from_peer(Bytes::copy_from_slice(hostile)).is_err());
    }
}

/// Protects: a member of the new protocol is stored as Kafka stores it: what it has not of the classic protocol is a
/// tagged null, which is not the same as a tag that is not there.
#[test]
fn a_tagged_null_is_written() {
    let member = ConsumerGroupMemberMetadataValue { classic_member_metadata: None, ..Default::default() };
    let bytes = member.to_stored(0).unwrap();
    assert_eq!(bytes, bytes_of("0000010101010101ffffffff0101000100"));
    assert_eq!(ConsumerGroupMemberMetadataValue::from_stored(bytes), Ok((member, 0)));
    let default = ConsumerGroupMemberMetadataValue::default();
    assert!(default.classic_member_metadata.is_some());
}

/// Protects: the topic's id in a transaction's record is a tag that Kafka reads past (golden/wire/README.md, `own`); in
/// version 0, which has no tags, it is left out.
#[test]
fn the_topic_id_of_a_transaction_is_a_tag_of_ours() {
    let topic = |topic_id| {
        let (topic, partition_ids) = ("t".to_owned(), vec![3]);
        PartitionsSchema { topic, partition_ids, topic_id }
    };
    let value = |topics: Vec<PartitionsSchema>| TransactionLogValue {
        transaction_partitions: Some(topics),
        transaction_status: 1,
        ..Default::default()
    };
    let (with, without) = (value(vec![topic(Uuid([7; 16]))]), value(vec![topic(Uuid::ZERO)]));
    let bytes = with.to_stored(1).unwrap();
    assert_eq!(TransactionLogValue::from_stored(bytes.clone()), Ok((with.clone(), 1)));
    // One tag: 10000 as a varint, 16 bytes.
    let tag = [&[1, 0x90, 0x4e, 16][..], &[7; 16]].concat();
    assert!(bytes.windows(tag.len()).any(|window| window == tag), "{bytes:?}");
    assert!(!without.to_stored(1).unwrap().windows(2).any(|window| window == [0x90, 0x4e]));
    assert_eq!(TransactionLogValue::from_stored(with.to_stored(0).unwrap()), Ok((without, 0)));
}
