//! Bytes of the quorum's log: entries, votes, positions, memberships. Each starts with a version byte.
//!
//! Entry: version, term (8), index (8), kind (0 blank, 1 records, 2 membership), body. Vote: version,
//! term, voter (4 + 16), whether it was granted by a quorum. Position: term, index.

use super::raft::{
    Entry, LogId, Membership, Payload, RecordGroup, StoredMembership, Vote, Voter, VoterAddress, log_id,
};
use crate::codec::{DecodeError, Decoder, Encoder};
use bytes::Bytes;
use openraft::vote::leader_id_std::LeaderId;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const VERSION: u8 = 1;

const BLANK: u8 = 0;
const RECORDS: u8 = 1;
const MEMBERSHIP: u8 = 2;

pub(super) fn check_version(what: &'static str, from: &mut Decoder<'_>) -> Result<(), DecodeError> {
    match from.u8()? {
        VERSION => Ok(()),
        version => Err(DecodeError::UnknownVersion { what, version }),
    }
}

pub(super) fn encode_entry(entry: &Entry) -> Bytes {
    let mut out = Encoder::default();
    out.u8(VERSION);
    encode_log_id(&mut out, entry.log_id);
    match &entry.payload {
        Payload::Blank => out.u8(BLANK),
        Payload::Normal(group) => {
            out.u8(RECORDS);
            out.block(&group.0);
        }
        Payload::Membership(membership) => {
            out.u8(MEMBERSHIP);
            encode_membership(&mut out, membership);
        }
    }
    out.into_bytes().into()
}

pub(super) fn decode_entry(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let mut from = Decoder::new(bytes);
    check_version("an entry of the metadata log", &mut from)?;
    let log_id = decode_log_id(&mut from)?;
    let payload = match from.u8()? {
        BLANK => Payload::Blank,
        RECORDS => Payload::Normal(RecordGroup(Bytes::copy_from_slice(from.block()?))),
        MEMBERSHIP => Payload::Membership(decode_membership(&mut from)?),
        kind => return Err(DecodeError::UnknownKind(kind)),
    };
    from.end()?;
    Ok(Entry { log_id, payload })
}

pub(super) fn encode_log_id(out: &mut Encoder, log_id: LogId) {
    out.u64(log_id.leader_id.term);
    out.u64(log_id.index);
}

pub(super) fn decode_log_id(from: &mut Decoder<'_>) -> Result<LogId, DecodeError> {
    Ok(log_id(from.u64()?, from.u64()?))
}

pub(super) fn encode_vote(out: &mut Encoder, vote: &Vote) {
    out.u64(vote.leader_id.term);
    encode_voter(out, vote.leader_id.voted_for);
    out.bool(vote.committed);
}

pub(super) fn decode_vote(from: &mut Decoder<'_>) -> Result<Vote, DecodeError> {
    let leader_id = LeaderId { term: from.u64()?, voted_for: decode_voter(from)? };
    Ok(Vote { leader_id, committed: from.bool()? })
}

fn encode_voter(out: &mut Encoder, voter: Voter) {
    out.i32(voter.node.0);
    out.uuid(voter.directory.0);
}

fn decode_voter(from: &mut Decoder<'_>) -> Result<Voter, DecodeError> {
    Ok(Voter { node: from.broker_id()?, directory: from.directory_id()? })
}

fn encode_membership(out: &mut Encoder, membership: &Membership) {
    out.list(membership.get_joint_config(), |out, voters| {
        out.count(voters.len());
        voters.iter().for_each(|voter| encode_voter(out, *voter));
    });
    let nodes: Vec<(&Voter, &VoterAddress)> = membership.nodes().collect();
    out.list(&nodes, |out, (voter, address)| {
        encode_voter(out, **voter);
        out.text(&address.host);
        out.u16(address.port);
    });
}

fn decode_membership(from: &mut Decoder<'_>) -> Result<Membership, DecodeError> {
    let configs: Vec<BTreeSet<Voter>> =
        from.list(|from| Ok(from.list(decode_voter)?.into_iter().collect()))?;
    let nodes: BTreeMap<Voter, VoterAddress> = from
        .list(|from| Ok((decode_voter(from)?, VoterAddress { host: from.text()?, port: from.u16()? })))?
        .into_iter()
        .collect();
    if configs.is_empty() && nodes.is_empty() {
        return Ok(Membership::default());
    }
    Membership::new(configs, nodes).map_err(|_| DecodeError::BadValue("membership"))
}

pub(super) fn encode_stored_membership(out: &mut Encoder, stored: &StoredMembership) {
    out.optional(stored.log_id().as_ref(), |out, log_id| encode_log_id(out, *log_id));
    encode_membership(out, stored.membership());
}

pub(super) fn decode_stored_membership(from: &mut Decoder<'_>) -> Result<StoredMembership, DecodeError> {
    let log_id = from.optional(decode_log_id)?;
    Ok(StoredMembership::new(log_id, decode_membership(from)?))
}
