//! DeleteAcls, 1 to 3: there are no access rules, as in Kafka without an authorizer.

use super::k30_create_acls::SENTENCE;
use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::delete_acls_request::{DeleteAclsFilter, DeleteAclsRequest};
use wire::delete_acls_response::{DeleteAclsFilterResult, DeleteAclsResponse};

/// What a filter takes in a request and its answer, without its names. *Units*: bytes.
const FILTER_BYTES: usize = 300;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &DeleteAclsRequest) -> usize {
    let names = |filter: &DeleteAclsFilter| {
        let names = [&filter.resource_name_filter, &filter.principal_filter, &filter.host_filter];
        names.into_iter().flatten().map(String::len).sum::<usize>()
    };
    request.filters.iter().map(|filter| FILTER_BYTES + names(filter)).sum()
}

pub(super) async fn delete_acls(_: Arc<Context>, request: DeleteAclsRequest, _: i16) -> DeleteAclsResponse {
    let refused = || DeleteAclsFilterResult {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(SENTENCE.to_string()),
        ..DeleteAclsFilterResult::default()
    };
    DeleteAclsResponse {
        filter_results: request.filters.iter().map(|_| refused()).collect(),
        ..DeleteAclsResponse::default()
    }
}
