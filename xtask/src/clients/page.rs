//! docs/book/compatibility.md: which lists of the suites of foreign clients have been run, and what of them does not pass.
//!
//! Each run of a list writes its row anew; the others stay. What does not pass keeps the reason that stands behind its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const HEAD: &str = "<!-- Rows are written by `cargo xtask clients`; the reasons of what does not pass, by hand. -->

# Compatibility with client test suites

Open suites of client libraries, with the tests that Apache Kafka 4.3.1 passes: `cargo xtask clients SUITE --class CLASS`. Every
listed test is to pass; what does not is named with its reason.

| class | list | passed | day | does not pass |
|---|---|---|---|---|
";
/// Between what does not pass and why.
const WHY: &str = ": ";
/// What stands for a reason that nobody has written.
const NO_REASON: &str = "no reason yet";

/// What a run of a list came to.
pub(super) struct Outcome {
    pub(super) class: String,
    pub(super) list: String,
    /// The tests of the list.
    pub(super) listed: BTreeSet<String>,
    /// Those that passed.
    pub(super) passed: BTreeSet<String>,
    pub(super) day: String,
}

/// Reads the names of a list, or of the passed tests in a suite's results.
pub(super) fn names(text: &str, is_result: bool) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let name = |line: &str| match is_result {
        true => line.strip_prefix("PASS ").and_then(|rest| rest.split_whitespace().next()).map(str::to_owned),
        false => line.split_whitespace().next().map(str::to_owned),
    };
    lines.filter_map(name).collect()
}

/// Returns the page with the row of an outcome.
pub(super) fn with_row(page: &str, outcome: &Outcome) -> String {
    let rows = page.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let mut all: BTreeMap<(String, String), String> = BTreeMap::new();
    for row in rows.filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        if let [_, class, list, ..] = cells[..] {
            all.insert((class.to_owned(), list.to_owned()), row.to_owned());
        }
    }
    let key = (outcome.class.clone(), outcome.list.clone());
    let reasons = all.get(&key).map(|row| reasons(row)).unwrap_or_default();
    let failed = outcome.listed.difference(&outcome.passed);
    let failed: Vec<String> = failed
        .map(|name| format!("{name}{WHY}{}", reasons.get(name.as_str()).map_or(NO_REASON, String::as_str)))
        .collect();
    let (passed, listed) = (outcome.listed.len() - failed.len(), outcome.listed.len());
    let (Outcome { class, list, day, .. }, failed) = (outcome, failed.join("; "));
    all.insert(key, format!("| {class} | {list} | {passed} of {listed} | {day} | {failed} |"));
    let mut page = HEAD.to_owned();
    all.values().for_each(|row| _ = writeln!(page, "{row}"));
    page
}

/// Reads the reasons of a row.
fn reasons(row: &str) -> BTreeMap<String, String> {
    let cell = row.split('|').nth(5).unwrap_or_default();
    let each = cell.split(';').filter_map(|one| one.trim().split_once(WHY));
    each.map(|(name, why)| (name.to_owned(), why.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: &[&str]) -> Outcome {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Outcome {
            class: "groups".into(),
            list: "kgo".into(),
            listed: all(&["one", "two"]),
            passed: all(passed),
            day: "2026-11-26".into(),
        }
    }

    /// Protects: a run replaces its own row and no other, and a reason stays with its test.
    #[test]
    fn rows_are_replaced_and_reasons_stay() {
        let other = with_row("", &Outcome { class: "core".into(), ..outcome(&["one", "two"]) });
        let page = with_row(&other, &outcome(&["one"]));
        assert!(page.contains("| core | kgo | 2 of 2 | 2026-11-26 |  |"));
        assert!(page.ends_with("| groups | kgo | 1 of 2 | 2026-11-26 | two: no reason yet |\n"), "{page}");
        let explained = page.replace(NO_REASON, "there is one broker");
        assert_eq!(with_row(&explained, &outcome(&["one"])), explained);
        assert!(with_row(&explained, &outcome(&["one", "two"])).ends_with("| 2 of 2 | 2026-11-26 |  |\n"));
    }

    /// Protects: names are read from lists and from results, where only what passed counts.
    #[test]
    fn names_are_read() {
        assert_eq!(names("# head\none\n\ntwo\n", false).len(), 2);
        let passed = names("PASS one 0.1\nFAIL two 0.2 why\nSKIP three\n", true);
        assert_eq!(passed.into_iter().collect::<Vec<_>>(), ["one"]);
    }
}
