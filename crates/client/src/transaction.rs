//! Transactions: records and group offsets that are seen whole or not at all.
//!
//! As of KIP-890 (`transaction.version` 2) there is no call to begin one: the first batch adds its partition, the first
//! offsets their group, and the end returns the epoch of the next transaction. So a delayed packet of this one can be told
//! from the next.
//!
//! ```text
//! Fresh --InitProducerId--> Ready --send, send_offsets--> Open --commit, abort--> Ending --answer--> Ready
//!                                                                                  | no answer: Unknown, ask again
//!                                   another producer took the id over: Fenced <----+
//! ```
//!
//! An end without an answer may have been decided or not: nothing else is done before it is settled, by the same request
//! with the same producer and epoch, which gets the same answer however often it is sent. A batch that was refused makes the
//! transaction one that can only be aborted. Dropping a producer leaves its transaction to the coordinator, which aborts it
//! when its time is over. Source: KIP-98, KIP-890, KIP-588, `TransactionManager`. Tests: `tests/client/transaction.rs`.

mod asking;
mod offsets;
mod open;

pub use offsets::GroupMembership;
pub use open::StoredBatch;

use crate::admin::{Coordinated, NewOffset};
use crate::cluster::Cluster;
use crate::error::{BrokerError, ClientError};
use crate::producer::{Identity, NewRecord, Producer, ProducerOptions, Refusal};
use asking::Asked;
use open::Open;
use std::time::Duration;
use types::ErrorCode;
use wire::{EndTxnRequest, InitProducerIdRequest};

/// Whose transactions, and how its records are sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionOptions {
    /// The transactional id: who takes it over aborts and fences whoever had it.
    pub transactional_id: String,
    /// Time after which the coordinator aborts a transaction that nobody has ended.
    pub timeout: Duration,
    /// How batches are sent; acks are always those of all replicas.
    pub producer: ProducerOptions,
}

impl TransactionOptions {
    /// Returns the usual ones.
    pub fn new(transactional_id: &str) -> TransactionOptions {
        TransactionOptions {
            transactional_id: transactional_id.to_owned(),
            timeout: Duration::from_secs(60),
            producer: ProducerOptions::default(),
        }
    }
}

/// How a transaction ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransactionOutcome {
    /// All of it counts.
    Committed,
    /// Nothing of it counts.
    Aborted,
    /// The end was asked for and not answered in time. `TransactionalProducer::settle` asks again.
    Unknown,
}

/// Why a step of a transaction failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransactionError {
    /// Another producer has taken the transactional id over; this one is done for good.
    #[error("another producer has taken over transactional id '{0}'")]
    Fenced(String),
    /// Something of it was not stored: abort it and begin anew.
    #[error("the transaction can only be aborted: {0}")]
    Refused(Refusal),
    /// Something of it was sent and never answered: abort it and begin anew.
    #[error("the transaction can only be aborted: a part of it was not answered in time")]
    Unanswered,
    /// It is not known how the one before ended; `TransactionalProducer::settle` asks.
    #[error("it is not known yet how the transaction before has ended")]
    Undecided,
    /// The coordinator could not be asked, or said no.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl TransactionError {
    /// Says whether aborting is all that is left, after which the producer goes on.
    pub fn must_abort(&self) -> bool {
        matches!(self, TransactionError::Refused(_) | TransactionError::Unanswered)
    }
}

/// Where a producer stands.
#[derive(Debug)]
enum Phase {
    /// It has no epoch; that of an earlier life, if it is known, lets the coordinator know it again.
    Fresh(Option<Identity>),
    /// Nothing is open.
    Ready(Identity),
    /// Something was sent.
    Open(Open),
    /// The end was asked for: to commit, or to abort.
    Ending(Identity, bool),
    /// Somebody else has the id.
    Fenced,
}

/// Writes transactions, one after the other.
#[derive(Debug)]
pub struct TransactionalProducer {
    cluster: Cluster,
    options: TransactionOptions,
    phase: Phase,
    /// The broker that coordinates, as far as is known.
    coordinator: Option<i32>,
}

impl TransactionalProducer {
    /// Makes a producer. It takes its id over when something is sent first, or by `take_over`.
    pub fn new(cluster: Cluster, options: TransactionOptions) -> TransactionalProducer {
        TransactionalProducer { cluster, options, phase: Phase::Fresh(None), coordinator: None }
    }

