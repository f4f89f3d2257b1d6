//! Lines of the log that peers cause: few a second, however many peers there are (A29, A31).
//!
//! *Invariant*: what is left out is counted, and the next line says how much it was. Tests: below.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use types::Monotonic;

/// Lines of one window.
const LINES_MAX: u32 = 10;
/// A window.
const WINDOW: Duration = Duration::from_secs(1);

/// Says which lines may be written.
#[derive(Default, Debug)]
pub(crate) struct PeerLog(Mutex<State>);

#[derive(Default, Debug)]
struct State {
    began: Monotonic,
    written: u32,
    left_out: u64,
}

impl PeerLog {
    /// Says whether a line may be written now, and how many were left out before it.
    pub(crate) fn admits(&self, now: Monotonic) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(state.began) >= WINDOW {
            (state.began, state.written) = (now, 0);
        }
        if state.written >= LINES_MAX {
            state.left_out += 1;
            return None;
        }
        state.written += 1;
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a scan of ports does not fill the log, and the log says what it does not show (A29).
    #[test]
    fn lines_about_peers_have_a_rate() {
        let log = PeerLog::default();
        let at = |second| Monotonic::default().plus(Duration::from_secs(second));
        let written = (0..1_000).filter(|_| log.admits(at(5)).is_some()).count();
        assert_eq!(written, 10);
        assert_eq!(log.admits(at(6)), Some(990));
        assert_eq!(log.admits(at(6)), Some(0));
    }
}
