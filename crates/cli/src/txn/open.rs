//! Transactions as a partition has them open, and whether a coordinator runs them.

use crate::failure::Failure;
use client::{Cluster, PartitionProducer, TransactionDescription, TransactionFilter};
use std::collections::BTreeMap;
use types::Offset;

/// A transaction that is open in a partition.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// Where.
    pub(super) topic: String,
    /// Where.
    pub(super) partition: i32,
    /// From which offset on.
    pub(super) start: Offset,
    /// Whose.
    pub(super) producer: PartitionProducer,
}

/// Lists what is open in partitions of a topic.
pub(super) async fn open_in(
    cluster: &Cluster,
    topic: &str,
    partitions: &[i32],
) -> Result<Vec<Open>, Failure> {
    let producers = cluster.partition_producers(topic, partitions).await?;
    let of_partition = |(partition, producers): (i32, Vec<PartitionProducer>)| {
        let topic = topic.to_owned();
        producers.into_iter().filter_map(move |producer| {
            let start = producer.txn_start?;
            Some(Open { topic: topic.clone(), partition, start, producer })
        })
    };
    let mut open: Vec<Open> = producers.into_iter().flat_map(of_partition).collect();
    open.sort_by_key(|one| (one.partition, one.start));
    Ok(open)
}

/// What coordinators run of some producers.
pub(super) struct Runs(BTreeMap<i64, Vec<TransactionDescription>>);

impl Runs {
    /// Asks all coordinators.
    pub(super) async fn of(cluster: &Cluster, open: &[Open]) -> Result<Runs, Failure> {
        let mut runs: BTreeMap<i64, Vec<TransactionDescription>> = BTreeMap::new();
        let mut producers: Vec<i64> = open.iter().map(|one| one.producer.id).collect();
        producers.sort_unstable();
        producers.dedup();
        if producers.is_empty() {
            return Ok(Runs(runs));
        }
        let filter = TransactionFilter { producers, ..TransactionFilter::default() };
        for listed in cluster.list_transactions(&filter).await?.0 {
            match cluster.describe_transaction(&listed.id).await {
                Ok(found) => runs.entry(found.producer_id).or_default().push(found),
                // It was forgotten in between.
                Err(error) if error.code() == Some(types::ErrorCode::TransactionalIdNotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Runs(runs))
    }

    /// Returns the transaction of which an open one is a part; nothing for an orphan.
    pub(super) fn owner(&self, open: &Open) -> Option<&TransactionDescription> {
        let known = self.0.get(&open.producer.id)?;
        known.iter().find(|found| found.has(&open.topic, open.partition))
    }
}
