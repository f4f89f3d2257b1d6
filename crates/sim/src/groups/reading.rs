//! What a member does with the partitions that it has, whatever protocol it speaks: it asks the group where to begin, reads on,
//! and commits what it has worked on.

use super::ledger::{Key, Stored};
use super::now;
use super::process::{Process, Stop, is_open};
use crate::witness::{text, text_number};
use std::collections::{BTreeMap, BTreeSet};
use types::{ErrorCode, Uuid};
use wire::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use wire::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::record::Batches;

/// A partition, by its topic's id.
pub(super) type Place = (Uuid, i32);

/// Commits that are one offset behind what was worked on, of a hundred.
const BEHIND: u64 = 10;

/// Whom a request names as the member.
#[derive(Clone, Debug, Default)]
pub(super) struct Seat {
    pub(super) member: String,
    pub(super) instance: Option<String>,
    /// Generation or member epoch.
    pub(super) epoch: i32,
    /// Whether offsets are asked for as a member: those of the classic protocol do not.
    pub(super) fetches_as_member: bool,
}

/// A partition that is read.
#[derive(Clone, Copy, Debug)]
struct Held {
    grant: usize,
    /// Where it was begun, as soon as the group has said it.
    start: Option<i64>,
    next: i64,
    committed: i64,
}

/// The partitions of one process.
pub(super) struct Reading {
    /// The process as the ledger knows it.
    pub(super) name: String,
    group: usize,
    held: BTreeMap<Place, Held>,
}

/// What the coordinator thinks of the member, as a commit or a question for offsets has shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Good,
    /// It speaks of an epoch that is over; the next heartbeat tells.
    Stale,
    /// It is no member any more, or of another generation.
    Out,
}

impl Reading {
    pub(super) fn new(name: String, group: usize) -> Reading {
        Reading { name, group, held: BTreeMap::new() }
    }

    fn key(&self, (topic, partition): Place) -> Key {
        (self.group, topic, partition)
    }

    /// Returns what it has.
    pub(super) fn places(&self) -> BTreeSet<Place> {
        self.held.keys().copied().collect()
    }

    /// Is given partitions by the answer to what was asked.
    pub(super) fn take(
        &mut self,
        process: &Process,
        places: impl IntoIterator<Item = Place>,
        asked: super::ledger::Asked,
    ) {
        for place in places {
            let key = self.key(place);
            let grant = process.shared.ledger.borrow_mut().on_granted(&self.name, key, asked, now());
            self.held.insert(place, Held { grant, start: None, next: 0, committed: -1 });
        }
    }

    /// Reads these no longer.
    pub(super) fn release(&mut self, process: &Process, places: &BTreeSet<Place>) {
        for place in places {
            self.held.remove(place);
            process.shared.ledger.borrow_mut().on_released(&self.name, self.key(*place));
        }
    }

    /// Reads nothing any longer.
    pub(super) fn release_all(&mut self, process: &Process) {
        let places = self.places();
        self.release(process, &places);
    }

    /// Sorts what it has by topic.
    fn by_topic(&self, wanted: impl Fn(&Held) -> bool) -> BTreeMap<Uuid, Vec<i32>> {
        let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for ((topic, partition), _) in self.held.iter().filter(|(_, held)| wanted(held)) {
            topics.entry(*topic).or_default().push(*partition);
        }
        topics
    }

    /// Does one round of a member's work: begins, reads on, commits now and then.
    pub(super) async fn work(&mut self, process: &mut Process, seat: &Seat) -> Result<Standing, Stop> {
        let standing = self.begin(process, seat).await?;
        self.read(process).await?;
        if standing == Standing::Good && process.random.percent(30) {
            return self.commit(process, seat, false).await;
        }
        Ok(standing)
    }

