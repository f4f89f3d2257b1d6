//! IncrementalAlterConfigs, 0 and 1 (KIP-339).

use super::alter::{Asked, Change, alter, resource_bytes};
use crate::context::Context;
use config::{AlterOp, Alteration};
use std::sync::Arc;
use wire::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use wire::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};

/// Returns what an answer takes at most.
pub(super) fn answer_bytes(_: &Context, request: &IncrementalAlterConfigsRequest) -> usize {
    let size = |resource: &AlterConfigsResource| {
        let settings = resource.configs.iter().map(|config| (config.name.as_str(), config.value.as_deref()));
        resource_bytes(&resource.resource_name, settings)
    };
    request.resources.iter().map(size).sum()
}

pub(super) async fn incremental_alter_configs(
    context: Arc<Context>,
    request: IncrementalAlterConfigsRequest,
    _: i16,
) -> IncrementalAlterConfigsResponse {
    let asked = |resource: AlterConfigsResource| {
        let changes: Option<Vec<Alteration>> = resource.configs.into_iter().map(alteration).collect();
        let (kind, name) = (resource.resource_type, resource.resource_name);
        Asked { kind, name, change: changes.map(Change::Some) }
    };
    let asked = request.resources.into_iter().map(asked).collect();
    let answered = alter(&context, asked, request.validate_only).await;
    let responses = answered.into_iter().map(|answer| AlterConfigsResourceResponse {
        error_code: answer.code.code(),
        error_message: answer.message,
        resource_type: answer.kind,
        resource_name: answer.name,
    });
    IncrementalAlterConfigsResponse {
        responses: responses.collect(),
        ..IncrementalAlterConfigsResponse::default()
    }
}

/// Reads a change; nothing if its operation has no meaning.
fn alteration(config: AlterableConfig) -> Option<Alteration> {
    let op = AlterOp::of(config.config_operation)?;
    Some(Alteration { name: config.name, op, value: config.value })
}
