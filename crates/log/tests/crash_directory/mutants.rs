//! Known bugs, put back: the scripts of the rule notice each.

use crate::transactions::lost_transaction_indexes_are_made_anew;
use types::Mutant;

/// Protects: rule X13 keeps the test that notices when it is broken: a lost index that counts as empty fails at the rule's own assertion.
#[test]
fn a_lost_index_that_counts_as_empty_is_caught() {
    let said = Mutant::LostIndexIsEmpty.caught_by(lost_transaction_indexes_are_made_anew);
    assert!(
        said.as_ref().is_some_and(|said| said.contains("rebuilt.len() >= 2") || said == "{}"),
        "{said:?}"
    );
}
