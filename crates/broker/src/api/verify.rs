//! The transactions of what is produced, and of offsets that are committed in one: each first batch in a partition is part of one
//! that is open, or it is not stored (X2, X3).
//!
//! The partition hands out a guard, the coordinator is asked, and the batch is appended with the guard, which every mark of the
//! producer makes void. From Produce 12 on the partition becomes part of the transaction by that (KIP-890); before it has to be
//! one; so with offsets from TxnOffsetCommit 5 on. What follows in the same write-ahead log waits only until the coordinator's
//! record has its place there; for a page-cache log it is committed first.
//! Source: `ReplicaManager.maybeSendPartitionsToTransactionCoordinator` of Kafka 4.3.1.
//! Tests: tests/wire/transactions.rs.

use super::Refused;
use super::transactions::{ask, txn_topic};
use crate::context::Context;
use crate::publish::Published;
use crate::shard::message::ShardMessage;
use crate::shard::txns::{self, BeginVerification, Begun, EndVerification};
use coordinator::txn::{Connection, Order, Producer, Protocol, TxnAnswer, TxnPartitions, TxnRequest};
use partition::VerificationGuard;
use std::collections::BTreeMap;
use tokio::sync::oneshot;
use types::{ErrorCode, LogKey, Sequence, TopicId};

/// First version of Produce that adds the partition itself.
const ADDS_FROM: i16 = 12;
/// First version of Produce that knows TRANSACTION_ABORTABLE.
const ABORTABLE_FROM: i16 = 11;
/// Why a batch is refused whose partition is no part of the transaction, in Kafka's words.
const NOT_ADDED: &str = "Partition was not added to the transaction";

/// A transactional batch.
#[derive(Clone, Copy)]
pub(super) struct Unverified {
    /// Its place in the request.
    pub(super) index: usize,
    /// Where it goes.
    pub(super) key: LogKey,
    /// Whether that is the write-ahead log.
    pub(super) is_in_wal: bool,
    /// Whose it is.
    pub(super) producer: Producer,
    /// Its first sequence; what a coordinator writes has none.
    pub(super) first: Sequence,
}

/// What the version of a request knows. *Source*: Kafka's `TransactionSupportedOperation`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Knows {
    /// Neither.
    Nothing,
    /// TRANSACTION_ABORTABLE.
    Abortable,
    /// That too, and what is written adds its partition to the transaction.
    Adding,
}

impl Knows {
    /// Returns what a version of Produce knows.
    pub(super) fn of_produce(version: i16) -> Knows {
        match version {
            ADDS_FROM.. => Knows::Adding,
            ABORTABLE_FROM.. => Knows::Abortable,
            _ => Knows::Nothing,
        }
    }
}

/// With what guard a batch is appended, or what is answered instead.
pub(super) type Verified = Result<Option<VerificationGuard>, (ErrorCode, Option<String>)>;

/// Who asks for one request.
pub(super) struct Asks<'a> {
    pub(super) context: &'a Context,
    pub(super) published: &'a Published,
    /// The transactional id that it names.
    pub(super) id: &'a str,
    pub(super) knows: Knows,
    pub(super) connection: Connection,
}

/// Batches of one producer whose coordinator is asked.
type Asked = Vec<(Unverified, VerificationGuard)>;

