//! Memory and panics of the decoders on hostile bytes, measured by a counting allocator.
//!
//! W-17: decoding a request allocates at most 32 times the frame plus 64 KiB, whatever is in it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

#[path = "../../../../tests/long.rs"]
mod long;
#[allow(dead_code, reason = "shared with tests/wire, which needs other parts")]
#[path = "../wire/sample.rs"]
mod sample;
#[path = "../wire/samples.rs"]
mod samples;

use bytes::Bytes;
use sample::{Gen, Oracle, Sample, Visitor};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;
use wire::Message;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// Counts the bytes that this thread holds; a growing block counts twice while it moves.
struct Counting;

fn add(size: usize) {
    let _ = LIVE.try_with(|live| {
        live.set(live.get().wrapping_add(size));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

fn remove(size: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().saturating_sub(size)));
}

// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        remove(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        // SAFETY: the caller's promise is passed on.
        let moved = unsafe { System.realloc(block, layout, size) };
        remove(layout.size());
        moved
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Runs something and returns the most bytes that it held at a time.
fn peak_of<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = run();
    (result, PEAK.get() - before)
}

/// Decodes within the bound of W-17, and checks that what decodes can be encoded and read again.
fn decode<M: Message + PartialEq + Debug>(bytes: &Bytes, version: i16) -> bool {
    let (decoded, peak) = peak_of(|| M::from_bytes(bytes.clone(), version));
    let bound = 32 * bytes.len() + 64 * 1024;
    assert!(peak <= bound, "{} {version}: {peak} bytes held for a frame of {}", M::NAME, bytes.len());
    let Ok(message) = decoded else { return false };
    let again = message.to_bytes(version).map(|bytes| M::from_bytes(bytes, version));
    assert_eq!(again, Ok(Ok(message)), "{} {version}", M::NAME);
    true
}

/// Changes bytes in ways that break decoders: lengths, counts, cuts, repeats.
fn mutate(bytes: &mut Vec<u8>, random: &mut Gen) {
    const EXTREMES: [[u8; 4]; 5] =
        [[0x7f, 0xff, 0xff, 0xff], [0xff; 4], [0x80, 0, 0, 0], [0, 0, 0xff, 0xff], [0xff, 0xff, 0xff, 0x0f]];
    let at = random.below(bytes.len() + 1);
    match random.below(7) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.u64().to_le_bytes()[3]),
        2 => bytes.splice(at.., random.u64().to_le_bytes()).for_each(drop),
        3 => {
            let extreme = EXTREMES[random.below(EXTREMES.len())];
            bytes.splice(at..(at + 4).min(bytes.len()), extreme).for_each(drop);
        }
        4 => bytes.extend_from_within(at..),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                let other = [0, 1, 2, 0x7f, 0x80, 0xff, *byte ^ 1, byte.wrapping_add(1)];
                *byte = other[random.below(other.len())];
            }
        }
    }
}

struct Mutations {
    decoded: usize,
    refused: usize,
}

impl Visitor for Mutations {
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        for version in M::MIN..=M::MAX {
            for seed in 0..1500 * u64::from(long::times()) {
                let mut random = Gen::random(seed + 1);
                let mut bytes = M::sample(&mut random, version).to_bytes(version).unwrap().to_vec();
                for _ in 0..=random.below(3) {
                    mutate(&mut bytes, &mut random);
                }
                match decode::<M>(&Bytes::from(bytes), version) {
                    true => self.decoded += 1,
                    false => self.refused += 1,
                }
            }
        }
    }
}

/// Protects: no mutated body makes a decoder panic or allocate beyond its bound.
#[test]
fn mutated_bodies() {
    let mut mutations = Mutations { decoded: 0, refused: 0 };
    samples::visit(&mut mutations);
    assert!(mutations.decoded > 20_000 && mutations.refused > 20_000);
}

struct Random;

impl Visitor for Random {
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        for version in M::MIN..=M::MAX {
            for seed in 0..500 * u64::from(long::times()) {
                let mut random = Gen::random(seed + 7);
                let small = random.below(3) > 0;
                let byte = |random: &mut Gen| random.u64().to_le_bytes()[4] & if small { 3 } else { 0xff };
                let bytes: Bytes = (0..random.below(200)).map(|_| byte(&mut random)).collect();
                decode::<M>(&bytes, version);
            }
        }
    }
}

/// Protects: random bytes, with many small lengths among them, stay within the same bound.
#[test]
fn random_bodies() {
    samples::visit(&mut Random);
}

/// The dearest legal messages: one array full of elements that are as short as can be.
struct Floods {
    worst: usize,
}

impl Visitor for Floods {
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        if M::NAME.ends_with("Response") {
            return;
        }
        for version in M::MIN..=M::MAX {
            for (depth, below) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)] {
                for many in [1025, 3000] {
                    let message = M::sample(&mut Gen::flood(depth, many, below), version);
                    let bytes = message.to_bytes(version).unwrap();
                    drop(message);
                    let (decoded, peak) = peak_of(|| M::from_bytes(bytes.clone(), version));
                    assert!(decoded.is_ok());
                    let bound = 32 * bytes.len() + 64 * 1024;
                    assert!(peak <= bound, "{} {version}: {peak} for {}", M::NAME, bytes.len());
                    self.worst = self.worst.max(peak * 100 / bound);
                }
            }
        }
    }
}

/// Protects: A6, legal frames that multiply cost no more than W-17 admits for them.
#[test]
fn floods_of_short_elements() {
    let mut floods = Floods { worst: 0 };
    samples::visit(&mut floods);
    assert!(floods.worst > 30, "the floods are too weak to show anything: {} percent", floods.worst);
}
