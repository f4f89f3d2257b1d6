//! `GET /lso/TOPIC/PARTITION`: whose transactions hold the last stable offset back, until when, and what to do. A document for
//! machines; `highwater why lso` shows it to people.
//!
//! What a partition has open is asked of it; who runs it, of the coordinators. Nothing is kept for it.
//! Tests: below, tests/storage/orphans.rs, crates/cli/tests/transactions.rs.

use super::groups::{answer, millis};
use crate::api::look_at_txns;
use crate::context::Context;
use crate::lag::positions;
use crate::orphans::{Owner, open_txns, owners, places, still_open};
use crate::shard::message::Position;
use crate::shard::open_txns::OpenTxn;
use crate::shard::transactions::{TxnQuestion, TxnSeen, TxnTold};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use coordinator::txn::{TxnClient, TxnPartitions, TxnState};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, LogKey, PartitionId, WallTime};

/// Transactions that are told of, the oldest first.
const SHOWN_MAX: usize = 20;
/// Partitions without their mark that are named of each.
const UNMARKED_MAX: usize = 20;
/// What may be told of one transactional id. *Units*: bytes.
const DESCRIBED_BYTES: usize = 1 << 20;

/// What is known of an open transaction beside its partition.
enum Run {
    /// Its coordinator runs it.
    By(Arc<str>, Option<Box<TxnSeen>>),
    /// No coordinator runs it.
    Nobody,
    /// Coordinators cannot say now.
    Unknown(ErrorCode),
}

/// Where and when it is looked at.
struct Look<'a> {
    topic: &'a str,
    partition: i32,
    position: &'a Position,
    now: WallTime,
}

/// Answers for one partition.
pub(super) async fn lso(
    State(context): State<Arc<Context>>,
    Path((topic, partition)): Path<(String, i32)>,
) -> Response {
    let published = context.published();
    let found = published.image.topics().by_name(&topic).map(|found| found.key(PartitionId(partition)));
    let exists = |key: &LogKey| {
        let found = published.image.topics().by_id(key.topic_id);
        found.is_some_and(|found| found.partition(key.partition).is_some())
    };
    let Some(key) = found.filter(exists) else {
        return answer(StatusCode::NOT_FOUND, &json!({ "error": "there is no such partition" }));
    };
    let (open, more) = open_txns(&context, Some(vec![key]), SHOWN_MAX).await;
    let runs = runs(&context, &open).await;
    let positions = positions(&context, std::iter::once(key)).await;
    let Some(position) = positions.get(&key).filter(|position| position.is_online) else {
        return answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": "the partition is offline" }));
    };
    let look = Look { topic: &topic, partition, position, now: context.env.clock.now().wall };
    // What is not run and has ended meanwhile is no orphan.
    let left = still_open(&context, open.clone()).await;
    let seen = open.iter().zip(&runs).filter(|(one, _)| left.contains(one));
    let mut findings: Vec<Value> = seen.map(|(one, run)| look.finding(one, run)).collect();
    if findings.is_empty() {
        findings.push(look.without_open());
    }
    answer(StatusCode::OK, &look.document(&findings, more))
}

async fn runs(context: &Context, open: &[OpenTxn]) -> Vec<Run> {
    let owners = match owners(context, &places(open)).await {
        Ok(owners) => owners,
        Err(code) => return open.iter().map(|_| Run::Unknown(code)).collect(),
    };
    let mut runs = Vec::with_capacity(owners.len());
    for owner in owners {
        runs.push(run(context, owner).await);
    }
    runs
}

async fn run(context: &Context, owner: Owner) -> Run {
    let Some((coordinator, id)) = owner else { return Run::Nobody };
    match look_at_txns(context, coordinator, TxnQuestion::Describe(id.as_ref().into()), DESCRIBED_BYTES).await
    {
        Ok(TxnTold::Described(seen)) => Run::By(id, seen),
        Ok(_) => Run::By(id, None),
        Err(code) => Run::Unknown(code),
    }
}

