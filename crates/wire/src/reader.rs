//! Reads the primitive types of Kafka's protocol out of one frame.
//!
//! A length on the wire is checked against the bytes present before anything is allocated for it
//! (D-11); record bytes and opaque bytes are slices of the frame, not copies. `flexible` chooses the
//! compact forms of KIP-482 (length + 1 as an unsigned varint) over the old fixed-size lengths.
//! Tests: `tests/wire/reader.rs`, `tests/decode_memory.rs`.

use crate::error::DecodeError;
use crate::records::Records;
use bytes::Bytes;
use types::Uuid;

/// Elements that an array reserves before one of them has been decoded.
const FIRST_CAPACITY: usize = 1024;

/// Longest string; Kafka has it for the compact form too.
const MAX_STRING_BYTES: usize = 0x7fff;

/// Cursor over the bytes of one frame.
///
/// *Invariant*: `at <= end <= bytes.len()`; `end` is lower than the frame's end only inside a tagged
/// field.
#[derive(Clone, Debug)]
pub struct Reader {
    bytes: Bytes,
    at: usize,
    end: usize,
}

impl Reader {
    /// Starts at the first byte.
    pub fn new(bytes: Bytes) -> Reader {
        let end = bytes.len();
        Reader { bytes, at: 0, end }
    }

