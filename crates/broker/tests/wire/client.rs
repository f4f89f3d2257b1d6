//! A client that does what a test says: frames out, frames in, nothing by itself.

use bytes::Bytes;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;
use wire::create_topics_request::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use wire::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use wire::fetch_response::{FetchResponse, PartitionData};
use wire::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use wire::list_offsets_response::ListOffsetsPartitionResponse;
use wire::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use wire::produce_response::PartitionProduceResponse;
use wire::{ApiMessage, Request};

/// An answer that takes longer is missing.
const PATIENCE: Duration = Duration::from_secs(30);
/// A version of each API by name that the tests use where any will do.
pub const PRODUCE: i16 = 9;
pub const FETCH: i16 = 12;
pub const LIST_OFFSETS: i16 = 11;
pub const CREATE_TOPICS: i16 = 7;

/// One connection.
pub struct Client {
    stream: TcpStream,
    next: i32,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, next: 1 }
    }

    /// Sends raw bytes; a connection that is closed already takes none, which a later read shows.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends of these bytes what goes without waiting.
    pub fn send_some(&mut self, bytes: &[u8]) {
        self.stream.set_nonblocking(true).unwrap();
        let _ = self.stream.write_all(bytes);
        self.stream.set_nonblocking(false).unwrap();
    }

    /// Sends a request; returns its number.
    pub fn send<Q: Request>(&mut self, request: &Q, version: i16) -> i32 {
        let number = self.next;
        self.next += 1;
        self.send_bytes(&frame(request, version, number));
        number
    }

    /// Reads the next frame, without its length; nothing if the connection is closed.
    pub fn read_frame(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        if !filled(self.stream.read_exact(&mut length)) {
            return None;
        }
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        filled(self.stream.read_exact(&mut frame)).then(|| Bytes::from(frame))
    }

    /// Reads the answer to the request of a number.
    pub fn receive<R: ApiMessage>(&mut self, version: i16, number: i32) -> R {
        let frame = self.read_frame().expect("the connection was closed instead of an answer");
        let (header, body) = wire::read_response(frame, version).unwrap();
        assert_eq!(header.correlation_id, number, "answers come in the order of requests");
        body
    }

    /// Sends a request and reads its answer.
    pub fn call<Q: Request>(&mut self, request: &Q, version: i16) -> Q::Response {
        let number = self.send(request, version);
        self.receive(version, number)
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Checks that the broker closes the connection and sends nothing before.
    pub fn expect_closed(&mut self, why: &str) {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("{why}: not closed but {other:?}"),
        }
    }

    /// Creates a topic with defaults.
    pub fn create(&mut self, name: &str, partitions: i32) {
        self.create_with(name, partitions, &[]);
    }

    /// Creates a topic with settings; returns its id.
    pub fn create_with(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> types::Uuid {
        let configs = configs
            .iter()
            .map(|(key, value)| CreatableTopicConfig { name: (*key).into(), value: Some((*value).into()) });
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.collect(),
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        let created = self.call(&request, CREATE_TOPICS);
        assert_eq!(created.topics[0].error_code, 0, "{created:?}");
        created.topics[0].topic_id
    }

    /// Writes one batch to partition 0 with acks=all.
    pub fn produce(&mut self, topic: &str, batch: &Bytes) -> PartitionProduceResponse {
        let response = self.call(&produce_request(topic, &[(0, batch)]), PRODUCE);
        response.responses[0].partition_responses[0].clone()
    }

    /// Writes one batch that must be stored; returns its first offset.
    pub fn put(&mut self, topic: &str, batch: &Bytes) -> i64 {
        let answer = self.produce(topic, batch);
        assert_eq!(answer.error_code, 0, "{answer:?}");
        answer.base_offset
    }

    /// Asks for the offset that a timestamp, perhaps a special one, stands for.
    pub fn offset(&mut self, topic: &str, timestamp: i64) -> ListOffsetsPartitionResponse {
        let response = self.call(&offsets_request(topic, timestamp), LIST_OFFSETS);
        response.topics[0].partitions[0].clone()
    }

    /// Returns the end of partition 0.
    pub fn end(&mut self, topic: &str) -> i64 {
        self.offset(topic, -1).offset
    }

    /// Fetches partition 0 from an offset, without waiting.
    pub fn fetch(&mut self, topic: &str, offset: i64) -> PartitionData {
        one(self.call(&fetch_request(topic, offset), FETCH))
    }
}

fn filled(read: std::io::Result<()>) -> bool {
    match read {
        Ok(()) => true,
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => false,
        Err(error) => panic!("no answer: {error}"),
    }
}

/// Returns a request as bytes, length included.
pub fn frame<Q: Request>(request: &Q, version: i16, number: i32) -> Vec<u8> {
    wire::request_frame(number, Some("test"), request, version).unwrap().concat()
}

/// A Produce request by name for some partitions of a topic, with acks=all.
pub fn produce_request(topic: &str, batches: &[(i32, &Bytes)]) -> ProduceRequest {
    let partition_data = batches
        .iter()
        .map(|(index, batch)| PartitionProduceData { index: *index, records: Some((*batch).clone().into()) });
    let topic = TopicProduceData {
        name: topic.into(),
        partition_data: partition_data.collect(),
        ..TopicProduceData::default()
    };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..ProduceRequest::default() }
}

/// A Fetch request by name for partition 0, that does not wait.
pub fn fetch_request(topic: &str, offset: i64) -> FetchRequest {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topic = FetchTopic { topic: topic.into(), partitions: vec![partition], ..FetchTopic::default() };
    FetchRequest { topics: vec![topic], max_bytes: 10 << 20, ..FetchRequest::default() }
}

/// A ListOffsets request for partition 0.
pub fn offsets_request(topic: &str, timestamp: i64) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition { timestamp, ..ListOffsetsPartition::default() };
    let topic = ListOffsetsTopic { name: topic.into(), partitions: vec![partition] };
    ListOffsetsRequest { topics: vec![topic], ..ListOffsetsRequest::default() }
}

/// Returns the only partition of a fetch.
pub fn one(mut response: FetchResponse) -> PartitionData {
    assert_eq!(response.error_code, 0);
    response.responses.remove(0).partitions.remove(0)
}

impl Client {
    /// Sends a request; nothing if the connection is closed instead of answered.
    pub fn try_call<Q: Request>(&mut self, request: &Q, version: i16) -> Option<Q::Response> {
        self.send(request, version);
        let frame = self.read_frame()?;
        Some(wire::read_response(frame, version).unwrap().1)
    }
}
