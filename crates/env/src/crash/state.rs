//! What happens at each call: power, process, faults and sabotage first, then the tree.

use super::draw::Draw;
use super::tree::{NodeId, Tree};
use super::{Call, Failure, Fault, PathFilter, Sabotage, Traced, When, WriteFilter};
use crate::{DirEntry, OpenMode};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Everything behind the lock of a disk.
pub(super) struct State {
    tree: Tree,
    /// Count of processes; a handle of an older one is dead.
    life: u64,
    is_off: bool,
    locks: BTreeMap<NodeId, u64>,
    next_lock: u64,
    draw: Draw,
    pub(super) ops: u64,
    pub(super) trace: Vec<Traced>,
    pub(super) cut_after: Option<u64>,
    pub(super) cut_before: Option<WriteFilter>,
    pub(super) faults: Vec<Fault>,
    pub(super) capacity: Option<u64>,
    pub(super) sabotage: Sabotage,
    pub(super) no_device: bool,
    /// Files whose writes wait.
    pub(super) held: Option<PathFilter>,
    pub(super) copies_on_write: bool,
}

impl State {
    pub(super) fn new(seed: u64) -> State {
        State {
            tree: Tree::new(),
            life: 0,
            is_off: false,
            locks: BTreeMap::new(),
            next_lock: 0,
            draw: Draw::new(seed),
            ops: 0,
            trace: Vec::new(),
            cut_after: None,
            cut_before: None,
            faults: Vec::new(),
            capacity: None,
            sabotage: Sabotage::default(),
            no_device: false,
            held: None,
            copies_on_write: false,
        }
    }

    pub(super) fn fork(&self) -> State {
        let mut tree = self.tree.clone();
        tree.drop_nameless();
        State {
            tree,
            draw: self.draw.clone(),
            capacity: self.capacity,
            sabotage: self.sabotage.clone(),
            no_device: self.no_device,
            held: None,
            copies_on_write: self.copies_on_write,
            ..State::new(0)
        }
    }

    pub(super) fn kill(&mut self) {
        self.life += 1;
        self.is_off = false;
        self.cut_after = None;
        self.cut_before = None;
        self.locks.clear();
        self.faults.clear();
        self.tree.drop_nameless();
    }

    pub(super) fn power_cut(&mut self, seed: u64) {
        self.kill();
        self.tree.power_cut(seed, &mut Draw::new(seed));
    }

    pub(super) fn corrupt(&mut self, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        let node = self.tree.find(path)?;
        self.tree.file(node)?.corrupt(bytes, at);
        Ok(())
    }

    pub(super) fn open(&mut self, path: &Path, mode: OpenMode) -> io::Result<(NodeId, u64)> {
        self.check_power()?;
        if matches!(mode, OpenMode::ReadDevice | OpenMode::WriteDevice) && self.no_device {
            return Err(ErrorKind::InvalidInput.into());
        }
        let node = match (self.tree.find(path), mode) {
            (Ok(_), OpenMode::CreateNew) => return Err(ErrorKind::AlreadyExists.into()),
            (Ok(node), _) => self.open_existing(node, path)?,
            (Err(error), OpenMode::CreateNew | OpenMode::Create) if error.kind() == ErrorKind::NotFound => {
                self.create(path)?
            }
            (Err(error), _) => return Err(error),
        };
        self.tree.file(node)?;
        Ok((node, self.life))
    }

    fn open_existing(&mut self, node: NodeId, path: &Path) -> io::Result<NodeId> {
        self.take_fault(Call::Open, path).map_or(Ok(node), |failure| Err(failure.error()))
    }

    fn create(&mut self, path: &Path) -> io::Result<NodeId> {
        self.begin_op(Call::Create, path)?.map_or(Ok(()), |failure| Err(failure.error()))?;
        self.tree.create(path, false)
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        self.begin_op(Call::CreateDir, path)?.map_or(Ok(()), |failure| Err(failure.error()))?;
        self.tree.create(path, true).map(|_| ())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.begin_op(Call::Rename, from)?.map_or(Ok(()), |failure| Err(failure.error()))?;
        self.tree.rename(from, to)
    }

