//! The table of a proof, and its verdict.

use super::accounts::Accounts;
use super::check::{Anomaly, Fate, Findings};
use super::group_accounts::GroupAccounts;
use super::ledger::Entries;
use super::rounds::Plan;
use super::strike::Strike;
use crate::failure::Failure;
use crate::output::Output;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One kill.
#[derive(Clone, Debug)]
pub(super) struct Kill {
    /// Where it was to strike.
    pub(super) strike: Strike,
    /// Whether it struck inside what it waited for.
    pub(super) inside: bool,
    /// Batches without an outcome at that moment.
    pub(super) outstanding: usize,
    /// Records acknowledged in the round that it ended.
    pub(super) acknowledged: u64,
    /// How long the broker took to serve again.
    pub(super) start_took: Duration,
    /// Leader epoch of each partition in the life that it ended.
    pub(super) epochs: Vec<i32>,
}

/// What was found, of records and of what is around them.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) findings: Findings,
    pub(super) accounts: Accounts,
    pub(super) group: Option<GroupAccounts>,
}

impl Found {
    fn anomalies(&self) -> impl Iterator<Item = (&'static str, &Anomaly)> {
        let group = self.group.iter().flat_map(GroupAccounts::anomalies);
        self.findings.anomalies().into_iter().chain(self.accounts.anomalies()).chain(group)
    }
}

/// What became of the batches that a kill found without an outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Struck {
    batches: u64,
    /// Acknowledged, and stored in a life that a kill ended: the resend was recognised.
    stored_before: u64,
    /// Acknowledged, and stored by the resend.
    stored_after: u64,
    refused: u64,
    unknown: u64,
}

/// The result of a proof.
#[derive(Debug)]
pub(super) struct Report {
    seed: u64,
    compact: bool,
    took: Duration,
    longest_gap: Duration,
    refused: u64,
    refusal: String,
    found: Found,
    kills: Vec<Kill>,
    struck: Struck,
}

impl Report {
    pub(super) fn new(
        plan: &Plan,
        entries: &Entries,
        found: Found,
        kills: Vec<Kill>,
        took: Duration,
    ) -> Report {
        let struck = struck(entries, &found.findings, &kills);
        let (refused, refusal) = entries.refused.clone();
        Report {
            seed: plan.seed,
            compact: plan.compact,
            took,
            longest_gap: entries.longest_gap,
            refused,
            refusal,
            found,
            kills,
            struck,
        }
    }

    /// Says what is wrong, if anything is.
    pub(super) fn broken(&self) -> Option<String> {
        let bad = self.found.anomalies().filter(|(_, anomaly)| anomaly.count > 0);
        let bad: Vec<String> = bad
            .map(|(name, anomaly)| {
                format!("{} {name} (first: {})", anomaly.count, anomaly.examples.join("; "))
            })
            .collect();
        (!bad.is_empty()).then(|| bad.join(", "))
    }

    /// Says why the result means nothing, if it does not.
    pub(super) fn void(&self, acknowledged_min: u64) -> Option<String> {
        let got = self.found.findings.acknowledged;
        if got < acknowledged_min {
            return Some(format!("{got} records were acknowledged, and it takes {acknowledged_min}"));
        }
        let accounts = &self.found.accounts;
        if accounts.created == 0 || accounts.deleted == 0 || accounts.ids() == 0 {
            return Some("no topic was made and deleted, or no producer id drawn".to_owned());
        }
        if self.compact && self.found.findings.replaced == 0 {
            return Some("the topic was not compacted".to_owned());
        }
        if let Some(group) = self.found.group.as_ref().filter(|group| group.commits == 0 || group.killed == 0)
        {
            let (commits, killed) = (group.commits, group.killed);
            return Some(format!("{commits} commits were acknowledged and {killed} members killed"));
        }
        let idle = self.kills.iter().position(|kill| kill.outstanding == 0)?;
        Some(format!("kill {} struck while nothing was outstanding", idle + 1))
    }

