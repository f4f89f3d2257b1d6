//! Accepts connections, within the caps of D-13, and spreads them over the shards.

use crate::context::Context;
use env::net::{Detached, Listener};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, mpsc, watch};

/// A connection on its way to the shard that serves it. Dropping the ticket gives its place back.
pub(crate) struct NewConnection {
    /// The socket.
    pub(crate) stream: Detached,
    /// Address of the peer.
    pub(crate) peer: String,
    /// Its place under the caps.
    pub(crate) place: Place,
}

/// Accepts until `stop` says so.
pub(crate) async fn accept_all(
    listener: Listener,
    shards: Vec<mpsc::UnboundedSender<NewConnection>>,
    context: Arc<Context>,
    mut stop: watch::Receiver<bool>,
) {
    let mut next = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors or the like: shed, and let those that are open go on.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(place) = context.places.take(peer.ip()) else {
            context.probes.connections_refused.inc();
            continue;
        };
        next = (next + 1) % shards.len();
        let connection = NewConnection { stream, peer: peer.to_string(), place };
        if shards[next].send(connection).is_err() {
            return;
        }
    }
}

/// How many connections there are, in all and per address.
#[derive(Debug)]
pub(crate) struct Places {
    max: usize,
    max_per_ip: usize,
    taken: Mutex<BTreeMap<IpAddr, usize>>,
    freed: Notify,
}

/// One taken place.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    ip: IpAddr,
}

impl Places {
    /// Makes the caps (`max.connections`, `max.connections.per.ip`).
    pub(crate) fn new(max: usize, max_per_ip: usize) -> Arc<Places> {
        Arc::new(Places { max, max_per_ip, taken: Mutex::default(), freed: Notify::new() })
    }

    /// Takes a place, if there is one.
    pub(crate) fn take(self: &Arc<Places>, ip: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let of_ip = taken.entry(ip).or_default();
        if all >= self.max || *of_ip >= self.max_per_ip {
            return None;
        }
        *of_ip += 1;
        Some(Place { places: self.clone(), ip })
    }

    /// Waits until none is taken.
    pub(crate) async fn all_free(&self) {
        while self.count() > 0 {
            self.freed.notified().await;
        }
    }

    /// Returns how many are taken.
    pub(crate) fn count(&self) -> usize {
        self.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.ip);
            }
        }
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: the caps hold in all and per address, and a place comes back when it is dropped.
    #[test]
    fn places_are_capped() {
        let places = Places::new(3, 2);
        let ip = |last| IpAddr::from([127, 0, 0, last]);
        let first = places.take(ip(1));
        let _second = places.take(ip(1));
        assert!(places.take(ip(1)).is_none(), "two of one address are the cap");
        let _third = places.take(ip(2));
        assert!(places.take(ip(3)).is_none(), "three in all are the cap");
        drop(first);
        assert!(places.take(ip(1)).is_some());
    }
}
