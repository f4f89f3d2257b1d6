//! Settings of one broker: the plain structs that its parts receive, built once at the start.
//!
//! Beyond the table's own bounds this file keeps what concerns several settings: one combined node,
//! one data directory, the sizes of the write-ahead log. Tests: `tests/broker.rs`.

use crate::error::{ConfigError, Notice};
use crate::group::GroupConfig;
use crate::listener::{Endpoint, Listener, ListenerSet, listeners};
use crate::preset::Preset;
use crate::sources::{Dynamic, Layer, Layers, Overrides, Sources};
use crate::topic::{self, Durability, TopicConfig};
use crate::transactions::TransactionConfig;
use core::net::IpAddr;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use types::{BrokerId, Millis};

/// What a file of the write-ahead log needs beside the largest batch (W-4). *Units*: bytes.
pub(crate) const WAL_OVERHEAD_BYTES: i64 = 8192;

/// Everything a broker is started with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerConfig {
    /// Number of the node in its cluster.
    pub node_id: BrokerId,
    /// Where it stands, told to clients.
    pub rack: Option<String>,
    /// The data directory, as given.
    pub data_dir: PathBuf,
    /// Listeners to open for clients. *Invariant*: at least one; all PLAINTEXT.
    pub listeners: Vec<Listener>,
    /// Listeners of the quorum; not opened while a cluster has one node.
    pub quorum_listeners: Vec<Listener>,
    /// Address of the HTTP port; `None` for no port.
    pub http_listener: Option<Endpoint>,
    /// Whether the HTTP address was asked for: only then is a taken port an error.
    pub http_listener_is_set: bool,
    /// Whether listeners without authentication may be open beyond this machine (D-17).
    pub allow_plaintext: bool,
    /// The sizes it started from.
    pub preset: Preset,
    /// Threads that own partitions; `None` is one per core.
    pub shards: Option<u32>,
    /// Memory that the broker may use; `None` is decided from the machine. *Units*: bytes.
    pub memory_max: Option<u64>,
    /// Limits of connections and requests.
    pub network: NetworkConfig,
    /// How topics come to be.
    pub topics: TopicCreation,
    /// Limits of groups, and the topic that holds their offsets.
    pub groups: GroupConfig,
    /// Transactions.
    pub transactions: TransactionConfig,
    /// The data directory's sizes and times.
    pub storage: StorageConfig,
    /// Durability of topics that are created without naming one.
    pub default_durability: Durability,
    /// What a topic without settings of its own has.
    pub topic_defaults: TopicConfig,
    /// Where each value comes from.
    pub sources: Sources,
}

/// Limits of connections and requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkConfig {
    /// Largest request that is read. *Units*: bytes.
    pub socket_request_max_bytes: u32,
    /// Most connections at a time.
    pub max_connections: u32,
    /// Most connections at a time from one address.
    pub max_connections_per_ip: u32,
    /// Most connections at a time from some addresses, instead of that.
    pub max_connections_per_ip_overrides: BTreeMap<IpAddr, u32>,
    /// Most new connections a second.
    pub max_connection_creation_rate: u32,
    /// Idle time after which a connection is closed; negative for never.
    pub connections_max_idle_ms: Millis,
    /// Time in which the head of a request that has begun must come, and then its body.
    pub frame_timeout_ms: Millis,
    /// Time in which a client must take an answer, beside what its size needs.
    pub answer_timeout_ms: Millis,
    /// Connections that may wait to be accepted.
    pub listen_backlog: u32,
    /// Most bytes in one answer to Fetch.
    pub fetch_max_bytes: u32,
    /// Fetch sessions that are kept.
    pub fetch_session_slots: u32,
    /// Most partitions in one answer to DescribeTopicPartitions.
    pub max_request_partitions: u32,
}

/// How topics come to be and go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicCreation {
    /// Whether a topic that a client asks for is created.
    pub auto_create: bool,
    /// Whether topics can be deleted.
    pub delete_enabled: bool,
    /// Partitions of a topic for which no number is asked for.
    pub num_partitions: u32,
    /// Replicas of a topic for which none are asked for.
    pub default_replication_factor: u32,
}

