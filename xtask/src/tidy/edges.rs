//! Edges between crates are those of deps.toml, and foreign crates stay where deps.toml puts them.
//!
//! Format of deps.toml: sections in brackets and, in each, lines `name = ["a", "b"]`; nothing else.
//! `[edges]`: the crates of ours that a crate depends on, in full. `[test-edges]`: those of its tests in
//! addition. `[foreign]`: foreign crates that not everybody may use, with the crates that may.
//! `[paths]`: names that may appear in code only under these paths. `[purity]`: see purity.rs.

use super::Finding;
use super::purity::contains_word;
use super::source::Source;
use crate::run;
use std::collections::{BTreeMap, BTreeSet};

/// What deps.toml says: section to name to values.
pub(crate) struct Deps {
    sections: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Deps {
    /// Returns a list, empty when there is none.
    pub(crate) fn list(&self, section: &str, name: &str) -> &[String] {
        self.sections.get(section).and_then(|lists| lists.get(name)).map_or(&[], Vec::as_slice)
    }

    fn section(&self, section: &str) -> impl Iterator<Item = (&String, &Vec<String>)> {
        self.sections.get(section).into_iter().flatten()
    }
}

/// Reads deps.toml.
pub(crate) fn deps() -> Result<Deps, String> {
    let text = run::read("deps.toml")?;
    let (mut section, mut sections) = (String::new(), BTreeMap::<String, BTreeMap<_, _>>::new());
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if let Some(name) =
            line.strip_prefix('[').and_then(|l| l.strip_suffix(']')).filter(|l| !l.contains('"'))
        {
            section = name.to_owned();
        } else if let Some((name, list)) = line.split_once('=') {
            sections.entry(section.clone()).or_default().insert(name.trim().to_owned(), quoted(list));
        } else if !line.is_empty() {
            return Err(format!("deps.toml:{}: it must be [section] or name = [\"a\", \"b\"]", n + 1));
        }
    }
    Ok(Deps { sections })
}

fn quoted(list: &str) -> Vec<String> {
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A crate's manifest, as far as tidy needs it.
struct Manifest {
    name: String,
    path: String,
    product: BTreeSet<String>,
    tests: BTreeSet<String>,
}

fn manifests() -> Result<Vec<Manifest>, String> {
    let entries = std::fs::read_dir(run::root().join("crates")).map_err(|e| format!("crates: {e}"))?;
    let names = entries.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()));
    let mut manifests: Vec<Manifest> = Vec::new();
    for (name, path) in names
        .map(|n| (n.clone(), format!("crates/{n}/Cargo.toml")))
        .chain([("xtask".to_owned(), "xtask/Cargo.toml".to_owned())])
    {
        let text = run::read(&path)?;
        manifests.push(Manifest {
            name,
            path,
            product: dependencies(&text, false),
            tests: dependencies(&text, true),
        });
    }
    manifests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(manifests)
}

/// Lists the dependencies of a manifest: those of the product, or those of its tests.
fn dependencies(manifest: &str, of_tests: bool) -> BTreeSet<String> {
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
        }
        let is_wanted =
            section.ends_with("dependencies") && (section.ends_with("dev-dependencies") == of_tests);
        let name = line.split(['.', '=', ' ']).next().unwrap_or("");
        if is_wanted && line.contains('=') && !line.starts_with(['#', '[']) {
            found.insert(name.to_owned());
        }
    }
    found
}

/// Compares the manifests with deps.toml.
pub(crate) fn check() -> Result<Vec<Finding>, String> {
    let (deps, manifests) = (deps()?, manifests()?);
    let ours: BTreeSet<&str> = manifests.iter().map(|m| m.name.as_str()).collect();
    let mut findings = Vec::new();
    for manifest in &manifests {
        let own = |set: &BTreeSet<String>| -> BTreeSet<String> {
            set.iter().filter(|d| ours.contains(d.as_str())).cloned().collect()
        };
        findings.extend(compare(&deps, "edges", manifest, &own(&manifest.product)));
        let tests: BTreeSet<String> = own(&manifest.tests).difference(&manifest.product).cloned().collect();
        findings.extend(compare(&deps, "test-edges", manifest, &tests));
        findings.extend(foreign(&deps, manifest));
    }
    Ok(findings)
}

fn compare(deps: &Deps, section: &str, manifest: &Manifest, have: &BTreeSet<String>) -> Option<Finding> {
    let want: BTreeSet<String> = deps.list(section, &manifest.name).iter().cloned().collect();
    let surplus: Vec<&String> = have.difference(&want).collect();
    let missing: Vec<&String> = want.difference(have).collect();
    if surplus.is_empty() && missing.is_empty() {
        return None;
    }
    let sentence = format!(
        "[{section}] of deps.toml and the manifest differ (only in the manifest: {surplus:?}, only in deps.toml: \
         {missing:?}); a new edge needs an ADR line"
    );
    Some(Finding::new(&manifest.path, sentence))
}

fn foreign(deps: &Deps, manifest: &Manifest) -> Vec<Finding> {
    let broken = deps
        .section("foreign")
        .filter(|(name, may)| manifest.product.contains(name.as_str()) && !may.contains(&manifest.name));
    broken
        .map(|(name, may)| {
            Finding::new(&manifest.path, format!("{name} is for {may:?} alone, see deps.toml"))
        })
        .collect()
}

/// Checks that a name with a place of its own appears nowhere else.
pub(crate) fn check_uses(sources: &[Source]) -> Vec<Finding> {
    let Ok(deps) = deps() else { return Vec::new() };
    let mut findings = Vec::new();
    for (name, paths) in deps.section("paths") {
        let elsewhere = |s: &&Source| !paths.iter().any(|p| s.path.starts_with(p.as_str()));
        for source in sources.iter().filter(elsewhere) {
            let word = format!("{name}::");
            let lines = source.code.lines().enumerate().filter(|(_, line)| contains_word(line, &word));
            findings.extend(
                lines.map(|(n, _)| Finding::new(source.at(n + 1), format!("`{word}` stays in {paths:?}"))),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a manifest's dependencies are told apart from those of its tests.
    #[test]
    fn reads_manifests() {
        let text = "[package]\nname = \"x\"\n[dependencies]\n# a = 1\ntypes.workspace = true\nzstd = { version = \"1\" }\n\
                    [dev-dependencies]\nproptest.workspace = true\n[[bin]]\nname = \"y\"";
        assert_eq!(dependencies(text, false).into_iter().collect::<Vec<_>>(), ["types", "zstd"]);
        assert_eq!(dependencies(text, true).into_iter().collect::<Vec<_>>(), ["proptest"]);
        assert_eq!(quoted("[\"a\", \"b\"]"), ["a", "b"]);
    }
}
