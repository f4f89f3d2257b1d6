//! Reading segments: carries out what a shard has planned, and believes no byte that it has not checked.
//!
//! A batch is returned only if its structure and CRC hold, its leader epoch is the one the log has at that offset, and
//! it lies where it should: the first holds the wanted offset, each next begins where the last ended (W-18). The
//! bytes returned share the buffer they were read into. An index entry is used only if the batch there fits it;
//! otherwise an index is built in memory and the segment is noted, so that the directory can write it anew.
//!
//! A plan may be older than the files: a log's folder has a generation that rises with every cut, deletion and
//! rename, and a read during which it rose says [`ReadFault::Gone`]: plan again. Damage found by a plan that was made
//! before a cut is no damage: a caller plans once more before it believes it. A read that fails is tried once more
//! with a fresh descriptor (W-11). *Concurrency*: clones share everything; calls block and belong on disk threads.
//!
//! Tests: `crates/log/tests/crash_directory/reads.rs` and `indexes.rs`.

mod cache;
mod locate;
mod scan;
mod time;

pub(crate) use cache::Registry;
pub use time::FoundTime;

use crate::aborted::{AbortedPlan, is_met};
use crate::producers::AbortedTxn;
use crate::read_plan::{FileRead, TimeRead};
use crate::segments::{SegmentId, SegmentMeta};
use cache::{Cache, OpenSegment};
use env::Disk;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use types::{LogKey, Offset};
use wire::record::Batch;

/// Bounds of a reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReaderOptions {
    /// Most segments held open; each may take three descriptors.
    pub open_segments: usize,
    /// Most bytes that looking into one compressed batch may produce.
    pub max_decompressed_bytes: usize,
}

impl Default for ReaderOptions {
    fn default() -> ReaderOptions {
        ReaderOptions { open_segments: 256, max_decompressed_bytes: 64 << 20 }
    }
}

/// What is wrong with the bytes of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadDefect {
    /// No batch can be made of them.
    #[error("no batch begins there")]
    Structure,
    /// The batch's checksum is wrong.
    #[error("the batch's checksum is wrong")]
    Checksum,
    /// The batch was written under another leader epoch than the log had there.
    #[error("the batch has another leader epoch than the log")]
    Epoch,
    /// The batch has other offsets than belong there.
    #[error("the batch has other offsets than belong there")]
    Place,
    /// The file ends too early.
    #[error("the file is too short")]
    Short,
    /// The system cannot read them.
    #[error("the bytes cannot be read ({0})")]
    Unreadable(io::ErrorKind),
}

/// Damage of a segment, as it is reported.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} is damaged at byte {position}, offset {offset}: {defect}", file.display())]
pub struct ReadDamage {
    /// The file.
    pub file: PathBuf,
    /// Where the bad batch begins.
    pub position: u64,
    /// The offset that was looked for there.
    pub offset: Offset,
    /// What is wrong.
    pub defect: ReadDefect,
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The files have changed since the read was planned: plan again.
    #[error("the segment is gone or was cut")]
    Gone,
    /// The bytes are bad. To be believed if a second plan meets it too.
    #[error(transparent)]
    Damage(Box<ReadDamage>),
    /// The file cannot be opened now, which says nothing about its bytes.
    #[error("{} cannot be opened: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The transaction index of this segment is missing or is not what it should be: have it made anew, and plan again.
    #[error("the transaction index of segment {0} is unfit")]
    TxnIndex(Offset),
    /// The system could not read; used within the reader, which tries once more.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Reads segments. Cloning shares the open files.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    options: ReaderOptions,
    cache: Mutex<Cache>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("root", &self.shared.root).finish_non_exhaustive()
    }
}

impl Reader {
    pub(crate) fn new(disk: Arc<dyn Disk>, root: PathBuf, options: ReaderOptions) -> Reader {
        let cache = Mutex::new(Cache::default());
        Reader { shared: Arc::new(Shared { disk, root, options, cache }) }
    }

    /// Carries out a read. *Shape*: batches in offset order without gap, none beyond the bound; empty if the
    /// first does not fit `max_bytes` and need not.
    ///
    /// # Errors
    /// The plan is outdated, the bytes are damaged, or the file cannot be opened.
    pub fn read(&self, key: LogKey, read: &FileRead) -> Result<Vec<Batch>, ReadFault> {
        self.twice(key, &read.segment, read.from, |open| scan::read(open, read))
    }

