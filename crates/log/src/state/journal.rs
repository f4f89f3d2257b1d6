//! The state journal: one base record and deltas behind it, kept in two files.
//!
//! A checkpoint appends the same record to `state/a` and `state/b`, then syncs the first, then the second. When the
//! deltas outgrow the base, a new base for each is written beside it and synced, then takes its place (renamed, folder
//! synced), one after the other. If there is no room, that shows before either holds the record for good.
//! Reading follows generations +1 from the base at the head. What does not verify at the end of a copy is a torn
//! append and is ignored: the frames it stood for are still in the write-ahead log, for nothing is recycled
//! before both copies are safe. What does not verify with a later record behind it is damage of that copy. The copy
//! of the higher generation wins, the other is written anew before anything is recycled. *Invariant*: one whole
//! copy of the current generation exists at every moment.
//!
//! Source: design W-2, W-6. Tests: `state/tests.rs`, `crates/log/tests/crash_directory.rs`.

use super::record::{self, RecordKind};
use super::{State, StateChange};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::write_chunks;
use crate::layout::{NEW_ENDING, STATE_BLOCK, STATE_COPIES, STATE_FOLDER};
use bytes::Bytes;
use env::{AlignedBuf, Disk, DiskFile, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::DirectoryId;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// The two files of the state.
pub struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    directory: DirectoryId,
    copies: [JournalCopy; 2],
    generation: u64,
    min_delta_bytes: u64,
}

/// One of the two files.
#[derive(Clone, Debug)]
struct JournalCopy {
    path: PathBuf,
    /// The last record it holds; nothing if it has to be written anew.
    generation: Option<u64>,
    len: u64,
    base_len: u64,
}

/// A checkpoint written for one copy and not yet safe.
struct Prepared {
    copy: usize,
    file: Arc<dyn DiskFile>,
    bytes: u64,
    /// Whether it lies beside the copy, to take its place.
    is_base: bool,
}

/// Why a copy of the state is not used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyDamage {
    /// The file.
    pub path: PathBuf,
    /// Where it stops to verify; nothing if it is missing.
    pub position: Option<u64>,
    /// Whether all that is there verifies, but the last checkpoint is not there.
    pub is_behind: bool,
}

impl std::fmt::Display for CopyDamage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some(at) => write!(f, "{} is damaged at byte {at}", self.path.display()),
            None => write!(f, "{} is missing", self.path.display()),
        }
    }
}

/// Why the state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Neither copy verifies.
    #[error("both copies of the state are unusable: {a}; {b}")]
    Damaged {
        /// The first copy.
        a: CopyDamage,
        /// The second copy.
        b: CopyDamage,
    },
    /// A call failed.
    #[error(transparent)]
    File(#[from] FileFault),
}

/// What reading the journal gave.
pub struct LoadedState {
    /// The journal, ready to be appended to.
    pub journal: Journal,
    /// All of the state.
    pub state: State,
    /// Copies that could not be used or lag behind. *Shape*: none or one.
    pub lagging: Vec<CopyDamage>,
}

/// One copy as it was read.
struct CopyRead {
    state: Option<State>,
    len: u64,
    base_len: u64,
    stop: Option<CopyDamage>,
}

impl Journal {
    /// Writes the first state of a new directory. The state's folder is made here, its name not yet safe.
    ///
    /// # Errors
    /// The file that failed.
    pub fn create(
        disk: Arc<dyn Disk>,
        root: &Path,
        directory: DirectoryId,
        first: &StateChange,
    ) -> Result<Journal, FileFault> {
        let folder = root.join(STATE_FOLDER);
        disk.create_dir(&folder).or_fault(&folder, FileAction::Open)?;
        let mut journal = Journal::new(disk, folder, directory);
        let base = record::encode(directory, RecordKind::Base, 0, first);
        for copy in 0..journal.copies.len() {
            journal.write_base(copy, &base, 0)?;
        }
        Ok(journal)
    }

    /// Syncs and reads both copies, past the page cache where the file system can.
    ///
    /// # Errors
    /// Neither copy verifies, or a call failed.
    pub fn load(disk: Arc<dyn Disk>, root: &Path, directory: DirectoryId) -> Result<LoadedState, StateError> {
        let mut journal = Journal::new(disk, root.join(STATE_FOLDER), directory);
        let a = journal.read_copy(0)?;
        let b = journal.read_copy(1)?;
        journal.disk.sync_dir(&journal.folder).or_fault(&journal.folder, FileAction::Sync)?;
        journal.choose(a, b)
    }

