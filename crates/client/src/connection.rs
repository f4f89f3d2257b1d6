//! One connection: requests go out at once, answers come back in order.
//!
//! Two tasks serve it, one writes, one reads. A request takes a correlation id and its place in the
//! line of waiting requests in one step, so that the line has the order of the wire; a response must
//! carry the id at the head of the line. Anything else, a length beyond the limit or a request that is
//! answered too late ends the connection and fails everything in the line: the outcome of those is
//! unknown. Tests: `tests/client/connection.rs`.

use crate::error::{ClientError, Lost};
use crate::options::ClientOptions;
use crate::pending::Pending;
use crate::versions::{Versions, api_name};
use bytes::{Buf, Bytes, BytesMut};
use env::net::{Net, Stream};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use types::ErrorCode;
use wire::api_versions_request::ApiVersionsRequest;
use wire::{ApiMessage, LENGTH_SIZE, Request, request_frame};

/// Most memory that is reserved ahead of the bytes of a response. *Units*: bytes.
const READ_AHEAD: usize = 64 << 10;

/// A connection to one broker. Clones share it; it closes when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Connection {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    address: Arc<str>,
    options: ClientOptions,
    line: Arc<Mutex<Line>>,
    tasks: [AbortHandle; 2],
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        fail(&self.line, Lost::ClosedHere);
    }
}

/// What the two tasks and the callers share.
#[derive(Debug)]
struct Line {
    next_correlation: i32,
    waiting: VecDeque<Waiting>,
    outbox: Option<mpsc::UnboundedSender<Vec<Bytes>>>,
    lost: Option<Lost>,
    versions: Versions,
}

#[derive(Debug)]
struct Waiting {
    correlation: i32,
    answer: oneshot::Sender<Result<Bytes, Lost>>,
}

impl Connection {
    /// Connects and asks which versions the broker speaks.
    ///
    /// # Errors
    /// `Lost` with the reason.
    pub async fn open(net: Net, address: &str, options: &ClientOptions) -> Result<Connection, ClientError> {
        let name: Arc<str> = address.into();
        let lost = |reason| ClientError::Lost { address: name.clone(), reason };
        let stream = match timeout(options.connect_timeout, net.connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(lost(Lost::Io(error.kind()))),
            Err(_) => return Err(lost(Lost::TimedOut)),
        };
        let connection = Connection::over(stream, name.clone(), options);
        connection.learn_versions().await?;
        Ok(connection)
    }

    fn over(stream: Stream, address: Arc<str>, options: &ClientOptions) -> Connection {
        let (outbox, frames) = mpsc::unbounded_channel();
        let line = Line {
            next_correlation: 0,
            waiting: VecDeque::new(),
            outbox: Some(outbox),
            lost: None,
            versions: Versions::default(),
        };
        let line = Arc::new(Mutex::new(line));
        let (reader, writer) = tokio::io::split(stream);
        let writing = tokio::spawn(write_frames(writer, frames, line.clone())).abort_handle();
        let reading = tokio::spawn(read_frames(reader, options.response_bytes_max, line.clone()));
        let tasks = [writing, reading.abort_handle()];
        Connection { inner: Arc::new(Inner { address, options: options.clone(), line, tasks }) }
    }

