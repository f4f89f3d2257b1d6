//! Writes the metrics as Prometheus' text format 0.0.4: the inventory, row by row, with the values of this moment.
//!
//! Labels are Kafka's names of APIs and codes, numbers of versions, and names of topics and groups that exist, of these up to a cap;
//! they are escaped all the same. Tests: tests/storage/metrics.rs.

use super::inventory::{Kind, LOGS_MAX, METRICS, Metric, OTHERS};
use super::{ApiProbes, Counts, ListenerProbes, Probes, TopicLabels, TopicProbes, groups, txns};
use crate::shard::message::{LogSize, Sizes};
use coordinator::PartitionFacts;
use coordinator::txn::TxnState;
use metadata::MetadataImage;
use std::fmt::{Display, Write};
use types::{GroupId, Offset, WallTime};

/// Quantiles of a summary, in thousandths, as the rules for Kafka's name them.
const QUANTILES: [(u64, &str); 6] =
    [(500, "0.50"), (750, "0.75"), (950, "0.95"), (980, "0.98"), (990, "0.99"), (999, "0.999")];
const PER_MS: u32 = 1_000;
const PER_SECOND: u32 = 1_000_000;

/// Everything a scrape shows, as it is at one moment.
pub(crate) struct Scrape<'a> {
    /// The counters.
    pub(crate) probes: &'a Probes,
    /// Those of topics.
    pub(crate) topics: &'a TopicLabels,
    /// The metadata that gives topics their names.
    pub(crate) image: &'a MetadataImage,
    /// Sums over the shards.
    pub(crate) sizes: Sizes,
    /// Logs that have lines of their own.
    pub(crate) logs: Vec<LogSize>,
    /// Partitions of groups that have lines of their own.
    pub(crate) groups: Vec<(GroupId, PartitionFacts)>,
    /// This moment.
    pub(crate) now: WallTime,
    /// Times without a label, by the name of their metric. *Units*: us.
    pub(crate) times: Vec<(&'static str, Counts)>,
    /// Values that nobody counts, by the name of their metric.
    pub(crate) gauges: Vec<(&'static str, u64)>,
}

impl Scrape<'_> {
    /// Writes all metrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for row in METRICS {
            head(&mut text, row);
            self.samples(&mut Samples { text: &mut text, row });
        }
        text
    }

    fn samples(&self, out: &mut Samples<'_>) {
        match out.row.labels {
            [] if matches!(out.row.kind, Kind::Summary | Kind::Histogram) => self.times(out),
            [] => {
                if let Some(value) = self.value(out.row.name) {
                    out.sample("", &[], value);
                }
            }
            ["topic"] => self.by_topic(out),
            ["topic", "partition"] if out.row.name.starts_with("highwater_") => self.by_open_txn(out),
            ["topic", "partition"] => self.by_log(out),
            ["group", "topic", "partition"] => self.by_group(out),
            ["listener"] => {
                let Some(value) = of_listener(out.row.name) else { return };
                self.probes.listeners.iter().for_each(|one| out.sample("", &[one.name()], value(one)));
            }
            ["delayedOperation"] => {
                out.sample("", &["Produce"], self.sizes.waiting_produces);
                out.sample("", &["Fetch"], self.sizes.waiting_fetches);
            }
            ["error"] => by_code(out, &[], &self.probes.batches),
            ["reason"] => {
                let all = self.probes.groups.by_reason(out.row.name);
                all.for_each(|(reason, count)| out.sample("", &[reason], count));
            }
            ["result"] => {
                let ended = self.probes.txns.ended();
                ended.iter().for_each(|(result, count)| out.sample("", &[result], count));
            }
            ["state"] if out.row.name == "highwater_transactional_ids" => {
                for state in txns::STATES.map(TxnState::name) {
                    out.sample("", &[state], self.sizes.txns.ids.get(state).copied().unwrap_or(0));
                }
            }
            ["protocol"] => {
                for kind in ["classic", "consumer"] {
                    let of = self.sizes.groups.counts.groups.iter().filter(|((one, _), _)| *one == kind);
                    out.sample("", &[kind], of.map(|(_, count)| count).sum::<u64>());
                }
            }
            ["type", "state"] => {
                let counts = &self.sizes.groups.counts.groups;
                for (kind, state) in groups::STATES {
                    let count = counts.get(&(kind, state)).copied().unwrap_or(0);
                    out.sample("", &[kind, state], count);
                }
            }
            ["state"] => {
                out.sample("", &["active"], self.sizes.groups.active);
                out.sample("", &["loading"], self.sizes.groups.loading);
            }
            _ => self.probes.apis.iter().flatten().for_each(|api| by_api(out, api)),
        }
    }

    /// As Kafka's: one without a label for all topics, then one per topic.
    fn by_topic(&self, out: &mut Samples<'_>) {
        let Some(value) = of_topic(out.row.name) else { return };
        out.sample("", &[], value(&self.probes.topics));
        for (id, probes) in self.topics.own() {
            if let Some(topic) = self.image.topics().by_id(id) {
                out.sample("", &[topic.name.as_str()], value(probes));
            }
        }
        out.sample("", &[OTHERS], value(self.topics.others()));
    }

    fn times(&self, out: &mut Samples<'_>) {
        for (_, counts) in self.times.iter().filter(|(name, _)| *name == out.row.name) {
            match out.row.kind {
                Kind::Histogram => out.histogram("", counts),
                _ => out.summary("", counts, PER_MS),
            }
        }
    }

    fn by_log(&self, out: &mut Samples<'_>) {
        let Some(value) = of_log(out.row.name) else { return };
        for log in &self.logs {
            if let Some(topic) = self.image.topics().by_id(log.key.topic_id) {
                let partition = log.key.partition.0.to_string();
                out.sample("", &[topic.name.as_str(), &partition], value(log));
            }
        }
    }

    fn by_open_txn(&self, out: &mut Samples<'_>) {
        for one in self.sizes.open_txns.iter().take(LOGS_MAX) {
            if let Some(topic) = self.image.topics().by_id(one.key.topic_id) {
                let age = txns::age(one, &self.sizes.txns, self.now);
                let partition = one.key.partition.0.to_string();
                out.sample("", &[topic.name.as_str(), &partition], age.as_secs_f64());
            }
        }
    }

    fn by_group(&self, out: &mut Samples<'_>) {
        for (group, one) in &self.groups {
            let labels = [group.as_str(), &one.topic, &one.partition.to_string()];
            match out.row.name {
                "highwater_group_lag_records" => {
                    one.lag().into_iter().for_each(|lag| out.sample("", &labels, lag));
                }
                "highwater_group_lag_seconds" => {
                    one.lag_time(self.now).iter().for_each(|lag| out.sample("", &labels, lag.as_secs_f64()));
                }
                "highwater_group_records_skipped_total" => {
                    out.sample("", &labels, self.probes.skipped.of(group, one).unwrap_or(0));
                }
                _ => out.sample("", &labels, one.skipped()),
            }
        }
    }

    fn value(&self, name: &str) -> Option<u64> {
        let (probes, sizes) = (self.probes, &self.sizes);
        Some(match name {
            "kafka_server_brokertopicmetrics_invalidmessagecrcrecords_total" => probes.invalid.crc.get(),
            "kafka_server_brokertopicmetrics_invalidmagicnumberrecords_total" => probes.invalid.magic.get(),
            "kafka_server_brokertopicmetrics_invalidoffsetorsequencerecords_total" => {
                probes.invalid.order.get()
            }
            "kafka_network_socketserver_expiredconnectionskilledcount" => probes.connections_expired.get(),
            "kafka_server_replicamanager_partitioncount" | "highwater_partitions" => sizes.partitions,
            "kafka_server_replicamanager_leadercount" => sizes.led,
            "kafka_server_replicamanager_underreplicatedpartitions" => sizes.under_replicated,
            "kafka_server_replicamanager_underminisrpartitioncount" => sizes.under_min_isr,
            "kafka_server_replicamanager_atminisrpartitioncount" => sizes.at_min_isr,
            "kafka_server_replicamanager_produceridcount" => sizes.producers,
            "kafka_server_replicamanager_offlinereplicacount"
            | "kafka_controller_kafkacontroller_offlinepartitionscount"
            | "highwater_offline_partitions" => probes.offline_partitions.get(),
            "kafka_controller_kafkacontroller_globaltopiccount" | "highwater_topics" => {
                self.image.topics().len() as u64
            }
            "kafka_controller_kafkacontroller_globalpartitioncount" => {
                self.image.topics().partition_count() as u64
            }
            "highwater_produce_bytes_total" => probes.produce_bytes.get(),
            "highwater_fetch_bytes_total" => probes.fetch_bytes.get(),
            "highwater_connections_refused_total" => probes.connections_refused.get(),
            "highwater_checkpoints_total" => probes.checkpoints.get(),
            "highwater_unwritten_bytes" => sizes.unwritten_bytes,
            "highwater_tail_bytes" => sizes.tail_bytes,
            _ => {
                let gauge = self.gauges.iter().find(|(gauge, _)| *gauge == name);
                let of_groups = || probes.history.value(name).or_else(|| probes.groups.value(name));
                let size = || groups::size(&sizes.groups, name, self.now.0);
                let of_txns = || probes.txns.value(name);
                let own = || probes.cleaner.value(name).or_else(of_groups).or_else(size).or_else(of_txns);
                return gauge.map(|(_, value)| *value).or_else(own);
            }
        })
    }
}