    /// Asks where to begin what has not begun.
    async fn begin(&mut self, process: &mut Process, seat: &Seat) -> Result<Standing, Stop> {
        let wanted = self.by_topic(|held| held.start.is_none());
        if wanted.is_empty() {
            return Ok(Standing::Good);
        }
        let asked = process.ready().await?;
        let as_member = seat.fetches_as_member.then(|| (seat.member.clone(), seat.epoch));
        let (code, found) = fetch_offsets(process, as_member, Some(wanted)).await?;
        for (place, stored) in found {
            let key = self.key(place);
            let Some(held) = self.held.get_mut(&place).filter(|held| held.start.is_none()) else { continue };
            let Ok(stored) = stored else { continue };
            process.shared.ledger.borrow_mut().on_start(held.grant, asked, stored);
            let start = stored.map_or(0, |(_, offset)| offset);
            (held.start, held.next, held.committed) = (Some(start), start, start);
            process.note(format_args!("{} begins {key:?} at {start}", self.name));
        }
        Ok(standing(code))
    }

    /// Reads what comes next of all that has begun.
    async fn read(&mut self, process: &mut Process) -> Result<(), Stop> {
        let wanted = self.by_topic(|held| held.start.is_some());
        if wanted.is_empty() {
            return Ok(());
        }
        let partition = |topic: Uuid, partition: i32| FetchPartition {
            partition,
            fetch_offset: self.held.get(&(topic, partition)).map_or(0, |held| held.next),
            partition_max_bytes: 1 << 14,
            ..FetchPartition::default()
        };
        let topics = wanted.into_iter().map(|(topic_id, list)| FetchTopic {
            topic_id,
            partitions: list.into_iter().map(|p| partition(topic_id, p)).collect(),
            ..FetchTopic::default()
        });
        let request = FetchRequest {
            max_wait_ms: 5,
            min_bytes: 1,
            max_bytes: 1 << 16,
            topics: topics.collect(),
            ..FetchRequest::default()
        };
        process.ready().await?;
        let answer = process.ask(&request).await?;
        for topic in answer.responses {
            for data in topic.partitions {
                let place = (topic.topic_id, data.partition_index);
                if data.error_code == ErrorCode::OffsetOutOfRange.code() {
                    let what = format!("{} asks for an offset of {place:?} that is not there", self.name);
                    process.shared.ledger.borrow_mut().breaks("I4", what);
                }
                let bytes = data.records.unwrap_or_default().into_bytes();
                let Some(held) = self.held.get_mut(&place) else { continue };
                for batch in Batches::new(&bytes).map_while(Result::ok) {
                    held.next = held.next.max(batch.header.next_offset().0);
                }
            }
        }
        Ok(())
    }

    /// Commits what was worked on since; with `all`, also what was committed before.
    pub(super) async fn commit(
        &mut self,
        process: &mut Process,
        seat: &Seat,
        all: bool,
    ) -> Result<Standing, Stop> {
        let wanted = self.by_topic(|held| held.start.is_some() && (all || held.next != held.committed));
        if wanted.is_empty() {
            return Ok(Standing::Good);
        }
        let sent = process.ready_to_commit().await?;
        let mut numbers = BTreeMap::new();
        let mut topics = Vec::new();
        for (topic_id, partitions) in wanted {
            let mut list = Vec::new();
            for partition in partitions {
                let Some(held) = self.held.get_mut(&(topic_id, partition)) else { continue };
                let start = held.start.unwrap_or(0);
                let behind = i64::from(held.next > start && process.random.percent(BEHIND));
                let offset = held.next - behind;
                let mut ledger = process.shared.ledger.borrow_mut();
                let number = ledger.on_commit(held.grant, start, offset, sent);
                numbers.insert((topic_id, partition), (number, offset));
                list.push(OffsetCommitRequestPartition {
                    partition_index: partition,
                    committed_offset: offset,
                    committed_leader_epoch: -1,
                    committed_metadata: Some(text(number)),
                });
            }
            topics.push(OffsetCommitRequestTopic { topic_id, partitions: list, ..Default::default() });
        }
        let request = OffsetCommitRequest {
            group_id: process.group.clone(),
            generation_id_or_member_epoch: seat.epoch,
            member_id: seat.member.clone(),
            group_instance_id: seat.instance.clone(),
            topics,
            ..OffsetCommitRequest::default()
        };
        let answer = match process.ask(&request).await {
            Ok(answer) => answer,
            Err(stop) => {
                numbers.iter().for_each(|_| process.shared.ledger.borrow_mut().on_unknown());
                return Err(stop);
            }
        };
        let mut worst = Standing::Good;
        for topic in answer.topics {
            for found in topic.partitions {
                let place = (topic.topic_id, found.partition_index);
                let Some((number, offset)) = numbers.remove(&place) else { continue };
                process.note(format_args!("{} commit {number} to {offset}: {}", self.name, found.error_code));
                settle(process, number, found.error_code);
                match (standing(found.error_code), self.held.get_mut(&place)) {
                    (Standing::Good, Some(held)) if found.error_code == 0 => held.committed = offset,
                    (Standing::Good, _) => {}
                    (other, _) => worst = other,
                }
            }
        }
        Ok(worst)
    }
}

