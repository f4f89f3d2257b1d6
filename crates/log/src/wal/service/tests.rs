//! The thread of the log on a crash disk, with paused time and a thread that is a task.

use super::super::{Frame, FrameKind, WalFault, WalHome, WalOptions, WalPressure, WalWriter, replay};
use super::*;
use bytes::Bytes;
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use env::{Disk, Random, ThreadMain};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use types::{DirectoryId, LeaderEpoch, LogKey, Monotonic, Now, Offset, WallTime};

struct TaskSpawn;

impl Spawn for TaskSpawn {
    fn thread(&self, _name: &str, main: ThreadMain) {
        tokio::task::spawn_local(main());
    }

    fn blocking(&self, job: Box<dyn FnOnce() + Send>) {
        job();
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Now {
        Now { mono: Monotonic(5), wall: WallTime(1000) }
    }
}

struct Salt;

impl Random for Salt {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(3);
    }
}

#[derive(Default)]
struct Heard {
    synced: Mutex<Vec<u64>>,
    failed: Mutex<u32>,
}

impl WalSink for Heard {
    fn synced(&self, through: u64) {
        self.synced.lock().unwrap().push(through);
    }

    fn failed(&self, _fault: Arc<WalFault>) {
        *self.failed.lock().unwrap() += 1;
    }
}

impl Heard {
    fn tickets(&self) -> Vec<u64> {
        std::mem::take(&mut self.synced.lock().unwrap())
    }

    fn failures(&self) -> u32 {
        *self.failed.lock().unwrap()
    }
}

fn frame(change: u64, bytes: usize) -> Frame {
    Frame {
        key: LogKey::default(),
        change,
        kind: FrameKind::Append,
        base_offset: Offset(0),
        leader_epoch: LeaderEpoch(0),
        parts: [Bytes::from(vec![1; bytes]), Bytes::new()],
    }
}

fn home(disk: &CrashDisk) -> WalHome {
    WalHome {
        disk: Arc::new(disk.clone()),
        random: Arc::new(Salt),
        dir: PathBuf::from("/wal"),
        directory_id: DirectoryId::default(),
        options: WalOptions::tiny(),
    }
}

/// Lets the log's task do what it can without time passing.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn run<F: Future<Output = ()>>(test: impl FnOnce(CrashDisk, WalHandle) -> F) {
    run_with(WalOptions::tiny(), CrashDisk::new(), test);
}

fn run_with<F: Future<Output = ()>>(
    options: WalOptions,
    disk: CrashDisk,
    test: impl FnOnce(CrashDisk, WalHandle) -> F,
) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let writer = WalWriter::create(WalHome { options, ..home(&disk) }).unwrap();
        let handle = start(&TaskSpawn, Arc::new(Still), writer);
        test(disk, handle).await;
    });
}

fn client(handle: &WalHandle) -> (WalClient, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    (handle.register(heard.clone()), heard)
}

fn count(disk: &CrashDisk, call: Call) -> usize {
    disk.trace().iter().filter(|traced| traced.call == call).count()
}

/// Returns the change numbers that a replay of the log finds.
fn changes(disk: &CrashDisk) -> Vec<u64> {
    let mut changes = Vec::new();
    let from = super::super::WalPosition { file: 1, offset: 4096, seq: 1, life: 1 };
    replay(&home(disk), from, &mut |view| {
        changes.push(view.frame.change);
        Ok(())
    })
    .unwrap();
    changes
}

/// Protects: all that waits is one group and one sync, and each client hears once, in order of its tickets (W-4).
#[test]
fn what_waits_is_one_group() {
    run(|disk, handle| async move {
        let ((a, heard_a), (b, heard_b)) = (client(&handle), client(&handle));
        settle().await;
        let syncs = count(&disk, Call::Sync);
        assert_eq!([a.submit(vec![frame(1, 10)]), a.submit(vec![frame(2, 10)])], [1, 2]);
        assert_eq!(b.submit(vec![frame(3, 10), frame(4, 10)]), 1);
        settle().await;
        assert_eq!((heard_a.tickets(), heard_b.tickets()), (vec![2], vec![1]));
        assert_eq!(count(&disk, Call::Sync), syncs + 1);
        assert_eq!((handle.stats().groups(), handle.stats().frames(), handle.stats().bytes()), (1, 4, 4096));
        disk.power_cut(0);
        assert_eq!(changes(&disk), [1, 2, 3, 4]);
    });
}