impl Asks<'_> {
    /// Verifies batches; says for each what is to be done.
    ///
    /// # Errors
    /// The producer has come by a later connection.
    pub(super) async fn verify(&self, batches: Vec<Unverified>) -> Result<Vec<(usize, Verified)>, Refused> {
        let mut verified = Vec::with_capacity(batches.len());
        let mut asked: BTreeMap<Producer, Asked> = BTreeMap::new();
        for (batch, begun) in self.begin(batches).await {
            match begun {
                Begun::Open => verified.push((batch.index, Ok(None))),
                Begun::Refused(code) => verified.push((batch.index, Err((code, None)))),
                Begun::Late => return Err(Refused::Late),
                Begun::Ask(guard) => {
                    asked.entry(batch.producer).or_default().push((batch, guard));
                }
            }
        }
        for (producer, batches) in asked {
            let began = self.context.env.clock.now().mono;
            let answer = self.ask(producer, &batches).await;
            let took = self.context.env.clock.now().mono.since(began);
            let refused = answer.iter().filter(|code| **code != ErrorCode::None).count();
            self.context.probes.txns.verified(took, refused);
            self.end_refused(&batches, &answer);
            let each = batches.iter().zip(answer);
            verified.extend(each.map(|((batch, guard), code)| (batch.index, self.outcome(*guard, code))));
        }
        Ok(verified)
    }

    /// Asks the partitions for guards.
    async fn begin(&self, mut batches: Vec<Unverified>) -> Vec<(Unverified, Begun)> {
        let connection = (self.knows < Knows::Adding).then_some(self.connection.0);
        let router = &self.context.router;
        let hand_over = |batches: &[Unverified]| {
            let part = |batch: &Unverified| txns::Unverified {
                key: batch.key,
                producer_id: batch.producer.id,
                producer_epoch: batch.producer.epoch,
                first: batch.first,
                connection,
            };
            let (reply, answers) = oneshot::channel();
            let shard = router.shard_of(&batches[0].key);
            let parts = batches.iter().map(part).collect();
            router.send(shard, ShardMessage::BeginVerification(BeginVerification { parts, reply }));
            (batches.len(), answers)
        };
        batches.sort_by_key(|batch| router.shard_of(&batch.key));
        let of_one_shard =
            |one: &Unverified, next: &Unverified| router.shard_of(&one.key) == router.shard_of(&next.key);
        let waiting: Vec<_> = batches.chunk_by(of_one_shard).map(hand_over).collect();
        let mut begun = Vec::with_capacity(batches.len());
        for (count, answers) in waiting {
            let gone = || vec![Begun::Refused(ErrorCode::NotLeaderOrFollower); count];
            begun.extend(answers.await.unwrap_or_else(|_| gone()));
        }
        batches.into_iter().zip(begun).collect()
    }

    /// Asks the coordinator; returns the code for each batch.
    async fn ask(&self, producer: Producer, batches: &Asked) -> Vec<ErrorCode> {
        let mut partitions = TxnPartitions::new();
        for (batch, _) in batches {
            // A topic that is gone by now has no shard that takes its batch.
            if let Some(topic) = self.published.image.topics().by_id(batch.key.topic_id) {
                partitions.entry(txn_topic(topic)).or_default().insert(batch.key.partition.0);
            }
        }
        let mut named: Vec<(TopicId, i32)> = Vec::new();
        let is_in_wal = batches.iter().all(|(batch, _)| batch.is_in_wal);
        let request = if self.knows >= Knows::Adding {
            let order = if is_in_wal { Order::OneLog } else { Order::Across };
            TxnRequest::Add { producer, partitions, protocol: Protocol::V2, order }
        } else {
            let each = partitions.iter();
            named.extend(each.flat_map(|(topic, all)| all.iter().map(|p| (topic.id, *p))));
            TxnRequest::Verify { producer, partitions }
        };
        match ask(self.context, self.id, request, None).await {
            Ok(TxnAnswer::Done) => vec![ErrorCode::None; batches.len()],
            Ok(TxnAnswer::Partitions(codes)) => {
                let codes: BTreeMap<_, _> = named.into_iter().zip(codes).collect();
                let code = |key: LogKey| codes.get(&(key.topic_id, key.partition.0)).copied();
                let of =
                    |(batch, _): &(Unverified, _)| code(batch.key).unwrap_or(ErrorCode::UnknownServerError);
                batches.iter().map(of).collect()
            }
            Ok(_) => vec![ErrorCode::UnknownServerError; batches.len()],
            Err(code) => vec![code; batches.len()],
        }
    }

    /// Gives back the guards of batches that are not appended.
    fn end_refused(&self, batches: &Asked, codes: &[ErrorCode]) {
        let refused = batches.iter().zip(codes).filter(|(_, code)| **code != ErrorCode::None);
        for ((batch, guard), _) in refused {
            let ended = EndVerification(vec![(batch.key, batch.producer.id, *guard)]);
            self.context.router.send_to_owner(&batch.key, ShardMessage::EndVerification(ended));
        }
    }

    /// Says what a request makes of the coordinator's code. *Source*: ReplicaManager.appendRecords.
    fn outcome(&self, guard: VerificationGuard, code: ErrorCode) -> Verified {
        let cannot = || {
            let name = code.name();
            Some(format!(
                "Unable to verify the partition has been added to the transaction. Underlying error: {name}"
            ))
        };
        match code {
            ErrorCode::None => Ok(Some(guard)),
            ErrorCode::TransactionAbortable if self.knows < Knows::Abortable => {
                Err((ErrorCode::InvalidTxnState, Some(NOT_ADDED.to_owned())))
            }
            ErrorCode::ProducerFenced => Err((ErrorCode::InvalidProducerEpoch, None)),
            // Clients of old do not ask again for these, but for the code that they are told.
            ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::CoordinatorLoadInProgress => Err((ErrorCode::NotEnoughReplicas, cannot())),
            ErrorCode::ConcurrentTransactions if self.knows < Knows::Adding => {
                Err((ErrorCode::NotEnoughReplicas, cannot()))
            }
            code => Err((code, None)),
        }
    }
}
