//! `highwater cluster`: what a cluster is made of, and raising its features to what its broker supports.

use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::output::Output;
use client::{ClientError, ClusterDescription, FeatureLevels, QuorumDescription, VoterDescription};
use serde_json::{Value, json};

/// What there is to do with a cluster.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show brokers, features and the quorum that decides on metadata
    Describe(Bootstrap),
    /// Raise every feature to the highest level that the broker supports; older versions may then refuse the data
    Upgrade(Upgrade),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Upgrade {
    /// Say what would be raised and let the broker check it, but change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Carries out one of the commands.
pub(crate) async fn cluster(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Describe(bootstrap) => describe(&bootstrap, output).await,
        Command::Upgrade(args) => upgrade(&args, output).await,
    }
}

async fn describe(bootstrap: &Bootstrap, output: &Output) -> Result<(), Failure> {
    let cluster = bootstrap.cluster();
    let (description, features) = (cluster.describe_cluster().await?, cluster.features().await?);
    // Brokers that are older do not describe it.
    let quorum = match cluster.describe_quorum().await {
        Err(ClientError::Unsupported { .. }) => None,
        described => Some(described?),
    };
    if output.is_json() {
        return output.json(&document(&description, &features, quorum.as_ref()));
    }
    output.line(&format!("cluster {}  controller {}", description.id, description.controller))?;
    let broker = |(id, address): &(i32, String)| vec![id.to_string(), address.clone()];
    output.table(&["broker", "address"], &description.brokers.iter().map(broker).collect::<Vec<_>>())?;
    let feature =
        |f: &FeatureLevels| vec![f.name.clone(), f.finalized.to_string(), format!("{}-{}", f.min, f.max)];
    output.table(&["feature", "level", "supported"], &features.iter().map(feature).collect::<Vec<_>>())?;
    match quorum {
        Some(quorum) => show_quorum(&quorum, output),
        None => Ok(()),
    }
}

fn show_quorum(quorum: &QuorumDescription, output: &Output) -> Result<(), Failure> {
    let (leader, epoch, agreed) = (quorum.leader, quorum.epoch, quorum.high_watermark);
    output.line(&format!("quorum: node {leader} leads in epoch {epoch}; agreed up to offset {agreed}"))?;
    let voter =
        |v: &VoterDescription| vec![v.node.to_string(), v.log_end.to_string(), v.directory.to_string()];
    output.table(&["voter", "log end", "directory"], &quorum.voters.iter().map(voter).collect::<Vec<_>>())
}

fn document(
    cluster: &ClusterDescription,
    features: &[FeatureLevels],
    quorum: Option<&QuorumDescription>,
) -> Value {
    let broker = |(id, address): &(i32, String)| json!({ "id": id, "address": address });
    let feature = |f: &FeatureLevels| json!({ "name": f.name, "level": f.finalized, "supported": { "min": f.min, "max": f.max } });
    let voter = |v: &VoterDescription| json!({ "node": v.node, "log_end": v.log_end, "directory": v.directory.to_string() });
    json!({
        "cluster": cluster.id, "controller": cluster.controller,
        "brokers": cluster.brokers.iter().map(broker).collect::<Vec<_>>(),
        "features": features.iter().map(feature).collect::<Vec<_>>(),
        "quorum": quorum.map(|quorum| json!({
            "leader": quorum.leader, "epoch": quorum.epoch, "high_watermark": quorum.high_watermark,
            "voters": quorum.voters.iter().map(voter).collect::<Vec<_>>(),
        })),
    })
}

async fn upgrade(args: &Upgrade, output: &Output) -> Result<(), Failure> {
    let cluster = args.bootstrap.cluster();
    let features = cluster.features().await?;
    let lower: Vec<&FeatureLevels> =
        features.iter().filter(|feature| feature.finalized < feature.max).collect();
    if !lower.is_empty() {
        let levels: Vec<(String, i16)> =
            lower.iter().map(|feature| (feature.name.clone(), feature.max)).collect();
        cluster.upgrade_features(&levels, args.dry_run).await?;
    }
    if output.is_json() {
        let raised = |f: &&FeatureLevels| json!({ "name": f.name, "from": f.finalized, "to": f.max });
        let raised: Vec<Value> = lower.iter().map(raised).collect();
        return output.json(&json!({ "dry_run": args.dry_run, "raised": raised }));
    }
    if lower.is_empty() {
        return output.line("Every feature is at the highest level that the broker supports.");
    }
    let verb = if args.dry_run { "Would raise" } else { "Raised" };
    lower.iter().try_for_each(|feature| {
        let FeatureLevels { name, finalized, max, .. } = feature;
        output.line(&format!("{verb} {name} from {finalized} to {max}."))
    })
}
