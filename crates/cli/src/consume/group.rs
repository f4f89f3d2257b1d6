//! `consume --group`: at least once. An offset is committed when its record is on standard output and flushed.
//!
//! Commits come at most once per `--commit-interval`, before partitions are given back, and at the end. A signal ends it
//! like `--count`: what was written is committed, the group left, the exit code 0.
//! Tests: `crates/cli/tests/clients/consume_group.rs`.

use super::Args;
use crate::failure::Failure;
use crate::output::Output;
use client::{ClientError, Consumed, GroupConsumer, GroupEvent, GroupOptions, Reset, TopicPartition};
use env::Env;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use types::Offset;

/// Where partitions are begun that the group has committed nothing for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub(crate) enum From {
    /// At the first record there is.
    #[default]
    Earliest,
    /// After the last one.
    Latest,
}

/// What `--group` brings along.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct GroupArgs {
    /// Read as a member of this group, from what it has committed
    #[arg(long, short)]
    pub(super) group: Option<String>,
    /// One more topic; may be given many times
    #[arg(long = "topic", value_name = "TOPIC", requires = "group")]
    more: Vec<String>,
    /// Where to begin what the group has committed nothing for
    #[arg(long, requires = "group", value_name = "WHERE", default_value = "earliest")]
    from: From,
    /// Seconds between two commits, at least; 0 commits after every write
    #[arg(long, requires = "group", value_name = "SECONDS", default_value_t = 1.0)]
    commit_interval: f64,
    /// Commit nothing
    #[arg(long, requires = "group", conflicts_with = "commit_interval")]
    no_commit: bool,
}

/// A member that writes what it reads.
struct Session<'a> {
    args: &'a Args,
    output: &'a Output,
    member: GroupConsumer,
    left: u64,
    /// Written and not committed: the next offset of each partition.
    written: BTreeMap<TopicPartition, Offset>,
    committed: Instant,
}

/// Prints records until the wanted count, the end or a signal.
pub(super) async fn consume(args: &Args, group: &str, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let mut topics = vec![args.topic.clone()];
    topics.extend(args.of_group.more.iter().cloned());
    for topic in &topics {
        cluster.partitions(topic).await?;
    }
    let mut options = GroupOptions::new(group, Env::real().random.uuid(), &topics);
    options.consumer = args.options();
    options.reset = match args.of_group.from {
        From::Earliest => Reset::Earliest,
        From::Latest => Reset::Latest,
    };
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut session = Session {
        args,
        output,
        member: GroupConsumer::join(cluster, options),
        left: args.count.unwrap_or(u64::MAX),
        written: BTreeMap::new(),
        committed: Instant::now(),
    };
    let ended = tokio::select! {
        ended = session.run() => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    let committed = session.commit().await;
    session.member.leave().await;
    ended.and(committed)
}

impl Session<'_> {
    async fn run(&mut self) -> Result<(), Failure> {
        while self.left > 0 {
            let event = self.member.poll().await?;
            self.on_event(event).await?;
            if !self.args.follow && self.member.is_at_end() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn on_event(&mut self, event: GroupEvent) -> Result<(), Failure> {
        match event {
            GroupEvent::Records(records) => {
                self.write(&records)?;
                let interval = Duration::try_from_secs_f64(self.args.of_group.commit_interval)?;
                if self.committed.elapsed() >= interval {
                    self.commit().await?;
                }
            }
            GroupEvent::Assigned(partitions) => self.tell("reading", &partitions),
            GroupEvent::Revoking(partitions) => {
                self.commit().await?;
                self.tell("giving back", &partitions);
            }
            GroupEvent::Lost(partitions) => {
                self.written.clear();
                let what = "the group has given these to others, who read on from what was committed:";
                self.output.remark(&format!("{what} {}", names(&partitions)));
            }
            GroupEvent::Reset { partition: (topic, partition), from, to } => {
                let sentence =
                    format!("offset {from} of {topic}-{partition} is not in the log; it goes on at {to}");
                self.output.remark(&sentence);
            }
        }
        Ok(())
    }

    /// What is flushed counts as written.
    fn write(&mut self, records: &[Consumed]) -> Result<(), Failure> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(records.len());
        let records = records.get(..count).unwrap_or(records);
        records.iter().try_for_each(|record| super::print(self.args, record, self.output))?;
        self.output.flush()?;
        for consumed in records {
            let place = (consumed.topic.clone(), consumed.partition);
            self.written.insert(place, consumed.record.offset.plus(1));
        }
        self.left -= u64::try_from(count).unwrap_or(0);
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        self.committed = Instant::now();
        if self.args.of_group.no_commit {
            return Ok(());
        }
        match self.member.commit(&self.written).await {
            Err(error @ ClientError::Fenced { .. }) => self.output.remark(&error.to_string()),
            other => other?,
        }
        self.written.clear();
        Ok(())
    }

    fn tell(&self, what: &str, partitions: &[TopicPartition]) {
        if self.args.verbose {
            self.output.remark(&format!("{what} {}", names(partitions)));
        }
    }
}

fn names(partitions: &[TopicPartition]) -> String {
    let names = partitions.iter().map(|(topic, partition)| format!("{topic}-{partition}"));
    names.collect::<Vec<String>>().join(", ")
}
