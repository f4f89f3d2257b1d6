//! The way to the coordinator of a group: which partition of `__consumer_offsets` it is, and what it answers.

use super::k19_create_topics::{create, settle};
use super::{Holds, Refused, admit_answer};
use crate::admission::Admitted;
use crate::context::Context;
use crate::net::connection::Load;
use crate::publish::Published;
use crate::shard::message::{GroupAsk, ShardMessage};
use coordinator::{Answer, Request};
use metadata::controller::CreateTopic;
use metadata::image::{CONSUMER_OFFSETS, TopicImage};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use types::{ErrorCode, LogKey};

/// The offsets topic has to be there within this time.
const CREATE_WAIT: Duration = Duration::from_secs(10);

/// Returns the partition of the offsets topic that a group belongs to. *Source*: Kafka's GroupCoordinatorService: Java's
/// hash of the name, without its sign.
pub(super) fn partition_of(group: &str, topic: &TopicImage) -> Option<LogKey> {
    let hash =
        group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    let count = i32::try_from(topic.partitions().count()).ok().filter(|count| *count > 0)?;
    let index = hash.checked_abs().unwrap_or(0) % count;
    Some(topic.key(types::PartitionId(index)))
}

/// Finds the coordinator's partition of a group.
///
/// # Errors
/// `NOT_COORDINATOR`: there is no offsets topic yet; who looks for the coordinator makes it.
pub(super) fn coordinator_of(published: &Published, group: &str) -> Result<LogKey, ErrorCode> {
    let topic = published.image.topics().by_name(CONSUMER_OFFSETS);
    topic.and_then(|topic| partition_of(group, topic)).ok_or(ErrorCode::NotCoordinator)
}

/// Asks the coordinator of the group that the request is about, for `offsets.commit.timeout.ms` at most.
///
/// # Errors
/// What is wrong with the request; else that no coordinator can say now.
pub(crate) async fn ask(context: &Context, request: Request) -> Result<Answer, ErrorCode> {
    ask_now(context, request).await
}

/// As [`ask`], but the coordinator has been asked when it returns.
pub(super) fn ask_now(
    context: &Context,
    request: Request,
) -> impl Future<Output = Result<Answer, ErrorCode>> + use<> {
    let published = context.published();
    let key = coordinator_of(&published, request.group().unwrap_or(""));
    let within = published.broker.groups.offsets_commit_timeout.duration();
    let answer = key.map(|key| send(context, key, request, None));
    async move {
        // What it writes may be stored all the same. *Source*: Kafka's CoordinatorRuntime, and what it makes of a time-out.
        let answer = tokio::time::timeout(within, answer?).await;
        // A shard that has stopped, or given the partition up, says nothing.
        let answer = answer.map(|answer| answer.unwrap_or(Err(ErrorCode::NotCoordinator)));
        answer.unwrap_or(Err(ErrorCode::CoordinatorNotAvailable))
    }
}

/// Sends a request to the coordinator of a partition.
fn send(
    context: &Context,
    key: LogKey,
    request: Request,
    holds: Option<Holds>,
) -> oneshot::Receiver<Result<Answer, ErrorCode>> {
    let (reply, answer) = oneshot::channel();
    let ask = ShardMessage::Groups(Box::new(GroupAsk { key, request, holds, reply }));
    context.router.send_to_owner(&key, ask);
    answer
}

/// Asks the coordinator of a partition.
///
/// # Errors
/// As [`ask`].
pub(super) async fn ask_at(
    context: &Context,
    key: LogKey,
    request: Request,
    holds: Option<Holds>,
) -> Result<Answer, ErrorCode> {
    send(context, key, request, holds).await.unwrap_or(Err(ErrorCode::NotCoordinator))
}

/// Asks as [`ask`] does, for as long as the client is there: the answer may be minutes away. What the request holds is given
/// back when the coordinator has it.
///
/// # Errors
/// As [`ask`].
pub(super) async fn ask_patiently(
    context: &Context,
    request: Request,
    holds: Holds,
    mut load: watch::Receiver<Load>,
) -> Result<Answer, ErrorCode> {
    let key = coordinator_of(&context.published(), request.group().unwrap_or(""))?;
    tokio::select! {
        biased;
        answer = ask_at(context, key, request, Some(holds)) => answer,
        _ = load.wait_for(Load::has_ended) => Err(ErrorCode::CoordinatorNotAvailable),
    }
}

