//! A group of the classic protocol: who its members are, and where its rebalance stands.
//!
//! Membership and rebalances are soft: a member that is forgotten joins again. What survives is the outcome of the last
//! rebalance, which is one record: generation, protocol, leader, members with what they asked for and what they got.
//! *Invariant*: `pending_sync` and `statics` name members; nobody waits for a join but while the group prepares a
//! rebalance, nor for an assignment but while it completes one. *Source*: Kafka 4.3.1, ClassicGroup and
//! GroupMetadataManager; KIP-345, KIP-394, KIP-814. Tests: tests/classic.rs.

mod facts;
mod join;
mod leave;
mod rebalance;
mod sync;

use crate::groups::Turn;
use crate::held::{Counted, Held, text, tree};
use crate::record::GroupRecord;
use crate::request::{Answer, Description, MemberDescription, Token};
use crate::timers::TimerKey;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{ErrorCode, Generation, GroupId, InstanceId, MemberId, WallTime};
use wire::Stored;
use wire::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::group_metadata_value::{GroupMetadataValue, MemberMetadata};

pub(crate) use join::{Join, KNOWN_ID_FROM, REBALANCE_TIMEOUT_FROM, own};

/// The protocol type of consumers; only theirs have subscriptions that can be read.
pub(crate) const CONSUMER: &str = "consumer";

/// What the deadline of a member takes. *Units*: bytes.
pub(crate) const DEADLINE_BYTES: usize = 256;
/// What bytes cost beside what they are. *Units*: bytes.
const BYTES_BLOCK: usize = 40;

/// Where a group stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It has no members.
    Empty,
    /// It waits for its members to join again.
    Preparing,
    /// It waits for the assignment that its leader makes.
    Completing,
    /// Every member has its assignment.
    Stable,
}

impl State {
    /// Returns Kafka's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::Preparing => "PreparingRebalance",
            State::Completing => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}

/// One member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) instance: Option<InstanceId>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) session_timeout: Duration,
    /// What it can do, best first, each with what it says of itself.
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    /// Who waits for the end of the join.
    joining: Option<Token>,
    /// Who waits for the assignment.
    syncing: Option<Token>,
    /// It has not been told its generation yet, so it cannot send heartbeats.
    is_new: bool,
}

impl Held for Member {
    fn heap(&self) -> usize {
        let protocol = |(name, metadata): &(String, Bytes)| {
            size_of::<(String, Bytes)>() + text(name) + metadata.len() + BYTES_BLOCK
        };
        let protocols: usize = self.protocols.iter().map(protocol).sum();
        let texts = text(&self.client_id) + text(&self.client_host) + self.instance.heap();
        protocols + texts + self.assignment.len() + BYTES_BLOCK
    }
}

impl Member {
    /// Returns who waits for its join.
    pub(crate) fn joining(&self) -> Option<Token> {
        self.joining
    }

    /// Returns what it says of itself for a protocol: for the one it likes best, if the group has none yet.
    pub(crate) fn metadata_of(&self, protocol: Option<&str>) -> Bytes {
        let best = self.protocols.first().map(|(name, _)| name.as_str());
        self.metadata(protocol.or(best))
    }

    fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| Some(name.as_str()) == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }
}

/// A group of the classic protocol.
#[derive(Clone, Debug)]
pub(crate) struct Classic {
    id: GroupId,
    state: State,
    /// This rebalance began with no members: it waits for those that come in the same moment.
    is_initial: bool,
    /// Somebody has come since the initial wait began or was made longer.
    has_new_member: bool,
    /// By how much the initial wait may still be made longer.
    initial_left: Duration,
    generation: Generation,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<MemberId>,
    members: Counted<BTreeMap<MemberId, Member>>,
    statics: BTreeMap<InstanceId, MemberId>,
    /// Ids that were given to clients that have not joined with them yet.
    pending: Counted<BTreeMap<MemberId, ()>>,
    /// Members that have not asked for their assignment yet.
    pending_sync: BTreeSet<MemberId>,
    /// Since when it is in its state.
    since: WallTime,
    /// What its consumers subscribe to; nothing if that is not known.
    topics: Option<BTreeSet<String>>,
    /// What they hold. *Units*: bytes.
    topics_bytes: usize,
}

