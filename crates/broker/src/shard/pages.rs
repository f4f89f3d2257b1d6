//! A shard's page-cache logs (W-16): what it hands over to their writer, and what it hears back.

use super::Shard;
use super::checkpoints::{cached_bytes, place_rules};
use crate::jobs::{Job, JobSender};
use log::log::{Log, PageWrite};
use log::pages::PageClient;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::oneshot;
use types::LogKey;

/// The page-cache logs of a shard.
pub(super) struct Pages {
    writer: PageClient,
    /// Logs with batches of this turn.
    buffered: BTreeSet<LogKey>,
    /// Logs that the writer may know, and whether it knows their folder, or will.
    opened: BTreeMap<LogKey, bool>,
    /// Logs with batches that no sync covers.
    unsynced: BTreeSet<LogKey>,
    /// Logs that the sync under way covers.
    syncing: Vec<LogKey>,
}

impl Pages {
    pub(super) fn new(writer: PageClient) -> Pages {
        Pages {
            writer,
            buffered: BTreeSet::new(),
            opened: BTreeMap::new(),
            unsynced: BTreeSet::new(),
            syncing: Vec::new(),
        }
    }

    /// Hands batches over, and has their folders made after that: a refusal for want of a folder has to find what it refuses.
    fn submit(&self, writes: Vec<PageWrite>, jobs: &JobSender, folders: Vec<Job>) {
        if !writes.is_empty() {
            self.writer.submit(writes);
        }
        folders.into_iter().for_each(|folder| jobs.send(folder));
    }

    pub(super) fn note_buffered(&mut self, key: LogKey) {
        self.buffered.insert(key);
    }
}

impl Shard {
    /// Hands this turn's batches of page-cache logs to their writer as one message. A log's first batch brings the
    /// frame that makes it, and has its folder made.
    pub(super) fn hand_over_pages(&mut self) {
        let (mut writes, mut jobs) = (Vec::new(), Vec::new());
        for key in std::mem::take(&mut self.pages.buffered) {
            let Some(slot) = self.partitions.get_mut(&key) else { continue };
            let rules = place_rules(key, &slot.config);
            let log = slot.partition.log_mut();
            if let Some(frame) = log.created() {
                self.frames.push(frame);
                self.is_awaited = true;
                self.changed.insert(key);
            }
            if self.pages.opened.insert(key, true) != Some(true) {
                let folder: Arc<str> = log.folder().unwrap_or_default().into();
                jobs.push(Job::OpenPages { key, folder });
            }
            writes.extend(log.hand_over(&rules));
            self.pages.unsynced.insert(key);
            if log.waits_for_lower_state() {
                self.changed.insert(key);
                self.pages.writer.handle().hurry_sync();
            }
            jobs.extend(log.take_file_cuts().into_iter().map(Job::CutFile));
        }
        self.pages.submit(writes, &self.jobs, jobs);
    }

    pub(super) fn on_written(&mut self, done: Vec<(LogKey, u64)>) {
        let share = self.settings.tail_cache_bytes / (self.pages.opened.len() as u64).max(1);
        for (key, serial) in done {
            let Some(slot) = self.partitions.get_mut(&key) else { continue };
            let mut effects = Vec::new();
            slot.partition.on_written(serial, &mut effects);
            let log = slot.partition.log_mut();
            log.take_file_cuts().into_iter().for_each(|cut| self.jobs.send(Job::CutFile(cut)));
            log.evict(log.unwritten_bytes() + share);
            self.tails.note(key, cached_bytes(log));
            slot.count_unwritten();
            self.run_effects(key, effects);
        }
    }

    /// What was not written is answered as not stored; the next batch tries again, its folder included.
    pub(super) fn on_no_room(&mut self, key: LogKey, reason: &str) {
        tracing::error!(partition = %key, reason, "no room for batches of a page-cache topic: they are refused");
        let Some(slot) = self.partitions.get_mut(&key) else { return };
        self.pages.opened.insert(key, false);
        let mut effects = Vec::new();
        slot.partition.on_no_room(&mut effects);
        let cuts = slot.partition.log_mut().take_file_cuts();
        cuts.into_iter().for_each(|cut| self.jobs.send(Job::CutFile(cut)));
        slot.count_unwritten();
        if let Some(topic) = self.published.image.topics().by_id(key.topic_id) {
            self.departed.forget_partition(&(topic.name.as_str().into(), key.partition));
        }
        self.run_effects(key, effects);
    }

