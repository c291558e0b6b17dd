//! A rule judged over all networks at once: over causal histories. [`judge`] is the entry.
//!
//! The protocol promises a rule that a master applies each change once, after all that its writer had seen. Whatever the
//! topology and the links, what a master keeps therefore depends on two things only: the *causal history* (which writes were
//! made, and what each writer had seen), and the order in which the master applied them, which is a linear extension of it.
//! So a rule can be judged without a network: all histories of a few writes are enumerated, each once, and for each the
//! states are computed in which masters can be that have seen all of it.
//!
//! A history is listed in the order of its stamps, and extended by one write at its end. `states[part]` are the states after
//! each closed part of it. A new write adds only the parts that it is in, so that of a history only one or two are computed:
//! the state after a part is the state after a smaller one, with the change applied that came last, for each that can have
//! come last. Only the whole history is judged: every part of it is a history of its own.

mod alphabet;
mod judge;
mod lattice;
pub(crate) mod numbered;
pub(crate) mod renumbered;
pub(crate) mod replayed;
mod schedule;
mod words;

pub use alphabet::{of as operations, of_two_keys as operations_on_two_keys};
pub use lattice::Effort;
pub use schedule::{Step, Violation};
pub use words::NOT_SEEN;

use crate::any_rule::AnyRule;
use crate::delivery::Delivery;
use crate::history::{Claims, Judged, Write};
use crate::own_property::{Answer, Claim, Keys, OwnProperties, Readings, acknowledged};
use crate::properties as p;
use crate::specification::Specified;
use judge::{Judge, MOST_OPERATIONS, Wrongs};
use lattice::{Circumstances, Dense, Lattice, MOST_WRITES, Next, Part, Spread, places};
use multimaster::{Key, Kind, MasterId, Op, Reading, Request, Resolver};
use numbered::StateNo;
use smallvec::{SmallVec, smallvec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most masters.
const MOST_MASTERS: usize = 6;

/// What is enumerated.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// How many masters there are.
    pub masters: u16,
    /// The most writes of a history.
    pub writes: usize,
    /// What may be written, each at any master and as often as there are writes. No request has a time: see `times`.
    pub requests: Vec<Request>,
    /// Who asks what, in order: each client's master, and its requests by their index in `requests`. If there are none, any
    /// request may be made at any master, as often as there are writes.
    pub clients: Vec<(MasterId, Vec<usize>)>,
    /// What the rule can rely on.
    pub delivery: Delivery,
    /// Whether a master may also take another's snapshot at any time.
    pub snapshots: bool,
    /// When writes are made, by wall clocks. It matters to rules that use them, and to no others.
    pub times: Times,
    /// After how long to stop.
    pub time: Duration,
}

/// When writes are made, by wall clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// At their Lamport times: clocks are right.
    Lamport,
    /// At any times from 1 to this one that are later than the times of all writes known to the writer: clocks are right, and
    /// concurrent writes are made in any order, or at the same time.
    Right(u64),
    /// At any times from 1 to this one: clocks can be wrong.
    Any(u64),
}

impl Bounds {
    /// Causal delivery without snapshots, of so many writes at so many masters; an hour.
    pub fn new(masters: u16, writes: usize, requests: Vec<Request>) -> Bounds {
        let (delivery, time) = (Delivery::Causal, Duration::from_secs(3600));
        let clients = Vec::new();
        Bounds { masters, writes, requests, clients, delivery, snapshots: false, times: Times::Lamport, time }
    }

    /// Whether so many masters can be asked for all of these.
    pub(crate) fn take(masters: u16, requests: &[Request]) -> bool {
        let is_there = |request: &Request| !matches!(request.op.untimed(), Op::Transfer { to, .. } if to.0 >= masters);
        requests.len() <= MOST_OPERATIONS && requests.iter().all(is_there)
    }

    /// Whether violations have schedules: one step is one write, or one change delivered for the first time.
    pub(crate) fn have_schedules(&self) -> bool {
        self.delivery != Delivery::AtLeastOnce && !self.snapshots
    }

