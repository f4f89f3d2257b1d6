//! Topics and producer ids of a proof: what was told of them against what is there. Pure.
//!
//! - A topic whose creation was acknowledged is there, under the id that was told (else *topics lost*).
//! - A topic whose deletion was acknowledged is not there (else *topics back*), nor is one that nobody made.
//! - A producer id is handed out once (else *producer ids twice*): no two draws give the same, no two producers
//!   write under the same, and nobody writes under one that was only drawn.
//!
//! What got no answer is settled by what is seen after a restart: what is there then was durable, and stays;
//! what is gone stays gone. Tests: `check_tests.rs`.

use super::check::Anomaly;
use std::collections::{BTreeMap, BTreeSet};
use types::Uuid;

/// What is known of a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Account {
    /// Its creation got no answer, and it was not seen.
    Asked,
    /// It is there.
    There(Uuid),
    /// Its deletion got no answer.
    Leaving(Uuid),
    /// It is not there, and never again.
    Gone,
}

/// All topics and ids of a proof.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    topics: BTreeMap<String, Account>,
    ids: BTreeSet<i64>,
    /// Creations that were acknowledged.
    pub(super) created: u64,
    /// Deletions that were acknowledged.
    pub(super) deleted: u64,
    lost: Anomaly,
    back: Anomaly,
    twice: Anomaly,
}

impl Accounts {
    /// Takes the outcome of a creation: the topic's id, or no answer.
    pub(super) fn on_create(&mut self, name: &str, id: Option<Uuid>) {
        self.created += u64::from(id.is_some());
        self.topics.insert(name.to_owned(), id.map_or(Account::Asked, Account::There));
    }

    /// Takes the outcome of a deletion: acknowledged, or no answer.
    pub(super) fn on_delete(&mut self, name: &str, acknowledged: bool) {
        let Some(Account::There(id)) = self.topics.get(name).copied() else { return };
        self.deleted += u64::from(acknowledged);
        let account = if acknowledged { Account::Gone } else { Account::Leaving(id) };
        self.topics.insert(name.to_owned(), account);
    }

    /// Takes word that a topic is unknown, of a broker that was to delete it.
    pub(super) fn on_unknown(&mut self, name: &str) {
        if let Some(Account::There(id)) = self.topics.insert(name.to_owned(), Account::Gone) {
            self.lost.note(|| format!("{name} ({id}), before anybody had deleted it"));
        }
    }

    /// Takes a producer id that was handed out.
    pub(super) fn on_producer_id(&mut self, id: i64) {
        if !self.ids.insert(id) {
            self.twice.note(|| format!("producer id {id} was drawn twice"));
        }
    }

    /// Takes who wrote under which producer id.
    pub(super) fn on_writers(&mut self, writers: &BTreeMap<i64, BTreeSet<u32>>) {
        for (id, producers) in writers {
            if producers.len() > 1 {
                self.twice.note(|| format!("producers {producers:?} wrote under producer id {id}"));
            } else if self.ids.contains(id) {
                self.twice
                    .note(|| format!("producer {producers:?} wrote under producer id {id}, which was drawn"));
            }
        }
        self.ids.extend(writers.keys());
    }

    /// Compares with the topics that are there, and settles what had no answer.
    pub(super) fn on_listed(&mut self, listed: &BTreeMap<String, Uuid>) {
        for (name, account) in &mut self.topics {
            let seen = listed.get(name).copied();
            match (*account, seen) {
                (Account::There(id), None) => self.lost.note(|| format!("{name} ({id})")),
                (Account::There(id) | Account::Leaving(id), Some(other)) if other != id => {
                    self.lost.note(|| format!("{name} ({id}); {other} is there instead"));
                }
                (Account::Gone, Some(id)) => self.back.note(|| format!("{name} ({id})")),
                _ => {}
            }
            *account = match (*account, seen) {
                (Account::Asked, None) => Account::Asked,
                (Account::Leaving(_), Some(id)) => Account::Leaving(id),
                (_, Some(id)) => Account::There(id),
                (_, None) => Account::Gone,
            };
        }
        for (name, id) in listed.iter().filter(|(name, _)| !self.topics.contains_key(*name)) {
            self.back.note(|| format!("{name} ({id}), which nobody made"));
        }
    }

    /// Lists the topics that are there for certain.
    pub(super) fn there(&self) -> Vec<String> {
        let there = self.topics.iter().filter(|(_, account)| matches!(account, Account::There(_)));
        there.map(|(name, _)| name.clone()).collect()
    }

    /// Returns how many producer ids were handed out.
    pub(super) fn ids(&self) -> usize {
        self.ids.len()
    }

    /// Returns the anomalies with their names.
    pub(super) fn anomalies(&self) -> [(&'static str, &Anomaly); 3] {
        [("topics lost", &self.lost), ("topics back", &self.back), ("producer ids twice", &self.twice)]
    }
}
