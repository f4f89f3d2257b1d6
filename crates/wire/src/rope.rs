//! Output of the encoder: a list of chunks for one vectored write.
//!
//! Small values are gathered in owned chunks; large record bytes are taken by reference, so that a
//! fetch response never copies the records it carries (D-11). `flexible` chooses the compact forms
//! of KIP-482. Tests: `tests/wire/rope.rs`.

use crate::error::EncodeError;
use crate::records::Records;
use bytes::{BufMut, Bytes, BytesMut};
use types::Uuid;

/// Bytes values of at least this size are taken by reference.
pub const SHARE_FROM_BYTES: usize = 512;

/// What a rope has room for at first: most messages fit.
const FIRST_BYTES: usize = 256;
/// What tagged fields have room for at first.
const TAGS_BYTES: usize = 64;

/// Bytes under construction.
///
/// *Invariant*: `len` is the sum over `done` plus what is in `head` since the last chunk.
#[derive(Debug, Default)]
pub struct Rope {
    done: Vec<Chunk>,
    head: BytesMut,
    done_len: usize,
}

#[derive(Debug)]
enum Chunk {
    Owned(BytesMut),
    Shared(Bytes),
}

impl Chunk {
    fn into_bytes(self) -> Bytes {
        match self {
            Chunk::Owned(bytes) => bytes.freeze(),
            Chunk::Shared(bytes) => bytes,
        }
    }
}

impl Rope {
    /// Makes an empty rope.
    pub fn new() -> Rope {
        Rope { head: BytesMut::with_capacity(FIRST_BYTES), ..Rope::default() }
    }

    /// Returns the number of bytes so far.
    pub fn len(&self) -> usize {
        self.done_len + self.head.len()
    }

    /// Says whether nothing has been put.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the chunks, in order, none of them empty.
    pub fn into_chunks(self) -> Vec<Bytes> {
        let last = Some(self.head).filter(|head| !head.is_empty()).map(BytesMut::freeze);
        self.done.into_iter().map(Chunk::into_bytes).chain(last).collect()
    }

    /// Returns all bytes as one; copies when there is more than one chunk.
    pub fn into_bytes(self) -> Bytes {
        if self.done.is_empty() {
            return self.head.freeze();
        }
        Records::from_parts(self.into_chunks()).into_bytes()
    }

    /// Moves the head into the list of chunks.
    fn cut(&mut self) {
        if !self.head.is_empty() {
            let head = self.head.split();
            self.done_len += head.len();
            self.done.push(Chunk::Owned(head));
        }
    }

    /// Overwrites the first four bytes, which the caller has put as one `int32`.
    pub(crate) fn patch_first_i32(&mut self, value: i32) {
        let first = match self.done.first_mut() {
            Some(Chunk::Owned(bytes)) => bytes,
            _ => &mut self.head,
        };
        if let Some(slot) = first.get_mut(..4) {
            slot.copy_from_slice(&value.to_be_bytes());
        }
    }

    /// Puts a `bool`: one byte, 0 or 1.
    pub fn put_bool(&mut self, value: bool) {
        self.head.put_u8(u8::from(value));
    }

    /// Puts an `int8`.
    pub fn put_i8(&mut self, value: i8) {
        self.head.put_i8(value);
    }

    /// Puts an `int16`.
    pub fn put_i16(&mut self, value: i16) {
        self.head.put_i16(value);
    }

    /// Puts a `uint16`.
    pub fn put_u16(&mut self, value: u16) {
        self.head.put_u16(value);
    }

    /// Puts an `int32`.
    pub fn put_i32(&mut self, value: i32) {
        self.head.put_i32(value);
    }

    /// Puts a `uint32`.
    pub fn put_u32(&mut self, value: u32) {
        self.head.put_u32(value);
    }

    /// Puts an `int64`.
    pub fn put_i64(&mut self, value: i64) {
        self.head.put_i64(value);
    }

    /// Puts a `float64`.
    pub fn put_f64(&mut self, value: f64) {
        self.head.put_f64(value);
    }

    /// Puts a `uuid`.
    pub fn put_uuid(&mut self, value: Uuid) {
        self.head.put_slice(&value.0);
    }

