//! `bench produce`: connections that each keep a number of batches in flight, or send by the clock.

use super::canary::canary;
use super::machine::{Usage, steal_since, usage};
use super::template::Template;
use super::verify::{Acked, verify};
use super::{per, real};
use crate::bootstrap::Bootstrap;
use crate::failure::{Failure, VOID};
use crate::output::Output;
use crate::settings::key_value;
use client::{Cluster, Connection, NewTopic, OffsetAt};
use env::{Clock, Env, net::Net};
use hdrhistogram::Histogram;
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use types::{Monotonic, ProducerEpoch, ProducerId, Sequence, Uuid};

/// What `bench produce` is called with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) bootstrap: Bootstrap,
    /// Topic to be made for the measurement; it must not exist
    #[arg(long)]
    pub(super) topic: Option<String>,
    /// Keep the topic afterwards
    #[arg(long)]
    pub(super) keep: bool,
    /// Partitions of the topic
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) partitions: u32,
    /// One topic setting; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) config: Vec<(String, String)>,
    /// Bytes of each value
    #[arg(long, default_value_t = 1024)]
    pub(super) record_bytes: usize,
    /// Bytes of each batch, at most
    #[arg(long, default_value_t = 16_384)]
    pub(super) batch_bytes: usize,
    /// Connections
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) connections: u32,
    /// Batches in flight on each connection, at most [default: 5; 500 with --rate]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) in_flight: Option<u32>,
    /// When the broker answers: 1 the leader has it, all every in-sync replica has it
    #[arg(long, default_value = "all", value_parser = ["1", "all", "-1"])]
    pub(super) acks: String,
    /// Send as idempotent producers, one per connection
    #[arg(long)]
    pub(super) idempotent: bool,
    /// Records per second over all connections; without it, as fast as the answers come
    #[arg(long)]
    pub(super) rate: Option<f64>,
    /// Seconds to measure
    #[arg(long, default_value_t = 10.0)]
    pub(super) seconds: f64,
    /// Seconds before that
    #[arg(long, default_value_t = 2.0)]
    pub(super) warmup: f64,
    /// Process id of the broker, for its CPU time and memory
    #[arg(long)]
    pub(super) pid: Option<u32>,
    /// Folder on the broker's disk, for the canary
    #[arg(long, value_name = "DIR")]
    pub(super) canary: Option<PathBuf>,
    /// Leave out the look at whether every batch is there
    #[arg(long)]
    pub(super) no_verify: bool,
}

impl Args {
    /// By the clock, a slow answer must not hold up the next batch: that would hide the stall.
    fn in_flight(&self) -> u32 {
        self.in_flight.unwrap_or(if self.rate.is_some() { 500 } else { 5 })
    }
}

/// Measures and prints.
pub(crate) async fn bench(args: Args, output: &Output) -> Result<u8, Failure> {
    let cluster = args.bootstrap.cluster();
    let disk_before = args.canary.as_deref().map(canary).transpose()?;
    let topic =
        args.topic.clone().unwrap_or_else(|| format!("bench-{:08x}", Env::real().random.next_u64() >> 32));
    let configs = args.config.iter().cloned().collect();
    let partitions = Some(i32::try_from(args.partitions)?);
    cluster.create_topic(&NewTopic { name: topic.clone(), partitions, replication: None, configs }).await?;
    // Some brokers answer the creation before the leaders are ready.
    cluster.offsets(&topic, OffsetAt::Latest).await?;
    let measured = run(&args, &cluster, &topic, output).await;
    let disk_after = args.canary.as_deref().map(canary).transpose()?;
    let shown = match measured {
        Ok(measured) => {
            show(&args, &measured, (disk_before, disk_after), output)?;
            judge(&args, &cluster, &topic, &measured, output).await
        }
        Err(failure) => Err(failure),
    };
    if !args.keep {
        cluster.delete_topic(&topic).await?;
    }
    shown
}

async fn judge(
    args: &Args,
    cluster: &Cluster,
    topic: &str,
    measured: &Measured,
    output: &Output,
) -> Result<u8, Failure> {
    if args.no_verify {
        return Ok(0);
    }
    output.progress("verifying");
    let fault = verify(cluster, topic, &measured.template, &measured.acked).await?;
    output.progress_done();
    match fault {
        Some(fault) => {
            output.complain(&format!("VOID, these figures mean nothing: {fault}"));
            Ok(VOID)
        }
        None => Ok(0),
    }
}

