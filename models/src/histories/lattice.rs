//! A causal history, and the possible states of a master at each of its cuts: [`Lattice`].
//!
//! The history grows and shrinks at its end, in timestamp order. A cut is a bit set of writes that is downward-closed
//! under the order that delivery guarantees. The newest write adds only the cuts that contain it; all others stay the
//! same. Cuts under inclusion are a distributive lattice (Birkhoff, 1937).

use crate::node::delivery::Delivery;
use crate::node::numbered::{ChangeNo, Made, NOTHING, Numbered, StateNo};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use multimaster::{Dot, MasterId, Op, Timestamp, VersionVector};
use smallvec::{SmallVec, smallvec};

/// A set of writes, one bit for each index in the history.
pub(crate) type Cut = u16;

/// The most writes of a history.
pub const MOST_WRITES: usize = 10;

/// A few distinct states, ascending.
pub(super) type Few = SmallVec<[StateNo; 2]>;

/// The indices of the writes in a cut, ascending.
pub(super) fn places(cut: Cut) -> impl Iterator<Item = usize> {
    let mut left = cut;
    std::iter::from_fn(move || {
        let place = (left != 0).then(|| left.trailing_zeros() as usize)?;
        left &= left - 1;
        Some(place)
    })
}

/// Whether all of `less` is in `more`.
pub(super) fn covers(more: Cut, less: Cut) -> bool {
    less & !more == 0
}

/// A write of the history.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The master's index.
    pub(crate) at: usize,
    /// The operation's index in the alphabet.
    pub(crate) op: usize,
    /// The writes that its master had seen.
    pub(crate) seen: Cut,
    /// Its causal past: `seen`, and the causal pasts of these writes.
    pub(crate) past: Cut,
    /// The writes that delivery guarantees to come before it.
    pub(crate) needs: Cut,
    /// Its Lamport time, without gaps.
    pub(crate) time: u64,
    /// Its wall-clock time, without gaps, if the rule uses wall clocks.
    pub(crate) wall: Option<u64>,
    /// As the rule sees it.
    pub(crate) dot: Dot,
    /// As the rule sees it.
    pub(crate) timestamp: Timestamp,
    pub(crate) change: ChangeNo,
    /// The states of its master in which the rule makes this change, if not in all.
    pub(super) from: Option<Few>,
    /// The index of this change among those that the rule can make.
    branch: usize,
}

/// A possible next write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) at: usize,
    pub(crate) seen: Cut,
    pub(crate) op: usize,
    pub(crate) wall: Option<u64>,
}

/// The possible states of a master that has seen one cut.
#[derive(Clone, Debug)]
enum States {
    /// One state, the same at every master.
    One(StateNo),
    /// The states by master.
    Each(Vec<Few>),
}

#[derive(Clone, Debug)]
struct Cell {
    /// The latest Lamport time in the cut.
    time: u64,
    states: States,
}

/// The assignment of times and sequence numbers: without gaps, or spread.
pub(crate) trait Spread {
    /// The Lamport time in place of this one.
    fn time(&self, time: u64) -> u64;
    /// The sequence number in place of this one.
    fn seq(&self, at: usize, seq: u64) -> u64;
    /// The wall-clock time in place of this one.
    fn wall(&self, wall: u64) -> u64;
}

/// Assigns times and sequence numbers without gaps.
pub(crate) struct Dense;

impl Spread for Dense {
    fn time(&self, time: u64) -> u64 {
        time
    }

    fn seq(&self, _: usize, seq: u64) -> u64 {
        seq
    }

    fn wall(&self, wall: u64) -> u64 {
        wall
    }
}

/// The parameters of a table.
pub(crate) struct Circumstances {
    pub(crate) masters: usize,
    pub(crate) delivery: Delivery,
    /// Whether masters may take each other's snapshots.
    pub(crate) snapshots: bool,
    /// Whether the rule differs by master.
    pub(crate) by_master: bool,
    pub(crate) spread: Box<dyn Spread>,
}

/// The work of an enumeration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// The number of cuts computed.
    pub cells: u64,
    /// The number of changes applied and states merged, remembered ones included.
    pub applications: u64,
    /// The number of histories for whose last write the rule makes different changes in its master's possible states.
    pub branched: u64,
    /// The number of requests that the rule refused.
    pub refused: u64,
}

