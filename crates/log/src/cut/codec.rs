//! Bytes of a cut, both ways. The layout is at the head of the parent module.

use super::{CutError, LogCut};
use crate::epochs::EpochEntry;
use crate::producers::{AbortedTxn, Prior, ProducerEntry, SequencedBatch, Undo};
use crate::segments::SegmentMeta;
use crate::tail::TailBatch;
use crate::txn_index::TxnIndexMeta;
use bytes::{Buf, Bytes};
use types::{
    LeaderEpoch, LogKey, Offset, PartitionId, ProducerEpoch, ProducerId, Sequence, TopicId, Uuid, WallTime,
};
use wire::record::Batch;

const VERSION: u8 = 1;
const VERSION_PAGE_CACHE: u8 = 2;
const VERSION_COMPACTED: u8 = 3;
/// What is added to each of them for a log with transaction indexes.
const TXN_INDEXES: u8 = 3;
const PRODUCERS_LOST: u8 = 1;
const PAGE_CACHE: u8 = 2;
const NO_FOLDER: u16 = u16::MAX;
const SEALED: u8 = 1;
const UNCUT: u8 = 2;
const SWAP: u8 = 4;
const TXN_INDEX: u8 = 8;

impl LogCut {
    /// Appends the cut to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let version = self.version();
        out.push(version);
        out.extend_from_slice(&self.key.topic_id.0.0);
        out.extend_from_slice(&self.key.partition.0.to_be_bytes());
        put_folder(out, self.folder.as_deref());
        out.extend_from_slice(&self.change.to_be_bytes());
        put_offsets(out, &[self.log_start, self.log_end, self.high_watermark]);
        let lost = if self.producers_lost { PRODUCERS_LOST } else { 0 };
        out.push(lost | if self.page_cache { PAGE_CACHE } else { 0 });
        if version % TXN_INDEXES == VERSION_COMPACTED % TXN_INDEXES {
            put_offsets(out, &[self.cleaned]);
        }
        if version > TXN_INDEXES {
            put_offsets(out, &[self.filed_end]);
        }
        put_all(out, &self.segments, put_segment);
        put_all(out, &self.epochs, |out, entry| {
            out.extend_from_slice(&entry.epoch.0.to_be_bytes());
            put_offsets(out, &[entry.start]);
        });
        put_producer_list(out, &self.producers);
        put_all(out, &self.undo, put_undo);
        put_all(out, &self.aborted, |out, txn| {
            put_offsets(out, &[txn.last_offset, txn.first_offset]);
            out.extend_from_slice(&txn.producer_id.0.to_be_bytes());
            put_offsets(out, &[txn.last_stable_offset]);
        });
        put_all(out, &self.tail, |out, batch| {
            out.extend_from_slice(&batch.appended.0.to_be_bytes());
            put_count(out, batch.batch.size());
            batch.batch.write_to(out);
        });
    }

    /// Returns the version in which it is written.
    fn version(&self) -> u8 {
        let plain = match (self.page_cache, self.is_compacted()) {
            (true, _) => VERSION_PAGE_CACHE,
            (false, true) => VERSION_COMPACTED,
            (false, false) => VERSION,
        };
        if self.has_txn_indexes() { plain + TXN_INDEXES } else { plain }
    }

    /// Reads a cut; the batches of its tail share the bytes.
    ///
    /// # Errors
    /// See [`CutError`].
    pub fn decode(mut bytes: Bytes) -> Result<LogCut, CutError> {
        let from = &mut bytes;
        let version = u8_of(from)?;
        if !(VERSION..=VERSION_COMPACTED + TXN_INDEXES).contains(&version) {
            return Err(CutError::Version(version));
        }
        let cut = decode_body(from, version)?;
        if cut.version() != version {
            return Err(CutError::Contradiction("the version is not that of its kind of log"));
        }
        if from.has_remaining() {
            return Err(CutError::LeftOver(from.remaining()));
        }
        cut.check()?;
        Ok(cut)
    }
}

