//! By which connection each producer has come last (KIP-98's producers of old, whose transactions share one epoch).
//!
//! Where the epoch is the same for many transactions it does not tell what was delayed. A client gives a connection up before it
//! asks again by another one: so what comes by an earlier connection than the latest is not acted on.
//! In memory alone, and gone with the leadership. *Invariant*: at most [`PRODUCERS_MAX`] producers are remembered.
//! Tests: `tests/transactions.rs`.

use crate::Partition;
use std::collections::BTreeMap;
use types::{Mutant, ProducerEpoch, ProducerId};

/// Most producers that are remembered; of one more all are forgotten, and each is known again once it comes.
const PRODUCERS_MAX: usize = 10_000;

/// The latest connection of each producer, in its latest epoch. *Shape*: a later connection has a larger number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    latest: BTreeMap<ProducerId, (ProducerEpoch, u64)>,
}

impl Connections {
    fn is_late(&mut self, id: ProducerId, epoch: ProducerEpoch, connection: u64) -> bool {
        let latest = match self.latest.get(&id) {
            // Its epoch tells.
            Some((known, _)) if *known > epoch => return false,
            Some((known, latest)) if *known == epoch => *latest,
            Some(_) => 0,
            None => {
                if self.latest.len() >= PRODUCERS_MAX {
                    self.latest.clear();
                }
                0
            }
        };
        self.latest.insert(id, (epoch, connection.max(latest)));
        connection < latest && !Mutant::WriteByAnyConnection.is_on()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.latest.clear();
    }
}

impl Partition {
    /// Notes by which connection a producer comes; says whether it has come by a later one before, in this epoch.
    pub fn is_late(&mut self, id: ProducerId, epoch: ProducerEpoch, connection: u64) -> bool {
        let is_stale = self.log.producers().get(id).is_some_and(|entry| entry.epoch > epoch);
        !is_stale && self.connections.is_late(id, epoch, connection)
    }
}
