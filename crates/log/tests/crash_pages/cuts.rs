//! A killed process and a power cut after every operation of the story, and of the recovery from one.

use crate::broker::{Broker, Change, Stop};
use crate::judge::{Book, Crash, SharedBook, judge};
use crate::probe::Probe;
use crate::scan::agree;
use crate::world::{WALL, env_of, root};
use crate::{story, truncations};
use env::crash::{CrashDisk, Sabotage};
use env::{Disk, Env, OpenMode};
use log::directory::CutPages;
use std::path::Path;
use std::sync::{Arc, Mutex};
use types::{LeaderEpoch, Monotonic, Now, Offset, WallTime};
use wire::record::{BatchBuilder, Codec};

#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) operations: u64,
    pub(crate) failures: Vec<String>,
}

/// Runs the story; `look` judges a copy of the disk after every operation.
fn run(
    sabotage: Sabotage,
    look: impl FnMut(&CrashDisk, &Book, u64) -> Result<(), String> + Send + 'static,
) -> Findings {
    run_story(story::run, sabotage, look)
}

/// Runs one of the stories.
pub(crate) fn run_story(
    story: fn(&Env, &SharedBook) -> Result<Broker, Stop>,
    sabotage: Sabotage,
    mut look: impl FnMut(&CrashDisk, &Book, u64) -> Result<(), String> + Send + 'static,
) -> Findings {
    let disk = CrashDisk::new();
    disk.sabotage(sabotage);
    let book = SharedBook::default();
    let findings = Arc::new(Mutex::new(Findings::default()));
    let (seen, shadow) = (findings.clone(), book.clone());
    let hook = move |disk: &CrashDisk| {
        let mut findings = seen.lock().unwrap();
        findings.operations += 1;
        let op = findings.operations;
        let book = shadow.lock().unwrap().clone();
        let outcome = look(disk, &book, op);
        findings.failures.extend(outcome.err().map(|failure| format!("after operation {op}: {failure}")));
    };
    let env = env_of(Arc::new(Probe::new(disk, Box::new(hook))), 1);
    let ended = story(&env, &book).map(drop).map_err(|stop| stop.to_string());
    drop(env);
    let mut findings = std::mem::take(&mut *findings.lock().unwrap());
    findings.failures.extend(ended.err());
    findings
}

/// Opens a directory and compares what it holds with what was promised; its book is what was found.
pub(crate) fn recover(disk: &CrashDisk, book: &Book, crash: Crash) -> Result<Broker, String> {
    let env = env_of(Arc::new(disk.clone()), 2);
    let mut broker = Broker::open(&env, SharedBook::default()).map_err(|error| error.to_string())?;
    if let Some(damage) = broker.report.damaged.first() {
        return Err(damage.to_string());
    }
    let found = broker.read_all()?;
    judge(book, &found, crash)?;
    truncations::judge_derived(&broker, &found)?;
    let reader = broker.directory.reader();
    broker.logs.values().try_for_each(|log| agree(&reader, log))?;
    story::equip(&mut broker);
    broker.epoch = 3;
    let mut book = book.clone();
    book.retain(|key, _| found.contains_key(key));
    for (key, told) in &mut book {
        told.settle(&found[key]);
    }
    *broker.book.lock().unwrap() = book;
    Ok(broker)
}

/// Goes on after a recovery: appends, and dies again, with everything kept; then syncs, and loses its power.
pub(crate) fn go_on(disk: &CrashDisk, mut broker: Broker) -> Result<(), String> {
    broker.resend()?;
    let keys: Vec<_> = broker.logs.keys().copied().collect();
    let appends: Vec<Change> =
        keys.iter().flat_map(|key| [Change::Append(*key, 1, 500), Change::Append(*key, 2, 40)]).collect();
    broker.turn(&appends).map_err(|stop| format!("going on: {stop}"))?;
    let book = broker.with_book(|book| book.clone());
    let killed = disk.fork();
    killed.kill();
    recover(&killed, &book, Crash::Kill).map_err(|failure| format!("after going on: {failure}"))?;
    let cut = disk.fork();
    cut.power_cut(2);
    recover(&cut, &book, Crash::PowerCut).map_err(|failure| format!("after going on: {failure}"))?;
    broker.sync().and_then(|()| broker.checkpoint(0)).map_err(|stop| format!("syncing: {stop}"))?;
    let book = broker.with_book(|book| book.clone());
    if let Some((key, told)) = book.iter().find(|(_, told)| told.page_cache && told.synced < told.acked) {
        return Err(format!("{key}: {} of {} are synced", told.synced, told.acked));
    }
    drop(broker);
    disk.power_cut(0);
    recover(disk, &book, Crash::PowerCut)
        .map(drop)
        .map_err(|failure| format!("after a checkpoint: {failure}"))
}

