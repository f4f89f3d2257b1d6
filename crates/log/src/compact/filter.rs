//! The second pass of a compaction: what becomes of each batch.
//!
//! | record or batch | stays |
//! |---|---|
//! | the latest of its key | yes; a tombstone until the delete horizon of its batch |
//! | an earlier one of its key, or one without a key | no |
//! | of an aborted transaction | no |
//! | mark of a transaction | until no record of it is left, then until its delete horizon |
//! | batch of which no record stays | empty, if it is the last one of its producer |
//! | beyond what the map knows | yes |
//!
//! A batch gets its delete horizon (now + `delete.retention.ms`) when a compaction first leaves tombstones in it, or finds its
//! transaction without records. For what is gone an empty batch of no producer stands in, as long as the gap within one leader
//! epoch, so that each batch begins where the last ended (W-18). A batch that cannot be decoded within the cap stays as it
//! is. Source: `Cleaner.cleanInto`, `MemoryRecords.filterTo` of Kafka 4.3.1. Tests: `compact/tests.rs`.

use super::keys::KeyMap;
use super::mapper::Mapper;
use super::plan::LastBatch;
use super::txns::Txns;
use crate::append::control_of;
use crate::producers::AbortedTxn;
use std::collections::BTreeMap;
use types::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence, WallTime};
use wire::record::{Attributes, Batch, BatchHeader, ControlKind, Filtered, HeaderError, KeyedRecord};

/// By what a filter decides, besides the keys.
#[derive(Clone, Debug)]
pub struct FilterRules {
    /// The time of this compaction.
    pub now: WallTime,
    /// `delete.retention.ms`.
    pub delete_retention: Millis,
    /// Most bytes that one batch may decompress to.
    pub max_decompressed_bytes: usize,
    /// The last batch of each producer that the log knows.
    pub last_batches: BTreeMap<ProducerId, LastBatch>,
    /// Aborted transactions, in any order.
    pub aborted: Vec<AbortedTxn>,
}

/// What a filter has seen and left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FilterStats {
    /// Bytes of batches read.
    pub bytes_read: u64,
    /// Bytes of batches that stay, stand-ins included.
    pub bytes_kept: u64,
    /// Records that went.
    pub records_gone: u64,
    /// Batches that were changed or went, but for stand-ins of before.
    pub batches_changed: u64,
    /// Batches that could not be decoded within the cap, and stay.
    pub unreadable: u64,
}

/// Decides batch by batch, in the order of the log.
#[derive(Debug)]
pub struct Filter {
    keys: KeyMap,
    /// First offset whose key need not be in the map.
    end: Offset,
    rules: FilterRules,
    txns: Txns,
    gap: Option<Gap>,
    gone_marks: Vec<Offset>,
    /// Aborted transactions by their marks, and those whose marks stay.
    by_mark: BTreeMap<Offset, AbortedTxn>,
    kept: Vec<AbortedTxn>,
    stats: FilterStats,
}

/// What one batch becomes.
enum Verdict {
    Stays,
    Changed(Batch),
    Gone,
}

impl Filter {
    /// Begins with the keys of the first pass, at the first batch that the plan rewrites.
    pub fn new(mapper: Mapper, rules: FilterRules) -> Filter {
        let (txns, stats) = (Txns::new(&rules.aborted), FilterStats::default());
        let by_mark = rules.aborted.iter().map(|txn| (txn.last_offset, *txn)).collect();
        let (gap, gone_marks, kept) = (None, Vec::new(), Vec::new());
        Filter { keys: mapper.keys, end: mapper.end, rules, txns, gap, gone_marks, by_mark, kept, stats }
    }

    /// Takes the next batch; appends what is to be written now.
    ///
    /// # Errors
    /// A batch that was just made is none, which cannot be.
    pub fn take(&mut self, batch: &Batch, out: &mut Vec<Batch>) -> Result<(), HeaderError> {
        let header = *batch.header();
        self.stats.bytes_read += batch.size() as u64;
        let verdict = match self.judge(batch)? {
            Verdict::Gone if self.is_last_of_producer(&header) => Verdict::Changed(emptied(&header)?),
            verdict => verdict,
        };
        let is_same = match &verdict {
            Verdict::Stays => true,
            Verdict::Changed(changed) => changed == batch,
            Verdict::Gone => header.record_count == 0 && !header.has_producer() && !header.is_control(),
        };
        self.stats.batches_changed += u64::from(!is_same);
        match verdict {
            Verdict::Stays => self.push(batch.clone(), out),
            Verdict::Changed(batch) => self.push(batch, out),
            Verdict::Gone => self.widen(&header, out),
        }
    }

    /// Ends a segment: a gap does not reach beyond it.
    ///
    /// # Errors
    /// As [`Filter::take`].
    pub fn end_segment(&mut self, out: &mut Vec<Batch>) -> Result<(), HeaderError> {
        if let Some(gap) = self.gap.take() {
            let stand_in = gap.stand_in()?;
            self.stats.bytes_kept += stand_in.size() as u64;
            out.push(stand_in);
        }
        Ok(())
    }

    /// Returns the first offset that the next compaction has to see.
    pub fn cleaned_to(&self) -> Offset {
        self.end
    }

    /// Returns the marks of aborted transactions that went.
    pub fn gone_marks(&self) -> &[Offset] {
        &self.gone_marks
    }

    /// Returns the aborted transactions whose marks stay.
    pub fn kept(&self) -> &[AbortedTxn] {
        &self.kept
    }

    /// Returns what was read and left so far.
    pub fn stats(&self) -> FilterStats {
        self.stats
    }

