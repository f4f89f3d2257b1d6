//! Tests: each says what it protects, none sleeps (but in paused time) or is switched off, long ones live in files of their own.

use super::Finding;
use super::shape::function_name;
use super::source::Source;

const INLINE_LINES: usize = 200;

/// Checks the rules of tests.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let hand: Vec<&Source> = sources.iter().filter(|s| !s.is_generated()).collect();
    let long = hand.iter().flat_map(|s| long_modules(s));
    let banned = hand.iter().flat_map(|s| banned(s));
    let silent = hand.iter().flat_map(|s| silent(s));
    long.chain(banned).chain(silent).collect()
}

fn long_modules(source: &Source) -> Vec<Finding> {
    let long = source.test_lines.iter().filter(|range| range.len() > INLINE_LINES);
    long.map(|range| {
        let sentence =
            format!("an inline test module of {} lines; move it to a sibling tests.rs", range.len());
        Finding::new(source.at(range.start + 1), sentence)
    })
    .collect()
}

/// Under tokio's paused time a sleep takes no time and ends at an exact moment: there it is an event.
fn banned(source: &Source) -> Vec<Finding> {
    let is_virtual = source.code.contains("start_paused");
    let found = |(n, line): (usize, &str)| {
        let ignored =
            line.trim_start().starts_with("#[ignore").then_some("a test is run or deleted, not ignored");
        let sleeps = line.contains("sleep(") && function_name(line).is_none() && !is_virtual;
        let sleeps = sleeps.then_some("a test waits for an event, it does not sleep");
        Some(Finding::new(source.at(n), ignored.or(sleeps)?))
    };
    source.tests().filter_map(found).collect()
}

/// Finds tests without a doc comment. The comment stands above the attribute or below it.
fn silent(source: &Source) -> Vec<Finding> {
    let lines: Vec<&str> = source.text.lines().collect();
    let is_test = |line: &str| {
        matches!(line.trim(), "#[test]" | "#[tokio::test]") || line.trim().starts_with("#[tokio::test(")
    };
    let is_head = |line: &&&str| line.trim_start().starts_with("#[") || line.trim_start().starts_with("///");
    let documented = |n: usize| {
        let above = lines[..n].iter().rev().take_while(is_head);
        let below = lines[n + 1..].iter().take_while(is_head);
        above.chain(below).any(|l| l.trim_start().starts_with("///"))
    };
    let silent = |n: &usize| source.code.lines().nth(*n).is_some_and(is_test) && !documented(*n);
    let at = (0..lines.len()).filter(silent);
    at.map(|n| Finding::new(source.at(n + 1), "say in a doc comment what this test protects")).collect()
}
