//! docs/book/errors.md: which of our errors is which of Kafka's codes, and all of Kafka's codes.
//!
//! A mapping is a function `code` that returns an `ErrorCode` by matching on an enum; its arms are read from the
//! source. No arm may catch all, so every variant has a row. Tests: below.

use crate::tidy::source::{self, Source};
use std::fmt::Write;
use types::ErrorCode;

const CODES: std::ops::RangeInclusive<i16> = -1..=133;

/// One arm: our error, and the code that it is answered with.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Mapping {
    variant: String,
    /// When only some of the variant's values are meant.
    condition: String,
    code: String,
}

/// Writes the page.
pub(super) fn page() -> Result<String, String> {
    let mut text = String::from(
        "# Errors\n\nWritten by `cargo xtask reference`; do not edit.\n\n## Which error is answered with which code\n\n\
         Of several rows for one error the first that fits counts. *Again*: clients may send the same request again.\n\n\
         | crate | error | when | code | number | again |\n|---|---|---|---|---|---|\n",
    );
    for source in source::all()?.iter().filter(|source| is_product(source)) {
        for mapping in mappings(&source.text) {
            let _ = writeln!(
                text,
                "| {} | `{}` | {} | {} |",
                source.crate_name(),
                mapping.variant,
                mapping.condition,
                shown(&mapping.code)
            );
        }
    }
    text.push_str("\n## Kafka's codes\n\n| code | number | again |\n|---|---|---|\n");
    for code in CODES.filter_map(ErrorCode::from_code) {
        let _ = writeln!(text, "| {} | {} | {} |", code.name(), code.code(), again(code));
    }
    Ok(text)
}

/// Lists the files whose mapping has an arm that catches all.
pub(crate) fn catch_alls(sources: &[Source]) -> Vec<&Source> {
    let catches = |text: &str| mappings(text).iter().any(|mapping| mapping.variant == "_");
    sources.iter().filter(|source| is_product(source) && catches(&source.text)).collect()
}

fn is_product(source: &Source) -> bool {
    !source.is_test() && !source.is_generated() && source.crate_name() != "xtask"
}

/// Shows code, number and whether to try again; for what is handed on, what decides.
fn shown(code: &str) -> String {
    let named = CODES.filter_map(ErrorCode::from_code).find(|known| format!("{known:?}") == code);
    match named {
        Some(known) => format!("{} | {} | {}", known.name(), known.code(), again(known)),
        None => "as the error inside |  | ".to_owned(),
    }
}

fn again(code: ErrorCode) -> &'static str {
    if code.is_retriable() { "yes" } else { "no" }
}

/// Reads the arms of every mapping in a file.
fn mappings(text: &str) -> Vec<Mapping> {
    let starts = text.match_indices("fn code(").map(|(at, _)| &text[at..]);
    let bodies =
        starts.filter(|rest| rest.split('{').next().is_some_and(|head| head.contains("-> ErrorCode")));
    bodies.filter_map(|rest| block(&rest[rest.find("match ")?..])).flat_map(arms).collect()
}

/// Returns the inside of the first block of a text.
fn block(text: &str) -> Option<&str> {
    let open = text.find('{')?;
    let mut depth = 0usize;
    for (at, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(&text[open + 1..open + at]),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn arms(body: &str) -> Vec<Mapping> {
    let mut found = Vec::new();
    let mut rest = body.trim_start();
    while let Some((pattern, tail)) = rest.split_once("=>") {
        let tail = tail.trim_start();
        let (code, after) = match block(tail).filter(|_| tail.starts_with('{')) {
            Some(inside) => (inside, &tail[inside.len() + 2..]),
            None => tail.split_once(",\n").unwrap_or((tail, "")),
        };
        found.extend(variants(pattern, code));
        rest = after.trim_start_matches(',').trim_start();
    }
    found
}

fn variants(pattern: &str, code: &str) -> Vec<Mapping> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (names, condition) = pattern.split_once(" if ").unwrap_or((pattern, ""));
    let code = words(code).trim_end_matches(',').trim_start_matches("ErrorCode::").to_owned();
    let condition = if condition.is_empty() {
        String::new()
    } else {
        format!("`{}`", words(condition).replace('|', "\\|"))
    };
    let plain = |name: &str| words(name).replace(" { .. }", "").replace("(_)", "");
    let names = names.split('|').map(plain);
    names.map(|variant| Mapping { variant, condition: condition.clone(), code: code.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
impl E {
    /// Returns Kafka's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            E::One { .. } | E::Two(_) => ErrorCode::InvalidRecord,
            E::Three(inner) if inner.is_late() => {
                ErrorCode::RequestTimedOut
            }
            E::Three(inner) => inner.code(),
        }
    }
    pub fn code(self) -> i8 { match self { E::One => 7, } }
}";

    /// Protects: every variant of a mapping has a row, with its condition and what it hands on.
    #[test]
    fn reads_mappings() {
        let rows: Vec<(String, String, String)> =
            mappings(SOURCE).into_iter().map(|m| (m.variant, m.condition, m.code)).collect();
        let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let due = [
            row("E::One", "", "InvalidRecord"),
            row("E::Two", "", "InvalidRecord"),
            row("E::Three(inner)", "`inner.is_late()`", "RequestTimedOut"),
            row("E::Three(inner)", "", "inner.code()"),
        ];
        assert_eq!(rows, due);
        assert_eq!(shown("RequestTimedOut"), "REQUEST_TIMED_OUT | 7 | yes");
    }

    /// Protects: an arm that catches all is found; under it a new variant would have no row.
    #[test]
    fn an_arm_that_catches_all_is_found() {
        let planted = SOURCE.replace("E::Three(inner) => inner.code()", "_ => ErrorCode::UnknownServerError");
        let sources =
            [SOURCE, &planted].map(|text| Source::new("crates/x/src/a.rs".to_owned(), text.to_owned()));
        assert_eq!(catch_alls(&sources).len(), 1);
    }
}
