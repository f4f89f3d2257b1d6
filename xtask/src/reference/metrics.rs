//! docs/book/metrics.md: every metric, from the inventory of the broker, and those of Kafka that are absent.

#[allow(unreachable_pub, reason = "the broker shows it to its tests")]
#[path = "../../../crates/broker/src/probe/inventory.rs"]
mod inventory;

use inventory::{ABSENT, LOGS_MAX, METRICS, Metric, OTHERS, TOPICS_MAX};
use std::fmt::Write;

const HEAD: &str = "# Metrics\n\n\
    Written by `cargo xtask reference` from crates/broker/src/probe/inventory.rs; do not edit.\n\n\
    `http://127.0.0.1:9644/metrics` (`highwater.http.listener`) answers in Prometheus' text format 0.0.4. Kafka's metrics have the\n\
    names that the usual rules of the Prometheus JMX exporter give them (`lowercaseOutputName`; `...PerSec` becomes `..._total`),\n\
    so dashboards made for Kafka find them; names that begin with `highwater_` are ours. Counters and summaries begin anew with\n\
    the broker. *Tested*: a test sees the metric move; \"not exercised\": none does yet.\n\n\
    ## Labels\n\n\
    - Nothing that a client sends becomes a label: `request` and `error` are Kafka's names of APIs and error codes, `topic` is one\n\
    \x20 that exists. What has not happened yet has no line.\n";

/// Writes the page.
pub(super) fn page() -> String {
    let mut text = String::from(HEAD);
    let _ = write!(
        text,
        "- Metrics by `topic` have one line without it, for all topics and partitions that do not exist, too; up to {TOPICS_MAX} topics\n\
         \x20 have a line of their own, and all others are summed as `topic=\"{OTHERS}\"`. A deleted topic gives its line back.\n\
         - Metrics by `topic` and `partition` are read when they are asked for, of logs that are online; up to {LOGS_MAX} partitions have\n\
         \x20 lines, in order of topics' names. DescribeLogDirs and ListOffsets say the same of all.\n\
         - `kafka_server_socket_server_metrics_*` are by `listener`, as in Kafka; their sum is over all.\n\
         - Summaries have `quantile` (0.50 to 0.999), since the start of the broker and at most a quarter too high (a sync's: twice);\n\
         \x20 for windows of time use the histograms.\n"
    );
    section(&mut text, "Kafka's", METRICS.iter().filter(|metric| !metric.kafka.is_empty()));
    section(&mut text, "Ours", METRICS.iter().filter(|metric| metric.kafka.is_empty()));
    text.push_str("\n## Of Kafka's, absent\n\n| metrics | why |\n|---|---|\n");
    for (metrics, why) in ABSENT {
        let _ = writeln!(text, "| {metrics} | {why} |");
    }
    text
}

fn section(text: &mut String, title: &str, metrics: impl Iterator<Item = &'static Metric>) {
    let _ = write!(
        text,
        "\n## {title}\n\n| metric | kind | labels | unit | meaning | tested |\n|---|---|---|---|---|---|\n"
    );
    for metric in metrics {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let tested = if metric.exercised { "yes" } else { "not exercised" };
        let meaning = if metric.kafka.is_empty() {
            metric.help.to_owned()
        } else {
            format!("{} (`{}`)", metric.help, metric.kafka)
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {meaning} | {tested} |",
            metric.name,
            metric.kind.name(),
            labels.join(", "),
            metric.unit
        );
    }
}
