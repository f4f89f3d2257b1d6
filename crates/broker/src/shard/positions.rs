//! Where partitions stand, and what groups have committed, for whoever looks. Nothing here changes anything.
//! Tests: tests/wire/lag.rs.

use super::Shard;
use super::message::{CommittedOffsets, Position};
use tokio::sync::oneshot;
use types::LogKey;

impl Shard {
    pub(super) fn on_positions(&self, keys: &[LogKey], reply: oneshot::Sender<Vec<Position>>) {
        let position = |key: &LogKey| {
            let slot = self.partitions.get(key)?;
            let pointers = slot.partition.pointers();
            Some(Position {
                key: *key,
                is_online: !slot.partition.is_failed(),
                log_start: pointers.log_start,
                last_stable: pointers.last_stable,
                high_watermark: pointers.high_watermark,
                last_fetch: slot.last_fetch,
            })
        };
        let _ = reply.send(keys.iter().filter_map(position).collect());
    }

    /// Tells up to so many offsets; counting the rest takes a moment per group, not per offset.
    pub(super) fn on_committed_offsets(&self, most: usize, reply: oneshot::Sender<CommittedOffsets>) {
        let mut all = CommittedOffsets::default();
        for groups in self.serving_groups() {
            let (mut offsets, beyond) =
                groups.committed(&*self.published, most.saturating_sub(all.offsets.len()));
            all.offsets.append(&mut offsets);
            all.beyond += beyond;
        }
        let _ = reply.send(all);
    }
}
