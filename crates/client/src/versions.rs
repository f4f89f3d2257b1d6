//! Which version of each API a broker and this client have in common. Tests: `tests/client/connection.rs`.

use std::collections::BTreeMap;
use wire::api_versions_response::ApiVersion;
use wire::{APIS, ApiKey, ApiMessage};

/// The version to use for each API.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Versions {
    newest: BTreeMap<i16, i16>,
}

impl Versions {
    /// Takes the newest common version of each API that both sides know.
    pub(crate) fn common(announced: &[ApiVersion]) -> Versions {
        let both = announced.iter().filter_map(|theirs| {
            let ours = APIS.iter().find(|api| api.key == theirs.api_key)?;
            let newest = ours.max.min(theirs.max_version);
            (newest >= ours.min.max(theirs.min_version)).then_some((ours.key, newest))
        });
        Versions { newest: both.collect() }
    }

    /// Returns the version for one message type.
    pub(crate) fn of<M: ApiMessage>(&self) -> Option<i16> {
        self.newest.get(&M::KEY).copied()
    }
}

/// Returns an API's name.
pub(crate) fn api_name(key: i16) -> &'static str {
    ApiKey::from_code(key).map_or("an unknown API", |api| api.info().name)
}