/// Protects: what says that more follows shares the sync of what does, in order; alone it waits for a while and no longer, however
/// much of its kind comes.
#[test]
fn what_is_followed_waits_for_what_follows() {
    run(|disk, handle| async move {
        let ((a, heard_a), (b, heard_b)) = (client(&handle), client(&handle));
        a.submit_followed(vec![frame(1, 10)]);
        settle().await;
        assert_eq!((handle.stats().groups(), heard_a.tickets()), (0, vec![]));
        b.submit(vec![frame(2, 10)]);
        settle().await;
        assert_eq!((handle.stats().groups(), heard_a.tickets(), heard_b.tickets()), (1, vec![1], vec![1]));
        for change in 3..=6 {
            a.submit_followed(vec![frame(change, 10)]);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        settle().await;
        assert!(handle.stats().groups() > 1, "each waits for the first of them, not for the last");
        tokio::time::sleep(Duration::from_millis(3)).await;
        assert_eq!(heard_a.tickets().last(), Some(&5));
        a.submit_followed(vec![frame(7, 10)]);
        handle.stop().await;
        assert_eq!(heard_a.tickets().last(), Some(&6), "a stop waits for nothing");
        disk.power_cut(0);
        assert_eq!(changes(&disk), [1, 2, 3, 4, 5, 6, 7]);
    });
}

/// Protects: a group is cut between frames; a ticket completes with its last frame.
#[test]
fn large_submissions_take_several_groups() {
    run(|disk, handle| async move {
        let (a, heard) = client(&handle);
        a.submit((1..=6).map(|change| frame(change, 5000)).collect());
        a.submit(vec![frame(7, 1)]);
        settle().await;
        assert_eq!(heard.tickets(), [2]);
        assert!(handle.stats().groups() > 2);
        disk.power_cut(0);
        assert_eq!(changes(&disk), [1, 2, 3, 4, 5, 6, 7]);
    });
}

/// Protects: an empty submission is a barrier that costs nothing.
#[test]
fn an_empty_submission_is_a_barrier() {
    run(|_disk, handle| async move {
        let (a, heard) = client(&handle);
        a.submit(vec![]);
        settle().await;
        assert_eq!((heard.tickets(), handle.stats().groups()), (vec![1], 0));
        a.submit(vec![frame(1, 1)]);
        a.submit(vec![]);
        settle().await;
        assert_eq!((heard.tickets(), handle.stats().groups()), (vec![3], 1));
    });
}

/// Protects: after 10 ms without work, not before, the last group is vouched for, once and without a sync (W-3).
#[test]
fn idle_time_vouches() {
    run(|disk, handle| async move {
        let (a, _heard) = client(&handle);
        a.submit(vec![frame(1, 10)]);
        settle().await;
        let (writes, syncs) = (count(&disk, Call::Write), count(&disk, Call::Sync));
        tokio::time::sleep(Duration::from_millis(9)).await;
        assert_eq!(count(&disk, Call::Write), writes);
        tokio::time::sleep(Duration::from_millis(3)).await;
        assert_eq!((count(&disk, Call::Write), count(&disk, Call::Sync)), (writes + 1, syncs));
    });
}

/// Protects: idle time fills the pool to its size, then the thread sleeps without a timer (D-18).
#[test]
fn idle_time_fills_the_pool() {
    run(|disk, handle| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(disk.list(Path::new("/wal")).unwrap().len(), 8);
        let ops = disk.ops();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(disk.ops(), ops);
        drop(handle);
    });
}

/// Protects: a failed sync is told to everyone, and nothing is written or promised after it (W-11).
#[test]
fn a_fault_is_final_and_told_to_all() {
    run(|disk, handle| async move {
        let ((a, heard_a), (_b, heard_b)) = (client(&handle), client(&handle));
        settle().await;
        disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
        a.submit(vec![frame(1, 10)]);
        settle().await;
        assert_eq!((heard_a.failures(), heard_b.failures()), (1, 1));
        let ops = disk.ops();
        a.submit(vec![frame(2, 10)]);
        let (_c, heard_c) = client(&handle);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((heard_a.failures(), heard_c.failures(), disk.ops()), (2, 1, ops));
        assert_eq!(heard_a.tickets(), []);
        assert_eq!(handle.mark().await, Err(WalGone));
        handle.stop().await;
        assert_eq!(disk.ops(), ops);
    });
}

