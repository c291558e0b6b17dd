//! The enumeration: [`Search`].

use super::Subject;
use super::bounds::{Bounds, MOST_MASTERS, Times};
use super::judge::{Judge, Wrongs};
use super::lattice::{self, Circumstances, Cut, Lattice, Next, Spread, places};
use super::report::{ASKED, ByScript, Finding, Report, Script};
use super::schedule::{self, Violation};
use crate::check::running;
use crate::history::{Judged, Write};
use crate::node::any_rule::AnyRule;
use crate::node::delivery::Delivery;
use crate::node::numbered::StateNo;
use crate::properties as p;
use crate::properties::own_property::{Answer, Claim, Keys, OwnProperties, Readings, acknowledged};
use multimaster::{Key, Kind, MasterId, Op, Reading, Resolver};
use smallvec::{SmallVec, smallvec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

pub(super) struct Search<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) bounds: Bounds,
    pub(super) keys: Vec<Key>,
    pub(super) lattice: Lattice,
    pub(super) judge: Judge,
    /// Whether histories that differ only in the masters that write nothing are judged once.
    pub(super) first_only: bool,
    pub(super) uses_clocks: bool,
    bounded: bool,
    histories: u64,
    conflicts: u64,
    found: BTreeMap<&'static str, Violation>,
    not_judged: BTreeSet<&'static str>,
    pub(super) by_script: Option<ByScript>,
    /// A violation counts only if it takes fewer steps than this.
    pub(super) beyond: Option<ByScript>,
    /// The user's own properties.
    pub(super) own: Option<&'a OwnProperties>,
    progress: &'a mut dyn FnMut(u64),
    started: Instant,
    stopped: bool,
}

/// How often the clock is read, in histories.
const AT_A_TIME: u64 = 4096;
/// How often progress is reported, in histories.
const COUNTED: u64 = 64;

