//! A member of the classic protocol that reads nothing: JoinGroup, SyncGroup, Heartbeat, on a connection of its own.

use super::members::Crowd;
use super::{known, refused};
use crate::failure::Failure;
use bytes::Bytes;
use client::{
    ClientOptions, Connection, HeartbeatRequest, JoinGroupRequest, JoinGroupRequestProtocol,
    JoinGroupResponse, LeaveGroupRequest, MemberIdentity, SyncGroupRequest, SyncGroupRequestAssignment,
};
use env::net::Net;
use std::time::Duration;
use tokio::task::JoinSet;
use types::ErrorCode;

/// Subscription of version 0: the topic's name, no user data.
const SUBSCRIPTION: &[u8] = b"\x00\x00\x00\x00\x00\x01\x00\x05bench\xff\xff\xff\xff";
/// Assignment of version 0: nothing, no user data.
const ASSIGNMENT: &[u8] = b"\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff";
const KIND: &str = "consumer";
const STRATEGY: &str = "range";
const SESSION_MS: i32 = 45_000;
const REBALANCE_MS: i32 = 60_000;
/// Time between heartbeats of Kafka's clients.
const BEAT_EVERY: Duration = Duration::from_secs(3);
/// Pause before what may pass is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// Starts the members.
pub(super) fn start(
    crowd: &Crowd,
    first: &Connection,
    options: &ClientOptions,
    members: usize,
    tasks: &mut JoinSet<Result<(), Failure>>,
) {
    let patient = ClientOptions { request_timeout: Duration::from_secs(120), ..options.clone() };
    for member in 0..members {
        tasks.spawn(run(crowd.clone(), member, first.address().to_owned(), patient.clone()));
    }
}

/// A place in the group.
struct Place {
    id: String,
    generation: i32,
}

async fn run(
    mut crowd: Crowd,
    member: usize,
    address: String,
    options: ClientOptions,
) -> Result<(), Failure> {
    crowd.turn(member).await;
    let line = Connection::open(Net::Real, &address, &options).await?;
    let mut place = Place { id: String::new(), generation: -1 };
    let mut settled = false;
    loop {
        if !settled {
            settled = settle(&crowd, member, &line, &mut place).await?;
        }
        let pause = if settled { crowd.beat_every.unwrap_or(BEAT_EVERY) } else { PAUSE };
        if crowd.pause(pause).await {
            break;
        }
        if settled {
            settled = beat(&crowd, member, &line, &mut place).await?;
        }
    }
    let members = vec![MemberIdentity { member_id: place.id.clone(), ..MemberIdentity::default() }];
    let group_id = crowd.group.clone();
    let request = LeaveGroupRequest { group_id, member_id: place.id, members };
    let _best_effort = line.call(&request).await;
    Ok(())
}

/// Joins and syncs; says whether it has an assignment.
async fn settle(crowd: &Crowd, member: usize, line: &Connection, place: &mut Place) -> Result<bool, Failure> {
    let joined = line.call(&join_request(crowd, place)).await?;
    match known(joined.error_code) {
        ErrorCode::None => {}
        ErrorCode::MemberIdRequired => {
            place.id = joined.member_id;
            return Ok(false);
        }
        code => return again("JoinGroup", code, place),
    }
    place.id.clone_from(&joined.member_id);
    place.generation = joined.generation_id;
    let synced = line.call(&sync_request(crowd, &joined)).await?;
    match known(synced.error_code) {
        ErrorCode::None => {
            crowd.board().on_assigned(member, (joined.generation_id, 0), crowd.now());
            Ok(true)
        }
        code => again("SyncGroup", code, place),
    }
}

/// What may pass is tried again, under a new name if that one is forgotten.
fn again(what: &str, code: ErrorCode, place: &mut Place) -> Result<bool, Failure> {
    match code {
        ErrorCode::UnknownMemberId => place.id.clear(),
        ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => {}
        code if code.is_retriable() => {}
        code => return Err(refused(what, code.code())),
    }
    Ok(false)
}

/// Says that it lives; says whether it still has its assignment.
async fn beat(crowd: &Crowd, member: usize, line: &Connection, place: &mut Place) -> Result<bool, Failure> {
    let request = HeartbeatRequest {
        group_id: crowd.group.clone(),
        generation_id: place.generation,
        member_id: place.id.clone(),
        ..HeartbeatRequest::default()
    };
    let code = known(line.call(&request).await?.error_code);
    let mut board = crowd.board();
    if code == ErrorCode::None {
        board.beats += 1;
        return Ok(true);
    }
    board.on_lost(member);
    board.fenced += u64::from(code == ErrorCode::UnknownMemberId);
    drop(board);
    again("Heartbeat", code, place)
}

fn join_request(crowd: &Crowd, place: &Place) -> JoinGroupRequest {
    let metadata = Bytes::from_static(SUBSCRIPTION);
    JoinGroupRequest {
        group_id: crowd.group.clone(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        member_id: place.id.clone(),
        protocol_type: KIND.to_owned(),
        protocols: vec![JoinGroupRequestProtocol { name: STRATEGY.to_owned(), metadata }],
        ..JoinGroupRequest::default()
    }
}

/// The leader gives everybody nothing.
fn sync_request(crowd: &Crowd, joined: &JoinGroupResponse) -> SyncGroupRequest {
    let give = |member: &client::JoinGroupResponseMember| SyncGroupRequestAssignment {
        member_id: member.member_id.clone(),
        assignment: Bytes::from_static(ASSIGNMENT),
    };
    SyncGroupRequest {
        group_id: crowd.group.clone(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        protocol_type: Some(KIND.to_owned()),
        protocol_name: Some(STRATEGY.to_owned()),
        assignments: joined.members.iter().map(give).collect(),
        ..SyncGroupRequest::default()
    }
}
