//! Shares as equal as they can be when members are subscribed to different topics.
//!
//! Who has how many of a topic is settled first, in numbers; which ones, in the end. Free partitions go to whoever has the
//! least, topics with few subscribers first. Then, as long as somebody can be relieved, whoever has the most hands one to
//! somebody who has at least two fewer, directly or by a chain of members each of whom hands on one of another
//! topic; what is new to whoever hands it on goes before what it had, and short chains before long ones, so that little
//! moves that needs not. When nobody can be relieved, no assignment is more even: the greatest number is as small as
//! possible, and the smallest as great.
//!
//! *Invariant*: the search is bounded, [`SEARCH_MAX`]; a step looks at most twice at each subscription of each member. A
//! group that needs more (2,000 members with 200 topics of 1,000 partitions do) is made even topic by topic, in at most
//! [`ROUNDS_MAX`] rounds, as Kafka does with all groups; asked again, it may become more even. Source: KIP-848; balanced
//! semi-matchings (Harvey, Ladner, Lovasz, Tamir). Tests: below, and tests/assign.rs.

use super::holdings::{Holding, Holdings};
use std::collections::BTreeSet;

/// How often the search for a chain may look at a subscription.
const SEARCH_MAX: usize = 10_000_000;
/// How often all topics are made even, one by one.
const ROUNDS_MAX: usize = 16;

/// How many partitions of a topic a member has.
struct Lot {
    topic: usize,
    /// Before.
    had: usize,
    /// Now.
    has: usize,
}

/// Where a member's lot of a topic is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    member: usize,
    lot: usize,
}

struct Scales {
    members: Vec<Vec<Lot>>,
    /// By topic.
    subscribers: Vec<Vec<Place>>,
    /// By member: how many partitions it has.
    loads: Vec<usize>,
}

pub(super) fn share(holdings: &mut Holdings) {
    share_within(holdings, SEARCH_MAX);
}

fn share_within(holdings: &mut Holdings, search_max: usize) {
    let mut scales = Scales::of(holdings);
    scales.place(&holdings.free);
    let mut search = Search::new(&scales, search_max);
    if !search.relieve(&mut scales) {
        scales.level();
    }
    settle(holdings, &scales);
}

impl Scales {
    fn of(holdings: &Holdings) -> Scales {
        let mut subscribers = vec![Vec::new(); holdings.free.len()];
        for (member, of_member) in holdings.members.iter().enumerate() {
            for (lot, holding) in of_member.iter().enumerate() {
                subscribers[holding.topic].push(Place { member, lot });
            }
        }
        let lot = |holding: &Holding| {
            let count = holding.partitions.len();
            Lot { topic: holding.topic, had: count, has: count }
        };
        let members: Vec<Vec<Lot>> =
            holdings.members.iter().map(|of_member| of_member.iter().map(lot).collect()).collect();
        let loads = members.iter().map(|lots| lots.iter().map(|lot| lot.has).sum()).collect();
        Scales { members, subscribers, loads }
    }

    /// Gives what is free to those who have the least.
    fn place(&mut self, free: &[Vec<i32>]) {
        let mut order: Vec<usize> = (0..free.len()).collect();
        order.sort_by_key(|topic| self.subscribers[*topic].len());
        for topic in order {
            let mut takers = self.by_load(topic, |_| true);
            for _ in &free[topic] {
                let Some((load, place)) = takers.pop_first() else { break };
                self.lot(place).has += 1;
                self.loads[place.member] += 1;
                takers.insert((load + 1, place));
            }
        }
    }

    /// Makes one topic after the other even, until there is nothing to do.
    fn level(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let moved: usize = (0..self.subscribers.len()).map(|topic| self.level_topic(topic)).sum();
            if moved == 0 {
                return;
            }
        }
    }

    /// Makes a topic even, and returns how many partitions that has moved.
    fn level_topic(&mut self, topic: usize) -> usize {
        let mut takers = self.by_load(topic, |_| true);
        let mut givers = self.by_load(topic, |lot| lot.has > 0);
        let mut moved = 0;
        while let (Some(&(most, from)), Some(&(least, to))) = (givers.last(), takers.first()) {
            if most < least + 2 {
                break;
            }
            givers.remove(&(most, from));
            givers.remove(&(least, to));
            takers.remove(&(most, from));
            takers.remove(&(least, to));
            self.hand(from, to);
            self.loads[from.member] -= 1;
            self.loads[to.member] += 1;
            takers.extend([(most - 1, from), (least + 1, to)]);
            givers.insert((least + 1, to));
            if self.lot(from).has > 0 {
                givers.insert((most - 1, from));
            }
            moved += 1;
        }
        moved
    }

    fn by_load(&self, topic: usize, is_wanted: impl Fn(&Lot) -> bool) -> BTreeSet<(usize, Place)> {
        let wanted = |place: &&Place| is_wanted(&self.members[place.member][place.lot]);
        self.subscribers[topic]
            .iter()
            .filter(wanted)
            .map(|place| (self.loads[place.member], *place))
            .collect()
    }

    fn lot(&mut self, place: Place) -> &mut Lot {
        &mut self.members[place.member][place.lot]
    }

    /// Hands one partition on; how many the two have is for the caller to count.
    fn hand(&mut self, from: Place, to: Place) {
        self.lot(from).has -= 1;
        self.lot(to).has += 1;
    }
}

