//! Putting what was made in place of what is there, so that a power cut finds either the old or the way to the new.
//!
//! ```text
//! quarantine/<number>/old/<path>   a whole copy of each file that is replaced or taken away, synced first
//! quarantine/<number>/new/<path>   what takes its place, synced; gone once it is in place
//! quarantine/<number>/<note>       the reports
//! highwater.repair                 the decision, which appears by renaming once all of that is safe:
//!     highwater-repair=1
//!     quarantine=<number>
//!     put=<path>                   a file that is renamed from new/<path> to its place
//!     drop=<path>                  a file that goes
//!     crc32c=<8 hex digits over all lines above>
//! ```
//!
//! With the decision there, everything is put in place, the folders are synced, and the decision goes last. Cut anywhere it is
//! carried out again. Tests: `crates/log/tests/crash_directory/repair.rs`.

use super::{RepairError, RepairJob};
use crate::directory::read_text;
use crate::fault::{FileAction, FileFault, OrFault};
use crate::files::{CHUNK, write_chunks};
use crate::layout::{QUARANTINE_FOLDER, REPAIR_FILE};
use crate::state::write_aside;
use env::{Disk, OpenMode};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Folder of the copies.
const OLD: &str = "old";
/// Folder of what takes their place.
const NEW: &str = "new";

/// A repair that is being prepared.
pub(crate) struct Stage<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    number: String,
    puts: Vec<String>,
    drops: Vec<String>,
    folders: BTreeSet<PathBuf>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, root: &'a Path, number: String) -> Stage<'a> {
        Stage { disk, root, number, puts: Vec::new(), drops: Vec::new(), folders: BTreeSet::new() }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(QUARANTINE_FOLDER).join(&self.number)
    }

    /// Copies a file of the directory, whole; one that is missing has no copy.
    pub(crate) fn keep(&mut self, path: &str) -> Result<(), FileFault> {
        let from = self.root.join(path);
        let to = self.folder().join(OLD).join(path);
        let file = match self.disk.open(&from, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file.or_fault(&from, FileAction::Open)?,
        };
        self.make_parents(&to)?;
        let size = file.size().or_fault(&from, FileAction::Read)?;
        let copy = self.disk.open(&to, OpenMode::CreateNew).or_fault(&to, FileAction::Open)?;
        let (mut at, mut piece) = (0, vec![0; CHUNK]);
        while at < size {
            let got = file.read_at(&mut piece, at).or_fault(&from, FileAction::Read)?;
            if got == 0 {
                return Err(FileFault::Short { path: from, have: at, want: size });
            }
            copy.write_at(&piece[..got], at).or_fault(&to, FileAction::Write)?;
            at += got as u64;
        }
        copy.sync().or_fault(&to, FileAction::Sync)
    }

    /// Returns where a file is made that will be put at `path`; its maker syncs it.
    pub(crate) fn put(&mut self, path: &str) -> Result<PathBuf, FileFault> {
        let to = self.folder().join(NEW).join(path);
        self.make_parents(&to)?;
        self.puts.push(path.to_owned());
        Ok(to)
    }

    /// Makes a file that will be put at `path`.
    pub(crate) fn put_bytes(&mut self, path: &str, bytes: &[u8]) -> Result<(), FileFault> {
        let to = self.put(path)?;
        self.write(&to, bytes)
    }

    /// Notes a folder below `new` whose files some other code makes.
    pub(crate) fn put_folder(&mut self, path: &str) -> Result<PathBuf, FileFault> {
        let to = self.folder().join(NEW).join(path);
        self.make_parents(&to.join("-"))?;
        Ok(to)
    }

    /// Notes a file that some other code has made in such a folder.
    pub(crate) fn note_put(&mut self, path: String) {
        self.puts.push(path);
    }

    /// Notes a file that goes.
    pub(crate) fn drop_file(&mut self, path: String) {
        self.drops.push(path);
    }

    /// Writes a report beside the copies.
    pub(crate) fn note(&mut self, name: &str, bytes: &[u8]) -> Result<(), FileFault> {
        let to = self.folder().join(name);
        self.make_parents(&to)?;
        self.write(&to, bytes)
    }

    /// Decides, and puts everything in place.
    pub(crate) fn commit(self) -> Result<(), RepairError> {
        for folder in &self.folders {
            self.disk.sync_dir(folder).or_fault(folder, FileAction::Sync)?;
        }
        self.disk.sync_dir(self.root).or_fault(self.root, FileAction::Sync)?;
        let decision = Decision { number: self.number, puts: self.puts, drops: self.drops };
        write_aside(self.disk, &self.root.join(REPAIR_FILE), decision.encode().as_bytes())?;
        self.disk.sync_dir(self.root).or_fault(self.root, FileAction::Sync)?;
        Ok(decision.carry_out(self.disk, self.root)?)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
        let file = self.disk.open(path, OpenMode::CreateNew).or_fault(path, FileAction::Open)?;
        write_chunks(&*file, bytes, 0).or_fault(path, FileAction::Write)?;
        file.sync().or_fault(path, FileAction::Sync)
    }

    /// Makes the missing folders above a file; all of them are synced before the decision.
    fn make_parents(&mut self, file: &Path) -> Result<(), FileFault> {
        let mut missing = Vec::new();
        for folder in file.ancestors().skip(1).take_while(|folder| *folder != self.root) {
            if self.folders.insert(folder.to_path_buf()) {
                missing.push(folder);
            }
        }
        for folder in missing.into_iter().rev() {
            match self.disk.create_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.or_fault(folder, FileAction::Open)?,
            }
        }
        Ok(())
    }
}

