//! Registration and fencing of brokers.
//!
//! Each start registers with a fresh incarnation and gets a new epoch, the offset of the record.
//! Leader epochs follow from that record (D-18), so that a restart costs one record whatever the
//! number of partitions. Source: ClusterControlManager.registerBroker. Tests: tests/controller.rs.

use super::{Decision, Refusal};
use crate::image::BrokerImage;
use crate::{BrokerRegistration, MetadataImage, Record};
use types::{BrokerEpoch, BrokerId, DirectoryId, ErrorCode, Uuid};

/// Decides whether a broker that has started may join.
///
/// # Errors
/// `INCONSISTENT_CLUSTER_ID`; `INVALID_REGISTRATION` without or with a foreign directory;
/// `DUPLICATE_BROKER_REGISTRATION` if another process with this id is alive.
pub fn register_broker(
    image: &MetadataImage,
    cluster_id: Uuid,
    registration: BrokerRegistration,
) -> Result<Decision<()>, Refusal> {
    if let Some(expected) = image.cluster_id().filter(|id| *id != cluster_id) {
        let message = format!("Expected cluster ID {expected}, but got cluster ID {cluster_id}");
        return Err(Refusal::new(ErrorCode::InconsistentClusterId, message));
    }
    check_directories(image, &registration)?;
    match image.brokers().get(registration.broker) {
        Some(known) if is_other_process(known, &registration) => {
            let message = "Another broker is registered with that broker id.";
            Err(Refusal::new(ErrorCode::DuplicateBrokerRegistration, message))
        }
        Some(known) if known.registration.incarnation == registration.incarnation && !known.fenced => {
            Ok(Decision { records: Vec::new(), answer: () })
        }
        _ => Ok(Decision { records: vec![Record::BrokerRegistered(registration)], answer: () }),
    }
}

fn check_directories(image: &MetadataImage, registration: &BrokerRegistration) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new(ErrorCode::InvalidRegistration, message));
    if registration.directories.is_empty() {
        return refuse("No directories specified in request".to_string());
    }
    for (id, other) in image.brokers().iter().filter(|(id, _)| *id != registration.broker) {
        if let Some(shared) =
            directories(&other.registration).find(|d| directories(registration).any(|own| own == *d))
        {
            return refuse(format!(
                "Broker {} claims to host directory {shared} that broker {id} already claims to host",
                registration.broker
            ));
        }
    }
    Ok(())
}

fn directories(registration: &BrokerRegistration) -> impl Iterator<Item = DirectoryId> + '_ {
    registration.directories.iter().map(|directory| directory.id)
}

/// Says whether the id is held by a living process that has none of these directories: a directory
/// is locked by the one process that uses it, so a registration that shares one is its successor.
fn is_other_process(known: &BrokerImage, registration: &BrokerRegistration) -> bool {
    let successor = directories(&known.registration).any(|d| directories(registration).any(|own| own == d));
    !known.fenced && !successor
}

/// Decides that a broker is gone; nothing happens if it has another epoch or is fenced already.
pub fn fence_broker(image: &MetadataImage, broker: BrokerId, epoch: BrokerEpoch) -> Decision<()> {
    let alive = image.brokers().get(broker).is_some_and(|known| known.epoch == epoch && !known.fenced);
    let records = if alive { vec![Record::BrokerFenced { broker, epoch }] } else { Vec::new() };
    Decision { records, answer: () }
}
