//! Where the members of a measured group stand: pure.

use std::time::Duration;

/// What one member has said. *Units*: times since the first join.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Seat {
    began: Option<Duration>,
    /// Generation or epoch of its last assignment; none while it has none.
    epoch: Option<i32>,
    partitions: usize,
    /// When its assignment was last another one.
    changed: Duration,
}

/// All members.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Board {
    seats: Vec<Seat>,
    /// Heartbeats that were answered.
    pub(super) beats: u64,
    /// How often a member lost its place.
    pub(super) fenced: u64,
}

impl Board {
    /// Makes one for so many members.
    pub(super) fn new(members: usize) -> Board {
        Board { seats: vec![Seat::default(); members], ..Board::default() }
    }

    /// A member asks to join.
    pub(super) fn on_begin(&mut self, member: usize, now: Duration) {
        if let Some(seat) = self.seats.get_mut(member) {
            seat.began.get_or_insert(now);
        }
    }

    /// A member has an assignment that it had not before.
    pub(super) fn on_assigned(&mut self, member: usize, (epoch, partitions): (i32, usize), now: Duration) {
        if let Some(seat) = self.seats.get_mut(member) {
            (seat.epoch, seat.partitions, seat.changed) = (Some(epoch), partitions, now);
        }
    }

    /// A member is none any more, or has to join again.
    pub(super) fn on_lost(&mut self, member: usize) {
        if let Some(seat) = self.seats.get_mut(member) {
            (seat.epoch, seat.partitions) = (None, 0);
        }
    }

    /// Says whether all have the assignment of one generation.
    pub(super) fn is_of_one_generation(&self) -> bool {
        let first = self.seats.first().and_then(|seat| seat.epoch);
        first.is_some() && self.seats.iter().all(|seat| seat.epoch == first)
    }

    /// Says whether so many partitions are dealt out evenly to all.
    pub(super) fn is_dealt(&self, partitions: usize) -> bool {
        let counts = || self.seats.iter().map(|seat| seat.partitions);
        let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        self.seats.iter().all(|seat| seat.epoch.is_some())
            && counts().sum::<usize>() == partitions
            && most - least <= 1
    }

    /// Returns when the last assignment came.
    pub(super) fn last_change(&self) -> Duration {
        self.seats.iter().map(|seat| seat.changed).max().unwrap_or_default()
    }

    /// Returns when the last member asked to join.
    pub(super) fn last_join(&self) -> Duration {
        self.seats.iter().filter_map(|seat| seat.began).max().unwrap_or_default()
    }

    /// Returns the highest generation or epoch.
    pub(super) fn epoch(&self) -> i32 {
        self.seats.iter().filter_map(|seat| seat.epoch).max().unwrap_or(0)
    }

    /// Describes what is missing.
    pub(super) fn missing(&self) -> String {
        let began = self.seats.iter().filter(|seat| seat.began.is_some()).count();
        let placed = self.seats.iter().filter(|seat| seat.epoch.is_some()).count();
        let dealt: usize = self.seats.iter().map(|seat| seat.partitions).sum();
        format!(
            "of {} members {began} have asked to join and {placed} have a place, with {dealt} partitions",
            self.seats.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a group counts as stable when every member has its share, and not before.
    #[test]
    fn a_group_is_stable_when_all_have_their_share() {
        let second = Duration::from_secs;
        let mut board = Board::new(2);
        board.on_begin(0, second(0));
        board.on_begin(1, second(1));
        board.on_begin(1, second(9));
        board.on_assigned(0, (1, 3), second(2));
        assert!(!board.is_dealt(3) && !board.is_of_one_generation());
        board.on_assigned(1, (2, 0), second(3));
        assert!(!board.is_dealt(3) && !board.is_of_one_generation());
        board.on_assigned(0, (2, 2), second(4));
        assert!(board.is_of_one_generation() && !board.is_dealt(3));
        board.on_assigned(1, (2, 1), second(5));
        assert!(board.is_dealt(3));
        assert_eq!((board.last_join(), board.last_change(), board.epoch()), (second(1), second(5), 2));
        board.on_lost(1);
        assert!(!board.is_dealt(3) && !board.is_of_one_generation());
    }
}