    /// Has a sync come, in its time, for what a start has found beyond the recovery point: it was made safe, and the state
    /// does not know it.
    pub(super) fn note_unsynced(&mut self, log: &Log) {
        if log.recovery_point().is_some_and(|point| point < log.log_end()) {
            self.pages.unsynced.insert(log.key());
            self.pages.writer.handle().ask_sync();
        }
    }

    /// Has a log synced soon, and a checkpoint taken that makes it the recovery point.
    pub(super) fn sync_pages_now(&mut self, key: LogKey) {
        self.pages.unsynced.insert(key);
        self.pages.writer.handle().hurry_sync();
    }

    pub(super) fn on_sync_pages(&mut self, reply: oneshot::Sender<()>) {
        self.submit();
        for key in std::mem::take(&mut self.pages.unsynced) {
            let Some(slot) = self.partitions.get_mut(&key) else { continue };
            // What is damaged was not made safe.
            if !slot.partition.is_failed() && slot.partition.log_mut().begin_sync() {
                self.pages.syncing.push(key);
            }
        }
        let _ = reply.send(());
    }

    pub(super) fn on_pages_synced(&mut self, uncovered: &BTreeSet<LogKey>) {
        for key in std::mem::take(&mut self.pages.syncing) {
            let Some(slot) = self.partitions.get_mut(&key) else { continue };
            let log = slot.partition.log_mut();
            if uncovered.contains(&key) {
                // Its folder was not there when the files were taken: that it is written by now says nothing.
                log.drop_sync();
            }
            match log.pages_synced() {
                true => self.changed.insert(key),
                false => self.pages.unsynced.insert(key),
            };
            let mut effects = Vec::new();
            slot.partition.on_pages_synced(&mut effects);
            self.run_effects(key, effects);
        }
    }

    /// Sends a job; what removes a page-cache log comes after its writer has closed it.
    pub(super) fn send_job(&mut self, job: Job) {
        match &job {
            Job::RemoveLog { key, .. } if self.pages.opened.remove(key).is_some() => {
                let (key, jobs) = (*key, self.jobs.clone());
                self.pages.writer.handle().forget(key, Box::new(move || jobs.send(job)));
            }
            _ => self.jobs.send(job),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::{Spawn, ThreadMain};
    use log::fault::FileFault;
    use log::pages::{PageLimits, PageSink, PageWriter};
    use std::sync::Mutex;
    use tokio::sync::mpsc;
    use types::{PartitionId, TopicId, Uuid};

    /// Starts no thread: whoever submits hears of the failure within the call.
    struct NoThreads;

    impl Spawn for NoThreads {
        fn thread(&self, _: &str, _: ThreadMain) {}
        fn blocking(&self, _: Box<dyn FnOnce() + Send>) {}
    }

    /// Counts the jobs that were sent before each failure.
    struct Watch(Mutex<(mpsc::UnboundedReceiver<Job>, Vec<usize>)>);

    impl PageSink for Watch {
        fn written(&self, _: Vec<(LogKey, u64)>) {}
        fn refused(&self, _: LogKey, _: String) {}
        fn failed(&self, _: Arc<FileFault>) {
            let (inbox, seen) = &mut *self.0.lock().unwrap();
            seen.push(inbox.len());
        }
    }

    /// Protects: W-12: the directory is asked for a folder after its batches were handed over: a refusal that came before them
    /// would leave them waiting for ever.
    #[test]
    fn a_folder_is_asked_for_after_the_hand_over() {
        let (jobs, inbox) = JobSender::channel();
        let watch = Arc::new(Watch(Mutex::new((inbox, Vec::new()))));
        let limits = PageLimits { bytes: 1, files: 1 };
        let disk = Arc::new(env::crash::CrashDisk::new());
        let pages = Pages::new(
            log::pages::start(&NoThreads, PageWriter::new(disk, 9), limits).register(watch.clone()),
        );
        let key = LogKey { topic_id: TopicId(Uuid([1; 16])), partition: PartitionId(0) };
        let write = PageWrite { key, serial: 1, generation: 0, writes: Vec::new() };
        pages.submit(vec![write], &jobs, vec![Job::OpenPages { key, folder: "t-0".into() }]);
        let (inbox, seen) = &mut *watch.0.lock().unwrap();
        assert_eq!(*seen, [0, 0], "when it registered, and when it handed over");
        assert!(matches!(inbox.try_recv(), Ok(Job::OpenPages { .. })));
    }
}