impl<'a> Search<'a> {
    pub(super) fn new(
        subject: &'a Subject<'a>,
        bounds: Bounds,
        spread: Box<dyn Spread>,
        progress: &'a mut dyn FnMut(u64),
    ) -> Result<Search<'a>, String> {
        if let Some(fault) = bounds.fault() {
            return Err(fault);
        }
        let mut keys: Vec<Key> = bounds.requests.iter().map(|request| request.key.clone()).collect();
        keys.sort();
        keys.dedup();
        let place = |key: &Key| keys.binary_search(key).unwrap_or_default();
        let alphabet: Vec<(usize, Op)> =
            bounds.requests.iter().map(|request| (place(&request.key), request.op.clone())).collect();
        let masters = usize::from(bounds.masters);
        let rules: Vec<AnyRule> = (0..bounds.masters).map(|at| (subject.rule)(MasterId(at))).collect();
        let (uses_clocks, kind) = (rules[0].uses_wall_clock(), rules[0].kind());
        if !uses_clocks && bounds.times != Times::Lamport {
            return Err("this rule uses no wall clocks: leave out which times they show (`--clocks`)".into());
        }
        if let Some(timed) = bounds.requests.iter().find(|request| request.op.time().is_some()) {
            return Err(format!("`{timed}`: histories try times of their own (`--clocks`); leave out `at`"));
        }
        if let Some(other) = bounds.requests.iter().find(|request| !kind.takes(&request.op)) {
            return Err(format!("`{other}`: this rule takes {}", kind.operations()));
        }
        if let Some(other) = bounds.requests.iter().find(|request| !Bounds::take(bounds.masters, &[(*request).clone()]))
        {
            return Err(format!("`{other}`: there is no such master among {}", bounds.masters));
        }
        let numbers = AnyRule::numbered(&rules, keys.clone());
        // A transfer names a master.
        let names_masters = alphabet.iter().any(|(_, op)| matches!(op.untimed(), Op::Transfer { .. }));
        let around = Circumstances {
            masters,
            delivery: bounds.delivery,
            snapshots: bounds.snapshots,
            by_master: subject.by_master,
            spread,
        };
        Ok(Search {
            judge: Judge::new(keys.clone(), alphabet.clone(), subject.claims),
            lattice: Lattice::new(numbers, around, alphabet, bounds.writes),
            first_only: !subject.by_master && !names_masters && bounds.clients.is_empty(),
            uses_clocks,
            bounded: kind == Kind::BoundedCounter,
            histories: 0,
            conflicts: 0,
            found: BTreeMap::new(),
            not_judged: BTreeSet::new(),
            by_script: None,
            beyond: None,
            own: None,
            progress,
            started: Instant::now(),
            stopped: false,
            subject,
            bounds,
            keys,
        })
    }

    pub(super) fn run(mut self) -> Report {
        self.extend();
        self.report()
    }

    pub(super) fn report(mut self) -> Report {
        let own = self.own.iter().flat_map(|own| own.all()).filter(|own| own.claim != Claim::Sometimes);
        let own: Vec<&'static str> = own.map(|own| own.name).collect();
        let refused = self.lattice.effort.refused > 0;
        let asked = ASKED.into_iter().filter(|property| match *property {
            p::SPECIFICATION => self.subject.specification.is_some(),
            p::NO_OVERSELLING => self.bounded,
            _ => true,
        });
        let findings = asked.chain(own.into_iter().filter(|_| !refused)).map(|property| {
            let finding = match (self.found.remove(property), self.not_judged.contains(property)) {
                (Some(violation), _) => Finding::Violated(Box::new(violation)),
                (None, true) => Finding::NotJudged,
                (None, false) if self.stopped => Finding::NotExhausted,
                (None, false) => Finding::Holds,
            };
            (property, finding)
        });
        Report {
            findings: findings.collect(),
            histories: self.histories,
            conflicts: self.conflicts,
            effort: self.lattice.effort,
            stopped: self.stopped,
            time: self.started.elapsed(),
            bounds: self.bounds,
        }
    }

    /// Judges every history that extends the present one.
    pub(super) fn extend(&mut self) {
        let left = self.bounds.writes - self.lattice.writes.len();
        if left == 0 || self.stopped {
            return;
        }
        if left >= 2 {
            self.lattice.forget();
        }
        for at in 0..self.lattice.masters() {
            for place in 0..self.lattice.cuts().len() {
                let seen = self.lattice.cuts()[place];
                if self.lattice.can_write(at, seen) {
                    self.extend_by(at, seen, left);
                }
            }
        }
    }

    fn extend_by(&mut self, at: usize, seen: Cut, left: usize) {
        let walls = self.walls(seen);
        let own: Vec<usize> = places(self.lattice.own[at]).map(|place| self.lattice.writes[place].op).collect();
        for op in 0..self.lattice.alphabet.len() {
            if !self.bounds.clients.is_empty() && !self.bounds.allow(at, &[own.as_slice(), &[op]].concat()) {
                continue;
            }
            for wall in walls.iter().copied() {
                let next = Next { at, seen, op, wall };
                let refused = self.lattice.effort.refused;
                let mut written = self.lattice.written(next);
                if self.by_script.is_some() && self.lattice.effort.refused > refused {
                    self.note_refusal(next);
                }
                let mut epoch = self.lattice.epoch();
                for branch in 0..written.len() {
                    if self.lattice.epoch() != epoch {
                        let effort = self.lattice.effort;
                        (written, epoch) = (self.lattice.written(next), self.lattice.epoch());
                        self.lattice.effort = effort;
                    }
                    self.lattice.push(written[branch].clone());
                    if self.is_judged() {
                        self.judge_history();
                    }
                    if self.missing() < left {
                        self.extend();
                    }
                    self.lattice.pop();
                }
            }
        }
    }

    /// The possible wall-clock times of the next write at this cut.
    fn walls(&self, seen: Cut) -> SmallVec<[Option<u64>; 1]> {
        let times = |from: u64, to: u64| (from..=to).map(Some).collect();
        match self.bounds.times {
            _ if !self.uses_clocks => smallvec![None],
            Times::Lamport => smallvec![Some(self.lattice.time_after(seen))],
            Times::Right(last) => times(self.lattice.latest_wall(seen) + 1, last),
            Times::Any(last) => times(1, last),
        }
    }

    /// The number of masters that must yet write so that the writers are the first masters.
    fn missing(&self) -> usize {
        if !self.first_only {
            return 0;
        }
        let last = self.lattice.own.iter().rposition(|own| *own != 0).map_or(0, |last| last + 1);
        self.lattice.own[..last].iter().filter(|own| **own == 0).count()
    }

    fn is_judged(&self) -> bool {
        self.missing() == 0
    }

    fn judge_history(&mut self) {
        self.histories += 1;
        if self.histories.is_multiple_of(AT_A_TIME) {
            (self.progress)(self.histories);
            self.stopped |= self.started.elapsed() > self.bounds.time;
        }
        if self.histories.is_multiple_of(COUNTED) {
            running::count(COUNTED);
        }
        self.stopped |= running::is_interrupted();
        self.conflicts += u64::from(self.has_conflict());
        let all = self.lattice.all();
        if self.bounds.delivery == Delivery::Unordered {
            // A master that has seen the last writes need not have seen their causal pasts.
            let cuts = self.lattice.cuts().iter().copied();
            let cuts: Vec<Cut> = cuts.filter(|cut| self.lattice.closure(*cut) == all).collect();
            cuts.into_iter().for_each(|cut| self.judge_part(cut));
        } else {
            self.judge_part(all);
            self.judge_own(all);
        }
    }

    /// Judges the user's own properties where all masters have seen all writes, for every combination of their possible
    /// readings.
    fn judge_own(&mut self, all: Cut) {
        let Some(own) = self.own else { return };
        let asked: usize = self.bounds.clients.iter().map(|(_, script)| script.len()).sum();
        let done = self.lattice.writes.len() == asked;
        let mut combinations: Vec<Vec<(usize, StateNo)>> = vec![Vec::new()];
        for at in 0..self.lattice.masters() {
            // One of the states with equal readings.
            let mut states: Vec<StateNo> = Vec::new();
            for state in self.lattice.states(at, all).to_vec() {
                let reading = self.lattice.rule.read(state);
                if states.iter().all(|known| self.lattice.rule.read(*known) != reading) {
                    states.push(state);
                }
            }
            let with = |known: &Vec<(usize, StateNo)>, state: &StateNo| [known.as_slice(), &[(at, *state)]].concat();
            combinations =
                combinations.iter().flat_map(|known| states.iter().map(|state| with(known, state))).collect();
        }
        for combination in combinations {
            let readings = self.readings(&combination);
            for property in own.all() {
                let wrong = match property.claim {
                    Claim::Always => Answer::No,
                    Claim::Never => Answer::Yes,
                    Claim::AtQuiescence if done => Answer::No,
                    Claim::AtQuiescence | Claim::Sometimes => continue,
                };
                if property.ask_or_note(&readings) == wrong {
                    self.note(property.name, all, &combination);
                }
            }
        }
    }

    /// The readings of these masters, and the writes.
    fn readings(&mut self, combination: &[(usize, StateNo)]) -> Readings {
        let all = self.lattice.all();
        let masters: Vec<Arc<Keys>> = combination
            .iter()
            .map(|(_, state)| {
                let master = self.judge.observed(&mut self.lattice, all, *state);
                Arc::new(self.keys.iter().map(|key| (key.clone(), master.read(key))).collect())
            })
            .collect();
        let history = self.judge.observed(&mut self.lattice, all, combination[0].1).history();
        let writes = acknowledged(&history, masters.len(), |_, _| true);
        Readings::new(&masters, Arc::new(writes))
    }

    fn has_conflict(&self) -> bool {
        let writes = &self.lattice.writes;
        let key = |write: &lattice::Written| self.lattice.alphabet[write.op].0;
        (0..writes.len()).any(|later| {
            places(!writes[later].past & ((1 << later) - 1)).any(|earlier| key(&writes[earlier]) == key(&writes[later]))
        })
    }

    fn judge_part(&mut self, cut: Cut) {
        let masters: SmallVec<[usize; MOST_MASTERS]> =
            (0..self.lattice.masters()).filter(|at| self.lattice.can_be(*at, cut)).collect();
        if masters.is_empty() {
            return;
        }
        if let Some(state) = self.lattice.only_state(cut) {
            self.judge_state(cut, &masters, state);
            return;
        }
        let each = masters.iter().flat_map(|at| self.lattice.states(*at, cut).iter().map(|state| (*at, *state)));
        let each: Vec<(usize, StateNo)> = each.collect();
        for (place, (at, state)) in each.iter().enumerate() {
            self.judge_state(cut, &[*at], *state);
            let reading = self.lattice.rule.read(*state);
            for (other, with) in &each[place + 1..] {
                if other != at && self.lattice.rule.read(*with) != reading {
                    self.note(p::CONVERGENCE, cut, &[(*at, *state), (*other, *with)]);
                }
            }
        }
    }

    /// Judges a state that each of these masters can have.
    fn judge_state(&mut self, cut: Cut, masters: &[usize], state: StateNo) {
        let wrongs = self.judge.judge(&mut self.lattice, cut, state);
        let misread = self.subject.specification.is_some() && self.misread(cut, state);
        let oversold = self.bounded && self.oversold(cut, state);
        if wrongs == Wrongs::default() && !misread && !oversold {
            return;
        }
        // The master that needs the fewest deliveries.
        let Some(at) = masters.iter().copied().min_by_key(|at| self.steps(cut, &[*at])) else { return };
        let shown = [
            (wrongs.resurrects, p::NO_RESURRECTION),
            (wrongs.lost_causally, p::NO_CAUSAL_LOSS),
            (wrongs.lost_by_policy, p::NO_POLICY_LOSS),
            (wrongs.lost_to_nothing, p::NO_TOTAL_LOSS),
            (wrongs.invented, p::NO_INVENTION),
            (misread, p::SPECIFICATION),
            (oversold, p::NO_OVERSELLING),
        ];
        for (_, property) in shown.into_iter().filter(|(is_wrong, _)| *is_wrong) {
            self.note(property, cut, &[(at, state)]);
        }
        if wrongs.unsure_of_loss {
            self.not_judged.extend([p::NO_CAUSAL_LOSS, p::NO_POLICY_LOSS, p::NO_TOTAL_LOSS]);
        }
        if wrongs.unsure_of_value {
            self.not_judged.insert(p::NO_INVENTION);
        }
    }

    fn misread(&mut self, cut: Cut, state: StateNo) -> bool {
        let Some(specification) = self.subject.specification else { return false };
        let master = self.judge.observed(&mut self.lattice, cut, state);
        let history = master.history();
        self.keys.iter().any(|key| {
            let writes = history.writes().iter().filter(|write| write.key == *key && master.has_seen(write.dot));
            let writes: Vec<&Write> = writes.map(Arc::as_ref).collect();
            specification.otherwise(&writes, &master.read(key)).is_some()
        })
    }

    fn oversold(&mut self, cut: Cut, state: StateNo) -> bool {
        let master = self.judge.observed(&mut self.lattice, cut, state);
        let below = |key| matches!(master.read(key), Reading::Total(total) if total < 0);
        master.history().overspent().is_some() || self.keys.iter().any(below)
    }

    /// The number of steps, all to all with one change a message, until these masters have seen the cut: all writes,
    /// and for each master the deliveries that it needs for its last write or for the cut.
    fn steps(&self, cut: Cut, witnesses: &[usize]) -> usize {
        let lattice = &self.lattice;
        let brought = |at: usize| {
            let own = lattice.own[at];
            let last = (own != 0).then(|| lattice.writes[own.ilog2() as usize].seen);
            let seen = if witnesses.contains(&at) { cut } else { last.unwrap_or(0) };
            (seen & !own).count_ones() as usize
        };
        lattice.writes.len() + (0..lattice.masters()).map(brought).sum::<usize>()
    }

    fn note(&mut self, property: &'static str, cut: Cut, witnesses: &[(usize, StateNo)]) {
        let masters: SmallVec<[usize; 2]> = witnesses.iter().map(|(at, _)| *at).collect();
        let steps = self.steps(cut, &masters);
        let place = ASKED.iter().position(|asked| *asked == property);
        if let (Some(known), Some(place)) = (&self.beyond, place) {
            let requests: Script = self.script().iter().map(|requests| without_times(requests)).collect();
            let least = beginnings(&requests).filter_map(|begun| known.shortest.get(&begun)?[place]).min();
            if least.is_some_and(|least| least <= steps) {
                return;
            }
        }
        if let (true, Some(place)) = (self.by_script.is_some(), place) {
            let script = self.script();
            let known = self.by_script.get_or_insert_default().shortest.entry(script).or_default();
            known[place] = Some(known[place].map_or(steps, |known| known.min(steps)));
        }
        if self.found.get(property).is_none_or(|known| steps < known.steps) {
            let violation = schedule::of(self, property, cut, witnesses, steps);
            self.found.insert(property, violation);
        }
    }

    fn note_refusal(&mut self, next: Next) {
        let mut script = self.script();
        script[next.at].push((next.op, next.wall));
        self.by_script.get_or_insert_default().refused.insert(script);
    }

    fn script(&self) -> Script {
        let lattice = &self.lattice;
        let of = |own: &Cut| places(*own).map(|place| (lattice.writes[place].op, lattice.writes[place].wall)).collect();
        lattice.own.iter().map(of).collect()
    }
}

/// All prefixes of this script: of each master's requests the first few, or all.
fn beginnings(script: &Script) -> impl Iterator<Item = Script> {
    let lengths = script.iter().map(|requests| requests.len() + 1);
    let all: usize = lengths.product();
    (0..all).map(move |mut number| {
        let first = |requests: &Vec<_>| {
            let length = number % (requests.len() + 1);
            number /= requests.len() + 1;
            requests[..length].to_vec()
        };
        script.iter().map(first).collect()
    })
}

pub(super) fn without_times(requests: &[(usize, Option<u64>)]) -> Vec<(usize, Option<u64>)> {
    requests.iter().map(|(op, _)| (*op, None)).collect()
}
