//! Settings are read in the config crate; the others get plain structs. Nobody reads the environment but a seam.

use super::Finding;
use super::purity::contains_word;
use super::source::Source;
use config::table;
use std::collections::BTreeSet;

/// Crates that get their settings as structs. The command line passes names on, from flags and from answers.
const CRATES: &[&str] = &["types", "wire", "env", "log", "partition", "metadata", "broker", "client"];

/// Before a name in an error or a sentence: the name is said, the setting is not read.
const SAID: &str = "setting: ";

/// The format file of a data directory has fields of such names; they are no settings there.
const FORMATS: &[&str] = &["crates/log/src/directory/format.rs"];

/// The marks of the kill tests come by a descriptor that the environment names.
const ENVIRONMENT: &[&str] = &["crates/env/src/marks.rs"];

/// Checks for names of settings, and for reads of the environment.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let rows = table::broker_properties().chain(table::TOPIC);
    let names: BTreeSet<&str> = rows.map(|row| row.name).filter(|n| n.contains('.')).collect();
    let is_free = |source: &Source| source.is_test() || FORMATS.contains(&source.path.as_str());
    let products = sources.iter().filter(|source| !is_free(source) && CRATES.contains(&source.crate_name()));
    products.flat_map(|source| read_in(source, &names)).collect()
}

fn read_in(source: &Source, names: &BTreeSet<&str>) -> Vec<Finding> {
    let texts: Vec<&str> = source.text.lines().collect();
    let mut findings = Vec::new();
    for (n, code) in source.product_lines() {
        let named = strings(texts.get(n - 1).unwrap_or(&"")).find(|name| names.contains(name));
        findings.extend(named.map(|name| {
            let sentence =
                format!("the setting `{name}` by its name; let config read it, and take a field of a struct");
            Finding::new(source.at(n), sentence)
        }));
        if contains_word(code, "env::var") && !ENVIRONMENT.contains(&source.path.as_str()) {
            findings.push(Finding::new(
                source.at(n),
                "the environment is no place for settings; add one to config",
            ));
        }
    }
    findings
}

/// Lists the strings of a line, but those in its comment and those that an error says.
fn strings(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("// ").next().unwrap_or("");
    let parts: Vec<&str> = code.split('"').collect();
    let pairs: Vec<(&str, &str)> = parts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.into_iter().filter(|(before, _)| !before.ends_with(SAID)).map(|(_, string)| string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(line: &str) -> usize {
        let text = format!("fn f() {{\n    {line}\n}}\n");
        check(&[Source::new("crates/broker/src/x.rs".to_owned(), text)]).len()
    }

    /// Protects: a setting that is looked up by its name outside config is found; one that is named in an error is not.
    #[test]
    fn a_setting_read_by_name_is_found() {
        assert_eq!(findings("let bytes = settings.get(\"segment.bytes\");"), 1);
        assert_eq!(findings("\"log.retention.ms\" => self.retention = value,"), 1);
        assert_eq!(findings("return Err(Error { setting: \"highwater.http.listener\" });"), 0);
        assert_eq!(findings("let name = \"no.such.setting\";"), 0);
        assert_eq!(findings("// reads \"segment.bytes\" from the struct"), 0);
    }

    /// Protects: a read of the environment is found.
    #[test]
    fn a_read_of_the_environment_is_found() {
        assert_eq!(findings("let x = std::env::var(\"X\");"), 1);
        assert_eq!(findings("let x = env::variable;"), 0);
    }
}
