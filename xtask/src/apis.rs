//! The APIs: those that Kafka announces (schema/announced.tsv), and those that are served here (the broker's
//! table, with the versions of schema/*.txt).

use crate::run;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The table that says which APIs are served.
pub(crate) const TABLE: &str = "crates/broker/src/api/table.rs";
const ANNOUNCED: &str = "schema/announced.tsv";

/// An API and its versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Api {
    pub(crate) key: i16,
    pub(crate) name: String,
    pub(crate) versions: RangeInclusive<i16>,
}

impl Api {
    /// Returns the name of its folders and files, such as `list_offsets`.
    pub(crate) fn file_name(&self) -> String {
        let mut text = String::new();
        for c in self.name.chars() {
            if c.is_uppercase() && !text.is_empty() {
                text.push('_');
            }
            text.extend(c.to_lowercase());
        }
        text
    }
}

/// Reads what a broker of Kafka announces, in order of the keys.
pub(crate) fn announced() -> Result<Vec<Api>, String> {
    let text = run::read(ANNOUNCED)?;
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| announced_row(line).ok_or_else(|| format!("{ANNOUNCED}: `{line}` is no row"))).collect()
}

fn announced_row(line: &str) -> Option<Api> {
    let mut cells = line.split('\t');
    let (key, name) = (cells.next()?.parse().ok()?, cells.next()?.to_owned());
    let (from, to) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    Some(Api { key, name, versions: from..=to })
}

/// Reads what is served here, in order of the keys.
pub(crate) fn served() -> Result<Vec<Api>, String> {
    let schemas = schemas()?;
    let names = names_in_table(&run::read(TABLE)?);
    let find = |name: &String| {
        schemas.get(name).cloned().ok_or_else(|| format!("{TABLE}: schema/ has no API {name}"))
    };
    let mut apis = names.iter().map(find).collect::<Result<Vec<Api>, String>>()?;
    apis.sort_by_key(|api| api.key);
    Ok(apis)
}

/// Lists the names behind `ApiKey::` that begin an arm of the table; an arm that ends in `None` serves nothing.
fn names_in_table(text: &str) -> Vec<String> {
    let arms = text.lines().filter_map(|line| line.trim().strip_prefix("ApiKey::"));
    let arms = arms.filter_map(|arm| arm.split_once(" =>"));
    arms.filter(|(_, serve)| !serve.contains("None")).map(|(name, _)| name.to_owned()).collect()
}

fn schemas() -> Result<BTreeMap<String, Api>, String> {
    let folder = run::root().join("schema");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("schema: {e}"))?;
    let mut apis = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|e| format!("schema: {e}"))?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let api = schema(&text).ok_or_else(|| format!("{}: no API in it", path.display()))?;
            apis.insert(api.name.clone(), api);
        }
    }
    Ok(apis)
}

/// Reads name, key and the versions that may be announced of a schema.
fn schema(text: &str) -> Option<Api> {
    let mut head = text.lines().find_map(|line| line.strip_prefix("api "))?.split(' ');
    let (name, key) = (head.next()?.to_owned(), head.nth(1)?.parse().ok()?);
    let request = text.lines().find_map(|line| line.strip_prefix("request "))?;
    let range = request.split_once("stable ").map_or(request, |(_, stable)| stable).trim();
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    Some(Api { key, name, versions: from.parse().ok()?..=to.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: facts, schemas and the table are read as what they are.
    #[test]
    fn reads_facts_schemas_and_the_table() {
        let api = |key, name: &str, versions| Api { key, name: name.to_owned(), versions };
        assert_eq!(announced_row("2\tListOffsets\t1\t11"), Some(api(2, "ListOffsets", 1..=11)));
        assert_eq!(announced_row("2 ListOffsets 1 11"), None);
        let text = "# facts\napi InitProducerId key 22 flexible 2+\nrequest 0-6 stable 0-5\n  x int8 0+\n";
        assert_eq!(schema(text), Some(api(22, "InitProducerId", 0..=5)));
        assert_eq!(schema("api A key 1 flexible none\nrequest 3\n"), Some(api(1, "A", 3..=3)));
        assert_eq!(api(2, "ListOffsets", 1..=1).file_name(), "list_offsets");
        let table =
            "match key {\n  ApiKey::Fetch => one,\n  ApiKey::Metadata => {\n  let x = ApiKey::Other;\n";
        assert_eq!(names_in_table(table), ["Fetch", "Metadata"]);
        assert_eq!(names_in_table("  ApiKey::A\n  | ApiKey::B => return None,\n"), [""; 0]);
        assert_eq!(names_in_table("  ApiKey::A => return None,\n"), [""; 0]);
    }
}
