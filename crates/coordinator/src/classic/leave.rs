//! LeaveGroup: members go by themselves, or an operator sends static ones away.

use super::Classic;
use crate::groups::Turn;
use types::{ErrorCode, InstanceId, MemberId};

impl Classic {
    /// Lets members go; returns the code of each.
    pub(crate) fn leave(
        &mut self,
        who: &[(MemberId, Option<InstanceId>)],
        turn: &mut Turn<'_>,
    ) -> Vec<ErrorCode> {
        let (mut left, mut codes) = (false, Vec::with_capacity(who.len()));
        for (id, instance) in who {
            codes.push(match self.leaving(id, instance.as_ref()) {
                Ok(id) => {
                    left |= self.pending.remove(&id).is_none();
                    self.forget(&id, turn);
                    ErrorCode::None
                }
                Err(code) => code,
            });
        }
        match left {
            true => self.rebalance(turn),
            false => self.complete_if_all_joined(turn),
        }
        codes
    }

    /// Finds who is meant: an operator names the instance alone.
    fn leaving(&self, id: &MemberId, instance: Option<&InstanceId>) -> Result<MemberId, ErrorCode> {
        if let (true, Some(instance)) = (id.is_empty(), instance) {
            return self.statics.get(instance).cloned().ok_or(ErrorCode::UnknownMemberId);
        }
        if self.pending.contains_key(id) {
            return Ok(id.clone());
        }
        self.check_member(id, instance).map(|()| id.clone())
    }
}
