//! The topic settings: those of Kafka 4.3.1, in the order of its replies, then ours.
//!
//! *Source*: LogConfig and ServerTopicConfigSynonyms. Data only; a sentence per entry.

use crate::property::{Bounds, Kind, Property, State, Synonymous, property};

const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
const LZ4_LEVELS: &str = "the encoder of lz4 has one level; its output is read by every client";
const NO_FLUSH_TIMER: &str = "an acknowledged batch is already synced, or with highwater.durability=page-cache meant not to be; there is nothing to flush later";
const NO_REPLICATION: &str = "it acts when a partition can have more than one replica";
const NO_PREALLOCATION: &str = "segments are written from memory, after the write-ahead log";
const NO_TIERS: &str = "there is no tiered storage; remove it";

/// Starts the entry of a setting that a living topic can change.
const fn topic(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    text: &'static str,
) -> Property {
    property(name, kind, default, text).dynamic()
}

const fn is(name: &'static str) -> Synonymous {
    Synonymous { name, factor: 1 }
}

const fn times(name: &'static str, factor: i64) -> Synonymous {
    Synonymous { name, factor }
}

/// Every topic setting.
///
/// *Shape*: unique names, in the order of Kafka's replies.
#[rustfmt::skip] // a table: one entry per setting
pub const TOPIC: &[Property] = &[
    topic("compression.type", Kind::Text, Some("producer"), "Codec in which batches are stored; producer keeps the one they came in, any other makes the broker compress.")
        .bounds(Bounds::OneOf(CODECS)).like(&[is("compression.type")]),
    topic("remote.log.delete.on.disable", Kind::Boolean, Some("false"), "Whether switching tiered storage off deletes what was moved out.")
        .state(State::Refused(NO_TIERS)),
    topic("leader.replication.throttled.replicas", Kind::List, Some(""), "Replicas whose outgoing replication traffic counts toward the leader's limit.")
        .bounds(Bounds::ThrottledReplicas).state(State::Later(NO_REPLICATION)),
    topic("remote.storage.enable", Kind::Boolean, Some("false"), "Whether old segments move to another storage.")
        .state(State::Refused(NO_TIERS)),
    topic("min.insync.replicas", Kind::Int, Some("1"), "Replicas that must have synced a batch before acks=all is answered; never more than the topic has.")
        .from(1).like(&[is("min.insync.replicas")]),
    topic("segment.jitter.ms", Kind::Long, Some("0"), "Largest shortening of segment.ms, which each partition has its own part of, so that partitions do not roll together.")
        .from(0).like(&[is("log.roll.jitter.ms"), times("log.roll.jitter.hours", 3_600_000)]),
    topic("remote.log.copy.disable", Kind::Boolean, Some("false"), "Whether copying to the other storage is stopped.")
        .state(State::Refused(NO_TIERS)),
    topic("local.retention.ms", Kind::Long, Some("-2"), "Age up to which segments also stay local under tiered storage.")
        .from(-2).like(&[is("log.local.retention.ms")]).state(State::Refused(NO_TIERS)),
    topic("cleanup.policy", Kind::List, Some("delete"), "What happens to old data: delete it, keep the latest record of each key (compact), both, or nothing.")
        .bounds(Bounds::OneOf(&["compact", "delete"])).like(&[is("log.cleanup.policy")]),
    topic("flush.ms", Kind::Long, Some("9223372036854775807"), "Time after which Kafka syncs a segment.")
        .from(0).like(&[is("log.flush.interval.ms"), is("log.flush.scheduler.interval.ms")])
        .state(State::NoSubject(NO_FLUSH_TIMER)),
    topic("follower.replication.throttled.replicas", Kind::List, Some(""), "Replicas whose incoming replication traffic counts toward the follower's limit.")
        .bounds(Bounds::ThrottledReplicas).state(State::Later(NO_REPLICATION)),
    topic("compression.lz4.level", Kind::Int, Some("9"), "Effort of lz4 when the broker recompresses.")
        .bounds(Bounds::Within(1, 17)).like(&[is("compression.lz4.level")]).state(State::NoSubject(LZ4_LEVELS)),
    topic("compression.gzip.level", Kind::Int, Some("-1"), "Effort of gzip when the broker recompresses; -1 is the codec's own choice.")
        .bounds(Bounds::WithinOrMinusOne(1, 9)).like(&[is("compression.gzip.level")]),
    topic("retention.ms", Kind::Long, Some("604800000"), "Age beyond which whole segments are deleted; -1 keeps them for ever.")
        .from(-1)
        .like(&[is("log.retention.ms"), times("log.retention.minutes", 60_000), times("log.retention.hours", 3_600_000)]),
    topic("segment.bytes", Kind::Int, Some("1073741824"), "Size at which a segment is closed and the next one begun.")
        .from(1_048_576).like(&[is("log.segment.bytes")]),
    topic("compression.zstd.level", Kind::Int, Some("3"), "Effort of zstd when the broker recompresses.")
        .bounds(Bounds::Within(-131_072, 22)).like(&[is("compression.zstd.level")]),
    topic("flush.messages", Kind::Long, Some("9223372036854775807"), "Number of records after which Kafka syncs a segment.")
        .from(1).like(&[is("log.flush.interval.messages")]).state(State::NoSubject(NO_FLUSH_TIMER)),
    topic("file.delete.delay.ms", Kind::Long, Some("60000"), "Time between a segment's renaming to .deleted and its removal.")
        .from(0).like(&[is("log.segment.delete.delay.ms")])
        .state(State::Later("files go as soon as nothing needs them, some at a time")),
    topic("max.compaction.lag.ms", Kind::Long, Some("9223372036854775807"), "Age by which a record must have been looked at by the compactor.")
        .from(1).like(&[is("log.cleaner.max.compaction.lag.ms")]),
    topic("max.message.bytes", Kind::Int, Some("1048588"), "Largest record batch that is taken.")
        .from(0).like(&[is("message.max.bytes")]),
    topic("min.compaction.lag.ms", Kind::Long, Some("0"), "Age below which a record is left alone by the compactor.")
        .from(0).like(&[is("log.cleaner.min.compaction.lag.ms")]),
    topic("message.timestamp.type", Kind::Text, Some("CreateTime"), "Whose clock stamps a record: the producer's (CreateTime) or the broker's (LogAppendTime).")
        .bounds(Bounds::OneOf(&["CreateTime", "LogAppendTime"])).like(&[is("log.message.timestamp.type")]),
    topic("local.retention.bytes", Kind::Long, Some("-2"), "Size up to which segments also stay local under tiered storage.")
        .from(-2).like(&[is("log.local.retention.bytes")]).state(State::Refused(NO_TIERS)),
    topic("preallocate", Kind::Boolean, Some("false"), "Whether a segment's file is given its whole size at the start.")
        .like(&[is("log.preallocate")]).state(State::NoSubject(NO_PREALLOCATION)),
    topic("index.interval.bytes", Kind::Int, Some("4096"), "Bytes of a segment between two entries of its indexes.")
        .from(0).like(&[is("log.index.interval.bytes")]),
    topic("min.cleanable.dirty.ratio", Kind::Double, Some("0.5"), "Share of not yet compacted bytes at which a log is compacted.")
        .bounds(Bounds::Within(0, 1)).like(&[is("log.cleaner.min.cleanable.ratio")]),
    topic("unclean.leader.election.enable", Kind::Boolean, Some("false"), "Whether a replica that may lack acknowledged records can become leader.")
        .like(&[is("unclean.leader.election.enable")]).state(State::Later(NO_REPLICATION)),
    topic("delete.retention.ms", Kind::Long, Some("86400000"), "Time that a tombstone stays after compaction.")
        .from(0).like(&[is("log.cleaner.delete.retention.ms")]),
    topic("retention.bytes", Kind::Long, Some("-1"), "Size of a partition beyond which its oldest segments are deleted; -1 is no limit.")
        .like(&[is("log.retention.bytes")]),
    topic("message.timestamp.after.max.ms", Kind::Long, Some("3600000"), "How far a producer's timestamp may lie in the future.")
        .from(0).like(&[is("log.message.timestamp.after.max.ms")]),
    topic("message.timestamp.before.max.ms", Kind::Long, Some("9223372036854775807"), "How far a producer's timestamp may lie in the past.")
        .from(0).like(&[is("log.message.timestamp.before.max.ms")]),
    topic("segment.ms", Kind::Long, Some("604800000"), "Age at which a segment is closed even if it is small.")
        .from(1).like(&[is("log.roll.ms"), times("log.roll.hours", 3_600_000)]),
    topic("segment.index.bytes", Kind::Int, Some("10485760"), "Largest size of a segment's index; a full index closes the segment.")
        .from(4).like(&[is("log.index.size.max.bytes")]),
    property("highwater.durability", Kind::Text, Some("fsync"), "What an acknowledgement means: fsync, the batch is on stable storage; page-cache, it survives a killed process but not a power cut. Fixed when the topic is created.")
        .bounds(Bounds::OneOf(&["fsync", "page-cache"])),
];
