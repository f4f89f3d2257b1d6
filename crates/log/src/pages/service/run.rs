//! The loop of the writer's thread.

use super::{Command, News, PageLimits, PageSink};
use crate::fault::FileFault;
use crate::log::PageWrite;
use crate::pages::writer::PageWriter;
use crate::segments::SegmentWrite;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use types::LogKey;

/// Pause before a cut is tried again for which there was no room.
const OWED_PAUSE: Duration = Duration::from_secs(1);
/// Commands taken in one turn.
const TURN_MAX: usize = 1024;

/// What waits for one log, merged.
struct Waiting {
    client: usize,
    serial: u64,
    generation: u32,
    writes: Vec<SegmentWrite>,
}

/// What the thread owns.
pub(super) struct Service {
    writer: PageWriter,
    limits: PageLimits,
    inbox: mpsc::UnboundedReceiver<Command>,
    news: Arc<News>,
    sinks: BTreeMap<usize, Arc<dyn PageSink>>,
    waiting: BTreeMap<LogKey, Waiting>,
    /// What waits for its log's folder.
    parked: BTreeMap<LogKey, Waiting>,
    /// What found no room and is not cut off again: it may be stored, so nobody is told.
    owed: BTreeMap<LogKey, (Waiting, String)>,
    /// The newest generation of each log of which something was refused.
    refused: BTreeMap<LogKey, u32>,
    was_dirty: bool,
    fault: Option<Arc<FileFault>>,
}

impl Service {
    pub(super) fn new(
        writer: PageWriter,
        limits: PageLimits,
        inbox: mpsc::UnboundedReceiver<Command>,
        news: Arc<News>,
    ) -> Service {
        Service {
            writer,
            limits,
            inbox,
            news,
            sinks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            parked: BTreeMap::new(),
            owed: BTreeMap::new(),
            refused: BTreeMap::new(),
            was_dirty: false,
            fault: None,
        }
    }

    /// Runs until nobody holds a handle any more.
    pub(super) async fn run(mut self) {
        loop {
            let next = match self.owed.is_empty() {
                true => Ok(self.inbox.recv().await),
                false => tokio::time::timeout(OWED_PAUSE, self.inbox.recv()).await,
            };
            match next {
                Ok(Some(command)) => self.take(command),
                Ok(None) => return,
                Err(_) => self.settle(),
            }
            self.step();
        }
    }

    /// Takes what waits now, and writes it.
    pub(super) fn step(&mut self) {
        for _ in 0..TURN_MAX {
            let Ok(command) = self.inbox.try_recv() else { break };
            self.take(command);
        }
        self.write_waiting();
    }

    /// Takes a command. All but hand-overs come after what waits before them.
    fn take(&mut self, command: Command) {
        match command {
            Command::Submit(client, writes) => {
                writes.into_iter().for_each(|write| self.submit(client, write));
            }
            Command::Register(id, sink) => self.register(id, sink),
            Command::Open(key, folder) => {
                self.write_waiting();
                self.writer.add_log(key, folder);
                if let Some(parked) = self.parked.remove(&key) {
                    self.waiting.insert(key, parked);
                }
            }
            Command::Refuse(key, reason) => {
                if let Some(parked) = self.parked.remove(&key) {
                    self.refuse(key, &parked, reason);
                }
            }
            Command::Forget(key, done) => {
                self.write_waiting();
                self.writer.forget(key);
                self.parked.remove(&key);
                self.owed.remove(&key);
                self.refused.remove(&key);
                done();
            }
            Command::TakeDirty(answer) => {
                self.write_waiting();
                if self.fault.is_none() {
                    self.was_dirty = false;
                    let uncovered = self.parked.keys().chain(self.owed.keys()).copied().collect();
                    let _ = answer.send(self.writer.take_dirty().leaving_out(uncovered));
                }
            }
        }
    }

    fn register(&mut self, id: usize, sink: Arc<dyn PageSink>) {
        if let Some(fault) = &self.fault {
            sink.failed(fault.clone());
        }
        self.sinks.insert(id, sink);
    }

    fn submit(&mut self, client: usize, write: PageWrite) {
        if let Some(fault) = &self.fault {
            if let Some(sink) = self.sinks.get(&client) {
                sink.failed(fault.clone());
            }
            return;
        }
        let PageWrite { key, serial, generation, writes } = write;
        if self.refused.get(&key).is_some_and(|refused| generation <= *refused) {
            return;
        }
        let queue = if self.writer.has_log(key) { &mut self.waiting } else { &mut self.parked };
        match queue.get_mut(&key) {
            Some(before) => {
                (before.serial, before.generation) = (serial, generation);
                writes.into_iter().for_each(|write| merge(&mut before.writes, write));
            }
            None => drop(queue.insert(key, Waiting { client, serial, generation, writes })),
        }
    }

    fn write_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let mut done: BTreeMap<usize, Vec<(LogKey, u64)>> = BTreeMap::new();
        for (key, waiting) in std::mem::take(&mut self.waiting) {
            match self.writer.write(key, &waiting.writes) {
                Ok(()) => done.entry(waiting.client).or_default().push((key, waiting.serial)),
                Err(fault) if fault.is_full() => self.cut_off(key, waiting, fault.to_string()),
                Err(fault) => self.fail(fault),
            }
            if self.fault.is_some() {
                return;
            }
        }
        for (client, done) in done {
            if let Some(sink) = self.sinks.get(&client) {
                sink.written(done);
            }
        }
        self.tell_news();
    }

    /// Refuses what found no room, once it is cut off; nothing later of that generation is written from now on.
    fn cut_off(&mut self, key: LogKey, waiting: Waiting, reason: String) {
        self.refused.insert(key, waiting.generation);
        match self.writer.settle(key) {
            Ok(true) => self.refuse(key, &waiting, reason),
            Ok(false) => drop(self.owed.insert(key, (waiting, reason))),
            Err(fault) => self.fail(fault),
        }
    }

    /// Tries the cuts again for which there was no room.
    pub(super) fn settle(&mut self) {
        for (key, (waiting, reason)) in std::mem::take(&mut self.owed) {
            if self.fault.is_none() {
                self.cut_off(key, waiting, reason);
            }
        }
    }

    fn refuse(&mut self, key: LogKey, waiting: &Waiting, reason: String) {
        self.refused.insert(key, waiting.generation);
        if let Some(sink) = self.sinks.get(&waiting.client) {
            sink.refused(key, reason);
        }
    }

    fn tell_news(&mut self) {
        let (bytes, files) = self.writer.dirty();
        if files > 0 && !self.was_dirty {
            self.was_dirty = true;
            self.news.dirty.notify_one();
        }
        if bytes >= self.limits.bytes || files >= self.limits.files {
            self.news.wanted.notify_one();
        }
    }

    /// Tells everyone about a fault; nothing is written after it.
    fn fail(&mut self, fault: FileFault) {
        let fault = self.fault.get_or_insert_with(|| Arc::new(fault)).clone();
        self.waiting.clear();
        self.parked.clear();
        self.owed.clear();
        self.sinks.values().for_each(|sink| sink.failed(fault.clone()));
    }
}

/// Adds a write to those before it, in one piece with the last if it goes on in the same segment.
fn merge(writes: &mut Vec<SegmentWrite>, next: SegmentWrite) {
    match writes.last_mut() {
        Some(last) if last.base == next.base => {
            last.batches.extend(next.batches);
            last.index.extend(next.index);
            last.times.extend(next.times);
            last.roll |= next.roll;
        }
        _ => writes.push(next),
    }
}
