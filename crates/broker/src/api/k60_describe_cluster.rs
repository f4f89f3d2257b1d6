//! DescribeCluster, 0 to 2 (KIP-700, 919, 1073).

use super::authorized::{CLUSTER_OPERATIONS, operations};
use super::brokers;
use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::describe_cluster_request::DescribeClusterRequest;
use wire::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};

/// The request's endpoint type for brokers.
const BROKERS: i8 = 1;
/// The one for controllers, which no broker answers.
const CONTROLLERS: i8 = 2;
const MISMATCHED: &str =
    "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER";

/// What a broker takes in an answer. *Units*: bytes.
const BROKER_BYTES: usize = 500;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(context: &Context, _: &DescribeClusterRequest) -> usize {
    (context.published().image.brokers().iter().count() + 1) * BROKER_BYTES
}

pub(super) async fn describe_cluster(
    context: Arc<Context>,
    request: DescribeClusterRequest,
    listener: Arc<str>,
) -> DescribeClusterResponse {
    if request.endpoint_type != BROKERS {
        let (code, message) = match request.endpoint_type {
            CONTROLLERS => (ErrorCode::MismatchedEndpointType, MISMATCHED.to_string()),
            other => (ErrorCode::UnsupportedEndpointType, format!("Unsupported endpoint type {other}")),
        };
        return DescribeClusterResponse {
            error_code: code.code(),
            error_message: Some(message),
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
                let node = brokers::node(id, broker, &listener)?;
                Some(DescribeClusterBroker {
                    broker_id: node.id,
                    host: node.host,
                    port: node.port,
                    rack: node.rack,
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
