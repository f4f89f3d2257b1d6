//! The other load of a proof: topics come and go and producer ids are drawn, one request at a time.
//!
//! *Concurrency*: the accounts are locked from a request until its outcome is written down, so whoever holds
//! the lock sees no request on its way.

use super::accounts::Accounts;
use super::load::client_options;
use super::seeded::Seeded;
use crate::failure::Failure;
use client::{ClientError, Cluster, NewTopic};
use env::net::Net;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use types::{ProducerId, Uuid};

/// Beginning of the names of all topics made here.
const PREFIX: &str = "prove-topic-";
/// Most topics that are there at a time.
const TOPICS_MAX: usize = 40;
/// Pause between two rounds of requests, so that the records keep the broker busy.
const PAUSE: Duration = Duration::from_millis(5);

/// Makes and deletes topics, and draws producer ids. Clones share the accounts.
#[derive(Clone)]
pub(super) struct Admin {
    cluster: Cluster,
    accounts: Arc<Mutex<Accounts>>,
}

impl Admin {
    /// Makes one for the broker at an address.
    pub(super) fn new(address: &str) -> Admin {
        let cluster =
            Cluster::new(Net::Real, &[address.to_owned()], client_options("prove-admin".to_owned()));
        Admin { cluster, accounts: Arc::default() }
    }

    /// Goes on until `stop`.
    pub(super) async fn run(self, seed: u64, stop: watch::Receiver<bool>) {
        let mut draw = Seeded::new(seed, 0x746f_7069);
        let mut number = 0u64;
        while !*stop.borrow() {
            let mut accounts = self.accounts.lock().await;
            self.draw_id(&mut accounts).await;
            let there = accounts.there();
            let full = there.len() >= TOPICS_MAX;
            if there.is_empty() || !full && draw.between(0, 9) < 6 {
                number += 1;
                self.create(&format!("{PREFIX}{number}"), &mut accounts).await;
            } else if let Some(name) = draw.pick(&there) {
                self.delete(name, &mut accounts).await;
            }
            drop(accounts);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn draw_id(&self, accounts: &mut Accounts) {
        if let Ok(ProducerId(id)) = self.cluster.new_producer_id().await {
            accounts.on_producer_id(id);
        }
    }

    /// A refusal leaves open whether there is a topic: the next look tells.
    async fn create(&self, name: &str, accounts: &mut Accounts) {
        let topic = NewTopic { name: name.to_owned(), partitions: Some(2), ..NewTopic::default() };
        let made = self.cluster.create_topic(&topic).await;
        accounts.on_create(name, made.ok().map(|made| made.id));
    }

    async fn delete(&self, name: &str, accounts: &mut Accounts) {
        match self.cluster.delete_topic(name).await {
            Err(ClientError::UnknownTopic(_)) => accounts.on_unknown(name),
            outcome => accounts.on_delete(name, outcome.is_ok()),
        }
    }

    /// Compares the accounts with the topics that are there.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let mut accounts = self.accounts.lock().await;
        let topics = self.cluster.list_topics().await?.into_iter();
        let listed: BTreeMap<String, Uuid> = topics
            .filter(|topic| topic.name.starts_with(PREFIX))
            .map(|topic| (topic.name, topic.id))
            .collect();
        accounts.on_listed(&listed);
        Ok(())
    }

    /// Returns the accounts as they are.
    pub(super) async fn accounts(&self) -> Accounts {
        self.accounts.lock().await.clone()
    }
}
