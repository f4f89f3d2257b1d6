//! Brokers as answers name them.

use crate::publish::Published;
use metadata::Endpoint;
use metadata::image::BrokerImage;

/// Where a broker is.
pub(super) struct Node {
    /// Its id.
    pub(super) id: i32,
    /// Host of the listener that was asked for.
    pub(super) host: String,
    /// Port of that listener.
    pub(super) port: i32,
    /// Its rack.
    pub(super) rack: Option<String>,
}

/// Returns the brokers that serve, as clients of a listener find them.
pub(super) fn active<'a>(published: &'a Published, listener: &'a str) -> impl Iterator<Item = Node> + 'a {
    published.image.brokers().active().filter_map(move |(id, broker)| node(id, broker, listener))
}

/// Returns a broker as clients of a listener find it; nothing if it has no such listener.
pub(super) fn node(id: types::BrokerId, broker: &BrokerImage, listener: &str) -> Option<Node> {
    let at = |endpoint: &&Endpoint| endpoint.listener == listener;
    let endpoint = broker.registration.endpoints.iter().find(at)?;
    let (host, rack) = (endpoint.host.clone(), broker.registration.rack.clone());
    Some(Node { id: id.0, host, port: i32::from(endpoint.port), rack })
}