/// Sizes and times of the data directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StorageConfig {
    /// The write-ahead log.
    pub wal: WalConfig,
    /// Space kept back on the disk (W-12). *Units*: bytes.
    pub disk_reserve_bytes: u64,
    /// Shortest time between two looks at what can be deleted.
    pub retention_check_interval_ms: Millis,
    /// Idle time after which an idempotent producer's state may be forgotten.
    pub producer_id_expiration_ms: Millis,
    /// How logs are compacted.
    pub cleaner: CleanerConfig,
    /// Bytes of metadata records after which a snapshot is written.
    pub metadata_snapshot_bytes: u64,
    /// Longest time between two metadata snapshots while records come; 0 for no such limit.
    pub metadata_snapshot_interval_ms: Millis,
}

/// How logs are compacted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CleanerConfig {
    /// Whether they are at all.
    pub enabled: bool,
    /// Most bytes that are read and written a second.
    pub io_max_bytes_per_second: u64,
    /// Memory for the keys of one compaction. *Units*: bytes.
    pub dedupe_buffer_bytes: u64,
    /// How full that memory may get. *Units*: millionths.
    pub load_millionths: u32,
    /// Wait when there is nothing to compact.
    pub backoff_ms: Millis,
}

impl Default for CleanerConfig {
    fn default() -> CleanerConfig {
        CleanerConfig {
            enabled: true,
            io_max_bytes_per_second: u64::MAX,
            dedupe_buffer_bytes: 128 << 20,
            load_millionths: 900_000,
            backoff_ms: Millis(15_000),
        }
    }
}

/// Sizes of the write-ahead log. *Units*: bytes, all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WalConfig {
    /// Size of the first file.
    pub first_file_bytes: u64,
    /// Size of every later file. *Invariant*: not below the first one's.
    pub file_bytes: u64,
    /// Bytes after which a checkpoint is taken.
    pub checkpoint_bytes: u64,
    /// Bytes of all files together. *Invariant*: at most four checkpoints.
    pub pool_bytes: u64,
    /// Largest group, unless one frame alone is larger; no setting changes it.
    pub group_bytes_max: usize,
}

impl WalConfig {
    /// Returns the sizes of the preset `tiny`.
    pub fn tiny() -> WalConfig {
        WalConfig {
            first_file_bytes: 256 << 10,
            file_bytes: 512 << 10,
            checkpoint_bytes: 1 << 20,
            pool_bytes: 4 << 20,
            ..WalConfig::default()
        }
    }
}

impl Default for WalConfig {
    fn default() -> WalConfig {
        WalConfig {
            first_file_bytes: 4 << 20,
            file_bytes: 32 << 20,
            checkpoint_bytes: 64 << 20,
            pool_bytes: 256 << 20,
            group_bytes_max: 4 << 20,
        }
    }
}

impl StorageConfig {
    /// Returns the sizes of the preset `tiny`.
    pub fn tiny() -> StorageConfig {
        StorageConfig { wal: WalConfig::tiny(), disk_reserve_bytes: 1 << 20, ..StorageConfig::default() }
    }
}

impl Default for StorageConfig {
    fn default() -> StorageConfig {
        StorageConfig {
            wal: WalConfig::default(),
            disk_reserve_bytes: 64 << 20,
            retention_check_interval_ms: Millis(300_000),
            producer_id_expiration_ms: Millis(86_400_000),
            cleaner: CleanerConfig::default(),
            metadata_snapshot_bytes: 20 << 20,
            metadata_snapshot_interval_ms: Millis(3_600_000),
        }
    }
}

impl BrokerConfig {
    /// Builds a broker's settings of the layers in which they were given.
    ///
    /// The notices name each setting that was accepted and does not act; they belong into the log, once.
    ///
    /// # Errors
    /// `Unknown`, `Refused` or `Invalid` for the first setting that cannot be taken.
    pub fn from_layers(layers: &Layers) -> Result<(BrokerConfig, Vec<Notice>), ConfigError> {
        let sources = Sources::from_layers(layers)?;
        check_single_node(&sources)?;
        let set = listeners(&sources)?;
        let mut notices: Vec<Notice> = sources.notices().into_iter().chain(set.notices.clone()).collect();
        let config = build(sources, set)?;
        notices.extend(open_addresses(&config));
        Ok((config, notices))
    }

