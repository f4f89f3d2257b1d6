//! Bytes of metadata records.
//!
//! A group of records: version (1 byte, now 1), count (4), then per record its length (4), kind (1),
//! version of the kind (1) and body. Unknown kinds, unknown versions and bytes left over are
//! refused, never skipped: a node that does not understand a fact must not act on the others.

use super::{
    BrokerRegistration, ConfigResource, DirectoryVerdict, Endpoint, PartitionState, Record,
    RecoveredDirectory, Replica,
};
use crate::codec::{DecodeError, Decoder, Encoder};
use bytes::Bytes;
use types::{BrokerEpoch, LeaderEpoch, LogKey, PartitionEpoch, PartitionId, ProducerId, TopicName};

const GROUP_VERSION: u8 = 1;
const KIND_VERSION: u8 = 1;

const CLUSTER_ID: u8 = 1;
const FEATURE_LEVEL: u8 = 2;
const BROKER_REGISTERED: u8 = 3;
const BROKER_FENCED: u8 = 4;
const TOPIC_CREATED: u8 = 5;
const TOPIC_DELETED: u8 = 6;
const PARTITION_CHANGED: u8 = 7;
const CONFIG_CHANGED: u8 = 8;
const PRODUCER_ID_BLOCK: u8 = 9;

/// Encodes records that are agreed on together.
pub fn encode_records(records: &[Record]) -> Bytes {
    let mut out = Encoder::default();
    out.u8(GROUP_VERSION);
    out.list(records, |out, record| {
        let mut one = Encoder::default();
        encode_record(&mut one, record);
        out.block(&one.into_bytes());
    });
    out.into_bytes().into()
}

/// Decodes what [`encode_records`] made.
///
/// # Errors
/// Truncated or left-over bytes, unknown kinds and versions, illegal values.
pub fn decode_records(bytes: &[u8]) -> Result<Vec<Record>, DecodeError> {
    let mut from = Decoder::new(bytes);
    expect_version("a group of metadata records", from.u8()?, GROUP_VERSION)?;
    let records = from.list(|from| {
        let mut one = Decoder::new(from.block()?);
        let record = decode_record(&mut one)?;
        one.end()?;
        Ok(record)
    })?;
    from.end()?;
    Ok(records)
}

fn expect_version(what: &'static str, version: u8, known: u8) -> Result<(), DecodeError> {
    if version == known { Ok(()) } else { Err(DecodeError::UnknownVersion { what, version }) }
}

fn head(out: &mut Encoder, kind: u8) {
    out.u8(kind);
    out.u8(KIND_VERSION);
}

fn encode_record(out: &mut Encoder, record: &Record) {
    match record {
        Record::ClusterId(id) => {
            head(out, CLUSTER_ID);
            out.uuid(*id);
        }
        Record::FeatureLevel { name, level } => {
            head(out, FEATURE_LEVEL);
            out.text(name);
            out.i16(*level);
        }
        Record::BrokerRegistered(registration) => {
            head(out, BROKER_REGISTERED);
            encode_registration(out, registration);
        }
        Record::BrokerFenced { broker, epoch } => {
            head(out, BROKER_FENCED);
            out.i32(broker.0);
            out.i64(epoch.0);
        }
        Record::TopicCreated { name, id } => {
            head(out, TOPIC_CREATED);
            out.text(name.as_str());
            out.uuid(id.0);
        }
        Record::TopicDeleted { id } => {
            head(out, TOPIC_DELETED);
            out.uuid(id.0);
        }
        Record::PartitionChanged { key, state } => {
            head(out, PARTITION_CHANGED);
            out.uuid(key.topic_id.0);
            out.i32(key.partition.0);
            encode_partition(out, state);
        }
        Record::ConfigChanged { resource, key, value } => {
            head(out, CONFIG_CHANGED);
            encode_resource(out, resource);
            out.text(key);
            out.optional(value.as_ref(), |out, value| out.text(value));
        }
        Record::ProducerIdBlock { next, broker, epoch } => {
            head(out, PRODUCER_ID_BLOCK);
            out.i64(next.0);
            out.i32(broker.0);
            out.i64(epoch.0);
        }
    }
}

