//! What coordinators of transactions need done outside of their shard: their log read, and room for their records
//! and marks waited for.
//!
//! As for groups ([`crate::groups`]), each is a task of the shard's thread, which sends the shard a message when it is done.
//! Tests: tests/wire/transactions.rs, tests/storage/transactions.rs.

use crate::context::Context;
use crate::groups::{self, Found};
use crate::room::NeedsRoom;
use crate::shard::message::ShardMessage;
use crate::shard::sendings::SentMarks;
use crate::shard::transactions::{TxnsDone, TxnsOutcome};
use coordinator::txn::TxnRecord;
use std::sync::Arc;
use tokio::sync::mpsc;
use types::{LogKey, OffsetRange};
use wire::record::{BatchHeader, Record};

/// A job of one coordinator of transactions.
pub(crate) struct TxnJob {
    /// Of which partition.
    pub(crate) key: LogKey,
    /// Of which of its coordinators on this shard; the answer says so as well.
    pub(crate) serial: u64,
    /// What.
    pub(crate) task: TxnTask,
}

/// What a coordinator needs done.
pub(crate) enum TxnTask {
    /// Read its log from one offset to another, and say what the records are.
    Load(OffsetRange),
    /// Wait for room for a batch.
    Room {
        /// The batch.
        needs: Box<NeedsRoom>,
        /// More follows at once; the answer says so as well.
        is_followed: bool,
    },
    /// Wait for room for marks.
    Mark(Box<SentMarks>),
}

/// The way to whoever does them.
pub(crate) type TxnJobSender = mpsc::UnboundedSender<TxnJob>;

/// Does jobs until no shard sends any.
pub(crate) async fn work(mut inbox: mpsc::UnboundedReceiver<TxnJob>, context: Arc<Context>) {
    while let Some(TxnJob { key, serial, task }) = inbox.recv().await {
        let context = context.clone();
        tokio::task::spawn_local(async move {
            let tell = |what| {
                let done = TxnsDone { key, serial, what };
                context.router.send_to_owner(&key, ShardMessage::TxnsDone(done));
            };
            match task {
                TxnTask::Load(range) => {
                    let tell_records = |records| tell(TxnsOutcome::Records(records));
                    let is_loaded = groups::load(&context, key, range, decode, &tell_records).await;
                    tell(if is_loaded { TxnsOutcome::Loaded } else { TxnsOutcome::NotLoaded });
                }
                TxnTask::Room { needs, is_followed } => {
                    let has = Box::new(context.rooms.take(*needs).await);
                    tell(TxnsOutcome::Room { has, is_followed });
                }
                TxnTask::Mark(sent) => {
                    let room = context.rooms.room(sent.bytes()).await;
                    tell(TxnsOutcome::MarkRoom(sent, Box::new(room)));
                }
            }
        });
    }
}

fn decode(header: &BatchHeader, record: Record) -> Found<TxnRecord> {
    // Nobody's transaction is recorded here in a transaction.
    if header.is_control() { Ok(None) } else { TxnRecord::decode(record.key, record.value) }
}
