//! The bytes of a cut.

use super::*;
use crate::producers::{Prior, SequencedBatch};
use crate::txn_index::TxnIndexMeta;
use bytes::Bytes;
use types::{LeaderEpoch, PartitionId, ProducerEpoch, Sequence, TopicId, Uuid, WallTime};
use wire::record::{Batch, BatchBuilder, Codec};

fn sequenced(base_sequence: i32) -> SequencedBatch {
    SequencedBatch {
        base_sequence: Sequence(base_sequence),
        last_delta: 1,
        base_offset: Offset(0x30),
        timestamp: WallTime(0x31),
    }
}

fn entry() -> ProducerEntry {
    let mut entry = ProducerEntry::new(ProducerEpoch(0x20), WallTime(0x21));
    entry.coordinator_epoch = 0x22;
    entry.open_txn = Some(Offset(0x23));
    entry.window.push(sequenced(0x24));
    entry
}

/// Makes a cut in which every field has something to say.
fn full() -> LogCut {
    let mut builder = BatchBuilder::new(Codec::None).placed(Offset(90), LeaderEpoch(5));
    builder.push(WallTime(0x40), None, Some(b"v"), &[]);
    let batch = Batch::from_wire(&builder.build().unwrap()).unwrap();
    let mut segment = SegmentMeta::empty(Offset(10));
    segment.next = Offset(90);
    segment.bytes = 0x11;
    segment.max_timestamp = WallTime(0x12);
    segment.max_timestamp_offset = Offset(0x13);
    segment.first_timestamp = WallTime(0x14);
    segment.last_appended = WallTime(0x15);
    segment.unindexed_bytes = 0x16;
    segment.last_time_entry = WallTime(0x17);
    segment.index_entries = 0x18;
    segment.time_entries = 0x19;
    segment.uncut = true;
    let pushed = Prior::Pushed { evicted: Some(sequenced(0x50)), appended: WallTime(0x51), open_txn: None };
    let undo =
        |base_offset, prior| Undo { base_offset: Offset(base_offset), producer_id: ProducerId(7), prior };
    LogCut {
        key: LogKey { topic_id: TopicId(Uuid([0xaa; 16])), partition: PartitionId(3) },
        folder: Some("t-3".to_owned()),
        change: 0x0102,
        log_start: Offset(12),
        log_end: Offset(91),
        high_watermark: Offset(80),
        producers_lost: true,
        page_cache: false,
        cleaned: Offset(0),
        segments: vec![segment],
        epochs: vec![EpochEntry { epoch: LeaderEpoch(5), start: Offset(12) }],
        producers: vec![(ProducerId(7), entry())],
        undo: vec![undo(81, Prior::Absent), undo(82, pushed), undo(83, Prior::Replaced(Box::new(entry())))],
        filed_end: Offset(0),
        aborted: vec![AbortedTxn {
            last_offset: Offset(0x60),
            first_offset: Offset(0x61),
            producer_id: ProducerId(0x62),
            last_stable_offset: Offset(0x63),
        }],
        tail: vec![TailBatch { batch, appended: WallTime(0x70) }],
    }
}

