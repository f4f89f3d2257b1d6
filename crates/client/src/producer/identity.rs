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
pub(super) struct Identity {
    pub(super) id: ProducerId,
    pub(super) epoch: ProducerEpoch,
}

/// The newest id of a producer.
#[derive(Debug, Default)]
pub(super) struct Identities {
    newest: tokio::sync::Mutex<Option<Identity>>,
}

impl Identities {
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
    if answer.producer_id < 0 || answer.producer_epoch < 0 {
        return Err(ClientError::Incomplete("a producer id".to_owned()));
    }
    Ok(Identity { id: ProducerId(answer.producer_id), epoch: ProducerEpoch(answer.producer_epoch) })
}
