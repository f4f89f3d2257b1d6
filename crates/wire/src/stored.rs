//! Formats with two bytes in front that say how to read the rest: keys and values of `__consumer_offsets` and of
//! `__transaction_state`, and what
//! consumers put inside the messages of the classic group protocol.
//!
//! In a value the two bytes are its version. In a key they are the type of the record, and a key's versions are the
//! types that it has: `OffsetCommitKey` is 0 and 1, `GroupMetadataKey` 2, and so on up to 16. The value of a record
//! of type 0 is `OffsetCommitValue` in version 0. `TransactionLogKey` is type 0 of another topic. Source: Kafka's `CoordinatorRecordType`, `ConsumerProtocol`.
//! Tests: `tests/wire/stored.rs`, golden/wire/stored.

use crate::error::{DecodeError, EncodeError};
use crate::message::Message;
use crate::reader::Reader;
use crate::rope::Rope;
use bytes::Bytes;

/// A format with two bytes in front.
pub trait Stored: Message {
    /// Reads a whole format; returns its two bytes in front as well. Opaque bytes in it are slices of `bytes`.
    ///
    /// # Errors
    /// `Truncated`, `UnsupportedVersion`, `LeftOver`; else what is wrong with the bytes.
    fn from_stored(bytes: Bytes) -> Result<(Self, i16), DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.i16()?;
        let format = Self::decode(&mut reader, version)?;
        reader.finish()?;
        Ok((format, version))
    }

    /// Reads what a peer wrote that may be newer, as Kafka's consumers do among each other: a version above the newest
    /// one is read as that, and bytes after it do not count.
    ///
    /// # Errors
    /// `Truncated`, `UnsupportedVersion` for a version that is too old; else what is wrong with the bytes.
    fn from_peer(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.i16()?.min(Self::MAX);
        Self::decode(&mut reader, version)
    }

    /// Writes a format with its two bytes in front.
    ///
    /// # Errors
    /// As `Message::encode`.
    fn to_stored(&self, version: i16) -> Result<Bytes, EncodeError> {
        let mut out = Rope::new();
        out.put_i16(version);
        self.encode(&mut out, version)?;
        Ok(out.into_bytes())
    }
}
