//! Deleting records. Tests: `tests/client/admin.rs`.

use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::{BrokerError, ClientError};
use std::collections::BTreeMap;
use types::Offset;
use wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};

/// How the deletion in one partition ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeletedRecords {
    /// The partition.
    pub partition: i32,
    /// The first offset that is left, or why nothing was deleted.
    pub result: Result<Offset, BrokerError>,
}

impl Cluster {
    /// Deletes the records of partitions below an offset each; one answer per partition, in order of their numbers.
    ///
    /// # Errors
    /// As `leader`; `Lost` leaves open what was deleted.
    pub async fn delete_records(
        &self,
        topic: &str,
        before: &[(i32, Offset)],
    ) -> Result<Vec<DeletedRecords>, ClientError> {
        let mut by_leader: BTreeMap<String, (Connection, Vec<DeleteRecordsPartition>)> = BTreeMap::new();
        for (partition, offset) in before {
            let connection = self.retrying(|| self.leader(topic, *partition)).await?.connection;
            let address = connection.address().to_owned();
            let (_, list) = by_leader.entry(address).or_insert((connection, Vec::new()));
            list.push(DeleteRecordsPartition { partition_index: *partition, offset: offset.0 });
        }
        let mut deleted = Vec::with_capacity(before.len());
        for (connection, partitions) in by_leader.into_values() {
            let asked: Vec<i32> = partitions.iter().map(|partition| partition.partition_index).collect();
            let topics = vec![DeleteRecordsTopic { name: topic.to_owned(), partitions }];
            let request = DeleteRecordsRequest { topics, timeout_ms: self.timeout_ms() };
            let answer = connection.call(&request).await?;
            let answered = answer.topics.into_iter().filter(|answered| answered.name == topic);
            let answers: Vec<_> = answered.flat_map(|answered| answered.partitions).collect();
            for partition in asked {
                let found = answers.iter().find(|answer| answer.partition_index == partition);
                let what = || ClientError::Incomplete(format!("{topic}-{partition}"));
                let found = found.ok_or_else(what)?;
                let refused = BrokerError::of(found.error_code, None);
                let result = refused.map_or(Ok(Offset(found.low_watermark)), Err);
                deleted.push(DeletedRecords { partition, result });
            }
        }
        deleted.sort_by_key(|deleted| deleted.partition);
        Ok(deleted)
    }
}
