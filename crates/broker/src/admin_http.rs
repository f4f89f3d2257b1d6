//! The HTTP port: health and metrics. For machines and people on this host; outside simulation.

use crate::context::Context;
use crate::shard::message::{ShardMessage, Sizes};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::fmt::Write;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

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
    if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
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

async fn metrics(State(context): State<Arc<Context>>) -> String {
    let mut text = context.probes.text();
    let sizes = sizes(&context).await;
    let wal = context.wal.stats();
    let gauges: [(&str, &str, u64); 9] = [
        ("partitions", "Partitions on this broker", sizes.partitions),
        (
            "unwritten_bytes",
            "Record bytes that are only in the write-ahead log and in memory",
            sizes.unwritten_bytes,
        ),
        ("tail_bytes", "Record bytes held in memory for readers", sizes.tail_bytes),
        ("connections", "Open connections", context.places.count() as u64),
        ("fetch_sessions", "Fetch sessions", context.sessions.count() as u64),
        ("topics", "Topics", context.published().image.topics().len() as u64),
        ("wal_pool_free_bytes", "Free bytes in the pool of the write-ahead log", wal.free_bytes()),
        ("disk_reserve_bytes", "Bytes kept back for a full disk", context.space.reserve_bytes()),
        (
            "disk_free_bytes",
            "Free bytes of the data directory's file system",
            context.env.disk.free_bytes(&context.config.data_dir).unwrap_or(0),
        ),
    ];
    for (name, help, value) in gauges {
        let _ = writeln!(
            text,
            "# HELP highwater_{name} {help}\n# TYPE highwater_{name} gauge\nhighwater_{name} {value}"
        );
    }
    sync_histogram(&mut text, &wal);
    text.push_str("# EOF\n");
    text
}

/// Writes the time of each sync of the write-ahead log as a histogram.
fn sync_histogram(text: &mut String, wal: &log::wal::WalStats) {
    let name = "highwater_wal_sync_seconds";
    let help = "Time to write and sync one group of the write-ahead log";
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
    let mut sum = 0;
    for (bucket, count) in wal.group_us().into_iter().enumerate() {
        sum += count;
        let upper = std::time::Duration::from_micros(1 << bucket).as_secs_f64();
        let _ = writeln!(text, "{name}_bucket{{le=\"{upper:.6}\"}} {sum}");
    }
    let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {sum}\n{name}_count {sum}");
}

async fn sizes(context: &Context) -> Sizes {
    let mut sum = Sizes::default();
    for shard in 0..context.router.len() {
        let (reply, answer) = oneshot::channel();
        context.router.send(shard, ShardMessage::Sizes(reply));
        if let Ok(one) = answer.await {
            sum.partitions += one.partitions;
            sum.unwritten_bytes += one.unwritten_bytes;
            sum.tail_bytes += one.tail_bytes;
        }
    }
    sum
}
