//! Findings about the partitions that a group reads.

use super::{Finding, PartitionFacts, Presence, Subject, elapsed, length};
use crate::facts::Facts;
use std::time::Duration;
use types::{Offset, WallTime};

/// A lag is taken for one that does not move when neither a commit nor the first unread record is younger.
const STILL: Duration = Duration::from_secs(60);

/// What is said of one partition.
pub(super) fn of_partition(facts: &Facts, one: &PartitionFacts, now: WallTime, findings: &mut Vec<Finding>) {
    let place = format!("{}-{}", one.topic, one.partition);
    let mut say = |code, text, advice: &str| {
        let subject = Subject::Partition(one.topic.clone(), one.partition);
        findings.push(Finding { subject, code, text, advice: advice.to_owned() });
    };
    match one.presence {
        Presence::Gone => say(
            "gone",
            format!("{place} is gone, or was made again since; what was committed of it means nothing"),
            "nothing: the offset goes by itself",
        ),
        Presence::Offline => say(
            "offline",
            format!("{place} is offline: nobody can read it"),
            "look at the broker's log and at highwater log-dirs",
        ),
        Presence::Served => {
            if let Some(text) = out_of_range(one, &place) {
                let advice = "members go to where auto.offset.reset says; highwater group reset-offsets moves them by hand; keep records longer with retention.ms if they were needed";
                say(if one.skipped() > 0 { "skipped" } else { "beyond_end" }, text, advice);
            }
            if let Some((text, advice)) = pending(facts, one, now, &place) {
                say("in_transaction", text, advice);
            } else if let Some((code, text, advice)) = not_read(facts, one, now, &place) {
                say(code, text, advice);
            }
        }
    }
}

fn out_of_range(one: &PartitionFacts, place: &str) -> Option<String> {
    let (committed, _) = one.committed?;
    if one.skipped() > 0 {
        return Some(format!(
            "{place}: {} records were deleted before they were read: {committed} is committed, the log begins at {}",
            one.skipped(),
            one.log_start
        ));
    }
    (committed > one.high_watermark).then(|| {
        format!(
            "{place}: {committed} is committed, beyond the end of the log, which is {}",
            one.high_watermark
        )
    })
}

/// Says whose transaction keeps an offset from counting, if nothing else has counted for a while.
fn pending(
    facts: &Facts,
    one: &PartitionFacts,
    now: WallTime,
    place: &str,
) -> Option<(String, &'static str)> {
    let (producer, since) = one.in_transaction?;
    let last = one.committed.map_or(facts.since.min(since), |(_, at)| at);
    if !still(one, last, now) {
        return None;
    }
    let text = format!(
        "{place}: an offset is pending in a transaction of producer {producer} since {} ago; it counts when that is committed, and nothing else was committed since {} ago",
        length(elapsed(since, now)),
        length(elapsed(last, now))
    );
    let advice = "look at the application of that producer, which highwater txn list names; a transaction ends by itself after its timeout (transaction.timeout.ms), and highwater txn find-hanging finds one that nobody ends";
    Some((text, advice))
}

/// Says why records are not read, if there are any.
fn not_read(
    facts: &Facts,
    one: &PartitionFacts,
    now: WallTime,
    place: &str,
) -> Option<(&'static str, String, &'static str)> {
    let lag = one.lag().unwrap_or_else(|| one.high_watermark.since(one.log_start));
    if lag <= 0 || facts.members.is_empty() || facts.state != "Stable" {
        return None;
    }
    let waiting = format!("{place}: {lag} records are not read");
    let Some(owner) = &one.owner else { return unowned(facts, one, &waiting) };
    let Some((committed, at)) = one.committed else {
        let text = format!("{waiting}; {owner} has the partition, and nothing was ever committed of it");
        return still(one, facts.since, now).then_some((
            "never_committed",
            text,
            "look whether its application commits at all, or works on its first records for long",
        ));
    };
    if !still(one, at, now) {
        return None;
    }
    let since = length(elapsed(at, now));
    Some(match one.last_fetch.filter(|(next, at)| *next > committed || elapsed(*at, now) < STILL) {
        Some((next, fetched)) if next > committed => (
            "fetched_not_committed",
            format!(
                "{waiting}; {owner} has committed nothing since {since} ago, although the partition was fetched up to {next} ({} ago, by whom is not known)",
                length(elapsed(fetched, now))
            ),
            "its application works on them for long, or does not commit: look at its processing, and at enable.auto.commit",
        ),
        Some((_, fetched)) => (
            "fetched_in_vain",
            format!(
                "{waiting}; {owner} has committed nothing since {since} ago; somebody asked for the partition {} ago and was given nothing beyond {committed}",
                length(elapsed(fetched, now))
            ),
            "look at the client's log: it may refuse what it gets, or read from another place than it commits",
        ),
        None => (
            "not_fetched",
            format!(
                "{waiting}; {owner} has the partition, but nobody fetches it, and nothing was committed since {since} ago"
            ),
            "its application does not poll, or has paused the partition: look at what it does, and for pause() without resume()",
        ),
    })
}

fn unowned(
    facts: &Facts,
    one: &PartitionFacts,
    waiting: &str,
) -> Option<(&'static str, String, &'static str)> {
    let is_known = facts.members.iter().all(|member| member.topics.is_some());
    let subscribes = |topics: &Option<Vec<String>>| topics.iter().flatten().any(|topic| *topic == one.topic);
    if !is_known {
        return None;
    }
    let is_subscribed = facts.members.iter().any(|member| subscribes(&member.topics));
    Some(match is_subscribed {
        false => (
            "not_subscribed",
            format!("{waiting}, and no member subscribes to {}", one.topic),
            "start a consumer that does; if the topic is no longer meant, take its offsets away with kafka-consumer-groups --delete-offsets",
        ),
        true => (
            "no_owner",
            format!("{waiting}, and no member has the partition although the topic is subscribed to"),
            "partitions may have been added after the last rebalance: members see them at their next metadata refresh (metadata.max.age.ms); else restart one member",
        ),
    })
}

/// Says whether nothing has moved for a while: no commit, and the first unread record is not new.
fn still(one: &PartitionFacts, since: WallTime, now: WallTime) -> bool {
    let record_is_old = one.first_unread_at.is_none_or(|at| elapsed(at, now) >= STILL);
    elapsed(since, now) >= STILL && record_is_old && one.high_watermark > Offset::ZERO
}
