//! The ledger with planted findings: at least one for each rule.

use super::*;
use types::Uuid;

const TOPIC: &str = "topic";
const A: LaneKey = (Uuid([1; 16]), 0);
const B: LaneKey = (Uuid([1; 16]), 1);
const PRODUCER: Identity = Identity { id: 7, epoch: 3 };
const NEXT: Identity = Identity { id: 7, epoch: 4 };
const TIMEOUT: Duration = Duration::from_millis(500);

/// A ledger in which a producer was given its epoch long ago.
fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.on_init("id");
    ledger.on_given("one", PRODUCER);
    ledger.tick(Duration::from_secs(10));
    ledger
}

fn begin(ledger: &mut Ledger, producer: Identity) -> usize {
    let (transactional_id, process) = ("id".to_owned(), "one".to_owned());
    ledger.begin(Begun { transactional_id, process, producer, timeout: TIMEOUT })
}

/// Sends one record for each of the partitions; returns their numbers.
fn send(ledger: &mut Ledger, txn: usize, partitions: &[i32]) -> Vec<u64> {
    let mut send_one = |partition: &i32| {
        let number = ledger.add(txn, Part::Record((TOPIC.to_owned(), *partition), None));
        ledger.on_touched(txn);
        ledger.on_sent(number);
        number
    };
    partitions.iter().map(&mut send_one).collect()
}

fn data(ledger: &mut Ledger, key: LaneKey, offset: i64, of: (Identity, i32), numbers: &[u64]) {
    let content = Content::Data(numbers.to_vec());
    ledger.on_batch(key, TOPIC, &Batch { offset, producer: of.0, sequence: of.1, content });
}

fn mark(ledger: &mut Ledger, key: LaneKey, offset: i64, producer: Identity, commit: bool) {
    let content = Content::Mark(commit);
    ledger.on_batch(key, TOPIC, &Batch { offset, producer, sequence: -1, content });
}

/// A transaction with a record in each of two partitions that lie there; returns it with their numbers.
fn written(ledger: &mut Ledger) -> (usize, Vec<u64>) {
    let txn = begin(ledger, PRODUCER);
    let numbers = send(ledger, txn, &[0, 1]);
    data(ledger, A, 0, (PRODUCER, 0), &numbers[..1]);
    data(ledger, B, 0, (PRODUCER, 0), &numbers[1..]);
    (txn, numbers)
}

/// The same, committed and told so.
fn committed(ledger: &mut Ledger) -> (usize, Vec<u64>) {
    let (txn, numbers) = written(ledger);
    ledger.on_ending(txn, true);
    ledger.on_ended(txn, true, |_| true);
    mark(ledger, A, 1, NEXT, true);
    mark(ledger, B, 1, NEXT, true);
    (txn, numbers)
}

fn read(from: i64, next: i64, high_watermark: i64, found: &[(i64, u64)]) -> CommittedRead {
    CommittedRead { from, next, high_watermark, found: found.to_vec() }
}

/// An offset of the group in a transaction of its own, which ends as told.
fn offset(ledger: &mut Ledger, offset: i64, end: Option<bool>) -> u64 {
    let txn = begin(ledger, PRODUCER);
    let number = ledger.add(txn, Part::Offset(0, offset));
    ledger.on_touched(txn);
    ledger.on_sent(number);
    if let Some(commit) = end {
        ledger.on_ending(txn, commit);
        ledger.on_ended(txn, commit, |_| true);
    }
    number
}

#[track_caller]
fn fine(ledger: &Ledger) {
    assert_eq!(ledger.check(), Ok(()));
}

#[track_caller]
fn broken(ledger: &Ledger, rule: &str) {
    let violation = ledger.check().expect_err("nothing was noticed");
    assert_eq!(violation.rule, rule, "{violation}");
}

/// Protects: what is right breaks no rule: a commit, an abort, one that took too long, offsets, the next epoch.
#[test]
fn what_is_right_is_fine() {
    let mut ledger = ledger();
    let number = offset(&mut ledger, 5, Some(true));
    let asked = ledger.ask();
    ledger.on_offset(0, asked, true, Some((number, 5)));
    let (_, numbers) = committed(&mut ledger);
    ledger.on_given("one", NEXT);
    let asked = ledger.ask();
    ledger.on_ends(A, asked, 2, 2);
    ledger.on_committed(A, read(0, 2, 2, &[(0, numbers[0])]));
    let aborted = begin(&mut ledger, NEXT);
    let more = send(&mut ledger, aborted, &[0]);
    data(&mut ledger, A, 2, (NEXT, 0), &more);
    let asked = ledger.ask();
    ledger.on_ends(A, asked, 3, 2);
    ledger.tick(Duration::from_secs(11));
    mark(&mut ledger, A, 3, Identity { id: 7, epoch: 5 }, false);
    ledger.on_committed(A, read(2, 4, 4, &[]));
    ledger.finish(&[A, B]);
    fine(&ledger);
}

