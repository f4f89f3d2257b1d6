//! Rows whose subject is not built: SASL, access rules, TLS. Each fails once its subject is there,
//! and is then replaced by inputs and their replies.

use super::row::{Reply, Row};
use crate::program::Program;
use std::collections::BTreeSet;
use std::process::Command;

/// What a row waits for.
pub(super) enum Subject {
    /// The API of this key, which no broker without the subject announces.
    Api(&'static str, i16),
    /// A setting that is refused at a start as long as the subject is missing.
    Setting(&'static str, &'static str),
}

const SASL: Subject = Subject::Api("SASL", 36);
const TLS: Subject = Subject::Setting("TLS", "listeners=SSL://127.0.0.1:0");
const ACCESS_RULES: Subject = Subject::Setting(
    "access rules",
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
);

impl Subject {
    /// Checks that it is not built.
    pub(super) fn expect_absent(&self, announced: &BTreeSet<i16>) -> Result<(), String> {
        match self {
            Subject::Api(name, key) if announced.contains(key) => Err(built(name)),
            Subject::Setting(name, setting) if is_accepted(setting) => Err(built(name)),
            _ => Ok(()),
        }
    }
}

fn built(name: &str) -> String {
    format!("{name} exist; say what this input is answered instead of NOT YET")
}

/// Says whether a broker starts with a setting.
fn is_accepted(setting: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.arg("serve").arg("--data").arg(folder.path().join("data"));
    command.args(["--set", "highwater.http.listener=", "--set", setting]);
    if !setting.starts_with("listeners=") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    Program::start("highwater serve", &mut command).line().is_some()
}

fn not_yet(number: u8, what: &str, subject: Subject) -> Row {
    Row::new(number, what, Vec::new(), Reply::NotYet(subject))
}

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    vec![
        not_yet(
            26,
            "requests before authentication, SASL frames over the limit, the handshake 1,000 times",
            SASL,
        ),
        not_yet(27, "SCRAM: nonces, replays, channel bindings, iteration counts, authzid", SASL),
        not_yet(
            28,
            "tokens: alg none, HS256 with the public key, expired, 1 MB, key ids that are paths",
            SASL,
        ),
        not_yet(30, "handshakes that never end, slow TLS, renegotiation, early data", TLS),
        not_yet(34, "another principal's member id", ACCESS_RULES),
        not_yet(35, "offsets of somebody else's group", ACCESS_RULES),
        not_yet(36, "somebody else's transactional id", ACCESS_RULES),
        not_yet(
            38,
            "principal types, prefix \"\", control characters in names, 100,000 filters as rules",
            ACCESS_RULES,
        ),
    ]
}
