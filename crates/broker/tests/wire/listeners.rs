//! Several listeners: each is served, and tells its clients its own address.

use crate::batches::batch;
use crate::client::Client;
use crate::harness::{Broker, folder};
use wire::{DescribeClusterRequest, MetadataRequest};

/// Returns where the brokers are, by Metadata and by DescribeCluster.
fn brokers(client: &mut Client) -> [Vec<(String, i32)>; 2] {
    let metadata =
        client.call(&MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() }, 12);
    let cluster = client.call(&DescribeClusterRequest { endpoint_type: 1, ..Default::default() }, 2);
    [
        metadata.brokers.into_iter().map(|b| (b.host, b.port)).collect(),
        cluster.brokers.into_iter().map(|b| (b.host, b.port)).collect(),
    ]
}

/// Protects: every PLAINTEXT listener is served, all share topics and records, and each tells its own advertised address, or
/// the one that it got.
#[test]
fn each_listener_tells_its_own_address() {
    let dir = folder();
    let broker = Broker::start_with_settings(
        dir.path(),
        &[
            ("listeners", "PLAINTEXT://127.0.0.1:0,INSIDE://127.0.0.2:0,OUTSIDE://127.0.0.3:0"),
            ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT"),
            ("advertised.listeners", "OUTSIDE://broker.example:19092"),
        ],
    );
    let own = (broker.address.ip().to_string(), i32::from(broker.address.port()));
    let [inside, outside] = &broker.other_addresses[..] else { panic!("{:?}", broker.other_addresses) };
    assert_eq!(outside, "broker.example:19092", "the banner tells what clients are told");
    let inside: std::net::SocketAddr = inside.parse().unwrap();
    let mut first = broker.connect();
    first.create("topic", 1);
    first.put("topic", &batch(&["by the first"]));
    assert_eq!(brokers(&mut first), [vec![own.clone()], vec![own]]);
    let mut second = Client::connect(inside);
    let own = (inside.ip().to_string(), i32::from(inside.port()));
    assert_eq!(brokers(&mut second), [vec![own.clone()], vec![own]]);
    assert_eq!(second.put("topic", &batch(&["by the second"])), 1);
    assert_eq!(first.end("topic"), 2);
}

/// Protects: clients of a listener that advertises another address hear of that one alone.
#[test]
fn an_advertised_address_is_told() {
    let dir = folder();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (listeners, told) =
        (format!("PLAINTEXT://127.0.0.1:0,OUTSIDE://127.0.0.1:{port}"), "OUTSIDE://broker.example:19092");
    let broker = Broker::start_with_settings(
        dir.path(),
        &[
            ("listeners", &listeners),
            ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT"),
            ("advertised.listeners", told),
        ],
    );
    let mut client = Client::connect(([127, 0, 0, 1], port).into());
    let expected = vec![("broker.example".to_owned(), 19092)];
    assert_eq!(brokers(&mut client), [expected.clone(), expected]);
    drop(client);
    broker.stop();
}
