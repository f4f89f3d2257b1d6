//! `highwater inspect`: what the files of a stopped broker say.

mod segment;

use crate::failure::Failure;
use crate::output::Output;
use std::path::PathBuf;

/// What there is to look into.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the batches of segment files (*.log), and verify them
    Segment(Segment),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Segment {
    /// Segment files, or partition folders
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// List every batch instead of one line per file
    #[arg(long)]
    batches: bool,
}

/// Carries out one of the inspections.
pub(crate) fn inspect(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Segment(args) => segment::inspect(&args.files, args.batches, output),
    }
}
