//! From a frame to an answer: one file per API.
//!
//! [`accept`] finds the API and calls its handler. Produce hands its batches to their shards before
//! `accept` returns, and so does OffsetCommit to its coordinator if nothing waits for its turn; every other body is
//! decoded and answered when its future is first polled, which is when all requests before it have been answered. So
//! of what waits a connection holds only the frames, which are admitted memory (W-17).

mod alter;
mod authorized;
mod brokers;
mod groups;
mod k00_produce;
mod k01_fetch;
mod k02_list_offsets;
mod k03_metadata;
mod k08_offset_commit;
mod k09_offset_fetch;
mod k10_find_coordinator;
mod k11_join_group;
mod k12_heartbeat;
mod k13_leave_group;
mod k14_sync_group;
mod k15_describe_groups;
mod k16_list_groups;
mod k17_sasl_handshake;
mod k18_api_versions;
mod k19_create_topics;
mod k20_delete_topics;
mod k21_delete_records;
mod k22_init_producer_id;
mod k23_offset_for_leader_epoch;
mod k24_add_partitions_to_txn;
mod k25_add_offsets_to_txn;
mod k26_end_txn;
mod k27_write_txn_markers;
mod k28_txn_offset_commit;
mod k29_describe_acls;
mod k30_create_acls;
mod k31_delete_acls;
mod k32_describe_configs;
mod k33_alter_configs;
mod k35_describe_log_dirs;
mod k37_create_partitions;
mod k42_delete_groups;
mod k44_incremental_alter_configs;
mod k47_offset_delete;
mod k55_describe_quorum;
mod k57_update_features;
mod k60_describe_cluster;
mod k61_describe_producers;
mod k65_describe_transactions;
mod k66_list_transactions;
mod k68_consumer_group_heartbeat;
mod k69_consumer_group_describe;
mod k74_list_config_resources;
mod k75_describe_topic_partitions;
pub(crate) mod read;
mod resources;
mod table;
mod topics;
mod transactions;
mod verify;

pub(crate) use groups::{ask_within, create_topic_now};
pub(crate) use k35_describe_log_dirs::sizes as log_sizes;
pub(crate) use transactions::{led as txn_coordinators, look as look_at_txns};

use crate::admission::Admitted;
use crate::context::Context;
use crate::net::connection::Peer;
use bytes::Bytes;
use futures_util::future::Either;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use types::ErrorCode;
use wire::{ApiMessage, Reader, RequestHeader};

/// Produce's key, by which its frames are told before they are read.
pub(crate) const PRODUCE_KEY: i16 = 0;

/// Metadata's key: the one request that may have bytes left over. librdkafka up to 2.12 asks for all
/// topics with four zero bytes where the flexible versions have one; Kafka ignores what follows.
const METADATA_KEY: i16 = 3;

/// An accepted request; its future completes it. No response means that none is sent.
pub(crate) type Accepted = Pin<Box<dyn Future<Output = Result<Option<Response>, Refused>>>>;

/// A response, ready to be written.
pub(crate) struct Response {
    /// The frame.
    pub(crate) chunks: Vec<Bytes>,
    /// Memory that it holds.
    pub(crate) admitted: Option<Admitted>,
}

