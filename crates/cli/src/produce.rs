//! `highwater produce`: lines of standard input become records.
//!
//! Lines that are there at the same time travel in one batch per partition; nothing waits for company.
//! A line with a key goes to the key's partition, as with Kafka's clients; the others take turns.
//! With `--transactional-id` all of them are one transaction (`transaction`). Tests: `crates/cli/tests/command_line.rs`,
//! `crates/cli/tests/transactional.rs`.

mod transaction;

use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::key_value;
use bytes::Bytes;
use client::record::Codec;
use client::{Acks, Delivery, NewRecord, Outcome, Producer, ProducerOptions, partition_of};
use env::{Clock, Env};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use types::Offset;

/// Most lines of one batch.
const LINES_MAX: usize = 500;
/// Bytes after which a batch is closed; one line may be larger. *Units*: bytes.
const BATCH_BYTES: usize = 16 << 10;

/// What `produce` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic
    topic: String,
    /// Write to this partition only
    #[arg(long, short)]
    partition: Option<i32>,
    /// Text between key and value of a line; without it lines have no key
    #[arg(long, short = 'K', value_name = "TEXT")]
    key_separator: Option<String>,
    /// A header for every record; may be given many times
    #[arg(long, short = 'H', value_name = "KEY=VALUE", value_parser = key_value)]
    header: Vec<(String, String)>,
    /// When the broker answers: 0 never, 1 the leader has it, all every in-sync replica has it
    #[arg(long, default_value = "all", value_parser = ["0", "1", "all", "-1"])]
    acks: String,
    /// Codec of the batches
    #[arg(long, default_value = "none", value_parser = ["none", "gzip", "snappy", "lz4", "zstd"])]
    compression: String,
    /// Write all lines as one transaction under this id; it is committed when standard input ends
    #[arg(long, value_name = "ID", conflicts_with = "acks")]
    transactional_id: Option<String>,
    /// Seconds after which the broker aborts the transaction if it has not been committed
    #[arg(long, value_name = "SECONDS", requires = "transactional_id", default_value_t = 60)]
    transaction_timeout: u64,
    /// Print partition@offset of each record
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Writes until standard input ends and every batch has its outcome.
pub(crate) async fn produce(args: Args, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let partitions = cluster.partitions(&args.topic).await?;
    if let Some(id) = &args.transactional_id {
        return transaction::produce(&args, id, &cluster, partitions, output).await;
    }
    let producer = Producer::new(cluster.clone(), options(&args, cluster.options().call_timeout)?);
    let (reports, outcomes) = mpsc::channel(256);
    let reporter = tokio::task::spawn_local(report(outcomes, args.verbose, output.clone()));
    let sent = send_all(&args, &producer, partitions, reports).await;
    producer.close().await;
    let reported = reporter.await?;
    sent?;
    reported
}

fn options(args: &Args, delivery_timeout: Duration) -> Result<ProducerOptions, Failure> {
    let acks = match args.acks.as_str() {
        "0" => Acks::None,
        "1" => Acks::Leader,
        _ => Acks::All,
    };
    let codec: Codec = args.compression.parse().map_err(|_| Failure::usage("unknown compression"))?;
    Ok(ProducerOptions {
        acks,
        idempotent: acks == Acks::All,
        codec,
        delivery_timeout,
        ..ProducerOptions::default()
    })
}

/// A batch on its way: its partition, how many records it has, and its outcome to come.
type Report = (i32, usize, Delivery);

