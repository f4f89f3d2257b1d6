//! `bench groups load`: many commits in one partition of `__consumer_offsets`, SIGKILL, and the time until their coordinator
//! answers again. The last commit of each group must be there, else the figures are VOID.
//!
//! All groups have names that fall into one partition: Kafka's rule is the Java hash of the name.

use super::fill::{Committer, Lane, Target};
use crate::bench::canary::canary;
use crate::bench::real;
use crate::failure::{Failure, VOID};
use crate::output::Output;
use crate::prove::{BrokerChild, ChildOptions, Foreign, Scratch};
use crate::settings::key_value;
use client::{ClientOptions, Cluster};
use env::{Env, net::Net};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;
use types::Offset;

const TOPIC: &str = "bench-load";
const OFFSETS: &str = "__consumer_offsets";
/// Commits on their way while the log is filled.
const IN_FLIGHT: usize = 64;

/// What `bench groups load` is called with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Offsets to commit before the kill, over all groups
    #[arg(long, default_value_t = 1_000_000)]
    commits: u64,
    /// Groups that commit them
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    groups: u32,
    /// Partitions of each commit, each with an offset of its own
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    partitions: u32,
    /// How often it is killed
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    kills: u32,
    /// Folder for the data, empty or missing [default: a scratch folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Another broker than this one: what starts it, for the shell, in the foreground and on an empty folder
    #[arg(long, value_name = "COMMAND", requires = "bootstrap", conflicts_with_all = ["data", "set"])]
    start: Option<String>,
    /// Where the other broker listens
    #[arg(short, long, value_name = "HOST:PORT", requires = "start")]
    bootstrap: Option<String>,
    /// One broker setting; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

/// One kill. *Units*: times since it.
struct Restart {
    serves: Duration,
    loaded: Duration,
}

/// Measures and prints.
pub(super) async fn bench(args: Args, output: &Output) -> Result<u8, Failure> {
    let scratch = Scratch::new(args.data.as_deref())?;
    let disk = canary(scratch.path())?;
    let foreign = args.start.clone().zip(args.bootstrap.clone());
    let options = ChildOptions {
        foreign: foreign.map(|(command, address)| Foreign { command, address }),
        data: scratch.path().join("data"),
        said: scratch.path().join("broker.log"),
        settings: args.set.clone(),
    };
    let mut broker = BrokerChild::start(options).await?;
    let cluster = Cluster::new(Net::Real, &[broker.address().to_owned()], patient());
    super::make_topic(&cluster, TOPIC, args.partitions).await?;
    let committers = fill(&args, &cluster, output).await?;
    let (mut restarts, mut fault) = (Vec::new(), None);
    for kill in 1..=args.kills {
        output.progress(&format!("kill {kill} of {}", args.kills));
        broker.kill()?;
        let killed = Instant::now();
        broker.start_again().await?;
        let serves = killed.elapsed();
        let first = committers.first().map_or("", |committer| &committer.group);
        cluster.group_offsets(first).await?;
        restarts.push(Restart { serves, loaded: killed.elapsed() });
        fault = fault.or(missing(&cluster, &committers, args.partitions).await?);
    }
    output.progress_done();
    show(&args, &restarts, disk, output)?;
    if let Some(fault) = fault {
        output.complain(&format!("VOID, these figures mean nothing: {fault}"));
        return Ok(VOID);
    }
    Ok(0)
}

fn patient() -> ClientOptions {
    let (backoff_min, backoff_max) = (Duration::from_millis(2), Duration::from_millis(5));
    ClientOptions {
        backoff_min,
        backoff_max,
        call_timeout: Duration::from_secs(120),
        ..ClientOptions::default()
    }
}

