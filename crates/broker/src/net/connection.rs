//! One client connection: frames in, responses out in the order of the requests.
//!
//! Two stages (D-7). The reader takes a frame, admits its memory, and *accepts* it: for Produce the
//! batches are handed to their shards before the next frame is read, so that order is kept while
//! many requests are in flight. The writer completes the accepted requests one after another and
//! writes each response. Every other request begins when it has become the head of the queue, as
//! if the connection served one request at a time, which is what Kafka promises.
//!
//! *Invariant*: responses leave in request order. Tests: tests/wire/connections.rs, tests/wire/frames.rs.

use crate::admission::{Admitted, FrameKind};
use crate::api::{self, Accepted, Response};
use crate::context::Context;
use crate::net::frame_reader::FrameReader;
use bytes::{Buf, Bytes};
use env::net::Stream;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use wire::RequestId;

/// Most requests that one connection may have accepted and not answered.
const IN_FLIGHT_MAX: usize = 128;
/// A frame that has begun must be whole within this time.
const FRAME_DEADLINE: Duration = Duration::from_secs(30);
/// A response must be taken by the peer within this time, and what its size needs at the slowest rate.
const WRITE_DEADLINE: Duration = Duration::from_secs(60);
/// Slowest rate at which a peer may take a response. *Units*: bytes per millisecond.
const SLOWEST_RATE: usize = 256;
/// Answered responses are gathered up to this size before they are written.
const GATHER_MAX: usize = 256 * 1024;
/// Most chunks that one write takes.
const SLICES_MAX: usize = 64;

/// Why a connection ends. The peer sees a closed connection; the log has one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionEnd {
    /// The peer closed, or the network failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The frame length is impossible.
    #[error("{0}")]
    Frame(#[from] wire::FrameLengthError),
    /// The request cannot be understood or must not be answered.
    #[error("{0}")]
    Refused(#[from] api::Refused),
    /// A frame without records that is larger than memory allows (W-17).
    #[error("a frame of {length} bytes; without records at most {max} are read")]
    TooLarge {
        /// What was announced.
        length: usize,
        /// What may be.
        max: usize,
    },
    /// Too slow in sending a frame or taking a response.
    #[error("the peer took longer than {0:?}")]
    TooSlow(Duration),
}

/// What the queue between reader and writer holds.
struct Pending {
    accepted: Accepted,
    /// Memory of the frame; given back when the request has been completed.
    admitted: Admitted,
}

/// Serves a connection to its end.
pub(crate) async fn serve(stream: Stream, peer: String, context: Arc<Context>) {
    let (read, write) = tokio::io::split(stream);
    let (queue, accepted) = mpsc::channel(IN_FLIGHT_MAX);
    let mut writer = std::pin::pin!(write_all(write, accepted));
    let reader = read_until_stop(read, queue, &peer, &context);
    let end = tokio::select! {
        biased;
        end = &mut writer => end,
        // What was accepted before is still answered.
        end = reader => writer.await.and(end),
    };
    match end {
        Ok(()) => {}
        Err(ConnectionEnd::Io(error)) => tracing::debug!(%peer, %error, "connection ended"),
        Err(reason) => {
            context.probes.connections_refused.inc();
            tracing::info!(peer = %peer, reason = %reason, "connection closed");
        }
    }
}

/// Reads requests until the broker stops.
async fn read_until_stop(
    read: ReadHalf<Stream>,
    queue: mpsc::Sender<Pending>,
    peer: &str,
    context: &Arc<Context>,
) -> Result<(), ConnectionEnd> {
    let mut stop = context.stop.clone();
    tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => Ok(()),
        end = read_all(read, queue, peer, context) => end,
    }
}

/// Reads and accepts requests until the peer closes, idles too long or sends what cannot be read.
async fn read_all(
    read: ReadHalf<Stream>,
    queue: mpsc::Sender<Pending>,
    peer: &str,
    context: &Arc<Context>,
) -> Result<(), ConnectionEnd> {
    let mut read = FrameReader::new(read);
    let network = &context.config.network;
    // A negative limit means never.
    let idle_max =
        u64::try_from(network.connections_max_idle_ms.0).map_or(Duration::MAX, Duration::from_millis);
    loop {
        let Ok(slot) = queue.reserve().await else { return Ok(()) };
        let Some(length) = next_length(&mut read, idle_max).await? else { return Ok(()) };
        let length = wire::request_length(length, network.socket_request_max_bytes as usize)?;
        let frame = read_frame(&mut read, length, context);
        let frame = tokio::time::timeout(FRAME_DEADLINE, frame).await;
        let (frame, admitted) = frame.map_err(|_| ConnectionEnd::TooSlow(FRAME_DEADLINE))??;
        let accepted = api::accept(frame, peer, context).await?;
        slot.send(Pending { accepted, admitted });
    }
}

