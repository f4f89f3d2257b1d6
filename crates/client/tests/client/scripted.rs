//! A broker on loopback whose every answer a test decides.

use bytes::Bytes;
use client::{ClientOptions, Cluster};
use env::net::Net;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use types::Uuid;
use wire::api_versions_response::{ApiVersion, FinalizedFeatureKey};
use wire::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use wire::{
    APIS, ApiMessage, ApiVersionsResponse, InitProducerIdResponse, Message, MetadataResponse, Reader,
    RequestHeader, response_frame,
};

/// The topic that every scripted broker has, with one partition.
pub(crate) const TOPIC: &str = "t";
/// Its id.
pub(crate) const TOPIC_ID: Uuid = Uuid([7; 16]);

/// What the broker does with a request.
pub(crate) enum Reply {
    /// Sends these bytes.
    Send(Vec<Bytes>),
    /// Sends nothing.
    Nothing,
    /// Closes the connection.
    HangUp,
}

/// A request as the broker sees it.
pub(crate) struct Asked {
    pub(crate) header: RequestHeader,
    pub(crate) body: Bytes,
}

impl Asked {
    /// Reads the body.
    pub(crate) fn read<M: Message>(&self) -> M {
        M::from_bytes(self.body.clone(), self.header.id.api_version).unwrap()
    }

    /// Answers with a message.
    pub(crate) fn answer<M: ApiMessage>(&self, body: &M) -> Reply {
        let id = self.header.id;
        Reply::Send(response_frame(id.correlation_id, body, id.api_version).unwrap())
    }

    /// Says whether it is a request of this type.
    pub(crate) fn is<M: ApiMessage>(&self) -> bool {
        self.header.id.api_key == M::KEY
    }
}

/// Starts a broker; the script sees every request but ApiVersions, Metadata and InitProducerId without a transactional id.
pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> String {
    start_at_level(2, script).await
}

/// The same with another level of `transaction.version`.
pub(crate) async fn start_at_level(
    level: i16,
    script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let script: Arc<dyn Fn(&Asked) -> Reply + Send + Sync> = Arc::new(script);
    let ids = Arc::new(AtomicU32::new(100));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (script, ids) = (script.clone(), ids.clone());
            tokio::spawn(async move {
                let reply = move |asked: &Asked| {
                    own_reply(asked, (address.port(), level), &ids).unwrap_or_else(|| script(asked))
                };
                let _closed = talk(stream, reply).await;
            });
        }
    });
    address.to_string()
}

async fn talk(mut stream: TcpStream, reply: impl Fn(&Asked) -> Reply) -> std::io::Result<()> {
    loop {
        let length = usize::try_from(stream.read_i32().await?).unwrap();
        let mut frame = vec![0; length];
        stream.read_exact(&mut frame).await?;
        let mut reader = Reader::new(Bytes::from(frame.clone()));
        let header = RequestHeader::decode(&mut reader).unwrap();
        let body = Bytes::from(frame.split_off(length - reader.remaining()));
        match reply(&Asked { header, body }) {
            Reply::Send(parts) => stream.write_all(&parts.concat()).await?,
            Reply::Nothing => {}
            Reply::HangUp => return Ok(()),
        }
    }
}

fn own_reply(asked: &Asked, (port, level): (u16, i16), ids: &AtomicU32) -> Option<Reply> {
    if asked.is::<wire::ApiVersionsRequest>() {
        let api =
            |api: &wire::ApiInfo| ApiVersion { api_key: api.key, min_version: api.min, max_version: api.max };
        let api_keys = APIS.iter().map(api).collect();
        let name = "transaction.version".to_owned();
        let transactions = FinalizedFeatureKey { name, max_version_level: level, min_version_level: level };
        let finalized_features = vec![transactions];
        return Some(asked.answer(&ApiVersionsResponse {
            api_keys,
            finalized_features,
            ..Default::default()
        }));
    }
    if asked.is::<wire::InitProducerIdRequest>() {
        let request: wire::InitProducerIdRequest = asked.read();
        if request.transactional_id.is_some() {
            return None;
        }
        assert_eq!(request.producer_id, -1);
        let producer_id = i64::from(ids.fetch_add(1, Ordering::Relaxed));
        return Some(asked.answer(&InitProducerIdResponse { producer_id, ..Default::default() }));
    }
    asked.is::<wire::MetadataRequest>().then(|| asked.answer(&metadata(port)))
}

fn metadata(port: u16) -> MetadataResponse {
    let broker = MetadataResponseBroker {
        node_id: 1,
        host: "127.0.0.1".to_owned(),
        port: i32::from(port),
        rack: None,
    };
    let partition = MetadataResponsePartition { leader_id: 1, leader_epoch: 3, ..Default::default() };
    let topic = MetadataResponseTopic {
        name: Some(TOPIC.to_owned()),
        topic_id: TOPIC_ID,
        partitions: vec![partition],
        ..Default::default()
    };
    MetadataResponse { brokers: vec![broker], topics: vec![topic], ..Default::default() }
}

/// Options with short pauses.
pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        request_timeout: Duration::from_secs(5),
        call_timeout: Duration::from_secs(5),
        backoff_min: Duration::from_millis(1),
        backoff_max: Duration::from_millis(5),
        ..ClientOptions::default()
    }
}

/// A cluster of that one broker.
pub(crate) fn cluster(address: &str) -> Cluster {
    cluster_with(address, options())
}

/// The same with other options.
pub(crate) fn cluster_with(address: &str, options: ClientOptions) -> Cluster {
    Cluster::new(Net::Real, &[address.to_owned()], options)
}