    /// Sets how many bytes of deltas are always allowed behind a base.
    pub fn set_min_delta_bytes(&mut self, bytes: u64) {
        self.min_delta_bytes = bytes;
    }

    /// Returns the number of the last checkpoint.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Appends one checkpoint to both copies and makes it safe; returns its number.
    ///
    /// # Errors
    /// No room: neither copy holds the checkpoint, for certain, and it may be tried again. Else final.
    pub fn append(&mut self, change: &StateChange) -> Result<u64, FileFault> {
        let generation = self.generation + 1;
        let delta = record::encode(self.directory, RecordKind::Delta, generation, change);
        let due = self.is_due(delta.len() as u64);
        let lags = self.copies.iter().any(|copy| copy.generation.is_none());
        if due || lags {
            let base = self.next_base(generation, change)?;
            match self.write_both(generation, &delta, &base, due) {
                Err(fault) if fault.is_full() && !lags => {}
                outcome => return outcome.map(|()| generation),
            }
        }
        self.write_both(generation, &delta, &[], false)?;
        Ok(generation)
    }

    /// Writes a checkpoint to both copies before it makes it safe in either: what a copy holds must not be taken back
    /// once it may survive a power cut, for the next attempt writes over the segments that it names.
    fn write_both(
        &mut self,
        generation: u64,
        delta: &[u8],
        base: &[u8],
        anew: bool,
    ) -> Result<(), FileFault> {
        let mut ready = Vec::new();
        for copy in 0..self.copies.len() {
            let whole = anew || self.copies[copy].generation.is_none();
            let prepared =
                if whole { self.prepare_base(copy, base) } else { self.prepare_delta(copy, delta) };
            match prepared {
                Ok(prepared) => ready.push(prepared),
                Err(fault) => {
                    ready.iter().try_for_each(|prepared| self.take_back(prepared))?;
                    return Err(fault);
                }
            }
        }
        for (done, prepared) in ready.iter().enumerate() {
            match self.commit(prepared, generation) {
                // The other copy has it. This one is written anew by the next checkpoint.
                Err(fault) if fault.is_full() && done > 0 => self.copies[done].generation = None,
                Err(fault) if fault.is_full() => {
                    ready[done + 1..].iter().try_for_each(|prepared| self.take_back(prepared))?;
                    return Err(fault);
                }
                outcome => outcome?,
            }
            self.generation = generation;
        }
        Ok(())
    }