    /// What is wrong with these bounds for any rule, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        if !(2..=MOST_MASTERS).contains(&usize::from(self.masters)) {
            return Some(format!("{} masters: give 2 to {MOST_MASTERS}", self.masters));
        }
        if !(1..=MOST_WRITES).contains(&self.writes) {
            return Some(format!("{} writes: give 1 to {MOST_WRITES}", self.writes));
        }
        if !(1..=MOST_OPERATIONS).contains(&self.requests.len()) {
            return Some(format!("{} operations: give 1 to {MOST_OPERATIONS}", self.requests.len()));
        }
        let is_there = |client: &(MasterId, Vec<usize>)| {
            client.0.0 < self.masters && client.1.iter().all(|request| *request < self.requests.len())
        };
        if let Some((at, _)) = self.clients.iter().find(|client| !is_there(client)) {
            return Some(format!("a client of {at} asks for what there is not, or there is no such master"));
        }
        None
    }

    /// Whether these requests of a master are what its clients ask, or the beginning of it, in an order that they allow.
    fn allow(&self, at: usize, asked: &[usize]) -> bool {
        fn merges(asked: &[usize], scripts: &mut [&[usize]]) -> bool {
            let Some((first, rest)) = asked.split_first() else { return true };
            (0..scripts.len()).any(|client| {
                let whole = scripts[client];
                let Some((_, left)) = whole.split_first().filter(|(next, _)| *next == first) else { return false };
                scripts[client] = left;
                let merges = merges(rest, scripts);
                scripts[client] = whole;
                merges
            })
        }
        let of_it = self.clients.iter().filter(|(master, _)| master.index() == at);
        let mut scripts: Vec<&[usize]> = of_it.map(|(_, script)| script.as_slice()).collect();
        self.clients.is_empty() || merges(asked, &mut scripts)
    }
}

/// The rule to be judged.
pub struct Subject<'a> {
    /// The rule of each master.
    pub rule: &'a dyn Fn(MasterId) -> AnyRule,
    /// Whether it differs by master.
    pub by_master: bool,
    /// How far its claims are believed.
    pub claims: Claims,
    /// What its reads are to be, if that is known.
    pub specification: Option<Specified>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was enumerated.
    pub bounds: Bounds,
    /// How many histories were judged.
    pub histories: u64,
    /// In how many of them two writes of one key were concurrent.
    pub conflicts: u64,
    /// How much was done.
    pub effort: Effort,
    /// Each property, in the order of the table, and what shows that it is violated by the shortest schedule.
    pub findings: Vec<(&'static str, Finding)>,
    /// Whether it was stopped before its end.
    pub cut: bool,
    /// How long it took.
    pub time: Duration,
}

/// What became of a property.
#[derive(Clone, Debug)]
pub enum Finding {
    /// True in every history.
    Holds,
    /// False, as this shows.
    Violated(Box<Violation>),
    /// Only the rule's own, untested claim says that it holds.
    NotJudged,
    /// No violation was found before the enumeration was stopped.
    NotExhausted,
}

impl Report {
    /// Why nothing was tested, if so.
    pub fn untested(&self) -> Option<&'static str> {
        match (self.histories, self.conflicts) {
            _ if self.cut => None,
            (0, _) => Some("the rule refused every request: nothing was judged"),
            (_, 0) => Some("in no history were two writes of one key concurrent: no conflict was judged"),
            _ => None,
        }
    }

    /// What became of the property.
    pub fn finding(&self, property: &str) -> Option<&Finding> {
        self.findings.iter().find(|(name, _)| *name == property).map(|(_, finding)| finding)
    }

    /// The shortest schedule that violates the property.
    pub fn violation(&self, property: &str) -> Option<&Violation> {
        match self.finding(property) {
            Some(Finding::Violated(violation)) => Some(violation),
            _ => None,
        }
    }
}

/// What histories are asked, in the order of the table of properties.
pub const ASKED: [&str; 8] = [
    p::CONVERGENCE,
    p::NO_RESURRECTION,
    p::NO_CAUSAL_LOSS,
    p::NO_POLICY_LOSS,
    p::NO_TOTAL_LOSS,
    p::NO_INVENTION,
    p::SPECIFICATION,
    p::NO_OVERSELLING,
];

/// What is asked of each master: its requests, in order, by their index in [`Bounds::requests`], each with its wall-clock
/// time, if the rule uses wall clocks.
pub type Script = Vec<Vec<(usize, Option<u64>)>>;

/// What became of each script. Of a longer one, all that is said of scripts that begin it is said, too.
#[derive(Clone, Debug, Default)]
pub struct ByScript {
    /// The fewest steps to violate each property, in the order of [`ASKED`], once all of it is written. A script that
    /// violates none is left out.
    pub shortest: BTreeMap<Script, [Option<usize>; ASKED.len()]>,
    /// Those of which the rule can refuse the last request of some master.
    pub refused: BTreeSet<Script>,
}

