//! Time as the broker sees it.

use types::Now;

/// Reads both clocks. Timers of the shell use tokio's clock, which simulation drives as well.
pub trait Clock: Send + Sync {
    /// Returns the monotonic and the wall time of this moment.
    fn now(&self) -> Now;
}
