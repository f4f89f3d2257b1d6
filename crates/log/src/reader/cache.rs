//! Which folder is whose, and the segments that are open.

use super::{ReadFault, Reader};
use crate::fault::is_no_descriptor;
use crate::index::{self, SparseIndex};
use crate::layout::{SegmentFile, segment_name, swap_name};
use crate::producers::AbortedTxn;
use crate::segments::SegmentMeta;
use crate::txn_index::{self, TxnIndexMeta};
use env::{Disk, DiskFile, OpenMode};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use types::{LogKey, Mutant, Offset};

/// Ends of reads that are remembered per segment, so that a consumer that goes on needs no index.
const ENDS: usize = 8;

/// A segment, before or after compaction has made its files anew.
type OpenKey = (LogKey, Offset, bool);

/// Folders and open segments. *Invariant*: `by_use` holds each open segment once.
#[derive(Default)]
pub(super) struct Cache {
    folders: BTreeMap<LogKey, (Arc<str>, u64)>,
    open: BTreeMap<OpenKey, (Arc<OpenSegment>, u64)>,
    by_use: BTreeMap<u64, OpenKey>,
    uses: u64,
    pub(super) unfit: Vec<(LogKey, SegmentMeta)>,
    pub(super) unfit_txns: BTreeSet<(LogKey, Offset)>,
}

impl Cache {
    pub(super) fn folder(&self, key: LogKey) -> Option<(Arc<str>, u64)> {
        self.folders.get(&key).cloned()
    }

    pub(super) fn generation(&self, key: LogKey) -> Option<u64> {
        self.folders.get(&key).map(|(_, generation)| *generation)
    }

    pub(super) fn get(&mut self, at: OpenKey) -> Option<Arc<OpenSegment>> {
        let (open, used) = self.open.get_mut(&at)?;
        self.by_use.remove(used);
        self.uses += 1;
        *used = self.uses;
        self.by_use.insert(self.uses, at);
        Some(open.clone())
    }

    pub(super) fn insert(&mut self, at: OpenKey, open: Arc<OpenSegment>, limit: usize) {
        self.close(at.0, at.1);
        self.uses += 1;
        self.open.insert(at, (open, self.uses));
        self.by_use.insert(self.uses, at);
        while self.open.len() > limit.max(1) {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.open.remove(&oldest);
        }
    }

    pub(super) fn close(&mut self, key: LogKey, base: Offset) {
        for at in [(key, base, false), (key, base, true)] {
            if let Some((_, used)) = self.open.remove(&at) {
                self.by_use.remove(&used);
            }
        }
    }

    fn close_log(&mut self, key: LogKey) {
        let range = (key, Offset(i64::MIN), false)..=(key, Offset(i64::MAX), true);
        let bases: Vec<Offset> = self.open.range(range).map(|((_, base, _), _)| *base).collect();
        bases.into_iter().for_each(|base| self.close(key, base));
    }
}

/// The directory's side of the reader: which log lies where, and when its files change.
pub(crate) struct Registry<'a>(pub(crate) &'a Reader);

impl Registry<'_> {
    /// Names the folder of a log. The first name, or another one, makes older plans void.
    pub(crate) fn set_folder(&self, key: LogKey, folder: &str) {
        let mut cache = self.0.cache();
        let generation = cache.generation(key).map_or(0, |generation| generation + 1);
        cache.folders.insert(key, (folder.into(), generation));
        cache.close_log(key);
    }

    /// Returns the folder of a log.
    pub(crate) fn folder(&self, key: LogKey) -> Option<Arc<str>> {
        self.0.cache().folder(key).map(|(folder, _)| folder)
    }

    /// Says that files of a log are about to change, or have changed: older plans are void.
    pub(crate) fn touch(&self, key: LogKey) {
        let mut cache = self.0.cache();
        if let Some((_, generation)) = cache.folders.get_mut(&key) {
            *generation += 1;
        }
        cache.close_log(key);
    }

    /// Closes the files of one segment, whose indexes were written anew.
    pub(crate) fn close(&self, key: LogKey, base: Offset) {
        self.0.cache().close(key, base);
    }

    /// Forgets a log.
    pub(crate) fn remove(&self, key: LogKey) {
        let mut cache = self.0.cache();
        cache.folders.remove(&key);
        cache.close_log(key);
    }
}

/// Opens a file of a segment; one that compaction has made has one of two names, whose change is one step.
fn open_named(
    disk: &dyn Disk,
    folder: &Path,
    (base, has_swap): (Offset, bool),
    file: SegmentFile,
) -> Result<(PathBuf, Arc<dyn DiskFile>), (PathBuf, io::Error)> {
    if has_swap {
        let path = folder.join(swap_name(base, file));
        match disk.open(&path, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((path, error)),
            Ok(open) => return Ok((path, open)),
        }
    }
    let path = folder.join(segment_name(base, file));
    disk.open(&path, OpenMode::Read).map(|open| (path.clone(), open)).map_err(|error| (path, error))
}

