//! `highwater topic`: create, list, describe, alter, delete, add-partitions, delete-records, offsets.

mod add_partitions;
mod delete_records;
mod offsets;

use crate::bootstrap::Bootstrap;
use crate::config::live;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::key_value;
use client::{
    ConfigEntry, NewTopic, PartitionDescription, SettingChange, SettingOwner, TopicDescription, TopicListing,
};
use serde_json::{Value, json};

/// The setting that says what an acknowledgement means.
const DURABILITY: &str = "highwater.durability";

/// What there is to do with topics.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Create a topic
    Create(Create),
    /// List all topics
    List(List),
    /// Show partitions, offsets and settings of a topic
    Describe(Named),
    /// Change settings of a topic
    Alter(Alter),
    /// Delete a topic with all its records
    Delete(Named),
    /// Give a topic more partitions
    AddPartitions(add_partitions::Args),
    /// Delete the records of a topic below an offset or a time
    DeleteRecords(delete_records::Args),
    /// Show where partitions begin and end
    Offsets(offsets::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// Name of the topic
    name: String,
    /// Number of partitions [default: the broker's num.partitions]
    #[arg(long, short)]
    partitions: Option<i32>,
    /// Number of replicas [default: the broker's default.replication.factor]
    #[arg(long, short)]
    replication: Option<i16>,
    /// One topic setting; may be given many times
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = key_value)]
    config: Vec<(String, String)>,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Show topics that brokers keep for themselves too
    #[arg(long)]
    internal: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Name of the topic
    name: String,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Alter {
    /// Name of the topic
    name: String,
    /// A setting and its value; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, required_unless_present = "unset")]
    set: Vec<(String, String)>,
    /// A setting to take back, so that the brokers' default counts; may be given many times
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Carries out one of the topic commands.
pub(crate) async fn topic(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Create(args) => create(args, output).await,
        Command::List(args) => list(&args, output).await,
        Command::Describe(args) => describe(&args, output).await,
        Command::Alter(args) => alter(args, output).await,
        Command::Delete(args) => delete(&args, output).await,
        Command::AddPartitions(args) => add_partitions::add_partitions(&args, output).await,
        Command::DeleteRecords(args) => delete_records::delete_records(&args, output).await,
        Command::Offsets(args) => offsets::offsets(&args, output).await,
    }
}

async fn create(args: Create, output: &Output) -> Result<(), Failure> {
    let (partitions, replication) = (args.partitions, args.replication);
    let configs = args.config.into_iter().collect();
    let topic = NewTopic { name: args.name, partitions, replication, configs };
    let made = args.bootstrap.cluster().create_topic(&topic).await?;
    if output.is_json() {
        return output.json(&json!({
            "topic": topic.name, "id": made.id.to_string(),
            "partitions": made.partitions, "replication": made.replication,
        }));
    }
    output.line(&format!("Created topic {} with {} partitions.", topic.name, made.partitions))
}

async fn alter(args: Alter, output: &Output) -> Result<(), Failure> {
    let set = args.set.into_iter().map(|(name, value)| SettingChange::Set(name, value));
    let changes: Vec<SettingChange> = set.chain(args.unset.into_iter().map(SettingChange::Unset)).collect();
    let owner = SettingOwner::Topic(args.name);
    live::change(&args.bootstrap.cluster(), &owner, (&changes, args.dry_run), output).await
}

