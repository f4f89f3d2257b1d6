//! Snapshots of the metadata: files that become current by rename, after they have verified.
//!
//! `<folder>/<offset, 20 digits>.snapshot`: magic, version, applied position, membership, image
//! (image/snapshot.rs), then a CRC-32C of all before it. Written under a temporary name, synced, read
//! back, renamed, folder synced; only then are older ones removed. At the start the folder is
//! synced before a name in it is believed; a current file that does not verify is damage.

use super::encoding::{
    VERSION, check_version, decode_log_id, decode_stored_membership, encode_log_id, encode_stored_membership,
};
use super::raft::{LogId, SnapshotMeta, StoredMembership};
use crate::MetadataImage;
use crate::codec::{DecodeError, Decoder, Encoder};
use env::{Disk, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8] = b"HWMETASN";
const SUFFIX: &str = ".snapshot";
const TEMPORARY: &str = ".tmp";
/// ENFILE and EMFILE: no descriptor is free.
const NO_DESCRIPTOR: [i32; 2] = [23, 24];

/// Why snapshots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFault {
    /// A call of the system failed.
    #[error("{path}: {error}")]
    Disk {
        /// Which file or folder.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// A file is not what was written.
    #[error("{path} is damaged: {error}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong with it.
        error: DecodeError,
    },
}

/// Why a snapshot was not saved.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveFault {
    /// There is no space, or no free descriptor. Nothing has changed; it may be tried again.
    #[error("there is no room: {0}")]
    NoRoom(io::Error),
    /// Anything else is final.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

impl SaveFault {
    /// Judges the error of a call that asks for room. A failed sync is none of these, whatever its number.
    fn unless_full(error: io::Error) -> SaveFault {
        let no_space = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let no_descriptor = error.raw_os_error().is_some_and(|code| NO_DESCRIPTOR.contains(&code));
        if no_space || no_descriptor { SaveFault::NoRoom(error) } else { SaveFault::Failed(error) }
    }

    /// Returns the system's error.
    pub(super) fn into_io(self) -> io::Error {
        match self {
            SaveFault::NoRoom(error) | SaveFault::Failed(error) => error,
        }
    }
}

/// What a snapshot holds.
#[derive(Clone)]
pub(super) struct SavedState {
    pub(super) applied: Option<LogId>,
    pub(super) membership: StoredMembership,
    pub(super) image: MetadataImage,
}

