//! One client connection: frames in, responses out in the order of the requests.
//!
//! Two stages (D-7). The reader takes a frame, admits its memory, and *accepts* it: for Produce the
//! batches are handed to their shards before the next frame is read, so that order is kept while
//! many requests are in flight. The writer completes the accepted requests one after another and
//! writes each response. A commit of offsets begins as soon as everything before it has begun. Every other request
//! begins when it has become the head of the queue, as if the connection served one request at a time, which is
//! what Kafka promises.
//!
//! A long poll does not hold up for long what comes after it, nor the end of the connection: it is
//! answered with what is there. So no frame waits for minutes in memory, and a peer that has gone keeps
//! neither its place nor its fetch ([`Load`]).
//!
//! *Invariant*: responses leave in request order. Tests: below, tests/wire/connections.rs, tests/wire/frames.rs.

use crate::admission::{Admission, Admitted, FrameKind};
use crate::api::{self, Accepted, Begin, FrameMemory, Response};
use crate::context::Context;
use crate::net::frame_reader::FrameReader;
use crate::probe::Probes;
use bytes::{Buf, Bytes};
use coordinator::txn::Connection;
use env::net::Stream;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use types::Monotonic;
use wire::RequestId;

/// Most requests that one connection may have accepted and not answered.
const IN_FLIGHT_MAX: usize = 128;
/// A request that could not begin at once lets nothing more be read until all is answered, for this long at most.
const ALONE_MAX: Duration = Duration::from_secs(1);
/// A response must be taken by the peer within this time where others wait for its memory, and what its size needs
/// at the slowest rate.
const PRESSED_DEADLINE: Duration = Duration::from_secs(2);
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

/// The other side of a connection, as its requests see it.
pub(crate) struct Peer {
    /// Its address.
    pub(crate) address: String,
    /// Which connection it is.
    pub(crate) connection: Connection,
    /// Name of the listener that it came by.
    pub(crate) listener: Arc<str>,
    /// What waits for an answer.
    pub(crate) load: watch::Sender<Load>,
    /// Requests that have not begun.
    waiting: Cell<usize>,
    /// Nothing more is read until all is answered.
    is_alone: Cell<bool>,
}

impl Peer {
    /// Says whether work on every request so far has begun: what begins now overtakes none, and none waits for the memory of its
    /// answer behind it.
    pub(crate) fn all_have_begun(&self) -> bool {
        self.waiting.get() == 0
    }

    /// Returns its address without the port.
    pub(crate) fn host(&self) -> &str {
        self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host)
    }
}

/// What waits for an answer on a connection.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Load {
    /// Requests that have begun to arrive and are not answered.
    unanswered: usize,
    /// Nothing more comes.
    ended: bool,
}

impl Load {
    /// Says whether nothing more comes.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Says whether requests wait behind the one that is being answered.
    pub(crate) fn is_queued(&self) -> bool {
        self.unanswered > 1
    }
}

/// What the queue between reader and writer holds.
struct Pending {
    accepted: Accepted,
    has_begun: bool,
    /// Memory of the frame; given back when the request has been completed, or before.
    admitted: FrameMemory,
    /// The API and when its frame was there, for the metrics.
    began: (i16, Monotonic),
}

/// Requests between reader and writer, in order. *Invariant*: whoever polls the reader polls the writer after it, so that the
/// writer needs no waker.
#[derive(Default)]
struct Queue {
    pending: RefCell<VecDeque<Pending>>,
    /// The reader waits for room.
    is_full: Cell<bool>,
    /// Nothing more comes.
    has_ended: Cell<bool>,
}

