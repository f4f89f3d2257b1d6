//! The table of a proof of transactions, and its verdict.

use super::COMMITS_MIN;
use super::book::Entries;
use crate::failure::Failure;
use crate::output::Output;
use crate::prove::strike::Strike;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One kill.
#[derive(Clone, Debug)]
pub(super) struct Kill {
    pub(super) strike: Strike,
    /// Commits that writers were told in the round that it ended.
    pub(super) committed: u64,
    /// Transactions that it cut between decision and completion.
    pub(super) interrupted: u64,
    /// How long the broker took to serve again.
    pub(super) start_took: Duration,
}

/// The result of a proof.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) took: Duration,
    pub(super) entries: Entries,
    /// How many pipelines there were.
    pub(super) pipelines: u32,
    pub(super) kills: Vec<Kill>,
    /// Transactions that kills cut between decision and completion.
    pub(super) interrupted: u64,
}

impl Report {
    /// Says what is wrong, if anything is.
    pub(super) fn broken(&self) -> Option<String> {
        let anomalies = self.entries.accounts.anomalies();
        let bad = anomalies.iter().filter(|(_, anomaly)| anomaly.count > 0);
        let bad: Vec<String> = bad
            .map(|(name, anomaly)| {
                format!("{} {name} (first: {})", anomaly.count, anomaly.examples.join("; "))
            })
            .collect();
        (!bad.is_empty()).then(|| bad.join(", "))
    }

    /// Says why the result means nothing, if it does not.
    pub(super) fn void(&self) -> Option<String> {
        let (committed, aborted) = self.entries.accounts.told();
        if committed < COMMITS_MIN {
            return Some(format!("{committed} commits were told, and it takes {COMMITS_MIN}"));
        }
        if self.interrupted == 0 {
            return Some("no kill struck between a decision and its completion".to_owned());
        }
        if aborted == 0 || self.entries.vanished == 0 {
            return Some("no transaction was aborted, or none left behind".to_owned());
        }
        let commits = self.entries.pipeline_commits;
        (self.pipelines > 0 && commits == 0).then(|| "no pipeline has committed anything".to_owned())
    }

    fn verdict(&self) -> &'static str {
        match (self.broken(), self.void()) {
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
        let (entries, accounts) = (&self.entries, &self.entries.accounts);
        let (committed, aborted) = accounts.told();
        let cuts = self.kills.iter().filter(|kill| kill.strike == Strike::Power).count();
        let slowest = self.kills.iter().map(|kill| kill.start_took).max().unwrap_or_default();
        let mut rows = vec![
            ("kills (SIGKILL) / power cuts", format!("{} / {cuts}", self.kills.len() - cuts)),
            ("transactions cut between decision and completion", self.interrupted.to_string()),
            ("told as committed / aborted", format!("{committed} / {aborted}")),
            ("left behind by their writer", entries.vanished.to_string()),
            ("commits never answered: committed / aborted", {
                format!("{} / {}", accounts.unknown_committed, accounts.unknown_aborted)
            }),
            ("pipelines: committed / aborted / left behind", {
                let (commits, aborts) = (entries.pipeline_commits, entries.pipeline_aborts);
                format!("{commits} / {aborts} / {}", entries.pipeline_vanished)
            }),
        ];
        rows.extend(
            entries
                .pipeline_refusals
                .iter()
                .map(|(why, times)| ("a pipeline had to abort", format!("{times}: {why}"))),
        );
        rows.extend(accounts.anomalies().map(|(name, anomaly)| (name, anomaly.count.to_string())));
        rows.extend([
            ("slowest restart", format!("{} ms", slowest.as_millis())),
            ("time", format!("{:.1} s", self.took.as_secs_f64())),
            ("seed", self.seed.to_string()),
            ("verdict", self.verdict().to_owned()),
        ]);
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
    }

    fn json(&self) -> Value {
        let (entries, accounts) = (&self.entries, &self.entries.accounts);
        let anomalies = accounts.anomalies();
        let anomalies: Map<String, Value> = anomalies
            .iter()
            .map(|(name, a)| (name.replace(' ', "_"), json!({ "count": a.count, "examples": a.examples })))
            .collect();
        let kill = |kill: &Kill| {
            json!({
                "strike": kill.strike.name(), "committed": kill.committed, "interrupted": kill.interrupted,
                "restart_ms": kill.start_took.as_millis(),
            })
        };
        let (committed, aborted) = accounts.told();
        json!({
            "verdict": self.verdict(), "void": self.void(), "seed": self.seed,
            "committed": committed, "aborted": aborted, "vanished": entries.vanished,
            "unknown_committed": accounts.unknown_committed, "unknown_aborted": accounts.unknown_aborted,
            "interrupted": self.interrupted, "anomalies": anomalies,
            "pipelines": {
                "commits": entries.pipeline_commits, "aborts": entries.pipeline_aborts,
                "vanished": entries.pipeline_vanished, "refusals": entries.pipeline_refusals,
            },
            "failed": entries.failed.count, "failures": entries.failed.examples,
            "took_ms": self.took.as_millis(), "kills": self.kills.iter().map(kill).collect::<Vec<_>>(),
        })
    }
}