/// Protects: a mark lies behind what was reported, and a checkpoint with it gives files back (W-6, W-7).
#[test]
fn marks_and_recycling() {
    run(|disk, handle| async move {
        let (a, heard) = client(&handle);
        for change in 1..=16 {
            a.submit(vec![frame(change, 9000)]);
            settle().await;
        }
        assert_eq!(heard.tickets().last(), Some(&16));
        let wanted = handle.checkpoint_wanted().await;
        assert!(wanted >= WalPressure::CheckpointWanted, "{wanted:?}");
        let used = handle.stats().used_bytes();
        handle.recycle_below(handle.mark().await.unwrap());
        settle().await;
        assert!(handle.stats().used_bytes() < used / 2);
        assert_eq!(*handle.pressure().borrow(), WalPressure::Calm);
        drop(disk);
    });
}

fn is_wanted(handle: &WalHandle) -> bool {
    *handle.pressure().borrow() >= WalPressure::CheckpointWanted
}

/// Protects: W-6: a checkpoint is wanted after so many bytes, though the pool is nearly empty, and not again once it is
/// taken.
#[test]
fn a_checkpoint_is_wanted_after_so_many_bytes() {
    let options = WalOptions { checkpoint_bytes: 40 << 10, pool_bytes: 1 << 20, ..WalOptions::tiny() };
    run_with(options, CrashDisk::new(), |_disk, handle| async move {
        let (a, _heard) = client(&handle);
        for change in 1..=3 {
            a.submit(vec![frame(change, 8000)]);
            settle().await;
        }
        assert!(!is_wanted(&handle));
        for change in 4..=6 {
            a.submit(vec![frame(change, 8000)]);
            settle().await;
        }
        assert!(is_wanted(&handle));
        handle.recycle_below(handle.mark().await.unwrap());
        settle().await;
        assert!(!is_wanted(&handle));
    });
}

/// Protects: a checkpoint that would give nothing back is not wanted: on a full disk the pool is one file, and half of it
/// stays used whatever is done.
#[test]
fn a_checkpoint_that_gives_nothing_back_is_not_wanted() {
    let disk = CrashDisk::new();
    disk.set_capacity(Some(17 << 10));
    run_with(WalOptions::tiny(), disk, |_disk, handle| async move {
        let (a, _heard) = client(&handle);
        tokio::time::sleep(Duration::from_secs(1)).await;
        a.submit(vec![frame(1, 6000)]);
        settle().await;
        let stats = handle.stats();
        assert!(stats.used_bytes() * 2 >= stats.capacity_bytes(), "{stats:?}");
        assert!(!is_wanted(&handle));
        drop(handle);
    });
}

/// Protects: who waits for room has a checkpoint taken that gives some back, though nothing else asks for one.
#[test]
fn who_waits_for_room_asks_for_a_checkpoint() {
    let options = WalOptions { checkpoint_bytes: 1 << 30, ..WalOptions::tiny() };
    run_with(options, CrashDisk::new(), |_disk, handle| async move {
        let (a, _heard) = client(&handle);
        filled().await;
        for change in 1..=5 {
            a.submit(vec![frame(change, 12_000)]);
            settle().await;
        }
        assert!(!is_wanted(&handle));
        let most = handle.stats().capacity_bytes() / 8 * 5;
        let later = tokio::task::spawn_local({
            let handle = handle.clone();
            async move { handle.reserve_later(most).await }
        });
        let asked = tokio::time::timeout(Duration::from_secs(60), handle.checkpoint_wanted()).await;
        assert!(asked.is_ok() && !later.is_finished());
        handle.recycle_below(handle.mark().await.unwrap());
        settle().await;
        assert!(later.is_finished());
    });
}

/// Protects: room that has still to be filled is not given to clients: the disk may be full before it is (W-12).
#[test]
fn only_filled_files_are_given_away() {
    run(|_disk, handle| async move {
        let most = handle.stats().capacity_bytes() / 2;
        assert_eq!(handle.reserve(most).unwrap_err(), WalFull { bytes: most });
        filled().await;
        assert!(handle.reserve(most).is_ok());
    });
}

