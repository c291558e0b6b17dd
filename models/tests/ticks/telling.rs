//! A rule whose readings contain the whole knowledge of a master.

use multimaster::{Change, Dot, MasterId, Op, Reading, Refusal, Replica, Resolver, Side, Timestamp, Topology};
use multimaster_models::scope::{Client, LinkKind, Scope};

/// The knowledge of the masters, one entry for each, in the format of a
/// [`Subject`](multimaster_models::subject::Subject)'s readings.
pub(crate) type Known = Vec<String>;

/// The state is the list of all writes in the order of arrival, each with its causal past in the order in which its
/// master saw it.
///
/// The protocol does not depend on the rule, and a rule's state depends only on the applied writes and their order. So
/// this state determines the state under any other rule. Without truncation it is also the log. It determines the
/// timestamps and the progress of the clients, because each client writes at a master of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telling;

impl Resolver for Telling {
    type State = Vec<(Dot, Vec<Dot>)>;
    type Effect = Vec<Dot>;

    fn prepare(&self, state: &Self::State, _: Op, _: Dot, _: Timestamp) -> Result<Vec<Dot>, Refusal> {
        Ok(state.iter().map(|(dot, _)| *dot).collect())
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Vec<Dot>>) -> bool {
        state.push((change.dot, change.effect.clone()));
        true
    }

    fn read(&self, state: &Self::State) -> Reading {
        let words = |dots: &[Dot]| dots.iter().map(Dot::to_string).collect::<Vec<_>>().join(" ");
        let told = state.iter().map(|(dot, past)| format!("{dot}[{}]", words(past)));
        Reading::Value(told.collect::<Vec<_>>().join(" ").into())
    }

    /// Our writes first, then the writes that theirs adds.
    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let added = theirs.state.iter().filter(|(dot, _)| !ours.seen.contains(*dot));
        Some(ours.state.iter().chain(added).cloned().collect())
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.iter().any(|(held, _)| *held == dot)
    }
}

/// The knowledge of these masters. Checks that their version vectors and logs agree with their readings.
pub(crate) fn known(masters: &[Replica<Telling>]) -> Known {
    let told = |master: &Replica<Telling>| {
        let read: Vec<Dot> = master.state("k").into_iter().flatten().map(|(dot, _)| *dot).collect();
        let logged: Vec<Dot> = master.log().map(|change| change.dot).collect();
        assert!(read.ends_with(&logged), "{read:?} and {logged:?}");
        let seen = master.digest().iter().flat_map(|(origin, last)| (1..=last).map(move |seq| Dot::new(origin, seq)));
        let mut sorted = read.clone();
        sorted.sort();
        assert!(seen.eq(sorted), "{read:?} and {}", master.digest());
        let entries: Vec<String> = master.readings().map(|(key, reading)| format!("{key}={reading}")).collect();
        if entries.is_empty() { "nothing".into() } else { entries.join(", ") }
    };
    masters.iter().map(told).collect()
}

/// One client at each master, which makes this number of writes.
pub(crate) fn scope(topology: &Topology, writes: &[usize], link: LinkKind) -> Scope {
    let client = |(at, writes): (usize, &usize)| Client {
        at: MasterId(at as u16),
        requests: (1..=*writes).map(|n| format!("set k = {n}").parse().unwrap()).collect(),
    };
    let clients = writes.iter().enumerate().map(client).collect();
    Scope { batch: 2, clients, ..Scope::new(topology.clone(), link) }
}

/// The initial masters of `scope`.
pub(crate) fn start(scope: &Scope) -> Vec<Replica<Telling>> {
    scope.topology.ids().map(|id| Replica::new(id, Telling, &scope.topology)).collect()
}

/// The masters whose clients still have writes to make.
pub(crate) fn writers(scope: &Scope, masters: &[Replica<Telling>]) -> impl Iterator<Item = MasterId> {
    let left = |master: &&Replica<Telling>| made(master) < scope.clients[master.id().index()].requests.len();
    masters.iter().filter(left).map(Replica::id)
}

/// The client of `master` writes.
pub(crate) fn write(scope: &Scope, master: &mut Replica<Telling>) {
    let request = &scope.clients[master.id().index()].requests[made(master)];
    master.write(&request.key, request.op.clone()).expect("the rule refuses nothing");
}

fn made(master: &Replica<Telling>) -> usize {
    master.digest().get(master.id()) as usize
}
