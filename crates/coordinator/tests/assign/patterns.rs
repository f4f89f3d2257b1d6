//! Patterns over topic names: what RE2/J says (golden/assign/regex.txt), but for what docs/book/topic-patterns.md lists.

use coordinator::assign::{PATTERN_MAX_BYTES, PatternFault, TopicPattern};

const RECORDED: &str = include_str!("../../../../golden/assign/regex.txt");
const PAGE: &str = include_str!("../../../../docs/book/topic-patterns.md");

fn answer(pattern: &str, names: &[&str]) -> String {
    match TopicPattern::new(pattern) {
        Ok(pattern) => {
            let matched: Vec<&str> = names.iter().copied().filter(|name| pattern.matches(name)).collect();
            format!("matches {}", matched.join(" "))
        }
        Err(_) => "refused".to_owned(),
    }
}

/// Protects: a pattern means what it means to Kafka, and each that does not is on the page with its reason.
#[test]
fn patterns_mean_what_they_mean_to_kafka() {
    let mut lines = RECORDED.lines().filter(|line| !line.starts_with("# "));
    let names: Vec<&str> = lines.next().unwrap().split(' ').skip(1).collect();
    let mut different = Vec::new();
    for line in lines {
        let (pattern, theirs) = line.split_once('\t').unwrap();
        let ours = answer(pattern, &names);
        if ours != theirs {
            assert!(
                ours == "refused" || theirs == "refused",
                "{pattern} is read in another sense: {ours}, RE2/J {theirs}"
            );
            different
                .push(format!("    {:<9} {pattern}", if ours == "refused" { "refused" } else { "read" }));
        }
    }
    let listed: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("    ")).collect();
    different.sort();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(different, sorted, "docs/book/topic-patterns.md lists them");
}

/// Protects: a pattern is not longer, and what it is compiled into not larger, than a broker can hold for each member.
#[test]
fn large_patterns_are_refused() {
    let longest = "a".repeat(PATTERN_MAX_BYTES);
    assert!(TopicPattern::new(&longest).is_ok_and(|pattern| pattern.matches(&longest)));
    let long = "a".repeat(PATTERN_MAX_BYTES + 1);
    assert_eq!(TopicPattern::new(&long).err(), Some(PatternFault::TooLong(PATTERN_MAX_BYTES + 1)));
    for bomb in ["(a{1000}){1000}", r"\w{5000}", "((((a{50}){50}){50}){50}){50}", r"(\pL{100}|\pN{100}){50}"]
    {
        assert_eq!(TopicPattern::new(bomb).err(), Some(PatternFault::TooLarge), "{bomb}");
    }
    let deep = "(".repeat(2000) + &")".repeat(2000);
    assert!(matches!(TopicPattern::new(&deep), Err(PatternFault::Syntax(_))));
}

/// Protects: matching takes time linear in the name where others try every way to match.
#[test]
fn no_pattern_takes_long() {
    let pattern = TopicPattern::new("(a|a)*(a|aa)+(a*)*b").unwrap();
    assert!(!pattern.matches(&"a".repeat(249)));
}

/// Protects: the whole name has to match, whatever a pattern does with parentheses, flags and anchors.
#[test]
fn the_whole_name_matches() {
    let matches = |pattern, name| TopicPattern::new(pattern).unwrap().matches(name);
    assert!(!matches("a|b", "ab") && !matches("a", "xa") && !matches("(?m)^a$", "a\nb"));
    assert!(matches("a|b", "b") && matches("(?i)a", "A"));
    assert!(TopicPattern::new("a)|(?:.*").is_err(), "a parenthesis does not get out");
    assert!(!matches("(?i)a|b", "xb"));
}

/// Protects: who is refused is told why, in a sentence of one line.
#[test]
fn a_refusal_says_why() {
    let fault = TopicPattern::new("orders-[").err().unwrap();
    assert_eq!(fault.to_string(), "unclosed character class");
}
