//! Blocks of producer ids: each is handed out once, whatever crashes.
//!
//! Source: ProducerIdControlManager. Tests: tests/controller.rs, tests/crash_quorum.rs.

use super::{Decision, Refusal};
use crate::{MetadataImage, Record};
use types::{BrokerEpoch, BrokerId, ErrorCode, ProducerId};

/// Ids in one block. *Source*: Kafka's ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE.
pub const PRODUCER_ID_BLOCK_SIZE: i64 = 1000;

/// Producer ids that one incarnation of one broker may give to its clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProducerIdBlock {
    /// First id of the block.
    pub first: ProducerId,
    /// How many ids there are.
    pub count: i64,
}

/// Decides which ids a broker gets.
///
/// # Errors
/// `STALE_BROKER_EPOCH` if the asker is not the registered incarnation; `UNKNOWN_SERVER_ERROR` when
/// all ids are used up.
pub fn allocate_producer_ids(
    image: &MetadataImage,
    broker: BrokerId,
    epoch: BrokerEpoch,
) -> Result<Decision<ProducerIdBlock>, Refusal> {
    if image.brokers().get(broker).is_none_or(|known| known.epoch != epoch || known.fenced) {
        let message = format!("Broker {broker} is not registered with epoch {epoch}.");
        return Err(Refusal::new(ErrorCode::StaleBrokerEpoch, message));
    }
    let first = image.producer_ids().next;
    let next = first.0.checked_add(PRODUCER_ID_BLOCK_SIZE).map(ProducerId).ok_or_else(used_up)?;
    let records = vec![Record::ProducerIdBlock { next, broker, epoch }];
    Ok(Decision { records, answer: ProducerIdBlock { first, count: PRODUCER_ID_BLOCK_SIZE } })
}

fn used_up() -> Refusal {
    let message =
        "Exhausted all producerIds as the next block's end producerId has exceeded the int64 type limit";
    Refusal::new(ErrorCode::UnknownServerError, message)
}
