//! Reading everything back, from the first offset of each partition to its end.

use super::check::ReadRecord;
use crate::failure::Failure;
use client::{Cluster, Consumer, ConsumerOptions, OffsetAt, StartAt};
use types::Offset;

/// Hands out every record of the topic.
pub(super) async fn read_back(
    cluster: &Cluster,
    topic: &str,
    mut take: impl FnMut(&ReadRecord),
) -> Result<(), Failure> {
    for end in cluster.offsets(topic, OffsetAt::Latest).await? {
        let mut consumer = Consumer::new(cluster.clone(), ConsumerOptions::default());
        consumer.assign(topic, end.partition, StartAt::Beginning).await?;
        let end_offset = end.offset.unwrap_or(Offset::ZERO);
        let mut empty = 0;
        while consumer.position(topic, end.partition).is_some_and(|next| next < end_offset) {
            let batches = consumer.poll_batches().await?;
            empty = if batches.is_empty() { empty + 1 } else { 0 };
            if empty > 20 {
                let sentence =
                    format!("partition {} cannot be read to its end at {end_offset}", end.partition);
                return Err(Failure::of(sentence));
            }
            for batch in &batches {
                for record in batch.records(64 << 20)? {
                    take(&ReadRecord {
                        partition: u32::try_from(batch.partition).unwrap_or(u32::MAX),
                        offset: record.offset.0,
                        leader_epoch: batch.header.leader_epoch.0,
                        producer_id: batch.header.producer_id.0,
                        key: record.key.map(|key| key.to_vec()),
                        value: record.value.map(|value| value.to_vec()).unwrap_or_default(),
                    });
                }
            }
        }
    }
    Ok(())
}
