//! WriteTxnMarkers, 1 and 2. KIP-98, 664, 890, 1228.
//!
//! From a client, Kafka's abort tool: a transaction that a coordinator runs is aborted whole, by it; an orphan, which none runs,
//! gets its mark; one of an epoch before that of what runs comes too late (X1). A commit is refused: what is
//! committed only a coordinator decides (A24). Whether one runs it is asked of all of them at once, for all marks.
//! Differs from Kafka: two marks of one producer for one partition in one request are INVALID_REQUEST (A12).
//! Tests: below, tests/wire/transactions.rs.

use super::topics::{self, TopicRef};
use super::transactions::ask;
use crate::context::Context;
use crate::markers;
use crate::orphans::owners;
use crate::publish::Published;
use crate::shard::txns::Marker;
use coordinator::txn::{Producer, TxnRequest};
use partition::{EndTxn, TransactionVersion};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use types::{ErrorCode, LogKey, ProducerEpoch, ProducerId};
use wire::record::ControlKind;
use wire::write_txn_markers_request::{WritableTxnMarker, WriteTxnMarkersRequest};
use wire::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
    WriteTxnMarkersResponse,
};

/// What a topic takes in a request and its answer, without its name. *Units*: bytes.
const TOPIC_BYTES: usize = 250;
/// What a partition takes there and while it waits. *Units*: bytes.
const PARTITION_BYTES: usize = 300;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &WriteTxnMarkersRequest) -> usize {
    let topics = request.markers.iter().flat_map(|marker| &marker.topics);
    let size = topics.map(|t| TOPIC_BYTES + 3 * t.name.len() + t.partition_indexes.len() * PARTITION_BYTES);
    size.sum::<usize>() + request.markers.len() * TOPIC_BYTES
}

pub(super) async fn write_txn_markers(
    context: Arc<Context>,
    request: WriteTxnMarkersRequest,
    _: i16,
) -> WriteTxnMarkersResponse {
    let mut marks = asked(&context.published(), &request);
    refuse_commits(&mut marks);
    abort_running(&context, &mut marks).await;
    let orphans: Vec<Marker> = marks.iter().filter_map(|mark| mark.ok()).collect();
    let mut codes = markers::write(&context, &orphans).await.into_iter();
    let mut answers = marks.iter().map(|mark| match mark {
        Err(code) => *code,
        Ok(_) => codes.next().unwrap_or(ErrorCode::RequestTimedOut),
    });
    respond(request, &mut answers)
}

/// What is committed only a coordinator decides (A24).
fn refuse_commits(marks: &mut [Result<Marker, ErrorCode>]) {
    for mark in marks {
        if mark.is_ok_and(|mark| mark.end.kind == ControlKind::Commit) {
            *mark = Err(ErrorCode::ClusterAuthorizationFailed);
        }
    }
}

/// Has coordinators abort what they run of it, each once; what is left has no coordinator.
async fn abort_running(context: &Context, marks: &mut [Result<Marker, ErrorCode>]) {
    let places: Vec<_> = marks.iter().flatten().map(|mark| (mark.end.producer_id, mark.key)).collect();
    let owners = match owners(context, &places).await {
        Ok(owners) => owners,
        Err(code) => return marks.iter_mut().filter(|mark| mark.is_ok()).for_each(|mark| *mark = Err(code)),
    };
    let mut aborted: BTreeMap<(Arc<str>, ProducerEpoch), ErrorCode> = BTreeMap::new();
    for (mark, owner) in marks.iter_mut().filter(|mark| mark.is_ok()).zip(owners) {
        let (Ok(Marker { end, .. }), Some((_, id))) = (*mark, owner) else { continue };
        let once = (id, end.producer_epoch);
        let code = match aborted.get(&once) {
            Some(code) => *code,
            None => abort(context, &once.0, end).await,
        };
        aborted.insert(once, code);
        // What its coordinator has aborted is done.
        *mark = Err(code);
    }
}

async fn abort(context: &Context, id: &str, end: EndTxn) -> ErrorCode {
    let producer = Producer { id: end.producer_id, epoch: end.producer_epoch };
    ask(context, id, TxnRequest::Abort { producer }, None).await.err().unwrap_or(ErrorCode::None)
}

/// Lists the marks of a request, one for each partition in its order, or why there is none.
fn asked(published: &Published, request: &WriteTxnMarkersRequest) -> Vec<Result<Marker, ErrorCode>> {
    let mut all: Vec<Result<Marker, ErrorCode>> = Vec::new();
    for marker in &request.markers {
        let end = end_of(marker);
        for topic in &marker.topics {
            for index in &topic.partition_indexes {
                let key = resolve(published, &topic.name, *index);
                all.push(key.map(|key| Marker { key, end, of_client: true }));
            }
        }
    }
    refuse_duplicates(&mut all);
    all
}

