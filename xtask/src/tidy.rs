//! `cargo xtask tidy`: the rules of STYLE.md that a machine can check, each finding with its fix.
//!
//! A rule is a function from the sources to findings. Sources are read once, with comments and the
//! insides of strings blanked out, so that a word in a sentence is never taken for code.

mod blank;
mod documents;
mod edges;
mod heads;
mod purity;
mod shape;
mod source;
mod tests_rules;
mod words;

use source::Source;

/// One broken rule: where, and what to do.
pub(crate) struct Finding {
    at: String,
    sentence: String,
}

impl Finding {
    fn new(at: impl Into<String>, sentence: impl Into<String>) -> Finding {
        Finding { at: at.into(), sentence: sentence.into() }
    }
}

type Rule = fn(&[Source]) -> Vec<Finding>;

/// Checks every rule; fails when one is broken.
pub(crate) fn run() -> Result<(), String> {
    let sources = source::all()?;
    let mut findings = Vec::new();
    let rules: [Rule; 6] =
        [heads::check, purity::check, shape::check, words::check, tests_rules::check, edges::check_uses];
    findings.extend(rules.iter().flat_map(|rule| rule(&sources)));
    findings.extend(edges::check()?);
    findings.extend(documents::check(&sources));
    for note in shape::long_files(&sources) {
        println!("note: {}: {}", note.at, note.sentence);
    }
    for finding in &findings {
        println!("{}: {}", finding.at, finding.sentence);
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(format!("tidy: {count} findings")),
    }
}
