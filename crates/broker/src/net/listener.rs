//! Accepts connections, within the caps of D-13, and spreads them over the shards.
//!
//! Without a descriptor for one more, a connection is taken with the spare one and closed at once, so that
//! its peer knows; those that are open go on.

use crate::context::Context;
use env::net::{Detached, Listener, Spare};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// A connection that is to be shed is waited for so long.
const SHED_PAUSE: Duration = Duration::from_millis(100);

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
    let (mut next, mut spare) = (0, listener.spare().ok());
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                context.probes.connections_refused.inc();
                shed(&listener, &mut spare).await;
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

/// Closes a connection that waits, with the descriptor that is kept back; not more often than a peer that
/// finds the door closed should be counted.
async fn shed(listener: &Listener, spare: &mut Option<Spare>) {
    drop(spare.take());
    drop(tokio::time::timeout(SHED_PAUSE, listener.accept()).await);
    *spare = listener.spare().ok();
}

/// How many connections there are, in all and per address.
#[derive(Debug)]
pub(crate) struct Places {
    max: usize,
    max_per_ip: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

/// *Invariant*: `all` is the sum of `by_ip`, in which no zero stands.
#[derive(Default, Debug)]
struct Taken {
    all: usize,
    by_ip: BTreeMap<IpAddr, usize>,
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
        let mut taken = self.lock();
        let of_ip = taken.by_ip.get(&ip).copied().unwrap_or(0);
        if taken.all >= self.max || of_ip >= self.max_per_ip {
            return None;
        }
        taken.all += 1;
        taken.by_ip.insert(ip, of_ip + 1);
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
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        match taken.by_ip.get(&self.ip).copied() {
            Some(count) if count > 1 => taken.by_ip.insert(self.ip, count - 1),
            _ => taken.by_ip.remove(&self.ip),
        };
        drop(taken);
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

    /// Protects: an address that was refused or has gone leaves nothing behind, however many there are.
    #[test]
    fn refused_addresses_leave_nothing_behind() {
        let places = Places::new(1, 1);
        let held = places.take(IpAddr::from([127, 0, 0, 1]));
        for last in 2..=255 {
            assert!(places.take(IpAddr::from([127, 0, 0, last])).is_none());
        }
        assert_eq!(places.lock().by_ip.len(), 1);
        drop(held);
        assert_eq!((places.count(), places.lock().by_ip.len()), (0, 0));
    }
}
