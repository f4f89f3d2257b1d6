//! The coordinators' own log, read after each kill: which transactions a kill cut between decision and completion.
//!
//! A decision and its completion that lie in different lives of the broker have different leader epochs: no life of a broker
//! shares its epochs with another. So what the log says needs nobody's word.

use crate::failure::Failure;
use client::{
    ClientError, Cluster, Consumer, ConsumerOptions, StartAt, TRANSACTION_STATE_TOPIC, TransactionNote,
    TransactionStage,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Largest batch after decompression. *Units*: bytes.
const BATCH_BYTES_MAX: usize = 64 << 20;

/// How far each transaction is: pure.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Stages {
    /// The last stage of each transactional id, with the leader epoch that it was written under.
    last: BTreeMap<String, (TransactionStage, i32)>,
    /// Transactions that were decided in one life of the broker and completed in a later one.
    interrupted: u64,
}

impl Stages {
    /// Takes the next record of the log.
    fn on_note(&mut self, note: TransactionNote, epoch: i32) {
        let before = self.last.insert(note.transactional_id, (note.stage, epoch));
        if note.stage == TransactionStage::Complete
            && before.is_some_and(|(stage, then)| stage == TransactionStage::Prepared && then < epoch)
        {
            self.interrupted += 1;
        }
    }

    /// Lists the transactional ids whose transaction has not ended.
    fn open(&self) -> impl Iterator<Item = &str> {
        let is_open = |stage| matches!(stage, TransactionStage::Ongoing | TransactionStage::Prepared);
        self.last.iter().filter(move |(_, (stage, _))| is_open(*stage)).map(|(id, _)| id.as_str())
    }
}

/// Reads on whenever it is asked.
pub(super) struct StateLog {
    cluster: Cluster,
    consumer: Option<Consumer>,
    stages: Stages,
}

impl StateLog {
    pub(super) fn new(cluster: Cluster) -> StateLog {
        StateLog { cluster, consumer: None, stages: Stages::default() }
    }

    /// Reads to the end; returns how many transactions more a kill has cut.
    pub(super) async fn read(&mut self) -> Result<u64, Failure> {
        let before = self.stages.interrupted;
        if self.consumer.is_none() {
            self.consumer = self.begin().await?;
        }
        let Some(consumer) = &mut self.consumer else { return Ok(0) };
        loop {
            for batch in consumer.poll_batches().await? {
                for record in batch.records(BATCH_BYTES_MAX)? {
                    if let Some(note) = TransactionNote::of(&record) {
                        self.stages.on_note(note, batch.header.leader_epoch.0);
                    }
                }
            }
            if consumer.is_at_end() {
                return Ok(self.stages.interrupted - before);
            }
        }
    }

    /// The topic is made by the first transaction.
    async fn begin(&self) -> Result<Option<Consumer>, Failure> {
        let partitions = match self.cluster.partitions(TRANSACTION_STATE_TOPIC).await {
            Err(ClientError::UnknownTopic(_)) => return Ok(None),
            other => other?,
        };
        let options = ConsumerOptions { max_wait: Duration::ZERO, ..ConsumerOptions::default() };
        let mut consumer = Consumer::new(self.cluster.clone(), options);
        for partition in partitions {
            consumer.assign(TRANSACTION_STATE_TOPIC, partition, StartAt::Beginning).await?;
        }
        Ok(Some(consumer))
    }

    /// Returns how many transactions kills have cut between decision and completion.
    pub(super) fn interrupted(&self) -> u64 {
        self.stages.interrupted
    }

    /// Lists the transactional ids whose transaction has not ended.
    pub(super) fn open(&self) -> impl Iterator<Item = &str> {
        self.stages.open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransactionStage::{Complete, Empty, Ongoing, Prepared};

    fn stages(notes: &[(&str, TransactionStage, i32)]) -> Stages {
        let mut stages = Stages::default();
        for (id, stage, epoch) in notes {
            stages.on_note(TransactionNote { transactional_id: (*id).to_owned(), stage: *stage }, *epoch);
        }
        stages
    }

    /// Protects: a kill counts as one between decision and completion only if the two lie in different lives, and only once.
    #[test]
    fn a_cut_is_told_by_leader_epochs() {
        let within = stages(&[("a", Empty, 1), ("a", Ongoing, 1), ("a", Prepared, 1), ("a", Complete, 1)]);
        assert_eq!((within.interrupted, within.open().count()), (0, 0));
        let cut = [("a", Prepared, 1), ("b", Prepared, 1), ("b", Complete, 1), ("a", Complete, 2)];
        assert_eq!(stages(&cut).interrupted, 1);
        let begun = stages(&[("a", Ongoing, 1), ("a", Prepared, 2), ("a", Complete, 2), ("a", Empty, 3)]);
        assert_eq!(begun.interrupted, 0);
    }

    /// Protects: a transaction counts as open until it is complete.
    #[test]
    fn what_is_open_is_told() {
        let some = stages(&[("a", Ongoing, 1), ("b", Prepared, 1), ("c", Complete, 1), ("d", Empty, 1)]);
        assert_eq!(some.open().collect::<Vec<_>>(), ["a", "b"]);
    }
}
