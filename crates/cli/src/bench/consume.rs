//! `bench consume`: reads partitions from their first offset to the end that they have at the start.

use super::machine::{steal_since, usage};
use super::{per, real};
use crate::bootstrap::Bootstrap;
use crate::failure::{Failure, VOID};
use crate::output::Output;
use client::{Cluster, Consumer, ConsumerOptions, OffsetAt, StartAt};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use types::Offset;

/// What `bench consume` is called with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic
    topic: String,
    #[command(flatten)]
    bootstrap: Bootstrap,
    /// Connections; the partitions are dealt out to them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Most bytes of one answer
    #[arg(long, default_value_t = 8 << 20)]
    fetch_bytes: i32,
    /// Process id of the broker, for its CPU time and memory
    #[arg(long)]
    pid: Option<u32>,
}

/// What one connection read.
#[derive(Clone, Copy, Default)]
struct Counts {
    batches: u64,
    records: u64,
    bytes: u64,
    /// Offsets that the records do not cover: none unless the topic is compacted.
    missing: u64,
}

/// Measures and prints. VOID when offsets are missing.
pub(crate) async fn bench(args: Args, output: &Output) -> Result<u8, Failure> {
    let cluster = args.bootstrap.cluster();
    let ends = cluster.offsets(&args.topic, OffsetAt::Latest).await?;
    let step = usize::try_from(args.connections)?;
    let mut tasks = JoinSet::new();
    let (own, broker) = (usage(std::process::id()), args.pid.and_then(usage));
    let (_, ticks) = steal_since(None);
    let started = Instant::now();
    for connection in 0..step {
        let mine = ends.iter().skip(connection).step_by(step);
        let mine: BTreeMap<i32, Offset> =
            mine.map(|end| (end.partition, end.offset.unwrap_or(Offset::ZERO))).collect();
        tasks.spawn(read(args.bootstrap.cluster(), args.clone(), mine));
    }
    let mut total = Counts::default();
    while let Some(counts) = tasks.join_next().await {
        let counts = counts??;
        total.batches += counts.batches;
        total.records += counts.records;
        total.bytes += counts.bytes;
        total.missing += counts.missing;
    }
    let took = started.elapsed();
    let spent = |before: Option<super::machine::Usage>, pid: Option<u32>| {
        before.zip(pid.and_then(usage)).map(|(a, b)| b.cpu.saturating_sub(a.cpu))
    };
    let (own, broker) = (spent(own, Some(std::process::id())), spent(broker, args.pid));
    show(&total, took, (own.unwrap_or_default(), broker), steal_since(ticks).0, output)?;
    if total.missing > 0 {
        output.complain(&format!("VOID, these figures mean nothing: {} offsets are missing", total.missing));
        return Ok(VOID);
    }
    Ok(0)
}

async fn read(cluster: Cluster, args: Args, mut ends: BTreeMap<i32, Offset>) -> Result<Counts, Failure> {
    let options = ConsumerOptions {
        max_bytes: args.fetch_bytes,
        partition_max_bytes: args.fetch_bytes,
        ..ConsumerOptions::default()
    };
    let mut consumer = Consumer::new(cluster, options);
    let mut next = BTreeMap::new();
    ends.retain(|_, end| *end > Offset::ZERO);
    for partition in ends.keys() {
        consumer.assign(&args.topic, *partition, StartAt::Beginning).await?;
        next.insert(*partition, consumer.position(&args.topic, *partition).unwrap_or(Offset::ZERO));
    }
    let mut counts = Counts::default();
    while next.iter().any(|(partition, next)| ends.get(partition).is_some_and(|end| next < end)) {
        for batch in consumer.poll_batches().await? {
            let due = next.insert(batch.partition, batch.header.next_offset()).unwrap_or(Offset::ZERO);
            counts.missing += u64::try_from(batch.header.base_offset.since(due)).unwrap_or(0);
            counts.batches += 1;
            counts.records += u64::try_from(batch.header.record_count).unwrap_or(0);
            counts.bytes += u64::try_from(batch.bytes.len()).unwrap_or(0);
        }
    }
    Ok(counts)
}

fn show(
    total: &Counts,
    took: Duration,
    (own, broker): (Duration, Option<Duration>),
    steal: f64,
    output: &Output,
) -> Result<(), Failure> {
    let (seconds, bytes) = (took.as_secs_f64(), real(total.bytes));
    let broker = broker.map(|cpu| cpu.as_secs_f64());
    if output.is_json() {
        return output.json(&json!({
            "seconds": seconds, "batches": total.batches, "records": total.records, "bytes": total.bytes,
            "records_per_s": per(real(total.records), seconds), "mb_per_s": per(bytes / 1e6, seconds),
            "client_cpu_s": own.as_secs_f64(), "broker_cpu_s": broker,
            "broker_cpu_s_per_gb": broker.map(|cpu| per(cpu, bytes / 1e9)), "steal": steal,
        }));
    }
    let mut rows = vec![
        ("records", total.records.to_string()),
        ("seconds", format!("{seconds:.2}")),
        ("records/s", format!("{:.0}", per(real(total.records), seconds))),
        ("MB/s", format!("{:.1}", per(bytes / 1e6, seconds))),
        ("client CPU (s)", format!("{:.2}", own.as_secs_f64())),
    ];
    if let Some(cpu) = broker {
        rows.push(("broker CPU (s), per GB", format!("{cpu:.2}, {:.2}", per(cpu, bytes / 1e9))));
    }
    rows.push(("time stolen by the host", format!("{:.1} %", steal * 100.0)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    output.table(&[], &rows)
}