impl Look<'_> {
    fn document(&self, findings: &[Value], more: usize) -> Value {
        let Position { log_start, last_stable, high_watermark, .. } = self.position;
        json!({
            "topic": self.topic, "partition": self.partition, "now": self.now.0, "log_start": log_start.0,
            "last_stable": last_stable.0, "high_watermark": high_watermark.0,
            "waiting": high_watermark.since(*last_stable), "findings": findings, "more": more,
        })
    }

    /// Nothing is open here.
    fn without_open(&self) -> Value {
        let Position { last_stable, high_watermark, .. } = self.position;
        if last_stable == high_watermark {
            let text =
                "nothing holds it back: no transaction is open here, and readers of committed data get all";
            return json!({ "code": "fine", "text": text, "advice": "" });
        }
        let text = "the mark that ends the transaction is in the log, and not committed yet";
        json!({ "code": "not_committed", "text": text, "advice": "ask again; if it stays so, look at the disk" })
    }

    fn finding(&self, open: &OpenTxn, run: &Run) -> Value {
        let (code, text, advice) = match run {
            Run::By(id, seen) => self.running(open, id, seen.as_deref()),
            Run::Nobody => self.orphan(open),
            Run::Unknown(code) => {
                let text = format!("{}: its coordinator cannot say now ({})", whose(open), code.name());
                ("unknown", text, "ask again: coordinators load after a start".to_owned())
            }
        };
        let (id, seen) = match run {
            Run::By(id, seen) => (Some(&**id), seen.as_deref()),
            Run::Nobody | Run::Unknown(_) => (None, None),
        };
        let txn = seen.map(|seen| &seen.txn);
        let unmarked = seen.and_then(|seen| seen.unmarked.as_ref());
        json!({
            "code": code, "text": text, "advice": advice, "transactional_id": id, "client": txn.map(|txn| json!({ "id": &*txn.client.id, "host": &*txn.client.host })),
            "producer_id": open.producer.0, "producer_epoch": open.epoch.0, "first_offset": open.first.0,
            "written": open.written.0, "orphan": matches!(run, Run::Nobody),
            "state": txn.map(|txn| txn.state.name()), "since": txn.map(|txn| txn.started.0),
            "timeout_ms": txn.map(|txn| txn.timeout.0), "ends_in_ms": seen.and_then(|seen| seen.ends_in).map(millis),
            "unmarked": unmarked.map(|unmarked| unmarked_places(unmarked).take(UNMARKED_MAX).map(place).collect::<Vec<_>>()),
        })
    }

    fn running(&self, open: &OpenTxn, id: &str, seen: Option<&TxnSeen>) -> (&'static str, String, String) {
        let (whose, shown) = (whose(open), shown(id));
        let Some(seen) = seen.filter(|seen| !seen.txn.state.is_over()) else {
            let text =
                format!("transactional id {shown} ({whose}): its transaction is just beginning or ending");
            return ("moving", text, "ask again".to_owned());
        };
        let txn = &seen.txn;
        if txn.state == TxnState::Ongoing {
            let ends = match seen.ends_in {
                Some(left) => format!("it ends by itself in {}", seconds(left)),
                None => "it does not end by itself".to_owned(),
            };
            let text = format!(
                "transactional id {shown} has a transaction open ({whose}){} that began {} ago; {ends}, its time-out is {}",
                of(&txn.client),
                self.ago(txn.started),
                seconds(txn.timeout.duration())
            );
            let advice = format!(
                "wait, or look at the program that uses this transactional id; to abort it: highwater txn abort --transactional-id \
                 {shown}"
            );
            return ("open", text, advice);
        }
        let end = if txn.state == TxnState::PrepareCommit { "committed" } else { "aborted" };
        let none = TxnPartitions::new();
        let unmarked = seen.unmarked.as_ref().unwrap_or(&none);
        let named: Vec<String> =
            unmarked_places(unmarked).take(UNMARKED_MAX).map(|(t, p)| format!("{t}-{p}")).collect();
        let (count, named) = (unmarked_places(unmarked).count(), named.join(", "));
        let text = format!(
            "it is decided that the transaction of transactional id {shown} ({whose}) is {end}, for {}; {count} partitions lack its \
             mark: {named}",
            self.ago(txn.updated)
        );
        let advice = "wait: its coordinator writes the marks again and again; if one of these partitions is offline, see to that";
        ("ending", text, advice.to_owned())
    }

    fn orphan(&self, open: &OpenTxn) -> (&'static str, String, String) {
        let text = format!(
            "{} has a transaction open that no coordinator runs; it has written last {} ago, and nothing ends it by itself",
            whose(open),
            self.ago(open.written)
        );
        let advice = format!(
            "end it: highwater txn abort --topic {} --partition {} --start-offset {}",
            self.topic, self.partition, open.first
        );
        ("orphan", text, advice)
    }

    fn ago(&self, time: WallTime) -> String {
        seconds(Duration::from_millis(u64::try_from(self.now.0.saturating_sub(time.0)).unwrap_or(0)))
    }
}

fn whose(open: &OpenTxn) -> String {
    format!("producer {}, epoch {}, from offset {} on", open.producer.0, open.epoch.0, open.first)
}

/// Names a client, if it was noted.
fn of(client: &TxnClient) -> String {
    match &*client.host {
        "" => String::new(),
        host => format!(" of client {} at {}", shown(&client.id), shown(host)),
    }
}

fn seconds(length: Duration) -> String {
    format!("{:.1} s", length.as_secs_f64())
}

