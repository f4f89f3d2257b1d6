//! The metadata: the quorum's log and vote, its snapshot, and the image that a start would make of them.

use super::Quiet;
use super::facts::{directory_json, record_json, record_text, voter_json};
use crate::failure::Failure;
use crate::output::Output;
use log::wal::{FrameView, QUORUM_KEY};
use metadata::MetadataImage;
use metadata::image::{BrokerImage, TopicImage};
use metadata::quorum::{EntryContent, EntryView, QuorumRecovered, QuorumView};
use serde_json::{Map, Value, json};
use std::path::Path;
use types::BrokerId;

/// Folder of the snapshots below the data directory.
const SNAPSHOTS: &str = "metadata";

/// Shows the image, or the log's records one by one.
pub(super) fn inspect(root: &Path, each_record: bool, output: &Output) -> Result<(), Failure> {
    let quiet = Quiet::open(root)?;
    let state = quiet.state()?.state;
    let mut frames = Vec::new();
    quiet.replay(state.mark, &mut |view: FrameView| {
        if view.frame.key == QUORUM_KEY {
            frames.push(view.frame);
        }
    })?;
    let recovered = QuorumRecovered::from_wal(state.quorum, &frames)?;
    let view = QuorumView::read(quiet.env.disk.clone(), &quiet.root.join(SNAPSHOTS), &recovered)?;
    match (output.is_json(), each_record) {
        (true, _) => output.json(&whole(&view, each_record)),
        (false, true) => show_records(&view.entries, output),
        (false, false) => show_image(&view, output),
    }
}

fn show_image(view: &QuorumView, output: &Output) -> Result<(), Failure> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let voters: Vec<String> = view.voters.iter().map(ToString::to_string).collect();
    let image = &view.image;
    let rows = [
        ("format", view.version.to_string()),
        ("cluster id", or_none(image.cluster_id().map(|id| id.to_string()))),
        ("offset", image.offset().0.to_string()),
        ("last vote", or_none(view.vote.map(|(term, voter)| format!("term {term}, for {voter}")))),
        ("voters", voters.join("; ")),
        ("snapshot", or_none(view.snapshot.as_ref().map(|snapshot| snapshot.file.display().to_string()))),
        ("snapshot's offset", or_none(view.snapshot.as_ref().map(|snapshot| snapshot.offset.0.to_string()))),
        ("entries in the log", view.entries.len().to_string()),
        ("next producer id", image.producer_ids().next.to_string()),
        ("topics", image.topics().len().to_string()),
        ("partitions", image.topics().partition_count().to_string()),
    ];
    output.table(&[], &rows.map(|(name, value)| vec![name.to_owned(), value]))?;
    let features = image.features().iter().map(|(name, level)| vec![name.to_owned(), level.to_string()]);
    section(&["feature", "level"], &features.collect::<Vec<_>>(), output)?;
    let brokers: Vec<_> = image.brokers().iter().map(broker_row).collect();
    section(&["broker", "epoch", "state", "moves", "incarnation", "directories"], &brokers, output)?;
    let topics: Vec<_> = image.topics().iter().flat_map(|topic| topic_rows(image, topic)).collect();
    section(&["topic", "topic id", "partition", "leader", "epoch", "replicas", "isr"], &topics, output)?;
    let settings = image.configs().iter().flat_map(|(resource, settings)| {
        settings.iter().map(move |(key, value)| vec![format!("{resource:?}"), key.clone(), value.clone()])
    });
    section(&["settings of", "name", "value"], &settings.collect::<Vec<_>>(), output)
}

fn section(head: &[&str], rows: &[Vec<String>], output: &Output) -> Result<(), Failure> {
    if rows.is_empty() { Ok(()) } else { output.table(head, rows) }
}

fn broker_row((id, broker): (BrokerId, &BrokerImage)) -> Vec<String> {
    let directories = broker.registration.directories.iter().map(|d| format!("{} {:?}", d.id, d.verdict));
    vec![
        id.0.to_string(),
        broker.epoch.0.to_string(),
        if broker.fenced { "fenced" } else { "active" }.to_owned(),
        broker.moves.to_string(),
        broker.registration.incarnation.to_string(),
        directories.collect::<Vec<_>>().join("; "),
    ]
}

