//! Who coordinates a group or the transactions of an id. Tests: `tests/client/transaction.rs`, `tests/client/group.rs`.

use crate::cluster::Cluster;
use crate::error::{ClientError, accepted};
use std::fmt;
use wire::find_coordinator_request::FindCoordinatorRequest;

/// First version of FindCoordinator with many keys.
const KEYS_FROM: i16 = 4;

/// What has a coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coordinated<'a> {
    /// A group, by its name.
    Group(&'a str),
    /// Transactions, by their transactional id.
    Transactions(&'a str),
}

impl Coordinated<'_> {
    /// Returns Kafka's number of the kind, and the name.
    fn on_wire(self) -> (i8, String) {
        match self {
            Coordinated::Group(name) => (0, name.to_owned()),
            Coordinated::Transactions(id) => (1, id.to_owned()),
        }
    }
}

impl fmt::Display for Coordinated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Coordinated::Group(name) => write!(f, "group '{name}'"),
            Coordinated::Transactions(id) => write!(f, "transactional id '{id}'"),
        }
    }
}

impl Cluster {
    /// Returns the number of the broker that coordinates; its address is known then.
    pub(crate) async fn coordinator_of(&self, what: Coordinated<'_>) -> Result<i32, ClientError> {
        let any = self.any().await?;
        let (key_type, key) = what.on_wire();
        let mut request = FindCoordinatorRequest { key_type, ..FindCoordinatorRequest::default() };
        if any.version::<FindCoordinatorRequest>()? >= KEYS_FROM {
            request.coordinator_keys = vec![key];
        } else {
            request.key = key;
        }
        let answer = any.call(&request).await?;
        let (code, node) = match answer.coordinators.first() {
            Some(found) => (found.error_code, found.node_id),
            None => (answer.error_code, answer.node_id),
        };
        accepted(code, None, || format!("coordinator of {what}"))?;
        self.metadata(Some(&[])).await?;
        Ok(node)
    }
}
