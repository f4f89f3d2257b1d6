//! Control records: the marks that end a transaction in a partition.
//!
//! ```text
//! key:   version i16 | type i16 (0 abort, 1 commit)
//! value: version i16 | coordinator epoch i32
//! ```
//!
//! A control batch holds exactly one, is not compressed, carries the producer's id and epoch and no sequence.
//! Source: KIP-98, `ControlRecordType`, `EndTransactionMarker`. Tests: `crates/wire/tests/record_codec.rs`.

use super::builder::{BatchBuilder, BuildError};
use super::compress::Codec;
use super::reader::Record;
use bytes::{Buf, Bytes};
use types::{ProducerEpoch, ProducerId, Sequence, WallTime};

const VERSION: i16 = 0;

/// How a transaction ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlKind {
    /// Its records do not count.
    Abort,
    /// Its records count.
    Commit,
}

/// The mark that ends a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlRecord {
    /// How it ended.
    pub kind: ControlKind,
    /// Epoch of the transaction coordinator that says so.
    pub coordinator_epoch: i32,
}

impl ControlRecord {
    /// Reads the mark out of a record of a control batch; nothing if it is of a kind or version unknown here,
    /// which readers pass over.
    pub fn decode(record: &Record) -> Option<ControlRecord> {
        let mut key = record.key.clone()?;
        let mut value = record.value.clone()?;
        if key.try_get_i16().ok()? < VERSION {
            return None;
        }
        let kind = match key.try_get_i16().ok()? {
            0 => ControlKind::Abort,
            1 => ControlKind::Commit,
            _ => return None,
        };
        if value.try_get_i16().ok()? < VERSION {
            return None;
        }
        Some(ControlRecord { kind, coordinator_epoch: value.try_get_i32().ok()? })
    }

    /// Writes a control batch with this mark for a producer.
    ///
    /// # Errors
    /// None that can happen: one small record always fits.
    pub fn to_batch(self, id: ProducerId, epoch: ProducerEpoch, now: WallTime) -> Result<Bytes, BuildError> {
        let builder = BatchBuilder::new(Codec::None).producer(id, epoch, Sequence(-1)).transactional(true);
        let mut builder = builder.control();
        builder.push(now, Some(&self.key()), Some(&self.value()), &[]);
        builder.build()
    }

    fn key(self) -> [u8; 4] {
        let kind: u8 = match self.kind {
            ControlKind::Abort => 0,
            ControlKind::Commit => 1,
        };
        [0, 0, 0, kind]
    }

    fn value(self) -> [u8; 6] {
        let mut value = [0; 6];
        value[2..].copy_from_slice(&self.coordinator_epoch.to_be_bytes());
        value
    }
}
