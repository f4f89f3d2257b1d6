//! Where a kill strikes: at a random moment, or inside something that the broker has just begun.

/// Where a kill strikes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(super) enum Strike {
    /// At a random moment.
    Random,
    /// Inside a checkpoint.
    Checkpoint,
    /// While a segment is closed and the next one made.
    Roll,
    /// At a random moment, and again inside the recovery that follows.
    Recovery,
    /// At a random moment, and the disk forgets what is not synced; needs `--power-switch`.
    Power,
}

impl Strike {
    /// Returns where the kill of this round strikes: the first is round 1, and after the last kind comes the first again.
    pub(super) fn of_round(strikes: &[Strike], round: u32) -> Strike {
        let turn = usize::try_from(round).unwrap_or(0).saturating_sub(1);
        strikes.iter().cycle().nth(turn).copied().unwrap_or(Strike::Random)
    }

    /// Returns the name, which is also that of the broker's mark.
    pub(super) fn name(self) -> &'static str {
        match self {
            Strike::Random => "random",
            Strike::Checkpoint => "checkpoint",
            Strike::Roll => "roll",
            Strike::Recovery => "recovery",
            Strike::Power => "power",
        }
    }

    /// Returns the mark that the kill under load waits for, if it waits for one.
    pub(super) fn under_load(self) -> Option<&'static str> {
        matches!(self, Strike::Checkpoint | Strike::Roll).then(|| self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: kinds of kills take turns, from the first round on.
    #[test]
    fn kinds_take_turns() {
        let kinds = [Strike::Power, Strike::Random];
        let four: Vec<Strike> = (1..=4).map(|round| Strike::of_round(&kinds, round)).collect();
        assert_eq!(four, [Strike::Power, Strike::Random, Strike::Power, Strike::Random]);
        assert_eq!(Strike::of_round(&[], 1), Strike::Random);
    }
}
