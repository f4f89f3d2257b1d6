//! How a client behaves: limits and time-outs.

use std::time::Duration;

/// Largest response that is read unless told otherwise. *Units*: bytes.
pub const DEFAULT_RESPONSE_BYTES_MAX: usize = 96 << 20;

/// Limits and time-outs of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientOptions {
    /// Name that the client gives itself; brokers log it.
    pub client_id: String,
    /// Largest response that is read. *Units*: bytes.
    pub response_bytes_max: usize,
    /// Most requests that wait for answers on one connection.
    pub in_flight_max: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one request may take; a slower one ends its connection.
    pub request_timeout: Duration,
    /// How long a call goes on trying.
    pub call_timeout: Duration,
    /// First pause between two tries; it doubles up to `backoff_max`.
    pub backoff_min: Duration,
    /// Longest pause between two tries.
    pub backoff_max: Duration,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            client_id: "highwater".to_owned(),
            response_bytes_max: DEFAULT_RESPONSE_BYTES_MAX,
            in_flight_max: 1024,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(30),
            backoff_min: Duration::from_millis(20),
            backoff_max: Duration::from_millis(500),
        }
    }
}
