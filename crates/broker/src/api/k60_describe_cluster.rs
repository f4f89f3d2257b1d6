//! DescribeCluster, 0 to 2 (KIP-700, 919, 1073).

use super::authorized::{CLUSTER_OPERATIONS, operations};
use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::describe_cluster_request::DescribeClusterRequest;
use wire::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};

/// The request's endpoint type for brokers; 2 asks a broker for controllers, which is refused.
const BROKERS: i8 = 1;

pub(super) async fn describe_cluster(
    context: Arc<Context>,
    request: DescribeClusterRequest,
    _: i16,
) -> DescribeClusterResponse {
    if request.endpoint_type != BROKERS {
        let code = match request.endpoint_type {
            2 => ErrorCode::MismatchedEndpointType,
            _ => ErrorCode::UnsupportedEndpointType,
        };
        return DescribeClusterResponse {
            error_code: code.code(),
            error_message: Some("This endpoint describes brokers.".to_string()),
            endpoint_type: BROKERS,
            ..DescribeClusterResponse::default()
        };
    }
    let published = context.published();
    let fenced_too = request.include_fenced_brokers;
    let brokers = published.image.brokers().iter().filter(|(_, broker)| fenced_too || !broker.fenced);
    DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: published.image.cluster_id().map(|id| id.to_string()).unwrap_or_default(),
        controller_id: context.config.node_id.0,
        brokers: brokers
            .filter_map(|(id, broker)| {
                let endpoint = super::k03_metadata::endpoint(broker, &context.advertised.listener)?;
                Some(DescribeClusterBroker {
                    broker_id: id.0,
                    host: endpoint.host.clone(),
                    port: i32::from(endpoint.port),
                    rack: broker.registration.rack.clone(),
                    is_fenced: broker.fenced,
                })
            })
            .collect(),
        cluster_authorized_operations: operations(
            request.include_cluster_authorized_operations,
            CLUSTER_OPERATIONS,
        ),
        ..DescribeClusterResponse::default()
    }
}
