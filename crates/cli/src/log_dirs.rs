//! `highwater log-dirs`: what brokers keep in their data directories, and how much room there is.

use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::output::Output;
use client::{LogDir, LogInDir};
use serde_json::{Value, json};

/// What `log-dirs` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the partitions of this topic
    #[arg(long, short)]
    topic: Option<String>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Shows directories and the logs in them.
pub(crate) async fn log_dirs(args: &Args, output: &Output) -> Result<(), Failure> {
    let dirs = args.bootstrap.cluster().log_dirs(args.topic.as_deref()).await?;
    if output.is_json() {
        output.json(&Value::Array(dirs.iter().map(document).collect()))?;
    } else {
        dirs.iter().try_for_each(|dir| show(dir, output))?;
    }
    match dirs.iter().find_map(|dir| Some((dir, dir.error.as_ref()?))) {
        None => Ok(()),
        Some((dir, error)) => Err(Failure::of(format!(
            "directory {} of broker {} is offline ({error}); the broker's log says why",
            dir.path, dir.broker
        ))),
    }
}

fn show(dir: &LogDir, output: &Output) -> Result<(), Failure> {
    let known = |bytes: Option<u64>| bytes.map_or("?".to_owned(), |bytes| bytes.to_string());
    output.line(&format!("broker {}  directory {}", dir.broker, dir.path))?;
    output.line(&format!(
        "volume: {} bytes, {} of them free",
        known(dir.total_bytes),
        known(dir.usable_bytes)
    ))?;
    let row = |log: &LogInDir| {
        vec![log.topic.clone(), log.partition.to_string(), log.bytes.to_string(), log.offset_lag.to_string()]
    };
    let rows: Vec<Vec<String>> = dir.logs.iter().map(row).collect();
    output.table(&["topic", "partition", "bytes", "offset lag"], &rows)
}

fn document(dir: &LogDir) -> Value {
    let log = |log: &LogInDir| {
        json!({
            "topic": log.topic, "partition": log.partition, "bytes": log.bytes, "offset_lag": log.offset_lag,
        })
    };
    json!({
        "broker": dir.broker, "directory": dir.path, "error": dir.error.as_ref().map(ToString::to_string),
        "total_bytes": dir.total_bytes, "usable_bytes": dir.usable_bytes,
        "logs": dir.logs.iter().map(log).collect::<Vec<_>>(),
    })
}