    /// Builds the settings as they are after changes at runtime; what needs a start stays as it is.
    ///
    /// The notices name each changed setting that was accepted and does not act. `dynamic` takes the place
    /// of the changes that were known before. *Shape*: the same changes give the same settings.
    ///
    /// # Errors
    /// `NotDynamic` or `OnlyPerBroker`; `Unknown`, `Refused` or `Invalid` for the first setting that cannot be
    /// taken, alone or together with the others.
    pub fn with_dynamic(&self, dynamic: &Dynamic) -> Result<(BrokerConfig, Vec<Notice>), ConfigError> {
        let sources = self.sources.with_dynamic(dynamic)?;
        let changed = |n: &Notice| {
            [&dynamic.every_broker, &dynamic.this_broker].iter().any(|d| d.contains_key(&n.name))
        };
        let notices = sources.notices().into_iter().filter(changed).collect();
        let (network, topic_defaults) = (network(&sources)?, topic::build(&Overrides::new(), &sources)?);
        let (storage, groups) = (storage(&sources, self.storage.wal)?, GroupConfig::of(&sources)?);
        let transactions = TransactionConfig::of(&sources)?;
        let config = if sources == self.sources {
            self.clone()
        } else {
            BrokerConfig { network, topic_defaults, groups, transactions, storage, sources, ..self.clone() }
        };
        Ok((config, notices))
    }

    /// Builds the settings as they are with what is stored. Unlike a change, what is stored is not refused: a value that
    /// cannot be taken is left out, and returned with the reason.
    pub fn with_stored(&self, stored: &Dynamic) -> (BrokerConfig, Vec<Notice>, Vec<ConfigError>) {
        if let Ok((config, notices)) = self.with_dynamic(stored) {
            return (config, notices, Vec::new());
        }
        let (mut taken, mut refused) = (Dynamic::default(), Vec::new());
        for (layer, entries) in
            [(Layer::EveryBroker, &stored.every_broker), (Layer::ThisBroker, &stored.this_broker)]
        {
            for (name, value) in entries {
                let mut more = taken.clone();
                more.of_mut(layer).insert(name.clone(), value.clone());
                match self.with_dynamic(&more) {
                    Ok(_) => taken = more,
                    Err(error) => refused.push(error),
                }
            }
        }
        match self.with_dynamic(&taken) {
            Ok((config, notices)) => (config, notices, refused),
            Err(error) => (self.clone(), Vec::new(), vec![error]),
        }
    }

    /// Builds the settings of a test's broker: the preset `tiny`, a free port on loopback, no HTTP port.
    ///
    /// # Errors
    /// None in practice; they are those of [`BrokerConfig::from_layers`].
    pub fn tiny(data_dir: &Path) -> Result<BrokerConfig, ConfigError> {
        let entries = [
            ("highwater.preset", "tiny"),
            ("listeners", "PLAINTEXT://127.0.0.1:0"),
            ("highwater.http.listener", ""),
        ];
        let flags = entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (mut config, _) = BrokerConfig::from_layers(&Layers { flags, ..Layers::default() })?;
        config.data_dir = data_dir.to_owned();
        Ok(config)
    }
}

fn build(settings: Sources, set: ListenerSet) -> Result<BrokerConfig, ConfigError> {
    let wal = wal(&settings)?;
    Ok(BrokerConfig {
        node_id: BrokerId(i32::try_from(settings.number("node.id")?).unwrap_or(i32::MAX)),
        rack: Some(settings.text("broker.rack")?).filter(|rack| !rack.is_empty()),
        data_dir: data_dir(&settings)?,
        listeners: set.clients,
        quorum_listeners: set.quorum,
        http_listener: http_listener(&settings)?,
        http_listener_is_set: settings.is_set("highwater.http.listener"),
        allow_plaintext: settings.boolean("highwater.allow.plaintext.listeners")?,
        preset: settings.preset(),
        shards: Some(settings.count("highwater.shards")?).filter(|n| *n > 0),
        memory_max: Some(settings.size("highwater.memory.max")?).filter(|n| *n > 0),
        network: network(&settings)?,
        topics: topic_creation(&settings)?,
        groups: GroupConfig::of(&settings)?,
        transactions: TransactionConfig::of(&settings)?,
        storage: storage(&settings, wal)?,
        default_durability: topic::durability(&settings.text(topic::DURABILITY)?),
        topic_defaults: topic::build(&Overrides::new(), &settings)?,
        sources: settings,
    })
}

/// Names the addresses that are open beyond this machine without authentication, which somebody allowed (D-17).
fn open_addresses(config: &BrokerConfig) -> Option<Notice> {
    let addresses = config.listeners.iter().map(|l| &l.bind).chain(&config.http_listener);
    let open: Vec<String> = addresses.filter(|a| !a.is_loopback()).map(Endpoint::to_string).collect();
    let reason = format!("whoever reaches {} needs no authentication", open.join(" or "));
    let name = "highwater.allow.plaintext.listeners".to_owned();
    (!open.is_empty()).then_some(Notice { name, reason, acts: true })
}

