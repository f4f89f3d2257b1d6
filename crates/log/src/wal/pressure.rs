//! How full the pool is, and what that asks for (W-7). Tests: `service/tests.rs`.

/// How full the pool is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum WalPressure {
    /// Less than half is used.
    #[default]
    Calm,
    /// Half is used: a checkpoint should start.
    CheckpointWanted,
    /// Three quarters are used: the checkpoint is not paced any more.
    Urgent,
    /// Only the last eighth is left: clients' appends are held back.
    Full,
}

impl WalPressure {
    /// Returns the pressure of so many used bytes out of so many.
    pub(super) fn of(used: u64, capacity: u64) -> WalPressure {
        match used.saturating_mul(8).checked_div(capacity).unwrap_or(0) {
            0..4 => WalPressure::Calm,
            4..6 => WalPressure::CheckpointWanted,
            6..7 => WalPressure::Urgent,
            _ => WalPressure::Full,
        }
    }
}