fn of_topic(name: &str) -> Option<fn(&TopicProbes) -> u64> {
    Some(match name.strip_prefix("kafka_server_brokertopicmetrics_")? {
        "messagesin_total" => |topic| topic.messages_in.get(),
        "bytesin_total" => |topic| topic.bytes_in.get(),
        "bytesout_total" => |topic| topic.bytes_out.get(),
        "bytesrejected_total" => |topic| topic.bytes_rejected.get(),
        "totalproducerequests_total" => |topic| topic.produces.get(),
        "totalfetchrequests_total" => |topic| topic.fetches.get(),
        "failedproducerequests_total" => |topic| topic.failed_produces.get(),
        "failedfetchrequests_total" => |topic| topic.failed_fetches.get(),
        _ => return None,
    })
}

fn of_listener(name: &str) -> Option<fn(&ListenerProbes) -> u64> {
    Some(match name.strip_prefix("kafka_server_socket_server_metrics_")? {
        "connection_count" => |listener| listener.open.get(),
        "connection_creation_total" => |listener| listener.created.get(),
        _ => return None,
    })
}

fn of_log(name: &str) -> Option<fn(&LogSize) -> u64> {
    Some(match name.strip_prefix("kafka_log_log_")? {
        "size" => |log| log.bytes,
        "numlogsegments" => |log| log.segments,
        "logstartoffset" => |log| shown(log.start),
        "logendoffset" => |log| shown(log.end),
        "retentionsizeinpercent" => {
            |log| log.retention_bytes.map_or(0, |most| log.bytes.saturating_mul(100) / most.max(1))
        }
        _ => return None,
    })
}

