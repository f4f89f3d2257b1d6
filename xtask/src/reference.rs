//! `cargo xtask reference`: pages that are written from tables, and checked in so that a change shows in review.
//!
//! docs/book/configuration.md from the settings, docs/book/errors.md from the mappings of our errors to Kafka's
//! codes, docs/book/metrics.md from the inventory of the broker, COMPAT.md from the APIs that Kafka announces and those that are served.

mod compat;
mod configuration;
mod errors;
mod metrics;

pub(crate) use errors::catch_alls;

use crate::run;

/// Writes the pages, or compares them with what is there.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let pages = [
        ("docs/book/configuration.md", configuration::page()),
        ("docs/book/errors.md", errors::page()?),
        ("docs/book/metrics.md", metrics::page()),
        ("COMPAT.md", compat::page()?),
    ];
    pages.iter().try_for_each(|(path, text)| keep(path, text, check))
}

fn keep(path: &str, text: &str, check: bool) -> Result<(), String> {
    let file = run::root().join(path);
    let is_current = std::fs::read_to_string(&file).is_ok_and(|old| old == text);
    match (is_current, check) {
        (true, _) => Ok(()),
        (false, true) => Err(format!(
            "{path} is not what the tables say; run `cargo xtask reference`, and look at what changes"
        )),
        (false, false) => std::fs::write(&file, text).map_err(|e| format!("{path}: {e}")),
    }
}
