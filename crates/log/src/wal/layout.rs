//! The bytes of the write-ahead log, all big-endian.
//!
//! ```text
//! file    4 KiB block: magic "HWWALFIL" 8, version u16, zero u16, block bytes u32, directory id 16,
//!         file number u64, salt u64, file bytes u64, zeros, CRC32C at 508 over bytes 0..508.
//!         It lies in one 512-byte sector, so a crash leaves the old or the new one, never a mixture.
//! group   on a 4 KiB boundary: magic "HWWG" u32, CRC32C u32 over all that follows up to the payload's
//!         end, file number u64, salt u64, sequence u64, life u32, frame count u32, broker time i64,
//!         durable sequence u64, sequence at which this life began u64, payload bytes u32, zero u32;
//!         then the frames, then zeros up to the next boundary.
//! frame   topic id 16, partition i32, kind u8, zeros 3, change u64, base offset i64, leader epoch i32,
//!         payload bytes u32, payload.
//! ```
//!
//! *Invariants*: an empty group has no frames and takes one block. Decoding never reads beyond what it
//! is given and allocates no more than that. Tests: `layout/tests.rs`.

use super::frame::{Frame, FrameKind, UnknownFrameKind};
use bytes::{Buf, BufMut, Bytes};
use types::{DirectoryId, LeaderEpoch, LogKey, Offset, PartitionId, TopicId, Uuid, WallTime};

/// Groups and the file header lie on multiples of this. *Units*: bytes.
pub(super) const BLOCK: usize = 4096;
/// [`BLOCK`] as a file offset: where the first group of a file lies. *Units*: bytes.
pub(super) const BLOCK_AT: u64 = 4096;
/// Version of the format that this code writes, and the only one it reads.
pub(super) const FORMAT_VERSION: u16 = 1;

const FILE_MAGIC: [u8; 8] = *b"HWWALFIL";
const FILE_CRC_AT: usize = 508;
const GROUP_MAGIC: [u8; 4] = *b"HWWG";
const GROUP_HEADER: usize = 72;
const FRAME_HEADER: usize = 48;

/// What a file says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileHeader {
    /// Directory it belongs to.
    pub(super) directory_id: DirectoryId,
    /// Number of the file, growing over the life of the directory.
    pub(super) number: u64,
    /// Drawn for each use of a file, so that left-over groups cannot pass.
    pub(super) salt: u64,
    /// Size of the file. *Units*: bytes.
    pub(super) bytes: u64,
}

/// Why the first block of a file is no header that this version understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum HeaderError {
    /// Magic or CRC do not fit.
    Bad,
    /// It is of a newer version.
    Newer(u16),
}

impl FileHeader {
    /// Writes the header into the first block.
    pub(super) fn encode(&self, block: &mut [u8]) {
        block.fill(0);
        let mut out = &mut block[..FILE_CRC_AT];
        out.put_slice(&FILE_MAGIC);
        out.put_u16(FORMAT_VERSION);
        out.put_u16(0);
        out.put_u32(4096);
        out.put_slice(&self.directory_id.0.0);
        out.put_u64(self.number);
        out.put_u64(self.salt);
        out.put_u64(self.bytes);
        let crc = crc_fast::crc32_iscsi(&block[..FILE_CRC_AT]);
        (&mut block[FILE_CRC_AT..]).put_u32(crc);
    }

    /// Reads the header from the first block.
    pub(super) fn decode(block: &[u8]) -> Result<FileHeader, HeaderError> {
        let (mut fields, mut crc) = match (block.get(..FILE_CRC_AT), block.get(FILE_CRC_AT..FILE_CRC_AT + 4))
        {
            (Some(fields), Some(crc)) => (fields, crc),
            _ => return Err(HeaderError::Bad),
        };
        if !fields.starts_with(&FILE_MAGIC) || crc_fast::crc32_iscsi(fields) != crc.get_u32() {
            return Err(HeaderError::Bad);
        }
        fields.advance(FILE_MAGIC.len());
        let version = fields.get_u16();
        if version != FORMAT_VERSION {
            return Err(HeaderError::Newer(version));
        }
        fields.advance(6);
        let directory_id = DirectoryId(get_uuid(&mut fields));
        let (number, salt, bytes) = (fields.get_u64(), fields.get_u64(), fields.get_u64());
        Ok(FileHeader { directory_id, number, salt, bytes })
    }
}

