//! What a coordinator can be asked, what it answers, and what it asks of its shell.

use crate::assign::{Assignment, Assignor};
use crate::consumer::HeartbeatAnswer;
use crate::facts::Facts;
use crate::note::Note;
use crate::record::GroupRecord;
use crate::txn::Producer;
use bytes::Bytes;
use std::time::Duration;
use types::{
    ErrorCode, Generation, GroupEpoch, GroupId, InstanceId, MemberId, Offset, ProducerId, TopicId, Uuid,
    WallTime,
};
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use wire::join_group_request::JoinGroupRequest;
use wire::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use wire::sync_group_request::SyncGroupRequest;
use wire::sync_group_response::SyncGroupResponse;

/// Names whoever waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Token(pub u64);

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// What the client calls itself.
    pub client_id: String,
    /// Its address, as Kafka writes it.
    pub host: String,
    /// The version of its request.
    pub version: i16,
}

/// The numbers that rule groups.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
    pub session_timeout: std::ops::RangeInclusive<Duration>,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`.
    pub max_size: usize,
    /// `offset.metadata.max.bytes`. *Units*: bytes.
    pub metadata_max: usize,
    /// What one member may say of itself. *Units*: bytes.
    pub member_max: usize,
    /// `offsets.retention.minutes`; without it offsets do not expire by age.
    pub retention: Option<Duration>,
    /// `offsets.retention.check.interval.ms`.
    pub retention_check: Duration,
    /// What one batch of records may take in the log. *Units*: bytes.
    pub batch_max: usize,
    /// What one operation may write; larger ones are refused. *Units*: bytes.
    pub operation_max: usize,
    /// What all groups that share a budget may hold together. *Units*: bytes.
    pub memory_max: usize,
    /// `group.consumer.max.size`.
    pub consumer_max_size: usize,
    /// `group.consumer.assignors`; the first is that of members that do not name one.
    pub assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`.
    pub migration: Migration,
}

/// Which way a group may change its protocol while it has members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Migration {
    /// From classic to consumer.
    pub upgrade: bool,
    /// From consumer to classic.
    pub downgrade: bool,
}

/// The times that rule one group of the consumer protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConsumerTimes {
    /// `consumer.session.timeout.ms`.
    pub session_timeout: Duration,
    /// `consumer.heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `consumer.assignment.interval.ms`: target assignments are no closer together.
    pub assignment_interval: Duration,
}

/// What topics there are, and what is set for a group, at the moment of a decision.
pub trait Topics {
    /// Returns the id of the topic that has this name now.
    fn id_of(&self, name: &str) -> Option<TopicId>;

    /// Returns the name of a topic.
    fn name_of(&self, id: TopicId) -> Option<&str>;

    /// Returns how many partitions a topic has.
    fn partitions(&self, id: TopicId) -> Option<i32>;

    /// Returns the names of all topics that a regular expression may mean.
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// Returns how many these are, or more.
    fn count(&self) -> usize;

    /// Returns a number that is another one when something of this has changed.
    fn version(&self) -> u64;

    /// Returns the times of a group.
    fn times(&self, group: &str) -> ConsumerTimes;
}

