//! ConsumerGroupHeartbeat as it comes: what it says, and what is wrong with it by itself.

use super::Consumer;
use super::member::Said;
use crate::assign::{Assignment, Assignor, TopicPattern};
use crate::classic::length;
use crate::held::Held;
use crate::request::{Caller, Settings};
use std::collections::BTreeSet;
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, GroupId, InstanceId, MemberId, TopicId, Uuid};
use wire::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;

/// First version whose clients make their ids themselves (KIP-1082).
const OWN_ID_FROM: i16 = 1;

/// What a member takes beside what it says of itself, and a group beside its members. *Units*: bytes.
pub(super) const MEMBER_BYTES: usize = 1024;
pub(super) const GROUP_BYTES: usize = 4096;

/// Why a heartbeat is refused: the code, and a sentence for whoever reads the client's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Refused {
        Refused { code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Refused {
        Refused::new(ErrorCode::InvalidRequest, message)
    }
}

/// A heartbeat. What is missing has not changed since the last one.
#[derive(Clone, Debug)]
pub(crate) struct Heartbeat {
    pub(crate) group: GroupId,
    pub(crate) member: MemberId,
    pub(crate) epoch: GroupEpoch,
    pub(crate) instance: Option<InstanceId>,
    rack: Option<String>,
    rebalance_timeout: Option<Duration>,
    topics: Option<BTreeSet<String>>,
    regex: Option<String>,
    assignor: Option<String>,
    /// What the member reads.
    pub(crate) owned: Option<Assignment>,
    caller: Caller,
}

impl Heartbeat {
    /// Reads a request. `fresh` makes the id of a member whose client does not make one.
    ///
    /// # Errors
    /// What is wrong with it, by itself.
    pub(crate) fn read(
        request: ConsumerGroupHeartbeatRequest,
        caller: Caller,
        fresh: Uuid,
        settings: &Settings,
    ) -> Result<Heartbeat, Refused> {
        check(&request, caller.version)?;
        check_assignor(request.server_assignor.as_deref(), settings)?;
        let member = match request.member_id.as_str() {
            "" => MemberId::from(fresh.to_string().as_str()),
            id => MemberId::from(id),
        };
        let owned = request.topic_partitions.map(|topics| {
            let each = topics.into_iter().map(|topic| (TopicId(topic.topic_id), topic.partitions));
            each.map(|(topic, partitions)| (topic, partitions.into_iter().collect())).collect()
        });
        let heartbeat = Heartbeat {
            group: GroupId::from(request.group_id.as_str()),
            member,
            epoch: GroupEpoch(request.member_epoch),
            instance: request.instance_id.as_deref().map(InstanceId::from),
            rack: request.rack_id,
            rebalance_timeout: Some(request.rebalance_timeout_ms).filter(|ms| *ms != -1).map(length),
            topics: request.subscribed_topic_names.map(|names| names.into_iter().collect()),
            regex: request.subscribed_topic_regex,
            assignor: request.server_assignor,
            owned,
            caller,
        };
        match heartbeat.size() > settings.member_max {
            true => Err(Refused::invalid("The member says more of itself than is kept of one.")),
            false => Ok(heartbeat),
        }
    }

    /// Returns what a client is told whose group is not there, or of another kind.
    pub(crate) fn unknown(&self) -> Refused {
        match &self.instance {
            Some(instance) => unknown_instance(instance),
            None => super::unknown(&self.group, &self.member),
        }
    }

    /// Returns what is kept of what the client says. *Units*: bytes.
    fn size(&self) -> usize {
        let topics: usize = self.topics.iter().flatten().map(String::len).sum();
        let texts =
            [&self.regex, &self.rack, &self.assignor].into_iter().flatten().map(String::len).sum::<usize>();
        topics + texts + self.member.as_str().len() + self.caller.client_id.len()
    }

    /// Returns by how much a group grows, and whether by somebody who was not in it. *Units*: bytes.
    pub(crate) fn growth(&self, group: Option<&Consumer>) -> (usize, bool) {
        let Some(group) = group else { return (GROUP_BYTES + MEMBER_BYTES + self.size(), true) };
        let instance = self.instance.as_ref().and_then(|instance| group.statics.get(instance));
        match group.members.get(&self.member).or_else(|| group.members.get(instance?)) {
            Some(known)
                if self.epoch == GroupEpoch::JOINS || self.topics.is_some() || self.regex.is_some() =>
            {
                (self.said(&known.said).heap().saturating_sub(known.said.heap()), false)
            }
            Some(_) => (0, false),
            None => (MEMBER_BYTES + self.size(), true),
        }
    }

