//! A page-cache log without files.

use super::*;
use crate::append::{AppendAs, Appended, Origin};
use crate::segments::PlaceRules;
use types::{
    LeaderEpoch, Millis, Monotonic, Now, PartitionId, ProducerEpoch, ProducerId, Sequence, TopicId, Uuid,
};
use wire::record::{BatchBuilder, Codec};

const RULES: PlaceRules = PlaceRules {
    segment_bytes: 1 << 20,
    segment_ms: Millis(i64::MAX),
    index_interval_bytes: 4096,
    segment_index_bytes: 1 << 16,
};

fn log() -> Log {
    Log::page_cache(LogKey { topic_id: TopicId(Uuid([1; 16])), partition: PartitionId(0) })
}

fn append(log: &mut Log, sequence: i32) -> Appended {
    let mut builder =
        BatchBuilder::new(Codec::None).producer(ProducerId(7), ProducerEpoch(0), Sequence(sequence));
    builder.push(WallTime(5), None, Some(b"v"), &[]);
    let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
    let now = Now { mono: Monotonic(0), wall: WallTime(9) };
    let how = AppendAs {
        origin: Origin::Client,
        leader_epoch: LeaderEpoch(0),
        now,
        max_producers: 9,
        resume: None,
        verified: None,
    };
    log.append(batch, &how).unwrap()
}

fn written(log: &mut Log, sequence: i32) {
    append(log, sequence);
    let serial = log.hand_over(&RULES).unwrap().serial;
    log.on_written(serial);
    log.set_high_watermark(log.durable_end());
    log.assert_invariants();
}

/// Protects: W-16: nothing of a page-cache log counts before the frame that makes it is durable, however early it was
/// written; then all that is written does.
#[test]
fn nothing_counts_before_the_log_is_durable() {
    let mut log = log();
    let base = append(&mut log, 0);
    assert!(matches!(base, Appended::Buffered { base: Offset(0), next: Offset(1) }), "{base:?}");
    let frame = log.created().unwrap();
    assert_eq!((frame.kind, frame.change), (FrameKind::Created, 1));
    assert_eq!(log.created(), None, "it is made once");
    let serial = log.hand_over(&RULES).unwrap().serial;
    log.on_written(serial);
    assert_eq!((log.durable_end(), log.written_end()), (Offset(0), Offset(0)));
    log.on_durable(1);
    assert_eq!((log.durable_end(), log.written_end()), (Offset(1), Offset(1)));
    assert_eq!(log.hand_over(&RULES), None, "nothing is handed over twice");
    log.assert_invariants();
}

/// Protects: W-12, W-16: what the writer had no room for is gone from offsets, producers and segments; the resent batch gets its
/// place, and a late report of the refused hand-over moves nothing.
#[test]
fn what_found_no_room_is_taken_back() {
    let mut log = log();
    let frame = log.created().unwrap();
    log.on_durable(frame.change);
    written(&mut log, 0);
    append(&mut log, 1);
    let refused = log.hand_over(&RULES).unwrap();
    append(&mut log, 2);
    assert_eq!(log.take_back_unwritten(), Offset(1));
    log.assert_invariants();
    assert_eq!((log.log_end(), log.unwritten_bytes()), (Offset(1), 0));
    let again = append(&mut log, 1);
    assert!(matches!(again, Appended::Buffered { base: Offset(1), .. }), "{again:?}");
    let next = log.hand_over(&RULES).unwrap();
    assert_eq!((next.generation, next.writes[0].at), (refused.generation + 1, refused.writes[0].at));
    log.on_written(refused.serial);
    assert_eq!(log.durable_end(), Offset(1));
    log.on_written(next.serial);
    assert_eq!(log.durable_end(), Offset(2));
}

/// Protects: W-12, W-16: a sync after a hand-over found no room moves the recovery point up to what was written before, without
/// another write: on a full disk deletions wait for it.
#[test]
fn a_sync_after_no_room_moves_the_recovery_point() {
    let mut log = log();
    let frame = log.created().unwrap();
    log.on_durable(frame.change);
    written(&mut log, 0);
    append(&mut log, 1);
    log.hand_over(&RULES).unwrap();
    log.take_back_unwritten();
    assert!(log.begin_sync() && log.pages_synced());
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    log.checkpointed(cut.change);
    assert_eq!(log.recovery_point(), Some(Offset(1)));
    assert!(log.move_start(Offset(1)).is_some());
}

