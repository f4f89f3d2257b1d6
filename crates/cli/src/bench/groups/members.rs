//! `bench groups members`: members join within a time, get their partitions, and then only say that they live.
//!
//! The consumer protocol's members share few connections; one of the classic protocol has its own, because
//! a broker holds back the answer to a join, and with it all that follows on the connection.

use super::board::Board;
use super::{classic, consumer};
use crate::bench::canary::canary;
use crate::bench::machine::{Usage, steal_since, usage};
use crate::bench::{per, real};
use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::output::Output;
use client::{ClientOptions, Cluster};
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Pause between two looks at the board.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Most requests of one connection that wait for answers.
const IN_FLIGHT_MAX: usize = 1 << 20;

/// How members and coordinator speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Protocol {
    /// JoinGroup, SyncGroup, Heartbeat.
    Classic,
    /// ConsumerGroupHeartbeat (KIP-848).
    Consumer,
}

/// What `bench groups members` is called with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    bootstrap: Bootstrap,
    /// How members and coordinator speak
    #[arg(long, value_enum, default_value = "consumer")]
    protocol: Protocol,
    /// Members of the group
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    members: u32,
    /// Seconds over which they join
    #[arg(long, default_value_t = 1.0)]
    within: f64,
    /// Partitions of their topic
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    partitions: u32,
    /// Connections of the members of the consumer protocol
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Milliseconds between two heartbeats [default: what the coordinator says; classic 3000]
    #[arg(long, value_name = "MS")]
    beat_every: Option<u64>,
    /// Seconds to stay, once all have their partitions
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Seconds after which a group that is not stable has failed
    #[arg(long, default_value_t = 120.0)]
    patience: f64,
    /// Process id of the broker, for its CPU time
    #[arg(long)]
    pid: Option<u32>,
    /// Folder on the broker's disk, for the canary
    #[arg(long, value_name = "DIR")]
    canary: Option<PathBuf>,
}

/// What all members share.
#[derive(Clone)]
pub(super) struct Crowd {
    pub(super) group: String,
    pub(super) topic: String,
    pub(super) beat_every: Option<Duration>,
    pub(super) stop: watch::Receiver<bool>,
    board: Arc<Mutex<Board>>,
    began: Instant,
    /// Time between two joins.
    gap: Duration,
}

impl Crowd {
    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time since the first join.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits for a member's turn to join.
    pub(super) async fn turn(&self, member: usize) {
        let at = self.began + self.gap * u32::try_from(member).unwrap_or(u32::MAX);
        tokio::time::sleep_until(at).await;
        self.board().on_begin(member, self.now());
    }

    /// Pauses before the next heartbeat; says whether the members are to leave.
    pub(super) async fn pause(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => *self.stop.borrow(),
            _ = self.stop.changed() => true,
        }
    }
}

/// The figures.
struct Measured {
    joins: Board,
    joined_in: Duration,
    join_cpu: Option<Duration>,
    beats: u64,
    fenced: u64,
    stayed: Duration,
    stay_cpu: Option<Duration>,
    steal: f64,
}

/// Measures and prints.
pub(super) async fn bench(args: Args, output: &Output) -> Result<u8, Failure> {
    let disk = args.canary.as_deref().map(canary).transpose()?;
    let options = ClientOptions { in_flight_max: IN_FLIGHT_MAX, ..args.bootstrap.options() };
    let cluster = args.bootstrap.cluster_with(options);
    let (group, topic) = (super::new_name(), super::new_name());
    super::make_topic(&cluster, &topic, args.partitions).await?;
    let measured = run(&args, &cluster, (group.clone(), topic.clone()), output).await;
    let _best_effort = cluster.delete_group(&group).await;
    let _best_effort = cluster.delete_topic(&topic).await;
    show(&args, &measured?, disk, output)?;
    Ok(0)
}

