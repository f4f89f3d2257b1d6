//! Which shard owns which partition, and the way there.

use super::message::ShardMessage;
use std::sync::Arc;
use tokio::sync::mpsc;
use types::LogKey;

/// The mailboxes of all shards.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    shards: Arc<[mpsc::UnboundedSender<ShardMessage>]>,
}

impl Router {
    /// Makes the way to these shards.
    pub(crate) fn new(shards: Vec<mpsc::UnboundedSender<ShardMessage>>) -> Router {
        Router { shards: shards.into() }
    }

    /// Returns the number of the shard that owns a partition: a fixed function of the first half of its topic's id, which
    /// the offsets topic and its history share, and of its number.
    pub(crate) fn shard_of(&self, key: &LogKey) -> usize {
        let id = key.topic_id.0.0[..8].iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        // Partitions of a topic spread evenly, whatever their number.
        let spread = id.wrapping_add(u64::from(key.partition.0.unsigned_abs()));
        usize::try_from(spread % self.shards.len() as u64).unwrap_or(0)
    }

    /// Returns how many shards there are.
    pub(crate) fn len(&self) -> usize {
        self.shards.len()
    }

    /// Sends a message to one shard. A shard that has stopped drops it, and with it the reply slot.
    pub(crate) fn send(&self, shard: usize, message: ShardMessage) {
        let _ = self.shards[shard].send(message);
    }

    /// Sends a message to the shard that owns a partition.
    pub(crate) fn send_to_owner(&self, key: &LogKey, message: ShardMessage) {
        self.send(self.shard_of(key), message);
    }
}
