//! Settings of groups and of client metrics, as they are shown for one that has none of its own.
//!
//! Neither groups nor subscriptions to client metrics exist yet, so nothing can be set; what would count is the broker's
//! setting behind each. *Source*: GroupConfig and ClientMetricsConfigs of Kafka 4.3.1, in the order of its replies. Data only.

use crate::property::{Kind, Property, State, Synonymous, property};

const GROUPS: &str = "it acts with settings of groups, which are not built yet";
const SUBSCRIPTIONS: &str = "it acts with client metrics, which are not built yet";

const fn group(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    synonyms: &'static [Synonymous],
    text: &'static str,
) -> Property {
    property(name, kind, Some(default), text).dynamic().like(synonyms).state(State::Later(GROUPS))
}

const fn metrics(name: &'static str, kind: Kind, default: &'static str, text: &'static str) -> Property {
    property(name, kind, Some(default), text).dynamic().state(State::Later(SUBSCRIPTIONS))
}

const fn of(name: &'static str) -> Synonymous {
    Synonymous { name, factor: 1 }
}

/// Settings of a group.
///
/// *Shape*: unique names.
#[rustfmt::skip] // a table: one row per setting
pub const GROUP: &[Property] = &[
    group("consumer.session.timeout.ms", Kind::Int, "45000", &[of("group.consumer.session.timeout.ms")], "Silence after which a member of a consumer group is gone."),
    group("consumer.assignment.interval.ms", Kind::Int, "1000", &[of("group.consumer.assignment.interval.ms")], "Shortest time between two assignments of a consumer group."),
    group("share.auto.offset.reset", Kind::Text, "latest", &[], "Where a share group begins that has no position."),
    group("share.renew.acknowledge.enable", Kind::Boolean, "true", &[], "Whether members of a share group may prolong the lock of a record."),
    group("streams.initial.rebalance.delay.ms", Kind::Int, "3000", &[of("group.streams.initial.rebalance.delay.ms")], "Wait for more members before a streams group is first assigned."),
    group("share.session.timeout.ms", Kind::Int, "45000", &[of("group.share.session.timeout.ms")], "Silence after which a member of a share group is gone."),
    group("streams.assignment.interval.ms", Kind::Int, "1000", &[of("group.streams.assignment.interval.ms")], "Shortest time between two assignments of a streams group."),
    group("share.heartbeat.interval.ms", Kind::Int, "5000", &[of("group.share.heartbeat.interval.ms")], "Interval of heartbeats in a share group."),
    group("streams.heartbeat.interval.ms", Kind::Int, "5000", &[of("group.streams.heartbeat.interval.ms")], "Interval of heartbeats in a streams group."),
    group("share.delivery.count.limit", Kind::Int, "5", &[of("group.share.delivery.count.limit")], "How often a record is given to members of a share group."),
    group("consumer.heartbeat.interval.ms", Kind::Int, "5000", &[of("group.consumer.heartbeat.interval.ms")], "Interval of heartbeats in a consumer group."),
    group("share.record.lock.duration.ms", Kind::Int, "30000", &[of("group.share.record.lock.duration.ms")], "Time that a record is locked for a member of a share group."),
    group("share.assignment.interval.ms", Kind::Int, "1000", &[of("group.share.assignment.interval.ms")], "Shortest time between two assignments of a share group."),
    group("share.isolation.level", Kind::Text, "read_uncommitted", &[], "Whether a share group sees records of open transactions."),
    group("streams.session.timeout.ms", Kind::Int, "45000", &[of("group.streams.session.timeout.ms")], "Silence after which a member of a streams group is gone."),
    group("share.partition.max.record.locks", Kind::Int, "2000", &[of("group.share.partition.max.record.locks")], "Records of a partition that a share group may have locked."),
    group("streams.num.standby.replicas", Kind::Int, "0", &[of("group.streams.num.standby.replicas")], "Copies of its state that a streams group keeps warm."),
];

/// Settings of a subscription to client metrics.
///
/// *Shape*: unique names.
#[rustfmt::skip] // a table: one row per setting
pub const CLIENT_METRICS: &[Property] = &[
    metrics("interval.ms", Kind::Int, "300000", "Interval at which clients send their metrics."),
    metrics("match", Kind::List, "", "Which clients are asked."),
    metrics("metrics", Kind::List, "", "Beginnings of the names of the metrics that are asked for."),
];
