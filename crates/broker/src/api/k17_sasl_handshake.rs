//! SaslHandshake, 0 and 1: there is no listener with SASL, so a handshake has no place anywhere.
//!
//! Kafka answers the same on a PLAINTEXT listener. The connection stays open.

use crate::context::Context;
use std::sync::Arc;
use types::ErrorCode;
use wire::sasl_handshake_request::SaslHandshakeRequest;
use wire::sasl_handshake_response::SaslHandshakeResponse;

/// Returns what an answer takes at most, the request's mechanism with it.
pub(super) fn answer_bytes(_: &Context, request: &SaslHandshakeRequest) -> usize {
    100 + request.mechanism.len()
}

pub(super) async fn sasl_handshake(
    _: Arc<Context>,
    _: SaslHandshakeRequest,
    _: i16,
) -> SaslHandshakeResponse {
    SaslHandshakeResponse {
        error_code: ErrorCode::IllegalSaslState.code(),
        ..SaslHandshakeResponse::default()
    }
}
