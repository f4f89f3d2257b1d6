//! The way to the coordinator of a transactional id: which partition of `__transaction_state` it is, and what it answers.

use super::Call;
use super::groups::{create_topic_now, partition_of};
use super::topics::{self, TopicRef};
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::ShardMessage;
use crate::shard::transactions::{TxnAsk, TxnLook, TxnQuestion, TxnTold};
use coordinator::txn::{Connection, Producer, TxnAnswer, TxnClient, TxnPartitions, TxnRequest, TxnTopic};
use metadata::controller::CreateTopic;
use metadata::image::{TRANSACTION_STATE, TopicImage};
use std::time::Duration;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, ProducerEpoch, ProducerId};

/// The topic of states has to be there within this time.
const CREATE_WAIT: Duration = Duration::from_secs(10);

/// Finds the coordinator's partition of a transactional id.
///
/// # Errors
/// `NOT_COORDINATOR`: there is no topic of states yet; who looks for the coordinator makes it.
pub(super) fn coordinator_of(published: &Published, id: &str) -> Result<LogKey, ErrorCode> {
    let topic = published.image.topics().by_name(TRANSACTION_STATE);
    topic.and_then(|topic| partition_of(id, topic)).ok_or(ErrorCode::NotCoordinator)
}

/// Lists the partitions whose coordinators are here.
pub(crate) fn led(published: &Published) -> Vec<LogKey> {
    let topic = published.image.topics().by_name(TRANSACTION_STATE);
    topic.map(|topic| topic.partitions().map(|(id, _)| topic.key(id)).collect()).unwrap_or_default()
}

/// Returns a producer as the wire names it.
pub(super) fn producer(id: i64, epoch: i16) -> Producer {
    Producer { id: ProducerId(id), epoch: ProducerEpoch(epoch) }
}

/// Notes who sends a call.
pub(super) fn client(call: &Call) -> TxnClient {
    TxnClient::new(call.header.client_id.as_deref().unwrap_or_default(), &format!("/{}", call.peer.host()))
}

/// Asks the coordinator of a transactional id; where it needs a producer id that nobody has, one is drawn.
///
/// # Errors
/// What is wrong with the request; else that no coordinator can say now.
pub(super) async fn ask(
    context: &Context,
    id: &str,
    request: TxnRequest,
    connection: Option<Connection>,
) -> Result<TxnAnswer, ErrorCode> {
    let again = request.may_need_id().then(|| request.clone());
    match (ask_once(context, id, request, connection).await?, again) {
        (TxnAnswer::NeedsId, Some(again)) => {
            let drawn = super::k22_init_producer_id::draw(context).await?;
            ask_once(context, id, with_fresh(again, drawn), connection).await
        }
        (answer, _) => Ok(answer),
    }
}

fn with_fresh(request: TxnRequest, drawn: ProducerId) -> TxnRequest {
    let fresh = Some(drawn);
    match request {
        TxnRequest::Init { timeout, expected, client, .. } => {
            TxnRequest::Init { timeout, expected, fresh, client }
        }
        TxnRequest::End { producer, commit, protocol, .. } => {
            TxnRequest::End { producer, commit, protocol, fresh }
        }
        request => request,
    }
}

async fn ask_once(
    context: &Context,
    id: &str,
    request: TxnRequest,
    connection: Option<Connection>,
) -> Result<TxnAnswer, ErrorCode> {
    let key = coordinator_of(&context.published(), id)?;
    let (reply, answer) = oneshot::channel();
    let ask = TxnAsk { key, id: id.to_owned(), request, connection, reply };
    context.router.send_to_owner(&key, ShardMessage::TxnAsk(Box::new(ask)));
    // A shard that has stopped, or given the partition up, says nothing.
    answer.await.unwrap_or(Err(ErrorCode::NotCoordinator))
}

/// Looks at what the coordinator of a partition knows.
///
/// # Errors
/// No coordinator can say now.
pub(crate) async fn look(
    context: &Context,
    key: LogKey,
    question: TxnQuestion,
    room: usize,
) -> Result<TxnTold, ErrorCode> {
    let (reply, answer) = oneshot::channel();
    context.router.send_to_owner(&key, ShardMessage::TxnLook(TxnLook { key, question, room, reply }));
    answer.await.unwrap_or(Err(ErrorCode::NotCoordinator))
}

/// Returns a topic as transactions name it.
pub(super) fn txn_topic(topic: &TopicImage) -> TxnTopic {
    TxnTopic { name: (&topic.name).into(), id: topic.id }
}

/// Finds a partition that is to be part of a transaction.
///
/// # Errors
/// `UNKNOWN_TOPIC_OR_PARTITION`.
pub(super) fn partition(published: &Published, topic: &str, index: i32) -> Result<TxnTopic, ErrorCode> {
    let topic = topics::topic(published, TopicRef::Name(topic))?;
    topics::partition(topic, index).map(|_| txn_topic(topic))
}

/// Returns the partition of one topic as a transaction lists it.
pub(super) fn only(topic: TxnTopic, index: i32) -> TxnPartitions {
    TxnPartitions::from([(topic, [index].into())])
}

/// Makes the topic of states, if there is none. *Shape*: when it returns without error, there is one.
///
/// # Errors
/// `COORDINATOR_NOT_AVAILABLE`.
pub(super) async fn make_state_topic(context: &Context) -> Result<(), ErrorCode> {
    let exists = || context.published().image.topics().by_name(TRANSACTION_STATE).is_some();
    if exists() {
        return Ok(());
    }
    let (published, config) = (context.published(), &context.config.transactions);
    let brokers = u32::try_from(published.image.brokers().active().count()).unwrap_or(u32::MAX).max(1);
    let replicas = brokers.min(config.replication_factor);
    if replicas < config.replication_factor {
        let asked = config.replication_factor;
        tracing::info!(
            asked,
            replicas,
            "the topic of transactions has as many replicas as there are brokers"
        );
    }
    let topic = CreateTopic {
        name: TRANSACTION_STATE.to_owned(),
        partitions: i32::try_from(config.partitions).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(replicas).unwrap_or(i16::MAX),
        assignments: Vec::new(),
        configs: config.topic_settings(brokers),
    };
    create_topic_now(context, topic, CREATE_WAIT).await;
    if exists() { Ok(()) } else { Err(ErrorCode::CoordinatorNotAvailable) }
}
