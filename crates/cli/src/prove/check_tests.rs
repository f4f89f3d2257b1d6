//! Anomalies put in on purpose, each of which the checker must find, and find alone.

use super::accounts::Accounts;
use super::check::{Checker, Fate, Findings, ReadRecord, SentBatch};
use super::value::{Lane, value};
use std::collections::BTreeMap;
use types::Uuid;

const SEED: u64 = 77;
const LANES: [Lane; 2] = [Lane { producer: 0, partition: 0 }, Lane { producer: 1, partition: 0 }];

/// Two lanes, ten acknowledged batches of three records each, taking turns.
fn sound() -> (Vec<SentBatch>, Vec<ReadRecord>) {
    let (mut sent, mut log) = (Vec::new(), Vec::new());
    for turn in 0..10u64 {
        for lane in LANES {
            let base = i64::try_from(log.len()).unwrap();
            sent.push(SentBatch { lane, first: turn * 3, count: 3, fate: Fate::Acked(Some(base)) });
            (0..3).for_each(|i| push(&mut log, value(SEED, lane, turn * 3 + i)));
        }
    }
    (sent, log)
}

fn push(log: &mut Vec<ReadRecord>, value: Vec<u8>) {
    let offset = i64::try_from(log.len()).unwrap();
    log.push(ReadRecord { partition: 0, offset, leader_epoch: 1, producer_id: 7, key: None, value });
}

fn renumber(log: &mut [ReadRecord]) {
    log.iter_mut().zip(0..).for_each(|(record, offset)| record.offset = offset);
}

fn check(sent: &[SentBatch], log: &[ReadRecord]) -> Findings {
    let mut checker = Checker::new(SEED);
    log.iter().for_each(|record| checker.on_read(record));
    checker.finish(sent)
}

/// Names of the anomalies that were found.
fn found(findings: &Findings) -> Vec<&'static str> {
    findings.anomalies().iter().filter(|(_, anomaly)| anomaly.count > 0).map(|(name, _)| *name).collect()
}

/// Protects: a sound log is called sound, and its numbers are right.
#[test]
fn a_sound_log_has_no_anomalies() {
    let (sent, log) = sound();
    let findings = check(&sent, &log);
    assert_eq!(found(&findings), Vec::<&str>::new());
    assert_eq!((findings.acknowledged, findings.readable), (60, 60));
    assert_eq!(findings.epochs, vec![Some(1); 20]);
}

/// Protects: an acknowledged record that is gone from the end is lost.
#[test]
fn a_lost_tail_is_found() {
    let (sent, mut log) = sound();
    log.truncate(58);
    let findings = check(&sent, &log);
    assert_eq!(found(&findings), ["lost"]);
    assert_eq!(findings.lost.count, 2);
}

/// Protects: an acknowledged record that is gone from the middle is lost, and moves what follows.
#[test]
fn a_lost_record_in_the_middle_is_found() {
    let (sent, mut log) = sound();
    log.remove(30);
    assert_eq!(found(&check(&sent, &log)), ["lost", "offset gaps"]);
    renumber(&mut log);
    assert_eq!(found(&check(&sent, &log)), ["lost", "misplaced"]);
}

/// Protects: a record that is there twice is found.
#[test]
fn a_doubled_record_is_found() {
    let (sent, mut log) = sound();
    push(&mut log, value(SEED, LANES[0], 29));
    let findings = check(&sent, &log);
    assert_eq!(found(&findings), ["twice"]);
    assert_eq!(findings.readable, 60);
}

/// Protects: two records of a lane that changed places are found, even without offsets to compare.
#[test]
fn a_changed_order_is_found() {
    let (mut sent, mut log) = sound();
    sent.iter_mut().for_each(|batch| batch.fate = Fate::Acked(None));
    let (a, b) = (log[6].value.clone(), log[7].value.clone());
    (log[6].value, log[7].value) = (b, a);
    assert_eq!(found(&check(&sent, &log)), ["reordered"]);
}

/// Protects: one changed bit of a value is found; the record it was is lost.
#[test]
fn an_altered_value_is_found() {
    let (sent, log) = sound();
    for at in 0..log[12].value.len() {
        let mut log = log.clone();
        log[12].value[at] ^= 0x10;
        let names = found(&check(&sent, &log));
        assert!(names.contains(&"lost"), "byte {at}: {names:?}");
        assert!(names.contains(&"altered") || names.contains(&"foreign"), "byte {at}: {names:?}");
    }
}

/// Protects: a value of another run, of nobody, or of another partition is found.
#[test]
fn a_foreign_value_is_found() {
    let elsewhere = Lane { producer: 0, partition: 5 };
    let strangers = [value(SEED + 1, LANES[0], 3), b"hello".to_vec(), Vec::new(), value(SEED, elsewhere, 3)];
    for stranger in strangers {
        let (sent, mut log) = sound();
        push(&mut log, stranger);
        assert_eq!(found(&check(&sent, &log)), ["foreign"]);
    }
}

/// Protects: a sound value beyond what was sent is found.
#[test]
fn a_value_that_was_never_sent_is_found() {
    let (sent, mut log) = sound();
    push(&mut log, value(SEED, LANES[0], 30));
    assert_eq!(found(&check(&sent, &log)), ["foreign"]);
}

/// Protects: a batch that was refused and is there all the same is found.
#[test]
fn a_refused_batch_that_is_stored_is_found() {
    let (mut sent, log) = sound();
    sent[4].fate = Fate::Refused;
    let findings = check(&sent, &log);
    assert_eq!(found(&findings), ["refused but stored"]);
    assert_eq!(findings.refused_stored.count, 3);
}

