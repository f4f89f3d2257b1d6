//! The rounds of a proof: load, kill, start again; at the end, read back.

use super::admin::Admin;
use super::broker_child::{BrokerChild, ChildOptions};
use super::check::Checker;
use super::group::Group;
use super::ledger::Ledger;
use super::load::Load;
use super::power::Power;
use super::read_back::read_back;
use super::report::{Found, Kill, Report};
use super::seeded::Seeded;
use super::strike::Strike;
use crate::failure::Failure;
use crate::output::Output;
use client::{ClientError, ClientOptions, Cluster, NewTopic};
use env::{Env, net::Net};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The topic of every proof.
const TOPIC: &str = "prove";
/// Longest random time between a round's share of acknowledgements and its kill.
const MOMENT_MAX_MS: u64 = 700;
/// A round that gets no acknowledgement for this long fails.
const STALL_MAX: Duration = Duration::from_secs(60);
/// The same when something was refused.
const STALL_REFUSED_MAX: Duration = Duration::from_secs(10);
/// A kill that waits for a mark strikes without it after this long.
const MARK_MAX: Duration = Duration::from_secs(20);
/// Pause between two looks at the ledger.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How often the end of the load looks whether the topic has been compacted.
const COMPACTED_EVERY: Duration = Duration::from_millis(200);

/// How much to do.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) rounds: u32,
    pub(super) records: u64,
    pub(super) producers: u32,
    pub(super) partitions: u32,
    /// Members of the group that reads; none for no group.
    pub(super) members: u32,
    /// Whether the topic is compacted.
    pub(super) compact: bool,
    /// Where kills strike, round by round, from the start again after the last.
    pub(super) strikes: Vec<Strike>,
}

/// Carries out the plan.
pub(super) async fn run(
    plan: &Plan,
    child: &ChildOptions,
    power: &Power,
    env: &Env,
    output: &Output,
) -> Result<Report, Failure> {
    let mut proof = Proof::start(plan, child, power, env).await?;
    let started = Instant::now();
    for round in 1..=plan.rounds {
        proof.round(round, output).await?;
    }
    output.progress("every batch gets its outcome");
    proof.settle().await?;
    output.progress("reading back");
    proof.report(started.elapsed()).await
}

