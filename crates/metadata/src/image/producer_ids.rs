//! Which producer ids are handed out.

use super::ApplyError;
use types::ProducerId;

/// Which producer ids are handed out: all below `next`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProducerIdsImage {
    /// First id that is still free.
    pub next: ProducerId,
}

impl ProducerIdsImage {
    pub(super) fn advance(&mut self, next: ProducerId) -> Result<(), ApplyError> {
        if next <= self.next {
            return Err(ApplyError::ProducerIdsGoBack);
        }
        self.next = next;
        Ok(())
    }
}
