//! AlterConfigs, 0 to 2 (KIP-133): what is not named goes back to its default.

use super::alter::{Asked, Change, alter};
use crate::context::Context;
use std::sync::Arc;
use wire::alter_configs_request::{AlterConfigsRequest, AlterConfigsResource};
use wire::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};

/// What a resource takes in a request and its answer, without names and values. *Units*: bytes.
const RESOURCE_BYTES: usize = 900;
/// What a setting takes, without its name and value. *Units*: bytes.
const SETTING_BYTES: usize = 250;

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &AlterConfigsRequest) -> usize {
    let size = |resource: &AlterConfigsResource| {
        let settings = resource.configs.iter();
        let texts =
            settings.map(|c| SETTING_BYTES + 4 * (c.name.len() + c.value.as_ref().map_or(0, String::len)));
        RESOURCE_BYTES + 5 * resource.resource_name.len() + texts.sum::<usize>()
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