/// Why a connection is closed instead of answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The bytes are no request.
    #[error("the request cannot be read: {0}")]
    Decode(#[from] wire::DecodeError),
    /// A key or version that is not announced.
    #[error("API {key} version {version} is not served")]
    Unserved {
        /// The key.
        key: i16,
        /// The version.
        version: i16,
    },
    /// A response that its version cannot express: a defect of this broker.
    #[error("the response cannot be written: {0}")]
    Encode(#[from] wire::EncodeError),
    /// More partitions than any client writes to at a time; answering would take many times the frame.
    #[error("the request names {0} partitions")]
    TooMany(usize),
    /// An answer that memory does not allow; asking for less helps.
    #[error("the answer would take up to {bytes} bytes of memory, at most {max} are given to one")]
    TooLong {
        /// What it could take.
        bytes: usize,
        /// What there is.
        max: usize,
    },
    /// The client has come by a later connection: what it has sent by this one may be long over.
    #[error("the producer has come by a later connection")]
    Late,
    /// `acks=0` has no other way to be told.
    #[error("a batch sent with acks=0 was refused: {0}")]
    Unacknowledged(ErrorCode),
}

/// Memory of a request: of its frame, and of what is decoded of it.
#[derive(Debug)]
pub(crate) struct Holds(#[allow(dead_code)] Admitted, #[allow(dead_code)] Option<Admitted>);

/// The memory of a frame, which whoever has taken all out of it may give back before its request is answered.
pub(crate) type FrameMemory = Rc<Cell<Option<Admitted>>>;

/// A request on its way to its handler.
pub(crate) struct Call {
    pub(crate) header: RequestHeader,
    pub(crate) body: Reader,
    pub(crate) context: Arc<Context>,
    /// Size of the whole frame, which its slices hold in memory.
    pub(crate) frame_bytes: usize,
    /// What was admitted for it.
    pub(crate) frame: FrameMemory,
    /// Who sends it.
    pub(crate) peer: Rc<Peer>,
}

/// Returns the key of the API that a frame is for.
pub(crate) fn key_of(frame: &[u8]) -> i16 {
    frame.first_chunk().map_or(-1, |key| i16::from_be_bytes(*key))
}

/// When work on an accepted request begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Begin {
    /// It has begun.
    Done,
    /// When its turn has come.
    InTurn,
    /// When its turn has come, and for a while nothing more is read until it is answered: so those after it may begin at once
    /// again.
    Alone,
}

/// Accepts one frame.
///
/// # Errors
/// The reason for which the connection is closed.
pub(crate) async fn accept(
    frame: Bytes,
    memory: FrameMemory,
    peer: &Rc<Peer>,
    context: &Arc<Context>,
) -> Result<(Accepted, Begin), Refused> {
    let frame_bytes = frame.len();
    let mut body = Reader::new(frame);
    let header = RequestHeader::decode(&mut body)?;
    let id = header.id;
    let Some(api) = table::find(id.api_key) else {
        return Err(Refused::Unserved { key: id.api_key, version: id.api_version });
    };
    let call =
        Call { header, body, context: context.clone(), frame_bytes, frame: memory, peer: peer.clone() };
    if !api.info.supports(id.api_version) {
        if api.info.key == table::API_VERSIONS_KEY {
            return k18_api_versions::unsupported(&call).map(|accepted| (accepted, Begin::InTurn));
        }
        return Err(Refused::Unserved { key: id.api_key, version: id.api_version });
    }
    if let Some(probes) = call.context.probes.api(id.api_key) {
        probes.accepted(id.api_version, frame_bytes);
    }
    tracing::trace!(peer = peer.address, api = api.info.name, version = id.api_version, "request");
    match api.serve {
        table::Serve::Produce => k00_produce::accept(call).await.map(|accepted| (accepted, Begin::Done)),
        table::Serve::AtOnce(serve) => serve(call, peer.all_have_begun()),
        table::Serve::Inline(serve) => serve(call).map(|accepted| (accepted, Begin::InTurn)),
    }
}

/// Decodes the body, and answers it with `handler` when its turn has come. `size` says what the answer will take
/// at most, decoded and encoded; nothing is built before that memory is admitted (W-17).
pub(crate) fn answer<Q, R, F>(
    call: Call,
    size: fn(&Context, &Q) -> usize,
    handler: impl FnOnce(Arc<Context>, Q, i16) -> F + 'static,
) -> Result<Accepted, Refused>
where
    Q: wire::Request<Response = R> + 'static,
    R: ApiMessage,
    F: Future<Output = R>,
{
    answer_unless(call, size, move |context, request, version| {
        let response = handler(context, request, version);
        async move { Ok(response.await) }
    })
}

/// As [`answer`], but the handler may have the connection closed instead.
pub(crate) fn answer_unless<Q, R, F>(
    call: Call,
    size: fn(&Context, &Q) -> usize,
    handler: impl FnOnce(Arc<Context>, Q, i16) -> F + 'static,
) -> Result<Accepted, Refused>
where
    Q: wire::Request<Response = R> + 'static,
    R: ApiMessage,
    F: Future<Output = Result<R, Refused>>,
{
    let Call { header, mut body, context, frame_bytes, .. } = call;
    let version = header.id.api_version;
    Ok(Box::pin(async move {
        let _decoding = context.admission.decoding(frame_bytes).await;
        let request = Q::decode(&mut body, version)?;
        if Q::KEY != METADATA_KEY {
            body.finish()?;
        }
        let (bytes, max) = (size(&context, &request), context.admission.answer_max());
        if bytes > max {
            return Err(Refused::TooLong { bytes, max });
        }
        let admitted = Some(context.admission.answer(bytes).await);
        let response = handler(context.clone(), request, version).await?;
        Ok(Some(Response { admitted, ..respond(&context, &header, &response)? }))
    }))
}

/// As [`answer`], but calls `handler` at once if it may begin and memory has room for it now: what the handler does before it
/// returns its future is done in the order of the requests.
pub(crate) fn answer_at_once<Q, R, F>(
    call: Call,
    may_begin: bool,
    size: fn(&Context, &Q) -> usize,
    handler: impl FnOnce(Arc<Context>, Q, i16) -> F + 'static,
) -> Result<(Accepted, Begin), Refused>
where
    Q: wire::Request<Response = R> + 'static,
    R: ApiMessage,
    F: Future<Output = R> + 'static,
{
    let room = if may_begin { call.context.admission.try_decoding(call.frame_bytes) } else { None };
    let Some(decoding) = room else { return Ok((answer(call, size, handler)?, Begin::Alone)) };
    let Call { header, mut body, context, .. } = call;
    let version = header.id.api_version;
    let request = Q::decode(&mut body, version)?;
    body.finish()?;
    let (bytes, max) = (size(&context, &request), context.admission.answer_max());
    if bytes > max {
        return Err(Refused::TooLong { bytes, max });
    }
    let admitted = context.admission.try_answer(bytes);
    let has_begun = admitted.is_some();
    let begin = {
        let context = context.clone();
        move || handler(context, request, version)
    };
    let begun = if has_begun { Either::Left(begin()) } else { Either::Right(begin) };
    let accepted = async move {
        let _decoding = decoding;
        let admitted = match admitted {
            Some(admitted) => admitted,
            None => context.admission.answer(bytes).await,
        };
        let response = match begun {
            Either::Left(begun) => begun.await,
            Either::Right(begin) => begin().await,
        };
        Ok(Some(Response { admitted: Some(admitted), ..respond(&context, &header, &response)? }))
    };
    Ok((Box::pin(accepted), if has_begun { Begin::Done } else { Begin::Alone }))
}

/// Decodes the body, and answers it with `handler` when its turn has come: with an answer whose size only coordinators know.
/// The handler gets what is admitted for the answer beside `size`; if that is not enough it says what is, and is asked again.
pub(crate) fn answer_within<Q, R, F>(
    call: Call,
    size: fn(&Context, &Q) -> usize,
    handler: impl Fn(Arc<Context>, Q, i16, usize) -> F + 'static,
) -> Result<Accepted, Refused>
where
    Q: wire::Request<Response = R> + Clone + 'static,
    R: ApiMessage,
    F: Future<Output = Result<R, usize>>,
{
    let Call { header, mut body, context, frame_bytes, .. } = call;
    let version = header.id.api_version;
    Ok(Box::pin(async move {
        let _decoding = context.admission.decoding(frame_bytes).await;
        let request = Q::decode(&mut body, version)?;
        body.finish()?;
        let (known, mut more) = (size(&context, &request), 0);
        loop {
            let admitted = Some(admit_answer(&context, known.saturating_add(more)).await?);
            match handler(context.clone(), request.clone(), version, more).await {
                Ok(response) => {
                    return Ok(Some(Response { admitted, ..respond(&context, &header, &response)? }));
                }
                // Groups may grow in the meantime.
                Err(needed) => more = needed.saturating_add(needed / 8),
            }
        }
    }))
}

/// Admits an answer.
///
/// # Errors
/// [`Refused::TooLong`]: it would be longer than any may be.
pub(crate) async fn admit_answer(context: &Context, bytes: usize) -> Result<Admitted, Refused> {
    let max = context.admission.answer_max();
    if bytes > max {
        return Err(Refused::TooLong { bytes, max });
    }
    Ok(context.admission.answer(bytes).await)
}

/// Decodes the body, and lets `handler` answer it when its turn has come: with an answer that may be minutes away, and that
/// the handler admits when it is there. Until then nothing of the request has to be held here: the handler gives that to
/// whoever counts it.
pub(crate) fn answer_later<Q, R, F>(
    call: Call,
    handler: impl FnOnce(Arc<Context>, Q, i16, Holds) -> F + 'static,
) -> Result<Accepted, Refused>
where
    Q: wire::Request<Response = R> + 'static,
    R: ApiMessage,
    F: Future<Output = Result<(R, Admitted), Refused>>,
{
    let Call { header, mut body, context, frame_bytes, frame, .. } = call;
    let version = header.id.api_version;
    Ok(Box::pin(async move {
        let decoding = context.admission.decoding(frame_bytes).await;
        let request = Q::decode(&mut body, version)?;
        body.finish()?;
        let holds = Holds(decoding, frame.take());
        let (response, admitted) = handler(context.clone(), request, version, holds).await?;
        Ok(Some(Response { admitted: Some(admitted), ..respond(&context, &header, &response)? }))
    }))
}

/// Writes a response in the version of its request, and counts its codes.
///
/// # Errors
/// [`Refused::Encode`].
pub(crate) fn respond<R: ApiMessage>(
    context: &Context,
    header: &RequestHeader,
    response: &R,
) -> Result<Response, Refused> {
    if let Some(probes) = context.probes.api(R::KEY) {
        probes.responded(response);
    }
    let chunks = wire::response_frame(header.id.correlation_id, response, header.id.api_version)?;
    Ok(Response { chunks, admitted: None })
}
