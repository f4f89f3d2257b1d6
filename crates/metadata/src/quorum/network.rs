//! The network of a quorum of one: there is nobody to reach.

use super::raft::{QuorumTypes, Snapshot, Vote, Voter, VoterAddress};
use bytes::Bytes;
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};

/// No other voter can be reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPeers;

/// Every message to another voter fails with this.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("voter {0} cannot be reached: this node is a quorum of one")]
struct NobodyThere(Voter);

/// A voter that cannot be reached.
pub(crate) struct Peer(Voter);

impl Peer {
    fn unreachable(&self) -> Unreachable<QuorumTypes> {
        Unreachable::new(&NobodyThere(self.0))
    }
}

impl RaftNetworkFactory<QuorumTypes> for NoPeers {
    type Network = Peer;

    async fn new_client(&mut self, target: Voter, _: &VoterAddress) -> Peer {
        Peer(target)
    }
}

impl RaftNetworkV2<QuorumTypes> for Peer {
    type SnapshotData = Bytes;

    async fn append_entries(
        &mut self,
        _: AppendEntriesRequest<QuorumTypes>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<QuorumTypes>, RPCError<QuorumTypes>> {
        Err(RPCError::Unreachable(self.unreachable()))
    }

    async fn vote(
        &mut self,
        _: VoteRequest<QuorumTypes>,
        _: RPCOption,
    ) -> Result<VoteResponse<QuorumTypes>, RPCError<QuorumTypes>> {
        Err(RPCError::Unreachable(self.unreachable()))
    }

    async fn pre_vote(
        &mut self,
        _: VoteRequest<QuorumTypes>,
        _: RPCOption,
    ) -> Result<VoteResponse<QuorumTypes>, RPCError<QuorumTypes>> {
        Err(RPCError::Unreachable(self.unreachable()))
    }

    async fn full_snapshot(
        &mut self,
        _: Vote,
        _: Snapshot,
        _: impl Future<Output = ReplicationClosed> + Send + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<QuorumTypes>, StreamingError<QuorumTypes>> {
        Err(StreamingError::Unreachable(self.unreachable()))
    }
}
