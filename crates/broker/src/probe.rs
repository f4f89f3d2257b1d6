//! What the broker counts. Names and meanings; docs in docs/book come from here.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use types::ErrorCode;

/// Label of metrics per API.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct ApiLabel {
    /// Kafka's name of the API.
    pub(crate) api: &'static str,
}

/// Label of metrics per error.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct ErrorLabel {
    /// Kafka's name of the code.
    pub(crate) error: &'static str,
}

/// The counters of one broker.
pub(crate) struct Probes {
    registry: Registry,
    /// Requests accepted, by API.
    pub(crate) requests: Family<ApiLabel, Counter>,
    /// Batches by how they ended; `NONE` is an acknowledgement.
    pub(crate) batches: Family<ErrorLabel, Counter>,
    /// Record bytes accepted from producers.
    pub(crate) produce_bytes: Counter,
    /// Record bytes sent to consumers.
    pub(crate) fetch_bytes: Counter,
    /// Connections refused by a cap, or closed for what they sent.
    pub(crate) connections_refused: Counter,
    /// Partitions offline because of damage or a failed directory.
    pub(crate) offline_partitions: Gauge,
    /// Checkpoints completed.
    pub(crate) checkpoints: Counter,
}

impl Probes {
    /// Registers all metrics.
    pub(crate) fn new() -> Probes {
        let mut registry = Registry::with_prefix("highwater");
        let mut probes = Probes {
            registry: Registry::default(),
            requests: Family::default(),
            batches: Family::default(),
            produce_bytes: Counter::default(),
            fetch_bytes: Counter::default(),
            connections_refused: Counter::default(),
            offline_partitions: Gauge::default(),
            checkpoints: Counter::default(),
        };
        registry.register("network_requests", "Requests accepted, by API", probes.requests.clone());
        registry.register(
            "produce_batches",
            "Batches by how they ended; NONE is stored",
            probes.batches.clone(),
        );
        registry.register("produce_bytes", "Record bytes from producers", probes.produce_bytes.clone());
        registry.register("fetch_bytes", "Record bytes to consumers", probes.fetch_bytes.clone());
        let refused = probes.connections_refused.clone();
        registry.register("connections_refused", "Connections refused or closed for what they sent", refused);
        registry.register(
            "offline_partitions",
            "Partitions that cannot be served",
            probes.offline_partitions.clone(),
        );
        registry.register("checkpoints", "Checkpoints completed", probes.checkpoints.clone());
        probes.registry = registry;
        probes
    }

    /// Counts how a batch ended.
    pub(crate) fn produced(&self, code: ErrorCode) {
        self.batches.get_or_create(&ErrorLabel { error: code.name() }).inc();
    }

    /// Writes all metrics in the Prometheus text format, without the closing mark.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text.trim_end().trim_end_matches("# EOF").to_string()
    }
}

impl std::fmt::Debug for Probes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probes").finish_non_exhaustive()
    }
}
