//! `highwater topic delete-records`: the records of a topic below an offset or a time, or all of them.

use super::offsets::{Span, spans};
use crate::bootstrap::Bootstrap;
use crate::confirm::confirm;
use crate::consume::parse_time;
use crate::failure::Failure;
use crate::output::Output;
use client::{Cluster, OffsetAt};
use serde_json::{Value, json};
use types::{Offset, WallTime};

/// What `delete-records` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the topic
    name: String,
    #[command(flatten)]
    up_to: UpTo,
    /// Only this partition; may be given many times
    #[arg(long, short)]
    partition: Vec<i32>,
    /// Show what would go, and delete nothing
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
struct UpTo {
    /// Delete the records below this offset
    #[arg(long, value_name = "OFFSET")]
    before_offset: Option<i64>,
    /// Delete what lies before the first record of this time or later: milliseconds since 1970, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    before_time: Option<WallTime>,
    /// Delete all records
    #[arg(long)]
    all: bool,
}

/// What goes in one partition.
struct Cut {
    span: Span,
    to: Offset,
}

impl Cut {
    fn records(&self) -> i64 {
        self.to.0.saturating_sub(self.span.earliest.0).max(0)
    }

    fn row(&self) -> Vec<String> {
        let Span { partition, earliest, latest } = self.span;
        [i64::from(partition), earliest.0, latest.0, self.to.0.max(earliest.0), self.records()]
            .map(|number| number.to_string())
            .to_vec()
    }

    fn json(&self) -> Value {
        let Span { partition, earliest, latest } = self.span;
        json!({
            "partition": partition, "earliest": earliest.0, "latest": latest.0,
            "earliest_then": self.to.0.max(earliest.0), "offsets": self.records(),
        })
    }
}

/// Shows what goes, asks, and deletes it.
pub(crate) async fn delete_records(args: &Args, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let cuts = plan(args, &cluster).await?;
    let total: i64 = cuts.iter().map(Cut::records).sum();
    let name = &args.name;
    if !args.dry_run && total > 0 {
        confirm(&format!("Delete {total} offsets of topic {name}?"), args.yes)?;
        carry_out(&cluster, name, &cuts).await?;
    }
    if output.is_json() {
        let partitions: Vec<Value> = cuts.iter().map(Cut::json).collect();
        return output.json(&json!({
            "topic": name, "dry_run": args.dry_run, "offsets": total, "partitions": partitions,
        }));
    }
    let rows: Vec<Vec<String>> = cuts.iter().map(Cut::row).collect();
    output.table(&["partition", "earliest", "latest", "earliest then", "offsets"], &rows)?;
    output.line(&match (total, args.dry_run) {
        (0, _) => "There is nothing to delete.".to_owned(),
        (_, true) => format!("{total} offsets of topic {name} would go."),
        (_, false) => format!("Deleted {total} offsets of topic {name}."),
    })
}

async fn plan(args: &Args, cluster: &Cluster) -> Result<Vec<Cut>, Failure> {
    let spans = spans(cluster, &args.name, &args.partition).await?;
    let times = match args.up_to.before_time {
        Some(time) => cluster.offsets(&args.name, OffsetAt::Time(time)).await?,
        None => Vec::new(),
    };
    let cut = |span: Span| {
        let later = times.iter().find(|found| found.partition == span.partition).and_then(|f| f.offset);
        let to = args.up_to.before_offset.map_or_else(|| later.unwrap_or(span.latest), Offset);
        check(&args.name, span, to)?;
        Ok(Cut { span, to })
    };
    spans.into_iter().map(cut).collect()
}

fn check(name: &str, span: Span, to: Offset) -> Result<(), Failure> {
    let Span { partition, latest, .. } = span;
    if (Offset::ZERO..=latest).contains(&to) {
        return Ok(());
    }
    Err(Failure::of(format!(
        "offset {to} is not in partition {partition} of topic '{name}', which ends at {latest}; give one from 0 to \
         {latest}, or --all"
    )))
}

async fn carry_out(cluster: &Cluster, name: &str, cuts: &[Cut]) -> Result<(), Failure> {
    let before: Vec<(i32, Offset)> =
        cuts.iter().filter(|cut| cut.records() > 0).map(|cut| (cut.span.partition, cut.to)).collect();
    let deleted = cluster.delete_records(name, &before).await?;
    let refused = deleted.iter().filter_map(|one| Some((one.partition, one.result.as_ref().err()?)));
    let refused: Vec<String> =
        refused.map(|(partition, error)| format!("partition {partition}: {error}")).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let mut codes = deleted.iter().filter_map(|one| one.result.as_ref().err()?.known());
    let fix = match codes.any(|code| code == types::ErrorCode::PolicyViolation) {
        true => "; its cleanup.policy does not contain delete",
        false => "; run it again, what is gone already counts as done",
    };
    let (count, all) = (refused.len(), before.len());
    Err(Failure::of(format!(
        "{count} of {all} partitions of topic '{name}' kept their records: {}{fix}",
        refused.join(", ")
    )))
}
