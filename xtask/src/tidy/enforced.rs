//! Settings that are classed "enforced" have a test that sees what they do, otherwise than by reading them back.
//!
//! The list is by hand: a setting, and the test that fails when it does nothing. A setting without a line, a line without its
//! test, and a line for a setting that does not act are findings.

use super::Finding;
use super::shape::function_name;
use super::source::Source;
use config::{Class, Property, table};
use std::collections::BTreeSet;

const HERE: &str = "xtask/src/tidy/enforced.rs";

/// Topic settings: name, test.
#[rustfmt::skip] // a table
const OF_TOPICS: &[(&str, &str)] = &[
    ("compression.type", "compression_acts"),
    ("min.insync.replicas", "min_isr_follows_the_setting"),
    ("cleanup.policy", "cleanup_policy_acts"),
    ("compression.gzip.level", "levels_of_compression_act"),
    ("compression.zstd.level", "levels_of_compression_act"),
    ("retention.ms", "retention_time_acts"),
    ("segment.bytes", "segment_size_acts"),
    ("max.message.bytes", "message_size_acts"),
    ("message.timestamp.type", "timestamp_type_acts"),
    ("index.interval.bytes", "index_interval_acts"),
    ("retention.bytes", "retention_size_acts"),
    ("message.timestamp.after.max.ms", "bounds_of_timestamps_act"),
    ("message.timestamp.before.max.ms", "bounds_of_timestamps_act"),
    ("segment.ms", "segment_age_acts"),
    ("segment.jitter.ms", "segment_jitter_acts"),
    ("segment.index.bytes", "index_size_acts"),
    ("highwater.durability", "page_cache_records_survive_a_kill"),
    ("min.cleanable.dirty.ratio", "the_dirty_ratio_acts"),
    ("min.compaction.lag.ms", "the_lags_act"),
    ("max.compaction.lag.ms", "the_lags_act"),
    ("delete.retention.ms", "delete_retention_acts"),
];

