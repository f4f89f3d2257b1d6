//! Memory is admitted, not discovered (W-17).
//!
//! One budget for the process, cut into slices. A frame's bytes are admitted from its length before
//! the body is read; what decoding it may take before it is decoded; an answer's bytes before it is
//! built. Over budget means waiting, and a connection that waits does not read its socket. What is
//! larger than its slice is admitted when the slice is empty. Who holds memory for as long as its
//! peer likes (a parked fetch, an answer that is not taken) gives it up when others wait for it:
//! [`Admission::pressed`].
//!
//! *Invariant*: slices are taken in the order of a request's life (frame, decoding, answer), so that
//! nobody waits for somebody who waits for it. Tests: below, and tests/memory.rs.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Granularity of a slice. *Units*: bytes.
const UNIT: usize = 1024;
/// Frames up to this size have slices of their own. *Units*: bytes.
const SMALL_FRAME: usize = 64 * 1024;
/// Decoding allocates at most so many times the frame (W-17).
const DECODED_MAX: usize = 32;

/// The slices of the memory budget.
#[derive(Debug)]
pub(crate) struct Admission {
    small: Slice,
    small_produce: Slice,
    produce: Slice,
    other: Slice,
    decoding: Slice,
    answers: Slice,
    responses: Slice,
    /// How many wait for memory that a peer may hold as long as it likes.
    waiting: watch::Sender<usize>,
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
    /// Cuts a budget, in sixteenths; of the rest three are for bytes that no segment holds yet
    /// (unwritten.rs), one is for tails that readers may want again. Small frames are apart so that large
    /// ones that are announced and do not come hold up nobody else, and produce is apart so that a slow
    /// disk holds up nothing else.
    pub(crate) fn new(memory_max_bytes: u64) -> Admission {
        let sixteenth = usize::try_from(memory_max_bytes / 16).unwrap_or(usize::MAX);
        let slice = |parts: usize| Slice::new(sixteenth.saturating_mul(parts));
        Admission {
            small: slice(1),
            small_produce: slice(1),
            produce: slice(3),
            other: slice(1),
            decoding: slice(2),
            answers: slice(1),
            responses: slice(3),
            waiting: watch::Sender::new(0),
        }
    }

    /// Waits until a frame of this size may be read.
    pub(crate) async fn frame(&self, kind: FrameKind, bytes: usize) -> Admitted {
        match kind {
            FrameKind::Produce if bytes <= SMALL_FRAME => self.small_produce.admit(bytes).await,
            FrameKind::Produce => self.produce.admit(bytes).await,
            FrameKind::Other if bytes <= SMALL_FRAME => self.pressing(&self.small, bytes).await,
            FrameKind::Other => self.pressing(&self.other, bytes).await,
        }
    }

    /// Returns the most bytes that a frame without records may have: what is decoded of it has to fit.
    pub(crate) fn other_max(&self) -> usize {
        (self.decoding.bytes() / DECODED_MAX).max(SMALL_FRAME)
    }

    /// Waits until a frame of this size may be decoded, and its request be worked on.
    pub(crate) async fn decoding(&self, frame_bytes: usize) -> Admitted {
        self.decoding.admit(frame_bytes.saturating_mul(DECODED_MAX)).await
    }

    /// As [`Admission::decoding`], if there is room now.
    pub(crate) fn try_decoding(&self, frame_bytes: usize) -> Option<Admitted> {
        self.decoding.try_admit(frame_bytes.saturating_mul(DECODED_MAX))
    }

    /// Returns the most bytes that an answer without records may take.
    pub(crate) fn answer_max(&self) -> usize {
        self.answers.bytes()
    }

    /// Waits until an answer without records, of up to this size, may be built.
    pub(crate) async fn answer(&self, bytes: usize) -> Admitted {
        self.pressing(&self.answers, bytes).await
    }

    /// As [`Admission::answer`], if there is room now.
    pub(crate) fn try_answer(&self, bytes: usize) -> Option<Admitted> {
        self.answers.try_admit(bytes)
    }

    /// Waits until a response with records, of up to this size, may be built.
    pub(crate) async fn response(&self, bytes: usize) -> Admitted {
        self.pressing(&self.responses, bytes).await
    }

    /// Returns the most bytes one response may be planned for.
    pub(crate) fn response_max(&self) -> usize {
        self.responses.bytes()
    }

    /// Waits until somebody waits for memory that peers may hold as long as they like.
    pub(crate) async fn pressed(&self) {
        // The sender lives as long as this does.
        let _ = self.waiting.subscribe().wait_for(|count| *count > 0).await;
    }

    /// Admits, and makes the wait known.
    async fn pressing(&self, slice: &Slice, bytes: usize) -> Admitted {
        if let Some(admitted) = slice.try_admit(bytes) {
            return admitted;
        }
        let _waiting = Waiting::new(&self.waiting);
        slice.admit(bytes).await
    }
}

/// One that waits, counted until it is dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl Waiting<'_> {
    fn new(count: &watch::Sender<usize>) -> Waiting<'_> {
        count.send_modify(|count| *count += 1);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
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

    fn bytes(&self) -> usize {
        self.units * UNIT
    }

    fn units_of(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT).clamp(1, self.units)).unwrap_or(u32::MAX)
    }

    fn try_admit(&self, bytes: usize) -> Option<Admitted> {
        self.semaphore.clone().try_acquire_many_owned(self.units_of(bytes)).ok().map(Admitted)
    }

    async fn admit(&self, bytes: usize) -> Admitted {
        match self.semaphore.clone().acquire_many_owned(self.units_of(bytes)).await {
            Ok(permit) => Admitted(permit),
            Err(_) => unreachable!("the semaphore of a slice is never closed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const BUDGET: u64 = 64 << 20;

    /// Protects: however much produce waits for the disk, small frames of everything else are read: those that
    /// free the disk are among them.
    #[test]
    fn produce_starves_nothing_else() {
        let admission = Admission::new(BUDGET);
        let take = || admission.frame(FrameKind::Produce, SMALL_FRAME).now_or_never();
        let held: Vec<Admitted> = std::iter::from_fn(take).take(100_000).collect();
        assert!(held.len() < 100_000, "small produce frames have a bound");
        assert!(admission.frame(FrameKind::Other, SMALL_FRAME).now_or_never().is_some());
        assert!(admission.frame(FrameKind::Produce, SMALL_FRAME + 1).now_or_never().is_some());
    }

    /// Protects: who holds memory at its peer's leisure hears that others wait for it, and only then.
    #[test]
    fn waiting_for_memory_presses() {
        let admission = Admission::new(BUDGET);
        let held = admission.answer(usize::MAX).now_or_never();
        assert!(held.is_some() && admission.pressed().now_or_never().is_none());
        let mut waits = Box::pin(admission.answer(1));
        assert!(waits.as_mut().now_or_never().is_none());
        assert!(admission.pressed().now_or_never().is_some());
        drop(waits);
        assert!(admission.pressed().now_or_never().is_none(), "who gives up waiting presses no more");
    }
}
