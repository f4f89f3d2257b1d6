//! Scripts of frames, holes and what counts.

use super::*;
use bytes::Bytes;
use types::{PartitionId, TopicId, Uuid};
use wire::record::{Batch, BatchBuilder, Codec};

fn key(topic: u8) -> LogKey {
    LogKey { topic_id: TopicId(Uuid([topic; 16])), partition: PartitionId(0) }
}

/// A batch of one record as the log's change of this number.
fn append(topic: u8, change: u64, offset: i64) -> Frame {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(types::WallTime(1), None, Some(b"v"), &[]);
    let mut batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
    batch.place(Offset(offset), LeaderEpoch(0));
    frame(topic, change, FrameKind::Append, offset, batch.to_bytes())
}

fn frame(topic: u8, change: u64, kind: FrameKind, offset: i64, payload: Bytes) -> Frame {
    let (key, base_offset, leader_epoch) = (key(topic), Offset(offset), LeaderEpoch(0));
    Frame { key, change, kind, base_offset, leader_epoch, parts: [payload, Bytes::new()] }
}

fn quorum(change: u64) -> Frame {
    Frame { key: QUORUM_KEY, ..frame(0, change, FrameKind::QuorumAppend, 0, Bytes::new()) }
}

fn judge(before: &[Frame], guess: Option<&[Frame]>, behind: &[Frame]) -> (usize, Judged) {
    let mut judge = FrameJudge::default();
    let mut count = before.iter().filter(|frame| judge.take((*frame).clone()).is_some()).count();
    judge.hole(guess);
    count += behind.iter().filter(|frame| judge.take((*frame).clone()).is_some()).count();
    (count, judge.finish())
}

fn given_up(judged: &Judged) -> Vec<(LogKey, i64, i64, bool)> {
    judged.given_up.iter().map(|lost| (lost.key, lost.base.0, lost.next.0, lost.is_sure)).collect()
}

/// Protects: W-3: behind a hole a log whose change numbers go on is whole; one that has a gap gets nothing more, and all of it is named.
#[test]
fn only_logs_without_a_gap_go_on() {
    let before = [append(1, 1, 0), append(2, 1, 0)];
    let behind = [append(1, 3, 2), append(2, 2, 1), append(1, 4, 3), append(2, 3, 2)];
    let (count, judged) = judge(&before, None, &behind);
    assert_eq!(count, 4);
    assert_eq!(given_up(&judged), [(key(1), 1, 4, true)]);
}

/// Protects: W-8: a change that is missing and moves no offset (a truncation and what came back, a log start) is a gap like any other.
#[test]
fn a_gap_without_a_gap_in_the_offsets_counts() {
    let (count, judged) = judge(&[append(1, 1, 0)], None, &[append(1, 3, 1)]);
    assert_eq!(count, 1);
    assert_eq!(given_up(&judged), [(key(1), 1, 2, true)]);
}

/// Protects: what a hole seems to hold is named for logs that have nothing behind it, as not sure; a log that goes on refutes it.
#[test]
fn what_a_hole_held_is_named() {
    let before = [append(1, 1, 0), append(2, 1, 0)];
    let guess = [append(1, 2, 1), append(2, 2, 1), append(3, 1, 0)];
    let (_, judged) = judge(&before, Some(&guess), &[append(2, 2, 1)]);
    assert_eq!(given_up(&judged), [(key(1), 1, 2, false), (key(3), 0, 1, false)]);
    assert!(!judged.quorum_in_doubt && judged.readable == [true] && judged.doubtful.is_empty());
}

/// Protects: where a hole cannot be read, or what it seems to hold fits no log, every log that does not go on behind it is named.
#[test]
fn unreadable_holes_leave_doubts() {
    let before = [append(1, 1, 0), append(2, 1, 0), append(2, 2, 1)];
    let behind = [append(1, 2, 1)];
    let misfit = [append(2, 9, 4)];
    for guess in [None, Some(&misfit[..])] {
        let (count, judged) = judge(&before, guess, &behind);
        assert_eq!((count, &judged.readable[..]), (4, &[false][..]));
        assert_eq!(judged.doubtful, [(key(2), Offset(2))]);
        assert!(judged.given_up.is_empty());
    }
}

/// Protects: a deleted log ends whatever is missing of it, and nothing of it is named.
#[test]
fn a_removal_counts_behind_a_gap() {
    let removed = frame(1, 9, FrameKind::Removed, 0, Bytes::new());
    let mut judge = FrameJudge::default();
    judge.take(append(1, 1, 0));
    judge.hole(Some(&[append(1, 2, 1)]));
    assert!(judge.take(append(1, 8, 7)).is_none());
    assert_eq!(judge.take(removed).map(|frame| frame.change), Some(2));
    let judged = judge.finish();
    assert!(judged.given_up.is_empty() && judged.starts.is_empty());
}

/// Protects: W-13: the metadata's log is in doubt after a hole until one of its frames goes on, and a gap in it is seen.
#[test]
fn holes_in_the_metadatas_log_are_seen() {
    let doubt = |guess: Option<&[Frame]>, behind: &[Frame]| {
        let judged = judge(&[quorum(4)], guess, behind).1;
        (judged.quorum_in_doubt, judged.quorum_gap)
    };
    assert_eq!(doubt(None, &[]), (true, None));
    assert_eq!(doubt(Some(&[quorum(5)]), &[]), (true, None));
    assert_eq!(doubt(Some(&[append(1, 1, 0)]), &[]), (false, None));
    assert_eq!(doubt(None, &[quorum(5)]), (false, None));
    assert_eq!(doubt(None, &[quorum(6)]), (false, Some((4, 6))));
}