/// What a coordinator can be asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// JoinGroup.
    Join {
        /// As it came.
        request: JoinGroupRequest,
        /// Whose it is.
        caller: Caller,
        /// Random; for the id of a new member.
        fresh: Uuid,
    },
    /// SyncGroup.
    Sync(SyncGroupRequest),
    /// Heartbeat.
    Heartbeat {
        /// Which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// Its instance.
        instance: Option<InstanceId>,
        /// The generation that it knows.
        generation: Generation,
    },
    /// LeaveGroup.
    Leave {
        /// Which group.
        group: GroupId,
        /// Who.
        members: Vec<(MemberId, Option<InstanceId>)>,
    },
    /// OffsetCommit.
    Commit(Commit),
    /// TxnOffsetCommit.
    TxnCommit(TxnCommit),
    /// OffsetFetch of one group.
    FetchOffsets {
        /// Which group.
        group: GroupId,
        /// Which partitions; all that there are if none are named.
        partitions: Option<Vec<(String, i32)>>,
        /// The member of the consumer protocol that asks.
        member: Option<MemberId>,
        /// Its epoch; -1 if it does not say it.
        epoch: GroupEpoch,
        /// What is in a transaction that is open is not told.
        require_stable: bool,
    },
    /// ConsumerGroupHeartbeat.
    ConsumerHeartbeat {
        /// As it came.
        request: ConsumerGroupHeartbeatRequest,
        /// Whose it is.
        caller: Caller,
        /// Random; for the id of a new member.
        fresh: Uuid,
    },
    /// ConsumerGroupDescribe of one group.
    ConsumerDescribe(GroupId),
    /// DescribeGroups of one group.
    Describe(GroupId),
    /// How a group stands, and what it has committed.
    Explain(GroupId),
    /// Who the members of a generation are, for the one that leads it: what JoinGroup tells it beside [`Answer::Leads`].
    Members {
        /// Which group.
        group: GroupId,
        /// Who leads.
        member: MemberId,
        /// Which generation.
        generation: Generation,
    },
    /// ListGroups.
    List,
    /// A question, to be answered only if the answer takes no more than that.
    Within {
        /// One that is only looked at.
        request: Box<Request>,
        /// *Units*: bytes.
        bytes: usize,
    },
    /// DeleteGroups of one group.
    Delete(GroupId),
    /// OffsetDelete.
    DeleteOffsets {
        /// Which group.
        group: GroupId,
        /// Which partitions.
        partitions: Vec<(String, i32)>,
        /// Whose it is.
        caller: Caller,
    },
    /// Topics were deleted, or replaced by namesakes: their offsets go.
    ForgetTopics,
    /// An empty group goes with all its offsets, because there are too many; one that was used since it was chosen stays.
    Evict {
        /// Which group.
        group: GroupId,
        /// Since when it was idle when it was chosen.
        since: WallTime,
    },
}

/// OffsetCommit of one group.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Which group.
    pub group: GroupId,
    /// Who; nobody if empty.
    pub member: MemberId,
    /// Its instance.
    pub instance: Option<InstanceId>,
    /// The generation that it knows; -1 without one.
    pub generation: Generation,
    /// Whether the client knows `GROUP_ID_NOT_FOUND` (version 9).
    pub knows_not_found: bool,
    /// Whose it is.
    pub caller: Caller,
    /// What is committed.
    pub offsets: Vec<CommitOffset>,
}

/// In whose transaction records are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InTxn {
    /// The producer.
    pub producer: Producer,
    /// With what guard the transaction was verified, if it was; it means nothing here.
    pub guard: Option<u64>,
}

/// TxnOffsetCommit of one group.
#[derive(Clone, Debug)]
pub struct TxnCommit {
    /// What is committed, and by whom; a client that names no member speaks for none.
    pub commit: Commit,
    /// In whose transaction.
    pub txn: InTxn,
}

/// What the log of groups holds.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all are records")]
pub enum Logged {
    /// A record.
    Record {
        /// It.
        record: GroupRecord,
        /// When it was written.
        at: WallTime,
        /// In whose transaction, if in one.
        txn: Option<ProducerId>,
    },
    /// The end of a producer's transaction.
    Ended {
        /// Whose.
        producer: ProducerId,
        /// How.
        commit: bool,
    },
}

/// One committed offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitOffset {
    /// The topic.
    pub topic: String,
    /// The topic of that name at this moment.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: i32,
    /// The offset of the next record to read.
    pub offset: Offset,
    /// The leader epoch of the record before it; -1 if it is not known.
    pub leader_epoch: i32,
    /// What the client wants to keep with it.
    pub metadata: String,
}

