//! A place in the write-ahead log, and its bytes in the state of a directory.

use bytes::{Buf, BufMut};

/// A place between two groups. The state keeps one: the replay starts there.
///
/// *Invariant*: order is that of `seq`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WalPosition {
    /// Number of the file.
    pub file: u64,
    /// Byte offset in it, a multiple of 4 KiB.
    pub offset: u64,
    /// Sequence of the group that is expected there.
    pub seq: u64,
    /// Life of the group that is expected there, or a later one; groups of an older life are void.
    pub life: u32,
}

/// The bytes are too few for a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a WAL position has {} bytes", WalPosition::ENCODED_BYTES)]
pub struct ParsePositionError;

impl WalPosition {
    /// Length of the encoded form. *Units*: bytes.
    pub const ENCODED_BYTES: usize = 28;

    /// Appends the encoded form: file, offset, seq, life, big-endian.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_u64(self.file);
        out.put_u64(self.offset);
        out.put_u64(self.seq);
        out.put_u32(self.life);
    }

    /// Reads the encoded form.
    ///
    /// # Errors
    /// [`ParsePositionError`] if there are too few bytes.
    pub fn decode(from: &mut impl Buf) -> Result<WalPosition, ParsePositionError> {
        if from.remaining() < WalPosition::ENCODED_BYTES {
            return Err(ParsePositionError);
        }
        let (file, offset, seq, life) = (from.get_u64(), from.get_u64(), from.get_u64(), from.get_u32());
        Ok(WalPosition { file, offset, seq, life })
    }
}

impl std::fmt::Display for WalPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "group {} (life {}) at byte {} of WAL file {}", self.seq, self.life, self.offset, self.file)
    }
}
