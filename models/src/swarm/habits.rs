//! The habits of a seed: [`Habits`].

use crate::subject::{Class, Role};

/// The way in which the walks of a seed choose their steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// At random, by the weights of the actions.
    Weighted,
    /// The action of the highest priority, where the priorities of classes are drawn for each walk and lowered at a few
    /// random steps (Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic
    /// guarantees of finding bugs", 2010).
    Priorities,
    /// Depth first, at random by weights: a walk that can reach no new state goes back to the last that can.
    DepthFirst,
}

/// The preferences of a seed. They are drawn by hashing, so that no table of classes is needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    seed: u64,
    pub(super) order: Order,
}

impl Habits {
    pub(super) fn of(seed: u64) -> Habits {
        let order = match drawn(seed, "order", 0, 0) % 4 {
            0 | 1 => Order::Weighted,
            2 => Order::Priorities,
            _ => Order::DepthFirst,
        };
        Habits { seed, order }
    }

    /// The weight of the actions of this class; 0 for failures that the seed leaves out.
    pub(super) fn weight(&self, class: Class) -> u64 {
        let Class { kind, role, from, to } = class;
        let of_kind = [1, 4, 4, 16][drawn(self.seed, kind, 0, 0) as usize % 4];
        match role {
            // Swarm testing: a seed leaves out some kinds of failures, so that others have room.
            Role::Fault if drawn(self.seed, kind, 1, 0).is_multiple_of(3) => 0,
            Role::Fault => of_kind,
            // Some clients are eager, others slow.
            Role::Request => of_kind * [1, 8, 8, 64][drawn(self.seed, "clients", from, 0) as usize % 4],
            // Some links are slow.
            Role::Progress => of_kind * [1, 8, 8, 64][drawn(self.seed, "links", from, to) as usize % 4],
        }
    }

    /// The priority of this class in a walk, if it has not been lowered.
    pub(super) fn priority(&self, walk: u64, class: Class) -> u64 {
        let Class { kind, from, to, .. } = class;
        // Above all lowered priorities.
        drawn(self.seed ^ walk.rotate_left(32), kind, from + 1, to + 1) | 1 << 63
    }
}

/// A pseudorandom number that depends on these values only.
fn drawn(seed: u64, text: &str, one: usize, other: usize) -> u64 {
    let start = mixed(mixed(mixed(seed) ^ one as u64) ^ other as u64);
    text.bytes().fold(start, |hash, byte| mixed(hash ^ u64::from(byte)))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use multimaster::MasterId;
    use std::collections::BTreeSet;

    #[test]
    fn seeds_differ_in_their_orders_failures_and_slow_links() {
        let orders: BTreeSet<u8> = (0..64).map(|seed| Habits::of(seed).order as u8).collect();
        assert_eq!(orders.len(), 3);
        let weights = |kind, role| {
            let class = Class::of(kind, role, MasterId(0), MasterId(1));
            (0..64).map(|seed| Habits::of(seed).weight(class)).collect::<BTreeSet<u64>>()
        };
        assert_eq!(weights("losses", Role::Fault), BTreeSet::from([0, 1, 4, 16]));
        assert!(weights("deliveries", Role::Progress).len() > 5);
        assert!(!weights("deliveries", Role::Progress).contains(&0), "only failures are left out");
    }
}
