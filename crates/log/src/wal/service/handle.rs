//! What the shards and the checkpoint hold of the log's thread.

use super::super::fault::WalFault;
use super::super::frame::Frame;
use super::super::position::WalPosition;
use super::super::pressure::WalPressure;
use super::super::stats::WalStats;
use super::space::{Reservation, Space, WalFull};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot, watch};

/// Hears what became of what a client has submitted.
///
/// *Concurrency*: called on the log's thread (`failed` perhaps on the caller's); it must not block.
pub trait WalSink: Send + Sync {
    /// Everything up to this ticket is durable.
    fn synced(&self, through: u64);
    /// The log is gone: what was not reported as synced may or may not be durable (W-11). It may be said twice.
    fn failed(&self, fault: Arc<WalFault>);
}

/// The log's thread has stopped or failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the write-ahead log is closed")]
pub struct WalGone;

/// One client as the thread sees it.
pub(super) struct ClientShared {
    pub(super) id: usize,
    pub(super) sink: Arc<dyn WalSink>,
}

/// What is sent to the thread.
pub(super) enum Command {
    Register(Arc<ClientShared>),
    Submit { client: Arc<ClientShared>, ticket: u64, frames: Vec<Frame>, is_followed: bool },
    Mark(oneshot::Sender<WalPosition>),
    Recycle(WalPosition),
    RetryFilling,
    Stop(oneshot::Sender<()>),
}

/// The log's thread, as others see it. Cloning shares it.
#[derive(Clone)]
pub struct WalHandle {
    commands: mpsc::UnboundedSender<Command>,
    space: Arc<Space>,
    clients: Arc<AtomicUsize>,
}

impl WalHandle {
    pub(super) fn new() -> (WalHandle, mpsc::UnboundedReceiver<Command>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let handle = WalHandle { commands, space: Arc::new(Space::new()), clients: Arc::default() };
        (handle, receiver)
    }

    pub(super) fn shared(&self) -> Arc<Space> {
        self.space.clone()
    }

    /// Makes a client whose tickets are reported to `sink`.
    pub fn register(&self, sink: Arc<dyn WalSink>) -> WalClient {
        let id = self.clients.fetch_add(1, Ordering::Relaxed);
        let client = Arc::new(ClientShared { id, sink });
        self.send_for(&client, Command::Register(client.clone()));
        WalClient { handle: self.clone(), client, last_ticket: Cell::new(0) }
    }

    /// Returns the end of the last group that was synced and reported to all clients.
    ///
    /// # Errors
    /// [`WalGone`] after a fault or a stop.
    pub async fn mark(&self) -> Result<WalPosition, WalGone> {
        let (answer, position) = oneshot::channel();
        self.commands.send(Command::Mark(answer)).map_err(|_| WalGone)?;
        position.await.map_err(|_| WalGone)
    }

    /// Gives back the files wholly below a position that the durable state does not need any more (W-6).
    pub fn recycle_below(&self, position: WalPosition) {
        let _ = self.commands.send(Command::Recycle(position));
    }

    /// Lets the pool grow again after the disk was full.
    pub fn retry_filling(&self) {
        let _ = self.commands.send(Command::RetryFilling);
    }

    /// Writes what waits, vouches for it, syncs, and ends the thread. Returns when that is done.
    pub async fn stop(&self) {
        let (answer, done) = oneshot::channel();
        if self.commands.send(Command::Stop(answer)).is_ok() {
            let _ = done.await;
        }
    }

    /// Returns the counters.
    pub fn stats(&self) -> Arc<WalStats> {
        self.space.stats.clone()
    }

    /// Returns how full the pool is, to be watched: it says when a checkpoint is wanted (W-7).
    pub fn pressure(&self) -> watch::Receiver<WalPressure> {
        self.space.pressure()
    }

    /// Waits until a checkpoint is wanted, for the sake of a start, of the pool, or of somebody who waits for room;
    /// returns how urgently.
    pub async fn checkpoint_wanted(&self) -> WalPressure {
        let mut pressure = self.space.pressure();
        let wanted = pressure.wait_for(|pressure| *pressure >= WalPressure::CheckpointWanted);
        tokio::select! {
            biased;
            Ok(pressure) = wanted => *pressure,
            () = self.space.asked() => WalPressure::CheckpointWanted,
        }
    }

    /// Sets space aside for frames of so many bytes, for a client's append.
    ///
    /// # Errors
    /// [`WalFull`] if only the last eighth would be left.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation, WalFull> {
        self.space.reserve(bytes, false)
    }

    /// Sets space aside for quorum, Truncate, LogStart and Removed frames, down to the last byte.
    ///
    /// # Errors
    /// [`WalFull`] if there is none.
    pub fn reserve_control(&self, bytes: u64) -> Result<Reservation, WalFull> {
        self.space.reserve(bytes, true)
    }

    /// Sets space aside for a client's append as soon as there is enough. Dropping the future reserves nothing.
    pub async fn reserve_later(&self, bytes: u64) -> Reservation {
        self.space.reserve_later(bytes, false).await
    }

    /// Sets space aside for control frames as soon as there is enough. Dropping the future reserves nothing.
    pub async fn reserve_control_later(&self, bytes: u64) -> Reservation {
        self.space.reserve_later(bytes, true).await
    }

    /// Sends a command; a thread that is gone is reported to the client's sink.
    fn send_for(&self, client: &ClientShared, command: Command) {
        if self.commands.send(command).is_err() {
            client.sink.failed(Arc::new(WalFault::Closed));
        }
    }
}

impl std::fmt::Debug for WalHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalHandle").field("stats", &self.space.stats).finish_non_exhaustive()
    }
}

/// One submitter of frames: a shard. *Concurrency*: of one thread, so that tickets and frames have one order.
pub struct WalClient {
    handle: WalHandle,
    client: Arc<ClientShared>,
    last_ticket: Cell<u64>,
}

impl WalClient {
    /// Hands frames over; returns their ticket, which is 1 for the first submission and +1 for each.
    ///
    /// An empty submission is a barrier: it completes when all before it are durable.
    pub fn submit(&self, frames: Vec<Frame>) -> u64 {
        self.hand_over(frames, false)
    }

    /// As [`WalClient::submit`], of frames which others follow at once: they are written with those, or after a short while.
    pub fn submit_followed(&self, frames: Vec<Frame>) -> u64 {
        self.hand_over(frames, true)
    }

    fn hand_over(&self, frames: Vec<Frame>, is_followed: bool) -> u64 {
        let ticket = self.last_ticket.get() + 1;
        self.last_ticket.set(ticket);
        let client = self.client.clone();
        self.handle.send_for(&self.client, Command::Submit { client, ticket, frames, is_followed });
        ticket
    }

    /// Returns the ticket of the last submission, 0 if there was none.
    pub fn last_ticket(&self) -> u64 {
        self.last_ticket.get()
    }

    /// Returns the log's thread, for reservations and marks.
    pub fn handle(&self) -> &WalHandle {
        &self.handle
    }

    /// Sets space aside for a client's append; see [`WalHandle::reserve`].
    ///
    /// # Errors
    /// [`WalFull`] if only the last eighth would be left.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation, WalFull> {
        self.handle.reserve(bytes)
    }
}

impl std::fmt::Debug for WalClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalClient").field("last_ticket", &self.last_ticket).finish_non_exhaustive()
    }
}
