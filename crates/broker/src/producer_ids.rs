//! Producer ids, handed out from a block that the metadata has given to this broker incarnation.
//!
//! *Invariant*: no id is ever handed out twice: a block is agreed before its first id is used, and
//! what is left of it dies with the process.

use metadata::Metadata;
use metadata::controller::ProducerIdBlock;
use tokio::sync::Mutex;
use types::{BrokerEpoch, BrokerId, ErrorCode, ProducerId};

/// The current block.
#[derive(Debug, Default)]
pub(crate) struct ProducerIds {
    block: Mutex<Option<Block>>,
}

#[derive(Debug)]
struct Block {
    next: i64,
    end: i64,
}

impl ProducerIds {
    /// Hands out an id that nobody has had.
    ///
    /// # Errors
    /// `COORDINATOR_LOAD_IN_PROGRESS`, which clients retry, when no block can be had now.
    pub(crate) async fn next(
        &self,
        metadata: &Metadata,
        broker: BrokerId,
        epoch: BrokerEpoch,
    ) -> Result<ProducerId, ErrorCode> {
        let mut block = self.block.lock().await;
        let mut current = block.take().filter(|block| block.next < block.end);
        if current.is_none() {
            let allocated = metadata.allocate_producer_ids(broker, epoch).await;
            let allocated =
                allocated.ok().and_then(Result::ok).ok_or(ErrorCode::CoordinatorLoadInProgress)?;
            let ProducerIdBlock { first, count } = allocated;
            current = Some(Block { next: first.0, end: first.0 + count });
        }
        let id = current
            .as_ref()
            .map(|block| ProducerId(block.next))
            .ok_or(ErrorCode::CoordinatorLoadInProgress)?;
        *block = current.map(|block| Block { next: block.next + 1, ..block });
        Ok(id)
    }
}
