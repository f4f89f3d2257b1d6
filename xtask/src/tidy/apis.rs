//! An API that is served has golden bytes for each of its versions, both ways, and a row in COMPAT.md.

use super::Finding;
use crate::apis::{self, Api, TABLE};
use crate::run;

/// Checks what is served.
pub(crate) fn check() -> Result<Vec<Finding>, String> {
    let (served, compat) = (apis::served()?, run::read("COMPAT.md")?);
    let mut findings = Vec::new();
    for api in &served {
        for way in ["request", "response"] {
            let path = format!("golden/wire/{}/{way}.txt", api.file_name());
            let golden = run::read(&path).unwrap_or_default();
            findings.extend(missing_versions(api, &path, &golden));
        }
        findings.extend(missing_row(api, &compat));
    }
    Ok(findings)
}

/// A line of golden bytes begins with its version.
fn missing_versions(api: &Api, path: &str, golden: &str) -> Vec<Finding> {
    let has = |version: &i16| {
        golden.lines().any(|line| line.split(' ').next() == Some(version.to_string().as_str()))
    };
    let missing = api.versions.clone().filter(|version| !has(version));
    let sentence = |version: i16| {
        format!("{} {version} is served and has no golden bytes; run tools/kafka-facts", api.name)
    };
    missing.map(|version| Finding::new(path, sentence(version))).collect()
}

fn missing_row(api: &Api, compat: &str) -> Option<Finding> {
    let start = format!("| {} | {} |", api.key, api.name);
    let is_served = |line: &str| line.starts_with(&start) && !line.contains("| - |");
    let sentence =
        || format!("{} is served and COMPAT.md does not say so; run `cargo xtask reference`", api.name);
    (!compat.lines().any(is_served)).then(|| Finding::new(TABLE, sentence()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api() -> Api {
        Api { key: 2, name: "ListOffsets".to_owned(), versions: 1..=3 }
    }

    /// Protects: a served version without golden bytes is found.
    #[test]
    fn a_version_without_golden_bytes_is_found() {
        let golden = "1 default 00 {}\n1 full 01 {}\n3 default - {}\n";
        let findings = missing_versions(&api(), "golden/x.txt", golden);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].sentence.contains("ListOffsets 2"));
        assert_eq!(missing_versions(&api(), "golden/x.txt", "").len(), 3);
    }

    /// Protects: a served API that COMPAT.md leaves out, or calls absent, is found.
    #[test]
    fn an_api_without_a_row_is_found() {
        assert!(missing_row(&api(), "| 2 | ListOffsets | 1-11 | 1-3 | whole |\n").is_none());
        assert!(missing_row(&api(), "| 2 | ListOffsets | 1-11 | - | not yet |\n").is_some());
        assert!(missing_row(&api(), "| 12 | Heartbeat | 1-11 | 1-3 | whole |\n").is_some());
    }
}