/// What has been decided.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Decision {
    number: String,
    puts: Vec<String>,
    drops: Vec<String>,
}

impl Decision {
    fn encode(&self) -> String {
        let mut text = format!("highwater-repair=1\nquarantine={}\n", self.number);
        self.puts.iter().for_each(|path| text += &format!("put={path}\n"));
        self.drops.iter().for_each(|path| text += &format!("drop={path}\n"));
        let crc = crc_fast::crc32_iscsi(text.as_bytes());
        format!("{text}crc32c={crc:08x}\n")
    }

    fn decode(text: &str) -> Option<Decision> {
        let (lines, crc) = text.rsplit_once("crc32c=")?;
        if crc.trim_end() != format!("{:08x}", crc_fast::crc32_iscsi(lines.as_bytes())) {
            return None;
        }
        let mut lines = lines.lines();
        lines.next().filter(|line| *line == "highwater-repair=1")?;
        let number = lines.next()?.strip_prefix("quarantine=")?.to_owned();
        let mut decision = Decision { number, puts: Vec::new(), drops: Vec::new() };
        for line in lines {
            match line.split_once('=')? {
                ("put", path) => decision.puts.push(path.to_owned()),
                ("drop", path) => decision.drops.push(path.to_owned()),
                _ => return None,
            }
        }
        Some(decision)
    }

    fn carry_out(&self, disk: &dyn Disk, root: &Path) -> Result<(), FileFault> {
        let new = root.join(QUARANTINE_FOLDER).join(&self.number).join(NEW);
        let mut folders = BTreeSet::new();
        for path in &self.puts {
            let (from, to) = (new.join(path), root.join(path));
            if disk.exists(&from).or_fault(&from, FileAction::Open)? {
                disk.rename(&from, &to).or_fault(&to, FileAction::Rename)?;
            }
            folders.extend(to.parent().map(Path::to_path_buf));
        }
        for path in &self.drops {
            let gone = root.join(path);
            match disk.remove_file(&gone) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome.or_fault(&gone, FileAction::Rename)?,
            }
            folders.extend(gone.parent().map(Path::to_path_buf));
        }
        for folder in &folders {
            disk.sync_dir(folder).or_fault(folder, FileAction::Sync)?;
        }
        let decision = root.join(REPAIR_FILE);
        disk.remove_file(&decision).or_fault(&decision, FileAction::Rename)?;
        disk.sync_dir(root).or_fault(root, FileAction::Sync)
    }
}

impl RepairJob {
    /// Returns the quarantine folder of a repair that was decided and did not end.
    ///
    /// # Errors
    /// The decision does not verify, or cannot be read.
    pub fn unfinished(&self) -> Result<Option<PathBuf>, RepairError> {
        Ok(self.decision()?.map(|decision| self.root.join(QUARANTINE_FOLDER).join(decision.number)))
    }

    /// Ends such a repair.
    ///
    /// # Errors
    /// As [`RepairJob::unfinished`], or a file failed: it can be tried again.
    pub fn finish(&self) -> Result<(), RepairError> {
        match self.decision()? {
            Some(decision) => Ok(decision.carry_out(&*self.env.disk, &self.root)?),
            None => Ok(()),
        }
    }

    /// Returns the quarantine folder that the next repair makes.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn next_quarantine(&self) -> Result<PathBuf, RepairError> {
        Ok(self.root.join(QUARANTINE_FOLDER).join(self.next_number()?))
    }

    pub(crate) fn next_number(&self) -> Result<String, FileFault> {
        let folder = self.root.join(QUARANTINE_FOLDER);
        let entries = match self.env.disk.list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            entries => entries.or_fault(&folder, FileAction::Read)?,
        };
        let last = entries.iter().filter_map(|entry| entry.name.parse::<u32>().ok()).max().unwrap_or(0);
        Ok(format!("{:05}", last.saturating_add(1)))
    }

    fn decision(&self) -> Result<Option<Decision>, RepairError> {
        let path = self.root.join(REPAIR_FILE);
        if !self.env.disk.exists(&path).or_fault(&path, FileAction::Open)? {
            return Ok(None);
        }
        let text = read_text(&*self.env.disk, &path).or_fault(&path, FileAction::Read)?;
        match text.as_deref().and_then(Decision::decode) {
            Some(decision) => Ok(Some(decision)),
            None => Err(RepairError::Note { path }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a decision is read back as it was made, and one with a changed byte is none.
    #[test]
    fn decisions_are_read_back() {
        let (puts, drops) =
            (vec!["state/a".to_owned(), "t-0/0.log".to_owned()], vec!["wal/00002.wal".to_owned()]);
        let decision = Decision { number: "00003".to_owned(), puts, drops };
        let text = decision.encode();
        assert_eq!(Decision::decode(&text), Some(decision));
        for at in 0..text.len() - 1 {
            let mut hurt = text.clone().into_bytes();
            hurt[at] ^= 1;
            assert_eq!(
                String::from_utf8(hurt).ok().and_then(|text| Decision::decode(&text)),
                None,
                "byte {at}"
            );
        }
    }
}
