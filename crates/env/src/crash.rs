//! A disk in memory that forgets: for crash tests and simulation.
//!
//! It keeps two images, that of the page cache and that of the device, and what lies between them.
//! A write changes the cache and leaves its 512-byte sectors unsynced; [`DiskFile::sync`] moves them
//! to the device. Creations, renames and removals are unsynced until [`Disk::sync_dir`] of their
//! folder. Then:
//!
//! - [`CrashDisk::kill`]: the process dies, the cache stays;
//! - [`CrashDisk::power_cut`]: of everything unsynced any subset survives, chosen by a seed: each
//!   sector old or in one of its unsynced versions, each length, each change of a folder (a rename whole);
//! - a sync that fails persists some sectors, loses the others, and takes all of them for clean: the
//!   cache shows what the device will never get, until the sector is written again;
//! - [`OpenMode::ReadDevice`] shows the cache where a sector is unsynced (the kernel writes it back first,
//!   but without a flush it is not safe), else the device, so it shows what a failed sync has lost;
//! - [`OpenMode::WriteDevice`] counts as a write and a sync of what was written;
//! - calls can be made to fail ([`Fault`]), the disk can be full, the power can be cut after a given
//!   number of operations, and [`Sabotage`] breaks the disk's own promises, to test the tests.
//!
//! Operations are the calls that change something or make it safe; they are counted from 1 and traced.
//! All is deterministic: same calls, same seed, same disk. Paths are taken from the root, which is
//! durable; folders must be made; a name has at most 255 bytes. Tests: `crash/tests.rs`.

mod content;
mod draw;
mod file;
mod state;
mod tree;

use crate::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};
use file::{CrashFile, CrashLock};
use state::State;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Says whether a path is meant.
pub type PathFilter = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// Says whether a write is meant, by its path and what it writes.
pub type WriteFilter = Box<dyn FnMut(&Path, &[u8]) -> bool + Send>;

/// A kind of call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Call {
    /// A file comes to be by opening or locking it.
    Create,
    /// Bytes are written.
    Write,
    /// A file is cut or grown.
    SetSize,
    /// A file is synced.
    Sync,
    /// A folder is made.
    CreateDir,
    /// A name changes.
    Rename,
    /// A file goes.
    RemoveFile,
    /// A folder goes.
    RemoveDir,
    /// A folder is synced.
    SyncDir,
    /// Bytes are read: no operation, but it can fail.
    Read,
    /// A file that is there is opened: no operation, but it can fail.
    Open,
}

/// How a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The device reports an error (EIO).
    Io,
    /// The disk is full (ENOSPC).
    NoSpace,
    /// The process has no descriptor left (EMFILE).
    NoDescriptor,
}

impl Failure {
    fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Failure::Io => 5,
            Failure::NoSpace => 28,
            Failure::NoDescriptor => 24,
        })
    }
}

/// When a call fails. It fails once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// The `n`-th call of a kind from now on; 1 is the next.
    Nth(Call, u64),
    /// The operation of this number; see [`CrashDisk::ops`].
    Op(u64),
}

/// A call that is made to fail.
#[derive(Clone)]
pub struct Fault {
    /// When.
    pub when: When,
    /// How.
    pub failure: Failure,
    /// Which paths count for [`When::Nth`]; all if there is none.
    pub paths: Option<PathFilter>,
}

impl Fault {
    /// Makes a call fail, whatever its path.
    pub fn new(when: When, failure: Failure) -> Fault {
        Fault { when, failure, paths: None }
    }
}

/// Promises that the disk breaks. With any of them a crash test must turn red.
#[derive(Clone, Default)]
pub struct Sabotage {
    /// Syncs of these files report success and do nothing.
    pub swallow_sync: Option<PathFilter>,
    /// Syncs of these folders report success and do nothing.
    pub swallow_sync_dir: Option<PathFilter>,
    /// [`OpenMode::ReadDevice`] shows the page cache.
    pub device_reads_cache: bool,
}

