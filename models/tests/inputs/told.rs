//! The reasons in messages for a change without effect, and for writes that masters make themselves.

use crate::inputs::{checked, replayed, scenario, why};
use multimaster::resolver::Side;
use multimaster::{
    Change, Dot, LastWriteWins, MasterId, Message, Op, Outcome, Reading, Refusal, Resolver, Text, Timestamp, Topology,
};
use multimaster_models::check::engine::{Limits, Verdict, explore};
use multimaster_models::node::any_rule::{AnyMessage, AnyReplica};
use multimaster_models::node::tamper::Tamper;
use multimaster_models::properties::{NO_CAUSAL_LOSS, NO_POLICY_LOSS, NO_TOTAL_LOSS};
use multimaster_models::report::trace::Trace;
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::world::cluster::ClusterModel;

/// Two clients, each with one request.
fn scope(asks: [&str; 2]) -> Scope {
    let client = |(at, ask): (u16, &str)| Client { at: MasterId(at), requests: vec![ask.parse().unwrap()] };
    Scope {
        clients: [(0, asks[0]), (1, asks[1])].map(client).to_vec(),
        ..Scope::new(Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 })
    }
}

/// The message about A's first write when it arrives at B, after both have written.
fn remark(rule: &str, a: &str, b: &str) -> Option<String> {
    let scenario = scenario(2, rule, &format!("A = [\"{a}\"]\nB = [\"{b}\"]"));
    let steps = [format!("A: {a}"), format!("B: {b}"), "A -> B: A1 after nothing".into()];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    replayed(&scenario, &steps).steps.pop().unwrap().remark
}

/// A message says "newer" only of a newer write.
#[test]
fn why_a_change_was_not_taken_is_the_reason_of_the_rule() {
    // Rules in a file give no reasons, so their messages are true of any rule.
    let validating = "[rule]\nkind = \"register\"\nread = 'state'\n\
                      apply = 'if change.op.value == \"bad\" && change.master != here { state } else { change.op.value }'";
    for (rule, a, b, said) in [
        ("last-write", "set k = 1", "set k = 2", "B kept the write of the higher master: equal times"),
        ("last-write-wall", "at 1, set k = 1", "at 2, set k = 2", "B had a later wall-clock time"),
        ("last-write-wall", "at 2, set k = 1", "at 2, set k = 2", "B keeps the later timestamp at a tie"),
        ("dynamodb", "at 5, set k = 1", "at 5, set k = 2", "B keeps the higher region's at a tie"),
        ("goldengate-usemax", "at 5, set k = 1", "at 5, set k = 2", "B keeps its own row at equal times"),
        (validating, "set k = bad", "set k = 2", "B kept what it had"),
        (validating, "set k = good", "set k = 2", ""),
        ("[rule]\nover = \"arrival\"\nkeep = 'first'", "set k = 1", "set k = 2", "B kept what it had"),
    ] {
        let rule = if rule.contains('[') { rule.to_owned() } else { format!("rule = \"{rule}\"") };
        assert_eq!(remark(&rule, a, b).unwrap_or_default(), said, "{rule}");
    }
}

/// After couchdb#1418: one master accepts a write that the other's validation refuses.
#[derive(Clone)]
struct Validating;

impl Resolver for Validating {
    type State = Option<(Text, Dot)>;
    type Effect = Text;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Text, Refusal> {
        match op {
            Op::Set(value) => Ok(value),
            op => Err(Refusal::WrongKind(op)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Text>) -> bool {
        // A does not validate, so it has its own write.
        let valid = change.effect != "bad" || state.is_none();
        if valid {
            *state = Some((change.effect.clone(), change.dot));
        }
        valid
    }

    fn why_kept(&self, _: &Self::State, _: &Change<Text>) -> &'static str {
        "refused it: it is not valid"
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.as_ref().map_or(Reading::Nothing, |(value, _)| Reading::Value(value.clone()))
    }

    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|(_, shown)| *shown == dot)
    }
}

#[test]
fn what_a_receiver_refuses_is_said_to_be_refused() {
    let cluster = ClusterModel::new(scope(["set k = bad", "set k = good"]), Validating);
    let text =
        "scenario here\nkeeps agreement at quiescence\nA: set k = bad\nB: set k = good\nA -> B: A1 after nothing\n";
    let replayed = Trace::parse("here", text).unwrap().replay(&cluster).unwrap();
    let last = replayed.steps.last().unwrap();
    assert_eq!((last.remark.as_deref(), &last.readings[1][..]), (Some("B refused it: it is not valid"), "k=good"));
}

/// A master that keeps its own value writes it once more, so that the others accept it. No client requested this write.
fn realign(replica: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
    let changed = match &message {
        Message::Push(push) => push.changes.first().map(|change| change.key.clone()),
        _ => None,
    };
    let outcome = replica.receive(from, message);
    if let (Outcome::Stale, Some(key)) = (&outcome, changed)
        && let Reading::Value(value) = replica.read(&key)
    {
        replica.set(&key, value).unwrap();
    }
    outcome
}

#[test]
fn what_masters_write_by_themselves_is_lost_to_nobody() {
    let found = |asks: [&str; 2], property: &str| {
        let tamper = Tamper { receive: realign, ..Tamper::default() };
        let report =
            explore(&ClusterModel::new(scope(asks), LastWriteWins).tampered(tamper), Limits::default(), |_, _| {});
        match report.verdict(property) {
            Some(Verdict::Violated(Some(path))) => Some(path.len()),
            Some(Verdict::Holds(None)) => None,
            other => panic!("{property}: {other:?}"),
        }
    };
    for property in [NO_CAUSAL_LOSS, NO_TOTAL_LOSS, NO_POLICY_LOSS] {
        assert_eq!(found(["set k = 1", "set k = 1"], property), None, "{property}: all read what was written");
    }
    let two = ["set k = 1", "set k = 2"];
    let losses = [NO_CAUSAL_LOSS, NO_TOTAL_LOSS, NO_POLICY_LOSS].map(|property| found(two, property));
    assert_eq!(losses, [None, None, Some(3)]);
}

/// A write that is lost without a competing write is not reported as lost to another.
#[test]
fn of_a_write_that_is_lost_where_nothing_competed_that_is_said() {
    let one_too_many = "[rule]\nkind = \"counter\"\nstart = '0'\napply = 'state + change.op.value'\n\
                        read = 'if state > 1 { state + 1 } else { state }'";
    let clears = "[rule]\nkind = \"table\"\nstart = '#{}'\nread = 'state'\n\
                  apply = 'state[change.key] = change.op.value; if state.len() > 1 { state = #{}; } state'";
    for (rule, clients, said) in [
        (
            one_too_many,
            "A = [\"add 1 to k\"]\nB = [\"add 1 to k\"]",
            "B has seen A1 (add 1 to k) and reads k=3: nothing competed with it",
        ),
        (
            clears,
            "A = [\"set x = 1\"]\nB = [\"set y = 2\"]",
            "B has seen A1 (in rows, set x = 1) and reads nothing: nothing competed with it",
        ),
    ] {
        assert_eq!(why(&checked(2, rule, clients), NO_CAUSAL_LOSS), said);
    }
}