/// Broker settings: name, test.
#[rustfmt::skip] // a table
const OF_BROKERS: &[(&str, &str)] = &[
    ("num.partitions", "topics_are_made_as_set"),
    ("auto.create.topics.enable", "topics_are_made_as_set"),
    ("delete.topic.enable", "topics_are_made_as_set"),
    ("default.replication.factor", "topics_are_made_as_set"),
    ("min.insync.replicas", "min_isr_follows_the_setting"),
    ("message.max.bytes", "message_size_acts"),
    ("compression.type", "compression_acts"),
    ("compression.gzip.level", "levels_of_compression_act"),
    ("compression.zstd.level", "levels_of_compression_act"),
    ("log.dirs", "folders_and_sizes_of_the_log_act"),
    ("log.dir", "folders_and_sizes_of_the_log_act"),
    ("log.segment.bytes", "segment_size_acts"),
    ("log.roll.ms", "segment_age_acts"),
    ("log.roll.hours", "segment_age_acts"),
    ("log.roll.jitter.ms", "segment_jitter_acts"),
    ("log.roll.jitter.hours", "segment_jitter_acts"),
    ("log.retention.ms", "retention_time_acts"),
    ("log.retention.minutes", "retention_time_acts"),
    ("log.retention.hours", "retention_time_acts"),
    ("log.retention.bytes", "retention_size_acts"),
    ("log.retention.check.interval.ms", "retention_size_acts"),
    ("log.cleanup.policy", "cleanup_policy_acts"),
    ("log.cleaner.enable", "whether_and_when_logs_are_looked_at"),
    ("log.cleaner.backoff.ms", "whether_and_when_logs_are_looked_at"),
    ("log.cleaner.io.max.bytes.per.second", "the_pace_is_as_set"),
    ("log.cleaner.dedupe.buffer.size", "memory_for_keys_is_as_set"),
    ("log.cleaner.io.buffer.load.factor", "memory_for_keys_is_as_set"),
    ("log.cleaner.min.cleanable.ratio", "the_dirty_ratio_acts"),
    ("log.cleaner.min.compaction.lag.ms", "the_lags_act"),
    ("log.cleaner.max.compaction.lag.ms", "the_lags_act"),
    ("log.cleaner.delete.retention.ms", "delete_retention_acts"),
    ("log.index.size.max.bytes", "index_size_acts"),
    ("log.index.interval.bytes", "index_interval_acts"),
    ("log.message.timestamp.type", "timestamp_type_acts"),
    ("log.message.timestamp.before.max.ms", "bounds_of_timestamps_act"),
    ("log.message.timestamp.after.max.ms", "bounds_of_timestamps_act"),
    ("producer.id.expiration.ms", "producer_expiration_acts"),
    ("process.roles", "only_one_combined_node"),
    ("node.id", "numbers_of_the_node_act"),
    ("broker.id", "only_one_combined_node"),
    ("broker.rack", "numbers_of_the_node_act"),
    ("controller.listener.names", "several_listeners"),
    ("controller.quorum.voters", "only_one_combined_node"),
    ("controller.quorum.bootstrap.servers", "only_one_combined_node"),
    ("metadata.log.max.record.bytes.between.snapshots", "the_bytes_of_a_snapshot_act"),
    ("listeners", "each_listener_tells_its_own_address"),
    ("advertised.listeners", "an_advertised_address_is_told"),
    ("listener.security.protocol.map", "several_listeners"),
    ("inter.broker.listener.name", "broken_listeners"),
    ("socket.request.max.bytes", "numbers_of_the_node_act"),
    ("max.connections", "limits_of_connections_act"),
    ("max.connections.per.ip", "limits_of_connections_act"),
    ("max.connections.per.ip.overrides", "limits_of_connections_act"),
    ("max.connection.creation.rate", "the_rate_of_new_connections_acts"),
    ("connections.max.idle.ms", "idle_connections_are_closed_as_set"),
    ("fetch.max.bytes", "numbers_of_the_node_act"),
    ("max.incremental.fetch.session.cache.slots", "sessions_are_capped"),
    ("max.request.partition.size.limit", "the_length_of_pages_acts"),
    ("highwater.durability", "the_durability_of_new_topics_acts"),
    ("highwater.preset", "the_preset_acts"),
    ("group.min.session.timeout.ms", "limits_of_groups_act"),
    ("group.max.session.timeout.ms", "limits_of_groups_act"),
    ("group.max.size", "limits_of_groups_act"),
    ("group.initial.rebalance.delay.ms", "limits_of_groups_act"),
    ("group.coordinator.rebalance.protocols", "the_consumer_protocol_may_be_left_out"),
    ("group.consumer.session.timeout.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.min.session.timeout.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.max.session.timeout.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.heartbeat.interval.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.min.heartbeat.interval.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.max.heartbeat.interval.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.max.size", "limits_of_the_consumer_protocol_act"),
    ("group.consumer.assignors", "limits_of_the_consumer_protocol_act"),
    ("group.consumer.migration.policy", "limits_of_the_consumer_protocol_act"),
    ("group.consumer.assignment.interval.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.min.assignment.interval.ms", "times_of_the_consumer_protocol_act"),
    ("group.consumer.max.assignment.interval.ms", "times_of_the_consumer_protocol_act"),
    ("offset.metadata.max.bytes", "limits_of_groups_act"),
    ("offsets.topic.num.partitions", "the_offsets_topic_is_made_as_set"),
    ("offsets.topic.replication.factor", "the_offsets_topic_is_made_as_set"),
    ("offsets.topic.segment.bytes", "the_offsets_topic_is_made_as_set"),
    ("transaction.state.log.num.partitions", "settings_of_transactions_act"),
    ("transaction.state.log.replication.factor", "settings_of_transactions_act"),
    ("transaction.state.log.min.isr", "settings_of_transactions_act"),
    ("transaction.state.log.segment.bytes", "settings_of_transactions_act"),
    ("transaction.max.timeout.ms", "settings_of_transactions_act"),
    ("add.partitions.to.txn.retry.backoff.max.ms", "settings_of_transactions_act"),
    ("transactional.id.expiration.ms", "idle_ids_are_forgotten_as_set"),
    ("offsets.commit.timeout.ms", "a_commit_takes_no_longer_than_is_set"),
    ("offsets.retention.minutes", "offsets_expire_as_set"),
    ("offsets.retention.check.interval.ms", "offsets_expire_as_set"),
    ("highwater.offsets.max", "too_many_offsets_of_idle_groups_go"),
    ("highwater.group.metrics.max", "lag_is_shown_up_to_a_cap"),
    ("highwater.offset.history.enable", "commits_are_noted_unless_it_is_switched_off"),
    ("highwater.offset.history.retention.ms", "the_history_goes_by_time_and_size"),
    ("highwater.offset.history.retention.bytes", "the_history_goes_by_time_and_size"),
    ("highwater.shards", "shards_are_as_many_as_set"),
    ("highwater.memory.max", "the_budget_of_memory_acts"),
    ("highwater.groups.memory.bytes", "the_memory_of_groups_acts"),
    ("highwater.disk.reserve.bytes", "the_reserve_of_the_disk_acts"),
    ("highwater.allow.plaintext.listeners", "beyond_loopback_needs_the_word"),
    ("highwater.frame.timeout.ms", "abusive_inputs_are_answered_as_they_should_be"),
    ("highwater.answer.timeout.ms", "abusive_inputs_are_answered_as_they_should_be"),
    ("highwater.http.listener", "the_http_listener_acts"),
    ("highwater.wal.file.bytes", "folders_and_sizes_of_the_log_act"),
    ("highwater.wal.first.file.bytes", "folders_and_sizes_of_the_log_act"),
    ("highwater.wal.checkpoint.bytes", "the_bytes_of_a_checkpoint_act"),
    ("highwater.wal.pool.bytes", "folders_and_sizes_of_the_log_act"),
];

