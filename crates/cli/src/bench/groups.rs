//! `bench groups`: what members, commits and the loading of a coordinator cost. Raw requests, so that a member is cheap.
//!
//! | scenario | measures |
//! |---|---|
//! | `members` | time from joins to the last assignment, generations, broker CPU; then the CPU of heartbeats |
//! | `commits` | commits by the clock: latency beside the disk's own, broker CPU of each; VOID unless the last of each group is there |
//! | `load` | a broker of our own with many commits is killed: time until their coordinator answers again |
//!
//! Tests: `crates/cli/tests/bench_groups.rs`.

mod board;
mod classic;
mod commits;
mod consumer;
mod fill;
mod load;
mod members;

use crate::failure::Failure;
use crate::output::Output;
use client::{BrokerError, ClientError, Cluster, Connection, NewTopic, OffsetAt};
use env::Env;
use tokio::time::Instant;
use types::ErrorCode;

/// What can be measured.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Many members join a group, and stay
    Members(members::Args),
    /// Groups commit offsets by the clock
    Commits(commits::Args),
    /// Write commits to a broker of our own, kill it with SIGKILL, and see when their coordinator answers
    Load(load::Args),
}

/// Measures, prints the figures, and returns the exit code.
pub(super) async fn bench(command: Command, output: &Output) -> Result<u8, Failure> {
    match command {
        Command::Members(args) => members::bench(args, output).await,
        Command::Commits(args) => commits::bench(args, output).await,
        Command::Load(args) => load::bench(args, output).await,
    }
}

/// Returns a name that nobody has.
fn new_name() -> String {
    format!("bench-{:08x}", Env::real().random.next_u64() >> 32)
}

/// Makes a topic, and waits until it has leaders: some brokers answer before they know of it themselves.
async fn make_topic(cluster: &Cluster, name: &str, partitions: u32) -> Result<(), Failure> {
    let partitions = Some(i32::try_from(partitions)?);
    cluster.create_topic(&NewTopic { name: name.to_owned(), partitions, ..NewTopic::default() }).await?;
    let deadline = Instant::now() + cluster.options().call_timeout;
    loop {
        match cluster.offsets(name, OffsetAt::Latest).await {
            Err(ClientError::UnknownTopic(_)) if Instant::now() < deadline => {
                tokio::time::sleep(cluster.options().backoff_min).await;
            }
            other => return Ok(other.map(drop)?),
        }
    }
}

/// Connects to the coordinator of a group, as soon as there is one.
async fn coordinator(cluster: &Cluster, group: &str) -> Result<Connection, Failure> {
    serves(cluster, group).await?;
    Ok(cluster.dial_coordinator(group).await?)
}

/// Waits until the coordinator of a group serves: some are named before they do.
async fn serves(cluster: &Cluster, group: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + cluster.options().call_timeout;
    loop {
        match cluster.group_offsets(group).await {
            Err(error) if error.is_retriable() && Instant::now() < deadline => {
                tokio::time::sleep(cluster.options().backoff_min).await;
            }
            other => return Ok(other.map(drop)?),
        }
    }
}

/// What an error code is about.
fn known(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError)
}

/// Makes a sentence of a refusal.
fn refused(what: &str, code: i16) -> Failure {
    let reason = BrokerError { code, message: None };
    Failure::of(format!("{what}: {reason}"))
}
