//! The HTTP port: health, metrics, groups one by one, and what holds readers of committed data back. For machines and people on this host; outside simulation.

mod groups;
mod limits;
mod lso;

use crate::api::log_sizes;
use crate::context::Context;
use crate::lag;
use crate::orphans;
use crate::probe::inventory::LOGS_MAX;
use crate::probe::{Counts, Scrape};
use crate::publish::Published;
use crate::shard::message::{LogSize, ShardMessage, Sizes};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use coordinator::PartitionFacts;
use metadata::controller::METADATA_VERSION;
use metadata::image::TopicImage;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use types::{GroupId, LogKey};

/// The text format of Prometheus.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves until `stop` says so.
pub(crate) async fn serve(
    listener: tokio::net::TcpListener,
    context: Arc<Context>,
    mut stop: watch::Receiver<bool>,
) {
    let routes = Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/groups/{name}", get(groups::group))
        .route("/lso/{topic}/{partition}", get(lso::lso))
        .with_state(context);
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) =
        axum::serve(limits::Limited::new(listener), routes).with_graceful_shutdown(stopped).await
    {
        tracing::warn!(%error, "the HTTP port has ended");
    }
}

/// Ready means: every partition of this broker can be served.
async fn ready(State(context): State<Arc<Context>>) -> (StatusCode, String) {
    if let Some(reason) = context.failure.borrow().as_ref() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: the data directory has failed: {reason}\n"),
        );
    }
    match context.probes.offline_partitions.get() {
        0 => (StatusCode::OK, "ready\n".to_string()),
        count => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {count} partitions are offline\n")),
    }
}

async fn metrics(State(context): State<Arc<Context>>) -> impl IntoResponse {
    let published = context.published();
    let (groups, beyond) = group_lags(&context, &published).await;
    let scrape = Scrape {
        probes: &context.probes,
        topics: &published.topic_probes,
        image: &published.image,
        sizes: sizes(&context).await,
        logs: logs(&context, &published).await,
        groups,
        now: context.env.clock.now().wall,
        times: times(&context),
        gauges: gauges(&context)
            .into_iter()
            .chain([
                ("highwater_group_partitions_without_lines", beyond),
                ("highwater_orphaned_transactions", orphans::left(&context).await as u64),
            ])
            .collect(),
    };
    ([(CONTENT_TYPE, PROMETHEUS)], scrape.text())
}

/// Looks at the partitions of groups that have lines of their own; counts the others.
async fn group_lags(context: &Arc<Context>, published: &Published) -> (Vec<(GroupId, PartitionFacts)>, u64) {
    let (reads, beyond) = lag::with_lines(context, published).await;
    (lag::facts(context, reads, true).await, beyond)
}

/// Asks for the sizes of the logs that have lines of their own.
async fn logs(context: &Context, published: &Published) -> Vec<LogSize> {
    let of_topic = |topic: &TopicImage| {
        let id = topic.id;
        let key = move |partition| LogKey { topic_id: id, partition };
        topic.partitions().map(|(partition, _)| key(partition)).take(LOGS_MAX).collect::<Vec<_>>()
    };
    let keys = published.image.topics().iter().flat_map(of_topic).take(LOGS_MAX);
    let mut sizes = log_sizes(context, Some(keys.collect())).await;
    sizes.sort_unstable_by_key(|size| size.key);
    sizes
}

/// Copies the times that are counted elsewhere.
fn times(context: &Context) -> Vec<(&'static str, Counts)> {
    let wal = context.wal.stats();
    let syncs = Counts::of_powers(&wal.group_us(), wal.sum_us());
    let decisions = context.metadata.times();
    let counts = |times: &metadata::Times| Counts::of_powers(&times.us(), times.sum_us());
    vec![
        ("kafka_log_logflushstats_logflushrateandtimems", syncs.clone()),
        ("highwater_wal_sync_seconds", syncs),
        ("kafka_controller_controllereventmanager_eventqueuetimems", counts(&decisions.waiting)),
        ("kafka_controller_controllereventmanager_eventqueueprocessingtimems", counts(&decisions.deciding)),
        ("highwater_metadata_commit_seconds", counts(&decisions.committing)),
        ("kafka_server_addpartitionstotxnmanager_verificationtimems", context.probes.txns.verify_times()),
    ]
}

