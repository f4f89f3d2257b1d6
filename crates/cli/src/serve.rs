//! `highwater serve`: the broker as a process.
//!
//! Settings come from the file, then flags, then `--set`, the last word winning. SIGTERM and SIGINT stop it cleanly.

use crate::failure::{Failure, VOID};
use crate::output::Output;
use broker::{Banner, ServeError};
use config::{BrokerConfig, Layers, Notice, parse_properties};
use env::Env;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

/// What `serve` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder for the data [default: highwater-data, or log.dirs of the file]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address for clients, host:port [default: 127.0.0.1:9092, or listeners of the file]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// A Kafka server.properties
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One broker setting; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Allow addresses beyond this machine, although there is no authentication yet
    #[arg(long)]
    allow_plaintext: bool,
}

/// Splits `key=value`.
pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("'{text}' is not key=value"))?;
    match key.trim() {
        "" => Err(format!("'{text}' has no key")),
        key => Ok((key.to_owned(), value.trim().to_owned())),
    }
}

/// Serves until a signal comes.
pub(crate) async fn serve(args: Args, output: &Output) -> Result<(), Failure> {
    log_to_stderr();
    let (config, notices) = configured(&args)?;
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

fn configured(args: &Args) -> Result<(BrokerConfig, Vec<Notice>), Failure> {
    let mut layers = Layers { set: args.set.iter().cloned().collect(), ..Layers::default() };
    if let Some(path) = &args.config {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
        layers.file = parse_properties(&text).map_err(|e| Failure::from(e).with_code(VOID))?;
    }
    layers.flags = flags(args);
    BrokerConfig::from_layers(&layers).map_err(|e| Failure::from(e).with_code(VOID))
}

fn flags(args: &Args) -> BTreeMap<String, String> {
    let data = args.data.as_ref().map(|dir| ("log.dirs", dir.display().to_string()));
    let listen = args.listen.as_ref().map(|address| ("listeners", format!("PLAINTEXT://{address}")));
    let plaintext = args.allow_plaintext.then(|| ("highwater.allow.plaintext.listeners", "true".to_owned()));
    let given = [data, listen, plaintext].into_iter().flatten();
    given.map(|(key, value)| (key.to_owned(), value)).collect()
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
            "http": banner.http_address, "recovery": banner.recovery, "notices": all,
        }))?;
        return output.flush();
    }
    let http = banner.http_address.as_deref().map(|address| format!("http://{address}/metrics"));
    output.line(&format!("Highwater {} serves.", env!("CARGO_PKG_VERSION")))?;
    output.line(&format!("  clients  {}", banner.client_address))?;
    output.line(&format!("  data     {}", banner.data_dir.display()))?;
    output.line(&format!("  ack      {}", banner.acknowledgement))?;
    output.line(&format!("  start    {}", banner.recovery))?;
    output.line(&format!("  metrics  {}", http.as_deref().unwrap_or("off")))?;
    for notice in all {
        output.line(&format!("  note     {notice}"))?;
    }
    output.flush()
}
