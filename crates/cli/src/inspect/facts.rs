//! Metadata records, one by one, as text and as JSON.

use metadata::quorum::Voter;
use metadata::{BrokerRegistration, PartitionState, Record, RecoveredDirectory};
use serde_json::{Value, json};

/// Says a record in words.
pub(super) fn record_text(record: &Record) -> String {
    match record {
        Record::ClusterId(id) => format!("the cluster is {id}"),
        Record::FeatureLevel { name, level } => format!("feature {name} is at level {level}"),
        Record::BrokerRegistered(registration) => {
            format!("broker {} registers as {}", registration.broker.0, registration.incarnation)
        }
        Record::BrokerFenced { broker, epoch } => {
            format!("broker {} of epoch {} is fenced", broker.0, epoch.0)
        }
        Record::TopicCreated { name, id } => format!("topic {name} is created as {id}"),
        Record::TopicDeleted { id } => format!("topic {id} is deleted"),
        Record::PartitionChanged { key, state } => format!(
            "partition {key}: leader {}, leader epoch {}, partition epoch {}, {} replicas, {} in sync",
            state.leader.map_or_else(|| "none".to_owned(), |leader| leader.0.to_string()),
            state.leader_epoch.0,
            state.partition_epoch.0,
            state.replicas.len(),
            state.isr.len(),
        ),
        Record::ConfigChanged { resource, key, value } => match value {
            Some(value) => format!("{resource:?}: {key} = {value}"),
            None => format!("{resource:?}: {key} is unset"),
        },
        Record::ProducerIdBlock { next, broker, .. } => {
            format!("producer ids below {} are handed out, the last of them to broker {}", next.0, broker.0)
        }
    }
}

/// Says a record as JSON.
pub(super) fn record_json(record: &Record) -> Value {
    match record {
        Record::ClusterId(id) => json!({ "kind": "ClusterId", "id": id.to_string() }),
        Record::FeatureLevel { name, level } => {
            json!({ "kind": "FeatureLevel", "name": name, "level": level })
        }
        Record::BrokerRegistered(registration) => registration_json(registration),
        Record::BrokerFenced { broker, epoch } => {
            json!({ "kind": "BrokerFenced", "broker": broker.0, "epoch": epoch.0 })
        }
        Record::TopicCreated { name, id } => {
            json!({ "kind": "TopicCreated", "name": name.as_str(), "id": id.to_string() })
        }
        Record::TopicDeleted { id } => json!({ "kind": "TopicDeleted", "id": id.to_string() }),
        Record::PartitionChanged { key, state } => partition_json(key, state),
        Record::ConfigChanged { resource, key, value } => {
            json!({ "kind": "ConfigChanged", "of": format!("{resource:?}"), "name": key, "value": value })
        }
        Record::ProducerIdBlock { next, broker, epoch } => {
            json!({ "kind": "ProducerIdBlock", "next": next.0, "broker": broker.0, "epoch": epoch.0 })
        }
    }
}

fn registration_json(registration: &BrokerRegistration) -> Value {
    let endpoint = |e: &metadata::Endpoint| json!({ "listener": e.listener, "host": e.host, "port": e.port });
    json!({
        "kind": "BrokerRegistered", "broker": registration.broker.0,
        "incarnation": registration.incarnation.to_string(), "rack": registration.rack,
        "endpoints": registration.endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "directories": registration.directories.iter().map(directory_json).collect::<Vec<_>>(),
    })
}

/// Says as JSON how a data directory came up.
pub(super) fn directory_json(directory: &RecoveredDirectory) -> Value {
    json!({ "id": directory.id.to_string(), "verdict": format!("{:?}", directory.verdict) })
}

fn partition_json(key: &types::LogKey, state: &PartitionState) -> Value {
    json!({
        "kind": "PartitionChanged", "topic_id": key.topic_id.to_string(), "partition": key.partition.0,
        "leader": state.leader.map(|leader| leader.0), "leader_epoch": state.leader_epoch.0,
        "partition_epoch": state.partition_epoch.0,
        "replicas": state.replicas.iter().map(|replica| replica.broker.0).collect::<Vec<_>>(),
        "isr": state.isr.iter().map(|broker| broker.0).collect::<Vec<_>>(),
        "elr": state.elr.iter().map(|broker| broker.0).collect::<Vec<_>>(),
    })
}

/// Says a voter as JSON.
pub(super) fn voter_json(voter: &Voter) -> Value {
    json!({ "node": voter.node.0, "directory": voter.directory.to_string() })
}