fn decode_body(from: &mut Bytes, version: u8) -> Result<LogCut, CutError> {
    let mut topic_id = [0; 16];
    from.try_copy_to_slice(&mut topic_id).map_err(|_| CutError::Truncated)?;
    let partition = PartitionId(i32_of(from)?);
    let (folder, change) = (folder_of(from)?, u64_of(from)?);
    let (log_start, log_end, high_watermark) = (offset_of(from)?, offset_of(from)?, offset_of(from)?);
    let flags = u8_of(from)?;
    let is_compacted = version % TXN_INDEXES == VERSION_COMPACTED % TXN_INDEXES;
    let cleaned = if is_compacted { offset_of(from)? } else { Offset::ZERO };
    let filed_end = if version > TXN_INDEXES { offset_of(from)? } else { Offset::ZERO };
    Ok(LogCut {
        key: LogKey { topic_id: TopicId(Uuid(topic_id)), partition },
        folder,
        change,
        log_start,
        log_end,
        high_watermark,
        producers_lost: flags & PRODUCERS_LOST != 0,
        page_cache: flags & PAGE_CACHE != 0,
        cleaned,
        filed_end,
        segments: all_of(from, segment_of)?,
        epochs: all_of(from, |from| {
            Ok(EpochEntry { epoch: LeaderEpoch(i32_of(from)?), start: offset_of(from)? })
        })?,
        producers: producer_list_of(from)?,
        undo: all_of(from, undo_of)?,
        aborted: all_of(from, aborted_of)?,
        tail: all_of(from, tail_batch_of)?,
    })
}

/// Appends producers and their entries.
pub(crate) fn put_producer_list(out: &mut Vec<u8>, producers: &[(ProducerId, ProducerEntry)]) {
    put_all(out, producers, |out, (id, entry)| {
        out.extend_from_slice(&id.0.to_be_bytes());
        put_producer(out, entry);
    });
}

/// Reads producers and their entries.
pub(crate) fn producer_list_of(from: &mut Bytes) -> Result<Vec<(ProducerId, ProducerEntry)>, CutError> {
    all_of(from, |from| Ok((ProducerId(i64_of(from)?), producer_of(from)?)))
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count);
    debug_assert!(count.is_ok(), "a cut has less than 2^32 of anything");
    out.extend_from_slice(&count.unwrap_or(u32::MAX).to_be_bytes());
}

fn put_all<T>(out: &mut Vec<u8>, items: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    put_count(out, items.len());
    for item in items {
        put(out, item);
    }
}

fn put_offsets(out: &mut Vec<u8>, offsets: &[Offset]) {
    for offset in offsets {
        out.extend_from_slice(&offset.0.to_be_bytes());
    }
}

fn put_folder(out: &mut Vec<u8>, folder: Option<&str>) {
    let length = folder.map_or(Ok(NO_FOLDER), |name| u16::try_from(name.len()));
    debug_assert!(length.is_ok(), "a folder's name is short");
    out.extend_from_slice(&length.unwrap_or(NO_FOLDER).to_be_bytes());
    out.extend_from_slice(folder.unwrap_or_default().as_bytes());
}

fn put_segment(out: &mut Vec<u8>, segment: &SegmentMeta) {
    put_offsets(out, &[segment.base, segment.next]);
    out.extend_from_slice(&segment.bytes.to_be_bytes());
    out.extend_from_slice(&segment.max_timestamp.0.to_be_bytes());
    put_offsets(out, &[segment.max_timestamp_offset]);
    out.extend_from_slice(&segment.first_timestamp.0.to_be_bytes());
    out.extend_from_slice(&segment.last_appended.0.to_be_bytes());
    out.extend_from_slice(&segment.unindexed_bytes.to_be_bytes());
    out.extend_from_slice(&segment.last_time_entry.0.to_be_bytes());
    out.extend_from_slice(&segment.index_entries.to_be_bytes());
    out.extend_from_slice(&segment.time_entries.to_be_bytes());
    let flag = |is_set: bool, bit| if is_set { bit } else { 0 };
    let indexed = flag(segment.txn_index.is_some(), TXN_INDEX);
    out.push(flag(segment.sealed, SEALED) | flag(segment.uncut, UNCUT) | flag(segment.swap, SWAP) | indexed);
    if let Some(index) = segment.txn_index {
        out.extend_from_slice(&index.entries.to_be_bytes());
        out.extend_from_slice(&index.crc.to_be_bytes());
        put_offsets(out, &[index.first]);
    }
}

