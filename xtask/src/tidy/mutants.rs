//! Known bugs that tests put back (`types::Mutant`): each is somewhere in the product's code, and a test demands that it is caught;
//! the product itself is built without them.

use super::Finding;
use super::effects::variants;
use super::source::Source;
use crate::run;

const PATH: &str = "crates/types/src/mutant.rs";

/// Checks every variant.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(list) = sources.iter().find(|source| source.path == PATH) else { return Vec::new() };
    let others = || sources.iter().filter(|source| source.path != PATH && source.crate_name() != "xtask");
    let mut findings = Vec::new();
    for (line, name) in variants(list) {
        let is_asked = format!("{name}.is_on()");
        let is_there =
            others().any(|source| source.product_lines().any(|(_, line)| line.contains(&is_asked)));
        let is_listed = list.product_lines().any(|(_, line)| line.trim() == format!("{name},"));
        if !is_listed {
            let sentence = format!("`{name}` is not in `Mutant::ALL`: no search puts it back");
            findings.push(Finding::new(list.at(line), sentence));
        }
        if !is_there {
            let sentence = format!("nothing asks for `{is_asked}`: put the bug where it would be");
            findings.push(Finding::new(list.at(line), sentence));
        }
        if !others().any(|source| source.tests().any(|(_, line)| line.contains(&name))) {
            let sentence = format!("no test names `{name}`: demand that a script catches it");
            findings.push(Finding::new(list.at(line), sentence));
        }
    }
    findings
}

/// Checks that the product has no debug assertions, and with them no bugs.
pub(crate) fn check_profile() -> Result<Vec<Finding>, String> {
    let manifest = run::read("Cargo.toml")?;
    let sentence =
        "a release with debug assertions has the known bugs of types::Mutant to switch on; leave them out";
    Ok(in_release(&manifest).then(|| Finding::new("Cargo.toml", sentence)).into_iter().collect())
}

fn in_release(manifest: &str) -> bool {
    let mut section = "";
    manifest.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            section = line;
        }
        section.starts_with("[profile.release") && line.starts_with("debug-assertions")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a bug that is nowhere, or that no test names, is found.
    #[test]
    fn a_bug_that_nobody_catches_is_found() {
        let file = |path: &str, text: &str| Source::new(path.to_owned(), text.to_owned());
        let sources = [
            file(
                PATH,
                "pub enum Mutant {\n    One,\n    Two,\n    Three,\n    Four,\n}\n[\n    Mutant::One,\n    Mutant::Two,\n    Mutant::Three,\n]\n",
            ),
            file(
                "crates/x/src/x.rs",
                "fn f() { if Mutant::One.is_on() || Mutant::Two.is_on() || Mutant::Four.is_on() {} }\n",
            ),
            file("crates/x/tests/x.rs", "fn f() { (Mutant::One, Mutant::Three, Mutant::Four); }\n"),
        ];
        let found: Vec<String> =
            check(&sources).into_iter().map(|f| format!("{} {}", f.at, f.sentence)).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].starts_with("crates/types/src/mutant.rs:3 no test names `Mutant::Two`"),
            "{found:?}"
        );
        assert!(found[1].contains("`Mutant::Three.is_on()`"), "{found:?}");
        assert!(found[2].contains("`Mutant::Four` is not in"), "{found:?}");
    }

    /// Protects: the product is built without them.
    #[test]
    fn a_release_has_no_debug_assertions() {
        assert!(in_release("[profile.release]\n# Why.\ndebug-assertions = true\n"));
        assert!(in_release("[profile.release.package.types]\ndebug-assertions = true\n"));
        assert!(!in_release("[profile.dev]\ndebug-assertions = true\n[profile.release]\nopt-level = 3\n"));
    }
}
