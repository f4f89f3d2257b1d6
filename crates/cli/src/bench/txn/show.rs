//! The figures of `bench txn`.

use super::{Args, Cost, Measured};
use crate::bench::{per, real};
use crate::failure::Failure;
use crate::output::Output;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Prints them.
pub(super) fn show(args: &Args, measured: &Measured, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(&document(args, measured));
    }
    let (counts, commits, aborts) = (&measured.counts, &measured.commits, &measured.aborts);
    let mut rows = vec![
        ("commits/s", format!("{:.1}", rate(&counts.commit, commits))),
        ("transaction p50 / p99 / max (ms)", times(&counts.transaction)),
        ("commit p50 / p99 / max (ms)", times(&counts.commit)),
        ("aborts/s", format!("{:.1}", rate(&counts.abort, aborts))),
        ("abort p50 / p99 / max (ms)", times(&counts.abort)),
    ];
    if let (Some(commit), Some(abort)) = (cpu(&counts.commit, commits), cpu(&counts.abort, aborts)) {
        rows.push(("broker CPU per commit, per abort (us)", format!("{commit:.1}, {abort:.1}")));
    }
    if let Some(flushes) = flushes(&counts.commit, commits) {
        rows.push(("flushes of the write-ahead log per commit", format!("{flushes:.2}")));
    }
    if let Some(disk) = measured.disk {
        rows.push(("disk: 4 KiB write + sync (us)", disk.as_micros().to_string()));
    }
    rows.push(("time stolen by the host", format!("{:.1} %", commits.steal * 100.0)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    output.table(&[], &rows)
}

fn document(args: &Args, measured: &Measured) -> Value {
    let (counts, commits, aborts) = (&measured.counts, &measured.commits, &measured.aborts);
    json!({
        "producers": args.producers, "records": args.records, "record_bytes": args.record_bytes,
        "partitions": args.partitions(), "backoff_ms": args.backoff_ms,
        "commits": counts.commit.len(), "commits_per_s": rate(&counts.commit, commits),
        "transaction_ms": quantiles(&counts.transaction), "commit_ms": quantiles(&counts.commit),
        "aborts": counts.abort.len(), "aborts_per_s": rate(&counts.abort, aborts),
        "abort_ms": quantiles(&counts.abort),
        "broker_cpu_us_per_commit": cpu(&counts.commit, commits),
        "broker_cpu_us_per_abort": cpu(&counts.abort, aborts),
        "flushes_per_commit": flushes(&counts.commit, commits),
        "flushes_per_abort": flushes(&counts.abort, aborts),
        "canary_us": measured.disk.map(|disk| disk.as_micros()), "steal": commits.steal,
    })
}

fn rate(of: &Histogram<u64>, cost: &Cost) -> f64 {
    per(real(of.len()), cost.took.as_secs_f64())
}

fn cpu(of: &Histogram<u64>, cost: &Cost) -> Option<f64> {
    cost.broker_cpu.map(|cpu| per(cpu.as_secs_f64() * 1e6, real(of.len())))
}

fn flushes(of: &Histogram<u64>, cost: &Cost) -> Option<f64> {
    cost.flushes.map(|flushes| per(flushes, real(of.len())))
}

fn ms(of: &Histogram<u64>, quantile: f64) -> f64 {
    real(of.value_at_quantile(quantile)) / 1000.0
}

fn quantiles(of: &Histogram<u64>) -> Value {
    json!({ "p50": ms(of, 0.5), "p99": ms(of, 0.99), "max": ms(of, 1.0) })
}

fn times(of: &Histogram<u64>) -> String {
    format!("{:.2} / {:.2} / {:.2}", ms(of, 0.5), ms(of, 0.99), ms(of, 1.0))
}
