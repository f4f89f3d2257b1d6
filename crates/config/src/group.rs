//! Settings of groups: limits, the topic of their offsets, and the times of the consumer protocol (KIP-848).
//!
//! Beyond the table's bounds: a time lies between its least and greatest value, and a heartbeat is shorter than a session.
//! A group may have times of its own within the broker's limits; where those have become narrower since, it has the limit.
//! *Source*: GroupCoordinatorConfig and GroupConfig of Kafka 4.3.1. Tests: `tests/groups.rs`.

use crate::broker::BrokerConfig;
use crate::error::ConfigError;
use crate::history::HistoryConfig;
use crate::sources::{Overrides, Sources, check};
use crate::table;
use std::time::Duration;
use types::Millis;

/// Assignors that are built in.
const ASSIGNORS: [&str; 2] = ["uniform", "range"];

/// Limits of groups, and the topic that holds their offsets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupConfig {
    /// Shortest session timeout that a member may ask for.
    pub min_session_timeout_ms: Millis,
    /// Longest session timeout that a member may ask for.
    pub max_session_timeout_ms: Millis,
    /// Wait for more members before the first rebalance.
    pub initial_rebalance_delay_ms: Millis,
    /// Most members of a group.
    pub max_size: u32,
    /// Largest text that may go with a committed offset. *Units*: bytes.
    pub offset_metadata_max_bytes: u32,
    /// Partitions of the offsets topic, when it is created.
    pub offsets_partitions: u32,
    /// Replicas of the offsets topic; as many as there are brokers at most.
    pub offsets_replication_factor: u32,
    /// Size of a segment of the offsets topic. *Units*: bytes.
    pub offsets_segment_bytes: u32,
    /// How long offsets of empty groups are kept; without end if it is not set.
    pub offsets_retention: Option<Duration>,
    /// Interval at which expired offsets are looked for.
    pub offsets_retention_check_interval_ms: Millis,
    /// Time after which what a coordinator has to write is answered, whether it is written or not.
    pub offsets_commit_timeout: Millis,
    /// Most offsets of groups without members, of all groups of the broker, where no retention is set.
    pub offsets_max: u64,
    /// Partitions of groups that have metrics of their own at most.
    pub metrics_max: u32,
    /// The history of offsets.
    pub history: HistoryConfig,
    /// What groups, their members and offsets may hold; a part of the broker's memory if it is not set. *Units*: bytes.
    pub memory_bytes: Option<u64>,
    /// Groups of the consumer protocol.
    pub consumer: ConsumerGroupConfig,
}

/// Settings of groups of the consumer protocol (KIP-848).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerGroupConfig {
    /// Whether the broker serves the protocol.
    pub enabled: bool,
    /// Silence after which a member is gone.
    pub session_timeout: Millis,
    /// Interval of heartbeats. *Invariant*: shorter than the session timeout.
    pub heartbeat_interval: Millis,
    /// Shortest time between two assignments.
    pub assignment_interval: Millis,
    /// Session timeouts that a group may have.
    pub session_limits: TimeLimits,
    /// Intervals of heartbeats that a group may have.
    pub heartbeat_limits: TimeLimits,
    /// Times between two assignments that a group may have.
    pub assignment_limits: TimeLimits,
    /// Most members of a group.
    pub max_size: usize,
    /// Assignors that members may ask for. *Shape*: not empty, no name twice; the first is the default.
    pub assignors: Vec<String>,
    /// Which ways groups may be converted while they have members.
    pub migration: MigrationPolicy,
}

/// What a time may be. *Invariant*: `least` is not above `most`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeLimits {
    /// The least.
    pub least: Millis,
    /// The greatest.
    pub most: Millis,
}

/// Times of one group of the consumer protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConsumerTimes {
    /// Silence after which a member is gone.
    pub session_timeout: Millis,
    /// Interval of heartbeats. *Invariant*: shorter than the session timeout.
    pub heartbeat_interval: Millis,
    /// Shortest time between two assignments.
    pub assignment_interval: Millis,
}

/// Which ways groups may be converted between the protocols while they have members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MigrationPolicy {
    /// None.
    Disabled,
    /// From the classic to the consumer protocol.
    Upgrade,
    /// From the consumer to the classic protocol.
    Downgrade,
    /// Both.
    Bidirectional,
}

impl MigrationPolicy {
    /// Says whether a group of the classic protocol may become one of the consumer protocol.
    pub fn upgrades(self) -> bool {
        matches!(self, MigrationPolicy::Upgrade | MigrationPolicy::Bidirectional)
    }

    /// Says whether a group of the consumer protocol may become one of the classic protocol.
    pub fn downgrades(self) -> bool {
        matches!(self, MigrationPolicy::Downgrade | MigrationPolicy::Bidirectional)
    }
}

impl ConsumerGroupConfig {
    /// Returns the times of a group that has none of its own.
    pub fn times(&self) -> ConsumerTimes {
        ConsumerTimes {
            session_timeout: self.session_timeout,
            heartbeat_interval: self.heartbeat_interval,
            assignment_interval: self.assignment_interval,
        }
    }

