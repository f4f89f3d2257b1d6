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
/// Largest part of a partition that it works on at once, so that one that is behind ends within the time of a transaction.
/// *Units*: bytes.
const PARTITION_BYTES: i32 = 16 << 10;
/// Most records in a batch: such a batch is smaller than any preset's `max.message.bytes`.
const BATCH_RECORDS: usize = 64;
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
            partition_max_bytes: PARTITION_BYTES,
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
            Err(error) if error.must_abort() => return self.refused(producer, &error).await,
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
        let mut read: BTreeMap<i32, Vec<Offset>> = BTreeMap::new();
        for Consumed { partition, record, .. } in records {
            read.entry(partition).or_default().push(record.offset);
        }
        let mut next: BTreeMap<i32, Offset> = BTreeMap::new();
        for (partition, offsets) in read {
            for batch in self.batches(partition, &offsets) {
                producer.send(OUTPUT, partition, batch).await?;
            }
            next.extend(offsets.last().map(|last| (partition, last.plus(1))));
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

    /// Makes a record for each that was read of a partition, in batches that every broker takes.
    fn batches(&self, partition: i32, offsets: &[Offset]) -> impl Iterator<Item = Vec<NewRecord>> {
        let place = u32::try_from(partition).unwrap_or(u32::MAX);
        let record = move |offset: &Offset| NewRecord {
            timestamp: self.clock.now().wall,
            key: None,
            value: Some(Bytes::from(output_value(self.seed, place, offset.0))),
            headers: Vec::new(),
        };
        offsets.chunks(BATCH_RECORDS).map(move |chunk| chunk.iter().map(record).collect())
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
            Err(error) if error.must_abort() => self.refused(producer, &error).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn refused(
        &self,
        producer: &mut TransactionalProducer,
        error: &TransactionError,
    ) -> Result<Then, Failure> {
        self.book.on_refused(error);
        self.abort(producer).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use wire::record::{BatchBuilder, Codec};

    /// Protects: a pipeline that is behind writes no batch that a broker of the preset `tiny` would refuse, and each record once.
    #[test]
    fn a_pipeline_that_is_behind_writes_batches_that_fit() {
        let (_, phase) = watch::channel(Phase::Strike);
        let pipeline = Pipeline::new("", (7, 0), vec![0], (Book::new(7), phase));
        let limit = config::TopicConfig::tiny().max_message_bytes as usize;
        let offsets: Vec<Offset> = (0..3_000).map(Offset).collect();
        let mut values = Vec::new();
        for records in pipeline.batches(0, &offsets) {
            let mut batch = BatchBuilder::new(Codec::None);
            records
                .iter()
                .for_each(|record| batch.push(record.timestamp, None, record.value.as_deref(), &[]));
            let size = batch.build().unwrap().len();
            assert!(size <= limit / 2, "{size}");
            values.extend(records.into_iter().filter_map(|record| record.value));
        }
        let whole = offsets.iter().map(|offset| Bytes::from(output_value(7, 0, offset.0)));
        assert_eq!(values, whole.collect::<Vec<_>>());
    }
}
