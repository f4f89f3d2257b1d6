//! A member of the consumer protocol (KIP-848) that reads nothing: it takes and gives back partitions at once.

use super::members::Crowd;
use super::{coordinator, known, refused};
use crate::failure::Failure;
use client::{Cluster, Connection, ConsumerGroupHeartbeatRequest, OwnedPartitions};
use env::Env;
use std::time::Duration;
use tokio::task::JoinSet;
use types::{ErrorCode, Uuid};

/// Pause before what may pass is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// Starts the members, dealt out to so many connections.
pub(super) async fn start(
    crowd: &Crowd,
    first: &Connection,
    (connections, members): (u32, usize),
    cluster: &Cluster,
    tasks: &mut JoinSet<Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut lines = vec![first.clone()];
    while lines.len() < usize::try_from(connections)? {
        lines.push(coordinator(cluster, &crowd.group).await?);
    }
    for (member, line) in (0..members).zip(lines.iter().cycle()) {
        let id = Env::real().random.uuid();
        tasks.spawn(Member { id, epoch: 0, owned: Vec::new(), tell: true }.run(
            crowd.clone(),
            member,
            line.clone(),
        ));
    }
    Ok(())
}

struct Member {
    id: Uuid,
    epoch: i32,
    owned: Vec<OwnedPartitions>,
    /// The coordinator has not heard of what is owned.
    tell: bool,
}

impl Member {
    async fn run(mut self, mut crowd: Crowd, member: usize, line: Connection) -> Result<(), Failure> {
        crowd.turn(member).await;
        loop {
            let answer = line.call(&self.request(&crowd)).await?;
            let pause = match known(answer.error_code) {
                ErrorCode::None => {
                    self.epoch = answer.member_epoch;
                    self.tell = false;
                    if let Some(assignment) = answer.assignment {
                        self.take(assignment.topic_partitions, &crowd, member);
                    }
                    crowd.board().beats += 1;
                    let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or(0);
                    let interval = crowd.beat_every.unwrap_or(Duration::from_millis(interval));
                    if self.tell { Duration::ZERO } else { interval }
                }
                ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId => {
                    (self.epoch, self.owned, self.tell) = (0, Vec::new(), true);
                    let mut board = crowd.board();
                    board.fenced += 1;
                    board.on_lost(member);
                    Duration::ZERO
                }
                code if code.is_retriable() => PAUSE,
                _ => return Err(refused("a heartbeat", answer.error_code)),
            };
            if crowd.pause(pause).await {
                break;
            }
        }
        self.epoch = -1;
        let _best_effort = line.call(&self.request(&crowd)).await;
        Ok(())
    }

    fn take(&mut self, given: Vec<client::AssignedPartitions>, crowd: &Crowd, member: usize) {
        let owned = |topic: client::AssignedPartitions| OwnedPartitions {
            topic_id: topic.topic_id,
            partitions: topic.partitions,
        };
        let given: Vec<OwnedPartitions> = given.into_iter().map(owned).collect();
        self.tell = given != self.owned;
        self.owned = given;
        let count = self.owned.iter().map(|topic| topic.partitions.len()).sum();
        if self.tell || self.owned.is_empty() {
            crowd.board().on_assigned(member, (self.epoch, count), crowd.now());
        }
    }

    fn request(&self, crowd: &Crowd) -> ConsumerGroupHeartbeatRequest {
        let joins = self.epoch == 0;
        ConsumerGroupHeartbeatRequest {
            group_id: crowd.group.clone(),
            member_id: self.id.to_string(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if joins { 60_000 } else { -1 },
            subscribed_topic_names: joins.then(|| vec![crowd.topic.clone()]),
            topic_partitions: self.tell.then(|| self.owned.clone()),
            ..ConsumerGroupHeartbeatRequest::default()
        }
    }
}
