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
    /// A setting that exists in Kafka and that Highwater does not have (yet).
    #[error("{name} is refused: {reason}")]
    Refused {
        /// The setting.
        name: String,
        /// Why, and what to do instead.
        reason: String,
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

    /// Makes the error of a setting that is refused by name.
    pub(crate) fn refused(name: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::Refused { name: name.to_owned(), reason: reason.into() }
    }

    /// Returns the name of the setting at fault, if one is.
    pub fn name(&self) -> Option<&str> {
        match self {
            ConfigError::Syntax { .. } => None,
            ConfigError::Unknown { name, .. }
            | ConfigError::UnknownTopicSetting { name }
            | ConfigError::Refused { name, .. }
            | ConfigError::Invalid { name, .. } => Some(name),
        }
    }
}

/// A setting that was accepted and does not act, to be named once in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The setting.
    pub name: String,
    /// Why it does not act.
    pub reason: String,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is accepted and does not act: {}", self.name, self.reason)
    }
}
