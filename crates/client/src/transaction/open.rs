//! The batches of a transaction that is open.
//!
//! Each transaction has a producer of its own, under its identity; nothing is sent any more when that is dropped. The first
//! failure stays: after it nothing can be committed.

use super::TransactionError;
use crate::producer::{Delivery, Identity, NewRecord, Outcome, Producer, Refusal};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use types::Offset;

/// A batch that is in the log; it counts once the transaction is committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredBatch {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Offset of its first record; `Offset::NONE` if the broker does not know it any more.
    pub offset: Offset,
    /// How many records it has.
    pub records: usize,
}

/// What was sent, and what became of it so far.
#[derive(Debug)]
pub(super) struct Open {
    identity: Identity,
    producer: Producer,
    waiting: VecDeque<(StoredBatch, Delivery)>,
    stored: Vec<StoredBatch>,
    failure: Option<TransactionError>,
}

impl Open {
    pub(super) fn new(identity: Identity, producer: Producer) -> Open {
        Open { identity, producer, waiting: VecDeque::new(), stored: Vec::new(), failure: None }
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Returns the identity if all is well as far as is known.
    pub(super) fn sound(&self) -> Result<Identity, TransactionError> {
        self.failure.clone().map_or(Ok(self.identity), Err)
    }

    /// Notes why it cannot be committed any more.
    pub(super) fn fail(&mut self, failure: &TransactionError) {
        self.failure.get_or_insert_with(|| failure.clone());
    }

    /// Sends a batch.
    pub(super) async fn send(
        &mut self,
        topic: &str,
        partition: i32,
        records: Vec<NewRecord>,
    ) -> Result<(), TransactionError> {
        self.take_what_is_there();
        self.sound()?;
        let batch =
            StoredBatch { topic: topic.to_owned(), partition, offset: Offset::NONE, records: records.len() };
        let delivery = self.producer.submit(topic, partition, records).await?;
        self.waiting.push_back((batch, delivery));
        Ok(())
    }

    /// Waits for every outcome; tells where the batches are that were not told yet.
    pub(super) async fn flush(&mut self) -> Result<Vec<StoredBatch>, TransactionError> {
        while let Some((batch, delivery)) = self.waiting.front_mut() {
            let (batch, outcome) = (batch.clone(), delivery.await);
            self.waiting.pop_front();
            self.take(batch, outcome);
        }
        self.sound()?;
        Ok(std::mem::take(&mut self.stored))
    }

    /// Takes in outcomes that have come.
    fn take_what_is_there(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        while let Some((batch, delivery)) = self.waiting.front_mut() {
            let Poll::Ready(outcome) = Pin::new(delivery).poll(&mut context) else { return };
            let batch = batch.clone();
            self.waiting.pop_front();
            self.take(batch, outcome);
        }
    }

    fn take(&mut self, batch: StoredBatch, outcome: Outcome) {
        match outcome {
            Outcome::Acked(offset) => self.stored.push(StoredBatch { offset, ..batch }),
            Outcome::Refused(Refusal::Client(crate::ClientError::NumbersSpent)) if self.failure.is_some() => {
            }
            Outcome::Refused(refusal) => self.fail(&TransactionError::Refused(refusal)),
            Outcome::Unknown => self.fail(&TransactionError::Unanswered),
        }
    }
}