/// What a group says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct GroupHeader {
    /// Number of the file it was written into.
    pub(super) file: u64,
    /// Salt of that file.
    pub(super) salt: u64,
    /// +1 per group over the whole life of the directory.
    pub(super) seq: u64,
    /// Count of the start that wrote it.
    pub(super) life: u32,
    /// The broker's clock when it was written.
    pub(super) wall: WallTime,
    /// The last group known to be synced when this one was written.
    pub(super) durable_seq: u64,
    /// Where this life began: groups of older lives from there on are void.
    pub(super) life_start_seq: u64,
}

/// What the header says about the size of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct GroupSize {
    /// How many frames follow.
    pub(super) frames: u32,
    /// Bytes of the frames.
    pub(super) payload: u32,
}

impl GroupSize {
    /// Returns the bytes that the CRC speaks for, header included.
    pub(super) fn used(self) -> u64 {
        GROUP_HEADER as u64 + u64::from(self.payload)
    }

    /// Returns the bytes up to the next boundary.
    pub(super) fn padded(self) -> u64 {
        self.used().next_multiple_of(BLOCK_AT)
    }
}

/// Returns the bytes that a frame takes in a group.
pub(super) fn frame_bytes(frame: &Frame) -> usize {
    FRAME_HEADER + frame.payload_bytes()
}

/// Returns the bytes that a group takes in a file, given those of its frames.
pub(super) fn group_bytes(frames: usize) -> usize {
    (GROUP_HEADER + frames).next_multiple_of(BLOCK)
}

/// Writes a group. `out` is as long as [`group_bytes`] says.
pub(super) fn encode_group(header: &GroupHeader, frames: &[Frame], out: &mut [u8]) {
    let payload: usize = frames.iter().map(frame_bytes).sum();
    let size = GroupSize { frames: length(frames.len()), payload: length(payload) };
    let mut rest = &mut out[8..];
    put_group_header(header, size, &mut rest);
    for frame in frames {
        put_frame(frame, &mut rest);
    }
    rest.fill(0);
    let crc = crc_fast::crc32_iscsi(&out[8..GROUP_HEADER + payload]);
    let mut head = &mut out[..8];
    head.put_slice(&GROUP_MAGIC);
    head.put_u32(crc);
}

fn put_group_header(header: &GroupHeader, size: GroupSize, out: &mut &mut [u8]) {
    out.put_u64(header.file);
    out.put_u64(header.salt);
    out.put_u64(header.seq);
    out.put_u32(header.life);
    out.put_u32(size.frames);
    out.put_i64(header.wall.0);
    out.put_u64(header.durable_seq);
    out.put_u64(header.life_start_seq);
    out.put_u32(size.payload);
    out.put_u32(0);
}

fn put_frame(frame: &Frame, out: &mut &mut [u8]) {
    out.put_slice(&frame.key.topic_id.0.0);
    out.put_i32(frame.key.partition.0);
    out.put_u8(frame.kind as u8);
    out.put_slice(&[0; 3]);
    out.put_u64(frame.change);
    out.put_i64(frame.base_offset.0);
    out.put_i32(frame.leader_epoch.0);
    out.put_u32(length(frame.payload_bytes()));
    out.put_slice(&frame.parts[0]);
    out.put_slice(&frame.parts[1]);
}

