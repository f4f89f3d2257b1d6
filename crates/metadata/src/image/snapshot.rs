//! Bytes of a whole image.
//!
//! Version (1 byte, now 1), offset, cluster id, next producer id, then lists: features, brokers,
//! topics each with their partitions, settings. Everything in the order of its key, so that equal
//! images have equal bytes. The file around it (CRC, name) is quorum/snapshot.rs's.

use super::{BrokerImage, MetadataImage, PartitionImage, TopicImage};
use crate::codec::{DecodeError, Decoder, Encoder};
use crate::record::{
    decode_name, decode_partition, decode_registration, decode_resource, encode_partition,
    encode_registration, encode_resource,
};
use types::{BrokerEpoch, LogKey, MetadataOffset, PartitionId, ProducerId};

const VERSION: u8 = 1;

impl MetadataImage {
    /// Encodes the whole image.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::default();
        out.u8(VERSION);
        out.u64(self.offset.0);
        out.optional(self.cluster_id.as_ref(), |out, id| out.uuid(*id));
        out.i64(self.producer_ids.next.0);
        out.count(self.features.iter().count());
        for (name, level) in self.features.iter() {
            out.text(name);
            out.i16(level);
        }
        out.count(self.brokers.iter().count());
        self.brokers.iter().for_each(|(_, broker)| encode_broker(&mut out, broker));
        out.count(self.topics.len());
        self.topics.iter().for_each(|topic| encode_topic(&mut out, topic));
        self.encode_configs(&mut out);
        out.into_bytes()
    }

    /// Decodes what [`MetadataImage::encode`] made.
    ///
    /// # Errors
    /// Truncated or left-over bytes, an unknown version, values that contradict each other.
    pub fn decode(bytes: &[u8]) -> Result<MetadataImage, DecodeError> {
        let mut from = Decoder::new(bytes);
        let version = from.u8()?;
        if version != VERSION {
            return Err(DecodeError::UnknownVersion { what: "a metadata snapshot", version });
        }
        let mut image = MetadataImage { offset: MetadataOffset(from.u64()?), ..MetadataImage::default() };
        image.cluster_id = from.optional(Decoder::uuid)?;
        image.producer_ids.next = ProducerId(from.i64()?);
        for _ in 0..from.u32()? {
            image.features.set(&from.text()?, from.i16()?);
        }
        for _ in 0..from.u32()? {
            image.brokers.restore(decode_broker(&mut from)?);
        }
        for _ in 0..from.u32()? {
            image.decode_topic(&mut from)?;
        }
        image.decode_configs(&mut from)?;
        from.end()?;
        Ok(image)
    }

    fn encode_configs(&self, out: &mut Encoder) {
        out.count(self.configs.iter().count());
        for (resource, settings) in self.configs.iter() {
            encode_resource(out, resource);
            out.count(settings.len());
            for (key, value) in settings {
                out.text(key);
                out.text(value);
            }
        }
    }

    fn decode_configs(&mut self, from: &mut Decoder<'_>) -> Result<(), DecodeError> {
        for _ in 0..from.u32()? {
            let resource = decode_resource(from)?;
            for _ in 0..from.u32()? {
                let key = from.text()?;
                self.configs.set(&resource, &key, Some(&from.text()?));
            }
        }
        Ok(())
    }

    fn decode_topic(&mut self, from: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let name = decode_name(from)?;
        let topic_id = from.topic_id()?;
        self.topics.create(&name, topic_id).map_err(|_| DecodeError::BadValue("topic"))?;
        for _ in 0..from.u32()? {
            let key = LogKey { topic_id, partition: PartitionId(from.i32()?) };
            let partition = PartitionImage { leader_moves: from.u32()?, state: decode_partition(from)? };
            self.topics.set_partition(key, partition).map_err(|_| DecodeError::BadValue("partition"))?;
        }
        Ok(())
    }
}

fn encode_broker(out: &mut Encoder, broker: &BrokerImage) {
    encode_registration(out, &broker.registration);
    out.i64(broker.epoch.0);
    out.bool(broker.fenced);
    out.u32(broker.moves);
}

fn decode_broker(from: &mut Decoder<'_>) -> Result<BrokerImage, DecodeError> {
    Ok(BrokerImage {
        registration: decode_registration(from)?,
        epoch: BrokerEpoch(from.i64()?),
        fenced: from.bool()?,
        moves: from.u32()?,
    })
}

fn encode_topic(out: &mut Encoder, topic: &TopicImage) {
    out.text(topic.name.as_str());
    out.uuid(topic.id.0);
    out.count(topic.partition_count());
    for (partition, image) in topic.partitions() {
        out.i32(partition.0);
        out.u32(image.leader_moves);
        encode_partition(out, &image.state);
    }
}
