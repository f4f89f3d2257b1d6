//! Folders of logs: made, given up, set aside (W-10, W-14).
//!
//! A folder is made under a temporary name with its `partition.metadata` inside, synced, renamed; the directory is
//! synced before a state names it. A log that is gone has its folder renamed to `-delete`, then unlinked step by
//! step; one that nobody claims is renamed to `-stray` and kept for a while (strays.rs). A folder that has a log's name but not its topic id is
//! its namesake's and is set aside too, never written into. Tests: `crates/log/tests/crash_directory.rs`.

use super::{Directory, kafka};
use crate::fault::{FileAction, FileFault, OrFault};
use crate::layout::{delete_name, new_name, stray_name};
use crate::reader::Registry;
use std::io;
use std::path::{Path, PathBuf};
use types::{LogKey, TopicId};

impl Directory {
    /// Gives up a log whose `Removed` frame is durable: its folder is renamed and queued for [`Directory::sweep`],
    /// and the next checkpoint forgets the log. `folder` names it where no checkpoint has yet.
    ///
    /// # Errors
    /// No room: the log is forgotten all the same, its folder is still there; the same job, or the next checkpoint, tries
    /// again. Else final.
    pub fn remove_log(&mut self, key: LogKey, folder: Option<&str>) -> Result<(), FileFault> {
        self.job(|directory| {
            let waited = directory.discard_waiting();
            directory.remove_now(key, folder)?;
            waited?;
            match directory.waiting.first() {
                Some((_, folder)) => Err(FileFault::Full { path: directory.root.join(folder) }),
                None => Ok(()),
            }
        })
    }

    /// Sets a log aside that the metadata does not know: its folder is renamed to `-stray` and kept, the next
    /// checkpoint forgets the log. What is in its segments stays; a caller that wants all of it kept has it placed first.
    ///
    /// # Errors
    /// No room, or final.
    pub fn stray_log(&mut self, key: LogKey) -> Result<(), FileFault> {
        self.job(|directory| {
            let folder = directory.registry().folder(key);
            if let Some(folder) = folder
                && directory.belongs_to(&folder, key)?
            {
                let target = stray_name(&folder, key.topic_id, directory.clock.now().wall);
                directory.rename_folder(&folder, &target)?;
            }
            directory.forget(key);
            Ok(())
        })
    }

    /// Sets a folder aside that neither the state nor the metadata knows; see `RecoveryReport::unknown_folders`.
    ///
    /// # Errors
    /// No room, or final.
    pub fn stray_folder(&mut self, folder: &str) -> Result<(), FileFault> {
        self.job(|directory| match directory.folders.get(folder) {
            Some(None) => directory.set_aside(folder),
            _ => Ok(()),
        })
    }

    /// Says whether a name that a log wants for its folder is still another's, whose removal has not come yet.
    pub fn is_taken(&self, key: LogKey, folder: &str) -> bool {
        let lives = |owner: LogKey| {
            !self.is_removed(owner) && !self.waiting.contains(&(owner.topic_id, folder.to_owned()))
        };
        let owner = self.folders.get(folder).copied().flatten();
        !self.is_removed(key) && owner.is_some_and(|owner| owner != key && lives(owner))
    }