    /// Finds the first record at or after a time in one segment, or nothing.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn find_time(&self, key: LogKey, read: &TimeRead) -> Result<Option<FoundTime>, ReadFault> {
        let cap = self.shared.options.max_decompressed_bytes;
        self.twice(key, &read.segment, read.from, |open| time::find(open, read, cap))
    }

    /// Finds the aborted transactions that a read of `[from, upper)` meets, in the order of their marks.
    ///
    /// # Errors
    /// The plan is outdated, an index is unfit, or a file cannot be opened or read.
    pub fn aborted(
        &self,
        key: LogKey,
        plan: &AbortedPlan,
        (from, upper): (Offset, Offset),
    ) -> Result<Vec<AbortedTxn>, ReadFault> {
        let mut met = Vec::new();
        for segment in &plan.files {
            let Some(index) = segment.txn_index.filter(|index| index.first < upper) else { continue };
            let found = self.twice(key, segment, from, |open| open.txns(&index));
            if let Err(ReadFault::TxnIndex(base)) = &found {
                self.cache().unfit_txns.insert((key, *base));
            }
            met.extend(found?.iter().filter(|txn| is_met(txn, from, upper)));
        }
        met.extend(plan.memory.iter().filter(|txn| is_met(txn, from, upper)));
        Ok(met)
    }

    /// Returns the segments whose transaction indexes were found unfit since the last call.
    pub fn take_unfit_txn_indexes(&self) -> BTreeSet<(LogKey, SegmentId)> {
        std::mem::take(&mut self.cache().unfit_txns)
    }

    /// Returns the segments whose indexes were found unfit since the last call.
    pub fn take_unfit_indexes(&self) -> Vec<(LogKey, SegmentMeta)> {
        std::mem::take(&mut self.cache().unfit)
    }

    /// Runs a read, once more with fresh descriptors if the system could not read.
    fn twice<T>(
        &self,
        key: LogKey,
        segment: &SegmentMeta,
        offset: Offset,
        run: impl Fn(&OpenSegment) -> Result<T, ReadFault>,
    ) -> Result<T, ReadFault> {
        let generation = self.cache().generation(key).ok_or(ReadFault::Gone)?;
        let (mut outcome, mut is_unfit) = self.once(key, segment, &run);
        if matches!(outcome, Err(ReadFault::Io { .. })) {
            self.cache().close(key, segment.base);
            (outcome, is_unfit) = self.once(key, segment, &run);
        }
        let mut cache = self.cache();
        if cache.generation(key) != Some(generation) {
            return Err(ReadFault::Gone);
        }
        if is_unfit {
            cache.unfit.push((key, segment.clone()));
        }
        drop(cache);
        outcome.map_err(|fault| match fault {
            ReadFault::Io { path, source } => {
                let defect = ReadDefect::Unreadable(source.kind());
                ReadFault::Damage(Box::new(ReadDamage { file: path, position: 0, offset, defect }))
            }
            other => other,
        })
    }

    /// Runs a read; says with it whether the indexes are unfit.
    fn once<T>(
        &self,
        key: LogKey,
        segment: &SegmentMeta,
        run: impl Fn(&OpenSegment) -> Result<T, ReadFault>,
    ) -> (Result<T, ReadFault>, bool) {
        match self.open(key, segment) {
            Ok(open) => (run(&open), open.take_unfit()),
            Err(fault) => (Err(fault), false),
        }
    }

    /// Returns a segment's files, opened now or before.
    fn open(&self, key: LogKey, segment: &SegmentMeta) -> Result<Arc<OpenSegment>, ReadFault> {
        let (folder, generation) = {
            let mut cache = self.cache();
            if let Some(open) = cache.get((key, segment.base, segment.swap)) {
                return Ok(open);
            }
            cache.folder(key).ok_or(ReadFault::Gone)?
        };
        let folder = self.shared.root.join(&*folder);
        let named = (segment.base, segment.swap);
        let open = Arc::new(OpenSegment::open(self.shared.disk.clone(), folder, named)?);
        let mut cache = self.cache();
        if cache.generation(key) != Some(generation) {
            return Err(ReadFault::Gone);
        }
        cache.insert((key, segment.base, segment.swap), open.clone(), self.shared.options.open_segments);
        Ok(open)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.shared.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
