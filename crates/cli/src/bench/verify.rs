//! Looking for every acknowledged batch: each must be there exactly once, and nothing else.

use super::template::Template;
use crate::failure::Failure;
use client::{Cluster, Consumer, ConsumerOptions, OffsetAt, StartAt};
use std::collections::{BTreeMap, BTreeSet};
use types::Offset;

/// An acknowledged batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Acked {
    pub(super) partition: i32,
    pub(super) base_offset: i64,
    /// Producer and sequence, `-1` without idempotence.
    pub(super) producer: (i64, i32),
}

/// Returns why the figures are void, or nothing if each batch is there exactly once.
pub(super) async fn verify(
    cluster: &Cluster,
    topic: &str,
    template: &Template,
    acked: &[Acked],
) -> Result<Option<String>, Failure> {
    let mut due: BTreeMap<i32, BTreeMap<i64, (i64, i32)>> = BTreeMap::new();
    for batch in acked {
        let known = due.entry(batch.partition).or_default().insert(batch.base_offset, batch.producer);
        if known.is_some() {
            let (partition, offset) = (batch.partition, batch.base_offset);
            return Ok(Some(format!("offset {offset} of partition {partition} was acknowledged twice")));
        }
    }
    for end in cluster.offsets(topic, OffsetAt::Latest).await? {
        let end_offset = end.offset.unwrap_or(Offset::ZERO);
        let mut there = due.remove(&end.partition).unwrap_or_default();
        if let Some(fault) = read(cluster, topic, (end.partition, end_offset), template, &mut there).await? {
            return Ok(Some(fault));
        }
        if let Some((offset, _)) = there.first_key_value() {
            let missing = there.len();
            return Ok(Some(format!(
                "{missing} batches are missing, first at offset {offset} of partition {}",
                end.partition
            )));
        }
    }
    Ok(due.keys().next().map(|partition| format!("partition {partition} is missing")))
}

async fn read(
    cluster: &Cluster,
    topic: &str,
    (partition, end): (i32, Offset),
    template: &Template,
    there: &mut BTreeMap<i64, (i64, i32)>,
) -> Result<Option<String>, Failure> {
    let mut consumer = Consumer::new(cluster.clone(), ConsumerOptions::default());
    consumer.assign(topic, partition, StartAt::Beginning).await?;
    let mut seen = BTreeSet::new();
    while consumer.position(topic, partition).is_some_and(|next| next < end) {
        for batch in consumer.poll_batches().await? {
            let (offset, header) = (batch.header.base_offset.0, &batch.header);
            let producer = (header.producer_id.0, header.base_sequence.0);
            let place = format!("offset {offset} of partition {partition}");
            if !template.matches(header) {
                return Ok(Some(format!("the batch at {place} is none of ours")));
            }
            if producer.0 >= 0 && !seen.insert(producer) {
                return Ok(Some(format!("the batch at {place} is there twice")));
            }
            match there.remove(&offset) {
                Some(due) if due == producer => {}
                Some(_) => return Ok(Some(format!("the batch at {place} is another one"))),
                None => return Ok(Some(format!("the batch at {place} was never acknowledged"))),
            }
        }
    }
    Ok(None)
}
