//! Settings of topics, groups and brokers while they run: seen and changed. Tests: `crates/cli/tests/settings.rs`.

use crate::cluster::Cluster;
use crate::error::{ClientError, accepted};
use std::fmt;
use types::ErrorCode;
use wire::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::describe_configs_response::DescribeConfigsResourceResult;
use wire::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

/// Whose settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettingOwner {
    /// A topic's.
    Topic(String),
    /// A broker's.
    Broker(i32),
    /// Those of all brokers.
    EveryBroker,
    /// A group's; it need not exist.
    Group(String),
}

impl SettingOwner {
    /// Returns Kafka's number of the type, and the name.
    fn on_wire(&self) -> (i8, String) {
        match self {
            SettingOwner::Topic(name) => (2, name.clone()),
            SettingOwner::Broker(id) => (4, id.to_string()),
            SettingOwner::EveryBroker => (4, String::new()),
            SettingOwner::Group(name) => (32, name.clone()),
        }
    }

    /// Returns the source of what is set for it: Kafka's number.
    pub fn source(&self) -> i8 {
        match self {
            SettingOwner::Topic(_) => 1,
            SettingOwner::Broker(_) => 2,
            SettingOwner::EveryBroker => 3,
            SettingOwner::Group(_) => 8,
        }
    }
}

impl fmt::Display for SettingOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingOwner::Topic(name) => write!(f, "topic '{name}'"),
            SettingOwner::Broker(id) => write!(f, "broker {id}"),
            SettingOwner::EveryBroker => f.write_str("all brokers"),
            SettingOwner::Group(name) => write!(f, "group '{name}'"),
        }
    }
}

/// A value, and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettingValue {
    /// The setting that gives it.
    pub name: String,
    /// The value; none for a secret or where nothing is set.
    pub value: Option<String>,
    /// Kafka's number for where it comes from: 1 the topic, 2 this broker, 3 all brokers, 4 the start, 5 the default, 8 the group.
    pub source: i8,
}

/// A setting as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownSetting {
    /// What counts.
    pub effective: SettingValue,
    /// Whether it cannot be changed now.
    pub read_only: bool,
    /// Whether it is secret.
    pub sensitive: bool,
    /// What would count if it were not there. *Shape*: the first to count first; what counts is the first.
    pub synonyms: Vec<SettingValue>,
}

/// A change of one setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettingChange {
    /// It gets a value.
    Set(String, String),
    /// What is set goes, and what is behind it counts.
    Unset(String),
}

impl SettingChange {
    /// Returns the setting's name.
    pub fn name(&self) -> &str {
        match self {
            SettingChange::Set(name, _) | SettingChange::Unset(name) => name,
        }
    }
}

impl Cluster {
    /// Returns settings by name, all of them if none is named. Names that nobody has are left out.
    ///
    /// # Errors
    /// `UnknownTopic`, `Refused`, `Unsupported`, and as `any`.
    pub async fn settings(
        &self,
        of: &SettingOwner,
        names: &[String],
    ) -> Result<Vec<ShownSetting>, ClientError> {
        let (resource_type, resource_name) = of.on_wire();
        let configuration_keys = (!names.is_empty()).then(|| names.to_vec());
        let resources = vec![DescribeConfigsResource { resource_type, resource_name, configuration_keys }];
        let request =
            DescribeConfigsRequest { resources, include_synonyms: true, ..DescribeConfigsRequest::default() };
        let answer = self.retrying(|| self.any()).await?.call(&request).await?;
        let what = || format!("settings of {of}");
        let result = answer.results.into_iter().next().ok_or_else(|| ClientError::Incomplete(what()))?;
        judged(of, result.error_code, result.error_message.as_deref())?;
        let mut settings: Vec<ShownSetting> = result.configs.into_iter().map(shown).collect();
        settings.sort_by(|a, b| a.effective.name.cmp(&b.effective.name));
        Ok(settings)
    }

    /// Changes settings, all or none; or asks only whether they could be changed.
    ///
    /// # Errors
    /// `UnknownTopic`, `Refused`, `Unsupported`; `Lost` leaves open whether they were changed.
    pub async fn change_settings(
        &self,
        of: &SettingOwner,
        changes: &[SettingChange],
        validate_only: bool,
    ) -> Result<(), ClientError> {
        let (resource_type, resource_name) = of.on_wire();
        let configs = changes.iter().map(on_wire).collect();
        let resources = vec![AlterConfigsResource { resource_type, resource_name, configs }];
        let request = IncrementalAlterConfigsRequest { resources, validate_only };
        let answer = self.retrying(|| self.any()).await?.call(&request).await?;
        let what = || format!("settings of {of}");
        let result = answer.responses.into_iter().next().ok_or_else(|| ClientError::Incomplete(what()))?;
        judged(of, result.error_code, result.error_message.as_deref())
    }
}

fn judged(of: &SettingOwner, code: i16, message: Option<&str>) -> Result<(), ClientError> {
    match of {
        SettingOwner::Topic(name) if code == ErrorCode::UnknownTopicOrPartition.code() => {
            Err(ClientError::UnknownTopic(name.clone()))
        }
        _ => accepted(code, message, || format!("settings of {of}")),
    }
}

fn on_wire(change: &SettingChange) -> AlterableConfig {
    let (config_operation, value) = match change {
        SettingChange::Set(_, value) => (0, Some(value.clone())),
        SettingChange::Unset(_) => (1, None),
    };
    AlterableConfig { name: change.name().to_owned(), config_operation, value }
}

fn shown(config: DescribeConfigsResourceResult) -> ShownSetting {
    let effective = SettingValue { name: config.name, value: config.value, source: config.config_source };
    let synonyms = config.synonyms.into_iter();
    let synonyms =
        synonyms.map(|s| SettingValue { name: s.name, value: s.value, source: s.source }).collect();
    ShownSetting { effective, read_only: config.read_only, sensitive: config.is_sensitive, synonyms }
}
