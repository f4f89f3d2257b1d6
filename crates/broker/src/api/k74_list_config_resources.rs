//! ListConfigResources, 0 and 1 (KIP-714, 1142): which resources have settings. Version 0 asks for client metrics alone.

use super::resources::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::context::Context;
use metadata::MetadataImage;
use metadata::image::TopicImage;
use std::collections::BTreeSet;
use std::sync::Arc;
use types::ErrorCode;
use wire::list_config_resources_request::ListConfigResourcesRequest;
use wire::list_config_resources_response::{ConfigResource, ListConfigResourcesResponse};

/// Every type, in the order of Kafka's answers.
const TYPES: [i8; 5] = [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC];
/// What a resource takes in an answer, with a name of the greatest length. *Units*: bytes.
const RESOURCE_BYTES: usize = 350;

/// Returns what an answer takes at most. All topics are given whatever they take: nobody can ask for less.
pub(super) fn answer_bytes(context: &Context, _: &ListConfigResourcesRequest) -> usize {
    let image = &context.published().image;
    let count = image.topics().iter().count() + 2 * image.brokers().iter().count() + 1;
    let names = groups(image).map(|name| 2 * name.len()).sum::<usize>();
    ((count + image.configs().groups()) * RESOURCE_BYTES + names).min(context.admission.answer_max())
}

pub(super) async fn list_config_resources(
    context: Arc<Context>,
    request: ListConfigResourcesRequest,
    version: i16,
) -> ListConfigResourcesResponse {
    let asked: BTreeSet<i8> = match version {
        0 => [CLIENT_METRICS].into(),
        _ if request.resource_types.is_empty() => TYPES.into(),
        _ => request.resource_types.into_iter().collect(),
    };
    if asked.iter().any(|kind| !TYPES.contains(kind)) {
        let error_code = ErrorCode::UnsupportedVersion.code();
        return ListConfigResourcesResponse { error_code, ..ListConfigResourcesResponse::default() };
    }
    let named = |kind: i8| {
        let resource = move |resource_name| ConfigResource { resource_name, resource_type: kind };
        names(&context, kind).into_iter().map(resource)
    };
    let config_resources = TYPES.into_iter().filter(|kind| asked.contains(kind)).flat_map(named).collect();
    ListConfigResourcesResponse { config_resources, ..ListConfigResourcesResponse::default() }
}

/// Lists the resources of a type; of client metrics there are none.
fn names(context: &Context, kind: i8) -> Vec<String> {
    let image = &context.published().image;
    match kind {
        TOPIC => image.topics().iter().map(|topic: &TopicImage| topic.name.to_string()).collect(),
        BROKER | BROKER_LOGGER => image.brokers().active().map(|(id, _)| id.to_string()).collect(),
        GROUP => groups(image).cloned().collect(),
        _ => Vec::new(),
    }
}

/// Lists the groups that have settings.
fn groups(image: &MetadataImage) -> impl Iterator<Item = &String> {
    image.configs().iter().filter_map(|(resource, _)| match resource {
        metadata::ConfigResource::Group(name) => Some(name),
        _ => None,
    })
}
