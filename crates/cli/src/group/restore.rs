//! `highwater group restore`: offsets as they were at a time, or before the last reset. The plan first, then the commit.

use super::history::read;
use super::past::{Past, Was, last_reset};
use crate::bootstrap::Bootstrap;
use crate::confirm::confirm;
use crate::consume::parse_time;
use crate::failure::Failure;
use crate::moment::utc;
use crate::output::Output;
use client::{ClientError, Cluster, CommittedOffset, NewOffset, OffsetAt, OffsetHistory};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use types::{ErrorCode, Offset, Uuid, WallTime};

/// How often members are sent away again that have come back before the offsets were committed.
const ATTEMPTS: usize = 10;

/// What `restore` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the group
    name: String,
    #[command(flatten)]
    to: To,
    /// Show the plan, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Also while the group has members: they are sent away, and go on from the restored offsets when they are back
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct To {
    /// As they were at this time: milliseconds since 1970, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to: Option<WallTime>,
    /// As they were before the last reset or restore
    #[arg(long)]
    undo: bool,
}

/// One offset, and what becomes of it.
struct Plan {
    topic: String,
    partition: i32,
    now: Option<Offset>,
    /// Where it goes, or why it cannot.
    then: Result<Option<NewOffset>, String>,
}

impl Plan {
    fn moves(&self) -> bool {
        self.then.as_ref().is_ok_and(|then| then.as_ref().map(|new| new.offset) != self.now)
    }

    fn cells(&self) -> Vec<String> {
        let number = |offset: Option<Offset>| offset.map_or("-".to_owned(), |offset| offset.to_string());
        let then = match &self.then {
            Ok(then) => number(then.as_ref().map(|new| new.offset)),
            Err(why) => format!("stays: {why}"),
        };
        vec![self.topic.clone(), self.partition.to_string(), number(self.now), then]
    }

    fn json(&self) -> Value {
        let then = self.then.as_ref().ok().and_then(Option::as_ref).map(|new| new.offset.0);
        json!({
            "topic": self.topic, "partition": self.partition, "now": self.now.map(|o| o.0),
            "then": if self.then.is_ok() { then } else { self.now.map(|o| o.0) }, "stays": self.then.as_ref().err(),
        })
    }
}

/// Shows where offsets go back to, asks, and commits them.
pub(crate) async fn restore(args: &Args, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster_as("restore");
    let history = read(&cluster, &args.name).await?;
    let plans = plan(args, &cluster, &history, output).await?;
    if !output.is_json() {
        let rows: Vec<Vec<String>> = plans.iter().map(Plan::cells).collect();
        output.table(&["topic", "partition", "now", "then"], &rows)?;
    }
    let moves: Vec<&Plan> = plans.iter().filter(|plan| plan.moves()).collect();
    let stays = plans.iter().filter(|plan| plan.then.is_err()).count();
    if !args.dry_run && !moves.is_empty() {
        let members = members(&cluster, &args.name).await?;
        if !members.is_empty() && !args.force {
            return Err(Failure::of(format!(
                "group {} has {} members: stop them first, or add --force: they are then sent away, and go on from the restored offsets",
                args.name,
                members.len()
            )));
        }
        confirm(&format!("Put {} offsets of group {} back?", moves.len(), args.name), args.yes)?;
        carry_out(&cluster, args, &moves).await?;
    }
    if output.is_json() {
        let list: Vec<Value> = plans.iter().map(Plan::json).collect();
        output.json(&json!({ "group": args.name, "dry_run": args.dry_run, "partitions": list }))?;
    } else {
        output.line(&said(&args.name, (moves.len(), stays), args.dry_run))?;
    }
    if moves.is_empty() && stays > 0 {
        return Err(Failure::of(format!("{stays} offsets of group {} cannot be restored", args.name)));
    }
    Ok(())
}

fn said(name: &str, (moves, stays): (usize, usize), dry_run: bool) -> String {
    let stays = if stays == 0 { String::new() } else { format!(" {stays} cannot be put back.") };
    match (moves, dry_run) {
        (0, _) => format!("There is nothing to put back.{stays}"),
        (_, true) => format!("{moves} offsets of group {name} would be put back.{stays}"),
        (_, false) => format!("Put {moves} offsets of group {name} back.{stays}"),
    }
}

/// What a partition is in the history, and what it was.
type Wanted = ((String, i32), (Was, Option<Uuid>));

async fn plan(
    args: &Args,
    cluster: &Cluster,
    history: &OffsetHistory,
    output: &Output,
) -> Result<Vec<Plan>, Failure> {
    let known = cluster.group_offsets(&args.name).await?;
    let wanted = match args.to.to {
        Some(time) => at_time(history, &known, time),
        None => undone(history, output)?,
    };
    if wanted.is_empty() {
        return Err(Failure::of(format!("nothing is noted of group '{}'", args.name)));
    }
    let mut topics = BTreeMap::new();
    let mut plans = Vec::new();
    for ((topic, partition), (was, id)) in wanted {
        if !topics.contains_key(&topic) {
            topics.insert(topic.clone(), topic_now(cluster, &topic).await?);
        }
        let now = now(&known, &topic, partition);
        let is_there = topics.get(&topic).and_then(Option::as_ref);
        let then = judge((&topic, partition), was, id, is_there);
        plans.push(Plan { topic, partition, now, then });
    }
    Ok(plans)
}

