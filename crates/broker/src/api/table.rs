//! Every API that is served: key, versions, handler. What is not here is not announced (D-16).

use super::{Accepted, Begin, Call, Refused};
use super::{
    k01_fetch, k02_list_offsets, k03_metadata, k08_offset_commit, k09_offset_fetch, k10_find_coordinator,
    k11_join_group, k12_heartbeat, k13_leave_group, k14_sync_group, k15_describe_groups, k16_list_groups,
    k17_sasl_handshake, k18_api_versions, k19_create_topics, k20_delete_topics, k21_delete_records,
    k22_init_producer_id, k23_offset_for_leader_epoch, k24_add_partitions_to_txn, k25_add_offsets_to_txn,
    k26_end_txn, k27_write_txn_markers, k28_txn_offset_commit, k29_describe_acls, k30_create_acls,
    k31_delete_acls, k32_describe_configs, k33_alter_configs, k35_describe_log_dirs, k37_create_partitions,
    k42_delete_groups, k44_incremental_alter_configs, k47_offset_delete, k55_describe_quorum,
    k57_update_features, k60_describe_cluster, k61_describe_producers, k65_describe_transactions,
    k66_list_transactions, k68_consumer_group_heartbeat, k69_consumer_group_describe,
    k74_list_config_resources, k75_describe_topic_partitions, transactions,
};
use wire::{ApiInfo, ApiKey};

/// ApiVersions' key: the one API that answers versions it does not serve.
pub(crate) const API_VERSIONS_KEY: i16 = 18;

/// How an API is served.
#[derive(Clone, Copy)]
pub(crate) enum Serve {
    /// In two stages.
    Produce,
    /// At once where it may, else when its turn has come; says which.
    AtOnce(fn(Call, bool) -> Result<(Accepted, Begin), Refused>),
    /// When its turn has come.
    Inline(fn(Call) -> Result<Accepted, Refused>),
}

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    /// Key, name and versions.
    pub(crate) info: &'static ApiInfo,
    /// The handler.
    pub(crate) serve: Serve,
}

impl Api {
    /// Returns the lowest version that is announced. Produce says 0 although 0 to 2 are refused, as
    /// Kafka does: old librdkafka takes its absence for a broker without compression (KAFKA-18659).
    pub(crate) fn announced_min(&self) -> i16 {
        if self.info.key == super::PRODUCE_KEY { 0 } else { self.info.min }
    }
}

/// Returns the APIs that are served, in order of their keys.
pub(crate) fn served() -> impl Iterator<Item = Api> {
    wire::APIS.iter().filter_map(|info| find(info.key))
}

