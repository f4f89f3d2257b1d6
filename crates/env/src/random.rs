//! Randomness as the broker sees it: for ids, salts and jitter, never for decisions of a pure core.

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

impl dyn Random {
    /// Returns a random number.
    pub fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    /// Returns a random (version 4) id.
    pub fn uuid(&self) -> types::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        types::Uuid::from_random(bytes)
    }
}
