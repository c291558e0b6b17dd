//! The worlds of a state: [`Shards`].

use super::World;
use crate::model::bytes::{Stored, write_number};
use crate::world::memo::Tables;
use std::hash::{Hash, Hasher};
use std::iter;
use std::ops::{Index, IndexMut};

/// The world of each shard. The first is stored inline, because most models have no other.
#[derive(PartialEq)]
pub(crate) struct Shards {
    pub(crate) first: World<Tables>,
    others: Option<Box<Others>>,
}

/// The part of a state that only several shards need.
#[derive(Clone, PartialEq, Hash)]
struct Others {
    /// The worlds of shard 1 and up.
    worlds: Vec<World<Tables>>,
    /// The number of the causal pasts: see [`Pasts`](crate::world::cluster::Pasts).
    pasts: u32,
}

impl Shards {
    /// This many shards; `world` makes the initial world of each.
    pub(crate) fn new(shards: u16, world: impl Fn(u16) -> World<Tables>) -> Shards {
        let others = || Others { worlds: (1..shards).map(&world).collect(), pasts: 0 };
        let others = (shards > 1).then(|| Box::new(others()));
        Shards { first: world(0), others }
    }

    /// All but the first.
    pub(crate) fn others(&self) -> &[World<Tables>] {
        self.others.as_ref().map_or(&[], |others| &others.worlds)
    }

    /// Calls `alter` with the other worlds and the number of the causal pasts, if there are several shards.
    #[cfg(feature = "spread")]
    pub(crate) fn others_mut(&mut self, alter: impl FnOnce(&mut [World<Tables>], &mut u32)) {
        if let Some(others) = &mut self.others {
            alter(&mut others.worlds, &mut others.pasts);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &World<Tables>> {
        iter::once(&self.first).chain(self.others())
    }

    /// The number of requests that the client has made of its script.
    #[inline]
    pub(crate) fn made(&self, client: usize) -> usize {
        let made = |world: &World<Tables>| usize::from(world.progress()[client]);
        made(&self.first) + self.others().iter().map(made).sum::<usize>()
    }

    /// The number of the causal pasts; 0 if there is one shard.
    pub(crate) fn pasts(&self) -> u32 {
        self.others.as_ref().map_or(0, |others| others.pasts)
    }

    pub(crate) fn set_pasts(&mut self, pasts: u32) {
        if let Some(others) = &mut self.others {
            others.pasts = pasts;
        }
    }
}

impl Stored for Shards {
    fn write(&self, out: &mut Vec<u8>) {
        self.first.write(out);
        write_number(self.others().len() as u64, out);
        if let Some(others) = &self.others {
            others.worlds.iter().for_each(|world| world.write(out));
            others.pasts.write(out);
        }
    }

    fn read(bytes: &mut &[u8]) -> Self {
        let (first, others) = (World::read(bytes), u16::read(bytes));
        let read = |bytes: &mut &[u8]| {
            let worlds = (0..others).map(|_| World::read(bytes)).collect();
            Box::new(Others { worlds, pasts: Stored::read(bytes) })
        };
        Shards { first, others: (others > 0).then(|| read(bytes)) }
    }
}

impl Index<u16> for Shards {
    type Output = World<Tables>;

    fn index(&self, shard: u16) -> &World<Tables> {
        if shard == 0 { &self.first } else { &self.others()[usize::from(shard) - 1] }
    }
}

impl IndexMut<u16> for Shards {
    fn index_mut(&mut self, shard: u16) -> &mut World<Tables> {
        match &mut self.others {
            Some(others) if shard > 0 => &mut others.worlds[usize::from(shard) - 1],
            _ => &mut self.first,
        }
    }
}

impl Hash for Shards {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.first.hash(hasher);
        // The number of shards is the same in all states of a cluster.
        if let Some(others) = &self.others {
            others.hash(hasher);
        }
    }
}

impl Clone for Shards {
    #[inline]
    fn clone(&self) -> Self {
        Shards { first: self.first.clone(), others: self.others.clone() }
    }

    #[inline]
    fn clone_from(&mut self, other: &Self) {
        self.first.clone_from(&other.first);
        self.others.clone_from(&other.others);
    }
}