impl Classic {
    /// Makes a group without members.
    pub(crate) fn new(id: GroupId) -> Classic {
        Classic {
            id,
            state: State::Empty,
            is_initial: false,
            has_new_member: false,
            initial_left: Duration::ZERO,
            generation: Generation(0),
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Counted::default(),
            statics: BTreeMap::new(),
            pending: Counted::default(),
            pending_sync: BTreeSet::new(),
            since: WallTime::default(),
            topics: None,
            topics_bytes: 0,
        }
    }

    /// Returns its id.
    pub(crate) fn id(&self) -> &GroupId {
        &self.id
    }

    /// Returns where it stands.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Returns the kind of its members; empty if it never had any.
    pub(crate) fn protocol_type(&self) -> &str {
        self.protocol_type.as_deref().unwrap_or("")
    }

    /// Returns its generation.
    pub(crate) fn generation(&self) -> Generation {
        self.generation
    }

    /// Returns the protocol that its members have agreed on.
    pub(crate) fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Returns its members.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&MemberId, &Member)> {
        self.members.iter()
    }

    /// Says whether nothing of it is worth keeping, but for its record and its offsets.
    pub(crate) fn is_idle(&self) -> bool {
        self.members.is_empty() && self.pending.is_empty()
    }

    /// Says whether it has had a generation: only such a group has a record.
    pub(crate) fn has_record(&self) -> bool {
        self.generation > Generation(0)
    }

    /// Returns since when it is in its state.
    pub(crate) fn since(&self) -> WallTime {
        self.since
    }

    /// Says whether its consumers read a topic. Those of which that cannot be read might.
    pub(crate) fn reads(&self, topic: &str) -> bool {
        match (&self.topics, self.state) {
            (_, State::Empty) => false,
            (Some(topics), _) => topics.contains(topic),
            (None, _) => true,
        }
    }

    /// Returns how long its slowest member may take for a rebalance.
    fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    fn enter(&mut self, state: State, turn: &Turn<'_>) {
        self.state = state;
        self.since = turn.now.wall;
    }

    /// Says whether a request is of a member of this moment.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`; `FENCED_INSTANCE_ID` when another has taken the instance over.
    fn check_member(&self, member: &MemberId, instance: Option<&InstanceId>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if known != member => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Checks a request of a member, its generation too.
    ///
    /// # Errors
    /// As [`Classic::check_member`]; `ILLEGAL_GENERATION`.
    fn check_current(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
        generation: Generation,
    ) -> Result<(), ErrorCode> {
        self.check_member(member, instance)?;
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }

    /// Says whether offsets may be committed (C1, C2).
    ///
    /// # Errors
    /// The code for this member and generation; `REBALANCE_IN_PROGRESS` while it has no assignment.
    pub(crate) fn check_commit(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
        generation: Generation,
    ) -> Result<(), ErrorCode> {
        if generation.0 < 0 && self.state == State::Empty {
            return Ok(());
        }
        if generation.0 < 0 && member.is_empty() && instance.is_none() {
            return if self.state == State::Empty { Ok(()) } else { Err(ErrorCode::UnknownMemberId) };
        }
        self.check_current(member, instance, generation)?;
        if self.state == State::Completing { Err(ErrorCode::RebalanceInProgress) } else { Ok(()) }
    }

    /// Says whether offsets may be committed in a transaction (X17): clients of old name no member, and an assignment is not
    /// waited for.
    ///
    /// # Errors
    /// The code for this member and generation.
    pub(crate) fn check_txn_commit(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
        generation: Generation,
    ) -> Result<(), ErrorCode> {
        let is_nobody = member.is_empty() && instance.is_none();
        if generation.0 < 0 && (self.state == State::Empty || is_nobody) {
            return Ok(());
        }
        self.check_current(member, instance, generation)
    }

    /// A member is alive: its session begins anew.
    pub(crate) fn touch(&self, member: &MemberId, turn: &mut Turn<'_>) {
        if let Some(known) = self.members.get(member) {
            turn.arm(self.session(member), known.session_timeout);
        }
    }

    fn session(&self, member: &MemberId) -> TimerKey {
        TimerKey::Session(self.id.clone(), member.clone())
    }

    fn join_timer(&self) -> TimerKey {
        TimerKey::Join(self.id.clone())
    }

    fn sync_timer(&self) -> TimerKey {
        TimerKey::Sync(self.id.clone())
    }

    /// Answers a heartbeat.
    ///
    /// # Errors
    /// The code for this member and generation; `REBALANCE_IN_PROGRESS` when it has to join again.
    pub(crate) fn heartbeat(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
        generation: Generation,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, ErrorCode> {
        self.check_current(member, instance, generation)?;
        self.touch(member, turn);
        match self.state {
            State::Empty => Err(ErrorCode::UnknownMemberId),
            State::Preparing => Err(ErrorCode::RebalanceInProgress),
            State::Completing | State::Stable => Ok(Answer::Heartbeat),
        }
    }

    /// Makes the record of the outcome of a rebalance, with these assignments.
    fn record(&self, assignments: &BTreeMap<MemberId, Bytes>) -> GroupRecord {
        let protocol = self.protocol.as_deref();
        let members = self.members.iter().map(|(id, member)| MemberMetadata {
            member_id: id.to_string(),
            group_instance_id: member.instance.as_ref().map(InstanceId::to_string),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout: millis(member.rebalance_timeout),
            session_timeout: millis(member.session_timeout),
            subscription: member.metadata(protocol),
            assignment: assignments.get(id).cloned().unwrap_or_default(),
        });
        let value = GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation.0,
            protocol: self.protocol.clone(),
            leader: self.leader.as_ref().map(MemberId::to_string),
            current_state_timestamp: self.since.0,
            members: members.collect(),
        };
        GroupRecord::Group { group: self.id.clone(), value: Some(value) }
    }

    /// Takes over what was committed. Members that are here keep what no record holds: their other protocols, and who waits.
    pub(crate) fn apply(&mut self, value: &GroupMetadataValue) {
        self.generation = Generation(value.generation);
        self.protocol_type = Some(value.protocol_type.clone()).filter(|kind| !kind.is_empty());
        self.protocol = value.protocol.clone();
        self.leader = value.leader.as_deref().map(MemberId::from);
        self.since = WallTime(value.current_state_timestamp);
        let mut before = std::mem::take(&mut self.members);
        for one in &value.members {
            let id = MemberId::from(one.member_id.as_str());
            let known = before.remove(&id).unwrap_or_else(|| restored(one, self.protocol.as_deref()));
            self.members.insert(id, Member { assignment: own(&one.assignment), ..known });
        }
        let statics = self.members.iter().filter_map(|(id, m)| Some((m.instance.clone()?, id.clone())));
        self.statics = statics.collect();
        self.state = if self.members.is_empty() { State::Empty } else { State::Stable };
        self.note_topics();
    }

    /// Reads what the consumers subscribe to out of what they say of themselves.
    fn note_topics(&mut self) {
        let protocol = self.protocol.as_deref();
        let is_consumer = self.protocol_type.as_deref() == Some(CONSUMER) && protocol.is_some();
        let each = self.members.values().map(|member| subscribed(member.metadata(protocol)));
        let all: Option<Vec<Vec<String>>> = if is_consumer { each.collect() } else { None };
        self.set_topics(all.map(|all| all.into_iter().flatten().collect()));
    }

    fn set_topics(&mut self, topics: Option<BTreeSet<String>>) {
        self.topics_bytes = topics.heap();
        self.topics = topics;
    }

    /// Returns what it holds. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.members.bytes() + self.pending.bytes() + self.topics_bytes + self.fixed_bytes()
    }

    /// Returns the same, counted from the beginning.
    pub(crate) fn recount(&self) -> usize {
        self.members.recount() + self.pending.recount() + self.topics.heap() + self.fixed_bytes()
    }

    /// Returns what can be told without looking at each member.
    fn fixed_bytes(&self) -> usize {
        let statics = tree::<InstanceId, MemberId>(self.statics.len());
        let texts = self.protocol_type.heap() + self.protocol.heap();
        let deadlines = DEADLINE_BYTES * (self.members.len() + self.pending.len());
        size_of::<Classic>() + statics + texts + deadlines + tree::<MemberId, ()>(self.pending_sync.len())
    }

    /// Returns by how much a member grows that joins with this. *Units*: bytes.
    pub(crate) fn growth(&self, id: &MemberId, said: &Member) -> usize {
        let known = self.members.get(id).map(|known| known.heap().saturating_sub(known.assignment.len()));
        said.heap().saturating_sub(known.unwrap_or(0))
    }

    /// Returns by how much the group grows when its members get these assignments. *Units*: bytes.
    pub(crate) fn growth_by(&self, assignments: usize) -> usize {
        let now: usize = self.members.values().map(|member| member.assignment.len()).sum();
        assignments.saturating_sub(now)
    }

    /// A coordinator has loaded the group, or it has come from the consumer protocol: its members have their whole session to
    /// show themselves. Without a leader nobody has assigned what they have: they are to join again.
    pub(crate) fn loaded(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.keys() {
            self.touch(member, turn);
            turn.cancel(&TimerKey::Rebalance(self.id.clone(), member.clone()));
        }
        if self.leader.is_none() && !self.members.is_empty() {
            self.rebalance(turn);
        }
    }

    /// Makes the record of a group that comes from the consumer protocol, with what its members hold.
    pub(crate) fn taken_over(
        id: GroupId,
        generation: Generation,
        members: impl Iterator<Item = (MemberId, Member, Bytes)>,
        since: WallTime,
    ) -> GroupRecord {
        let mut group = Classic { generation, since, ..Classic::new(id) };
        group.protocol_type = Some(CONSUMER.to_owned());
        let mut assignments = BTreeMap::new();
        for (id, member, assignment) in members {
            group.members.insert(id.clone(), member);
            assignments.insert(id, assignment);
        }
        group.protocol = group.choose_protocol();
        group.record(&assignments)
    }

    /// The group changes to the consumer protocol: who waits is told to ask again, and all have their whole session for it.
    pub(crate) fn give_way(&mut self, turn: &mut Turn<'_>) {
        self.members.keys().for_each(|member| self.touch(member, turn));
        self.members.change_all(|_, member| {
            let waiting = member.joining.take().into_iter().chain(member.syncing.take());
            waiting.for_each(|token| turn.reply(token, Err(ErrorCode::RebalanceInProgress)));
        });
    }

    /// The group goes, or its coordinator: whoever waits is told.
    pub(crate) fn end(&mut self, code: ErrorCode, turn: &mut Turn<'_>) {
        let group = &self.id;
        self.members.change_all(|id, member| {
            turn.cancel(&TimerKey::Session(group.clone(), id.clone()));
            let waiting = member.joining.take().into_iter().chain(member.syncing.take());
            waiting.for_each(|token| turn.reply(token, Err(code)));
        });
        for id in self.pending.keys() {
            turn.cancel(&TimerKey::Session(self.id.clone(), id.clone()));
        }
        turn.cancel(&self.join_timer());
        turn.cancel(&self.sync_timer());
    }

    /// Describes it as DescribeGroups does: what members say of themselves is told once that is settled, and their last
    /// assignment at any time.
    pub(crate) fn describe(&self) -> Description {
        let settled = self.state == State::Stable;
        let protocol = self.protocol.as_deref().filter(|_| settled);
        let members = self.members.iter().map(|(id, member)| MemberDescription {
            member_id: id.clone(),
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: member.metadata(protocol),
            assignment: member.assignment.clone(),
        });
        Description {
            state: self.state.name(),
            protocol_type: self.protocol_type().to_owned(),
            protocol: protocol.unwrap_or("").to_owned(),
            members: members.collect(),
        }
    }
}

pub(crate) fn millis(length: Duration) -> i32 {
    i32::try_from(length.as_millis()).unwrap_or(i32::MAX)
}

pub(crate) fn length(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Makes a member of what was committed of it.
fn restored(value: &MemberMetadata, protocol: Option<&str>) -> Member {
    Member {
        instance: value.group_instance_id.as_deref().map(InstanceId::from),
        client_id: value.client_id.clone(),
        client_host: value.client_host.clone(),
        // Before version 1 there was none.
        rebalance_timeout: length(value.rebalance_timeout).max(length(value.session_timeout)),
        session_timeout: length(value.session_timeout),
        protocols: protocol.map(|name| (name.to_owned(), own(&value.subscription))).into_iter().collect(),
        ..Member::default()
    }
}

/// Returns the topics of a consumer's subscription, if it can be read.
fn subscribed(metadata: Bytes) -> Option<Vec<String>> {
    ConsumerProtocolSubscription::from_peer(metadata).ok().map(|subscription| subscription.topics)
}
