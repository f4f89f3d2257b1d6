//! Pure crates decide and do not act; a few crates are known in one place only.

use super::Finding;
use super::edges::{Deps, deps};
use super::source::Source;

/// What a pure crate may not contain, outside its tests.
const IMPURE: &[&str] = &[
    "async fn",
    "async move",
    "async {",
    ".await",
    "tokio::",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "std::io::stdin",
    "HashMap",
    "HashSet",
];

/// Checks the pure crates, and that `tokio::fs` appears nowhere.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let deps = match deps() {
        Ok(deps) => deps,
        Err(sentence) => return vec![Finding::new("deps.toml", sentence)],
    };
    let products = || sources.iter().filter(|s| !s.is_test() && s.crate_name() != "xtask");
    let pure = products()
        .filter(|s| is_pure(&deps, s))
        .flat_map(|s| words_in(s, IMPURE, "this crate is pure; the shell or env does that"));
    let blocking = products().flat_map(|s| words_in(s, &["tokio::fs"], "use env::Disk"));
    pure.chain(blocking).collect()
}

fn is_pure(deps: &Deps, source: &Source) -> bool {
    let listed = |key: &str| deps.list("purity", key);
    listed("pure").iter().any(|name| name == source.crate_name())
        && source.path.contains("/src/")
        && !listed("except").iter().any(|path| source.path.starts_with(path.as_str()))
}

fn words_in(source: &Source, words: &[&str], fix: &str) -> Vec<Finding> {
    let found = |(n, line): (usize, &str)| {
        let word = words.iter().find(|w| contains_word(line, w))?;
        Some(Finding::new(source.at(n), format!("`{word}`: {fix}")))
    };
    source.product_lines().filter_map(found).collect()
}

/// Says whether the text stands in the line and is not the middle of a longer name.
pub(crate) fn contains_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_name) && word.starts_with(is_name);
        let after = line[at + word.len()..].chars().next().is_some_and(is_name) && word.ends_with(is_name);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::contains_word;

    /// Protects: `Instant` is found as a word, and not inside `InstantReply`.
    #[test]
    fn words_are_whole() {
        assert!(contains_word("use std::time::Instant;", "Instant"));
        assert!(!contains_word("struct InstantReply;", "Instant"));
        assert!(contains_word("x.await?", ".await"));
        assert!(!contains_word("my_tokio::x", "tokio::"));
    }
}
