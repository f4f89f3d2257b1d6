//! `cargo xtask tidy`: the rules of STYLE.md that a machine can check, each finding with its fix.
//!
//! A rule is a function from the sources to findings. Sources are read once, with comments and the
//! insides of strings blanked out, so that a word in a sentence is never taken for code.

mod apis;
mod blank;
mod documents;
mod edges;
mod effects;
mod enforced;
mod heads;
mod mutants;
mod packages;
mod purity;
mod settings;
mod shape;
pub(crate) mod source;
mod tests_rules;
mod versions;
mod words;

use crate::reference;
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
    let rules: [Rule; 12] = [
        heads::check,
        purity::check,
        shape::check,
        words::check,
        tests_rules::check,
        edges::check_uses,
        versions::check,
        settings::check,
        effects::check,
        mutants::check,
        enforced::check,
        catch_alls,
    ];
    findings.extend(rules.iter().flat_map(|rule| rule(&sources)));
    findings.extend(edges::check()?);
    findings.extend(mutants::check_profile()?);
    findings.extend(apis::check()?);
    findings.extend(packages::check()?);
    findings.extend(documents::check(&sources));
    for finding in &findings {
        println!("{}: {}", finding.at, finding.sentence);
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(format!("tidy: {count} findings")),
    }
}

/// Every variant of an error has a row in docs/book/errors.md: no mapping catches all.
fn catch_alls(sources: &[Source]) -> Vec<Finding> {
    let sentence =
        "a mapping to Kafka's codes has an arm `_`; name every variant, so that docs/book/errors.md shows it";
    reference::catch_alls(sources).into_iter().map(|source| Finding::new(&source.path, sentence)).collect()
}
