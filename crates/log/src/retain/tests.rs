//! Retention by age and size, and clocks that jump.

use super::*;
use crate::append::{AppendAs, Origin};
use crate::segments::PlaceRules;
use types::{LeaderEpoch, LogKey, Monotonic};
use wire::record::{Batch, BatchBuilder, Codec};

const DAY: i64 = 24 * 3600 * 1000;
const NONE: RetainRules =
    RetainRules { retention_ms: None, retention_bytes: None, max_segments: 100, clock: ClockState::Steady };

fn append(log: &mut Log, timestamp: i64, wall: i64) {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(WallTime(timestamp), None, Some(b"value"), &[]);
    let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
    let how = AppendAs {
        origin: Origin::Client,
        leader_epoch: LeaderEpoch(0),
        now: Now { mono: Monotonic(0), wall: WallTime(wall) },
        max_producers: 0,
        resume: None,
        verified: None,
    };
    log.append(batch, &how).unwrap();
}

/// Makes a log with one segment per timestamp but the last, which stays in the tail; all is committed.
fn log_of(timestamps: &[i64], wall: i64) -> Log {
    let rules = PlaceRules {
        segment_bytes: 1,
        segment_ms: Millis(DAY),
        index_interval_bytes: 4096,
        segment_index_bytes: 1024,
    };
    let mut log = Log::new(LogKey::default());
    let (last, first) = timestamps.split_last().unwrap();
    first.iter().for_each(|timestamp| append(&mut log, *timestamp, wall));
    log.recovered();
    let (cut, _) = log.cut(&rules, 0).unwrap();
    log.checkpointed(cut.change);
    append(&mut log, *last, wall);
    log.recovered();
    log.set_high_watermark(log.log_end());
    log
}

fn start_after(log: &mut Log, rules: &RetainRules, now: i64) -> i64 {
    let retained = log.retain(rules, WallTime(now));
    log.assert_invariants();
    assert_eq!(retained.frame.map(|frame| frame.base_offset), Some(log.log_start()).filter(|s| s.0 > 0));
    log.log_start().0
}

/// Protects: whole segments go, oldest first, once their largest timestamp is older than `retention.ms`.
#[test]
fn by_age() {
    let rules = RetainRules { retention_ms: Some(Millis(100)), ..NONE };
    let timestamps = [10, 20, 500, 30, 40];
    assert_eq!(start_after(&mut log_of(&timestamps, 1000), &rules, 110), 0);
    assert_eq!(start_after(&mut log_of(&timestamps, 1000), &rules, 111), 1);
    assert_eq!(
        start_after(&mut log_of(&timestamps, 1000), &rules, 600),
        2,
        "a younger segment keeps the rest"
    );
    assert_eq!(start_after(&mut log_of(&timestamps, 1000), &rules, 601), 5, "the open segment goes too");
}

/// Protects: the last segment and the unwritten tail go together, and nothing goes above the high watermark.
#[test]
fn bounded_by_the_high_watermark() {
    let rules = RetainRules { retention_ms: Some(Millis(100)), ..NONE };
    let mut log = log_of(&[10, 20, 30, 40], 1000);
    append(&mut log, 50, 1000);
    assert_eq!(start_after(&mut log, &rules, DAY), 2, "the open part ends above it");
}

/// Protects: size counts the whole log, and what stays is at least `retention.bytes`.
#[test]
fn by_size() {
    let size = log_of(&[10, 20, 30, 40], 1000).size_bytes() / 4;
    let rules = |bytes| RetainRules { retention_bytes: Some(bytes), ..NONE };
    assert_eq!(start_after(&mut log_of(&[10, 20, 30, 40], 1000), &rules(4 * size), 0), 0);
    assert_eq!(start_after(&mut log_of(&[10, 20, 30, 40], 1000), &rules(3 * size + 1), 0), 0);
    assert_eq!(start_after(&mut log_of(&[10, 20, 30, 40], 1000), &rules(3 * size), 0), 1);
    assert_eq!(start_after(&mut log_of(&[10, 20, 30, 40], 1000), &rules(0), 0), 4);
}

/// Protects: a timestamp in the far future does not keep a segment for ever (A40).
#[test]
fn future_timestamps() {
    let rules = RetainRules { retention_ms: Some(Millis(100)), ..NONE };
    let mut log = log_of(&[1_000_000 * DAY, 20, 30], 1000);
    assert_eq!(start_after(&mut log, &rules, 1100), 0);
    assert_eq!(start_after(&mut log, &rules, 1101), 3);
}

/// Protects: batches without a timestamp age from their append.
#[test]
fn without_timestamps() {
    let rules = RetainRules { retention_ms: Some(Millis(100)), ..NONE };
    let mut log = log_of(&[-1, -1, -1], 1000);
    assert_eq!(start_after(&mut log, &rules, 1100), 0);
    assert_eq!(start_after(&mut log, &rules, 1101), 3);
}

/// Protects: one call takes a bounded number of segments and says that there is more.
#[test]
fn paced() {
    let rules = RetainRules { retention_ms: Some(Millis(100)), max_segments: 2, ..NONE };
    let mut log = log_of(&[10; 6], 1000);
    let first = log.retain(&rules, WallTime(DAY));
    assert_eq!((log.log_start(), first.more), (Offset(2), true));
    log.retain(&rules, WallTime(DAY));
    let last = log.retain(&rules, WallTime(DAY));
    assert_eq!((log.log_start(), last.more), (Offset(6), false));
}

/// Protects: a clock that jumped deletes nothing by age, says so, and is believed again after a while.
#[test]
fn clock_jumps() {
    let at = |seconds: u64, wall: i64| Now { mono: Monotonic(seconds * 1_000_000_000), wall: WallTime(wall) };
    let mut watch = ClockWatch::new(at(0, 0), Millis(60_000), Duration::from_secs(100));
    assert_eq!(watch.observe(at(10, 40_000)), ClockState::Steady, "a small step");
    let jumped = ClockState::Jumped { by: Millis(DAY) };
    assert_eq!(watch.observe(at(11, 41_000 + DAY)), jumped);
    assert_eq!(watch.observe(at(110, 140_000 + DAY)), jumped);
    let mut log = log_of(&[10, 20], 1000);
    let rules = RetainRules { retention_ms: Some(Millis(100)), clock: jumped, ..NONE };
    assert_eq!(log.retain(&rules, WallTime(DAY)), Retained { time_suspended: true, ..Retained::default() });
    assert_eq!(watch.observe(at(111, 141_000 + DAY)), ClockState::Steady);
    assert_eq!(watch.observe(at(112, 0)), ClockState::Jumped { by: Millis(-142_000 - DAY) });
}

/// Protects: a start far from the time that the state holds is a jump too.
#[test]
fn start_after_a_jump() {
    let now = Now { mono: Monotonic(0), wall: WallTime(40 * DAY) };
    let state = |known: i64| {
        let mut watch = ClockWatch::new(now, Millis(60_000), Duration::from_secs(100));
        watch.started_after(WallTime(known), Millis(30 * DAY));
        watch.observe(now)
    };
    assert_eq!(state(39 * DAY), ClockState::Steady);
    assert_eq!(state(9 * DAY), ClockState::Jumped { by: Millis(31 * DAY) });
    assert_eq!(state(41 * DAY), ClockState::Jumped { by: Millis(-DAY) });
}
