//! What coordinators of groups count.

use super::Counter;
use coordinator::Event;

/// The counters.
#[derive(Default, Debug)]
pub(crate) struct GroupProbes {
    /// Refused because groups hold what they may.
    refused: Counter,
}

impl GroupProbes {
    /// Counts what has happened.
    pub(crate) fn note(&self, event: Event) {
        match event {
            Event::Refused => self.refused.inc(),
        }
    }

    /// Returns what a metric counts, if it is one of these.
    pub(crate) fn value(&self, name: &str) -> Option<u64> {
        let counter = match name {
            "highwater_groups_refused_total" => &self.refused,
            _ => return None,
        };
        Some(counter.get())
    }
}
