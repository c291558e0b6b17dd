//! A rule whose results are remembered, and whose states are renamed: [`Rule`].

use crate::node::numbered::{ChangeNo, Numbered, StateNo};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use multimaster::{Dot, MasterId, Op, Timestamp, watch};

/// The rule, and its remembered results.
pub(super) struct Rule<'a> {
    pub(super) numbers: &'a mut dyn Numbered,
    pub(super) alphabet: &'a [Op],
    pub(super) uses_clocks: bool,
    applied: HashMap<(StateNo, ChangeNo), StateNo, FixedState>,
    in_states: HashMap<StateNo, watch::Numbers, FixedState>,
    in_changes: HashMap<ChangeNo, watch::Numbers, FixedState>,
    /// By state and the numbers in place of its own.
    states: HashMap<(StateNo, watch::Numbers), StateNo, FixedState>,
    changes: HashMap<(ChangeNo, watch::Numbers), ChangeNo, FixedState>,
}

impl<'a> Rule<'a> {
    pub(super) fn new(numbers: &'a mut dyn Numbered, alphabet: &'a [Op], uses_clocks: bool) -> Rule<'a> {
        let hasher = || FixedState::with_seed(0);
        Rule {
            numbers,
            alphabet,
            uses_clocks,
            applied: HashMap::with_hasher(hasher()),
            in_states: HashMap::with_hasher(hasher()),
            in_changes: HashMap::with_hasher(hasher()),
            states: HashMap::with_hasher(hasher()),
            changes: HashMap::with_hasher(hasher()),
        }
    }

    pub(super) fn apply(&mut self, state: StateNo, change: ChangeNo) -> StateNo {
        *self.applied.entry((state, change)).or_insert_with(|| self.numbers.apply(0, state, change))
    }

    pub(super) fn in_state(&mut self, state: StateNo) -> Result<&watch::Numbers, String> {
        if !self.in_states.contains_key(&state) {
            let numbers = self.numbers.in_state(state)?;
            self.in_states.insert(state, numbers);
        }
        Ok(&self.in_states[&state])
    }

    pub(super) fn in_change(&mut self, change: ChangeNo) -> Result<&watch::Numbers, String> {
        if !self.in_changes.contains_key(&change) {
            let numbers = self.numbers.in_change(change)?;
            self.in_changes.insert(change, numbers);
        }
        Ok(&self.in_changes[&change])
    }

    pub(super) fn state_renamed(&mut self, state: StateNo, names: &Names) -> Result<StateNo, String> {
        let own = self.in_state(state)?.clone();
        let to = names.of(&own);
        let call = (state, to);
        if let Some(known) = self.states.get(&call) {
            return Ok(*known);
        }
        let renamed = self.numbers.state_renamed(state, &own, &call.1)?;
        self.states.insert(call, renamed);
        Ok(renamed)
    }

    pub(super) fn change_renamed(&mut self, change: ChangeNo, names: &Names) -> Result<ChangeNo, String> {
        let own = self.in_change(change)?.clone();
        let to = names.of(&own);
        let call = (change, to);
        if let Some(known) = self.changes.get(&call) {
            return Ok(*known);
        }
        let renamed = self.numbers.change_renamed(change, &own, &call.1)?;
        self.changes.insert(call, renamed);
        Ok(renamed)
    }
}

/// New numbers for old ones, in the same order.
pub(super) struct Names {
    pub(super) from: watch::Numbers,
    pub(super) to: watch::Numbers,
}

impl Names {
    fn time(&self, time: u64) -> u64 {
        self.from.times.binary_search(&time).map_or(time, |place| self.to.times[place])
    }

    fn seq(&self, origin: MasterId, seq: u64) -> (MasterId, u64) {
        self.from.seqs.binary_search(&(origin, seq)).map_or((origin, seq), |place| self.to.seqs[place])
    }

    fn of(&self, numbers: &watch::Numbers) -> watch::Numbers {
        watch::Numbers {
            times: numbers.times.iter().map(|time| self.time(*time)).collect(),
            seqs: numbers.seqs.iter().map(|(origin, seq)| self.seq(*origin, *seq)).collect(),
        }
    }

    pub(super) fn dot(&self, dot: Dot) -> Dot {
        Dot::new(dot.origin(), self.seq(dot.origin(), dot.seq()).1)
    }

    pub(super) fn timestamp(&self, timestamp: Timestamp) -> Timestamp {
        Timestamp::new(self.time(timestamp.time()), timestamp.master())
    }
}