/// Protects: who waits for room has files filled for it, though small groups of others leave the log no idle time.
#[test]
fn who_waits_for_room_is_not_starved_by_small_groups() {
    run(|_disk, handle| async move {
        let (a, _heard) = client(&handle);
        let most = handle.stats().capacity_bytes() / 2;
        let later = tokio::task::spawn_local({
            let handle = handle.clone();
            async move { handle.reserve_later(most).await }
        });
        for change in 1..=50 {
            a.submit(vec![frame(change, 10)]);
            settle().await;
        }
        assert!(later.is_finished(), "no time has passed");
    });
}

/// Protects: W-7: want of descriptors is waited for, not spun on, while somebody waits for the files that they are for.
#[test]
fn want_of_descriptors_takes_its_time() {
    run(|disk, handle| async move {
        for nth in 1..=200 {
            disk.fail(Fault::new(When::Nth(Call::Create, nth), Failure::NoDescriptor));
        }
        let most = handle.stats().capacity_bytes() / 2;
        let later = tokio::task::spawn_local({
            let handle = handle.clone();
            async move { handle.reserve_later(most).await }
        });
        let before = count(&disk, Call::Create);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let tried = count(&disk, Call::Create) - before;
        assert!((1..=20).contains(&tried) && !later.is_finished(), "{tried} times in 100 ms");
    });
}

/// Protects: W-12: what was reserved is written on a disk that has become full, large batches too, which leave the ends of files
/// unused.
#[test]
fn what_is_reserved_fits_in_what_is_filled() {
    for bytes in [1_000, 5_000, 9_000, 15_000, 20_000, 24_000] {
        run(|disk, handle| async move {
            let (a, heard) = client(&handle);
            filled().await;
            disk.set_capacity(Some(WalOptions::tiny().pool_bytes));
            let mut held = Vec::new();
            while let Ok(reservation) = handle.reserve(bytes) {
                held.push(reservation);
            }
            assert!(held.len() > 2, "{bytes}");
            for change in 1..=held.len() as u64 {
                a.submit(vec![frame(change, usize::try_from(bytes).unwrap() - 128)]);
                settle().await;
            }
            assert_eq!(heard.failures(), 0, "{} batches of {bytes} bytes", held.len());
            assert_eq!(heard.tickets().last(), Some(&(held.len() as u64)));
        });
    }
}

/// Waits until idle time has filled the pool; time is paused.
async fn filled() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Protects: clients' appends leave the last eighth to control frames, and space comes back when it is given up (W-7).
#[test]
fn reservations() {
    run(|_disk, handle| async move {
        filled().await;
        let free = handle.stats().free_bytes();
        let eighth = handle.stats().capacity_bytes() / 8;
        let most = free - eighth - 4096;
        assert_eq!(handle.reserve(most + 1).unwrap_err(), WalFull { bytes: most + 1 });
        let held = handle.reserve(most).unwrap();
        assert!(handle.reserve(0).is_err());
        let control = handle.reserve_control(eighth - 4096).unwrap();
        assert!(handle.reserve_control(0).is_err());
        let later = tokio::task::spawn_local({
            let handle = handle.clone();
            async move { handle.reserve_later(100).await }
        });
        settle().await;
        assert!(!later.is_finished());
        drop((held, control));
        settle().await;
        assert!(later.is_finished());
        assert!(handle.reserve(u64::MAX).is_err());
    });
}

/// Protects: a stop writes what waits and vouches for it, synced; later submitters are told that the log is closed.
#[test]
fn a_stop_drains() {
    run(|disk, handle| async move {
        let (a, heard) = client(&handle);
        a.submit(vec![frame(1, 10)]);
        handle.stop().await;
        assert_eq!(heard.tickets(), [1]);
        a.submit(vec![frame(2, 10)]);
        settle().await;
        assert_eq!(heard.failures(), 1);
        assert_eq!(handle.mark().await, Err(WalGone));
        disk.power_cut(0);
        disk.corrupt(Path::new("/wal/00001.wal"), 4096 + 80, &[0xff; 8]).unwrap();
        let from = super::super::WalPosition { file: 1, offset: 4096, seq: 1, life: 1 };
        let error = replay(&home(&disk), from, &mut |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("was durable"), "{error}");
    });
}
