//! `bench restart`: how soon a broker acknowledges: new, and again after SIGKILL with data on its disk.

use super::canary::canary;
use super::machine::usage;
use super::produce::{self, run};
use super::real;
use crate::failure::Failure;
use crate::output::Output;
use crate::prove::{BrokerChild, ChildOptions, Foreign, Scratch};
use crate::settings::key_value;
use bytes::Bytes;
use clap::Parser;
use client::{ClientOptions, Cluster, NewRecord, NewTopic, OffsetAt, Outcome, Producer, ProducerOptions};
use env::{Env, net::Net};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// Memory is looked at so long after the first record.
const SETTLE: Duration = Duration::from_secs(2);
const PROBE: &str = "bench-probe";
const FILL: &str = "bench-fill";

/// What `bench restart` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Megabytes to write before the kill
    #[arg(long, default_value_t = 1000)]
    megabytes: u64,
    /// Partitions to write to
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    partitions: u32,
    /// How often it is killed
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    kills: u32,
    /// Folder for the data, empty or missing [default: a scratch folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Another broker than this one: what starts it, for the shell, in the foreground and on an empty folder
    #[arg(long, value_name = "COMMAND", requires = "bootstrap", conflicts_with_all = ["data", "set"])]
    start: Option<String>,
    /// Where the other broker listens
    #[arg(short, long, value_name = "HOST:PORT", requires = "start")]
    bootstrap: Option<String>,
    /// One broker setting; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

/// The options of `bench produce`, for filling.
#[derive(Debug, Parser)]
struct FillLine {
    #[command(flatten)]
    args: produce::Args,
}

/// Measures and prints.
pub(crate) async fn bench(args: Args, output: &Output) -> Result<u8, Failure> {
    let scratch = Scratch::new(args.data.as_deref())?;
    let disk = canary(scratch.path())?;
    let foreign = args.start.clone().zip(args.bootstrap.clone());
    let options = ChildOptions {
        foreign: foreign.map(|(command, address)| Foreign { command, address }),
        data: scratch.path().join("data"),
        said: scratch.path().join("broker.log"),
        settings: args.set.clone(),
    };
    let started = Instant::now();
    let mut broker = BrokerChild::start(options).await?;
    let cluster = Cluster::new(Net::Real, &[broker.address().to_owned()], patient());
    let one = Some(1);
    cluster
        .create_topic(&NewTopic { name: PROBE.to_owned(), partitions: one, ..NewTopic::default() })
        .await?;
    acknowledge_one(&cluster).await?;
    let first_start = started.elapsed();
    tokio::time::sleep(SETTLE).await;
    let idle = usage(broker.pid()).map_or(0, |usage| usage.rss);
    fill(&args, &cluster, broker.address(), output).await?;
    let mut restarts = Vec::new();
    for kill in 1..=args.kills {
        output.progress(&format!("kill {kill} of {}", args.kills));
        let ends = cluster.offsets(FILL, OffsetAt::Latest).await?;
        broker.kill()?;
        let started = Instant::now();
        broker.start_again().await?;
        acknowledge_one(&cluster).await?;
        restarts.push(started.elapsed());
        if cluster.offsets(FILL, OffsetAt::Latest).await? != ends {
            return Err(Failure::of("the ends of the log are not the same after the restart"));
        }
    }
    output.progress_done();
    show(&args, (first_start, idle, disk), &restarts, output)?;
    Ok(0)
}

fn patient() -> ClientOptions {
    let (backoff_min, backoff_max) = (Duration::from_millis(2), Duration::from_millis(5));
    ClientOptions { backoff_min, backoff_max, ..ClientOptions::default() }
}

/// Writes one record and waits until it is acknowledged.
async fn acknowledge_one(cluster: &Cluster) -> Result<(), Failure> {
    let producer = Producer::new(cluster.clone(), ProducerOptions::default());
    let (timestamp, value) = (Env::real().clock.now().wall, Some(Bytes::from_static(b"probe")));
    let record = NewRecord { timestamp, key: None, value, headers: Vec::new() };
    match producer.submit(PROBE, 0, vec![record]).await?.await {
        Outcome::Acked(_) => Ok(()),
        Outcome::Refused(why) => Err(Failure::of(format!("the probe was refused: {why}"))),
        Outcome::Unknown => Err(Failure::of("the probe was not answered")),
    }
}

/// Writes batches in rounds of a second until there are enough.
async fn fill(args: &Args, cluster: &Cluster, address: &str, output: &Output) -> Result<(), Failure> {
    let partitions = Some(i32::try_from(args.partitions)?);
    cluster.create_topic(&NewTopic { name: FILL.to_owned(), partitions, ..NewTopic::default() }).await?;
    cluster.offsets(FILL, OffsetAt::Latest).await?;
    let line = ["fill", "--bootstrap", address, "--warmup", "0", "--seconds", "1", "--batch-bytes", "65536"];
    let fill = FillLine::try_parse_from(line)?.args;
    let mut written = 0u64;
    while written < args.megabytes * 1_000_000 {
        output.progress(&format!("filling: {} of {} MB", written / 1_000_000, args.megabytes));
        let quiet = Output::quiet();
        let measured = run(&fill, cluster, FILL, &quiet).await?;
        let batches = u64::try_from(measured.acked.len())?;
        written += batches * u64::try_from(measured.template.size())?;
        if batches == 0 {
            return Err(Failure::of("the broker acknowledges nothing"));
        }
    }
    Ok(())
}

fn show(
    args: &Args,
    (first_start, idle, disk): (Duration, u64, Duration),
    restarts: &[Duration],
    output: &Output,
) -> Result<(), Failure> {
    let ms = |time: &Duration| format!("{:.0}", time.as_secs_f64() * 1000.0);
    if output.is_json() {
        return output.json(&json!({
            "first_ack_ms": first_start.as_millis(), "idle_rss": idle, "megabytes": args.megabytes,
            "restart_ms": restarts.iter().map(Duration::as_millis).collect::<Vec<_>>(),
            "canary_us": disk.as_micros(),
        }));
    }
    let rows = [
        ("empty folder to first acknowledged record (ms)", ms(&first_start)),
        ("memory then (MB)", format!("{:.1}", real(idle) / 1e6)),
        ("data written before the kills (MB)", args.megabytes.to_string()),
        ("SIGKILL to first acknowledged record (ms)", restarts.iter().map(ms).collect::<Vec<_>>().join(", ")),
        ("disk: 4 KiB write + sync (us)", disk.as_micros().to_string()),
    ];
    output.table(&[], &rows.map(|(name, value)| vec![name.to_owned(), value]))
}
