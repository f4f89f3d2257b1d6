//! Randomness that follows from a seed (SplitMix64).

use env::Random;
use std::sync::{Mutex, PoisonError};

/// A source of numbers: of a broker, and of a scenario's own decisions.
#[derive(Debug)]
pub struct SimRandom {
    state: Mutex<u64>,
}

impl SimRandom {
    /// Makes the source that belongs to a seed.
    pub fn new(seed: u64) -> SimRandom {
        SimRandom { state: Mutex::new(mixed(seed)) }
    }

    /// Draws a number.
    pub fn draw(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(*state)
    }

    /// Draws a number between two, both included.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1).max(1);
        least + self.draw() % span
    }

    /// Draws true in so many of a hundred cases.
    pub fn percent(&self, chance: u64) -> bool {
        self.draw() % 100 < chance
    }
}

impl Random for SimRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for part in buffer.chunks_mut(8) {
            let bytes = self.draw().to_be_bytes();
            part.copy_from_slice(&bytes[..part.len()]);
        }
    }
}

/// Spreads a number over all bits.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut z = number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
