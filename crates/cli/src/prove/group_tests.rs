//! Faults of a group and of a compacted topic, put in on purpose: each must be found, and found alone.

use super::check::{Checker, Fate, Findings, ReadRecord, SentBatch};
use super::group_accounts::{GroupAccounts, Offsets};
use super::value::{KEYS, Lane, key, value};

const SEED: u64 = 78;
const LANE: Lane = Lane { producer: 0, partition: 0 };

/// A log of one partition: records of the numbers at those offsets, with or without keys.
fn log(keys: bool, places: &[(i64, u64)]) -> Vec<ReadRecord> {
    let record = |(offset, number): &(i64, u64)| ReadRecord {
        partition: 0,
        offset: *offset,
        leader_epoch: 1,
        producer_id: 7,
        key: keys.then(|| key(LANE, *number)),
        value: value(SEED, LANE, *number),
    };
    places.iter().map(record).collect()
}

fn straight(count: u64) -> Vec<ReadRecord> {
    let places: Vec<(i64, u64)> = (0..count).map(|number| (i64::try_from(number).unwrap(), number)).collect();
    log(false, &places)
}

fn at(offset: i64) -> Offsets {
    Offsets::from([(0, offset)])
}

/// A group that has read and committed ten records, two at a time; the last commit got no answer.
fn group() -> GroupAccounts {
    let mut group = GroupAccounts::default();
    for (record, offset) in straight(10).iter().zip(0..) {
        group.on_record(0, offset, &record.value);
        if offset % 2 == 1 {
            let ticket = group.on_commit(&at(offset + 1));
            if offset < 9 {
                group.on_committed(&ticket);
            }
        }
    }
    group
}

