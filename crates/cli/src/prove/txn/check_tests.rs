//! Faults of transactions, put in on purpose: each must be found, and found alone.

use super::check::{Accounts, Id, Read, input_value, output_value};
use std::collections::BTreeMap;

const SEED: u64 = 91;
const COMMITTED: Id = (0, 0);
const ABORTED: Id = (0, 1);
const UNKNOWN: Id = (1, 0);
const VANISHED: Id = (1, 1);

/// Two records in each of two partitions.
fn parts() -> BTreeMap<u32, u64> {
    BTreeMap::from([(0, 2), (1, 2)])
}

/// Four transactions: committed, aborted, never answered, and vanished before the commit was asked for.
fn accounts() -> Accounts {
    let mut accounts = Accounts::new(SEED);
    [COMMITTED, ABORTED, UNKNOWN, VANISHED].into_iter().for_each(|id| accounts.on_begin(id, parts()));
    accounts.on_commit_asked(COMMITTED);
    accounts.on_told(COMMITTED, true);
    accounts.on_told(ABORTED, false);
    accounts.on_commit_asked(UNKNOWN);
    accounts
}

/// The records of a transaction in both partitions, from these offsets on.
fn records(id: Id, offset: i64) -> Vec<Read> {
    let one = |(partition, index): (u32, u64)| Read {
        partition,
        offset: offset + i64::try_from(index).unwrap(),
        value: input_value(SEED, id, partition, index),
    };
    [(0, 0), (0, 1), (1, 0), (1, 1)].map(one).to_vec()
}

/// The input as it is when what got no answer was committed; marks lie in between.
fn input() -> Vec<Read> {
    [records(COMMITTED, 0), records(UNKNOWN, 5)].concat()
}

/// What pipelines make of an input, in order.
fn output(input: &[Read]) -> Vec<Read> {
    let made = |(at, record): (usize, &Read)| Read {
        partition: record.partition,
        offset: i64::try_from(at).unwrap(),
        value: output_value(SEED, record.partition, record.offset),
    };
    input.iter().enumerate().map(made).collect()
}

