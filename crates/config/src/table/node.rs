//! Settings of the node: identity, quorum, listeners, connections, requests, replication; then ours.
//!
//! *Source*: AbstractKafkaConfig of Kafka 4.3.1, for names, types, defaults and bounds. Data only.

use crate::property::{Bounds, Kind, Property, State, Unit, property};

const ADMISSION: State = State::NoSubject("requests are admitted by their bytes, see highwater.memory.max");
const HW: State = State::NoSubject("high watermarks are stored with every checkpoint");
const JAVA_CLASS: State = State::Refused("it names Java classes, which cannot be loaded here; remove it");
const LINGER: State =
    State::NoSubject("metadata records are grouped while the disk syncs; nothing waits by a timer");
const NODES: State = State::Later("it acts when a cluster can have more than one node");
const PURGE: State =
    State::NoSubject("a waiting request is released by what it waits for; there is nothing to purge");
const PUSH: State = State::NoSubject("a leader pushes to its followers; they do not fetch");
const QUORUM_LOG: State = State::NoSubject("the metadata log is cut by snapshots alone");
const REPLICATION: State = State::Later("it acts when a partition can have more than one replica");
const SOCKETS: State = State::NoSubject("the operating system sizes the buffers of sockets");
const THREADS: State =
    State::NoSubject("there is one shard per core instead of pools of threads, see highwater.shards");