    /// Writes a copy that lags behind anew, so that both hold the current state.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn mend(&mut self) -> Result<(), FileFault> {
        let generation = self.generation;
        for copy in 0..self.copies.len() {
            if self.copies[copy].generation.is_none() {
                let base = self.current()?.into_base();
                let base = record::encode(self.directory, RecordKind::Base, generation, &base);
                self.write_base(copy, &base, generation)?;
            }
        }
        Ok(())
    }

    fn new(disk: Arc<dyn Disk>, folder: PathBuf, directory: DirectoryId) -> Journal {
        let copies = STATE_COPIES.map(|name| JournalCopy {
            path: folder.join(name),
            generation: None,
            len: 0,
            base_len: 0,
        });
        Journal { disk, folder, directory, copies, generation: 0, min_delta_bytes: CHUNK as u64 }
    }

    fn is_due(&self, more: u64) -> bool {
        self.copies.iter().any(|copy| {
            copy.generation.is_some()
                && copy.len - copy.base_len + more > self.min_delta_bytes.max(copy.base_len)
        })
    }

    fn next_base(&self, generation: u64, change: &StateChange) -> Result<Vec<u8>, FileFault> {
        let mut state = self.current()?;
        state.fold(generation, change.clone());
        Ok(record::encode(self.directory, RecordKind::Base, generation, &state.into_base()))
    }

    /// Reads the current state back from a copy that holds it.
    fn current(&self) -> Result<State, FileFault> {
        for copy in &self.copies {
            if copy.generation == Some(self.generation) {
                let bytes = self.read_bytes(&copy.path)?.0;
                let read = scan(&copy.path, &bytes, self.directory);
                if let Some(state) = read.state.filter(|state| state.generation == self.generation) {
                    return Ok(state);
                }
            }
        }
        let source = io::Error::from(io::ErrorKind::InvalidData);
        Err(FileFault::Failed { path: self.folder.clone(), action: FileAction::Read, source })
    }

    /// Writes a delta behind a copy, not yet synced.
    fn prepare_delta(&self, copy: usize, delta: &[u8]) -> Result<Prepared, FileFault> {
        let JournalCopy { path, len, .. } = self.copies[copy].clone();
        let file = self.disk.open(&path, OpenMode::Write).or_fault(&path, FileAction::Open)?;
        let have = file.size().or_fault(&path, FileAction::Read)?;
        if have < len {
            return Err(FileFault::Short { path, have, want: len });
        }
        if have > len {
            file.set_size(len).or_fault(&path, FileAction::Write)?;
        }
        let prepared = Prepared { copy, file, bytes: delta.len() as u64, is_base: false };
        match write_chunks(&*prepared.file, delta, len) {
            Ok(()) => Ok(prepared),
            Err(source) => {
                self.take_back(&prepared)?;
                Err(FileFault::new(&path, FileAction::Write, source))
            }
        }
    }

    /// Writes a base beside a copy and syncs it.
    fn prepare_base(&self, copy: usize, base: &[u8]) -> Result<Prepared, FileFault> {
        let file = write_beside(&*self.disk, &self.copies[copy].path, base)?;
        Ok(Prepared { copy, file, bytes: base.len() as u64, is_base: true })
    }

    /// Takes back what was prepared, for certain.
    fn take_back(&self, prepared: &Prepared) -> Result<(), FileFault> {
        let JournalCopy { path, len, .. } = &self.copies[prepared.copy];
        if prepared.is_base {
            let aside = aside(path);
            return self.disk.remove_file(&aside).or_fault(&aside, FileAction::Rename);
        }
        prepared.file.set_size(*len).or_fault(path, FileAction::Write)?;
        prepared.file.sync().or_fault(path, FileAction::Sync)
    }

    /// Makes safe what was prepared.
    fn commit(&mut self, prepared: &Prepared, generation: u64) -> Result<(), FileFault> {
        let held = self.copies[prepared.copy].clone();
        if prepared.is_base {
            self.disk.rename(&aside(&held.path), &held.path).or_fault(&held.path, FileAction::Rename)?;
            self.disk.sync_dir(&self.folder).or_fault(&self.folder, FileAction::Sync)?;
        } else {
            prepared.file.sync().or_fault(&held.path, FileAction::Sync)?;
        }
        let (len, base_len) = match prepared.is_base {
            true => (prepared.bytes, prepared.bytes),
            false => (held.len + prepared.bytes, held.base_len),
        };
        let generation = Some(generation);
        self.copies[prepared.copy] = JournalCopy { path: held.path, generation, len, base_len };
        Ok(())
    }

    fn write_base(&mut self, copy: usize, base: &[u8], generation: u64) -> Result<(), FileFault> {
        let prepared = self.prepare_base(copy, base)?;
        self.commit(&prepared, generation)
    }

    fn read_copy(&mut self, copy: usize) -> Result<CopyRead, FileFault> {
        let path = self.copies[copy].path.clone();
        if !self.disk.exists(&path).or_fault(&path, FileAction::Open)? {
            let stop = Some(CopyDamage { path, position: None, is_behind: false });
            return Ok(CopyRead { state: None, len: 0, base_len: 0, stop });
        }
        let file = self.disk.open(&path, OpenMode::Write).or_fault(&path, FileAction::Open)?;
        file.sync().or_fault(&path, FileAction::Sync)?;
        let (bytes, from_device) = self.read_bytes(&path)?;
        let read = scan(&path, &bytes, self.directory);
        if !from_device {
            // The cache may hold what the disk never got: what is believed is written once more.
            let len = usize::try_from(read.len).unwrap_or(0);
            write_chunks(&*file, &bytes[..len], 0).or_fault(&path, FileAction::Write)?;
            file.sync().or_fault(&path, FileAction::Sync)?;
        }
        Ok(read)
    }

    /// Returns the whole blocks of a file, and whether they came from the device.
    fn read_bytes(&self, path: &Path) -> Result<(Bytes, bool), FileFault> {
        match read_blocks(&*self.disk, path, OpenMode::ReadDevice) {
            Ok(bytes) => Ok((bytes, true)),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                let bytes = read_blocks(&*self.disk, path, OpenMode::Read);
                Ok((bytes.or_fault(path, FileAction::Read)?, false))
            }
            Err(error) => Err(FileFault::new(path, FileAction::Read, error)),
        }
    }

    fn choose(mut self, a: CopyRead, b: CopyRead) -> Result<LoadedState, StateError> {
        let best = a.state.iter().chain(&b.state).map(|state| state.generation).max();
        self.generation = best.unwrap_or(0);
        let mut chosen = None;
        let mut stops = Vec::new();
        for (copy, read) in self.copies.iter_mut().zip([a, b]) {
            let end = CopyDamage { path: copy.path.clone(), position: Some(read.len), is_behind: true };
            match read.state.filter(|state| Some(state.generation) == best) {
                Some(state) => {
                    *copy = JournalCopy {
                        path: copy.path.clone(),
                        generation: best,
                        len: read.len,
                        base_len: read.base_len,
                    };
                    chosen = chosen.or(Some(state));
                }
                None => stops.push(read.stop.unwrap_or(end)),
            }
        }
        match (chosen, <[CopyDamage; 2]>::try_from(stops)) {
            (Some(state), Err(lagging)) => Ok(LoadedState { journal: self, state, lagging }),
            (_, Ok([a, b])) => Err(StateError::Damaged { a, b }),
            (None, Err(_)) => Err(StateError::File(FileFault::new(
                &self.folder,
                FileAction::Read,
                io::ErrorKind::InvalidData.into(),
            ))),
        }
    }
}

