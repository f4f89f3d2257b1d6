//! `highwater txn abort`: the plan first, then the coordinator; what nobody runs gets its mark.
//!
//! Both go by WriteTxnMarkers: a broker of Highwater aborts at its coordinator, and whole, what that runs. Kafka's would end
//! a running transaction in one partition behind its coordinator's back, so that is refused there.

use super::open::{Open, Runs, open_in};
use super::{document, rows, sentence};
use crate::bootstrap::Bootstrap;
use crate::confirm::confirm;
use crate::failure::Failure;
use crate::output::Output;
use client::{Cluster, PartitionProducer, TransactionDescription};
use serde_json::{Value, json};
use types::{Offset, WallTime};

/// Name of the state of a transaction that is open.
const ONGOING: &str = "Ongoing";
/// How settings begin that other brokers have not.
const OURS: &str = "highwater.";

/// What `abort` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The transactional id whose transaction is aborted
    #[arg(long, value_name = "ID", required_unless_present = "topic", conflicts_with_all = ["topic", "partition"])]
    transactional_id: Option<String>,
    /// The topic where a transaction is open
    #[arg(long, short, requires = "partition")]
    topic: Option<String>,
    /// The partition where it is open
    #[arg(long, short, requires = "topic", requires = "which")]
    partition: Option<i32>,
    #[command(flatten)]
    which: Which,
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
#[group(id = "which", multiple = true)]
struct Which {
    /// The transaction that begins at this offset of the partition
    #[arg(long, value_name = "OFFSET", requires = "topic")]
    start_offset: Option<i64>,
    /// The transaction that this producer has open in the partition
    #[arg(long, value_name = "ID", requires = "topic")]
    producer_id: Option<i64>,
}

/// What is to be aborted.
enum Plan {
    /// A coordinator runs it: it is aborted in all its partitions.
    Running(TransactionDescription),
    /// Nobody runs it: it gets a mark where it is open.
    Orphan(Open),
}

/// Shows what is aborted, asks, and does it.
pub(crate) async fn abort(args: &Args, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let plan = plan(args, &cluster).await?;
    if !output.is_json() {
        show(&plan, output)?;
    }
    let mut state = None;
    if !args.dry_run {
        confirm(&question(&plan), args.yes)?;
        state = carry_out(&cluster, &plan).await?;
    }
    if output.is_json() {
        return output.json(&told(&plan, state.as_deref(), args.dry_run));
    }
    output.line(&match (&plan, state.as_deref(), args.dry_run) {
        (_, _, true) => "Nothing was changed.".to_owned(),
        (Plan::Running(found), Some("CompleteCommit"), _) => {
            format!(
                "Its producer has committed the transaction of {} in between; it was not aborted.",
                found.id
            )
        }
        (Plan::Running(found), state, _) => {
            format!("Aborted the transaction of {}; its state is {}.", found.id, state.unwrap_or("not known"))
        }
        (Plan::Orphan(open), _, _) => {
            let (topic, partition) = (&open.topic, open.partition);
            format!("Ended the transaction of producer {} in {topic}-{partition}.", open.producer.id)
        }
    })
}

async fn plan(args: &Args, cluster: &Cluster) -> Result<Plan, Failure> {
    let running = match (&args.transactional_id, &args.topic, args.partition) {
        (Some(id), _, _) => cluster.describe_transaction(id).await?,
        (None, Some(topic), Some(partition)) => {
            let open = find(args, cluster, (topic, partition)).await?;
            match Runs::of(cluster, std::slice::from_ref(&open)).await?.owner(&open) {
                Some(running) => running.clone(),
                None => return Ok(Plan::Orphan(open)),
            }
        }
        _ => return Err(Failure::usage("give --transactional-id, or --topic and --partition")),
    };
    may_abort(cluster, &running).await?;
    Ok(Plan::Running(running))
}

async fn find(args: &Args, cluster: &Cluster, (topic, partition): (&str, i32)) -> Result<Open, Failure> {
    let known = cluster.partitions(topic).await?;
    if !known.contains(&partition) {
        let (topic, count) = (topic.to_owned(), known.len());
        return Err(client::ClientError::UnknownPartition { topic, partition, count }.into());
    }
    let Which { start_offset, producer_id } = args.which;
    let is_meant = |one: &Open| {
        start_offset.is_none_or(|offset| one.start == Offset(offset))
            && producer_id.is_none_or(|id| one.producer.id == id)
    };
    let found = open_in(cluster, topic, &[partition]).await?.into_iter().find(is_meant);
    found.ok_or_else(|| {
        let from = start_offset.map_or_else(String::new, |offset| format!(" from offset {offset} on"));
        let of = producer_id.map_or_else(String::new, |id| format!(" of producer {id}"));
        Failure::of(format!("no transaction{of} is open in {topic}-{partition}{from}; `highwater why lso {topic} {partition}` says what is"))
    })
}