const ONE_NODE: &str = "clusters of several nodes are not built yet";

/// One node is broker, controller and the only voter.
fn check_single_node(settings: &Sources) -> Result<(), ConfigError> {
    let roles = settings.list("process.roles")?;
    if !["broker", "controller"].iter().all(|role| roles.iter().any(|r| r == role)) {
        return Err(settings.invalid("process.roles", format!("{ONE_NODE}; set broker,controller")));
    }
    let id = settings.number("node.id")?;
    if settings.is_set("broker.id") && settings.number("broker.id")? != id {
        return Err(settings.invalid("broker.id", format!("it must equal node.id, which is {id}; remove it")));
    }
    check_voters(settings, id)?;
    if settings.list("controller.quorum.bootstrap.servers")?.len() > 1 {
        let why = format!("{ONE_NODE}; name one address, or remove it");
        return Err(settings.invalid("controller.quorum.bootstrap.servers", why));
    }
    Ok(())
}

fn check_voters(settings: &Sources, id: i64) -> Result<(), ConfigError> {
    const VOTERS: &str = "controller.quorum.voters";
    let is_this_node = |voter: &String| {
        voter.split_once('@').is_some_and(|(v, at)| v.parse() == Ok(id) && Endpoint::parse(at).is_some())
    };
    let voters = settings.list(VOTERS)?;
    if voters.len() > 1 {
        return Err(settings.invalid(VOTERS, format!("{ONE_NODE}; name this node alone")));
    }
    if !voters.iter().all(is_this_node) {
        return Err(settings.invalid(VOTERS, format!("it must be {id}@host:port, the id being node.id")));
    }
    Ok(())
}

fn data_dir(settings: &Sources) -> Result<PathBuf, ConfigError> {
    let name = settings.chosen(["log.dirs", "log.dir"].into_iter()).map_or("log.dirs", |(name, _)| name);
    let name = if name == "log.dir" { "log.dir" } else { "log.dirs" };
    let folders = settings.list(name)?;
    match folders.as_slice() {
        [one] if !one.is_empty() => Ok(PathBuf::from(one)),
        [] | [_] => Err(settings.invalid(name, "it must name a folder")),
        _ => Err(settings.invalid(name, "several data directories are not built yet; name one folder")),
    }
}

fn http_listener(settings: &Sources) -> Result<Option<Endpoint>, ConfigError> {
    const HTTP: &str = "highwater.http.listener";
    let text = settings.text(HTTP)?;
    if text.is_empty() {
        return Ok(None);
    }
    let endpoint = Endpoint::parse(&text)
        .ok_or_else(|| settings.invalid(HTTP, "it must be host:port, or empty for none"))?;
    if endpoint.is_loopback() || settings.boolean("highwater.allow.plaintext.listeners")? {
        return Ok(Some(endpoint));
    }
    let why = "it would be open beyond this machine without authentication; bind it to 127.0.0.1, or use --allow-plaintext or set \
               highwater.allow.plaintext.listeners=true if the network is closed";
    Err(ConfigError::refused(HTTP, why))
}

fn wal(settings: &Sources) -> Result<WalConfig, ConfigError> {
    let wal = WalConfig {
        first_file_bytes: settings.size("highwater.wal.first.file.bytes")?,
        file_bytes: settings.size("highwater.wal.file.bytes")?,
        checkpoint_bytes: settings.size("highwater.wal.checkpoint.bytes")?,
        pool_bytes: settings.size("highwater.wal.pool.bytes")?,
        ..WalConfig::default()
    };
    let WalConfig {
        first_file_bytes: first,
        file_bytes: file,
        checkpoint_bytes: checkpoint,
        pool_bytes: pool,
        ..
    } = wal;
    if first > file {
        let why = format!("it must not be above highwater.wal.file.bytes, which is {file}");
        return Err(settings.invalid("highwater.wal.first.file.bytes", why));
    }
    if pool > checkpoint.saturating_mul(4) || pool < file.saturating_mul(4) {
        let why = format!(
            "it must be at least four times highwater.wal.file.bytes ({file}) and at most four times \
             highwater.wal.checkpoint.bytes ({checkpoint})"
        );
        return Err(settings.invalid("highwater.wal.pool.bytes", why));
    }
    match [first, file].into_iter().find(|size| size % 4096 != 0) {
        Some(size) => Err(settings.invalid(
            if size == file { "highwater.wal.file.bytes" } else { "highwater.wal.first.file.bytes" },
            "it must be a multiple of 4096",
        )),
        None => Ok(wal),
    }
}

