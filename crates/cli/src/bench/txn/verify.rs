//! Whether a reader of committed data finds what was committed, and nothing else.

use super::load::COMMITTED;
use crate::failure::Failure;
use client::{Cluster, Consumer, ConsumerOptions, Isolation, OffsetAt, StartAt};
use types::Offset;

/// Reads all partitions; says what is wrong, if anything is.
pub(super) async fn fault(cluster: &Cluster, topic: &str, committed: u64) -> Result<Option<String>, Failure> {
    let mut found = 0;
    for end in cluster.offsets(topic, OffsetAt::LastStable).await? {
        let options = ConsumerOptions { isolation: Isolation::Committed, ..ConsumerOptions::default() };
        let mut consumer = Consumer::new(cluster.clone(), options);
        consumer.assign(topic, end.partition, StartAt::Beginning).await?;
        let end_offset = end.offset.unwrap_or(Offset::ZERO);
        while consumer.position(topic, end.partition).is_some_and(|next| next < end_offset) {
            for consumed in consumer.poll().await? {
                found += 1;
                if consumed.record.value.as_ref().and_then(|value| value.first()) != Some(&COMMITTED) {
                    let (partition, offset) = (consumed.partition, consumed.record.offset);
                    return Ok(Some(format!(
                        "offset {offset} of partition {partition} was aborted, and is read"
                    )));
                }
            }
        }
    }
    let wrong = format!("{committed} records were committed, and {found} are read");
    Ok((found != committed).then_some(wrong))
}