fn put_producer(out: &mut Vec<u8>, entry: &ProducerEntry) {
    out.extend_from_slice(&entry.epoch.0.to_be_bytes());
    out.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
    out.extend_from_slice(&entry.appended.0.to_be_bytes());
    put_offsets(out, &[entry.open_txn.unwrap_or(Offset::NONE)]);
    out.push(u8::try_from(entry.window.as_slice().len()).unwrap_or(0));
    entry.window.as_slice().iter().for_each(|batch| put_sequenced(out, batch));
}

fn put_sequenced(out: &mut Vec<u8>, batch: &SequencedBatch) {
    out.extend_from_slice(&batch.base_sequence.0.to_be_bytes());
    out.extend_from_slice(&batch.last_delta.to_be_bytes());
    put_offsets(out, &[batch.base_offset]);
    out.extend_from_slice(&batch.timestamp.0.to_be_bytes());
}

fn put_undo(out: &mut Vec<u8>, step: &Undo) {
    put_offsets(out, &[step.base_offset]);
    out.extend_from_slice(&step.producer_id.0.to_be_bytes());
    match &step.prior {
        Prior::Absent => out.push(0),
        Prior::Pushed { evicted, appended, open_txn } => {
            out.extend_from_slice(&[1, u8::from(evicted.is_some())]);
            evicted.iter().for_each(|batch| put_sequenced(out, batch));
            out.extend_from_slice(&appended.0.to_be_bytes());
            put_offsets(out, &[open_txn.unwrap_or(Offset::NONE)]);
        }
        Prior::Replaced(entry) => {
            out.push(2);
            put_producer(out, entry);
        }
    }
}

fn u8_of(from: &mut Bytes) -> Result<u8, CutError> {
    from.try_get_u8().map_err(|_| CutError::Truncated)
}

fn u32_of(from: &mut Bytes) -> Result<u32, CutError> {
    from.try_get_u32().map_err(|_| CutError::Truncated)
}

fn i32_of(from: &mut Bytes) -> Result<i32, CutError> {
    from.try_get_i32().map_err(|_| CutError::Truncated)
}

fn u64_of(from: &mut Bytes) -> Result<u64, CutError> {
    from.try_get_u64().map_err(|_| CutError::Truncated)
}

fn i64_of(from: &mut Bytes) -> Result<i64, CutError> {
    from.try_get_i64().map_err(|_| CutError::Truncated)
}

fn offset_of(from: &mut Bytes) -> Result<Offset, CutError> {
    i64_of(from).map(Offset)
}

fn time_of(from: &mut Bytes) -> Result<WallTime, CutError> {
    i64_of(from).map(WallTime)
}

fn open_of(from: &mut Bytes) -> Result<Option<Offset>, CutError> {
    Ok(Some(offset_of(from)?).filter(|first| *first != Offset::NONE))
}

fn piece_of(from: &mut Bytes, length: u32) -> Result<Bytes, CutError> {
    let length = usize::try_from(length).map_err(|_| CutError::Truncated)?;
    if length > from.remaining() {
        return Err(CutError::Truncated);
    }
    Ok(from.split_to(length))
}

/// Reads a counted list. It grows as items are read, so a wrong count allocates nothing.
fn all_of<T>(from: &mut Bytes, item: impl Fn(&mut Bytes) -> Result<T, CutError>) -> Result<Vec<T>, CutError> {
    let count = u32_of(from)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(item(from)?);
    }
    Ok(items)
}

