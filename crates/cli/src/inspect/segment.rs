//! Segments: batches one after another, each with its CRC.

use crate::failure::Failure;
use crate::output::Output;
use bytes::Bytes;
use client::record::{BatchHeader, Batches, verify_crc};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What one file holds.
struct Summary {
    file: PathBuf,
    bytes: usize,
    batches: usize,
    records: i64,
    first: Option<i64>,
    last: Option<i64>,
    fault: Option<String>,
}

/// Shows the files; fails if one is damaged.
pub(super) fn inspect(paths: &[PathBuf], each_batch: bool, output: &Output) -> Result<(), Failure> {
    let mut summaries = Vec::new();
    for file in files(paths)? {
        let bytes =
            std::fs::read(&file).map_err(|e| Failure::of(format!("cannot read {}: {e}", file.display())))?;
        let (summary, batches) = read(file, &Bytes::from(bytes));
        if each_batch {
            show_batches(&summary.file, &batches, output)?;
        }
        summaries.push(summary);
    }
    if !each_batch {
        show(&summaries, output)?;
    }
    match summaries.iter().find_map(|s| s.fault.as_ref().map(|fault| (s, fault))) {
        Some((summary, fault)) => Err(Failure::of(format!("{}: {fault}", summary.file.display()))),
        None => Ok(()),
    }
}

/// Returns the files, folders replaced by the segments in them.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path)?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut inside: Vec<PathBuf> =
            entries.filter(|p| p.extension().is_some_and(|e| e == "log")).collect();
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

/// A batch of a file: where it lies, its head, and whether its CRC fits.
type Found = (usize, BatchHeader, bool);

fn read(file: PathBuf, bytes: &Bytes) -> (Summary, Vec<Found>) {
    let (mut found, mut fault) = (Vec::new(), None);
    for span in Batches::new(bytes) {
        match span {
            Ok(span) => {
                let crc_fits = verify_crc(&bytes[span.range.clone()]);
                if !crc_fits {
                    fault
                        .get_or_insert(format!("the CRC of the batch at byte {} is wrong", span.range.start));
                }
                found.push((span.range.start, span.header, crc_fits));
            }
            Err(error) => {
                let at = found.last().map_or(0, |(at, header, _)| at + header.size());
                fault.get_or_insert(format!("no batch at byte {at}: {error}"));
            }
        }
    }
    let summary = Summary {
        file,
        bytes: bytes.len(),
        batches: found.len(),
        records: found.iter().map(|(_, header, _)| i64::from(header.record_count)).sum(),
        first: found.first().map(|(_, header, _)| header.base_offset.0),
        last: found.last().map(|(_, header, _)| header.last_offset().0),
        fault,
    };
    (summary, found)
}

fn show(summaries: &[Summary], output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        let one = |s: &Summary| {
            json!({
                "file": s.file, "bytes": s.bytes, "batches": s.batches, "records": s.records,
                "first_offset": s.first, "last_offset": s.last, "fault": s.fault,
            })
        };
        return output.json(&Value::Array(summaries.iter().map(one).collect()));
    }
    let text = |n: Option<i64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let row = |s: &Summary| {
        vec![
            s.file.display().to_string(),
            s.bytes.to_string(),
            s.batches.to_string(),
            s.records.to_string(),
            text(s.first),
            text(s.last),
            s.fault.clone().unwrap_or_else(|| "sound".to_owned()),
        ]
    };
    let head = ["file", "bytes", "batches", "records", "first", "last", "state"];
    output.table(&head, &summaries.iter().map(row).collect::<Vec<_>>())
}

fn show_batches(file: &Path, batches: &[Found], output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return batches.iter().try_for_each(|batch| output.json(&batch_json(file, batch)));
    }
    output.line(&file.display().to_string())?;
    let row = |(at, header, crc_fits): &Found| {
        vec![
            at.to_string(),
            header.base_offset.to_string(),
            header.last_offset().to_string(),
            header.record_count.to_string(),
            header.size().to_string(),
            header.leader_epoch.to_string(),
            header.producer_id.to_string(),
            header.producer_epoch.to_string(),
            header.base_sequence.to_string(),
            header.codec().map_or_else(|| "?".to_owned(), |codec| format!("{codec:?}").to_lowercase()),
            header.max_timestamp.to_string(),
            if *crc_fits { "ok" } else { "WRONG" }.to_owned(),
        ]
    };
    let head = [
        "byte", "base", "last", "records", "size", "epoch", "producer", "pepoch", "sequence", "codec",
        "time", "crc",
    ];
    output.table(&head, &batches.iter().map(row).collect::<Vec<_>>())
}

fn batch_json(file: &Path, (at, header, crc_fits): &Found) -> Value {
    json!({
        "file": file, "byte": at, "base_offset": header.base_offset.0, "last_offset": header.last_offset().0,
        "records": header.record_count, "size": header.size(), "leader_epoch": header.leader_epoch.0,
        "producer_id": header.producer_id.0, "producer_epoch": header.producer_epoch.0,
        "base_sequence": header.base_sequence.0, "max_timestamp": header.max_timestamp.0,
        "transactional": header.is_transactional(), "control": header.is_control(), "crc_ok": crc_fits,
    })
}
