//! Names: those that newcomers guess, none of those that say nothing; no loose ends in comments.

use super::Finding;
use super::source::{Line, Source};

const FILES: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "impls", "misc", "manager", "managers"];

/// Words that no name of a function, type, module or constant contains (STYLE.md, naming).
const WORDS: &[&str] = &[
    "util",
    "utils",
    "helper",
    "helpers",
    "impls",
    "misc",
    "manager",
    "ntp",
    "topition",
    "lsn",
    "purgatory",
    "ensemble",
    "reactor",
    "fetcher",
    "pusher",
    "journal",
    "extent",
    "zookeeper",
];

/// The state of a directory is kept in a journal: base and deltas. The write-ahead log is never called so.
const JOURNALS: &[&str] = &["crates/log/src/state.rs", "crates/log/src/state/"];

/// Words that no function begins with.
const VERBS: &[&str] = &["do", "process", "manage"];

const DECLARES: &[&str] = &["fn ", "struct ", "enum ", "trait ", "mod ", "type ", "const ", "static "];

/// Checks names and comments.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let hand = || sources.iter().filter(|s| !s.is_generated());
    let files = hand().filter_map(check_file_name);
    let names =
        hand().flat_map(|s| s.code.lines().enumerate().filter_map(|(n, l)| check_names(s, (n + 1, l))));
    let loose = hand().filter(|s| !s.path.ends_with("tidy/words.rs")).flat_map(check_comments);
    files.chain(names).chain(loose).collect()
}

fn check_file_name(source: &Source) -> Option<Finding> {
    let name = source.path.split(['/', '.']).find(|part| FILES.contains(part))?;
    Some(Finding::new(&source.path, format!("`{name}` says nothing; name the file after its main noun")))
}

fn check_names(source: &Source, (n, line): Line<'_>) -> Option<Finding> {
    DECLARES.iter().find_map(|keyword| {
        let at = line.find(keyword).filter(|at| *at == 0 || line[..*at].ends_with(' '))?;
        let name = line[at + keyword.len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        let words = words_of(name);
        let is_free = |w: &str| w == "journal" && JOURNALS.iter().any(|path| source.path.starts_with(path));
        let bad = words.iter().find(|w| WORDS.contains(&w.as_str()) && !is_free(w.as_str()));
        let verb =
            words.first().filter(|w| *keyword == "fn " && words.len() > 1 && VERBS.contains(&w.as_str()));
        let bad = bad.or(verb)?;
        Some(Finding::new(source.at(n), format!("`{bad}` in `{name}`: STYLE.md has the name to use")))
    })
}

/// Splits a name at underscores and capitals.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() && words.last().is_some_and(|w| w.chars().any(char::is_lowercase)) {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut().filter(|_| c != '_') {
            last.push(c);
        }
    }
    words.iter().filter(|w| !w.is_empty()).map(|w| w.to_lowercase()).collect()
}

fn check_comments(source: &Source) -> Vec<Finding> {
    let loose = |(n, line): (usize, &str)| {
        let word = ["TODO", "FIXME", "/work/", "/root/"].into_iter().find(|w| line.contains(w))?;
        Some(Finding::new(
            source.at(n + 1),
            format!("`{word}`: finish it, or open an issue and delete the line"),
        ))
    };
    source.text.lines().enumerate().filter_map(loose).collect()
}

#[cfg(test)]
mod tests {
    use super::words_of;

    /// Protects: a banned word is found inside both kinds of names, and only as a whole word.
    #[test]
    fn splits_names() {
        assert_eq!(words_of("TopicManager"), ["topic", "manager"]);
        assert_eq!(words_of("read_WAL_x"), ["read", "wal", "x"]);
        assert_eq!(words_of("MAX_TOPIC"), ["max", "topic"]);
        assert_eq!(words_of("document"), ["document"]);
    }
}