async fn fill(args: &Args, cluster: &Cluster, output: &Output) -> Result<Vec<Committer>, Failure> {
    let id = cluster.leader(TOPIC, 0).await?.topic_id;
    let target = Target { name: TOPIC.to_owned(), id, partitions: i32::try_from(args.partitions)? };
    let connection = super::coordinator(cluster, "any").await?;
    // Some brokers make the topic with the first question for a coordinator.
    let count = u32::try_from(cluster.partitions(OFFSETS).await?.len())?;
    let mut lane = Lane::new(connection, target, names(args.groups, count));
    let (due, clock) = (args.commits / u64::from(args.partitions), Env::real().clock);
    for sent in 0..due {
        if lane.in_flight() >= IN_FLIGHT {
            lane.take().await?;
        }
        lane.put(clock.now().mono)?;
        if sent % 5000 == 0 {
            output.progress(&format!("filling: {} of {}", sent * u64::from(args.partitions), args.commits));
        }
    }
    while lane.in_flight() > 0 {
        lane.take().await?;
    }
    Ok(lane.committers)
}

/// Makes names that all fall into one partition of so many.
fn names(groups: u32, partitions: u32) -> Vec<String> {
    let candidates = (0u64..).map(|number| format!("bench-load-{number}"));
    let wanted = candidates.filter(|name| place(name, partitions) == 0);
    wanted.take(usize::try_from(groups).unwrap_or(0)).collect()
}

/// Returns the partition of a group's coordinator.
fn place(group: &str, partitions: u32) -> u32 {
    (java_hash(group).cast_unsigned() & 0x7fff_ffff).checked_rem(partitions).unwrap_or(0)
}

/// `String.hashCode` of ASCII text.
fn java_hash(text: &str) -> i32 {
    text.bytes().fold(0i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)))
}

/// Says which group's last commit is not there, if one's is not.
pub(super) async fn missing(
    cluster: &Cluster,
    committers: &[Committer],
    partitions: u32,
) -> Result<Option<String>, Failure> {
    for Committer { group, acked } in committers.iter().filter(|committer| committer.acked >= 0) {
        let there = cluster.group_offsets(group).await?;
        let due = usize::try_from(partitions)?;
        if there.len() != due || there.iter().any(|one| one.offset != Offset(*acked)) {
            let (there, first) = (there.len(), there.first().map_or(-1, |one| one.offset.0));
            return Ok(Some(format!(
                "group {group} was told that {acked} is committed in {due} partitions; {there} have an offset, the first {first}"
            )));
        }
    }
    Ok(None)
}

fn show(args: &Args, restarts: &[Restart], disk: Duration, output: &Output) -> Result<(), Failure> {
    let ms = |time: Duration| real(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)) / 1000.0;
    let list = |of: fn(&Restart) -> Duration| restarts.iter().map(|r| ms(of(r))).collect::<Vec<f64>>();
    let (serves, loaded) = (list(|restart| restart.serves), list(|restart| restart.loaded));
    if output.is_json() {
        return output.json(&json!({
            "commits": args.commits, "groups": args.groups, "partitions": args.partitions,
            "serves_ms": serves, "loaded_ms": loaded, "canary_us": disk.as_micros(),
        }));
    }
    let text = |list: &[f64]| list.iter().map(|ms| format!("{ms:.0}")).collect::<Vec<_>>().join(", ");
    let rows = [
        ("offsets committed, by groups", format!("{}, {}", args.commits, args.groups)),
        ("SIGKILL to an answer of the broker (ms)", text(&serves)),
        ("SIGKILL to an answer of the coordinator (ms)", text(&loaded)),
        ("disk: 4 KiB write + sync (us)", disk.as_micros().to_string()),
    ];
    output.table(&[], &rows.map(|(name, value)| vec![name.to_owned(), value]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: the names fall into one partition by the rule of Kafka's coordinators.
    #[test]
    fn names_fall_into_one_partition() {
        assert_eq!((java_hash("hello"), java_hash("bench-load-0")), (99_162_322, 1_019_816_774));
        let names = names(3, 50);
        assert!(names.iter().all(|name| place(name, 50) == 0));
    }
}