async fn run(
    args: &Args,
    cluster: &Cluster,
    (group, topic): (String, String),
    output: &Output,
) -> Result<Measured, Failure> {
    let (stop, stopped) = watch::channel(false);
    let members = usize::try_from(args.members)?;
    let first = super::coordinator(cluster, &group).await?;
    let crowd = Crowd {
        group,
        topic,
        beat_every: args.beat_every.map(Duration::from_millis),
        stop: stopped,
        board: Arc::new(Mutex::new(Board::new(members))),
        began: Instant::now(),
        gap: Duration::try_from_secs_f64(args.within)? / args.members,
    };
    let before = args.pid.and_then(usage);
    let mut tasks = JoinSet::new();
    match args.protocol {
        Protocol::Classic => classic::start(&crowd, &first, cluster.options(), members, &mut tasks),
        Protocol::Consumer => {
            consumer::start(&crowd, &first, (args.connections, members), cluster, &mut tasks).await?;
        }
    }
    output.progress("members join");
    until_stable(args, &crowd, &mut tasks).await?;
    let (joined_in, join_cpu) = (crowd.now(), spent(before, args.pid));
    let joins = crowd.board().clone();
    output.progress(&format!("all have their partitions; they stay for {} s", args.seconds));
    let (stay, before) = (Instant::now(), args.pid.and_then(usage));
    let (_, ticks) = steal_since(None);
    tokio::select! {
        () = tokio::time::sleep(Duration::try_from_secs_f64(args.seconds)?) => {}
        failure = first_failure(&mut tasks) => return Err(failure),
    }
    let after = crowd.board().clone();
    let (beats, fenced) = (after.beats - joins.beats, after.fenced);
    let (stayed, stay_cpu, steal) = (stay.elapsed(), spent(before, args.pid), steal_since(ticks).0);
    let _all_gone = stop.send(true);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    output.progress_done();
    Ok(Measured { joins, joined_in, join_cpu, beats, fenced, stayed, stay_cpu, steal })
}

fn spent(before: Option<Usage>, pid: Option<u32>) -> Option<Duration> {
    before.zip(pid.and_then(usage)).map(|(before, after)| after.cpu.saturating_sub(before.cpu))
}

async fn until_stable(
    args: &Args,
    crowd: &Crowd,
    tasks: &mut JoinSet<Result<(), Failure>>,
) -> Result<(), Failure> {
    let partitions = usize::try_from(args.partitions)?;
    let stable = |board: &Board| match args.protocol {
        Protocol::Classic => board.is_of_one_generation(),
        Protocol::Consumer => board.is_dealt(partitions),
    };
    while !stable(&crowd.board()) {
        if crowd.now().as_secs_f64() > args.patience {
            return Err(Failure::of(format!("the group is not stable: {}", crowd.board().missing())));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            failure = first_failure(tasks) => return Err(failure),
        }
    }
    Ok(())
}

/// Waits for the first member that ends before it is told to.
async fn first_failure(tasks: &mut JoinSet<Result<(), Failure>>) -> Failure {
    match tasks.join_next().await {
        Some(Ok(Err(failure))) => failure,
        Some(Err(error)) => error.into(),
        Some(Ok(Ok(()))) | None => Failure::of("a member has left"),
    }
}

fn show(args: &Args, measured: &Measured, disk: Option<Duration>, output: &Output) -> Result<(), Failure> {
    let (joins, seconds) = (&measured.joins, measured.joined_in.as_secs_f64());
    let settled = joins.last_change().saturating_sub(joins.last_join());
    let cores = measured.join_cpu.map(|cpu| per(cpu.as_secs_f64(), seconds));
    let share = measured.stay_cpu.map(|cpu| per(cpu.as_secs_f64(), measured.stayed.as_secs_f64()));
    let beats_per_s = per(real(measured.beats), measured.stayed.as_secs_f64());
    let each = measured.stay_cpu.map(|cpu| per(cpu.as_secs_f64() * 1e6, real(measured.beats)));
    if output.is_json() {
        return output.json(&json!({
            "protocol": format!("{:?}", args.protocol).to_lowercase(), "members": args.members,
            "partitions": args.partitions, "within_s": args.within,
            "stable_s": joins.last_change().as_secs_f64(), "after_last_join_s": settled.as_secs_f64(),
            "generation": joins.epoch(), "fenced": measured.fenced,
            "join_cpu_s": measured.join_cpu.map(|cpu| cpu.as_secs_f64()), "join_cores": cores,
            "beats_per_s": beats_per_s, "stay_cores": share, "beat_cpu_us": each, "steal": measured.steal,
            "canary_us": disk.map(|time| time.as_micros()),
        }));
    }
    let mut rows = vec![
        ("first join to last assignment (s)", format!("{:.2}", joins.last_change().as_secs_f64())),
        ("last join to last assignment (s)", format!("{:.2}", settled.as_secs_f64())),
        ("generation or epoch then", joins.epoch().to_string()),
        ("members that lost their place", measured.fenced.to_string()),
        ("heartbeats/s while they stay", format!("{beats_per_s:.0}")),
    ];
    if let (Some(cores), Some(share), Some(each)) = (cores, share, each) {
        rows.push(("broker CPU while they join (cores)", format!("{cores:.3}")));
        rows.push(("broker CPU while they stay (cores)", format!("{share:.4}")));
        rows.push(("broker CPU per heartbeat (us)", format!("{each:.1}")));
    }
    if let Some(disk) = disk {
        rows.push(("disk: 4 KiB write + sync (us)", disk.as_micros().to_string()));
    }
    rows.push(("time stolen by the host", format!("{:.1} %", measured.steal * 100.0)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    output.table(&[], &rows)
}