/// Judges the rule over all histories within the bounds. `progress` is called now and then with the number of histories so
/// far.
///
/// The time grows by a factor of about twenty with each write at three masters and three operations; memory does not.
///
/// # Errors
/// If the bounds are not right, in words.
pub fn judge(subject: &Subject<'_>, bounds: Bounds, progress: &mut dyn FnMut(u64)) -> Result<Report, String> {
    Search::new(subject, bounds, Box::new(Dense), progress).map(Search::run)
}

/// The same, and what became of each script: of what the clients of each master ask, in their order.
///
/// # Errors
/// If the bounds are not right, in words.
pub fn judge_each_script(subject: &Subject<'_>, bounds: Bounds) -> Result<(Report, ByScript), String> {
    let mut unheard = |_| {};
    let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unheard)?;
    (search.by_script, search.first_only) = (Some(ByScript::default()), false);
    search.extend();
    let by_script = search.by_script.take().unwrap_or_default();
    Ok((search.report(), by_script))
}

/// Judges the rule, and counts a violation only if it takes fewer steps than `known` has it of the same requests or of what
/// begins them, whatever their times: what is found is then due to the circumstances of these bounds.
///
/// # Errors
/// If the bounds are not right, in words.
pub fn judge_beyond(subject: &Subject<'_>, bounds: Bounds, known: &ByScript) -> Result<Report, String> {
    let mut unheard = |_| {};
    let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unheard)?;
    let mut untimed = ByScript::default();
    for (script, steps) in &known.shortest {
        let held = untimed.shortest.entry(script.iter().map(|asks| without_times(asks)).collect()).or_default();
        held.iter_mut().zip(steps).for_each(|(held, new)| *held = [*held, *new].into_iter().flatten().min());
    }
    search.beyond = Some(untimed);
    Ok(search.run())
}

/// Judges also these properties of the user's own, wherever all masters have seen all that was written. Those that are said
/// of quiescence are judged once all clients are done. Not judged are those of a rule that refuses a request.
///
/// # Errors
/// If the bounds are not right, in words.
pub(crate) fn judge_own(subject: &Subject<'_>, bounds: Bounds, own: &OwnProperties) -> Result<Report, String> {
    let mut unheard = |_| {};
    let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unheard)?;
    search.own = Some(own);
    search.first_only = false;
    Ok(search.run())
}

/// All scripts that begin this one: of each master's requests the first few, or all.
fn beginnings(script: &Script) -> impl Iterator<Item = Script> {
    let lengths = script.iter().map(|asks| asks.len() + 1);
    let all: usize = lengths.product();
    (0..all).map(move |mut number| {
        let first = |asks: &Vec<_>| {
            let length = number % (asks.len() + 1);
            number /= asks.len() + 1;
            asks[..length].to_vec()
        };
        script.iter().map(first).collect()
    })
}

fn without_times(asks: &[(usize, Option<u64>)]) -> Vec<(usize, Option<u64>)> {
    asks.iter().map(|(op, _)| (*op, None)).collect()
}

struct Search<'a> {
    subject: &'a Subject<'a>,
    bounds: Bounds,
    keys: Vec<Key>,
    lattice: Lattice,
    judge: Judge,
    /// Whether histories that differ only in which masters write nothing are judged once.
    first_only: bool,
    uses_clocks: bool,
    bounded: bool,
    histories: u64,
    conflicts: u64,
    found: BTreeMap<&'static str, Violation>,
    not_judged: BTreeSet<&'static str>,
    by_script: Option<ByScript>,
    /// What counts only if it takes fewer steps than this.
    beyond: Option<ByScript>,
    /// The user's own properties.
    own: Option<&'a OwnProperties>,
    progress: &'a mut dyn FnMut(u64),
    started: Instant,
    cut: bool,
}

/// How often the clock is read, in histories.
const AT_A_TIME: u64 = 4096;

