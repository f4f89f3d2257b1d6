//! `cargo xtask clients SUITE`: a suite of foreign client tests against a fresh broker.
//!
//! The suites lie outside the repository, in a folder that has an executable `run` and lists of test
//! names in `expected/CLASS/SUITE.txt`; every listed test must pass. The suite starts the broker itself
//! with a `server.properties` of its own making. What came of it is a row of docs/book/compatibility.md; with `--from FILE`
//! it is that of an earlier run's results.

mod page;

use crate::run;
use page::Outcome;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lists of tests that want another broker than their suite's usual one, and its name among the suites' profiles.
const PROFILES: &[(&str, &str)] = &[
    ("librdkafka-secure", "librdkafka-secure"),
    ("librdkafka-noautocreate", "librdkafka-noautocreate"),
    ("security/", "secure"),
    ("other/kgo", "share"),
];

struct Options {
    suites: PathBuf,
    list: PathBuf,
    /// The broker that the suite asks for; without one, its usual one.
    profile: Option<String>,
    build: &'static str,
    class: String,
    /// Results of an earlier run.
    from: Option<PathBuf>,
}

/// Builds the binary and runs the suite; fails unless every listed test passes.
pub(crate) fn run(suite: &str, args: &[&str]) -> Result<(), String> {
    let options = options(suite, args)?;
    if let Some(results) = &options.from {
        return note(&options, results);
    }
    let results = run::target_folder().join(format!("clients-{suite}.txt"));
    run::succeed(&mut run::cargo(&["build", "--profile", options.build, "--package", "cli"]))?;
    let folder = if options.build == "dev" { "debug" } else { options.build };
    let binary = run::target_folder().join(folder).join("highwater");
    let mut command = Command::new(options.suites.join("run"));
    command.args([suite, "--bootstrap", &format!("127.0.0.1:{}", free_port()?)]);
    command.args(["--start", &format!("exec {} serve --config PROPS", quoted(&binary.to_string_lossy()))]);
    command.arg("--list").arg(&options.list).arg("--out").arg(&results);
    if let Some(profile) = &options.profile {
        command.args(["--profile", profile]);
    }
    let outcome = run::succeed(command.current_dir(run::root()));
    note(&options, &results)?;
    outcome
}

/// Writes the row of a list.
fn note(options: &Options, results: &Path) -> Result<(), String> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let day = Command::new("date").args(["-u", "+%F"]).output().map_err(|e| format!("date: {e}"))?;
    let outcome = Outcome {
        class: options.class.clone(),
        list: options.list.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        listed: page::names(&read(&options.list)?, false),
        passed: page::names(&read(results)?, true),
        day: String::from_utf8_lossy(&day.stdout).trim().to_owned(),
    };
    let file = run::root().join("docs/book/compatibility.md");
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    std::fs::write(&file, page::with_row(&before, &outcome)).map_err(|e| format!("{}: {e}", file.display()))
}

fn options(suite: &str, args: &[&str]) -> Result<Options, String> {
    let mut suites = std::env::var_os("HIGHWATER_SUITES").map(PathBuf::from);
    let (mut list, mut class, mut profile, mut build) = (None, "core", None, "release");
    let mut from = None;
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        if *flag == "--debug" {
            build = "dev";
            continue;
        }
        let value = *args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match *flag {
            "--suites" => suites = Some(PathBuf::from(value)),
            "--from" => from = Some(PathBuf::from(value)),
            "--list" => list = Some(PathBuf::from(value)),
            "--class" => class = value,
            "--profile" => profile = Some(value.to_owned()),
            _ => return Err(format!("clients does not know {flag}; see `cargo xtask`")),
        }
    }
    let suites = suites.ok_or("name the folder of the suites: --suites DIR, or HIGHWATER_SUITES=DIR")?;
    let suites = suites.canonicalize().map_err(|e| format!("{}: {e}", suites.display()))?;
    let list = list.unwrap_or_else(|| suites.join("expected").join(class).join(format!("{suite}.txt")));
    let profile = profile.or_else(|| usual_profile(&list.to_string_lossy()));
    Ok(Options { suites, list, profile, build, class: class.to_owned(), from })
}

/// Finds the profile that a list of tests was made with, where it is not the suite's usual one.
fn usual_profile(list: &str) -> Option<String> {
    let named = PROFILES.iter().find(|(part, _)| list.contains(part));
    named.map(|(_, profile)| (*profile).to_owned())
}

/// Finds a port that is free, and the next one too: the suite's file names both.
fn free_port() -> Result<u16, String> {
    for _ in 0..100 {
        let first = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("no free port: {e}"))?;
        let port = first.local_addr().map_err(|e| format!("no free port: {e}"))?.port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return Ok(port);
        }
    }
    Err("there are no two free ports side by side".to_owned())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a list that wants another broker than its suite gets it, and a profile by name goes before that.
    #[test]
    fn lists_have_their_profiles() {
        assert_eq!(usual_profile("/s/expected/core/kgo.txt"), None);
        assert_eq!(usual_profile("/s/expected/security/java.txt").as_deref(), Some("secure"));
        assert_eq!(
            usual_profile("/s/expected/security/librdkafka-secure.txt").as_deref(),
            Some("librdkafka-secure")
        );
        assert_eq!(usual_profile("/s/expected/other/kgo.txt").as_deref(), Some("share"));
        let suites =
            ["--suites", env!("CARGO_MANIFEST_DIR"), "--class", "security", "--profile", "single", "--debug"];
        let options = options("java", &suites).unwrap();
        assert_eq!((options.profile.as_deref(), options.build), (Some("single"), "dev"));
        assert!(options.list.ends_with("expected/security/java.txt"));
    }
}