fn now(known: &[CommittedOffset], topic: &str, partition: i32) -> Option<Offset> {
    known.iter().find(|one| one.topic == topic && one.partition == partition).map(|one| one.offset)
}

fn at_time(history: &OffsetHistory, known: &[CommittedOffset], time: WallTime) -> Vec<Wanted> {
    let moved = history.notes.iter().filter(|note| !note.is_aborted);
    let noted = moved.map(|note| (note.topic.clone(), note.partition));
    let committed = known.iter().map(|one| (one.topic.clone(), one.partition));
    let all: BTreeSet<(String, i32)> = noted.chain(committed).collect();
    let was = |(topic, partition): (String, i32)| {
        let past = Past::of(history, &topic, partition);
        let was = past.at(time, now(known, &topic, partition));
        ((topic, partition), was)
    };
    all.into_iter().map(was).collect()
}

fn undone(history: &OffsetHistory, output: &Output) -> Result<Vec<Wanted>, Failure> {
    let notes = last_reset(history);
    let Some(first) = notes.first() else {
        return Err(Failure::of(
            "no reset of this group is noted; --to TIME puts back what its members committed",
        ));
    };
    output.remark(&format!(
        "Takes back what {} at {} did at {}.",
        first.client_id,
        first.host,
        utc(first.at)
    ));
    let was = |note: &&client::OffsetNote| {
        let past = Past::of(history, &note.topic, note.partition);
        let was = past.position(note).map_or(Was::None, |at| past.before(at));
        ((note.topic.clone(), note.partition), (was, Some(note.topic_id)))
    };
    Ok(notes.iter().map(was).collect())
}

/// A topic as it is: its id, first offset and end of each partition.
struct TopicNow {
    id: Uuid,
    spans: BTreeMap<i32, (Offset, Offset)>,
}

async fn topic_now(cluster: &Cluster, topic: &str) -> Result<Option<TopicNow>, Failure> {
    let described = match cluster.describe_topic(topic).await {
        Err(ClientError::UnknownTopic(_)) => return Ok(None),
        other => other?,
    };
    let first = cluster.offsets(topic, OffsetAt::Earliest).await?;
    let last = cluster.offsets(topic, OffsetAt::Latest).await?;
    let ends: BTreeMap<i32, Offset> =
        last.iter().filter_map(|one| Some((one.partition, one.offset?))).collect();
    let span = |one: &client::PartitionOffset| {
        Some((one.partition, (one.offset?, ends.get(&one.partition).copied()?)))
    };
    Ok(Some(TopicNow { id: described.id, spans: first.iter().filter_map(span).collect() }))
}

/// Says where an offset goes, or why it stays.
fn judge(
    (topic, partition): (&str, i32),
    was: Was,
    id: Option<Uuid>,
    now: Option<&TopicNow>,
) -> Result<Option<NewOffset>, String> {
    let known = match was {
        Was::At(known) => known,
        Was::None => return Ok(None),
        Was::Unknown(why) => return Err(why),
    };
    let now = now.ok_or("the topic is gone")?;
    if id.is_some_and(|id| !id.is_zero() && id != now.id) {
        return Err("the topic was deleted and made again since".to_owned());
    }
    let (first, end) = now.spans.get(&partition).ok_or("the partition is gone")?;
    if known.offset < *first {
        return Err(format!("{} is below the start of the log, which is {first}", known.offset));
    }
    if known.offset > *end {
        return Err(format!("{} is beyond the end of the log, which is {end}", known.offset));
    }
    Ok(Some(NewOffset {
        topic: topic.to_owned(),
        partition,
        offset: known.offset,
        leader_epoch: known.leader_epoch,
        metadata: known.metadata,
    }))
}

/// Returns the ids of the group's members; a group that is gone has none.
async fn members(cluster: &Cluster, group: &str) -> Result<Vec<String>, Failure> {
    match cluster.describe_group(group).await {
        Ok(group) => Ok(group.members.into_iter().map(|member| member.id).collect()),
        Err(error) if error.code() == Some(ErrorCode::GroupIdNotFound) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Commits what goes back; members that are in the way are sent away first.
async fn carry_out(cluster: &Cluster, args: &Args, moves: &[&Plan]) -> Result<(), Failure> {
    let offsets: Vec<NewOffset> =
        moves.iter().filter_map(|plan| plan.then.as_ref().ok().cloned().flatten()).collect();
    let gone = moves.iter().filter(|plan| matches!(plan.then, Ok(None)));
    let gone: Vec<(String, i32)> = gone.map(|plan| (plan.topic.clone(), plan.partition)).collect();
    let mut attempt = 1;
    loop {
        let members = members(cluster, &args.name).await?;
        if args.force && !members.is_empty() {
            cluster.remove_members(&args.name, &members).await?;
        }
        let done =
            if offsets.is_empty() { Ok(()) } else { cluster.set_group_offsets(&args.name, &offsets).await };
        match done {
            Ok(()) => break,
            Err(error) if args.force && attempt < ATTEMPTS && is_in_the_way(&error) => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
    if !gone.is_empty() {
        cluster.delete_group_offsets(&args.name, &gone).await?;
    }
    Ok(())
}

/// Says whether members have come back in between.
fn is_in_the_way(error: &ClientError) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::RebalanceInProgress)
    )
}
