//! Transactions in page-cache logs (W-16): after a crash what is open and what was aborted are those of the batches that are left.

use crate::broker::{Broker, Change, Stop};
use crate::cuts::{assert_none, recover, run_story};
use crate::judge::{Crash, SharedBook};
use crate::story::{open, quiet};
use crate::world::Txn::{Abort, Commit, Write};
use crate::world::WALL;
use env::Env;
use env::crash::{CrashDisk, Sabotage};
use types::Offset;

/// Transactions over segments that roll, syncs and checkpoints between, and a truncation behind marks.
fn run(env: &Env, book: &SharedBook) -> Result<Broker, Stop> {
    let mut broker = open(env, book.clone())?;
    while broker.wal.fill_pool_step()? {}
    let steps = |broker: &mut Broker, steps: &[crate::world::Txn]| {
        steps.iter().try_for_each(|step| broker.turn(&[Change::Txn(quiet(), *step)]))
    };
    steps(&mut broker, &[Write(101, 900), Write(102, 600), Abort(101), Write(101, 900), Abort(102)])?;
    broker.sync()?;
    broker.checkpoint(300)?;
    steps(&mut broker, &[Write(102, 900), Abort(101), Write(103, 900), Commit(102), Write(101, 900)])?;
    broker.sync()?;
    steps(&mut broker, &[Abort(101), Write(101, 900)])?;
    broker.checkpoint(300)?;
    let end = broker.logs[&quiet()].log_end();
    broker.holds.insert(quiet(), end);
    steps(&mut broker, &[Abort(103), Write(103, 1200), Abort(101), Write(101, 1200), Abort(101)])?;
    broker.turn(&[Change::Truncate(quiet(), 14)])?;
    broker.checkpoint(0)?;
    broker.turn(&[Change::Txn(quiet(), Commit(103)), Change::Txn(quiet(), Commit(101))])?;
    broker.holds.clear();
    steps(&mut broker, &[Write(103, 1200), Abort(103), Write(103, 1200)])?;
    broker.sync()?;
    broker.checkpoint(0)?;
    steps(&mut broker, &[Abort(103), Write(104, 1200)])?;
    broker.sync()?;
    broker.checkpoint(0)?;
    broker.wal.vouch(true, WALL)?;
    assert!(broker.logs[&quiet()].filed_end() > Offset(5), "{}", broker.logs[&quiet()].filed_end());
    Ok(broker)
}

/// Goes on after a recovery with a transaction that ends, and dies again.
fn go_on(disk: &CrashDisk, mut broker: Broker) -> Result<(), String> {
    let steps = [Write(200, 900), Write(200, 900), Abort(200)];
    let turns = steps.iter().try_for_each(|step| broker.turn(&[Change::Txn(quiet(), *step)]));
    turns
        .and_then(|()| broker.sync())
        .and_then(|()| broker.checkpoint(0))
        .map_err(|stop| stop.to_string())?;
    let book = broker.with_book(|book| book.clone());
    drop(broker);
    disk.power_cut(0);
    recover(disk, &book, Crash::PowerCut).map(drop)
}

/// Protects: W-16, T2, T3, T5: after `kill -9` at any operation every mark that was written is there, and what is open and what was
/// aborted equal a full scan; the log goes on.
#[test]
fn killed_at_every_operation_page_cache_logs_keep_transactions() {
    let findings = run_story(run, Sabotage::default(), |disk, book, op| {
        let disk = disk.fork();
        disk.kill();
        let broker = recover(&disk, book, Crash::Kill)?;
        if op.is_multiple_of(3) { go_on(&disk, broker) } else { Ok(()) }
    });
    assert_none(&findings);
}

/// Protects: W-16, T2, T3, T5: after a power cut at any operation what is open and what was aborted are those of the batches that are
/// left, whatever of the indexes is.
#[test]
fn power_cut_at_every_operation_page_cache_logs_keep_transactions() {
    let findings = run_story(run, Sabotage::default(), |disk, book, op| {
        for seed in [0, 1, op] {
            let cut = disk.fork();
            cut.power_cut(seed);
            recover(&cut, book, Crash::PowerCut)?;
        }
        Ok(())
    });
    assert_none(&findings);
}
