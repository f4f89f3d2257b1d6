//! Which version of each API a broker and this client have in common. Tests: `tests/client/connection.rs`.

use std::collections::BTreeMap;
use wire::ApiVersionsResponse;
use wire::api_versions_response::ApiVersion;
use wire::{APIS, ApiKey, ApiMessage, EndTxnRequest, ProduceRequest};

/// The feature that says how transactions are run.
const TRANSACTION_VERSION: &str = "transaction.version";
/// First version of Produce that adds its partition to the transaction.
const PRODUCE_ADDS_FROM: i16 = 12;
/// First version of EndTxn that raises the epoch.
const END_RAISES_FROM: i16 = 5;

/// The version to use for each API.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Versions {
    newest: BTreeMap<i16, i16>,
    /// Level of `transaction.version` that is in force; 0 if none is.
    transactions: i16,
}

impl Versions {
    /// Takes in what a broker says of itself.
    pub(crate) fn of_broker(answer: &ApiVersionsResponse) -> Versions {
        let feature = answer.finalized_features.iter().find(|feature| feature.name == TRANSACTION_VERSION);
        let transactions = feature.map_or(0, |feature| feature.max_version_level);
        Versions { newest: Versions::common(&answer.api_keys), transactions }
    }

    /// Takes the newest common version of each API that both sides know.
    fn common(announced: &[ApiVersion]) -> BTreeMap<i16, i16> {
        let both = announced.iter().filter_map(|theirs| {
            let ours = APIS.iter().find(|api| api.key == theirs.api_key)?;
            let newest = ours.max.min(theirs.max_version);
            (newest >= ours.min.max(theirs.min_version)).then_some((ours.key, newest))
        });
        both.collect()
    }

    /// Says whether a request opens and ends transactions as of KIP-890, where each end raises the epoch.
    pub(crate) fn have_transactions(&self) -> bool {
        let speaks = |key: i16, from: i16| self.newest.get(&key).is_some_and(|newest| *newest >= from);
        self.transactions >= 2
            && speaks(ProduceRequest::KEY, PRODUCE_ADDS_FROM)
            && speaks(EndTxnRequest::KEY, END_RAISES_FROM)
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
