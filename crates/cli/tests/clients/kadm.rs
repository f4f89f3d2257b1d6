//! franz-go's admin client: topics, settings, partitions, offsets, deletions of records, directories and transactions, answered as by Kafka 4.3.1.
//!
//! The checks and what they want are in tests/clients/kadm.

use crate::broker::Broker;
use crate::program;
use crate::toolbox::{self, or_skip};

/// There are so many; one that is lost is noticed.
const CHECKS: usize = 85;

/// Protects: every admin call of franz-go that has a subject on one node is answered field by field as Kafka 4.3.1 answers it.
#[test]
fn kadm_is_answered_as_by_kafka() {
    let Some(mut kadm) = or_skip("kadm_is_answered_as_by_kafka", toolbox::kadm()) else { return };
    let mut broker = Broker::start(&["node.id=0", "num.partitions=3"]);
    let verdicts = program::run("kadm", kadm.args(["-bootstrap", &broker.address()]));
    let failed: Vec<&String> = verdicts.iter().filter(|line| !line.starts_with("PASS ")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(verdicts.len(), CHECKS);
    broker.stop();
}
