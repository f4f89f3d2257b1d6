//! More partitions for a topic that exists. Tests: `tests/client/admin.rs`.

use crate::cluster::Cluster;
use crate::error::{ClientError, accepted};
use types::ErrorCode;
use wire::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};

impl Cluster {
    /// Gives a topic more partitions: `count` is how many it has then. With `dry_run` the broker checks and changes nothing.
    ///
    /// # Errors
    /// `UnknownTopic`, `Refused` with the broker's reason; `Lost` leaves open whether it was done.
    pub async fn create_partitions(&self, topic: &str, count: i32, dry_run: bool) -> Result<(), ClientError> {
        let topics = vec![CreatePartitionsTopic { name: topic.to_owned(), count, assignments: None }];
        let request =
            CreatePartitionsRequest { topics, timeout_ms: self.timeout_ms(), validate_only: dry_run };
        let connection = self.retrying(|| self.any()).await?;
        let answer = connection.call(&request).await?;
        self.forget(topic);
        let what = || format!("topic '{topic}'");
        let result = answer.results.iter().find(|result| result.name == topic);
        let result = result.ok_or_else(|| ClientError::Incomplete(what()))?;
        if result.error_code == ErrorCode::UnknownTopicOrPartition.code() {
            return Err(ClientError::UnknownTopic(topic.to_owned()));
        }
        accepted(result.error_code, result.error_message.as_deref(), what)
    }
}
