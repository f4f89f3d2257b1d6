//! Listeners: where the broker listens, and what it tells clients to connect to.
//!
//! Rules (D-17): only PLAINTEXT exists; a client listener beyond loopback needs
//! `highwater.allow.plaintext.listeners`; an advertised address must be one that a client can use, and a
//! listener on every interface for which none is set advertises the machine's name and says so. Names and
//! ports are told apart as in Kafka 4.3.1 (*Source*: SocketServerConfigs.listenerListToEndPoints): two
//! listeners share a port only if one has an IPv4 address and the other one an IPv6 address. The
//! quorum's listeners are read and checked, and not opened while a cluster has one node.
//! Tests: `tests/listeners.rs`.

use crate::error::{ConfigError, Notice};
use crate::sources::Sources;
use std::collections::BTreeMap;
use std::fmt;

/// Host and port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Endpoint {
    /// Name or address, without the brackets of IPv6; empty for every interface.
    pub host: String,
    /// Port; 0 lets the system choose.
    pub port: u16,
}

/// One listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Its name, in upper case.
    pub name: String,
    /// Where it listens.
    pub bind: Endpoint,
    /// What clients are told. Port 0 stands for the port that `bind` got.
    pub advertised: Endpoint,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Endpoint {
    /// Reads `host:port`, with IPv6 addresses in brackets.
    pub fn parse(text: &str) -> Option<Endpoint> {
        let (host, port) = text.trim().rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        let is_whole = bare.is_some() || !host.contains(':');
        let is_clean = !host.contains(|c: char| c.is_whitespace() || "/,[]".contains(c));
        let port = port.parse().ok().filter(|_| port.bytes().all(|b| b.is_ascii_digit()))?;
        (is_whole && is_clean).then(|| Endpoint { host: host.to_owned(), port })
    }

    /// Says whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<core::net::IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|a| a.is_loopback())
    }

    /// Says whether it stands for every interface.
    pub fn is_every_interface(&self) -> bool {
        self.host.is_empty() || self.host.parse::<core::net::IpAddr>().is_ok_and(|a| a.is_unspecified())
    }
}

/// The listeners, apart: those of clients, and those of the quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ListenerSet {
    pub(crate) clients: Vec<Listener>,
    pub(crate) quorum: Vec<Listener>,
    /// Listeners that are not opened, and names that are advertised because nobody set one.
    pub(crate) notices: Vec<Notice>,
}

const LISTENERS: &str = "listeners";
const ADVERTISED: &str = "advertised.listeners";
const PROTOCOLS: &str = "listener.security.protocol.map";
const QUORUM_NAMES: &str = "controller.listener.names";
const INTER_BROKER: &str = "inter.broker.listener.name";

/// Reads and checks every setting that concerns listeners.
pub(crate) fn listeners(settings: &Sources) -> Result<ListenerSet, ConfigError> {
    let quorum_names: Vec<String> =
        settings.list(QUORUM_NAMES)?.iter().map(|n| n.to_ascii_uppercase()).collect();
    let bound = named_endpoints(LISTENERS, &settings.list(LISTENERS)?)?;
    let advertised = named_endpoints(ADVERTISED, &settings.list(ADVERTISED)?)?;
    check_ports(settings, &bound)?;
    check_protocols(settings, &bound, &quorum_names)?;
    check_known(settings, ADVERTISED, &advertised, &bound)?;
    let (quorum, mut clients) = bound
        .into_iter()
        .map(|(name, bind)| with_advertised(name, bind, &advertised))
        .partition::<Vec<_>, _>(|l| quorum_names.contains(&l.name));
    if clients.is_empty() {
        return Err(
            settings.invalid(LISTENERS, "it names no listener for clients; add PLAINTEXT://127.0.0.1:9092")
        );
    }
    check_inter_broker(settings, &clients)?;
    let mut notices: Vec<Notice> = quorum.iter().map(not_opened).collect();
    notices
        .extend(clients.iter_mut().filter_map(|l| advertise_host_name(l, &advertised, settings.host_name())));
    let allowed = settings.boolean("highwater.allow.plaintext.listeners")?;
    clients.iter().try_for_each(|l| check_client(settings, l, allowed))?;
    Ok(ListenerSet { clients, quorum, notices })
}

fn with_advertised(name: String, bind: Endpoint, advertised: &[(String, Endpoint)]) -> Listener {
    let told = advertised.iter().find(|(n, _)| *n == name).map(|(_, e)| e.clone());
    Listener { advertised: told.unwrap_or_else(|| bind.clone()), name, bind }
}

/// Says that a listener of the quorum is accepted and has nobody to listen to.
fn not_opened(listener: &Listener) -> Notice {
    let reason = format!(
        "listener {} is for controllers and is not opened while a cluster has one node",
        listener.name
    );
    Notice { name: LISTENERS.to_owned(), reason, acts: true }
}

/// Lets a listener on every interface advertise the machine's name, when no address is set for it.
fn advertise_host_name(
    listener: &mut Listener,
    advertised: &[(String, Endpoint)],
    host_name: Option<&str>,
) -> Option<Notice> {
    let host = host_name.filter(|h| !h.is_empty())?;
    let is_set = advertised.iter().any(|(name, _)| *name == listener.name);
    if is_set || !listener.bind.is_every_interface() {
        return None;
    }
    listener.advertised = Endpoint { host: host.to_owned(), port: listener.bind.port };
    let reason = format!(
        "listener {name} is open on every interface and no address is set for it, so clients are told the name of \
         this machine, {host}; if they reach it by another one, set {ADVERTISED}={name}://HOST:PORT",
        name = listener.name
    );
    Some(Notice { name: LISTENERS.to_owned(), reason, acts: true })
}