fn unmarked_places(partitions: &TxnPartitions) -> impl Iterator<Item = (&str, i32)> {
    partitions.iter().flat_map(|(topic, all)| all.iter().map(|partition| (&*topic.name, *partition)))
}

fn place((topic, partition): (&str, i32)) -> Value {
    json!({ "topic": topic, "partition": partition })
}

/// Writes an id so that it can stand in a command, whatever is in it.
fn shown(id: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    if !id.is_empty() && id.chars().all(is_plain) {
        return id.to_owned();
    }
    let one = |c: char| match c {
        '\'' => "'\\''".to_owned(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    format!("'{}'", id.chars().map(one).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use coordinator::txn::{Protocol, Txn, TxnTopic};
    use std::collections::BTreeSet;
    use types::{Millis, Offset, ProducerEpoch, ProducerId, TopicId, Uuid};

    fn open() -> OpenTxn {
        OpenTxn {
            key: LogKey::default(),
            first: Offset(7),
            producer: ProducerId(5),
            epoch: ProducerEpoch(2),
            written: WallTime(50_000),
        }
    }

    fn position(last_stable: i64) -> Position {
        Position {
            key: LogKey::default(),
            is_online: true,
            log_start: Offset(0),
            last_stable: Offset(last_stable),
            high_watermark: Offset(10),
            last_fetch: None,
        }
    }

    fn seen(state: TxnState) -> TxnSeen {
        let topic = TxnTopic { name: "u".into(), id: TopicId(Uuid([7; 16])) };
        let partitions = TxnPartitions::from([(topic, BTreeSet::from([3]))]);
        let txn = Txn {
            producer: ProducerId(5),
            epoch: ProducerEpoch(2),
            last_epoch: ProducerEpoch(-1),
            previous: ProducerId(-1),
            next: ProducerId(-1),
            timeout: Millis(60_000),
            state,
            partitions: Arc::new(partitions.clone()),
            started: WallTime(40_000),
            updated: WallTime(45_000),
            protocol: Protocol::V2,
            client: TxnClient::new("orders 1", "/10.0.0.1"),
        };
        let is_open = state == TxnState::Ongoing;
        let ends_in = is_open.then_some(Duration::from_secs(30));
        TxnSeen { txn, ends_in, unmarked: (!is_open).then_some(partitions) }
    }

    /// Protects: `why lso` names who holds readers back, since when, until when and what to do, in each state; what is no
    /// transaction's doing is told as that.
    #[test]
    fn each_state_is_told() {
        let position = position(7);
        let look = Look { topic: "t", partition: 4, position: &position, now: WallTime(70_000) };
        let by = |state| Run::By("an id".into(), Some(Box::new(seen(state))));
        let told = [
            (
                by(TxnState::Ongoing),
                "open",
                "of client 'orders 1' at /10.0.0.1 that began 30.0 s ago; it ends by itself in 30.0 s, its time-out is 60.0 s",
            ),
            (
                by(TxnState::PrepareCommit),
                "ending",
                "is committed, for 25.0 s; 1 partitions lack its mark: u-3",
            ),
            (by(TxnState::PrepareAbort), "ending", "is aborted, for 25.0 s"),
            (by(TxnState::CompleteAbort), "moving", "just beginning or ending"),
            (Run::By("id".into(), None), "moving", "producer 5, epoch 2, from offset 7 on"),
            (Run::Nobody, "orphan", "no coordinator runs; it has written last 20.0 s ago"),
            (Run::Unknown(ErrorCode::CoordinatorLoadInProgress), "unknown", "COORDINATOR_LOAD_IN_PROGRESS"),
        ];
        for (run, code, part) in told {
            let finding = look.finding(&open(), &run);
            let text = finding["text"].as_str().unwrap();
            assert!(finding["code"] == code && text.contains(part), "{finding}");
            assert!(!finding["advice"].as_str().unwrap().is_empty());
        }
        let advice = |run| look.finding(&open(), &run)["advice"].as_str().unwrap().to_owned();
        assert!(advice(by(TxnState::Ongoing)).ends_with("txn abort --transactional-id 'an id'"));
        assert!(advice(Run::Nobody).ends_with("txn abort --topic t --partition 4 --start-offset 7"));
        assert_eq!(look.without_open()["code"], "not_committed");
        let position = self::position(10);
        assert_eq!(Look { position: &position, ..look }.without_open()["code"], "fine");
    }

    /// Protects: an id of a hostile client can be pasted into a shell and shown on a terminal.
    #[test]
    fn ids_are_quoted() {
        assert_eq!(shown("a-b_c.1"), "a-b_c.1");
        assert_eq!(shown("a b"), "'a b'");
        assert_eq!(shown("a'; rm"), "'a'\\''; rm'");
        assert_eq!(shown("\u{1b}[31m"), "'\\u{1b}[31m'");
        assert_eq!(shown(""), "''");
    }
}
