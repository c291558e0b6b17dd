//! Resurrection is found in every kind of data.

use crate::inputs::{checked, reads, scenario, violated, why};
use multimaster::resolver::Side;
use multimaster::{Change, Dot, Kind, MasterId, Op, Reading, Refusal, Resolver, Text, Timestamp, Topology};
use multimaster_models::check::engine::{Limits, Report, Verdict, explore};
use multimaster_models::properties::NO_RESURRECTION;
use multimaster_models::report::trace::Trace;
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::world::cluster::ClusterModel;

/// Two masters, and the requests to each.
fn scope([a, b]: [&[&str]; 2]) -> Scope {
    let client = |at, asks: &[&str]| Client {
        at: MasterId(at),
        requests: asks.iter().map(|ask| ask.parse().unwrap()).collect(),
    };
    Scope {
        clients: vec![client(0, a), client(1, b)],
        ..Scope::new(Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 })
    }
}

/// A rule of scripts in which the last change brings back a removed value, the line that causes this, and the reading
/// after four steps.
struct Risen {
    kind: &'static str,
    scripts: &'static str,
    wrong: &'static str,
    first: &'static str,
    removal: &'static str,
    other: &'static str,
    reads: &'static str,
}

const RISEN: [Risen; 3] = [
    Risen {
        kind: "set",
        scripts: "start = '#{all: [], gone: []}'\nread = 'let shown = []; for e in state.all { if !(e in state.gone) { shown.push(e); } } shown'\n\
                  apply = '''\nif change.op.name == \"insert\" { state.all.push(change.op.value); WRONG } else { state.gone.push(change.op.value); }\nstate'''",
        wrong: "state.gone = [];",
        first: "insert x into k",
        removal: "remove x from k",
        other: "insert y into k",
        reads: "k={x, y}",
    },
    Risen {
        kind: "map",
        scripts: "start = '#{all: #{}, gone: []}'\nread = 'let shown = #{}; for f in state.all.keys() { if !(f in state.gone) { shown[f] = state.all[f]; } } shown'\n\
                  apply = '''\nif change.op.name == \"set\" { state.all[change.field] = change.op.value; WRONG } else { state.gone.push(change.field); }\nstate'''",
        wrong: "state.gone = [];",
        first: "in k, set x = 1",
        removal: "remove x from k",
        other: "in k, set y = 2",
        reads: "k={x: 1, y: 2}",
    },
    Risen {
        kind: "flag",
        scripts: "start = '#{ever: false, on: false}'\nread = 'state.on'\n\
                  apply = '''\nif change.op.name == \"enable\" { state.ever = true; state.on = true; } else { state.on = false WRONG; }\nstate'''",
        // A second disabling undoes the first.
        wrong: "|| state.ever && !state.on",
        first: "enable k",
        removal: "disable k",
        other: "disable k",
        reads: "k=on",
    },
];

#[test]
fn what_comes_back_is_found_in_sets_maps_and_flags() {
    for Risen { kind, scripts, wrong, first, removal, other, reads: risen } in RISEN {
        let rule = |wrong| format!("[rule]\nkind = \"{kind}\"\n{}", scripts.replace("WRONG", wrong));
        let clients = format!("A = [\"{first}\", \"{removal}\"]\nB = [\"{other}\"]");
        let checked_so = checked(2, &rule(wrong), &clients);
        assert_eq!(violated(&checked_so).get(NO_RESURRECTION), Some(&4), "{kind}");
        assert_eq!(why(&checked_so, NO_RESURRECTION), format!("A has seen A2, which removed A1, and reads {risen}"));
        let steps =
            [format!("A: {first}"), format!("A: {removal}"), format!("B: {other}"), "B -> A: B1 after nothing".into()];
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        assert_eq!(reads(&scenario(2, &rule(wrong), &clients), &steps)[0], risen);
        // Without that line the value stays removed.
        assert_eq!(violated(&checked(2, &rule(""), &clients)).get(NO_RESURRECTION), None, "{kind}");
    }
}

/// A counter that can be deleted: the sum of all adds, and the deleted part of it. If `risen`, the next add brings the
/// deleted part back.
#[derive(Clone)]
struct Deletable {
    risen: bool,
}

impl Resolver for Deletable {
    type State = (i64, i64);
    type Effect = Op;

    fn kind(&self) -> Kind {
        Kind::DeletableCounter
    }

    fn prepare(&self, _: &(i64, i64), op: Op, _: Dot, _: Timestamp) -> Result<Op, Refusal> {
        Ok(op)
    }

    fn apply(&self, (all, gone): &mut (i64, i64), change: &Change<Op>) -> bool {
        match change.effect {
            Op::Add(amount) => {
                *all += amount;
                if self.risen {
                    *gone = 0;
                }
            }
            _ => *gone = *all,
        }
        true
    }

    fn read(&self, (all, gone): &(i64, i64)) -> Reading {
        Reading::Total(all - gone)
    }

    fn merge(&self, _: Side<'_, (i64, i64)>, _: Side<'_, (i64, i64)>) -> Option<(i64, i64)> {
        None
    }

    fn shows(&self, _: &(i64, i64), _: Dot) -> bool {
        false
    }
}

#[test]
fn what_comes_back_is_found_in_counters() {
    let explored = |risen: bool| -> Report {
        let scope = scope([&["add 1 to k", "delete k"], &["add 2 to k"]]);
        explore(&ClusterModel::new(scope, Deletable { risen }), Limits::default(), |_, _| {})
    };
    let Some(Verdict::Violated(Some(path))) = explored(true).verdict(NO_RESURRECTION).cloned() else { panic!() };
    assert_eq!(path.len(), 4);
    assert_eq!(explored(false).verdict(NO_RESURRECTION), Some(&Verdict::Holds(None)));
}

/// Keeps the value that arrived last. A delete of an absent value is acknowledged, and removes nothing elsewhere.
#[derive(Clone)]
struct Last;

impl Resolver for Last {
    type State = Option<Text>;
    /// The value after the write; `None` if the write changes nothing.
    type Effect = Option<Option<Text>>;

    fn prepare(&self, held: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Self::Effect, Refusal> {
        Ok(match op {
            Op::Set(value) => Some(Some(value)),
            _ => held.is_some().then_some(None),
        })
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        if let Some(left) = &change.effect {
            state.clone_from(left);
        }
        change.effect.is_some()
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.clone().map_or(Reading::Nothing, Reading::Value)
    }

    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, _: &Self::State, _: Dot) -> bool {
        false
    }
}

/// Two masters wrote one value. The message names the write that the delete removed, and not the one replaced before.
#[test]
fn what_a_delete_removed_is_what_was_there() {
    let cluster = ClusterModel::new(scope([&["set k = 1", "delete k"], &["set k = 1", "delete k"]]), Last);
    let text = "scenario here\nviolates no resurrection\nA: set k = 1\nA: delete k\nB: set k = 1\nB -> A: B1 after nothing\n\
                A -> B: A1 after nothing\nA -> B: A2 after A1\nB: delete k\nB -> A: B2 after A2 B1\n";
    let replayed = Trace::parse("here", text).unwrap().replay(&cluster).unwrap();
    assert_eq!(replayed.wrong, []);
    let why = replayed.complaints.iter().find(|(property, _)| property == NO_RESURRECTION).map(|(_, why)| why.as_str());
    assert_eq!(why, Some("A has seen B2, which removed B1, and reads k=1"));
}