    /// Puts bytes as they are, by copy.
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.head.put_slice(bytes);
    }

    /// Puts bytes as they are; by reference when they are large.
    pub fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARE_FROM_BYTES {
            return self.put_slice(bytes);
        }
        self.cut();
        self.done_len += bytes.len();
        self.done.push(Chunk::Shared(bytes.clone()));
    }

    /// Puts everything of another rope.
    pub fn put_rope(&mut self, rope: Rope) {
        rope.done.into_iter().for_each(|chunk| match chunk {
            Chunk::Owned(bytes) => self.put_slice(&bytes),
            Chunk::Shared(bytes) => self.put_shared(&bytes),
        });
        self.put_slice(&rope.head);
    }

    /// Puts an unsigned varint.
    pub fn put_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.head.put_u8(0x80 | value.to_le_bytes()[0]);
            value >>= 7;
        }
        self.head.put_u8(value.to_le_bytes()[0]);
    }

    /// Puts the number of elements of an array, or the length of bytes.
    ///
    /// # Errors
    /// `TooLong` from 2^31-1.
    pub fn put_len(&mut self, len: usize, flexible: bool) -> Result<(), EncodeError> {
        let value = i32::try_from(len).ok().filter(|len| *len < i32::MAX).ok_or(EncodeError::TooLong(len))?;
        match flexible {
            true => self.put_varint(value.unsigned_abs() + 1),
            false => self.put_i32(value),
        }
        Ok(())
    }

    /// Puts the mark of an array, or of bytes, that is null.
    pub fn put_null(&mut self, flexible: bool) {
        match flexible {
            true => self.put_varint(0),
            false => self.put_i32(-1),
        }
    }

    /// Makes the one byte at `at` the length of what follows it, which takes more.
    fn widen(&mut self, at: usize, len: u32) {
        for chunk in std::mem::take(self).into_chunks() {
            match at.checked_sub(self.len()).filter(|at| *at < chunk.len()) {
                Some(at) => {
                    self.put_slice(&chunk[..at]);
                    self.put_varint(len);
                    self.put_shared(&chunk.slice(at + 1..));
                }
                None => self.put_shared(&chunk),
            }
        }
    }

    /// Puts a string.
    ///
    /// # Errors
    /// `TooLong` above 32,767 bytes, in the compact form too, as in Kafka.
    pub fn put_string(&mut self, text: &str, flexible: bool) -> Result<(), EncodeError> {
        let len = i16::try_from(text.len()).map_err(|_| EncodeError::TooLong(text.len()))?;
        match flexible {
            true => self.put_varint(u32::from(len.unsigned_abs()) + 1),
            false => self.put_i16(len),
        }
        self.put_slice(text.as_bytes());
        Ok(())
    }

    /// Puts a string that may be null.
    ///
    /// # Errors
    /// As `put_string`.
    pub fn put_nullable_string(&mut self, text: Option<&str>, flexible: bool) -> Result<(), EncodeError> {
        match text {
            Some(text) => self.put_string(text, flexible)?,
            None if flexible => self.put_varint(0),
            None => self.put_i16(-1),
        }
        Ok(())
    }

    /// Puts opaque bytes with their length.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn put_bytes(&mut self, bytes: &Bytes, flexible: bool) -> Result<(), EncodeError> {
        self.put_len(bytes.len(), flexible)?;
        self.put_shared(bytes);
        Ok(())
    }

    /// Puts opaque bytes that may be null.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn put_nullable_bytes(&mut self, bytes: Option<&Bytes>, flexible: bool) -> Result<(), EncodeError> {
        match bytes {
            Some(bytes) => self.put_bytes(bytes, flexible)?,
            None => self.put_null(flexible),
        }
        Ok(())
    }

    /// Puts records with their length; large parts by reference.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn put_nullable_records(
        &mut self,
        records: Option<&Records>,
        flexible: bool,
    ) -> Result<(), EncodeError> {
        let Some(records) = records else {
            self.put_null(flexible);
            return Ok(());
        };
        self.put_len(records.len(), flexible)?;
        records.parts().iter().for_each(|part| self.put_shared(part));
        Ok(())
    }

    /// Puts the tagged fields that end a structure.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn put_tags(&mut self, tags: Tags) -> Result<(), EncodeError> {
        self.put_varint(tags.count);
        self.put_rope(tags.fields);
        Ok(())
    }
}

/// The tagged fields of one structure that differ from their defaults, by rising tag.
#[derive(Debug, Default)]
pub struct Tags {
    count: u32,
    fields: Rope,
}

impl Tags {
    /// Adds a field.
    ///
    /// # Errors
    /// What `write` returns, `TooLong`.
    pub fn add(
        &mut self,
        tag: u32,
        write: impl FnOnce(&mut Rope) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        if self.count == 0 {
            self.fields.head.reserve(TAGS_BYTES);
        }
        self.fields.put_varint(tag);
        let at = self.fields.len();
        self.fields.head.put_u8(0);
        write(&mut self.fields)?;
        let len = self.fields.len() - at - 1;
        let len = u32::try_from(len).map_err(|_| EncodeError::TooLong(len))?;
        match u8::try_from(len) {
            Ok(short @ ..0x80) if self.fields.done.is_empty() => self.fields.head[at] = short,
            _ => self.fields.widen(at, len),
        }
        self.count += 1;
        Ok(())
    }
}
