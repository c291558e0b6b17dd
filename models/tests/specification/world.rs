//! Masters that write one key and receive each other's writes, with all writes made.

use multimaster::{Kind, MasterId, Outcome, Replica, Request, Side, Topology, VersionVector};
use multimaster_models::SerdeRule;
use multimaster_models::history::Write;
use multimaster_models::properties::specification::Specification;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A violation.
pub(crate) type Broken = String;

/// This number of masters without writes.
pub(crate) type Specified = Box<dyn Fn(u16) -> Box<dyn AnyWorld>>;

/// A [`World`] with its rule's type erased, so that its driver is compiled once. After every step, the altered master
/// must read as specified.
pub(crate) trait AnyWorld {
    fn kind(&self) -> Kind;
    /// A client's request; a refusal alters nothing.
    fn write(&mut self, at: usize, request: &Request) -> Result<(), Broken>;
    /// Gives one master the changes that it lacks, from another's log or by a snapshot. Returns false if it lacks none.
    fn deliver(&mut self, from: usize, to: usize, max: usize) -> Result<bool, Broken>;
    /// Truncates a master's log: a master that lacks a truncated change gets a snapshot.
    fn cut(&mut self, at: usize);
    /// Checks that merging any of the masters' states is idempotent, commutative, associative and as specified.
    fn laws(&self) -> Result<(), Broken>;
    fn fingerprint(&self) -> u64;
    fn twin(&self) -> Box<dyn AnyWorld>;
}

#[derive(Clone)]
pub(crate) struct World<R: SerdeRule> {
    masters: Vec<Replica<R>>,
    writes: Vec<Write>,
    specification: Specification,
    /// A further invariant of a master.
    invariant: fn(&Replica<R>) -> bool,
}

/// A state, and the changes that it reflects.
#[derive(PartialEq)]
struct Held<S> {
    state: S,
    seen: VersionVector,
}

impl<R: SerdeRule> World<R> {
    pub(crate) fn with(rule: R, specification: Specification, invariant: fn(&Replica<R>) -> bool) -> Specified {
        Box::new(move |masters| {
            let topology = Topology::all_to_all(masters).unwrap();
            let masters = topology.ids().map(|id| Replica::new(id, rule.clone(), &topology)).collect();
            Box::new(World { masters, writes: Vec::new(), specification, invariant })
        })
    }

    fn held(&self, at: usize) -> Held<R::State> {
        let master = &self.masters[at];
        Held { state: master.state("k").cloned().unwrap_or_default(), seen: master.digest().clone() }
    }

    fn join(&self, one: &Held<R::State>, other: &Held<R::State>) -> Held<R::State> {
        let [ours, theirs] = [one, other].map(|held| Side { state: &held.state, seen: &held.seen });
        let state = self.masters[0].rule().merge(ours, theirs).expect("the rule merges");
        let mut seen = one.seen.clone();
        seen.join(&other.seen);
        Held { state, seen }
    }

    /// Checks that the master reads as specified, that its invariant holds, and that its state has not gone back.
    fn judge(&self, at: usize, before: &Held<R::State>) -> Result<(), Broken> {
        let (id, after) = (MasterId(at as u16), self.held(at));
        self.reads(&after).map_err(|broken| format!("{id} {broken}"))?;
        if !(self.invariant)(&self.masters[at]) {
            return Err(format!("{id} breaks its invariant in {:?}", after.state));
        }
        if self.join(before, &after) != after {
            return Err(format!("{id}'s step is not inflationary: {:?} then {:?}", before.state, after.state));
        }
        Ok(())
    }

    fn reads(&self, held: &Held<R::State>) -> Result<(), Broken> {
        let seen: Vec<&Write> = self.writes.iter().filter(|write| held.seen.contains(write.dot)).collect();
        let (reads, specified) = (self.masters[0].rule().read(&held.state), (self.specification)(&seen));
        if reads == specified || (seen.is_empty() && held.state == R::State::default()) {
            return Ok(());
        }
        Err(format!("reads {reads}, not {specified}, after {seen:?}"))
    }
}

impl<R: SerdeRule> AnyWorld for World<R> {
    fn kind(&self) -> Kind {
        self.masters[0].rule().kind()
    }

    fn write(&mut self, at: usize, request: &Request) -> Result<(), Broken> {
        let (before, past) = (self.held(at), self.masters[at].digest().clone());
        if let Ok(dot) = self.masters[at].write(&request.key, request.op.clone()) {
            let timestamp = self.masters[at].log().last().expect("it is logged").timestamp;
            let (key, op) = (request.key.clone(), request.op.clone());
            let place = self.writes.partition_point(|held| held.dot < dot);
            self.writes.insert(place, Write { dot, timestamp, key, op, wall: None, past });
        }
        self.judge(at, &before)
    }

    fn deliver(&mut self, from: usize, to: usize, max: usize) -> Result<bool, Broken> {
        let Some(message) = self.masters[from].answer(self.masters[to].digest(), max) else {
            return Ok(false);
        };
        let before = self.held(to);
        match self.masters[to].receive(MasterId(from as u16), message) {
            Outcome::Applied | Outcome::Stale => {}
            Outcome::Duplicate => return Ok(false),
            outcome => return Err(format!("{outcome:?}")),
        }
        self.judge(to, &before)?;
        Ok(true)
    }

    fn cut(&mut self, at: usize) {
        self.masters[at].truncate(0);
    }

    fn laws(&self) -> Result<(), Broken> {
        let all: Vec<_> = (0..self.masters.len()).map(|at| self.held(at)).collect();
        for a in &all {
            if self.join(a, a) != *a {
                return Err(format!("merging {:?} is not idempotent", a.state));
            }
            for b in &all {
                let both = self.join(a, b);
                if both != self.join(b, a) {
                    return Err(format!("merging {:?} and {:?} is not commutative", a.state, b.state));
                }
                self.reads(&both).map_err(|broken| format!("merged from {:?} and {:?}, {broken}", a.state, b.state))?;
                for c in &all {
                    if self.join(&both, c) != self.join(a, &self.join(b, c)) {
                        let states = [&a.state, &b.state, &c.state];
                        return Err(format!("merging {states:?} is not associative"));
                    }
                }
            }
        }
        Ok(())
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.masters, &self.writes).hash(&mut hasher);
        hasher.finish()
    }

    fn twin(&self) -> Box<dyn AnyWorld> {
        Box::new(self.clone())
    }
}
