//! Reading: batches of partitions as they are, with the marks, and which of them a reader of committed data gets.
//!
//! What is passed over is found out here as KIP-98 says it: the broker lists producer and first offset of each aborted
//! transaction; from there on batches of that producer do not count, up to its abort mark.

use super::ledger::{Batch, CommittedRead, Content, Identity, LaneKey};
use super::process::{Note, Process, Role, Stop};
use super::{GROUP, INPUT};
use crate::witness::{number, text_number};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use wire::fetch_request::{FetchPartition, FetchTopic};
use wire::fetch_response::PartitionData;
use wire::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::record::{Batches, ControlKind, ControlRecord, Records};
use wire::{FetchRequest, OffsetFetchRequest};

const FETCH: i16 = 13;
const OFFSET_FETCH: i16 = 8;
/// Most bytes of a batch after decompression.
const CAP: usize = 1 << 20;
/// Most bytes of an answer.
const ANSWER_MAX: i32 = 1 << 20;

/// Where to read, by partition.
pub(super) type Positions = BTreeMap<LaneKey, i64>;

/// Names of topics by their ids.
pub(super) type Names = BTreeMap<types::Uuid, String>;

/// Reads at positions, moves them on, and shows what was read to the ledger. Returns committed records, by partition and offset;
/// none if all is read.
///
/// # Errors
/// As `Process::ask`.
pub(super) async fn read(
    process: &mut Process,
    positions: &mut Positions,
    names: &Names,
    is_committed: bool,
) -> Result<Vec<(LaneKey, i64, u64)>, Stop> {
    let mut topics: BTreeMap<types::Uuid, Vec<FetchPartition>> = BTreeMap::new();
    for ((topic, partition), offset) in positions.iter() {
        topics.entry(*topic).or_default().push(FetchPartition {
            partition: *partition,
            fetch_offset: *offset,
            partition_max_bytes: i32::try_from(process.random.between(1, 60_000)).unwrap_or(1),
            ..FetchPartition::default()
        });
    }
    let topic = |(topic_id, partitions)| FetchTopic { topic_id, partitions, ..FetchTopic::default() };
    let request = FetchRequest {
        max_wait_ms: i32::try_from(process.random.between(0, 60)).unwrap_or(0),
        min_bytes: 1,
        max_bytes: ANSWER_MAX,
        isolation_level: i8::from(is_committed),
        session_epoch: -1,
        topics: topics.into_iter().map(topic).collect(),
        ..FetchRequest::default()
    };
    let asked = process.shared.ledger.borrow_mut().ask();
    let answer = process.ask(Role::Data, request, FETCH, Note::Nothing).await?;
    let mut found = Vec::new();
    for topic in answer.responses {
        let Some(name) = names.get(&topic.topic_id) else { continue };
        for partition in topic.partitions {
            let key = (topic.topic_id, partition.partition_index);
            let Some(position) = positions.get_mut(&key) else { continue };
            // A topic that is being deleted says so.
            if partition.error_code != 0 {
                process.note(format_args!("reads {key:?} at {position}: {}", partition.error_code));
                continue;
            }
            let mut ledger = process.shared.ledger.borrow_mut();
            let (high_watermark, stable) = (partition.high_watermark, partition.last_stable_offset);
            let batches = match batches(&partition) {
                Ok(batches) => batches,
                Err(what) => return Ok(broken(process, &format!("{name} {key:?}: {what}"))),
            };
            let from = *position;
            *position = batches.last().map_or(from, |batch| batch.next().max(from));
            if is_committed {
                let found_here = committed(&batches, &partition, from);
                found.extend(found_here.iter().map(|(offset, number)| (key, *offset, *number)));
                let read = CommittedRead { from, next: *position, high_watermark, found: found_here };
                ledger.on_committed(key, read);
            } else {
                batches.iter().for_each(|batch| ledger.on_batch(key, name, batch));
            }
            ledger.on_ends(key, asked, high_watermark, stable);
        }
    }
    Ok(found)
}

fn broken<T>(process: &Process, what: &str) -> Vec<T> {
    process.shared.ledger.borrow_mut().breaks("R12", what.to_owned());
    Vec::new()
}