fn topic_rows(image: &MetadataImage, topic: &TopicImage) -> Vec<Vec<String>> {
    let row = |(partition, state): (types::PartitionId, &metadata::image::PartitionImage)| {
        let leadership = image.leadership(state);
        let ids = |ids: &[BrokerId]| ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
        let replicas: Vec<BrokerId> = state.state.replicas.iter().map(|replica| replica.broker).collect();
        vec![
            topic.name.to_string(),
            topic.id.to_string(),
            partition.0.to_string(),
            leadership.leader.map_or_else(|| "none".to_owned(), |leader| leader.0.to_string()),
            leadership.epoch.0.to_string(),
            ids(&replicas),
            ids(&state.state.isr),
        ]
    };
    topic.partitions().map(row).collect()
}

fn show_records(entries: &[EntryView], output: &Output) -> Result<(), Failure> {
    let rows = entries.iter().flat_map(|entry| {
        let texts = match &entry.content {
            EntryContent::Blank => vec!["a leader begins its term".to_owned()],
            EntryContent::Records(records) => records.iter().map(record_text).collect(),
            EntryContent::Voters(voters) => voters.iter().map(|voter| format!("voter {voter}")).collect(),
        };
        texts.into_iter().map(|text| vec![entry.offset.0.to_string(), entry.term.to_string(), text])
    });
    output.table(&["offset", "term", "record"], &rows.collect::<Vec<_>>())
}

fn whole(view: &QuorumView, each_record: bool) -> Value {
    let image = &view.image;
    let settings = |(resource, settings)| json!({ "of": format!("{resource:?}"), "settings": settings });
    let features: Map<String, Value> =
        image.features().iter().map(|(name, level)| (name.to_owned(), json!(level))).collect();
    let mut value = json!({
        "format": view.version, "cluster_id": image.cluster_id().map(|id| id.to_string()),
        "offset": image.offset().0, "purged": view.purged.map(|offset| offset.0),
        "vote": view.vote.map(|(term, voter)| json!({ "term": term, "for": voter_json(&voter) })),
        "voters": view.voters.iter().map(voter_json).collect::<Vec<_>>(),
        "snapshot": view.snapshot.as_ref().map(|s| json!({ "file": s.file, "offset": s.offset.0 })),
        "entries": view.entries.len(), "next_producer_id": image.producer_ids().next.0, "features": features,
        "brokers": image.brokers().iter().map(broker_json).collect::<Vec<_>>(),
        "topics": image.topics().iter().map(|topic| topic_json(image, topic)).collect::<Vec<_>>(),
        "settings": image.configs().iter().map(settings).collect::<Vec<_>>(),
    });
    if each_record {
        value["log"] = view.entries.iter().map(entry_json).collect();
    }
    value
}

fn broker_json((id, broker): (BrokerId, &BrokerImage)) -> Value {
    json!({
        "broker": id.0, "epoch": broker.epoch.0, "fenced": broker.fenced, "moves": broker.moves,
        "incarnation": broker.registration.incarnation.to_string(),
        "directories": broker.registration.directories.iter().map(directory_json).collect::<Vec<_>>(),
    })
}

fn topic_json(image: &MetadataImage, topic: &TopicImage) -> Value {
    let partition = |(partition, state): (types::PartitionId, &metadata::image::PartitionImage)| {
        let leadership = image.leadership(state);
        json!({
            "partition": partition.0, "leader": leadership.leader.map(|leader| leader.0),
            "leader_epoch": leadership.epoch.0, "partition_epoch": state.state.partition_epoch.0,
            "replicas": state.state.replicas.iter().map(|replica| replica.broker.0).collect::<Vec<_>>(),
            "isr": state.state.isr.iter().map(|broker| broker.0).collect::<Vec<_>>(),
        })
    };
    json!({
        "topic": topic.name.as_str(), "topic_id": topic.id.to_string(),
        "partitions": topic.partitions().map(partition).collect::<Vec<_>>(),
    })
}

fn entry_json(entry: &EntryView) -> Value {
    let (kind, content) = match &entry.content {
        EntryContent::Blank => ("blank", Value::Null),
        EntryContent::Records(records) => ("records", records.iter().map(record_json).collect()),
        EntryContent::Voters(voters) => ("voters", voters.iter().map(voter_json).collect()),
    };
    json!({ "offset": entry.offset.0, "term": entry.term, "kind": kind, "content": content })
}