    /// Returns the number of bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.end - self.at
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `LeftOver` when bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(DecodeError::LeftOver(left)),
        }
    }

    /// Returns where the next `len` bytes lie and steps over them.
    fn step(&mut self, len: usize) -> Result<std::ops::Range<usize>, DecodeError> {
        let left = self.remaining();
        if len > left {
            return Err(DecodeError::Truncated { wanted: len, left });
        }
        let from = self.at;
        self.at += len;
        Ok(from..self.at)
    }

    fn slice(&mut self, len: usize) -> Result<&[u8], DecodeError> {
        let range = self.step(len)?;
        self.bytes.get(range).ok_or(DecodeError::Truncated { wanted: len, left: 0 })
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let slice = self.slice(N)?;
        slice.try_into().map_err(|_| DecodeError::Truncated { wanted: N, left: 0 })
    }

    /// Reads a byte that is true unless zero.
    ///
    /// # Errors
    /// `Truncated`; so for every fixed-size type below.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.i8()? != 0)
    }

    /// Reads an `int8`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        Ok(i8::from_be_bytes(self.fixed()?))
    }

    /// Reads an `int16`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    /// Reads a `uint16`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.fixed()?))
    }

    /// Reads an `int32`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    /// Reads a `uint32`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.fixed()?))
    }

    /// Reads an `int64`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    /// Reads a `float64`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_be_bytes(self.fixed()?))
    }

    /// Reads a `uuid`.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid(self.fixed()?))
    }

    /// Reads an unsigned varint of at most 32 bits.
    ///
    /// # Errors
    /// `Truncated`; `VarintTooLong` for more than five bytes or more than 32 bits.
    pub fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            if shift == 28 && byte > 0x0f {
                return Err(DecodeError::VarintTooLong);
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::VarintTooLong)
    }

    /// Reads a length in its compact form: 0 is null, else the length plus one.
    fn compact_len(&mut self) -> Result<Option<usize>, DecodeError> {
        let Some(len) = self.varint()?.checked_sub(1) else { return Ok(None) };
        let signed = i32::from_be_bytes(len.to_be_bytes());
        usize::try_from(signed).map(Some).map_err(|_| DecodeError::NegativeLength(signed))
    }

    /// Reads a length of four bytes, or its compact form; -1 is null.
    fn len(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible { self.compact_len() } else { signed_len(self.i32()?) }
    }

    /// Reads a string that may be null.
    ///
    /// # Errors
    /// `Truncated`, `NegativeLength`, `VarintTooLong`, `StringTooLong`, `InvalidUtf8`.
    pub fn nullable_string(&mut self, flexible: bool) -> Result<Option<String>, DecodeError> {
        let len = if flexible { self.compact_len()? } else { signed_len(i32::from(self.i16()?))? };
        let Some(len) = len else { return Ok(None) };
        if len > MAX_STRING_BYTES {
            return Err(DecodeError::StringTooLong(len));
        }
        let text = std::str::from_utf8(self.slice(len)?).map_err(|_| DecodeError::InvalidUtf8)?;
        Ok(Some(text.to_owned()))
    }

    /// Reads a string.
    ///
    /// # Errors
    /// As `nullable_string`, and `UnexpectedNull`.
    pub fn string(&mut self, flexible: bool) -> Result<String, DecodeError> {
        self.nullable_string(flexible)?.ok_or(DecodeError::UnexpectedNull)
    }

    /// Reads opaque bytes that may be null, as a slice of the frame.
    ///
    /// # Errors
    /// `Truncated`, `NegativeLength`, `VarintTooLong`.
    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Bytes>, DecodeError> {
        let Some(len) = self.len(flexible)? else { return Ok(None) };
        let range = self.step(len)?;
        Ok(Some(self.bytes.slice(range)))
    }

    /// Reads opaque bytes.
    ///
    /// # Errors
    /// As `nullable_bytes`, and `UnexpectedNull`.
    pub fn bytes(&mut self, flexible: bool) -> Result<Bytes, DecodeError> {
        self.nullable_bytes(flexible)?.ok_or(DecodeError::UnexpectedNull)
    }

    /// Reads records that may be null, as a slice of the frame.
    ///
    /// # Errors
    /// As `nullable_bytes`.
    pub fn nullable_records(&mut self, flexible: bool) -> Result<Option<Records>, DecodeError> {
        Ok(self.nullable_bytes(flexible)?.map(Records::from))
    }

    /// Reads an array that may be null. `min_size` is the least number of bytes that an element
    /// takes on the wire; together with the frame's size it bounds what is allocated.
    ///
    /// # Errors
    /// `CountTooLarge` before anything is allocated; else what `element` returns.
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        min_size: usize,
        mut element: impl FnMut(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.len(flexible)? else { return Ok(None) };
        let left = self.remaining();
        if count.checked_mul(min_size).is_none_or(|least| least > left) {
            return Err(DecodeError::CountTooLarge { count, left });
        }
        let mut elements = Vec::with_capacity(count.min(FIRST_CAPACITY));
        for done in 0..count {
            if done == FIRST_CAPACITY {
                elements.reserve_exact(count - done);
            }
            elements.push(element(self)?);
        }
        Ok(Some(elements))
    }

    /// Reads an array.
    ///
    /// # Errors
    /// As `nullable_array`, and `UnexpectedNull`.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        min_size: usize,
        element: impl FnMut(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.nullable_array(flexible, min_size, element)?.ok_or(DecodeError::UnexpectedNull)
    }

    /// Reads a structure that may be null: one byte, below zero for null, then its fields.
    ///
    /// # Errors
    /// What `fields` returns.
    pub fn nullable_struct<T>(
        &mut self,
        fields: impl FnOnce(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.i8()? < 0 { Ok(None) } else { fields(self).map(Some) }
    }

    /// Reads a structure in a tagged field that may be null: an unsigned varint, zero for null, then its fields.
    ///
    /// # Errors
    /// `Truncated`, `VarintTooLong`; else what `fields` returns.
    pub fn nullable_tagged_struct<T>(
        &mut self,
        fields: impl FnOnce(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.varint()? == 0 { Ok(None) } else { fields(self).map(Some) }
    }

    /// Reads the tagged fields at the end of a structure. `known` decodes the field of a tag and
    /// returns true, or returns false for a tag that this version does not know: it is skipped.
    ///
    /// # Errors
    /// `TagOrder`, `TagSize`; else what `known` returns.
    pub fn tags(
        &mut self,
        mut known: impl FnMut(u32, &mut Reader) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.varint()?;
        let mut next = 0u32;
        for _ in 0..count {
            let tag = self.varint()?;
            if tag < next {
                return Err(DecodeError::TagOrder(tag));
            }
            next = tag.checked_add(1).ok_or(DecodeError::TagOrder(tag))?;
            self.tag(tag, &mut known)?;
        }
        Ok(())
    }

    fn tag(
        &mut self,
        tag: u32,
        known: &mut impl FnMut(u32, &mut Reader) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let size = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let field = self.step(size)?;
        let outer = self.end;
        (self.at, self.end) = (field.start, field.end);
        let decoded = known(tag, self)?;
        if decoded && self.at != field.end {
            return Err(DecodeError::TagSize(tag));
        }
        (self.at, self.end) = (field.end, outer);
        Ok(())
    }
}

fn signed_len(len: i32) -> Result<Option<usize>, DecodeError> {
    match len {
        -1 => Ok(None),
        _ => usize::try_from(len).map(Some).map_err(|_| DecodeError::NegativeLength(len)),
    }
}
