//! `GET /groups/NAME`: a group as it stands, how far it is behind, and why. A document for machines; `highwater group why` and
//! `highwater group lag` show it to people.

use crate::api::ask_within;
use crate::context::Context;
use crate::lag::{Reads, facts as partition_facts};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use coordinator::{
    Answer, Facts, Finding, MemberFacts, Owes, PartitionFacts, Presence, Request, SHOWN_MAX, Subject, why,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, GroupId, MemberId, WallTime};

/// What an answer takes, beside what it tells of the group. *Units*: bytes.
const ANSWER_BYTES: usize = 8 << 10;

/// Answers for one group.
pub(super) async fn group(State(context): State<Arc<Context>>, Path(name): Path<String>) -> Response {
    let group = GroupId::from(name.as_str());
    let (told, _admitted) = match ask_within(&context, Request::Explain(group.clone()), ANSWER_BYTES).await {
        Ok(told) => told,
        Err(refused) => {
            let error = json!({ "error": refused.to_string() });
            return answer(StatusCode::SERVICE_UNAVAILABLE, &error);
        }
    };
    match told {
        Ok(Answer::Facts(facts)) => {
            let (reads, more) = reads(&group, &facts);
            let partitions = partition_facts(&context, reads, false).await;
            let partitions: Vec<PartitionFacts> = partitions.into_iter().map(|(_, facts)| facts).collect();
            let now = context.env.clock.now().wall;
            let mut document = document(&name, &facts, &partitions, more, now);
            document["partitions"] = partitions
                .iter()
                .map(|one| {
                    let skipped = context.probes.skipped.of(&group, one);
                    partition(one, skipped, now)
                })
                .collect();
            answer(StatusCode::OK, &document)
        }
        Ok(_) => refused(ErrorCode::UnknownServerError),
        Err(code) => refused(code),
    }
}

fn refused(code: ErrorCode) -> Response {
    let (status, error) = match code {
        ErrorCode::GroupIdNotFound | ErrorCode::NotCoordinator => {
            (StatusCode::NOT_FOUND, "there is no such group")
        }
        ErrorCode::CoordinatorLoadInProgress => {
            (StatusCode::SERVICE_UNAVAILABLE, "its coordinator loads still")
        }
        _ => (StatusCode::SERVICE_UNAVAILABLE, "its coordinator cannot say now"),
    };
    answer(status, &json!({ "error": error, "code": code.name() }))
}

pub(super) fn answer(status: StatusCode, document: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], format!("{document}\n")).into_response()
}

/// Returns the partitions that a group has committed, also in a transaction that is open, or was given, up to a number, and how many there are beyond.
fn reads(group: &GroupId, facts: &Facts) -> (Vec<Reads>, usize) {
    let mut all: BTreeMap<(&str, i32), Reads> = BTreeMap::new();
    let make = |topic: &str, partition| Reads {
        group: group.clone(),
        topic: topic.to_owned(),
        partition,
        committed: None,
        owner: None,
        in_transaction: None,
    };
    let mut more = 0;
    for one in &facts.offsets {
        let place = (one.topic.as_str(), one.partition);
        if all.len() < SHOWN_MAX {
            let reads = all.entry(place).or_insert_with(|| make(place.0, place.1));
            reads.committed = Some((one.offset, one.at));
        } else {
            more += 1;
        }
    }
    for one in &facts.in_transactions {
        let place = (one.topic.as_str(), one.partition);
        if all.len() < SHOWN_MAX || all.contains_key(&place) {
            let reads = all.entry(place).or_insert_with(|| make(place.0, place.1));
            let this = (one.producer, one.since);
            let oldest = reads.in_transaction.filter(|(_, since)| *since <= one.since);
            reads.in_transaction = oldest.or(Some(this));
        } else {
            more += 1;
        }
    }
    for member in &facts.members {
        for (topic, partition) in &member.assigned {
            let place = (&**topic, *partition);
            if all.len() < SHOWN_MAX || all.contains_key(&place) {
                let reads = all.entry(place).or_insert_with(|| make(topic, *partition));
                reads.owner = Some(member.member.clone());
            } else {
                more += 1;
            }
        }
    }
    (all.into_values().collect(), more)
}

