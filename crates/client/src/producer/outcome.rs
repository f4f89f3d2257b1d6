//! What became of a batch.

use crate::error::{BrokerError, ClientError};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use types::Offset;

/// What became of one batch.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Stored, as safely as the acks setting says. The offset of its first record; `Offset::NONE` when the
    /// broker does not know it any more, or was not asked to answer.
    Acked(Offset),
    /// Not stored.
    Refused(Refusal),
    /// Nobody knows: it was sent, and no answer came in time.
    Unknown,
}

/// Why a batch was certainly not stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The broker said no.
    #[error("{0}")]
    Broker(BrokerError),
    /// It could not be made, or its partition does not exist.
    #[error("{0}")]
    Client(ClientError),
    /// It could not be handed to a broker in time.
    #[error("no broker took it in time: {0}")]
    NotSent(ClientError),
}

/// The outcome of a batch, to be awaited. Dropping it does not stop the batch.
#[derive(Debug)]
pub struct Delivery(oneshot::Receiver<Outcome>);

impl Delivery {
    pub(super) fn new(outcome: oneshot::Receiver<Outcome>) -> Delivery {
        Delivery(outcome)
    }
}

impl Future for Delivery {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.0).poll(cx).map(|outcome| outcome.unwrap_or(Outcome::Unknown))
    }
}