impl<'a> Search<'a> {
    fn new(
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
        let (uses_clocks, kind) = (rules[0].goes_by_clocks(), rules[0].kind());
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
            cut: false,
            subject,
            bounds,
            keys,
        })
    }

    fn run(mut self) -> Report {
        self.extend();
        self.report()
    }

    fn report(mut self) -> Report {
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
                (None, false) if self.cut => Finding::NotExhausted,
                (None, false) => Finding::Holds,
            };
            (property, finding)
        });
        Report {
            findings: findings.collect(),
            histories: self.histories,
            conflicts: self.conflicts,
            effort: self.lattice.effort,
            cut: self.cut,
            time: self.started.elapsed(),
            bounds: self.bounds,
        }
    }

    /// Judges every history that begins with the present one.
    fn extend(&mut self) {
        let left = self.bounds.writes - self.lattice.writes.len();
        if left == 0 || self.cut {
            return;
        }
        if left >= 2 {
            self.lattice.forget();
        }
        for at in 0..self.lattice.masters() {
            for place in 0..self.lattice.parts().len() {
                let seen = self.lattice.parts()[place];
                if self.lattice.can_write(at, seen) {
                    self.extend_by(at, seen, left);
                }
            }
        }
    }

    fn extend_by(&mut self, at: usize, seen: Part, left: usize) {
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

    /// The wall-clock times of a write by who has seen this part.
    fn walls(&self, seen: Part) -> SmallVec<[Option<u64>; 1]> {
        let times = |from: u64, to: u64| (from..=to).map(Some).collect();
        match self.bounds.times {
            _ if !self.uses_clocks => smallvec![None],
            Times::Lamport => smallvec![Some(self.lattice.time_after(seen))],
            Times::Right(last) => times(self.lattice.latest_wall(seen) + 1, last),
            Times::Any(last) => times(1, last),
        }
    }

    /// How many more masters must write until those that write are the first ones.
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
            self.cut |= self.started.elapsed() > self.bounds.time;
        }
        self.conflicts += u64::from(self.has_conflict());
        let all = self.lattice.all();
        if self.bounds.delivery == Delivery::Unordered {
            // Who has seen the last writes need not have seen all that these were made in knowledge of.
            let parts = self.lattice.parts().iter().copied();
            let parts: Vec<Part> = parts.filter(|part| self.lattice.closure(*part) == all).collect();
            parts.into_iter().for_each(|part| self.judge_part(part));
        } else {
            self.judge_part(all);
            self.judge_own(all);
        }
    }

    /// Judges the user's own properties where all masters have seen all, in every combination of what they can read.
    fn judge_own(&mut self, all: Part) {
        let Some(own) = self.own else { return };
        let asked: usize = self.bounds.clients.iter().map(|(_, script)| script.len()).sum();
        let done = self.lattice.writes.len() == asked;
        let mut combinations: Vec<Vec<(usize, StateNo)>> = vec![Vec::new()];
        for at in 0..self.lattice.masters() {
            // Of the states that read the same, one.
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

    /// What these masters read, and what was written.
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

    fn judge_part(&mut self, part: Part) {
        let masters: SmallVec<[usize; MOST_MASTERS]> =
            (0..self.lattice.masters()).filter(|at| self.lattice.can_be(*at, part)).collect();
        if masters.is_empty() {
            return;
        }
        if let Some(state) = self.lattice.only_state(part) {
            self.judge_state(part, &masters, state);
            return;
        }
        let each = masters.iter().flat_map(|at| self.lattice.states(*at, part).iter().map(|state| (*at, *state)));
        let each: Vec<(usize, StateNo)> = each.collect();
        for (place, (at, state)) in each.iter().enumerate() {
            self.judge_state(part, &[*at], *state);
            let reading = self.lattice.rule.read(*state);
            for (other, with) in &each[place + 1..] {
                if other != at && self.lattice.rule.read(*with) != reading {
                    self.note(p::CONVERGENCE, part, &[(*at, *state), (*other, *with)]);
                }
            }
        }
    }

    /// Judges a state in which each of these masters can be.
    fn judge_state(&mut self, part: Part, masters: &[usize], state: StateNo) {
        let wrongs = self.judge.judge(&mut self.lattice, part, state);
        let misread = self.subject.specification.is_some() && self.misread(part, state);
        let oversold = self.bounded && self.oversold(part, state);
        if wrongs == Wrongs::default() && !misread && !oversold {
            return;
        }
        // The master to which the fewest changes need be brought.
        let Some(at) = masters.iter().copied().min_by_key(|at| self.steps(part, &[*at])) else { return };
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
            self.note(property, part, &[(at, state)]);
        }
        if wrongs.unsure_of_loss {
            self.not_judged.extend([p::NO_CAUSAL_LOSS, p::NO_POLICY_LOSS, p::NO_TOTAL_LOSS]);
        }
        if wrongs.unsure_of_value {
            self.not_judged.insert(p::NO_INVENTION);
        }
    }

    fn misread(&mut self, part: Part, state: StateNo) -> bool {
        let Some(specification) = self.subject.specification else { return false };
        let master = self.judge.observed(&mut self.lattice, part, state);
        let history = master.history();
        self.keys.iter().any(|key| {
            let writes = history.writes().iter().filter(|write| write.key == *key && master.has_seen(write.dot));
            let writes: Vec<&Write> = writes.collect();
            specification.otherwise(&writes, &master.read(key)).is_some()
        })
    }

    fn oversold(&mut self, part: Part, state: StateNo) -> bool {
        let master = self.judge.observed(&mut self.lattice, part, state);
        let below = |key| matches!(master.read(key), Reading::Total(total) if total < 0);
        master.history().overspent().is_some() || self.keys.iter().any(below)
    }

    /// How many steps it takes, all to all and one change a message, until these masters have seen the part: every write, and
    /// for each master the changes that it had seen at its last write, or that it is to see.
    fn steps(&self, part: Part, witnesses: &[usize]) -> usize {
        let lattice = &self.lattice;
        let brought = |at: usize| {
            let own = lattice.own[at];
            let last = (own != 0).then(|| lattice.writes[own.ilog2() as usize].seen);
            let seen = if witnesses.contains(&at) { part } else { last.unwrap_or(0) };
            (seen & !own).count_ones() as usize
        };
        lattice.writes.len() + (0..lattice.masters()).map(brought).sum::<usize>()
    }

    fn note(&mut self, property: &'static str, part: Part, witnesses: &[(usize, StateNo)]) {
        let masters: SmallVec<[usize; 2]> = witnesses.iter().map(|(at, _)| *at).collect();
        let steps = self.steps(part, &masters);
        let place = ASKED.iter().position(|asked| *asked == property);
        if let (Some(known), Some(place)) = (&self.beyond, place) {
            let requests: Script = self.script().iter().map(|asks| without_times(asks)).collect();
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
            let violation = schedule::of(self, property, part, witnesses, steps);
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
        let of =
            |own: &Part| places(*own).map(|place| (lattice.writes[place].op, lattice.writes[place].wall)).collect();
        lattice.own.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    mod counts;
    mod judges;

    use super::*;
    use multimaster::{ArrivalWins, CustomMerged, LastWriteWins, MultiValue, lower_seat};

    fn judged<R: Resolver>(rule: R, bounds: impl Fn(Vec<Request>) -> Bounds) -> Report {
        let erased = move |_| AnyRule::new(rule.clone());
        let requests = operations(&erased(MasterId(0)));
        let subject = Subject { rule: &erased, by_master: false, claims: Claims::Tested, specification: None };
        judge(&subject, bounds(requests), &mut |_| {}).unwrap()
    }

    #[test]
    fn each_history_is_enumerated_once() {
        // At two masters they are counted by the Catalan numbers; but histories of B alone, one for each number of writes, are
        // histories of A alone.
        let catalan = [2, 5, 14, 42, 132, 429];
        for writes in 1..=catalan.len() {
            let one = |mut requests: Vec<Request>| Bounds::new(2, writes, requests.drain(..1).collect());
            let expected: u64 = catalan[..writes].iter().map(|all| all - 1).sum();
            assert_eq!(judged(LastWriteWins, one).histories, expected, "{writes} writes");
        }
        assert_eq!(judged(LastWriteWins, |requests| Bounds::new(3, 4, requests)).histories, 20_262);
        assert_eq!(judged(MultiValue, |requests| Bounds::new(2, 5, requests)).histories, 35_544);
    }

    #[test]
    fn the_shortest_violation_is_found() {
        let steps = |report: &Report, property| report.violation(property).map(|violation| violation.steps);
        let arrival = judged(ArrivalWins, |requests| Bounds::new(3, 3, requests));
        assert_eq!(steps(&arrival, p::CONVERGENCE), Some(4));
        let merged = judged(CustomMerged(lower_seat), |requests| Bounds::new(3, 3, requests));
        assert_eq!(steps(&merged, p::CONVERGENCE), Some(6));
        assert_eq!(steps(&merged, p::NO_CAUSAL_LOSS), Some(5));
        let kept = judged(MultiValue, |requests| Bounds::new(3, 4, requests));
        assert!(kept.findings.iter().all(|(_, finding)| matches!(finding, Finding::Holds)), "{:?}", kept.findings);
        assert!(kept.conflicts > 10_000, "{}", kept.conflicts);
    }
}