async fn send_all(
    args: &Args,
    producer: &Producer,
    partitions: Vec<i32>,
    reports: mpsc::Sender<Report>,
) -> Result<(), Failure> {
    let mut batches = Batches::of_stdin(args, partitions);
    while let Some(by_partition) = batches.next().await? {
        for (partition, records) in by_partition {
            let count = records.len();
            let delivery = producer.submit(&args.topic, partition, records).await?;
            if reports.send((partition, count, delivery)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The lines of standard input as records, those together that were there at the same time.
struct Batches<'a> {
    args: &'a Args,
    partitions: Vec<i32>,
    lines: mpsc::Receiver<Vec<u8>>,
    clock: Arc<dyn Clock>,
    turn: usize,
}

impl<'a> Batches<'a> {
    fn of_stdin(args: &'a Args, partitions: Vec<i32>) -> Batches<'a> {
        Batches { args, partitions, lines: lines_of_stdin(), clock: Env::real().clock, turn: 0 }
    }

    /// Waits for lines, and sorts them by partition; nothing at the end of the input.
    async fn next(&mut self) -> Result<Option<BTreeMap<i32, Vec<NewRecord>>>, Failure> {
        let Some(first) = self.lines.recv().await else { return Ok(None) };
        self.turn = self.turn.wrapping_add(1);
        let mut by_partition: BTreeMap<i32, Vec<NewRecord>> = BTreeMap::new();
        for line in gather(first, &mut self.lines) {
            let (key, value) = split_key(self.args.key_separator.as_deref(), line);
            let partition = choose(self.args.partition, key.as_deref(), &self.partitions, self.turn)?;
            by_partition.entry(partition).or_default().push(self.record(key, value));
        }
        Ok(Some(by_partition))
    }

    fn record(&self, key: Option<Bytes>, value: Bytes) -> NewRecord {
        let header =
            |(name, value): &(String, String)| (Bytes::from(name.clone()), Some(Bytes::from(value.clone())));
        let headers = self.args.header.iter().map(header).collect();
        NewRecord { timestamp: self.clock.now().wall, key, value: Some(value), headers }
    }
}

/// Reads lines on a thread that may block, which nobody waits for: a signal ends the command before the input ends.
fn lines_of_stdin() -> mpsc::Receiver<Vec<u8>> {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    Env::real().spawn.thread("input", Box::new(|| Box::pin(read_lines(sender))));
    lines
}

async fn read_lines(lines: mpsc::Sender<Vec<u8>>) {
    use std::io::BufRead;
    let mut input = std::io::BufReader::new(std::io::stdin());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        line.pop_if(|last| *last == b'\n');
        line.pop_if(|last| *last == b'\r');
        if lines.send(std::mem::take(&mut line)).await.is_err() {
            return;
        }
    }
}

/// Takes the lines that are there already.
fn gather(first: Vec<u8>, lines: &mut mpsc::Receiver<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut size = first.len();
    let mut batch = vec![first];
    while size < BATCH_BYTES && batch.len() < LINES_MAX {
        let Ok(line) = lines.try_recv() else { break };
        size += line.len();
        batch.push(line);
    }
    batch
}

fn split_key(separator: Option<&str>, line: Vec<u8>) -> (Option<Bytes>, Bytes) {
    let line = Bytes::from(line);
    let separator = separator.filter(|s| !s.is_empty()).map(str::as_bytes);
    let found =
        separator.and_then(|s| line.windows(s.len()).position(|w| w == s).map(|at| (at, at + s.len())));
    match found {
        Some((key_end, value_start)) => (Some(line.slice(..key_end)), line.slice(value_start..)),
        None => (None, line),
    }
}

fn choose(wanted: Option<i32>, key: Option<&[u8]>, partitions: &[i32], turn: usize) -> Result<i32, Failure> {
    if let Some(partition) = wanted {
        return Ok(partition);
    }
    let count = u32::try_from(partitions.len()).unwrap_or(1);
    let index = match key {
        Some(key) => usize::try_from(partition_of(key, count)).unwrap_or(0),
        None => turn.checked_rem(partitions.len()).unwrap_or(0),
    };
    partitions.get(index).copied().ok_or_else(|| Failure::of("the topic has no partitions"))
}

/// Tells each outcome; fails at the end if one was bad.
async fn report(mut outcomes: mpsc::Receiver<Report>, verbose: bool, output: Output) -> Result<(), Failure> {
    let mut failed = None;
    while let Some((partition, count, delivery)) = outcomes.recv().await {
        match delivery.await {
            Outcome::Acked(base) if verbose => tell(&output, partition, base, count)?,
            Outcome::Acked(_) => {}
            Outcome::Refused(why) => failed = Some(format!("{count} records were not stored: {why}")),
            Outcome::Unknown => {
                failed =
                    Some(format!("{count} records were sent and never answered; they may be stored or not"));
            }
        }
    }
    output.flush()?;
    failed.map_or(Ok(()), |sentence| Err(Failure::of(sentence)))
}

fn tell(output: &Output, partition: i32, base: Offset, count: usize) -> Result<(), Failure> {
    for index in 0..count {
        let offset = (base != Offset::NONE).then(|| base.plus(i64::try_from(index).unwrap_or(0)).0);
        if output.is_json() {
            output.json(&json!({ "partition": partition, "offset": offset }))?;
        } else {
            output
                .line(&format!("{partition}@{}", offset.map_or_else(|| "?".to_owned(), |o| o.to_string())))?;
        }
    }
    Ok(())
}