/// Looks at the quorum.
fn quorum_gauges(context: &Context) -> Vec<(&'static str, u64)> {
    let status = context.metadata.quorum_status();
    let is_controller = status.leader.is_some_and(|leader| leader.node == context.config.node_id);
    let own = status.voters.iter().find(|(voter, _)| voter.node == context.config.node_id);
    let leader = status.leader.and_then(|leader| u64::try_from(leader.node.0).ok());
    let mut gauges = vec![
        ("kafka_controller_kafkacontroller_activecontrollercount", u64::from(is_controller)),
        ("kafka_controller_kafkacontroller_newactivecontrollerscount", u64::from(is_controller)),
        ("kafka_server_raft_metrics_current_epoch", status.term),
        ("kafka_server_raft_metrics_high_watermark", status.committed_end.0),
        ("kafka_server_raft_metrics_log_end_offset", own.map_or(0, |(_, end)| end.0)),
        ("kafka_server_raft_metrics_number_of_voters", status.voters.len() as u64),
    ];
    gauges.extend(leader.map(|leader| ("kafka_server_raft_metrics_current_leader", leader)));
    gauges
}

/// Looks at what nobody counts.
fn gauges(context: &Context) -> Vec<(&'static str, u64)> {
    let published = context.published();
    let (brokers, features) = (published.image.brokers(), published.image.features());
    let active = brokers.active().count() as u64;
    let connections = context.places.count() as u64;
    let disk_free = context.env.disk.free_bytes(&context.config.data_dir).unwrap_or(0);
    let mut gauges = quorum_gauges(context);
    gauges.extend([
        ("kafka_controller_kafkacontroller_activebrokercount", active),
        ("kafka_controller_kafkacontroller_fencedbrokercount", brokers.iter().count() as u64 - active),
        ("kafka_controller_kafkacontroller_lastappliedrecordoffset", published.image.offset().0),
        (
            "kafka_controller_kafkacontroller_lastappliedrecordtimestamp",
            u64::try_from(published.applied_at.0).unwrap_or(0),
        ),
        ("kafka_controller_kafkacontroller_lastappliedrecordlagms", 0),
        ("kafka_controller_kafkacontroller_metadataerrorcount", published.errors),
        (
            "kafka_server_metadataloader_currentmetadataversion",
            u64::try_from(features.level(METADATA_VERSION.name)).unwrap_or(0),
        ),
        ("kafka_log_logmanager_offlinelogdirectorycount", u64::from(context.failure.borrow().is_some())),
        ("highwater_connections", connections),
        ("highwater_fetch_sessions", context.sessions.count() as u64),
        ("highwater_groups_memory_bytes", context.group_memory.held() as u64),
        ("highwater_groups_memory_max_bytes", context.group_memory.limit() as u64),
        ("highwater_transactions_memory_bytes", context.txn_memory.held() as u64),
        ("highwater_transactions_memory_max_bytes", context.txn_memory.limit() as u64),
        ("highwater_wal_pool_free_bytes", context.wal.stats().free_bytes()),
        ("highwater_disk_reserve_bytes", context.space.reserve_bytes()),
        ("highwater_disk_free_bytes", disk_free),
    ]);
    gauges
}

async fn sizes(context: &Context) -> Sizes {
    let mut sum = Sizes::default();
    for shard in 0..context.router.len() {
        let (reply, answer) = oneshot::channel();
        context.router.send(shard, ShardMessage::Sizes(reply));
        if let Ok(one) = answer.await {
            sum.add(&one);
        }
    }
    sum
}