async fn list(args: &List, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let mut topics = cluster.list_topics().await?;
    topics.retain(|topic| args.internal || !topic.internal);
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    // Other brokers have no such setting, and some do not say.
    let durabilities = cluster.setting_of_topics(&names, DURABILITY).await.unwrap_or_default();
    let durability = |topic: &TopicListing| durabilities.get(&topic.name).map(String::as_str);
    if output.is_json() {
        let listing = |topic: &TopicListing| listing_json(topic, durability(topic));
        return output.json(&Value::Array(topics.iter().map(listing).collect()));
    }
    let row = |topic: &TopicListing| {
        vec![
            topic.name.clone(),
            topic.partitions.to_string(),
            topic.replication.to_string(),
            durability(topic).unwrap_or("?").to_owned(),
            topic.id.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = topics.iter().map(row).collect();
    output.table(&["topic", "partitions", "replicas", "durability", "id"], &rows)
}

fn listing_json(topic: &TopicListing, durability: Option<&str>) -> Value {
    json!({
        "topic": topic.name, "id": topic.id.to_string(), "partitions": topic.partitions,
        "replication": topic.replication, "internal": topic.internal, "durability": durability,
    })
}

async fn describe(args: &Named, output: &Output) -> Result<(), Failure> {
    let topic = args.bootstrap.cluster().describe_topic(&args.name).await?;
    if output.is_json() {
        return output.json(&topic_json(&topic));
    }
    output.line(&format!("topic {}  id {}", topic.name, topic.id))?;
    output.line(&format!("acknowledgement: {}", durability(&topic.configs)))?;
    let rows: Vec<Vec<String>> = topic.partitions.iter().map(partition_row).collect();
    output.table(&["partition", "leader", "epoch", "replicas", "in sync", "earliest", "latest"], &rows)?;
    let own: Vec<&ConfigEntry> = topic.configs.iter().filter(|config| config.is_own()).collect();
    if own.is_empty() {
        return Ok(());
    }
    let row = |config: &&ConfigEntry| vec![config.name.clone(), config.value.clone().unwrap_or_default()];
    output.table(&["setting", "value"], &own.iter().map(row).collect::<Vec<_>>())
}

fn setting<'a>(configs: &'a [ConfigEntry], name: &str) -> Option<&'a str> {
    configs.iter().find(|config| config.name == name).and_then(|config| config.value.as_deref())
}

/// Says what an acknowledgement of acks=all means for a topic.
fn durability(configs: &[ConfigEntry]) -> &'static str {
    match setting(configs, DURABILITY) {
        Some("fsync") => "on stable storage; survives a power cut (highwater.durability=fsync)",
        Some("page-cache") => {
            "in the page cache; survives kill -9, NOT a power cut (highwater.durability=page-cache)"
        }
        _ => "as this broker defines it",
    }
}

fn partition_row(partition: &PartitionDescription) -> Vec<String> {
    let offset = |offset: Option<types::Offset>| offset.map_or_else(|| "?".to_owned(), |o| o.to_string());
    let leader = if partition.leader < 0 { "none".to_owned() } else { partition.leader.to_string() };
    vec![
        partition.partition.to_string(),
        leader,
        partition.leader_epoch.to_string(),
        numbers(&partition.replicas),
        numbers(&partition.isr),
        offset(partition.earliest),
        offset(partition.latest),
    ]
}

fn numbers(list: &[i32]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn topic_json(topic: &TopicDescription) -> Value {
    let partition = |p: &PartitionDescription| {
        json!({
            "partition": p.partition, "leader": p.leader, "leader_epoch": p.leader_epoch, "replicas": p.replicas,
            "isr": p.isr, "earliest": p.earliest.map(|o| o.0), "latest": p.latest.map(|o| o.0),
        })
    };
    let config = |c: &ConfigEntry| json!({ "name": c.name, "value": c.value, "own": c.is_own() });
    json!({
        "topic": topic.name, "id": topic.id.to_string(), "acknowledgement": durability(&topic.configs),
        "partitions": topic.partitions.iter().map(partition).collect::<Vec<_>>(),
        "settings": topic.configs.iter().map(config).collect::<Vec<_>>(),
    })
}

async fn delete(args: &Named, output: &Output) -> Result<(), Failure> {
    args.bootstrap.cluster().delete_topic(&args.name).await?;
    if output.is_json() {
        return output.json(&json!({ "topic": args.name, "deleted": true }));
    }
    output.line(&format!("Deleted topic {}.", args.name))
}