/// Follows the records of one copy.
fn scan(path: &Path, bytes: &Bytes, directory: DirectoryId) -> CopyRead {
    let mut read = CopyRead { state: None, len: 0, base_len: 0, stop: None };
    let mut at = 0;
    while let Some(record) = record::decode(bytes, at, directory) {
        match &mut read.state {
            None if record.kind == RecordKind::Base => {
                let mut state = State::default();
                state.fold(record.generation, record.change);
                read.state = Some(state);
                read.base_len = record.size as u64;
            }
            Some(state) if record.kind == RecordKind::Delta && state.generation + 1 == record.generation => {
                state.fold(record.generation, record.change);
            }
            _ => break,
        }
        at += record.size;
    }
    read.len = at as u64;
    if read.state.is_none() || has_later(&read, bytes, at, directory) {
        read.state = None;
        let position = Some(at as u64);
        read.stop = Some(CopyDamage { path: path.to_path_buf(), position, is_behind: false });
    }
    read
}

/// Says whether a record beyond `at` was written after those before it.
fn has_later(read: &CopyRead, bytes: &Bytes, at: usize, directory: DirectoryId) -> bool {
    let held = read.state.as_ref().map_or(0, |state| state.generation);
    (at..bytes.len())
        .step_by(STATE_BLOCK)
        .filter_map(|at| record::decode(bytes, at, directory))
        .any(|record| record.generation > held)
}

/// Reads the whole blocks of a file.
pub(super) fn read_blocks(disk: &dyn Disk, path: &Path, mode: OpenMode) -> io::Result<Bytes> {
    let file = disk.open(path, mode)?;
    let size = usize::try_from(file.size()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let size = size / STATE_BLOCK * STATE_BLOCK;
    let mut out = Vec::with_capacity(size);
    while out.len() < size {
        let mut chunk = AlignedBuf::zeroed(CHUNK.min(size - out.len()));
        let got = file.read_at(&mut chunk, out.len() as u64)? / STATE_BLOCK * STATE_BLOCK;
        if got == 0 {
            break;
        }
        out.extend_from_slice(&chunk[..got]);
    }
    Ok(Bytes::from(out))
}

/// Writes a file beside, syncs it and gives it its name, which the caller makes safe.
pub(crate) fn write_aside(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
    write_beside(disk, path, bytes)?;
    disk.rename(&aside(path), path).or_fault(path, FileAction::Rename)
}

fn aside(path: &Path) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(NEW_ENDING);
    PathBuf::from(aside)
}

/// Writes and syncs a file under the temporary name of another; takes it back if there is no room.
fn write_beside(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<Arc<dyn DiskFile>, FileFault> {
    let aside = aside(path);
    if disk.exists(&aside).or_fault(&aside, FileAction::Open)? {
        disk.remove_file(&aside).or_fault(&aside, FileAction::Rename)?;
    }
    let file = disk.open(&aside, OpenMode::CreateNew).or_fault(&aside, FileAction::Open)?;
    if let Err(source) = write_chunks(&*file, bytes, 0) {
        disk.remove_file(&aside).or_fault(&aside, FileAction::Rename)?;
        return Err(FileFault::new(&aside, FileAction::Write, source));
    }
    file.sync().or_fault(&aside, FileAction::Sync)?;
    Ok(file)
}
