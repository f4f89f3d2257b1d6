//! What every generated message has in common, and what the table of APIs says of each.

use crate::error::{DecodeError, EncodeError};
use crate::reader::Reader;
use crate::rope::Rope;

/// The body of a request or response, or a stored format. The struct is version-free: it has the fields of all versions.
///
/// *Invariant*: what `encode` wrote in a version, `decode` reads in that version.
pub trait Message: Sized + Default {
    /// Name of the message, for instance `ProduceRequest`.
    const NAME: &'static str;
    /// Oldest version of the schema.
    const MIN: i16;
    /// Newest version of the schema; `ApiInfo::max` is lower when this one is not stable yet.
    const MAX: i16;
    /// First version with compact forms and tagged fields; `i16::MAX` if there is none.
    const FLEXIBLE_FROM: i16;

    /// Reads a body; bytes that are left are the caller's to check (`Reader::finish`).
    ///
    /// # Errors
    /// `UnsupportedVersion`, else what is wrong with the bytes.
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError>;

    /// Writes a body.
    ///
    /// # Errors
    /// `UnsupportedVersion`; `UnsupportedField` and `UnexpectedNull` when the version
    /// cannot say what the message says; `TooLong`.
    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError>;

    /// Shows every error code in it, those that say "no error" too; nothing in a request.
    fn errors(&self, _visit: &mut dyn FnMut(i16)) {}

    /// Reads a whole body out of bytes.
    ///
    /// # Errors
    /// As `decode`, and `LeftOver`.
    fn from_bytes(bytes: bytes::Bytes, version: i16) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let message = Self::decode(&mut reader, version)?;
        reader.finish()?;
        Ok(message)
    }

    /// Writes a body into bytes of its own.
    ///
    /// # Errors
    /// As `encode`.
    fn to_bytes(&self, version: i16) -> Result<bytes::Bytes, EncodeError> {
        let mut out = Rope::new();
        self.encode(&mut out, version)?;
        Ok(out.into_bytes())
    }
}

/// The body of a request or response.
pub trait ApiMessage: Message {
    /// The API's number.
    const KEY: i16;
}

/// A request body, which knows the type of its response.
pub trait Request: ApiMessage {
    /// The body that answers it.
    type Response: ApiMessage;
}

/// Facts about one API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApiInfo {
    /// Number on the wire.
    pub key: i16,
    /// Kafka's name, for instance `Produce`.
    pub name: &'static str,
    /// Oldest version.
    pub min: i16,
    /// Newest stable version: the newest one that may be announced.
    pub max: i16,
    /// First version with compact forms, tagged fields and a flexible header; `i16::MAX` if none.
    pub flexible_from: i16,
    /// Served to clients and brokers by a broker's listener.
    pub on_broker: bool,
    /// Served by a controller's listener.
    pub on_controller: bool,
}

impl ApiInfo {
    /// Says whether a version may be used.
    pub fn supports(&self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}
