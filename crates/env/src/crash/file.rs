//! Open files and held locks of a [`super::CrashDisk`].

use super::lock;
use super::state::{Handle, State};
use super::tree::NodeId;
use crate::{DiskFile, DiskLock, OpenMode};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// An open file. It is dead when its process is.
pub(super) struct CrashFile {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) path: PathBuf,
    pub(super) mode: OpenMode,
    pub(super) node: NodeId,
    pub(super) life: u64,
}

impl CrashFile {
    fn handle(&self) -> Handle<'_> {
        Handle { node: self.node, life: self.life, mode: self.mode, path: &self.path }
    }
}

impl DiskFile for CrashFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        lock(&self.state).read(&self.handle(), buffer, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        while lock(&self.state).held.as_ref().is_some_and(|held| held(&self.path)) {
            std::thread::yield_now();
        }
        lock(&self.state).write(&self.handle(), bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        lock(&self.state).sync(&self.handle())
    }

    fn size(&self) -> io::Result<u64> {
        lock(&self.state).size(&self.handle())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        lock(&self.state).set_size(&self.handle(), size)
    }
}

/// A held lock; its drop gives it up, unless its process is dead and another one has it.
pub(super) struct CrashLock {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) node: NodeId,
    pub(super) id: u64,
}

impl DiskLock for CrashLock {}

impl Drop for CrashLock {
    fn drop(&mut self) {
        lock(&self.state).unlock(self.node, self.id);
    }
}