fn bytes_of(cut: &LogCut) -> Vec<u8> {
    let mut bytes = Vec::new();
    cut.encode(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    let lines =
        bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

/// Protects: version 1 of the layout, byte for byte.
#[test]
fn golden() {
    assert_eq!(hex(&bytes_of(&full())), include_str!("golden_v1.txt").trim_end());
}

/// Makes the cut of a page-cache log.
fn page_cache() -> LogCut {
    LogCut { page_cache: true, log_end: Offset(90), tail: Vec::new(), ..full() }
}

/// Protects: version 2 of the layout, byte for byte: that of a page-cache log, and of no other.
#[test]
fn golden_page_cache() {
    let bytes = bytes_of(&page_cache());
    assert_eq!(hex(&bytes), include_str!("golden_v2.txt").trim_end());
    assert_eq!(LogCut::decode(bytes.clone().into()), Ok(page_cache()));
    let mut other = bytes;
    other[0] = 1;
    let mode = Err(CutError::Contradiction("the version is not that of its kind of log"));
    assert_eq!(LogCut::decode(other.into()), mode);
    let mut other = bytes_of(&full());
    other[0] = 2;
    assert_eq!(LogCut::decode(other.into()), mode);
}

/// Makes the cut of a log that was compacted, whose files may still be under the names for the swap.
fn compacted() -> LogCut {
    let mut cut = LogCut { cleaned: Offset(33), ..full() };
    cut.segments.iter_mut().for_each(|segment| segment.swap = true);
    cut
}

/// Protects: version 3 of the layout, byte for byte: that of a compacted log, and of no other.
#[test]
fn golden_compacted() {
    let bytes = bytes_of(&compacted());
    assert_eq!(hex(&bytes), include_str!("golden_v3.txt").trim_end());
    assert_eq!(LogCut::decode(bytes.into()), Ok(compacted()));
    let mut flagged = compacted();
    flagged.cleaned = Offset(0);
    assert_eq!(bytes_of(&flagged)[0], 3, "a flag alone is enough");
    let mut done = compacted();
    done.segments.iter_mut().for_each(|segment| segment.swap = false);
    assert_eq!((bytes_of(&done)[0], LogCut::decode(bytes_of(&done).into())), (3, Ok(done)));
    let mut other = bytes_of(&full());
    other[0] = 3;
    assert!(LogCut::decode(other.into()).is_err(), "not a log of this kind");
    let beyond = LogCut { cleaned: Offset(92), ..compacted() };
    assert!(LogCut::decode(bytes_of(&beyond).into()).is_err());
}

/// Makes the cut of a log with transaction indexes.
fn indexed() -> LogCut {
    let mut cut = LogCut { filed_end: Offset(70), ..full() };
    let index = TxnIndexMeta { entries: 0x80, crc: 0x81, first: Offset(0x82) };
    cut.segments.iter_mut().for_each(|segment| segment.txn_index = Some(index));
    cut
}

/// Protects: versions 4 to 6 of the layout, byte for byte: those of logs with transaction indexes, and of no others.
#[test]
fn golden_indexed() {
    let compacted = LogCut { cleaned: Offset(33), ..indexed() };
    let page_cache = LogCut { page_cache: true, log_end: Offset(90), tail: Vec::new(), ..indexed() };
    let all = [indexed(), page_cache, compacted];
    let text = all.each_ref().map(|cut| hex(&bytes_of(cut))).join("\n\n");
    assert_eq!(text, include_str!("golden_v4_to_6.txt").trim_end());
    for (version, cut) in (4..).zip(all) {
        let bytes = bytes_of(&cut);
        assert_eq!((bytes[0], LogCut::decode(bytes.clone().into())), (version, Ok(cut)));
        let mut other = bytes;
        other[0] = version - 3;
        assert!(LogCut::decode(other.into()).is_err(), "not a log of this kind");
    }
    let mut plain = indexed();
    plain.segments.iter_mut().for_each(|segment| segment.txn_index = None);
    assert_eq!(bytes_of(&plain)[0], 4, "what is filed is enough");
    for filed_end in [Offset(81), Offset(-1)] {
        assert!(LogCut::decode(bytes_of(&LogCut { filed_end, ..indexed() }).into()).is_err());
    }
    let unordered = LogCut { aborted: indexed().aborted.repeat(2), ..indexed() };
    assert!(LogCut::decode(bytes_of(&unordered).into()).is_err());
}

/// Protects: what is written is read back.
#[test]
fn round_trip() {
    assert_eq!(LogCut::decode(bytes_of(&full()).into()), Ok(full()));
    let unnamed = LogCut { folder: None, ..full() };
    assert_eq!(LogCut::decode(bytes_of(&unnamed).into()), Ok(unnamed));
}

/// Protects: bytes that are cut off, changed or too many are refused, and none panics or allocates by a count.
#[test]
fn hostile_bytes() {
    let good = bytes_of(&full());
    for length in 0..good.len() {
        assert!(LogCut::decode(Bytes::copy_from_slice(&good[..length])).is_err(), "{length}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] = 0xff;
        let _ = LogCut::decode(bad.into()).map(crate::log::Log::from_cut);
    }
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(LogCut::decode(longer.into()), Err(CutError::LeftOver(1)));
    let mut newer = good;
    newer[0] = 7;
    assert_eq!(LogCut::decode(newer.into()), Err(CutError::Version(7)));
}

/// Protects: parts that do not fit together are refused before a log is made of them.
#[test]
fn contradictions() {
    let refused = |cut: LogCut| LogCut::decode(bytes_of(&cut).into()).is_err();
    assert!(refused(LogCut { high_watermark: Offset(92), ..full() }));
    assert!(refused(LogCut { log_end: Offset(95), ..full() }), "the tail ends elsewhere");
    assert!(refused(LogCut { tail: Vec::new(), ..full() }), "segments end before the log");
    assert!(refused(LogCut { page_cache: true, ..full() }), "a page-cache log has no tail");
    let twice = full().epochs.repeat(2);
    assert!(refused(LogCut { epochs: twice, ..full() }));
}

/// Protects: producers that cannot be those of the log are seen, and are no reason to refuse the rest.
#[test]
fn producers_that_do_not_fit() {
    let fits = |cut: LogCut| LogCut::decode(bytes_of(&cut).into()).unwrap().producers_fit();
    assert!(fits(full()));
    assert!(!fits(LogCut { producers: [full().producers, full().producers].concat(), ..full() }));
    let (mut beyond, mut twice) = (full().producers, full().producers);
    beyond[0].1.window.push(SequencedBatch { base_offset: Offset(90), ..sequenced(0x26) });
    assert!(!fits(LogCut { producers: beyond, ..full() }), "a batch beyond the end");
    twice[0].1.window.push(sequenced(0x26));
    assert!(!fits(LogCut { producers: twice, ..full() }), "two batches at one offset");
    let undo = full().undo.into_iter().rev().collect();
    assert!(!fits(LogCut { undo, ..full() }));
}
