//! `highwater bench`: measures any broker, beside what the machine under it can do.
//!
//! Batches are encoded once and sent many times, so that the client costs little; latency counts from the
//! moment a batch was meant to be sent, so that a stall is not forgotten. At the end every acknowledged batch
//! is looked for in the log; unless each is there exactly once the figures are VOID (exit 2).

mod canary;
mod consume;
mod groups;
mod machine;
mod produce;
mod restart;
mod template;
mod txn;
mod verify;

use crate::failure::Failure;
use crate::output::Output;

/// What can be measured.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Write batches, and see how fast they are acknowledged
    Produce(produce::Args),
    /// Read a topic from its first offset to its end
    Consume(consume::Args),
    /// Let groups join, commit, and be loaded
    #[command(subcommand)]
    Groups(groups::Command),
    /// Let producers commit transactions, one after the other, and see how fast they end
    Txn(txn::Args),
    /// Fill a broker of our own, kill it with SIGKILL, and see how fast it acknowledges again
    Restart(restart::Args),
}

/// Measures, prints the figures, and returns the exit code.
pub(crate) async fn bench(command: Command, output: &Output) -> Result<u8, Failure> {
    match command {
        Command::Produce(args) => produce::bench(args, output).await,
        Command::Consume(args) => consume::bench(args, output).await,
        Command::Groups(command) => groups::bench(command, output).await,
        Command::Txn(args) => txn::bench(args, output).await,
        Command::Restart(args) => restart::bench(args, output).await,
    }
}

/// Divides for a figure; zero by zero is zero.
fn per(amount: f64, unit: f64) -> f64 {
    if unit > 0.0 { amount / unit } else { 0.0 }
}

/// Turns a count into a number to divide. Exact below 2^53.
#[allow(clippy::cast_precision_loss)]
fn real(count: u64) -> f64 {
    count as f64
}