fn document(name: &str, facts: &Facts, partitions: &[PartitionFacts], more: usize, now: WallTime) -> Value {
    json!({
        "group": name, "protocol": facts.protocol, "protocol_type": facts.protocol_type, "state": facts.state,
        "since": facts.since.0, "generation": facts.generation, "target_epoch": facts.target_epoch, "pending": facts.pending,
        "rebalance_left_ms": facts.rebalance_left.map(millis), "now": now.0,
        "lag": partitions.iter().filter_map(PartitionFacts::lag).sum::<i64>(),
        "skipped": partitions.iter().map(PartitionFacts::skipped).sum::<i64>(),
        "members": members(facts),
        "more_partitions": more,
        "findings": why(facts, partitions, now).iter().map(finding).collect::<Vec<_>>(),
    })
}

pub(super) fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// Tells of all members, with the partitions of so many of them as are told of at all.
fn members(facts: &Facts) -> Vec<Value> {
    let mut left = SHOWN_MAX;
    let each = facts.members.iter().map(|one| {
        let shown = one.assigned.len().min(left);
        left -= shown;
        member(one, shown)
    });
    each.collect()
}

fn member(member: &MemberFacts, shown: usize) -> Value {
    let owes = match member.owes {
        Owes::Nothing => None,
        Owes::Join => Some("join"),
        Owes::Assignment => Some("assignment"),
        Owes::Sync => Some("sync"),
        Owes::Revocation => Some("revocation"),
        Owes::Epoch => Some("epoch"),
    };
    let place = |(topic, partition): &(Arc<str>, i32)| json!({ "topic": &**topic, "partition": partition });
    json!({
        "id": member.member.as_str(), "instance": member.instance.as_ref().map(ToString::to_string),
        "client": member.client_id, "address": member.host, "session_timeout_ms": millis(member.session_timeout),
        "silent_ms": member.silent.map(millis), "owes": owes, "owes_for_ms": member.owes_for.map(millis),
        "epoch": member.epoch, "topics": member.topics,
        "assigned": member.assigned.iter().take(shown).map(place).collect::<Vec<_>>(),
    })
}

fn partition(one: &PartitionFacts, skipped: Option<u64>, now: WallTime) -> Value {
    let is_served = one.presence == Presence::Served;
    let presence = match one.presence {
        Presence::Served => "served",
        Presence::Offline => "offline",
        Presence::Gone => "gone",
    };
    json!({
        "topic": one.topic, "partition": one.partition, "presence": presence,
        "committed": one.committed.map(|(offset, _)| offset.0), "committed_at": one.committed.map(|(_, at)| at.0),
        "log_start": is_served.then_some(one.log_start.0), "high_watermark": is_served.then_some(one.high_watermark.0),
        "lag": one.lag(), "lag_ms": one.lag_time(now).map(millis), "skipped": one.skipped(),
        "skipped_since_start": skipped,
        "first_unread_at": one.first_unread_at.map(|at| at.0),
        "fetched_to": one.last_fetch.map(|(offset, _)| offset.0), "fetched_at": one.last_fetch.map(|(_, at)| at.0),
        "member": one.owner.as_ref().map(MemberId::as_str),
        "in_transaction_of": one.in_transaction.map(|(producer, _)| producer.0),
        "in_transaction_since": one.in_transaction.map(|(_, since)| since.0),
    })
}

fn finding(finding: &Finding) -> Value {
    let (member, place) = match &finding.subject {
        Subject::Group => (None, None),
        Subject::Member(member) => (Some(member.as_str()), None),
        Subject::Partition(topic, partition) => (None, Some((topic, partition))),
    };
    json!({
        "code": finding.code, "text": finding.text, "advice": finding.advice, "member": member,
        "topic": place.map(|(topic, _)| topic), "partition": place.map(|(_, partition)| partition),
    })
}