/// Protects: W-6, W-10, W-16: a cut holds what is synced and no more; the start of the log, and retention, go no further than
/// the last durable one; a cut in between repeats it with the changes since.
#[test]
fn cuts_are_those_of_the_recovery_point() {
    let mut log = log();
    let frame = log.created().unwrap();
    log.on_durable(frame.change);
    written(&mut log, 0);
    let (cut, placement) = log.cut(&RULES, 0).unwrap();
    assert_eq!((cut.log_end, cut.producers.len(), placement.writes.len()), (Offset(0), 0, 0));
    log.checkpointed(cut.change);
    assert!(log.begin_sync());
    written(&mut log, 1);
    assert_eq!(log.move_start(Offset(1)), None, "nothing is known to be synced");
    assert!(log.pages_synced() && !log.pages_synced());
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    assert_eq!((cut.log_end, cut.producers.len(), cut.segments[0].next), (Offset(1), 1, Offset(1)));
    log.abandon_cut();
    assert_eq!(log.recovery_point(), Some(Offset(0)), "no state holds it");
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    assert_eq!(cut.log_end, Offset(1), "an abandoned cut comes again");
    log.checkpointed(cut.change);
    assert_eq!(log.recovery_point(), Some(Offset(1)));
    let frame = log.move_start(Offset(2)).unwrap();
    log.on_durable(frame.change);
    assert_eq!(log.log_start(), Offset(1));
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    assert_eq!((cut.log_start, cut.log_end, cut.change), (Offset(1), Offset(1), 2));
    log.checkpointed(cut.change);
    assert_eq!(log.take_deletable(), [] as [Offset; 0], "the segment goes on");
    let mut bytes = Vec::new();
    cut.encode(&mut bytes);
    assert_eq!(LogCut::decode(Bytes::from(bytes)).unwrap(), cut);
    assert!(Log::from_cut(cut).is_page_cache());
}

/// Protects: a start at the recovery point, in a segment that has grown and was rolled since: the cut keeps that segment, or
/// the next start would not find what lies behind it.
#[test]
fn a_start_at_the_recovery_point_keeps_its_segment() {
    let mut log = log();
    let frame = log.created().unwrap();
    log.on_durable(frame.change);
    written(&mut log, 0);
    assert!(log.begin_sync() && log.pages_synced());
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    log.checkpointed(cut.change);
    written(&mut log, 1);
    append(&mut log, 2);
    let serial = log.hand_over(&PlaceRules { segment_bytes: 1, ..RULES }).unwrap().serial;
    log.on_written(serial);
    log.set_high_watermark(log.durable_end());
    assert_eq!(log.segments().len(), 2);
    let frame = log.move_start(Offset(1)).unwrap();
    log.on_durable(frame.change);
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    assert_eq!((cut.log_start, cut.log_end, cut.segments.len()), (Offset(1), Offset(1), 1));
}

/// Protects: W-10, W-16: a start at the end of what is written does not give up the segment into which more is on its way.
#[test]
fn a_segment_that_is_being_written_is_not_given_up() {
    let mut log = log();
    let frame = log.created().unwrap();
    log.on_durable(frame.change);
    written(&mut log, 0);
    assert!(log.begin_sync() && log.pages_synced());
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    log.checkpointed(cut.change);
    append(&mut log, 1);
    let on_its_way = log.hand_over(&RULES).unwrap();
    let frame = log.move_start(Offset(1)).unwrap();
    log.on_durable(frame.change);
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    assert_eq!(cut.segments.len(), 1);
    log.checkpointed(cut.change);
    assert_eq!(log.take_deletable(), [] as [Offset; 0]);
    log.on_written(on_its_way.serial);
    assert_eq!((log.segments().len(), log.durable_end()), (1, Offset(2)));
    log.assert_invariants();
}

/// Protects: W-6, W-16: a sync that did not cover a log moves no recovery point of it, though its batches were written before the
/// sync had ended; the next one does.
#[test]
fn a_sync_that_left_a_log_out_moves_no_recovery_point() {
    let mut log = log();
    append(&mut log, 0);
    let frame = log.created().unwrap();
    log.on_durable(frame.change);
    let serial = log.hand_over(&RULES).unwrap().serial;
    assert!(log.begin_sync());
    log.on_written(serial);
    log.drop_sync();
    assert!(!log.pages_synced());
    let (cut, _) = log.cut_pages().unwrap();
    assert_eq!(cut.log_end, Offset(0));
    log.checkpointed(cut.change);
    assert!(log.begin_sync(), "it is still to be synced");
    assert!(log.pages_synced());
    assert_eq!(log.cut_pages().unwrap().0.log_end, Offset(1));
}

