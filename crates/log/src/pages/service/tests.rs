//! The thread over a disk in memory.

use super::*;
use crate::append::{AppendAs, Origin};
use crate::log::Log;
use crate::segments::PlaceRules;
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use env::{Disk, OpenMode};
use std::path::Path;
use std::sync::Mutex;
use types::{LeaderEpoch, Millis, Monotonic, Now, PartitionId, TopicId, Uuid, WallTime};
use wire::record::{Batch, BatchBuilder, Codec};

const RULES: PlaceRules = PlaceRules {
    segment_bytes: 1 << 20,
    segment_ms: Millis(i64::MAX),
    index_interval_bytes: 100,
    segment_index_bytes: 1 << 16,
};

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl PageSink for Heard {
    fn written(&self, done: Vec<(LogKey, u64)>) {
        let done = done.into_iter().map(|(key, serial)| format!("{}:{serial}", key.partition));
        self.0.lock().unwrap().push(format!("written {}", done.collect::<Vec<_>>().join(" ")));
    }
    fn refused(&self, key: LogKey, _: String) {
        self.0.lock().unwrap().push(format!("refused {}", key.partition));
    }
    fn failed(&self, _: Arc<FileFault>) {
        self.0.lock().unwrap().push("failed".to_owned());
    }
}

/// A thread's service that is stepped by hand.
struct Desk {
    disk: CrashDisk,
    service: run::Service,
    client: PageClient,
    heard: Arc<Heard>,
    logs: Vec<Log>,
}

fn key(partition: i32) -> LogKey {
    LogKey { topic_id: TopicId(Uuid([1; 16])), partition: PartitionId(partition) }
}

impl Desk {
    fn new() -> Desk {
        Desk::with_descriptors(90)
    }

    fn with_descriptors(descriptors: usize) -> Desk {
        let disk = CrashDisk::new();
        (0..2).for_each(|log| disk.create_dir(Path::new(&format!("/{log}"))).unwrap());
        let (commands, inbox) = mpsc::unbounded_channel();
        let handle = PageHandle { commands, clients: Arc::default(), news: Arc::default() };
        let limits = PageLimits { bytes: 1000, files: 10 };
        let writer = PageWriter::new(Arc::new(disk.clone()), descriptors);
        let service = run::Service::new(writer, limits, inbox, handle.news.clone());
        let heard = Arc::new(Heard::default());
        let client = handle.register(heard.clone());
        let logs = (0..2).map(|log| Log::page_cache(key(log))).collect();
        Desk { disk, service, client, heard, logs }
    }

    fn open(&self, log: i32) {
        self.client.handle().open(key(log), format!("/{log}").into());
    }

    fn submit(&mut self, log: usize) {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.push(WallTime(5), None, Some(&[b'v'; 200]), &[]);
        let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
        let now = Now { mono: Monotonic(0), wall: WallTime(9) };
        let how = AppendAs {
            origin: Origin::Client,
            leader_epoch: LeaderEpoch(0),
            now,
            max_producers: 9,
            resume: None,
            verified: None,
        };
        self.logs[log].append(batch, &how).unwrap();
        self.client.submit(vec![self.logs[log].hand_over(&RULES).unwrap()]);
    }

    /// Has the service take all that waits; returns what was heard.
    fn step(&mut self) -> Vec<String> {
        self.service.step();
        std::mem::take(&mut self.heard.0.lock().unwrap())
    }

    fn size(&self, log: i32) -> u64 {
        let path = format!("/{log}/00000000000000000000.log");
        self.disk.open(Path::new(&path), OpenMode::Read).unwrap().size().unwrap()
    }
}

/// Protects: what waits for one log is one write and one report, in one message for all logs of a shard.
#[test]
fn what_waits_is_written_together() {
    let mut desk = Desk::new();
    (0..2).for_each(|log| desk.open(log));
    for log in [0, 1, 0, 0] {
        desk.submit(log);
    }
    assert_eq!(desk.step(), ["written 0:3 1:1"]);
    let writes = desk
        .disk
        .trace()
        .into_iter()
        .filter(|op| op.call == Call::Write && op.path.ends_with("00000000000000000000.log"));
    assert_eq!(writes.count(), 2);
    assert_eq!(desk.size(0), 3 * desk.size(1));
}

/// Protects: the limit of open files: dirty files have a share of the descriptors, and those that had it are synced before
/// another one is written.
#[test]
fn dirty_files_have_a_cap() {
    let mut desk = Desk::with_descriptors(3);
    (0..2).for_each(|log| desk.open(log));
    (0..2).for_each(|log| desk.submit(log));
    assert_eq!(desk.step(), ["written 0:1 1:1"]);
    let calls = desk.disk.trace().into_iter().filter(|op| op.path.ends_with("00000000000000000000.log"));
    let calls = calls.map(|op| op.call).filter(|call| matches!(call, Call::Write | Call::Sync));
    assert_eq!(calls.collect::<Vec<_>>(), [Call::Write, Call::Sync, Call::Write]);
    let (answer, mut dirty) = oneshot::channel();
    desk.client.send(Command::TakeDirty(answer));
    desk.step();
    assert!(format!("{:?}", dirty.try_recv().unwrap()).contains("files: 1"), "the other one is synced");
}