    pub(super) fn remove(&mut self, path: &Path, call: Call) -> io::Result<()> {
        self.begin_op(call, path)?.map_or(Ok(()), |failure| Err(failure.error()))?;
        self.tree.remove(path, call == Call::RemoveDir)
    }

    pub(super) fn list(&mut self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.check_power()?;
        let entries = self.tree.list(path)?.into_iter();
        Ok(entries.map(|(name, is_dir)| DirEntry { name, is_dir }).collect())
    }

    pub(super) fn exists(&mut self, path: &Path) -> io::Result<bool> {
        self.check_power()?;
        match self.tree.find(path) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        if let Some(failure) = self.begin_op(Call::SyncDir, path)? {
            self.tree.fail_sync(path, &mut self.draw)?;
            return Err(failure.error());
        }
        match &self.sabotage.swallow_sync_dir {
            Some(filter) if filter(path) => Ok(()),
            _ => self.tree.sync(path),
        }
    }

    pub(super) fn lock(&mut self, path: &Path) -> io::Result<(NodeId, u64)> {
        let (node, _) = self.open(path, OpenMode::Create)?;
        if self.locks.contains_key(&node) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.next_lock += 1;
        self.locks.insert(node, self.next_lock);
        Ok((node, self.next_lock))
    }

    pub(super) fn unlock(&mut self, node: NodeId, id: u64) {
        if self.locks.get(&node) == Some(&id) {
            self.locks.remove(&node);
        }
    }

    pub(super) fn free_bytes(&mut self) -> io::Result<u64> {
        self.check_power()?;
        let used = self.tree.bytes();
        Ok(self.capacity.map_or(1 << 40, |capacity| capacity.saturating_sub(used)))
    }

    pub(super) fn total_bytes(&mut self) -> io::Result<u64> {
        self.check_power()?;
        Ok(self.capacity.unwrap_or((1 << 40) + self.tree.bytes()))
    }

    pub(super) fn read(&mut self, file: &Handle<'_>, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        self.check_alive(file)?;
        if let Some(failure) = self.take_fault(Call::Read, file.path) {
            return Err(failure.error());
        }
        let is_device = file.mode == OpenMode::ReadDevice;
        if is_device && !is_aligned(buffer, at) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let past_cache = is_device && !self.sabotage.device_reads_cache;
        Ok(self.tree.file(file.node)?.read(buffer, at, past_cache))
    }

    pub(super) fn size(&mut self, file: &Handle<'_>) -> io::Result<u64> {
        self.check_alive(file)?;
        Ok(self.tree.file(file.node)?.size())
    }