/// What a coordinator answers when nothing is wrong with the request as a whole.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// To JoinGroup.
    Join(JoinGroupResponse),
    /// To JoinGroup of the member that leads: who the others are is asked for by [`Request::Members`].
    Leads(JoinGroupResponse),
    /// Who the members are.
    Members(Vec<JoinGroupResponseMember>),
    /// To a question within a number of bytes: what the answer takes at most, and the answer if that is no more.
    Within {
        /// *Units*: bytes.
        bytes: usize,
        /// The answer.
        answer: Option<Box<Answer>>,
    },
    /// To SyncGroup.
    Sync(SyncGroupResponse),
    /// To Heartbeat.
    Heartbeat,
    /// To LeaveGroup: the code of each member.
    Leave(Vec<ErrorCode>),
    /// To OffsetCommit, TxnOffsetCommit and OffsetDelete: the code of each partition.
    Partitions(Vec<ErrorCode>),
    /// To OffsetFetch.
    Offsets(Vec<FetchedOffset>),
    /// To DescribeGroups.
    Description(Description),
    /// To `Explain`.
    Facts(Box<Facts>),
    /// To ListGroups.
    Groups(Vec<Listed>),
    /// To ConsumerGroupHeartbeat, a refusal too: it has a text.
    ConsumerHeartbeat(HeartbeatAnswer),
    /// To ConsumerGroupDescribe.
    ConsumerDescription(ConsumerDescription),
    /// To a description of a group of the other protocol.
    OtherProtocol,
    /// It is done.
    Done,
}

/// An offset as OffsetFetch answers it; -1 if there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FetchedOffset {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: Offset,
    /// The leader epoch that was committed with it.
    pub leader_epoch: i32,
    /// What the client has kept with it.
    pub metadata: String,
    /// It is not told, since it is in a transaction that is open.
    pub is_unstable: bool,
}

/// A group as DescribeGroups shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// Kafka's name of its state.
    pub state: &'static str,
    /// The kind of its members.
    pub protocol_type: String,
    /// The protocol that they have agreed on.
    pub protocol: String,
    /// Its members.
    pub members: Vec<MemberDescription>,
}

/// A member as DescribeGroups shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberDescription {
    /// Its id.
    pub member_id: MemberId,
    /// Its instance.
    pub instance: Option<InstanceId>,
    /// What its client calls itself.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// What it says of itself.
    pub metadata: Bytes,
    /// What it was given.
    pub assignment: Bytes,
}

/// A group as ListGroups shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its id.
    pub group: GroupId,
    /// The kind of its members.
    pub protocol_type: String,
    /// Kafka's name of its state.
    pub state: &'static str,
    /// `classic` or `consumer`.
    pub kind: &'static str,
}

/// A group as ConsumerGroupDescribe shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerDescription {
    /// Kafka's name of its state.
    pub state: &'static str,
    /// Its version.
    pub epoch: GroupEpoch,
    /// The version that its target assignment was made for.
    pub assignment_epoch: GroupEpoch,
    /// Who makes it.
    pub assignor: &'static str,
    /// Its members.
    pub members: Vec<ConsumerMemberDescription>,
}

/// A member as ConsumerGroupDescribe shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerMemberDescription {
    /// Its id.
    pub member_id: MemberId,
    /// Its instance.
    pub instance: Option<InstanceId>,
    /// Where it stands.
    pub rack: Option<String>,
    /// The version of the target assignment that it has taken over.
    pub epoch: GroupEpoch,
    /// What its client calls itself.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// The topics that it names.
    pub topics: Vec<String>,
    /// Its regular expression.
    pub regex: Option<String>,
    /// What it may read.
    pub assigned: Assignment,
    /// What it is to have.
    pub target: Assignment,
    /// It speaks the classic protocol.
    pub is_classic: bool,
}

