//! Power cuts at every operation of the quorum's storage: the shared WAL, its recycling, snapshots.
//!
//! A node runs a script on a disk that forgets, the power goes at operation N, goes again while the
//! node recovers, and then everything that was acknowledged must be there: topics, deletions, broker
//! epochs, votes, and no producer id twice. The data directory's state file is played by [`Node`].

#![allow(clippy::unwrap_used)]

mod node;

use env::Disk;
use env::crash::{Call, CrashDisk, Failure, Fault, Sabotage, When};
use metadata::Record;
use node::{Node, disk_with_empty_directory, on_one_thread, write_as_another_version};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use types::{BrokerEpoch, ProducerId, TopicId};

/// What was acknowledged.
#[derive(Clone, Default, Debug)]
struct Acknowledged {
    /// Topics by name; none once the deletion is asked for.
    topics: BTreeMap<String, Option<TopicId>>,
    deleted: Vec<TopicId>,
    blocks: Vec<ProducerId>,
    epochs: Vec<BrokerEpoch>,
    /// Highest term of a durable vote.
    term: u64,
}

impl Acknowledged {
    fn saw_term(&mut self, term: u64) {
        self.term = self.term.max(term);
    }
}

type Ledger = Rc<RefCell<Acknowledged>>;

/// Why a step could not be done: the power is gone.
struct PowerGone;

impl<E: std::error::Error> From<E> for PowerGone {
    fn from(_: E) -> PowerGone {
        PowerGone
    }
}

/// The script: every kind of decision, checkpoints with recycling, enough entries for several snapshots.
async fn script(node: &Node, ledger: &Ledger) -> Result<(), PowerGone> {
    let epoch = node.register().await?;
    ledger.borrow_mut().epochs.push(epoch);
    for round in 0..3 {
        for number in 0..2 {
            let name = format!("t{round}-{number}");
            let id = node.create(&name, 3).await?;
            ledger.borrow_mut().topics.insert(name, Some(id));
        }
        let block = node.allocate(epoch).await?;
        ledger.borrow_mut().blocks.push(block);
        node.checkpoint().await?;
        let doomed = format!("t{round}-0");
        let id = ledger.borrow_mut().topics.insert(doomed, None).flatten().unwrap_or_default();
        node.delete(id).await?;
        ledger.borrow_mut().deleted.push(id);
        node.create(&format!("large{round}"), if round == 1 { 150 } else { 1 }).await?;
    }
    Ok(())
}

/// Opens the node and runs the script until it ends or the power goes.
fn run(disk: &CrashDisk, ledger: &Ledger) {
    on_one_thread(async {
        if let Ok(node) = Node::open(disk).await {
            let _ = script(&node, ledger).await;
            ledger.borrow_mut().saw_term(node.durable_term());
        }
    });
}

/// Opens the node and checks that what was acknowledged is there, and that it goes on.
fn check(disk: &CrashDisk, ledger: &Ledger) -> Result<(), String> {
    on_one_thread(async {
        let node = Node::open(disk).await.map_err(|error| format!("does not open: {error}"))?;
        let acknowledged = ledger.borrow().clone();
        let image = node.image();
        for (name, id) in &acknowledged.topics {
            let there = image.topics().id_of(name);
            if id.is_some() && there != *id {
                return Err(format!("topic {name} is {there:?}, not {id:?}"));
            }
        }
        if let Some(back) = acknowledged.deleted.iter().find(|id| image.topics().by_id(**id).is_some()) {
            return Err(format!("deleted topic {back} is back"));
        }
        if node.durable_term() <= acknowledged.term {
            return Err(format!("term {} after term {}", node.durable_term(), acknowledged.term));
        }
        let epoch = node.register().await.map_err(|_| "cannot register")?;
        if acknowledged.epochs.iter().any(|earlier| *earlier >= epoch) {
            return Err(format!("epoch {epoch} after {:?}", acknowledged.epochs));
        }
        let block = node.allocate(epoch).await.map_err(|_| "cannot allocate")?;
        if acknowledged.blocks.contains(&block) {
            return Err(format!("block {block} handed out again"));
        }
        node.create("after", 1).await.map_err(|_| "cannot create")?;
        node.stop().await;
        Ok(())
    })
}

/// Cuts the power at an operation of the run, and again at one of the recovery; then checks.
fn cut_twice(empty: &CrashDisk, at: u64, sabotage: &Sabotage) -> Result<(), String> {
    let disk = empty.fork();
    disk.sabotage(sabotage.clone());
    let ledger = Ledger::default();
    disk.cut_after(disk.ops() + at);
    run(&disk, &ledger);
    disk.power_cut(at % 5);
    disk.cut_after(disk.ops() + at % 11);
    let recovered = Ledger::default();
    run(&disk, &recovered);
    ledger.borrow_mut().saw_term(recovered.borrow().term);
    let blocks = recovered.borrow().blocks.clone();
    ledger.borrow_mut().blocks.extend(blocks);
    disk.power_cut(at % 3);
    check(&disk, &ledger).map_err(|error| format!("cut at operation {at}: {error}"))
}

/// Returns the operations of a whole run.
fn operations(empty: &CrashDisk) -> u64 {
    let disk = empty.fork();
    let before = disk.ops();
    let ledger = Ledger::default();
    run(&disk, &ledger);
    assert_eq!(ledger.borrow().blocks.len(), 3, "the script ran to its end");
    let calls: Vec<Call> = disk.trace().iter().map(|traced| traced.call).collect();
    let count = |call| calls.iter().filter(|other| **other == call).count();
    assert!(count(Call::Sync) > 40 && count(Call::Rename) >= 5, "snapshots and checkpoints were made");
    disk.ops() - before
}

