//! The log of one partition as it was read, and the rules that are about it alone: T1, T2, T3, T5, and T4 as far as marks go.
//!
//! Who reads everything extends it, batch by batch; who reads committed data and where the log ended are judged as soon as it is
//! known as far as they had it.

use super::{Asked, Identity, Ledger, Part};
use std::collections::BTreeMap;
use types::Uuid;

/// A partition by the id of its topic.
pub(in super::super) type LaneKey = (Uuid, i32);

/// A batch of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Batch {
    pub(in super::super) offset: i64,
    pub(in super::super) producer: Identity,
    pub(in super::super) sequence: i32,
    pub(in super::super) content: Content,
}

/// What is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) enum Content {
    /// Records, by their numbers.
    Data(Vec<u64>),
    /// The mark that ends a transaction: it is committed, or aborted.
    Mark(bool),
}

impl Batch {
    /// Returns the offset behind it.
    pub(in super::super) fn next(&self) -> i64 {
        match &self.content {
            Content::Data(numbers) => self.offset + i64::try_from(numbers.len()).unwrap_or(0),
            Content::Mark(_) => self.offset + 1,
        }
    }
}

/// A transaction in this log.
#[derive(Clone, Debug)]
struct Span {
    txn: usize,
    first: i64,
    /// Where it ended, and how.
    mark: Option<(i64, bool)>,
    data: Vec<i64>,
}

/// What a partition's log says of a producer, or the broker of both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Standing {
    pub(in super::super) epoch: i16,
    pub(in super::super) last_sequence: i32,
    /// Where its open transaction begins; -1 without.
    pub(in super::super) open: i64,
}

/// What a reader of committed data got: a range, the records within, and the high watermark at that time.
#[derive(Clone, Debug)]
pub(in super::super) struct CommittedRead {
    pub(in super::super) from: i64,
    pub(in super::super) next: i64,
    pub(in super::super) high_watermark: i64,
    pub(in super::super) found: Vec<(i64, u64)>,
}

/// The log of one partition.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Lane {
    topic: String,
    log: Vec<Batch>,
    /// It is known up to here.
    known: i64,
    spans: Vec<Span>,
    open: BTreeMap<i64, usize>,
    producers: BTreeMap<i64, Standing>,
    /// Ends that were told: high watermark and last stable offset, with when that was learned.
    ends: Vec<(u64, i64, i64)>,
    unjudged_ends: Vec<(i64, i64)>,
    unjudged_reads: Vec<CommittedRead>,
}

impl Lane {
    /// Says what is open at the end of the log.
    pub(super) fn open(&self) -> Option<String> {
        let (producer, span) = self.open.first_key_value()?;
        Some(format!("transaction {:?} of producer {producer}", self.spans.get(*span).map(|span| span.txn)))
    }

    /// Returns the offsets of the committed records.
    pub(super) fn committed(&self) -> impl Iterator<Item = i64> {
        let committed = self.spans.iter().filter(|span| span.mark.is_some_and(|(_, commit)| commit));
        committed.flat_map(|span| span.data.iter().copied())
    }

    /// Returns what the last stable offset has to be for a high watermark up to which the log is known.
    fn stable(&self, high_watermark: i64) -> i64 {
        let is_open = |span: &&Span| {
            span.mark.is_none_or(|(at, _)| at >= high_watermark) && span.first < high_watermark
        };
        self.spans.iter().filter(is_open).map(|span| span.first).min().unwrap_or(high_watermark)
    }
}

impl Ledger {
    /// Says what is missing until a partition has been read to its end, and holds nothing back.
    pub(in super::super) fn restless(&self, key: LaneKey) -> Option<String> {
        let lane = self.lanes.get(&key)?;
        let (_, high_watermark, stable) = lane.ends.last().copied()?;
        let is_at_rest = lane.known == high_watermark && stable == high_watermark;
        let known = lane.known;
        (!is_at_rest).then(|| format!("{key:?} is known to {known}, stable to {stable} of {high_watermark}"))
    }

    fn lane(&mut self, key: LaneKey) -> &mut Lane {
        self.lanes.entry(key).or_default()
    }