/// The figures.
pub(super) struct Measured {
    pub(super) template: Template,
    pub(super) acked: Vec<Acked>,
    latency: Histogram<u64>,
    batches: u64,
    took: Duration,
    broker: Option<(Usage, Usage)>,
    client_cpu: Duration,
    steal: f64,
}

/// What the connections share.
#[derive(Clone)]
struct Plan {
    template: Template,
    topic: String,
    topic_id: Uuid,
    acks: i16,
    idempotent: bool,
    in_flight: usize,
    /// Time between two batches of one connection; none for as fast as possible.
    interval: Option<Duration>,
    clock: Arc<dyn Clock>,
    measure_from: Monotonic,
    until: Instant,
}

/// Sends for the asked time.
pub(super) async fn run(
    args: &Args,
    cluster: &Cluster,
    topic: &str,
    output: &Output,
) -> Result<Measured, Failure> {
    let env = Env::real();
    let template = Template::new(args.record_bytes, args.batch_bytes, env.clock.now().wall)?;
    let lanes = lanes(args, cluster, topic).await?;
    let warmup = Duration::from_secs_f64(args.warmup.max(0.0));
    let seconds = Duration::from_secs_f64(args.seconds.max(0.1));
    let records = f64::from(template.count());
    let per_connection = args.rate.map(|rate| rate / records / f64::from(args.connections));
    let leader = cluster.leader(topic, 0).await?;
    let plan = Plan {
        template,
        topic: topic.to_owned(),
        topic_id: leader.topic_id,
        acks: if args.acks == "1" { 1 } else { -1 },
        idempotent: args.idempotent,
        in_flight: usize::try_from(args.in_flight())?,
        interval: per_connection.filter(|rate| *rate > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate)),
        clock: env.clock.clone(),
        measure_from: env.clock.now().mono.plus(warmup),
        until: Instant::now() + warmup + seconds,
    };
    let mut tasks = JoinSet::new();
    for (address, partitions) in lanes {
        tasks.spawn(send(plan.clone(), address, partitions, args.bootstrap.options()));
    }
    output.progress(&format!("warming up for {} s", args.warmup));
    tokio::time::sleep(warmup).await;
    output.progress(&format!("measuring for {} s", args.seconds));
    let (own, broker) = (usage(std::process::id()), args.pid.and_then(usage));
    let (_, ticks) = steal_since(None);
    let mut total = Counts::new()?;
    while let Some(counts) = tasks.join_next().await {
        total.add(counts??)?;
    }
    output.progress_done();
    let own_after = usage(std::process::id());
    let client_cpu = own.zip(own_after).map_or(Duration::ZERO, |(a, b)| b.cpu.saturating_sub(a.cpu));
    Ok(Measured {
        template: plan.template,
        acked: total.acked,
        latency: total.latency,
        batches: total.measured,
        took: total.last.since(plan.measure_from),
        broker: broker.zip(args.pid.and_then(usage)),
        client_cpu,
        steal: steal_since(ticks).0,
    })
}

/// Gives each connection its leader's address and its partitions.
async fn lanes(args: &Args, cluster: &Cluster, topic: &str) -> Result<Vec<(String, Vec<i32>)>, Failure> {
    let partitions = cluster.partitions(topic).await?;
    let mut lanes = Vec::new();
    for connection in 0..usize::try_from(args.connections)? {
        let step = usize::try_from(args.connections)?;
        let mut mine: Vec<i32> = partitions.iter().skip(connection).step_by(step).copied().collect();
        if mine.is_empty() {
            mine.extend(partitions.get(connection % partitions.len().max(1)));
        }
        let first = mine.first().copied().unwrap_or(0);
        let address = cluster.leader(topic, first).await?.connection.address().to_owned();
        lanes.push((address, mine));
    }
    Ok(lanes)
}

/// What one connection counted.
struct Counts {
    acked: Vec<Acked>,
    latency: Histogram<u64>,
    measured: u64,
    last: Monotonic,
}

impl Counts {
    fn new() -> Result<Counts, Failure> {
        let latency = Histogram::new_with_bounds(1, 120_000_000, 3)?;
        Ok(Counts { acked: Vec::new(), latency, measured: 0, last: Monotonic::default() })
    }

