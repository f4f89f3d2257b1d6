//! Kafka's wire protocol: bytes in, structs out, and back.
//!
//! Messages are generated from `schema/` by `cargo xtask codegen` (D-11) and live in one module per
//! message, for instance `fetch_request`, because names of inner structures repeat; so do the formats
//! that groups and transactions store (`Stored`). `record` holds the record batch format. Nothing here does I/O, and no length on the wire becomes an allocation
//! before that many bytes are present.

mod error;
mod frame;
mod generated;
mod header;
mod message;
mod reader;
pub mod record;
mod records;
mod rope;
mod stored;

pub use error::{DecodeError, EncodeError};
pub use frame::{
    FrameLengthError, LENGTH_SIZE, read_response, request_frame, request_length, response_frame,
};
pub use generated::api::{APIS, ApiKey};
pub use generated::*;
pub use header::{RequestHeader, RequestId, ResponseHeader, request_header_version, response_header_version};
pub use message::{ApiInfo, ApiMessage, Message, Request};
pub use reader::Reader;
pub use records::Records;
pub use rope::{Rope, SHARE_FROM_BYTES, Tags};
pub use stored::Stored;
