//! A cluster as a client sees it: addresses, connections, and who leads which partition.
//!
//! Metadata is asked for when it is missing or a request has shown that it is old, never by a timer.
//! One connection per address; a lost one is made anew when it is needed. Tests: `tests/client/`.

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::{ClientError, Lost, accepted};
use crate::options::ClientOptions;
use env::net::Net;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use types::{ErrorCode, Uuid};
use wire::metadata_request::{MetadataRequest, MetadataRequestTopic};
use wire::metadata_response::{MetadataResponse, MetadataResponseTopic};

/// A cluster, reached by any of its brokers. Clones share connections and metadata.
#[derive(Clone, Debug)]
pub struct Cluster {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    net: Net,
    bootstrap: Vec<String>,
    options: ClientOptions,
    state: Mutex<State>,
    dialing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    brokers: BTreeMap<i32, String>,
    connections: BTreeMap<String, Connection>,
    topics: BTreeMap<String, Arc<Topic>>,
}

/// What metadata says of a topic.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Topic {
    /// Its id, zero if the broker does not know ids.
    pub(crate) id: Uuid,
    /// Leader and leader epoch by partition.
    pub(crate) partitions: BTreeMap<i32, (i32, i32)>,
}

/// Who leads a partition, with a connection to it.
#[derive(Clone, Debug)]
pub struct Leader {
    /// A connection to the leader.
    pub connection: Connection,
    /// The topic's id.
    pub topic_id: Uuid,
    /// The leader's epoch, `-1` if unknown.
    pub epoch: i32,
}

impl Cluster {
    /// Names a cluster by addresses of some of its brokers, each `host:port`; connects when needed.
    pub fn new(net: Net, bootstrap: &[String], options: ClientOptions) -> Cluster {
        let inner = Inner {
            net,
            bootstrap: bootstrap.to_vec(),
            options,
            state: Mutex::new(State::default()),
            dialing: tokio::sync::Mutex::new(()),
        };
        Cluster { inner: Arc::new(inner) }
    }

    /// Returns the limits and time-outs.
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Returns the network it lives in.
    pub fn net(&self) -> Net {
        self.inner.net
    }

    /// Returns a connection to any broker.
    ///
    /// # Errors
    /// `Unreachable` when none answers now.
    pub async fn any(&self) -> Result<Connection, ClientError> {
        let addresses = self.addresses();
        let mut reason = Lost::ClosedHere;
        for address in &addresses {
            match self.connect(address).await {
                Ok(connection) => return Ok(connection),
                Err(ClientError::Lost { reason: why, .. }) => reason = why,
                Err(other) => return Err(other),
            }
        }
        Err(ClientError::Unreachable { addresses: addresses.join(", "), reason })
    }

    /// Returns a connection to the broker of a number.
    ///
    /// # Errors
    /// `Lost`; `Incomplete` when metadata does not name it.
    pub async fn broker(&self, id: i32) -> Result<Connection, ClientError> {
        let address = self.address(id)?;
        self.connect(&address).await
    }

    /// Makes a connection of one's own to the broker of a number.
    pub(crate) async fn dial(&self, id: i32) -> Result<Connection, ClientError> {
        let address = self.address(id)?;
        Connection::open(self.inner.net, &address, &self.inner.options).await
    }

    fn address(&self, id: i32) -> Result<String, ClientError> {
        let address = self.state().brokers.get(&id).cloned();
        address.ok_or_else(|| ClientError::Incomplete(format!("the address of broker {id}")))
    }

    /// Bootstrap addresses, then those that brokers gave.
    fn addresses(&self) -> Vec<String> {
        let mut addresses = self.inner.bootstrap.clone();
        let learned: Vec<String> = self.state().brokers.values().cloned().collect();
        addresses.extend(learned.into_iter().filter(|a| !self.inner.bootstrap.contains(a)));
        addresses
    }

    async fn connect(&self, address: &str) -> Result<Connection, ClientError> {
        if let Some(live) = self.live(address) {
            return Ok(live);
        }
        let _one_at_a_time = self.inner.dialing.lock().await;
        if let Some(live) = self.live(address) {
            return Ok(live);
        }
        let connection = Connection::open(self.inner.net, address, &self.inner.options).await?;
        self.state().connections.insert(address.to_owned(), connection.clone());
        Ok(connection)
    }

