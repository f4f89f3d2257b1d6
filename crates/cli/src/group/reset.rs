//! `highwater group reset-offsets`: the plan first, then the commit.

use crate::bootstrap::Bootstrap;
use crate::confirm::confirm;
use crate::consume::parse_time;
use crate::failure::Failure;
use crate::output::Output;
use client::{Cluster, CommittedOffset, NewOffset, OffsetAt, PartitionOffset};
use serde_json::{Value, json};
use std::path::PathBuf;
use types::{Offset, WallTime};

/// What `reset-offsets` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the group
    name: String,
    /// Only this topic, which the group need not know yet; may be given many times [default: all that it has offsets of]
    #[arg(long, short)]
    topic: Vec<String>,
    #[command(flatten)]
    to: To,
    /// Show the plan, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct To {
    /// To the first offset of each partition
    #[arg(long)]
    to_earliest: bool,
    /// To the end of each partition
    #[arg(long)]
    to_latest: bool,
    /// To this offset, or the nearest one that a partition has
    #[arg(long, value_name = "OFFSET")]
    to_offset: Option<i64>,
    /// To the first record of this time or later: milliseconds since 1970, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to_time: Option<WallTime>,
    /// Forward by so many offsets, backward if it is negative, as far as a partition goes
    #[arg(long, value_name = "OFFSETS", allow_hyphen_values = true)]
    shift_by: Option<i64>,
    /// To what a file says: lines of topic,partition,offset
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

/// One offset that moves.
struct Move {
    topic: String,
    partition: i32,
    from: Option<Offset>,
    to: Offset,
}

impl Move {
    fn new_offset(&self) -> NewOffset {
        NewOffset {
            topic: self.topic.clone(),
            partition: self.partition,
            offset: self.to,
            leader_epoch: -1,
            metadata: String::new(),
        }
    }
}

/// Shows where offsets go, asks, and commits them.
pub(crate) async fn reset_offsets(args: &Args, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster_as("reset");
    let moves = plan(args, &cluster).await?;
    let name = &args.name;
    if !output.is_json() {
        let number = |offset: Option<Offset>| offset.map_or("-".to_owned(), |offset| offset.to_string());
        let cells =
            |m: &Move| vec![m.topic.clone(), m.partition.to_string(), number(m.from), m.to.to_string()];
        let rows: Vec<Vec<String>> = moves.iter().map(cells).collect();
        output.table(&["topic", "partition", "now", "then"], &rows)?;
    }
    let changes: Vec<_> = moves.iter().filter(|m| m.from != Some(m.to)).collect();
    if !args.dry_run && !changes.is_empty() {
        confirm(&format!("Move {} offsets of group {name}?", changes.len()), args.yes)?;
        let offsets: Vec<_> = changes.iter().map(|m| m.new_offset()).collect();
        cluster.set_group_offsets(name, &offsets).await?;
    }
    if output.is_json() {
        let document = |m: &Move| json!({ "topic": m.topic, "partition": m.partition, "now": m.from.map(|o| o.0), "then": m.to.0 });
        let list: Vec<Value> = moves.iter().map(document).collect();
        return output.json(&json!({ "group": name, "dry_run": args.dry_run, "partitions": list }));
    }
    output.line(&match (changes.len(), args.dry_run) {
        (0, _) => "There is nothing to move.".to_owned(),
        (count, true) => format!("{count} offsets of group {name} would move."),
        (count, false) => format!("Moved {count} offsets of group {name}."),
    })
}

async fn plan(args: &Args, cluster: &Cluster) -> Result<Vec<Move>, Failure> {
    let known = cluster.group_offsets(&args.name).await?;
    let file = args.to.from_file.as_ref().map(read_file).transpose()?;
    let mut topics: Vec<String> = match &file {
        Some(lines) => lines.iter().map(|(topic, _, _)| topic.clone()).collect(),
        None if args.topic.is_empty() => known.iter().map(|one| one.topic.clone()).collect(),
        None => args.topic.clone(),
    };
    topics.sort();
    topics.dedup();
    if topics.is_empty() {
        return Err(Failure::of(format!("group '{}' has no offsets; name topics with --topic", args.name)));
    }
    let mut moves = Vec::new();
    for topic in &topics {
        moves.extend(of_topic(args, cluster, topic, &known, file.as_deref()).await?);
    }
    Ok(moves)
}

/// A line of a file: topic, partition, offset.
type Line = (String, i32, Offset);

async fn of_topic(
    args: &Args,
    cluster: &Cluster,
    topic: &str,
    known: &[CommittedOffset],
    file: Option<&[Line]>,
) -> Result<Vec<Move>, Failure> {
    let earliest = cluster.offsets(topic, OffsetAt::Earliest).await?;
    let latest = cluster.offsets(topic, OffsetAt::Latest).await?;
    let timed = match args.to.to_time {
        Some(time) => cluster.offsets(topic, OffsetAt::Time(time)).await?,
        None => Vec::new(),
    };
    let mut moves = Vec::new();
    for end in latest {
        let partition = end.partition;
        let (first, last) =
            (at(&earliest, partition).unwrap_or(Offset::ZERO), end.offset.unwrap_or(Offset::ZERO));
        let from =
            known.iter().find(|one| one.topic == topic && one.partition == partition).map(|one| one.offset);
        let wanted = match (&args.to, file) {
            (_, Some(lines)) => {
                lines.iter().find(|(t, p, _)| t == topic && *p == partition).map(|(_, _, o)| *o)
            }
            (To { to_earliest: true, .. }, _) => Some(first),
            (To { to_offset: Some(offset), .. }, _) => Some(Offset(*offset)),
            (To { to_time: Some(_), .. }, _) => Some(at(&timed, partition).unwrap_or(last)),
            (To { shift_by: Some(by), .. }, _) => from.map(|from| Offset(from.0.saturating_add(*by))),
            _ => Some(last),
        };
        // Without --topic only what the group has offsets of moves.
        let is_meant = from.is_some() || !args.topic.is_empty() || file.is_some();
        if let Some(to) = wanted.filter(|_| is_meant) {
            moves.push(Move { topic: topic.to_owned(), partition, from, to: to.clamp(first, last) });
        }
    }
    Ok(moves)
}

fn at(list: &[PartitionOffset], partition: i32) -> Option<Offset> {
    list.iter().find(|found| found.partition == partition).and_then(|found| found.offset)
}

fn read_file(path: &PathBuf) -> Result<Vec<Line>, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::of(format!("{name}: {error}")))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(n, line)| read_line(line).ok_or_else(|| bad_line(&name.to_string(), n + 1, line))).collect()
}

/// A topic's name has no comma.
fn read_line(line: &str) -> Option<Line> {
    let mut fields = line.split(',').map(|field| field.trim().trim_matches('"'));
    let (topic, partition, offset) = (fields.next()?, fields.next()?, fields.next()?);
    fields.next().is_none().then_some(())?;
    Some((topic.to_owned(), partition.parse().ok()?, Offset(offset.parse().ok()?)))
}

fn bad_line(name: &str, number: usize, line: &str) -> Failure {
    Failure::of(format!("{name}, line {number}: '{line}' is not topic,partition,offset"))
}
