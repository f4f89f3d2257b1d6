//! `prove --transactions`: transactions are ended, aborted and left behind while the broker is killed, and all of it accounted for.
//!
//! Writers put transactions over several partitions into one topic: most are committed, some aborted, some left by a writer that
//! vanishes, before its commit or within it, to come back under its id or never (`writer`). Pipelines read that topic as
//! readers of committed data, write a record for each into another, with the offsets in the same transaction, and abort and
//! vanish too (`pipeline`). A reader of committed data watches (`reader`). In each round the broker is killed with SIGKILL, or the
//! power is cut under it. At the end, and after one more kill, both topics are read and compared with what was told (`check`).
//!
//! Whether a kill struck between a decision and its completion is read in the coordinators' own log: the two records have
//! different leader epochs then, and each start of a broker has its own (`stages`).

mod book;
mod check;
#[cfg(test)]
mod check_tests;
mod pipeline;
mod reader;
mod report;
mod stages;
mod writer;

use super::power::Power;
use super::seeded::Seeded;
use super::strike::Strike;
use super::{Args, BrokerChild, ChildOptions, Evidence, Foreign};
use crate::failure::Failure;
use crate::output::Output;
use book::Book;
use client::{ClientOptions, Cluster, NewTopic};
use env::{Env, net::Net};
use pipeline::Pipeline;
use reader::Reader;
use report::{Kill, Report};
use stages::StateLog;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use writer::Writer;

/// The topic of the writers.
const INPUT: &str = "prove-input";
/// The topic of the pipelines.
const OUTPUT: &str = "prove-output";
/// The group of the pipelines.
const GROUP: &str = "prove-pipelines";
/// Time after which a transaction that was left behind is aborted.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(1);
/// How much later than that it may be, at most.
const OVERDUE_MAX: Duration = Duration::from_secs(10);
/// Overdue transactions are looked for often.
const SETTINGS: [(&str, &str); 1] = [("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500")];
/// Fewest commits that were told, for the result to count.
const COMMITS_MIN: u64 = 1_000;
/// Longest random time between a round's share of commits and its kill. *Units*: milliseconds.
const MOMENT_MAX_MS: u64 = 500;
/// A round in which nothing is committed for this long fails.
const STALL_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Pause between two looks over the network.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// What all are to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Work, abort and vanish.
    Strike,
    /// Writers end; pipelines only work.
    Finish,
    /// End.
    Done,
}

/// Proves, prints the table, and returns the exit code.
pub(super) async fn prove(args: &Args, output: &Output) -> Result<u8, Failure> {
    let env = Env::real();
    let seed = args.seed.unwrap_or_else(|| env.random.next_u64() >> 16);
    if args.strike.iter().any(|strike| !matches!(strike, Strike::Random | Strike::Power)) {
        return Err(Failure::usage("--transactions knows --strike random and --strike power alone"));
    }
    let evidence = Evidence::new(args)?;
    let foreign = args.start.clone().zip(args.bootstrap.clone());
    let foreign = foreign.map(|(command, address)| Foreign { command, address });
    let child = evidence.child(foreign, settings(args));
    output.remark(&format!("proving transactions with seed {seed} in {}", evidence.data.path().display()));
    let report = run(args, seed, child, output).await;
    output.progress_done();
    let report = match report {
        Ok(report) => report,
        Err(failure) => {
            evidence.keep_all(output);
            return Err(failure);
        }
    };
    report.show(output)?;
    Ok(evidence.verdict(report.broken(), report.void(), output))
}

fn settings(args: &Args) -> Vec<(String, String)> {
    let preset = args.preset.iter().map(|name| ("highwater.preset".to_owned(), name.clone()));
    let own = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    preset.chain(own).chain(args.set.iter().cloned()).collect()
}

async fn run(args: &Args, seed: u64, child: ChildOptions, output: &Output) -> Result<Report, Failure> {
    let mut proof = Proof::start(args, seed, child).await?;
    let started = Instant::now();
    for round in 1..=args.rounds {
        proof.round(round, output).await?;
    }
    output.progress("what is open comes to its end");
    proof.finish().await?;
    output.progress("reading back");
    proof.report(seed, started.elapsed()).await
}

struct Proof<'a> {
    args: &'a Args,
    power: Power,
    broker: BrokerChild,
    cluster: Cluster,
    book: Book,
    phase: watch::Sender<Phase>,
    tasks: JoinSet<()>,
    writers: JoinSet<()>,
    stages: StateLog,
    moments: Seeded,
    kills: Vec<Kill>,
}

