//! A transaction index that is missing or wrong, made anew from the batches (X13).
//!
//! What the first segments do not tell of a transaction that began before them, nobody can ask for: it counts as begun
//! with its first batch that is left. So the entries may differ from those that were lost, and serve readers as well.
//! Tests: `crates/log/tests/crash_directory/transactions.rs`.

use super::{Directory, producers};
use crate::fault::FileFault;
use crate::files::{live_path, put_txn_index};
use crate::layout::SegmentFile;
use crate::segments::SegmentMeta;
use crate::txn_index::TxnIndexMeta;
use std::path::Path;
use types::LogKey;

impl Directory {
    /// Writes the transaction index of the last of these segments, which are all of the log up to it; returns what the state
    /// is to know of it. Nothing if the batches cannot be read now, or the log is gone.
    ///
    /// # Errors
    /// As every job.
    pub fn rebuild_txn_index(
        &mut self,
        key: LogKey,
        segments: &[SegmentMeta],
    ) -> Result<Option<Option<TxnIndexMeta>>, FileFault> {
        self.job(|directory| {
            let (Some(folder), Some(last)) = (directory.folder_of(key), segments.last()) else {
                return Ok(None);
            };
            let rebuilt = directory.write_txn_index(&folder, segments, last)?;
            directory.registry().close(key, last.base);
            Ok(rebuilt)
        })
    }

    fn write_txn_index(
        &mut self,
        folder: &Path,
        segments: &[SegmentMeta],
        last: &SegmentMeta,
    ) -> Result<Option<Option<TxnIndexMeta>>, FileFault> {
        let now = self.clock.now().wall;
        // Whoever reads the batches says what is wrong with them.
        let Ok(aborted) = producers::aborted_in_last(&*self.disk, folder, segments, now) else {
            return Ok(None);
        };
        let path = live_path(&*self.disk, folder, last, SegmentFile::TxnIndex)?;
        put_txn_index(&*self.disk, &path, &aborted)?;
        self.unsynced.insert(folder.to_path_buf());
        Ok(Some(TxnIndexMeta::of(&aborted)))
    }
}