/// Protects: T1: a gap in the sequences, a record that is there twice, one that nobody sent.
#[test]
fn t1_sequences_and_numbers() {
    let mut gap = ledger();
    let txn = begin(&mut gap, PRODUCER);
    let numbers = send(&mut gap, txn, &[0]);
    data(&mut gap, A, 0, (PRODUCER, 1), &numbers);
    broken(&gap, "T1");
    let mut twice = ledger();
    let (_, numbers) = written(&mut twice);
    data(&mut twice, A, 1, (PRODUCER, 1), &numbers[..1]);
    broken(&twice, "T1");
    let mut foreign = ledger();
    data(&mut foreign, A, 0, (PRODUCER, 0), &[99]);
    broken(&foreign, "T1");
}

/// Protects: T2: the broker knows another last sequence than its log.
#[test]
fn t2_producers() {
    let mut ledger = ledger();
    committed(&mut ledger);
    let standing = Standing { epoch: 4, last_sequence: -1, open: -1 };
    ledger.on_producers(A, &BTreeMap::from([(7, standing)]));
    fine(&ledger);
    ledger.on_producers(A, &BTreeMap::from([(7, Standing { open: 0, ..standing })]));
    broken(&ledger, "T2");
}

/// Protects: T3: ends that go back, a last stable offset beyond an open transaction or short of it, something open in the end.
#[test]
fn t3_last_stable_offset() {
    for later in [(1, 1), (2, 1)] {
        let mut back = ledger();
        committed(&mut back);
        let asked = back.ask();
        back.on_ends(A, asked, 2, 2);
        let asked = back.ask();
        back.on_ends(A, asked, later.0, later.1);
        broken(&back, "T3");
    }
    let mut beyond = ledger();
    written(&mut beyond);
    let asked = beyond.ask();
    beyond.on_ends(A, asked, 1, 1);
    broken(&beyond, "T3");
    let mut short = ledger();
    committed(&mut short);
    let asked = short.ask();
    short.on_ends(A, asked, 2, 0);
    broken(&short, "T3");
    let mut open = ledger();
    written(&mut open);
    open.finish(&[A, B]);
    broken(&open, "T3");
}

/// Protects: T4: two ends of one transaction, whether told or marked, and one that nobody asked for.
#[test]
fn t4_one_end() {
    let mut both = ledger();
    let (txn, _) = written(&mut both);
    both.on_ending(txn, true);
    both.on_ending(txn, false);
    mark(&mut both, A, 1, NEXT, true);
    fine(&both);
    mark(&mut both, B, 1, NEXT, false);
    broken(&both, "T4");
    let mut lied = ledger();
    let (txn, _) = written(&mut lied);
    lied.on_ending(txn, true);
    lied.on_ended(txn, true, |_| true);
    mark(&mut lied, A, 1, NEXT, false);
    broken(&lied, "T4");
    let mut unasked = ledger();
    written(&mut unasked);
    mark(&mut unasked, A, 1, NEXT, true);
    broken(&unasked, "T4");
    let mut by_nobody = ledger();
    written(&mut by_nobody);
    mark(&mut by_nobody, A, 1, NEXT, false);
    broken(&by_nobody, "T4");
}

/// Protects: T4: nobody else's record is in a transaction, none of it behind its mark, one mark, and all of it is there.
#[test]
fn t4_whole() {
    let mut mixed = ledger();
    let (_, _) = written(&mut mixed);
    let other = begin(&mut mixed, PRODUCER);
    let late = send(&mut mixed, other, &[0]);
    data(&mut mixed, A, 1, (PRODUCER, 1), &late);
    broken(&mixed, "T4");
    let mut behind = ledger();
    let txn = begin(&mut behind, PRODUCER);
    let numbers = send(&mut behind, txn, &[0, 0]);
    data(&mut behind, A, 0, (PRODUCER, 0), &numbers[..1]);
    behind.on_ending(txn, false);
    mark(&mut behind, A, 1, PRODUCER, false);
    data(&mut behind, A, 2, (PRODUCER, 1), &numbers[1..]);
    broken(&behind, "T4");
    let mut marked_twice = ledger();
    committed(&mut marked_twice);
    mark(&mut marked_twice, A, 2, NEXT, true);
    broken(&marked_twice, "T4");
    let mut torn = ledger();
    let txn = begin(&mut torn, PRODUCER);
    let numbers = send(&mut torn, txn, &[0, 1]);
    data(&mut torn, A, 0, (PRODUCER, 0), &numbers[..1]);
    torn.on_ending(txn, true);
    mark(&mut torn, A, 1, NEXT, true);
    fine(&torn);
    torn.finish(&[A]);
    broken(&torn, "T4");
}