/// How one member gets a partition: out of which lot, into which.
#[derive(Clone, Copy)]
struct Link {
    from: Place,
    to: Place,
}

/// The search for whom the most loaded members can hand something to.
struct Search {
    /// How many more subscriptions may be looked at.
    budget: usize,
    /// By member: whether it cannot be relieved and reaches nobody who has fewer.
    is_stuck: Vec<bool>,
    /// By member.
    is_reached: Vec<bool>,
    /// By member that is reached: how; the first one is reached from nowhere.
    links: Vec<Option<Link>>,
    /// By topic.
    is_seen: Vec<bool>,
    /// In the order in which they were reached.
    reached: Vec<usize>,
}

/// How a search ended.
enum End {
    /// A chain to this member relieves.
    Target(usize),
    /// Neither the member nor any that was reached can be relieved.
    Stuck,
    /// The budget is spent.
    Spent,
}

impl Search {
    fn new(scales: &Scales, budget: usize) -> Search {
        let members = scales.members.len();
        Search {
            budget,
            is_stuck: vec![false; members],
            is_reached: vec![false; members],
            links: vec![None; members],
            is_seen: vec![false; scales.subscribers.len()],
            reached: Vec::new(),
        }
    }

    /// Relieves members until there is nobody left who can be; returns false if the budget is spent before.
    ///
    /// Whoever is stuck stays so, and so do all that it reaches: each of them has at least as much as it, but one, and
    /// no later chain passes there. So they are left out from then on.
    fn relieve(&mut self, scales: &mut Scales) -> bool {
        let mut open: BTreeSet<(usize, usize)> = scales.loads.iter().copied().zip(0..).collect();
        while let (Some(&(least, _)), Some(&(most, source))) = (open.first(), open.last()) {
            if most < least + 2 {
                return true;
            }
            match self.look(scales, source) {
                End::Spent => return false,
                End::Stuck => {
                    for member in &self.reached {
                        self.is_stuck[*member] = true;
                        open.remove(&(scales.loads[*member], *member));
                    }
                }
                End::Target(target) => {
                    let ends = [self.giver_for(scales, target), target];
                    for member in ends {
                        open.remove(&(scales.loads[member], member));
                    }
                    self.hand_along(scales, ends);
                    open.extend(ends.map(|member| (scales.loads[member], member)));
                }
            }
        }
        true
    }

    /// Looks, in ever longer chains, for a member that has at least two fewer, and of those of one length for the one
    /// that has the least.
    fn look(&mut self, scales: &Scales, source: usize) -> End {
        self.begin(source);
        let mut begin = 0;
        while begin < self.reached.len() {
            let layer = &self.reached[begin..];
            let lots: usize = layer.iter().map(|member| scales.members[*member].len()).sum();
            let places = givers(scales, layer);
            begin = self.reached.len();
            self.budget = self.budget.saturating_sub(lots);
            places.into_iter().for_each(|place| self.pass(scales, place));
            if self.budget == 0 {
                return End::Spent;
            }
            let least = self.reached[begin..].iter().min_by_key(|member| scales.loads[**member]);
            if let Some(target) = least.filter(|target| scales.loads[**target] + 2 <= scales.loads[source]) {
                return End::Target(*target);
            }
        }
        End::Stuck
    }

    fn begin(&mut self, source: usize) {
        self.is_reached.fill(false);
        self.links[source] = None;
        self.is_seen.fill(false);
        self.reached.clear();
        self.reached.push(source);
        self.is_reached[source] = true;
    }

    /// Reaches those who can take what is in this lot.
    fn pass(&mut self, scales: &Scales, from: Place) {
        let topic = scales.members[from.member][from.lot].topic;
        if std::mem::replace(&mut self.is_seen[topic], true) {
            return;
        }
        let subscribers = &scales.subscribers[topic];
        self.budget = self.budget.saturating_sub(subscribers.len());
        for to in subscribers.iter().filter(|to| !self.is_stuck[to.member]) {
            if !std::mem::replace(&mut self.is_reached[to.member], true) {
                self.links[to.member] = Some(Link { from, to: *to });
                self.reached.push(to.member);
            }
        }
    }