/// Makes a log of three batches, written and synced, none committed, whose state says so.
fn synced_log() -> Log {
    let mut log = log();
    let frame = log.created().unwrap();
    log.on_durable(frame.change);
    for sequence in 0..3 {
        append(&mut log, sequence);
        let serial = log.hand_over(&RULES).unwrap().serial;
        log.on_written(serial);
    }
    assert!(log.begin_sync() && log.pages_synced());
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    log.checkpointed(cut.change);
    assert_eq!(log.recovery_point(), Some(Offset(3)));
    log
}

/// Protects: W-10, W-16: below what a state calls synced, a truncation comes in this order: writer done, state, files, batches.
#[test]
fn a_truncation_lowers_the_state_first() {
    let mut log = synced_log();
    append(&mut log, 3);
    let late = log.hand_over(&RULES).unwrap().serial;
    assert_eq!(log.truncate(Offset(1)), Ok(None));
    log.assert_invariants();
    assert_eq!((log.log_end(), log.durable_end(), log.written_end()), (Offset(1), Offset(1), Offset(1)));
    append(&mut log, 1);
    assert!(log.waits_for_lower_state() && !log.begin_sync());
    assert_eq!((log.take_file_cuts(), log.hand_over(&RULES)), (Vec::new(), None), "the state comes first");
    let (cut, _) = log.cut(&RULES, 0).unwrap();
    assert_eq!((cut.log_end, cut.epochs.len(), cut.producers.len()), (Offset(1), 1, 1));
    assert_eq!(LogCut::decode(encoded(&cut)), Ok(cut.clone()));
    assert_eq!(log.take_file_cuts(), []);
    log.checkpointed(cut.change);
    assert_eq!(log.take_file_cuts(), [], "the writer is not done");
    log.on_written(late);
    log.assert_invariants();
    assert_eq!(log.written_end(), Offset(1), "what came late is cut off too");
    let cuts = log.take_file_cuts();
    assert_eq!(cuts.iter().map(|cut| cut.to).collect::<Vec<_>>(), [Offset(1)]);
    assert_eq!(log.hand_over(&RULES), None, "the files are not cut");
    let whole = SegmentMeta { next: Offset(1), bytes: 70, ..SegmentMeta::empty(Offset(0)) };
    log.file_cut(&cuts[0], Some(whole));
    let write = log.hand_over(&RULES).unwrap();
    assert_eq!((write.writes[0].base, write.writes[0].at, write.writes.len()), (Offset(0), 70, 1));
    log.on_written(write.serial);
    log.assert_invariants();
    assert_eq!(log.written_end(), Offset(2));
}

fn encoded(cut: &LogCut) -> Bytes {
    let mut bytes = Vec::new();
    cut.encode(&mut bytes);
    bytes.into()
}

/// Protects: W-16: a checkpoint that was under way, and one that was given up, may have left a state that says too much: the next
/// one is at the new end, whatever comes of this one.
#[test]
fn a_truncation_beside_a_checkpoint_lowers_the_next_state() {
    for is_given_up in [false, true] {
        let mut log = synced_log();
        append(&mut log, 3);
        let serial = log.hand_over(&RULES).unwrap().serial;
        log.on_written(serial);
        assert!(log.begin_sync() && log.pages_synced());
        let (under_way, _) = log.cut(&RULES, 0).unwrap();
        assert_eq!(log.truncate(Offset(2)), Ok(None));
        match is_given_up {
            true => log.abandon_cut(),
            false => log.checkpointed(under_way.change),
        }
        assert!(log.waits_for_lower_state() && log.take_file_cuts().is_empty());
        let (next, _) = log.cut(&RULES, 0).unwrap();
        log.checkpointed(next.change);
        assert_eq!((next.log_end, log.take_file_cuts().len()), (Offset(2), 1));
    }
}

/// Protects: W-16: what the state does not know needs none: a truncation above it cuts files as soon as the writer is done; a batch
/// that found no room meanwhile has left nothing to cut.
#[test]
fn a_truncation_above_the_recovery_point_needs_no_state() {
    for has_room in [true, false] {
        let mut log = synced_log();
        append(&mut log, 3);
        append(&mut log, 4);
        let serial = log.hand_over(&RULES).unwrap().serial;
        assert_eq!(log.truncate(Offset(4)), Ok(None));
        assert!(!log.waits_for_lower_state() && log.take_file_cuts().is_empty());
        match has_room {
            true => log.on_written(serial),
            false => drop(log.take_back_unwritten()),
        }
        log.assert_invariants();
        assert_eq!(log.take_file_cuts().len(), usize::from(has_room));
        assert_eq!(log.has_file_cuts(), has_room);
        assert_eq!(log.log_end(), Offset(3 + i64::from(has_room)));
    }
}
