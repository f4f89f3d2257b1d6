//! Effects: what a machine can ask of its shell is seen by a test of its own crate.

use super::Finding;
use super::source::Source;

/// Checks every enum of an `effect.rs`.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let files = sources.iter().filter(|source| source.path.ends_with("/src/effect.rs"));
    files.flat_map(|source| unseen(source, sources)).collect()
}

fn unseen(effects: &Source, sources: &[Source]) -> Vec<Finding> {
    let tests = || sources.iter().filter(|source| source.crate_name() == effects.crate_name());
    let is_seen = |name: &str| tests().any(|source| source.tests().any(|(_, line)| line.contains(name)));
    let finding = |(line, name): (usize, String)| {
        Finding::new(
            effects.at(line),
            format!("no test of this crate names `{name}`; add one that expects it"),
        )
    };
    variants(effects).into_iter().filter(|(_, name)| !is_seen(name)).map(finding).collect()
}

/// Lists the variants of a file's enums as `Enum::Variant`. rustfmt puts each on a line, four spaces in.
pub(super) fn variants(source: &Source) -> Vec<(usize, String)> {
    let (mut found, mut inside) = (Vec::new(), None);
    for (n, line) in source.product_lines() {
        let word = |text: &str| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("").to_owned();
        if let Some(name) = line.strip_prefix("pub enum ") {
            inside = Some(word(name));
        } else if line == "}" {
            inside = None;
        } else if let (Some(name), Some(variant)) = (&inside, line.strip_prefix("    ").map(word))
            && variant.starts_with(char::is_uppercase)
        {
            found.push((n, format!("{name}::{variant}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: an effect that no test of its crate expects is found, and one that a test expects is not.
    #[test]
    fn an_effect_without_a_test_is_found() {
        let file = |path: &str, text: &str| Source::new(path.to_owned(), text.to_owned());
        let sources = [
            file(
                "crates/x/src/effect.rs",
                "pub enum Effect {\n    Wal(Frame),\n    Wake {\n        token: u8,\n    },\n}\n",
            ),
            file("crates/x/tests/script.rs", "fn f() { matches!(e, Effect::Wal(_)); }\n"),
            file("crates/y/tests/script.rs", "fn f() { matches!(e, Effect::Wake { .. }); }\n"),
        ];
        let findings = check(&sources);
        assert_eq!(findings.iter().map(|f| f.at.as_str()).collect::<Vec<_>>(), ["crates/x/src/effect.rs:3"]);
        assert!(findings[0].sentence.contains("Effect::Wake"));
    }
}