    /// Takes the transactional id over: aborts what was open under it and fences whoever had it. Does nothing if it has it.
    ///
    /// # Errors
    /// `Fenced`; `Undecided`; `Client` when the coordinator refuses or does not answer in time.
    pub async fn take_over(&mut self) -> Result<(), TransactionError> {
        let before = match &self.phase {
            Phase::Fresh(before) => *before,
            Phase::Ending(..) => return Err(TransactionError::Undecided),
            Phase::Fenced => return Err(self.fenced()),
            Phase::Ready(_) | Phase::Open(_) => return Ok(()),
        };
        let request = InitProducerIdRequest {
            transactional_id: Some(self.options.transactional_id.clone()),
            transaction_timeout_ms: i32::try_from(self.options.timeout.as_millis()).unwrap_or(i32::MAX),
            producer_id: before.map_or(-1, |before| before.id.0),
            producer_epoch: before.map_or(-1, |before| before.epoch.0),
            ..InitProducerIdRequest::default()
        };
        let answer = match self.ask(&request, |answer| answer.error_code).await? {
            Asked::Done(answer) => answer,
            Asked::Refused(error) if before.is_some() && is_fenced(&error) => return Err(self.fence()),
            Asked::Refused(error) => return Err(self.refused(error).into()),
            Asked::Late(error) => return Err(error.into()),
        };
        let identity = Identity::given(answer.producer_id, answer.producer_epoch);
        self.phase =
            Phase::Ready(identity.ok_or_else(|| ClientError::Incomplete("a producer id".to_owned()))?);
        Ok(())
    }

    /// Puts one batch into the transaction, which begins with the first. Waits while the partition's queue is full.
    ///
    /// # Errors
    /// As `take_over`; what an earlier batch met.
    pub async fn send(
        &mut self,
        topic: &str,
        partition: i32,
        records: Vec<NewRecord>,
    ) -> Result<(), TransactionError> {
        self.open().await?.send(topic, partition, records).await
    }

    /// Puts offsets of a group into the transaction: they count if it is committed.
    ///
    /// # Errors
    /// As `send`; `Refused` when the group does not know the member, `Unanswered`.
    pub async fn send_offsets(
        &mut self,
        membership: &GroupMembership,
        offsets: &[NewOffset],
    ) -> Result<(), TransactionError> {
        let identity = self.open().await?.sound()?;
        let request = offsets::request(&self.options.transactional_id, identity, membership, offsets);
        let group = Coordinated::Group(&membership.group);
        let asked = asking::ask(&self.cluster, group, &mut None, &request, offsets::code).await;
        let failure = match asked? {
            Asked::Done(_) => return Ok(()),
            Asked::Refused(error) if error.known() == Some(ErrorCode::ProducerFenced) => {
                return Err(self.fence());
            }
            Asked::Refused(error) => TransactionError::Refused(Refusal::Broker(error)),
            Asked::Late(_) => TransactionError::Unanswered,
        };
        if let Phase::Open(open) = &mut self.phase {
            open.fail(&failure);
        }
        Err(failure)
    }

    /// Waits until every batch that was sent has its outcome, and tells where those are that were not told yet.
    ///
    /// # Errors
    /// What a batch met.
    pub async fn flush(&mut self) -> Result<Vec<StoredBatch>, TransactionError> {
        match &mut self.phase {
            Phase::Open(open) => open.flush().await,
            _ => Ok(Vec::new()),
        }
    }

    /// Commits. Without anything sent there is nothing to commit. `Aborted` when its time was over before.
    ///
    /// # Errors
    /// `Fenced`; those after which it must be aborted; `Client`, and then the end is not decided.
    pub async fn commit(&mut self) -> Result<TransactionOutcome, TransactionError> {
        self.flush().await?;
        match &mut self.phase {
            Phase::Open(open) => {
                let identity = open.sound()?;
                self.end(identity, true).await
            }
            Phase::Fresh(_) | Phase::Ready(_) => Ok(TransactionOutcome::Committed),
            Phase::Ending(..) | Phase::Fenced => self.settle().await,
        }
    }

    /// Aborts, whatever became of the batches. `Committed` when that had been asked for before, and was done. The offsets of the
    /// transaction are taken back; a consumer stands where it stood, and has to go back to the committed ones by itself (X18).
    ///
    /// # Errors
    /// `Fenced`; `Client`, and then the end is not decided.
    pub async fn abort(&mut self) -> Result<TransactionOutcome, TransactionError> {
        match &self.phase {
            Phase::Open(open) => {
                let identity = open.identity();
                self.end(identity, false).await
            }
            Phase::Fresh(_) | Phase::Ready(_) => Ok(TransactionOutcome::Aborted),
            Phase::Ending(..) | Phase::Fenced => self.settle().await,
        }
    }

