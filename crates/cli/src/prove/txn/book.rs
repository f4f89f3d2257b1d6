//! What writers, pipelines and the reader write down as they go: the only memory of a proof beside the topics.

use super::check::Accounts;
use crate::prove::check::Anomaly;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is written down.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    pub(super) accounts: Accounts,
    /// Writers that vanished within a transaction.
    pub(super) vanished: u64,
    /// Transactions of pipelines: committed, aborted, left behind.
    pub(super) pipeline_commits: u64,
    pub(super) pipeline_aborts: u64,
    pub(super) pipeline_vanished: u64,
    /// Why pipelines had to abort, and how often: no anomaly, but a reason if one does not come through.
    pub(super) pipeline_refusals: BTreeMap<String, u64>,
    /// Steps that failed: no anomaly, but a reason if nothing goes on.
    pub(super) failed: Anomaly,
    /// Commits that were told so far.
    committed: u64,
}

/// Shared by all. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Book(Arc<Mutex<Entries>>);

impl Book {
    /// Opens the book of the run with this seed.
    pub(super) fn new(seed: u64) -> Book {
        let entries = Entries {
            accounts: Accounts::new(seed),
            vanished: 0,
            pipeline_commits: 0,
            pipeline_aborts: 0,
            pipeline_vanished: 0,
            pipeline_refusals: BTreeMap::new(),
            failed: Anomaly::default(),
            committed: 0,
        };
        Book(Arc::new(Mutex::new(entries)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what a writer was told.
    pub(super) fn on_told(&self, id: super::check::Id, committed: bool) {
        let mut entries = self.lock();
        entries.accounts.on_told(id, committed);
        entries.committed += u64::from(committed);
    }

    /// Writes down why a step failed.
    pub(super) fn on_failed(&self, who: &str, error: &impl std::fmt::Display) {
        self.lock().failed.note(|| format!("{who}: {error}"));
    }

    /// Writes down why a pipeline had to abort.
    pub(super) fn on_refused(&self, error: &impl std::fmt::Display) {
        *self.lock().pipeline_refusals.entry(error.to_string()).or_default() += 1;
    }

    /// Returns how many commits writers were told.
    pub(super) fn committed(&self) -> u64 {
        self.lock().committed
    }

    /// Returns everything as it is.
    pub(super) fn entries(&self) -> Entries {
        self.lock().clone()
    }
}
