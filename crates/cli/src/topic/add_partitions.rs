//! `highwater topic add-partitions`.

use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::output::Output;
use serde_json::json;

/// What `add-partitions` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the topic
    name: String,
    /// Number of partitions that the topic is to have then
    #[arg(long, short)]
    partitions: i32,
    /// Have the broker check it, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Gives a topic more partitions.
pub(crate) async fn add_partitions(args: &Args, output: &Output) -> Result<(), Failure> {
    let (name, wanted) = (&args.name, args.partitions);
    let cluster = args.bootstrap.cluster();
    let before = cluster.partitions(name).await?.len();
    if usize::try_from(wanted).is_ok_and(|wanted| wanted <= before) || wanted < 0 {
        return Err(Failure::of(format!(
            "topic '{name}' has {before} partitions, and they cannot be taken away; --partitions is the total, give \
             more than {before}"
        )));
    }
    cluster.create_partitions(name, wanted, args.dry_run).await?;
    if output.is_json() {
        return output.json(&json!({
            "topic": name, "partitions": wanted, "before": before, "dry_run": args.dry_run,
        }));
    }
    if args.dry_run {
        return output.line(&format!("Topic {name} would have {wanted} partitions; it has {before}."));
    }
    output.line(&format!("Topic {name} has {wanted} partitions now; it had {before}."))?;
    output.remark("note: a key may go to another partition than before");
    Ok(())
}
