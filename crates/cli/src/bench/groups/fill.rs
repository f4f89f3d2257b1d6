//! Commits on their way over one connection, in the name of groups without members.
//!
//! Each commit of a group says a higher number than the one before, so that the last one acknowledged is what must be there.

use super::{known, refused};
use crate::failure::Failure;
use client::{
    Connection, OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, Pending,
};
use std::collections::VecDeque;
use types::{ErrorCode, Monotonic, Uuid};

/// First version of OffsetCommit that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

/// A topic to commit offsets of.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) id: Uuid,
    /// Partitions of each commit.
    pub(super) partitions: i32,
}

/// A group, and the last number that was acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Committer {
    pub(super) group: String,
    pub(super) acked: i64,
}

/// A commit on its way.
struct OnTheWay {
    pending: Pending<OffsetCommitRequest>,
    committer: usize,
    number: i64,
    meant_for: Monotonic,
}

/// One connection with its groups.
pub(super) struct Lane {
    connection: Connection,
    target: Target,
    pub(super) committers: Vec<Committer>,
    turn: usize,
    rounds: i64,
    line: VecDeque<OnTheWay>,
}

impl Lane {
    pub(super) fn new(connection: Connection, target: Target, groups: Vec<String>) -> Lane {
        let committers = groups.into_iter().map(|group| Committer { group, acked: -1 }).collect();
        Lane { connection, target, committers, turn: 0, rounds: 0, line: VecDeque::new() }
    }

    /// Returns how many commits wait for their answers.
    pub(super) fn in_flight(&self) -> usize {
        self.line.len()
    }

    /// Sends a commit of the next group.
    pub(super) fn put(&mut self, meant_for: Monotonic) -> Result<(), Failure> {
        if self.turn == self.committers.len() {
            (self.turn, self.rounds) = (0, self.rounds + 1);
        }
        let Some(committer) = self.committers.get(self.turn) else { return Ok(()) };
        let (number, by_id) =
            (self.rounds, self.connection.version::<OffsetCommitRequest>()? >= TOPIC_IDS_FROM);
        let partition = |partition_index| OffsetCommitRequestPartition {
            partition_index,
            committed_offset: number,
            committed_leader_epoch: -1,
            ..OffsetCommitRequestPartition::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: if by_id { String::new() } else { self.target.name.clone() },
            topic_id: if by_id { self.target.id } else { Uuid::ZERO },
            partitions: (0..self.target.partitions).map(partition).collect(),
        };
        let request = OffsetCommitRequest {
            group_id: committer.group.clone(),
            generation_id_or_member_epoch: -1,
            topics: vec![topic],
            ..OffsetCommitRequest::default()
        };
        let pending = self.connection.start(&request)?;
        self.line.push_back(OnTheWay { pending, committer: self.turn, number, meant_for });
        self.turn += 1;
        Ok(())
    }

    /// Waits for the next answer, for ever if nothing is on its way; returns when the commit was meant to be sent.
    /// May be dropped and called again.
    pub(super) async fn take(&mut self) -> Result<Monotonic, Failure> {
        let answer = match self.line.front_mut() {
            Some(first) => first.pending.answer().await?,
            None => std::future::pending().await,
        };
        let Some(commit) = self.line.pop_front() else { return Err(Failure::of("an answer to no commit")) };
        let mut codes = answer.topics.iter().flat_map(|topic| &topic.partitions).map(|p| p.error_code);
        if let Some(code) = codes.find(|code| known(*code) != ErrorCode::None) {
            return Err(refused("a commit", code));
        }
        if let Some(committer) = self.committers.get_mut(commit.committer) {
            committer.acked = commit.number;
        }
        Ok(commit.meant_for)
    }
}
