//! `bench txn`: producers that each commit one transaction after the other, then abort them.
//!
//! A transaction is one batch into one partition and its end; the next begins when the end is answered. Figures are of whole
//! transactions (`transaction`) and of the end alone (`commit`, `abort`). At the end all partitions are read as a
//! reader of committed data: unless it finds each committed record once and no other, the figures are VOID.
//! Tests: `crates/cli/tests/transactional/`.

mod load;
mod show;
mod verify;

use super::canary::canary;
use super::machine::{steal_since, usage};
use crate::bootstrap::Bootstrap;
use crate::failure::{Failure, VOID};
use crate::http;
use crate::output::Output;
use client::{ClientOptions, Cluster, NewTopic, OffsetAt};
use env::Env;
use load::{Counts, Load, Phase};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Counts the groups that the write-ahead log has synced.
const FLUSHES: &str = "highwater_wal_sync_seconds_count";
/// How long the metrics may take.
const METRICS_TIMEOUT: Duration = Duration::from_secs(5);

/// What `bench txn` is called with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    bootstrap: Bootstrap,
    /// Producers, each with a connection and a transactional id of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    producers: u32,
    /// Records of each transaction
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    records: u32,
    /// Bytes of each value
    #[arg(long, default_value_t = 1024)]
    record_bytes: usize,
    /// Partitions of the topic; the producers are dealt out to them [default: one for each producer]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    partitions: Option<u32>,
    /// Milliseconds that a producer waits when the broker asks it to try again
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    backoff_ms: u64,
    /// Seconds to measure commits
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Seconds to measure aborts after that
    #[arg(long, default_value_t = 3.0)]
    abort_seconds: f64,
    /// Seconds before that
    #[arg(long, default_value_t = 2.0)]
    warmup: f64,
    /// Process id of the broker, for its CPU time
    #[arg(long)]
    pid: Option<u32>,
    /// HTTP port of the broker, for the flushes of its write-ahead log
    #[arg(long, value_name = "HOST:PORT")]
    metrics: Option<String>,
    /// Folder on the broker's disk, for the canary
    #[arg(long, value_name = "DIR")]
    canary: Option<PathBuf>,
}

impl Args {
    fn partitions(&self) -> u32 {
        self.partitions.unwrap_or(self.producers)
    }

    /// The pause does not grow: it is a figure of the measurement.
    fn options(&self) -> ClientOptions {
        let pause = Duration::from_millis(self.backoff_ms);
        ClientOptions { backoff_min: pause, backoff_max: pause, ..self.bootstrap.options() }
    }
}

/// What a phase cost beside what its producers counted.
struct Cost {
    took: Duration,
    broker_cpu: Option<Duration>,
    flushes: Option<f64>,
    steal: f64,
}

/// The figures.
struct Measured {
    counts: Counts,
    commits: Cost,
    aborts: Cost,
    disk: Option<Duration>,
}

/// Measures and prints.
pub(super) async fn bench(args: Args, output: &Output) -> Result<u8, Failure> {
    let cluster = args.bootstrap.cluster_with(args.options());
    let topic = format!("bench-{:08x}", Env::real().random.next_u64() >> 32);
    make_topic(&cluster, &topic, args.partitions()).await?;
    let measured = measure(&args, &topic, output).await;
    let judged = match measured {
        Ok(measured) => {
            show::show(&args, &measured, output)?;
            output.progress("verifying");
            verify::fault(&cluster, &topic, measured.counts.committed * u64::from(args.records)).await
        }
        Err(failure) => Err(failure),
    };
    let _best_effort = cluster.delete_topic(&topic).await;
    output.progress_done();
    if let Some(fault) = judged? {
        output.complain(&format!("VOID, these figures mean nothing: {fault}"));
        return Ok(VOID);
    }
    Ok(0)
}

/// Makes a topic, and waits until it has leaders.
async fn make_topic(cluster: &Cluster, name: &str, partitions: u32) -> Result<(), Failure> {
    let partitions = Some(i32::try_from(partitions)?);
    cluster.create_topic(&NewTopic { name: name.to_owned(), partitions, ..NewTopic::default() }).await?;
    cluster.offsets(name, OffsetAt::Latest).await?;
    Ok(())
}

async fn measure(args: &Args, topic: &str, output: &Output) -> Result<Measured, Failure> {
    let disk_before = args.canary.as_deref().map(canary).transpose()?;
    let (phase, phases) = watch::channel(Phase::Warm);
    let load = Load::new(args, topic, phases)?;
    let mut tasks = JoinSet::new();
    (0..args.producers).for_each(|producer| drop(tasks.spawn(load.clone().run(producer))));
    output.progress(&format!("warming up for {} s", args.warmup));
    watched(&mut tasks, Duration::try_from_secs_f64(args.warmup)?).await?;
    output.progress(&format!("committing for {} s", args.seconds));
    let commits = cost(args, (&phase, Phase::Commit, args.seconds), &mut tasks).await?;
    output.progress(&format!("aborting for {} s", args.abort_seconds));
    let aborts = cost(args, (&phase, Phase::Abort, args.abort_seconds), &mut tasks).await?;
    phase.send_replace(Phase::Stop);
    let mut counts = Counts::new()?;
    while let Some(ended) = tasks.join_next().await {
        counts.add(&ended??)?;
    }
    output.progress_done();
    let disk = disk_before.max(args.canary.as_deref().map(canary).transpose()?);
    Ok(Measured { counts, commits, aborts, disk })
}

/// Lets a phase run, and says what it cost.
async fn cost(
    args: &Args,
    (sender, phase, seconds): (&watch::Sender<Phase>, Phase, f64),
    tasks: &mut JoinSet<Result<Counts, Failure>>,
) -> Result<Cost, Failure> {
    let flushes_before = flushes(args).await?;
    let (before, (_, ticks), started) = (args.pid.and_then(usage), steal_since(None), Instant::now());
    sender.send_replace(phase);
    watched(tasks, Duration::try_from_secs_f64(seconds)?).await?;
    let (took, after) = (started.elapsed(), args.pid.and_then(usage));
    Ok(Cost {
        took,
        broker_cpu: before.zip(after).map(|(before, after)| after.cpu.saturating_sub(before.cpu)),
        flushes: flushes_before.zip(flushes(args).await?).map(|(before, after)| after - before),
        steal: steal_since(ticks).0,
    })
}

async fn flushes(args: &Args) -> Result<Option<f64>, Failure> {
    match &args.metrics {
        Some(address) => Ok(Some(http::metric(address, FLUSHES, METRICS_TIMEOUT).await?)),
        None => Ok(None),
    }
}

/// Waits, and fails with the first producer that fails meanwhile.
async fn watched(tasks: &mut JoinSet<Result<Counts, Failure>>, time: Duration) -> Result<(), Failure> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        Some(ended) = tasks.join_next() => match ended? {
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::of("a producer has ended by itself")),
        },
    }
}