    /// A batch was read, by who reads everything.
    pub(in super::super) fn on_batch(&mut self, key: LaneKey, topic: &str, batch: &Batch) {
        let lane = self.lane(key);
        topic.clone_into(&mut lane.topic);
        if batch.offset < lane.known {
            let is_same = lane.log.iter().any(|known| known == batch);
            return self.require(is_same, "R12", || format!("{key:?} has {batch:?}, which was another one"));
        }
        let known = lane.known;
        if batch.offset > known {
            return self.breaks("R12", format!("{key:?} goes on at {} after {known}", batch.offset));
        }
        lane.known = batch.next();
        lane.log.push(batch.clone());
        match &batch.content {
            Content::Data(numbers) => self.on_data(key, batch, numbers),
            Content::Mark(commit) => self.on_mark(key, batch, *commit),
        }
        self.judge(key);
    }

    fn on_data(&mut self, key: LaneKey, batch: &Batch, numbers: &[u64]) {
        self.in_sequence(key, batch, i32::try_from(numbers.len()).unwrap_or(0));
        let at = |offset: i64| format!("{key:?} {offset} of {:?}", batch.producer);
        for (number, offset) in numbers.iter().zip(batch.offset..) {
            let topic = self.lane(key).topic.clone();
            let Some(piece) = self.piece_mut(*number) else {
                return self.breaks("T1", format!("{} holds {number}, which nobody sent", at(offset)));
            };
            let is_its_place = matches!(&piece.part, Part::Record(place, _) if *place == (topic, key.1));
            let before = piece.found.replace((key, offset));
            let (txn, piece) = (piece.txn, piece.clone());
            let is_namesakes = before.is_some_and(|(other, _)| other.0 != key.0 && self.may_be_twice(&piece));
            self.require(is_its_place, "T1", || format!("{} holds {number} of another place", at(offset)));
            self.require(before.is_none() || is_namesakes, "T1", || {
                format!("{} holds {number}, which is at {before:?}", at(offset))
            });
            self.agrees(*number);
            let is_its = self.txns.get(txn).is_some_and(|txn| txn.by.producer == batch.producer);
            self.require(is_its, "T1", || format!("{} holds {number} of another producer", at(offset)));
            self.on_record(key, txn, batch.producer.id, offset);
        }
    }

    /// A record is in the transaction that is open there, or opens its own.
    fn on_record(&mut self, key: LaneKey, txn: usize, producer: i64, offset: i64) {
        let lane = self.lane(key);
        let open = lane.open.get(&producer).copied();
        let span = open.unwrap_or_else(|| {
            lane.spans.push(Span { txn, first: offset, mark: None, data: Vec::new() });
            lane.spans.len() - 1
        });
        lane.open.insert(producer, span);
        let is_over = open.is_none() && lane.spans.iter().filter(|span| span.txn == txn).count() > 1;
        let Some(span) = lane.spans.get_mut(span) else { return };
        span.data.push(offset);
        let other = span.txn;
        self.require(other == txn, "T4", || {
            format!("{key:?} {offset}: a record of transaction {txn} is in {other}")
        });
        self.require(!is_over, "T4", || format!("{key:?} {offset}: transaction {txn} was over here"));
    }

    /// T1: sequences have no gap, a new epoch begins at 0, and none comes back.
    fn in_sequence(&mut self, key: LaneKey, batch: &Batch, count: i32) {
        let producers = &mut self.lane(key).producers;
        let before = producers.get(&batch.producer.id).copied();
        let (epoch, first) = (batch.producer.epoch, batch.sequence);
        let wanted = match before {
            Some(before) if before.epoch == epoch => before.last_sequence.wrapping_add(1) & i32::MAX,
            _ => 0,
        };
        let open = before.map_or(-1, |before| before.open);
        let open = if open < 0 { batch.offset } else { open };
        let last_sequence = first.wrapping_add(count - 1) & i32::MAX;
        producers.insert(batch.producer.id, Standing { epoch, last_sequence, open });
        let at = format!("{key:?} {} of {:?}", batch.offset, batch.producer);
        self.require(first == wanted, "T1", || format!("{at} begins with {first}, not {wanted}"));
        self.require(before.is_none_or(|before| before.epoch <= epoch), "T6", || {
            format!("{at} comes after epoch {before:?}")
        });
    }