pub(crate) struct Lattice {
    pub(crate) rule: Box<dyn Numbered>,
    around: Circumstances,
    /// The operations, each with its key's index.
    pub(crate) alphabet: Vec<(usize, Op)>,
    /// The history, in timestamp order.
    pub(crate) writes: Vec<Written>,
    /// By cut, its states; valid only for the cuts in `cuts`.
    cells: Vec<Cell>,
    /// All cuts of the history, ascending, so that a subset comes before its supersets.
    cuts: Vec<Cut>,
    /// By write, the later ones that must not be delivered before it.
    blocks: Vec<Cut>,
    /// By write, the later ones with it in their causal past.
    pub(super) successors: Vec<Cut>,
    /// By master, its own writes.
    pub(super) own: Vec<Cut>,
    /// By operation, the writes of it.
    pub(super) by_op: Vec<Cut>,
    applied: HashMap<u64, StateNo, FixedState>,
    /// The most states and changes remembered; of applications, sixteen times as many.
    pub(super) most_numbers: usize,
    pub(crate) effort: Effort,
    /// How often all numbers were forgotten.
    epoch: u32,
}

/// A bound on memory.
const MOST_NUMBERS: usize = 15_000;

impl Lattice {
    pub(crate) fn new(
        rule: Box<dyn Numbered>,
        around: Circumstances,
        alphabet: Vec<(usize, Op)>,
        writes: usize,
    ) -> Lattice {
        assert!(writes <= MOST_WRITES, "at most {MOST_WRITES} writes");
        let nothing = Cell { time: 0, states: States::One(NOTHING) };
        Lattice {
            rule,
            writes: Vec::with_capacity(writes),
            cells: vec![nothing; 1 << writes],
            cuts: vec![0],
            blocks: Vec::new(),
            successors: Vec::new(),
            own: vec![0; around.masters],
            by_op: vec![0; alphabet.len()],
            applied: HashMap::with_hasher(FixedState::with_seed(0)),
            most_numbers: MOST_NUMBERS,
            effort: Effort::default(),
            epoch: 0,
            around,
            alphabet,
        }
    }

    pub(crate) fn masters(&self) -> usize {
        self.around.masters
    }

    /// All writes so far.
    pub(crate) fn all(&self) -> Cut {
        (1 << self.writes.len()) - 1
    }

    pub(crate) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// How often all numbers were forgotten. Numbers of different epochs are not comparable.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The writes in the cut, and their causal pasts.
    pub(crate) fn closure(&self, cut: Cut) -> Cut {
        if self.around.delivery != Delivery::Unordered {
            return cut;
        }
        places(cut).fold(cut, |known, place| known | self.writes[place].past)
    }

    /// Whether the master can have seen exactly this cut: it contains its own writes, and what the master had seen when
    /// it made them.
    pub(crate) fn can_be(&self, at: usize, cut: Cut) -> bool {
        covers(cut, self.own[at]) && self.has_lived(at, cut)
    }

    /// Whether the cut contains what the master had seen at each of its own writes in it. Causal delivery implies this.
    fn has_lived(&self, at: usize, cut: Cut) -> bool {
        self.around.delivery != Delivery::Unordered
            || places(cut & self.own[at]).all(|place| covers(cut, self.writes[place].seen))
    }

    /// The possible states of the master at this cut.
    pub(crate) fn states(&self, at: usize, cut: Cut) -> &[StateNo] {
        match &self.cells[usize::from(cut)].states {
            States::One(state) => std::slice::from_ref(state),
            States::Each(states) => &states[at],
        }
    }

    /// The state at this cut, if it is the same at every master.
    pub(crate) fn only_state(&self, cut: Cut) -> Option<StateNo> {
        match self.cells[usize::from(cut)].states {
            States::One(state) => Some(state),
            States::Each(_) => None,
        }
    }

    /// The Lamport time of the next write at this cut.
    pub(crate) fn time_after(&self, cut: Cut) -> u64 {
        self.cells[usize::from(cut)].time + 1
    }

    /// Whether the master, at this cut, can make the next write in timestamp order.
    pub(crate) fn can_write(&self, at: usize, seen: Cut) -> bool {
        let later = self.writes.last().is_none_or(|last| (last.time, last.at) < (self.time_after(seen), at));
        later && self.can_be(at, seen)
    }

    /// The wall-clock time that the rule receives for this one.
    pub(crate) fn shown_wall(&self, wall: u64) -> u64 {
        self.around.spread.wall(wall)
    }

    /// The latest wall-clock time in the cut and its causal past.
    pub(crate) fn latest_wall(&self, seen: Cut) -> u64 {
        places(self.closure(seen)).filter_map(|place| self.writes[place].wall).max().unwrap_or(0)
    }

