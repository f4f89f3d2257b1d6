//! `highwater group`: list, describe, delete, reset-offsets, history, restore, why, lag.

mod explain;
mod history;
mod past;
mod reset;
mod restore;

use crate::bootstrap::Bootstrap;
use crate::confirm::confirm;
use crate::failure::Failure;
use crate::output::Output;
use client::{Cluster, CommittedOffset, GroupDescription, GroupMember, OffsetAt, PartitionOffset};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use types::Offset;

/// What there is to do with groups.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List all groups
    List(List),
    /// Show members, offsets and lag of a group
    Describe(Named),
    /// Delete a group without members, with its offsets
    Delete(Delete),
    /// Move the offsets of a group without members
    ResetOffsets(reset::Args),
    /// Show who moved which offset of a group, when, from where to where
    History(history::Args),
    /// Put the offsets of a group back as they were at a time, or before their last reset
    Restore(restore::Args),
    /// Say why a group is not stable, or why its lag does not move
    Why(explain::Args),
    /// Show how far a group is behind, in records and in time, and what was deleted before it was read
    Lag(explain::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Name of the group
    name: String,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    /// Name of the group
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Carries out one of the group commands.
pub(crate) async fn group(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::List(args) => list(&args, output).await,
        Command::Describe(args) => describe(&args, output).await,
        Command::Delete(args) => delete(&args, output).await,
        Command::ResetOffsets(args) => reset::reset_offsets(&args, output).await,
        Command::History(args) => history::history(&args, output).await,
        Command::Restore(args) => restore::restore(&args, output).await,
        Command::Why(args) => explain::why(&args, output).await,
        Command::Lag(args) => explain::lag(&args, output).await,
    }
}

async fn list(args: &List, output: &Output) -> Result<(), Failure> {
    let groups = args.bootstrap.cluster().list_groups().await?;
    if output.is_json() {
        let document = |g: &client::GroupListing| json!({ "group": g.group, "protocol_type": g.protocol_type, "state": g.state });
        return output.json(&Value::Array(groups.iter().map(document).collect()));
    }
    let rows: Vec<Vec<String>> =
        groups.into_iter().map(|group| vec![group.group, group.protocol_type, group.state]).collect();
    output.table(&["group", "kind", "state"], &rows)
}

async fn delete(args: &Delete, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let offsets = cluster.group_offsets(&args.name).await?.len();
    confirm(&format!("Delete group {} and its {offsets} offsets?", args.name), args.yes)?;
    cluster.delete_group(&args.name).await?;
    if output.is_json() {
        return output.json(&json!({ "group": args.name, "offsets": offsets }));
    }
    output.line(&format!("Deleted group {} and its {offsets} offsets.", args.name))
}

/// A partition of a group: what is committed, where the log ends, who reads it.
struct Row<'a> {
    topic: String,
    partition: i32,
    committed: Option<Offset>,
    end: Option<Offset>,
    member: Option<&'a GroupMember>,
}

impl Row<'_> {
    /// Returns how many offsets the group is behind.
    fn lag(&self) -> Option<i64> {
        Some(self.end?.since(self.committed?).max(0))
    }

    fn cells(&self) -> Vec<String> {
        let number = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
        let (committed, end) = (self.committed.map(|o| o.0), self.end.map(|o| o.0));
        let member = self.member.map_or("-", |member| member.id.as_str()).to_owned();
        let place = [self.topic.clone(), self.partition.to_string()];
        place.into_iter().chain([number(committed), number(end), number(self.lag()), member]).collect()
    }

    fn json(&self) -> Value {
        json!({
            "topic": self.topic, "partition": self.partition, "committed": self.committed.map(|o| o.0),
            "end": self.end.map(|o| o.0), "lag": self.lag(), "member": self.member.map(|member| &member.id),
        })
    }
}

async fn describe(args: &Named, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let group = cluster.describe_group(&args.name).await?;
    let offsets = cluster.group_offsets(&args.name).await?;
    let rows = rows(&cluster, &group, &offsets).await?;
    if output.is_json() {
        return output.json(&document(&group, &rows));
    }
    let kind = if group.protocol_type.is_empty() { "none" } else { group.protocol_type.as_str() };
    output.line(&format!(
        "group {}  state {}  kind {kind}  protocol {}",
        group.group, group.state, group.protocol
    ))?;
    let lag: i64 = rows.iter().filter_map(Row::lag).sum();
    output.line(&format!(
        "{} members, {} partitions, {lag} offsets behind",
        group.members.len(),
        rows.len()
    ))?;
    let member = |member: &GroupMember| {
        let partitions: usize = member.assignment.iter().map(|(_, partitions)| partitions.len()).sum();
        let instance = member.instance.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            member.id.clone(),
            instance,
            member.client_id.clone(),
            member.host.clone(),
            partitions.to_string(),
        ]
    };
    let members: Vec<Vec<String>> = group.members.iter().map(member).collect();
    if !members.is_empty() {
        output.table(&["member", "instance", "client", "address", "partitions"], &members)?;
    }
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    output.table(&["topic", "partition", "committed", "end", "lag", "member"], &cells)
}

/// Puts together what is committed and what is assigned.
async fn rows<'a>(
    cluster: &Cluster,
    group: &'a GroupDescription,
    offsets: &[CommittedOffset],
) -> Result<Vec<Row<'a>>, Failure> {
    let mut all: BTreeMap<(String, i32), Row<'a>> = BTreeMap::new();
    for one in offsets {
        row(&mut all, &one.topic, one.partition).committed = Some(one.offset);
    }
    for member in &group.members {
        let assigned = member.assignment.iter().flat_map(|(topic, all)| all.iter().map(move |p| (topic, *p)));
        for (topic, partition) in assigned {
            row(&mut all, topic, partition).member = Some(member);
        }
    }
    let mut ends: BTreeMap<String, Vec<PartitionOffset>> = BTreeMap::new();
    for row in all.values_mut() {
        if !ends.contains_key(&row.topic) {
            // A topic may be gone while its offsets are not.
            let found = cluster.offsets(&row.topic, OffsetAt::Latest).await.unwrap_or_default();
            ends.insert(row.topic.clone(), found);
        }
        let end =
            ends.get(&row.topic).and_then(|ends| ends.iter().find(|end| end.partition == row.partition));
        row.end = end.and_then(|end| end.offset);
    }
    Ok(all.into_values().collect())
}

fn row<'r, 'a>(
    all: &'r mut BTreeMap<(String, i32), Row<'a>>,
    topic: &str,
    partition: i32,
) -> &'r mut Row<'a> {
    let topic = topic.to_owned();
    let make = || Row { topic: topic.clone(), partition, committed: None, end: None, member: None };
    all.entry((topic.clone(), partition)).or_insert_with(make)
}

fn document(group: &GroupDescription, rows: &[Row<'_>]) -> Value {
    let member = |member: &GroupMember| {
        json!({
            "id": member.id, "instance": member.instance, "client": member.client_id, "address": member.host,
            "assignment": member.assignment.iter().map(|(t, p)| json!({ "topic": t, "partitions": p })).collect::<Vec<_>>(),
        })
    };
    json!({
        "group": group.group, "state": group.state, "protocol_type": group.protocol_type, "protocol": group.protocol,
        "lag": rows.iter().filter_map(Row::lag).sum::<i64>(),
        "members": group.members.iter().map(member).collect::<Vec<_>>(),
        "partitions": rows.iter().map(Row::json).collect::<Vec<_>>(),
    })
}