    /// Returns about what it holds while it waits. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.size() + self.topics.heap() + self.owned.heap()
    }

    /// Returns what the member says of itself now, after what it has said before.
    pub(super) fn said(&self, before: &Said) -> Said {
        let regex = match &self.regex {
            Some(regex) => Some(regex.clone()).filter(|regex| !regex.is_empty()),
            None => before.regex.clone(),
        };
        Said {
            instance: self.instance.clone().or_else(|| before.instance.clone()),
            rack: self.rack.clone().or_else(|| before.rack.clone()),
            client_id: self.caller.client_id.clone(),
            client_host: self.caller.host.clone(),
            topics: self.topics.clone().unwrap_or_else(|| before.topics.clone()),
            regex,
            rebalance_timeout: self.rebalance_timeout.unwrap_or(before.rebalance_timeout),
            assignor: self.assignor.clone().or_else(|| before.assignor.clone()),
            classic: None,
        }
    }

    /// Says whether the member says all that there is to say, as it does when it is not sure what was heard.
    pub(super) fn is_full(&self) -> bool {
        self.rebalance_timeout.is_some()
            && (self.topics.is_some() || self.regex.is_some())
            && self.owned.is_some()
    }
}

/// Returns what a static member is told whose instance is not known.
pub(super) fn unknown_instance(instance: &InstanceId) -> Refused {
    Refused::new(ErrorCode::UnknownMemberId, format!("Instance id {instance} is unknown."))
}

/// Checks what can be checked without the group. *Source*: Kafka's GroupCoordinatorService.
fn check(request: &ConsumerGroupHeartbeatRequest, version: i16) -> Result<(), Refused> {
    let epoch = GroupEpoch(request.member_epoch);
    let needs = |is_fine: bool, what: &str| if is_fine { Ok(()) } else { Err(Refused::invalid(what)) };
    let is_text = |text: &Option<String>| text.as_ref().is_none_or(|text| !text.trim().is_empty());
    needs(!request.group_id.trim().is_empty(), "GroupId can't be empty.")?;
    if version >= OWN_ID_FROM || epoch != GroupEpoch::JOINS {
        needs(!request.member_id.trim().is_empty(), "MemberId can't be empty.")?;
    }
    needs(is_text(&request.instance_id), "InstanceId can't be empty.")?;
    needs(is_text(&request.rack_id), "RackId can't be empty.")?;
    if epoch == GroupEpoch::JOINS {
        needs(request.rebalance_timeout_ms != -1, "RebalanceTimeoutMs must be provided in first request.")?;
        let owns_nothing = request.topic_partitions.as_ref().is_some_and(Vec::is_empty);
        needs(owns_nothing, "TopicPartitions must be empty when (re-)joining.")?;
        needs(
            request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some(),
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        )?;
    } else if epoch == GroupEpoch::PAUSES {
        needs(request.instance_id.is_some(), "InstanceId can't be null.")?;
    }
    needs(epoch >= GroupEpoch::PAUSES, "MemberEpoch is invalid.")
}

fn check_assignor(name: Option<&str>, settings: &Settings) -> Result<(), Refused> {
    let Some(name) = name else { return Ok(()) };
    if Assignor::by_name(name).is_some_and(|assignor| settings.assignors.contains(&assignor)) {
        return Ok(());
    }
    let known: Vec<&str> = settings.assignors.iter().map(|assignor| assignor.name()).collect();
    let message =
        format!("ServerAssignor {name} is not supported. Supported assignors: {}.", known.join(", "));
    Err(Refused::new(ErrorCode::UnsupportedAssignor, message))
}

/// Checks a regular expression.
///
/// # Errors
/// `INVALID_REGULAR_EXPRESSION`: it is none, or takes too much to be matched (C20).
pub(super) fn check_regex(regex: &str) -> Result<(), Refused> {
    TopicPattern::new(regex).map(|_| ()).map_err(|fault| {
        let message = format!("SubscribedTopicRegex `{regex}` is not a valid regular expression: {fault}.");
        Refused::new(ErrorCode::InvalidRegularExpression, message)
    })
}