/// Refuses what would not abort a transaction whole.
async fn may_abort(cluster: &Cluster, running: &TransactionDescription) -> Result<(), Failure> {
    let TransactionDescription { id, state, .. } = running;
    if state != ONGOING {
        let why = match state.strip_prefix("Prepare") {
            Some(_) => "its end is decided and on its way to the partitions",
            None => "it has no transaction open",
        };
        return Err(Failure::of(format!("transactional id '{id}' is in state {state}: {why}")));
    }
    if running.partitions.is_empty() {
        return Err(Failure::of(format!(
            "the transaction of '{id}' has no partitions yet: nobody waits for it, and it ends by itself after {} ms",
            running.timeout_ms
        )));
    }
    let settings = cluster.broker_configs(running.coordinator).await?;
    if settings.iter().any(|setting| setting.name.starts_with(OURS)) {
        return Ok(());
    }
    Err(Failure::of(format!(
        "broker {} is no Highwater: it would end the transaction of '{id}' in one partition, and its coordinator would not \
         know; it ends by itself after {} ms",
        running.coordinator, running.timeout_ms
    )))
}

fn show(plan: &Plan, output: &Output) -> Result<(), Failure> {
    match plan {
        Plan::Running(found) => {
            output.line(&sentence(found))?;
            output.table(&["topic", "partition"], &rows(found))?;
            output
                .line("It is aborted by its coordinator, in all of these partitions; its producer is fenced.")
        }
        Plan::Orphan(open) => {
            let Open { topic, partition, start, producer } = open;
            let PartitionProducer { id, epoch, .. } = producer;
            output.line(&format!(
                "Producer {id}, epoch {epoch}, has a transaction open in {topic}-{partition} from offset {start} on, and no \
                 coordinator runs it. The partition gets an abort mark."
            ))
        }
    }
}

fn question(plan: &Plan) -> String {
    match plan {
        Plan::Running(found) => format!("Abort the transaction of transactional id {}?", found.id),
        Plan::Orphan(open) => {
            format!(
                "End the transaction of producer {} in {}-{}?",
                open.producer.id, open.topic, open.partition
            )
        }
    }
}

/// Aborts it; returns the state of its transactional id then.
async fn carry_out(cluster: &Cluster, plan: &Plan) -> Result<Option<String>, Failure> {
    match plan {
        Plan::Running(found) => {
            let place = super::places(found).next();
            let (topic, partition) = place.ok_or_else(|| Failure::of("it has no partitions"))?;
            let producer = PartitionProducer {
                id: found.producer_id,
                epoch: found.producer_epoch,
                last_timestamp: WallTime(-1),
                coordinator_epoch: 0,
                txn_start: None,
            };
            cluster.abort_transaction(topic, partition, &producer).await?;
            Ok(cluster.describe_transaction(&found.id).await.ok().map(|found| found.state))
        }
        Plan::Orphan(open) => {
            let (topic, partition) = (open.topic.as_str(), open.partition);
            cluster.abort_transaction(topic, partition, &open.producer).await?;
            let left = open_in(cluster, topic, &[partition]).await?;
            match left.iter().any(|one| one.start == open.start) {
                // A coordinator ran another transaction of the same producer, and aborted that.
                true => Err(Failure::of(format!(
                    "the transaction of producer {} in {topic}-{partition} is still open; run it again",
                    open.producer.id
                ))),
                false => Ok(None),
            }
        }
    }
}

fn told(plan: &Plan, state: Option<&str>, dry_run: bool) -> Value {
    let mut document = match plan {
        Plan::Running(found) => document(found),
        Plan::Orphan(open) => json!({
            "producer_id": open.producer.id, "producer_epoch": open.producer.epoch, "start_offset": open.start.0,
            "partitions": [{ "topic": open.topic, "partition": open.partition }],
        }),
    };
    document["orphan"] = json!(matches!(plan, Plan::Orphan(_)));
    document["dry_run"] = json!(dry_run);
    document["state_then"] = json!(state);
    document
}
