//! Why a group is not stable, or why the lag of a partition does not move: findings in words, out of facts.
//!
//! Pure: the same facts give the same findings, and nothing is said that the facts do not tell. Each names whom it is
//! about, has a number in it where there is one, and says what to do. Tests: tests/script/why.rs.

mod members;
mod partitions;

use crate::facts::{Facts, MemberFacts};
use std::time::Duration;
use types::{MemberId, Offset, ProducerId, WallTime};

/// Whom a finding is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The whole group.
    Group,
    /// One member.
    Member(MemberId),
    /// One partition.
    Partition(String, i32),
}

/// Something that is not as it could be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Whom it is about.
    pub subject: Subject,
    /// A name that stays the same, for machines.
    pub code: &'static str,
    /// What is so, in a sentence.
    pub text: String,
    /// What to do about it.
    pub advice: String,
}

/// What became of a partition that has an offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// It is served.
    Served,
    /// It is offline.
    Offline,
    /// It is gone.
    Gone,
}

/// A partition that a group reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionFacts {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// What became of it; its positions mean nothing unless it is served.
    pub presence: Presence,
    /// What is committed, and when that was.
    pub committed: Option<(Offset, WallTime)>,
    /// First offset of the log.
    pub log_start: Offset,
    /// End of what can be read.
    pub high_watermark: Offset,
    /// When the first record was written that was not read; nothing if that is not known, or there is none.
    pub first_unread_at: Option<WallTime>,
    /// Up to where a client has fetched last, and when; whose it was is not known.
    pub last_fetch: Option<(Offset, WallTime)>,
    /// Who has it.
    pub owner: Option<MemberId>,
    /// Whose transaction has an offset of it that does not count yet, and since when; of several the oldest.
    pub in_transaction: Option<(ProducerId, WallTime)>,
}

impl PartitionFacts {
    /// Returns how many records are not read; nothing without an offset.
    pub fn lag(&self) -> Option<i64> {
        let (committed, _) = self.committed.filter(|_| self.presence == Presence::Served)?;
        Some(self.high_watermark.since(committed).max(0))
    }

    /// Returns for how long the first record waits that was not read; nothing if that is not known.
    pub fn lag_time(&self, now: WallTime) -> Option<Duration> {
        match self.lag()? {
            0 => Some(Duration::ZERO),
            _ => self.first_unread_at.map(|at| elapsed(at, now)),
        }
    }

    /// Returns how many records were not read and are deleted.
    pub fn skipped(&self) -> i64 {
        let committed = self.committed.filter(|_| self.presence == Presence::Served);
        committed.map_or(0, |(committed, _)| self.log_start.since(committed).max(0))
    }
}

/// Explains a group.
pub fn why(facts: &Facts, partitions: &[PartitionFacts], now: WallTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    members::of_group(facts, partitions, now, &mut findings);
    facts.members.iter().for_each(|member| members::of_member(facts, member, now, &mut findings));
    partitions.iter().for_each(|one| partitions::of_partition(facts, one, now, &mut findings));
    if findings.is_empty() {
        let text = format!(
            "the group is {} with {}, and nothing is seen that holds it up",
            facts.state,
            count(facts.members.len(), "member")
        );
        findings.push(Finding { subject: Subject::Group, code: "fine", text, advice: "nothing".to_owned() });
    }
    findings
}

/// Returns the time from one moment to another.
fn elapsed(from: WallTime, to: WallTime) -> Duration {
    Duration::from_millis(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

/// Names a member with its client.
fn named(member: &MemberFacts) -> String {
    let instance =
        member.instance.as_ref().map(|instance| format!(", instance {instance}")).unwrap_or_default();
    format!(
        "{} (client {}{instance}, at {})",
        member.member,
        member.client_id,
        member.host.trim_start_matches('/')
    )
}

/// Writes a number of things.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Writes a length of time: `850 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`.
fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0 => format!("{} ms", length.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}
