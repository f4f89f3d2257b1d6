//! `cargo xtask`: every task of the repository, and the only door to them.
//!
//! Each task is a module with a function that ends in `Result<(), String>`; the text of an error is a
//! sentence with its fix, printed last. CONTRIBUTING.md says when to use which.
#![allow(clippy::print_stdout)] // a task speaks to the terminal

mod apis;
mod clients;
mod codegen;
mod compare;
mod exactly_once;
mod kafka;
mod kafka_record;
mod long;
mod reference;
mod run;
mod sim;
mod test;
mod tidy;
mod verify;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask TASK
  test [ARGS]        every test of the workspace, or those that ARGS of `cargo test` pick; one summing line
  verify             what must pass before a change lands: format, lints, tidy, codegen, docs, tests
  verify --long [N]  what does not fit in there: the same with N times (10) as many seeds, cases and rounds
  fix                mends what a machine can mend: format, lints, generated files
  codegen [--check]  writes the message codec from schema/, or checks that it is current
  reference [--check]  writes COMPAT.md, docs/book/configuration.md, errors.md and metrics.md from their tables, or checks them
  tidy               the repository's own rules (STYLE.md), each finding with its fix
  clients SUITE [--suites DIR] [--class CLASS] [--list FILE] [--profile NAME] [--debug] [--from RESULTS]
                     runs a suite of client tests against a fresh broker; DIR or $HIGHWATER_SUITES has them
  compare [--rounds N] [--seconds N] [--only records|groups|transactions]
                     figures of Highwater and Kafka 4.3.1 side by side, each measured in turns (needs Maven)
  exactly-once [copier|streams|connect] [--port N]
                     programs of Kafka 4.3.1 that do each thing once, while the broker is killed (needs Maven)
  kafka-record [LIST ...]
                     what Kafka 4.3.1 answers to the requests of golden/exchange, and what its console tools print
                     (lists that begin with `console`) and what it stores (`transaction-state`), recorded anew (needs Maven)
  sim SCENARIO [--seed N] [--trace FILE]
                     one seed of a simulation (crates/sim/README.md), with what came of it
  sim groups|compacted|transactions --seeds N|FROM-TO
                     many seeds, optimised; those that broke a rule are named at the end
  sim transactions --mutants N|FROM-TO
                     which of these seeds notices which known bug first";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match task(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            println!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn task(args: &[&str]) -> Result<(), String> {
    match args {
        ["test", rest @ ..] => test::run(rest),
        ["verify"] => verify::verify(),
        ["verify", "--long"] => long::run(long::TIMES),
        ["verify", "--long", times] => times.parse().map_err(|_| USAGE.to_owned()).and_then(long::run),
        ["fix"] => verify::fix(),
        ["codegen"] => codegen::run(false),
        ["codegen", "--check"] => codegen::run(true),
        ["reference"] => reference::run(false),
        ["reference", "--check"] => reference::run(true),
        ["tidy"] => tidy::run(),
        ["clients", suite, rest @ ..] => clients::run(suite, rest),
        ["compare", rest @ ..] => compare::run(rest),
        ["exactly-once", rest @ ..] => exactly_once::run(rest),
        ["kafka-record", lists @ ..] => kafka_record::run(lists),
        ["sim", scenario, rest @ ..] => sim::run(scenario, rest),
        _ => Err(USAGE.to_owned()),
    }
}