/// Checks both lists against the table of settings and the tests.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let functions: BTreeSet<&str> =
        sources.iter().flat_map(|s| s.code.lines()).filter_map(function_name).collect();
    let topics: Vec<&Property> = table::TOPIC.iter().collect();
    let brokers: Vec<&Property> = table::broker_properties().collect();
    let mut findings = compared("topic", &topics, OF_TOPICS, &functions);
    findings.extend(compared("broker", &brokers, OF_BROKERS, &functions));
    findings
}

fn compared(of: &str, rows: &[&Property], list: &[(&str, &str)], functions: &BTreeSet<&str>) -> Vec<Finding> {
    let enforced: BTreeSet<&str> =
        rows.iter().filter(|row| row.class() == Class::Enforced).map(|row| row.name).collect();
    let listed: BTreeSet<&str> = list.iter().map(|(name, _)| *name).collect();
    let untested = enforced.difference(&listed).map(|name| {
        format!("the {of} setting {name} is enforced and no test sees its effect; write one and name it here")
    });
    let idle = listed
        .difference(&enforced)
        .map(|name| format!("the {of} setting {name} is not enforced; drop its line"));
    let gone = list.iter().filter(|(_, test)| !functions.contains(test));
    let gone = gone.map(|(name, test)| format!("{name}: there is no `fn {test}`"));
    untested.chain(idle).chain(gone).map(|sentence| Finding::new(HERE, sentence)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: an enforced setting without a test, a test that is gone and a line that is not needed are found.
    #[test]
    fn settings_without_effect_are_found() {
        let rows: Vec<&Property> = ["retention.ms", "segment.bytes", "preallocate"]
            .map(|n| table::topic_property(n).unwrap())
            .into();
        let tests = BTreeSet::from(["there"]);
        let found = |list: &[(&str, &str)]| compared("topic", &rows, list, &tests).len();
        assert_eq!(found(&[("retention.ms", "there"), ("segment.bytes", "there")]), 0);
        assert_eq!(found(&[("retention.ms", "there")]), 1, "no test");
        assert_eq!(found(&[("retention.ms", "there"), ("segment.bytes", "gone")]), 1, "a test that is gone");
        let idle = [("retention.ms", "there"), ("segment.bytes", "there"), ("preallocate", "there")];
        assert_eq!(found(&idle), 1, "a setting that does nothing");
    }
}
