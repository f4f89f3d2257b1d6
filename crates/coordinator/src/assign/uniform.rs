//! Equal shares when all members are subscribed to the same topics.
//!
//! Every member gets the same number of partitions, or one more. Those who have the most now are the ones that get one
//! more, and each keeps what it has up to its share: so no assignment that is as even moves fewer partitions. One look
//! at each partition. Source: KIP-848; `UniformAssignor` of Kafka 4.3.1, which hands out the ones more in the order of
//! members and so may move a few more. Tests: tests/assign.rs.

use super::holdings::{Holding, Holdings};

pub(super) fn share(holdings: &mut Holdings) {
    let shares = shares(holdings);
    let Holdings { members, free, .. } = holdings;
    for (member, share) in members.iter_mut().zip(&shares) {
        release(member, *share, free);
    }
    free.iter_mut().for_each(|of_topic| of_topic.sort_unstable());
    let mut free =
        free.iter().enumerate().flat_map(|(topic, of_topic)| of_topic.iter().map(move |one| (topic, *one)));
    for (member, share) in members.iter_mut().zip(shares) {
        for (topic, partition) in free.by_ref().take(share.saturating_sub(held(member))) {
            member[topic].partitions.push(partition);
        }
    }
}

fn held(member: &[Holding]) -> usize {
    member.iter().map(|holding| holding.partitions.len()).sum()
}

/// Returns how many partitions each member is to have.
fn shares(holdings: &Holdings) -> Vec<usize> {
    let held: Vec<usize> = holdings.members.iter().map(|member| held(member)).collect();
    let total = held.iter().sum::<usize>() + holdings.free.iter().map(Vec::len).sum::<usize>();
    let (least, mut more) = match held.len() {
        0 => return Vec::new(),
        members => (total / members, total % members),
    };
    let mut shares = vec![least; held.len()];
    for has_more in [true, false] {
        for (share, _) in
            shares.iter_mut().zip(&held).filter(|(_, held)| (**held > least) == has_more).take(more)
        {
            *share += 1;
            more -= 1;
        }
    }
    shares
}

/// Frees what a member has beyond its share, the last ones first.
fn release(member: &mut [Holding], share: usize, free: &mut [Vec<i32>]) {
    let mut left = share;
    for holding in member {
        let kept = left.min(holding.partitions.len());
        free[holding.topic].extend(holding.partitions.drain(kept..));
        left -= kept;
    }
}