/// What may be told of an answer whose size only coordinators know.
pub(super) struct Room {
    left: usize,
    /// What all parts take that were asked for.
    needed: usize,
}

impl Room {
    /// Makes one. *Units*: bytes.
    pub(super) fn new(bytes: usize) -> Room {
        Room { left: bytes, needed: 0 }
    }

    /// Asks the coordinator of the group that the question is about. Nothing is told for which there is no room; what it takes
    /// is noted.
    pub(super) async fn ask(
        &mut self,
        context: &Context,
        request: Request,
    ) -> Option<Result<Answer, ErrorCode>> {
        match coordinator_of(&context.published(), request.group().unwrap_or("")) {
            Ok(key) => self.ask_at(context, key, request).await,
            Err(code) => Some(Err(code)),
        }
    }

    /// Asks the coordinator of a partition, as [`Room::ask`] does.
    pub(super) async fn ask_at(
        &mut self,
        context: &Context,
        key: LogKey,
        request: Request,
    ) -> Option<Result<Answer, ErrorCode>> {
        let request = Request::Within { request: Box::new(request), bytes: self.left };
        match ask_at(context, key, request, None).await {
            Ok(Answer::Within { bytes, answer }) => {
                self.needed = self.needed.saturating_add(bytes);
                // Once something has no room, all is asked again: until then only the sizes matter.
                self.left = if answer.is_some() { self.left.saturating_sub(bytes) } else { 0 };
                answer.map(|answer| Ok(*answer))
            }
            other => Some(other),
        }
    }

    /// Ends with the response if all of it was told, else with what it takes.
    pub(super) fn end<R>(self, response: Option<R>) -> Result<R, usize> {
        response.ok_or(self.needed)
    }
}

/// Asks a question about one group whose answer only its coordinator knows the size of: it is admitted before it is built. `known`:
/// what the answer takes beside it. *Units*: bytes.
///
/// # Errors
/// [`Refused::TooLong`]: it would be longer than any may be.
pub(crate) async fn ask_within(
    context: &Context,
    request: Request,
    known: usize,
) -> Result<(Result<Answer, ErrorCode>, Admitted), Refused> {
    let mut more = 0_usize;
    loop {
        let admitted = admit_answer(context, known.saturating_add(more)).await?;
        let mut room = Room::new(more);
        match (room.ask(context, request.clone()).await, room.end(None::<()>)) {
            (Some(answer), _) => return Ok((answer, admitted)),
            // Groups may grow in the meantime.
            (None, Err(needed)) => more = needed.saturating_add(needed / 8),
            (None, Ok(())) => {}
        }
    }
}

/// Makes the offsets topic, if there is none. *Shape*: when it returns without error, there is one.
///
/// # Errors
/// `COORDINATOR_NOT_AVAILABLE`.
pub(super) async fn make_offsets_topic(context: &Context) -> Result<(), ErrorCode> {
    let exists = || context.published().image.topics().by_name(CONSUMER_OFFSETS).is_some();
    if exists() {
        return Ok(());
    }
    let (published, groups) = (context.published(), &context.config.groups);
    let brokers = published.image.brokers().active().count();
    let replicas = brokers.min(groups.offsets_replication_factor as usize).max(1);
    if replicas < groups.offsets_replication_factor as usize {
        let asked = groups.offsets_replication_factor;
        tracing::info!(asked, replicas, "the offsets topic has as many replicas as there are brokers");
    }
    let topic = CreateTopic {
        name: CONSUMER_OFFSETS.to_owned(),
        partitions: i32::try_from(groups.offsets_partitions).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(replicas).unwrap_or(i16::MAX),
        assignments: Vec::new(),
        configs: groups.offsets_topic_settings(),
    };
    create_topic_now(context, topic, CREATE_WAIT).await;
    if exists() { Ok(()) } else { Err(ErrorCode::CoordinatorNotAvailable) }
}

/// Makes a topic for which nobody waits who could be told why it is not, and waits until it is seen.
pub(crate) async fn create_topic_now(context: &Context, topic: CreateTopic, within: Duration) {
    create(context, vec![topic]).await;
    settle(context, within).await;
}
