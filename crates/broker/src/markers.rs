//! The marks that end a transaction, from a client's call to the partitions; those of coordinators go another way
//! (`shard::sendings`).
//!
//! Room for them is taken as for every batch, but a full disk that refuses produce does not refuse them (W-12): without them
//! nothing that waits for a transaction goes on. Source: KIP-98; `TransactionMarkerChannelManager`.
//! Tests: tests/storage/transactions.rs.

use crate::context::Context;
use crate::room::Room;
use crate::shard::message::{AppendAnswer, AppendReply, ShardMessage};
use crate::shard::txns::{Marker, WriteMarkers};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::oneshot;
use types::ErrorCode;

/// What one mark takes in the write-ahead log, its frame included, and in memory. *Units*: bytes.
const MARKER_BYTES: u64 = 256;
/// Marks for which room is taken at a time: it has to fit into any write-ahead log.
pub(crate) const AT_ONCE: usize = 4096;

/// Returns what so many marks take. *Units*: bytes.
pub(crate) fn bytes(count: usize) -> u64 {
    count as u64 * MARKER_BYTES
}

/// Writes marks; returns Kafka's code for each once it is committed or refused, in their order. Those of one call go to each
/// shard as one message, unless they are more than 4,096.
pub(crate) async fn write(context: &Context, markers: &[Marker]) -> Vec<ErrorCode> {
    let mut codes = Vec::with_capacity(markers.len());
    for some in markers.chunks(AT_ONCE) {
        codes.extend(write_some(context, some).await);
    }
    codes
}

async fn write_some(context: &Context, markers: &[Marker]) -> Vec<ErrorCode> {
    let Room { claim, reservation } = context.rooms.room(bytes(markers.len())).await;
    let (claim, room) = (Arc::new(claim), Arc::new(reservation));
    let mut shards: BTreeMap<usize, (Vec<usize>, Vec<Marker>)> = BTreeMap::new();
    for (index, marker) in markers.iter().enumerate() {
        let (indexes, some) = shards.entry(context.router.shard_of(&marker.key)).or_default();
        indexes.push(index);
        some.push(*marker);
    }
    let hand_over = |(shard, (indexes, markers))| {
        let (reply, answers) = oneshot::channel();
        let (room, claim) = (room.clone(), claim.clone());
        let message = WriteMarkers { markers, room, claim, reply: AppendReply::Asker(reply) };
        context.router.send(shard, ShardMessage::WriteMarkers(message));
        (indexes, answers)
    };
    let replies: Vec<(Vec<usize>, oneshot::Receiver<Vec<AppendAnswer>>)> =
        shards.into_iter().map(hand_over).collect();
    // A shard that has stopped says nothing: whether a mark was written is open.
    let mut codes = vec![ErrorCode::RequestTimedOut; markers.len()];
    for (indexes, answers) in replies {
        for (index, answer) in indexes.into_iter().zip(answers.await.unwrap_or_default()) {
            codes[index] = answer.code;
        }
    }
    codes
}