/// Reads a file of this size; one of another size is not read.
fn read_all(file: &dyn DiskFile, size: u64) -> io::Result<Vec<u8>> {
    if file.size()? != size {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| io::ErrorKind::InvalidData)?];
    let got = file.read_at(&mut bytes, 0)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// The files of one segment.
pub(super) struct OpenSegment {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    pub(super) base: Offset,
    path: PathBuf,
    has_swap: bool,
    pub(super) log: Arc<dyn DiskFile>,
    offsets: OnceLock<Arc<dyn DiskFile>>,
    times: OnceLock<Arc<dyn DiskFile>>,
    built: OnceLock<SparseIndex>,
    txns: Mutex<Option<(TxnIndexMeta, Arc<[AbortedTxn]>)>>,
    ends: Mutex<VecDeque<(Offset, u64)>>,
    unfit: AtomicBool,
}

impl OpenSegment {
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        (base, has_swap): (Offset, bool),
    ) -> Result<OpenSegment, ReadFault> {
        let (path, log) =
            open_named(&*disk, &folder, (base, has_swap), SegmentFile::Log).map_err(|(path, source)| {
                match source.kind() {
                    io::ErrorKind::NotFound => ReadFault::Gone,
                    _ => ReadFault::Open { path, source },
                }
            })?;
        Ok(OpenSegment {
            disk,
            folder,
            base,
            path,
            has_swap,
            log,
            offsets: OnceLock::new(),
            times: OnceLock::new(),
            built: OnceLock::new(),
            txns: Mutex::default(),
            ends: Mutex::default(),
            unfit: AtomicBool::new(false),
        })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// Returns an index file, nothing if there is none yet. Want of a descriptor says nothing about the index.
    pub(super) fn index(&self, file: SegmentFile) -> Result<Option<&dyn DiskFile>, ReadFault> {
        let slot = if file == SegmentFile::TimeIndex { &self.times } else { &self.offsets };
        if let Some(known) = slot.get() {
            return Ok(Some(&**known));
        }
        match open_named(&*self.disk, &self.folder, (self.base, self.has_swap), file) {
            Err((path, source)) if is_no_descriptor(&source) => Err(ReadFault::Open { path, source }),
            Err(_) => Ok(None),
            Ok((_, file)) => Ok(Some(&**slot.get_or_init(|| file))),
        }
    }

    /// Returns the aborted transactions of an index, read now or before.
    pub(super) fn txns(&self, known: &TxnIndexMeta) -> Result<Arc<[AbortedTxn]>, ReadFault> {
        let mut held = self.txns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((meta, txns)) = held.as_ref().filter(|(meta, _)| meta == known) {
            debug_assert_eq!(meta.entries as usize, txns.len());
            return Ok(txns.clone());
        }
        let named = (self.base, self.has_swap);
        let bytes = match open_named(&*self.disk, &self.folder, named, SegmentFile::TxnIndex) {
            Err((path, source)) if is_no_descriptor(&source) => return Err(ReadFault::Open { path, source }),
            Err(_) => None,
            Ok((_, file)) => read_all(&*file, known.bytes()).ok(),
        };
        let txns = bytes.and_then(|bytes| txn_index::decode(&bytes, known));
        if txns.is_none() && Mutant::LostIndexIsEmpty.is_on() {
            return Ok(Arc::new([]));
        }
        let txns: Arc<[AbortedTxn]> = txns.ok_or(ReadFault::TxnIndex(self.base))?.into();
        *held = Some((*known, txns.clone()));
        Ok(txns)
    }

    /// Returns the index that was built in memory, if there is one.
    pub(super) fn built(&self) -> Option<&SparseIndex> {
        self.built.get()
    }

    /// Builds an index in memory, because the one on disk is unfit.
    pub(super) fn build(&self, end: u64) -> io::Result<&SparseIndex> {
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        self.unfit.store(true, Ordering::Relaxed);
        let built = index::build(&*self.log, self.base, end)?;
        Ok(self.built.get_or_init(|| built))
    }

    /// Says once that the indexes on disk are unfit.
    pub(super) fn take_unfit(&self) -> bool {
        self.unfit.swap(false, Ordering::Relaxed)
    }

    /// Remembers where a read ended.
    pub(super) fn note_end(&self, next: Offset, position: u64) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.truncate(ENDS - 1);
        ends.push_front((next, position));
    }

    /// Returns where a batch with this base offset begins, if a read ended there.
    pub(super) fn end_at(&self, offset: Offset) -> Option<u64> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().find(|(next, _)| *next == offset).map(|(_, position)| *position)
    }
}
