//! `highwater serve`: the broker as a process.
//!
//! Its settings: settings.rs. SIGTERM and SIGINT stop it cleanly.

use crate::failure::{Failure, VOID};
use crate::output::Output;
use crate::settings::SettingArgs;
use broker::{Banner, ServeError};
use config::{BrokerConfig, Notice};
use env::Env;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

/// What `serve` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: SettingArgs,
}

/// Serves until a signal comes.
pub(crate) async fn serve(args: Args, output: &Output) -> Result<(), Failure> {
    log_to_stderr();
    let layers = args.settings.layers()?;
    let (config, notices) =
        BrokerConfig::from_layers(&layers).map_err(|e| Failure::from(e).with_code(VOID))?;
    let (stop, shutdown) = oneshot::channel();
    tokio::task::spawn_local(stop_on_signal(stop)?);
    let out = output.clone();
    let ready = move |banner: Banner| {
        // A banner that nobody can read is no reason to stop serving.
        let _best_effort = greet(&banner, &notices, &out);
    };
    broker::serve(config, Env::real(), shutdown, ready).await.map_err(stopped)
}

fn stopped(error: ServeError) -> Failure {
    let code = error.exit_code();
    Failure::from(error).with_code(code)
}

fn stop_on_signal(stop: oneshot::Sender<()>) -> Result<impl Future<Output = ()>, Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _gone = stop.send(());
    })
}

fn log_to_stderr() {
    let filter =
        EnvFilter::try_from_env("HIGHWATER_LOG").unwrap_or_else(|_| EnvFilter::new("warn,openraft=error"));
    let started = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    // Only a second call fails, and there is one.
    let _already = started;
}

fn greet(banner: &Banner, notices: &[Notice], output: &Output) -> Result<(), Failure> {
    let all: Vec<String> =
        notices.iter().map(Notice::to_string).chain(banner.notices.iter().cloned()).collect();
    if output.is_json() {
        output.json(&json!({
            "data": banner.data_dir, "acknowledgement": banner.acknowledgement, "clients": banner.client_address,
            "other_clients": banner.other_addresses,
            "http": banner.http_address, "recovery": banner.recovery, "notices": all,
        }))?;
        return output.flush();
    }
    let http = banner.http_address.as_deref().map(|address| format!("http://{address}/metrics"));
    output.line(&format!("Highwater {} serves.", env!("CARGO_PKG_VERSION")))?;
    output.line(&format!("  clients  {}", banner.client_address))?;
    for address in &banner.other_addresses {
        output.line(&format!("  also     {address}"))?;
    }
    output.line(&format!("  data     {}", banner.data_dir.display()))?;
    output.line(&format!("  ack      {}", banner.acknowledgement))?;
    output.line(&format!("  start    {}", banner.recovery))?;
    output.line(&format!("  metrics  {}", http.as_deref().unwrap_or("off")))?;
    for notice in all {
        output.line(&format!("  note     {notice}"))?;
    }
    output.flush()
}
