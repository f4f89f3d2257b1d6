//! The machine's randomness.

use crate::Random;

/// The operating system's generator.
#[derive(Debug)]
pub struct RealRandom;

impl Random for RealRandom {
    fn fill(&self, mut buffer: &mut [u8]) {
        while !buffer.is_empty() {
            match rustix::rand::getrandom(&mut *buffer, rustix::rand::GetRandomFlags::empty()) {
                Ok(count) => buffer = &mut buffer[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("the operating system has no randomness: {error}"),
            }
        }
    }
}
