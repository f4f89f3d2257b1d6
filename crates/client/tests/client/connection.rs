//! Connections: order, bounds, time, and brokers that break the rules.

use crate::scripted::{Asked, Reply, options, start};
use bytes::Bytes;
use client::{ClientError, ClientOptions, Connection, Lost};
use env::net::Net;
use std::time::Duration;
use wire::describe_cluster_request::DescribeClusterRequest;
use wire::{DescribeClusterResponse, RequestId};

async fn connect(address: &str) -> Connection {
    Connection::open(Net::Real, address, &options()).await.unwrap()
}

fn echo(asked: &Asked) -> Reply {
    let cluster_id = asked.header.id.correlation_id.to_string();
    asked.answer(&DescribeClusterResponse { cluster_id, ..Default::default() })
}

fn reason(error: &ClientError) -> Option<Lost> {
    match error {
        ClientError::Lost { reason, .. } => Some(*reason),
        _ => None,
    }
}

/// Protects: answers find their requests, many on the way at once.
#[tokio::test]
async fn pipelined_answers_find_their_requests() {
    let connection = connect(&start(echo).await).await;
    let request = DescribeClusterRequest::default();
    let mut pending: Vec<_> = (0..100).map(|_| connection.start(&request).unwrap()).collect();
    let mut ids = Vec::new();
    for pending in &mut pending {
        ids.push(pending.answer().await.unwrap().cluster_id.parse::<i32>().unwrap());
    }
    let first = ids[0];
    assert_eq!(ids, (first..first + 100).collect::<Vec<i32>>());
    assert_eq!(connection.in_flight(), 0);
}

/// Protects: an answer with another request's number ends the connection; everything waiting is in doubt.
#[tokio::test]
async fn a_wrong_correlation_ends_the_connection() {
    let address = start(|asked| {
        let id = RequestId { correlation_id: asked.header.id.correlation_id + 5, ..asked.header.id };
        let body = DescribeClusterResponse::default();
        Reply::Send(wire::response_frame(id.correlation_id, &body, id.api_version).unwrap())
    });
    let connection = connect(&address.await).await;
    let request = DescribeClusterRequest::default();
    let (mut first, mut second) = (connection.start(&request).unwrap(), connection.start(&request).unwrap());
    assert!(matches!(reason(&first.answer().await.unwrap_err()), Some(Lost::Correlation { .. })));
    let error = second.answer().await.unwrap_err();
    assert!(matches!(reason(&error), Some(Lost::Correlation { .. })) && error.is_outcome_unknown());
    assert!(connection.end().is_some());
    assert!(connection.start(&request).is_err());
}

/// Protects: an announced length beyond the limit, or below zero, ends the connection and allocates nothing.
#[tokio::test]
async fn an_impossible_length_ends_the_connection() {
    for length in [i32::MAX, -1, 3] {
        let address = start(move |_| Reply::Send(vec![Bytes::copy_from_slice(&length.to_be_bytes())])).await;
        let connection = connect(&address).await;
        let error = connection.call(&DescribeClusterRequest::default()).await.unwrap_err();
        assert_eq!(reason(&error), Some(Lost::FrameLength(length)));
    }
}

/// Protects: an answer that nobody asked for ends the connection.
#[tokio::test]
async fn an_unasked_answer_ends_the_connection() {
    let address = start(|asked| match echo(asked) {
        Reply::Send(parts) => Reply::Send([parts.clone(), parts].concat()),
        other => other,
    });
    let connection = connect(&address.await).await;
    connection.call(&DescribeClusterRequest::default()).await.unwrap();
    let error = connection.call(&DescribeClusterRequest::default()).await.unwrap_err();
    assert!(matches!(reason(&error), Some(Lost::Unasked | Lost::Correlation { .. })), "{error}");
}

/// Protects: bytes after the body, or a body cut short, end the connection.
#[tokio::test]
async fn an_unreadable_answer_ends_the_connection() {
    for cut in [true, false] {
        let address = start(move |asked| {
            let Reply::Send(parts) = echo(asked) else { panic!() };
            let mut frame = parts.concat();
            if cut {
                frame.truncate(frame.len() - 1);
            } else {
                frame.push(0);
            };
            let length = i32::try_from(frame.len() - 4).unwrap();
            frame[..4].copy_from_slice(&length.to_be_bytes());
            Reply::Send(vec![Bytes::from(frame)])
        });
        let connection = connect(&address.await).await;
        let error = connection.call(&DescribeClusterRequest::default()).await.unwrap_err();
        assert!(matches!(reason(&error), Some(Lost::Undecodable(_))), "{error}");
        assert!(connection.end().is_some());
    }
}

/// Protects: a request without an answer ends in time, with its connection.
#[tokio::test]
async fn a_silent_broker_is_given_up_on() {
    let address = start(|_| Reply::Nothing).await;
    let options = ClientOptions { request_timeout: Duration::from_millis(30), ..options() };
    let connection = Connection::open(Net::Real, &address, &options).await.unwrap();
    let error = connection.call(&DescribeClusterRequest::default()).await.unwrap_err();
    assert_eq!(reason(&error), Some(Lost::TimedOut));
    assert_eq!(connection.end(), Some(Lost::TimedOut));
}

/// Protects: a broker that hangs up fails everything that waits, as lost.
#[tokio::test]
async fn a_closed_connection_fails_what_waits() {
    let connection = connect(&start(|_| Reply::HangUp).await).await;
    let error = connection.call(&DescribeClusterRequest::default()).await.unwrap_err();
    assert!(matches!(reason(&error), Some(Lost::ClosedByBroker | Lost::Io(_))), "{error}");
}

/// Protects: a caller that does not wait for answers cannot pile up requests without end.
#[tokio::test]
async fn requests_in_flight_are_bounded() {
    let address = start(|_| Reply::Nothing).await;
    let options = ClientOptions { in_flight_max: 3, ..options() };
    let connection = Connection::open(Net::Real, &address, &options).await.unwrap();
    let request = DescribeClusterRequest::default();
    let waiting: Vec<_> = (0..3).map(|_| connection.start(&request).unwrap()).collect();
    assert!(matches!(connection.start(&request), Err(ClientError::TooManyInFlight(3))));
    drop(waiting);
}

/// Protects: no broker is one sentence that says where and what to do.
#[tokio::test]
async fn no_broker_is_said_plainly() {
    let cluster = client::Cluster::new(Net::Real, &["127.0.0.1:1".to_owned()], options());
    let error = cluster.any().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }));
    assert!(
        error.to_string().contains("127.0.0.1:1") && error.to_string().contains("highwater serve"),
        "{error}"
    );
}
