//! Kafka's record batch, format 2: the unit that producers send, the log stores and consumers read.
//!
//! A batch is kept as it came (D-5): only base offset and leader epoch, which lie outside the CRC,
//! are patched. Byte layout in [`header`](BatchHeader). Everything here is pure and bounded: a length
//! that a client wrote never becomes an allocation before it has been weighed against the bytes there are
//! and against the cap of the caller.
//!
//! | to do | use |
//! |---|---|
//! | accept a batch from a client | [`admit`], or [`check`] alone |
//! | store it with another codec | [`recompress`] |
//! | stamp and store it | [`Batch`] |
//! | walk a segment | [`Batches`], [`verify_crc`] |
//! | find a time in a batch | [`find_timestamp`], [`first_with_max_timestamp`] |
//! | read records | [`Records`] |
//! | write records | [`BatchBuilder`] |
//! | take records out | [`Filtered`], [`BatchHeader::emptied`] |
//! | mark the end of a transaction | [`ControlRecord`] |
//!
//! Source: KIP-98, KIP-82; `DefaultRecordBatch`, `DefaultRecord` and `LogValidator` of Kafka 4.3.1.
//! Tests: beside each file and in `crates/wire/tests/record_*.rs`.

mod batch;
mod builder;
mod check;
mod compress;
mod control;
mod error;
mod find;
mod header;
mod quick;
mod reader;
mod recompress;
mod retain;
mod varint;
mod walk;

pub use batch::{Batch, BatchSpan, Batches, batch_crc, verify_crc};
pub use builder::{BatchBuilder, BuildError};
pub use check::{CheckRules, Checked, TimestampRules, admit, check};
pub use compress::{Codec, CodecError, ParseCodecError, compress, decompress};
pub use control::{ControlKind, ControlRecord};
pub use error::{BatchError, RecordDefect, RecordError, RecordFault};
pub use find::{FoundRecord, find_timestamp, first_with_max_timestamp};
pub use header::{Attributes, BatchHeader, HEADER_BYTES, HeaderError, OVERHEAD_BYTES, TimestampType};
pub use reader::{ReadError, Record, Records};
pub use recompress::{RecompressLimits, Target, recompress};
pub use retain::{Filtered, KeyedRecord};