impl Queue {
    /// Waits until there is room for one more.
    async fn room(&self) {
        poll_fn(|_| {
            self.is_full.set(self.pending.borrow().len() >= IN_FLIGHT_MAX);
            if self.is_full.get() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    fn push(&self, pending: Pending) {
        self.pending.borrow_mut().push_back(pending);
    }

    /// Waits for the next one; nothing if nothing more comes.
    async fn next(&self) -> Option<Pending> {
        poll_fn(|cx| {
            let next = self.pending.borrow_mut().pop_front();
            if self.is_full.take() {
                cx.waker().wake_by_ref();
            }
            if next.is_some() || self.has_ended.get() { Poll::Ready(next) } else { Poll::Pending }
        })
        .await
    }

    fn is_empty(&self) -> bool {
        self.pending.borrow().is_empty()
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve(
    stream: Stream,
    connection: Connection,
    (address, listener): (String, Arc<str>),
    context: Arc<Context>,
) {
    let (read, write) = tokio::io::split(stream);
    let (queue, load) = (Queue::default(), watch::Sender::default());
    let (waiting, is_alone) = (Cell::new(0), Cell::new(false));
    let peer = Rc::new(Peer { address, connection, listener, load, waiting, is_alone });
    let mut reader = std::pin::pin!(read_until_stop(read, &queue, &peer, &context));
    let mut writer = std::pin::pin!(write_all(write, &queue, &peer, &context));
    let mut read = None;
    // The writer takes at once what the reader has put into the queue, in one go.
    let both = poll_fn(|cx| {
        if read.is_none()
            && let Poll::Ready(end) = reader.as_mut().poll(cx)
        {
            peer.load.send_modify(|load| load.ended = true);
            queue.has_ended.set(true);
            read = Some(end);
        }
        // What was accepted before is still answered.
        writer.as_mut().poll(cx).map(|written| written.and(read.take().unwrap_or(Ok(()))))
    });
    let end = both.await;
    let peer = &peer.address;
    match end {
        Ok(()) => {}
        Err(ConnectionEnd::Io(error)) => tracing::debug!(%peer, %error, "connection ended"),
        Err(reason) => {
            context.probes.connections_refused.inc();
            if let Some(left_out) = context.peer_log.admits(context.env.clock.now().mono) {
                tracing::info!(%peer, reason = %reason, left_out, "connection closed");
            }
        }
    }
}

/// Reads requests until the broker stops.
async fn read_until_stop(
    read: ReadHalf<Stream>,
    queue: &Queue,
    peer: &Rc<Peer>,
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
    queue: &Queue,
    peer: &Rc<Peer>,
    context: &Arc<Context>,
) -> Result<(), ConnectionEnd> {
    let mut read = FrameReader::new(read);
    let network = &context.config.network;
    // A negative limit means never.
    let idle_max =
        u64::try_from(network.connections_max_idle_ms.0).map_or(Duration::MAX, Duration::from_millis);
    loop {
        queue.room().await;
        let Some(length) = next_length(&mut read, idle_max, peer, &context.probes).await? else {
            return Ok(());
        };
        // Nobody waits for the first one.
        peer.load.send_if_modified(|load| {
            load.unanswered += 1;
            load.is_queued()
        });
        let length = wire::request_length(length, network.socket_request_max_bytes as usize)?;
        let limit = network.frame_timeout_ms.duration();
        let (frame, admitted) = read_frame(&mut read, length, &context.admission, limit).await?;
        let began = (api::key_of(&frame), context.env.clock.now().mono);
        let admitted = FrameMemory::new(Some(admitted).into());
        let (accepted, begin) = api::accept(frame, admitted.clone(), peer, context).await?;
        let has_begun = begin == Begin::Done;
        peer.waiting.set(peer.waiting.get() + usize::from(!has_begun));
        queue.push(Pending { accepted, has_begun, admitted, began });
        if begin == Begin::Alone {
            let mut load = peer.load.subscribe();
            peer.is_alone.set(true);
            // The sender is the peer's own. What waits for minutes must not hide that the peer has gone.
            let _ = tokio::time::timeout(ALONE_MAX, load.wait_for(|load| load.unanswered == 0)).await;
            peer.is_alone.set(false);
        }
    }
}

/// Reads a frame's length; nothing at the end, or after so much time in which nothing came and nothing was to be answered.
async fn next_length(
    read: &mut FrameReader<ReadHalf<Stream>>,
    idle_max: Duration,
    peer: &Peer,
    probes: &Probes,
) -> Result<Option<[u8; wire::LENGTH_SIZE]>, ConnectionEnd> {
    loop {
        match tokio::time::timeout(idle_max, read.head()).await {
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Ok(length) => return Ok(length?),
            Err(_) if peer.load.borrow().unanswered > 0 => {}
            Err(_) => {
                probes.connections_expired.inc();
                return Ok(None);
            }
        }
    }
}

/// Reads the head, admits the whole, then reads the body in steps; head and body have a time limit each. Waiting for
/// memory is not the peer's fault.
async fn read_frame<R: AsyncRead + Unpin>(
    read: &mut FrameReader<R>,
    length: usize,
    admission: &Admission,
    limit: Duration,
) -> Result<(Bytes, Admitted), ConnectionEnd> {
    // A legal frame has at least these bytes; nothing is allocated before they are there.
    let head: Option<[u8; RequestId::SIZE]> = in_time(limit, read.head()).await?;
    let head = head.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let is_produce = head.starts_with(&api::PRODUCE_KEY.to_be_bytes());
    let kind = if is_produce { FrameKind::Produce } else { FrameKind::Other };
    let other_max = admission.other_max();
    if kind == FrameKind::Other && length > other_max {
        return Err(ConnectionEnd::TooLarge { length, max: other_max });
    }
    let admitted = admission.frame(kind, length).await;
    Ok((in_time(limit, read.body(&head, length)).await?, admitted))
}

async fn in_time<T>(limit: Duration, read: impl Future<Output = io::Result<T>>) -> Result<T, ConnectionEnd> {
    let read = tokio::time::timeout(limit, read).await;
    Ok(read.map_err(|_| ConnectionEnd::TooSlow(limit))??)
}

/// Completes the accepted requests in order; responses that are ready together leave in one write.
async fn write_all(
    mut write: WriteHalf<Stream>,
    queue: &Queue,
    peer: &Peer,
    context: &Context,
) -> Result<(), ConnectionEnd> {
    let (admission, limit) = (&context.admission, context.config.network.answer_timeout_ms.duration());
    let mut gathered = Gathered::default();
    while let Some(Pending { accepted: mut head, has_begun, admitted, began: (key, began) }) =
        queue.next().await
    {
        let done = match futures_util::poll!(&mut head) {
            Poll::Ready(done) => done,
            // A head that is not ready must not hold back what is.
            Poll::Pending => {
                gathered.write(&mut write, admission, limit).await?;
                head.await
            }
        };
        drop(admitted.take());
        peer.waiting.set(peer.waiting.get() - usize::from(!has_begun));
        if let Some(probes) = context.probes.api(key) {
            probes.answered(context.env.clock.now().mono.since(began));
        }
        peer.load.send_if_modified(|load| {
            load.unanswered -= 1;
            peer.is_alone.get()
        });
        match done {
            Ok(response) => gathered.add(response),
            Err(refused) => {
                // What was answered before it still leaves.
                gathered.write(&mut write, admission, limit).await?;
                return Err(refused.into());
            }
        }
        if queue.is_empty() || gathered.bytes >= GATHER_MAX {
            gathered.write(&mut write, admission, limit).await?;
        }
    }
    gathered.write(&mut write, admission, limit).await?;
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

    /// Writes all; a peer that does not take it has less time when others wait for memory.
    async fn write<W: AsyncWrite + Unpin>(
        &mut self,
        write: &mut W,
        admission: &Admission,
        limit: Duration,
    ) -> Result<(), ConnectionEnd> {
        if self.chunks.is_empty() {
            return Ok(());
        }
        let by_size = Duration::from_millis(u64::try_from(self.bytes / SLOWEST_RATE).unwrap_or(u64::MAX));
        let (limit, pressed_limit) = (limit + by_size, PRESSED_DEADLINE.min(limit) + by_size);
        {
            let mut written = std::pin::pin!(self.write_chunks(write));
            let pressed = async {
                tokio::time::sleep(pressed_limit).await;
                admission.pressed().await;
            };
            // Mostly the peer takes all at once.
            match futures_util::poll!(&mut written) {
                Poll::Ready(written) => written?,
                Poll::Pending => tokio::select! {
                    biased;
                    written = written => written?,
                    () = pressed => return Err(ConnectionEnd::TooSlow(pressed_limit)),
                    () = tokio::time::sleep(limit) => return Err(ConnectionEnd::TooSlow(limit)),
                },
            }
        }
        self.bytes = 0;
        self.held.clear();
        Ok(())
    }

    async fn write_chunks<W: AsyncWrite + Unpin>(&mut self, write: &mut W) -> io::Result<()> {
        while !self.chunks.is_empty() {
            let mut written = match self.chunks.len() {
                1 => write.write(&self.chunks[0]).await?,
                _ => {
                    let chunks = self.chunks.iter().take(SLICES_MAX);
                    let slices: Vec<IoSlice<'_>> = chunks.map(|chunk| IoSlice::new(chunk)).collect();
                    write.write_vectored(&slices).await?
                }
            };
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

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: u64 = 1 << 20;
    const LENGTH: usize = 100_000;
    const LIMIT: Duration = Duration::from_secs(30);

    fn produce_head() -> Vec<u8> {
        [&api::PRODUCE_KEY.to_be_bytes()[..], &[0; RequestId::SIZE - 2]].concat()
    }

    /// Protects: no more than [`IN_FLIGHT_MAX`] requests wait; the reader of a full queue goes on when the writer has taken one, and
    /// they come in order.
    #[tokio::test(start_paused = true)]
    async fn a_full_queue_waits_for_its_writer() {
        let queue = Queue::default();
        let count = 3 * i16::try_from(IN_FLIGHT_MAX).unwrap();
        let reader = async {
            for number in 0..count {
                queue.room().await;
                let accepted: Accepted = Box::pin(async { Ok(None) });
                let (admitted, began) = (FrameMemory::new(None.into()), (number, Monotonic(0)));
                queue.push(Pending { accepted, has_begun: true, admitted, began });
                assert!(queue.pending.borrow().len() <= IN_FLIGHT_MAX);
            }
            queue.has_ended.set(true);
        };
        let writer = async {
            let mut taken = Vec::new();
            while let Some(next) = queue.next().await {
                taken.push(next.began.0);
            }
            taken
        };
        let both = async { tokio::join!(biased; reader, writer).1 };
        let taken = tokio::time::timeout(LIMIT, both).await.expect("nobody is left asleep");
        assert!(taken.into_iter().eq(0..count));
    }

    /// Protects: back-pressure does not close connections: a frame may wait for memory as long as it takes, only
    /// its bytes have to come in time.
    #[tokio::test(start_paused = true)]
    async fn waiting_for_memory_is_not_the_peers_fault() {
        let admission = Admission::new(BUDGET);
        let held = admission.frame(FrameKind::Produce, usize::MAX).await;
        let (mut peer, here) = tokio::io::duplex(1 << 20);
        peer.write_all(&produce_head()).await.unwrap();
        let mut read = FrameReader::new(here);
        let later = async {
            tokio::time::sleep(LIMIT * 10).await;
            drop(held);
            peer.write_all(&vec![0; LENGTH - RequestId::SIZE]).await.unwrap();
        };
        let (frame, ()) = tokio::join!(read_frame(&mut read, LENGTH, &admission, LIMIT), later);
        assert_eq!(frame.unwrap().0.len(), LENGTH);
        peer.write_all(&produce_head()).await.unwrap();
        let announced = read_frame(&mut read, LENGTH, &admission, LIMIT).await;
        assert!(matches!(announced, Err(ConnectionEnd::TooSlow(_))), "a body that does not come");
    }

    /// Protects: a peer that does not take its answer is closed soon when others wait for the memory, late else.
    #[tokio::test(start_paused = true)]
    async fn untaken_answers_give_way() {
        for (pressed, limit) in [(true, PRESSED_DEADLINE), (false, LIMIT)] {
            let admission = Admission::new(BUDGET);
            let held = admission.answer(usize::MAX).await;
            let (mut here, _peer) = tokio::io::duplex(16);
            let mut gathered = Gathered::default();
            let chunks = vec![Bytes::from_static(&[0; 100])];
            gathered.add(Some(Response { chunks, admitted: Some(held) }));
            let began = tokio::time::Instant::now();
            let write = gathered.write(&mut here, &admission, LIMIT);
            let end = tokio::select! {
                end = write => end,
                _ = admission.answer(1), if pressed => unreachable!("nobody gives it back"),
            };
            assert!(matches!(end, Err(ConnectionEnd::TooSlow(_))));
            assert_eq!(began.elapsed().as_secs(), limit.as_secs());
        }
    }
}
