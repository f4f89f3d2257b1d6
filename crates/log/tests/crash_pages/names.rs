//! Two logs that want one folder: a topic that was deleted, and its namesake.

use crate::broker::{Broker, Change};
use crate::judge::SharedBook;
use crate::story::{self, namesake, old};
use crate::world::{env_of, names, read_log, root};
use env::Disk;
use env::crash::CrashDisk;
use std::sync::Arc;

/// Protects: W-10, W-14: the folder of a log that lives is not its namesake's, whoever asks first; once the log is removed it is,
/// and nothing of either is set aside.
#[test]
fn a_name_is_taken_until_its_log_is_removed() {
    let disk = CrashDisk::new();
    let mut broker = story::open(&env_of(Arc::new(disk.clone()), 1), SharedBook::default()).unwrap();
    broker.turn(&[Change::Append(old(), 1, 50)]).unwrap();
    assert!(broker.directory.is_taken(namesake(), "reborn-0"));
    assert!(!broker.directory.is_taken(old(), "reborn-0"));
    broker.turn(&[Change::Remove(old())]).unwrap();
    assert!(!broker.directory.is_taken(namesake(), "reborn-0"));
    broker.turn(&[Change::Append(namesake(), 1, 50)]).unwrap();
    let left = names(&disk, &root());
    assert!(!left.iter().any(|name| name.ends_with("-stray")), "{left:?}");
}

/// A directory whose state knows two logs of one folder name; the folder is the second one's.
fn with_two_of_one_name() -> (CrashDisk, SharedBook) {
    let (disk, book) = (CrashDisk::new(), SharedBook::default());
    let mut broker = story::open(&env_of(Arc::new(disk.clone()), 1), book.clone()).unwrap();
    broker.names.insert(namesake(), ("other-0", true));
    broker.turn(&[Change::Append(old(), 1, 50), Change::Append(namesake(), 2, 300)]).unwrap();
    broker.sync().unwrap();
    broker.checkpoint(0).unwrap();
    broker.names.insert(namesake(), ("reborn-0", true));
    broker.turn(&[Change::Append(namesake(), 1, 40)]).unwrap();
    broker.sync().unwrap();
    broker.checkpoint(0).unwrap();
    drop(broker);
    disk.kill();
    disk.rename(&root().join("reborn-0"), &root().join("lost")).unwrap();
    disk.rename(&root().join("other-0"), &root().join("reborn-0")).unwrap();
    (disk, book)
}

/// Protects: W-10, W-14: of two logs with one folder name only the one whose id the folder carries has it: setting the other
/// aside takes nothing from it, and no file of it is cut to the other's length.
#[test]
fn a_folder_is_the_log_s_whose_id_it_carries() {
    let (disk, book) = with_two_of_one_name();
    let sent = book.lock().unwrap()[&namesake()].sent.clone();
    assert_eq!(sent.len(), 2);
    for start in 0..2 {
        let mut broker = Broker::open(&env_of(Arc::new(disk.clone()), 2), SharedBook::default()).unwrap();
        let damaged: Vec<_> = broker.report.damaged.iter().map(|damage| damage.key).collect();
        assert!(damaged.iter().all(|key| *key == old()), "start {start}: {damaged:?}");
        let found = read_log(&broker.logs[&namesake()], &broker.directory.reader()).unwrap();
        assert_eq!(found.batches, sent, "start {start}");
        broker.directory.stray_log(old()).unwrap();
        let found = read_log(&broker.logs[&namesake()], &broker.directory.reader()).unwrap();
        assert_eq!(found.batches, sent, "start {start}, the other set aside");
        let left = names(&disk, &root());
        assert!(!left.iter().any(|name| name.ends_with("-stray")), "{left:?}");
        drop(broker);
        disk.kill();
    }
}
