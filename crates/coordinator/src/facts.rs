//! A group as it stands at a moment, for whoever asks why it is as it is. *Shape*: plain values, nothing acts on them.

use std::sync::Arc;
use std::time::Duration;
use types::{InstanceId, MemberId, Offset, ProducerId, TopicId, WallTime};

/// Partitions of a group that are written out at most for one who asks.
pub const SHOWN_MAX: usize = 10_000;
/// What one of them takes when it is, with all that is said of it. *Units*: bytes.
pub(crate) const SHOWN_BYTES: usize = 5 << 10;
/// What a member takes then, beside what is held of it.
pub(crate) const MEMBER_BYTES: usize = 4 << 10;
/// What a partition takes in [`Facts`], beside its offset.
pub(crate) const PLACE_BYTES: usize = 32;

/// A group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Which protocol its members speak: `classic` or `consumer`.
    pub protocol: &'static str,
    /// The kind of its members; empty if it never had any.
    pub protocol_type: String,
    /// Kafka's name of its state.
    pub state: &'static str,
    /// Since when it is in its state; of a group of the consumer protocol, when its assignment was made.
    pub since: WallTime,
    /// Number of its last rebalance: generation or epoch.
    pub generation: i32,
    /// Epoch of the assignment that members are on their way to; nothing in a classic group.
    pub target_epoch: Option<i32>,
    /// It waits for more of its first members.
    pub awaits_first: bool,
    /// After which time the rebalance goes on without who is missing.
    pub rebalance_left: Option<Duration>,
    /// Clients that were given an id and have not joined with it yet.
    pub pending: usize,
    /// Its members.
    pub members: Vec<MemberFacts>,
    /// What is committed in its name.
    pub offsets: Vec<GroupOffset>,
    /// What is committed in transactions that are open.
    pub in_transactions: Vec<PendingOffset>,
}

/// A member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberFacts {
    /// Its id.
    pub member: MemberId,
    /// Its instance.
    pub instance: Option<InstanceId>,
    /// What its client calls itself.
    pub client_id: String,
    /// Its address.
    pub host: String,
    /// How long it may be silent.
    pub session_timeout: Duration,
    /// How long it has been silent; nothing while it waits for an answer.
    pub silent: Option<Duration>,
    /// What it owes to the rebalance.
    pub owes: Owes,
    /// For how long it has owed that; nothing if it is as long as the group is in its state.
    pub owes_for: Option<Duration>,
    /// Epoch of the assignment that it has taken over; nothing in a classic group.
    pub epoch: Option<i32>,
    /// Topics that it subscribes to; nothing if that is not known.
    pub topics: Option<Vec<String>>,
    /// Partitions that it was given.
    pub assigned: Vec<(Arc<str>, i32)>,
}

/// What a member owes to the rebalance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owes {
    /// Nothing.
    Nothing,
    /// It has not joined again.
    Join,
    /// It leads, and has not made the assignment.
    Assignment,
    /// It has not asked for its assignment.
    Sync,
    /// It has not given up what it has to give up.
    Revocation,
    /// It has not taken the newest assignment over.
    Epoch,
}

/// A committed offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupOffset {
    /// The topic.
    pub topic: String,
    /// The topic of that name when it was committed; zero if that is not known.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: i32,
    /// The offset of the next record to read.
    pub offset: Offset,
    /// When it was committed.
    pub at: WallTime,
}

/// An offset that was committed in a transaction that is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingOffset {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Whose transaction.
    pub producer: ProducerId,
    /// When it was committed.
    pub since: WallTime,
}
