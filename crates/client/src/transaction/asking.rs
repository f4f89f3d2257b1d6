//! One question to a coordinator, asked until it says yes or no, or time is up.
//!
//! Only requests are asked so that may be asked again whatever became of them. A coordinator that moved, or whose broker
//! went away, is looked for anew.

use crate::admin::Coordinated;
use crate::backoff::Backoff;
use crate::cluster::Cluster;
use crate::error::{BrokerError, ClientError};
use types::ErrorCode;
use wire::Request;

/// What became of a question.
pub(super) enum Asked<T> {
    /// Yes.
    Done(T),
    /// No, for good.
    Refused(BrokerError),
    /// Neither in time; whether it has acted is not known. The last reason.
    Late(ClientError),
}

/// Asks. `node` remembers the coordinator from one question to the next.
pub(super) async fn ask<R: Request>(
    cluster: &Cluster,
    of: Coordinated<'_>,
    node: &mut Option<i32>,
    request: &R,
    code: fn(&R::Response) -> i16,
) -> Result<Asked<R::Response>, ClientError> {
    let mut backoff = Backoff::new(cluster.options());
    loop {
        let failed = match once(cluster, of, node, request).await {
            Ok(answer) => match BrokerError::of(code(&answer), None) {
                None => return Ok(Asked::Done(answer)),
                Some(error) if !error.is_retriable() => return Ok(Asked::Refused(error)),
                Some(error) => ClientError::refused(of.to_string(), error),
            },
            Err(error) if !error.is_retriable() => return Err(error),
            Err(error) => error,
        };
        if has_moved(&failed) {
            *node = None;
        }
        if !backoff.pause().await {
            return Ok(Asked::Late(failed));
        }
    }
}

async fn once<R: Request>(
    cluster: &Cluster,
    of: Coordinated<'_>,
    node: &mut Option<i32>,
    request: &R,
) -> Result<R::Response, ClientError> {
    let found = match *node {
        Some(known) => known,
        None => cluster.coordinator_of(of).await?,
    };
    *node = Some(found);
    let connection = cluster.broker(found).await?;
    connection.needs_transactions()?;
    connection.call(request).await
}

/// Says whether the coordinator may be elsewhere.
fn has_moved(error: &ClientError) -> bool {
    let moved = [ErrorCode::NotCoordinator, ErrorCode::CoordinatorNotAvailable];
    !matches!(error, ClientError::Refused { .. }) || error.code().is_some_and(|code| moved.contains(&code))
}