    /// Returns the times of a group with these settings of its own. What is stored is not refused: a time beyond the limits
    /// is the limit, one that is no number is the broker's; so are both, if a heartbeat would be no shorter than a session.
    pub fn times_of(&self, own: &Overrides) -> ConsumerTimes {
        let time = |of: &TimeNames, limits: TimeLimits, broker| match number(own, of.own) {
            Some(time) => time.clamp(limits.least, limits.most),
            None => broker,
        };
        let times = ConsumerTimes {
            session_timeout: time(&SESSION, self.session_limits, self.session_timeout),
            heartbeat_interval: time(&HEARTBEAT, self.heartbeat_limits, self.heartbeat_interval),
            assignment_interval: time(&ASSIGNMENT, self.assignment_limits, self.assignment_interval),
        };
        if times.session_timeout > times.heartbeat_interval {
            return times;
        }
        ConsumerTimes { assignment_interval: times.assignment_interval, ..self.times() }
    }

    /// Makes Kafka's checks of a group's own settings, in Kafka's order.
    fn check(&self, own: &Overrides) -> Result<(), ConfigError> {
        let of_broker = |of: &TimeNames, broker| number(own, of.own).unwrap_or(broker);
        let heartbeat = of_broker(&HEARTBEAT, self.heartbeat_interval);
        let session = of_broker(&SESSION, self.session_timeout);
        HEARTBEAT.within(heartbeat, self.heartbeat_limits)?;
        SESSION.within(session, self.session_limits)?;
        ASSIGNMENT.within(of_broker(&ASSIGNMENT, self.assignment_interval), self.assignment_limits)?;
        match session > heartbeat {
            true => Ok(()),
            false => Err(ConfigError::unrelated(SESSION.own, "greater than", HEARTBEAT.own)),
        }
    }
}

/// Checks a group's own settings, and brings each value into its one form.
///
/// # Errors
/// `UnknownGroupSetting`, `Refused`, `Invalid` or `Unrelated` for the first that cannot be taken.
pub(crate) fn checked_group(own: &Overrides, broker: &BrokerConfig) -> Result<Overrides, ConfigError> {
    let row = |name: &String| {
        let unknown = || ConfigError::UnknownGroupSetting { name: name.clone() };
        table::group_property(name).ok_or_else(unknown)
    };
    own.keys().try_for_each(|name| row(name).map(drop))?;
    let mut checked = Overrides::new();
    for (name, value) in own {
        let property = row(name)?;
        check(property, value, broker.preset)?;
        checked.insert(name.clone(), property.normal(value));
    }
    broker.groups.consumer.check(&checked)?;
    Ok(checked)
}

fn number(own: &Overrides, name: &str) -> Option<Millis> {
    own.get(name)?.trim().parse().ok().map(Millis)
}

impl GroupConfig {
    /// Returns the settings that the offsets topic is created with. *Source*: Kafka's GroupCoordinatorService.
    pub fn offsets_topic_settings(&self) -> Vec<(String, Option<String>)> {
        let segment_bytes = self.offsets_segment_bytes.to_string();
        let all = [
            ("cleanup.policy", "compact"),
            ("compression.type", "producer"),
            ("segment.bytes", &segment_bytes),
        ];
        all.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).into()
    }

    pub(crate) fn of(settings: &Sources) -> Result<GroupConfig, ConfigError> {
        const LEAST: &str = "group.min.session.timeout.ms";
        const RETENTION: &str = "offsets.retention.minutes";
        let minutes = u64::from(settings.count(RETENTION)?);
        let groups = GroupConfig {
            min_session_timeout_ms: Millis(settings.number(LEAST)?),
            max_session_timeout_ms: Millis(settings.number("group.max.session.timeout.ms")?),
            initial_rebalance_delay_ms: Millis(settings.number("group.initial.rebalance.delay.ms")?),
            max_size: settings.count("group.max.size")?,
            offset_metadata_max_bytes: settings.count("offset.metadata.max.bytes")?,
            offsets_partitions: settings.count("offsets.topic.num.partitions")?,
            offsets_replication_factor: settings.count("offsets.topic.replication.factor")?,
            offsets_segment_bytes: settings.count("offsets.topic.segment.bytes")?,
            offsets_retention: settings.is_set(RETENTION).then_some(Duration::from_secs(minutes * 60)),
            offsets_retention_check_interval_ms: Millis(
                settings.number("offsets.retention.check.interval.ms")?,
            ),
            offsets_max: settings.size("highwater.offsets.max")?,
            offsets_commit_timeout: Millis(settings.number("offsets.commit.timeout.ms")?),
            metrics_max: settings.count("highwater.group.metrics.max")?,
            history: HistoryConfig::of(settings)?,
            memory_bytes: Some(settings.size("highwater.groups.memory.bytes")?).filter(|n| *n > 0),
            consumer: consumer(settings)?,
        };
        if groups.max_session_timeout_ms < groups.min_session_timeout_ms {
            let most = groups.max_session_timeout_ms.0;
            let why = format!("it must not be above group.max.session.timeout.ms, which is {most}");
            return Err(settings.invalid(LEAST, why));
        }
        Ok(groups)
    }
}

