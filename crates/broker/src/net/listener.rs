//! Accepts connections, within the caps of D-13, and spreads them over the shards.
//!
//! Without a descriptor for one more, a connection is taken with the spare one and closed at once, so that
//! its peer knows; those that are open go on.

use crate::context::Context;
use crate::probe::{ListenerProbes, Open};
use config::NetworkConfig;
use coordinator::txn::Connection;
use env::net::{Detached, Listener, Spare};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use types::Monotonic;

/// A connection that is to be shed is waited for so long.
const SHED_PAUSE: Duration = Duration::from_millis(100);
/// New connections of this time may come together.
const BURST: Duration = Duration::from_secs(1);

/// A connection on its way to the shard that serves it. Dropping the ticket gives its place back.
pub(crate) struct NewConnection {
    /// The socket.
    pub(crate) stream: Detached,
    /// Which one it is: one that was accepted later has a larger number.
    pub(crate) number: Connection,
    /// Address of the peer.
    pub(crate) peer: String,
    /// Name of the listener.
    pub(crate) listener: Arc<str>,
    /// Its place under the caps.
    pub(crate) place: (Place, Option<Open>),
}

/// Accepts until `stop` says so.
pub(crate) async fn accept_all(
    (name, listener): (Arc<str>, Listener),
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
                if let Some(left_out) = context.peer_log.admits(context.env.clock.now().mono) {
                    tracing::warn!(%error, left_out, "cannot accept a connection");
                }
                context.probes.connections_refused.inc();
                shed(&listener, &mut spare).await;
                continue;
            }
        };
        let limits = context.published().broker.network.clone();
        let Some(place) = context.places.take(peer.ip(), &limits) else {
            context.probes.connections_refused.inc();
            continue;
        };
        let now = context.env.clock.now().mono;
        let pause = context.places.pause(now, limits.max_connection_creation_rate);
        if !pause.is_zero() {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
        let place = (place, context.probes.listener(&name).map(ListenerProbes::opened));
        next = (next + 1) % shards.len();
        let number = Connection(context.next_connection.fetch_add(1, Ordering::Relaxed));
        let (peer, listener) = (peer.to_string(), name.clone());
        let connection = NewConnection { stream, number, peer, listener, place };
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

/// How many connections there are, in all and per address, and how fast they come.
#[derive(Debug)]
pub(crate) struct Places {
    /// As many as there are descriptors for, whatever the settings say.
    most: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

/// *Invariant*: `all` is the sum of `by_ip`, in which no zero stands.
#[derive(Default, Debug)]
struct Taken {
    all: usize,
    by_ip: BTreeMap<IpAddr, usize>,
    /// When the last connection was due, had they come one after the other.
    due: Monotonic,
}

/// One taken place.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    ip: IpAddr,
}

impl Places {
    /// Makes places for so many connections.
    pub(crate) fn new(most: usize) -> Arc<Places> {
        Arc::new(Places { most, taken: Mutex::default(), freed: Notify::new() })
    }

    /// Takes a place, if there is one under the limits of this moment (`max.connections`, `max.connections.per.ip` and its
    /// overrides).
    pub(crate) fn take(self: &Arc<Places>, ip: IpAddr, limits: &NetworkConfig) -> Option<Place> {
        let mut taken = self.lock();
        let of_ip = taken.by_ip.get(&ip).copied().unwrap_or(0);
        let own = limits.max_connections_per_ip_overrides.get(&ip.to_canonical());
        let per_ip = own.copied().unwrap_or(limits.max_connections_per_ip);
        let most = self.most.min(limits.max_connections as usize);
        if taken.all >= most || of_ip >= per_ip as usize {
            return None;
        }
        taken.all += 1;
        taken.by_ip.insert(ip, of_ip + 1);
        Some(Place { places: self.clone(), ip })
    }

    /// Returns how long a new connection waits, so that not more come than so many a second
    /// (`max.connection.creation.rate`); those of one second may come together. 0 counts as 1.
    pub(crate) fn pause(&self, now: Monotonic, per_second: u32) -> Duration {
        let mut taken = self.lock();
        taken.due = taken.due.max(now).plus(BURST / per_second.max(1));
        taken.due.since(now.plus(BURST))
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

    fn limits(all: u32, per_ip: u32) -> NetworkConfig {
        let broker = config::BrokerConfig::tiny(std::path::Path::new("/nowhere")).unwrap();
        NetworkConfig { max_connections: all, max_connections_per_ip: per_ip, ..broker.network }
    }

    /// Protects: the caps hold in all and per address, and a place comes back when it is dropped.
    #[test]
    fn places_are_capped() {
        let (places, limits) = (Places::new(100), limits(3, 2));
        let take = |last| places.take(IpAddr::from([127, 0, 0, last]), &limits);
        let first = take(1);
        let _second = take(1);
        assert!(take(1).is_none(), "two of one address are the cap");
        let _third = take(2);
        assert!(take(3).is_none(), "three in all are the cap");
        drop(first);
        assert!(take(1).is_some());
    }

    /// Protects: an address has the limit that is set for it, also where it comes by an IPv6 socket; descriptors cap all.
    #[test]
    fn some_addresses_have_limits_of_their_own() {
        let mut limits = limits(50, 1);
        limits.max_connections_per_ip_overrides.insert(IpAddr::from([10, 0, 0, 1]), 2);
        let places = Places::new(3);
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        let held = [mapped, mapped].map(|ip| places.take(ip, &limits));
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(mapped, &limits).is_none(), "two are its limit");
        let _third = places.take(IpAddr::from([10, 0, 0, 2]), &limits).unwrap();
        assert!(places.take(IpAddr::from([10, 0, 0, 3]), &limits).is_none(), "there are three descriptors");
    }

    /// Protects: new connections come at the rate that is set, those of a second together, and time that was quiet is no credit
    /// beyond that.
    #[test]
    fn new_connections_come_at_a_rate() {
        let places = Places::new(9);
        let start = Monotonic::default().plus(Duration::from_secs(100));
        let pauses: Vec<u128> = (0..6).map(|_| places.pause(start, 4).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 0, 0, 250, 500]);
        let later = start.plus(Duration::from_secs(50));
        assert!((0..4).all(|_| places.pause(later, 4).is_zero()));
        assert_eq!(places.pause(later, 4).as_millis(), 250);
        assert!((0..1000).all(|_| Places::new(9).pause(later, u32::MAX).is_zero()));
    }

    /// Protects: an address that was refused or has gone leaves nothing behind, however many there are.
    #[test]
    fn refused_addresses_leave_nothing_behind() {
        let (places, limits) = (Places::new(1), limits(1, 1));
        let held = places.take(IpAddr::from([127, 0, 0, 1]), &limits);
        for last in 2..=255 {
            assert!(places.take(IpAddr::from([127, 0, 0, last]), &limits).is_none());
        }
        assert_eq!(places.lock().by_ip.len(), 1);
        drop(held);
        assert_eq!((places.count(), places.lock().by_ip.len()), (0, 0));
    }
}
