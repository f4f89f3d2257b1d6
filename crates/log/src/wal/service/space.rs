//! Who may still write how much (W-7). Space is reserved when a request is admitted, so that nothing waits or
//! fails for space between an offset and the log.

use super::super::pressure::WalPressure;
use super::super::stats::WalStats;
use super::super::writer::WalWriter;
use super::freed::Freed;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{Notify, watch};

/// There is not enough space until a checkpoint gives files back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the write-ahead log has no room for {bytes} bytes until a checkpoint is done")]
pub struct WalFull {
    /// What was asked for. *Units*: bytes.
    pub bytes: u64,
}

/// What one group can cost beyond its frames, charged with every reservation. *Units*: bytes.
const OVERHEAD: u64 = 4096;

/// What is larger than this part of a file is charged twice: it may not fit in what is left of one, which is then lost. What
/// smaller batches leave unused is less than the last eighth.
const LARGE: u64 = 16;

/// Space that is set aside; dropping it gives it back. It is kept until what it was for is durable or given up.
#[derive(Debug)]
pub struct Reservation {
    space: Arc<Space>,
    bytes: u64,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.space.reserved.fetch_sub(self.bytes, Ordering::AcqRel);
        self.space.freed.tell();
    }
}

/// The space of one log, shared by its thread and its clients.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) stats: Arc<WalStats>,
    /// Bytes of filled files. Clients are given only these: the disk may be full before more are filled (W-12).
    ready: AtomicU64,
    file_bytes: AtomicU64,
    reserved: AtomicU64,
    freed: Freed,
    /// Somebody waits for room that a checkpoint would give.
    asked: Notify,
    is_reclaimable: AtomicBool,
    pressure: watch::Sender<WalPressure>,
}

impl Space {
    pub(super) fn new() -> Space {
        let stats = Arc::new(WalStats::default());
        Space {
            stats,
            ready: AtomicU64::new(0),
            file_bytes: AtomicU64::new(0),
            reserved: AtomicU64::new(0),
            freed: Freed::default(),
            asked: Notify::new(),
            is_reclaimable: AtomicBool::new(false),
            pressure: watch::Sender::new(WalPressure::Calm),
        }
    }

    /// Sets space aside. A client's append leaves the last eighth alone.
    pub(super) fn reserve(self: &Arc<Space>, bytes: u64, control: bool) -> Result<Reservation, WalFull> {
        let charged = self.charge(bytes, control);
        // Clients leave an eighth of what is filled to control frames, so these always find room in time.
        let ready = self.ready.load(Ordering::Acquire);
        let limit = match control {
            true => self.stats.free_bytes(),
            false => ready.saturating_sub((self.stats.used_bytes() + ready) / 8),
        };
        let add = |reserved: u64| reserved.checked_add(charged).filter(|sum| *sum <= limit);
        match self.reserved.fetch_update(Ordering::AcqRel, Ordering::Acquire, add) {
            Ok(_) => Ok(Reservation { space: self.clone(), bytes: charged }),
            Err(_) => Err(WalFull { bytes }),
        }
    }

    /// Returns what is set aside for frames of so many bytes. It is never more than there is when nobody else writes.
    fn charge(&self, bytes: u64, control: bool) -> u64 {
        let least = bytes.saturating_add(OVERHEAD);
        let file = self.file_bytes.load(Ordering::Acquire);
        if control || bytes <= file / LARGE {
            return least;
        }
        let most = (self.stats.capacity_bytes() / 8 * 7).saturating_sub(file);
        least.max(least.saturating_add(bytes).min(most))
    }

    /// Sets space aside as soon as there is enough. *Cancel safety*: dropping the future reserves nothing.
    pub(super) async fn reserve_later(self: &Arc<Space>, bytes: u64, control: bool) -> Reservation {
        let ask = || {
            if self.is_reclaimable.load(Ordering::Acquire) {
                self.asked.notify_one();
            }
        };
        self.freed.until(|| self.reserve(bytes, control).ok(), ask).await
    }

    /// Tells how much is used and free now.
    pub(super) fn on_space(&self, writer: &WalWriter) {
        let (used, free, pressure) = (writer.used_bytes(), writer.free_bytes(), writer.pressure());
        let ready = writer.ready_bytes();
        self.file_bytes.store(writer.home().options.file_bytes, Ordering::Release);
        let more = ready > self.ready.swap(ready, Ordering::AcqRel) || used < self.stats.used_bytes();
        self.stats.on_space(used, free);
        let was = self.is_reclaimable.swap(writer.is_reclaimable(), Ordering::AcqRel);
        // Who waits looks again, and asks for the checkpoint that helps now.
        let more = more || (!was && writer.is_reclaimable());
        self.pressure.send_if_modified(|shown| std::mem::replace(shown, pressure) != pressure);
        if more {
            self.freed.tell();
        }
    }

    /// Says whether somebody waits for room.
    pub(super) fn is_wanted(&self) -> bool {
        self.freed.is_awaited()
    }

    /// Waits until somebody has asked for a checkpoint.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    pub(super) fn pressure(&self) -> watch::Receiver<WalPressure> {
        self.pressure.subscribe()
    }
}