/// Protects: an offset that was promised and is another's is found.
#[test]
fn a_misplaced_record_is_found() {
    let (mut sent, log) = sound();
    sent[4].fate = Fate::Acked(Some(13));
    assert_eq!(found(&check(&sent, &log)), ["misplaced"]);
}

/// Protects: what got no answer is no anomaly, there or not, and is counted.
#[test]
fn unknown_batches_are_counted() {
    let (mut sent, mut log) = sound();
    sent[18].fate = Fate::Unknown;
    sent[19].fate = Fate::Unknown;
    log.truncate(57);
    let findings = check(&sent, &log);
    assert_eq!(found(&findings), Vec::<&str>::new());
    assert_eq!((findings.unknown_stored, findings.unknown_absent), (3, 3));
    assert_eq!(findings.epochs[19], None);
}

/// Three topics that were made; the second was deleted, the deletion of the third got no answer.
fn three_topics() -> (Accounts, BTreeMap<String, Uuid>) {
    let mut accounts = Accounts::default();
    for (name, id) in [("a", 1), ("b", 2), ("c", 3)] {
        accounts.on_create(name, Some(Uuid([id; 16])));
    }
    accounts.on_delete("b", true);
    accounts.on_delete("c", false);
    (accounts, BTreeMap::from([("a".to_owned(), Uuid([1; 16])), ("c".to_owned(), Uuid([3; 16]))]))
}

fn wrong(accounts: &Accounts) -> Vec<(&'static str, u64)> {
    let counts = accounts.anomalies().map(|(name, anomaly)| (name, anomaly.count));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Protects: topics that are as they were acknowledged are called sound, whatever became of unanswered requests.
#[test]
fn sound_topics_have_no_anomalies() {
    let (mut accounts, mut listed) = three_topics();
    accounts.on_create("d", None);
    accounts.on_create("e", None);
    listed.insert("d".to_owned(), Uuid([4; 16]));
    accounts.on_listed(&listed);
    listed.remove("c");
    accounts.on_listed(&listed);
    assert_eq!(wrong(&accounts), []);
    assert_eq!((accounts.created, accounts.deleted), (3, 1));
    assert_eq!(accounts.there(), ["a", "d"]);
}

/// Protects: a topic whose creation was acknowledged, and one that was seen after a restart, must stay.
#[test]
fn a_lost_topic_is_found() {
    let (mut accounts, mut listed) = three_topics();
    listed.remove("a");
    accounts.on_listed(&listed);
    assert_eq!(wrong(&accounts), [("topics lost", 1)]);
    let (mut accounts, mut listed) = three_topics();
    accounts.on_create("d", None);
    listed.insert("d".to_owned(), Uuid([4; 16]));
    accounts.on_listed(&listed);
    listed.remove("d");
    accounts.on_listed(&listed);
    assert_eq!(wrong(&accounts), [("topics lost", 1)]);
}

/// Protects: a topic that a broker does not know when it is to be deleted for the first time is lost.
#[test]
fn a_topic_unknown_to_its_deletion_is_found() {
    let (mut accounts, mut listed) = three_topics();
    accounts.on_unknown("a");
    accounts.on_unknown("b");
    listed.remove("a");
    accounts.on_listed(&listed);
    assert_eq!(wrong(&accounts), [("topics lost", 1)]);
}

/// Protects: another topic under an acknowledged name is a lost topic.
#[test]
fn a_namesake_is_found() {
    let (mut accounts, mut listed) = three_topics();
    listed.insert("a".to_owned(), Uuid([9; 16]));
    accounts.on_listed(&listed);
    assert_eq!(wrong(&accounts), [("topics lost", 1)]);
}

/// Protects: a deleted topic that is there again is found, acknowledged or seen to be gone; so is a stranger.
#[test]
fn a_topic_that_is_back_is_found() {
    for name in ["b", "nobody's"] {
        let (mut accounts, mut listed) = three_topics();
        listed.insert(name.to_owned(), Uuid([2; 16]));
        accounts.on_listed(&listed);
        assert_eq!(wrong(&accounts), [("topics back", 1)], "{name}");
    }
    let (mut accounts, mut listed) = three_topics();
    let c = listed.remove("c").unwrap();
    accounts.on_listed(&listed);
    listed.insert("c".to_owned(), c);
    accounts.on_listed(&listed);
    assert_eq!(wrong(&accounts), [("topics back", 1)]);
}

/// Protects: a producer id that two have is found: drawn twice, written by two, or drawn and written.
#[test]
fn a_doubled_producer_id_is_found() {
    let writers = |id: i64, producers: &[u32]| BTreeMap::from([(id, producers.iter().copied().collect())]);
    let mut accounts = Accounts::default();
    (0..5).for_each(|id| accounts.on_producer_id(id));
    accounts.on_writers(&writers(5, &[0]));
    assert_eq!((wrong(&accounts), accounts.ids()), (vec![], 6));
    let mut drawn = accounts.clone();
    drawn.on_producer_id(3);
    assert_eq!(wrong(&drawn), [("producer ids twice", 1)]);
    let mut shared = accounts.clone();
    shared.on_writers(&writers(9, &[0, 1]));
    assert_eq!(wrong(&shared), [("producer ids twice", 1)]);
    accounts.on_writers(&writers(4, &[0]));
    assert_eq!(wrong(&accounts), [("producer ids twice", 1)]);
}

/// Protects: the checker of the log says who wrote under which producer id.
#[test]
fn writers_of_a_producer_id_are_told() {
    let (sent, mut log) = sound();
    log[0].producer_id = 8;
    let findings = check(&sent, &log);
    assert_eq!(findings.writers[&7], [0, 1].into());
    assert_eq!(findings.writers[&8], [0].into());
}