pub(crate) fn assert_none(findings: &Findings) {
    let failures = &findings.failures;
    assert!(failures.is_empty(), "{} failures, first: {}", failures.len(), failures[0]);
    assert!(findings.operations > 200, "the story has only {} operations", findings.operations);
}

/// Protects: W-16: a killed process loses nothing acknowledged on a page-cache log, at any operation, and knows every batch that
/// is resent; so does the next one, and what is synced then outlives the power.
#[test]
fn killed_at_every_operation_page_cache_logs_lose_nothing() {
    let findings = run(Sabotage::default(), |disk, book, op| {
        let disk = disk.fork();
        disk.kill();
        let mut broker = recover(&disk, book, Crash::Kill)?;
        match op.is_multiple_of(2) {
            true => go_on(&disk, broker),
            false => broker.resend(),
        }
    });
    assert_none(&findings);
}

/// Protects: W-16: a power cut at any operation leaves a prefix of each page-cache log, no shorter than what the state knows to be
/// synced, never refused as damage, and takes nothing from the log of the other kind; the directory works on.
#[test]
fn power_cut_at_every_operation_leaves_a_prefix() {
    let findings = run(Sabotage::default(), |disk, book, op| {
        for seed in [0, 1, 2] {
            let cut = disk.fork();
            cut.power_cut(seed + 1000 * op * (seed / 2));
            let broker =
                recover(&cut, book, Crash::PowerCut).map_err(|failure| format!("seed {seed}: {failure}"))?;
            if op % 3 == seed {
                go_on(&cut, broker).map_err(|failure| format!("seed {seed}: {failure}"))?;
            }
        }
        Ok(())
    });
    assert_none(&findings);
}

/// Runs a recovery that is itself cut after every operation.
pub(crate) fn recover_with_crashes(disk: &CrashDisk, book: &Book, crash: Crash) -> Result<(), String> {
    let failures = Arc::new(Mutex::new(Vec::new()));
    let (seen, shadow) = (failures.clone(), book.clone());
    let hook = move |disk: &CrashDisk| {
        let (killed, cut) = (disk.fork(), disk.fork());
        killed.kill();
        cut.power_cut(3);
        let outcomes = [recover(&killed, &shadow, crash), recover(&cut, &shadow, Crash::PowerCut)];
        seen.lock().unwrap().extend(outcomes.into_iter().filter_map(Result::err));
    };
    let env = env_of(Arc::new(Probe::new(disk.clone(), Box::new(hook))), 2);
    drop(Broker::open(&env, SharedBook::default()).map_err(|error| error.to_string())?);
    let failures = std::mem::take(&mut *failures.lock().unwrap());
    failures.into_iter().next().map_or(Ok(()), |failure| Err(format!("recovery cut: {failure}")))
}

/// Protects: W-2, W-16: a recovery of page-cache logs may die or lose its power at any of its own operations.
#[test]
fn recovery_of_page_cache_logs_may_be_cut_anywhere() {
    let findings = run(Sabotage::default(), |disk, book, op| {
        if !op.is_multiple_of(7) {
            return Ok(());
        }
        let (killed, cut) = (disk.fork(), disk.fork());
        killed.kill();
        recover_with_crashes(&killed, book, Crash::Kill)?;
        cut.power_cut(op);
        recover_with_crashes(&cut, book, Crash::PowerCut)
    });
    assert_none(&findings);
}

