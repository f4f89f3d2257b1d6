//! The command line as clap sees it, and which file carries out which command.

use crate::failure::Failure;
use crate::output::Output;
use crate::{
    bench, cluster, completions, config, consume, group, inspect, log_dirs, produce, prove, repair, serve,
    topic, txn, why,
};
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Highwater: a durable Kafka-compatible log.
#[derive(Debug, Parser)]
#[command(name = "highwater", version, about, max_term_width = 100)]
struct CommandLine {
    /// Print JSON instead of text and tables
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a broker
    Serve(serve::Args),
    /// Create, list, describe, alter and delete topics
    #[command(subcommand)]
    Topic(topic::Command),
    /// List, describe and delete groups, and move their offsets
    #[command(subcommand)]
    Group(group::Command),
    /// List, describe and abort transactions, and find those that hang
    #[command(subcommand)]
    Txn(txn::Command),
    /// Say why a position is where it is
    #[command(subcommand)]
    Why(why::Command),
    /// Describe a cluster, and raise its features
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Explain, show and change settings
    #[command(subcommand)]
    Config(config::Command),
    /// Show what brokers keep in their data directories
    LogDirs(log_dirs::Args),
    /// Write lines of standard input to a topic
    Produce(produce::Args),
    /// Print the records of a topic
    Consume(consume::Args),
    /// Read the files of a stopped broker
    #[command(subcommand)]
    Inspect(inspect::Command),
    /// Find damage in the files of a stopped broker, and get past it
    Repair(repair::Args),
    /// Kill a broker under load, again and again, and count what became of every record
    Prove(prove::Args),
    /// Measure a broker
    #[command(subcommand)]
    Bench(bench::Command),
    /// Write the script with which a shell completes these commands
    Completions {
        /// The shell
        shell: completions::Shell,
    },
}

/// Runs the command that the process was called with.
pub(crate) fn run() -> ExitCode {
    let line = CommandLine::parse();
    let output = Output::new(line.json);
    match carry_out(line.command, &output) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.report(&output);
            ExitCode::from(failure.code())
        }
    }
}

fn carry_out(command: Command, output: &Output) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        match command {
            Command::Serve(args) => serve::serve(args, output).await.map(|()| 0),
            Command::Topic(command) => topic::topic(command, output).await.map(|()| 0),
            Command::Group(command) => group::group(command, output).await.map(|()| 0),
            Command::Txn(command) => txn::txn(command, output).await.map(|()| 0),
            Command::Why(command) => why::why(command, output).await.map(|()| 0),
            Command::Cluster(command) => cluster::cluster(command, output).await.map(|()| 0),
            Command::Config(command) => config::config(command, output).await.map(|()| 0),
            Command::LogDirs(args) => log_dirs::log_dirs(&args, output).await.map(|()| 0),
            Command::Produce(args) => produce::produce(args, output).await.map(|()| 0),
            Command::Consume(args) => consume::consume(args, output).await.map(|()| 0),
            Command::Inspect(command) => inspect::inspect(&command, output).map(|()| 0),
            Command::Repair(args) => repair::repair(&args, output),
            Command::Prove(args) => prove::prove(args, output).await,
            Command::Bench(command) => bench::bench(command, output).await,
            Command::Completions { shell } => {
                completions::completions(shell, CommandLine::command(), output).map(|()| 0)
            }
        }
    })
}
