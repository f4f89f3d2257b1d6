//! Settings of groups and of client metrics.
//!
//! What a group does not set is the broker's setting behind it. Subscriptions to client metrics do not exist yet, so nothing of
//! them can be set. *Source*: GroupConfig and ClientMetricsConfigs of Kafka 4.3.1, in the order of its replies. Data only.

use crate::property::{Kind, Property, State, Synonymous, property};

const SHARE: State = State::Refused("share groups are not built yet; remove it");
const STREAMS: State = State::Refused("streams groups are not built yet; remove it");
const SUBSCRIPTIONS: &str = "it acts with client metrics, which are not built yet";

const fn group(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    synonyms: &'static [Synonymous],
    text: &'static str,
) -> Property {
    property(name, kind, Some(default), text).dynamic().like(synonyms)
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
    group("consumer.session.timeout.ms", Kind::Int, "45000", &[of("group.consumer.session.timeout.ms")], "Silence after which a member of a consumer group is gone.").from(1),
    group("consumer.assignment.interval.ms", Kind::Int, "1000", &[of("group.consumer.assignment.interval.ms")], "Shortest time between two assignments of a consumer group.").from(0),
    group("share.auto.offset.reset", Kind::Text, "latest", &[], "Where a share group begins that has no position.").state(SHARE),
    group("share.renew.acknowledge.enable", Kind::Boolean, "true", &[], "Whether members of a share group may prolong the lock of a record.").state(SHARE),
    group("streams.initial.rebalance.delay.ms", Kind::Int, "3000", &[of("group.streams.initial.rebalance.delay.ms")], "Wait for more members before a streams group is first assigned.").state(STREAMS),
    group("share.session.timeout.ms", Kind::Int, "45000", &[of("group.share.session.timeout.ms")], "Silence after which a member of a share group is gone.").state(SHARE),
    group("streams.assignment.interval.ms", Kind::Int, "1000", &[of("group.streams.assignment.interval.ms")], "Shortest time between two assignments of a streams group.").state(STREAMS),
    group("share.heartbeat.interval.ms", Kind::Int, "5000", &[of("group.share.heartbeat.interval.ms")], "Interval of heartbeats in a share group.").state(SHARE),
    group("streams.heartbeat.interval.ms", Kind::Int, "5000", &[of("group.streams.heartbeat.interval.ms")], "Interval of heartbeats in a streams group.").state(STREAMS),
    group("share.delivery.count.limit", Kind::Int, "5", &[of("group.share.delivery.count.limit")], "How often a record is given to members of a share group.").state(SHARE),
    group("consumer.heartbeat.interval.ms", Kind::Int, "5000", &[of("group.consumer.heartbeat.interval.ms")], "Interval of heartbeats in a consumer group.").from(1),
    group("share.record.lock.duration.ms", Kind::Int, "30000", &[of("group.share.record.lock.duration.ms")], "Time that a record is locked for a member of a share group.").state(SHARE),
    group("share.assignment.interval.ms", Kind::Int, "1000", &[of("group.share.assignment.interval.ms")], "Shortest time between two assignments of a share group.").state(SHARE),
    group("share.isolation.level", Kind::Text, "read_uncommitted", &[], "Whether a share group sees records of open transactions.").state(SHARE),
    group("streams.session.timeout.ms", Kind::Int, "45000", &[of("group.streams.session.timeout.ms")], "Silence after which a member of a streams group is gone.").state(STREAMS),
    group("share.partition.max.record.locks", Kind::Int, "2000", &[of("group.share.partition.max.record.locks")], "Records of a partition that a share group may have locked.").state(SHARE),
    group("streams.num.standby.replicas", Kind::Int, "0", &[of("group.streams.num.standby.replicas")], "Copies of its state that a streams group keeps warm.").state(STREAMS),
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
