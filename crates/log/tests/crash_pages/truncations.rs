//! Truncations of page-cache logs, cut after every operation, as a follower would have them.

use crate::broker::{Broker, Change, Stop};
use crate::cuts::{assert_none, go_on, recover, recover_with_crashes, run_story};
use crate::ghost::{GhostLog, Logs};
use crate::judge::{Crash, SharedBook};
use crate::story::{busy, open, quiet, synced};
use env::Env;
use env::crash::{PathFilter, Sabotage};
use log::epochs::EpochEntry;
use log::log::Log;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use types::{Offset, ProducerId, Sequence};
use wire::record::Batch;

/// Truncations above the recovery point, below it, at the edge of a segment, beside a checkpoint, twice at once, of all there is;
/// most of them within one leadership, so that what is left behind looks as good as what comes.
pub(crate) fn run(env: &Env, book: &SharedBook) -> Result<Broker, Stop> {
    use Change::{Append, Truncate};
    let mut broker = open(env, book.clone())?;
    broker.holds = [(busy(), Offset(2)), (quiet(), Offset(0))].into();
    while broker.wal.fill_pool_step()? {}
    broker.turn(&[Append(busy(), 2, 300), Append(quiet(), 1, 40), Append(synced(), 1, 100)])?;
    for _ in 0..4 {
        broker.turn(&[Append(busy(), 1, 900), Append(busy(), 2, 250)])?;
    }
    broker.sync()?;
    broker.checkpoint(0)?;
    // Above the recovery point, in the middle of what is in the page cache, and with a batch at the writer.
    broker.turn(&[
        Append(busy(), 1, 700),
        Append(busy(), 1, 710),
        Append(busy(), 1, 720),
        Append(busy(), 1, 730),
    ])?;
    broker.turn(&[Append(busy(), 1, 740), Truncate(busy(), 10), Append(busy(), 1, 333)])?;
    broker.turn(&[Append(busy(), 1, 335), Append(synced(), 1, 50)])?;
    // Below it, within a segment: files wait for the state, batches for the files.
    broker.epoch = 1;
    broker.turn(&[Truncate(busy(), 7), Append(busy(), 3, 120)])?;
    broker.turn(&[Append(busy(), 1, 130), Append(quiet(), 1, 45)])?;
    broker.checkpoint(0)?;
    broker.turn(&[Append(busy(), 1, 600), Append(busy(), 1, 610), Append(busy(), 1, 620)])?;
    second_half(&mut broker)?;
    Ok(broker)
}

fn second_half(broker: &mut Broker) -> Result<(), Stop> {
    use Change::{Append, Truncate};
    broker.sync()?;
    // Beside a checkpoint, twice, the second time at the edge of a segment.
    let edge = edge(broker);
    broker.turn(&[Append(busy(), 1, 90)])?;
    broker
        .checkpoint_beside(0, &[Truncate(busy(), edge + 1), Append(busy(), 1, 95), Append(quiet(), 1, 50)])?;
    broker.turn(&[Truncate(busy(), edge), Append(busy(), 1, 640)])?;
    broker.checkpoint(0)?;
    broker.turn(&[Append(busy(), 1, 650)])?;
    broker.sync()?;
    broker.checkpoint(0)?;
    // All there is, and again before anything is synced.
    broker.turn(&[Truncate(quiet(), 0), Append(quiet(), 2, 60), Append(busy(), 1, 30)])?;
    broker.turn(&[Append(quiet(), 1, 61)])?;
    broker.checkpoint(0)?;
    broker.turn(&[Append(quiet(), 2, 62)])?;
    broker.turn(&[Truncate(quiet(), 1), Append(quiet(), 1, 63)])?;
    broker.turn(&[Append(quiet(), 1, 64), Append(busy(), 1, 35)])?;
    broker.sync()?;
    broker.checkpoint(0)
}

/// Returns which batch of the busy log begins its last segment.
fn edge(broker: &Broker) -> usize {
    let base = broker.logs[&busy()].segments().last().unwrap().base;
    broker.with_book(|book| book[&busy()].sent.iter().position(|(offset, _)| *offset == base).unwrap())
}

