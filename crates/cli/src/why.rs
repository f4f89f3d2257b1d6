//! `highwater why`: why something is where it is, as the broker itself says it from its HTTP port.

use crate::failure::Failure;
use crate::http::{escaped, get};
use crate::output::Output;
use serde_json::Value;
use std::time::Duration;

/// What can be asked about.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say whose transactions hold the last stable offset of a partition back, until when, and what to do
    Lso(Lso),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Lso {
    /// Name of the topic
    topic: String,
    /// The partition
    partition: i32,
    /// Address of the broker's HTTP port
    #[arg(long, default_value = "127.0.0.1:9644")]
    http: String,
    /// Seconds after which it gives up
    #[arg(long, default_value_t = 15)]
    timeout: u64,
}

/// Carries out one of these commands.
pub(crate) async fn why(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Lso(args) => lso(&args, output).await,
    }
}

async fn lso(args: &Lso, output: &Output) -> Result<(), Failure> {
    let (topic, partition) = (&args.topic, args.partition);
    let path = format!("/lso/{}/{partition}", escaped(topic));
    let document = get(&args.http, &path, Duration::from_secs(args.timeout.max(1)))
        .await
        .map_err(|failure| Failure::of(format!("{topic}-{partition}: {}", failure.sentence())))?;
    if output.is_json() {
        return output.json(&document);
    }
    output.line(&format!(
        "{topic}-{partition}  last stable offset {}  high watermark {}  {} offsets wait",
        document["last_stable"], document["high_watermark"], document["waiting"]
    ))?;
    for finding in document["findings"].as_array().into_iter().flatten() {
        output.line(&format!("\n- {}.", text(&finding["text"])))?;
        if finding["code"] != "fine" {
            output.line(&format!("  What to do: {}.", text(&finding["advice"])))?;
        }
    }
    match document["more"].as_u64() {
        Some(more @ 1..) => output.line(&format!("\n{more} further transactions are open here.")),
        _ => Ok(()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
