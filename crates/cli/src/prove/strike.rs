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