fn decode_record(from: &mut Decoder<'_>) -> Result<Record, DecodeError> {
    let kind = from.u8()?;
    if !(CLUSTER_ID..=PRODUCER_ID_BLOCK).contains(&kind) {
        return Err(DecodeError::UnknownKind(kind));
    }
    expect_version("a metadata record", from.u8()?, KIND_VERSION)?;
    match kind {
        CLUSTER_ID => Ok(Record::ClusterId(from.uuid()?)),
        FEATURE_LEVEL => Ok(Record::FeatureLevel { name: from.text()?, level: from.i16()? }),
        BROKER_REGISTERED => Ok(Record::BrokerRegistered(decode_registration(from)?)),
        BROKER_FENCED => {
            Ok(Record::BrokerFenced { broker: from.broker_id()?, epoch: BrokerEpoch(from.i64()?) })
        }
        TOPIC_CREATED => Ok(Record::TopicCreated { name: decode_name(from)?, id: from.topic_id()? }),
        TOPIC_DELETED => Ok(Record::TopicDeleted { id: from.topic_id()? }),
        PARTITION_CHANGED => {
            let key = LogKey { topic_id: from.topic_id()?, partition: PartitionId(from.i32()?) };
            Ok(Record::PartitionChanged { key, state: decode_partition(from)? })
        }
        CONFIG_CHANGED => Ok(Record::ConfigChanged {
            resource: decode_resource(from)?,
            key: from.text()?,
            value: from.optional(Decoder::text)?,
        }),
        PRODUCER_ID_BLOCK => Ok(Record::ProducerIdBlock {
            next: ProducerId(from.i64()?),
            broker: from.broker_id()?,
            epoch: BrokerEpoch(from.i64()?),
        }),
        _ => Err(DecodeError::UnknownKind(kind)),
    }
}

pub(crate) fn decode_name(from: &mut Decoder<'_>) -> Result<TopicName, DecodeError> {
    TopicName::new(&from.text()?).map_err(|_| DecodeError::BadValue("topic name"))
}

pub(crate) fn encode_partition(out: &mut Encoder, state: &PartitionState) {
    out.list(&state.replicas, |out, replica| {
        out.i32(replica.broker.0);
        out.uuid(replica.directory.0);
    });
    out.brokers(&state.isr);
    out.brokers(&state.elr);
    out.optional(state.leader.as_ref(), |out, leader| out.i32(leader.0));
    out.i32(state.leader_epoch.0);
    out.i32(state.partition_epoch.0);
}

pub(crate) fn decode_partition(from: &mut Decoder<'_>) -> Result<PartitionState, DecodeError> {
    Ok(PartitionState {
        replicas: from
            .list(|from| Ok(Replica { broker: from.broker_id()?, directory: from.directory_id()? }))?,
        isr: from.brokers()?,
        elr: from.brokers()?,
        leader: from.optional(Decoder::broker_id)?,
        leader_epoch: LeaderEpoch(from.i32()?),
        partition_epoch: PartitionEpoch(from.i32()?),
    })
}

pub(crate) fn encode_resource(out: &mut Encoder, resource: &ConfigResource) {
    match resource {
        ConfigResource::Topic(id) => {
            out.u8(1);
            out.uuid(id.0);
        }
        ConfigResource::BrokerDefault => out.u8(2),
        ConfigResource::Broker(id) => {
            out.u8(3);
            out.i32(id.0);
        }
        ConfigResource::Group(name) => {
            out.u8(4);
            out.text(name);
        }
    }
}

pub(crate) fn decode_resource(from: &mut Decoder<'_>) -> Result<ConfigResource, DecodeError> {
    match from.u8()? {
        1 => Ok(ConfigResource::Topic(from.topic_id()?)),
        2 => Ok(ConfigResource::BrokerDefault),
        3 => Ok(ConfigResource::Broker(from.broker_id()?)),
        4 => Ok(ConfigResource::Group(from.text()?)),
        _ => Err(DecodeError::BadValue("config resource")),
    }
}

pub(crate) fn encode_registration(out: &mut Encoder, registration: &BrokerRegistration) {
    out.i32(registration.broker.0);
    out.uuid(registration.incarnation);
    out.list(&registration.endpoints, |out, endpoint| {
        out.text(&endpoint.listener);
        out.text(&endpoint.host);
        out.u16(endpoint.port);
        out.i16(endpoint.security);
    });
    out.optional(registration.rack.as_ref(), |out, rack| out.text(rack));
    out.list(&registration.directories, |out, directory| {
        out.uuid(directory.id.0);
        out.u8(directory.verdict as u8);
    });
}

pub(crate) fn decode_registration(from: &mut Decoder<'_>) -> Result<BrokerRegistration, DecodeError> {
    Ok(BrokerRegistration {
        broker: from.broker_id()?,
        incarnation: from.uuid()?,
        endpoints: from.list(decode_endpoint)?,
        rack: from.optional(Decoder::text)?,
        directories: from.list(|from| {
            Ok(RecoveredDirectory { id: from.directory_id()?, verdict: decode_verdict(from.u8()?)? })
        })?,
    })
}

fn decode_endpoint(from: &mut Decoder<'_>) -> Result<Endpoint, DecodeError> {
    Ok(Endpoint { listener: from.text()?, host: from.text()?, port: from.u16()?, security: from.i16()? })
}

fn decode_verdict(number: u8) -> Result<DirectoryVerdict, DecodeError> {
    match number {
        1 => Ok(DirectoryVerdict::Verified),
        2 => Ok(DirectoryVerdict::Damaged),
        3 => Ok(DirectoryVerdict::PageCacheUnproved),
        _ => Err(DecodeError::BadValue("directory verdict")),
    }
}