/// Compares epochs and producers of page-cache logs with those that a scan of all their batches gives.
pub(crate) fn judge_derived(broker: &Broker, found: &Logs) -> Result<(), String> {
    let whole = |log: &&Log| log.is_page_cache() && log.log_start() == Offset::ZERO;
    for log in broker.logs.values().filter(whole) {
        let (key, batches) = (log.key(), batches_of(&found[&log.key()]));
        if log.epochs().entries() != epochs_of(&batches) {
            return Err(format!("{key}: its epochs are {:?}", log.epochs()));
        }
        let held = log.producers().iter().map(|(id, entry)| {
            let window = entry.window.as_slice().iter();
            (id, window.map(|batch| (batch.base_sequence, batch.base_offset)).collect())
        });
        if held.collect::<BTreeMap<_, Vec<_>>>() != producers_of(&batches) {
            return Err(format!("{key}: its producers are {:?}", log.producers()));
        }
    }
    Ok(())
}

fn batches_of(found: &GhostLog) -> Vec<Batch> {
    let parsed = found.batches.iter().map(|(_, bytes)| Batch::from_wire(&bytes.clone().into()));
    parsed.map(Result::unwrap).collect()
}

fn epochs_of(batches: &[Batch]) -> Vec<EpochEntry> {
    let mut epochs: Vec<EpochEntry> = Vec::new();
    for head in batches.iter().map(Batch::header) {
        if epochs.last().is_none_or(|last| last.epoch != head.leader_epoch) {
            epochs.push(EpochEntry { epoch: head.leader_epoch, start: head.base_offset });
        }
    }
    epochs
}

fn producers_of(batches: &[Batch]) -> BTreeMap<ProducerId, Vec<(Sequence, Offset)>> {
    let mut producers: BTreeMap<ProducerId, Vec<(Sequence, Offset)>> = BTreeMap::new();
    // A mark has no sequence.
    for head in batches.iter().map(Batch::header).filter(|head| !head.is_control()) {
        let window = producers.entry(head.producer_id).or_default();
        window.push((head.base_sequence, head.base_offset));
        if window.len() > 5 {
            window.remove(0);
        }
    }
    producers
}

/// Protects: W-16: a killed process in the middle of a truncation leaves the log as it was, or cut, never a batch of before behind one
/// of after; what was acknowledged after it is there, and epochs and producers are those of the batches.
#[test]
fn killed_at_every_operation_a_truncation_is_whole() {
    let findings = run_story(run, Sabotage::default(), |disk, book, op| {
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

/// Protects: W-16: so does a power cut, which takes no more than what no state knows to be synced; and the next start may be cut
/// as well.
#[test]
fn power_cut_at_every_operation_a_truncation_is_whole() {
    let findings = run_story(run, Sabotage::default(), |disk, book, op| {
        for seed in [0, 1, 2, 3] {
            let cut = disk.fork();
            cut.power_cut(seed + 1000 * op * (seed / 2));
            let told = |failure: String| format!("seed {seed}: {failure}");
            if op % 20 == seed {
                recover_with_crashes(&cut.fork(), book, Crash::PowerCut).map_err(told)?;
            }
            let broker = recover(&cut, book, Crash::PowerCut).map_err(told)?;
            if op % 4 == seed {
                go_on(&cut, broker).map_err(told)?;
            }
        }
        Ok(())
    });
    assert_none(&findings);
}

fn notices(sabotage: Sabotage) {
    let findings = run_story(run, sabotage, |disk, book, op| {
        for seed in [0, op] {
            let cut = disk.fork();
            cut.power_cut(seed);
            recover(&cut, book, Crash::PowerCut)?;
        }
        Ok(())
    });
    assert!(!findings.failures.is_empty());
}

/// Protects the tests above: they see files whose cut is not synced, and names that are not.
#[test]
fn sabotage_of_truncations_is_noticed() {
    let filter = |ending: &'static str| -> Option<PathFilter> {
        Some(Arc::new(move |path: &Path| path.to_string_lossy().ends_with(ending)))
    };
    notices(Sabotage { swallow_sync: filter(".log"), ..Sabotage::default() });
    notices(Sabotage { swallow_sync_dir: filter("busy-0"), ..Sabotage::default() });
}
