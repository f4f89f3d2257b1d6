//! Every metric of the broker, once: what /metrics says of it, what docs/book/metrics.md says of it, and whether a
//! test sees it move.
//!
//! The scrape goes through this table row by row, so there is no metric outside it; `cargo xtask reference` writes the
//! page from it, so this file uses nothing but `core`. Kafka's metrics have the names that the usual rules of the
//! Prometheus JMX exporter give (`lowercaseOutputName`; `...PerSec` is `..._total`). Tests: tests/storage/metrics.rs.

/// Topics that have a label of their own; all others are summed under [`OTHERS`].
pub const TOPICS_MAX: usize = 1_000;
/// Partitions whose log has lines of its own, in order of topics' names and partitions.
pub const LOGS_MAX: usize = 1_000;
/// The label of all topics that have none of their own. No topic can have this name.
pub const OTHERS: &str = "(others)";

/// The kind of a metric, as Prometheus calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It only rises, from zero at the start of the broker.
    Counter,
    /// It rises and falls.
    Gauge,
    /// Quantiles since the start of the broker, sum and count.
    Summary,
    /// Counts by upper bound, sum and count.
    Histogram,
}

impl Kind {
    /// Returns Prometheus' name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
            Kind::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metric {
    /// The name on /metrics.
    pub name: &'static str,
    /// The kind.
    pub kind: Kind,
    /// Names of its labels, in their order.
    pub labels: &'static [&'static str],
    /// What one is.
    pub unit: &'static str,
    /// What it says, in a line.
    pub help: &'static str,
    /// Kafka's name of it; empty for one of ours.
    pub kafka: &'static str,
    /// Whether a test sees it move.
    pub exercised: bool,
}

const TOPIC: &[&str] = &["topic"];
const REQUEST: &[&str] = &["request"];
const LISTENER: &[&str] = &["listener"];
const LOG: &[&str] = &["topic", "partition"];
const GROUP: &[&str] = &["group", "topic", "partition"];
const NONE: &[&str] = &[];

const fn counter(name: &'static str, unit: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels: NONE, unit, help, kafka: "", exercised: true }
}

const fn gauge(name: &'static str, unit: &'static str, help: &'static str) -> Metric {
    Metric { kind: Kind::Gauge, ..counter(name, unit, help) }
}

impl Metric {
    const fn by(self, labels: &'static [&'static str]) -> Metric {
        Metric { labels, ..self }
    }

    const fn as_kafkas(self, kafka: &'static str) -> Metric {
        Metric { kafka, ..self }
    }

    const fn with_kind(self, kind: Kind) -> Metric {
        Metric { kind, ..self }
    }

    /// No test sees it move.
    const fn unseen(self) -> Metric {
        Metric { exercised: false, ..self }
    }
}