/// Reason offsets go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// They are older than `offsets.retention.minutes`.
    Retention,
    /// The group has had neither members nor offsets for a day.
    Unused,
    /// There are more than `highwater.offsets.max`.
    Cap,
    /// Their topic is gone.
    Topic,
    /// Somebody has asked for it.
    Asked,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Reason; 5] =
        [Reason::Retention, Reason::Unused, Reason::Cap, Reason::Topic, Reason::Asked];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Retention => "retention",
            Reason::Unused => "unused",
            Reason::Cap => "cap",
            Reason::Topic => "topic",
            Reason::Asked => "asked",
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Something was refused because groups hold what they may.
    Refused,
    /// Offsets were committed.
    Committed(u64),
    /// Groups have a new generation with its assignment, or a new epoch.
    Rebalanced {
        /// Whether they are of the classic protocol.
        classic: bool,
        /// How many.
        count: u64,
    },
    /// A member was not heard of for its session.
    SessionExpired,
    /// Offsets have gone, and groups.
    Gone {
        /// For which reason.
        reason: Reason,
        /// Offsets.
        offsets: u64,
        /// Groups as a whole.
        groups: u64,
    },
}

/// What a coordinator asks of its shell.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Answer a request.
    Reply {
        /// Whose.
        token: Token,
        /// With what.
        answer: Result<Answer, ErrorCode>,
    },
    /// Append these records as one batch; [`crate::Groups::written`] tells its end.
    Append {
        /// The records.
        records: Vec<GroupRecord>,
        /// Notes of them, which may be lost.
        notes: Vec<Note>,
        /// In whose transaction, if in one.
        txn: Option<InTxn>,
    },
    /// Write notes of offsets whose transaction has ended; they may be lost. Their records are in the log already.
    Note(Vec<GroupRecord>, Vec<Note>),
    /// Something goes by itself: to be told before.
    Expires {
        /// Of which group.
        group: GroupId,
        /// How many offsets.
        offsets: u64,
        /// Whether the group goes with them.
        whole: bool,
        /// For which reason.
        reason: Reason,
    },
    /// Something that is counted has happened.
    Happened(Event),
}

impl Request {
    /// Says whether it is decided on the offsets that are committed: none may be on their way when it is.
    pub(crate) fn is_about_offsets(&self) -> bool {
        match self {
            Request::Delete(_)
            | Request::DeleteOffsets { .. }
            | Request::ForgetTopics
            | Request::Evict { .. } => true,
            Request::Join { .. }
            | Request::Sync(_)
            | Request::Heartbeat { .. }
            | Request::Leave { .. }
            | Request::Commit(_)
            | Request::TxnCommit(_)
            | Request::FetchOffsets { .. }
            | Request::Describe(_)
            | Request::Explain(_)
            | Request::ConsumerHeartbeat { .. }
            | Request::ConsumerDescribe(_)
            | Request::Members { .. }
            | Request::Within { .. }
            | Request::List => false,
        }
    }

    /// Returns the group that it is about, if it is about one.
    pub fn group(&self) -> Option<&str> {
        match self {
            Request::Join { request, .. } => Some(&request.group_id),
            Request::Sync(request) => Some(&request.group_id),
            Request::ConsumerHeartbeat { request, .. } => Some(&request.group_id),
            Request::Commit(commit) | Request::TxnCommit(TxnCommit { commit, .. }) => {
                Some(commit.group.as_str())
            }
            Request::Heartbeat { group, .. }
            | Request::Leave { group, .. }
            | Request::FetchOffsets { group, .. }
            | Request::Describe(group)
            | Request::Explain(group)
            | Request::ConsumerDescribe(group)
            | Request::Delete(group)
            | Request::Members { group, .. }
            | Request::Evict { group, .. }
            | Request::DeleteOffsets { group, .. } => Some(group.as_str()),
            Request::Within { request, .. } => request.group(),
            Request::List | Request::ForgetTopics => None,
        }
    }
}
