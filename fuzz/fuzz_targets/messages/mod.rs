//! What is done with every message that the fuzzer makes.

#[allow(dead_code, reason = "each target uses one half")]
pub mod table;

use bytes::Bytes;
use std::fmt::Debug;
use wire::Message;

/// Decodes a body; what decodes must survive another round.
pub fn again<M: Message + PartialEq + Debug>(version: u8, body: Bytes) {
    let versions = M::MAX - M::MIN + 1;
    let version = M::MIN + i16::from(version) % versions;
    if let Ok(message) = M::from_bytes(body, version) {
        let bytes = message.to_bytes(version).expect("a decoded message can be encoded");
        assert_eq!(M::from_bytes(bytes, version).as_ref(), Ok(&message));
    }
}
