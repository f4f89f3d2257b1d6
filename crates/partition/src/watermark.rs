//! The high watermark: the minimum durable end over the in-sync set.

use crate::ReplicaSet;
use types::Offset;

/// Returns the high watermark that follows from what the leader knows.
///
/// *Invariant*: it never goes back, and it moves only while the in-sync set has min ISR members
/// (R5, R8; KIP-966).
pub(crate) fn high_watermark(current: Offset, replicas: &ReplicaSet, min_isr: usize) -> Offset {
    if !replicas.has_min_isr(min_isr) {
        return current;
    }
    replicas.durable_everywhere().map_or(current, |end| end.max(current))
}
