//! The types that openraft is filled with.

use crate::{Record, encode_records};
use bytes::Bytes;
use openraft::rt::deterministic_rng::DeterministicRng;
use openraft::vote::leader_id_std;
use std::fmt;
use types::{BrokerId, DirectoryId, MetadataOffset};

/// A voter: a node with one certain data directory. The node with another directory is another voter,
/// because it does not remember its votes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Voter {
    /// The node.
    pub node: BrokerId,
    /// The directory that holds its log and votes.
    pub directory: DirectoryId,
}

impl fmt::Display for Voter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in directory {}", self.node, self.directory)
    }
}

/// Where a voter is reached by the others.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VoterAddress {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Records that are agreed on together, encoded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RecordGroup(pub(super) Bytes);

impl RecordGroup {
    pub(super) fn new(records: &[Record]) -> RecordGroup {
        RecordGroup(encode_records(records))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for RecordGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of records", self.0.len())
    }
}

impl fmt::Debug for RecordGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// tokio, with random numbers that follow from a seed.
#[allow(deprecated)]
pub(super) type Runtime = DeterministicRng<openraft::impls::TokioRuntime>;

openraft::declare_raft_types!(
    /// One leader per term, so that a term can be shown as the controller epoch.
    pub(crate) QuorumTypes:
        D = RecordGroup,
        R = MetadataOffset,
        NodeId = Voter,
        Node = VoterAddress,
        Term = u64,
        LeaderId = leader_id_std::LeaderId<u64, Voter>,
        AsyncRuntime = Runtime,
);

pub(super) type Entry = openraft::type_config::alias::EntryOf<QuorumTypes>;
pub(super) type LogId = openraft::type_config::alias::LogIdOf<QuorumTypes>;
pub(super) type Vote = openraft::type_config::alias::VoteOf<QuorumTypes>;
pub(super) type Payload = openraft::type_config::alias::PayloadOf<QuorumTypes>;
pub(super) type Membership = openraft::Membership<Voter, VoterAddress>;
pub(super) type StoredMembership = openraft::type_config::alias::StoredMembershipOf<QuorumTypes>;
pub(super) type SnapshotMeta = openraft::type_config::alias::SnapshotMetaOf<QuorumTypes>;
pub(super) type Snapshot = openraft::type_config::alias::SnapshotOf<QuorumTypes, Bytes>;

/// Makes a log id.
pub(super) fn log_id(term: u64, index: u64) -> LogId {
    LogId { leader_id: leader_id_std::CommittedLeaderId::new(term), index }
}

#[cfg(test)]
impl From<u64> for Voter {
    fn from(number: u64) -> Voter {
        let node = BrokerId(i32::try_from(number).unwrap());
        Voter { node, directory: DirectoryId::default() }
    }
}