struct Proof<'a> {
    plan: &'a Plan,
    power: &'a Power,
    broker: BrokerChild,
    cluster: Cluster,
    ledger: Ledger,
    admin: Admin,
    group: Option<Group>,
    moments: Seeded,
    kills: Vec<Kill>,
    load: JoinSet<()>,
    members: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl<'a> Proof<'a> {
    async fn start(
        plan: &'a Plan,
        child: &ChildOptions,
        power: &'a Power,
        env: &Env,
    ) -> Result<Proof<'a>, Failure> {
        let broker = BrokerChild::start(child.clone()).await?;
        let cluster = Cluster::new(Net::Real, &[broker.address().to_owned()], ClientOptions::default());
        let partitions = Some(i32::try_from(plan.partitions).unwrap_or(1));
        let configs = if plan.compact { compacted() } else { BTreeMap::new() };
        let topic = NewTopic { name: TOPIC.to_owned(), partitions, configs, ..NewTopic::default() };
        cluster.create_topic(&topic).await?;
        let (stop, stopped) = watch::channel(false);
        let (ledger, mut tasks) = (Ledger::default(), JoinSet::new());
        let mut members = JoinSet::new();
        let load = Load {
            seed: plan.seed,
            topic: TOPIC.to_owned(),
            keys: plan.compact,
            ledger: ledger.clone(),
            clock: env.clock.clone(),
            stop: stopped.clone(),
        };
        for producer in 0..plan.producers {
            load.start(broker.address(), producer, plan.partitions, &mut tasks);
        }
        let admin = Admin::new(broker.address());
        tasks.spawn(admin.clone().run(plan.seed, stopped));
        let group = (plan.members > 0).then(|| Group::new(broker.address(), TOPIC));
        if let Some(group) = &group {
            members.spawn(group.clone().run(plan.seed, plan.members));
        }
        let moments = Seeded::new(plan.seed, 0x6b69_6c6c);
        Ok(Proof {
            plan,
            power,
            broker,
            cluster,
            ledger,
            admin,
            group,
            moments,
            kills: Vec::new(),
            load: tasks,
            members,
            stop,
        })
    }

    /// Waits for the round's share and its moment, kills, starts again.
    async fn round(&mut self, round: u32, output: &Output) -> Result<(), Failure> {
        let before = self.ledger.acknowledged();
        let due = before + self.plan.records.div_ceil(u64::from(self.plan.rounds));
        let strike = Strike::of_round(&self.plan.strikes, round);
        self.wait_for(due, strike).await?;
        tokio::time::sleep(Duration::from_millis(self.moments.between(0, MOMENT_MAX_MS))).await;
        let epochs = self.epochs().await;
        let in_time = match strike.under_load() {
            Some(what) => self.broker.begins(what, MARK_MAX).await,
            None => false,
        };
        if let Some(group) = self.group.as_ref().filter(|_| round % 2 == 1) {
            group.strike();
        }
        let outstanding = self.outstanding(round).await;
        self.strike(strike)?;
        let inside = match strike {
            Strike::Random | Strike::Power => false,
            Strike::Recovery => self.kill_in_recovery().await?,
            Strike::Checkpoint | Strike::Roll => in_time && self.broker.was_inside(strike.name()).await,
        };
        self.broker.start_again().await?;
        self.topic_is_there().await?;
        self.admin.check().await?;
        if let Some(group) = &self.group {
            group.check(&self.cluster).await?;
        }
        let acknowledged = self.ledger.acknowledged();
        let start_took = self.broker.start_took();
        let got = acknowledged - before;
        self.kills.push(Kill { strike, inside, outstanding, acknowledged: got, start_took, epochs });
        output.progress(&format!(
            "round {round} of {}: {acknowledged} acknowledged, {outstanding} batches outstanding at the kill, \
             serving again after {} ms",
            self.plan.rounds,
            start_took.as_millis(),
        ));
        Ok(())
    }

    /// Writes down what the kill finds without an outcome. Now and then everything has just been answered: then the next batch
    /// is waited for.
    async fn outstanding(&self, round: u32) -> usize {
        let since = Instant::now();
        loop {
            let count = self.ledger.on_kill(round);
            if count > 0 || since.elapsed() > MARK_MAX {
                return count;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A topic that is gone takes its acknowledged records with it: nothing that would be read could show it.
    async fn topic_is_there(&self) -> Result<(), Failure> {
        self.cluster.forget(TOPIC);
        match self.cluster.partitions(TOPIC).await {
            Ok(partitions) if partitions.len() == usize::try_from(self.plan.partitions)? => Ok(()),
            Ok(_) | Err(ClientError::UnknownTopic(_)) => {
                let lost = self.ledger.acknowledged();
                Err(Failure::of(format!(
                    "the topic is gone after the restart: {lost} acknowledged records are lost"
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn strike(&mut self, strike: Strike) -> Result<(), Failure> {
        match strike {
            Strike::Power => self.power.cut(&mut self.broker),
            _ => self.broker.kill(),
        }
    }

    /// Starts it and kills it again before it serves; says whether it was recovering.
    async fn kill_in_recovery(&mut self) -> Result<bool, Failure> {
        self.broker.launch()?;
        let in_time = self.broker.begins(Strike::Recovery.name(), MARK_MAX).await;
        self.broker.kill()?;
        Ok(in_time && self.broker.was_inside(Strike::Recovery.name()).await)
    }

    /// Leader epoch of each partition in the life that is about to end.
    async fn epochs(&self) -> Vec<i32> {
        let Ok(answer) = self.cluster.metadata(Some(&[TOPIC])).await else { return Vec::new() };
        let mut partitions: Vec<(i32, i32)> = answer
            .topics
            .iter()
            .flat_map(|topic| &topic.partitions)
            .map(|partition| (partition.partition_index, partition.leader_epoch))
            .collect();
        partitions.sort_unstable();
        partitions.into_iter().map(|(_, epoch)| epoch).collect()
    }

    /// Waits for acknowledgements; before a power cut also for those of all resends: what was answered on the
    /// word of a killed broker's log must survive it.
    async fn wait_for(&mut self, acknowledged: u64, strike: Strike) -> Result<(), Failure> {
        let (mut last, mut since) = (self.ledger.acknowledged(), Instant::now());
        while last < acknowledged || strike == Strike::Power && !self.ledger.struck_are_answered() {
            tokio::time::sleep(LOOK_EVERY).await;
            self.broker.fail_if_it_ended()?;
            let now = self.ledger.acknowledged();
            if now > last {
                (last, since) = (now, Instant::now());
            }
            let (refused, reason) = self.ledger.lock().refused.clone();
            let (limit, why) = match refused {
                0 => (STALL_MAX, String::new()),
                _ => (STALL_REFUSED_MAX, format!("; {refused} records were refused: {reason}")),
            };
            if since.elapsed() > limit {
                return Err(Failure::of(format!("nothing was acknowledged for {limit:?}{why}")));
            }
        }
        Ok(())
    }

    /// Stops the load; ends when every batch has its outcome and the group has read them. Then one more kill, so
    /// that what is read is what recovery gives.
    async fn settle(&mut self) -> Result<(), Failure> {
        let _all_gone = self.stop.send(true);
        while let Some(ended) = self.load.join_next().await {
            ended?;
        }
        if let Some(group) = &self.group {
            group.finish(&self.cluster).await?;
        }
        if self.plan.compact {
            self.compacted().await?;
        }
        while let Some(ended) = self.members.join_next().await {
            ended?;
        }
        self.broker.kill()?;
        self.broker.start_again().await?;
        if let Some(group) = &self.group {
            group.check(&self.cluster).await?;
        }
        self.admin.check().await
    }

    /// Waits until the topic has been compacted once; if it never is, the proof is void.
    async fn compacted(&self) -> Result<(), Failure> {
        let since = Instant::now();
        while since.elapsed() < MARK_MAX {
            let mut readable = 0;
            read_back(&self.cluster, TOPIC, |_| readable += 1).await?;
            if readable < self.ledger.acknowledged() {
                break;
            }
            tokio::time::sleep(COMPACTED_EVERY).await;
        }
        Ok(())
    }

    async fn report(mut self, took: Duration) -> Result<Report, Failure> {
        let seed = self.plan.seed;
        let mut checker = if self.plan.compact { Checker::of_compacted(seed) } else { Checker::new(seed) };
        let mut group = self.group.as_ref().map(Group::accounts);
        read_back(&self.cluster, TOPIC, |record| {
            checker.on_read(record);
            group.iter_mut().for_each(|group| group.on_read(record));
        })
        .await?;
        group.iter_mut().for_each(|group| group.finish(self.plan.compact));
        self.broker.fail_if_it_ended()?;
        let mut accounts = self.admin.accounts().await;
        let entries = self.ledger.lock();
        let findings = checker.finish(&entries.sent);
        accounts.on_writers(&findings.writers);
        let found = Found { findings, accounts, group };
        Ok(Report::new(self.plan, &entries, found, self.kills, took))
    }
}

/// Settings with which a topic is compacted all the time.
fn compacted() -> BTreeMap<String, String> {
    let pairs = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01")];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
