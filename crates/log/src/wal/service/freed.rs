//! Waiting for room that others give back; while nobody waits, nobody is told.
//!
//! *Invariant*: who gives back changes the amount first and looks then whether somebody waits; who waits says so first and looks
//! then at the amount. With a fence between the two of each, one at least sees the other, so no wake-up is lost, whatever
//! orderings the amount itself is changed with. Tests: below, and in tests.rs.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use tokio::sync::Notify;

/// Tells of room that was given back.
#[derive(Debug, Default)]
pub struct Freed {
    told: Notify,
    /// How many wait.
    waiting: AtomicU64,
}

impl Freed {
    /// Takes room as soon as `take` finds some; `ask` is called before each wait. *Cancel safety*: dropping the future takes
    /// nothing.
    pub async fn until<T>(&self, take: impl Fn() -> Option<T>, ask: impl Fn()) -> T {
        if let Some(taken) = take() {
            return taken;
        }
        let _waits = Waits::new(&self.waiting);
        loop {
            // Hears of all that is told from here on.
            let told = self.told.notified();
            if let Some(taken) = take() {
                return taken;
            }
            ask();
            told.await;
        }
    }

    /// Lets who waits look again: there may be room now.
    pub fn tell(&self) {
        fence(Ordering::SeqCst);
        if self.is_awaited() {
            self.told.notify_waiters();
        }
    }

    /// Says whether somebody waits.
    pub fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }
}

/// Counts one who waits, until it is dropped.
struct Waits<'a>(&'a AtomicU64);

impl Waits<'_> {
    fn new(waiting: &AtomicU64) -> Waits<'_> {
        waiting.fetch_add(1, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        Waits(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    const ROUNDS: usize = 20_000;
    /// Nobody waits for so long who is told.
    const LONG: Duration = Duration::from_secs(60);

    /// Protects: room that is given back just when somebody begins to wait for it is found.
    #[test]
    fn no_wake_up_is_lost() {
        let (freed, is_free, is_over) = (Freed::default(), AtomicBool::new(false), AtomicBool::new(false));
        let take = || is_free.swap(false, Ordering::AcqRel).then_some(());
        let taker = async {
            for _ in 0..ROUNDS {
                freed.until(take, || {}).await;
            }
        };
        let give = || {
            while !is_over.load(Ordering::Acquire) {
                if is_free.load(Ordering::Acquire) {
                    std::thread::yield_now();
                } else {
                    is_free.store(true, Ordering::Release);
                    freed.tell();
                }
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let taken = std::thread::scope(|threads| {
            threads.spawn(give);
            let taken = runtime.block_on(async { tokio::time::timeout(LONG, taker).await });
            is_over.store(true, Ordering::Release);
            taken
        });
        assert!(taken.is_ok(), "somebody waits for room that is there");
        assert!(!freed.is_awaited());
    }
}