/// Lengths are bounded by the file size, which is far below 4 GiB.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Reads a group's header from its first block. Nothing is verified but the magic.
pub(super) fn decode_group_header(block: &[u8]) -> Option<(GroupHeader, GroupSize)> {
    let mut from = block.get(..GROUP_HEADER)?;
    if !from.starts_with(&GROUP_MAGIC) {
        return None;
    }
    from.advance(8);
    let (file, salt, seq) = (from.get_u64(), from.get_u64(), from.get_u64());
    let (life, frames) = (from.get_u32(), from.get_u32());
    let wall = WallTime(from.get_i64());
    let (durable_seq, life_start_seq) = (from.get_u64(), from.get_u64());
    let payload = from.get_u32();
    let header = GroupHeader { file, salt, seq, life, wall, durable_seq, life_start_seq };
    Some((header, GroupSize { frames, payload }))
}

/// Says whether the CRC of a group fits. `used` is the group up to the end of its payload.
pub(super) fn group_verifies(used: &[u8]) -> bool {
    let Some(mut crc) = used.get(4..8) else { return false };
    used.len() >= GROUP_HEADER && crc_fast::crc32_iscsi(&used[8..]) == crc.get_u32()
}

/// Why the inside of a group, whose CRC fits, is not understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// A frame of a kind from a newer version.
    #[error(transparent)]
    Kind(#[from] UnknownFrameKind),
    /// Lengths and counts do not add up.
    #[error("the frames of a group do not add up to its length")]
    Length,
}

/// Reads the frames of a group that verifies. Each payload is copied out, so that it pins no more than itself.
///
/// # Errors
/// Every [`FrameError`].
pub(super) fn decode_frames(used: &[u8], size: GroupSize) -> Result<Vec<Frame>, FrameError> {
    let mut from = used.get(GROUP_HEADER..).ok_or(FrameError::Length)?;
    let mut frames = Vec::new();
    for _ in 0..size.frames {
        frames.push(get_frame(&mut from)?);
    }
    if from.is_empty() { Ok(frames) } else { Err(FrameError::Length) }
}

/// Reads as many frames as are whole, from bytes that nothing vouches for: for reports alone.
pub(super) fn guess_frames(bytes: &[u8], size: GroupSize) -> Vec<Frame> {
    let Some(mut from) = bytes.get(GROUP_HEADER..) else { return Vec::new() };
    let mut frames = Vec::new();
    while frames.len() < size.frames as usize {
        match get_frame(&mut from) {
            Ok(frame) => frames.push(frame),
            Err(_) => break,
        }
    }
    frames
}

/// Reads the frames of a group that does not verify, in a place of which it is known where the next group begins;
/// nothing unless they end, but for zeros, within the last block before it. Nothing vouches for them: for reports alone.
pub(super) fn guess_whole(bytes: &[u8]) -> Option<Vec<Frame>> {
    let mut from = bytes.get(GROUP_HEADER..)?;
    let mut frames = Vec::new();
    while from.len() >= BLOCK || from.iter().any(|byte| *byte != 0) {
        frames.push(get_frame(&mut from).ok()?);
    }
    Some(frames)
}

fn get_frame(from: &mut &[u8]) -> Result<Frame, FrameError> {
    if from.len() < FRAME_HEADER {
        return Err(FrameError::Length);
    }
    let topic_id = TopicId(get_uuid(from));
    let partition = PartitionId(from.get_i32());
    let kind = from.get_u8();
    from.advance(3);
    let (change, base_offset) = (from.get_u64(), Offset(from.get_i64()));
    let leader_epoch = LeaderEpoch(from.get_i32());
    let length = from.get_u32() as usize;
    let kind = FrameKind::try_from(kind)?;
    let payload = from.get(..length).ok_or(FrameError::Length)?;
    let parts = [Bytes::copy_from_slice(payload), Bytes::new()];
    from.advance(length);
    Ok(Frame { key: LogKey { topic_id, partition }, change, kind, base_offset, leader_epoch, parts })
}

fn get_uuid(from: &mut &[u8]) -> Uuid {
    let mut bytes = [0; 16];
    from.copy_to_slice(&mut bytes);
    Uuid(bytes)
}

#[cfg(test)]
mod tests;