    /// The writes that the rule can make of this request: one, unless the rule makes different changes in different
    /// possible states of the master. They are ordered by the content of their changes.
    pub(crate) fn written(&mut self, next: Next) -> SmallVec<[Written; 1]> {
        let Next { at, seen, op, wall } = next;
        let time = self.time_after(seen);
        let seq = u64::from(self.own[at].count_ones()) + 1;
        let spread = &self.around.spread;
        let origin = MasterId(at as u16);
        let dot = Dot::new(origin, spread.seq(at, seq));
        let timestamp = Timestamp::new(spread.time(time), origin);
        let shown = wall.map(|wall| spread.wall(wall));
        let timed = shown.map(|wall| self.alphabet[op].1.clone().at(wall));
        let (key, plain) = &self.alphabet[op];
        let made = Made { dot, timestamp, key: *key, op: timed.as_ref().unwrap_or(plain) };
        let states: Few = match &self.cells[usize::from(seen)].states {
            States::One(state) => smallvec![*state],
            States::Each(states) => states[at].clone(),
        };
        let mut changes: SmallVec<[(ChangeNo, Few); 1]> = SmallVec::new();
        for state in &states {
            match self.rule.prepare(at, *state, made) {
                Ok(change) => match changes.iter_mut().find(|(known, _)| *known == change) {
                    Some((_, from)) => from.push(*state),
                    None => changes.push((change, smallvec![*state])),
                },
                Err(_) => self.effort.refused += 1,
            }
        }
        if changes.len() > 1 {
            changes.sort_by(|(one, _), (other, _)| self.rule.compare(*one, *other));
        }
        let past = self.closure(seen);
        let needs = if self.around.delivery == Delivery::Unordered { self.own[at] } else { seen };
        let whole = states.len();
        let each = changes.into_iter().enumerate().map(|(branch, (change, from))| {
            let from = (from.len() < whole).then_some(from);
            Written { at, op, seen, past, needs, time, wall, dot, timestamp, change, from, branch }
        });
        each.collect()
    }

    /// Adds a write at the end of the history.
    pub(crate) fn push(&mut self, write: Written) {
        let place = self.writes.len();
        let bit: Cut = 1 << place;
        places(write.needs).for_each(|before| self.blocks[before] |= bit);
        places(write.past).for_each(|before| self.successors[before] |= bit);
        self.own[write.at] |= bit;
        self.by_op[write.op] |= bit;
        self.blocks.push(0);
        self.successors.push(0);
        self.effort.branched += u64::from(write.from.is_some());
        let (needs, time) = (write.needs, write.time);
        self.writes.push(write);
        for old in 0..self.cuts.len() {
            let old = self.cuts[old];
            if covers(old, needs) {
                let states = self.states_of(old | bit);
                let time = time.max(self.cells[usize::from(old)].time);
                self.cells[usize::from(old | bit)] = Cell { time, states };
                self.cuts.push(old | bit);
            }
        }
        self.effort.cells += self.cuts.iter().rev().take_while(|cut| **cut & bit != 0).count() as u64;
    }

    /// Removes the last write.
    pub(crate) fn pop(&mut self) {
        let Some(write) = self.writes.pop() else { return };
        let bit: Cut = 1 << self.writes.len();
        places(write.needs).for_each(|before| self.blocks[before] &= !bit);
        places(write.past).for_each(|before| self.successors[before] &= !bit);
        self.own[write.at] &= !bit;
        self.by_op[write.op] &= !bit;
        self.blocks.pop();
        self.successors.pop();
        while self.cuts.last().is_some_and(|cut| cut & bit != 0) {
            self.cuts.pop();
        }
    }

    /// The writes of the cut that can have been delivered last.
    fn last_of(&self, cut: Cut) -> impl Iterator<Item = usize> {
        places(cut).filter(move |place| self.blocks[*place] & cut == 0)
    }

    pub(super) fn apply(&mut self, at: usize, state: StateNo, change: ChangeNo) -> StateNo {
        self.effort.applications += 1;
        // A change's number is not much above `MOST_NUMBERS`, so the upper bits of the word hold the master.
        let by = if self.around.by_master { at as u64 } else { 0 };
        let call = by << 60 | u64::from(state) << 30 | u64::from(change);
        if let Some(known) = self.applied.get(&call) {
            return *known;
        }
        let after = self.rule.apply(at, state, change);
        self.applied.insert(call, after);
        after
    }

    fn states_of(&mut self, cut: Cut) -> States {
        let exact = !self.around.by_master && !self.around.snapshots && self.around.delivery != Delivery::AtLeastOnce;
        if exact && let Some(state) = self.one_state_of(cut) {
            return States::One(state);
        }
        let mut each: Vec<Few> = (0..self.around.masters).map(|at| self.states_at(at, cut)).collect();
        if self.around.snapshots {
            self.merge_into(cut, &mut each);
        }
        let mut met = each.iter().flatten();
        match met.next() {
            Some(first) if met.all(|state| state == first) => States::One(*first),
            _ => States::Each(each),
        }
    }

