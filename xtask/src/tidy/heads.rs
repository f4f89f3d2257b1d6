//! Every file says what it owns, and a lib.rs is nothing but a list.

use super::Finding;
use super::source::Source;

/// What may stand in a lib.rs outside comments and attributes.
const LIST: &[&str] = &["mod ", "pub mod ", "pub(crate) mod ", "use ", "pub use ", "pub(crate) use "];

/// Checks file heads and lib.rs files.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let heads = sources.iter().filter(|s| !s.is_generated() && !s.text.starts_with("//!"));
    let heads = heads.map(|s| Finding::new(s.at(1), "begin the file with //! and what it owns"));
    let lists = sources.iter().filter(|s| s.path.ends_with("/src/lib.rs")).flat_map(only_lists);
    heads.chain(lists).collect()
}

fn only_lists(source: &Source) -> Option<Finding> {
    let code: String =
        source.code.lines().filter(|l| !l.trim_start().starts_with("#[") && !l.starts_with("#![")).collect();
    let strange = statements(&code).into_iter().find(|s| !LIST.iter().any(|start| s.starts_with(start)))?;
    let shown: String = strange.chars().take(40).collect();
    Some(Finding::new(source.at(1), format!("a lib.rs holds modules and re-exports only; move `{shown}`")))
}

fn statements(code: &str) -> Vec<&str> {
    code.split(';').map(str::trim).filter(|s| !s.is_empty()).collect()
}