/// All metrics, in the order of the scrape.
pub const METRICS: &[Metric] = &[
    counter("kafka_server_brokertopicmetrics_messagesin_total", "records", "Records stored")
        .by(TOPIC)
        .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec"),
    counter("kafka_server_brokertopicmetrics_bytesin_total", "bytes", "Bytes of stored batches")
        .by(TOPIC)
        .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec"),
    counter("kafka_server_brokertopicmetrics_bytesout_total", "bytes", "Bytes of batches sent to consumers")
        .by(TOPIC)
        .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_bytesrejected_total",
        "bytes",
        "Bytes of batches refused for their size",
    )
    .by(TOPIC)
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=BytesRejectedPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_totalproducerequests_total",
        "partitions",
        "Partitions in Produce requests",
    )
    .by(TOPIC)
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=TotalProduceRequestsPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_totalfetchrequests_total",
        "partitions",
        "Partitions in Fetch requests",
    )
    .by(TOPIC)
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=TotalFetchRequestsPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_failedproducerequests_total",
        "partitions",
        "Partitions in Produce requests answered with any error; Kafka leaves out the errors that it expects",
    )
    .by(TOPIC)
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=FailedProduceRequestsPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_failedfetchrequests_total",
        "partitions",
        "Partitions in Fetch requests answered with any error; Kafka leaves out the errors that it expects",
    )
    .by(TOPIC)
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=FailedFetchRequestsPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_invalidmessagecrcrecords_total",
        "batches",
        "Batches refused for their checksum",
    )
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=InvalidMessageCrcRecordsPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_invalidmagicnumberrecords_total",
        "batches",
        "Batches refused for a magic number other than 2; Kafka counts records that have another than their batch",
    )
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=InvalidMagicNumberRecordsPerSec"),
    counter(
        "kafka_server_brokertopicmetrics_invalidoffsetorsequencerecords_total",
        "batches",
        "Batches refused because offsets, count or sequence do not fit, or for control records",
    )
    .as_kafkas("kafka.server:type=BrokerTopicMetrics,name=InvalidOffsetOrSequenceRecordsPerSec"),
    counter("kafka_network_requestmetrics_requests_total", "requests", "Requests accepted")
        .by(&["request", "version"])
        .as_kafkas("kafka.network:type=RequestMetrics,name=RequestsPerSec"),
    counter(
        "kafka_network_requestmetrics_errors_total",
        "error codes",
        "Error codes in responses, one per partition or thing asked for; NONE is success",
    )
    .by(&["request", "error"])
    .as_kafkas("kafka.network:type=RequestMetrics,name=ErrorsPerSec"),
    gauge(
        "kafka_network_requestmetrics_totaltimems",
        "ms",
        "Time from a request's last byte to its answer, ready to be sent",
    )
    .with_kind(Kind::Summary)
    .by(REQUEST)
    .as_kafkas("kafka.network:type=RequestMetrics,name=TotalTimeMs"),
    gauge("kafka_network_requestmetrics_requestbytes", "bytes", "Size of requests")
        .with_kind(Kind::Summary)
        .by(REQUEST)
        .as_kafkas("kafka.network:type=RequestMetrics,name=RequestBytes"),
    gauge(
        "kafka_server_socket_server_metrics_connection_count",
        "connections",
        "Open connections of clients",
    )
    .by(LISTENER)
    .as_kafkas("kafka.server:type=socket-server-metrics,connection-count"),
    counter(
        "kafka_server_socket_server_metrics_connection_creation_total",
        "connections",
        "Connections of clients that were accepted",
    )
    .by(LISTENER)
    .as_kafkas("kafka.server:type=socket-server-metrics,connection-creation-total"),
    counter(
        "kafka_network_socketserver_expiredconnectionskilledcount",
        "connections",
        "Connections closed because they were idle for longer than connections.max.idle.ms",
    )
    .as_kafkas("kafka.network:type=SocketServer,name=ExpiredConnectionsKilledCount")
    .unseen(),
    gauge("kafka_server_replicamanager_partitioncount", "partitions", "Partitions on this broker")
        .as_kafkas("kafka.server:type=ReplicaManager,name=PartitionCount"),
    gauge("kafka_server_replicamanager_leadercount", "partitions", "Partitions that this broker leads")
        .as_kafkas("kafka.server:type=ReplicaManager,name=LeaderCount"),
    gauge(
        "kafka_server_replicamanager_offlinereplicacount",
        "partitions",
        "Partitions of this broker that cannot be served",
    )
    .as_kafkas("kafka.server:type=ReplicaManager,name=OfflineReplicaCount"),
    gauge(
        "kafka_server_replicamanager_underreplicatedpartitions",
        "partitions",
        "Led partitions with fewer replicas in sync than there are",
    )
    .as_kafkas("kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions")
    .unseen(),
    gauge(
        "kafka_server_replicamanager_underminisrpartitioncount",
        "partitions",
        "Led partitions with fewer replicas in sync than min.insync.replicas asks for",
    )
    .as_kafkas("kafka.server:type=ReplicaManager,name=UnderMinIsrPartitionCount")
    .unseen(),
    gauge(
        "kafka_server_replicamanager_atminisrpartitioncount",
        "partitions",
        "Led partitions with as many replicas in sync as min.insync.replicas asks for",
    )
    .as_kafkas("kafka.server:type=ReplicaManager,name=AtMinIsrPartitionCount"),
    gauge(
        "kafka_server_replicamanager_produceridcount",
        "producer ids",
        "Producers that partitions of this broker know, one per partition",
    )
    .as_kafkas("kafka.server:type=ReplicaManager,name=ProducerIdCount"),
    gauge(
        "kafka_server_delayedoperationpurgatory_purgatorysize",
        "requests",
        "Requests that wait: Produce for a sync, Fetch for records; one per shard that they wait on",
    )
    .by(&["delayedOperation"])
    .as_kafkas("kafka.server:type=DelayedOperationPurgatory,name=PurgatorySize")
    .unseen(),
    gauge(
        "kafka_controller_kafkacontroller_activecontrollercount",
        "controllers",
        "1 where this node decides on metadata",
    )
    .as_kafkas("kafka.controller:type=KafkaController,name=ActiveControllerCount")
    .unseen(),
    gauge(
        "kafka_controller_kafkacontroller_offlinepartitionscount",
        "partitions",
        "Partitions that nobody can serve",
    )
    .as_kafkas("kafka.controller:type=KafkaController,name=OfflinePartitionsCount"),
    gauge("kafka_controller_kafkacontroller_globaltopiccount", "topics", "Topics of the cluster")
        .as_kafkas("kafka.controller:type=KafkaController,name=GlobalTopicCount"),
    gauge("kafka_controller_kafkacontroller_globalpartitioncount", "partitions", "Partitions of the cluster")
        .as_kafkas("kafka.controller:type=KafkaController,name=GlobalPartitionCount"),
    gauge("kafka_controller_kafkacontroller_activebrokercount", "brokers", "Brokers that are not fenced")
        .as_kafkas("kafka.controller:type=KafkaController,name=ActiveBrokerCount")
        .unseen(),
    gauge("kafka_controller_kafkacontroller_fencedbrokercount", "brokers", "Brokers that are fenced")
        .as_kafkas("kafka.controller:type=KafkaController,name=FencedBrokerCount")
        .unseen(),
    gauge(
        "kafka_controller_kafkacontroller_lastappliedrecordoffset",
        "offset",
        "Offset of the last metadata record that is applied",
    )
    .as_kafkas("kafka.controller:type=KafkaController,name=LastAppliedRecordOffset"),
    gauge(
        "kafka_controller_kafkacontroller_lastappliedrecordtimestamp",
        "ms",
        "When the last metadata record was applied here, since 1970",
    )
    .as_kafkas("kafka.controller:type=KafkaController,name=LastAppliedRecordTimestamp"),
    gauge(
        "kafka_controller_kafkacontroller_lastappliedrecordlagms",
        "ms",
        "How far the applied metadata is behind; 0 where this node decides on it, as in Kafka",
    )
    .as_kafkas("kafka.controller:type=KafkaController,name=LastAppliedRecordLagMs")
    .unseen(),
    gauge(
        "kafka_controller_kafkacontroller_metadataerrorcount",
        "errors",
        "Settings in the metadata that this program cannot take; what counts without them is used",
    )
    .as_kafkas("kafka.controller:type=KafkaController,name=MetadataErrorCount"),
    gauge(
        "kafka_controller_kafkacontroller_newactivecontrollerscount",
        "controllers",
        "Controllers that became active since the start: this node, once",
    )
    .as_kafkas("kafka.controller:type=KafkaController,name=NewActiveControllersCount")
    .unseen(),
    gauge(
        "kafka_controller_controllereventmanager_eventqueuetimems",
        "ms",
        "Time that changes of the metadata wait for their turn",
    )
    .with_kind(Kind::Summary)
    .as_kafkas("kafka.controller:type=ControllerEventManager,name=EventQueueTimeMs"),
    gauge(
        "kafka_controller_controllereventmanager_eventqueueprocessingtimems",
        "ms",
        "Time to decide on a change of the metadata and to have it agreed",
    )
    .with_kind(Kind::Summary)
    .as_kafkas("kafka.controller:type=ControllerEventManager,name=EventQueueProcessingTimeMs"),
    gauge(
        "kafka_server_raft_metrics_current_leader",
        "node",
        "Node that leads the metadata quorum; no line without one",
    )
    .as_kafkas("kafka.server:type=raft-metrics,current-leader")
    .unseen(),
    gauge("kafka_server_raft_metrics_current_epoch", "epoch", "Number of that leadership")
        .as_kafkas("kafka.server:type=raft-metrics,current-epoch"),
    gauge(
        "kafka_server_raft_metrics_high_watermark",
        "offset",
        "End of what the metadata quorum has agreed on",
    )
    .as_kafkas("kafka.server:type=raft-metrics,high-watermark"),
    gauge("kafka_server_raft_metrics_log_end_offset", "offset", "End of the metadata quorum's log")
        .as_kafkas("kafka.server:type=raft-metrics,log-end-offset"),
    gauge("kafka_server_raft_metrics_number_of_voters", "nodes", "Nodes that vote in the metadata quorum")
        .as_kafkas("kafka.server:type=raft-metrics,number-of-voters")
        .unseen(),
    gauge(
        "kafka_server_metadataloader_currentmetadataversion",
        "level",
        "Level of the feature metadata.version",
    )
    .as_kafkas("kafka.server:type=MetadataLoader,name=CurrentMetadataVersion")
    .unseen(),
    gauge(
        "kafka_log_logmanager_offlinelogdirectorycount",
        "directories",
        "1 where the data directory has failed",
    )
    .as_kafkas("kafka.log:type=LogManager,name=OfflineLogDirectoryCount")
    .unseen(),
    gauge(
        "kafka_log_logflushstats_logflushrateandtimems",
        "ms",
        "Time to write and sync one group of the write-ahead log",
    )
    .with_kind(Kind::Summary)
    .as_kafkas("kafka.log:type=LogFlushStats,name=LogFlushRateAndTimeMs"),
    gauge("kafka_log_log_size", "bytes", "Bytes of a log, in segments and in the write-ahead log")
        .by(LOG)
        .as_kafkas("kafka.log:type=Log,name=Size"),
    gauge(
        "kafka_log_log_numlogsegments",
        "segments",
        "Segment files of a log; none before its first bytes leave the write-ahead log",
    )
    .by(LOG)
    .as_kafkas("kafka.log:type=Log,name=NumLogSegments"),
    gauge("kafka_log_log_logstartoffset", "offset", "First offset of a log")
        .by(LOG)
        .as_kafkas("kafka.log:type=Log,name=LogStartOffset"),
    gauge("kafka_log_log_logendoffset", "offset", "Offset that the next record of a log gets")
        .by(LOG)
        .as_kafkas("kafka.log:type=Log,name=LogEndOffset"),
    gauge(
        "kafka_log_log_retentionsizeinpercent",
        "percent",
        "Size of a log against its retention.bytes; 0 without that limit",
    )
    .by(LOG)
    .as_kafkas("kafka.log:type=Log,name=RetentionSizeInPercent"),
    counter("highwater_network_requests_total", "requests", "Requests accepted, by API").by(&["api"]),
    gauge(
        "highwater_request_seconds",
        "s",
        "Time from a request's last byte to its answer, ready to be sent",
    )
    .with_kind(Kind::Histogram)
    .by(REQUEST),
    counter("highwater_produce_batches_total", "batches", "Batches by how they ended; NONE is stored")
        .by(&["error"]),
    counter(
        "highwater_produce_bytes_total",
        "bytes",
        "Record bytes from producers, before their logs decide",
    ),
    counter("highwater_fetch_bytes_total", "bytes", "Record bytes to consumers"),
    counter(
        "highwater_connections_refused_total",
        "connections",
        "Connections refused by a cap, or closed for what they sent or how slowly",
    ),
    gauge("highwater_offline_partitions", "partitions", "Partitions that cannot be served"),
    counter("highwater_checkpoints_total", "checkpoints", "Checkpoints completed"),
    gauge("highwater_partitions", "partitions", "Partitions on this broker"),
    gauge(
        "highwater_unwritten_bytes",
        "bytes",
        "Record bytes that are only in the write-ahead log and in memory",
    ),
    gauge("highwater_tail_bytes", "bytes", "Record bytes held in memory for readers"),
    gauge("highwater_connections", "connections", "Open connections"),
    gauge("highwater_fetch_sessions", "sessions", "Fetch sessions").unseen(),
    gauge("highwater_groups_memory_bytes", "bytes", "What groups, their members and their offsets hold"),
    gauge("highwater_groups_memory_max_bytes", "bytes", "What they may hold: highwater.groups.memory.bytes")
        .unseen(),
    counter(
        "highwater_groups_refused_total",
        "refusals",
        "New members, ids and offsets of new partitions that were refused because groups hold what they may",
    ),
    gauge(
        "kafka_server_group_coordinator_metrics_group_count",
        "groups",
        "Groups; those that nobody has joined yet have offsets alone and count as classic",
    )
    .by(&["protocol"])
    .as_kafkas("kafka.server:type=group-coordinator-metrics,group-count"),
    gauge("highwater_groups", "groups", "Groups by type and state")
        .by(&["type", "state"]),
    gauge("highwater_group_members", "members", "Members of all groups"),
    gauge(
        "kafka_coordinator_group_groupmetadatamanager_numoffsets",
        "offsets",
        "Committed offsets of all groups",
    )
    .as_kafkas("kafka.coordinator.group:type=GroupMetadataManager,name=NumOffsets"),
    gauge(
        "kafka_server_group_coordinator_metrics_num_partitions",
        "partitions",
        "Partitions of the offsets topic whose groups are served, or being loaded",
    )
    .by(&["state"])
    .as_kafkas("kafka.server:type=group-coordinator-metrics,num-partitions"),
    counter(
        "kafka_server_group_coordinator_metrics_offset_commit_count",
        "offsets",
        "Offsets that were committed",
    )
    .as_kafkas("kafka.server:type=group-coordinator-metrics,offset-commit-count"),
    counter(
        "kafka_server_group_coordinator_metrics_offset_expiration_count",
        "offsets",
        "Offsets that went by themselves: by age, or because there are too many",
    )
    .as_kafkas("kafka.server:type=group-coordinator-metrics,offset-expiration-count")
    .unseen(),
    counter(
        "kafka_server_group_coordinator_metrics_offset_deletion_count",
        "offsets",
        "Offsets that went because somebody asked for it, or with their topic",
    )
    .as_kafkas("kafka.server:type=group-coordinator-metrics,offset-deletion-count"),
    counter(
        "kafka_server_group_coordinator_metrics_group_completed_rebalance_count",
        "rebalances",
        "Rebalances of groups of the classic protocol that ended with an assignment",
    )
    .as_kafkas("kafka.server:type=group-coordinator-metrics,group-completed-rebalance-count"),
    counter(
        "kafka_server_group_coordinator_metrics_consumer_group_rebalance_count",
        "rebalances",
        "New epochs of groups of the consumer protocol",
    )
    .as_kafkas("kafka.server:type=group-coordinator-metrics,consumer-group-rebalance-count"),
    gauge(
        "kafka_server_group_coordinator_metrics_event_queue_size",
        "requests",
        "Requests and deadlines that wait for the batch that is on its way",
    )
    .as_kafkas("kafka.server:type=group-coordinator-metrics,event-queue-size")
    .unseen(),
    counter(
        "highwater_group_sessions_expired_total",
        "members",
        "Members that were not heard of for their session, and are no members any more",
    ),
    counter("highwater_group_offsets_gone_total", "offsets", "Offsets that went, by reason").by(&["reason"]),
    counter("highwater_groups_gone_total", "groups", "Groups that went, by reason").by(&["reason"]),
    gauge(
        "highwater_group_offsets_idle",
        "offsets",
        "Offsets of groups without members, one at least for each; beyond highwater.offsets.max some go, where no retention is set",
    ),
    gauge(
        "highwater_group_offsets_due",
        "offsets",
        "Offsets that go by age within a day, as seen at the last look for them",
    )
    .unseen(),
    gauge(
        "highwater_groups_due",
        "groups",
        "Groups that lose offsets by age within a day, or go because they have neither members nor offsets",
    ),
    gauge("highwater_groups_due_seconds", "s", "Time until the first of them goes; 0 if there is none"),
    counter(
        "highwater_transactions_ended_total",
        "transactions",
        "Transactions whose end was decided: committed or aborted by their producer, fenced (another producer of the id began, or an \
         operator aborted it), timed_out",
    )
    .by(&["result"]),
    gauge(
        "highwater_transactional_ids",
        "ids",
        "Transactional ids by the state of their last transaction; Ongoing is open",
    )
    .by(&["state"]),
    gauge(
        "highwater_partition_oldest_transaction_seconds",
        "s",
        "Age of the oldest open transaction of a partition, at whose first record readers of committed data wait; since it began, or \
         for one that no coordinator runs since its producer has written last; no line where none is open",
    )
    .by(LOG),
    gauge(
        "highwater_orphaned_transactions",
        "transactions",
        "Open transactions that no coordinator runs, one per partition, as found after the start and not ended since; only a command \
         ends them",
    ),
    counter(
        "highwater_transactions_held_total",
        "requests",
        "Requests that were held until an earlier transaction of their id had ended everywhere",
    ),
    counter(
        "highwater_transactions_late_total",
        "requests",
        "Requests about transactions that came by a connection which their producer had given up, and got no answer",
    ),
    counter(
        "highwater_transactional_ids_expired_total",
        "ids",
        "Transactional ids that were not used for transactional.id.expiration.ms, and are forgotten",
    )
    .unseen(),
    gauge("highwater_transactions_memory_bytes", "bytes", "What transactional ids hold"),
    gauge("highwater_transactions_memory_max_bytes", "bytes", "What they may hold").unseen(),
    gauge(
        "kafka_server_transaction_coordinator_metrics_partition_load_time_max",
        "ms",
        "Longest time in which the transactions of a partition of the state topic were loaded, since the start",
    )
    .as_kafkas("kafka.server:type=transaction-coordinator-metrics,partition-load-time-max")
    .unseen(),
    gauge(
        "kafka_server_transaction_coordinator_metrics_partition_load_time_avg",
        "ms",
        "Average of those times",
    )
    .as_kafkas("kafka.server:type=transaction-coordinator-metrics,partition-load-time-avg")
    .unseen(),
    counter(
        "kafka_server_addpartitionstotxnmanager_verificationfailure_total",
        "batches",
        "First batches of a transaction in a partition that were refused because their coordinator does not run it there, or cannot say",
    )
    .as_kafkas("kafka.server:type=AddPartitionsToTxnManager,name=VerificationFailureRate"),
    gauge(
        "kafka_server_addpartitionstotxnmanager_verificationtimems",
        "ms",
        "Time in which coordinators have answered for such batches",
    )
    .with_kind(Kind::Summary)
    .as_kafkas("kafka.server:type=AddPartitionsToTxnManager,name=VerificationTimeMs"),
    gauge("highwater_topics", "topics", "Topics"),
    gauge("highwater_wal_pool_free_bytes", "bytes", "Free bytes in the pool of the write-ahead log"),
    gauge("highwater_disk_reserve_bytes", "bytes", "Bytes kept back for a full disk"),
    gauge("highwater_disk_free_bytes", "bytes", "Free bytes of the data directory's file system").unseen(),
    gauge("highwater_wal_sync_seconds", "s", "Time to write and sync one group of the write-ahead log")
        .with_kind(Kind::Histogram),
    gauge("highwater_metadata_commit_seconds", "s", "Time to have a change of the metadata agreed and applied")
        .with_kind(Kind::Histogram),
    gauge(
        "kafka_log_logcleanermanager_max_dirty_percent",
        "percent",
        "Largest share of bytes of a log that no compaction has seen",
    )
    .as_kafkas("kafka.log:type=LogCleanerManager,name=max-dirty-percent")
    .unseen(),
    gauge(
        "kafka_log_logcleanermanager_uncleanable_partitions_count",
        "partitions",
        "Logs that could not be compacted and are left alone for a while",
    )
    .as_kafkas("kafka.log:type=LogCleanerManager,name=uncleanable-partitions-count")
    .unseen(),
    gauge(
        "kafka_log_logcleaner_cleaner_recopy_percent",
        "percent",
        "What the last compaction left of the bytes that it read",
    )
    .as_kafkas("kafka.log:type=LogCleaner,name=cleaner-recopy-percent")
    .unseen(),
    gauge("kafka_log_logcleaner_max_clean_time_secs", "s", "Time that the last compaction took")
        .as_kafkas("kafka.log:type=LogCleaner,name=max-clean-time-secs")
        .unseen(),
    gauge(
        "kafka_log_logcleaner_max_buffer_utilization_percent",
        "percent",
        "How full the memory for keys was in the last compaction",
    )
    .as_kafkas("kafka.log:type=LogCleaner,name=max-buffer-utilization-percent")
    .unseen(),
    gauge(
        "kafka_log_logcleaner_max_compaction_delay_secs",
        "s",
        "Longest time for which a log has waited beyond max.compaction.lag.ms",
    )
    .as_kafkas("kafka.log:type=LogCleaner,name=max-compaction-delay-secs")
    .unseen(),
    counter("highwater_compactions_total", "compactions", "Compactions of a log that have ended").unseen(),
    counter("highwater_compacted_records_total", "records", "Records that compaction has taken away").unseen(),
    gauge("highwater_group_lag_records", "records", "Records that a group has not read, up to the high watermark")
        .by(GROUP),
    gauge(
        "highwater_group_lag_seconds",
        "s",
        "Age of the first record that a group has not read; left out until that record was looked at, at most 100 at a scrape",
    )
    .by(GROUP),
    gauge(
        "highwater_group_skipped_records",
        "records",
        "Records between the committed offset of a group and the log start: deleted before the group had read them",
    )
    .by(GROUP),
    counter(
        "highwater_group_records_skipped_total",
        "records",
        "Records that were deleted before a group had read them, since the start of the broker, also after the group has gone on; \
         counted when a log start has moved, once a second at most, and at a scrape",
    )
    .by(GROUP),
    gauge(
        "highwater_group_partitions_without_lines",
        "partitions",
        "Partitions of groups beyond highwater.group.metrics.max, which have no lines of their own",
    ),
    counter("highwater_offset_history_notes_total", "commits", "Committed offsets noted in the history"),
    counter(
        "highwater_offset_history_missed_total",
        "commits",
        "Committed offsets that could not be noted; the commits themselves are stored all the same",
    ),
];