/// One operation of the trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traced {
    /// Its number, from 1.
    pub op: u64,
    /// What it was.
    pub call: Call,
    /// Which file or folder.
    pub path: PathBuf,
}

/// The disk. Cloning shares it.
#[derive(Clone)]
pub struct CrashDisk {
    state: Arc<Mutex<State>>,
}

impl Default for CrashDisk {
    fn default() -> CrashDisk {
        CrashDisk::new()
    }
}

impl CrashDisk {
    /// Makes an empty disk.
    pub fn new() -> CrashDisk {
        CrashDisk::with_seed(0)
    }

    /// Makes an empty disk; the seed draws what failing calls do to it.
    pub fn with_seed(seed: u64) -> CrashDisk {
        CrashDisk { state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// Makes an independent copy, as another process would see it: no handle or lock of this disk reaches it.
    /// Faults, the trace and a planned cut are not copied.
    pub fn fork(&self) -> CrashDisk {
        CrashDisk { state: Arc::new(Mutex::new(self.state().fork())) }
    }

    /// The process dies: its handles and locks are gone, all it wrote stays in the cache.
    pub fn kill(&self) {
        self.state().kill();
    }

    /// The power goes and comes back: what was unsynced survives in any part. Seed 0: nothing, seed 1: everything.
    pub fn power_cut(&self, seed: u64) {
        self.state().power_cut(seed);
    }

    /// Cuts the power after this many operations: every later call fails, until [`CrashDisk::power_cut`] says what
    /// survived, or [`CrashDisk::kill`] that it was but the process.
    pub fn cut_after(&self, op: u64) {
        self.state().cut_after = Some(op);
    }

    /// Cuts the power before the first write that is meant, in the same way.
    pub fn cut_before(&self, is_meant: WriteFilter) {
        self.state().cut_before = Some(is_meant);
    }

    /// Returns how many operations there were.
    pub fn ops(&self) -> u64 {
        self.state().ops
    }

    /// Returns all operations.
    pub fn trace(&self) -> Vec<Traced> {
        self.state().trace.clone()
    }

    /// Makes a call fail.
    pub fn fail(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Has writes to these files wait, whatever becomes of them then, until this is called again without any.
    pub fn hold_writes(&self, paths: Option<PathFilter>) {
        self.state().held = paths;
    }

    /// Bounds the sum of all file lengths. *Units*: bytes.
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    /// Breaks promises from now on.
    pub fn sabotage(&self, sabotage: Sabotage) {
        self.state().sabotage = sabotage;
    }

    /// Makes the disk refuse [`OpenMode::ReadDevice`] and [`OpenMode::WriteDevice`], as some file systems do.
    pub fn refuse_device(&self) {
        self.state().no_device = true;
    }

    /// Makes the disk say that it copies on write and cannot do without.
    pub fn copy_on_write(&self) {
        self.state().copies_on_write = true;
    }

    /// Changes bytes in cache and device behind everyone's back: damage.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn corrupt(&self, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.state().corrupt(path, at, bytes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk for CrashDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let (node, life) = self.state().open(path, mode)?;
        Ok(Arc::new(CrashFile { state: self.state.clone(), path: path.to_path_buf(), mode, node, life }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.state().create_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.state().rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.state().remove(path, Call::RemoveFile)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.state().remove(path, Call::RemoveDir)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.state().list(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.state().exists(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.state().sync_dir(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let (node, id) = self.state().lock(path)?;
        Ok(Box::new(CrashLock { state: self.state.clone(), node, id }))
    }

    fn free_bytes(&self, _path: &Path) -> io::Result<u64> {
        self.state().free_bytes()
    }

    fn total_bytes(&self, _path: &Path) -> io::Result<u64> {
        self.state().total_bytes()
    }

    fn overwrite_in_place(&self, _folder: &Path) -> io::Result<bool> {
        Ok(!self.state().copies_on_write)
    }
}

#[cfg(test)]
mod tests;
