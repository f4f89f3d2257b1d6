//! `bench groups commits`: groups commit by the clock; at the end the last commit of each must be there.

use super::fill::{Committer, Lane, Target};
use crate::bench::canary::canary;
use crate::bench::machine::{steal_since, usage};
use crate::bench::{per, real};
use crate::bootstrap::Bootstrap;
use crate::failure::{Failure, VOID};
use crate::output::Output;
use client::{ClientOptions, Cluster};
use env::{Clock, Env};
use hdrhistogram::Histogram;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use types::Monotonic;

/// What `bench groups commits` is called with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    bootstrap: Bootstrap,
    /// Groups, all with the same share of the commits
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    groups: u32,
    /// Partitions of each commit
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    partitions: u32,
    /// Connections; the groups are dealt out to them
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Commits per second over all connections
    #[arg(long, default_value_t = 10_000.0)]
    rate: f64,
    /// Commits in flight on each connection, at most
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1000))]
    in_flight: u32,
    /// Seconds to measure
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Seconds before that
    #[arg(long, default_value_t = 2.0)]
    warmup: f64,
    /// Process id of the broker, for its CPU time
    #[arg(long)]
    pid: Option<u32>,
    /// Folder on the broker's disk, for the canary
    #[arg(long, value_name = "DIR")]
    canary: Option<PathBuf>,
}

/// When to send, and from when to count.
#[derive(Clone)]
struct Pace {
    clock: Arc<dyn Clock>,
    in_flight: usize,
    interval: Duration,
    measure_from: Monotonic,
    until: Instant,
}

/// What one connection counted.
struct Counts {
    latency: Histogram<u64>,
    commits: u64,
    last: Monotonic,
    committers: Vec<Committer>,
}

/// The figures.
struct Measured {
    latency: Histogram<u64>,
    commits: u64,
    took: Duration,
    broker_cpu: Option<Duration>,
    steal: f64,
    committers: Vec<Committer>,
}

/// Measures and prints.
pub(super) async fn bench(args: Args, output: &Output) -> Result<u8, Failure> {
    let disk_before = args.canary.as_deref().map(canary).transpose()?;
    let options = ClientOptions { in_flight_max: 1 << 20, ..args.bootstrap.options() };
    let cluster = args.bootstrap.cluster_with(options);
    let topic = super::new_name();
    super::make_topic(&cluster, &topic, args.partitions).await?;
    let measured = run(&args, &cluster, &topic, output).await?;
    let disk = disk_before.max(args.canary.as_deref().map(canary).transpose()?);
    show(&args, &measured, disk, output)?;
    output.progress("verifying");
    let fault = super::load::missing(&cluster, &measured.committers, args.partitions).await?;
    for committer in &measured.committers {
        let _best_effort = cluster.delete_group(&committer.group).await;
    }
    let _best_effort = cluster.delete_topic(&topic).await;
    output.progress_done();
    if let Some(fault) = fault {
        output.complain(&format!("VOID, these figures mean nothing: {fault}"));
        return Ok(VOID);
    }
    Ok(0)
}

async fn run(args: &Args, cluster: &Cluster, topic: &str, output: &Output) -> Result<Measured, Failure> {
    let lanes = lanes(args, cluster, topic).await?;
    let clock = Env::real().clock;
    let warmup = Duration::try_from_secs_f64(args.warmup)?;
    let each = args.rate / f64::from(args.connections);
    let pace = Pace {
        in_flight: usize::try_from(args.in_flight)?,
        interval: Duration::try_from_secs_f64(1.0 / each)?,
        measure_from: clock.now().mono.plus(warmup),
        until: Instant::now() + warmup + Duration::try_from_secs_f64(args.seconds)?,
        clock,
    };
    let mut tasks = JoinSet::new();
    lanes.into_iter().for_each(|lane| drop(tasks.spawn(send(lane, pace.clone()))));
    output.progress(&format!("warming up for {} s", args.warmup));
    tokio::time::sleep(warmup).await;
    output.progress(&format!("measuring for {} s", args.seconds));
    let before = args.pid.and_then(usage);
    let (_, ticks) = steal_since(None);
    let (mut latency, mut commits) = (histogram()?, 0);
    let (mut last, mut committers) = (pace.measure_from, Vec::new());
    while let Some(counts) = tasks.join_next().await {
        let counts = counts??;
        latency.add(&counts.latency)?;
        (commits, last) = (commits + counts.commits, last.max(counts.last));
        committers.extend(counts.committers);
    }
    output.progress_done();
    let after = args.pid.and_then(usage);
    let broker_cpu = before.zip(after).map(|(before, after)| after.cpu.saturating_sub(before.cpu));
    let took = last.since(pace.measure_from);
    Ok(Measured { latency, commits, took, broker_cpu, steal: steal_since(ticks).0, committers })
}

fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_bounds(1, 120_000_000, 3)?)
}

async fn lanes(args: &Args, cluster: &Cluster, topic: &str) -> Result<Vec<Lane>, Failure> {
    let id = cluster.leader(topic, 0).await?.topic_id;
    let target = Target { name: topic.to_owned(), id, partitions: i32::try_from(args.partitions)? };
    let groups: Vec<String> = (0..args.groups).map(|group| format!("{topic}-{group}")).collect();
    for group in &groups {
        super::serves(cluster, group).await?;
    }
    let step = usize::try_from(args.connections)?;
    let mut lanes = Vec::new();
    for lane in 0..step.min(groups.len()) {
        let mine: Vec<String> = groups.iter().skip(lane).step_by(step).cloned().collect();
        let first = mine.first().map_or("", |group| group);
        let connection = super::coordinator(cluster, first).await?;
        lanes.push(Lane::new(connection, target.clone(), mine));
    }
    Ok(lanes)
}

/// A slow answer must not hold up the next commit: latency counts from the moment it was meant for.
async fn send(mut lane: Lane, pace: Pace) -> Result<Counts, Failure> {
    let (start, start_mono) = (Instant::now(), pace.clock.now().mono);
    let (mut latency, mut commits, mut last, mut sent) = (histogram()?, 0, start_mono, 0u32);
    loop {
        let due = pace.interval * sent;
        let next = start + due;
        let over = Instant::now().max(next) >= pace.until;
        if over && lane.in_flight() == 0 {
            return Ok(Counts { latency, commits, last, committers: lane.committers });
        }
        let has_room = !over && lane.in_flight() < pace.in_flight;
        if has_room && Instant::now() >= next {
            lane.put(start_mono.plus(due))?;
            sent += 1;
            continue;
        }
        tokio::select! {
            biased;
            meant_for = lane.take() => {
                let meant_for = meant_for?;
                last = pace.clock.now().mono;
                if meant_for >= pace.measure_from {
                    commits += 1;
                    let micros = last.since(meant_for).as_micros();
                    latency.saturating_record(u64::try_from(micros).unwrap_or(u64::MAX));
                }
            }
            () = tokio::time::sleep_until(next), if has_room => {}
        }
    }
}

fn show(args: &Args, measured: &Measured, disk: Option<Duration>, output: &Output) -> Result<(), Failure> {
    let per_s = per(real(measured.commits), measured.took.as_secs_f64());
    let quantile = |q: f64| real(measured.latency.value_at_quantile(q)) / 1000.0;
    let each = measured.broker_cpu.map(|cpu| per(cpu.as_secs_f64() * 1e6, real(measured.commits)));
    let flushes = disk.map(|disk| per(quantile(0.99), disk.as_secs_f64() * 1000.0));
    if output.is_json() {
        return output.json(&json!({
            "groups": args.groups, "partitions": args.partitions, "rate": args.rate,
            "commits": measured.commits, "commits_per_s": per_s, "broker_cpu_us_per_commit": each,
            "latency_ms": { "p50": quantile(0.5), "p99": quantile(0.99), "p999": quantile(0.999),
                "max": real(measured.latency.max()) / 1000.0 },
            "canary_us": disk.map(|disk| disk.as_micros()), "p99_in_flushes": flushes, "steal": measured.steal,
        }));
    }
    let mut rows = vec![
        ("commits/s", format!("{per_s:.0}")),
        ("latency p50 / p99 / p99.9 / max (ms)", {
            let max = real(measured.latency.max()) / 1000.0;
            format!("{:.2} / {:.2} / {:.2} / {max:.2}", quantile(0.5), quantile(0.99), quantile(0.999))
        }),
    ];
    if let Some(each) = each {
        rows.push(("broker CPU per commit (us)", format!("{each:.1}")));
    }
    if let (Some(disk), Some(flushes)) = (disk, flushes) {
        rows.push(("disk: 4 KiB write + sync (us)", disk.as_micros().to_string()));
        rows.push(("p99 in such writes", format!("{flushes:.1}")));
    }
    rows.push(("time stolen by the host", format!("{:.1} %", measured.steal * 100.0)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    output.table(&[], &rows)
}
