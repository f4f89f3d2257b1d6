//! Known bugs of other systems, put back on purpose: the tests of a rule have to notice them.
//!
//! Where such a bug would be, the code asks [`Mutant::is_on`]. A test runs the scripts of the rule with the bug there
//! ([`Mutant::caught_by`]) and demands that they fail. The switch is one thread's, so that tests run beside each other, and whole
//! brokers in a simulation, which have one thread, can be tried too. A build without debug assertions, as the product's is, has
//! no switch: nothing is on, and the compiler takes the places away.
//! How to add one: CONTRIBUTING.md. Tests: below; in coordinator, partition and log, each beside its scripts.

/// A known bug, and the place where it would be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutant {
    /// A delayed EndTxn ends the next transaction (KAFKA-17754), with an epoch for each: the coordinator compares no epochs.
    EndOfAnyEpoch,
    /// The same by the calls of old: the coordinator does not look at the connection.
    EndByAnyConnection,
    /// A late batch enters the next transaction by the calls of old: the partition does not look at the connection.
    WriteByAnyConnection,
    /// A late batch opens a transaction that hangs (KAFKA-14402): a first batch needs no guard.
    NoGuard,
    /// The same: a mark does not make the guard void.
    GuardOutlivesMark,
    /// An epoch is raised twice, over the last one into the negative (KAFKA-19367).
    EpochRaisedTwice,
    /// The end that uses the last epoch up is answered with the old producer id (KAFKA-18660).
    OverflowNamesOldId,
    /// The same when it is asked again.
    OverflowRepeatNamesOldId,
    /// A mark that is sent again is refused, for ever (KAFKA-19999).
    RepeatedMarkRefused,
    /// A mark of a coordinator that was replaced is written.
    MarkOfAnyCoordinator,
    /// The last stable offset is the high watermark.
    StableIsHighWatermark,
    /// A transaction index that is missing or wrong counts as empty.
    LostIndexIsEmpty,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 12] = [
        Mutant::EndOfAnyEpoch,
        Mutant::EndByAnyConnection,
        Mutant::WriteByAnyConnection,
        Mutant::NoGuard,
        Mutant::GuardOutlivesMark,
        Mutant::EpochRaisedTwice,
        Mutant::OverflowNamesOldId,
        Mutant::OverflowRepeatNamesOldId,
        Mutant::RepeatedMarkRefused,
        Mutant::MarkOfAnyCoordinator,
        Mutant::StableIsHighWatermark,
        Mutant::LostIndexIsEmpty,
    ];

    /// Says whether the bug is there.
    #[cfg(not(debug_assertions))]
    pub const fn is_on(self) -> bool {
        false
    }
}

#[cfg(debug_assertions)]
mod switch {
    use super::Mutant;
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    thread_local! {
        static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    impl Mutant {
        /// Says whether the bug is there.
        pub fn is_on(self) -> bool {
            ON.get() == Some(self)
        }

        /// Runs a script with the bug there; returns what it fails with, nothing if it does not notice.
        pub fn caught_by(self, script: impl FnOnce()) -> Option<String> {
            ON.set(Some(self));
            let ended = catch_unwind(AssertUnwindSafe(script));
            ON.set(None);
            let cause = ended.err()?;
            let text = cause.downcast_ref::<String>().cloned();
            Some(
                text.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default(),
            )
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Protects: a bug is there for its script alone, and what the script says of it is told.
        #[test]
        fn a_bug_is_there_for_its_script_alone() {
            fn script() {
                assert!(!Mutant::NoGuard.is_on(), "it is {}", "there");
                assert!(!Mutant::EndOfAnyEpoch.is_on());
            }
            assert_eq!(Mutant::NoGuard.caught_by(script).as_deref(), Some("it is there"));
            assert!(
                Mutant::EndOfAnyEpoch.caught_by(script).is_some_and(|text| text.contains("EndOfAnyEpoch"))
            );
            assert_eq!(Mutant::GuardOutlivesMark.caught_by(script), None);
            script();
        }
    }
}
