//! What a member is told it may read: shared with the group until whoever answers has memory for it (W-17).

use super::member::{Member, Owned};
use std::sync::Arc;
use wire::consumer_group_heartbeat_response::{Assignment, ConsumerGroupHeartbeatResponse, TopicPartitions};

/// What a topic takes in an answer, beside its partitions. *Units*: bytes.
const TOPIC_BYTES: usize = 128;

/// An answer to ConsumerGroupHeartbeat whose assignment is not written out yet.
#[derive(Clone, PartialEq, Debug)]
pub struct HeartbeatAnswer {
    response: ConsumerGroupHeartbeatResponse,
    /// Whose assignment is told, as it was decided.
    assigned: Option<Arc<Member>>,
}

impl HeartbeatAnswer {
    /// Makes one that tells what a member has, if it is to be told.
    pub(crate) fn new(
        response: ConsumerGroupHeartbeatResponse,
        assigned: Option<Arc<Member>>,
    ) -> HeartbeatAnswer {
        HeartbeatAnswer { response, assigned }
    }

    /// Returns what the assignment takes when it is written out, decoded and encoded. *Units*: bytes.
    pub fn assignment_bytes(&self) -> usize {
        let topics = self.assigned.iter().flat_map(|member| member.has.assigned.values());
        topics.map(|partitions| TOPIC_BYTES + 8 * partitions.len()).sum()
    }

    /// Returns the answer without its assignment.
    pub fn response(&self) -> &ConsumerGroupHeartbeatResponse {
        &self.response
    }

    /// Writes the assignment out.
    pub fn whole(self) -> ConsumerGroupHeartbeatResponse {
        let assignment = self.assigned.map(|member| told(&member.has.assigned));
        ConsumerGroupHeartbeatResponse { assignment, ..self.response }
    }
}

impl From<ConsumerGroupHeartbeatResponse> for HeartbeatAnswer {
    fn from(response: ConsumerGroupHeartbeatResponse) -> HeartbeatAnswer {
        HeartbeatAnswer::new(response, None)
    }
}

fn told(assigned: &Owned) -> Assignment {
    let each = assigned.iter().map(|(topic, partitions)| TopicPartitions {
        topic_id: topic.0,
        partitions: partitions.keys().copied().collect(),
    });
    Assignment { topic_partitions: each.collect() }
}

/// Says whether two hold the same partitions, whatever their epochs.
pub(super) fn are_same(one: &Owned, other: &Owned) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((topic, a), (same, b))| topic == same && a.keys().eq(b.keys()))
}
