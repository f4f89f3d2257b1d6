//! A writer: one transaction after the other under its transactional id, until it vanishes and another takes its place.

use super::book::Book;
use super::check::{Id, input_value};
use super::{INPUT, Phase, TRANSACTION_TIMEOUT};
use crate::prove::load::client_options;
use crate::prove::seeded::Seeded;
use bytes::Bytes;
use client::{
    Cluster, NewRecord, TransactionError, TransactionOptions, TransactionOutcome, TransactionalProducer,
};
use env::{Clock, Env, net::Net};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Most records of a transaction in one partition.
const RECORDS_MAX: u64 = 3;
/// Longest time that a commit has which is cut off. *Units*: microseconds.
const CUT_MAX_US: u64 = 4_000;

/// How a transaction is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Commit,
    Abort,
    /// The writer vanishes before its commit, and comes back under its id, or never.
    Vanish {
        comes_back: bool,
    },
    /// The writer vanishes so long after it began to commit.
    Cut(Duration),
}

impl End {
    fn draw(draw: &mut Seeded) -> End {
        // Readers wait for one that nobody comes back to, and each start of a broker gives it its time again: they are rare, or
        // nothing would be read while the load runs.
        match draw.between(1, 600) {
            1 => End::Vanish { comes_back: false },
            2..=30 => End::Vanish { comes_back: true },
            31..=60 => End::Cut(Duration::from_micros(draw.between(0, CUT_MAX_US))),
            61..=120 => End::Abort,
            _ => End::Commit,
        }
    }
}

/// What a writer does after a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    GoOn,
    /// Another one takes over its id.
    Anew,
    /// Another one begins under another id.
    Elsewhere,
}

/// A writer.
pub(super) struct Writer {
    address: String,
    seed: u64,
    index: u32,
    partitions: u32,
    book: Book,
    phase: watch::Receiver<Phase>,
    clock: Arc<dyn Clock>,
}

impl Writer {
    pub(super) fn new(
        address: &str,
        (seed, index): (u64, u32),
        partitions: u32,
        (book, phase): (Book, watch::Receiver<Phase>),
    ) -> Writer {
        let (address, clock) = (address.to_owned(), Env::real().clock);
        Writer { address, seed, index, partitions, book, phase, clock }
    }

    /// Writes until it is to end.
    pub(super) async fn run(self) {
        let mut draw = Seeded::new(self.seed ^ 0x7478_6e73, u64::from(self.index));
        let (mut place, mut number) = (0, 0);
        while *self.phase.borrow() == Phase::Strike {
            let mut producer = self.producer(place);
            while *self.phase.borrow() == Phase::Strike {
                let then = self.transaction(&mut producer, (self.index, number), &mut draw).await;
                number += 1;
                match then {
                    Then::GoOn => continue,
                    Then::Anew => {}
                    Then::Elsewhere => place += 1,
                }
                break;
            }
        }
    }

    fn producer(&self, place: u32) -> TransactionalProducer {
        let options = client_options(format!("prove-writer-{}", self.index));
        let cluster = Cluster::new(Net::Real, std::slice::from_ref(&self.address), options);
        let id = format!("prove-writer-{}-{place}", self.index);
        let options = TransactionOptions { timeout: TRANSACTION_TIMEOUT, ..TransactionOptions::new(&id) };
        TransactionalProducer::new(cluster, options)
    }

    async fn transaction(&self, producer: &mut TransactionalProducer, id: Id, draw: &mut Seeded) -> Then {
        let (parts, end) = (self.parts(draw), End::draw(draw));
        self.book.lock().accounts.on_begin(id, parts.clone());
        if let Err(error) = self.send(producer, id, parts).await {
            return self.on_failed(producer, id, error).await;
        }
        match end {
            End::Commit => self.commit(producer, id).await,
            End::Abort => self.abort(producer, id).await,
            End::Vanish { comes_back } => {
                self.book.lock().vanished += 1;
                if comes_back { Then::Anew } else { Then::Elsewhere }
            }
            End::Cut(after) => {
                let ended = timeout(after, self.commit(producer, id)).await;
                self.book.lock().vanished += u64::from(ended.is_err());
                ended.unwrap_or(Then::Anew)
            }
        }
    }

    /// Draws at least one partition, and how many records go into each.
    fn parts(&self, draw: &mut Seeded) -> BTreeMap<u32, u64> {
        let first = u32::try_from(draw.between(0, u64::from(self.partitions) - 1)).unwrap_or(0);
        let mut parts = BTreeMap::from([(first, draw.between(1, RECORDS_MAX))]);
        for partition in 0..self.partitions {
            if draw.between(0, 1) == 1 {
                parts.insert(partition, draw.between(1, RECORDS_MAX));
            }
        }
        parts
    }

    /// Sends all records, and waits until they are stored.
    async fn send(
        &self,
        producer: &mut TransactionalProducer,
        id: Id,
        parts: BTreeMap<u32, u64>,
    ) -> Result<(), TransactionError> {
        for (partition, count) in parts {
            let record = |index| {
                let value = Some(Bytes::from(input_value(self.seed, id, partition, index)));
                NewRecord { timestamp: self.clock.now().wall, key: None, value, headers: Vec::new() }
            };
            let records = (0..count).map(record).collect();
            producer.send(INPUT, i32::try_from(partition).unwrap_or(0), records).await?;
        }
        producer.flush().await.map(drop)
    }

    async fn commit(&self, producer: &mut TransactionalProducer, id: Id) -> Then {
        self.book.lock().accounts.on_commit_asked(id);
        let mut told = producer.commit().await;
        while matches!(told, Ok(TransactionOutcome::Unknown)) {
            told = producer.settle().await;
        }
        match told {
            Ok(outcome) => {
                self.book.on_told(id, outcome == TransactionOutcome::Committed);
                Then::GoOn
            }
            Err(error) => self.on_failed(producer, id, error).await,
        }
    }

    async fn abort(&self, producer: &mut TransactionalProducer, id: Id) -> Then {
        match producer.abort().await {
            Ok(TransactionOutcome::Unknown) => Then::Anew,
            Ok(outcome) => {
                self.book.on_told(id, outcome == TransactionOutcome::Committed);
                Then::GoOn
            }
            Err(error) => {
                self.book.on_failed("a writer", &error);
                Then::Anew
            }
        }
    }

    async fn on_failed(&self, producer: &mut TransactionalProducer, id: Id, error: TransactionError) -> Then {
        self.book.on_failed("a writer", &error);
        match error.must_abort() {
            true => self.abort(producer, id).await,
            false => {
                tokio::time::sleep(super::ASK_EVERY).await;
                Then::Anew
            }
        }
    }
}