/// Protects: hand-overs wait for their log's folder and nothing else waits for them; without the folder they are refused.
#[test]
fn batches_wait_for_their_folder() {
    let mut desk = Desk::new();
    desk.open(1);
    desk.submit(0);
    desk.submit(1);
    assert_eq!(desk.step(), ["written 1:1"]);
    desk.client.handle().refuse(key(0), "full".to_owned());
    assert_eq!(desk.step(), ["refused 0"]);
    desk.submit(0);
    desk.open(0);
    assert_eq!(desk.step(), [] as [&str; 0], "of the generation that was refused");
    desk.logs[0].take_back_unwritten();
    desk.submit(0);
    assert_eq!(desk.step(), ["written 0:3"]);
}

/// Protects: W-6, W-16: a sync says of which logs it does not hold all that was handed over; that they are written while it runs
/// makes nothing of them safe.
#[test]
fn a_sync_does_not_cover_what_waits_for_its_folder() {
    let mut desk = Desk::new();
    desk.open(1);
    (0..2).for_each(|log| desk.submit(log));
    let (answer, mut dirty) = oneshot::channel();
    desk.client.send(Command::TakeDirty(answer));
    desk.open(0);
    assert_eq!(desk.step(), ["written 1:1", "written 0:1"]);
    assert_eq!(*dirty.try_recv().unwrap().uncovered(), [key(0)].into());
    let (answer, mut dirty) = oneshot::channel();
    desk.client.send(Command::TakeDirty(answer));
    desk.step();
    assert!(dirty.try_recv().unwrap().uncovered().is_empty());
}

/// Protects: W-12: a write without room is cut back to the last whole batch, refused once, and no later hand-over of that
/// generation is written; the other logs are.
#[test]
fn no_room_is_refused_and_cut_back() {
    let mut desk = Desk::new();
    (0..2).for_each(|log| desk.open(log));
    desk.submit(0);
    desk.step();
    let before = desk.size(0);
    desk.disk.fail(Fault::new(When::Nth(Call::Write, 1), Failure::NoSpace));
    desk.submit(0);
    desk.submit(1);
    assert_eq!(desk.step(), ["refused 0", "written 1:1"]);
    desk.submit(0);
    assert_eq!(desk.step(), [] as [&str; 0]);
    assert_eq!(desk.size(0), before);
}

/// Protects: W-12: a batch is called refused only when it is cut off its file: without a descriptor for its index that is at
/// once, without room for the cut it is later, and until then nobody hears of it and nothing is written behind it.
#[test]
fn a_batch_is_refused_only_when_it_is_cut_off() {
    let mut desk = Desk::new();
    let fail = |desk: &Desk, call, nth, failure, ending: &'static str| {
        let paths = Some(Arc::new(move |path: &Path| path.to_string_lossy().ends_with(ending)) as _);
        desk.disk.fail(Fault { when: When::Nth(call, nth), failure, paths });
    };
    desk.open(0);
    (0..2).for_each(|_| desk.submit(0));
    desk.step();
    desk.logs[0].on_written(2);
    let before = desk.size(0);
    fail(&desk, Call::Write, 1, Failure::NoSpace, ".index");
    fail(&desk, Call::Open, 1, Failure::NoDescriptor, ".log");
    desk.submit(0);
    assert_eq!(desk.step(), ["refused 0"]);
    desk.logs[0].take_back_unwritten();
    assert_eq!(
        desk.disk.open(Path::new("/0/00000000000000000000.log"), OpenMode::Read).err().map(drop),
        Some(())
    );
    assert_eq!(desk.size(0), before);
    fail(&desk, Call::Write, 1, Failure::NoSpace, ".index");
    (1..3).for_each(|nth| fail(&desk, Call::SetSize, nth, Failure::NoSpace, ".log"));
    desk.submit(0);
    assert_eq!(desk.step(), [] as [&str; 0], "it may be stored");
    assert!(desk.size(0) > before);
    desk.submit(0);
    assert_eq!(desk.step(), [] as [&str; 0], "of the generation that is to be refused");
    desk.service.settle();
    assert_eq!(desk.step(), ["refused 0"]);
    assert_eq!(desk.size(0), before);
    desk.logs[0].take_back_unwritten();
    desk.submit(0);
    assert_eq!(desk.step(), ["written 0:6"]);
}

/// Protects: W-11: any other fault ends the writer, and everyone hears of it, then and later.
#[test]
fn a_failed_write_is_final() {
    let mut desk = Desk::new();
    desk.open(0);
    desk.disk.fail(Fault::new(When::Nth(Call::Write, 1), Failure::Io));
    desk.submit(0);
    assert_eq!(desk.step(), ["failed"]);
    desk.submit(0);
    assert_eq!(desk.step(), ["failed"]);
}

/// Protects: W-10: a removed log's folder goes only after what was handed over before is written.
#[test]
fn a_log_is_forgotten_after_its_writes() {
    let mut desk = Desk::new();
    desk.open(0);
    desk.submit(0);
    let heard = desk.heard.clone();
    desk.client.handle().forget(key(0), Box::new(move || heard.0.lock().unwrap().push("gone".to_owned())));
    assert_eq!(desk.step(), ["written 0:1", "gone"]);
}