/// Compares a group with what is committed and with the log; returns the anomalies.
fn wrong(mut group: GroupAccounts, listed: &Offsets, log: &[ReadRecord]) -> Vec<(&'static str, u64)> {
    group.on_listed(&group.certain(), listed);
    log.iter().for_each(|record| group.on_read(record));
    group.finish(false);
    let counts = group.anomalies().map(|(name, anomaly)| (name, anomaly.count));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Protects: a group is called sound, whether or not a commit without an answer was stored, and records that were worked on
/// again are counted.
#[test]
fn a_sound_group_has_no_anomalies() {
    for committed in [8, 9, 10] {
        assert_eq!(wrong(group(), &at(committed), &straight(10)), []);
    }
    let mut again = group();
    again.on_record(0, 9, &value(SEED, LANE, 9));
    assert_eq!((again.worked, again.again, again.commits), (11, 1, 4));
    assert_eq!(wrong(again, &at(8), &straight(10)), []);
}

/// Protects: an acknowledged commit that is not there is found.
#[test]
fn a_lost_offset_is_found() {
    assert_eq!(wrong(group(), &Offsets::new(), &straight(10)), [("offsets lost", 1)]);
}

/// Protects: an acknowledged commit in whose place an older one is there is found.
#[test]
fn an_offset_that_went_back_is_found() {
    assert_eq!(wrong(group(), &at(6), &straight(10)), [("offsets gone back", 1)]);
}

/// Protects: an offset that was seen once and is lower later is found, though its commit got no answer.
#[test]
fn a_seen_offset_that_went_back_is_found() {
    let mut group = group();
    group.on_listed(&group.certain(), &at(10));
    assert_eq!(wrong(group, &at(8), &straight(10)), [("offsets gone back", 1)]);
}

/// Protects: a commit of a member whose partition has gone on is found if it is acknowledged; one that is refused,
/// and one that overlapped with the other, is not.
#[test]
fn an_accepted_commit_of_a_straggler_is_found() {
    let mut early = group();
    let overlaps = early.on_commit(&at(4));
    let mut late = early.clone();
    let ahead = late.on_commit(&at(10));
    late.on_committed(&ahead);
    let straggler = late.on_commit(&at(4));
    assert_eq!(wrong(late.clone(), &at(10), &straight(10)), []);
    late.on_committed(&straggler);
    assert_eq!(wrong(late, &at(10), &straight(10)), [("offsets gone back", 1)]);
    early.on_committed(&overlaps);
    assert_eq!(wrong(early, &at(10), &straight(10)), [("offsets gone back", 1)]);
}

/// Protects: an offset that nobody has committed is found.
#[test]
fn an_offset_from_nowhere_is_found() {
    assert_eq!(wrong(group(), &at(11), &straight(10)), [("offsets from nowhere", 1)]);
    let elsewhere = Offsets::from([(0, 8), (1, 3)]);
    assert_eq!(wrong(group(), &elsewhere, &straight(10)), [("offsets from nowhere", 1)]);
}

/// Protects: a record of the log that no member has worked on is found.
#[test]
fn a_skipped_record_is_found() {
    assert_eq!(wrong(group(), &at(10), &straight(11)), [("skipped by the group", 1)]);
}

/// Protects: a start elsewhere than at what was committed is found.
#[test]
fn a_reset_is_found() {
    let mut group = group();
    group.on_reset(0, 8, 0);
    assert_eq!(wrong(group, &at(10), &straight(10)), [("skipped by the group", 1)]);
}

/// Protects: a record that a member saw and that is gone, or is another one, is found.
#[test]
fn what_was_seen_must_stay() {
    assert_eq!(wrong(group(), &at(10), &straight(9)), [("seen and gone", 1)]);
    let mut other = straight(10);
    other[3].value = value(SEED, LANE, 30);
    assert_eq!(wrong(group(), &at(10), &other), [("seen otherwise", 1)]);
    let mut twice = group();
    twice.on_record(0, 3, b"other");
    twice.on_record(0, 3, &value(SEED, LANE, 3));
    assert_eq!(wrong(twice, &at(10), &straight(10)), [("seen otherwise", 2)]);
}

/// Two acknowledged values of each of two keys.
fn sent() -> Vec<SentBatch> {
    let numbers = [0, 1, KEYS, KEYS + 1];
    let batch =
        |(number, base)| SentBatch { lane: LANE, first: number, count: 1, fate: Fate::Acked(Some(base)) };
    numbers.into_iter().zip(0..).map(batch).collect()
}

fn found(places: &[(i64, u64)]) -> (Vec<&'static str>, u64) {
    check(&log(true, places))
}

fn check(log: &[ReadRecord]) -> (Vec<&'static str>, u64) {
    let mut checker = Checker::of_compacted(SEED);
    log.iter().for_each(|record| checker.on_read(record));
    let findings: Findings = checker.finish(&sent());
    let anomalies = findings.anomalies();
    let names = anomalies.iter().filter(|(_, anomaly)| anomaly.count > 0).map(|(name, _)| *name).collect();
    (names, findings.replaced)
}

/// Protects: on a compacted topic a value may be gone when a later one of its key is there, with a gap where it was.
#[test]
fn a_compacted_log_is_sound() {
    assert_eq!(found(&[(0, 0), (1, 1), (2, KEYS), (3, KEYS + 1)]), (vec![], 0));
    assert_eq!(found(&[(1, 1), (2, KEYS), (3, KEYS + 1)]), (vec![], 1));
    assert_eq!(found(&[(2, KEYS), (3, KEYS + 1)]), (vec![], 2));
}

/// Protects: the latest acknowledged value of a key must be there, whatever older ones are.
#[test]
fn a_lost_latest_value_is_found() {
    assert_eq!(found(&[(0, 0), (1, 1), (2, KEYS)]), (vec!["lost"], 0));
    assert_eq!(found(&[(3, KEYS + 1)]), (vec!["lost"], 1));
}

/// Protects: on a compacted topic too, a moved offset, an offset that goes back, another key and a key that is gone are found.
#[test]
fn faults_of_a_compacted_log_are_found() {
    assert_eq!(found(&[(2, KEYS), (4, KEYS + 1)]), (vec!["misplaced"], 2));
    assert_eq!(found(&[(3, KEYS), (2, KEYS + 1)]).0, ["misplaced", "offset gaps"]);
    for other in [Some(b"0-0-5".to_vec()), None] {
        let mut log = log(true, &[(2, KEYS), (3, KEYS + 1)]);
        log[1].key = other;
        assert_eq!(check(&log).0, ["lost", "altered"]);
    }
}
