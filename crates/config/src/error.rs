//! What can be wrong with a setting, as sentences that name the setting and the way out.
//!
//! Texts on types, bounds and unknown topic settings are those of Kafka's ConfigDef, because users
//! see them through their clients. Tests: `tests/broker.rs` and `tests/topic.rs`.

/// Why a configuration is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// A line of a properties file cannot be read.
    #[error("line {line} of the properties file: {problem}")]
    Syntax {
        /// Number of the first line of the entry, from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A broker setting that neither Kafka 4.3.1 nor Highwater has.
    #[error("Unknown setting {name}: neither Kafka 4.3.1 nor Highwater has it; {hint}")]
    Unknown {
        /// The name as given.
        name: String,
        /// What to do about it.
        hint: String,
    },
    /// A topic setting that does not exist.
    #[error("Unknown topic config name: {name}")]
    UnknownTopicSetting {
        /// The name as given.
        name: String,
    },
    /// A setting of groups that does not exist.
    #[error("Unknown group config name: {name}")]
    UnknownGroupSetting {
        /// The name as given.
        name: String,
    },
    /// A value of a group that does not go with another one.
    #[error("{name} must be {relation} {other}")]
    Unrelated {
        /// The setting.
        name: &'static str,
        /// How it must be to the other one.
        relation: &'static str,
        /// The setting that it is compared with.
        other: &'static str,
    },
    /// A setting that exists in Kafka and that Highwater does not have (yet).
    #[error("{name} is refused: {reason}")]
    Refused {
        /// The setting.
        name: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// Settings that only a start can change.
    #[error("Cannot update these configs dynamically: [{}]", .names.join(", "))]
    NotDynamic {
        /// The settings.
        names: Vec<String>,
    },
    /// Settings of one broker, changed for all of them.
    #[error(
        "Cannot update these configs at default cluster level, broker id must be specified: [{}]",
        .names.join(", ")
    )]
    OnlyPerBroker {
        /// The settings.
        names: Vec<String>,
    },
    /// Two compaction lags that exclude each other.
    #[error("conflict topic config setting min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})")]
    Lags {
        /// The one that must not be greater.
        least: i64,
        /// The other one.
        most: i64,
    },
    /// A value of the wrong type or outside its bounds.
    #[error("Invalid value {value} for configuration {name}: {problem}")]
    Invalid {
        /// The setting.
        name: String,
        /// The value as given.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl ConfigError {
    /// Makes the error of a value that cannot be taken.
    pub(crate) fn invalid(name: &str, value: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::Invalid { name: name.to_owned(), value: value.to_owned(), problem: problem.into() }
    }

    /// Makes the error of a value that does not go with another one.
    pub(crate) fn unrelated(name: &'static str, relation: &'static str, other: &'static str) -> ConfigError {
        ConfigError::Unrelated { name, relation, other }
    }

    /// Makes the error of a setting that is refused by name.
    pub(crate) fn refused(name: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::Refused { name: name.to_owned(), reason: reason.into() }
    }

    /// Returns the name of the setting at fault, if one is.
    pub fn name(&self) -> Option<&str> {
        match self {
            ConfigError::Syntax { .. } => None,
            ConfigError::NotDynamic { names } | ConfigError::OnlyPerBroker { names } => {
                names.first().map(String::as_str)
            }
            ConfigError::Unrelated { name, .. } => Some(name),
            ConfigError::Lags { .. } => Some("min.compaction.lag.ms"),
            ConfigError::Unknown { name, .. }
            | ConfigError::UnknownTopicSetting { name }
            | ConfigError::UnknownGroupSetting { name }
            | ConfigError::Refused { name, .. }
            | ConfigError::Invalid { name, .. } => Some(name),
        }
    }
}

/// What is to be said once in the log about a setting that was accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The setting.
    pub name: String,
    /// What there is to say.
    pub reason: String,
    /// Whether the setting does what it says in Kafka.
    pub acts: bool,
}

impl Notice {
    /// Makes one for a setting that does not act.
    pub(crate) fn idle(name: &str, reason: &str) -> Notice {
        Notice { name: name.to_owned(), reason: reason.to_owned(), acts: false }
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.acts {
            true => write!(f, "{}: {}", self.name, self.reason),
            false => write!(f, "{} is accepted and does not act: {}", self.name, self.reason),
        }
    }
}
