//! One connection of a client whose requests may be in any version, and may be kept back on their way.
//!
//! At most one request is on its way. The library's own connection speaks the newest versions alone.

use super::BROKER_ADDRESS;
use bytes::{Bytes, BytesMut};
use env::net::{Net, Stream};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use wire::{LENGTH_SIZE, Request, read_response, request_frame};

/// A connection that is not made within this time is given up.
const CONNECTING: Duration = Duration::from_millis(500);
/// A request that is not answered within this time is given up with its connection.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Longest answer. *Units*: bytes.
const ANSWER_MAX: usize = 16 << 20;

/// There is no answer: it is open what became of the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lost;

/// The connection.
pub(super) struct Line {
    stream: Stream,
    client: String,
    next: i32,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// The broker is not there.
    pub(super) async fn open(client: &str) -> Result<Line, Lost> {
        match timeout(CONNECTING, Net::Sim.connect(BROKER_ADDRESS)).await {
            Ok(Ok(stream)) => Ok(Line { stream, client: client.to_owned(), next: 0 }),
            _ => Err(Lost),
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) async fn send<R: Request>(&mut self, body: &R, version: i16) -> Result<(), Lost> {
        self.next += 1;
        let frame = request_frame(self.next, Some(&self.client), body, version).map_err(|_| Lost)?;
        for part in frame {
            self.stream.write_all(&part).await.map_err(|_| Lost)?;
        }
        Ok(())
    }

    /// Waits for the answer to what was sent last.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn answer<R: Request>(&mut self, version: i16) -> Result<R::Response, Lost> {
        let frame = timeout(PATIENCE, self.frame()).await.map_err(|_| Lost)??;
        let (_, answer) = read_response::<R::Response>(frame, version).map_err(|_| Lost)?;
        Ok(answer)
    }

    async fn frame(&mut self) -> Result<Bytes, Lost> {
        let mut length = [0; LENGTH_SIZE];
        self.stream.read_exact(&mut length).await.map_err(|_| Lost)?;
        let length = usize::try_from(i32::from_be_bytes(length)).ok().filter(|length| *length <= ANSWER_MAX);
        let mut frame = BytesMut::zeroed(length.ok_or(Lost)?);
        self.stream.read_exact(&mut frame).await.map_err(|_| Lost)?;
        Ok(frame.freeze())
    }
}
