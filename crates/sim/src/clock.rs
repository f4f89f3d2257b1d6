//! Simulated time: turmoil's, as the host whose task asks sees it.

use env::Clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use types::{Monotonic, Now, WallTime};

/// Wall time at which every simulation starts. *Units*: ms since 1970.
const START: i64 = 1_760_000_000_000;

/// The clocks of one life of a host: the monotonic one starts at zero with it, the wall clock goes on.
#[derive(Debug)]
pub struct SimClock {
    born: Duration,
    /// The last time seen. *Units*: ns. It stands still for whoever asks from outside a host.
    last: AtomicU64,
}

impl SimClock {
    /// Starts the clocks of a life; to be called on its host.
    pub fn new() -> SimClock {
        let born = turmoil::sim_elapsed().unwrap_or_default();
        SimClock { born, last: AtomicU64::new(nanos(born)) }
    }
}

impl Default for SimClock {
    fn default() -> SimClock {
        SimClock::new()
    }
}

impl Clock for SimClock {
    fn now(&self) -> Now {
        let now = turmoil::sim_elapsed().map_or(0, nanos);
        let elapsed = Duration::from_nanos(self.last.fetch_max(now, Ordering::Relaxed).max(now));
        Now { mono: Monotonic::default().plus(elapsed.saturating_sub(self.born)), wall: wall(elapsed) }
    }
}

/// Returns the wall time so long after the start of a simulation.
pub(crate) fn wall(elapsed: Duration) -> WallTime {
    WallTime(START.saturating_add(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
