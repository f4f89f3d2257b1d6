//! What every handler can reach.

use crate::admission::Admission;
use crate::departed::Departed;
use crate::group_memory::GroupMemory;
use crate::lag::UnreadTimes;
use crate::net::listener::Places;
use crate::net::peer_log::PeerLog;
use crate::probe::Probes;
use crate::publish::Published;
use crate::room::Rooms;
use crate::session::FetchSessions;
use crate::shard::router::Router;
use crate::space::Space;
use crate::unwritten::Unwritten;
use config::BrokerConfig;
use env::Env;
use log::pages::PageHandle;
use log::reader::Reader;
use log::wal::WalHandle;
use metadata::Metadata;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::watch;

/// Shared by all connections of all shards.
pub(crate) struct Context {
    /// What the broker was started with; what can change while it runs is in [`Published::broker`].
    pub(crate) config: Arc<BrokerConfig>,
    pub(crate) env: Env,
    pub(crate) router: Router,
    pub(crate) metadata: Metadata,
    pub(crate) published: watch::Receiver<Arc<Published>>,
    pub(crate) reader: Reader,
    pub(crate) admission: Admission,
    pub(crate) places: Arc<Places>,
    /// Which lines about peers the log gets.
    pub(crate) peer_log: PeerLog,
    pub(crate) sessions: FetchSessions,
    pub(crate) probes: Arc<Probes>,
    /// For reservations: room in the write-ahead log is taken before a batch goes to its shard.
    pub(crate) wal: WalHandle,
    /// Budget of what is in no segment yet.
    pub(crate) unwritten: Arc<Unwritten>,
    /// Room for what coordinators write.
    pub(crate) rooms: Rooms,
    /// Budget of what groups hold.
    pub(crate) group_memory: Arc<GroupMemory>,
    /// Budget of what transactional ids hold.
    pub(crate) txn_memory: Arc<GroupMemory>,
    /// Writes the page-cache logs.
    pub(crate) pages: PageHandle,
    /// Why the data directory has failed, if it has.
    pub(crate) failure: watch::Receiver<Option<String>>,
    /// Whether the disk has room.
    pub(crate) space: Arc<Space>,
    /// The broker is stopping: connections read no further request.
    pub(crate) stop: watch::Receiver<bool>,
    /// Names parked fetches on every shard.
    pub(crate) next_fetch: AtomicU64,
    /// Numbers connections: a later one has a larger number.
    pub(crate) next_connection: AtomicU64,
    /// Producer ids of the current block.
    pub(crate) producer_ids: crate::producer_ids::ProducerIds,
    /// Where the producers of deleted partitions go on.
    pub(crate) departed: Arc<Departed>,
    /// Times of records that groups have not read.
    pub(crate) unread_times: UnreadTimes,
}

impl Context {
    /// Returns the metadata of this moment; a request uses one from start to end.
    pub(crate) fn published(&self) -> Arc<Published> {
        self.published.borrow().clone()
    }

    /// Waits until handlers and shards see the metadata up to an offset.
    pub(crate) async fn published_at(&self, offset: types::MetadataOffset, within: Duration) -> bool {
        let mut published = self.published.clone();
        let reached = published.wait_for(|p| p.image.offset() >= offset);
        tokio::time::timeout(within, reached).await.is_ok_and(|r| r.is_ok())
    }
}
