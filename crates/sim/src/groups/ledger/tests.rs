//! The rules of the ledger, each broken once.

use super::*;

const SESSION: Duration = Duration::from_millis(600);
const KEY: Key = (0, Uuid([1; 16]), 0);

/// A ledger in which `a` has read and committed, and then fallen silent until `b` was given the partition.
struct Story {
    ledger: Ledger,
    a: usize,
    b: usize,
    first: u64,
}

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl Story {
    fn new() -> Story {
        let mut ledger = Ledger::default();
        let a = give(&mut ledger, "a", 0);
        let first = commit(&mut ledger, a, 0, 5);
        ledger.on_acked(first, true);
        let b = give(&mut ledger, "b", 700);
        Story { ledger, a, b, first }
    }

    fn broken(&self) -> Option<&'static str> {
        self.ledger.check().err().map(|violation| violation.rule)
    }
}

fn give(ledger: &mut Ledger, member: &str, ms: u64) -> usize {
    let asked = ledger.ask(at(ms));
    ledger.on_shown(member, asked, SESSION, at(ms));
    ledger.on_granted(member, KEY, asked, at(ms))
}

fn commit(ledger: &mut Ledger, grant: usize, from: i64, to: i64) -> u64 {
    let sent = ledger.ask(at(0));
    ledger.on_commit(grant, from, to, sent)
}

fn read(ledger: &mut Ledger, found: Option<Stored>) {
    let asked = ledger.ask(at(0));
    ledger.on_read(KEY, asked, found);
}

/// Protects: a story without a fault breaks no rule, and says what is missing in the end.
#[test]
fn a_sound_story_breaks_no_rule() {
    let Story { mut ledger, b, first, .. } = Story::new();
    let asked = ledger.ask(at(710));
    ledger.on_start(b, asked, Some((first, 5)));
    let second = commit(&mut ledger, b, 5, 9);
    read(&mut ledger, Some((first, 5)));
    read(&mut ledger, Some((second, 9)));
    ledger.on_acked(second, true);
    assert_eq!(ledger.check(), Ok(()));
    assert_eq!(ledger.missing(KEY, 9, Some((second, 9)), at(720)), None);
    assert!(ledger.missing(KEY, 10, Some((second, 9)), at(720)).is_some(), "a record is left");
    assert!(ledger.missing(KEY, 9, Some((second, 9)), at(2000)).is_some(), "nobody reads it");
}

/// Protects: I1: a lost, an older and an unsynced commit are noticed, and one that nobody made.
#[test]
fn commits_do_not_go_back() {
    let mut lost = Story::new();
    read(&mut lost.ledger, None);
    assert_eq!(lost.broken(), Some("I1"));

    let mut older = Story::new();
    let second = commit(&mut older.ledger, older.b, 5, 9);
    older.ledger.on_acked(second, true);
    let first = older.first;
    read(&mut older.ledger, Some((first, 5)));
    assert_eq!(older.broken(), Some("I1"));

    let mut read_back = Story::new();
    let second = commit(&mut read_back.ledger, read_back.b, 5, 9);
    read(&mut read_back.ledger, Some((second, 9)));
    let first = read_back.first;
    read(&mut read_back.ledger, Some((first, 5)));
    assert_eq!(read_back.broken(), Some("I1"), "what was read is there, acknowledged or not");

    let mut unsynced = Story::new();
    let second = commit(&mut unsynced.ledger, unsynced.b, 5, 9);
    unsynced.ledger.on_acked(second, false);
    assert_eq!(unsynced.broken(), Some("I1"));

    let mut invented = Story::new();
    read(&mut invented.ledger, Some((77, 5)));
    assert_eq!(invented.broken(), Some("I1"));
}

/// Protects: I2: a zombie's commit is noticed when it is acknowledged, when it is only seen, and when it overtakes.
#[test]
fn zombies_are_noticed() {
    let mut acked = Story::new();
    let late = commit(&mut acked.ledger, acked.a, 5, 7);
    acked.ledger.on_acked(late, true);
    assert_eq!(acked.broken(), Some("I2"));

    let mut seen = Story::new();
    let late = commit(&mut seen.ledger, seen.a, 5, 7);
    seen.ledger.on_refused(late);
    assert_eq!((seen.broken(), seen.ledger.counts().zombies), (None, 1));
    read(&mut seen.ledger, Some((late, 7)));
    assert_eq!(seen.broken(), Some("I2"));

    let mut ledger = Ledger::default();
    let a = give(&mut ledger, "a", 0);
    let sent_before = commit(&mut ledger, a, 0, 7);
    let b = give(&mut ledger, "b", 700);
    let asked = ledger.ask(at(710));
    ledger.on_start(b, asked, None);
    assert_eq!(ledger.check(), Ok(()));
    read(&mut ledger, Some((sent_before, 7)));
    assert_eq!(ledger.check().err().map(|violation| violation.rule), Some("I2"));
}

/// Protects: I3: two live members are noticed, when the second is given the partition and when the first comes back to life.
#[test]
fn two_readers_are_noticed() {
    let mut early = Ledger::default();
    give(&mut early, "a", 0);
    give(&mut early, "b", 599);
    assert_eq!(early.check().err().map(|violation| violation.rule), Some("I3"));

    let mut woken = Story::new();
    let sent = woken.ledger.ask(at(750));
    woken.ledger.on_shown("a", sent, SESSION, at(751));
    assert_eq!(woken.broken(), Some("I3"));

    let mut released = Story::new();
    released.ledger.on_released("a", KEY);
    let sent = released.ledger.ask(at(750));
    released.ledger.on_shown("a", sent, SESSION, at(751));
    assert_eq!(released.broken(), None);
}

/// Protects: I5: an offset of a topic's namesake is noticed; an offset that went with its topic is none.
#[test]
fn namesakes_inherit_nothing() {
    let mut story = Story::new();
    story.ledger.on_deleting(KEY.1);
    read(&mut story.ledger, None);
    assert_eq!(story.broken(), None);
    let asked = story.ledger.ask(at(0));
    let first = story.first;
    story.ledger.on_read((0, Uuid([2; 16]), 0), asked, Some((first, 5)));
    assert_eq!(story.broken(), Some("I5"));
}

/// Protects: I4: a record that no commit covers is named, although the offset is behind it.
#[test]
fn skipped_records_are_named() {
    let Story { mut ledger, b, .. } = Story::new();
    let skipping = commit(&mut ledger, b, 6, 9);
    ledger.on_acked(skipping, true);
    let missing = ledger.missing(KEY, 9, Some((skipping, 9)), at(720)).unwrap_or_default();
    assert!(missing.contains("offset 5"), "{missing}");
}
