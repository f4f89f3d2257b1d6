//! Opening a directory: what it may be, the lock, making a new one.
//!
//! A new directory is made in this order, each step safe before the next: missing parents, `highwater.format.new`,
//! the write-ahead log, the first state, and last the format file, by renaming. Found half-made (the format file still
//! has its temporary name), it is made again. A directory that holds anything else is refused before it is touched,
//! its lock file included. Source: design W-10, W-14. Tests: `crates/log/tests/crash_directory/refusals.rs`.

use super::format::{Format, FormatError};
use super::recover::{RecoverJob, RecoveryReport};
use super::{Directory, DirectoryOptions, Opened, QuorumRecovered, kafka, reserve, sweep};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::layout::{
    FORMAT_FILE, FORMAT_FILE_NEW, FORMAT_VERSION, KAFKA_META_FILE, LOCK_FILE, REPAIR_FILE, STATE_FOLDER,
    WAL_FOLDER, is_log_folder,
};
use crate::reader::Reader;
use crate::state::{Journal, StateChange, StateError, write_aside};
use crate::wal::{ReplayError, WalCall, WalFault, WalHome, WalPosition, WalWriter};
use env::{Disk, DiskLock, Env, OpenMode};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{BrokerId, DirectoryId, Uuid};

/// Why a directory does not open. *Invariant*: nothing in it was changed, but for `File` and `Wal`.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is one of Apache Kafka's.
    #[error("{} holds data of Apache Kafka ({found}); choose an empty folder, nothing was touched", path.display())]
    Kafka {
        /// The directory.
        path: PathBuf,
        /// What it was known by.
        found: String,
    },
    /// It holds something else.
    #[error("{} is not empty and was not made by Highwater (it has {found}); choose an empty folder", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// The first foreign name.
        found: String,
    },
    /// Its format file is newer or damaged.
    #[error("{}: {source}", path.display())]
    Format {
        /// The format file.
        path: PathBuf,
        /// What is wrong.
        source: FormatError,
    },
    /// It belongs to another node.
    #[error("{} belongs to node {found}, this is node {wanted}", path.display())]
    OtherNode {
        /// The directory.
        path: PathBuf,
        /// The node that made it.
        found: BrokerId,
        /// The node that opens it.
        wanted: BrokerId,
    },
    /// It belongs to another cluster.
    #[error("{} belongs to cluster {found}, this node to {wanted}", path.display())]
    OtherCluster {
        /// The directory.
        path: PathBuf,
        /// The cluster that made it.
        found: Uuid,
        /// The cluster of the node.
        wanted: Uuid,
    },
    /// Another process uses it.
    #[error("{} is in use by another process", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A repair has begun and not ended.
    #[error("a repair of {} was interrupted; run `highwater repair --accept-loss` again to finish it", path.display())]
    Unrepaired {
        /// The directory.
        path: PathBuf,
    },
    /// Its state is damaged.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state of one log cannot be understood.
    #[error("the state of log {key} in {} is damaged: {reason}", path.display())]
    Cut {
        /// The state's folder.
        path: PathBuf,
        /// The log.
        key: types::LogKey,
        /// What is wrong.
        reason: String,
    },
    /// Its write-ahead log is damaged or does not fit the state.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Its write-ahead log cannot be written.
    #[error(transparent)]
    Wal(#[from] WalFault),
    /// A file or folder failed.
    #[error(transparent)]
    File(#[from] FileFault),
}

impl OpenError {
    /// Says whether the directory opens when there is space: nothing has failed for good, a sync in particular.
    pub fn is_full(&self) -> bool {
        match self {
            OpenError::File(fault) => fault.is_full(),
            OpenError::Wal(WalFault::Io { call: WalCall::Open | WalCall::Write, source, .. }) => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}

/// What a directory is before it is opened.
enum Found {
    Ours,
    /// Empty, or half-made.
    New,
}

impl Directory {
    /// Opens a directory, or makes a new one where there is none or an empty folder. What it hands out is durable. On a
    /// full disk the reserve is given up for it.
    ///
    /// # Errors
    /// The directory is not ours, in use, newer, damaged, or its disk fails: see [`OpenError`].
    pub fn open(
        env: &Env,
        path: &Path,
        node_id: BrokerId,
        options: &DirectoryOptions,
    ) -> Result<Opened, OpenError> {
        match Directory::try_open(env, path, node_id, options) {
            Err(error) if error.is_full() && reserve::give_up_all(&*env.disk, path)? => {
                Directory::try_open(env, path, node_id, options)
            }
            opened => opened,
        }
    }

    fn try_open(
        env: &Env,
        path: &Path,
        node_id: BrokerId,
        options: &DirectoryOptions,
    ) -> Result<Opened, OpenError> {
        let disk = &*env.disk;
        make_parents(disk, path)?;
        survey(disk, path)?;
        let lock = lock(disk, path)?;
        match survey(disk, path)? {
            Found::Ours => {}
            Found::New => return create(env, path, node_id, options, lock),
        }
        let format = read_format(disk, path)?;
        check_owner(path, &format, node_id, options)?;
        if disk.exists(&path.join(REPAIR_FILE)).or_fault(path, FileAction::Open)? {
            return Err(OpenError::Unrepaired { path: path.to_path_buf() });
        }
        RecoverJob { env, root: path, format, options }.run(lock)
    }

    pub(super) fn assemble(
        env: &Env,
        root: &Path,
        format: Format,
        (mut journal, options): (Journal, &DirectoryOptions),
        lock: Box<dyn DiskLock>,
    ) -> Directory {
        if options.state_delta_bytes > 0 {
            journal.set_min_delta_bytes(options.state_delta_bytes);
        }
        Directory {
            disk: env.disk.clone(),
            root: root.to_path_buf(),
            format,
            journal,
            reader: Reader::new(env.disk.clone(), root.to_path_buf(), options.reader),
            folders: BTreeMap::new(),
            mark: WalPosition::default(),
            removed: BTreeSet::new(),
            removed_before: BTreeSet::new(),
            waiting: BTreeSet::new(),
            unsynced: BTreeSet::new(),
            extended: BTreeMap::new(),
            made: BTreeMap::new(),
            epochs_written: BTreeMap::new(),
            rolled: BTreeSet::new(),
            page_logs: BTreeSet::new(),
            garbage: sweep::Garbage::default(),
            reserve: reserve::Reserve::default(),
            clock: env.clock.clone(),
            failed: false,
            lock: Some(lock),
        }
    }
}

/// Says what the directory is, or why it is refused.
fn survey(disk: &dyn Disk, path: &Path) -> Result<Found, OpenError> {
    let entries = disk.list(path).or_fault(path, FileAction::Read)?;
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if has(FORMAT_FILE) {
        return Ok(Found::Ours);
    }
    let kafka = entries
        .iter()
        .find(|entry| entry.name == KAFKA_META_FILE || (entry.is_dir && is_log_folder(&entry.name)));
    if let Some(entry) = kafka {
        return Err(OpenError::Kafka { path: path.to_path_buf(), found: entry.name.clone() });
    }
    let half_made = entries.iter().any(|entry| entry.name.starts_with(FORMAT_FILE));
    let made_so_far = |name: &str| {
        half_made && (name.starts_with(FORMAT_FILE) || [STATE_FOLDER, WAL_FOLDER].contains(&name))
    };
    let harmless =
        |name: &str| name == LOCK_FILE || name == "lost+found" || name.starts_with('.') || made_so_far(name);
    match entries.iter().find(|entry| !harmless(&entry.name)) {
        Some(entry) => Err(OpenError::NotEmpty { path: path.to_path_buf(), found: entry.name.clone() }),
        None => Ok(Found::New),
    }
}

pub(crate) fn lock(disk: &dyn Disk, path: &Path) -> Result<Box<dyn DiskLock>, OpenError> {
    let file = path.join(LOCK_FILE);
    match disk.lock(&file) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(OpenError::Locked { path: path.to_path_buf() })
        }
        lock => Ok(lock.or_fault(&file, FileAction::Open)?),
    }
}

/// Syncs the format file and its name, then reads it.
pub(crate) fn read_format(disk: &dyn Disk, path: &Path) -> Result<Format, OpenError> {
    let file = path.join(FORMAT_FILE);
    let open = disk.open(&file, OpenMode::Read).or_fault(&file, FileAction::Open)?;
    open.sync().or_fault(&file, FileAction::Sync)?;
    disk.sync_dir(path).or_fault(path, FileAction::Sync)?;
    let text = kafka::read_text(disk, &file).or_fault(&file, FileAction::Read)?;
    let format = text.as_deref().ok_or(FormatError::Damaged).and_then(Format::decode);
    format.map_err(|source| OpenError::Format { path: file, source })
}

fn check_owner(
    path: &Path,
    format: &Format,
    node_id: BrokerId,
    options: &DirectoryOptions,
) -> Result<(), OpenError> {
    let path = path.to_path_buf();
    if format.node_id != node_id {
        return Err(OpenError::OtherNode { path, found: format.node_id, wanted: node_id });
    }
    match options.cluster_id.filter(|wanted| *wanted != format.cluster_id) {
        Some(wanted) => Err(OpenError::OtherCluster { path, found: format.cluster_id, wanted }),
        None => Ok(()),
    }
}

/// Makes the directory's folder and the missing ones above it.
fn make_parents(disk: &dyn Disk, path: &Path) -> Result<(), FileFault> {
    let missing = |path: &&Path| !path.as_os_str().is_empty() && !disk.exists(path).unwrap_or(true);
    let mut folders: Vec<&Path> = path.ancestors().take_while(missing).collect();
    folders.reverse();
    for folder in folders {
        match disk.create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => outcome.or_fault(folder, FileAction::Open)?,
        }
    }
    Ok(())
}