/// Names of the settings of one time: a group's own, and the broker's.
struct TimeNames {
    own: &'static str,
    value: &'static str,
    least: &'static str,
    most: &'static str,
}

impl TimeNames {
    fn within(&self, time: Millis, limits: TimeLimits) -> Result<(), ConfigError> {
        if time < limits.least {
            return Err(ConfigError::unrelated(self.own, "greater than or equal to", self.least));
        }
        if time > limits.most {
            return Err(ConfigError::unrelated(self.own, "less than or equal to", self.most));
        }
        Ok(())
    }
}

const SESSION: TimeNames = TimeNames {
    own: "consumer.session.timeout.ms",
    value: "group.consumer.session.timeout.ms",
    least: "group.consumer.min.session.timeout.ms",
    most: "group.consumer.max.session.timeout.ms",
};
const HEARTBEAT: TimeNames = TimeNames {
    own: "consumer.heartbeat.interval.ms",
    value: "group.consumer.heartbeat.interval.ms",
    least: "group.consumer.min.heartbeat.interval.ms",
    most: "group.consumer.max.heartbeat.interval.ms",
};
const ASSIGNMENT: TimeNames = TimeNames {
    own: "consumer.assignment.interval.ms",
    value: "group.consumer.assignment.interval.ms",
    least: "group.consumer.min.assignment.interval.ms",
    most: "group.consumer.max.assignment.interval.ms",
};

fn consumer(settings: &Sources) -> Result<ConsumerGroupConfig, ConfigError> {
    let (heartbeat_interval, heartbeat_limits) = time(settings, &HEARTBEAT)?;
    let (session_timeout, session_limits) = time(settings, &SESSION)?;
    let (assignment_interval, assignment_limits) = time(settings, &ASSIGNMENT)?;
    if heartbeat_interval >= session_timeout {
        let why = format!("it must be less than {}, which is {}", SESSION.value, session_timeout.0);
        return Err(settings.invalid(HEARTBEAT.value, why));
    }
    Ok(ConsumerGroupConfig {
        enabled: serves_consumer(settings)?,
        session_timeout,
        heartbeat_interval,
        assignment_interval,
        session_limits,
        heartbeat_limits,
        assignment_limits,
        max_size: usize::try_from(settings.count("group.consumer.max.size")?).unwrap_or(usize::MAX),
        assignors: assignors(settings)?,
        migration: migration(&settings.text("group.consumer.migration.policy")?),
    })
}

fn time(settings: &Sources, names: &TimeNames) -> Result<(Millis, TimeLimits), ConfigError> {
    let read = |name| settings.number(name).map(Millis);
    let (value, least, most) = (read(names.value)?, read(names.least)?, read(names.most)?);
    let above = |name, limit: &str, number: Millis| {
        Err(settings.invalid(name, format!("it must not be above {limit}, which is {}", number.0)))
    };
    match () {
        () if least > most => above(names.least, names.most, most),
        () if value > most => above(names.value, names.most, most),
        () if value < least => {
            let why = format!("it must not be below {}, which is {}", names.least, least.0);
            Err(settings.invalid(names.value, why))
        }
        () => Ok((value, TimeLimits { least, most })),
    }
}

/// The classic protocol cannot be switched off, as in Kafka.
fn serves_consumer(settings: &Sources) -> Result<bool, ConfigError> {
    const PROTOCOLS: &str = "group.coordinator.rebalance.protocols";
    let protocols = settings.list(PROTOCOLS)?;
    let has = |name: &str| protocols.iter().any(|protocol| protocol == name);
    match has("classic") {
        true => Ok(has("consumer")),
        false => Err(settings.invalid(PROTOCOLS, "the classic protocol cannot be left out; add classic")),
    }
}

fn assignors(settings: &Sources) -> Result<Vec<String>, ConfigError> {
    const NAME: &str = "group.consumer.assignors";
    let assignors = settings.list(NAME)?;
    if let Some(other) = assignors.iter().find(|name| !ASSIGNORS.contains(&name.as_str())) {
        let built_in = ASSIGNORS.join(" and ");
        let why = format!(
            "it names {other}, which is no assignor that is built in ({built_in} are); remove it from the list"
        );
        return Err(ConfigError::refused(NAME, why));
    }
    let is_twice = |(at, name): (usize, &String)| assignors.iter().take(at).any(|before| before == name);
    if assignors.is_empty() || assignors.iter().enumerate().any(is_twice) {
        let why = "it must name uniform, range or both, each once, the default first";
        return Err(settings.invalid(NAME, why));
    }
    Ok(assignors)
}

/// Reads a checked name, in any case.
fn migration(name: &str) -> MigrationPolicy {
    match name.to_ascii_lowercase().as_str() {
        "upgrade" => MigrationPolicy::Upgrade,
        "downgrade" => MigrationPolicy::Downgrade,
        "disabled" => MigrationPolicy::Disabled,
        _ => MigrationPolicy::Bidirectional,
    }
}
