//! Patterns of the tables of accepted differences: `*` stands for anything.

/// Compares with a pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            let ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.into_iter().any(|at| matches(rest, &tail[at..]))
        }),
    }
}

/// Protects: a pattern covers what it says and nothing else.
#[test]
fn patterns_match_whole_lines() {
    assert!(matches("a*c*", "abcd") && matches("*", "") && matches("a", "a"));
    assert!(!matches("a", "ab") && !matches("a*c", "abcd"));
}
