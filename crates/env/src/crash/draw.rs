//! Draws by a seed: which of the unsynced survives.

/// A sequence of draws (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Draw {
    state: u64,
}

impl Draw {
    /// Starts a sequence.
    pub(super) fn new(seed: u64) -> Draw {
        Draw { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1) }
    }

    /// Draws a number.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Draws an index below `count`, which is not 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % (count as u64).max(1)).unwrap_or(0)
    }

    /// Draws a rank; small ones are as likely as large ones.
    fn rank(&mut self) -> u64 {
        let bits = self.next() % 7;
        self.next() % (1 << bits)
    }

    /// Draws how a whole file or folder fares.
    pub(super) fn fate(&mut self, seed: u64) -> Fate {
        match (seed, self.next() % 8) {
            (0, _) | (_, 0) => Fate::Sixteenths(0),
            (1, _) | (_, 1) => Fate::Sixteenths(16),
            (_, 2) => Fate::Sixteenths(2),
            (_, 3) => Fate::Sixteenths(14),
            (_, 4) => Fate::Until(self.rank()),
            (_, 5) => Fate::From(self.rank()),
            _ => Fate::Sixteenths(8),
        }
    }
}

/// How the unsynced parts of one file fare, counted in the order of their places.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// Each survives with this chance.
    Sixteenths(u64),
    /// Only the first ones survive.
    Until(u64),
    /// Only the later ones survive.
    From(u64),
}

impl Fate {
    /// Says whether the part of this rank survives.
    pub(super) fn survives(self, rank: u64, draw: &mut Draw) -> bool {
        match self {
            Fate::Sixteenths(chance) => draw.next() % 16 < chance,
            Fate::Until(end) => rank < end,
            Fate::From(start) => rank >= start,
        }
    }
}