fn shown(offset: Offset) -> u64 {
    u64::try_from(offset.0).unwrap_or(0)
}

/// An API that nobody has used yet has no samples.
fn by_api(out: &mut Samples<'_>, api: &ApiProbes) {
    let name = api.info.name;
    match out.row.name {
        "highwater_network_requests_total" => {
            let sum: u64 = api.versions.iter().map(super::Counter::get).sum();
            if sum > 0 {
                out.sample("", &[name], sum);
            }
        }
        "kafka_network_requestmetrics_requests_total" => {
            for (version, counter) in
                (api.info.min..).zip(&api.versions).filter(|(_, counter)| counter.get() > 0)
            {
                out.sample("", &[name, &version.to_string()], counter.get());
            }
        }
        "kafka_network_requestmetrics_errors_total" => by_code(out, &[name], &api.errors),
        "kafka_network_requestmetrics_totaltimems" => out.summary(name, &api.total_time.counts(), PER_MS),
        "kafka_network_requestmetrics_requestbytes" => out.summary(name, &api.sizes.counts(), 1),
        "highwater_request_seconds" => out.histogram(name, &api.total_time.counts()),
        _ => {}
    }
}

fn by_code(out: &mut Samples<'_>, before: &[&str], codes: &super::CodeCounters) {
    for (code, count) in codes.counted() {
        out.sample("", &[before, &[code.name()]].concat(), count);
    }
}

fn head(text: &mut String, row: &Metric) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {} {}\n# TYPE {0} {}", row.name, row.help, row.kind.name());
}

/// Writes the samples of one metric.
struct Samples<'t> {
    text: &'t mut String,
    row: &'static Metric,
}

impl Samples<'_> {
    /// Writes one; labels without a value are left out.
    fn sample(&mut self, suffix: &str, labels: &[&str], value: impl Display) {
        self.line(suffix, labels, None, value);
    }

    fn line(&mut self, suffix: &str, labels: &[&str], last: Option<(&str, &str)>, value: impl Display) {
        let own = self.row.labels.iter().copied().zip(labels.iter().copied());
        let pairs: Vec<String> =
            own.chain(last).map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        let _ = writeln!(self.text, "{}{suffix}{labels} {value}", self.row.name);
    }

    fn summary(&mut self, label: &str, counts: &Counts, scale: u32) {
        let labels = self.labels(label);
        if counts.total() == 0 && !labels.is_empty() {
            return;
        }
        for (thousandths, name) in QUANTILES {
            if let Some(value) = counts.quantile(thousandths) {
                self.line("", &labels, Some(("quantile", name)), scaled(value, scale));
            }
        }
        self.sample("_sum", &labels, scaled(counts.sum, scale));
        self.sample("_count", &labels, counts.total());
    }

    /// Writes times as seconds.
    fn histogram(&mut self, label: &str, counts: &Counts) {
        let labels = self.labels(label);
        if counts.total() == 0 && !labels.is_empty() {
            return;
        }
        for (below, sum) in counts.by_powers() {
            let bound = scaled(below, PER_SECOND).to_string();
            self.line("_bucket", &labels, Some(("le", &bound)), sum);
        }
        self.line("_bucket", &labels, Some(("le", "+Inf")), counts.total());
        self.sample("_sum", &labels, scaled(counts.sum, PER_SECOND));
        self.sample("_count", &labels, counts.total());
    }

    fn labels<'l>(&self, label: &'l str) -> Vec<&'l str> {
        self.row.labels.iter().map(|_| label).collect()
    }
}

fn scaled(value: u64, scale: u32) -> f64 {
    std::time::Duration::from_secs(value).as_secs_f64() / f64::from(scale)
}

/// Escapes what may not stand in the value of a label.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a label cannot break out of its line (A39).
    #[test]
    fn labels_are_escaped() {
        let (mut text, row) = (String::new(), &METRICS[0]);
        Samples { text: &mut text, row }.sample("", &["a\"b\\c\nd"], 1);
        assert_eq!(text, format!("{}{{topic=\"a\\\"b\\\\c\\nd\"}} 1\n", row.name));
    }
}
