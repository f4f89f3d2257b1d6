//! The differences that are meant: golden/exchange/accepted/LIST.txt, read, asked, and checked for rows without use.

use crate::pattern::matches;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use wire::ApiKey;

/// The word that begins the row of an API that is not built yet.
const ABSENT: &str = "not-built";

/// Where a response differs.
pub(super) struct Difference<'a> {
    pub(super) name: &'a str,
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) path: &'a str,
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {} {}", self.name, self.api, self.version, self.path)
    }
}

/// A row: which exchanges, which field, and whether it was met.
#[derive(Debug)]
struct Row {
    line: String,
    name: String,
    api: ApiKey,
    version: String,
    path: String,
    met: bool,
}

impl Row {
    fn covers(&self, difference: &Difference<'_>) -> bool {
        self.api == difference.api
            && matches(&self.name, difference.name)
            && matches(&self.version, &difference.version.to_string())
            && matches(&self.path, difference.path)
    }
}

/// The table of one list.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    rows: Vec<Row>,
    absent: BTreeSet<ApiKey>,
}

impl Accepted {
    /// Reads a table; a list without one accepts nothing.
    pub(super) fn read(path: &Path) -> Accepted {
        let mut accepted = Accepted::default();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            accepted.take(line);
        }
        accepted
    }

    fn take(&mut self, line: &str) {
        let api = |name: &str| super::bodies::api(name).unwrap_or_else(|| panic!("no API {name}: {line}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [ABSENT, name, _, ..] => {
                self.absent.insert(api(name));
            }
            [name, key, version, path, _reason, ..] => self.rows.push(Row {
                line: line.to_owned(),
                name: name.to_owned(),
                api: api(key),
                version: version.to_owned(),
                path: path.to_owned(),
                met: false,
            }),
            _ => panic!("not NAME API VERSION PATH REASON: {line}"),
        }
    }

    /// Says whether an API is not built yet.
    pub(super) fn is_absent(&self, api: ApiKey) -> bool {
        self.absent.contains(&api)
    }

    /// Names the APIs that are called absent and are served.
    pub(super) fn built(&self, served: &BTreeSet<ApiKey>) -> Vec<String> {
        let built = self.absent.intersection(served);
        built.map(|api| format!("{api:?} is built now: take its row `{ABSENT}` away")).collect()
    }

    /// Says whether a difference is meant, without counting its row as needed.
    pub(super) fn knows(&self, difference: &Difference<'_>) -> bool {
        self.rows.iter().any(|row| row.covers(difference))
    }

    /// Says whether a difference is meant.
    pub(super) fn allows(&mut self, difference: &Difference<'_>) -> bool {
        let mut covering = self.rows.iter_mut().filter(|row| row.covers(difference)).peekable();
        let allowed = covering.peek().is_some();
        covering.for_each(|row| row.met = true);
        allowed
    }

    /// Names the rows that no exchange needed.
    pub(super) fn idle(&self) -> Vec<String> {
        let idle = self.rows.iter().filter(|row| !row.met);
        idle.map(|row| format!("no difference any more, take the row away: {}", row.line)).collect()
    }
}

/// Protects: a table of accepted differences cannot rot: a row without use and an API that is built are told.
#[test]
fn idle_rows_are_told() {
    let mut accepted = Accepted::default();
    accepted.take("not-built DeleteAcls because");
    accepted.take("good Fetch * topics[*].leader_epoch of this node");
    accepted.take("bad Fetch 4 error_code stricter");
    let met = Difference { name: "good", api: ApiKey::Fetch, version: 7, path: "topics[one].leader_epoch" };
    assert!(accepted.allows(&met));
    assert!(!accepted.allows(&Difference { path: "topics[one].error_code", ..met }));
    assert_eq!(accepted.idle().len(), 1, "{:?}", accepted.idle());
    assert!(accepted.is_absent(ApiKey::DeleteAcls));
    assert_eq!(accepted.built(&BTreeSet::from([ApiKey::DeleteAcls])).len(), 1);
}
