//! The machine's clocks.

use crate::Clock;
use types::{Monotonic, Now, WallTime};

/// The machine's clocks; the monotonic one counts from the making of this value.
#[derive(Debug)]
pub struct RealClock {
    start: std::time::Instant,
}

impl RealClock {
    /// Starts the monotonic clock.
    #[allow(clippy::disallowed_methods)]
    pub fn new() -> RealClock {
        RealClock { start: std::time::Instant::now() }
    }
}

impl Default for RealClock {
    fn default() -> RealClock {
        RealClock::new()
    }
}

impl Clock for RealClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Now {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: Monotonic::default().plus(self.start.elapsed()),
            wall: WallTime(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}
