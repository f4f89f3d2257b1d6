//! `highwater prove`: a broker is killed under load, again and again, and every record is accounted for.
//!
//! It starts its own broker in a scratch folder and several idempotent producers. In each round it waits for
//! a share of the acknowledgements and a random moment more, kills the broker with SIGKILL while requests are
//! outstanding, and starts it again; the producers send again what got no answer. At the end it reads
//! everything back and compares it with what was sent, record by record (`check`, which shares no code with
//! the broker but the record format). Beside the load, topics are made and deleted and producer ids drawn
//! (`admin`); after each restart the topics are compared with what was acknowledged (`accounts`). A group of consumers reads
//! and commits while its members are killed (`group`); what it has seen and committed is accounted for too (`group_accounts`).
//!
//! With `--transactions` it is transactions that are proved, by a load and a checker of their own (`txn`).
//!
//! Exit 0: nothing lost, twice, out of order or changed, no topic and no producer id wrong. Exit 1: something was. Exit 2, VOID: too little
//! happened for the result to mean anything. Tests: `prove/check_tests.rs`, `prove/group_tests.rs`, `prove/txn/`, `crates/cli/tests/`.

mod accounts;
mod admin;
mod broker_child;
mod check;
#[cfg(test)]
mod check_tests;
mod group;
mod group_accounts;
#[cfg(test)]
mod group_tests;
mod ledger;
mod load;
mod power;
mod read_back;
mod report;
mod rounds;
mod seeded;
mod strike;
mod txn;
mod value;

pub(crate) use broker_child::{BrokerChild, ChildOptions, Foreign};
pub(crate) use seeded::Seeded;

use crate::failure::{FAILED, Failure, VOID};
use crate::output::Output;
use crate::settings::key_value;
use env::Env;
use power::Power;
use std::path::PathBuf;

/// Fewest acknowledged records for the result to count.
const ACKNOWLEDGED_MIN: u64 = 10_000;

/// What `prove` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often the broker is killed
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Seed of values, sizes and moments; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// Fewest records to be acknowledged, over all rounds
    #[arg(long, default_value_t = 50_000)]
    records: u64,
    /// Producers, each with an identity of its own
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    producers: u32,
    /// Partitions of the topic
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    partitions: u32,
    /// Members of a group that reads and commits while they are killed too; 0 for none
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=64))]
    members: u32,
    /// Write keys to a compacted topic: the latest value of each must be there
    #[arg(long)]
    compact: bool,
    /// Prove transactions: writers and pipelines that commit, abort and vanish
    #[arg(long, conflicts_with_all = ["compact", "records", "members"])]
    transactions: bool,
    /// Fewest commits to be told, over all rounds
    #[arg(long, requires = "transactions", default_value_t = 2_000)]
    commits: u64,
    /// Pipelines that read, write and commit both at once; 0 for none
    #[arg(long, requires = "transactions", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=64))]
    pipelines: u32,
    /// Another broker than this one: what starts it, for the shell, in the foreground; again after each kill
    #[arg(long, value_name = "COMMAND", requires_all = ["transactions", "bootstrap"], conflicts_with_all = ["data", "set", "preset", "strike"])]
    start: Option<String>,
    /// Where the other broker listens
    #[arg(short, long, value_name = "HOST:PORT", requires = "start")]
    bootstrap: Option<String>,
    /// Keep the data in this folder, which must be empty or missing [default: a scratch folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sizes to start from: tiny makes rolls and checkpoints frequent
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Where the kills strike, taking turns: at a random moment, or inside something that the broker does
    #[arg(long, value_name = "WHERE", value_delimiter = ',', default_value = "random")]
    strike: Vec<strike::Strike>,
    /// Program that cuts the power under the data folder: called with `off`, then, when the broker is gone, with `on`
    #[arg(long, value_name = "PROGRAM", requires = "data")]
    power_switch: Option<PathBuf>,
    /// One broker setting; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