    pub(super) fn registry(&self) -> Registry<'_> {
        Registry(&self.reader)
    }

    pub(super) fn remove_now(&mut self, key: LogKey, folder: Option<&str>) -> Result<(), FileFault> {
        let known = self.registry().folder(key).map(|folder| folder.to_string());
        let folder = known.or_else(|| folder.map(str::to_owned));
        if let Some(folder) = folder.filter(|folder| self.folders.contains_key(folder))
            && self.belongs_to(&folder, key)?
        {
            match self.discard(&folder, key.topic_id) {
                // The log is gone all the same, and the state must say so. The folder waits.
                Err(fault) if fault.is_full() => {
                    self.waiting.insert((key.topic_id, folder));
                }
                outcome => outcome?,
            }
        }
        self.forget(key);
        Ok(())
    }

    /// Renames the folders of removed logs for which there was no room; with no room still, they go on waiting.
    pub(super) fn discard_waiting(&mut self) -> Result<(), FileFault> {
        while let Some((topic_id, folder)) = self.waiting.first().cloned() {
            let path = self.root.join(&folder);
            if kafka::read_metadata(&*self.disk, &path)? == Some(topic_id) {
                self.discard(&folder, topic_id)?;
            }
            self.waiting.pop_first();
        }
        Ok(())
    }

    /// Renames a folder to `-delete` and queues it.
    fn discard(&mut self, folder: &str, topic_id: TopicId) -> Result<(), FileFault> {
        let target = delete_name(folder, topic_id);
        let path = self.root.join(&target);
        self.clear_folder(&path)?;
        self.rename_folder(folder, &target)?;
        self.garbage.push(path);
        Ok(())
    }

    fn forget(&mut self, key: LogKey) {
        self.registry().remove(key);
        self.extended.remove(&key);
        self.made.remove(&key);
        self.epochs_written.remove(&key);
        self.page_logs.remove(&key);
        if !self.removed_before.contains(&key) {
            self.removed.insert(key);
        }
    }

    /// Says whether a folder is this log's: by its owner, else by the topic id within.
    fn belongs_to(&self, folder: &str, key: LogKey) -> Result<bool, FileFault> {
        match self.folders.get(folder) {
            Some(Some(owner)) => Ok(*owner == key),
            Some(None) => {
                Ok(kafka::read_metadata(&*self.disk, &self.root.join(folder))? == Some(key.topic_id))
            }
            None => Ok(false),
        }
    }

    /// Returns the folder of a log, made if it was not this log's before. *Invariant*: the name is not taken
    /// ([`Directory::is_taken`]): the folder of a log that lives is never set aside.
    pub(super) fn own_folder(&mut self, key: LogKey, folder: &str) -> Result<PathBuf, FileFault> {
        let path = self.root.join(folder);
        if self.is_taken(key, folder) {
            return Err(FileFault::Taken { path });
        }
        match self.folders.get(folder) {
            Some(Some(owner)) if *owner == key => return Ok(path),
            // Left by a job that never ended. Its name may not be on the device, so it is not used again.
            Some(_) if self.belongs_to(folder, key)? => self.discard(folder, key.topic_id)?,
            Some(_) => self.set_aside(folder)?,
            None => {}
        }
        self.make_folder(folder, key.topic_id)?;
        self.folders.insert(folder.to_owned(), Some(key));
        self.registry().set_folder(key, folder);
        Ok(path)
    }

    fn make_folder(&mut self, folder: &str, topic_id: TopicId) -> Result<(), FileFault> {
        let root = self.root.clone();
        if self.unsynced.contains(&root) {
            // A folder of this name may just have been renamed: that must not come back in its place.
            self.sync_folder(&root)?;
        }
        let (path, aside) = (root.join(folder), root.join(new_name(folder, topic_id)));
        self.clear_folder(&aside)?;
        self.disk.create_dir(&aside).or_fault(&aside, FileAction::Open)?;
        kafka::write_metadata(&*self.disk, &aside, topic_id)?;
        self.disk.sync_dir(&aside).or_fault(&aside, FileAction::Sync)?;
        self.disk.rename(&aside, &path).or_fault(&path, FileAction::Rename)?;
        self.unsynced.insert(root);
        Ok(())
    }

    /// Removes what an earlier attempt to make a folder has left.
    pub(super) fn clear_folder(&self, path: &Path) -> Result<(), FileFault> {
        let entries = match self.disk.list(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.or_fault(path, FileAction::Read)?,
        };
        for entry in entries {
            let file = path.join(entry.name);
            self.disk.remove_file(&file).or_fault(&file, FileAction::Rename)?;
        }
        self.disk.remove_dir(path).or_fault(path, FileAction::Rename)
    }

    /// Renames a folder that has a name which belongs to another log.
    fn set_aside(&mut self, folder: &str) -> Result<(), FileFault> {
        let id = kafka::read_metadata(&*self.disk, &self.root.join(folder))?.unwrap_or_default();
        if let Some(Some(owner)) = self.folders.get(folder).copied() {
            self.registry().remove(owner);
        }
        self.rename_folder(folder, &stray_name(folder, id, self.clock.now().wall))
    }

    pub(super) fn rename_folder(&mut self, folder: &str, target: &str) -> Result<(), FileFault> {
        let (from, to) = (self.root.join(folder), self.root.join(target));
        self.disk.rename(&from, &to).or_fault(&from, FileAction::Rename)?;
        self.folders.remove(folder);
        self.unsynced.remove(&from);
        self.unsynced.insert(self.root.clone());
        Ok(())
    }
}
