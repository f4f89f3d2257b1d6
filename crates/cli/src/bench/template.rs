//! One batch, encoded once. Only its sequence number changes from send to send; the CRC over the 40 bytes of
//! the head that it covers is computed anew and combined with the CRC of the records, which never changes.

use crate::failure::Failure;
use bytes::{Bytes, BytesMut};
use client::record::{BatchBuilder, BatchHeader, Codec, HEADER_BYTES};
use crc_fast::CrcAlgorithm::Crc32Iscsi;
use crc_fast::{checksum, checksum_combine};
use types::{ProducerEpoch, ProducerId, Sequence, WallTime};

const CRC_AT: usize = 17;
const COVERED_FROM: usize = 21;
const PRODUCER_AT: usize = 43;

/// A batch to be sent many times.
#[derive(Clone, Debug)]
pub(super) struct Template {
    head: [u8; HEADER_BYTES],
    records: Bytes,
    records_crc: u64,
    count: i32,
}

impl Template {
    /// Makes a batch of records of `record_bytes` each, as many as fit into `batch_bytes`, at least one.
    pub(super) fn new(record_bytes: usize, batch_bytes: usize, now: WallTime) -> Result<Template, Failure> {
        let mut builder = BatchBuilder::new(Codec::None);
        let mut filler = crate::prove::Seeded::new(1, 1);
        let mut random_value = || {
            let words = (0..record_bytes.div_ceil(8)).flat_map(|_| filler.next().to_be_bytes());
            words.take(record_bytes).collect::<Vec<u8>>()
        };
        while builder.is_empty() || builder.estimated_size() + record_bytes + 12 <= batch_bytes {
            builder.push(now, None, Some(&random_value()), &[]);
        }
        let count = i32::try_from(builder.len()).unwrap_or(i32::MAX);
        let batch = builder.build()?;
        let (head, _) = batch.split_first_chunk().ok_or_else(|| Failure::of("a batch without a head"))?;
        let (head, records) = (*head, batch.slice(HEADER_BYTES..));
        let records_crc = checksum(Crc32Iscsi, &records);
        Ok(Template { head, records, records_crc, count })
    }

    /// Returns the number of records.
    pub(super) fn count(&self) -> i32 {
        self.count
    }

    /// Returns the bytes of the whole batch.
    pub(super) fn size(&self) -> usize {
        HEADER_BYTES + self.records.len()
    }

    /// Returns the batch as two parts, with these producer fields.
    pub(super) fn batch(&self, id: ProducerId, epoch: ProducerEpoch, sequence: Sequence) -> [Bytes; 2] {
        let mut head = self.head;
        head[PRODUCER_AT..PRODUCER_AT + 8].copy_from_slice(&id.0.to_be_bytes());
        head[PRODUCER_AT + 8..PRODUCER_AT + 10].copy_from_slice(&epoch.0.to_be_bytes());
        head[PRODUCER_AT + 10..PRODUCER_AT + 14].copy_from_slice(&sequence.0.to_be_bytes());
        let own = checksum(Crc32Iscsi, &head[COVERED_FROM..]);
        let length = u64::try_from(self.records.len()).unwrap_or(0);
        let crc = checksum_combine(Crc32Iscsi, own, self.records_crc, length);
        let crc = u32::try_from(crc).unwrap_or(0);
        head[CRC_AT..COVERED_FROM].copy_from_slice(&crc.to_be_bytes());
        [BytesMut::from(&head[..]).freeze(), self.records.clone()]
    }

    /// Says whether a batch that was read is one of these.
    pub(super) fn matches(&self, header: &BatchHeader) -> bool {
        header.record_count == self.count && header.size() == self.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::record::verify_crc;

    /// Protects: a batch with another sequence has the CRC that the whole of it gives.
    #[test]
    fn a_patched_batch_has_its_crc() {
        let template = Template::new(100, 1000, WallTime(1_700_000_000_000)).unwrap();
        assert!(template.count() > 5 && template.size() <= 1000);
        for sequence in [0, 9, i32::MAX] {
            let parts = template.batch(ProducerId(7), ProducerEpoch(3), Sequence(sequence));
            let whole = parts.concat();
            assert!(verify_crc(&whole));
            let header = BatchHeader::parse(&whole).unwrap();
            assert_eq!(
                (header.producer_id.0, header.producer_epoch.0, header.base_sequence.0),
                (7, 3, sequence)
            );
            assert!(template.matches(&header));
        }
    }
}