fn folder_of(from: &mut Bytes) -> Result<Option<String>, CutError> {
    let length = from.try_get_u16().map_err(|_| CutError::Truncated)?;
    if length == NO_FOLDER {
        return Ok(None);
    }
    let name = piece_of(from, u32::from(length))?;
    match String::from_utf8(name.to_vec()) {
        Ok(name) => Ok(Some(name)),
        Err(_) => Err(CutError::Contradiction("the folder's name is no UTF-8")),
    }
}

fn segment_of(from: &mut Bytes) -> Result<SegmentMeta, CutError> {
    let mut segment = SegmentMeta::empty(offset_of(from)?);
    segment.next = offset_of(from)?;
    segment.bytes = u64_of(from)?;
    segment.max_timestamp = time_of(from)?;
    segment.max_timestamp_offset = offset_of(from)?;
    segment.first_timestamp = time_of(from)?;
    segment.last_appended = time_of(from)?;
    segment.unindexed_bytes = u64_of(from)?;
    segment.last_time_entry = time_of(from)?;
    segment.index_entries = u32_of(from)?;
    segment.time_entries = u32_of(from)?;
    let flags = u8_of(from)?;
    segment.sealed = flags & SEALED != 0;
    segment.uncut = flags & UNCUT != 0;
    segment.swap = flags & SWAP != 0;
    if flags & TXN_INDEX != 0 {
        let (entries, crc, first) = (u32_of(from)?, u32_of(from)?, offset_of(from)?);
        segment.txn_index = Some(TxnIndexMeta { entries, crc, first });
    }
    Ok(segment)
}

fn producer_of(from: &mut Bytes) -> Result<ProducerEntry, CutError> {
    let epoch = ProducerEpoch(from.try_get_i16().map_err(|_| CutError::Truncated)?);
    let coordinator_epoch = i32_of(from)?;
    let mut entry = ProducerEntry::new(epoch, time_of(from)?);
    entry.coordinator_epoch = coordinator_epoch;
    entry.open_txn = open_of(from)?;
    for _ in 0..u8_of(from)? {
        if entry.window.push(sequenced_of(from)?).is_some() {
            return Err(CutError::Contradiction("a producer's window is too long"));
        }
    }
    Ok(entry)
}

fn sequenced_of(from: &mut Bytes) -> Result<SequencedBatch, CutError> {
    Ok(SequencedBatch {
        base_sequence: Sequence(i32_of(from)?),
        last_delta: i32_of(from)?,
        base_offset: offset_of(from)?,
        timestamp: time_of(from)?,
    })
}

fn undo_of(from: &mut Bytes) -> Result<Undo, CutError> {
    let (base_offset, producer_id) = (offset_of(from)?, ProducerId(i64_of(from)?));
    let prior = match u8_of(from)? {
        0 => Prior::Absent,
        1 => {
            let evicted = if u8_of(from)? == 0 { None } else { Some(sequenced_of(from)?) };
            Prior::Pushed { evicted, appended: time_of(from)?, open_txn: open_of(from)? }
        }
        2 => Prior::Replaced(Box::new(producer_of(from)?)),
        _ => return Err(CutError::Contradiction("an undo step of unknown kind")),
    };
    Ok(Undo { base_offset, producer_id, prior })
}

fn aborted_of(from: &mut Bytes) -> Result<AbortedTxn, CutError> {
    Ok(AbortedTxn {
        last_offset: offset_of(from)?,
        first_offset: offset_of(from)?,
        producer_id: ProducerId(i64_of(from)?),
        last_stable_offset: offset_of(from)?,
    })
}

fn tail_batch_of(from: &mut Bytes) -> Result<TailBatch, CutError> {
    let appended = time_of(from)?;
    let length = u32_of(from)?;
    let batch = Batch::from_wire(&piece_of(from, length)?)?;
    crate::append::next_of(batch.header()).map_err(|_| CutError::Contradiction("a batch without offsets"))?;
    Ok(TailBatch { batch, appended })
}
