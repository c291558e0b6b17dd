//! The states of the next level that a process keeps: [`Next`].

use crate::check::engine::Key;
use crate::check::engine::visited::Visited;
use crate::world::cluster::State;

/// The step that reaches a state: the number of the state that it leaves, and its index there, in one word. Steps are
/// taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StepKey(pub(super) u64);

impl StepKey {
    pub(super) fn new(parent: u32, place: u32) -> StepKey {
        StepKey(u64::from(parent) << 32 | u64::from(place))
    }

    pub(super) fn parent(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn place(self) -> u32 {
        self.0 as u32
    }
}

/// The new states found in one level.
pub(super) struct Next {
    /// The number of the process's own states before them.
    before: usize,
    /// By state, the first step that reaches it.
    firsts: Vec<StepKey>,
    states: Vec<State>,
}

impl Next {
    pub(super) fn after(before: usize) -> Next {
        Next { before, firsts: Vec::new(), states: Vec::new() }
    }

    /// The number of the process's own states, these included.
    pub(super) fn end(&self) -> usize {
        self.before + self.states.len()
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// Takes in a state that this step reaches; `None` if it has no number any more. True if the state is new.
    #[inline]
    pub(super) fn offer(&mut self, visited: &mut Visited, key: &Key, step: StepKey, state: &State) -> Option<bool> {
        let number = u32::try_from(self.end()).ok().filter(|number| *number < u32::MAX);
        let (number, new) = visited.number(key.hash(state), number)?;
        if new {
            self.firsts.push(step);
            self.states.push(state.clone());
        } else if let Some(place) = (number as usize).checked_sub(self.before) {
            // Another process may have sent it by a later step.
            self.firsts[place] = self.firsts[place].min(step);
        }
        Some(new)
    }

    /// The states, and the first step that reaches each, in the order of these steps.
    pub(super) fn sorted(self) -> (Vec<StepKey>, impl Iterator<Item = State>) {
        let Next { firsts, states, .. } = self;
        let mut order: Vec<u32> = (0..firsts.len() as u32).collect();
        order.sort_unstable_by_key(|place| firsts[*place as usize]);
        let sorted = order.iter().map(|place| firsts[*place as usize]).collect();
        let mut states: Vec<Option<State>> = states.into_iter().map(Some).collect();
        (sorted, order.into_iter().filter_map(move |place| states[place as usize].take()))
    }
}
