//! Numbers that order incarnations: leaders, brokers, partition states, metadata.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
pub(crate) use number;

number! {
    /// Number of one leadership of a partition; stamped into every batch the leader appends.
    /// *Invariant*: never decreases for a partition. `-1` on the wire means "unknown".
    LeaderEpoch(i32)
}
number! {
    /// Version of a partition's in-sync set; raised by the controller with each change.
    PartitionEpoch(i32)
}
number! {
    /// Incarnation of a broker: the metadata offset of its registration record.
    BrokerEpoch(i64)
}
number! {
    /// Position in the metadata log; an image is named by the last one it contains.
    MetadataOffset(u64)
}

impl LeaderEpoch {
    /// The wire's "not known".
    pub const UNKNOWN: LeaderEpoch = LeaderEpoch(-1);

    /// Returns the epoch of the next leadership.
    pub fn next(self) -> LeaderEpoch {
        LeaderEpoch(self.0 + 1)
    }
}
