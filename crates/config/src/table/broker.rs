//! Settings of the broker's logs: topics by default, segments, retention, cleaner.
//!
//! *Source*: AbstractKafkaConfig of Kafka 4.3.1, for names, types, defaults and bounds. Data only.

use crate::property::{Bounds, Kind, Property, State, Unit, property};

const FLUSH: State = State::NoSubject(
    "an acknowledged batch is already synced, or with highwater.durability=page-cache meant not to be; there is nothing to flush later",
);
const PREALLOCATION: State = State::NoSubject("segments are written from memory, after the write-ahead log");
const LZ4_LEVELS: State =
    State::NoSubject("the encoder of lz4 has one level; its output is read by every client");
const TIERS: State = State::Refused("there is no tiered storage; remove it");

/// Every setting of this area.
///
/// *Shape*: unique names.
#[rustfmt::skip] // a table: one row per setting
pub const BROKER: &[Property] = &[
    property("num.partitions", Kind::Int, Some("1"), "Partitions of a topic for which no number is asked for.").from(1),
    property("auto.create.topics.enable", Kind::Boolean, Some("true"), "Whether a topic that a client asks for is created."),
    property("delete.topic.enable", Kind::Boolean, Some("true"), "Whether topics can be deleted."),
    property("min.insync.replicas", Kind::Int, Some("1"), "Default of the topic setting of this name.").from(1).dynamic(),
    property("message.max.bytes", Kind::Int, Some("1048588"), "Default of the topic setting max.message.bytes.").from(0).dynamic(),
    property("compression.type", Kind::Text, Some("producer"), "Default of the topic setting of this name.").bounds(Bounds::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])).dynamic(),
    property("compression.gzip.level", Kind::Int, Some("-1"), "Default of the topic setting of this name.").bounds(Bounds::WithinOrMinusOne(1, 9)).dynamic(),
    property("compression.lz4.level", Kind::Int, Some("9"), "Default of the topic setting of this name.").bounds(Bounds::Within(1, 17)).dynamic().state(LZ4_LEVELS),
    property("compression.zstd.level", Kind::Int, Some("3"), "Default of the topic setting of this name.").bounds(Bounds::Within(-131_072, 22)).dynamic(),
    property("log.dirs", Kind::List, Some("highwater-data"), "The data directory; one folder."),
    property("log.dir", Kind::List, None, "Older name of log.dirs."),
    property("cordoned.log.dirs", Kind::List, Some(""), "Folders that get no new partitions.").per_broker().state(State::Refused("there is one data directory, and it cannot be cordoned; remove it")),
    property("log.segment.bytes", Kind::Int, Some("1073741824"), "Default of the topic setting segment.bytes.").from(1_048_576).dynamic(),
    property("log.roll.ms", Kind::Long, None, "Default of the topic setting segment.ms.").dynamic(),
    property("log.roll.hours", Kind::Int, Some("168"), "Default of the topic setting segment.ms, where log.roll.ms is unset.").from(1),
    property("log.roll.jitter.ms", Kind::Long, None, "Default of the topic setting segment.jitter.ms.").dynamic(),
    property("log.roll.jitter.hours", Kind::Int, Some("0"), "Default of the topic setting segment.jitter.ms, where log.roll.jitter.ms is unset.").from(0),
    property("log.retention.ms", Kind::Long, None, "Default of the topic setting retention.ms.").dynamic(),
    property("log.retention.minutes", Kind::Int, None, "Default of the topic setting retention.ms, where log.retention.ms is unset."),
    property("log.retention.hours", Kind::Int, Some("168"), "Default of the topic setting retention.ms, where neither log.retention.ms nor log.retention.minutes is set."),
    property("log.retention.bytes", Kind::Long, Some("-1"), "Default of the topic setting retention.bytes.").dynamic(),
    property("log.retention.check.interval.ms", Kind::Long, Some("300000"), "Shortest time between two looks at what can be deleted.").from(1),
    property("log.cleanup.policy", Kind::List, Some("delete"), "Default of the topic setting cleanup.policy.").bounds(Bounds::OneOf(&["compact", "delete"])).dynamic(),
    property("log.index.size.max.bytes", Kind::Int, Some("10485760"), "Default of the topic setting segment.index.bytes.").from(4).dynamic(),
    property("log.index.interval.bytes", Kind::Int, Some("4096"), "Default of the topic setting index.interval.bytes.").from(0).dynamic(),
    property("log.flush.interval.messages", Kind::Long, Some("9223372036854775807"), "Default of the topic setting flush.messages.").from(1).dynamic().state(FLUSH),
    property("log.flush.interval.ms", Kind::Long, None, "Default of the topic setting flush.ms.").dynamic().state(FLUSH),
    property("log.flush.scheduler.interval.ms", Kind::Long, Some("9223372036854775807"), "Interval at which Kafka looks for segments to sync.").state(FLUSH),
    property("log.flush.offset.checkpoint.interval.ms", Kind::Int, Some("60000"), "Interval at which Kafka stores recovery points.").from(0).state(FLUSH),
    property("log.flush.start.offset.checkpoint.interval.ms", Kind::Int, Some("60000"), "Interval at which Kafka stores log start offsets.").from(0).state(FLUSH),
    property("log.segment.delete.delay.ms", Kind::Long, Some("60000"), "Default of the topic setting file.delete.delay.ms.").from(0).dynamic().state(State::Later("files go as soon as nothing needs them, some at a time")),
    property("log.preallocate", Kind::Boolean, Some("false"), "Default of the topic setting preallocate.").dynamic().state(PREALLOCATION),
    property("log.message.timestamp.type", Kind::Text, Some("CreateTime"), "Default of the topic setting message.timestamp.type.").bounds(Bounds::OneOf(&["CreateTime", "LogAppendTime"])).dynamic(),
    property("log.message.timestamp.before.max.ms", Kind::Long, Some("9223372036854775807"), "Default of the topic setting message.timestamp.before.max.ms.").from(0).dynamic(),
    property("log.message.timestamp.after.max.ms", Kind::Long, Some("3600000"), "Default of the topic setting message.timestamp.after.max.ms.").from(0).dynamic(),
    property("log.local.retention.ms", Kind::Long, Some("-2"), "Default of the topic setting local.retention.ms.").from(-2).dynamic().state(TIERS),
    property("log.local.retention.bytes", Kind::Long, Some("-2"), "Default of the topic setting local.retention.bytes.").from(-2).dynamic().state(TIERS),
    property("log.dir.failure.timeout.ms", Kind::Long, Some("30000"), "Time to tell the controller of a failed folder.").from(1).state(State::NoSubject("a broker whose only data directory fails stops at once")),
    property("num.recovery.threads.per.data.dir", Kind::Int, Some("2"), "Threads that recover a folder.").from(1).dynamic().state(State::NoSubject("recovery replays one write-ahead log; there is nothing to spread over threads")),
    property("log.cleaner.enable", Kind::Boolean, Some("true"), "Whether logs are compacted."),
    property("log.cleaner.threads", Kind::Int, Some("1"), "Threads that compact.").from(0).dynamic().state(State::NoSubject("one log is compacted at a time, step by step on the data directory's thread")),
    property("log.cleaner.io.max.bytes.per.second", Kind::Double, Some("1.7976931348623157E308"), "Most bytes that compaction reads and writes a second.").unit_is(Unit::Bytes).dynamic(),
    property("log.cleaner.dedupe.buffer.size", Kind::Long, Some("134217728"), "Memory for the keys of a compaction.").unit_is(Unit::Bytes).dynamic(),
    property("log.cleaner.io.buffer.size", Kind::Int, Some("524288"), "Memory for reading and writing in a compaction.").unit_is(Unit::Bytes).from(0).dynamic().state(State::NoSubject("a compaction reads and writes in pieces of a MiB")),
    property("log.cleaner.io.buffer.load.factor", Kind::Double, Some("0.9"), "How full the memory for keys may get.").dynamic(),
    property("log.cleaner.backoff.ms", Kind::Long, Some("15000"), "Wait when there is nothing to compact.").from(0).dynamic(),
    property("log.cleaner.min.cleanable.ratio", Kind::Double, Some("0.5"), "Default of the topic setting min.cleanable.dirty.ratio.").bounds(Bounds::Within(0, 1)).dynamic(),
    property("log.cleaner.delete.retention.ms", Kind::Long, Some("86400000"), "Default of the topic setting delete.retention.ms.").from(0).dynamic(),
    property("log.cleaner.min.compaction.lag.ms", Kind::Long, Some("0"), "Default of the topic setting min.compaction.lag.ms.").from(0).dynamic(),
    property("log.cleaner.max.compaction.lag.ms", Kind::Long, Some("9223372036854775807"), "Default of the topic setting max.compaction.lag.ms.").from(1).dynamic(),
    property("producer.id.expiration.ms", Kind::Int, Some("86400000"), "Idle time after which the state of an idempotent producer may be forgotten; never less than seven days or the retention of its last batch.").from(1).dynamic(),
];
