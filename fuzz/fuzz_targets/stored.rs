//! Stored formats in every version.

#![no_main]

mod messages;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let [choice, version, body @ ..] = data {
        messages::table::stored(*choice, *version, bytes::Bytes::copy_from_slice(body));
    }
});
