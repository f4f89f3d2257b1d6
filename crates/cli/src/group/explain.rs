//! `highwater group why` and `lag`: what the broker itself says of a group, from its HTTP port.

use crate::failure::Failure;
use crate::http::{escaped, get};
use crate::output::Output;
use serde_json::{Value, json};
use std::time::Duration;

/// What `why` and `lag` are called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the group
    name: String,
    /// Address of the broker's HTTP port
    #[arg(long, default_value = "127.0.0.1:9644")]
    http: String,
    /// Seconds after which it gives up
    #[arg(long, default_value_t = 15)]
    timeout: u64,
}

impl Args {
    async fn ask(&self) -> Result<Value, Failure> {
        let path = format!("/groups/{}", escaped(&self.name));
        let within = Duration::from_secs(self.timeout.max(1));
        get(&self.http, &path, within)
            .await
            .map_err(|failure| Failure::of(format!("group '{}': {}", self.name, failure.sentence())))
    }
}

/// Says why a group is not stable, or why its lag does not move.
pub(crate) async fn why(args: &Args, output: &Output) -> Result<(), Failure> {
    let document = args.ask().await?;
    if output.is_json() {
        return output.json(&json!({
            "group": args.name, "state": document["state"], "protocol": document["protocol"],
            "generation": document["generation"], "lag": document["lag"], "skipped": document["skipped"],
            "findings": document["findings"],
        }));
    }
    let members = document["members"].as_array().map_or(0, Vec::len);
    output.line(&format!(
        "group {}  state {}  rebalance {}  {members} members, {} records behind",
        args.name,
        text(&document["state"]),
        text(&document["generation"]),
        text(&document["lag"])
    ))?;
    for finding in document["findings"].as_array().into_iter().flatten() {
        output.line(&format!("\n- {}.", text(&finding["text"])))?;
        if finding["code"] != "fine" {
            output.line(&format!("  What to do: {}.", text(&finding["advice"])))?;
        }
    }
    Ok(())
}

/// Shows how far a group is behind, partition by partition.
pub(crate) async fn lag(args: &Args, output: &Output) -> Result<(), Failure> {
    let document = args.ask().await?;
    if output.is_json() {
        return output.json(&json!({
            "group": args.name, "lag": document["lag"], "skipped": document["skipped"],
            "partitions": document["partitions"], "more_partitions": document["more_partitions"],
        }));
    }
    let rows: Vec<Vec<String>> = document["partitions"].as_array().into_iter().flatten().map(row).collect();
    output.table(&["topic", "partition", "committed", "end", "lag", "behind", "skipped", "member"], &rows)?;
    if let Some(more @ 1..) = document["more_partitions"].as_u64() {
        output.remark(&format!("{more} further partitions are not shown."));
    }
    output.line(&format!(
        "{} records behind, {} deleted before they were read",
        text(&document["lag"]),
        text(&document["skipped"])
    ))
}

fn row(one: &Value) -> Vec<String> {
    let behind = one["lag_ms"].as_f64().map_or("-".to_owned(), |ms| format!("{:.1} s", ms / 1000.0));
    let end = if one["presence"] == "served" { text(&one["high_watermark"]) } else { text(&one["presence"]) };
    let [topic, partition, committed, lag, skipped, member] =
        ["topic", "partition", "committed", "lag", "skipped", "member"].map(|name| text(&one[name]));
    vec![topic, partition, committed, end, lag, behind, skipped, member]
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