/// Protects: W-16: a whole batch that an older leadership left behind the end, at the right offset, is not believed.
#[test]
fn a_batch_of_an_older_leadership_ends_the_scan() {
    let disk = CrashDisk::new();
    let env = env_of(Arc::new(disk.clone()), 1);
    let mut broker = story::open(&env, SharedBook::default()).unwrap();
    broker.epoch = 4;
    broker.turn(&[Change::Append(story::busy(), 1, 100), Change::Append(story::busy(), 1, 100)]).unwrap();
    let book = broker.with_book(|book| book.clone());
    drop(broker);
    disk.kill();
    let path = root().join("busy-0/00000000000000000000.log");
    for (epoch, is_found) in [(3, false), (4, true)] {
        let after = disk.fork();
        let mut left = BatchBuilder::new(Codec::None).placed(Offset(2), LeaderEpoch(epoch));
        left.push(WALL, None, Some(b"left behind"), &[]);
        let file = after.open(&path, OpenMode::Write).unwrap();
        file.write_at(&left.build().unwrap(), file.size().unwrap()).unwrap();
        let env = env_of(Arc::new(after.clone()), 2);
        let found = Broker::open(&env, SharedBook::default()).unwrap().read_all().unwrap();
        assert_eq!(found[&story::busy()].batches.len(), 2 + usize::from(is_found));
        assert_eq!(found[&story::busy()].batches[..2], book[&story::busy()].sent[..]);
    }
}

/// Protects: W-3, W-18: what a start does not believe of a page-cache log is told with the log, the offset and the bytes; what it finds
/// whole is not.
#[test]
fn what_a_start_cuts_off_is_told() {
    let disk = CrashDisk::new();
    let mut broker = story::open(&env_of(Arc::new(disk.clone()), 1), SharedBook::default()).unwrap();
    let append = Change::Append(story::busy(), 1, 100);
    broker.turn(&[append, append, append, Change::Append(story::quiet(), 1, 30)]).unwrap();
    drop(broker);
    disk.kill();
    let path = root().join("busy-0/00000000000000000000.log");
    let file = disk.open(&path, OpenMode::Write).unwrap();
    let size = file.size().unwrap();
    file.write_at(&[0xff], size / 3 + 80).unwrap();
    drop(file);
    disk.kill();
    let env = env_of(Arc::new(disk.clone()), 2);
    let report = Broker::open(&env, SharedBook::default()).unwrap().report;
    let told = CutPages { key: story::busy(), from: Offset(1), bytes: size - size / 3 };
    assert_eq!(report.cut_pages, [told]);
    disk.kill();
    assert_eq!(Broker::open(&env, SharedBook::default()).unwrap().report.cut_pages, []);
}

struct SetBack;

impl env::Clock for SetBack {
    fn now(&self) -> Now {
        Now { mono: Monotonic(1), wall: WallTime(0) }
    }
}

/// Protects: W-9: a start with a clock that was set back does not make what it finds in the files old: neither its segments nor
/// its producers.
#[test]
fn a_clock_that_was_set_back_makes_nothing_old() {
    let disk = CrashDisk::new();
    let mut broker = story::open(&env_of(Arc::new(disk.clone()), 1), SharedBook::default()).unwrap();
    broker.checkpoint(0).unwrap();
    broker.turn(&[Change::Append(story::busy(), 1, 100)]).unwrap();
    drop(broker);
    disk.kill();
    let env = env::Env { clock: Arc::new(SetBack), ..env_of(Arc::new(disk), 2) };
    let broker = Broker::open(&env, SharedBook::default()).unwrap();
    let log = &broker.logs[&story::busy()];
    let appended: Vec<_> = log.segments().iter().map(|segment| segment.last_appended).collect();
    assert_eq!(appended, [WALL]);
    assert!(log.producers().iter().all(|(_, entry)| entry.appended == WALL));
}

/// Protects the tests above: they see segments that are not synced before a state names them.
#[test]
fn sabotage_page_cache_sync_is_noticed() {
    let logs: Option<env::crash::PathFilter> =
        Some(Arc::new(|path: &Path| path.to_string_lossy().ends_with(".log")));
    let findings = run(Sabotage { swallow_sync: logs, ..Sabotage::default() }, |disk, book, _| {
        let cut = disk.fork();
        cut.power_cut(0);
        recover(&cut, book, Crash::PowerCut).map(drop)
    });
    assert!(!findings.failures.is_empty());
}
