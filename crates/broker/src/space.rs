//! Whether the disk has room (W-12).
//!
//! Below the reserve, and after a job has met a full disk, produce is refused before anything is
//! written; everything else goes on. It reopens by itself when space returns.

use crate::context::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the free space is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The word on the disk's space, shared by all threads.
#[derive(Debug, Default)]
pub(crate) struct Space {
    is_low: AtomicBool,
    is_full: AtomicBool,
}

impl Space {
    /// Says whether produce has to be refused.
    pub(crate) fn is_short(&self) -> bool {
        self.is_low.load(Ordering::Relaxed) || self.is_full.load(Ordering::Relaxed)
    }

    /// Notes whether the last job found the disk full.
    pub(crate) fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// Notes the free space; says whether the word has changed.
    fn note(&self, free_bytes: u64, reserve_bytes: u64) -> bool {
        let is_low = free_bytes < reserve_bytes;
        self.is_low.swap(is_low, Ordering::Relaxed) != is_low
    }
}

/// Looks at the free space for as long as the broker lives.
pub(crate) async fn watch(context: Arc<Context>) {
    let reserve = context.config.storage.disk_reserve_bytes;
    loop {
        // What cannot be asked is not taken for full: a failing disk shows in writes.
        let free = context.env.disk.free_bytes(&context.config.data_dir).unwrap_or(u64::MAX);
        if context.space.note(free, reserve) {
            match context.space.is_short() {
                true => tracing::error!(free, reserve, "the disk is nearly full: produce is refused"),
                false => tracing::warn!(free, reserve, "the disk has room again: produce is accepted"),
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: produce is refused below the reserve and accepted again above it, by itself.
    #[test]
    fn a_full_disk_refuses_and_reopens() {
        let space = Space::default();
        assert!(space.note(10, 20) && space.is_short());
        assert!(!space.note(11, 20), "nothing new");
        space.set_full(true);
        assert!(space.note(20, 20) && space.is_short(), "a job has met the full disk");
        space.set_full(false);
        assert!(!space.is_short());
    }
}
