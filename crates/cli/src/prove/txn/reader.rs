//! Readers of committed data: the one that watches while the load runs, and the one that reads all at the end.

use super::book::Book;
use super::check::Read;
use super::{ASK_EVERY, INPUT, Phase};
use crate::failure::Failure;
use crate::prove::load::client_options;
use client::{Cluster, Consumed, Consumer, ConsumerOptions, Isolation, OffsetAt, StartAt};
use env::net::Net;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use types::Offset;

/// How long the watcher waits for records.
const MAX_WAIT: Duration = Duration::from_millis(50);
/// A reader that gets nothing so often does not reach the end.
const EMPTY_MAX: u32 = 40;

/// Reads the input while it is written, and writes down what it is given, when.
pub(super) struct Reader {
    address: String,
    partitions: u32,
    book: Book,
    phase: watch::Receiver<Phase>,
}

impl Reader {
    pub(super) fn new(address: &str, partitions: u32, book: Book, phase: watch::Receiver<Phase>) -> Reader {
        Reader { address: address.to_owned(), partitions, book, phase }
    }

    /// Reads until it is to end.
    pub(super) async fn run(self) {
        while *self.phase.borrow() != Phase::Done {
            if let Err(failure) = self.life().await {
                self.book.on_failed("the reader", &failure.sentence());
                tokio::time::sleep(ASK_EVERY).await;
            }
        }
    }

    /// A new reader begins at the first record: what it sees again must be the same.
    async fn life(&self) -> Result<(), Failure> {
        let options = client_options("prove-reader".to_owned());
        let cluster = Cluster::new(Net::Real, std::slice::from_ref(&self.address), options);
        let mut consumer = committed(&cluster, MAX_WAIT);
        for partition in 0..self.partitions {
            consumer.assign(INPUT, i32::try_from(partition)?, StartAt::Beginning).await?;
        }
        while *self.phase.borrow() != Phase::Done {
            let records = consumer.poll().await?;
            let mut entries = self.book.lock();
            records.into_iter().for_each(|consumed| entries.accounts.on_seen(&read(consumed)));
        }
        Ok(())
    }
}

fn committed(cluster: &Cluster, max_wait: Duration) -> Consumer {
    let options = ConsumerOptions { isolation: Isolation::Committed, max_wait, ..ConsumerOptions::default() };
    Consumer::new(cluster.clone(), options)
}

fn read(consumed: Consumed) -> Read {
    let value = consumed.record.value.map(|value| value.to_vec()).unwrap_or_default();
    let partition = u32::try_from(consumed.partition).unwrap_or(u32::MAX);
    Read { partition, offset: consumed.record.offset.0, value }
}

/// Hands out every record that counts, partition by partition.
pub(super) async fn read_committed(
    cluster: &Cluster,
    topic: &str,
    mut take: impl FnMut(Read),
) -> Result<(), Failure> {
    for end in cluster.offsets(topic, OffsetAt::LastStable).await? {
        let mut consumer = committed(cluster, Duration::from_millis(500));
        consumer.assign(topic, end.partition, StartAt::Beginning).await?;
        let end_offset = end.offset.unwrap_or(Offset::ZERO);
        let position = |consumer: &Consumer| consumer.position(topic, end.partition).unwrap_or(end_offset);
        let mut stood_still = 0;
        while position(&consumer) < end_offset {
            let before = position(&consumer);
            consumer.poll().await?.into_iter().for_each(|consumed| take(read(consumed)));
            stood_still = if position(&consumer) == before { stood_still + 1 } else { 0 };
            if stood_still > EMPTY_MAX {
                let sentence = format!("{topic}-{} cannot be read to its end at {end_offset}", end.partition);
                return Err(Failure::of(sentence));
            }
        }
    }
    Ok(())
}

/// Returns where each partition ends for readers of committed data, and for all others.
pub(super) async fn ends(cluster: &Cluster, topic: &str) -> Result<BTreeMap<u32, (i64, i64)>, Failure> {
    let stable = cluster.offsets(topic, OffsetAt::LastStable).await?;
    let latest = cluster.offsets(topic, OffsetAt::Latest).await?;
    let both = stable.iter().zip(&latest).map(|(stable, latest)| {
        let offset = |found: Option<Offset>| found.map_or(-1, |offset| offset.0);
        (u32::try_from(stable.partition).unwrap_or(u32::MAX), (offset(stable.offset), offset(latest.offset)))
    });
    Ok(both.collect())
}
