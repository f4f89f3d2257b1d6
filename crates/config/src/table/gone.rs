//! Names that Kafka 4.3.1 does not have and that old or foreign files still hold, each with the reason.
//!
//! Kafka 4.3.1 warns about an unknown key and goes on; here it is refused by name, and for these the sentence says what
//! became of it. *Source*: the upgrade notes of Kafka 4.0 and 4.1 (KIP-500, KIP-724, KIP-896, KIP-937). Data only.

const COORDINATION: &str = "there is no ZooKeeper, as in Kafka since 4.0; remove it";
const ONE_LISTENER: &str = "settings of one listener alone are not built yet, nor is what most of them ask for, authentication and \
                            encryption; remove it";
const OTHER_PRODUCT: &str = "this is a setting of another product; remove it";
const TIERS: &str = "there is no tiered storage; remove it";

/// Beginnings of names that are refused as a whole: beginning, reason.
pub(super) const FAMILIES: &[(&str, &str)] = &[
    ("listener.name.", ONE_LISTENER),
    ("ssl.", "Kafka 4.3.1 has no such setting, and encryption is not built yet; remove it"),
    ("sasl.", "Kafka 4.3.1 has no such setting, and authentication is not built yet; remove it"),
    ("remote.", TIERS),
    ("rsm.config.", TIERS),
    ("rlmm.config.", TIERS),
    ("zookeeper.", COORDINATION),
    ("password.encoder.", COORDINATION),
    ("confluent.", OTHER_PRODUCT),
];

/// Names that Kafka once had: name, what became of it.
pub(super) const GONE: &[(&str, &str)] = &[
    ("advertised.host.name", "gone since Kafka 3.0; use advertised.listeners"),
    ("advertised.port", "gone since Kafka 3.0; use advertised.listeners"),
    ("host.name", "gone since Kafka 3.0; use listeners"),
    ("port", "gone since Kafka 3.0; use listeners"),
    ("auto.include.jmx.reporter", "gone since Kafka 4.0; remove it"),
    ("broker.id.generation.enable", COORDINATION),
    ("reserved.broker.max.id", COORDINATION),
    ("control.plane.listener.name", COORDINATION),
    ("delegation.token.master.key", "authentication is not built yet; remove it"),
    ("eligible.leader.replicas.enable", "gone since Kafka 4.1: it is a feature level; remove it"),
    ("group.coordinator.new.enable", "gone since Kafka 4.1; remove it"),
    ("inter.broker.protocol.version", "gone since Kafka 4.0: feature levels took its place; remove it"),
    ("leader.imbalance.per.broker.percentage", "gone since Kafka 4.0; remove it"),
    ("log.message.downconversion.enable", "gone since Kafka 4.0: only record format 2 exists; remove it"),
    ("log.message.format.version", "gone since Kafka 4.0: only record format 2 exists; remove it"),
    (
        "log.message.timestamp.difference.max.ms",
        "gone since Kafka 4.0; use log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms",
    ),
    (
        "offsets.commit.required.acks",
        "gone since Kafka 4.0: an offset commit waits for all in-sync replicas; remove it",
    ),
    ("quota.consumer.default", "gone since Kafka 3.0: quotas are set through clients; remove it"),
    ("quota.producer.default", "gone since Kafka 3.0: quotas are set through clients; remove it"),
    ("replica.lag.max.messages", "gone since Kafka 0.9; use replica.lag.time.max.ms"),
];
