//! AlterConfigs, 0 to 2 (KIP-133): what is not named goes back to its default.

use super::alter::{Asked, Change, alter, resource_bytes};
use crate::context::Context;
use std::sync::Arc;
use wire::alter_configs_request::{AlterConfigsRequest, AlterConfigsResource};
use wire::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &AlterConfigsRequest) -> usize {
    let size = |resource: &AlterConfigsResource| {
        let settings = resource.configs.iter().map(|config| (config.name.as_str(), config.value.as_deref()));
        resource_bytes(&resource.resource_name, settings)
    };
    request.resources.iter().map(size).sum()
}

pub(super) async fn alter_configs(
    context: Arc<Context>,
    request: AlterConfigsRequest,
    _: i16,
) -> AlterConfigsResponse {
    let asked = |resource: AlterConfigsResource| {
        let entries = resource.configs.into_iter().map(|config| (config.name, config.value));
        let (kind, name) = (resource.resource_type, resource.resource_name);
        Asked { kind, name, change: Some(Change::Whole(entries.collect())) }
    };
    let asked = request.resources.into_iter().map(asked).collect();
    let answered = alter(&context, asked, request.validate_only).await;
    let responses = answered.into_iter().map(|answer| AlterConfigsResourceResponse {
        error_code: answer.code.code(),
        error_message: answer.message,
        resource_type: answer.kind,
        resource_name: answer.name,
    });
    AlterConfigsResponse { responses: responses.collect(), ..AlterConfigsResponse::default() }
}