/// Returns the API with this key, if it is served.
pub(crate) fn find(key: i16) -> Option<Api> {
    let key = ApiKey::from_code(key)?;
    let serve = match key {
        ApiKey::Produce => Serve::Produce,
        ApiKey::Fetch => Serve::Inline(k01_fetch::serve),
        ApiKey::ListOffsets => Serve::Inline(|call| {
            super::answer(call, k02_list_offsets::answer_bytes, k02_list_offsets::list_offsets)
        }),
        ApiKey::Metadata => Serve::Inline(|call| {
            let listener = call.peer.listener.clone();
            super::answer(call, k03_metadata::answer_bytes, move |context, request, version| {
                k03_metadata::metadata(context, request, version, listener)
            })
        }),
        ApiKey::OffsetCommit => Serve::AtOnce(|call, may_begin| {
            let from = k11_join_group::From::new(&call);
            let may_begin = may_begin && crate::history::is_there(&call.context);
            let size = k08_offset_commit::answer_bytes;
            super::answer_at_once(call, may_begin, size, move |context, request, version| {
                k08_offset_commit::offset_commit(&context, request, version, from)
            })
        }),
        ApiKey::OffsetFetch => Serve::Inline(|call| {
            super::answer_within(call, k09_offset_fetch::answer_bytes, k09_offset_fetch::offset_fetch)
        }),
        ApiKey::FindCoordinator => Serve::Inline(|call| {
            let listener = call.peer.listener.clone();
            super::answer(call, k10_find_coordinator::answer_bytes, move |context, request, version| {
                k10_find_coordinator::find_coordinator(context, request, version, listener)
            })
        }),
        ApiKey::JoinGroup => Serve::Inline(|call| {
            let from = k11_join_group::From::new(&call);
            super::answer_later(call, move |context, request, version, holds| {
                k11_join_group::join_group(context, request, version, from, holds)
            })
        }),
        ApiKey::Heartbeat => {
            Serve::Inline(|call| super::answer(call, k12_heartbeat::answer_bytes, k12_heartbeat::heartbeat))
        }
        ApiKey::LeaveGroup => Serve::Inline(|call| {
            super::answer(call, k13_leave_group::answer_bytes, k13_leave_group::leave_group)
        }),
        ApiKey::SyncGroup => Serve::Inline(|call| {
            let from = k11_join_group::From::new(&call);
            super::answer_later(call, move |context, request, version, holds| {
                k14_sync_group::sync_group(context, request, version, from, holds)
            })
        }),
        ApiKey::DescribeGroups => Serve::Inline(|call| {
            super::answer_within(
                call,
                k15_describe_groups::answer_bytes,
                k15_describe_groups::describe_groups,
            )
        }),
        ApiKey::ListGroups => Serve::Inline(|call| {
            super::answer_within(call, k16_list_groups::answer_bytes, k16_list_groups::list_groups)
        }),
        ApiKey::DeleteGroups => Serve::Inline(|call| {
            super::answer(call, k42_delete_groups::answer_bytes, k42_delete_groups::delete_groups)
        }),
        ApiKey::OffsetDelete => Serve::Inline(|call| {
            let from = k11_join_group::From::new(&call);
            super::answer(call, k47_offset_delete::answer_bytes, move |context, request, version| {
                k47_offset_delete::offset_delete(context, request, version, from)
            })
        }),
        ApiKey::ConsumerGroupHeartbeat => Serve::Inline(|call| {
            let from = k11_join_group::From::new(&call);
            super::answer_later(call, move |context, request, version, holds| {
                k68_consumer_group_heartbeat::consumer_group_heartbeat(context, request, version, from, holds)
            })
        }),
        ApiKey::ConsumerGroupDescribe => Serve::Inline(|call| {
            let size = k69_consumer_group_describe::answer_bytes;
            super::answer_within(call, size, k69_consumer_group_describe::consumer_group_describe)
        }),
        ApiKey::SaslHandshake => Serve::Inline(|call| {
            super::answer(call, k17_sasl_handshake::answer_bytes, k17_sasl_handshake::sasl_handshake)
        }),
        ApiKey::ApiVersions => Serve::Inline(|call| {
            super::answer(call, k18_api_versions::answer_bytes, k18_api_versions::api_versions)
        }),
        ApiKey::CreateTopics => Serve::Inline(|call| {
            super::answer(call, k19_create_topics::answer_bytes, k19_create_topics::create_topics)
        }),
        ApiKey::DeleteTopics => Serve::Inline(|call| {
            super::answer(call, k20_delete_topics::answer_bytes, k20_delete_topics::delete_topics)
        }),
        ApiKey::DeleteRecords => Serve::Inline(|call| {
            super::answer(call, k21_delete_records::answer_bytes, k21_delete_records::delete_records)
        }),
        ApiKey::InitProducerId => Serve::Inline(|call| {
            let client = transactions::client(&call);
            super::answer(call, k22_init_producer_id::answer_bytes, move |context, request, version| {
                k22_init_producer_id::init_producer_id(context, request, version, client)
            })
        }),
        ApiKey::OffsetForLeaderEpoch => Serve::Inline(|call| {
            super::answer(
                call,
                k23_offset_for_leader_epoch::answer_bytes,
                k23_offset_for_leader_epoch::offset_for_leader_epoch,
            )
        }),
        ApiKey::DescribeAcls => Serve::Inline(|call| {
            super::answer(call, k29_describe_acls::answer_bytes, k29_describe_acls::describe_acls)
        }),
        ApiKey::CreateAcls => Serve::Inline(|call| {
            super::answer(call, k30_create_acls::answer_bytes, k30_create_acls::create_acls)
        }),
        ApiKey::DeleteAcls => Serve::Inline(|call| {
            super::answer(call, k31_delete_acls::answer_bytes, k31_delete_acls::delete_acls)
        }),
        ApiKey::DescribeConfigs => Serve::Inline(|call| {
            super::answer(call, k32_describe_configs::answer_bytes, k32_describe_configs::describe_configs)
        }),
        ApiKey::DescribeLogDirs => Serve::Inline(|call| {
            super::answer(call, k35_describe_log_dirs::answer_bytes, k35_describe_log_dirs::describe_log_dirs)
        }),
        ApiKey::CreatePartitions => Serve::Inline(|call| {
            super::answer(call, k37_create_partitions::answer_bytes, k37_create_partitions::create_partitions)
        }),
        ApiKey::DescribeQuorum => Serve::Inline(|call| {
            super::answer(call, k55_describe_quorum::answer_bytes, k55_describe_quorum::describe_quorum)
        }),
        ApiKey::UpdateFeatures => Serve::Inline(|call| {
            super::answer(call, k57_update_features::answer_bytes, k57_update_features::update_features)
        }),
        ApiKey::DescribeCluster => Serve::Inline(|call| {
            let listener = call.peer.listener.clone();
            super::answer(call, k60_describe_cluster::answer_bytes, move |context, request, _| {
                k60_describe_cluster::describe_cluster(context, request, listener)
            })
        }),
        ApiKey::DescribeProducers => Serve::Inline(|call| {
            let size = k61_describe_producers::answer_bytes;
            super::answer_within(call, size, k61_describe_producers::describe_producers)
        }),
        ApiKey::AlterConfigs => Serve::Inline(|call| {
            super::answer(call, k33_alter_configs::answer_bytes, k33_alter_configs::alter_configs)
        }),
        ApiKey::IncrementalAlterConfigs => Serve::Inline(|call| {
            super::answer(
                call,
                k44_incremental_alter_configs::answer_bytes,
                k44_incremental_alter_configs::incremental_alter_configs,
            )
        }),
        ApiKey::ListConfigResources => Serve::Inline(|call| {
            super::answer(
                call,
                k74_list_config_resources::answer_bytes,
                k74_list_config_resources::list_config_resources,
            )
        }),
        ApiKey::DescribeTopicPartitions => Serve::Inline(|call| {
            super::answer(
                call,
                k75_describe_topic_partitions::answer_bytes,
                k75_describe_topic_partitions::describe_topic_partitions,
            )
        }),
        ApiKey::AddPartitionsToTxn => Serve::Inline(|call| {
            let (connection, size) = (call.peer.connection, k24_add_partitions_to_txn::answer_bytes);
            super::answer_unless(call, size, move |context, request, version| {
                k24_add_partitions_to_txn::add_partitions_to_txn(context, request, version, connection)
            })
        }),
        ApiKey::AddOffsetsToTxn => Serve::Inline(|call| {
            let (connection, size) = (call.peer.connection, k25_add_offsets_to_txn::answer_bytes);
            super::answer_unless(call, size, move |context, request, version| {
                k25_add_offsets_to_txn::add_offsets_to_txn(context, request, version, connection)
            })
        }),
        ApiKey::EndTxn => Serve::Inline(|call| {
            let connection = call.peer.connection;
            super::answer_unless(call, k26_end_txn::answer_bytes, move |context, request, version| {
                k26_end_txn::end_txn(context, request, version, connection)
            })
        }),
        ApiKey::WriteTxnMarkers => Serve::Inline(|call| {
            super::answer(call, k27_write_txn_markers::answer_bytes, k27_write_txn_markers::write_txn_markers)
        }),
        ApiKey::DescribeTransactions => Serve::Inline(|call| {
            let size = k65_describe_transactions::answer_bytes;
            super::answer_within(call, size, k65_describe_transactions::describe_transactions)
        }),
        ApiKey::ListTransactions => Serve::Inline(|call| {
            let size = k66_list_transactions::answer_bytes;
            super::answer_within(call, size, k66_list_transactions::list_transactions)
        }),
        ApiKey::TxnOffsetCommit => Serve::Inline(|call| {
            let (from, connection) = (k11_join_group::From::new(&call), call.peer.connection);
            let size = k28_txn_offset_commit::answer_bytes;
            super::answer_unless(call, size, move |context, request, version| {
                k28_txn_offset_commit::txn_offset_commit(context, request, version, from, connection)
            })
        }),
    };
    Some(Api { info: key.info(), serve })
}