fn named_endpoints(key: &str, entries: &[String]) -> Result<Vec<(String, Endpoint)>, ConfigError> {
    let mut found: Vec<(String, Endpoint)> = Vec::new();
    for entry in entries {
        let (name, endpoint) = named_endpoint(entry)
            .ok_or_else(|| ConfigError::invalid(key, entry, "it must be NAME://host:port"))?;
        if found.iter().any(|(n, _)| *n == name) {
            return Err(ConfigError::invalid(key, entry, "each listener name may stand there once"));
        }
        found.push((name, endpoint));
    }
    Ok(found)
}

fn named_endpoint(entry: &str) -> Option<(String, Endpoint)> {
    let (name, address) = entry.split_once("://")?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    is_name.then_some((name.to_ascii_uppercase(), Endpoint::parse(address)?))
}

fn check_ports(settings: &Sources, bound: &[(String, Endpoint)]) -> Result<(), ConfigError> {
    let shares = |i: usize, endpoint: &Endpoint| {
        endpoint.port != 0
            && bound[..i].iter().any(|(_, o)| o.port == endpoint.port && !are_of_two_families(o, endpoint))
    };
    match bound.iter().enumerate().find(|(i, (_, endpoint))| shares(*i, endpoint)) {
        Some((_, (_, endpoint))) => {
            let why = format!(
                "each listener must have a different port, unless of two one has an IPv4 address and the other an \
                 IPv6 address; port {} stands there twice",
                endpoint.port
            );
            Err(settings.invalid(LISTENERS, why))
        }
        None => Ok(()),
    }
}

fn are_of_two_families(one: &Endpoint, other: &Endpoint) -> bool {
    let family = |e: &Endpoint| e.host.parse::<core::net::IpAddr>().ok().map(|a| a.is_ipv4());
    matches!((family(one), family(other)), (Some(a), Some(b)) if a != b)
}

/// Every bound listener must have the protocol PLAINTEXT. Protocols of names that are not bound do
/// not matter: Kafka's sample file lists them all.
fn check_protocols(
    settings: &Sources,
    bound: &[(String, Endpoint)],
    quorum_names: &[String],
) -> Result<(), ConfigError> {
    let map = protocol_map(settings)?;
    for (name, _) in bound {
        let implied = if quorum_names.contains(name) { "PLAINTEXT" } else { name.as_str() };
        let protocol = map.get(name).map_or(implied, String::as_str);
        if ["SSL", "SASL_PLAINTEXT", "SASL_SSL"].contains(&protocol) {
            let why = format!(
                "listener {name} has the security protocol {protocol}, and authentication and encryption are \
                 not built yet; use PLAINTEXT"
            );
            return Err(ConfigError::refused(LISTENERS, why));
        }
        if protocol != "PLAINTEXT" {
            let why =
                format!("listener {name} has no security protocol; add {name}:PLAINTEXT to {PROTOCOLS}");
            return Err(settings.invalid(LISTENERS, why));
        }
    }
    Ok(())
}

fn protocol_map(settings: &Sources) -> Result<BTreeMap<String, String>, ConfigError> {
    let entry = |e: &str| {
        let (name, protocol) = e.split_once(':')?;
        Some((name.trim().to_ascii_uppercase(), protocol.trim().to_ascii_uppercase()))
    };
    let text = settings.text(PROTOCOLS)?;
    let entries = crate::property::split_list(&text);
    let map: Option<BTreeMap<String, String>> = entries.iter().map(|e| entry(e)).collect();
    map.ok_or_else(|| settings.invalid(PROTOCOLS, "its entries must be NAME:PROTOCOL"))
}

fn check_known(
    settings: &Sources,
    key: &'static str,
    named: &[(String, Endpoint)],
    bound: &[(String, Endpoint)],
) -> Result<(), ConfigError> {
    match named.iter().find(|(name, _)| !bound.iter().any(|(b, _)| b == name)) {
        Some((name, _)) => {
            Err(settings.invalid(key, format!("there is no listener {name}; add it to {LISTENERS}")))
        }
        None => Ok(()),
    }
}

fn check_inter_broker(settings: &Sources, clients: &[Listener]) -> Result<(), ConfigError> {
    let name = settings.text(INTER_BROKER)?.to_ascii_uppercase();
    if !name.is_empty() && settings.is_set("security.inter.broker.protocol") {
        let why = "only one of it and security.inter.broker.protocol should be set; remove the latter";
        return Err(settings.invalid(INTER_BROKER, why));
    }
    if name.is_empty() || clients.iter().any(|l| l.name == name) {
        return Ok(());
    }
    Err(settings.invalid(INTER_BROKER, format!("there is no client listener of this name in {LISTENERS}")))
}

fn check_client(settings: &Sources, listener: &Listener, allowed: bool) -> Result<(), ConfigError> {
    if !listener.bind.is_loopback() && !allowed {
        let why = format!(
            "{} would be open beyond this machine without authentication; bind it to 127.0.0.1, or use --allow-plaintext or set \
             highwater.allow.plaintext.listeners=true if the network is closed",
            listener.bind
        );
        return Err(ConfigError::refused(LISTENERS, why));
    }
    if !listener.advertised.is_every_interface() {
        return Ok(());
    }
    let fix = format!(
        "clients cannot connect to it; set {ADVERTISED}={}://HOST:PORT as clients reach it",
        listener.name
    );
    let key = if settings.is_set(ADVERTISED) { ADVERTISED } else { LISTENERS };
    Err(settings.invalid(key, fix))
}
