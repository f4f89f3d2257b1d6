//! The thread of the log: takes all that waits, writes it as one group, syncs once, reports (W-4).
//!
//! Idle, a submission is written at once; busy, the next group starts when the sync returns. What says that more follows at once
//! waits for that, for 2 ms at most: so a record and what it admits share a sync. Frames of
//! one client stay in order and its tickets complete in order, one report per client and group. After
//! 10 ms without work the last group is vouched for (W-3), then files are made ready in small steps.
//! A fault is told to every client, and nothing is written any more (W-11).
//!
//! `handle.rs` is what the shards hold, `space.rs` the reservations (W-7), `run.rs` the loop.
//! Tests: `service/tests.rs`, and `tests/crash_wal` for what is on disk.

mod freed;
mod handle;
mod run;
mod space;

pub use freed::Freed;
pub use handle::{WalClient, WalGone, WalHandle, WalSink};
pub use space::{Reservation, WalFull};

use super::writer::WalWriter;
use env::{Clock, Spawn};
use std::sync::Arc;

/// Starts the thread of a log.
pub fn start(spawn: &dyn Spawn, clock: Arc<dyn Clock>, writer: WalWriter) -> WalHandle {
    let (handle, receiver) = WalHandle::new();
    let shared = handle.shared();
    spawn.thread(
        "wal",
        Box::new(move || {
            let service = run::Service::new(writer, clock, receiver, shared);
            Box::pin(service.run())
        }),
    );
    handle
}

#[cfg(test)]
mod tests;
