//! Listeners: where the broker listens, and what it tells clients to connect to.
//!
//! Rules (D-17): only PLAINTEXT exists; a client listener beyond loopback needs
//! `highwater.allow.plaintext.listeners`; an advertised address must be one that a client can use. The
//! quorum's listeners are read and checked, and not opened while a cluster has one node.
//! Tests: `tests/listeners.rs`.

use crate::error::ConfigError;
use crate::settings::Settings;
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
}

const LISTENERS: &str = "listeners";
const ADVERTISED: &str = "advertised.listeners";
const PROTOCOLS: &str = "listener.security.protocol.map";
const QUORUM_NAMES: &str = "controller.listener.names";
const INTER_BROKER: &str = "inter.broker.listener.name";

/// Reads and checks every setting that concerns listeners.
pub(crate) fn listeners(settings: &Settings) -> Result<ListenerSet, ConfigError> {
    let quorum_names: Vec<String> =
        settings.list(QUORUM_NAMES)?.iter().map(|n| n.to_ascii_uppercase()).collect();
    let bound = named_endpoints(LISTENERS, &settings.list(LISTENERS)?)?;
    let advertised = named_endpoints(ADVERTISED, &settings.list(ADVERTISED)?)?;
    check_ports(settings, &bound)?;
    check_protocols(settings, &bound, &quorum_names)?;
    check_known(settings, ADVERTISED, &advertised, &bound)?;
    let (quorum, clients) = bound
        .into_iter()
        .map(|(name, bind)| with_advertised(name, bind, &advertised))
        .partition::<Vec<_>, _>(|l| quorum_names.contains(&l.name));
    if clients.is_empty() {
        return Err(
            settings.invalid(LISTENERS, "it names no listener for clients; add PLAINTEXT://127.0.0.1:9092")
        );
    }
    check_inter_broker(settings, &clients)?;
    let allowed = settings.boolean("highwater.allow.plaintext.listeners")?;
    clients.iter().try_for_each(|l| check_client(settings, l, allowed))?;
    Ok(ListenerSet { clients, quorum })
}

fn with_advertised(name: String, bind: Endpoint, advertised: &[(String, Endpoint)]) -> Listener {
    let told = advertised.iter().find(|(n, _)| *n == name).map(|(_, e)| e.clone());
    Listener { advertised: told.unwrap_or_else(|| bind.clone()), name, bind }
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

fn check_ports(settings: &Settings, bound: &[(String, Endpoint)]) -> Result<(), ConfigError> {
    let twice = bound.iter().enumerate().any(|(i, (_, e))| {
        e.port != 0 && bound[..i].iter().any(|(_, other)| other.port == e.port && other.host == e.host)
    });
    if twice { Err(settings.invalid(LISTENERS, "each listener must have its own address")) } else { Ok(()) }
}

/// Every bound listener must have the protocol PLAINTEXT. Protocols of names that are not bound do
/// not matter: Kafka's sample file lists them all.
fn check_protocols(
    settings: &Settings,
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

fn protocol_map(settings: &Settings) -> Result<BTreeMap<String, String>, ConfigError> {
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
    settings: &Settings,
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

fn check_inter_broker(settings: &Settings, clients: &[Listener]) -> Result<(), ConfigError> {
    let name = settings.text(INTER_BROKER)?.to_ascii_uppercase();
    if name.is_empty() || clients.iter().any(|l| l.name == name) {
        return Ok(());
    }
    Err(settings.invalid(INTER_BROKER, format!("there is no client listener of this name in {LISTENERS}")))
}

fn check_client(settings: &Settings, listener: &Listener, allowed: bool) -> Result<(), ConfigError> {
    if !listener.bind.is_loopback() && !allowed {
        let why = format!(
            "{} would be open beyond this machine without authentication; bind it to 127.0.0.1, or set \
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
