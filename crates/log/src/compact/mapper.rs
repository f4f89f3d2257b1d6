//! The first pass of a compaction: the latest offset of each key in the dirty part.

use super::keys::KeyMap;
use super::txns::Txns;
use crate::append::control_of;
use crate::producers::AbortedTxn;
use types::Offset;
use wire::record::{Batch, Filtered};

/// Gathers keys until the map is full or the dirty part ends.
#[derive(Debug)]
pub struct Mapper {
    pub(super) keys: KeyMap,
    txns: Txns,
    from: Offset,
    /// Below it every record's key is in the map. It is the boundary of a batch.
    pub(super) end: Offset,
    cap: usize,
    unreadable: u64,
}

impl Mapper {
    /// Begins at `from`, the first offset that no earlier compaction has seen. Batches are decompressed up to `cap` bytes.
    pub fn new(keys: KeyMap, from: Offset, aborted: &[AbortedTxn], cap: usize) -> Mapper {
        Mapper { keys, txns: Txns::new(aborted), from, end: from, cap, unreadable: 0 }
    }

    /// Takes the next batch of the log; says whether there was room for all of it. If not, the pass ends before it.
    pub fn take(&mut self, batch: &Batch) -> bool {
        let header = *batch.header();
        let discards = self.txns.discards(&header, control_of(batch));
        if header.next_offset() <= self.from {
            return true;
        }
        let mut fits = true;
        if !discards && !header.is_control() && header.record_count > 0 {
            let (keys, from) = (&mut self.keys, self.from);
            let read = Filtered::of(batch, self.cap, |record| {
                if let Some(key) = record.key.filter(|_| fits && record.offset >= from) {
                    fits = keys.put(key, record.offset);
                }
                false
            });
            // Its records stay, and so do the earlier ones of its keys.
            self.unreadable += u64::from(read.is_err());
        }
        if fits {
            self.end = header.next_offset();
        }
        fits
    }

    /// Returns the offset below which every record's key is in the map.
    pub fn end(&self) -> Offset {
        self.end
    }

    /// Returns how many batches could not be decoded within the cap.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Returns the map.
    pub fn keys(&self) -> &KeyMap {
        &self.keys
    }
}