impl SavedState {
    pub(super) fn meta(&self) -> SnapshotMeta {
        SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::default();
        out.u8(VERSION);
        out.optional(self.applied.as_ref(), |out, applied| encode_log_id(out, *applied));
        encode_stored_membership(&mut out, &self.membership);
        out.block(&self.image.encode());
        let mut bytes = [MAGIC, &out.into_bytes()].concat();
        bytes.extend_from_slice(&checksum(&bytes).to_be_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<SavedState, DecodeError> {
        let (content, crc) = bytes.split_last_chunk::<4>().ok_or(DecodeError::Truncated)?;
        if checksum(content) != u32::from_be_bytes(*crc) {
            return Err(DecodeError::BadValue("checksum"));
        }
        let mut from = Decoder::new(content.strip_prefix(MAGIC).ok_or(DecodeError::BadValue("magic"))?);
        check_version("a metadata snapshot", &mut from)?;
        let applied = from.optional(decode_log_id)?;
        let membership = decode_stored_membership(&mut from)?;
        let image = MetadataImage::decode(from.block()?)?;
        from.end()?;
        Ok(SavedState { applied, membership, image })
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(crc & u64::from(u32::MAX)).unwrap_or_default()
}

/// The folder of the snapshots.
pub(super) struct SnapshotFolder {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl SnapshotFolder {
    /// Opens the folder, or makes it; removes what an interrupted write left.
    pub(super) fn open(disk: Arc<dyn Disk>, path: PathBuf) -> Result<SnapshotFolder, SnapshotFault> {
        let folder = SnapshotFolder { disk, path };
        folder.prepare().map_err(|error| fault(&folder.path, error))?;
        Ok(folder)
    }

    /// Takes the folder as it is, to read from; it may be missing.
    pub(super) fn look(disk: Arc<dyn Disk>, path: PathBuf) -> SnapshotFolder {
        SnapshotFolder { disk, path }
    }

    fn prepare(&self) -> io::Result<()> {
        match self.disk.create_dir(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if let Some(parent) = self.path.parent() {
            self.disk.sync_dir(parent)?;
        }
        for entry in self.disk.list(&self.path)? {
            if entry.name.ends_with(TEMPORARY) {
                self.disk.remove_file(&self.path.join(entry.name))?;
            }
        }
        self.disk.sync_dir(&self.path)
    }

    /// Reads the current snapshot, if there is one.
    pub(super) fn current(&self) -> Result<Option<SavedState>, SnapshotFault> {
        let names = self.names().map_err(|error| fault(&self.path, error))?;
        let Some(name) = names.last() else { return Ok(None) };
        let path = self.path.join(name);
        let bytes = self.read(&path).map_err(|error| fault(&path, error))?;
        let damaged = |error| SnapshotFault::Damaged { path: path.display().to_string(), error };
        SavedState::decode(&bytes).map(Some).map_err(damaged)
    }

    /// Reads the newest snapshot below this index that verifies.
    pub(super) fn newest_below(&self, index: u64) -> Result<Option<SavedState>, SnapshotFault> {
        let names = self.names().map_err(|error| fault(&self.path, error))?;
        for name in names.iter().rev().filter(|name| index_of(name).is_some_and(|own| own < index)) {
            let path = self.path.join(name);
            let bytes = self.read(&path).map_err(|error| fault(&path, error))?;
            if let Ok(state) = SavedState::decode(&bytes) {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }

    /// Returns the index that the newest snapshot's name has.
    pub(super) fn newest_index(&self) -> Result<Option<u64>, SnapshotFault> {
        let names = self.names().map_err(|error| fault(&self.path, error))?;
        Ok(names.last().and_then(|name| index_of(name)))
    }

    /// Makes a snapshot current.
    ///
    /// # Errors
    /// No room leaves everything as it was (W-12); any other error is final (W-11).
    pub(super) fn save(&self, state: &SavedState) -> Result<(), SaveFault> {
        let name = file_name(state.applied);
        let temporary = self.path.join(format!("{name}{TEMPORARY}"));
        let made = self.write(&temporary, &state.encode()).and_then(|()| {
            self.disk.rename(&temporary, &self.path.join(&name)).map_err(SaveFault::unless_full)
        });
        if let Err(SaveFault::NoRoom(_)) = made {
            match self.disk.remove_file(&temporary) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        made?;
        self.disk.sync_dir(&self.path)?;
        self.drop_older(&name);
        Ok(())
    }

    /// Removes the snapshots before this one. What cannot be removed now is of no harm: the next one tries again.
    fn drop_older(&self, name: &str) {
        for older in self.names().unwrap_or_default().iter().filter(|other| other.as_str() < name) {
            let _goes_later = self.disk.remove_file(&self.path.join(older));
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), SaveFault> {
        let file = self.disk.open(path, OpenMode::Create).map_err(SaveFault::unless_full)?;
        file.set_size(0)?;
        file.write_at(bytes, 0).map_err(SaveFault::unless_full)?;
        file.sync()?;
        let is_whole = self.read(path)? == bytes;
        if is_whole { Ok(()) } else { Err(io::Error::from(io::ErrorKind::InvalidData).into()) }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.disk.open(path, OpenMode::Read)?;
        let mut bytes = vec![0; usize::try_from(file.size()?).map_err(io::Error::other)?];
        let count = file.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Lists the snapshots, oldest first.
    fn names(&self) -> io::Result<Vec<String>> {
        if !self.disk.exists(&self.path)? {
            return Ok(Vec::new());
        }
        let names = self.disk.list(&self.path)?.into_iter().map(|entry| entry.name);
        Ok(names.filter(|name| name.ends_with(SUFFIX)).collect())
    }
}

/// Names the file of a snapshot.
pub(super) fn file_name(applied: Option<LogId>) -> String {
    format!("{:020}{SUFFIX}", applied.map_or(0, |applied| applied.index))
}

/// Reads the index in a file's name.
fn index_of(name: &str) -> Option<u64> {
    name.strip_suffix(SUFFIX)?.parse().ok()
}

fn fault(path: &Path, error: io::Error) -> SnapshotFault {
    SnapshotFault::Disk { path: path.display().to_string(), error }
}
