//! DescribeAcls, 1 to 3: there are no access rules, as in Kafka without an authorizer.

use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::describe_acls_request::DescribeAclsRequest;
use wire::describe_acls_response::DescribeAclsResponse;

const SENTENCE: &str = "No Authorizer is configured on the broker";

/// What an answer takes, without the names in the request. *Units*: bytes.
const ANSWER_BYTES: usize = 300;

/// Returns what an answer takes at most, the request's names with it.
pub(super) fn answer_bytes(_: &Context, request: &DescribeAclsRequest) -> usize {
    let names = [&request.resource_name_filter, &request.principal_filter, &request.host_filter];
    ANSWER_BYTES + names.into_iter().flatten().map(String::len).sum::<usize>()
}

pub(super) async fn describe_acls(_: Arc<Context>, _: DescribeAclsRequest, _: i16) -> DescribeAclsResponse {
    DescribeAclsResponse {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(SENTENCE.to_string()),
        ..DescribeAclsResponse::default()
    }
}
