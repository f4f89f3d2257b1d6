//! CreateAcls, 1 to 3: there are no access rules, as in Kafka without an authorizer.

use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::create_acls_request::{AclCreation, CreateAclsRequest};
use wire::create_acls_response::{AclCreationResult, CreateAclsResponse};

/// What the controller says of each rule.
pub(super) const SENTENCE: &str = "No Authorizer is configured.";

/// What a rule takes in a request and its answer, without its names. *Units*: bytes.
const RULE_BYTES: usize = 260;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &CreateAclsRequest) -> usize {
    let names = |rule: &AclCreation| rule.resource_name.len() + rule.principal.len() + rule.host.len();
    request.creations.iter().map(|rule| RULE_BYTES + names(rule)).sum()
}

pub(super) async fn create_acls(_: Arc<Context>, request: CreateAclsRequest, _: i16) -> CreateAclsResponse {
    let refused = || AclCreationResult {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(SENTENCE.to_string()),
    };
    CreateAclsResponse {
        results: request.creations.iter().map(|_| refused()).collect(),
        ..CreateAclsResponse::default()
    }
}
