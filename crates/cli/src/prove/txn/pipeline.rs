//! A pipeline: reads what is committed, writes a record for each, and commits both with the offsets, exactly once.
//!
//! Its partitions are its own: whoever takes its transactional id over ends what it left, and begins where the group stands
//! then. After anything but a commit that was told it begins there too, as every such program must.

use super::book::Book;
use super::check::output_value;
use super::{GROUP, INPUT, OUTPUT, Phase, TRANSACTION_TIMEOUT};
use crate::failure::Failure;
use crate::prove::load::client_options;
use crate::prove::seeded::Seeded;
use bytes::Bytes;
use client::{
    Cluster, Consumed, Consumer, ConsumerOptions, GroupMembership, Isolation, NewOffset, NewRecord, StartAt,
    TransactionError, TransactionOptions, TransactionOutcome, TransactionalProducer,
};
use env::{Clock, Env, net::Net};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use types::Offset;

/// How long a pipeline waits for records.
const MAX_WAIT: Duration = Duration::from_millis(100);
/// Longest time that a commit has which is cut off. *Units*: microseconds.
const CUT_MAX_US: u64 = 4_000;
/// Pause before a pipeline that failed begins again.
const PAUSE_FAILED: Duration = Duration::from_millis(100);

/// How a piece of work is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Commit,
    Abort,
    Vanish,
    /// It vanishes so long after it began to commit.
    Cut(Duration),
}

impl End {
    fn draw(draw: &mut Seeded, phase: Phase) -> End {
        let end = match draw.between(1, 12) {
            1 => End::Abort,
            2 => End::Vanish,
            3 => End::Cut(Duration::from_micros(draw.between(0, CUT_MAX_US))),
            _ => End::Commit,
        };
        if phase == Phase::Strike { end } else { End::Commit }
    }
}

/// Where a pipeline stands after a piece of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    GoOn,
    /// It begins where the group stands.
    BeginAgain,
    Vanish,
}

/// A pipeline.
pub(super) struct Pipeline {
    address: String,
    seed: u64,
    index: u32,
    partitions: Vec<u32>,
    book: Book,
    phase: watch::Receiver<Phase>,
    clock: Arc<dyn Clock>,
}

impl Pipeline {
    pub(super) fn new(
        address: &str,
        (seed, index): (u64, u32),
        partitions: Vec<u32>,
        (book, phase): (Book, watch::Receiver<Phase>),
    ) -> Pipeline {
        let (address, clock) = (address.to_owned(), Env::real().clock);
        Pipeline { address, seed, index, partitions, book, phase, clock }
    }

    /// Works until it is to end; whenever it vanishes, another one takes its place.
    pub(super) async fn run(self) {
        let mut draw = Seeded::new(self.seed ^ 0x7069_7065, u64::from(self.index));
        while !self.partitions.is_empty() && *self.phase.borrow() != Phase::Done {
            if let Err(failure) = self.life(&mut draw).await {
                self.book.on_failed("a pipeline", &failure.sentence());
                tokio::time::sleep(PAUSE_FAILED).await;
            }
        }
    }

    async fn life(&self, draw: &mut Seeded) -> Result<(), Failure> {
        let options = client_options(format!("prove-pipeline-{}", self.index));
        let cluster = Cluster::new(Net::Real, std::slice::from_ref(&self.address), options);
        let id = format!("prove-pipeline-{}", self.index);
        let options = TransactionOptions { timeout: TRANSACTION_TIMEOUT, ..TransactionOptions::new(&id) };
        let mut producer = TransactionalProducer::new(cluster.clone(), options);
        producer.take_over().await?;
        let mut consumer = self.consumer(&cluster).await?;
        loop {
            let phase = *self.phase.borrow();
            if phase == Phase::Done {
                return Ok(());
            }
            let records = consumer.poll().await?;
            if records.is_empty() {
                continue;
            }
            match self.work(&mut producer, records, End::draw(draw, phase)).await? {
                Then::GoOn => {}
                Then::BeginAgain => consumer = self.consumer(&cluster).await?,
                Then::Vanish => {
                    self.book.lock().pipeline_vanished += 1;
                    return Ok(());
                }
            }
        }
    }

    /// Begins where the group stands.
    async fn consumer(&self, cluster: &Cluster) -> Result<Consumer, Failure> {
        let partitions: Vec<i32> = self.partitions.iter().filter_map(|p| i32::try_from(*p).ok()).collect();
        let offsets = cluster.stable_group_offsets(GROUP, INPUT, &partitions).await?;
        let options = ConsumerOptions {
            isolation: Isolation::Committed,
            max_wait: MAX_WAIT,
            ..ConsumerOptions::default()
        };
        let mut consumer = Consumer::new(cluster.clone(), options);
        for partition in partitions {
            let start = offsets.get(&partition).map_or(StartAt::Beginning, |offset| StartAt::Offset(*offset));
            consumer.assign(INPUT, partition, start).await?;
        }
        Ok(consumer)
    }

    async fn work(
        &self,
        producer: &mut TransactionalProducer,
        records: Vec<Consumed>,
        end: End,
    ) -> Result<Then, Failure> {
        match self.write(producer, records).await {
            Err(error) if error.must_abort() => return self.abort(producer).await,
            other => other?,
        }
        match end {
            End::Commit => self.commit(producer).await,
            End::Abort => self.abort(producer).await,
            End::Vanish => Ok(Then::Vanish),
            End::Cut(after) => timeout(after, self.commit(producer)).await.unwrap_or(Ok(Then::Vanish)),
        }
    }

    async fn write(
        &self,
        producer: &mut TransactionalProducer,
        records: Vec<Consumed>,
    ) -> Result<(), TransactionError> {
        let (mut made, mut next): (BTreeMap<i32, Vec<NewRecord>>, BTreeMap<i32, Offset>) = Default::default();
        for Consumed { partition, record, .. } in records {
            let place = u32::try_from(partition).unwrap_or(u32::MAX);
            let value = Some(Bytes::from(output_value(self.seed, place, record.offset.0)));
            let timestamp = self.clock.now().wall;
            made.entry(partition).or_default().push(NewRecord {
                timestamp,
                key: None,
                value,
                headers: Vec::new(),
            });
            next.insert(partition, record.offset.plus(1));
        }
        for (partition, records) in made {
            producer.send(OUTPUT, partition, records).await?;
        }
        let offset = |(partition, offset)| NewOffset {
            topic: INPUT.to_owned(),
            partition,
            offset,
            leader_epoch: -1,
            metadata: String::new(),
        };
        let offsets: Vec<NewOffset> = next.into_iter().map(offset).collect();
        producer.send_offsets(&GroupMembership::without_member(GROUP), &offsets).await
    }

    async fn commit(&self, producer: &mut TransactionalProducer) -> Result<Then, Failure> {
        let mut told = producer.commit().await;
        while matches!(told, Ok(TransactionOutcome::Unknown)) {
            told = producer.settle().await;
        }
        match told {
            Ok(TransactionOutcome::Committed) => {
                self.book.lock().pipeline_commits += 1;
                Ok(Then::GoOn)
            }
            Ok(_) => Ok(self.aborted()),
            Err(error) if error.must_abort() => self.abort(producer).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn abort(&self, producer: &mut TransactionalProducer) -> Result<Then, Failure> {
        producer.abort().await?;
        Ok(self.aborted())
    }

    fn aborted(&self) -> Then {
        self.book.lock().pipeline_aborts += 1;
        Then::BeginAgain
    }
}
