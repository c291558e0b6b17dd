//! All states of a model, and among them the states after which no master learns anything more.

use super::telling::Known;
use foldhash::quality::FixedState;
use multimaster_models::model::Model;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};

/// A walk through a whole model.
pub(crate) struct Walk<S> {
    /// Every state, and the states after its steps.
    pub(crate) states: Vec<(S, Vec<u32>)>,
    /// By state, the number of its masters' knowledge.
    known: Vec<u32>,
    numbers: HashMap<Known, u32>,
}

/// The knowledge that masters can reach, and the knowledge that can be final.
#[derive(PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) ever: BTreeSet<Known>,
    pub(crate) at_last: BTreeSet<Known>,
}

impl<S: Clone + Hash> Walk<S> {
    pub(crate) fn through<M: Model<State = S>>(model: &M, known: impl Fn(&S) -> Known) -> Walk<S> {
        let mut walk = Walk { states: Vec::new(), known: Vec::new(), numbers: HashMap::new() };
        let hasher = FixedState::with_seed(2);
        let mut places: HashMap<u64, u32> = HashMap::new();
        let mut to_expand = VecDeque::from(model.init_states());
        places.insert(hasher.hash_one(&to_expand[0]), 0);
        let mut actions = Vec::new();
        while let Some(state) = to_expand.pop_front() {
            model.actions(&state, &mut actions);
            let mut leads = Vec::new();
            for action in actions.drain(..) {
                let Some((next, _)) = model.step(&state, &action) else { continue };
                let new = places.len() as u32;
                let place = *places.entry(hasher.hash_one(&next)).or_insert(new);
                if place == new {
                    to_expand.push_back(next);
                }
                leads.push(place);
            }
            let new = walk.numbers.len() as u32;
            walk.known.push(*walk.numbers.entry(known(&state)).or_insert(new));
            walk.states.push((state, leads));
        }
        walk
    }

    /// By state, whether no sequence of steps alters the knowledge of a master. The clients are then done, too.
    pub(crate) fn settled(&self) -> Vec<bool> {
        let mut leads_here = vec![Vec::new(); self.states.len()];
        let mut settled = vec![true; self.states.len()];
        let mut unsettled = Vec::new();
        for (from, (_, leads)) in self.states.iter().enumerate() {
            for to in leads {
                leads_here[*to as usize].push(from);
                if self.known[from] != self.known[*to as usize] && settled[from] {
                    settled[from] = false;
                    unsettled.push(from);
                }
            }
        }
        while let Some(to) = unsettled.pop() {
            for from in &leads_here[to] {
                if std::mem::replace(&mut settled[*from], false) {
                    unsettled.push(*from);
                }
            }
        }
        settled
    }

    pub(crate) fn reached(&self) -> Reached {
        let by_number: HashMap<u32, &Known> = self.numbers.iter().map(|(known, number)| (*number, known)).collect();
        let settled = self.settled();
        let at_last = self.known.iter().zip(settled).filter(|(_, settled)| *settled);
        Reached {
            ever: self.numbers.keys().cloned().collect(),
            at_last: at_last.map(|(number, _)| by_number[number].clone()).collect(),
        }
    }

    /// Whether the graph of states has no cycle (Kahn, 1962): removing states without incoming steps, again and again,
    /// removes all.
    pub(crate) fn has_no_cycle(&self) -> bool {
        let mut steps_to = vec![0; self.states.len()];
        self.states.iter().flat_map(|(_, leads)| leads).for_each(|to| steps_to[*to as usize] += 1);
        let mut free: Vec<usize> = (0..self.states.len()).filter(|state| steps_to[*state] == 0).collect();
        let mut taken = 0;
        while let Some(state) = free.pop() {
            taken += 1;
            for to in &self.states[state].1 {
                steps_to[*to as usize] -= 1;
                if steps_to[*to as usize] == 0 {
                    free.push(*to as usize);
                }
            }
        }
        taken == self.states.len()
    }
}
