//! Settings of a cluster that runs: get, set, unset, and what a change makes of them.

use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::key_value;
use client::{ClientError, Cluster, SettingChange, SettingOwner, SettingValue, ShownSetting};
use config::{Update, table};
use serde_json::{Value, json};

/// Whose settings.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Owner {
    /// A topic's
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// A broker's, by its number
    #[arg(long, value_name = "ID")]
    broker: Option<i32>,
    /// What brokers have that do not set it themselves
    #[arg(long)]
    all_brokers: bool,
    /// A group's of the consumer protocol; it need not exist
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
}

impl Owner {
    fn owner(&self) -> SettingOwner {
        match (&self.topic, &self.group, self.broker) {
            (Some(name), ..) => SettingOwner::Topic(name.clone()),
            (None, Some(name), _) => SettingOwner::Group(name.clone()),
            (None, None, Some(id)) => SettingOwner::Broker(id),
            (None, None, None) => SettingOwner::EveryBroker,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// Names of settings [default: those that are set]
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    owner: Owner,
    /// Show those too that have their default
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// Settings with their values
    #[arg(value_name = "KEY=VALUE", required = true, value_parser = key_value)]
    settings: Vec<(String, String)>,
    #[command(flatten)]
    owner: Owner,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Unset {
    /// Names of settings
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    #[command(flatten)]
    owner: Owner,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Shows settings.
pub(crate) async fn get(args: &Get, output: &Output) -> Result<(), Failure> {
    let owner = args.owner.owner();
    let mut settings = args.bootstrap.cluster().settings(&owner, &args.keys).await?;
    if let Some(missing) = args.keys.iter().find(|key| settings.iter().all(|s| s.effective.name != **key)) {
        return Err(no_such_setting(&owner, missing));
    }
    settings.retain(|setting| args.all || !args.keys.is_empty() || setting.effective.source != DEFAULT);
    if output.is_json() {
        return output.json(&Value::Array(settings.iter().map(setting_json).collect()));
    }
    let row = |setting: &ShownSetting| {
        vec![
            setting.effective.name.clone(),
            value_text(setting),
            source_name(setting.effective.source).to_owned(),
            if setting.read_only { "at a start" } else { "at any time" }.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = settings.iter().map(row).collect();
    output.table(&["setting", "value", "set by", "changes"], &rows)
}

/// Says that a setting does not exist, or where it does.
fn no_such_setting(owner: &SettingOwner, name: &str) -> Failure {
    match (owner, table::broker_property(name)) {
        // What is not set for all brokers is not listed.
        (SettingOwner::EveryBroker, Some(_)) => Failure::of(format!("{name} is not set for all brokers")),
        _ => {
            let advice =
                advice(owner, name).unwrap_or_else(|| "`--all` lists those that there are".to_owned());
            Failure::of(format!("{owner} has no setting {name}; {advice}"))
        }
    }
}

/// Sets settings.
pub(crate) async fn set(args: Set, output: &Output) -> Result<(), Failure> {
    let changes: Vec<SettingChange> =
        args.settings.into_iter().map(|(name, value)| SettingChange::Set(name, value)).collect();
    change(&args.bootstrap.cluster(), &args.owner.owner(), (&changes, args.dry_run), output).await
}

/// Takes settings back.
pub(crate) async fn unset(args: Unset, output: &Output) -> Result<(), Failure> {
    let changes: Vec<SettingChange> = args.keys.into_iter().map(SettingChange::Unset).collect();
    change(&args.bootstrap.cluster(), &args.owner.owner(), (&changes, args.dry_run), output).await
}

/// Makes changes, or asks whether they could be made, and shows what was and what is.
pub(crate) async fn change(
    cluster: &Cluster,
    owner: &SettingOwner,
    (changes, dry_run): (&[SettingChange], bool),
    output: &Output,
) -> Result<(), Failure> {
    let names: Vec<String> = changes.iter().map(|change| change.name().to_owned()).collect();
    let before = cluster.settings(owner, &names).await?;
    cluster.change_settings(owner, changes, dry_run).await.map_err(|error| refused(owner, &names, error))?;
    let after = if dry_run { Vec::new() } else { cluster.settings(owner, &names).await? };
    let rows: Vec<Row> = changes
        .iter()
        .map(|change| {
            let was = find(&before, change.name());
            let is = match dry_run {
                true => expected(owner, change, was),
                false => find(&after, change.name()).map(|setting| setting.effective.clone()),
            };
            Row { name: change.name().to_owned(), before: was.map(|s| s.effective.clone()), after: is }
        })
        .collect();
    show(owner, &rows, dry_run, output)
}

/// A setting before and after; none where nothing is set.
struct Row {
    name: String,
    before: Option<SettingValue>,
    after: Option<SettingValue>,
}

fn find<'a>(settings: &'a [ShownSetting], name: &str) -> Option<&'a ShownSetting> {
    settings.iter().find(|setting| setting.effective.name == name)
}

/// Says what a setting will be after a change that the broker would take.
fn expected(
    owner: &SettingOwner,
    change: &SettingChange,
    was: Option<&ShownSetting>,
) -> Option<SettingValue> {
    match change {
        SettingChange::Set(name, value) => {
            Some(SettingValue { name: name.clone(), value: Some(value.clone()), source: owner.source() })
        }
        SettingChange::Unset(_) => {
            let mut behind = was?.synonyms.iter().filter(|synonym| synonym.source != owner.source());
            behind.next().cloned()
        }
    }
}

fn show(owner: &SettingOwner, rows: &[Row], dry_run: bool, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        let row = |row: &Row| {
            json!({
                "name": row.name, "before": row.before.as_ref().map(value_json),
                "after": row.after.as_ref().map(value_json),
            })
        };
        return output.json(&json!({
            "of": owner.to_string(), "dry_run": dry_run, "changes": rows.iter().map(row).collect::<Vec<_>>(),
        }));
    }
    let shown = |row: &Row| {
        vec![row.name.clone(), with_source(&row.before, &row.name), with_source(&row.after, &row.name)]
    };
    output.table(&["setting", "before", "after"], &rows.iter().map(shown).collect::<Vec<_>>())?;
    match dry_run {
        true => output
            .line(&format!("Nothing was changed for {owner}: this was a dry run, and it would be taken.")),
        false => output.line(&format!("Changed for {owner}.")),
    }
}

/// Kafka's number for the default.
const DEFAULT: i8 = 5;

fn source_name(source: i8) -> &'static str {
    match source {
        1 => "the topic",
        2 => "this broker, while it ran",
        3 => "all brokers, while they ran",
        4 => "the broker's start",
        DEFAULT => "the default",
        8 => "the group",
        _ => "something else",
    }
}

fn value_text(setting: &ShownSetting) -> String {
    match &setting.effective.value {
        Some(value) => value.clone(),
        None if setting.sensitive => "[hidden]".to_owned(),
        None => "unset".to_owned(),
    }
}

fn with_source(value: &Option<SettingValue>, asked: &str) -> String {
    let Some(value) = value else { return "unset".to_owned() };
    let text = value.value.as_deref().unwrap_or("unset");
    let by = source_name(value.source);
    match value.name == asked {
        true => format!("{text} ({by})"),
        false => format!("{text} ({by}, {})", value.name),
    }
}

fn value_json(value: &SettingValue) -> Value {
    json!({ "name": value.name, "value": value.value, "set_by": source_name(value.source) })
}

fn setting_json(setting: &ShownSetting) -> Value {
    json!({
        "name": setting.effective.name, "value": setting.effective.value,
        "set_by": source_name(setting.effective.source), "read_only": setting.read_only,
        "secret": setting.sensitive, "synonyms": setting.synonyms.iter().map(value_json).collect::<Vec<_>>(),
    })
}

/// Says what to do instead, where this build knows it.
fn refused(owner: &SettingOwner, names: &[String], error: ClientError) -> Failure {
    match (&error, names.iter().find_map(|name| advice(owner, name))) {
        (ClientError::Refused { .. }, Some(advice)) => Failure::of(format!("{error}; {advice}")),
        _ => error.into(),
    }
}

fn advice(owner: &SettingOwner, name: &str) -> Option<String> {
    let (of_topic, of_broker) = (table::topic_property(name), table::broker_property(name));
    match (owner, of_topic, of_broker) {
        (SettingOwner::Topic(_), None, Some(_)) => {
            let stands_behind = |row: &&config::Property| row.synonyms.iter().any(|s| s.name == name);
            let own = table::TOPIC.iter().find(stands_behind);
            let else_where = format!("{name} is a setting of brokers: use --broker ID or --all-brokers");
            Some(own.map_or(else_where, |own| {
                format!("{name} is the brokers' default for {}; set that", own.name)
            }))
        }
        (SettingOwner::Broker(_) | SettingOwner::EveryBroker, Some(row), None) => {
            let default = row.synonyms.first().map(|s| format!(", or {} for all topics", s.name));
            Some(format!("{name} is a setting of topics: use --topic NAME{}", default.unwrap_or_default()))
        }
        (SettingOwner::Group(_), _, Some(_)) => {
            let stands_behind = |row: &&config::Property| row.synonyms.iter().any(|s| s.name == name);
            let own = table::GROUP.iter().find(stands_behind)?;
            Some(format!("{name} is the brokers' default for {}; set that", own.name))
        }
        (SettingOwner::Broker(_) | SettingOwner::EveryBroker | SettingOwner::Topic(_), None, None) => {
            let row = table::group_property(name)?;
            let default = row.synonyms.first().map(|s| format!(", or {} for all groups", s.name));
            Some(format!("{name} is a setting of groups: use --group NAME{}", default.unwrap_or_default()))
        }
        (SettingOwner::Broker(_) | SettingOwner::EveryBroker, _, Some(row))
            if row.update == Update::ReadOnly =>
        {
            Some(format!(
                "{name} counts from a start on: set it in the broker's file or with --set, and restart it"
            ))
        }
        _ => None,
    }
}
