//! Which brokers, and which of their directories, get the replicas of a new partition.
//!
//! Without an assignment: brokers in order of their ids, the first of each partition one further
//! than that of the partition before, starting at a place that follows from the topic's id. Fenced
//! brokers get replicas only when there are too few others, and never lead at first. Racks are not
//! looked at yet. Source: StripedReplicaPlacer, ReplicationControlManager.validateManualPartitionAssignment.

use super::Refusal;
use crate::Replica;
use crate::image::{BrokerImage, BrokersImage};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use types::{BrokerId, DirectoryId, ErrorCode, TopicId};

/// Where one partition goes.
pub(super) struct Placed {
    pub(super) replicas: Vec<Replica>,
    pub(super) isr: Vec<BrokerId>,
}

/// Spreads new partitions of a topic over all brokers.
pub(super) fn spread(
    brokers: &BrokersImage,
    topic: TopicId,
    partitions: Range<i32>,
    factor: i16,
) -> Result<Vec<Placed>, Refusal> {
    let refuse = |why: String| {
        let message = format!("Unable to replicate the partition {factor} time(s): {why}");
        Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message))
    };
    let active: Vec<BrokerId> = brokers.active().map(|(id, _)| id).collect();
    let wanted = usize::try_from(factor).unwrap_or(0);
    let registered = brokers.iter().count();
    if active.is_empty() {
        return refuse("All brokers are currently fenced.".to_string());
    }
    if wanted > registered {
        return refuse(format!(
            "The target replication factor of {factor} cannot be reached because only {registered} broker(s) are registered \
             or some brokers have all their log directories cordoned."
        ));
    }
    let fenced: Vec<BrokerId> = brokers.iter().filter(|(_, b)| b.fenced).map(|(id, _)| id).collect();
    let start = usize::from(topic.0.0[15]);
    let place = |partition: i32| {
        let first = start.wrapping_add(usize::try_from(partition).unwrap_or(0));
        let from_active = (0..active.len()).map(|step| active[(first + step) % active.len()]);
        let ids: Vec<BrokerId> = from_active.chain(fenced.iter().copied()).take(wanted).collect();
        placed(brokers, &ids, partition)
    };
    Ok(partitions.map(place).collect())
}

/// Takes the assignment that the client gave.
pub(super) fn as_assigned(
    brokers: &BrokersImage,
    assignments: &[(i32, Vec<BrokerId>)],
) -> Result<Vec<Placed>, Refusal> {
    let mut by_partition = BTreeMap::new();
    let mut factor = None;
    for (partition, ids) in assignments {
        if by_partition.contains_key(partition) {
            return refuse(format!("Found multiple manual partition assignments for partition {partition}"));
        }
        let placed = place_one(brokers, *partition, ids, factor)?;
        factor = Some(ids.len());
        by_partition.insert(*partition, placed);
    }
    if by_partition.keys().zip(0..).any(|(partition, expected)| *partition != expected) {
        return refuse("partitions should be a consecutive 0-based integer sequence".to_string());
    }
    Ok(by_partition.into_values().collect())
}

/// Takes the assignment that the client gave for one partition; `factor` is what the others have.
pub(super) fn place_one(
    brokers: &BrokersImage,
    partition: i32,
    ids: &[BrokerId],
    factor: Option<usize>,
) -> Result<Placed, Refusal> {
    check_assignment(brokers, ids, factor)?;
    let placed = placed(brokers, ids, partition);
    if placed.isr.is_empty() {
        return refuse(format!(
            "All brokers specified in the manual partition assignment for partition {partition} are fenced or in controlled shutdown."
        ));
    }
    Ok(placed)
}

fn refuse<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message))
}

fn check_assignment(brokers: &BrokersImage, ids: &[BrokerId], factor: Option<usize>) -> Result<(), Refusal> {
    if ids.is_empty() {
        return refuse("The manual partition assignment includes an empty replica list.".to_string());
    }
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let mut seen = BTreeSet::new();
    for id in sorted {
        if !seen.insert(id) {
            return refuse(format!(
                "The manual partition assignment includes the broker {id} more than once."
            ));
        }
        if brokers.get(id).is_none() {
            return refuse(format!(
                "The manual partition assignment includes broker {id}, but no such broker is registered."
            ));
        }
    }
    match factor {
        Some(factor) if factor != ids.len() => refuse(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous partitions, which have {factor} replica(s).",
            ids.len()
        )),
        _ => Ok(()),
    }
}

fn placed(brokers: &BrokersImage, ids: &[BrokerId], partition: i32) -> Placed {
    let replica = |id: &BrokerId| Replica { broker: *id, directory: directory(brokers.get(*id), partition) };
    Placed {
        replicas: ids.iter().map(replica).collect(),
        isr: ids.iter().copied().filter(|id| brokers.is_active(*id)).collect(),
    }
}

/// Deals the partitions of a topic out to the broker's directories; zero if none is usable.
fn directory(broker: Option<&BrokerImage>, partition: i32) -> DirectoryId {
    let usable: Vec<DirectoryId> = broker.into_iter().flat_map(BrokerImage::usable_directories).collect();
    let turn = usize::try_from(partition).unwrap_or(0);
    usable.get(turn % usable.len().max(1)).copied().unwrap_or_default()
}
