//! Findings about a group and its members.

use super::{Finding, PartitionFacts, Subject, count, elapsed, length, named};
use crate::facts::{Facts, MemberFacts, Owes};
use types::WallTime;

/// What is said of the group as a whole.
pub(super) fn of_group(
    facts: &Facts,
    partitions: &[PartitionFacts],
    now: WallTime,
    findings: &mut Vec<Finding>,
) {
    let mut say = |code, text, advice: &str| {
        findings.push(Finding { subject: Subject::Group, code, text, advice: advice.to_owned() });
    };
    if facts.members.is_empty() && facts.pending == 0 {
        let (text, advice) = empty(facts, partitions, now);
        say("empty", text, advice);
    } else if facts.protocol == "consumer" && facts.state != "Stable" {
        say(
            "rebalance",
            reconciliation(facts, now),
            "wait for it to end; if it does not, look at who is missing",
        );
    } else if facts.state == "PreparingRebalance" || facts.state == "CompletingRebalance" {
        say("rebalance", rebalance(facts, now), "wait for it to end; if it does not, look at who is missing");
    }
    if facts.pending > 0 {
        let text = format!(
            "{} asked for an id and has not joined with it yet; the group waits for it",
            count(facts.pending, "client")
        );
        say(
            "not_joined",
            text,
            "nothing if it joins soon; else look for a client that fails after its first answer",
        );
    }
}

fn empty(facts: &Facts, partitions: &[PartitionFacts], now: WallTime) -> (String, &'static str) {
    let lag: i64 = partitions.iter().filter_map(PartitionFacts::lag).sum();
    if facts.protocol_type.is_empty() {
        let text = format!(
            "the group never had members: its offsets were committed from outside, or by consumers that assign themselves; {lag} records are not read"
        );
        return (text, "start its consumers, if it should have any");
    }
    let since = length(elapsed(facts.since, now));
    let text = match facts.protocol {
        "consumer" => format!(
            "the group has no members, its last assignment was made {since} ago; {lag} records are not read"
        ),
        _ => format!("the group has no members since {since} ago; {lag} records are not read"),
    };
    (text, "start its consumers; if they run, look at their logs: they do not get into the group")
}

fn rebalance(facts: &Facts, now: WallTime) -> String {
    let since = length(elapsed(facts.since, now));
    let left = facts.rebalance_left.map_or("a while".to_owned(), length);
    let members = count(facts.members.len(), "member");
    if facts.awaits_first {
        return format!("the first rebalance waits {left} more for further members; {members} so far");
    }
    let owing = |owes| facts.members.iter().filter(|member| member.owes == owes).count();
    if facts.state == "PreparingRebalance" {
        let missing = owing(Owes::Join);
        return format!(
            "rebalance {} has begun {since} ago: {missing} of {members} have not joined again; it goes on without them in {left}",
            facts.generation.saturating_add(1)
        );
    }
    let missing = owing(Owes::Sync) + owing(Owes::Assignment);
    format!(
        "rebalance {} waits for its assignment since {since} ago: {missing} of {members} have not asked for theirs; who has not in {left} is taken for dead",
        facts.generation
    )
}

fn reconciliation(facts: &Facts, now: WallTime) -> String {
    let (epoch, target) = (facts.generation, facts.target_epoch.unwrap_or(facts.generation));
    if epoch > target {
        let left = facts
            .rebalance_left
            .map_or("with the next heartbeat".to_owned(), |left| format!("in {}", length(left)));
        return format!("members or topics have changed: the assignment of epoch {epoch} is made {left}");
    }
    let behind =
        facts.members.iter().filter(|member| member.epoch.is_some_and(|epoch| epoch < target)).count();
    format!(
        "members are on their way to the assignment of epoch {target}, made {} ago: {behind} of {} have not taken it over",
        length(elapsed(facts.since, now)),
        count(facts.members.len(), "member")
    )
}

/// What is said of one member.
pub(super) fn of_member(facts: &Facts, member: &MemberFacts, now: WallTime, findings: &mut Vec<Finding>) {
    let name = named(member);
    let mut say = |code, text, advice: &str| {
        let subject = Subject::Member(member.member.clone());
        findings.push(Finding { subject, code, text, advice: advice.to_owned() });
    };
    let since = length(member.owes_for.unwrap_or_else(|| elapsed(facts.since, now)));
    match member.owes {
        Owes::Nothing => {}
        Owes::Join => say(
            "not_rejoined",
            format!("{name} has not joined again since {since} ago{}", silence(member)),
            "it joins when its application polls next: look for a long step between two polls (max.poll.interval.ms), or a process that hangs",
        ),
        Owes::Assignment => say(
            "no_assignment",
            format!(
                "{name} leads the group and has not made the assignment since {since} ago{}",
                silence(member)
            ),
            "everyone waits for it: look at this process first",
        ),
        Owes::Sync => say(
            "not_synced",
            format!("{name} has not asked for its assignment since {since} ago{}", silence(member)),
            "look for a client that was stopped or cut off between two steps of the rebalance",
        ),
        Owes::Revocation => say(
            "not_revoked",
            format!(
                "{name} has not given up partitions that others wait for, since {since} ago{}",
                silence(member)
            ),
            "it gives them up when its application polls next: look for a long step between two polls",
        ),
        Owes::Epoch => say(
            "behind",
            format!(
                "{name} is at epoch {}, the assignment is of {}{}",
                member.epoch.unwrap_or(-1),
                facts.target_epoch.unwrap_or(-1),
                silence(member)
            ),
            "nothing: it takes the assignment over with its next heartbeat",
        ),
    }
    if let Some(silent) = member.silent.filter(|silent| *silent > member.session_timeout / 2) {
        let left = member.session_timeout.saturating_sub(silent);
        say(
            "late_heartbeat",
            format!(
                "{name} is silent since {} ago; in {} it is taken for dead (its session is {})",
                length(silent),
                length(left),
                length(member.session_timeout)
            ),
            "its process is paused, stopped or cut off: look at it, its garbage collection, and the network to it",
        );
    }
}

fn silence(member: &MemberFacts) -> String {
    member
        .silent
        .map_or(String::new(), |silent| format!("; its last sign of life was {} ago", length(silent)))
}
