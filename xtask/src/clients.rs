//! `cargo xtask clients SUITE`: a suite of foreign client tests against a fresh broker.
//!
//! The suites lie outside the repository, in a folder that has an executable `run` and lists of test
//! names in `expected/CLASS/SUITE.txt`; every listed test must pass. The suite starts the broker itself
//! with a `server.properties` of its own making.

use crate::run;
use std::net::TcpListener;
use std::path::PathBuf;
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
}

/// Builds the binary and runs the suite; fails unless every listed test passes.
pub(crate) fn run(suite: &str, args: &[&str]) -> Result<(), String> {
    let options = options(suite, args)?;
    run::succeed(&mut run::cargo(&["build", "--profile", options.build, "--package", "cli"]))?;
    let folder = if options.build == "dev" { "debug" } else { options.build };
    let binary = run::target_folder().join(folder).join("highwater");
    let mut command = Command::new(options.suites.join("run"));
    command.args([suite, "--bootstrap", &format!("127.0.0.1:{}", free_port()?)]);
    command.args(["--start", &format!("exec {} serve --config PROPS", quoted(&binary.to_string_lossy()))]);
    command.arg("--list").arg(&options.list);
    if let Some(profile) = &options.profile {
        command.args(["--profile", profile]);
    }
    run::succeed(command.current_dir(run::root()))
}

fn options(suite: &str, args: &[&str]) -> Result<Options, String> {
    let mut suites = std::env::var_os("HIGHWATER_SUITES").map(PathBuf::from);
    let (mut list, mut class, mut profile, mut build) = (None, "core", None, "release");
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        if *flag == "--debug" {
            build = "dev";
            continue;
        }
        let value = *args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match *flag {
            "--suites" => suites = Some(PathBuf::from(value)),
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
    Ok(Options { suites, list, profile, build })
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