    fn add(&mut self, other: Counts) -> Result<(), Failure> {
        self.latency.add(&other.latency)?;
        self.acked.extend(other.acked);
        self.measured += other.measured;
        self.last = self.last.max(other.last);
        Ok(())
    }
}

async fn send(
    plan: Plan,
    address: String,
    partitions: Vec<i32>,
    options: client::ClientOptions,
) -> Result<Counts, Failure> {
    let connection = Connection::open(Net::Real, &address, &options).await?;
    let (id, epoch) = if plan.idempotent { identity(&connection).await? } else { (-1, -1) };
    let mut sender = Sender {
        counts: Counts::new()?,
        sequences: vec![Sequence(if plan.idempotent { 0 } else { -1 }); partitions.len()],
        line: VecDeque::new(),
        turn: 0,
        producer: (ProducerId(id), ProducerEpoch(epoch)),
        plan,
        connection,
        partitions,
    };
    sender.run().await?;
    Ok(sender.counts)
}

async fn identity(connection: &Connection) -> Result<(i64, i16), Failure> {
    let request = client::InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: i32::MAX,
        ..Default::default()
    };
    let answer = connection.call(&request).await?;
    match client::BrokerError::of(answer.error_code, None) {
        Some(error) => Err(Failure::of(format!("no producer id: {error}"))),
        None => Ok((answer.producer_id, answer.producer_epoch)),
    }
}

/// A batch on its way.
struct OnTheWay {
    pending: client::Pending<client::ProduceRequest>,
    partition: i32,
    sequence: Sequence,
    meant_for: Monotonic,
}

/// One connection's loop.
struct Sender {
    plan: Plan,
    connection: Connection,
    partitions: Vec<i32>,
    sequences: Vec<Sequence>,
    producer: (ProducerId, ProducerEpoch),
    turn: usize,
    line: VecDeque<OnTheWay>,
    counts: Counts,
}

impl Sender {
    async fn run(&mut self) -> Result<(), Failure> {
        let (start, start_mono) = (Instant::now(), self.plan.clock.now().mono);
        let mut sent = 0u32;
        // An idempotent producer may have five batches of one partition on the way.
        let window = match self.plan.idempotent {
            true => self.plan.in_flight.min(5 * self.partitions.len()),
            false => self.plan.in_flight,
        };
        loop {
            let due = self.plan.interval.map(|interval| interval * sent);
            let next = start + due.unwrap_or_default();
            let over = Instant::now().max(next) >= self.plan.until;
            if over && self.line.is_empty() {
                return Ok(());
            }
            let now = self.plan.clock.now().mono;
            if !over && self.line.len() < window && Instant::now() >= next {
                self.put(due.map_or(now, |due| start_mono.plus(due)))?;
                sent += 1;
                continue;
            }
            let wait_for_turn = !over && self.line.len() < window;
            tokio::select! {
                biased;
                answer = answer(&mut self.line) => self.take(answer?)?,
                () = tokio::time::sleep_until(next), if wait_for_turn => {}
            }
        }
    }

    fn put(&mut self, meant_for: Monotonic) -> Result<(), Failure> {
        let index = self.turn % self.partitions.len();
        self.turn += 1;
        let (partition, sequence) = (self.partitions[index], self.sequences[index]);
        let parts = self.plan.template.batch(self.producer.0, self.producer.1, sequence);
        let records = Some(client::RecordBytes::from_parts(parts.to_vec()));
        let data = client::PartitionProduceData { index: partition, records };
        let topic = client::TopicProduceData {
            name: self.plan.topic.clone(),
            topic_id: self.plan.topic_id,
            partition_data: vec![data],
        };
        let request = client::ProduceRequest {
            transactional_id: None,
            acks: self.plan.acks,
            timeout_ms: 30_000,
            topic_data: vec![topic],
        };
        let pending = self.connection.start(&request)?;
        if self.plan.idempotent {
            self.sequences[index] = sequence.plus(self.plan.template.count());
        }
        self.line.push_back(OnTheWay { pending, partition, sequence, meant_for });
        Ok(())
    }

