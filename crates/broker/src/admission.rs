//! Memory is admitted, not discovered (W-17).
//!
//! One budget for the process, cut into slices. A frame's bytes are admitted from its length before
//! the body is read; a response's bytes before it is built. Over budget means waiting, and a
//! connection that waits does not read its socket. What is larger than its slice is admitted when
//! the slice is empty.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Granularity of a slice. *Units*: bytes.
const UNIT: usize = 1024;
/// Frames up to this size have a slice of their own. *Units*: bytes.
const SMALL_FRAME: usize = 64 * 1024;

/// The slices of the memory budget.
#[derive(Debug)]
pub(crate) struct Admission {
    small: Slice,
    produce: Slice,
    other: Slice,
    responses: Slice,
}

/// Admitted memory; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Admitted(#[allow(dead_code)] OwnedSemaphorePermit);

/// What a frame carries, as far as its memory is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FrameKind {
    /// Records on their way into a log.
    Produce,
    /// Anything else.
    Other,
}

impl Admission {
    /// Cuts a budget: two sixteenths for small frames, five for larger produce frames, one for other
    /// larger ones, four for responses; of the rest three are for bytes that no segment holds yet
    /// (unwritten.rs), one is for tails that readers may want again.
    /// Small frames are apart so that large ones that are announced and do not come hold up nobody else.
    pub(crate) fn new(memory_max_bytes: u64) -> Admission {
        let sixteenth = usize::try_from(memory_max_bytes / 16).unwrap_or(usize::MAX);
        let slice = |parts: usize| Slice::new(sixteenth.saturating_mul(parts));
        Admission { small: slice(2), produce: slice(5), other: slice(1), responses: slice(4) }
    }

    /// Waits until a frame of this size may be read.
    pub(crate) async fn frame(&self, kind: FrameKind, bytes: usize) -> Admitted {
        match kind {
            _ if bytes <= SMALL_FRAME => self.small.admit(bytes).await,
            FrameKind::Produce => self.produce.admit(bytes).await,
            FrameKind::Other => self.other.admit(bytes).await,
        }
    }

    /// Returns the most bytes that a frame without records may have. What is decoded of it takes up to 32
    /// times as much, and that has to fit into half of the budget.
    pub(crate) fn other_max(&self) -> usize {
        (self.other.units * UNIT / 4).max(SMALL_FRAME)
    }

    /// Waits until a response of up to this size may be built.
    pub(crate) async fn response(&self, bytes: usize) -> Admitted {
        self.responses.admit(bytes).await
    }

    /// Returns the most bytes one response may be planned for.
    pub(crate) fn response_max(&self) -> usize {
        self.responses.units * UNIT
    }
}

#[derive(Debug)]
struct Slice {
    semaphore: Arc<Semaphore>,
    units: usize,
}

impl Slice {
    fn new(bytes: usize) -> Slice {
        let units = (bytes / UNIT).clamp(1, u32::MAX as usize >> 4);
        Slice { semaphore: Arc::new(Semaphore::new(units)), units }
    }

    async fn admit(&self, bytes: usize) -> Admitted {
        let units = bytes.div_ceil(UNIT).clamp(1, self.units);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        match self.semaphore.clone().acquire_many_owned(units).await {
            Ok(permit) => Admitted(permit),
            Err(_) => unreachable!("the semaphore of a slice is never closed"),
        }
    }
}