    /// Returns the nearest member of the chain to the target that has at least two more: the shorter the chain, the
    /// less moves.
    fn giver_for(&self, scales: &Scales, target: usize) -> usize {
        let mut at = target;
        while let Some(link) = self.links[at].filter(|_| scales.loads[at] < scales.loads[target] + 2) {
            at = link.from.member;
        }
        at
    }

    fn hand_along(&self, scales: &mut Scales, [source, target]: [usize; 2]) {
        let mut at = target;
        while let Some(link) = self.links[at].filter(|_| at != source) {
            scales.hand(link.from, link.to);
            at = link.from.member;
        }
        scales.loads[source] -= 1;
        scales.loads[target] += 1;
    }
}

/// Returns the lots out of which these members can hand something on; those that cost nothing first.
fn givers(scales: &Scales, members: &[usize]) -> Vec<Place> {
    let mut places = Vec::new();
    for is_new in [true, false] {
        for member in members {
            let lots = scales.members[*member].iter().enumerate();
            let wanted = lots.filter(|(_, lot)| lot.has > 0 && (lot.has > lot.had) == is_new);
            places.extend(wanted.map(|(lot, _)| Place { member: *member, lot }));
        }
    }
    places
}

/// Gives everybody as many as the scales say: first what it has, then what is free, in order.
fn settle(holdings: &mut Holdings, scales: &Scales) {
    let Holdings { members, free, .. } = holdings;
    let lots = scales.members.iter().flatten();
    for (holding, lot) in members.iter_mut().flatten().zip(lots) {
        let kept = lot.has.min(holding.partitions.len());
        free[holding.topic].extend(holding.partitions.drain(kept..));
    }
    free.iter_mut().for_each(|of_topic| of_topic.sort_unstable_by(|a, b| b.cmp(a)));
    let lots = scales.members.iter().flatten();
    for (holding, lot) in members.iter_mut().flatten().zip(lots) {
        while let Some(partition) =
            (holding.partitions.len() < lot.has).then(|| free[holding.topic].pop()).flatten()
        {
            holding.partitions.push(partition);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Member `m` is subscribed to topics `m` to `m + 2`; each of the last ten has one whole topic.
    fn lopsided() -> Holdings {
        let holding = |member: usize, topic: usize| {
            let has = topic == member && member >= 10;
            Holding { topic, partitions: if has { (0..30).collect() } else { Vec::new() } }
        };
        let members = (0..20).map(|m| (m..m + 3).map(|topic| holding(m, topic)).collect()).collect();
        let free = (0..22).map(|topic| if (10..20).contains(&topic) { Vec::new() } else { vec![0, 1] });
        Holdings::with(members, free.collect())
    }

    fn loads(holdings: &Holdings) -> Vec<usize> {
        let load = |lots: &Vec<Holding>| lots.iter().map(|holding| holding.partitions.len()).sum();
        holdings.members.iter().map(load).collect()
    }

    fn spread(loads: &[usize]) -> usize {
        loads.iter().max().unwrap() - loads.iter().min().unwrap()
    }

    /// Protects: a group that is too large for the search still gets each partition once, and evenly topic by topic.
    #[test]
    fn without_search_topics_are_made_even_one_by_one() {
        let (mut searched, mut leveled, mut placed) = (lopsided(), lopsided(), lopsided());
        share_within(&mut searched, SEARCH_MAX);
        share_within(&mut leveled, 1);
        let mut scales = Scales::of(&placed);
        scales.place(&placed.free);
        settle(&mut placed, &scales);
        let (best, good, bad) = (loads(&searched), loads(&leveled), loads(&placed));
        for loads in [&best, &good, &bad] {
            assert_eq!(loads.iter().sum::<usize>(), 10 * 30 + 12 * 2);
        }
        assert!(spread(&best) <= spread(&good) && spread(&good) < spread(&bad), "{best:?} {good:?} {bad:?}");
        for holdings in [&searched, &leveled] {
            assert!(holdings.free.iter().all(Vec::is_empty), "nothing is left over");
        }
    }

    /// Protects: a chain relieves where nobody can be relieved directly: three, two and one become two each.
    #[test]
    fn a_chain_relieves() {
        let holding = |topic, partitions: &[i32]| Holding { topic, partitions: partitions.to_vec() };
        let members = vec![
            vec![holding(0, &[0, 1, 2])],
            vec![holding(0, &[]), holding(1, &[0, 1])],
            vec![holding(1, &[2])],
        ];
        let mut holdings = Holdings::with(members, vec![Vec::new(), Vec::new()]);
        share(&mut holdings);
        assert_eq!(loads(&holdings), [2, 2, 2]);
    }
}
