//! `highwater txn`: list, describe, find-hanging, abort. KIP-664.

mod abort;
mod hanging;
mod open;

use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::moment::utc;
use crate::output::Output;
use client::{TransactionDescription, TransactionFilter, TransactionListing};
use serde_json::{Value, json};

/// What there is to do with transactions.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List transactional ids
    List(List),
    /// Show state, producer and partitions of a transactional id
    Describe(Named),
    /// Find transactions that are open in a partition and that no coordinator runs: nothing ends them by itself
    FindHanging(hanging::Args),
    /// Abort an open transaction: one that its coordinator runs in all its partitions, one that nobody runs where it is open
    Abort(abort::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only ids in this state (Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort); may be given many times
    #[arg(long, short)]
    state: Vec<String>,
    /// Only the id of this producer; may be given many times
    #[arg(long, value_name = "ID")]
    producer_id: Vec<i64>,
    /// Only ids whose transaction began longer ago, as in Kafka also those that never had one
    #[arg(long, value_name = "SECONDS")]
    longer_than: Option<u32>,
    /// Only ids whose whole name matches this regular expression
    #[arg(long, value_name = "PATTERN")]
    pattern: Option<String>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The transactional id
    id: String,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Carries out one of the commands about transactions.
pub(crate) async fn txn(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::List(args) => list(args, output).await,
        Command::Describe(args) => describe(&args, output).await,
        Command::FindHanging(args) => hanging::find_hanging(&args, output).await,
        Command::Abort(args) => abort::abort(&args, output).await,
    }
}

async fn list(args: List, output: &Output) -> Result<(), Failure> {
    let filter = TransactionFilter {
        states: args.state,
        producers: args.producer_id,
        longer_than_ms: args.longer_than.map(|seconds| i64::from(seconds) * 1_000),
        pattern: args.pattern,
    };
    let (found, unknown) = args.bootstrap.cluster().list_transactions(&filter).await?;
    if !unknown.is_empty() {
        let names = unknown.join("', '");
        return Err(Failure::usage(format!("no transaction has the state '{names}'; see `txn list --help`")));
    }
    if output.is_json() {
        let document = |one: &TransactionListing| {
            json!({
                "transactional_id": one.id, "coordinator": one.coordinator, "producer_id": one.producer_id,
                "state": one.state,
            })
        };
        return output.json(&Value::Array(found.iter().map(document).collect()));
    }
    let row = |one: TransactionListing| {
        vec![one.id, one.state, one.producer_id.to_string(), one.coordinator.to_string()]
    };
    let rows: Vec<Vec<String>> = found.into_iter().map(row).collect();
    output.table(&["transactional id", "state", "producer", "coordinator"], &rows)
}

async fn describe(args: &Named, output: &Output) -> Result<(), Failure> {
    let found = args.bootstrap.cluster().describe_transaction(&args.id).await?;
    if output.is_json() {
        return output.json(&document(&found));
    }
    output.line(&sentence(&found))?;
    output.table(&["topic", "partition"], &rows(&found))
}

/// Says in a line what is known of a transactional id.
fn sentence(found: &TransactionDescription) -> String {
    let began = found.started.map_or_else(|| "-".to_owned(), utc);
    format!(
        "transactional id {}  state {}  producer {}  epoch {}  timeout {} ms  began {began}  coordinator {}",
        found.id, found.state, found.producer_id, found.producer_epoch, found.timeout_ms, found.coordinator
    )
}

fn places(found: &TransactionDescription) -> impl Iterator<Item = (&str, i32)> {
    found.partitions.iter().flat_map(|(topic, all)| all.iter().map(move |p| (topic.as_str(), *p)))
}

fn rows(found: &TransactionDescription) -> Vec<Vec<String>> {
    places(found).map(|(topic, partition)| vec![topic.to_owned(), partition.to_string()]).collect()
}

fn document(found: &TransactionDescription) -> Value {
    let place = |(topic, partition)| json!({ "topic": topic, "partition": partition });
    json!({
        "transactional_id": found.id, "coordinator": found.coordinator, "state": found.state,
        "producer_id": found.producer_id, "producer_epoch": found.producer_epoch, "timeout_ms": found.timeout_ms,
        "started": found.started.map(|at| at.0), "partitions": places(found).map(place).collect::<Vec<_>>(),
    })
}