    fn take(&mut self, answer: client::ProduceResponse) -> Result<(), Failure> {
        let Some(batch) = self.line.pop_front() else { return Ok(()) };
        let answer = answer.responses.into_iter().flat_map(|topic| topic.partition_responses).next();
        let answer = answer.ok_or_else(|| Failure::of("an answer without the partition"))?;
        if let Some(error) = client::BrokerError::of(answer.error_code, answer.error_message.as_deref()) {
            return Err(Failure::of(format!("partition {}: {error}", batch.partition)));
        }
        let now = self.plan.clock.now().mono;
        if batch.meant_for >= self.plan.measure_from {
            let micros = now.since(batch.meant_for).as_micros();
            self.counts.latency.saturating_record(u64::try_from(micros).unwrap_or(u64::MAX));
            self.counts.measured += 1;
        }
        self.counts.last = now;
        let producer = (self.producer.0.0, batch.sequence.0);
        self.counts.acked.push(Acked {
            partition: batch.partition,
            base_offset: answer.base_offset,
            producer,
        });
        Ok(())
    }
}

async fn answer(line: &mut VecDeque<OnTheWay>) -> Result<client::ProduceResponse, Failure> {
    match line.front_mut() {
        Some(batch) => Ok(batch.pending.answer().await?),
        None => std::future::pending().await,
    }
}

fn show(
    args: &Args,
    measured: &Measured,
    (disk_before, disk_after): (Option<Duration>, Option<Duration>),
    output: &Output,
) -> Result<(), Failure> {
    let seconds = measured.took.as_secs_f64();
    let bytes = real(measured.batches) * real(u64::try_from(measured.template.size())?);
    let records = real(measured.batches) * f64::from(measured.template.count());
    let gigabytes = bytes / 1e9;
    let quantile = |q: f64| real(measured.latency.value_at_quantile(q)) / 1000.0;
    let broker_cpu = measured.broker.map(|(a, b)| b.cpu.saturating_sub(a.cpu).as_secs_f64());
    let rss = measured.broker.map(|(_, b)| b);
    let us = |time: Option<Duration>| time.map(|time| time.as_micros());
    if output.is_json() {
        return output.json(&json!({
            "seconds": seconds, "batches": measured.batches, "records": records, "bytes": bytes,
            "records_per_s": per(records, seconds), "mb_per_s": per(bytes / 1e6, seconds),
            "latency_ms": { "p50": quantile(0.5), "p90": quantile(0.9), "p99": quantile(0.99),
                "p999": quantile(0.999), "max": real(measured.latency.max()) / 1000.0 },
            "client_cpu_s": measured.client_cpu.as_secs_f64(), "broker_cpu_s": broker_cpu,
            "broker_cpu_s_per_gb": broker_cpu.map(|cpu| per(cpu, gigabytes)),
            "broker_rss": rss.map(|u| u.rss), "broker_rss_max": rss.map(|u| u.rss_max), "steal": measured.steal,
            "canary_us": { "before": us(disk_before), "after": us(disk_after) },
            "record_bytes": args.record_bytes, "batch_bytes": measured.template.size(),
            "partitions": args.partitions, "connections": args.connections, "in_flight": args.in_flight(),
            "acks": args.acks, "idempotent": args.idempotent, "rate": args.rate,
        }));
    }
    let mut rows = vec![
        ("records/s", format!("{:.0}", per(records, seconds))),
        ("MB/s", format!("{:.1}", per(bytes / 1e6, seconds))),
        ("batches/s", format!("{:.0}", per(real(measured.batches), seconds))),
        ("latency p50 / p90 / p99 / p99.9 / max (ms)", {
            let max = real(measured.latency.max()) / 1000.0;
            let (a, b, c, d) = (quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999));
            format!("{a:.2} / {b:.2} / {c:.2} / {d:.2} / {max:.2}")
        }),
        ("client CPU (s)", format!("{:.2}", measured.client_cpu.as_secs_f64())),
    ];
    if let (Some(cpu), Some(usage)) = (broker_cpu, rss) {
        rows.push(("broker CPU (s), per GB", format!("{cpu:.2}, {:.2}", per(cpu, gigabytes))));
        rows.push(("broker memory now, most (MB)", {
            format!("{:.0}, {:.0}", real(usage.rss) / 1e6, real(usage.rss_max) / 1e6)
        }));
    }
    if let (Some(before), Some(after)) = (us(disk_before), us(disk_after)) {
        rows.push(("disk: 4 KiB write + sync, before / after (us)", format!("{before} / {after}")));
    }
    rows.push(("time stolen by the host", format!("{:.1} %", measured.steal * 100.0)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    output.table(&[], &rows)
}