    fn on_mark(&mut self, key: LaneKey, batch: &Batch, commit: bool) {
        let lane = self.lane(key);
        let producer = batch.producer;
        let before = lane.producers.get(&producer.id).copied();
        // A new epoch has no sequence yet.
        let kept = before.filter(|before| before.epoch == producer.epoch);
        let last_sequence = kept.map_or(-1, |before| before.last_sequence);
        lane.producers.insert(producer.id, Standing { epoch: producer.epoch, last_sequence, open: -1 });
        let open = lane.open.remove(&producer.id).and_then(|span| lane.spans.get_mut(span));
        let ended = open.map(|span| {
            span.mark = Some((batch.offset, commit));
            span.txn
        });
        let at = format!("the mark at {key:?} {} of {producer:?}", batch.offset);
        self.require(before.is_none_or(|before| before.epoch <= producer.epoch), "T6", || {
            format!("{at} comes after epoch {before:?}")
        });
        match ended {
            Some(txn) => self.decide(txn, commit, "T4", "has a mark"),
            // Of a partition that was added and not written to: it raises the epoch, or it is one too many.
            None => {
                let raises = before.is_none_or(|before| before.epoch < producer.epoch);
                self.require(raises, "T4", || format!("{at} ends nothing"));
            }
        }
    }

    /// Where a partition ended when it was asked: T3.
    pub(in super::super) fn on_ends(&mut self, key: LaneKey, asked: Asked, high_watermark: i64, stable: i64) {
        let learned = self.learn();
        let lane = self.lane(key);
        let before = lane.ends.iter().rev().find(|(since, _, _)| *since < asked.0).copied();
        let largest = lane.ends.last().map_or((0, 0), |(_, high, stable)| (*high, *stable));
        lane.ends.push((learned, high_watermark.max(largest.0), stable.max(largest.1)));
        let told = (high_watermark, stable);
        if !lane.unjudged_ends.contains(&told) {
            lane.unjudged_ends.push(told);
        }
        if let Some((_, high_before, stable_before)) = before {
            self.require(high_watermark >= high_before, "T3", || {
                format!("{key:?}: the high watermark went back from {high_before} to {high_watermark}")
            });
            self.require(stable >= stable_before, "T3", || {
                format!("{key:?}: the last stable offset went back from {stable_before} to {stable}")
            });
        }
        self.judge(key);
    }

    /// A reader of committed data got something: T5.
    pub(in super::super) fn on_committed(&mut self, key: LaneKey, read: CommittedRead) {
        for (offset, number) in &read.found {
            let Some(txn) = self.piece(*number).map(|piece| piece.txn) else {
                return self.breaks("T5", format!("{key:?} {offset} holds {number}, which nobody sent"));
            };
            self.decide(txn, true, "T5", "is read as committed");
        }
        self.lane(key).unjudged_reads.push(read);
        self.judge(key);
    }

    /// Judges what is known far enough.
    fn judge(&mut self, key: LaneKey) {
        let lane = self.lane(key);
        let known = lane.known;
        let (ends, later) =
            std::mem::take(&mut lane.unjudged_ends).into_iter().partition(|(h, _)| *h <= known);
        lane.unjudged_ends = later;
        let reads = std::mem::take(&mut lane.unjudged_reads);
        let (reads, later): (Vec<_>, _) = reads.into_iter().partition(|read| read.high_watermark <= known);
        lane.unjudged_reads = later;
        let ends: Vec<(i64, i64)> = ends;
        for (high_watermark, stable) in ends {
            let wanted = self.lane(key).stable(high_watermark);
            self.require(stable == wanted, "T3", || {
                format!("{key:?}: the last stable offset was {stable}, not {wanted}, at {high_watermark}")
            });
        }
        for read in reads {
            self.judge_read(key, &read);
        }
    }

    fn judge_read(&mut self, key: LaneKey, read: &CommittedRead) {
        let lane = self.lane(key);
        let within = |offset: &i64| (read.from..read.next).contains(offset);
        let mut wanted: Vec<i64> = lane.committed().filter(within).collect();
        wanted.sort_unstable();
        let found: Vec<i64> = read.found.iter().map(|(offset, _)| *offset).collect();
        let stable = lane.stable(read.high_watermark);
        self.require(found == wanted, "T5", || {
            format!(
                "{key:?} from {} to {}: {found:?} was read, {wanted:?} is committed",
                read.from, read.next
            )
        });
        self.require(read.next <= stable, "T5", || {
            format!("{key:?}: committed data was read up to {}, beyond {stable}", read.next)
        });
    }

    /// What the broker knows of a partition's producers when nothing goes on: T2.
    pub(in super::super) fn on_producers(&mut self, key: LaneKey, told: &BTreeMap<i64, Standing>) {
        let says = self.lane(key).producers.clone();
        self.require(says == *told, "T2", || format!("{key:?}: the log says {says:?}, the broker {told:?}"));
    }
}