    fn live(&self, address: &str) -> Option<Connection> {
        self.state().connections.get(address).filter(|c| c.end().is_none()).cloned()
    }

    /// Asks for metadata: of the given topics, or of all.
    ///
    /// # Errors
    /// `Unreachable`, `Lost`, `Refused`.
    pub async fn metadata(&self, topics: Option<&[&str]>) -> Result<MetadataResponse, ClientError> {
        let named =
            |name: &&str| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some((*name).to_owned()) };
        let request = MetadataRequest {
            topics: topics.map(|topics| topics.iter().map(named).collect()),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let answer = self.any().await?.call(&request).await?;
        accepted(answer.error_code, None, || "Metadata".to_owned())?;
        self.learn(&answer);
        Ok(answer)
    }

    fn learn(&self, answer: &MetadataResponse) {
        let mut state = self.state();
        let address = |host: &str, port| {
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
        };
        state.brokers = answer.brokers.iter().map(|b| (b.node_id, address(&b.host, b.port))).collect();
        for topic in &answer.topics {
            let Some(name) = &topic.name else { continue };
            match topic.error_code {
                0 => state.topics.insert(name.clone(), Arc::new(learned(topic))),
                _ => state.topics.remove(name),
            };
        }
    }

    /// Forgets what is known of a topic, so that the next question asks anew.
    pub fn forget(&self, topic: &str) {
        self.state().topics.remove(topic);
    }

    /// Returns what is known of a topic, asking if nothing is.
    pub(crate) async fn topic(&self, name: &str) -> Result<Arc<Topic>, ClientError> {
        let known = self.state().topics.get(name).cloned();
        if let Some(topic) = known {
            return Ok(topic);
        }
        let answer = self.metadata(Some(&[name])).await?;
        let topic = answer.topics.iter().find(|topic| topic.name.as_deref() == Some(name));
        let topic = topic.ok_or_else(|| ClientError::Incomplete(format!("topic '{name}'")))?;
        if topic.error_code == ErrorCode::UnknownTopicOrPartition.code() {
            return Err(ClientError::UnknownTopic(name.to_owned()));
        }
        accepted(topic.error_code, None, || format!("topic '{name}'"))?;
        Ok(Arc::new(learned(topic)))
    }

    /// Returns the partitions of a topic, in order.
    ///
    /// # Errors
    /// `UnknownTopic`, and as `metadata`.
    pub async fn partitions(&self, topic: &str) -> Result<Vec<i32>, ClientError> {
        Ok(self.retrying(|| self.topic(topic)).await?.partitions.keys().copied().collect())
    }

    /// Returns the leader of a partition as far as is known now, without trying again.
    ///
    /// # Errors
    /// `UnknownTopic`, `UnknownPartition`, `NoLeader`, and as `metadata`.
    pub async fn leader(&self, topic: &str, partition: i32) -> Result<Leader, ClientError> {
        let known = self.topic(topic).await?;
        let Some((leader, epoch)) = known.partitions.get(&partition).copied() else {
            let count = known.partitions.len();
            self.forget(topic);
            return Err(ClientError::UnknownPartition { topic: topic.to_owned(), partition, count });
        };
        if leader < 0 {
            self.forget(topic);
            return Err(ClientError::NoLeader { topic: topic.to_owned(), partition });
        }
        match self.broker(leader).await {
            Ok(connection) => Ok(Leader { connection, topic_id: known.id, epoch }),
            Err(error) => {
                self.forget(topic);
                Err(error)
            }
        }
    }

    /// Calls again and again, with growing pauses, while the failure may pass.
    pub(crate) async fn retrying<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let mut backoff = Backoff::new(&self.inner.options);
        loop {
            match call().await {
                Err(error) if error.is_retriable() => {
                    if !backoff.pause().await {
                        return Err(error);
                    }
                }
                other => return other,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn learned(topic: &MetadataResponseTopic) -> Topic {
    let partitions = topic.partitions.iter().map(|p| (p.partition_index, (p.leader_id, p.leader_epoch)));
    Topic { id: topic.topic_id, partitions: partitions.collect() }
}
