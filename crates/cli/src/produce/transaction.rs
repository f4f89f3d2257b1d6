//! `produce --transactional-id`: all lines of standard input count, or none of them.
//!
//! It is committed when standard input ends. A refusal, a signal, or the end of its time aborts it; if nobody can say
//! how it ended, the exit code is 1 and the sentence says so.

use super::{Args, Batches, options, tell};
use crate::failure::Failure;
use crate::output::Output;
use client::{
    Cluster, StoredBatch, TransactionError, TransactionOptions, TransactionOutcome, TransactionalProducer,
};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Writes until standard input ends, and commits.
pub(super) async fn produce(
    args: &Args,
    id: &str,
    cluster: &Cluster,
    partitions: Vec<i32>,
    output: &Output,
) -> Result<(), Failure> {
    let options = TransactionOptions {
        transactional_id: id.to_owned(),
        timeout: Duration::from_secs(args.transaction_timeout.max(1)),
        producer: options(args, cluster.options().call_timeout)?,
    };
    let mut producer = TransactionalProducer::new(cluster.clone(), options);
    producer.take_over().await?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // A signal to all of a pipe ends the input as well: it counts first.
    let sent = tokio::select! {
        biased;
        _ = terminate.recv() => Err(Failure::of("it was told to stop")),
        _ = interrupt.recv() => Err(Failure::of("it was told to stop")),
        sent = send_all(args, &mut producer, partitions) => sent,
    };
    let stored = match sent {
        Ok(stored) => stored,
        Err(failure) => return Err(aborted(&mut producer, &failure.sentence()).await),
    };
    match producer.commit().await {
        Ok(outcome) => judge(args, outcome, &stored, output),
        Err(error) if error.must_abort() => Err(aborted(&mut producer, &error.to_string()).await),
        Err(error) => Err(error.into()),
    }
}

async fn send_all(
    args: &Args,
    producer: &mut TransactionalProducer,
    partitions: Vec<i32>,
) -> Result<Vec<StoredBatch>, Failure> {
    let mut batches = Batches::of_stdin(args, partitions);
    while let Some(by_partition) = batches.next().await? {
        for (partition, records) in by_partition {
            producer.send(&args.topic, partition, records).await?;
        }
    }
    Ok(producer.flush().await?)
}

fn judge(
    args: &Args,
    outcome: TransactionOutcome,
    stored: &[StoredBatch],
    output: &Output,
) -> Result<(), Failure> {
    match outcome {
        TransactionOutcome::Committed if args.verbose => {
            stored.iter().try_for_each(|batch| tell(output, batch.partition, batch.offset, batch.records))?;
            output.flush()
        }
        TransactionOutcome::Committed => Ok(()),
        TransactionOutcome::Aborted => Err(Failure::of(
            "the transaction was aborted before it could be committed: its time was over (--transaction-timeout); nothing of it counts",
        )),
        TransactionOutcome::Unknown => Err(Failure::of(
            "nobody has answered whether the transaction is committed; all of it counts, or nothing",
        )),
    }
}

/// Aborts, and says what that left.
async fn aborted(producer: &mut TransactionalProducer, reason: &str) -> Failure {
    let left = match producer.abort().await {
        Ok(TransactionOutcome::Aborted) => "the transaction is aborted: nothing of it counts".to_owned(),
        Ok(TransactionOutcome::Committed) => "the transaction was committed all the same".to_owned(),
        Ok(TransactionOutcome::Unknown) => {
            "the broker does not answer to the abort; it aborts by itself".to_owned()
        }
        Err(error @ TransactionError::Fenced(_)) => format!("{error}, which has aborted it"),
        Err(error) => format!("it could not be aborted: {error}"),
    };
    Failure::of(format!("{reason}; {left}"))
}
