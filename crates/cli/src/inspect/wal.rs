//! The write-ahead log from the last checkpoint's mark on, as a start would replay it.

use super::Quiet;
use crate::failure::Failure;
use crate::output::Output;
use log::wal::{FrameKind, FrameView, QUORUM_KEY, ReplayEnd};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use types::LogKey;

/// What one log has in the write-ahead log.
#[derive(Clone, Copy, Default)]
struct Share {
    frames: u64,
    bytes: u64,
    first_change: u64,
    last_change: u64,
    appends: u64,
}

/// Shows the frames.
pub(super) fn inspect(root: &Path, each_frame: bool, output: &Output) -> Result<(), Failure> {
    let quiet = Quiet::open(root)?;
    let mark = quiet.state()?.state.mark;
    let (mut shares, mut rows): (BTreeMap<LogKey, Share>, Vec<FrameRow>) = (BTreeMap::new(), Vec::new());
    let end = quiet.replay(mark, &mut |view: FrameView| {
        take(shares.entry(view.frame.key).or_default(), &view);
        if each_frame {
            rows.push(FrameRow::of(&view));
        }
    })?;
    if output.is_json() {
        return show_json(&shares, &rows, &end, output);
    }
    match each_frame {
        true => output.table(&FrameRow::HEAD, &rows.iter().map(FrameRow::cells).collect::<Vec<_>>())?,
        false => show_shares(&shares, output)?,
    }
    let (at, dropped) = (end.end, end.dropped.len());
    output.line(&format!(
        "{} groups, {} frames, {} bytes; it ends at file {} byte {} group {}; {dropped} torn groups are behind the end",
        end.groups, end.frames, end.bytes, at.file, at.offset, at.seq
    ))
}

fn take(share: &mut Share, view: &FrameView) {
    let frame = &view.frame;
    if share.frames == 0 {
        share.first_change = frame.change;
    }
    share.frames += 1;
    share.last_change = frame.change;
    share.bytes += u64::try_from(frame.payload_bytes()).unwrap_or(0);
    share.appends += u64::from(frame.kind == FrameKind::Append);
}

fn name(key: &LogKey) -> String {
    if *key == QUORUM_KEY { "metadata".to_owned() } else { key.to_string() }
}

fn show_shares(shares: &BTreeMap<LogKey, Share>, output: &Output) -> Result<(), Failure> {
    let row = |(key, share): (&LogKey, &Share)| {
        vec![
            name(key),
            share.frames.to_string(),
            share.appends.to_string(),
            share.bytes.to_string(),
            share.first_change.to_string(),
            share.last_change.to_string(),
        ]
    };
    let head = ["log", "frames", "batches", "bytes", "first change", "last change"];
    output.table(&head, &shares.iter().map(row).collect::<Vec<_>>())
}

/// One frame as text.
struct FrameRow {
    group: u64,
    file: u64,
    life: u32,
    log: String,
    change: u64,
    kind: FrameKind,
    base_offset: i64,
    leader_epoch: i32,
    bytes: usize,
}

impl FrameRow {
    const HEAD: [&'static str; 9] =
        ["group", "file", "life", "log", "change", "kind", "offset", "epoch", "bytes"];

    fn of(view: &FrameView) -> FrameRow {
        let frame = &view.frame;
        FrameRow {
            group: view.group.seq,
            file: view.group.file,
            life: view.group.life,
            log: name(&frame.key),
            change: frame.change,
            kind: frame.kind,
            base_offset: frame.base_offset.0,
            leader_epoch: frame.leader_epoch.0,
            bytes: frame.payload_bytes(),
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.group.to_string(),
            self.file.to_string(),
            self.life.to_string(),
            self.log.clone(),
            self.change.to_string(),
            format!("{:?}", self.kind),
            self.base_offset.to_string(),
            self.leader_epoch.to_string(),
            self.bytes.to_string(),
        ]
    }
}

fn show_json(
    shares: &BTreeMap<LogKey, Share>,
    rows: &[FrameRow],
    end: &ReplayEnd,
    output: &Output,
) -> Result<(), Failure> {
    let share = |(key, share): (&LogKey, &Share)| {
        json!({
            "log": name(key), "frames": share.frames, "batches": share.appends, "bytes": share.bytes,
            "first_change": share.first_change, "last_change": share.last_change,
        })
    };
    let frame = |row: &FrameRow| {
        json!({
            "group": row.group, "file": row.file, "life": row.life, "log": row.log, "change": row.change,
            "kind": format!("{:?}", row.kind), "base_offset": row.base_offset, "leader_epoch": row.leader_epoch,
            "bytes": row.bytes,
        })
    };
    output.json(&json!({
        "groups": end.groups, "frames": end.frames, "bytes": end.bytes, "dropped": end.dropped.len(),
        "end": { "file": end.end.file, "offset": end.end.offset, "group": end.end.seq },
        "logs": shares.iter().map(share).collect::<Vec<_>>(),
        "list": rows.iter().map(frame).collect::<Vec<_>>(),
    }))
}
