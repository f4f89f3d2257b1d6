//! `highwater inspect`: what the files of a stopped broker say. Nothing is changed; a broker that runs on the
//! directory holds its lock, and the inspection refuses.

mod data;
mod facts;
mod metadata;
mod segment;
mod wal;

use crate::failure::Failure;
use crate::output::Output;
use env::{DiskLock, Env};
use log::directory::Format;
use log::layout::{FORMAT_FILE, LOCK_FILE, WAL_FOLDER};
use log::state::{Journal, LoadedState};
use log::wal::{FrameView, ReplayEnd, WalHome, WalOptions, WalPosition, replay};
use std::path::{Path, PathBuf};

/// What there is to look into.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what a data directory is, and every log in its last checkpoint
    Data(Data),
    /// List what the write-ahead log holds since the last checkpoint
    Wal(Wal),
    /// Show what the metadata says: topics, brokers, settings, producer ids, and the quorum's own state
    Metadata(Metadata),
    /// List the batches of segment files (*.log), and verify them
    Segment(Segment),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Data {
    /// The data directory
    dir: PathBuf,
    /// Show the idempotent producers of each log too
    #[arg(long)]
    producers: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Wal {
    /// The data directory
    dir: PathBuf,
    /// List every frame instead of one line per log
    #[arg(long)]
    frames: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Metadata {
    /// The data directory
    dir: PathBuf,
    /// List every record of the quorum's log instead of what they come to
    #[arg(long)]
    records: bool,
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
        Command::Data(args) => data::inspect(&args.dir, args.producers, output),
        Command::Wal(args) => wal::inspect(&args.dir, args.frames, output),
        Command::Metadata(args) => metadata::inspect(&args.dir, args.records, output),
        Command::Segment(args) => segment::inspect(&args.files, args.batches, output),
    }
}

/// A data directory that nobody serves from, as long as this value lives.
struct Quiet {
    env: Env,
    root: PathBuf,
    format: Format,
    _lock: Box<dyn DiskLock>,
}

impl Quiet {
    fn open(root: &Path) -> Result<Quiet, Failure> {
        let path = root.join(FORMAT_FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::of(format!(
                "{} is no data directory of Highwater: {}: {error}",
                root.display(),
                path.display()
            ))
        })?;
        let format = Format::decode(&text)?;
        let env = Env::real();
        let lock = env.disk.lock(&root.join(LOCK_FILE)).map_err(|error| {
            Failure::of(format!("{} is in use; stop the broker first ({error})", root.display()))
        })?;
        Ok(Quiet { env, root: root.to_owned(), format, _lock: lock })
    }
    /// Reads the state that the last checkpoint wrote.
    fn state(&self) -> Result<LoadedState, Failure> {
        Ok(Journal::load(self.env.disk.clone(), &self.root, self.format.directory_id)?)
    }

    /// Shows every frame of the write-ahead log behind a mark, as a start would replay it.
    fn replay(&self, mark: WalPosition, visit: &mut dyn FnMut(FrameView)) -> Result<ReplayEnd, Failure> {
        let home = WalHome {
            disk: self.env.disk.clone(),
            random: self.env.random.clone(),
            dir: self.root.join(WAL_FOLDER),
            directory_id: self.format.directory_id,
            options: WalOptions::default(),
        };
        let end = replay(&home, mark, &mut |view: FrameView| {
            visit(view);
            Ok(())
        })?;
        Ok(end)
    }
}