/// Tells the ledger what became of a commit.
fn settle(process: &Process, number: u64, code: i16) {
    let witness = process.shared.stage.machine.witness();
    let mut ledger = process.shared.ledger.borrow_mut();
    match code {
        0 => ledger.on_acked(number, witness.is_durable(number)),
        code if is_open(code) => ledger.on_unknown(),
        _ => ledger.on_refused(number),
    }
}

/// Returns what a code says of the member.
fn standing(code: i16) -> Standing {
    match ErrorCode::from_code(code) {
        Some(ErrorCode::StaleMemberEpoch) => Standing::Stale,
        Some(
            ErrorCode::UnknownMemberId
            | ErrorCode::FencedMemberEpoch
            | ErrorCode::IllegalGeneration
            | ErrorCode::FencedInstanceId
            | ErrorCode::GroupIdNotFound,
        ) => Standing::Out,
        _ => Standing::Good,
    }
}

/// What a group has stored for partitions: the commit's number with the offset, nothing, or the code of a partition.
pub(super) type Found = Vec<(Place, Result<Option<Stored>, i16>)>;

/// Asks for offsets, after `ready`; of all partitions if none are named. Returns the group's code as well.
pub(super) async fn fetch_offsets(
    process: &mut Process,
    member: Option<(String, i32)>,
    wanted: Option<BTreeMap<Uuid, Vec<i32>>>,
) -> Result<(i16, Found), Stop> {
    let topics = wanted.map(|wanted| {
        let topic = |(topic_id, partition_indexes)| OffsetFetchRequestTopics {
            topic_id,
            partition_indexes,
            ..OffsetFetchRequestTopics::default()
        };
        wanted.into_iter().map(topic).collect()
    });
    let (member_id, member_epoch) = member.map_or((None, -1), |(id, epoch)| (Some(id), epoch));
    let group = OffsetFetchRequestGroup { group_id: process.group.clone(), member_id, member_epoch, topics };
    let request =
        OffsetFetchRequest { groups: vec![group], require_stable: true, ..OffsetFetchRequest::default() };
    let answer = process.ask(&request).await?;
    let mut found = Vec::new();
    let Some(group) = answer.groups.into_iter().next() else { return Ok((0, found)) };
    if group.error_code != 0 {
        return Ok((group.error_code, found));
    }
    for topic in group.topics {
        for partition in topic.partitions {
            let place = (topic.topic_id, partition.partition_index);
            let offset = partition.committed_offset;
            let number = text_number(partition.metadata.unwrap_or_default().as_bytes()).unwrap_or(0);
            let stored = match partition.error_code {
                0 => Ok((offset >= 0).then_some((number, offset))),
                code => Err(code),
            };
            found.push((place, stored));
        }
    }
    Ok((0, found))
}
