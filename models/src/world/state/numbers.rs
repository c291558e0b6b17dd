//! The numbers in a state, for processes that number parts differently.

use super::State;
use crate::world::memo::Tables;
use crate::world::{Shards, World};

/// The kind of a part that a state has by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Local,
    Envelope,
    DigestSent,
    Digest,
    History,
    Pasts,
}

impl Part {
    /// The number of kinds.
    pub(crate) const KINDS: usize = 6;
}

impl State {
    /// Calls `alter` with each number in the state. Equal states have equally many, in the same order: lists of parts
    /// are in the order of their contents.
    pub(crate) fn each_number(&mut self, alter: &mut impl FnMut(Part, &mut u32)) {
        self.shards.each_number(alter);
    }

    /// A hash of the content of some masters, which decides the process that keeps the state. A step of another master
    /// leads to a state that the same process keeps, so fewer states cross.
    #[inline]
    pub(crate) fn placement(&self, tables: &Tables) -> u64 {
        self.shards.iter().fold(0, |sum, world| mixed(sum, world.placement(tables)))
    }
}

impl World<Tables> {
    pub(crate) fn each_number(&mut self, alter: &mut impl FnMut(Part, &mut u32)) {
        self.masters.iter_mut().for_each(|master| alter(Part::Local, &mut master.local));
        self.wire.iter_mut().for_each(|envelope| alter(Part::Envelope, envelope));
        self.digests_sent.iter_mut().for_each(|sent| alter(Part::DigestSent, sent));
        alter(Part::History, &mut self.history);
        if let Some(failed) = &mut self.failed {
            failed.each_number(alter);
        }
    }

    fn placement(&self, tables: &Tables) -> u64 {
        let some = self.masters.iter().take((self.masters.len() / 2).max(2));
        some.map(|master| tables.locals[master.local].content).fold(0, mixed)
    }
}

fn mixed(sum: u64, word: u64) -> u64 {
    (sum.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Shards {
    fn each_number(&mut self, alter: &mut impl FnMut(Part, &mut u32)) {
        self.first.each_number(alter);
        self.others_mut(|worlds, pasts| {
            worlds.iter_mut().for_each(|world| world.each_number(alter));
            alter(Part::Pasts, pasts);
        });
    }
}