/// Protects: T5: a record before its commit is asked for, one of an aborted transaction, one that is missing, one beyond the
/// last stable offset.
#[test]
fn t5_committed_data() {
    let mut early = ledger();
    let (_, numbers) = written(&mut early);
    early.on_committed(A, read(0, 1, 1, &[(0, numbers[0])]));
    broken(&early, "T5");
    let mut aborted = ledger();
    let (txn, numbers) = written(&mut aborted);
    aborted.on_ending(txn, true);
    aborted.on_ending(txn, false);
    mark(&mut aborted, A, 1, NEXT, false);
    aborted.on_committed(A, read(0, 2, 2, &[(0, numbers[0])]));
    broken(&aborted, "T5");
    let mut missing = ledger();
    committed(&mut missing);
    missing.on_committed(A, read(0, 2, 2, &[]));
    broken(&missing, "T5");
    let mut beyond = ledger();
    written(&mut beyond);
    beyond.on_committed(A, read(0, 1, 1, &[]));
    broken(&beyond, "T5");
}

/// Protects: T6: a record or a commit that was sent in an old epoch, and an epoch that comes back in a log.
#[test]
fn t6_fencing() {
    let mut stored = ledger();
    let txn = begin(&mut stored, PRODUCER);
    stored.on_given("two", NEXT);
    let numbers = send(&mut stored, txn, &[0]);
    data(&mut stored, A, 0, (PRODUCER, 0), &numbers);
    broken(&stored, "T6");
    let mut acked = ledger();
    let txn = begin(&mut acked, PRODUCER);
    acked.on_given("two", NEXT);
    let numbers = send(&mut acked, txn, &[0]);
    acked.on_acked(numbers[0], Some(0));
    broken(&acked, "T6");
    let mut ended = ledger();
    let (txn, _) = written(&mut ended);
    ended.on_given("two", NEXT);
    ended.on_ending(txn, true);
    mark(&mut ended, A, 1, NEXT, true);
    broken(&ended, "T6");
    let mut back = ledger();
    committed(&mut back);
    let txn = begin(&mut back, PRODUCER);
    let numbers = send(&mut back, txn, &[0]);
    data(&mut back, A, 2, (PRODUCER, 0), &numbers);
    broken(&back, "T6");
    let mut counted = ledger();
    let txn = begin(&mut counted, PRODUCER);
    counted.on_ending(txn, true);
    counted.on_given("two", NEXT);
    let number = counted.add(txn, Part::Offset(0, 5));
    counted.on_sent(number);
    let asked = counted.ask();
    counted.on_offset(0, asked, true, Some((number, 5)));
    broken(&counted, "T6");
}

/// Protects: T7: two processes with one epoch; the same one may be told twice.
#[test]
fn t7_two_holders() {
    let mut ledger = ledger();
    ledger.on_given("one", PRODUCER);
    fine(&ledger);
    ledger.on_given("two", PRODUCER);
    broken(&ledger, "T7");
}

/// Protects: T8: an offset of a transaction that is not committed, one that goes back, one that is lost, one that nobody wrote.
#[test]
fn t8_offsets() {
    for end in [None, Some(false)] {
        let mut open = ledger();
        let number = offset(&mut open, 5, end);
        let asked = open.ask();
        open.on_offset(0, asked, false, Some((number, 5)));
        broken(&open, "T8");
    }
    let mut back = ledger();
    let first = offset(&mut back, 5, Some(true));
    let second = offset(&mut back, 6, Some(true));
    let asked = back.ask();
    back.on_offset(0, asked, false, Some((first, 5)));
    fine(&back);
    let asked = back.ask();
    back.on_offset(0, asked, true, Some((first, 5)));
    broken(&back, "T8");
    let mut again = ledger();
    let first = offset(&mut again, 5, Some(true));
    let second_again = offset(&mut again, 6, Some(true));
    let asked = again.ask();
    again.on_offset(0, asked, true, Some((second_again, 6)));
    let asked = again.ask();
    again.on_offset(0, asked, false, Some((first, 5)));
    broken(&again, "T8");
    let mut lost = ledger();
    offset(&mut lost, 5, Some(true));
    let asked = lost.ask();
    lost.on_offset(0, asked, true, None);
    broken(&lost, "T8");
    let mut foreign = ledger();
    let number = offset(&mut foreign, 5, Some(true));
    let asked = foreign.ask();
    foreign.on_offset(0, asked, true, Some((number, 4)));
    broken(&foreign, "T8");
    assert!(second > 0);
}

