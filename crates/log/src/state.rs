//! The state of a directory: what every log was at the last checkpoint.
//!
//! ```text
//! body = mark (WalPosition, 28 bytes), wall clock i64,
//!        quorum: present u8, [length u32, bytes],
//!        cuts: count u32, each: topic id 16, partition i32, length u32, bytes (LogCut),
//!        removed: count u32, each: topic id 16, partition i32
//! ```
//!
//! A base holds every log, a delta what one checkpoint changed. The cuts and the quorum's part are opaque here.
//! `removed` names the logs that this checkpoint saw go: their frames may still lie beyond the mark, and are
//! skipped there; the mark of a later checkpoint lies beyond them, so its list replaces the one before. A record with the same
//! mark (strays are set aside at a start) repeats them.
//! The records live in the journal, see `state/journal.rs`. Source: design W-6. Tests: `state/tests.rs`.

mod journal;
mod record;
mod salvage;
#[cfg(test)]
mod tests;

pub(crate) use journal::write_aside;
pub use journal::{CopyDamage, Journal, LoadedState, StateError};
pub(crate) use salvage::{encode_base, salvage};

use crate::wal::WalPosition;
use bytes::{Buf, BufMut, Bytes};
use std::collections::{BTreeMap, BTreeSet};
use types::{LogKey, PartitionId, TopicId, Uuid, WallTime};

/// What one checkpoint changes, or, as a base, all there is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateChange {
    /// Where replay begins.
    pub mark: WalPosition,
    /// The wall clock at the checkpoint.
    pub wall: WallTime,
    /// The quorum's own part; nothing leaves it as it was.
    pub quorum: Option<Bytes>,
    /// Encoded cuts of the logs that changed.
    pub cuts: BTreeMap<LogKey, Bytes>,
    /// Logs that are gone.
    pub removed: BTreeSet<LogKey>,
}

/// The state of a directory after the last checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Number of the checkpoint.
    pub generation: u64,
    /// Where replay begins.
    pub mark: WalPosition,
    /// The wall clock at the checkpoint.
    pub wall: WallTime,
    /// The quorum's own part, empty if it never wrote one.
    pub quorum: Bytes,
    /// Encoded cut of each log.
    pub cuts: BTreeMap<LogKey, Bytes>,
    /// Logs whose frames beyond the mark are to be skipped.
    pub removed: BTreeSet<LogKey>,
}

impl State {
    /// Takes in one checkpoint.
    pub fn fold(&mut self, generation: u64, change: StateChange) {
        self.generation = generation;
        self.mark = change.mark;
        self.wall = change.wall;
        if let Some(quorum) = change.quorum {
            self.quorum = quorum;
        }
        self.cuts.extend(change.cuts);
        self.cuts.retain(|key, _| !change.removed.contains(key));
        self.removed = change.removed;
    }

    /// Returns the change that makes this state of nothing.
    pub fn into_base(self) -> StateChange {
        StateChange {
            mark: self.mark,
            wall: self.wall,
            quorum: Some(self.quorum),
            cuts: self.cuts,
            removed: self.removed,
        }
    }
}

impl StateChange {
    /// Appends the body of a record.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        self.mark.encode(out);
        out.put_i64(self.wall.0);
        out.put_u8(u8::from(self.quorum.is_some()));
        if let Some(quorum) = &self.quorum {
            put_bytes(out, quorum);
        }
        out.put_u32(count(self.cuts.len()));
        for (key, cut) in &self.cuts {
            put_key(out, key);
            put_bytes(out, cut);
        }
        out.put_u32(count(self.removed.len()));
        self.removed.iter().for_each(|key| put_key(out, key));
    }

    /// Reads the body of a record; nothing if it is none.
    pub(crate) fn decode(mut body: Bytes) -> Option<StateChange> {
        let from = &mut body;
        let mark = WalPosition::decode(from).ok()?;
        let wall = WallTime(from.try_get_i64().ok()?);
        let quorum = match from.try_get_u8().ok()? {
            0 => None,
            _ => Some(get_bytes(from)?),
        };
        let mut cuts = BTreeMap::new();
        for _ in 0..from.try_get_u32().ok()? {
            let key = get_key(from)?;
            cuts.insert(key, get_bytes(from)?);
        }
        let mut removed = BTreeSet::new();
        for _ in 0..from.try_get_u32().ok()? {
            removed.insert(get_key(from)?);
        }
        from.is_empty().then_some(StateChange { mark, wall, quorum, cuts, removed })
    }
}

/// A record is bounded far below 4 GiB by the cap on small tails; a longer one fails its check at once.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn put_bytes(out: &mut Vec<u8>, bytes: &Bytes) {
    out.put_u32(count(bytes.len()));
    out.put_slice(bytes);
}

fn get_bytes(from: &mut Bytes) -> Option<Bytes> {
    let len = usize::try_from(from.try_get_u32().ok()?).ok()?;
    (len <= from.len()).then(|| from.split_to(len))
}

fn put_key(out: &mut Vec<u8>, key: &LogKey) {
    out.put_slice(&key.topic_id.0.0);
    out.put_i32(key.partition.0);
}

fn get_key(from: &mut Bytes) -> Option<LogKey> {
    let mut id = [0; 16];
    from.try_copy_to_slice(&mut id).ok()?;
    Some(LogKey { topic_id: TopicId(Uuid(id)), partition: PartitionId(from.try_get_i32().ok()?) })
}
