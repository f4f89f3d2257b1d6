//! `highwater topic offsets`: where each partition begins and ends, and where a time is.

use crate::bootstrap::Bootstrap;
use crate::consume::parse_time;
use crate::failure::Failure;
use crate::output::Output;
use client::{Cluster, OffsetAt, PartitionOffset};
use serde_json::{Map, Value, json};
use types::{Offset, WallTime};

/// What `offsets` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the topic
    name: String,
    /// Also show the first record of this time or later: milliseconds since 1970, or 2026-01-31T12:00:00Z
    #[arg(long, value_parser = parse_time)]
    time: Option<WallTime>,
    /// Only this partition; may be given many times
    #[arg(long, short)]
    partition: Vec<i32>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) partition: i32,
    pub(super) earliest: Offset,
    pub(super) latest: Offset,
}

/// Asks where partitions begin and end; all of them if none is named.
pub(super) async fn spans(cluster: &Cluster, name: &str, named: &[i32]) -> Result<Vec<Span>, Failure> {
    let known = cluster.partitions(name).await?;
    if let Some(unknown) = named.iter().find(|partition| !known.contains(partition)) {
        let (topic, partition, count) = (name.to_owned(), *unknown, known.len());
        return Err(client::ClientError::UnknownPartition { topic, partition, count }.into());
    }
    let earliest = cluster.offsets(name, OffsetAt::Earliest).await?;
    let latest = cluster.offsets(name, OffsetAt::Latest).await?;
    let wanted = latest.into_iter().filter(|one| named.is_empty() || named.contains(&one.partition));
    let span = |end: PartitionOffset| Span {
        partition: end.partition,
        earliest: at(&earliest, end.partition).unwrap_or(Offset::ZERO),
        latest: end.offset.unwrap_or(Offset::ZERO),
    };
    Ok(wanted.map(span).collect())
}

fn at(list: &[PartitionOffset], partition: i32) -> Option<Offset> {
    list.iter().find(|found| found.partition == partition).and_then(|found| found.offset)
}

/// Shows where partitions begin and end.
pub(crate) async fn offsets(args: &Args, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let spans = spans(&cluster, &args.name, &args.partition).await?;
    let times = match args.time {
        Some(time) => Some(cluster.offsets(&args.name, OffsetAt::Time(time)).await?),
        None => None,
    };
    let timed = |span: &Span| times.as_ref().map(|times| at(times, span.partition));
    if output.is_json() {
        let list = spans.iter().map(|span| document(span, timed(span))).collect();
        return output.json(&Value::Array(list));
    }
    let mut head = vec!["partition", "earliest", "latest", "offsets"];
    head.extend(times.is_some().then_some("at that time"));
    let rows: Vec<Vec<String>> = spans.iter().map(|span| row(span, timed(span))).collect();
    output.table(&head, &rows)
}

/// Returns how many offsets lie between; gaps and transaction markers count.
fn length(span: &Span) -> i64 {
    span.latest.0.saturating_sub(span.earliest.0)
}

fn row(span: &Span, timed: Option<Option<Offset>>) -> Vec<String> {
    let numbers = [i64::from(span.partition), span.earliest.0, span.latest.0, length(span)];
    let mut row: Vec<String> = numbers.map(|number| number.to_string()).to_vec();
    row.extend(timed.map(|offset| offset.map_or_else(|| "none so late".to_owned(), |o| o.to_string())));
    row
}

fn document(span: &Span, timed: Option<Option<Offset>>) -> Value {
    let mut object = Map::new();
    object.insert("partition".to_owned(), json!(span.partition));
    object.insert("earliest".to_owned(), json!(span.earliest.0));
    object.insert("latest".to_owned(), json!(span.latest.0));
    object.insert("offsets".to_owned(), json!(length(span)));
    if let Some(offset) = timed {
        object.insert("at_time".to_owned(), json!(offset.map(|offset| offset.0)));
    }
    Value::Object(object)
}