/// Protects: E1: a record of the input that two committed transactions have worked on, and one that none has.
#[test]
fn e1_each_input_once() {
    let mut ledger = ledger();
    let (_, _) = committed(&mut ledger);
    assert_eq!(ledger.unworked(A), Some((0, 0)));
    for _ in 0..2 {
        fine(&ledger);
        let txn = begin(&mut ledger, PRODUCER);
        ledger.add(txn, Part::Record(("output".to_owned(), 0), Some((0, 0))));
        ledger.on_ending(txn, true);
        ledger.on_ended(txn, true, |_| true);
        assert_eq!(ledger.unworked(A), None);
    }
    broken(&ledger, "E1");
}

/// Protects: R9: a commit whose parts are not durable.
#[test]
fn r9_durable() {
    let mut ledger = ledger();
    let (txn, numbers) = written(&mut ledger);
    ledger.on_ending(txn, true);
    ledger.on_ended(txn, true, |number| number != numbers[1]);
    broken(&ledger, "R9");
}

/// Protects: R10: an acknowledged record that is gone; that of a topic that was deleted since may be.
#[test]
fn r10_lost() {
    for is_deleted in [false, true] {
        let mut ledger = ledger();
        let txn = begin(&mut ledger, PRODUCER);
        let numbers = send(&mut ledger, txn, &[0]);
        ledger.on_acked(numbers[0], Some(0));
        if is_deleted {
            ledger.on_deleted(TOPIC);
        }
        ledger.finish(&[A]);
        if is_deleted { fine(&ledger) } else { broken(&ledger, "R10") }
    }
}

/// Protects: R11: a record and an offset that were refused, and are there.
#[test]
fn r11_refused() {
    let mut stored = ledger();
    let txn = begin(&mut stored, PRODUCER);
    let numbers = send(&mut stored, txn, &[0]);
    stored.on_refused(numbers[0]);
    data(&mut stored, A, 0, (PRODUCER, 0), &numbers);
    broken(&stored, "R11");
    let mut counted = ledger();
    let number = offset(&mut counted, 5, Some(true));
    counted.on_refused(number);
    let asked = counted.ask();
    counted.on_offset(0, asked, true, Some((number, 5)));
    broken(&counted, "R11");
}

/// Protects: T1, R12: a record that was sent again may be in a deleted topic and in its namesake, elsewhere than was told; one that was sent
/// once, or whose topic stayed, may not.
#[test]
fn a_resend_may_come_to_a_namesake() {
    const NAMESAKE: LaneKey = (Uuid([2; 16]), 0);
    for (is_again, is_deleted) in [(true, true), (false, true), (true, false)] {
        let mut ledger = ledger();
        let txn = begin(&mut ledger, PRODUCER);
        let numbers = send(&mut ledger, txn, &[0]);
        data(&mut ledger, A, 0, (PRODUCER, 0), &numbers);
        if is_again {
            ledger.on_sent(numbers[0]);
        }
        if is_deleted {
            ledger.on_deleted(TOPIC);
        }
        let mut moved = ledger.clone();
        ledger.on_acked(numbers[0], Some(5));
        data(&mut moved, NAMESAKE, 0, (PRODUCER, 0), &numbers);
        if is_again && is_deleted {
            fine(&ledger);
            fine(&moved);
        } else {
            broken(&ledger, "R12");
            broken(&moved, "T1");
        }
    }
}

/// Protects: R12: a place that holds something else later, a gap, and a record elsewhere than was told.
#[test]
fn r12_stable() {
    let mut changed = ledger();
    let (_, numbers) = written(&mut changed);
    data(&mut changed, A, 0, (PRODUCER, 0), &numbers[1..]);
    broken(&changed, "R12");
    let mut gap = ledger();
    let txn = begin(&mut gap, PRODUCER);
    let numbers = send(&mut gap, txn, &[0]);
    data(&mut gap, A, 1, (PRODUCER, 0), &numbers);
    broken(&gap, "R12");
    let mut elsewhere = ledger();
    let (_, numbers) = written(&mut elsewhere);
    elsewhere.on_acked(numbers[0], Some(5));
    broken(&elsewhere, "R12");
}