async fn next_length(
    read: &mut FrameReader<ReadHalf<Stream>>,
    idle_max: Duration,
) -> Result<Option<[u8; wire::LENGTH_SIZE]>, ConnectionEnd> {
    match tokio::time::timeout(idle_max, read.head()).await {
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Ok(length) => Ok(length?),
        Err(_) => Ok(None),
    }
}

/// Reads the head, admits the whole, then reads the body in steps.
async fn read_frame(
    read: &mut FrameReader<ReadHalf<Stream>>,
    length: usize,
    context: &Context,
) -> Result<(Bytes, Admitted), ConnectionEnd> {
    // A legal frame has at least these bytes; nothing is allocated before they are there.
    let head: Option<[u8; RequestId::SIZE]> = read.head().await?;
    let head = head.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let is_produce = head.starts_with(&api::PRODUCE_KEY.to_be_bytes());
    let kind = if is_produce { FrameKind::Produce } else { FrameKind::Other };
    let other_max = context.admission.other_max();
    if kind == FrameKind::Other && length > other_max {
        return Err(ConnectionEnd::TooLarge { length, max: other_max });
    }
    let admitted = context.admission.frame(kind, length).await;
    Ok((read.body(&head, length).await?, admitted))
}

/// Completes the accepted requests in order; responses that are ready together leave in one write.
async fn write_all(
    mut write: WriteHalf<Stream>,
    mut accepted: mpsc::Receiver<Pending>,
) -> Result<(), ConnectionEnd> {
    let mut gathered = Gathered::default();
    while let Some(Pending { accepted: mut head, admitted }) = accepted.recv().await {
        let done = match futures_util::poll!(&mut head) {
            Poll::Ready(done) => done,
            // A head that is not ready must not hold back what is.
            Poll::Pending => {
                gathered.write(&mut write).await?;
                head.await
            }
        };
        drop(admitted);
        match done {
            Ok(response) => gathered.add(response),
            Err(refused) => {
                // What was answered before it still leaves.
                gathered.write(&mut write).await?;
                return Err(refused.into());
            }
        }
        if accepted.is_empty() || gathered.bytes >= GATHER_MAX {
            gathered.write(&mut write).await?;
        }
    }
    gathered.write(&mut write).await?;
    write.shutdown().await?;
    Ok(())
}

/// Responses on their way out, with the memory they hold.
#[derive(Default)]
struct Gathered {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    held: Vec<Admitted>,
}

impl Gathered {
    fn add(&mut self, response: Option<Response>) {
        let Some(response) = response else { return };
        self.bytes += response.chunks.iter().map(Bytes::len).sum::<usize>();
        self.chunks.extend(response.chunks);
        self.held.extend(response.admitted);
    }

    async fn write(&mut self, write: &mut WriteHalf<Stream>) -> Result<(), ConnectionEnd> {
        let by_size = u64::try_from(self.bytes / SLOWEST_RATE).unwrap_or(u64::MAX);
        let limit = WRITE_DEADLINE + Duration::from_millis(by_size);
        let all = tokio::time::timeout(limit, self.write_chunks(write)).await;
        all.map_err(|_| ConnectionEnd::TooSlow(limit))??;
        self.bytes = 0;
        self.held.clear();
        Ok(())
    }

    async fn write_chunks(&mut self, write: &mut WriteHalf<Stream>) -> io::Result<()> {
        while !self.chunks.is_empty() {
            let slices: Vec<IoSlice<'_>> =
                self.chunks.iter().take(SLICES_MAX).map(|c| IoSlice::new(c)).collect();
            let mut written = write.write_vectored(&slices).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            while let Some(first) = self.chunks.front_mut() {
                let part = written.min(first.len());
                first.advance(part);
                written -= part;
                if !first.is_empty() {
                    break;
                }
                self.chunks.pop_front();
            }
        }
        Ok(())
    }
}
