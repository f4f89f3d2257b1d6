//! One record of the state journal: a checked head, a body, zeros to the next 4 KiB boundary.
//!
//! ```text
//! byte  0  magic          u32   "HWST"
//!       4  version        u16   1
//!       6  kind           u8    1 base, 2 delta
//!       7  zero           u8
//!       8  directory id   16
//!      24  generation     u64   +1 per record
//!      32  body length    u64
//!      40  crc            u32   CRC-32C of bytes 0 to 40 and the body
//!      44  zeros to 64
//!      64  body (state.rs)
//! ```
//!
//! Tests: `state/tests.rs`.

use super::StateChange;
use crate::layout::{STATE_BLOCK, STATE_HEADER_BYTES, STATE_MAGIC, STATE_VERSION};
use bytes::{Buf, BufMut, Bytes};
use types::DirectoryId;

const CRC_AT: usize = 40;

/// Whether a record stands for itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum RecordKind {
    /// Holds all of the state.
    Base = 1,
    /// Holds what changed since the record before.
    Delta = 2,
}

/// A record that verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StateRecord {
    pub(crate) kind: RecordKind,
    pub(crate) generation: u64,
    pub(crate) change: StateChange,
    /// Bytes with the padding.
    pub(crate) size: usize,
}

/// Returns the bytes of a record, padded to whole blocks.
pub(crate) fn encode(
    directory: DirectoryId,
    kind: RecordKind,
    generation: u64,
    change: &StateChange,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(STATE_BLOCK);
    out.put_u32(STATE_MAGIC);
    out.put_u16(STATE_VERSION);
    out.put_u16(u16::from(kind as u8) << 8);
    out.put_slice(&directory.0.0);
    out.put_u64(generation);
    out.put_bytes(0, STATE_HEADER_BYTES - out.len());
    change.encode(&mut out);
    let body = (out.len() - STATE_HEADER_BYTES) as u64;
    out[CRC_AT - 8..CRC_AT].copy_from_slice(&body.to_be_bytes());
    let crc = crc(&out);
    out[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
    out.resize(out.len().next_multiple_of(STATE_BLOCK), 0);
    out
}

/// Reads the record at a position that is a block boundary; nothing if there is none that verifies.
pub(crate) fn decode(file: &Bytes, at: usize, directory: DirectoryId) -> Option<StateRecord> {
    let mut head = file.get(at..at + STATE_HEADER_BYTES)?;
    if head.get_u32() != STATE_MAGIC || head.get_u16() != STATE_VERSION {
        return None;
    }
    let kind = match head.get_u16() {
        0x0100 => RecordKind::Base,
        0x0200 => RecordKind::Delta,
        _ => return None,
    };
    let mut id = [0; 16];
    head.copy_to_slice(&mut id);
    let generation = head.get_u64();
    let body = usize::try_from(head.get_u64()).ok()?;
    let end = at.checked_add(STATE_HEADER_BYTES)?.checked_add(body)?;
    let whole = file.get(at..end).filter(|_| id == directory.0.0)?;
    if crc(whole) != head.get_u32() {
        return None;
    }
    let change = StateChange::decode(file.slice(at + STATE_HEADER_BYTES..end))?;
    Some(StateRecord { kind, generation, change, size: (end - at).next_multiple_of(STATE_BLOCK) })
}

fn crc(record: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(&record[..CRC_AT]);
    digest.update(&record[STATE_HEADER_BYTES..]);
    u32::try_from(digest.finalize()).unwrap_or(0)
}
