//! Tests of the state journal on a disk that forgets.

use super::*;
use crate::layout::STATE_BLOCK;
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use env::{Disk, OpenMode};
use std::path::Path;
use std::sync::Arc;
use types::DirectoryId;

const ROOT: &str = "/";
const ID: DirectoryId = DirectoryId(Uuid([5; 16]));

fn key(number: i32) -> LogKey {
    LogKey { topic_id: TopicId(Uuid([1; 16])), partition: PartitionId(number) }
}

fn change(number: i32, bytes: usize) -> StateChange {
    StateChange {
        mark: WalPosition { file: 1, offset: 4096, seq: 9, life: 2 },
        wall: WallTime(i64::from(number)),
        quorum: None,
        cuts: BTreeMap::from([(key(number % 5), Bytes::from(vec![u8::try_from(number).unwrap(); bytes]))]),
        removed: BTreeSet::new(),
    }
}

fn shared(disk: &CrashDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn made(disk: &CrashDisk) -> Journal {
    let first = StateChange { quorum: Some(Bytes::from_static(b"q")), ..change(0, 10) };
    let journal = Journal::create(shared(disk), Path::new(ROOT), ID, &first).unwrap();
    disk.sync_dir(Path::new(ROOT)).unwrap();
    journal
}

fn load(disk: &CrashDisk) -> Result<LoadedState, StateError> {
    Journal::load(shared(disk), Path::new(ROOT), ID)
}

/// Protects: whatever was appended is read back folded, across rewrites of the base, and a power cut loses none of it.
#[test]
fn folded_state_is_read_back() {
    let disk = CrashDisk::new();
    let mut journal = made(&disk);
    journal.set_min_delta_bytes(20_000);
    let mut model = load(&disk).unwrap().state;
    for number in 1..40 {
        let change = change(number, 3000);
        model.fold(journal.generation() + 1, change.clone());
        journal.append(&change).unwrap();
        let after = disk.fork();
        after.power_cut(u64::try_from(number).unwrap());
        let loaded = load(&after).unwrap();
        assert_eq!((&loaded.state, loaded.lagging.len()), (&model, 0));
    }
    assert_eq!(model.quorum, Bytes::from_static(b"q"));
    let size = disk.open(Path::new("/state/a"), OpenMode::Read).unwrap().size().unwrap();
    assert!(size < 80_000, "the base was never rewritten: {size}");
}

/// Protects: a removed log leaves the state, and its frames are skipped until the next checkpoint only.
#[test]
fn removed_logs_leave() {
    let mut state = State::default();
    state.fold(1, change(1, 1));
    state.fold(2, StateChange { removed: BTreeSet::from([key(1)]), ..change(2, 1) });
    assert_eq!(state.cuts.keys().copied().collect::<Vec<_>>(), [key(2)]);
    assert_eq!(state.removed, BTreeSet::from([key(1)]));
    state.fold(3, change(3, 1));
    assert!(state.removed.is_empty());
}

/// Protects: one damaged or missing copy is survived and written anew; two are damage that names both.
#[test]
fn one_copy_is_enough_two_are_damage() {
    let disk = CrashDisk::new();
    let mut journal = made(&disk);
    for number in 1..4 {
        journal.append(&change(number, 50)).unwrap();
    }
    let model = load(&disk).unwrap().state;
    for name in ["/state/a", "/state/b"] {
        for at in [70, STATE_BLOCK as u64 + 70] {
            let hurt = disk.fork();
            hurt.corrupt(Path::new(name), at, &[0xff; 8]).unwrap();
            let mut loaded = load(&hurt).unwrap();
            assert_eq!((&loaded.state, loaded.lagging.len()), (&model, 1), "{name} at {at}");
            loaded.journal.mend().unwrap();
            let again = load(&hurt).unwrap();
            assert_eq!((&again.state, again.lagging.len()), (&model, 0));
        }
        let gone = disk.fork();
        gone.remove_file(Path::new(name)).unwrap();
        assert_eq!(load(&gone).unwrap().state, model);
    }
    let hurt = disk.fork();
    hurt.corrupt(Path::new("/state/a"), 70, &[0xff; 8]).unwrap();
    hurt.corrupt(Path::new("/state/b"), 4096 + 70, &[0xff; 8]).unwrap();
    let text = load(&hurt).map(|_| ()).unwrap_err().to_string();
    assert!(
        text.contains("/state/a is damaged at byte 0") && text.contains("/state/b is damaged at byte 4096"),
        "{text}"
    );
}

/// Protects: a torn last record is ignored, with what it would have said: the copy is whole up to there.
#[test]
fn a_torn_record_is_ignored() {
    let disk = CrashDisk::new();
    let mut journal = made(&disk);
    journal.append(&change(1, 50)).unwrap();
    let model = load(&disk).unwrap().state;
    journal.append(&change(2, 9000)).unwrap();
    for name in ["/state/a", "/state/b"] {
        disk.corrupt(Path::new(name), 2 * STATE_BLOCK as u64 + 5000, &[1; 4]).unwrap();
    }
    let mut loaded = load(&disk).unwrap();
    assert_eq!((&loaded.state, loaded.lagging.len()), (&model, 0));
    loaded.journal.append(&change(3, 50)).unwrap();
    assert_eq!(load(&disk).unwrap().state.generation, 2);
}

/// Protects: W-12: no room at any call of an append or a rewrite leaves the state before or after it, and the next
/// attempt succeeds.
#[test]
fn no_room_is_survived_at_every_call() {
    for call in [Call::Write, Call::Create, Call::Rename] {
        for nth in 1..6 {
            let disk = CrashDisk::new();
            let mut journal = made(&disk);
            journal.set_min_delta_bytes(5000);
            for number in 1..7 {
                disk.fail(Fault::new(When::Nth(call, nth), Failure::NoSpace));
                let before = load(&disk).unwrap().state;
                if journal.append(&change(number, 2000)).is_err() {
                    let found = load(&disk).unwrap().state;
                    assert!(found.generation <= before.generation + 1);
                    journal
                        .append(&change(number, 2000))
                        .or_else(|_| journal.append(&change(number, 2000)))
                        .unwrap();
                }
                disk.power_cut(0);
                let found = load(&disk).unwrap();
                assert_eq!(found.state.cuts[&key(number % 5)], change(number, 2000).cuts[&key(number % 5)]);
                journal = found.journal;
                journal.set_min_delta_bytes(5000);
            }
        }
    }
}

/// Protects: W-12: a checkpoint that finds no room to write a lagging copy anew is in the other copy neither: the next one may place
/// other bytes where it said.
#[test]
fn no_room_for_a_lagging_copy_leaves_nothing_in_the_other() {
    let disk = CrashDisk::new();
    made(&disk).append(&change(1, 50)).unwrap();
    disk.corrupt(Path::new("/state/a"), 70, &[0xff; 8]).unwrap();
    let LoadedState { mut journal, state, .. } = load(&disk).unwrap();
    disk.fail(Fault::new(When::Nth(Call::Rename, 1), Failure::NoSpace));
    assert!(journal.append(&change(2, 50)).unwrap_err().is_full());
    let after = disk.fork();
    after.kill();
    assert_eq!(load(&after).unwrap().state, state);
    assert_eq!(journal.append(&change(2, 50)).unwrap(), state.generation + 1);
}

/// Protects: W-11: a failed sync is final whatever its error, and what it hid is not believed at the next start.
#[test]
fn a_failed_sync_is_final() {
    for failure in [Failure::Io, Failure::NoSpace] {
        let disk = CrashDisk::new();
        let mut journal = made(&disk);
        disk.fail(Fault::new(When::Nth(Call::Sync, 1), failure));
        assert!(!journal.append(&change(1, 9000)).unwrap_err().is_full());
        disk.kill();
        let believed = load(&disk).unwrap().state;
        disk.power_cut(0);
        assert_eq!(load(&disk).unwrap().state, believed);
    }
}

/// Protects: where the page cache cannot be passed by, what was believed is written back, so a cut cannot take it.
#[test]
fn without_direct_reads_the_belief_is_written_back() {
    let disk = CrashDisk::new();
    disk.refuse_device();
    let mut journal = made(&disk);
    disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
    assert!(journal.append(&change(1, 9000)).is_err());
    disk.kill();
    let believed = load(&disk).unwrap().state;
    disk.power_cut(0);
    assert_eq!(load(&disk).unwrap().state, believed);
}

/// Protects: a record of another directory is no record of this one.
#[test]
fn a_foreign_state_is_refused() {
    let disk = CrashDisk::new();
    made(&disk);
    let other = DirectoryId(Uuid([6; 16]));
    assert!(Journal::load(shared(&disk), Path::new(ROOT), other).is_err());
}