/// Proves, prints the table, and returns the exit code.
pub(crate) async fn prove(args: Args, output: &Output) -> Result<u8, Failure> {
    if args.transactions {
        return txn::prove(&args, output).await;
    }
    let env = Env::real();
    let seed = args.seed.unwrap_or_else(|| env.random.next_u64() >> 16);
    let evidence = Evidence::new(&args)?;
    let power = Power::new(args.power_switch.clone(), &args.strike)?;
    let child = evidence.child(None, settings(&args));
    let plan = rounds::Plan {
        seed,
        rounds: args.rounds,
        records: args.records,
        producers: args.producers,
        partitions: args.partitions,
        members: args.members,
        compact: args.compact,
        strikes: args.strike.clone(),
    };
    output.remark(&format!("proving with seed {seed} in {}", evidence.data.path().display()));
    let result = rounds::run(&plan, &child, &power, &env, output).await;
    output.progress_done();
    let report = match result {
        Ok(report) => report,
        Err(failure) => {
            evidence.keep_all(output);
            return Err(failure);
        }
    };
    report.show(output)?;
    Ok(evidence.verdict(report.broken(), report.void(ACKNOWLEDGED_MIN), output))
}

fn settings(args: &Args) -> Vec<(String, String)> {
    let preset = args.preset.iter().map(|name| ("highwater.preset".to_owned(), name.clone()));
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let group = if args.members > 0 { own(&group::SETTINGS) } else { Vec::new() };
    let cleaner = match (args.compact, &args.preset) {
        (false, _) => Vec::new(),
        (true, Some(_)) => own(&[("log.cleaner.backoff.ms", "50")]),
        // Only what lies in segments that are not written to any more is compacted.
        (true, None) => own(&[("log.cleaner.backoff.ms", "50"), ("log.segment.bytes", "1048576")]),
    };
    preset.chain(group).chain(cleaner).chain(args.set.iter().cloned()).collect()
}

/// What a proof leaves behind: the broker's files, and what the broker said, which is elsewhere to survive a power cut.
struct Evidence {
    data: Scratch,
    said: Scratch,
}

impl Evidence {
    fn new(args: &Args) -> Result<Evidence, Failure> {
        Ok(Evidence { data: Scratch::new(args.data.as_deref())?, said: Scratch::new(None)? })
    }

    fn child(&self, foreign: Option<Foreign>, settings: Vec<(String, String)>) -> ChildOptions {
        let (data, said) = (self.data.path().join("data"), self.said.path().join("broker.log"));
        ChildOptions { foreign, data, said, settings }
    }

    /// Keeps both, and says where they are.
    fn keep(self) -> String {
        format!("{} and {}", self.data.keep().display(), self.said.keep().display())
    }

    fn keep_all(self, output: &Output) {
        output.remark(&format!("the broker's files and its output are kept in {}", self.keep()));
    }

    /// Says what came out, and returns the exit code.
    fn verdict(self, broken: Option<String>, void: Option<String>, output: &Output) -> u8 {
        if let Some(failure) = broken {
            output.complain(&format!("{failure}; the evidence is kept in {}", self.keep()));
            return FAILED;
        }
        if let Some(reason) = void {
            output.complain(&format!("VOID, nothing is proved: {reason}"));
            return VOID;
        }
        0
    }
}

/// The folder of one proof: removed at the end unless there is something to look at.
pub(crate) enum Scratch {
    Own(tempfile::TempDir),
    Given(PathBuf),
}

impl Scratch {
    /// Makes a folder, or takes the given one if it is empty or can be made.
    pub(crate) fn new(given: Option<&std::path::Path>) -> Result<Scratch, Failure> {
        let Some(path) = given else {
            return Ok(Scratch::Own(tempfile::Builder::new().prefix("highwater-").tempdir()?));
        };
        std::fs::create_dir_all(path)?;
        if std::fs::read_dir(path)?.next().is_some() {
            let sentence =
                format!("{} is not empty; name an empty folder, or leave --data away", path.display());
            return Err(Failure::usage(sentence));
        }
        Ok(Scratch::Given(std::fs::canonicalize(path)?))
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &std::path::Path {
        match self {
            Scratch::Own(folder) => folder.path(),
            Scratch::Given(path) => path,
        }
    }

    /// Keeps it, and returns where it is.
    pub(crate) fn keep(self) -> PathBuf {
        match self {
            Scratch::Own(folder) => folder.keep(),
            Scratch::Given(path) => path,
        }
    }
}
