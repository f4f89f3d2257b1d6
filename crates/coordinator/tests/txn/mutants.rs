//! Known bugs of coordinators and partitions, put back: the scripts of the rule notice each, and so do the small worlds.

use crate::{ends, epochs, small_world};
use types::Mutant;

/// What the small worlds say of what is wrong.
const WRONG: [&str; 8] = [
    "T3",
    "one decision",
    "was acknowledged",
    "is committed unasked",
    "a live producer is fenced",
    "the coordinator comes to no end",
    "none hangs",
    "torn",
];

fn expect(mutant: Mutant, script: fn(), says: &[&str]) {
    let said = mutant.caught_by(script).unwrap_or_else(|| panic!("{mutant:?} is not noticed"));
    assert!(says.iter().any(|says| said.contains(says)), "{mutant:?}: {said}");
}

/// Protects: rules X1 and P10 keep the tests that notice when they are broken: each known bug fails at the rule's own assertion.
#[test]
fn known_bugs_are_caught() {
    let caught: [(Mutant, fn(), &str); 6] = [
        (
            Mutant::EndOfAnyEpoch,
            ends::a_delayed_end_never_ends_the_next_transaction,
            "right: Err(ProducerFenced)",
        ),
        (Mutant::EndByAnyConnection, ends::a_connection_that_was_given_up_does_nothing, "right: Ok(Late)"),
        (Mutant::EpochRaisedTwice, epochs::a_new_producer_fences_the_one_before, "ProducerEpoch(2)"),
        (Mutant::EpochRaisedTwice, epochs::the_last_epoch_is_given_to_nobody, "ProducerEpoch(-32768)"),
        (
            Mutant::OverflowNamesOldId,
            epochs::used_up_epochs_bring_a_new_id,
            "left: Producer { id: ProducerId(100)",
        ),
        (Mutant::OverflowRepeatNamesOldId, epochs::used_up_epochs_bring_a_new_id, "a repeat"),
    ];
    for (mutant, script, says) in caught {
        expect(mutant, script, &[says]);
    }
}

/// Protects: the small worlds see what they are there for: bugs that no script tells them of fail in some order of things.
#[test]
fn known_bugs_are_caught_in_a_small_world() {
    let today = small_world::every_interleaving_of_a_small_world as fn();
    let of_old = small_world::every_interleaving_of_a_small_world_of_old as fn();
    let at_last = small_world::every_interleaving_of_a_small_world_at_the_last_epochs as fn();
    for (mutant, world) in [
        (Mutant::EndOfAnyEpoch, today),
        (Mutant::EndByAnyConnection, of_old),
        (Mutant::NoGuard, of_old),
        (Mutant::GuardOutlivesMark, of_old),
        (Mutant::RepeatedMarkRefused, today),
        (Mutant::MarkOfAnyCoordinator, of_old),
        (Mutant::StableIsHighWatermark, today),
        (Mutant::EpochRaisedTwice, at_last),
        (Mutant::OverflowNamesOldId, at_last),
        (Mutant::OverflowRepeatNamesOldId, at_last),
    ] {
        expect(mutant, world, &WRONG);
    }
}
