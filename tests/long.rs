//! How many times as much a test does as in the gate: 1, or what `cargo xtask verify --long` says.
//!
//! Taken in by the tests that draw seeds, cases or rounds, with `#[path]`.

/// Returns the factor; `HIGHWATER_LONG` names it.
pub(crate) fn times() -> u32 {
    std::env::var("HIGHWATER_LONG").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