/// Makes the names of all folders above the directory safe: an earlier start may have made them and died. One that may
/// not be opened, or that cannot be synced at all, is not of our making.
fn sync_parents(disk: &dyn Disk, path: &Path) -> Result<(), FileFault> {
    for folder in path.ancestors().skip(1) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        match disk.sync_dir(folder) {
            Err(error) if NOT_OURS.contains(&error.kind()) => {}
            outcome => outcome.or_fault(folder, FileAction::Sync)?,
        }
    }
    Ok(())
}

const NOT_OURS: [io::ErrorKind; 3] =
    [io::ErrorKind::PermissionDenied, io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported];

/// Removes what an interrupted making of the directory has left, but for the format file, which says so.
fn clear(disk: &dyn Disk, path: &Path) -> Result<(), FileFault> {
    for name in [WAL_FOLDER, STATE_FOLDER] {
        let folder = path.join(name);
        match disk.list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            entries => {
                for entry in entries.or_fault(&folder, FileAction::Read)? {
                    let file = folder.join(entry.name);
                    disk.remove_file(&file).or_fault(&file, FileAction::Rename)?;
                }
                disk.remove_dir(&folder).or_fault(&folder, FileAction::Rename)?;
            }
        }
    }
    Ok(())
}

fn create(
    env: &Env,
    path: &Path,
    node_id: BrokerId,
    options: &DirectoryOptions,
    lock: Box<dyn DiskLock>,
) -> Result<Opened, OpenError> {
    let disk = &*env.disk;
    let format = Format {
        version: FORMAT_VERSION,
        directory_id: DirectoryId(env.random.uuid()),
        cluster_id: options.cluster_id.unwrap_or_else(|| env.random.uuid()),
        node_id,
    };
    sync_parents(disk, path)?;
    let new = path.join(FORMAT_FILE_NEW);
    write_aside(disk, &new, format.encode().as_bytes())?;
    disk.sync_dir(path).or_fault(path, FileAction::Sync)?;
    clear(disk, path)?;
    let wal = WalWriter::create(wal_home(env, path, &format, options))?;
    let first = StateChange {
        mark: wal.end(),
        wall: env.clock.now().wall,
        quorum: Some(bytes::Bytes::new()),
        cuts: BTreeMap::new(),
        removed: BTreeSet::new(),
    };
    let journal = Journal::create(env.disk.clone(), path, format.directory_id, &first)?;
    disk.sync_dir(path).or_fault(path, FileAction::Sync)?;
    let file = path.join(FORMAT_FILE);
    disk.rename(&new, &file).or_fault(&file, FileAction::Rename)?;
    disk.sync_dir(path).or_fault(path, FileAction::Sync)?;
    let mut directory = Directory::assemble(env, path, format, (journal, options), lock);
    directory.mark = first.mark;
    let report = RecoveryReport { mark: first.mark, wall: first.wall, ..RecoveryReport::default() };
    let quorum = QuorumRecovered::default();
    Ok(Opened { directory, format, logs: Vec::new(), quorum, wal, report, is_new: true })
}

/// Gives the format file its name once more. An earlier start may have renamed it, failed to sync the name and died:
/// then the name is in the page cache alone, and only a new rename can be made safe. A full disk is no reason not to start.
pub(super) fn renew_format(disk: &dyn Disk, path: &Path, format: &Format) -> Result<(), FileFault> {
    match write_aside(disk, &path.join(FORMAT_FILE), format.encode().as_bytes()) {
        Err(fault) if fault.is_full() => Ok(()),
        outcome => outcome.and_then(|()| disk.sync_dir(path).or_fault(path, FileAction::Sync)),
    }
}

/// Returns where the write-ahead log of a directory is.
pub(super) fn wal_home(env: &Env, root: &Path, format: &Format, options: &DirectoryOptions) -> WalHome {
    WalHome {
        disk: Arc::clone(&env.disk),
        random: Arc::clone(&env.random),
        dir: root.join(WAL_FOLDER),
        directory_id: format.directory_id,
        options: options.wal,
    }
}
