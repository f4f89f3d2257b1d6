//! Documents that must stay true: each durability rule names tests that exist, and a map names folders.

use super::Finding;
use super::shape::function_name;
use super::source::Source;
use crate::run;
use std::collections::BTreeSet;

const MAP: &str = "ARCHITECTURE.md";
const RULES: usize = 18;

/// What a fragment in changes/ begins with.
const KINDS: &[&str] = &["added-", "fixed-", "changed-", "format-"];

/// Checks the table W-1 to W-18 of ARCHITECTURE.md against the tests, the documents that must exist, and changes/.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        ["README.md", "STYLE.md", "GLOSSARY.md", "CONTRIBUTING.md", "LICENSE", "docs/book/README.md"]
            .into_iter()
            .filter(|path| !run::root().join(path).is_file())
            .map(|path| Finding::new(path, "it is missing"))
            .collect();
    match run::read(MAP) {
        Ok(text) => findings.extend(rules(&text, &functions(sources))),
        Err(sentence) => findings.push(Finding::new(MAP, sentence)),
    }
    findings.extend(fragments().iter().filter_map(|(name, text)| fragment(name, text)));
    findings
}

/// Reads the changes that are not released yet.
fn fragments() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(run::root().join("changes")).into_iter().flatten().flatten();
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    named.map(|(name, path)| (name, std::fs::read_to_string(path).unwrap_or_default())).collect()
}

/// A fragment has its kind in its name, and says something.
fn fragment(name: &str, text: &str) -> Option<Finding> {
    let is_named = KINDS.iter().any(|kind| name.starts_with(kind)) && name.ends_with(".md");
    let sentence =
        format!("a change is a file KIND-words.md with a sentence for users; KIND is one of {KINDS:?}");
    (!is_named || text.trim().is_empty()).then(|| Finding::new(format!("changes/{name}"), sentence))
}

fn functions(sources: &[Source]) -> BTreeSet<&str> {
    sources.iter().flat_map(|s| s.code.lines()).filter_map(function_name).collect()
}

fn rules(text: &str, functions: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in 1..=RULES {
        let start = format!("| W-{rule} ");
        let rows: Vec<(usize, &str)> =
            text.lines().enumerate().filter(|(_, l)| l.starts_with(&start)).collect();
        let names: Vec<&str> = rows.iter().flat_map(|(_, row)| test_names(row)).collect();
        if names.is_empty() {
            findings.push(Finding::new(
                MAP,
                format!(
                    "W-{rule} needs a row `| W-{rule} | ... | tests |` that names its tests in backticks"
                ),
            ));
        }
        let unknown = names.into_iter().filter(|name| !functions.contains(name));
        findings.extend(unknown.map(|name| Finding::new(MAP, format!("W-{rule}: there is no `fn {name}`"))));
    }
    findings
}

/// Lists what stands in backticks in the last cell of a row; of a path, its last part.
fn test_names(row: &str) -> Vec<&str> {
    let last = row.trim().trim_end_matches('|').rsplit('|').next().unwrap_or("");
    last.split('`').skip(1).step_by(2).filter_map(|name| name.rsplit("::").next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a fragment without a kind or without a word is found.
    #[test]
    fn fragments_have_a_kind() {
        assert!(fragment("fixed-a-thing.md", "It works.\n").is_none());
        assert!(fragment("thing.md", "It works.\n").is_some());
        assert!(fragment("added-thing.md", " \n").is_some());
        assert!(fragment("added-thing.txt", "It works.\n").is_some());
    }

    /// Protects: a rule without a test, or with a test that is gone, is found.
    #[test]
    fn rules_need_tests_that_exist() {
        let mut text: String = (2..=RULES).map(|n| format!("| W-{n} | rule | `a::b` |\n")).collect();
        assert_eq!(rules(&text, &BTreeSet::from(["b"])).len(), 1);
        text.push_str("| W-1 | rule with `word` | `b`, `gone` |\n");
        let findings = rules(&text, &BTreeSet::from(["b"]));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].sentence.contains("gone"));
    }
}
