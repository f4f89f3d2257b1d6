//! Pauses between tries, bounded by a deadline.

use crate::options::ClientOptions;
use std::time::Duration;
use tokio::time::Instant;

/// The pauses of one call.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    max: Duration,
    deadline: Instant,
}

impl Backoff {
    /// Starts the pauses of a call that may go on for `call_timeout`.
    pub(crate) fn new(options: &ClientOptions) -> Backoff {
        Backoff {
            next: options.backoff_min,
            max: options.backoff_max,
            deadline: Instant::now() + options.call_timeout,
        }
    }

    /// Pauses; says false, at once, when the next try would come after the deadline.
    pub(crate) async fn pause(&mut self) -> bool {
        if Instant::now() + self.next >= self.deadline {
            return false;
        }
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(self.max);
        true
    }
}