impl<'a> Proof<'a> {
    async fn start(args: &'a Args, seed: u64, child: ChildOptions) -> Result<Proof<'a>, Failure> {
        let power = Power::new(args.power_switch.clone(), &args.strike)?;
        let broker = BrokerChild::start(child).await?;
        let cluster = Cluster::new(Net::Real, &[broker.address().to_owned()], ClientOptions::default());
        for name in [INPUT, OUTPUT] {
            let partitions = Some(i32::try_from(args.partitions)?);
            cluster
                .create_topic(&NewTopic { name: name.to_owned(), partitions, ..NewTopic::default() })
                .await?;
        }
        let (phase, phases) = watch::channel(Phase::Strike);
        let mut proof = Proof {
            args,
            power,
            stages: StateLog::new(cluster.clone()),
            book: Book::new(seed),
            cluster,
            broker,
            phase,
            tasks: JoinSet::new(),
            writers: JoinSet::new(),
            moments: Seeded::new(seed, 0x6b69_6c6c),
            kills: Vec::new(),
        };
        proof.employ(seed, &phases);
        Ok(proof)
    }

    fn employ(&mut self, seed: u64, phase: &watch::Receiver<Phase>) {
        let (address, partitions) = (self.broker.address(), self.args.partitions);
        for index in 0..self.args.producers {
            let writer = Writer::new(address, (seed, index), partitions, (self.book.clone(), phase.clone()));
            self.writers.spawn(writer.run());
        }
        for index in 0..self.args.pipelines {
            let mine = (0..partitions).filter(|partition| partition % self.args.pipelines == index).collect();
            let pipeline = Pipeline::new(address, (seed, index), mine, (self.book.clone(), phase.clone()));
            self.tasks.spawn(pipeline.run());
        }
        let reader = Reader::new(address, partitions, self.book.clone(), phase.clone());
        self.tasks.spawn(reader.run());
    }

    /// Waits for the round's share of commits and its moment, kills, starts again.
    async fn round(&mut self, round: u32, output: &Output) -> Result<(), Failure> {
        let before = self.book.committed();
        self.wait_for(before + self.args.commits.div_ceil(u64::from(self.args.rounds))).await?;
        tokio::time::sleep(Duration::from_millis(self.moments.between(0, MOMENT_MAX_MS))).await;
        let committed = self.book.committed() - before;
        let strike = Strike::of_round(&self.args.strike, round);
        match strike {
            Strike::Power => self.power.cut(&mut self.broker)?,
            _ => self.broker.kill()?,
        }
        self.broker.start_again().await?;
        let interrupted = self.stages.read().await?;
        let start_took = self.broker.start_took();
        self.kills.push(Kill { strike, committed, interrupted, start_took });
        output.progress(&format!(
            "round {round} of {}: {} committed, {interrupted} transactions cut between decision and completion, serving again after {} ms",
            self.args.rounds,
            self.book.committed(),
            start_took.as_millis(),
        ));
        Ok(())
    }

    async fn wait_for(&mut self, due: u64) -> Result<(), Failure> {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let now = self.book.committed();
            if now >= due {
                return Ok(());
            }
            if now > last {
                (last, since) = (now, Instant::now());
            }
            self.broker.fail_if_it_ended()?;
            if since.elapsed() > STALL_MAX {
                let why = self.book.lock().failed.examples.join("; ");
                return Err(Failure::of(format!("nothing was committed for {STALL_MAX:?}; {why}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Ends the load, waits until nothing is open and the pipelines are through, and kills once more, so that what is read is
    /// what recovery gives.
    async fn finish(&mut self) -> Result<(), Failure> {
        self.phase.send_replace(Phase::Finish);
        while let Some(ended) = self.writers.join_next().await {
            ended?;
        }
        self.until_nothing_is_open(INPUT).await?;
        self.until_the_pipelines_are_through().await?;
        self.phase.send_replace(Phase::Done);
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        self.until_nothing_is_open(OUTPUT).await?;
        self.broker.kill()?;
        self.broker.start_again().await?;
        self.until_nothing_is_open(INPUT).await
    }

    /// Waits as long as a transaction may take to end by itself. What is open then is found by the last look.
    async fn until_nothing_is_open(&mut self, topic: &str) -> Result<(), Failure> {
        let since = Instant::now();
        loop {
            self.stages.read().await?;
            let ends = reader::ends(&self.cluster, topic).await?;
            let is_open =
                ends.values().any(|(stable, end)| stable != end) || self.stages.open().next().is_some();
            if !is_open || since.elapsed() > TRANSACTION_TIMEOUT + OVERDUE_MAX {
                return Ok(());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// A pipeline that stands still for too long has lost what it has not done, and the last look finds that.
    async fn until_the_pipelines_are_through(&mut self) -> Result<(), Failure> {
        if self.args.pipelines == 0 {
            return Ok(());
        }
        let mut due: BTreeMap<u32, i64> = BTreeMap::new();
        reader::read_committed(&self.cluster, INPUT, |record| {
            due.insert(record.partition, record.offset + 1);
        })
        .await?;
        let (mut last, mut since) = (BTreeMap::new(), Instant::now());
        loop {
            let there = self.group_offsets().await?;
            let is_through =
                due.iter().all(|(partition, due)| there.get(partition).is_some_and(|at| at >= due));
            if is_through || since.elapsed() > STALL_MAX {
                return Ok(());
            }
            if there != last {
                (last, since) = (there, Instant::now());
            }
            self.broker.fail_if_it_ended()?;
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    async fn group_offsets(&self) -> Result<BTreeMap<u32, i64>, Failure> {
        let partitions: Vec<i32> = (0..i32::try_from(self.args.partitions)?).collect();
        let there = self.cluster.stable_group_offsets(GROUP, INPUT, &partitions).await?;
        Ok(there.into_iter().filter_map(|(at, offset)| Some((u32::try_from(at).ok()?, offset.0))).collect())
    }

    async fn report(mut self, seed: u64, took: Duration) -> Result<Report, Failure> {
        let mut entries = self.book.entries();
        let accounts = &mut entries.accounts;
        reader::read_committed(&self.cluster, INPUT, |record| accounts.on_input(&record)).await?;
        reader::read_committed(&self.cluster, OUTPUT, |record| accounts.on_output(&record)).await?;
        for topic in [INPUT, OUTPUT] {
            let ends = reader::ends(&self.cluster, topic).await?;
            ends.into_iter().for_each(|(partition, ends)| accounts.on_end(topic, partition, ends));
        }
        self.stages.read().await?;
        self.stages.open().for_each(|id| accounts.on_open(id));
        let committed = self.group_offsets().await?;
        accounts.finish(Some(&committed).filter(|_| self.args.pipelines > 0));
        self.broker.fail_if_it_ended()?;
        let (pipelines, interrupted) = (self.args.pipelines, self.stages.interrupted());
        Ok(Report { seed, took, entries, pipelines, kills: self.kills, interrupted })
    }
}
