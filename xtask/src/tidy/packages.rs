//! What Cargo.lock holds: not too many packages, from the registry alone, and two versions of one only when
//! deny.toml names it. The same lines are read by cargo-deny, where it is installed.

use super::Finding;
use crate::run;
use std::collections::{BTreeMap, BTreeSet};

const LOCK: &str = "Cargo.lock";
const MOST: usize = 320;

/// Checks Cargo.lock and deny.toml.
pub(crate) fn check() -> Result<Vec<Finding>, String> {
    Ok(findings(&run::read(LOCK)?, &run::read("deny.toml")?))
}

fn findings(lock: &str, deny: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let packages: Vec<(&str, &str)> =
        lock.split("[[package]]").skip(1).filter_map(name_and_version).collect();
    if packages.len() > MOST {
        findings.push(Finding::new(
            LOCK,
            format!("{} packages, at most {MOST}; drop a dependency", packages.len()),
        ));
    }
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, version) in &packages {
        versions.entry(name).or_default().insert(version);
    }
    let skipped = skipped(deny);
    for (name, versions) in versions {
        let unnamed =
            versions.iter().filter(|version| !skipped.iter().any(|(n, v)| *n == name && fits(version, v)));
        let unnamed: Vec<&str> = unnamed.copied().collect();
        if unnamed.len() > 1 {
            let sentence = format!(
                "{name} is there in versions {unnamed:?}; name the odd ones in deny.toml, with the reason"
            );
            findings.push(Finding::new(LOCK, sentence));
        }
    }
    for (name, version) in
        skipped.iter().filter(|(n, v)| !packages.iter().any(|(name, has)| name == n && fits(has, v)))
    {
        findings.push(Finding::new(
            "deny.toml",
            format!("{name}@{version} is not in Cargo.lock; delete the line"),
        ));
    }
    let foreign = lock
        .lines()
        .filter(|line| line.starts_with("source = ") && !line.starts_with("source = \"registry+"));
    findings.extend(foreign.map(|line| Finding::new(LOCK, format!("`{line}` is no registry"))));
    findings
}

fn name_and_version(package: &str) -> Option<(&str, &str)> {
    let value = |key: &str| package.lines().find_map(|line| line.strip_prefix(key)?.strip_suffix('"'));
    Some((value("name = \"")?, value("version = \"")?))
}

/// Reads the lines `{ crate = "name@version", reason = ... }`.
fn skipped(deny: &str) -> Vec<(&str, &str)> {
    let lines = deny.lines().filter_map(|line| line.trim().strip_prefix("{ crate = \""));
    lines.filter_map(|line| line.split('"').next()?.split_once('@')).collect()
}

/// Says whether `0.9.5` is a `0.9`.
fn fits(version: &str, wanted: &str) -> bool {
    version.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        let package = |(name, version): &(&str, &str)| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://x\"\n\n"
            )
        };
        packages.iter().map(package).collect()
    }

    /// Protects: a second version that nobody named, a name that is no longer needed, and a git source are found.
    #[test]
    fn doubles_and_strangers_are_found() {
        let deny = "skip = [\n    { crate = \"rand@0.9\", reason = \"x\" },\n]\n";
        let named = lock(&[("rand", "0.9.5"), ("rand", "0.10.4")]);
        assert_eq!(findings(&named, deny).len(), 0);
        assert_eq!(findings(&named, "").len(), 1);
        assert_eq!(findings(&lock(&[("rand", "0.10.4")]), deny).len(), 1);
        let git = lock(&[("rand", "0.9.5")]).replace("registry+", "git+");
        assert_eq!(findings(&git, deny).len(), 1);
    }

    /// Protects: too many packages are found.
    #[test]
    fn too_many_packages_are_found() {
        let names: Vec<String> = (0..=MOST).map(|n| format!("p{n}")).collect();
        let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
        assert_eq!(findings(&lock(&packages), "").len(), 1);
        assert_eq!(findings(&lock(&packages[1..]), "").len(), 0);
    }
}