/// Takes the batches of one partition of an answer.
fn batches(partition: &PartitionData) -> Result<Vec<Batch>, String> {
    let Some(records) = partition.records.clone() else { return Ok(Vec::new()) };
    let bytes = records.into_bytes();
    let mut batches = Vec::new();
    for span in Batches::new(&bytes) {
        // The last one may be cut off.
        let Ok(span) = span else { break };
        batches.push(batch(&bytes.slice(span.range.clone()))?);
    }
    Ok(batches)
}

fn batch(bytes: &Bytes) -> Result<Batch, String> {
    let records = Records::open(bytes, CAP).map_err(|error| error.to_string())?;
    let header = *records.header();
    let records: Vec<_> = records.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let content = if header.is_control() {
        let mark = records.first().and_then(ControlRecord::decode).ok_or("no mark")?;
        Content::Mark(mark.kind == ControlKind::Commit)
    } else {
        let numbers = records.iter().map(|record| number(record.value.as_deref()?));
        Content::Data(numbers.collect::<Option<_>>().ok_or("something that nobody sent")?)
    };
    let producer = Identity { id: header.producer_id.0, epoch: header.producer_epoch.0 };
    Ok(Batch { offset: header.base_offset.0, producer, sequence: header.base_sequence.0, content })
}

/// Returns what a reader of committed data gets.
fn committed(batches: &[Batch], partition: &PartitionData, from: i64) -> Vec<(i64, u64)> {
    let listed = partition.aborted_transactions.iter().flatten();
    let mut ahead: Vec<(i64, i64)> = listed.map(|one| (one.first_offset, one.producer_id)).collect();
    ahead.sort_unstable_by(|one, other| other.cmp(one));
    let mut within = BTreeSet::new();
    let mut found = Vec::new();
    for batch in batches {
        while let Some((_, producer)) = ahead.pop_if(|(first, _)| *first < batch.next()) {
            within.insert(producer);
        }
        match &batch.content {
            Content::Mark(false) => _ = within.remove(&batch.producer.id),
            Content::Mark(true) => {}
            Content::Data(_) if within.contains(&batch.producer.id) => {}
            Content::Data(numbers) => {
                let each = (batch.offset..).zip(numbers.iter().copied());
                found.extend(each.filter(|(offset, _)| *offset >= from));
            }
        }
    }
    found
}

/// Asks for the offsets of the group, and shows them to the ledger; returns them by partition, 0 where there is none.
/// Nothing if a transaction with offsets is open and stable ones are wanted.
///
/// # Errors
/// As `Process::ask`.
pub(super) async fn offsets(
    process: &mut Process,
    partitions: &[i32],
    require_stable: bool,
) -> Result<Option<BTreeMap<i32, i64>>, Stop> {
    let partition_indexes = partitions.to_vec();
    let topic = OffsetFetchRequestTopics { name: INPUT.to_owned(), partition_indexes, ..Default::default() };
    let group = OffsetFetchRequestGroup {
        group_id: GROUP.to_owned(),
        member_epoch: -1,
        topics: Some(vec![topic]),
        ..OffsetFetchRequestGroup::default()
    };
    let request = OffsetFetchRequest { groups: vec![group], require_stable, ..OffsetFetchRequest::default() };
    let asked = process.shared.ledger.borrow_mut().ask();
    let answer = process.ask(Role::Coordinator, request, OFFSET_FETCH, Note::Nothing).await?;
    let Some(group) = answer.groups.into_iter().next().filter(|group| group.error_code == 0) else {
        return Err(Stop::Lost);
    };
    let mut offsets = BTreeMap::new();
    for partition in group.topics.into_iter().flat_map(|topic| topic.partitions) {
        if partition.error_code != 0 {
            continue;
        }
        let (index, offset) = (partition.partition_index, partition.committed_offset);
        let number = text_number(partition.metadata.unwrap_or_default().as_bytes()).unwrap_or(0);
        let found = (offset >= 0).then_some((number, offset));
        process.shared.ledger.borrow_mut().on_offset(index, asked, require_stable, found);
        offsets.insert(index, offset.max(0));
    }
    Ok((offsets.len() == partitions.len()).then_some(offsets))
}