fn wrong(mut accounts: Accounts, input: &[Read], output: &[Read]) -> Vec<(&'static str, u64)> {
    input.iter().for_each(|record| accounts.on_input(record));
    output.iter().for_each(|record| accounts.on_output(record));
    accounts.finish(Some(&BTreeMap::from([(0, 30), (1, 30)])));
    let counts = accounts.anomalies().map(|(name, anomaly)| (name, anomaly.count));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// What is wrong with an input whose pipelines are right.
fn wrong_input(input: &[Read]) -> Vec<(&'static str, u64)> {
    wrong(accounts(), input, &output(input))
}

/// Protects: a sound run is called sound, whichever way a commit without an answer went, and that is counted.
#[test]
fn sound_transactions_have_no_anomalies() {
    assert_eq!(wrong_input(&input()), []);
    assert_eq!(wrong_input(&records(COMMITTED, 0)), []);
    let mut seen = accounts();
    input().iter().for_each(|record| seen.on_seen(record));
    assert_eq!(wrong(seen, &input(), &output(&input())), []);
    let (mut there, mut absent) = (accounts(), accounts());
    input().iter().for_each(|record| there.on_input(record));
    there.finish(None);
    absent.finish(None);
    assert_eq!((there.unknown_committed, there.unknown_aborted), (1, 0));
    assert_eq!((absent.unknown_committed, absent.unknown_aborted), (0, 1));
    assert_eq!(there.told(), (1, 1));
}

/// Protects: a transaction of which a part is missing is found, answered or not.
#[test]
fn a_torn_transaction_is_found() {
    for at in 0..input().len() {
        let mut torn = input();
        torn.remove(at);
        assert_eq!(wrong_input(&torn), [("torn", 1)], "without record {at}");
    }
}

/// Protects: a committed transaction of which nothing is there is found.
#[test]
fn a_lost_transaction_is_found() {
    assert_eq!(wrong_input(&records(UNKNOWN, 5)), [("lost", 1)]);
}

/// Protects: a record that is there twice, and one that nobody sent, are found.
#[test]
fn a_doubled_or_altered_record_is_found() {
    let with = |record: Read| [input(), vec![record]].concat();
    let doubled = Read { offset: 20, ..records(COMMITTED, 0)[0].clone() };
    assert_eq!(wrong_input(&with(doubled)), [("twice", 1)]);
    let strangers = [
        input_value(SEED, COMMITTED, 0, 2),
        input_value(SEED, (9, 9), 0, 0),
        input_value(SEED, COMMITTED, 1, 0),
        input_value(SEED + 1, COMMITTED, 0, 0),
        b"hello".to_vec(),
    ];
    for value in strangers {
        assert_eq!(wrong_input(&with(Read { partition: 0, offset: 20, value })), [("altered", 1)]);
    }
}

/// Protects: records of an aborted transaction, and of one whose commit nobody asked for, are found where they count.
#[test]
fn an_aborted_read_is_found() {
    for id in [ABORTED, VANISHED] {
        assert_eq!(wrong_input(&[input(), records(id, 10)].concat()), [("aborted read", 1)], "{id:?}");
    }
}

/// Protects: a pipeline that has worked on a record that does not count is found.
#[test]
fn an_aborted_read_of_a_pipeline_is_found() {
    let with = [input(), vec![records(ABORTED, 4)[0].clone()]].concat();
    assert_eq!(wrong(accounts(), &input(), &output(&with)), [("aborted read", 1)]);
}

/// Protects: a record that was seen before its commit was asked for is found, whatever became of it.
#[test]
fn a_precommitted_read_is_found() {
    let mut early = accounts();
    early.on_begin((2, 0), parts());
    let sent = records((2, 0), 6);
    early.on_seen(&sent[0]);
    early.on_commit_asked((2, 0));
    early.on_told((2, 0), true);
    early.on_seen(&sent[1]);
    let log = [records(COMMITTED, 0), sent].concat();
    assert_eq!(wrong(early, &log, &output(&log)), [("precommitted read", 1)]);
}

/// Protects: what was seen and is not there afterwards, or is another record, is found.
#[test]
fn what_was_seen_must_stay() {
    let mut seen = accounts();
    seen.on_seen(&records(UNKNOWN, 5)[0]);
    let without = records(COMMITTED, 0);
    assert_eq!(wrong(seen, &without, &output(&without)), [("seen and gone", 1)]);
    let mut other = accounts();
    other.on_seen(&Read { offset: 0, ..records(UNKNOWN, 5)[1].clone() });
    assert_eq!(wrong(other, &input(), &output(&input())), [("seen and gone", 1)]);
}

/// Protects: a record of the input that no pipeline has worked on is found.
#[test]
fn a_lost_record_of_a_pipeline_is_found() {
    let mut lost = output(&input());
    lost.remove(3);
    assert_eq!(wrong(accounts(), &input(), &lost), [("pipeline lost", 1)]);
}

/// Protects: a record that was worked on twice is found, and one that would be worked on again, because its offset is not
/// committed with it.
#[test]
fn a_doubled_record_of_a_pipeline_is_found() {
    let mut twice = output(&input());
    twice.push(twice[2].clone());
    assert_eq!(wrong(accounts(), &input(), &twice), [("pipeline twice", 1)]);
    let mut apart = accounts();
    input().iter().for_each(|record| apart.on_input(record));
    output(&input()).iter().for_each(|record| apart.on_output(record));
    apart.finish(Some(&BTreeMap::from([(0, 6), (1, 7)])));
    let found = apart.anomalies().map(|(name, anomaly)| (name, anomaly.count));
    assert_eq!(
        found.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(),
        [("pipeline twice", 1)]
    );
}

/// Protects: a partition that is held back when all is over, and a transaction that is still open, are found.
#[test]
fn a_hanging_transaction_is_found() {
    let mut held = accounts();
    held.on_end("in", 0, (9, 9));
    held.on_end("in", 1, (8, 9));
    assert_eq!(wrong(held, &input(), &output(&input())), [("hanging", 1)]);
    let mut open = accounts();
    open.on_open("prove-writer-0");
    assert_eq!(wrong(open, &input(), &output(&input())), [("hanging", 1)]);
}