/// Protects: nothing acknowledged is lost and no producer id is handed out twice, wherever the power goes (W-13, W-14).
#[test]
fn a_power_cut_at_every_operation_loses_nothing() {
    let empty = disk_with_empty_directory();
    let operations = operations(&empty);
    let broken: Vec<String> =
        (1..=operations).filter_map(|at| cut_twice(&empty, at, &Sabotage::default()).err()).collect();
    assert_eq!(broken, Vec::<String>::new());
}

/// Protects: the test above turns red when the WAL is not synced, or snapshots are not, or their names are not.
#[test]
fn a_disk_that_lies_is_noticed() {
    let of =
        |part: &'static str| Some(Arc::new(move |path: &Path| path.to_string_lossy().contains(part)) as _);
    let lies = [
        Sabotage { swallow_sync: of("/wal/"), ..Sabotage::default() },
        Sabotage { swallow_sync: of(".snapshot"), ..Sabotage::default() },
        Sabotage { swallow_sync_dir: of("/metadata"), ..Sabotage::default() },
    ];
    let empty = disk_with_empty_directory();
    let operations = operations(&empty);
    for (number, lie) in lies.iter().enumerate() {
        let noticed = (1..=operations).rev().any(|at| cut_twice(&empty, at, lie).is_err());
        assert!(noticed, "lie {number} goes unnoticed");
    }
}

/// Protects: a stop and a start give the same image, and the metadata of another node is refused.
#[test]
fn a_restart_restores_everything() {
    let disk = disk_with_empty_directory();
    let ledger = Ledger::default();
    run(&disk, &ledger);
    disk.kill();
    let before = on_one_thread(async {
        let node = Node::open(&disk).await.unwrap();
        let image = node.image();
        node.stop().await;
        image
    });
    disk.kill();
    let after = on_one_thread(async {
        let node = Node::open(&disk).await.unwrap();
        let image = node.image();
        node.stop().await;
        image
    });
    assert_eq!(before.topics(), after.topics());
    assert_eq!(before.brokers(), after.brokers());
    assert_eq!(before.cluster_id(), after.cluster_id());
    disk.kill();
    assert!(refusal(&disk, 9).contains("names no voter 9"));
}

fn refusal(disk: &CrashDisk, node: i32) -> String {
    on_one_thread(async { Node::open_as(disk, node).await.err().unwrap().to_string() })
}

/// Protects: a snapshot that is damaged or missing is named and refused, never replaced by an empty one.
#[test]
fn damaged_and_missing_snapshots_are_refused() {
    let disk = disk_with_empty_directory();
    run(&disk, &Ledger::default());
    disk.kill();
    let folder = Path::new("/data/metadata");
    let name = disk.list(folder).unwrap().pop().unwrap().name;
    let path = folder.join(&name);
    let damaged = disk.fork();
    damaged.corrupt(&path, 40, &[0xff]).unwrap();
    assert!(refusal(&damaged, 1).contains(&format!("{} is damaged", path.display())));
    disk.remove_file(&path).unwrap();
    assert!(refusal(&disk, 1).contains("one is missing"));
}

/// Protects: metadata that finds no room in the WAL is refused before anything is written, and goes on after
/// the next checkpoint (W-7, W-12).
#[test]
fn a_full_wal_refuses_and_recovers() {
    let disk = disk_with_empty_directory();
    on_one_thread(async {
        let node = Node::open(&disk).await.unwrap();
        node.register().await.unwrap();
        let mut made = 0;
        let refused = loop {
            match node.create(&format!("t{made}"), 400).await {
                Ok(_) => made += 1,
                Err(error) => break error.to_string(),
            }
        };
        assert!(made > 0 && refused.contains("no room"), "{made}: {refused}");
        node.checkpoint().await.unwrap();
        node.create("after", 400).await.unwrap();
        assert_eq!(node.image().topics().len(), made + 1);
        node.stop().await;
    });
}

/// Protects: a failed sync ends in answers, not in silence, and nothing later is acknowledged (W-11).
#[test]
fn a_failed_sync_is_answered() {
    let disk = disk_with_empty_directory();
    on_one_thread(async {
        let node = Node::open(&disk).await.unwrap();
        node.create("none", 0).await.unwrap_err();
        node.register().await.unwrap();
        disk.fail(Fault::new(When::Nth(Call::Sync, 1), Failure::Io));
        node.create("a", 1).await.unwrap_err();
        node.create("b", 1).await.unwrap_err();
        node.checkpoint().await.unwrap_err();
        node.stop().await;
    });
}

fn metadata_version(level: i16) -> Record {
    Record::FeatureLevel { name: "metadata.version".to_string(), level }
}

/// Protects: a start leaves an older directory at its level, an upgrade lasts across a power cut, and a directory that
/// a newer program has upgraded does not start.
#[test]
fn levels_stay_until_they_are_upgraded() {
    let disk = disk_with_empty_directory();
    on_one_thread(async {
        Node::open(&disk).await.unwrap().stop().await;
        write_as_another_version(&disk, metadata_version(28)).await.unwrap();
        let level = |node: &Node| node.image().features().level("metadata.version");
        let node = Node::open(&disk).await.unwrap();
        assert_eq!(level(&node), 28);
        node.upgrade("metadata.version", 31).await.unwrap_err();
        node.upgrade("metadata.version", 30).await.unwrap();
        disk.kill();
        let node = Node::open(&disk).await.unwrap();
        assert_eq!(level(&node), 30);
        node.stop().await;
        write_as_another_version(&disk, metadata_version(31)).await.unwrap();
        let refused = Node::open(&disk).await.err().map(|error| error.to_string());
        assert!(refused.is_some_and(|why| why.contains("metadata.version 31")));
    });
}