/// Metrics that Kafka has and this broker has not, with the reason.
pub const ABSENT: &[(&str, &str)] = &[
    ("BrokerTopicMetrics: Replication*, Reassignment*", "there is one replica of each partition"),
    ("BrokerTopicMetrics: Remote*", "there is no remote storage"),
    ("BrokerTopicMetrics: those of share fetches", "there are no share groups"),
    (
        "BrokerTopicMetrics: NoKeyCompactedTopicRecords",
        "comes with compaction; `kafka_network_requestmetrics_errors_total` counts them by their code",
    ),
    (
        "ReplicaManager: ReassigningPartitions, IsrShrinks, IsrExpands, FailedIsrUpdates",
        "there is one replica of each partition",
    ),
    (
        "KafkaController: PreferredReplicaImbalanceCount, TimedOutBrokerHeartbeatCount; ControllerStats",
        "there is one broker: nobody else to elect, and no heartbeats",
    ),
    (
        "RequestMetrics: RequestQueueTimeMs, LocalTimeMs, RemoteTimeMs, ResponseQueueTimeMs, ResponseSendTimeMs; \
         RequestChannel",
        "requests pass no queues between threads; the whole time is measured, not its parts",
    ),
    (
        "SocketServer: NetworkProcessorAvgIdlePercent; KafkaRequestHandlerPool",
        "there are no pools of network or request threads",
    ),
    ("socket-server-metrics: failed and successful authentications", "there is no authentication"),
    (
        "socket-server-metrics: the label networkProcessor",
        "there are no network processors; connections are counted by listener",
    ),
    (
        "LogManager: LogDirectoryOffline, remainingLogsToRecover, remainingSegmentsToRecover",
        "there is one data directory, and the HTTP port opens after its recovery",
    ),
    (
        "LogCleaner: DeadThreadCount, time-since-last-run-ms, uncleanable-bytes",
        "there are no cleaner threads that could die; what is held off is counted in logs",
    ),
    ("ReplicaFetcherManager, FetcherLagMetrics", "there is one replica of each partition"),
    (
        "group-coordinator-metrics: rates, event times, thread-idle-ratio, batch times, partition-load-time",
        "counts give the rates; a coordinator is a part of its shard and has no thread; the rest is not measured yet",
    ),
    ("GroupMetadataManager: NumGroups*", "`highwater_groups` says them by type and state"),
    (
        "raft-metrics: commit-latency-avg, commit-latency-max",
        "`highwater_metadata_commit_seconds` says it, for windows of time too",
    ),
    (
        "raft-metrics: current-state, current-vote, log-end-epoch, number-of-observers, election-latency, \
         append-records-rate, fetch-records-rate, poll-idle-ratio-avg",
        "there is one voter, which elects itself when it starts",
    ),
    ("the quotas'", "there are no quotas"),
];
