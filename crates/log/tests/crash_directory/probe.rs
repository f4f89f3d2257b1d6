//! A disk that calls back after every operation that changes something or makes it safe.

use env::crash::CrashDisk;
use env::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What is called: with the disk as it is then.
pub(crate) type Hook = Box<dyn FnMut(&CrashDisk) + Send>;

/// The disk between the directory and the crash disk.
#[derive(Clone)]
pub(crate) struct Probe {
    disk: CrashDisk,
    hook: Arc<Mutex<Hook>>,
}

impl Probe {
    pub(crate) fn new(disk: CrashDisk, hook: Hook) -> Probe {
        Probe { disk, hook: Arc::new(Mutex::new(hook)) }
    }

    fn after<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        (self.hook.lock().unwrap_or_else(PoisonError::into_inner))(&self.disk);
        outcome
    }
}

impl Disk for Probe {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.open(path, mode)?;
        let file = Arc::new(ProbeFile { file, probe: self.clone() });
        match mode {
            OpenMode::CreateNew | OpenMode::Create => self.after(Ok(file)),
            OpenMode::Read | OpenMode::ReadDevice | OpenMode::Write | OpenMode::WriteDevice => Ok(file),
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.after(self.disk.create_dir(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.after(self.disk.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.after(self.disk.remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.after(self.disk.remove_dir(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.after(self.disk.sync_dir(path))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        self.disk.lock(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_bytes(path)
    }

    fn total_bytes(&self, path: &Path) -> io::Result<u64> {
        self.disk.total_bytes(path)
    }
}

struct ProbeFile {
    file: Arc<dyn DiskFile>,
    probe: Probe,
}

impl DiskFile for ProbeFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        self.file.read_at(buffer, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.probe.after(self.file.write_at(bytes, at))
    }

    fn sync(&self) -> io::Result<()> {
        self.probe.after(self.file.sync())
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.probe.after(self.file.set_size(size))
    }
}
