//! One request that has been sent and not been answered.

use crate::connection::Connection;
use crate::error::{ClientError, Lost};
use bytes::Bytes;
use std::marker::PhantomData;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use wire::{Request, read_response};

/// The answer to come. Dropping it lets the answer pass unread.
#[derive(Debug)]
pub struct Pending<R> {
    pub(crate) connection: Connection,
    pub(crate) answer: oneshot::Receiver<Result<Bytes, Lost>>,
    pub(crate) version: i16,
    pub(crate) deadline: Instant,
    pub(crate) request: PhantomData<fn() -> R>,
}

impl<R: Request> Pending<R> {
    /// Waits for the answer. May be dropped and called again until it has returned.
    ///
    /// # Errors
    /// `Lost` when the connection ends first, the request takes too long or the answer cannot be read.
    pub async fn answer(&mut self) -> Result<R::Response, ClientError> {
        let frame = match timeout_at(self.deadline, &mut self.answer).await {
            Ok(Ok(Ok(frame))) => frame,
            Ok(Ok(Err(reason))) => return Err(self.connection.lost(reason)),
            Ok(Err(_)) => return Err(self.connection.lost(Lost::ClosedHere)),
            Err(_) => {
                self.connection.fail(Lost::TimedOut);
                return Err(self.connection.lost(Lost::TimedOut));
            }
        };
        match read_response::<R::Response>(frame, self.version) {
            Ok((_, body)) => Ok(body),
            Err(error) => {
                self.connection.fail(Lost::Undecodable(error));
                Err(self.connection.lost(Lost::Undecodable(error)))
            }
        }
    }

    /// Returns the version that the request was sent in.
    pub fn version(&self) -> i16 {
        self.version
    }
}