    fn verdict(&self) -> &'static str {
        match (self.broken(), self.void(super::ACKNOWLEDGED_MIN)) {
            (Some(_), _) => "BROKEN",
            (None, Some(_)) => "VOID",
            (None, None) => "PROVED",
        }
    }

    /// Prints it.
    pub(super) fn show(&self, output: &Output) -> Result<(), Failure> {
        if output.is_json() { output.json(&self.json()) } else { output.table(&[], &self.rows()) }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let (findings, accounts) = (&self.found.findings, &self.found.accounts);
        let slowest = self.kills.iter().map(|kill| kill.start_took).max().unwrap_or_default();
        let mut rows = vec![
            ("kills", self.kills_text()),
            ("acknowledged", findings.acknowledged.to_string()),
            ("readable", findings.readable.to_string()),
        ];
        rows.extend([
            ("topics made / deleted", format!("{} / {}", accounts.created, accounts.deleted)),
            ("producer ids handed out", accounts.ids().to_string()),
        ]);
        if self.compact {
            rows.push(("replaced by a later value of their key", findings.replaced.to_string()));
        }
        if let Some(group) = &self.found.group {
            rows.extend([
                ("group: commits acknowledged", group.commits.to_string()),
                ("group: records worked on, again", format!("{}, {}", group.worked, group.again)),
                ("group: members killed / left / failed", {
                    format!("{} / {} / {}", group.killed, group.left, group.failed.count)
                }),
            ]);
        }
        rows.extend(self.found.anomalies().map(|(name, anomaly)| (name, anomaly.count.to_string())));
        let struck = self.struck;
        rows.extend([
            ("batches without an answer at a kill", struck.batches.to_string()),
            ("  stored before the kill, resend recognised", struck.stored_before.to_string()),
            ("  stored by the resend", struck.stored_after.to_string()),
            ("  refused", struck.refused.to_string()),
            ("  never answered", struck.unknown.to_string()),
            ("never answered, readable / not (records)", {
                format!("{} / {}", findings.unknown_stored, findings.unknown_absent)
            }),
            ("refused (records)", self.refused.to_string()),
            ("longest gap without an acknowledgement", format!("{} ms", self.longest_gap.as_millis())),
            ("slowest restart", format!("{} ms", slowest.as_millis())),
            ("time under load", format!("{:.1} s", self.took.as_secs_f64())),
            ("seed", self.seed.to_string()),
            ("verdict", self.verdict().to_owned()),
        ]);
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
    }

    fn kills_text(&self) -> String {
        let inside = |strike| self.kills.iter().filter(|kill| kill.strike == strike && kill.inside).count();
        let named =
            [Strike::Checkpoint, Strike::Roll, Strike::Recovery].map(|strike| (strike, inside(strike)));
        let named = named.iter().filter(|(_, count)| *count > 0);
        let named: Vec<String> =
            named.map(|(strike, count)| format!("{count} inside a {}", strike.name())).collect();
        let cuts = self.kills.iter().filter(|kill| kill.strike == Strike::Power).count();
        let mut text = format!("{} (SIGKILL)", self.kills.len() - cuts);
        if cuts > 0 {
            text.push_str(&format!(", {cuts} power cuts"));
        }
        named.iter().for_each(|named| text.push_str(&format!(", {named}")));
        text
    }

    fn json(&self) -> Value {
        let (findings, accounts) = (&self.found.findings, &self.found.accounts);
        let anomalies: Map<String, Value> = self
            .found
            .anomalies()
            .map(|(name, a)| (name.replace(' ', "_"), json!({ "count": a.count, "examples": a.examples })))
            .collect();
        let kill = |kill: &Kill| {
            json!({
                "strike": kill.strike.name(), "inside": kill.inside, "outstanding": kill.outstanding, "acknowledged": kill.acknowledged,
                "restart_ms": kill.start_took.as_millis(), "leader_epochs": kill.epochs,
            })
        };
        json!({
            "verdict": self.verdict(), "void": self.void(super::ACKNOWLEDGED_MIN), "seed": self.seed, "acknowledged": findings.acknowledged,
            "readable": findings.readable, "anomalies": anomalies,
            "topics_made": accounts.created, "topics_deleted": accounts.deleted, "producer_ids": accounts.ids(),
            "replaced": findings.replaced, "group": self.found.group.as_ref().map(group_json),
            "lost": findings.lost.count, "twice": findings.twice.count, "reordered": findings.reordered.count,
            "struck": {
                "batches": self.struck.batches, "stored_before": self.struck.stored_before,
                "stored_by_resend": self.struck.stored_after, "refused": self.struck.refused,
                "unknown": self.struck.unknown,
            },
            "unknown_stored": findings.unknown_stored, "unknown_absent": findings.unknown_absent,
            "refused": self.refused, "refusal": self.refusal,
            "longest_gap_ms": self.longest_gap.as_millis(), "took_ms": self.took.as_millis(),
            "kills": self.kills.iter().map(kill).collect::<Vec<_>>(),
        })
    }
}

fn group_json(group: &GroupAccounts) -> Value {
    json!({
        "commits": group.commits, "worked_on": group.worked, "again": group.again,
        "killed": group.killed, "left": group.left, "failed": group.failed.count,
        "failures": group.failed.examples,
    })
}

/// Follows each struck batch to its end; one struck by several kills counts once, for the last.
fn struck(entries: &Entries, findings: &Findings, kills: &[Kill]) -> Struck {
    let mut last_kill = std::collections::BTreeMap::new();
    for (kill, index) in &entries.struck {
        last_kill.insert(*index, *kill);
    }
    let mut struck = Struck::default();
    for (index, kill) in last_kill {
        let Some(batch) = entries.sent.get(index) else { continue };
        struck.batches += 1;
        let partition = usize::try_from(batch.lane.partition).unwrap_or(0);
        let ended = usize::try_from(kill).ok().and_then(|kill| kills.get(kill.checked_sub(1)?));
        let epoch_then = ended.and_then(|kill| kill.epochs.get(partition)).copied();
        let epoch_stored = findings.epochs.get(index).copied().flatten();
        match batch.fate {
            Fate::Refused => struck.refused += 1,
            Fate::Unknown => struck.unknown += 1,
            Fate::Acked(_) if epoch_stored <= epoch_then => struck.stored_before += 1,
            Fate::Acked(_) => struck.stored_after += 1,
        }
    }
    struck
}
