//! `cargo xtask exactly-once`: programs of Apache Kafka 4.3.1 that are to do each thing once, while the broker is killed.
//!
//! They come from Maven (tools/exactly-once): `copier`, TransactionalMessageCopier, as it is, with random aborts, and two of them in
//! a group; `streams`, Kafka Streams with exactly_once_v2 and a store (Counts.java), itself killed too; `connect`, a distributed worker of
//! Connect with a source that is exactly once (Numbers.java), whose tasks are dealt out anew on the way. The broker has the settings
//! that it is shipped with. Each kill is a SIGKILL that waits until more is committed than at the kill before. At the end Kafka's consumer
//! reads what is committed, and it must be what was computed here (`answer`). What came of it stands in docs/book/transactions.md.

#![allow(clippy::disallowed_methods)] // a task watches real processes, outside of what is simulated

mod answer;
mod connect;
mod copier;
mod stage;
mod streams;

use crate::kafka;
use answer::Answer;
use stage::Stage;
use std::collections::BTreeMap;

/// How often the broker is killed in each run.
const KILLS: u64 = 3;

/// What each partition of a topic must hold, in order.
type Known = BTreeMap<u32, Vec<String>>;

/// One run of a program.
struct Act {
    /// What is said of it.
    name: &'static str,
    program: &'static str,
    run: fn(&mut Stage) -> Result<Answer, String>,
}

const ACTS: [Act; 5] = [
    Act { name: "TransactionalMessageCopier", program: "copier", run: copier::plain },
    Act {
        name: "TransactionalMessageCopier, random aborts, group metadata",
        program: "copier",
        run: copier::aborts,
    },
    Act {
        name: "two TransactionalMessageCopiers in a group, random aborts",
        program: "copier",
        run: copier::group,
    },
    Act {
        name: "Streams, exactly_once_v2, a store; killed itself too",
        program: "streams",
        run: streams::run,
    },
    Act { name: "Connect, exactly-once source; 2 tasks become 3", program: "connect", run: connect::run },
];

/// Runs the programs that are named, or all, and prints the rows for docs/book/transactions.md.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let (mut named, mut port) = (None, kafka::free_ports()?);
    let mut args = args.iter();
    while let Some(word) = args.next() {
        match *word {
            "--port" => port = stage::number(args.next().copied().unwrap_or_default())?,
            program if ACTS.iter().any(|act| act.program == program) => named = Some(program),
            other => return Err(format!("{other} is none of copier, streams, connect")),
        }
    }
    let programs = stage::Programs::fetch()?;
    let mut rows = Vec::new();
    for act in ACTS.iter().filter(|act| named.is_none_or(|program| act.program == program)) {
        println!("{}", act.name);
        let mut stage = Stage::open(&programs, port)?;
        let answer = (act.run)(&mut stage).map_err(|why| stage.evidence(act.name, &why))?;
        let lives = answer.check(stage.kills()).map_err(|why| stage.evidence(act.name, &why))?;
        rows.push(format!("| {} | {} | {} | {lives} |", act.name, stage.kills(), answer.records()));
    }
    println!("\n| program | kills | records | of them in each life of the broker |\n|---|---|---|---|");
    println!("{}", rows.join("\n"));
    Ok(())
}
