//! Memory of the check on hostile batches, measured by a counting allocator (A18, W-17).
//!
//! One test in a binary of its own, so that nothing else allocates beside it. The C library inside zstd is
//! not counted; its window is bounded by its own limit.
#![allow(unsafe_code, clippy::unwrap_used)]

mod record_support;

use record_support::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use wire::record::*;

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system allocator unchanged; the counters touch no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the place came from `alloc` above with this layout.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the most bytes that `run` held at a time.
fn peak(run: impl FnOnce()) -> usize {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    run();
    PEAK.load(Relaxed) - before
}

/// Protects: a bomb costs a window of its codec, a lie about a length costs nothing.
#[test]
fn hostile_batches_stay_small() {
    let rules = rules();
    let zeros = vec![0u8; 64 << 20];
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let bomb = batch(codec, &[stated(T, None, Some(&zeros), &[])]);
        let rules = CheckRules { max_batch_bytes: 1 << 30, ..rules };
        let used = peak(|| assert!(matches!(check(&bomb, &rules), Err(BatchError::Bomb { .. }))));
        assert!(used < 256 * 1024, "{codec}: {used}");
    }
    let mut packed = lz4_flex::frame::FrameInfo::new();
    packed.block_size = lz4_flex::frame::BlockSize::Max4MB;
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(packed, Vec::new());
    std::io::Write::write_all(&mut encoder, &zeros).unwrap();
    let wide = with_payload(Codec::Lz4, 1, &encoder.finish().unwrap());
    let used = peak(|| assert!(check(&wide, &rules).is_err()));
    assert!(used < (4 << 20) + 128 * 1024, "lz4 with its largest block: {used}");
    let lies: [(Codec, &[u8]); 4] = [
        (Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61]),
        (Codec::Snappy, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x07\xff\xff\xff\xff\x0f\x00\x61"),
        (Codec::Lz4, b"\x04\x22\x4d\x18\x60\x70\x73\x05\0\0\0\x10a"),
        (Codec::Zstd, &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00]),
    ];
    for (codec, payload) in lies {
        let batch = with_payload(codec, 1, payload);
        let used = peak(|| assert!(check(&batch, &rules).is_err()));
        assert!(used < 128 * 1024, "{codec}: {used}");
    }
}