fn respond(
    request: WriteTxnMarkersRequest,
    answers: &mut impl Iterator<Item = ErrorCode>,
) -> WriteTxnMarkersResponse {
    let mut response = WriteTxnMarkersResponse::default();
    for marker in request.markers {
        let mut topics = Vec::with_capacity(marker.topics.len());
        for topic in marker.topics {
            let indexes = topic.partition_indexes.into_iter();
            let partitions = indexes.zip(&mut *answers).map(|(partition_index, code)| {
                WritableTxnMarkerPartitionResult { partition_index, error_code: code.code() }
            });
            topics.push(WritableTxnMarkerTopicResult { name: topic.name, partitions: partitions.collect() });
        }
        response.markers.push(WritableTxnMarkerResult { producer_id: marker.producer_id, topics });
    }
    response
}

fn end_of(marker: &WritableTxnMarker) -> EndTxn {
    EndTxn {
        producer_id: ProducerId(marker.producer_id),
        producer_epoch: ProducerEpoch(marker.producer_epoch),
        kind: if marker.transaction_result { ControlKind::Commit } else { ControlKind::Abort },
        coordinator_epoch: marker.coordinator_epoch,
        transaction_version: TransactionVersion(i16::from(marker.transaction_version)),
    }
}

fn resolve(published: &Published, topic: &str, index: i32) -> Result<LogKey, ErrorCode> {
    Ok(topics::partition(topics::topic(published, TopicRef::Name(topic))?, index)?.0)
}

/// Refuses every copy of a mark that a partition gets twice from one producer.
fn refuse_duplicates(all: &mut [Result<Marker, ErrorCode>]) {
    let place = |marker: &Marker| (marker.key, marker.end.producer_id);
    let mut seen: BTreeMap<(LogKey, ProducerId), usize> = BTreeMap::new();
    for marker in all.iter().flatten() {
        *seen.entry(place(marker)).or_default() += 1;
    }
    let twice: BTreeSet<_> = seen.into_iter().filter(|(_, count)| *count > 1).map(|(at, _)| at).collect();
    for one in all {
        if one.is_ok_and(|marker| twice.contains(&place(&marker))) {
            *one = Err(ErrorCode::InvalidRequest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::write_txn_markers_request::WritableTxnMarkerTopic;

    fn marker(producer_id: i64, partitions: &[i32]) -> WritableTxnMarker {
        let topic = WritableTxnMarkerTopic { name: "t".into(), partition_indexes: partitions.to_vec() };
        WritableTxnMarker {
            producer_id,
            producer_epoch: 3,
            transaction_result: true,
            topics: vec![topic],
            coordinator_epoch: 5,
            transaction_version: 2,
        }
    }

    /// Protects: each answer stands where its mark stood, whatever became of the others.
    #[test]
    fn answers_stand_where_their_marks_stood() {
        let request = WriteTxnMarkersRequest { markers: vec![marker(7, &[2, 0]), marker(8, &[1])] };
        let codes = [ErrorCode::None, ErrorCode::InvalidProducerEpoch, ErrorCode::NotLeaderOrFollower];
        let response = respond(request, &mut codes.into_iter());
        let found = response.markers.iter().flat_map(|m| {
            let id = m.producer_id;
            m.topics
                .iter()
                .flat_map(move |t| t.partitions.iter().map(move |p| (id, p.partition_index, p.error_code)))
        });
        assert_eq!(found.collect::<Vec<_>>(), [(7, 2, 0), (7, 0, 47), (8, 1, 6)]);
    }

    /// Protects: A12: a partition that gets two marks of one producer in one request gets none; those of another are not
    /// concerned.
    #[test]
    fn doubled_marks_are_refused() {
        let key = |partition| LogKey { partition: types::PartitionId(partition), ..LogKey::default() };
        let mark = |id, partition| {
            Ok(Marker { key: key(partition), end: end_of(&marker(id, &[])), of_client: true })
        };
        let mut all =
            vec![mark(7, 0), mark(8, 0), mark(7, 0), mark(7, 1), Err(ErrorCode::UnknownTopicOrPartition)];
        refuse_duplicates(&mut all);
        let codes: Vec<Option<ErrorCode>> = all.iter().map(|one| one.err()).collect();
        let twice = Some(ErrorCode::InvalidRequest);
        assert_eq!(codes, [twice, None, twice, None, Some(ErrorCode::UnknownTopicOrPartition)]);
    }
}
