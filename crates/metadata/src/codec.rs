//! Bytes of the metadata's own formats: big-endian numbers, texts and lists with a length before them.
//!
//! *Invariant*: a length read from bytes never becomes an allocation before that many bytes are
//! there; every failure is a [`DecodeError`], never a panic. Tests: here and in record/tests.rs.

use types::{BrokerId, DirectoryId, TopicId, Uuid};

/// Why bytes are not what they claim to be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("the bytes end inside a value")]
    Truncated,
    /// Bytes are left over behind the last value.
    #[error("{0} bytes are left over")]
    LeftOver(usize),
    /// A kind of record that this build does not know.
    #[error("record kind {0} is not known to this version of Highwater")]
    UnknownKind(u8),
    /// A version of a format that this build does not know.
    #[error("{what} has version {version}, which this version of Highwater does not know")]
    UnknownVersion {
        /// Which format.
        what: &'static str,
        /// The version found.
        version: u8,
    },
    /// A value that its type does not allow.
    #[error("{0} has an illegal value")]
    BadValue(&'static str),
}

/// Collects encoded values.
#[derive(Default)]
pub(crate) struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn i16(&mut self, value: i16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn uuid(&mut self, value: Uuid) {
        self.bytes.extend_from_slice(&value.0);
    }

    /// Writes a count of things that follow. No list of ours reaches 2^32.
    pub(crate) fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(crate) fn block(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.block(text.as_bytes());
    }

    pub(crate) fn optional<T>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Encoder, &T)) {
        self.bool(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(crate) fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Encoder, &T)) {
        self.count(items.len());
        items.iter().for_each(|item| write(self, item));
    }

    pub(crate) fn brokers(&mut self, brokers: &[BrokerId]) {
        self.list(brokers, |out, broker| out.i32(broker.0));
    }
}

/// Reads encoded values from bytes, front to back.
pub(crate) struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Decoder<'a> {
        Decoder { rest: bytes }
    }

    /// Checks that everything has been read.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::LeftOver(self.rest.len())) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::BadValue("flag")),
        }
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid(self.array()?))
    }

    pub(crate) fn topic_id(&mut self) -> Result<TopicId, DecodeError> {
        Ok(TopicId(self.uuid()?))
    }

    pub(crate) fn directory_id(&mut self) -> Result<DirectoryId, DecodeError> {
        Ok(DirectoryId(self.uuid()?))
    }

    pub(crate) fn broker_id(&mut self) -> Result<BrokerId, DecodeError> {
        Ok(BrokerId(self.i32()?))
    }

    pub(crate) fn block(&mut self) -> Result<&'a [u8], DecodeError> {
        let count = usize::try_from(self.u32()?).map_err(|_| DecodeError::Truncated)?;
        self.take(count)
    }

    pub(crate) fn text(&mut self) -> Result<String, DecodeError> {
        let bytes = self.block()?;
        std::str::from_utf8(bytes).map(str::to_string).map_err(|_| DecodeError::BadValue("text"))
    }

    pub(crate) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.bool()? { read(self).map(Some) } else { Ok(None) }
    }

    /// Reads a list; the vector grows only as elements turn out to be there.
    pub(crate) fn list<T>(
        &mut self,
        read: impl Fn(&mut Decoder<'a>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.u32()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(crate) fn brokers(&mut self) -> Result<Vec<BrokerId>, DecodeError> {
        self.list(Decoder::broker_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a huge length in a few bytes is an error, not an allocation.
    #[test]
    fn lengths_are_believed_only_with_their_bytes() {
        let bytes = [0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(Decoder::new(&bytes).text(), Err(DecodeError::Truncated));
        assert_eq!(Decoder::new(&bytes).list(Decoder::u64), Err(DecodeError::Truncated));
    }

    /// Protects: flags other than 0 and 1 are refused, so that equal values have equal bytes.
    #[test]
    fn odd_flags_are_refused() {
        assert_eq!(Decoder::new(&[2]).bool(), Err(DecodeError::BadValue("flag")));
    }
}
