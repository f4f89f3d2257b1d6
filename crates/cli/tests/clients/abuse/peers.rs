//! What is sent and what must come back; and the rows about connections: A30 to A33.

use super::row::{Reply, Row};
use crate::client::{Client, FETCH, fetch_request, frame};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use wire::{ApiVersionsRequest, FetchRequest, MetadataRequest};

/// Who is not let go within this time is not let go.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a hundred connections and their buffers may take. *Units*: KiB.
const MANY: u64 = 8 * 1024;
/// Lines of the differences.
const TIMES: &str = "a request that does not come whole";
const CAPS: &str = "`max.connections`";

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    let versions = frame(&ApiVersionsRequest::default(), 0, 7);
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let flood = (1..=10_000).flat_map(|number| frame(&all, 9, number)).collect();
    let fetches = (1..=100).flat_map(|number| frame(&fetch_request("honest", 0), FETCH, number)).collect();
    vec![
        Row::closes(30, "a connection on which nothing is sent", Vec::new()),
        Row::new(
            30,
            "a connection that idles after a request",
            versions.clone(),
            Reply::AnswersThenClosed(1),
        ),
        Row::new(31, "300 connections where 100 are allowed", versions.clone(), Reply::Capped(300, 100))
            .within(MANY)
            .stricter(CAPS),
        Row::new(31, "2,000 connections one after another", versions, Reply::Churned(2_000)).within(MANY),
        Row::new(32, "10,000 requests before the first answer is read", flood, Reply::Answers(10_000))
            .within(MANY),
        Row::new(33, "answers that are never read", fetches, Reply::ClosedUnread)
            .within(MANY)
            .stricter(TIMES),
    ]
}

/// Connects until ApiVersions is answered, as places may be on their way back.
pub(crate) fn connect(address: SocketAddr, attempts: usize) -> Client {
    for _ in 0..attempts {
        let mut client = Client::connect(address);
        if client.try_call(&ApiVersionsRequest::default(), 0).is_some() {
            return client;
        }
    }
    panic!("no place is free after {attempts} attempts")
}

/// Sends an input on a connection of its own, and checks what comes back.
pub(super) fn expect(address: SocketAddr, input: &[u8], reply: &Reply) -> Result<(), String> {
    match reply {
        Reply::Capped(count, most) => capped(address, input, (*count, *most)),
        Reply::Churned(count) => churned(address, input, *count),
        Reply::SessionEpoch(expected) => session_epoch(address, expected),
        Reply::ClosedUnread => closed_unread(TcpStream::connect(address).unwrap(), input),
        _ => answered(address, input, reply),
    }
}

fn answered(address: SocketAddr, input: &[u8], reply: &Reply) -> Result<(), String> {
    let mut client = Client::connect(address);
    client.send_bytes(input);
    match reply {
        Reply::Codes(codes, expected) => {
            let found = codes(client.read_frame().ok_or("closed instead of answered")?);
            expect_equal(&found, expected)?;
            is_served(&mut client)
        }
        Reply::Answers(count) => expect_answers(&mut client, *count).and_then(|()| is_served(&mut client)),
        Reply::AnswersThenClosed(count) => {
            expect_answers(&mut client, *count)?;
            expect_end(&mut client)
        }
        _ => expect_end(&mut client),
    }
}

fn expect_equal(found: &[i16], expected: &[i16]) -> Result<(), String> {
    (found == expected).then_some(()).ok_or_else(|| format!("answered {found:?} instead of {expected:?}"))
}

fn expect_answers(client: &mut Client, count: usize) -> Result<(), String> {
    let answers = (0..count).map_while(|_| client.read_frame()).count();
    (answers == count).then_some(()).ok_or_else(|| format!("{answers} answers of {count}"))
}

fn expect_end(client: &mut Client) -> Result<(), String> {
    match client.read_frame() {
        None => Ok(()),
        Some(frame) => Err(format!("answered instead of closed: {frame:?}")),
    }
}

fn is_served(client: &mut Client) -> Result<(), String> {
    let answer = client.try_call(&ApiVersionsRequest::default(), 0);
    answer.map(drop).ok_or_else(|| "the connection does not go on".to_owned())
}

fn capped(address: SocketAddr, input: &[u8], (count, most): (usize, usize)) -> Result<(), String> {
    let mut first = connect(address, super::ATTEMPTS);
    let mut clients: Vec<Client> = (0..count).map(|_| Client::connect(address)).collect();
    for client in &mut clients {
        client.send_bytes(input);
    }
    let answered = clients.iter_mut().filter_map(Client::read_frame).count();
    is_served(&mut first)?;
    (1..=most).contains(&answered).then_some(()).ok_or_else(|| format!("{answered} of {count} are answered"))
}

fn churned(address: SocketAddr, input: &[u8], count: usize) -> Result<(), String> {
    let mut first = connect(address, super::ATTEMPTS);
    for _ in 0..count {
        let mut client = connect(address, super::ATTEMPTS);
        client.send_bytes(input);
        expect_answers(&mut client, 1)?;
        is_served(&mut first)?;
    }
    Ok(())
}

fn session_epoch(address: SocketAddr, expected: &[i16]) -> Result<(), String> {
    let mut client = Client::connect(address);
    let begin = FetchRequest { session_epoch: 0, ..fetch_request("honest", 0) };
    let session_id = client.call(&begin, FETCH).session_id;
    let go_on = FetchRequest { session_id, session_epoch: 9, ..FetchRequest::default() };
    expect_equal(&[client.call(&go_on, FETCH).error_code], expected)
}

/// Sends without reading until the connection is closed.
pub(crate) fn closed_unread(mut stream: TcpStream, input: &[u8]) -> Result<(), String> {
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    loop {
        match stream.write_all(input) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return Err(format!("it is still open after {PATIENCE:?}"));
            }
            Err(_) => return Ok(()),
        }
    }
}
