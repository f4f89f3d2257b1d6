//! The disk of a simulated host: `env::crash` with a trace of every call, and a witness of what it holds.

use crate::trace::{Kind, Trace, hash};
use crate::witness::Witness;
use env::crash::CrashDisk;
use env::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Passes every call on, and writes it down with its result.
#[derive(Clone)]
pub struct TracedDisk {
    inner: CrashDisk,
    trace: Trace,
    witness: Witness,
}

impl TracedDisk {
    /// Wraps a disk.
    pub fn new(inner: CrashDisk, trace: Trace, witness: Witness) -> TracedDisk {
        TracedDisk { inner, trace, witness }
    }

    fn note<T>(&self, call: &str, path: &Path, result: &io::Result<T>) {
        self.trace.add(Kind::Disk, format_args!("{call} {} -> {}", path.display(), said(result)));
    }
}

/// Shows how a call ended, without what it returned.
fn said<T>(result: &io::Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_string(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

fn shown<T: Debug>(result: &io::Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(_) => said(result),
    }
}

impl Disk for TracedDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let opened = self.inner.open(path, mode);
        self.trace.add(Kind::Disk, format_args!("open {} {mode:?} -> {}", path.display(), said(&opened)));
        let (trace, witness, path) = (self.trace.clone(), self.witness.clone(), path.to_path_buf());
        Ok(Arc::new(TracedFile { inner: opened?, mode, path, trace, witness }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let result = self.inner.create_dir(path);
        self.note("create_dir", path, &result);
        result
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let result = self.inner.rename(from, to);
        let (from_shown, to_shown) = (from.display(), to.display());
        self.trace.add(Kind::Disk, format_args!("rename {from_shown} {to_shown} -> {}", said(&result)));
        if result.is_ok() {
            self.witness.on_rename(from, to);
        }
        result
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let result = self.inner.remove_file(path);
        self.note("remove_file", path, &result);
        result
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let result = self.inner.remove_dir(path);
        self.note("remove_dir", path, &result);
        result
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let result = self.inner.list(path);
        self.trace.add(Kind::Disk, format_args!("list {} -> {}", path.display(), shown(&result)));
        result
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let result = self.inner.exists(path);
        self.trace.add(Kind::Disk, format_args!("exists {} -> {}", path.display(), shown(&result)));
        result
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let result = self.inner.sync_dir(path);
        self.note("sync_dir", path, &result);
        result
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let result = self.inner.lock(path);
        self.note("lock", path, &result);
        result
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let result = self.inner.free_bytes(path);
        self.trace.add(Kind::Disk, format_args!("free_bytes -> {}", shown(&result)));
        result
    }

    fn total_bytes(&self, path: &Path) -> io::Result<u64> {
        let result = self.inner.total_bytes(path);
        self.trace.add(Kind::Disk, format_args!("total_bytes -> {}", shown(&result)));
        result
    }
}

struct TracedFile {
    inner: Arc<dyn DiskFile>,
    mode: OpenMode,
    path: PathBuf,
    trace: Trace,
    witness: Witness,
}

impl DiskFile for TracedFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let result = self.inner.read_at(buffer, at);
        let read = result.as_ref().ok().and_then(|count| buffer.get(..*count)).unwrap_or_default();
        if self.mode == OpenMode::ReadDevice {
            self.witness.on_device_read(&self.path, read);
        }
        let (path, len, hash) = (self.path.display(), read.len(), hash(read));
        self.trace.add(Kind::Disk, format_args!("read {path} {len}@{at} -> {} {hash:016x}", shown(&result)));
        result
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let result = self.inner.write_at(bytes, at);
        let (path, len, hash) = (self.path.display(), bytes.len(), hash(bytes));
        self.trace.add(Kind::Disk, format_args!("write {path} {len}@{at} {hash:016x} -> {}", said(&result)));
        let is_synced = result.is_ok() && self.mode == OpenMode::WriteDevice;
        self.witness.on_write(&self.path, bytes, is_synced);
        result
    }

    fn sync(&self) -> io::Result<()> {
        let result = self.inner.sync();
        self.trace.add(Kind::Disk, format_args!("sync {} -> {}", self.path.display(), said(&result)));
        if result.is_ok() {
            self.witness.on_sync(&self.path);
        }
        result
    }

    fn size(&self) -> io::Result<u64> {
        let result = self.inner.size();
        self.trace.add(Kind::Disk, format_args!("size {} -> {}", self.path.display(), shown(&result)));
        result
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        let result = self.inner.set_size(size);
        let path = self.path.display();
        self.trace.add(Kind::Disk, format_args!("set_size {path} {size} -> {}", said(&result)));
        result
    }
}
