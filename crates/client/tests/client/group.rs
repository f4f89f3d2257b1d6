//! A member of a group against a coordinator that follows a script.

use crate::scripted::{Asked, Reply, TOPIC, TOPIC_ID, cluster, start};
use bytes::Bytes;
use client::{ClientError, ConsumerOptions, GroupConsumer, GroupEvent, GroupOptions};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use types::{ErrorCode, LeaderEpoch, Offset, Uuid, WallTime};
use wire::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use wire::fetch_response::{FetchableTopicResponse, PartitionData};
use wire::find_coordinator_response::Coordinator;
use wire::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use wire::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use wire::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use wire::record::{BatchBuilder, Codec};
use wire::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, FetchRequest, FetchResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, Records,
};

const MEMBER: Uuid = Uuid([9; 16]);
/// First offset of the log.
const FIRST: i64 = 40;

/// What the coordinator knows and does next.
#[derive(Default)]
struct Script {
    epoch: i32,
    /// Answered to the next heartbeats of members, instead of what they want.
    beats: VecDeque<ErrorCode>,
    /// Answered to the next commits; none hangs up.
    commits: VecDeque<Option<ErrorCode>>,
    committed: i64,
    /// Epochs of all heartbeats, and of all commits with their offsets.
    beaten: Vec<i32>,
    asked: Vec<(i32, i64)>,
    found: usize,
}

type Shared = Arc<Mutex<Script>>;

async fn broker(committed: i64) -> (String, Shared) {
    let script = Arc::new(Mutex::new(Script { epoch: 5, committed, ..Script::default() }));
    let shared = script.clone();
    let port = Arc::new(Mutex::new(0));
    let known = port.clone();
    let address = start(move |asked| reply(asked, &mut script.lock().unwrap(), *known.lock().unwrap())).await;
    *port.lock().unwrap() = address.rsplit_once(':').unwrap().1.parse().unwrap();
    (address, shared)
}

fn reply(asked: &Asked, script: &mut Script, port: i32) -> Reply {
    if asked.is::<FindCoordinatorRequest>() {
        script.found += 1;
        let coordinator = Coordinator {
            key: "g".to_owned(),
            node_id: 1,
            host: "127.0.0.1".to_owned(),
            port,
            ..Default::default()
        };
        return asked
            .answer(&FindCoordinatorResponse { coordinators: vec![coordinator], ..Default::default() });
    }
    if asked.is::<ConsumerGroupHeartbeatRequest>() {
        return beat(asked, script);
    }
    if asked.is::<OffsetFetchRequest>() {
        return offsets(asked, script);
    }
    if asked.is::<OffsetCommitRequest>() {
        return commit(asked, script);
    }
    if asked.is::<ListOffsetsRequest>() {
        let partition = ListOffsetsPartitionResponse { offset: FIRST, ..Default::default() };
        let topic = ListOffsetsTopicResponse { name: TOPIC.to_owned(), partitions: vec![partition] };
        return asked.answer(&ListOffsetsResponse { topics: vec![topic], ..Default::default() });
    }
    fetch(asked)
}

fn beat(asked: &Asked, script: &mut Script) -> Reply {
    let request: ConsumerGroupHeartbeatRequest = asked.read();
    assert_eq!((request.group_id.as_str(), request.member_id), ("g", MEMBER.to_string()));
    script.beaten.push(request.member_epoch);
    let refusal = script.beats.pop_front().unwrap_or(ErrorCode::None);
    let topic = TopicPartitions { topic_id: TOPIC_ID, partitions: vec![0] };
    let assignment = Assignment { topic_partitions: vec![topic] };
    asked.answer(&ConsumerGroupHeartbeatResponse {
        error_code: refusal.code(),
        member_epoch: script.epoch,
        heartbeat_interval_ms: 10,
        assignment: Some(assignment),
        ..Default::default()
    })
}

fn offsets(asked: &Asked, script: &Script) -> Reply {
    let request: OffsetFetchRequest = asked.read();
    let group = &request.groups[0];
    assert_eq!(
        (group.member_id.as_deref(), group.member_epoch),
        (Some(MEMBER.to_string().as_str()), script.epoch)
    );
    let partition =
        OffsetFetchResponsePartitions { committed_offset: script.committed, ..Default::default() };
    let topic =
        OffsetFetchResponseTopics { topic_id: TOPIC_ID, partitions: vec![partition], ..Default::default() };
    let group =
        OffsetFetchResponseGroup { group_id: "g".to_owned(), topics: vec![topic], ..Default::default() };
    asked.answer(&OffsetFetchResponse { groups: vec![group], ..Default::default() })
}

fn commit(asked: &Asked, script: &mut Script) -> Reply {
    let request: OffsetCommitRequest = asked.read();
    let offset = request.topics[0].partitions[0].committed_offset;
    script.asked.push((request.generation_id_or_member_epoch, offset));
    let Some(code) = script.commits.pop_front().unwrap_or(Some(ErrorCode::None)) else {
        return Reply::HangUp;
    };
    if code == ErrorCode::None {
        script.committed = offset;
    }
    let partition = OffsetCommitResponsePartition { error_code: code.code(), ..Default::default() };
    let topic =
        OffsetCommitResponseTopic { topic_id: TOPIC_ID, partitions: vec![partition], ..Default::default() };
    asked.answer(&OffsetCommitResponse { topics: vec![topic], ..Default::default() })
}