    fn judge(&mut self, batch: &Batch) -> Result<Verdict, HeaderError> {
        let header = *batch.header();
        let control = control_of(batch);
        let discards = self.txns.discards(&header, control);
        if header.record_count <= 0 {
            return Ok(Verdict::Gone);
        }
        let verdict = match (header.is_control(), discards) {
            (true, true) => self.mark_without_records(batch)?,
            (true, false) => Verdict::Stays,
            (false, true) => Verdict::Gone,
            (false, false) => return self.judge_records(batch),
        };
        let is_abort = control.is_some_and(|control| control.kind == ControlKind::Abort);
        if matches!(verdict, Verdict::Gone) {
            self.stats.records_gone += u64::from(header.record_count.unsigned_abs());
            self.gone_marks.extend(is_abort.then_some(header.last_offset()));
        } else if is_abort {
            self.kept.extend(self.by_mark.get(&header.last_offset()));
        }
        Ok(verdict)
    }

    /// A mark of which no record is left stays for the time that a slow reader may need.
    fn mark_without_records(&mut self, batch: &Batch) -> Result<Verdict, HeaderError> {
        match batch.header().delete_horizon() {
            Some(horizon) if horizon <= self.rules.now => Ok(Verdict::Gone),
            Some(_) => Ok(Verdict::Stays),
            None => rewrite(batch, |_| true, &self.rules, &mut self.stats),
        }
    }

    fn judge_records(&mut self, batch: &Batch) -> Result<Verdict, HeaderError> {
        let horizon = batch.header().delete_horizon();
        let deletes_stay = horizon.is_none_or(|horizon| self.rules.now < horizon);
        let (keys, end) = (&self.keys, self.end);
        let keep = |record: &KeyedRecord<'_>| {
            let is_latest = |key: &[u8]| keys.get(key).is_none_or(|latest| record.offset >= latest);
            record.offset >= end || record.key.is_some_and(is_latest) && (record.has_value || deletes_stay)
        };
        rewrite(batch, keep, &self.rules, &mut self.stats)
    }

    fn is_last_of_producer(&self, header: &BatchHeader) -> bool {
        let last = self.rules.last_batches.get(&header.producer_id).filter(|_| header.has_producer());
        last.is_some_and(|last| match last.offset {
            Some(offset) => header.last_offset() == offset,
            None => header.is_control() && header.producer_epoch == last.epoch,
        })
    }

    fn push(&mut self, batch: Batch, out: &mut Vec<Batch>) -> Result<(), HeaderError> {
        self.end_segment(out)?;
        self.stats.bytes_kept += batch.size() as u64;
        out.push(batch);
        Ok(())
    }

    /// Takes a batch that is gone into the gap.
    fn widen(&mut self, header: &BatchHeader, out: &mut Vec<Batch>) -> Result<(), HeaderError> {
        if self.gap.as_mut().is_some_and(|gap| gap.widen(header)) {
            return Ok(());
        }
        self.end_segment(out)?;
        let (base, next, epoch) = (header.base_offset, header.next_offset(), header.leader_epoch);
        self.gap = Some(Gap { base, next, epoch });
        Ok(())
    }
}

/// Keeps some records; sets the delete horizon if a tombstone or a mark stays and there is none.
fn rewrite(
    batch: &Batch,
    keep: impl Fn(&KeyedRecord<'_>) -> bool,
    rules: &FilterRules,
    stats: &mut FilterStats,
) -> Result<Verdict, HeaderError> {
    let header = *batch.header();
    let Ok(filtered) = Filtered::of(batch, rules.max_decompressed_bytes, keep) else {
        stats.unreadable += 1;
        return Ok(Verdict::Stays);
    };
    let gone = u64::from(header.record_count.unsigned_abs()).saturating_sub(filtered.len() as u64);
    if filtered.is_empty() {
        stats.records_gone += gone;
        return Ok(Verdict::Gone);
    }
    let deletes = header.is_control() || filtered.has_tombstones();
    let wants_horizon = deletes && header.delete_horizon().is_none();
    if filtered.is_whole() && !wants_horizon {
        return Ok(Verdict::Stays);
    }
    let horizon = WallTime(rules.now.0.saturating_add(rules.delete_retention.0));
    // Times that lie too far apart for a horizon: the batch stays as it is.
    let Ok(bytes) = filtered.build(wants_horizon.then_some(horizon)) else { return Ok(Verdict::Stays) };
    stats.records_gone += gone;
    Batch::from_wire(&bytes).map(Verdict::Changed)
}

/// Offsets whose records are gone, all of one leader epoch.
#[derive(Clone, Copy, Debug)]
struct Gap {
    base: Offset,
    next: Offset,
    epoch: LeaderEpoch,
}

impl Gap {
    fn widen(&mut self, header: &BatchHeader) -> bool {
        let fits = i32::try_from(header.last_offset().since(self.base)).is_ok();
        let follows = header.leader_epoch == self.epoch && header.base_offset == self.next;
        if fits && follows {
            self.next = header.next_offset();
        }
        fits && follows
    }

    fn stand_in(&self) -> Result<Batch, HeaderError> {
        emptied(&BatchHeader {
            base_offset: self.base,
            batch_length: 0,
            leader_epoch: self.epoch,
            crc: 0,
            attributes: Attributes(0),
            last_offset_delta: i32::try_from(self.next.since(self.base) - 1).unwrap_or(i32::MAX),
            base_timestamp: WallTime(-1),
            max_timestamp: WallTime(-1),
            producer_id: ProducerId(-1),
            producer_epoch: ProducerEpoch(-1),
            base_sequence: Sequence(-1),
            record_count: 0,
        })
    }
}

fn emptied(header: &BatchHeader) -> Result<Batch, HeaderError> {
    Batch::from_wire(&header.emptied())
}