    /// The state at this cut, if it is the same for every linear extension.
    fn one_state_of(&mut self, cut: Cut) -> Option<StateNo> {
        let mut one = None;
        let mut last = cut;
        while last != 0 {
            let place = last.trailing_zeros() as usize;
            last &= last - 1;
            if self.blocks[place] & cut != 0 {
                continue;
            }
            let States::One(before) = self.cells[usize::from(cut & !(1 << place))].states else { return None };
            let after = self.apply(0, before, self.writes[place].change);
            if *one.get_or_insert(after) != after {
                return None;
            }
        }
        one
    }

    /// The possible states of one master at this cut.
    fn states_at(&mut self, at: usize, cut: Cut) -> Few {
        let mut met = Few::new();
        let last: SmallVec<[usize; MOST_WRITES]> = self.last_of(cut).collect();
        for place in last {
            let before = cut & !(1 << place);
            let (change, own) = (self.writes[place].change, self.writes[place].at == at);
            // A master's own write comes when it has seen exactly `seen`.
            if (own && before != self.writes[place].seen) || !self.has_lived(at, before) {
                continue;
            }
            for state in Few::from_slice(self.states(at, before)) {
                let made = !own || self.writes[place].from.as_ref().is_none_or(|from| from.contains(&state));
                if made {
                    insert(&mut met, self.apply(at, state, change));
                }
            }
        }
        if self.around.delivery == Delivery::AtLeastOnce {
            // With at-least-once delivery, each change may be applied once more.
            for state in met.clone() {
                for place in places(cut & !self.own[at]) {
                    let change = self.writes[place].change;
                    insert(&mut met, self.apply(at, state, change));
                }
            }
        }
        met
    }

    /// Adds the states of a master that has reached this cut by merging another's snapshot.
    fn merge_into(&mut self, cut: Cut, each: &mut [Few]) {
        let cuts: Vec<Cut> = self.cuts.iter().copied().filter(|less| covers(cut, *less)).collect();
        loop {
            let mut grown = false;
            for at in 0..each.len() {
                let own = cut & self.own[at];
                for ours in cuts.iter().copied().filter(|ours| covers(*ours, own)) {
                    let whole = std::iter::once(cut);
                    for theirs in cuts.iter().copied().chain(whole).filter(|there| ours | there == cut) {
                        grown |= self.merge_at(at, ours, theirs, cut, each);
                    }
                }
            }
            if !grown {
                return;
            }
        }
    }

    fn merge_at(&mut self, at: usize, ours: Cut, theirs: Cut, cut: Cut, each: &mut [Few]) -> bool {
        let mut grown = false;
        let (our_seen, their_seen) = (self.vector(ours), self.vector(theirs));
        let senders: Vec<usize> = (0..each.len()).filter(|from| *from != at && self.has_lived(*from, theirs)).collect();
        let their_states: Few = senders.iter().fold(Few::new(), |mut all, from| {
            let theirs = if theirs == cut { &each[*from][..] } else { self.states(*from, theirs) };
            for state in theirs {
                insert(&mut all, *state);
            }
            all
        });
        for our in Few::from_slice(self.states(at, ours)) {
            for their in &their_states {
                self.effort.applications += 1;
                let merged = self.rule.merge(at, (our, &our_seen), (*their, &their_seen));
                grown |= insert(&mut each[at], merged);
            }
        }
        grown
    }

    /// The cut as a version vector.
    pub(crate) fn vector(&self, cut: Cut) -> VersionVector {
        let mut vector = VersionVector::default();
        places(cut).for_each(|place| vector.insert(self.writes[place].dot));
        vector
    }

    /// Forgets all numbers if there are many, and numbers the present history's states and changes again.
    pub(crate) fn forget(&mut self) {
        if self.rule.len() < self.most_numbers && self.applied.len() < 16 * self.most_numbers {
            return;
        }
        let effort = self.effort;
        let next = |write: &Written| Next { at: write.at, seen: write.seen, op: write.op, wall: write.wall };
        let writes: Vec<(Next, usize)> = self.writes.iter().map(|write| (next(write), write.branch)).collect();
        while !self.writes.is_empty() {
            self.pop();
        }
        self.rule.clear();
        self.applied.clear();
        self.epoch += 1;
        for (next, branch) in writes {
            let write = self.written(next).swap_remove(branch);
            self.push(write);
        }
        self.effort = effort;
    }
}

/// Inserts the state in order, unless it is present.
fn insert(states: &mut Few, state: StateNo) -> bool {
    match states.binary_search(&state) {
        Ok(_) => false,
        Err(place) => {
            states.insert(place, state);
            true
        }
    }
}