    /// Asks with the newest version we know; a broker too old for it is not supported.
    async fn learn_versions(&self) -> Result<(), ClientError> {
        let body = ApiVersionsRequest {
            client_software_name: "highwater".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let newest = wire::ApiKey::ApiVersions.info().max;
        let answer = match self.send::<ApiVersionsRequest>(&body, newest)?.answer().await {
            Ok(answer) if answer.error_code != ErrorCode::UnsupportedVersion.code() => answer,
            Err(ClientError::Lost {
                reason: Lost::ClosedByBroker | Lost::Io(_) | Lost::TimedOut, ..
            }) => {
                return Err(self.lost(self.end().unwrap_or(Lost::ClosedByBroker)));
            }
            _ => return Err(self.unsupported(ApiVersionsRequest::KEY)),
        };
        crate::error::accepted(answer.error_code, None, || "ApiVersions".to_owned())?;
        self.line().versions = Versions::of_broker(&answer);
        Ok(())
    }

    /// Sends a request in the newest common version; the answer is awaited from what is returned.
    /// Requests go out in the order of these calls.
    ///
    /// # Errors
    /// `Unsupported`, `Encode`, `TooManyInFlight`; `Lost` when the connection has ended.
    pub fn start<R: Request>(&self, body: &R) -> Result<Pending<R>, ClientError> {
        self.send(body, self.version::<R>()?)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// As `start` and `Pending::answer`.
    pub async fn call<R: Request>(&self, body: &R) -> Result<R::Response, ClientError> {
        self.start(body)?.answer().await
    }

    /// Sends a request that has no answer (Produce with acks 0).
    ///
    /// # Errors
    /// As `start`.
    pub fn send_unanswered<R: Request>(&self, body: &R) -> Result<(), ClientError> {
        let version = self.version::<R>()?;
        let mut line = self.line();
        let correlation = line.next_correlation;
        let frame = request_frame(correlation, Some(&self.inner.options.client_id), body, version)?;
        self.put(&mut line, frame)
    }

    /// Returns the version in which requests of this type are sent.
    ///
    /// # Errors
    /// `Unsupported`.
    pub fn version<R: Request>(&self) -> Result<i16, ClientError> {
        let version = self.line().versions.of::<R>();
        version.ok_or_else(|| self.unsupported(R::KEY))
    }

    /// Fails unless the broker runs transactions as of KIP-890.
    pub(crate) fn needs_transactions(&self) -> Result<(), ClientError> {
        let (address, api) = (self.inner.address.clone(), "transactions of transaction.version 2");
        match self.line().versions.have_transactions() {
            true => Ok(()),
            false => Err(ClientError::Unsupported { address, api }),
        }
    }

    fn send<R: Request>(&self, body: &R, version: i16) -> Result<Pending<R>, ClientError> {
        let options = &self.inner.options;
        let (sender, answer) = oneshot::channel();
        let mut line = self.line();
        if line.waiting.len() >= options.in_flight_max {
            return Err(ClientError::TooManyInFlight(options.in_flight_max));
        }
        let correlation = line.next_correlation;
        let frame = request_frame(correlation, Some(&options.client_id), body, version)?;
        self.put(&mut line, frame)?;
        line.waiting.push_back(Waiting { correlation, answer: sender });
        drop(line);
        let deadline = Instant::now() + options.request_timeout;
        Ok(Pending { connection: self.clone(), answer, version, deadline, request: PhantomData })
    }

    fn put(&self, line: &mut Line, frame: Vec<Bytes>) -> Result<(), ClientError> {
        line.next_correlation = line.next_correlation.wrapping_add(1) & i32::MAX;
        let sent = line.outbox.as_ref().is_some_and(|outbox| outbox.send(frame).is_ok());
        if sent { Ok(()) } else { Err(self.lost(line.lost.unwrap_or(Lost::ClosedHere))) }
    }

    /// Returns the broker's address.
    pub fn address(&self) -> &str {
        &self.inner.address
    }

    /// Says whether the connection has ended, and why.
    pub fn end(&self) -> Option<Lost> {
        self.line().lost
    }

    /// Returns how many requests wait for an answer.
    pub fn in_flight(&self) -> usize {
        self.line().waiting.len()
    }

    pub(crate) fn fail(&self, reason: Lost) {
        fail(&self.inner.line, reason);
        self.inner.tasks.iter().for_each(AbortHandle::abort);
    }

    pub(crate) fn lost(&self, reason: Lost) -> ClientError {
        ClientError::Lost { address: self.inner.address.clone(), reason }
    }

    fn unsupported(&self, key: i16) -> ClientError {
        ClientError::Unsupported { address: self.inner.address.clone(), api: api_name(key) }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        locked(&self.inner.line)
    }
}

fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the line; only the first reason counts.
fn fail(line: &Mutex<Line>, reason: Lost) {
    let waiting = {
        let mut line = locked(line);
        line.outbox = None;
        line.lost.get_or_insert(reason);
        std::mem::take(&mut line.waiting)
    };
    for request in waiting {
        let _gone = request.answer.send(Err(reason));
    }
}

async fn write_frames(
    mut writer: WriteHalf<Stream>,
    mut frames: mpsc::UnboundedReceiver<Vec<Bytes>>,
    line: Arc<Mutex<Line>>,
) {
    while let Some(first) = frames.recv().await {
        let mut chunks = Chunks(first.into());
        while let Ok(more) = frames.try_recv() {
            chunks.0.extend(more);
        }
        if let Err(error) = writer.write_all_buf(&mut chunks).await {
            return fail(&line, Lost::Io(error.kind()));
        }
    }
}

async fn read_frames(mut reader: ReadHalf<Stream>, max: usize, line: Arc<Mutex<Line>>) {
    let mut buffer = BytesMut::new();
    loop {
        let missing = match take_frames(&mut buffer, max, &line) {
            Ok(missing) => missing,
            Err(reason) => return fail(&line, reason),
        };
        buffer.reserve(missing.min(READ_AHEAD.max(buffer.len())));
        match reader.read_buf(&mut buffer).await {
            Ok(0) => return fail(&line, Lost::ClosedByBroker),
            Ok(_) => {}
            Err(error) => return fail(&line, Lost::Io(error.kind())),
        }
    }
}

/// Hands out every whole frame; returns how many bytes the next one still needs, at least.
fn take_frames(buffer: &mut BytesMut, max: usize, line: &Mutex<Line>) -> Result<usize, Lost> {
    loop {
        let Some(prefix) = buffer.get(..LENGTH_SIZE).and_then(|b| <[u8; LENGTH_SIZE]>::try_from(b).ok())
        else {
            return Ok(READ_AHEAD);
        };
        let announced = i32::from_be_bytes(prefix);
        let length = usize::try_from(announced).ok().filter(|l| (4..=max).contains(l));
        let whole = LENGTH_SIZE + length.ok_or(Lost::FrameLength(announced))?;
        if buffer.len() < whole {
            return Ok(whole - buffer.len());
        }
        let mut frame = buffer.split_to(whole);
        frame.advance(LENGTH_SIZE);
        answer(frame.freeze(), line)?;
    }
}

fn answer(frame: Bytes, line: &Mutex<Line>) -> Result<(), Lost> {
    let next = locked(line).waiting.pop_front().ok_or(Lost::Unasked)?;
    let got = frame.clone().get_i32();
    if got != next.correlation {
        let reason = Lost::Correlation { wanted: next.correlation, got };
        let _gone = next.answer.send(Err(reason));
        return Err(reason);
    }
    let _gone = next.answer.send(Ok(frame));
    Ok(())
}

/// Frames on their way out, for vectored writes.
struct Chunks(VecDeque<Bytes>);

impl Buf for Chunks {
    fn remaining(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.0.front().map_or(&[], |bytes| bytes)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pairs = slices.iter_mut().zip(&self.0);
        pairs.map(|(slice, bytes)| *slice = IoSlice::new(bytes)).count()
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(front) = self.0.front_mut() else { return };
            if front.len() > count {
                return front.advance(count);
            }
            count -= front.len();
            self.0.pop_front();
        }
    }
}
