//! What can be wrong with bytes that came in, or with a message that shall go out.
//!
//! A `DecodeError` closes the connection (reliability A1-A9); an `EncodeError` is a mistake of the
//! caller, never of the peer. Tests: `tests/wire/reader.rs`.

/// Bytes that are no message of the announced version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a field.
    #[error("the bytes end inside a field: {wanted} wanted, {left} left")]
    Truncated {
        /// Bytes that the field needs.
        wanted: usize,
        /// Bytes that there are.
        left: usize,
    },
    /// A length below zero that is not the mark for null.
    #[error("length {0} is negative")]
    NegativeLength(i32),
    /// Null where the version does not allow it.
    #[error("null where a value must be")]
    UnexpectedNull,
    /// An array that cannot fit into the bytes that are left.
    #[error("{count} elements announced, {left} bytes left")]
    CountTooLarge {
        /// Announced number of elements.
        count: usize,
        /// Bytes left for them.
        left: usize,
    },
    /// A variable-length integer with more bits than its type.
    #[error("a variable-length integer is too long")]
    VarintTooLong,
    /// A string of more than 32,767 bytes.
    #[error("a string of {0} bytes")]
    StringTooLong(usize),
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// Tagged fields that are not in strictly rising order; a duplicate is one case of it.
    #[error("tagged field {0} is out of order or given twice")]
    TagOrder(u32),
    /// A known tagged field whose content is shorter than its size says.
    #[error("tagged field {0} has another size than it says")]
    TagSize(u32),
    /// Bytes after the end of the body.
    #[error("{0} bytes left over")]
    LeftOver(usize),
    /// A version outside the schema.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// Version asked for.
        version: i16,
    },
}

/// A message that cannot be written in the asked version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EncodeError {
    /// A field is set that the version lacks and that must not be dropped silently.
    #[error("{field} is set, but version {version} does not have it")]
    UnsupportedField {
        /// The field, as `Structure.field`.
        field: &'static str,
        /// Version asked for.
        version: i16,
    },
    /// A field is null where the version does not allow it.
    #[error("{field} is null, which version {version} does not allow")]
    UnexpectedNull {
        /// The field, as `Structure.field`.
        field: &'static str,
        /// Version asked for.
        version: i16,
    },
    /// A string, array or body longer than its length field can say.
    #[error("a length of {0} does not fit the format")]
    TooLong(usize),
    /// A version outside the schema.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// Version asked for.
        version: i16,
    },
}
