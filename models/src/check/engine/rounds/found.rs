//! The new states of a partition in one round: [`Found`].

use super::Candidate;
use crate::check::engine::visited::Visited;
use hashbrown::hash_table::{Entry, HashTable};
use std::vec;

/// The hashes of the new states, in the order of the steps that reached them first.
pub(in crate::check::engine) struct Found {
    hashes: Vec<u64>,
    /// By sender, the index of each of its candidates.
    indices: Vec<Vec<u32>>,
}

impl Found {
    /// Finds the new states among the candidates, which are given by sender, each in the order of steps. Calls `keep`
    /// with each new state and the sender that reached it first. Also returns the steps that reached the new states
    /// first.
    pub(in crate::check::engine) fn of<S>(
        sent: Vec<Vec<Candidate<S>>>,
        mut keep: impl FnMut(S, usize),
    ) -> (Found, Vec<u64>) {
        let mut lists: Vec<vec::IntoIter<Candidate<S>>> = sent.into_iter().map(Vec::into_iter).collect();
        let indices = lists.iter().map(|list| Vec::with_capacity(list.len())).collect();
        let (mut found, mut firsts) = (Found { hashes: Vec::new(), indices }, Vec::new());
        let mut known: HashTable<(u64, u32)> = HashTable::new();
        let next = |lists: &[vec::IntoIter<Candidate<S>>]| {
            let heads = lists.iter().enumerate().filter_map(|(from, list)| Some((list.as_slice().first()?.step, from)));
            heads.min().map(|(_, from)| from)
        };
        while let Some(from) = next(&lists) {
            let Some(Candidate { hash, step, state }) = lists[from].next() else { break };
            let index = match known.entry(hash, |(known, _)| *known == hash, |(known, _)| *known) {
                Entry::Occupied(known) => known.get().1,
                Entry::Vacant(place) => {
                    let index = firsts.len() as u32;
                    place.insert((hash, index));
                    firsts.push(step);
                    found.hashes.push(hash);
                    keep(state, from);
                    index
                }
            };
            found.indices[from].push(index);
        }
        (found, firsts)
    }

    /// Numbers the new states of the partition `own` among those of all partitions, from `next` on, where `firsts` are
    /// the steps that reached those, by partition. Returns their numbers, and those of the candidates by sender.
    pub(in crate::check::engine) fn number(
        self,
        own: usize,
        firsts: &[&[u64]],
        next: usize,
        visited: &mut Visited,
    ) -> (Vec<u32>, Vec<Vec<u32>>) {
        // By other partition, the number of its new states before the present one.
        let mut before = vec![0; firsts.len()];
        let mut numbers = Vec::with_capacity(self.hashes.len());
        for ((index, step), hash) in firsts[own].iter().enumerate().zip(self.hashes) {
            let mut number = next + index;
            for (other, before) in before.iter_mut().enumerate().filter(|(other, _)| *other != own) {
                *before += firsts[other][*before..].iter().take_while(|first| *first < step).count();
                number += *before;
            }
            // A search ends before numbers overflow.
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            visited.add(hash, number);
            numbers.push(number);
        }
        let numbered = |indices: Vec<u32>| indices.into_iter().map(|index| numbers[index as usize]).collect();
        let answers = self.indices.into_iter().map(numbered).collect();
        (numbers, answers)
    }
}
