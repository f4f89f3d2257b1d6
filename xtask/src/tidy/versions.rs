//! Versions of an API are compared in generated code; elsewhere by a gate that has a name and a reason.

use super::Finding;
use super::source::{Line, Source};

/// Files that may compare a version with a number: the header rules, and handlers whose gate stands alone.
const GATES: &[&str] = &[
    "crates/wire/src/header.rs",
    "crates/broker/src/api/k03_metadata.rs",
    "crates/broker/src/api/k10_find_coordinator.rs",
    "crates/broker/src/api/k18_api_versions.rs",
];

const SIGNS: &[&str] = &["<=", ">=", "==", "!=", "<", ">"];

/// Checks the crates that know versions.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let hand = sources.iter().filter(|source| {
        let name = source.crate_name();
        ["wire", "broker", "client"].contains(&name)
            && !source.is_test()
            && !source.is_generated()
            && !GATES.contains(&source.path.as_str())
    });
    hand.flat_map(|source| source.product_lines().filter_map(|line| compared(source, line))).collect()
}

fn compared(source: &Source, (n, line): Line<'_>) -> Option<Finding> {
    let at = SIGNS.iter().flat_map(|sign| line.match_indices(sign)).find(|(at, sign)| {
        let (before, after) = (line[..*at].trim_end(), line[at + sign.len()..].trim_start());
        let names_version = |text: &str| text.trim_end_matches("()").ends_with("version");
        let first = after.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').next().unwrap_or("");
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let last = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        names_version(before) && is_number(after) || is_number(last) && names_version(first)
    })?;
    let sentence = format!(
        "a version is compared with a number (`{}`); give the gate a name, `const X_SINCE: i16`, beside the handler",
        at.1
    );
    Some(Finding::new(source.at(n), sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a version that is compared with a bare number is found, a named gate and a range test are not.
    #[test]
    fn a_bare_comparison_is_found() {
        let findings = |line: &str| {
            let text = format!("fn f() {{\n    {line}\n}}\n");
            check(&[Source::new("crates/broker/src/api/k99_x.rs".to_owned(), text)]).len()
        };
        for line in [
            "if version >= 13 {",
            "if 12 < call.version {",
            "let a = header.version() == 0;",
            "api_version<3",
        ] {
            assert_eq!(findings(line), 1, "{line}");
        }
        for line in
            ["if version >= TOPIC_IDS_SINCE {", "if conversions > 3 {", "let x = 3;", "fn version() -> i16 {"]
        {
            assert_eq!(findings(line), 0, "{line}");
        }
    }
}
