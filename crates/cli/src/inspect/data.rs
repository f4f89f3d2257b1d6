//! The format file and the state: what the last checkpoint knows of each log.

use super::Quiet;
use crate::failure::Failure;
use crate::output::Output;
use log::cut::LogCut;
use log::state::{LoadedState, State};
use serde_json::{Value, json};
use std::path::Path;

/// Shows a directory and its logs.
pub(super) fn inspect(root: &Path, producers: bool, output: &Output) -> Result<(), Failure> {
    let quiet = Quiet::open(root)?;
    let loaded = quiet.state()?;
    let cuts = loaded.state.cuts.values().cloned().map(LogCut::decode).collect::<Result<Vec<LogCut>, _>>()?;
    if output.is_json() {
        return output.json(&whole(&quiet, &loaded, &cuts));
    }
    let format = quiet.format;
    let mark = loaded.state.mark;
    let place = format!("file {} byte {} group {}", mark.file, mark.offset, mark.seq);
    let rows = [
        ("format", format.version.to_string()),
        ("directory id", format.directory_id.to_string()),
        ("cluster id", format.cluster_id.to_string()),
        ("node", format.node_id.to_string()),
        ("checkpoint", loaded.state.generation.to_string()),
        ("taken at (ms)", loaded.state.wall.to_string()),
        ("replay begins at", place),
        ("metadata checkpoint (bytes)", loaded.state.quorum.len().to_string()),
        ("state copies behind", loaded.lagging.len().to_string()),
        ("logs", cuts.len().to_string()),
    ];
    output.table(&[], &rows.map(|(name, value)| vec![name.to_owned(), value]))?;
    show_logs(&cuts, output)?;
    if producers { show_producers(&cuts, output) } else { Ok(()) }
}

fn show_logs(cuts: &[LogCut], output: &Output) -> Result<(), Failure> {
    if cuts.is_empty() {
        return Ok(());
    }
    let row = |cut: &LogCut| {
        vec![
            cut.folder.clone().unwrap_or_else(|| "-".to_owned()),
            cut.key.topic_id.to_string(),
            cut.log_start.to_string(),
            cut.log_end.to_string(),
            cut.high_watermark.to_string(),
            cut.epochs.last().map_or_else(|| "-".to_owned(), |entry| entry.epoch.to_string()),
            cut.segments.len().to_string(),
            segment_bytes(cut).to_string(),
            cut.tail.len().to_string(),
            cut.producers.len().to_string(),
            cut.change.to_string(),
            if cut.page_cache { "page-cache" } else { "fsync" }.to_owned(),
        ]
    };
    let head = [
        "folder",
        "topic id",
        "start",
        "end",
        "hw",
        "epoch",
        "segments",
        "bytes",
        "tail batches",
        "producers",
        "change",
        "durability",
    ];
    output.table(&head, &cuts.iter().map(row).collect::<Vec<_>>())
}

fn segment_bytes(cut: &LogCut) -> u64 {
    cut.segments.iter().map(|segment| segment.bytes).sum()
}

fn show_producers(cuts: &[LogCut], output: &Output) -> Result<(), Failure> {
    let rows = cuts.iter().flat_map(|cut| cut.producers.iter().map(move |(id, entry)| (cut, id, entry)));
    let row = |(cut, id, entry): (&LogCut, &types::ProducerId, &log::producers::ProducerEntry)| {
        let last = entry.window.last();
        vec![
            cut.folder.clone().unwrap_or_else(|| cut.key.to_string()),
            id.to_string(),
            entry.epoch.to_string(),
            entry.window.as_slice().len().to_string(),
            last.map_or_else(|| "-".to_owned(), |batch| batch.last_sequence().to_string()),
            last.map_or_else(|| "-".to_owned(), |batch| batch.last_offset().to_string()),
        ]
    };
    let head = ["folder", "producer", "epoch", "batches kept", "last sequence", "last offset"];
    output.table(&head, &rows.map(row).collect::<Vec<_>>())
}

fn whole(quiet: &Quiet, loaded: &LoadedState, cuts: &[LogCut]) -> Value {
    let (format, state): (_, &State) = (quiet.format, &loaded.state);
    json!({
        "format": format.version, "directory_id": format.directory_id.to_string(),
        "cluster_id": format.cluster_id.to_string(), "node": format.node_id.0,
        "checkpoint": state.generation, "wall": state.wall.0,
        "mark": { "file": state.mark.file, "offset": state.mark.offset, "group": state.mark.seq },
        "metadata_bytes": state.quorum.len(), "copies_behind": loaded.lagging.len(),
        "logs": cuts.iter().map(log_json).collect::<Vec<_>>(),
    })
}

fn log_json(cut: &LogCut) -> Value {
    let segment = |s: &log::segments::SegmentMeta| json!({ "base": s.base.0, "next": s.next.0, "bytes": s.bytes, "sealed": s.sealed });
    let epoch = |e: &log::epochs::EpochEntry| json!({ "epoch": e.epoch.0, "start": e.start.0 });
    json!({
        "folder": cut.folder, "topic_id": cut.key.topic_id.to_string(), "partition": cut.key.partition.0,
        "log_start": cut.log_start.0, "log_end": cut.log_end.0, "high_watermark": cut.high_watermark.0,
        "change": cut.change, "page_cache": cut.page_cache, "tail_batches": cut.tail.len(), "producers": cut.producers.len(),
        "segments": cut.segments.iter().map(segment).collect::<Vec<_>>(),
        "epochs": cut.epochs.iter().map(epoch).collect::<Vec<_>>(),
    })
}
