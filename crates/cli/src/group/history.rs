//! `highwater group history`: who moved which offset, when, from where to where.

use crate::bootstrap::Bootstrap;
use crate::consume::parse_time;
use crate::failure::Failure;
use crate::moment::utc;
use crate::output::Output;
use client::{ClientError, Cluster, OffsetHistory, OffsetNote};
use serde_json::{Value, json};
use types::WallTime;

/// What `history` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the group
    name: String,
    /// Only this topic, or this partition of it: TOPIC or TOPIC:PARTITION
    #[arg(long, short)]
    topic: Option<Place>,
    /// Only from this time on: milliseconds since 1970, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<WallTime>,
    /// Only so many, the last ones
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// A topic, or one partition of it. A topic's name has no colon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    topic: String,
    partition: Option<i32>,
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        let Some((topic, partition)) = text.split_once(':') else {
            return Ok(Place { topic: text.to_owned(), partition: None });
        };
        let number = partition.parse().map_err(|_| format!("'{partition}' is no number of a partition"))?;
        Ok(Place { topic: topic.to_owned(), partition: Some(number) })
    }
}

impl Place {
    fn has(&self, note: &OffsetNote) -> bool {
        self.topic == note.topic && self.partition.is_none_or(|partition| partition == note.partition)
    }
}

/// Reads the history of a group.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) async fn read(cluster: &Cluster, group: &str) -> Result<OffsetHistory, Failure> {
    match cluster.group_history(group).await {
        Err(ClientError::UnknownTopic(topic)) => Err(Failure::of(format!(
            "there is no topic {topic}, so no history: nothing was committed yet, or highwater.offset.history.enable is false"
        ))),
        other => Ok(other?),
    }
}

/// Shows the history of a group, oldest first.
pub(crate) async fn history(args: &Args, output: &Output) -> Result<(), Failure> {
    let history = read(&args.bootstrap.cluster(), &args.name).await?;
    let fits = |note: &&OffsetNote| {
        args.topic.as_ref().is_none_or(|place| place.has(note))
            && args.from.is_none_or(|from| note.at >= from)
    };
    let notes: Vec<&OffsetNote> = history.notes.iter().filter(fits).collect();
    let notes = &notes[notes.len().saturating_sub(args.limit.unwrap_or(usize::MAX))..];
    if output.is_json() {
        let notes: Vec<Value> = notes.iter().map(|note| document(note)).collect();
        return output.json(&json!({
            "group": args.name, "since": history.since.map(|since| since.0),
            "unreadable": history.unreadable, "notes": notes,
        }));
    }
    let rows: Vec<Vec<String>> = notes.iter().map(|note| row(note)).collect();
    output.table(&["time", "topic", "partition", "from", "to", "member", "client", "address"], &rows)?;
    if let Some(since) = history.since {
        output.remark(&format!("Nothing is kept of what was before {}.", utc(since)));
    }
    if history.unreadable > 0 {
        output
            .remark(&format!("{} notes cannot be read: they may be of a newer version.", history.unreadable));
    }
    Ok(())
}

fn row(note: &OffsetNote) -> Vec<String> {
    let text = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let from = note.from.map_or("-".to_owned(), |(offset, _)| offset.to_string());
    let to = note.to.map_or("-".to_owned(), |offset| offset.to_string());
    let to = if note.is_aborted { format!("{to} (aborted)") } else { to };
    let place = [utc(note.at), note.topic.clone(), note.partition.to_string(), from, to];
    place.into_iter().chain([text(&note.member), text(&note.client_id), text(&note.host)]).collect()
}

fn document(note: &OffsetNote) -> Value {
    json!({
        "at": note.at.0, "topic": note.topic, "topic_id": note.topic_id.to_string(), "partition": note.partition,
        "from": note.from.map(|(offset, _)| offset.0), "from_at": note.from.map(|(_, at)| at.0),
        "to": note.to.map(|offset| offset.0), "leader_epoch": note.leader_epoch, "metadata": note.metadata,
        "member": note.member, "instance": note.instance, "client": note.client_id, "address": note.host,
        "producer_id": note.producer.map(|producer| producer.0), "aborted": note.is_aborted,
    })
}