    /// Asks again for the end that is not known; without one there is nothing to be told.
    ///
    /// # Errors
    /// `Fenced`, and then it stays unknown; `Client`.
    pub async fn settle(&mut self) -> Result<TransactionOutcome, TransactionError> {
        match self.phase {
            Phase::Ending(identity, commit) => self.end(identity, commit).await,
            Phase::Fenced => Err(self.fenced()),
            Phase::Fresh(_) | Phase::Ready(_) | Phase::Open(_) => Ok(TransactionOutcome::Unknown),
        }
    }

    async fn end(
        &mut self,
        identity: Identity,
        commit: bool,
    ) -> Result<TransactionOutcome, TransactionError> {
        self.phase = Phase::Ending(identity, commit);
        let request = EndTxnRequest {
            transactional_id: self.options.transactional_id.clone(),
            producer_id: identity.id.0,
            producer_epoch: identity.epoch.0,
            committed: commit,
        };
        let answer = match self.ask(&request, |answer| answer.error_code).await? {
            Asked::Done(answer) => answer,
            Asked::Refused(error) => return self.not_ended(identity, commit, error),
            Asked::Late(_) => return Ok(TransactionOutcome::Unknown),
        };
        let next = Identity::given(answer.producer_id, answer.producer_epoch);
        self.phase = next.map_or(Phase::Fresh(Some(identity)), Phase::Ready);
        Ok(if commit { TransactionOutcome::Committed } else { TransactionOutcome::Aborted })
    }

    /// Judges a refusal to end. `INVALID_TXN_STATE` says that the other end was decided: by the coordinator when the time was
    /// over, which the same producer outlives with a new epoch (KIP-588).
    fn not_ended(
        &mut self,
        identity: Identity,
        commit: bool,
        error: BrokerError,
    ) -> Result<TransactionOutcome, TransactionError> {
        match error.known() {
            Some(ErrorCode::InvalidTxnState) => {
                self.phase = Phase::Fresh(Some(identity));
                Ok(if commit { TransactionOutcome::Aborted } else { TransactionOutcome::Committed })
            }
            Some(ErrorCode::TransactionAbortable) => {
                let refusal = Refusal::Broker(error);
                let mut open = self.opened(identity);
                open.fail(&TransactionError::Refused(refusal.clone()));
                self.phase = Phase::Open(open);
                Err(TransactionError::Refused(refusal))
            }
            Some(ErrorCode::InvalidProducerIdMapping) => {
                self.phase = Phase::Fresh(None);
                Err(self.refused(error).into())
            }
            Some(ErrorCode::UnknownServerError) => Ok(TransactionOutcome::Unknown),
            _ if is_fenced(&error) => Err(self.fence()),
            _ => Err(self.refused(error).into()),
        }
    }

    async fn open(&mut self) -> Result<&mut Open, TransactionError> {
        self.take_over().await?;
        if let Phase::Ready(identity) = self.phase {
            self.phase = Phase::Open(self.opened(identity));
        }
        match &mut self.phase {
            Phase::Open(open) => Ok(open),
            _ => Err(TransactionError::Undecided),
        }
    }

    fn opened(&self, identity: Identity) -> Open {
        let (options, id) = (&self.options.producer, self.options.transactional_id.clone());
        Open::new(identity, Producer::of_transaction(self.cluster.clone(), options, id, identity))
    }

    async fn ask<R: wire::Request>(
        &mut self,
        request: &R,
        code: fn(&R::Response) -> i16,
    ) -> Result<Asked<R::Response>, ClientError> {
        let of = Coordinated::Transactions(&self.options.transactional_id);
        asking::ask(&self.cluster, of, &mut self.coordinator, request, code).await
    }

    fn fence(&mut self) -> TransactionError {
        self.phase = Phase::Fenced;
        self.fenced()
    }

    fn fenced(&self) -> TransactionError {
        TransactionError::Fenced(self.options.transactional_id.clone())
    }

    fn refused(&self, error: BrokerError) -> ClientError {
        ClientError::refused(Coordinated::Transactions(&self.options.transactional_id).to_string(), error)
    }
}

/// Says whether the coordinator has given the id to another producer.
fn is_fenced(error: &BrokerError) -> bool {
    matches!(error.known(), Some(ErrorCode::ProducerFenced | ErrorCode::InvalidProducerEpoch))
}
