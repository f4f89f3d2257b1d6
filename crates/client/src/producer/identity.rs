//! Producer ids, shared by the workers of one producer.
//!
//! Sequence numbers count per (producer id, partition), so a worker that must start anew may take a new
//! id while the others go on with theirs.

use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::{ClientError, accepted};
use types::{ProducerEpoch, ProducerId};
use wire::init_producer_id_request::InitProducerIdRequest;

/// An id with its epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
}

impl Identity {
    /// Takes what a broker has given; nothing if it has given none.
    pub(crate) fn given(id: i64, epoch: i16) -> Option<Identity> {
        (id >= 0 && epoch >= 0).then_some(Identity { id: ProducerId(id), epoch: ProducerEpoch(epoch) })
    }
}

/// The newest id of a producer.
#[derive(Debug, Default)]
pub(super) struct Identities {
    newest: tokio::sync::Mutex<Option<Identity>>,
    /// There is only this one.
    fixed: bool,
}

impl Identities {
    /// Takes the only one of a transaction.
    pub(super) fn of_transaction(identity: Identity) -> Identities {
        Identities { newest: tokio::sync::Mutex::new(Some(identity)), fixed: true }
    }

    /// Returns the newest id, which is another one than `spent`; asks a broker for it if need be.
    pub(super) async fn take(
        &self,
        cluster: &Cluster,
        spent: Option<Identity>,
    ) -> Result<Identity, ClientError> {
        let mut newest = self.newest.lock().await;
        if let Some(identity) = newest.filter(|newest| Some(*newest) != spent) {
            return Ok(identity);
        }
        if self.fixed {
            return Err(ClientError::NumbersSpent);
        }
        let identity = ask(&cluster.any().await?).await?;
        *newest = Some(identity);
        Ok(identity)
    }
}

impl Cluster {
    /// Draws a producer id that nobody has.
    ///
    /// # Errors
    /// `Refused`; `Lost` leaves an id that nobody uses.
    pub async fn new_producer_id(&self) -> Result<ProducerId, ClientError> {
        let connection = self.retrying(|| self.any()).await?;
        Ok(ask(&connection).await?.id)
    }
}

async fn ask(connection: &Connection) -> Result<Identity, ClientError> {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: i32::MAX,
        ..Default::default()
    };
    let answer = connection.call(&request).await?;
    accepted(answer.error_code, None, || "a producer id".to_owned())?;
    Identity::given(answer.producer_id, answer.producer_epoch)
        .ok_or_else(|| ClientError::Incomplete("a producer id".to_owned()))
}
