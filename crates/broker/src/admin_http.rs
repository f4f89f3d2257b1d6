//! The HTTP port: health and metrics. For machines and people on this host; outside simulation.

mod limits;

use crate::context::Context;
use crate::probe::{Counts, Scrape};
use crate::shard::message::{ShardMessage, Sizes};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metadata::controller::METADATA_VERSION;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

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
    let wal = context.wal.stats();
    let scrape = Scrape {
        probes: &context.probes,
        topics: &published.topic_probes,
        image: &published.image,
        sizes: sizes(&context).await,
        syncs: Counts::of_powers(&wal.group_us(), wal.sum_us()),
        gauges: gauges(&context),
    };
    ([(CONTENT_TYPE, PROMETHEUS)], scrape.text())
}

/// Looks at what nobody counts.
fn gauges(context: &Context) -> Vec<(&'static str, u64)> {
    let published = context.published();
    let (brokers, features) = (published.image.brokers(), published.image.features());
    let active = brokers.active().count() as u64;
    let connections = context.places.count() as u64;
    let leader = context.metadata.quorum_status().leader;
    let is_controller = leader.is_some_and(|leader| leader.node == context.config.node_id);
    let disk_free = context.env.disk.free_bytes(&context.config.data_dir).unwrap_or(0);
    vec![
        ("kafka_server_socket_server_metrics_connection_count", connections),
        ("kafka_controller_kafkacontroller_activecontrollercount", u64::from(is_controller)),
        ("kafka_controller_kafkacontroller_activebrokercount", active),
        ("kafka_controller_kafkacontroller_fencedbrokercount", brokers.iter().count() as u64 - active),
        ("kafka_controller_kafkacontroller_lastappliedrecordoffset", published.image.offset().0),
        (
            "kafka_server_metadataloader_currentmetadataversion",
            u64::try_from(features.level(METADATA_VERSION.name)).unwrap_or(0),
        ),
        ("kafka_log_logmanager_offlinelogdirectorycount", u64::from(context.failure.borrow().is_some())),
        ("highwater_connections", connections),
        ("highwater_fetch_sessions", context.sessions.count() as u64),
        ("highwater_wal_pool_free_bytes", context.wal.stats().free_bytes()),
        ("highwater_disk_reserve_bytes", context.space.reserve_bytes()),
        ("highwater_disk_free_bytes", disk_free),
    ]
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
