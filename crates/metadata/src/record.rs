//! Metadata records: the facts from which every image is made.
//!
//! A record states what is now so; it never refers to a position in a list. Records travel in
//! groups that are agreed on together (one entry of the quorum's log). Encoding: record/encoding.rs.
//! Source: the records of KIP-500, KIP-631 and KIP-858, in a form of our own (D-15, D-18).

mod encoding;
#[cfg(test)]
mod tests;

pub(crate) use encoding::{
    decode_name, decode_partition, decode_registration, decode_resource, encode_partition,
    encode_registration, encode_resource,
};
pub use encoding::{decode_records, encode_records};

use types::{
    BrokerEpoch, BrokerId, DirectoryId, LeaderEpoch, LogKey, PartitionEpoch, ProducerId, TopicId, TopicName,
    Uuid,
};

/// One fact of the metadata log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// The cluster has this id. Written once.
    ClusterId(Uuid),
    /// A feature is finalised at this level; 0 removes it.
    FeatureLevel {
        /// Kafka's name of the feature, or one that starts with `highwater.`.
        name: String,
        /// The level.
        level: i16,
    },
    /// A broker has started: a new incarnation, whose broker epoch is the offset of this record.
    BrokerRegistered(BrokerRegistration),
    /// A broker is gone until it registers again.
    BrokerFenced {
        /// The broker.
        broker: BrokerId,
        /// The incarnation that is fenced.
        epoch: BrokerEpoch,
    },
    /// A topic exists; its partitions follow as their own records.
    TopicCreated {
        /// Its name.
        name: TopicName,
        /// Its identity.
        id: TopicId,
    },
    /// A topic is gone, with its partitions and settings.
    TopicDeleted {
        /// Its identity.
        id: TopicId,
    },
    /// A partition has this state now.
    PartitionChanged {
        /// The partition.
        key: LogKey,
        /// Its state.
        state: PartitionState,
    },
    /// A setting has this value now; without a value it is back at its default.
    ConfigChanged {
        /// Whose setting.
        resource: ConfigResource,
        /// Its name.
        key: String,
        /// Its value.
        value: Option<String>,
    },
    /// Producer ids below `next` are handed out.
    ProducerIdBlock {
        /// First id that is still free.
        next: ProducerId,
        /// The broker that got the last block.
        broker: BrokerId,
        /// Its incarnation.
        epoch: BrokerEpoch,
    },
}

/// What a partition's record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionState {
    /// Replicas in order of preference, each with its data directory. *Shape*: not empty, no broker twice.
    pub replicas: Vec<Replica>,
    /// Replicas that count for the high watermark.
    pub isr: Vec<BrokerId>,
    /// Replicas that may lead although they left the ISR (KIP-966).
    pub elr: Vec<BrokerId>,
    /// Who leads, if anyone.
    pub leader: Option<BrokerId>,
    /// Leader epoch as of this record; what is in force may be higher (D-18).
    pub leader_epoch: LeaderEpoch,
    /// Version of this state.
    pub partition_epoch: PartitionEpoch,
}

/// One replica of a partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Replica {
    /// The broker that has it.
    pub broker: BrokerId,
    /// The data directory it is in.
    pub directory: DirectoryId,
}

/// What a broker says of itself when it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerRegistration {
    /// The broker.
    pub broker: BrokerId,
    /// Drawn afresh at each start (W-14).
    pub incarnation: Uuid,
    /// Where clients and other brokers reach it.
    pub endpoints: Vec<Endpoint>,
    /// Its failure domain.
    pub rack: Option<String>,
    /// Its data directories and how each came up. *Shape*: not empty.
    pub directories: Vec<RecoveredDirectory>,
}

/// One address of a broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Name of the listener, such as `PLAINTEXT`.
    pub listener: String,
    /// Host as clients are told it.
    pub host: String,
    /// Port as clients are told it.
    pub port: u16,
    /// Security protocol as Kafka numbers it (0 = PLAINTEXT, 1 = SSL, 2 = SASL_PLAINTEXT, 3 = SASL_SSL).
    pub security: i16,
}

/// A data directory as it was found at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecoveredDirectory {
    /// Its identity.
    pub id: DirectoryId,
    /// How far its content can be believed.
    pub verdict: DirectoryVerdict,
}

/// How far the content of a data directory can be believed after recovery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum DirectoryVerdict {
    /// Everything acknowledged is there.
    Verified = 1,
    /// Something acknowledged is missing or unreadable.
    Damaged = 2,
    /// All is there except what page-cache topics may have lost in a power cut.
    PageCacheUnproved = 3,
}

/// Whose settings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ConfigResource {
    /// A topic's.
    Topic(TopicId),
    /// All brokers' that have no value of their own.
    BrokerDefault,
    /// One broker's.
    Broker(BrokerId),
    /// A group's.
    Group(String),
}
