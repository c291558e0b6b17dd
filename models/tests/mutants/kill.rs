//! How a mutant is shown to be killed, and small words for the scopes in which it is.

use multimaster::{Change, Dot, Kind, MasterId, Op, Reading, Refusal, Resolver, Side, Stamp, Topology};
use multimaster_models::cluster::Cluster;
use multimaster_models::engine::{Limits, Path, Verdict, explore};
use multimaster_models::properties::FALLS_SILENT;
use multimaster_models::scope::{Client, Free, Link, Scope};
use multimaster_models::subject::Subject;

/// A protocol or rule that is broken on purpose, and how that comes to light.
pub(crate) struct Mutant {
    /// Which documented bug it is, or a word for why it is here.
    pub(crate) number: &'static str,
    /// The property that rejects it.
    pub(crate) property: &'static str,
    /// Finds the shortest schedule to a state that the property rejects, and the complaint about that state.
    pub(crate) killed: fn(&'static str) -> (Vec<String>, String),
    /// The schedule that must come out.
    pub(crate) schedule: &'static [&'static str],
    /// What the complaint must say.
    pub(crate) complaint: &'static str,
}

impl Mutant {
    pub(crate) fn is_killed(&self) {
        let (schedule, complaint) = (self.killed)(self.property);
        assert_eq!(schedule, self.schedule, "{} is killed by another schedule: {complaint}", self.number);
        assert!(complaint.contains(self.complaint), "{}: {complaint}", self.number);
    }
}

/// The schedule that kills `mutant`: no shorter one does, because the search goes breadth first. The kill is the
/// mutation's: `sound`, the same scope without it, has the property in every reachable state.
pub(crate) fn killed<R: Resolver, S: Resolver>(
    mutant: Cluster<R>,
    sound: Cluster<S>,
    property: &'static str,
) -> (Vec<String>, String) {
    let report = explore(&sound, Limits::default(), |_, _| {});
    assert_eq!(report.verdict(property), Some(&Verdict::Holds(None)), "{property} without the mutation");
    let limits = Limits { until: Some(property), states: 500_000, ..Limits::default() };
    let report = explore(&mutant, limits, |_, _| {});
    let Some(Verdict::Violated(Some(path))) = report.verdict(property) else {
        panic!("not killed by {property}: {report:?}");
    };
    let (schedule, states) = follow(&mutant, path);
    let last = states.last().expect("at least the initial state");
    let complaint = if property == FALLS_SILENT {
        // Not a property of one state: what is wrong is that the path ends where it has been.
        let before = states.iter().position(|state| state == last).expect("the last is one of them");
        let around = path.len() - before;
        assert!(around > 0, "the path does not lead round");
        format!("the last {around} steps can be repeated for ever")
    } else {
        mutant.complaint(property, last).expect("a complaint about the last state")
    };
    (schedule, complaint)
}

/// The path in words, and the states on it.
fn follow<M: Subject>(model: &M, path: &Path) -> (Vec<String>, Vec<M::State>) {
    let mut states = model.init_states();
    let mut schedule = Vec::new();
    for place in path {
        let state = states.last().expect("an initial state").clone();
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        let action = &actions[*place];
        schedule.push(model.describe(&state, action));
        states.push(model.step(&state, action).expect("a step that alters something").0);
    }
    (schedule, states)
}

/// A stream that is never reset.
pub(crate) const STREAM: Link = Link::Stream { resets: 0 };
/// Datagrams in any order, none lost or repeated.
pub(crate) const DATAGRAM: Link = Link::Datagram { losses: 0, duplicates: 0 };
/// Datagrams of which one may be lost.
pub(crate) const LOSSY: Link = Link::Datagram { losses: 1, duplicates: 0 };
/// Datagrams of which one may arrive twice.
pub(crate) const REPEATING: Link = Link::Datagram { losses: 0, duplicates: 1 };

pub(crate) const A: MasterId = MasterId(0);
pub(crate) const C: MasterId = MasterId(2);

/// A client at each master, in order, with what it asks. Logs keep everything and messages carry one change.
fn scope(topology: Topology, link: Link, asks: &[&[&str]]) -> Scope {
    let client = |(asks, at): (&&[&str], MasterId)| Client {
        at,
        asks: asks.iter().map(|ask| ask.parse().expect("a request")).collect(),
    };
    let clients = asks.iter().zip(topology.ids()).map(client).collect();
    Scope { topology, link, batch: 1, log: None, clients, free: Free::default() }
}

pub(crate) fn pair(link: Link, asks: &[&[&str]]) -> Scope {
    scope(Topology::all_to_all(2).expect("a topology"), link, asks)
}

pub(crate) fn all_to_all(link: Link, asks: &[&[&str]]) -> Scope {
    scope(Topology::all_to_all(3).expect("a topology"), link, asks)
}

pub(crate) fn star(link: Link, asks: &[&[&str]]) -> Scope {
    scope(Topology::star(3).expect("a topology"), link, asks)
}

pub(crate) fn ring(link: Link, asks: &[&[&str]]) -> Scope {
    scope(Topology::ring(3).expect("a topology"), link, asks)
}

/// The scope with logs that keep only the newest `keep` changes: those who come too late for it get snapshots.
pub(crate) fn keeping(keep: usize, scope: Scope) -> Scope {
    Scope { log: Some(keep), ..scope }
}

/// A [`Resolver::prepare`].
pub(crate) type Prepare<R> =
    fn(&R, &<R as Resolver>::State, &Op, Dot, Stamp) -> Result<<R as Resolver>::Effect, Refusal>;
/// A [`Resolver::apply`].
pub(crate) type Apply<R> = fn(&R, &mut <R as Resolver>::State, &Change<<R as Resolver>::Effect>) -> bool;
/// A [`Resolver::merge`].
pub(crate) type Merge<R> =
    fn(&R, Side<'_, <R as Resolver>::State>, Side<'_, <R as Resolver>::State>) -> Option<<R as Resolver>::State>;

/// A shipping rule with a part replaced.
#[derive(Clone)]
pub(crate) struct Broken<R: Resolver> {
    pub(crate) rule: R,
    pub(crate) prepare: Prepare<R>,
    pub(crate) apply: Apply<R>,
    pub(crate) merge: Merge<R>,
}

impl<R: Resolver> Broken<R> {
    /// Nothing replaced yet.
    pub(crate) fn of(rule: R) -> Broken<R> {
        Broken { rule, prepare: R::prepare, apply: R::apply, merge: R::merge }
    }
}

impl<R: Resolver> Resolver for Broken<R> {
    type State = R::State;
    type Effect = R::Effect;

    fn kind(&self) -> Kind {
        self.rule.kind()
    }

    fn prepare(&self, state: &R::State, op: &Op, dot: Dot, stamp: Stamp) -> Result<R::Effect, Refusal> {
        (self.prepare)(&self.rule, state, op, dot, stamp)
    }

    fn apply(&self, state: &mut R::State, change: &Change<R::Effect>) -> bool {
        (self.apply)(&self.rule, state, change)
    }

    fn read(&self, state: &R::State) -> Reading {
        self.rule.read(state)
    }

    fn merge(&self, ours: Side<'_, R::State>, theirs: Side<'_, R::State>) -> Option<R::State> {
        (self.merge)(&self.rule, ours, theirs)
    }

    fn shows(&self, state: &R::State, dot: Dot) -> bool {
        self.rule.shows(state, dot)
    }
}
