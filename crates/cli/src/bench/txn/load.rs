//! The producers of `bench txn`.

use super::Args;
use crate::failure::Failure;
use bytes::Bytes;
use client::{
    ClientOptions, Cluster, NewRecord, TransactionOptions, TransactionOutcome, TransactionalProducer,
};
use env::{Clock, Env};
use hdrhistogram::Histogram;
use std::sync::Arc;
use tokio::sync::watch;
use types::Monotonic;

/// First byte of a value that is to be committed.
pub(super) const COMMITTED: u8 = b'c';
/// First byte of a value that is to be aborted.
const ABORTED: u8 = b'a';

/// What producers do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Commit, and do not count.
    Warm,
    /// Commit.
    Commit,
    /// Abort.
    Abort,
    /// End.
    Stop,
}

/// What one producer, or all, counted. *Units*: microseconds.
pub(super) struct Counts {
    /// From the first record to the answer to the commit.
    pub(super) transaction: Histogram<u64>,
    /// From the commit to its answer; the records are stored by then.
    pub(super) commit: Histogram<u64>,
    /// From the abort to its answer.
    pub(super) abort: Histogram<u64>,
    /// Transactions that were committed, those of the warm-up too.
    pub(super) committed: u64,
}

impl Counts {
    pub(super) fn new() -> Result<Counts, Failure> {
        let histogram = || Histogram::new_with_bounds(1, 120_000_000, 3);
        Ok(Counts { transaction: histogram()?, commit: histogram()?, abort: histogram()?, committed: 0 })
    }

    pub(super) fn add(&mut self, other: &Counts) -> Result<(), Failure> {
        self.transaction.add(&other.transaction)?;
        self.commit.add(&other.commit)?;
        self.abort.add(&other.abort)?;
        self.committed += other.committed;
        Ok(())
    }
}

/// What all producers share.
#[derive(Clone)]
pub(super) struct Load {
    args: Args,
    options: ClientOptions,
    topic: String,
    phase: watch::Receiver<Phase>,
    clock: Arc<dyn Clock>,
    filler: Bytes,
}

impl Load {
    pub(super) fn new(args: &Args, topic: &str, phase: watch::Receiver<Phase>) -> Result<Load, Failure> {
        let filler = Bytes::from(vec![b'.'; args.record_bytes.max(1)]);
        let (clock, topic) = (Env::real().clock, topic.to_owned());
        Ok(Load { args: args.clone(), options: args.options(), topic, phase, clock, filler })
    }

    /// Ends one transaction after the other until it is to stop.
    pub(super) async fn run(self, producer: u32) -> Result<Counts, Failure> {
        let partition = i32::try_from(producer % self.args.partitions())?;
        let mut transactions = TransactionalProducer::new(
            self.cluster(),
            TransactionOptions::new(&format!("{}-{producer}", self.topic)),
        );
        transactions.take_over().await?;
        let mut counts = Counts::new()?;
        loop {
            let phase = *self.phase.borrow();
            match phase {
                Phase::Stop => return Ok(counts),
                Phase::Warm | Phase::Commit => {
                    self.commit(&mut transactions, partition, (phase, &mut counts)).await?;
                }
                Phase::Abort => self.abort(&mut transactions, partition, &mut counts).await?,
            }
        }
    }

    fn cluster(&self) -> Cluster {
        self.args.bootstrap.cluster_with(self.options.clone())
    }

    async fn commit(
        &self,
        transactions: &mut TransactionalProducer,
        partition: i32,
        (phase, counts): (Phase, &mut Counts),
    ) -> Result<(), Failure> {
        let began = self.now();
        transactions.send(&self.topic, partition, self.records(COMMITTED)).await?;
        transactions.flush().await?;
        let stored = self.now();
        expect(transactions.commit().await?, TransactionOutcome::Committed)?;
        let ended = self.now();
        counts.committed += 1;
        if phase == Phase::Commit {
            record(&mut counts.transaction, began, ended);
            record(&mut counts.commit, stored, ended);
        }
        Ok(())
    }

    async fn abort(
        &self,
        transactions: &mut TransactionalProducer,
        partition: i32,
        counts: &mut Counts,
    ) -> Result<(), Failure> {
        transactions.send(&self.topic, partition, self.records(ABORTED)).await?;
        transactions.flush().await?;
        let stored = self.now();
        expect(transactions.abort().await?, TransactionOutcome::Aborted)?;
        record(&mut counts.abort, stored, self.now());
        Ok(())
    }

    fn now(&self) -> Monotonic {
        self.clock.now().mono
    }

    fn records(&self, first: u8) -> Vec<NewRecord> {
        let mut value = self.filler.to_vec();
        value[0] = first;
        let (timestamp, value) = (self.clock.now().wall, Some(Bytes::from(value)));
        let record = NewRecord { timestamp, key: None, value, headers: Vec::new() };
        vec![record; usize::try_from(self.args.records).unwrap_or(1)]
    }
}

fn record(histogram: &mut Histogram<u64>, from: Monotonic, to: Monotonic) {
    histogram.saturating_record(u64::try_from(to.since(from).as_micros()).unwrap_or(u64::MAX));
}

fn expect(got: TransactionOutcome, wanted: TransactionOutcome) -> Result<(), Failure> {
    match got == wanted {
        true => Ok(()),
        false => Err(Failure::of(format!("a transaction ended as {got:?} instead of {wanted:?}"))),
    }
}