/// Three records from any offset that is in the log.
fn fetch(asked: &Asked) -> Reply {
    let request: FetchRequest = asked.read();
    let from = request.topics[0].partitions[0].fetch_offset;
    let mut batch = BatchBuilder::new(Codec::None).placed(Offset(from), LeaderEpoch(3));
    (0..3).for_each(|_| batch.push(WallTime(1), None, Some(b"v"), &[]));
    let code = if from < FIRST { ErrorCode::OffsetOutOfRange } else { ErrorCode::None };
    let bytes = if from < FIRST { Bytes::new() } else { batch.build().unwrap() };
    let partition = PartitionData {
        error_code: code.code(),
        high_watermark: 1000,
        records: Some(Records::from(bytes)),
        ..Default::default()
    };
    let topic =
        FetchableTopicResponse { topic_id: TOPIC_ID, partitions: vec![partition], ..Default::default() };
    asked.answer(&FetchResponse { responses: vec![topic], ..Default::default() })
}

fn join(address: &str) -> GroupConsumer {
    let mut options = GroupOptions::new("g", MEMBER, &[TOPIC.to_owned()]);
    options.consumer = ConsumerOptions { max_wait: Duration::from_secs(5), ..ConsumerOptions::default() };
    GroupConsumer::join(cluster(address), options)
}

/// Polls until there are records; returns the offsets, and what came before.
async fn read(member: &mut GroupConsumer) -> (Vec<i64>, Vec<GroupEvent>) {
    let mut before = Vec::new();
    loop {
        match member.poll().await.unwrap() {
            GroupEvent::Records(records) if !records.is_empty() => {
                return (records.iter().map(|consumed| consumed.record.offset.0).collect(), before);
            }
            GroupEvent::Records(_) => {}
            other => before.push(other),
        }
    }
}

fn place() -> (String, i32) {
    (TOPIC.to_owned(), 0)
}

fn at(offset: i64) -> BTreeMap<(String, i32), Offset> {
    BTreeMap::from([(place(), Offset(offset))])
}

/// Protects: a member begins where the group stands, commits under its epoch, learns a newer one that a commit
/// lacks, and says that it leaves.
#[tokio::test]
async fn a_member_reads_and_commits() {
    let (address, script) = broker(50).await;
    let mut member = join(&address);
    assert_eq!(read(&mut member).await, (vec![50, 51, 52], vec![GroupEvent::Assigned(vec![place()])]));
    member.commit(&at(53)).await.unwrap();
    {
        let mut script = script.lock().unwrap();
        script.epoch = 6;
        script.commits.push_back(Some(ErrorCode::StaleMemberEpoch));
    }
    member.commit(&at(56)).await.unwrap();
    member.leave().await;
    let script = script.lock().unwrap();
    assert_eq!(script.asked.first(), Some(&(5, 53)));
    assert_eq!((script.asked.last(), script.committed), (Some(&(6, 56)), 56));
    assert_eq!((script.beaten.first(), script.beaten.last()), (Some(&0), Some(&-1)));
}

/// Protects: a commit outlives a coordinator that moved, is loading, or hangs up.
#[tokio::test]
async fn a_commit_finds_the_coordinator_again() {
    let (address, script) = broker(50).await;
    let mut member = join(&address);
    read(&mut member).await;
    for trouble in [Some(ErrorCode::NotCoordinator), Some(ErrorCode::CoordinatorLoadInProgress), None] {
        let found = {
            let mut script = script.lock().unwrap();
            script.commits.push_back(trouble);
            script.found
        };
        member.commit(&at(60)).await.unwrap();
        let mut script = script.lock().unwrap();
        assert_eq!(std::mem::take(&mut script.committed), 60);
        assert_eq!(
            script.found > found,
            trouble != Some(ErrorCode::CoordinatorLoadInProgress),
            "{trouble:?}"
        );
    }
}

/// Protects: what a member read before it was fenced is never committed afterwards, though it is a member again:
/// the commit does not even reach the coordinator.
#[tokio::test]
async fn a_fenced_member_commits_nothing() {
    let (address, script) = broker(50).await;
    let mut member = join(&address);
    read(&mut member).await;
    let beaten = {
        let mut script = script.lock().unwrap();
        script.epoch = 9;
        script.beats.push_back(ErrorCode::FencedMemberEpoch);
        script.beaten.len()
    };
    // It has joined again when the coordinator has heard of the new epoch.
    while !script.lock().unwrap().beaten[beaten..].contains(&9) {
        tokio::task::yield_now().await;
    }
    let error = member.commit(&at(53)).await.unwrap_err();
    assert!(matches!(error, ClientError::Fenced { .. }), "{error}");
    assert_eq!(script.lock().unwrap().asked, []);
    let (offsets, before) = read(&mut member).await;
    assert_eq!(offsets, [50, 51, 52]);
    assert_eq!(before, [GroupEvent::Lost(vec![place()]), GroupEvent::Assigned(vec![place()])]);
    member.commit(&at(53)).await.unwrap();
    assert_eq!(script.lock().unwrap().asked, [(9, 53)]);
}

/// Protects: a committed offset that is no longer in the log is told, with the place where reading goes on.
#[tokio::test]
async fn an_offset_outside_the_log_is_told() {
    let (address, _script) = broker(7).await;
    let mut member = join(&address);
    let (offsets, before) = read(&mut member).await;
    assert_eq!(offsets, [40, 41, 42]);
    let reset = GroupEvent::Reset { partition: place(), from: Offset(7), to: Offset(FIRST) };
    assert_eq!(before, [GroupEvent::Assigned(vec![place()]), reset]);
}

/// Protects: a refusal that no other try mends ends the poll with the coordinator's reason.
#[tokio::test]
async fn a_refusal_is_told() {
    let (address, script) = broker(50).await;
    script.lock().unwrap().beats.push_back(ErrorCode::GroupMaxSizeReached);
    let error = join(&address).poll().await.unwrap_err();
    assert!(error.to_string().contains("GROUP_MAX_SIZE_REACHED"), "{error}");
}