    /// A write that fails leaves its first part.
    pub(super) fn write(&mut self, file: &Handle<'_>, bytes: &[u8], at: u64) -> io::Result<()> {
        self.check_writable(file)?;
        if file.mode == OpenMode::WriteDevice && !is_aligned(bytes, at) {
            return Err(ErrorKind::InvalidInput.into());
        }
        if self.cut_before.as_mut().is_some_and(|is_meant| is_meant(file.path, bytes)) {
            self.is_off = true;
        }
        let failure = self.begin_op(Call::Write, file.path)?;
        let size = self.tree.file(file.node)?.size();
        let room = self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.tree.bytes()));
        let may_end = size.max(at).saturating_add(room);
        let fits = usize::try_from(may_end - at).unwrap_or(usize::MAX).min(bytes.len());
        let done = if failure.is_some() { self.draw.below(bytes.len() + 1).min(fits) } else { fits };
        self.tree.file(file.node)?.write(&bytes[..done], at);
        match failure {
            Some(failure) => Err(failure.error()),
            None if done < bytes.len() => Err(Failure::NoSpace.error()),
            None if file.mode == OpenMode::WriteDevice => self.sync_written(file, at, bytes.len()),
            None => Ok(()),
        }
    }

    /// The second half of a write past the cache: an operation of its own, so that a cut can come between.
    fn sync_written(&mut self, file: &Handle<'_>, at: u64, len: usize) -> io::Result<()> {
        let failure = self.begin_op(Call::Sync, file.path)?;
        let is_swallowed = self.sabotage.swallow_sync.as_ref().is_some_and(|filter| filter(file.path));
        match failure {
            Some(failure) => {
                self.tree.file(file.node)?.fail_sync(&mut self.draw);
                Err(failure.error())
            }
            None if is_swallowed => Ok(()),
            None => {
                self.tree.file(file.node)?.sync_range(at, len);
                Ok(())
            }
        }
    }

    pub(super) fn set_size(&mut self, file: &Handle<'_>, size: u64) -> io::Result<()> {
        self.check_writable(file)?;
        self.begin_op(Call::SetSize, file.path)?.map_or(Ok(()), |failure| Err(failure.error()))?;
        self.tree.file(file.node)?.set_size(size);
        Ok(())
    }

    pub(super) fn sync(&mut self, file: &Handle<'_>) -> io::Result<()> {
        self.check_alive(file)?;
        let failure = self.begin_op(Call::Sync, file.path)?;
        let is_swallowed = self.sabotage.swallow_sync.as_ref().is_some_and(|filter| filter(file.path));
        let content = self.tree.file(file.node)?;
        match failure {
            Some(failure) => {
                content.fail_sync(&mut self.draw);
                Err(failure.error())
            }
            None if is_swallowed => Ok(()),
            None => {
                content.sync();
                Ok(())
            }
        }
    }

    /// Counts an operation; says whether it is to fail.
    fn begin_op(&mut self, call: Call, path: &Path) -> io::Result<Option<Failure>> {
        self.check_power()?;
        if self.cut_after.is_some_and(|last| self.ops >= last) {
            self.is_off = true;
            return self.check_power().map(|()| None);
        }
        self.ops += 1;
        self.trace.push(Traced { op: self.ops, call, path: path.to_path_buf() });
        Ok(self.take_fault(call, path))
    }

    fn take_fault(&mut self, call: Call, path: &Path) -> Option<Failure> {
        let ops = self.ops;
        let mut is_due = |fault: &mut Fault| match &mut fault.when {
            When::Op(op) => !matches!(call, Call::Read | Call::Open) && *op == ops,
            When::Nth(kind, left) => {
                let counts = *kind == call && fault.paths.as_ref().is_none_or(|filter| filter(path));
                *left = left.saturating_sub(u64::from(counts));
                counts && *left == 0
            }
        };
        let due: Vec<bool> = self.faults.iter_mut().map(&mut is_due).collect();
        let which = due.iter().position(|due| *due)?;
        Some(self.faults.remove(which).failure)
    }

    fn check_power(&self) -> io::Result<()> {
        if self.is_off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn check_alive(&self, file: &Handle<'_>) -> io::Result<()> {
        self.check_power()?;
        if file.life == self.life { Ok(()) } else { Err(io::Error::other("the process is dead")) }
    }

    fn check_writable(&self, file: &Handle<'_>) -> io::Result<()> {
        self.check_alive(file)?;
        match file.mode {
            OpenMode::Read | OpenMode::ReadDevice => Err(ErrorKind::PermissionDenied.into()),
            OpenMode::Write | OpenMode::WriteDevice | OpenMode::CreateNew | OpenMode::Create => Ok(()),
        }
    }
}

/// An open file as the state sees it.
pub(super) struct Handle<'a> {
    pub(super) node: NodeId,
    pub(super) life: u64,
    pub(super) mode: OpenMode,
    pub(super) path: &'a Path,
}

fn is_aligned(buffer: &[u8], at: u64) -> bool {
    let unit = crate::buffer::ALIGNMENT;
    let in_memory = buffer.as_ptr().addr().is_multiple_of(unit) && buffer.len().is_multiple_of(unit);
    in_memory && at.is_multiple_of(unit as u64)
}
