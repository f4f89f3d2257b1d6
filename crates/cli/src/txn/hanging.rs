//! `highwater txn find-hanging`: transactions that are open in a partition and that no coordinator runs.

use super::open::{Open, Runs, open_in};
use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::moment::utc;
use crate::output::Output;
use client::Cluster;
use env::Env;
use serde_json::{Value, json};
use types::WallTime;

/// The setting that bounds how long a transaction may take, and its default.
const TIMEOUT_MAX: &str = "transaction.max.timeout.ms";
const TIMEOUT_MAX_DEFAULT: i64 = 900_000;

/// What `find-hanging` is called with.
///
/// A transaction hangs if a partition has it open and no coordinator runs it there: nothing will end it, so that readers of
/// committed data wait at its first record for ever. As Kafka's tool does, it looks only at transactions whose last
/// record is older than any transaction may take: what is younger may be on its way to its coordinator. Records have the time that their
/// client gave them. `highwater txn abort` ends one.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Only this topic [default: all topics]
    #[arg(long, short)]
    topic: Option<String>,
    /// Only this partition; may be given many times
    #[arg(long, short, requires = "topic")]
    partition: Vec<i32>,
    /// Only those whose last record is older [default: the brokers' transaction.max.timeout.ms]
    #[arg(long, value_name = "SECONDS")]
    older_than: Option<u32>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Shows what hangs, and how it is ended.
pub(crate) async fn find_hanging(args: &Args, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let age_ms = match args.older_than {
        Some(seconds) => i64::from(seconds) * 1_000,
        None => longest(&cluster).await,
    };
    let now = Env::real().clock.now().wall;
    let latest = WallTime(now.0.saturating_sub(age_ms));
    let mut open = Vec::new();
    for topic in topics(args, &cluster).await? {
        let partitions = match args.partition.is_empty() {
            true => cluster.partitions(&topic).await?,
            false => args.partition.clone(),
        };
        open.extend(open_in(&cluster, &topic, &partitions).await?);
    }
    open.retain(|one| one.producer.last_timestamp <= latest);
    let runs = Runs::of(&cluster, &open).await?;
    open.retain(|one| runs.owner(one).is_none());
    if output.is_json() {
        return output.json(&Value::Array(open.iter().map(document).collect()));
    }
    let rows: Vec<Vec<String>> = open.iter().map(row).collect();
    output.table(
        &["topic", "partition", "start offset", "producer", "epoch", "coordinator epoch", "last record"],
        &rows,
    )?;
    if let Some(first) = open.first() {
        let (topic, partition, start) = (&first.topic, first.partition, first.start);
        output.remark(&format!(
            "note: to end one: highwater txn abort --topic {topic} --partition {partition} --start-offset {start}"
        ));
    }
    Ok(())
}

/// Returns how long a transaction may take at most. *Units*: ms.
async fn longest(cluster: &Cluster) -> i64 {
    let Ok(controller) = cluster.describe_cluster().await.map(|described| described.controller) else {
        return TIMEOUT_MAX_DEFAULT;
    };
    // Some brokers do not say.
    let configs = cluster.broker_configs(controller).await.unwrap_or_default();
    let value = configs.into_iter().find(|one| one.name == TIMEOUT_MAX).and_then(|one| one.value);
    value.and_then(|value| value.parse().ok()).unwrap_or(TIMEOUT_MAX_DEFAULT)
}

async fn topics(args: &Args, cluster: &Cluster) -> Result<Vec<String>, Failure> {
    match &args.topic {
        Some(topic) => Ok(vec![topic.clone()]),
        None => Ok(cluster.list_topics().await?.into_iter().map(|topic| topic.name).collect()),
    }
}

fn row(one: &Open) -> Vec<String> {
    let producer = &one.producer;
    vec![
        one.topic.clone(),
        one.partition.to_string(),
        one.start.to_string(),
        producer.id.to_string(),
        producer.epoch.to_string(),
        producer.coordinator_epoch.to_string(),
        utc(producer.last_timestamp),
    ]
}

fn document(one: &Open) -> Value {
    json!({
        "topic": one.topic, "partition": one.partition, "start_offset": one.start.0, "producer_id": one.producer.id,
        "producer_epoch": one.producer.epoch, "coordinator_epoch": one.producer.coordinator_epoch,
        "last_timestamp": one.producer.last_timestamp.0,
    })
}
