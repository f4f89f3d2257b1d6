//! The end of a broker: the directory is another's only when nothing of this one writes to it.

use crate::batches::batch;
use crate::harness::Broker;
use crate::machine::{env_of, root};
use env::crash::CrashDisk;
use env::{DirEntry, Disk, DiskFile, DiskLock, Env, OpenMode};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A disk that notes after which operation its lock was given up.
struct Watched {
    disk: CrashDisk,
    given_up: Arc<AtomicU64>,
}

struct WatchedLock {
    disk: CrashDisk,
    given_up: Arc<AtomicU64>,
    _held: Box<dyn DiskLock>,
}

impl DiskLock for WatchedLock {}

impl Drop for WatchedLock {
    fn drop(&mut self) {
        self.given_up.store(self.disk.ops(), Ordering::SeqCst);
    }
}

impl Disk for Watched {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(path, mode)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let (disk, given_up) = (self.disk.clone(), self.given_up.clone());
        Ok(Box::new(WatchedLock { disk, given_up, _held: self.disk.lock(path)? }))
    }
    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_bytes(path)
    }
}

/// Protects: W-14: the directory stays locked until the last write of a stopping broker, that of the write-ahead log's thread:
/// another process that finds it free must not meet that write.
#[test]
fn the_lock_outlives_the_write_ahead_log() {
    let disk = CrashDisk::new();
    let given_up = Arc::new(AtomicU64::new(0));
    let watched = Watched { disk: disk.clone(), given_up: given_up.clone() };
    let env = Env { disk: Arc::new(watched), ..env_of(&disk) };
    let broker = Broker::start_on(env, &root(), |_| {});
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &batch(&["kept"]));
    drop(client);
    broker.stop();
    let given_up = given_up.load(Ordering::SeqCst);
    let later: Vec<_> = disk.trace().into_iter().filter(|traced| traced.op > given_up).collect();
    assert!(given_up > 0 && later.is_empty(), "{later:?}");
}
