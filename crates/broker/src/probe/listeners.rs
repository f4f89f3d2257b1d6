//! Connections by listener, as Kafka's socket-server-metrics have them. Tests: below, tests/storage/metrics.rs.

use super::{Counter, Gauge};
use std::sync::Arc;

/// What is counted per listener.
#[derive(Debug)]
pub(crate) struct ListenerProbes {
    name: Box<str>,
    /// Connections that were accepted.
    pub(super) created: Counter,
    /// Connections that are open.
    pub(super) open: Gauge,
}

/// An open connection. Dropping it counts one less.
#[derive(Debug)]
pub(crate) struct Open(Arc<ListenerProbes>);

impl ListenerProbes {
    /// Makes the counters of a listener.
    pub(super) fn new(name: &str) -> ListenerProbes {
        ListenerProbes { name: name.into(), created: Counter::default(), open: Gauge::default() }
    }

    /// Returns the listener's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Counts a connection that was accepted.
    pub(crate) fn opened(self: &Arc<ListenerProbes>) -> Open {
        self.created.inc();
        self.open.inc();
        Open(self.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a connection that has ended is open no more, and was accepted all the same.
    #[test]
    fn connections_are_counted_to_their_end() {
        let probes = Arc::new(ListenerProbes::new("PLAINTEXT"));
        let (first, _second) = (probes.opened(), probes.opened());
        drop(first);
        assert_eq!((probes.created.get(), probes.open.get()), (2, 1));
    }
}