/// Every setting of this area.
///
/// *Shape*: unique names.
#[rustfmt::skip] // a table: one row per setting
pub const NODE: &[Property] = &[
    property("process.roles", Kind::List, Some("broker,controller"), "What this process is; one node is broker and controller at once.").bounds(Bounds::OneOf(&["broker", "controller"])),
    property("node.id", Kind::Int, Some("1"), "Number of this node in its cluster, fixed for the life of its data directory.").from(0),
    property("broker.id", Kind::Int, Some("-1"), "Older name of node.id; both must be equal."),
    property("broker.rack", Kind::Text, None, "Name of the place where this broker stands, told to clients."),
    property("broker.heartbeat.interval.ms", Kind::Int, Some("2000"), "Time between two signs of life of a broker.").state(NODES),
    property("broker.session.timeout.ms", Kind::Int, Some("9000"), "Silence after which a broker is taken to be dead.").state(NODES),
    property("initial.broker.registration.timeout.ms", Kind::Int, Some("60000"), "Time a broker has to register at its start.").state(NODES),
    property("controller.listener.names", Kind::List, Some("CONTROLLER"), "Names of the listeners that belong to the quorum and not to clients."),
    property("controller.quorum.voters", Kind::List, Some(""), "The voters as id@host:port; it must name this node alone."),
    property("controller.quorum.bootstrap.servers", Kind::List, Some(""), "Where the quorum is found; one address at most."),
    property("controller.quorum.election.timeout.ms", Kind::Int, Some("1000"), "Silence after which a voter asks to be elected.").from(0).state(NODES),
    property("controller.quorum.fetch.timeout.ms", Kind::Int, Some("2000"), "Time without a successful fetch after which a voter asks to be elected.").from(0).state(NODES),
    property("controller.quorum.election.backoff.max.ms", Kind::Int, Some("1000"), "Longest wait before another election.").from(0).state(NODES),
    property("controller.quorum.append.linger.ms", Kind::Int, Some("25"), "Time that metadata records wait for company.").from(0).state(LINGER),
    property("controller.quorum.request.timeout.ms", Kind::Int, Some("2000"), "Time that a request to another voter may take.").from(0).state(NODES),
    property("controller.quorum.retry.backoff.ms", Kind::Int, Some("20"), "Wait before a request to another voter is repeated.").from(0).state(NODES),
    property("controller.quorum.auto.join.enable", Kind::Boolean, Some("false"), "Whether a new controller joins the voters by itself.").state(NODES),
    property("controller.quorum.fetch.snapshot.max.bytes", Kind::Int, Some("1048576"), "Largest piece of a snapshot sent at once.").from(1).state(NODES),
    property("controller.quorum.fetch.max.bytes", Kind::Int, Some("1048576"), "Largest piece of the metadata log sent at once.").from(1).state(NODES),
    property("metadata.log.dir", Kind::Text, None, "Folder of the metadata log.").state(State::Refused("the metadata log is kept in the data directory, log.dirs; remove it")),
    property("metadata.log.max.record.bytes.between.snapshots", Kind::Long, Some("20971520"), "Bytes of metadata records after which a snapshot is written.").from(1),
    property("metadata.log.max.snapshot.interval.ms", Kind::Long, Some("3600000"), "Longest time between two metadata snapshots while records come.").from(0).state(State::Later("snapshots are taken by bytes and by entries, not by time yet")),
    property("metadata.log.segment.bytes", Kind::Int, Some("1073741824"), "Size of a segment of the metadata log.").from(8_388_608).state(QUORUM_LOG),
    property("metadata.log.segment.ms", Kind::Long, Some("604800000"), "Age of a segment of the metadata log.").state(QUORUM_LOG),
    property("metadata.max.retention.bytes", Kind::Long, Some("104857600"), "Size up to which old metadata records are kept.").state(QUORUM_LOG),
    property("metadata.max.retention.ms", Kind::Long, Some("604800000"), "Age up to which old metadata records are kept.").state(QUORUM_LOG),
    property("metadata.max.idle.interval.ms", Kind::Int, Some("500"), "Interval of no-op metadata records.").from(0).state(QUORUM_LOG),
    property("listeners", Kind::List, Some("PLAINTEXT://127.0.0.1:9092"), "Addresses on which the broker listens, as NAME://host:port."),
    property("advertised.listeners", Kind::List, None, "Addresses that clients are told to use; the listeners themselves when unset."),
    property("listener.security.protocol.map", Kind::Text, Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"), "Security protocol of each listener name; only PLAINTEXT exists yet."),
    property("inter.broker.listener.name", Kind::Text, None, "Listener over which brokers talk to each other."),
    property("early.start.listeners", Kind::List, None, "Listeners that open before the authorizer is ready.").state(State::NoSubject("there is no authorizer to wait for")),
    property("socket.send.buffer.bytes", Kind::Int, Some("102400"), "Send buffer of a connection.").state(SOCKETS),
    property("socket.receive.buffer.bytes", Kind::Int, Some("102400"), "Receive buffer of a connection.").state(SOCKETS),
    property("socket.request.max.bytes", Kind::Int, Some("104857600"), "Largest request that is read.").from(1),
    property("socket.listen.backlog.size", Kind::Int, Some("50"), "Connections that may wait to be accepted.").from(1).state(State::Later("the system's default is used")),
    property("max.connections", Kind::Int, Some("16384"), "Most connections at a time.").from(0).dynamic(),
    property("max.connections.per.ip", Kind::Int, Some("8192"), "Most connections at a time from one address.").from(0).dynamic(),
    property("max.connections.per.ip.overrides", Kind::Text, Some(""), "Most connections at a time from some addresses instead of max.connections.per.ip, as ADDRESS:COUNT.").dynamic(),
    property("max.connection.creation.rate", Kind::Int, Some("2147483647"), "Most new connections a second; more wait to be accepted.").from(0).dynamic(),
    property("connections.max.idle.ms", Kind::Long, Some("600000"), "Idle time after which a connection is closed."),
    property("connection.failed.authentication.delay.ms", Kind::Int, Some("100"), "Wait before a failed authentication is answered.").from(0).state(State::NoSubject("there is no authentication yet that could fail")),
    property("socket.connection.setup.timeout.ms", Kind::Long, Some("10000"), "Time to connect to another broker.").state(NODES),
    property("socket.connection.setup.timeout.max.ms", Kind::Long, Some("30000"), "Longest time to connect to another broker.").state(NODES),
    property("queued.max.requests", Kind::Int, Some("500"), "Requests that may wait for a thread.").from(1).state(ADMISSION),
    property("queued.max.request.bytes", Kind::Long, Some("-1"), "Bytes of requests that may wait for a thread.").state(ADMISSION),
    property("num.network.threads", Kind::Int, Some("3"), "Threads that read and write sockets.").from(1).dynamic().state(THREADS),
    property("num.io.threads", Kind::Int, Some("8"), "Threads that handle requests.").from(1).dynamic().state(THREADS),
    property("background.threads", Kind::Int, Some("10"), "Threads for background work.").from(1).dynamic().state(THREADS),
    property("num.replica.alter.log.dirs.threads", Kind::Int, None, "Threads that move replicas between folders.").state(THREADS),
    property("request.timeout.ms", Kind::Int, Some("30000"), "Time that a request to another broker may take.").state(NODES),
    property("fetch.max.bytes", Kind::Int, Some("57671680"), "Most bytes in one answer to Fetch.").from(1024),
    property("max.incremental.fetch.session.cache.slots", Kind::Int, Some("1000"), "Fetch sessions that are kept.").from(0),
    property("max.request.partition.size.limit", Kind::Int, Some("2000"), "Most partitions in one answer to DescribeTopicPartitions.").from(1),
    property("fetch.purgatory.purge.interval.requests", Kind::Int, Some("1000"), "How often finished fetches are purged.").state(PURGE),
    property("producer.purgatory.purge.interval.requests", Kind::Int, Some("1000"), "How often finished produces are purged.").state(PURGE),
    property("delete.records.purgatory.purge.interval.requests", Kind::Int, Some("1"), "How often finished deletions are purged.").state(PURGE),
    property("share.fetch.purgatory.purge.interval.requests", Kind::Int, Some("1000"), "How often finished share fetches are purged.").state(PURGE),
    property("config.providers", Kind::List, Some(""), "Classes that look up values elsewhere.").dynamic().state(JAVA_CLASS),
    property("create.topic.policy.class.name", Kind::Class, None, "Class that can forbid a topic.").state(JAVA_CLASS),
    property("alter.config.policy.class.name", Kind::Class, None, "Class that can forbid a change of a setting.").state(JAVA_CLASS),
    property("client.quota.callback.class", Kind::Class, None, "Class that decides quotas.").state(JAVA_CLASS),
    property("replica.selector.class", Kind::Text, None, "Class that picks the replica a consumer reads from.").state(JAVA_CLASS),
    property("controlled.shutdown.enable", Kind::Boolean, Some("true"), "Whether a stopping broker hands its leaderships over first.").state(NODES),
    property("controller.socket.timeout.ms", Kind::Int, Some("30000"), "Time that a request to the controller may take.").state(NODES),
    property("replica.lag.time.max.ms", Kind::Long, Some("30000"), "Time after which a follower that lags leaves the in-sync set.").state(REPLICATION),
    property("replica.socket.timeout.ms", Kind::Int, Some("30000"), "Time that a follower's fetch may take.").state(PUSH),
    property("replica.socket.receive.buffer.bytes", Kind::Int, Some("65536"), "Receive buffer of a follower.").state(PUSH),
    property("replica.fetch.max.bytes", Kind::Int, Some("1048576"), "Bytes that a follower fetches of a partition at once.").from(0).state(PUSH),
    property("replica.fetch.wait.max.ms", Kind::Int, Some("500"), "Longest wait of a follower's fetch.").state(PUSH),
    property("replica.fetch.backoff.ms", Kind::Int, Some("1000"), "Wait of a follower after a failed fetch.").from(0).state(PUSH),
    property("replica.fetch.min.bytes", Kind::Int, Some("1"), "Bytes for which a follower's fetch waits.").state(PUSH),
    property("replica.fetch.response.max.bytes", Kind::Int, Some("10485760"), "Bytes that a follower fetches at once.").from(0).state(PUSH),
    property("num.replica.fetchers", Kind::Int, Some("1"), "Threads that fetch from each leader.").from(1).dynamic().state(PUSH),
    property("replica.high.watermark.checkpoint.interval.ms", Kind::Long, Some("5000"), "Interval at which high watermarks are stored.").state(HW),
    property("auto.leader.rebalance.enable", Kind::Boolean, Some("true"), "Whether leaderships go back to the preferred replicas by themselves.").state(REPLICATION),
    property("leader.imbalance.check.interval.seconds", Kind::Long, Some("300"), "Interval at which leaderships are compared with the preferred replicas.").from(1).state(REPLICATION),
    property("unclean.leader.election.enable", Kind::Boolean, Some("false"), "Whether a replica that may lack acknowledged records can become leader.").dynamic().state(REPLICATION),
    property("follower.fetch.last.tiered.offset.enable", Kind::Boolean, Some("false"), "Whether a new follower starts after what lies in tiered storage.").dynamic().state(State::Refused("there is no tiered storage; remove it")),
    property("leader.replication.throttled.rate", Kind::Long, Some("9223372036854775807"), "Most bytes that a leader sends to throttled followers a second.").unit_is(Unit::Bytes).from(0).dynamic().state(REPLICATION),
    property("follower.replication.throttled.rate", Kind::Long, Some("9223372036854775807"), "Most bytes that a follower takes of throttled partitions a second.").unit_is(Unit::Bytes).from(0).dynamic().state(REPLICATION),
    property("replica.alter.log.dirs.io.max.bytes.per.second", Kind::Long, Some("9223372036854775807"), "Most bytes that moves between folders take a second.").unit_is(Unit::Bytes).from(0).dynamic().state(State::NoSubject("there is one data directory; nothing moves between folders")),
    property("default.replication.factor", Kind::Int, Some("1"), "Replicas of a topic for which none are asked for."),
    property("highwater.durability", Kind::Text, Some("fsync"), "What an acknowledgement means for topics that are created without saying it; existing topics keep what they have.")
        .bounds(Bounds::OneOf(&["fsync", "page-cache"])),
    property("highwater.preset", Kind::Text, Some("standard"), "Sizes to start from; tiny makes every limit small, for tests.")
        .bounds(Bounds::OneOf(&["standard", "tiny"])),
    property("highwater.offsets.max", Kind::Long, Some("1000000"), "Most committed offsets of groups without members; beyond, the groups that were idle for longest go. Does not count where offsets.retention.minutes is set.").from(0),
    property("highwater.group.metrics.max", Kind::Int, Some("1000"), "Partitions of groups whose lag has lines of its own on /metrics, in order of groups, topics and partitions; those beyond are counted.").from(0),
    property("highwater.offset.history.enable", Kind::Boolean, Some("true"), "Whether every commit of an offset is noted in __highwater_offset_history: who, when, from which offset to which."),
    property("highwater.offset.history.retention.ms", Kind::Long, Some("604800000"), "Time that notes of commits are kept. Counts when their topic is created; later it is the topic's retention.ms.").from(1),
    property("highwater.offset.history.retention.bytes", Kind::Long, Some("16777216"), "Bytes of notes that each partition of their topic keeps. Counts when the topic is created; later it is the topic's retention.bytes.").from(65_536),
    property("highwater.shards", Kind::Int, Some("0"), "Threads that own partitions; 0 is one per core.")
        .bounds(Bounds::Within(0, 64)),
    property("highwater.memory.max", Kind::Long, Some("0"), "Memory that the broker may use; 0 is half of what the machine or its control group gives, at most 4 GiB.")
        .from(0).unit_is(Unit::Bytes),
    property("highwater.groups.memory.bytes", Kind::Long, Some("0"), "Memory that groups, their members and their offsets may hold, beside highwater.memory.max; 0 is a quarter of that. Beyond, no new member and no offset of a new partition is taken in.")
        .from(0).unit_is(Unit::Bytes),
    property("highwater.disk.reserve.bytes", Kind::Long, Some("67108864"), "Size of a file of zeros in the data directory that is given up in steps when the disk is full, so that deleting and committing work.")
        .from(0),
    property("highwater.frame.timeout.ms", Kind::Long, Some("30000"), "Time in which the head of a request that has begun must come, and then its body.").from(1),
    property("highwater.answer.timeout.ms", Kind::Long, Some("60000"), "Time in which a client must take an answer, beside what its size needs at 256 bytes a millisecond.").from(1),
    property("highwater.allow.plaintext.listeners", Kind::Boolean, Some("false"), "Whether a listener without authentication may be open beyond this machine."),
    property("highwater.http.listener", Kind::Text, Some("127.0.0.1:9644"), "Address of the HTTP port for health and metrics; empty for none."),
    property("highwater.wal.file.bytes", Kind::Long, Some("33554432"), "Size of a file of the write-ahead log; a batch must fit into one.")
        .bounds(Bounds::Within(4_194_304, 1_073_741_824)),
    property("highwater.wal.first.file.bytes", Kind::Long, Some("4194304"), "Size of the first file of the write-ahead log, small so that a first start is quick.")
        .bounds(Bounds::Within(1_048_576, 1_073_741_824)),
    property("highwater.wal.checkpoint.bytes", Kind::Long, Some("67108864"), "Bytes of the write-ahead log after which a checkpoint is taken; one comes earlier when half of highwater.wal.pool.bytes is used.")
        .bounds(Bounds::Within(8_388_608, 1_073_741_824)),
    property("highwater.wal.pool.bytes", Kind::Long, Some("268435456"), "Bytes of all files of the write-ahead log together; at most four checkpoints, which bounds recovery.")
        .bounds(Bounds::Within(33_554_432, 4_294_967_296)),
];