fn network(settings: &Sources) -> Result<NetworkConfig, ConfigError> {
    let network = NetworkConfig {
        socket_request_max_bytes: settings.count("socket.request.max.bytes")?,
        max_connections: settings.count("max.connections")?,
        max_connections_per_ip: settings.count("max.connections.per.ip")?,
        max_connections_per_ip_overrides: per_ip_overrides(settings)?,
        max_connection_creation_rate: settings.count("max.connection.creation.rate")?,
        connections_max_idle_ms: Millis(settings.number("connections.max.idle.ms")?),
        frame_timeout_ms: Millis(settings.number("highwater.frame.timeout.ms")?),
        answer_timeout_ms: Millis(settings.number("highwater.answer.timeout.ms")?),
        listen_backlog: settings.count("socket.listen.backlog.size")?,
        fetch_max_bytes: settings.count("fetch.max.bytes")?,
        fetch_session_slots: settings.count("max.incremental.fetch.session.cache.slots")?,
        max_request_partitions: settings.count("max.request.partition.size.limit")?,
    };
    check_some_may_connect(settings, &network)?;
    Ok(network)
}

/// A change at runtime survives a restart: one that shuts everybody out could not be taken back.
fn check_some_may_connect(settings: &Sources, network: &NetworkConfig) -> Result<(), ConfigError> {
    if network.max_connections == 0 {
        return Err(settings.invalid("max.connections", "nobody could connect any more; set at least 1"));
    }
    if network.max_connections_per_ip == 0
        && network.max_connections_per_ip_overrides.values().all(|n| *n == 0)
    {
        let why = "it can be 0 only if max.connections.per.ip.overrides allows connections from some address";
        return Err(settings.invalid("max.connections.per.ip", why));
    }
    Ok(())
}

/// Reads pairs address:count.
fn per_ip_overrides(settings: &Sources) -> Result<BTreeMap<IpAddr, u32>, ConfigError> {
    const OVERRIDES: &str = "max.connections.per.ip.overrides";
    let pair = |entry: &String| {
        let (address, count) = entry.rsplit_once(':')?;
        Some((address.trim().parse().ok()?, count.trim().parse().ok()?))
    };
    let pairs: Option<BTreeMap<IpAddr, u32>> = settings.list(OVERRIDES)?.iter().map(pair).collect();
    pairs.ok_or_else(|| {
        settings.invalid(
            OVERRIDES,
            "its entries must be ADDRESS:COUNT, an IP address and a number, as in 10.0.0.1:5",
        )
    })
}

fn topic_creation(settings: &Sources) -> Result<TopicCreation, ConfigError> {
    Ok(TopicCreation {
        auto_create: settings.boolean("auto.create.topics.enable")?,
        delete_enabled: settings.boolean("delete.topic.enable")?,
        num_partitions: settings.count("num.partitions")?,
        default_replication_factor: settings.count("default.replication.factor")?,
    })
}

fn storage(settings: &Sources, wal: WalConfig) -> Result<StorageConfig, ConfigError> {
    Ok(StorageConfig {
        wal,
        disk_reserve_bytes: settings.size("highwater.disk.reserve.bytes")?,
        retention_check_interval_ms: Millis(settings.number("log.retention.check.interval.ms")?),
        producer_id_expiration_ms: Millis(settings.number("producer.id.expiration.ms")?),
        cleaner: CleanerConfig {
            enabled: settings.boolean("log.cleaner.enable")?,
            io_max_bytes_per_second: settings.whole("log.cleaner.io.max.bytes.per.second")?,
            dedupe_buffer_bytes: settings.size("log.cleaner.dedupe.buffer.size")?,
            load_millionths: topic::millionths(settings.fraction("log.cleaner.io.buffer.load.factor")?),
            backoff_ms: Millis(settings.number("log.cleaner.backoff.ms")?),
        },
        metadata_snapshot_bytes: settings.size("metadata.log.max.record.bytes.between.snapshots")?,
        metadata_snapshot_interval_ms: Millis(settings.number("metadata.log.max.snapshot.interval.ms")?),
    })
}
