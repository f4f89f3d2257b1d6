//! `bench txn`, small.

use crate::broker::{Broker, json};

/// Protects: commits and aborts are counted and timed, what the broker spends on each is told, and what was committed is looked for.
#[test]
fn commits_and_aborts_are_measured() {
    let broker = Broker::start(&[]);
    let arguments =
        ["--producers", "3", "--records", "2", "--seconds", "1", "--warmup", "0.2", "--abort-seconds", "0.5"];
    let pid = broker.pid().to_string();
    let whose = ["--pid", &pid, "--metrics", broker.http()];
    let figures = json(&broker.run(&[&["bench", "txn", "--json"], &arguments[..], &whose].concat()));
    let figures = &figures[0];
    for place in [
        "/commits_per_s",
        "/transaction_ms/p50",
        "/commit_ms/p99",
        "/aborts_per_s",
        "/abort_ms/p50",
        "/broker_cpu_us_per_commit",
        "/flushes_per_commit",
    ] {
        assert!(figures.pointer(place).unwrap().as_f64().unwrap() > 0.0, "{place}: {figures}");
    }
}
