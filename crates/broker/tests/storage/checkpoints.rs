//! When checkpoints come, and what they leave in memory and in the state (W-6, W-7, W-17).

use crate::batches::{batch, sized};
use crate::machine::{metric, names, open, root, size, start, until};
use env::crash::CrashDisk;

/// Waits until so much of the pool is ready: who waits for room has a checkpoint taken, too.
fn filled(disk: &CrashDisk, bytes: u64) {
    let wal = root().join("wal");
    let held = || names(disk, &wal).iter().filter_map(|name| size(disk, &wal.join(name))).sum::<u64>();
    until("the pool is filled", || held() >= bytes);
}

/// Protects: W-6: a checkpoint comes after `highwater.wal.checkpoint.bytes`, though the pool is far from half full.
#[test]
fn a_checkpoint_comes_after_so_many_bytes() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |config| config.memory_max = Some(1 << 30));
    let mut client = broker.connect();
    client.create("topic", 1);
    filled(&disk, 3 << 20);
    let before = metric(&broker, "checkpoints_total");
    for _ in 0..30 {
        client.put("topic", &sized(40_000));
    }
    until("a checkpoint", || metric(&broker, "checkpoints_total") > before);
}

/// Protects: W-5, W-17: a checkpoint comes at half of the budget of unwritten bytes, whatever the write-ahead log takes.
#[test]
fn a_checkpoint_comes_for_the_sake_of_memory() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |config| {
        config.storage.wal.pool_bytes = 24 << 20;
        config.storage.wal.checkpoint_bytes = 64 << 20;
        config.memory_max = Some(16 << 20);
    });
    let mut client = broker.connect();
    client.create("topic", 1);
    filled(&disk, 8 << 20);
    let before = metric(&broker, "checkpoints_total");
    for _ in 0..60 {
        client.put("topic", &sized(40_000));
    }
    until("a checkpoint", || metric(&broker, "checkpoints_total") > before);
    for _ in 0..140 {
        client.put("topic", &sized(40_000));
    }
    assert!(metric(&broker, "unwritten_bytes") <= 3 << 20);
}

/// Protects: W-6: a clean stop leaves no small tail in the state, though it came there by an earlier checkpoint.
#[test]
fn a_clean_stop_leaves_no_small_tails() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    client.create("small", 1);
    client.create("large", 1);
    client.put("small", &batch(&["a few bytes"]));
    let before = metric(&broker, "checkpoints_total");
    until("a checkpoint", || {
        client.put("large", &sized(40_000));
        metric(&broker, "checkpoints_total") > before
    });
    broker.stop();
    let opened = open(&disk);
    let unwritten: Vec<u64> = opened.logs.iter().map(log::log::Log::unwritten_bytes).collect();
    assert_eq!(unwritten, [0, 0]);
}

/// Protects: W-17: what logs keep in memory for readers has one bound over all logs, those that are idle included.
#[test]
fn idle_logs_do_not_keep_their_share() {
    const MEMORY: u64 = 16 << 20;
    let disk = CrashDisk::new();
    let broker = start(&disk, |config| config.memory_max = Some(MEMORY));
    let mut client = broker.connect();
    for n in 0..12 {
        let topic = format!("topic{n}");
        client.create(&topic, 1);
        let before = metric(&broker, "checkpoints_total");
        until("a checkpoint", || {
            client.put(&topic, &sized(40_000));
            metric(&broker, "checkpoints_total") > before
        });
    }
    let cached = metric(&broker, "tail_bytes").saturating_sub(metric(&broker, "unwritten_bytes"));
    assert!(cached <= MEMORY / 16, "{cached}");
}
