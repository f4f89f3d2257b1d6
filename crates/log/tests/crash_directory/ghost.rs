//! What the logs must hold: kept beside the directory, by other means.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use types::{LogKey, Offset};

/// A log as its readers see it. *Shape*: batches from the log start on, whole bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct GhostLog {
    pub(crate) start: Offset,
    pub(crate) end: Offset,
    pub(crate) batches: Vec<(Offset, Vec<u8>)>,
}

impl GhostLog {
    pub(crate) fn truncate(&mut self, to: Offset) {
        self.batches.retain(|(base, _)| *base < to);
        self.end = to;
    }

    pub(crate) fn move_start(&mut self, to: Offset) {
        self.batches.retain(|(base, _)| *base >= to);
        self.start = to;
    }
}

/// All logs at one moment.
pub(crate) type Logs = BTreeMap<LogKey, GhostLog>;

/// What was acknowledged, and what it will be once the group under way is.
#[derive(Clone, Default)]
pub(crate) struct Ghost {
    pub(crate) acked: Logs,
    pub(crate) maybe: Logs,
}

impl Ghost {
    /// Says what is wrong with what a start found.
    pub(crate) fn judge(&self, found: &Logs) -> Result<(), String> {
        if *found == self.acked || *found == self.maybe {
            return Ok(());
        }
        let mut text = String::from("neither what was acknowledged nor what was under way:");
        for key in self.acked.keys().chain(self.maybe.keys()).chain(found.keys()) {
            let (acked, maybe, found) = (self.acked.get(key), self.maybe.get(key), found.get(key));
            if found != acked {
                text += &format!("\n  {key}: {} / {} / found {}", brief(acked), brief(maybe), brief(found));
            }
        }
        Err(text)
    }
}

fn brief(log: Option<&GhostLog>) -> String {
    log.map_or("none".into(), |log| {
        let bases: Vec<i64> = log.batches.iter().map(|(base, _)| base.0).collect();
        format!("[{}, {}) {bases:?}", log.start, log.end)
    })
}

/// The ghost, shared with the probe.
pub(crate) type Shared = Arc<Mutex<Ghost>>;
