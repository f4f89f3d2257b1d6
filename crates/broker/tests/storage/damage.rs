//! Damage that a read finds, as clients, metrics and health tell it (W-18).

use crate::batches::sized;
use crate::machine::{delete, http, metric, names, root, start, until};
use env::crash::CrashDisk;
use types::ErrorCode;

/// Protects: whoever was told of damage finds the partition offline in the metrics; once its topic is deleted the broker
/// is ready again.
#[test]
fn damage_shows_until_the_topic_is_deleted() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &sized(40_000));
    drop(client);
    broker.stop();
    let path = root().join("topic-0/00000000000000000000.log");
    disk.corrupt(&path, 1000, &[0xff; 8]).unwrap();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    assert!(http(&broker, "/health/ready").contains("200 OK"));
    assert_eq!(client.fetch("topic", 0).error_code, ErrorCode::KafkaStorageError.code());
    assert_eq!(metric(&broker, "offline_partitions"), 1, "told before the answer");
    assert!(http(&broker, "/health/ready").contains("1 partitions are offline"));
    assert_eq!(delete(&mut client, "topic"), 0);
    until("the broker is ready", || http(&broker, "/health/ready").contains("200 OK"));
    until("its folder is gone", || !names(&disk, &root()).iter().any(|name| name.contains("topic-0")));
}
