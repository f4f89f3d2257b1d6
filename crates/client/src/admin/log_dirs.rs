//! What brokers keep in their data directories. Tests: `crates/cli/tests/command_line.rs`.

use crate::cluster::Cluster;
use crate::error::{BrokerError, ClientError, accepted};
use wire::describe_log_dirs_request::{DescribableLogDirTopic, DescribeLogDirsRequest};
use wire::describe_log_dirs_response::DescribeLogDirsResult;

/// A data directory of a broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogDir {
    /// The broker.
    pub broker: i32,
    /// Its path there.
    pub path: String,
    /// Why it is offline, if it is.
    pub error: Option<BrokerError>,
    /// Size of its volume; none if the broker does not say. *Units*: bytes.
    pub total_bytes: Option<u64>,
    /// What is free there; none if the broker does not say. *Units*: bytes.
    pub usable_bytes: Option<u64>,
    /// The logs in it, by topic and number.
    pub logs: Vec<LogInDir>,
}

/// One partition's log in a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogInDir {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// *Units*: bytes.
    pub bytes: i64,
    /// How many offsets it is behind the partition.
    pub offset_lag: i64,
}

impl Cluster {
    /// Describes the data directories of all brokers, with the logs of one topic or of all.
    ///
    /// # Errors
    /// `UnknownTopic`, `Refused`, `Unsupported`, and as `any`.
    pub async fn log_dirs(&self, topic: Option<&str>) -> Result<Vec<LogDir>, ClientError> {
        let topics = match topic {
            None => None,
            Some(name) => {
                let partitions = self.partitions(name).await?;
                Some(vec![DescribableLogDirTopic { topic: name.to_owned(), partitions }])
            }
        };
        let request = DescribeLogDirsRequest { topics };
        let mut all = Vec::new();
        for broker in self.retrying(|| self.metadata(Some(&[]))).await?.brokers {
            let broker = broker.node_id;
            let answer = self.broker(broker).await?.call(&request).await?;
            accepted(answer.error_code, None, || format!("directories of broker {broker}"))?;
            all.extend(answer.results.into_iter().map(|result| log_dir(broker, result)));
        }
        Ok(all)
    }
}

fn log_dir(broker: i32, result: DescribeLogDirsResult) -> LogDir {
    let mut logs = Vec::new();
    for topic in result.topics {
        logs.extend(topic.partitions.iter().map(|log| LogInDir {
            topic: topic.name.clone(),
            partition: log.partition_index,
            bytes: log.partition_size,
            offset_lag: log.offset_lag,
        }));
    }
    logs.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    LogDir {
        broker,
        path: result.log_dir,
        error: BrokerError::of(result.error_code, None),
        total_bytes: u64::try_from(result.total_bytes).ok(),
        usable_bytes: u64::try_from(result.usable_bytes).ok(),
        logs,
    }
}
