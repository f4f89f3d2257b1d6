//! Settings of tiered storage, which does not exist: each is refused unless it is set to its default.
//!
//! *Source*: RemoteLogManagerConfig of Kafka 4.3.1, for names, types, defaults and bounds. Data only.

use crate::property::{Kind, Property, State, Unit, property};

const TIERS: State = State::Refused("there is no tiered storage; remove it");

/// Every setting of this area.
///
/// *Shape*: unique names.
#[rustfmt::skip] // a table: one row per setting
pub const TIERED_STORAGE: &[Property] = &[
    property("remote.log.storage.system.enable", Kind::Boolean, Some("false"), "Whether old segments can move to another storage.").state(TIERS),
    property("remote.log.storage.manager.impl.prefix", Kind::Text, Some("rsm.config."), "Prefix of the storage plugin's own settings.").state(TIERS),
    property("remote.log.storage.manager.class.name", Kind::Text, None, "Class of the storage plugin.").state(TIERS),
    property("remote.log.storage.manager.class.path", Kind::Text, None, "Class path of the storage plugin.").state(TIERS),
    property("remote.log.metadata.manager.impl.prefix", Kind::Text, Some("rlmm.config."), "Prefix of the own settings of what keeps track of moved segments.").state(TIERS),
    property("remote.log.metadata.manager.class.name", Kind::Text, Some("org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager"), "Class that keeps track of moved segments.").state(TIERS),
    property("remote.log.metadata.manager.class.path", Kind::Text, None, "Class path of what keeps track of moved segments.").state(TIERS),
    property("remote.log.metadata.manager.listener.name", Kind::Text, None, "Listener over which moved segments are kept track of.").state(TIERS),
    property("remote.log.metadata.custom.metadata.max.bytes", Kind::Int, Some("128"), "Largest note that the storage plugin may keep per segment.").from(0).state(TIERS),
    property("remote.log.index.file.cache.total.size.bytes", Kind::Long, Some("1073741824"), "Disk space for indexes of moved segments.").from(1).dynamic().state(TIERS),
    property("remote.log.manager.thread.pool.size", Kind::Int, Some("2"), "Threads that plan what is moved.").from(1).state(TIERS),
    property("remote.log.manager.copier.thread.pool.size", Kind::Int, Some("10"), "Threads that copy segments to the other storage.").from(1).dynamic().state(TIERS),
    property("remote.log.manager.expiration.thread.pool.size", Kind::Int, Some("10"), "Threads that delete expired moved segments.").from(1).dynamic().state(TIERS),
    property("remote.log.manager.follower.thread.pool.size", Kind::Int, Some("2"), "Threads that keep followers informed of moved segments.").from(1).dynamic().state(TIERS),
    property("remote.log.manager.task.interval.ms", Kind::Long, Some("30000"), "Interval at which segments to move are looked for.").from(1).state(TIERS),
    property("remote.log.manager.copy.max.bytes.per.second", Kind::Long, Some("9223372036854775807"), "Most bytes copied to the other storage a second.").from(1).dynamic().unit_is(Unit::Bytes).state(TIERS),
    property("remote.log.manager.copy.quota.window.num", Kind::Int, Some("11"), "Samples over which copying is measured.").from(1).state(TIERS),
    property("remote.log.manager.copy.quota.window.size.seconds", Kind::Int, Some("1"), "Length of a sample of copying.").from(1).state(TIERS),
    property("remote.log.manager.fetch.max.bytes.per.second", Kind::Long, Some("9223372036854775807"), "Most bytes read from the other storage a second.").from(1).dynamic().unit_is(Unit::Bytes).state(TIERS),
    property("remote.log.manager.fetch.quota.window.num", Kind::Int, Some("11"), "Samples over which reading back is measured.").from(1).state(TIERS),
    property("remote.log.manager.fetch.quota.window.size.seconds", Kind::Int, Some("1"), "Length of a sample of reading back.").from(1).state(TIERS),
    property("remote.log.reader.threads", Kind::Int, Some("10"), "Threads that read from the other storage.").from(1).dynamic().state(TIERS),
    property("remote.log.reader.max.pending.tasks", Kind::Int, Some("100"), "Reads from the other storage that may wait.").from(1).state(TIERS),
    property("remote.fetch.max.wait.ms", Kind::Int, Some("500"), "Longest time that a fetch waits for the other storage.").from(1).dynamic().state(TIERS),
    property("remote.list.offsets.request.timeout.ms", Kind::Long, Some("30000"), "Longest time that an offset lookup waits for the other storage.").from(1).dynamic().state(TIERS),
];
