//! The user's own rule: one call checks it over all topologies, and a wrong rule fails with its shortest schedule.

/// The rule that the guide verifies: the larger value is kept, whatever the causal order.
// The page shows this file as one of its own, so it exports nothing.
#[allow(clippy::duplicate_mod)]
#[path = "documented/largest.rs"]
mod largest;

use largest::Largest;
use multimaster::{
    ArrivalWins, BoundedCounter, Change, Counter, Custom, CustomMerged, Dot, Keep, Kind, LastWriteWins, MasterId,
    MultiValue, ObservedRemoveSet, Op, Reading, Refusal, Resolver, Side, Text, Timestamp, Topology, Version,
};
use multimaster_models::SerdeRule;
use multimaster_models::properties as p;
use multimaster_models::properties::specification;
use multimaster_models::rules::lower_seat;
use multimaster_models::scope::{Client, Clocks, LinkKind, Scope};
use multimaster_models::verify::rules;
use multimaster_models::verify::{Failure, Misbehaviour, Verify};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn longest(a: &Version, b: &Version) -> Keep {
    let length = |version: &Version| version.value.as_ref().map_or(0, |value| value.len());
    if length(b) > length(a) { Keep::Second } else { Keep::First }
}

/// No operation is ever accepted.
#[derive(Clone)]
struct ReadOnly;

impl Resolver for ReadOnly {
    type State = ();
    type Effect = ();

    fn prepare(&self, (): &(), _: Op, _: Dot, _: Timestamp) -> Result<(), Refusal> {
        Err(Refusal::Because("read only".into()))
    }

    fn apply(&self, (): &mut (), _: &Change<()>) -> bool {
        false
    }

    fn read(&self, (): &()) -> Reading {
        Reading::Nothing
    }

    fn merge(&self, _: Side<'_, ()>, _: Side<'_, ()>) -> Option<()> {
        Some(())
    }

    fn shows(&self, (): &(), _: Dot) -> bool {
        false
    }
}

fn failure<R: SerdeRule>(rule: R) -> (Vec<String>, String) {
    match Verify::rule(rule).quiet().run() {
        Err(failure @ Failure::Violated { .. }) => {
            let text = failure.to_string();
            let Failure::Violated { violations, .. } = failure else { unreachable!() };
            (violations[0].example.replayed.steps.iter().map(|taken| taken.step.clone()).collect(), text)
        }
        other => panic!("expected a violation, got {other:?}"),
    }
}

#[test]
fn right_rules_pass_over_all_topologies() {
    multimaster_models::verify(Custom(longest));
    multimaster_models::verify(LastWriteWins);
    for passed in [
        Verify::rule(MultiValue).lossless().run(),
        Verify::rule(Counter).lossless().run(),
        Verify::rule(ObservedRemoveSet).lossless().run(),
    ] {
        let passed = passed.unwrap();
        assert_eq!(passed.scopes, 16);
    }
}

/// A rule may refuse writes, and a refused write is no loss.
#[test]
fn a_rule_is_held_to_its_specification() {
    let stock = || Verify::rule(BoundedCounter).lossless();
    stock().specified(specification::total).run().unwrap();
    let failure = stock().specified(specification::greatest).run().unwrap_err().to_string();
    assert!(failure.contains("specification is violated"), "{failure}");
    assert!(failure.contains("A reads k=2; the specification requires - after A1"), "{failure}");
}

#[test]
fn a_policy_that_loses_is_no_failure_unless_nothing_may_be_lost() {
    assert!(Verify::rule(LastWriteWins).run().is_ok());
    let failure = Verify::rule(LastWriteWins).lossless().run().unwrap_err().to_string();
    assert!(failure.contains("no policy loss is violated"), "{failure}");
}

#[test]
fn a_superseded_value_that_comes_back_is_shown_in_three_writes() {
    let (steps, text) = failure(CustomMerged(longest_number));
    let schedule = ["A: set k = 4", "A: set k = 2", "B: set k = 3", "A -> B: A1 A2 after nothing"];
    assert_eq!(steps, schedule, "{text}");
    assert!(text.contains("B has seen A2 (set k = 2) and reads k=4: A1 won, which A2 had seen"), "{text}");
    assert!(text.contains("MULTIMASTER_REPLAY="), "{text}");
}

fn longest_number(a: &Version, b: &Version) -> Keep {
    if b.value > a.value { Keep::Second } else { Keep::First }
}

#[test]
fn a_maximum_used_as_a_register_loses_what_it_had_acknowledged() {
    let (steps, text) = failure(Largest);
    assert_eq!(steps, ["A: set k = 2", "A: set k = 1"], "{text}");
}

/// A write, and the wall-clock time of its writer.
type Timed = (u64, Version);

/// A register by the writer's wall clock: the function returns whether the arriving write replaces the stored one.
#[derive(Clone)]
struct ByTheClock(fn(&Timed, &Timed) -> bool);

/// The writes that the writer had seen.
const LATER: ByTheClock = ByTheClock(|incoming, held| incoming > held);

impl Resolver for ByTheClock {
    type State = Option<Timed>;
    type Effect = (u64, Option<Text>);

    fn uses_wall_clock(&self) -> bool {
        true
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, timestamp: Timestamp) -> Result<Self::Effect, Refusal> {
        let time = op.time().unwrap_or(timestamp.time());
        match op.untimed() {
            Op::Set(value) => Ok((time, Some(value.clone()))),
            _ => Ok((time, None)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let (time, value) = change.effect.clone();
        let incoming = (time, Version { timestamp: change.timestamp, dot: change.dot, value });
        let newer = state.as_ref().is_none_or(|held| self.0(&incoming, held));
        if newer {
            *state = Some(incoming);
        }
        newer
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.as_ref().and_then(|(_, held)| held.value.clone()).map_or(Reading::Nothing, Reading::Value)
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let (Some(held), Some(incoming)) = (ours.state, theirs.state) else {
            return Some(ours.state.clone().or(theirs.state.clone()));
        };
        Some(Some(if self.0(incoming, held) { incoming.clone() } else { held.clone() }))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|(_, held)| held.dot == dot)
    }
}

/// For each violation: the scope, whether it needs skewed clocks, the property, and the number of steps.
fn violations(rule: ByTheClock, clocks: Option<Clocks>) -> Vec<(String, bool, &'static str, usize)> {
    let verify = Verify::rule(rule).lawless().quiet();
    let verify = if let Some(clocks) = clocks { verify.clocks(clocks) } else { verify };
    match verify.run() {
        Ok(_) => Vec::new(),
        Err(Failure::Violated { violations, .. }) => {
            let each = violations.into_iter();
            each.map(|v| (v.world, v.skewed, v.example.property, v.example.replayed.steps.len())).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_rule_by_wall_clocks_is_tried_with_one_that_is_ahead() {
    let (steps, text) = failure(LATER);
    assert_eq!(steps, ["A: at 2, set k = 1", "A: at 1, delete k"], "{text}");
    assert!(
        text.contains("A has seen A2 (at 1, set k = 2)") && text.contains("A1 (at 2) won, which A2 had seen"),
        "{text}"
    );
    assert!(text.contains("only under wrong wall clocks") && text.contains("over histories"), "{text}");
    assert!(violations(LATER, Some(Clocks::Right)).is_empty());
    let found = violations(LATER, Some(Clocks::SkewedBy(2)));
    assert!(found.iter().any(|(.., property, steps)| (*property, *steps) == (p::NO_CAUSAL_LOSS, 3)), "{found:?}");
    assert!(found.iter().all(|(_, skewed, ..)| !skewed), "nothing is compared with right clocks: {found:?}");
}

/// Of equal times each master keeps its own write: right clocks do not help. Skew causes another violation in fewer
/// steps.
#[test]
fn what_right_clocks_show_comes_first_and_by_itself() {
    let found = violations(ByTheClock(|incoming, held| incoming.0 > held.0), None);
    assert_eq!((found[0].1, found[0].2, found[0].3), (false, p::CONVERGENCE, 4), "{found:?}");
    let first_skewed = found.iter().position(|(_, skewed, ..)| *skewed).expect("a clock that stands still");
    let skewed: Vec<_> =
        found[first_skewed..].iter().map(|(_, skewed, property, steps)| (*skewed, *property, *steps)).collect();
    assert_eq!(skewed, [(true, p::NO_RESURRECTION, 2), (true, p::NO_CAUSAL_LOSS, 2)], "{found:?}");
}

/// A version that arrives three ticks after the stored version is discarded, even if its timestamp is later.
#[test]
fn right_clocks_may_be_far_apart() {
    let stale = ByTheClock(|incoming, held| incoming.0 + 3 >= held.0 && incoming.1.timestamp > held.1.timestamp);
    let found = violations(stale, Some(Clocks::Right));
    assert_eq!((found[0].2, found[0].3), (p::CONVERGENCE, 4), "{found:?}");
    assert!(found.iter().all(|(world, ..)| world.contains("/one-clock-ahead/")), "{found:?}");
}

#[test]
fn a_scope_that_gives_times_to_a_rule_without_wall_clocks_is_refused() {
    let scope = |ask: &str, clocks| Scope {
        clients: vec![Client { at: MasterId(0), requests: vec![ask.parse().unwrap()] }],
        clocks,
        ..Scope::new(Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 })
    };
    let run = |ask, clocks| Verify::rule(LastWriteWins).lawless().quiet().scope("mine", scope(ask, clocks)).run();
    for refused in [run("at 5, set k = 1", Clocks::Free), run("set k = 1", Clocks::Right)] {
        let Err(Failure::Request(what)) = refused else { panic!("{refused:?}") };
        assert!(what.contains("mine") && what.contains("wall clocks"), "{what}");
    }
    let Err(Failure::Request(_)) = Verify::rule(LastWriteWins).quiet().clocks(Clocks::Right).run() else {
        panic!("clocks count for nothing")
    };
}

#[test]
fn a_function_of_two_versions_is_tried_on_merged_values() {
    let failure = Verify::rule(longest).run().unwrap_err().to_string();
    assert!(failure.contains("not associative") && failure.contains("`Custom(function)`"), "{failure}");
    assert!(
        failure.contains("MULTIMASTER_EXPLORE=") && failure.contains("http://localhost:3000/#/steps/0/"),
        "{failure}"
    );
    let first = |_: &Version, _: &Version| Keep::First;
    let passed = Verify::rule(Custom(first)).run().unwrap();
    assert!(passed.histories > 1000, "{passed:?}");
}

/// The state is a total, and the order in which changes arrived, which no read shows.
#[derive(Clone)]
struct Remembering;

impl Resolver for Remembering {
    type State = Vec<i64>;
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Counter
    }

    fn prepare(&self, _: &Vec<i64>, op: Op, _: Dot, _: Timestamp) -> Result<i64, Refusal> {
        if let Op::Add(amount) = op { Ok(amount) } else { Err(Refusal::WrongKind(op)) }
    }

    fn apply(&self, state: &mut Vec<i64>, change: &Change<i64>) -> bool {
        state.push(change.effect);
        true
    }

    fn read(&self, state: &Vec<i64>) -> Reading {
        Reading::Total(state.iter().sum())
    }

    /// The sender's state replaces ours.
    fn merge(&self, _: Side<'_, Vec<i64>>, theirs: Side<'_, Vec<i64>>) -> Option<Vec<i64>> {
        Some(theirs.state.clone())
    }

    fn shows(&self, _: &Vec<i64>, _: Dot) -> bool {
        true
    }
}

/// Masters over streams never merge: only the laws show that the rule cannot merge.
#[test]
fn a_broken_law_that_no_schedule_shows_is_told_unless_laws_are_not_asked_for() {
    let streams = || {
        let scope = Scope {
            clients: [("add 1 to k", MasterId(0)), ("add 10 to k", MasterId(1))]
                .map(|(ask, at)| Client { at, requests: vec![ask.parse().unwrap()] })
                .into(),
            ..Scope::new(Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 })
        };
        Verify::rule(Remembering).scope("streams", scope)
    };
    let failure = streams().run().unwrap_err();
    assert!(matches!(&failure, Failure::Unlawful(_)), "{failure}");
    assert!(failure.to_string().contains("not commutative") && failure.to_string().contains("lawless"), "{failure}");
    assert!(streams().lawless().run().is_ok());
    // With snapshots, schedules show it.
    assert!(matches!(Verify::rule(Remembering).lawless().run(), Err(Failure::Violated { .. })));
}

fn misbehaviour<F>(function: F) -> Misbehaviour
where
    F: Fn(&Version, &Version) -> Keep + Clone + Send + Sync + 'static,
{
    match Verify::rule(Custom(function)).run() {
        Err(Failure::Misbehaves(how)) => how,
        other => panic!("expected misbehaviour, got {other:?}"),
    }
}

#[test]
fn a_rule_that_panics_is_told_with_the_call() {
    let how = misbehaviour(|_: &Version, _: &Version| panic!("no seat is left"));
    let Misbehaviour::Panics { call, message } = &how else { panic!("{how}") };
    assert_eq!(message, "no seat is left");
    assert!(call.starts_with("read(Siblings([Version"), "{call}");
}

#[test]
fn a_rule_that_does_not_come_back_is_told_with_the_call() {
    let how = misbehaviour(|_: &Version, _: &Version| {
        loop {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    });
    assert!(matches!(&how, Misbehaviour::NeverEnds { call, .. } if call.starts_with("read(Siblings")), "{how}");
    assert!(how.to_string().contains("does not return"), "{how}");
}

#[test]
fn a_rule_that_tosses_a_coin_is_told_with_both_answers() {
    let how = misbehaviour(|_: &Version, _: &Version| if fastrand::bool() { Keep::First } else { Keep::Second });
    let Misbehaviour::NotDeterministic { call, answers: [one, other] } = &how else { panic!("{how}") };
    let asked = ["read(Siblings", "shows(Siblings"].iter().any(|asked| call.starts_with(asked));
    assert!(asked && one != other, "{how}");
}

/// The rule gives the same answer twice in a row, and then another.
#[test]
fn a_rule_that_remembers_is_told() {
    let calls = Arc::new(AtomicUsize::new(0));
    let how = misbehaviour(
        move |_: &Version, _: &Version| {
            if calls.fetch_add(1, Ordering::Relaxed) < 2000 { Keep::First } else { Keep::Second }
        },
    );
    assert_eq!(how, Misbehaviour::Remembers);
    assert!(how.to_string().contains("a rule is a pure function"), "{how}");
}

#[test]
fn a_rule_that_accepts_nothing_was_not_tested() {
    let failure = Verify::rule(ReadOnly).run().unwrap_err();
    assert!(matches!(failure, Failure::Vacuous { .. }), "{failure}");
}

/// If a rule refuses some of the default requests, the message names them and the fix.
#[test]
fn a_refused_request_is_named_where_snapshots_never_cross() {
    let failure = Verify::rule(Largest).only(p::CONVERGENCE).run().unwrap_err();
    let said = failure.to_string();
    assert!(matches!(failure, Failure::Vacuous { witness: p::CROSSED, .. }), "{said}");
    assert!(
        said.contains("the rule refuses `delete k` at ") && said.contains("`.unreached(\"crossed snapshots\")`"),
        "{said}"
    );
    Verify::rule(Largest).only(p::CONVERGENCE).unreached(p::CROSSED).run().unwrap();
}

/// A test that ends in `unwrap` shows the same message as `verify`.
#[test]
fn a_failure_unwrapped_reads_as_one_displayed() {
    let failure = Verify::rule(Largest).only("convergense").run().unwrap_err();
    assert_eq!(format!("{failure:?}"), format!("\n{failure}"));
    assert!(format!("{failure:?}").starts_with("\nno property or law is named `convergense`; there are convergence, "));
}

#[test]
fn a_scope_too_large_is_not_called_safe() {
    let failure = Verify::rule(LastWriteWins).at_most(10).run().unwrap_err();
    assert!(matches!(failure, Failure::NotExhausted(_)), "{failure}");
}

#[test]
fn a_written_trace_replays_under_the_rule_that_it_convicts_and_under_no_other() {
    let Err(Failure::Violated { violations, .. }) = Verify::rule(CustomMerged(longest_number)).quiet().run() else {
        panic!("it is not safe");
    };
    let file = violations[0].file.clone().expect("the trace is written");
    let replayed = Verify::rule(CustomMerged(longest_number)).replay(&file).unwrap_err();
    assert!(matches!(&replayed, Failure::Replayed(report) if report.contains("no causal loss")), "{replayed}");
    assert!(Verify::rule(Custom(longest_number)).replay(&file).is_ok());
}

fn violated<R: SerdeRule>(verify: Verify<R>) -> Vec<(&'static str, usize)> {
    match verify.quiet().run() {
        Err(Failure::Violated { violations, .. }) => {
            violations.iter().map(|one| (one.example.property, one.example.replayed.steps.len())).collect()
        }
        other => panic!("expected a violation, got {other:?}"),
    }
}

fn pair_scope() -> Scope {
    Scope { batch: 2, ..Scope::new(Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 }) }
}

/// Two masters and a stream: enough for a superseded value to come back.
fn small<R: SerdeRule>(rule: R) -> Verify<R> {
    let verify = Verify::rule(rule).scope("pair", pair_scope());
    verify.requests(["A: set k = 4", "A: set k = 2", "B: set k = 3"]).lawless()
}

#[test]
fn each_violated_property_is_shown_with_its_own_shortest_schedule() {
    let all = violated(small(CustomMerged(longest_number)));
    assert_eq!(all[0], (p::NO_CAUSAL_LOSS, 4), "{all:?}");
    assert!(all.contains(&(p::CONVERGENCE, 5)) && all.iter().any(|(one, _)| *one == p::AGREEMENT), "{all:?}");
    assert!(all.is_sorted_by_key(|(_, steps)| *steps), "{all:?}");
    let text = small(CustomMerged(longest_number)).quiet().run().unwrap_err().to_string();
    for (property, _) in &all {
        assert!(text.contains(&format!("{property} is violated")), "{property}: {text}");
    }
    assert_eq!(text.matches("MULTIMASTER_REPLAY=").count(), all.len(), "{text}");
}

#[test]
fn one_property_can_be_asked_alone_or_done_without() {
    let rule = || small(CustomMerged(longest_number));
    let all = violated(rule());
    for (property, steps) in &all {
        assert_eq!(violated(rule().only(property)), [(*property, *steps)]);
    }
    let others = all.iter().filter(|(property, _)| *property != p::CONVERGENCE).copied();
    assert_eq!(violated(rule().allow(p::CONVERGENCE)), others.collect::<Vec<_>>());
    all.iter().fold(rule(), |rule, (property, _)| rule.allow(property)).run().unwrap();
    rule().only(p::FALLS_SILENT).run().unwrap();
    // `only` requires a property that is not required by default.
    assert_eq!(violated(small(LastWriteWins).only(p::NO_POLICY_LOSS)), [(p::NO_POLICY_LOSS, 3)]);
    // `only` also takes the name of a law.
    let unlawful = rule().only("associative").quiet().run().unwrap_err();
    assert!(matches!(&unlawful, Failure::Unlawful(laws) if laws.len() == 1), "{unlawful}");
}

#[test]
fn what_was_tried_of_a_rule_that_passes_is_said() {
    let requests = ["A: set k = 4", "B: set k = 3"];
    let passed = Verify::rule(LastWriteWins).scope("pair", pair_scope()).requests(requests).run().unwrap();
    let said = passed.to_string();
    let lines: Vec<&str> = said.lines().collect();
    assert!((3..=5).contains(&lines.len()), "{said}");
    assert!(lines[0].starts_with("its laws hold in ") && lines[0].ends_with(" small histories"), "{said}");
    let networks = |line: &&&str| line.starts_with("holds for all networks") && line.contains(" histories)");
    assert_eq!(lines.iter().filter(networks).count(), passed.networks.len(), "{said}");
    let scopes = format!("holds in {} scopes of networks (", passed.scopes);
    assert!(passed.states > 0 && lines[lines.len() - 2].starts_with(&scopes), "{said}");
    assert_eq!(lines.last(), Some(&"demanded: every property but no policy loss, which `.lossless()` adds"));
    let demanded = |verify: Verify<Custom<_>>| verify.run().unwrap().demanded;
    let kept = || small(Custom(|_: &Version, _: &Version| Keep::Second));
    assert_eq!(demanded(kept().only("convergence").only("no causal loss")), "convergence, no causal loss");
    assert_eq!(demanded(kept().allow("repairable")), "every property but repairable, no policy loss");
}

#[test]
fn a_name_that_there_is_not_is_told_with_those_that_there_are() {
    for wrong in [small(LastWriteWins).only("convergance"), small(LastWriteWins).allow("convergance")] {
        let failure = wrong.run().unwrap_err().to_string();
        assert!(failure.contains("no property or law is named `convergance`; there are convergence, "), "{failure}");
        assert!(failure.contains("falls silent") && failure.contains("commutative"), "{failure}");
    }
    let failure = Verify::rule(LastWriteWins).unreached("conflict").run().unwrap_err().to_string();
    assert!(failure.contains("no witness is named `conflict`; there are quiescence, a conflict"), "{failure}");
}

#[test]
fn clients_make_the_requests_that_are_given() {
    let booked = ["A: set seat = 14 Ann", "B: set seat = 12 Bob"];
    let (steps, text) = {
        let failure = Verify::rule(ArrivalWins).requests(booked).quiet().run().unwrap_err();
        let text = failure.to_string();
        let Failure::Violated { violations, .. } = failure else { panic!("{text}") };
        let steps = violations[0].example.replayed.steps.iter().map(|taken| taken.step.clone());
        (steps.collect::<Vec<_>>(), text)
    };
    let swap = ["A: set seat = 14 Ann", "B: set seat = 12 Bob", "B -> A: B1 after nothing", "A -> B: A1 after nothing"];
    assert_eq!(steps, swap, "{text}");
    Verify::rule(MultiValue).requests(booked).lossless().run().unwrap();
    // A second client of one master; a third master.
    Verify::rule(MultiValue).requests(["A: set k = 1", "A/2: set k = 2", "C: delete k"]).lossless().run().unwrap();
}

#[test]
fn a_request_that_is_not_right_is_told_with_its_place() {
    for (request, right) in [
        ("set k = 1", "request 2, `set k = 1`: it does not name its master"),
        ("Z: set k = 1", "there is no master `Z`: masters are A to P"),
        ("B: st k = 1", "request 2, `B: st k = 1`: "),
        ("B: add 1 to k", "the rule does not take it: it takes `set KEY = VALUE`"),
        ("B: at 5, set k = 1", "does not use wall clocks"),
        ("A/2: set k = 0", "two clients make the request `set k = 0` at A"),
    ] {
        let failure = Verify::rule(LastWriteWins).requests(["A: set k = 0", request]).run().unwrap_err();
        assert!(matches!(&failure, Failure::Request(what) if what.contains(right)), "{request}: {failure}");
    }
    let far = Verify::rule(BoundedCounter).requests(["A: add 2 to k", "B: transfer 1 of k to C"]).run().unwrap_err();
    assert!(far.to_string().contains("there is no master `C` to transfer to"), "{far}");
    let none: [&str; 0] = [];
    assert!(matches!(Verify::rule(LastWriteWins).requests(none).run(), Err(Failure::Request(_))));
}

#[test]
fn what_need_not_be_reached_is_said() {
    let apart = || Verify::rule(LastWriteWins).requests(["A: set one = 1", "B: set two = 2"]);
    let failure = apart().run().unwrap_err();
    assert!(matches!(&failure, Failure::Vacuous { witness, .. } if *witness == p::CONFLICT), "{failure}");
    apart().unreached(p::CONFLICT).run().unwrap();
}

/// If the write does not replace the stored version, the local write wins; otherwise the later one.
#[derive(Clone)]
struct LocalWins(MasterId);

impl Resolver for LocalWins {
    type State = Option<Version>;
    type Effect = (Option<Dot>, Option<Text>);

    fn prepare(&self, state: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Self::Effect, Refusal> {
        let replaced = state.as_ref().map(|held| held.dot);
        match op {
            Op::Set(value) => Ok((replaced, Some(value))),
            Op::Delete => Ok((replaced, None)),
            other => Err(Refusal::WrongKind(other)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let (replaced, value) = change.effect.clone();
        let incoming = Version { timestamp: change.timestamp, dot: change.dot, value };
        let local_stays = state.as_ref().is_some_and(|held| Some(held.dot) != replaced && held.dot.origin() == self.0);
        let wins = !local_stays && state.as_ref().is_none_or(|held| incoming.timestamp > held.timestamp);
        if wins {
            *state = Some(incoming);
        }
        wins
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.as_ref().and_then(|held| held.value.clone()).map_or(Reading::Nothing, Reading::Value)
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(ours.state.clone().max(theirs.state.clone()))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|held| held.dot == dot)
    }
}

#[test]
fn a_rule_may_differ_by_master() {
    let found = violated(Verify::rules(LocalWins).lawless());
    assert!(found.contains(&(p::CONVERGENCE, 4)), "{found:?}");
    // The same rule at every master, for a master that writes nothing, keeps the later write.
    Verify::rule(LocalWins(MasterId(9))).run().unwrap();
    let how =
        Verify::rules(|master: MasterId| [LocalWins(MasterId(0)), LocalWins(MasterId(1))][master.index()].clone());
    let failure = how.quiet().run().unwrap_err();
    assert!(failure.to_string().contains("the function given to `Verify::rules`, for master"), "{failure}");
}

#[test]
fn snapshots_can_be_left_out() {
    assert_eq!(Verify::rule(LastWriteWins).without_snapshots().run().unwrap().scopes, 14);
    let found = violated(Verify::rule(Remembering).lawless());
    assert!(!found.is_empty());
    Verify::rule(Remembering).lawless().without_snapshots().run().unwrap();
}

/// A command that also ran tests with a longer name would replay the trace under other rules.
#[test]
fn the_command_that_replays_names_this_test_alone() {
    let text = Verify::rule(ArrivalWins).quiet().run().unwrap_err().to_string();
    assert!(
        text.contains(".trace cargo test -- --exact verify::the_command_that_replays_names_this_test_alone\n"),
        "{text}"
    );
}

/// Two rules that fail in one test have separate traces.
#[test]
fn no_trace_is_written_over_another() {
    let file = |requests: [&str; 2]| match Verify::rule(ArrivalWins).requests(requests).quiet().run() {
        Err(Failure::Violated { violations, .. }) => violations[0].file.clone().expect("the trace is written"),
        other => panic!("expected a violation, got {other:?}"),
    };
    let (one, other) = (file(["A: set k = 1", "B: set k = 2"]), file(["A: set k = 3", "B: set k = 4"]));
    assert_ne!(one, other);
    assert!(std::fs::read_to_string(one).unwrap().contains("set k = 1"));
    assert!(std::fs::read_to_string(other).unwrap().contains("set k = 3"));
}

fn vacuous<R: SerdeRule>(verify: Verify<R>) -> String {
    let failure = verify.quiet().run().unwrap_err();
    assert!(matches!(&failure, Failure::Vacuous { witness, .. } if *witness == p::CONFLICT), "{failure}");
    failure.to_string()
}

#[test]
fn why_no_conflict_is_reached_is_told() {
    let asked =
        |requests: &[&str]| Verify::rule(LastWriteWins).scope("pair", pair_scope()).requests(requests.iter().copied());
    let refused = vacuous(small(ReadOnly));
    let why = "all 3 requests were refused, the first, `set k = 4` at A, because read only";
    assert!(refused.contains(why) && refused.contains(".unreached(\"a conflict\")"), "{refused}");
    let one_writer = vacuous(asked(&["A: set k = 1", "A/2: set k = 2"]));
    assert!(one_writer.contains("only master A writes: nothing can conflict"), "{one_writer}");
    let apart = vacuous(asked(&["A: set one = 1", "B: set two = 2", "B: delete two"]));
    assert!(apart.contains("no key is written at two masters: nothing can conflict"), "{apart}");
}

/// A map that accepts only counters.
#[derive(Clone)]
struct Counts;

impl Resolver for Counts {
    type State = BTreeMap<Text, i64>;
    type Effect = (Text, i64);

    fn kind(&self) -> Kind {
        Kind::Map
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Self::Effect, Refusal> {
        match op {
            Op::In { field, op } => match *op {
                Op::Add(amount) => Ok((field, amount)),
                op => Err(Refusal::WrongKind(op)),
            },
            op => Err(Refusal::WrongKind(op)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let (field, amount) = &change.effect;
        *state.entry(field.clone()).or_default() += amount;
        true
    }

    fn read(&self, state: &Self::State) -> Reading {
        let fields = state.iter().map(|(field, total)| (field.clone(), Reading::Total(*total)));
        Reading::Fields(fields.collect())
    }

    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, _: &Self::State, _: Dot) -> bool {
        true
    }
}

#[test]
fn a_map_is_asked_for_the_fields_that_it_takes() {
    let passed = Verify::rule(Counts).without_snapshots().run().unwrap();
    assert!(passed.histories > 100, "{passed:?}");
}

#[test]
fn that_a_rule_has_no_merge_is_said_where_it_matters() {
    let failure = Verify::rule(Counts).quiet().run().unwrap_err();
    let Failure::Violated { violations, .. } = &failure else { panic!("{failure}") };
    assert!(violations.iter().all(|violation| violation.world.starts_with("pair/snapshot/")), "{failure}");
    let text = failure.to_string();
    assert!(text.contains("the rule has no `merge`") && text.contains(".without_snapshots()"), "{text}");
    // The message does not appear for a rule with a wrong merge.
    let text = Verify::rule(Remembering).lawless().quiet().run().unwrap_err().to_string();
    assert!(text.contains("pair/snapshot/") && !text.contains("has no `merge`"), "{text}");
}

/// A register of two letters. It refuses the default operations of the laws.
#[test]
fn laws_are_tried_on_the_requests_that_are_given() {
    let letters = |a: &Version, b: &Version| if a.value < b.value { Keep::First } else { Keep::Second };
    let given = Verify::rule(Custom(letters)).requests(["A: set k = x", "B: set k = y", "B: delete k"]);
    let given = given.scope("pair", pair_scope()).run().unwrap();
    let few = Verify::rule(Custom(letters)).requests(["A: set k = x", "B: set k = x"]);
    let few = few.scope("pair", pair_scope()).run().unwrap();
    assert!(0 < few.histories && few.histories < given.histories, "{few:?}, {given:?}");
}

/// A scenario file in a folder of its own.
fn scenario(name: &str, rest: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}.toml"));
    let text = format!(
        "about = \"Two bookings at once\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\n{rest}\n\
         [clients]\nA = [\"set seat = 14 Ann\"]\nB = [\"set seat = 12 Bob\"]\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn a_scenario_file_is_explored_with_this_rule() {
    // The rule in the file would diverge.
    let file = scenario("own-rule", "rule = \"arrival\"");
    let passed = Verify::rule(MultiValue).scenario(&file).lossless().run().unwrap();
    assert_eq!((passed.scopes, passed.states), (1, 13));
    // The file need not have a rule.
    let file = scenario("no-rule", "");
    Verify::rule(MultiValue).scenario(&file).run().unwrap();
    let failure = Verify::rule(ArrivalWins).scenario(&file).lawless().quiet().run().unwrap_err();
    let Failure::Violated { violations, .. } = &failure else { panic!("{failure}") };
    assert_eq!(
        (violations[0].example.property, violations[0].world.as_str()),
        (p::CONVERGENCE, file.to_str().unwrap())
    );
    let trace = violations[0].file.as_ref().expect("the trace is written");
    assert!(matches!(Verify::rule(ArrivalWins).scenario(&file).replay(trace), Err(Failure::Replayed(_))));
    assert!(Verify::rule(MultiValue).scenario(&file).replay(trace).is_ok());
}

#[test]
fn a_scenario_file_is_held_to_what_it_expects() {
    let end = |expect: &str| format!("[expect]\n{expect}\n");
    let file = scenario(
        "expects",
        &end("convergence = \"violated\"\nagreement-at-quiescence = \"violated\"\nno-policy-loss = \"violated\""),
    );
    Verify::rule(ArrivalWins).scenario(&file).lawless().run().unwrap();
    let failure = Verify::rule(MultiValue).scenario(&file).run().unwrap_err();
    assert!(matches!(&failure, Failure::Unexpected(what) if what.len() == 3), "{failure}");
    assert!(failure.to_string().contains("expects.toml: convergence: expected violated, found holds"), "{failure}");
    // A property that the file expects to hold is required, even if it is not required by default.
    let file = scenario("counts", &end("states = 14"));
    let failure = Verify::rule(LastWriteWins).scenario(&file).run().unwrap_err().to_string();
    assert!(failure.contains("no policy loss: expected holds, found violated"), "{failure}");
    assert!(failure.contains("states: expected 14, found 13"), "{failure}");
}

#[test]
fn what_is_wrong_with_a_scenario_file_is_told_with_its_line() {
    let file = scenario("wrong", "losses = 1");
    let failure = Verify::rule(MultiValue).scenario(&file).run().unwrap_err();
    assert!(matches!(&failure, Failure::Scenario(fault) if fault.line == 5), "{failure}");
    assert!(failure.to_string().contains("wrong.toml:5: `losses` is for"), "{failure}");
    let failure = Verify::rule(Counter).scenario(scenario("kind", "")).run().unwrap_err().to_string();
    assert!(failure.contains("kind.toml:7: the rule does not take `set seat = 14 Ann`"), "{failure}");
    let failure = Verify::rule(MultiValue).scenario("there is none.toml").run().unwrap_err();
    assert!(matches!(&failure, Failure::Scenario(_)), "{failure}");
    let article = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/article/hello.toml");
    let failure = Verify::rule(MultiValue).scenario(article).run().unwrap_err().to_string();
    assert!(failure.contains("the article's program has no rule"), "{failure}");
    let both = Verify::rule(MultiValue).scenario(article).requests(["A: set k = 1"]).run().unwrap_err();
    assert!(matches!(&both, Failure::Request(_)), "{both}");
}

#[test]
fn a_rule_is_surveyed_as_the_named_ones_are() {
    let own = Verify::rule(CustomMerged(lower_seat)).survey().unwrap();
    let named = rules::survey_within(rules::named("custom-merged").unwrap(), &rules::SMALL_SIZES);
    let steps = |surveyed: &rules::Surveyed| {
        let found = surveyed.found.iter().map(|found| found.example().map(|example| example.replayed.steps.len()));
        found.collect::<Vec<_>>()
    };
    assert_eq!(steps(&own), steps(&named));
    assert_eq!(own.laws.broken, named.laws.broken);
    assert!(
        own.to_string().contains("(your rule)") && own.to_string().contains("(your rule): convergence is"),
        "{own}"
    );
    // Also for rules that differ by master.
    let local = Verify::rules(LocalWins).survey().unwrap();
    assert_eq!(steps(&local)[0], Some(4), "{local}");
}

/// A state whose JSON has only a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
struct Half {
    kept: i64,
    #[serde(skip)]
    forgotten: i64,
}

#[derive(Clone)]
struct Forgetful;

impl Resolver for Forgetful {
    type State = Half;
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Counter
    }

    fn prepare(&self, _: &Half, op: Op, _: Dot, _: Timestamp) -> Result<i64, Refusal> {
        if let Op::Add(amount) = op { Ok(amount) } else { Err(Refusal::WrongKind(op)) }
    }

    fn apply(&self, state: &mut Half, change: &Change<i64>) -> bool {
        state.kept += change.effect;
        state.forgotten += 1;
        true
    }

    fn read(&self, state: &Half) -> Reading {
        Reading::Total(state.kept)
    }

    fn merge(&self, _: Side<'_, Half>, _: Side<'_, Half>) -> Option<Half> {
        None
    }

    fn shows(&self, _: &Half, _: Dot) -> bool {
        true
    }
}

/// A master that read the state from a record or a packet would have less than the sender.
#[test]
fn a_state_that_json_does_not_keep_is_told() {
    let failure = Verify::rule(Forgetful).survey().unwrap_err();
    assert!(matches!(&failure, Failure::Misbehaves(Misbehaviour::Unwritable { .. })), "{failure}");
    assert!(failure.to_string().contains("read again it is Half { kept: 1, forgotten: 0 }"), "{failure}");
}

/// `cargo test` shows a test's output only once it has failed; the first violation must be seen at once.
#[test]
fn what_is_found_first_is_printed_past_the_capture_of_output() {
    let printed = |test: &str| {
        let run =
            std::process::Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).output().unwrap();
        assert!(run.status.success(), "{test}");
        String::from_utf8(run.stderr).unwrap()
    };
    let told = printed("verify::a_function_of_two_versions_is_tried_on_merged_values");
    assert!(
        told.contains("merged_values: found first, the rest is still being explored:\nnot commutative: "),
        "{told}"
    );
    assert!(told.contains("convergence is violated: ") && told.contains("1. A: set k = 1 "), "{told}");
    let quiet = printed("verify::a_superseded_value_that_comes_back_is_shown_in_three_writes");
    assert!(!quiet.contains("found first"), "{quiet}");
}

#[test]
fn all_networks_at_once_are_judged_first() {
    let passed = Verify::rule(MultiValue).run().unwrap();
    let said = passed.to_string();
    assert!(
        said.contains("all networks with causal delivery, up to 4 writes at 3 masters (20,262 histories)"),
        "{said}"
    );
    assert!(said.contains("up to 5 writes at 2 masters (35,544 histories)") && passed.scopes > 10, "{said}");
    let wider = Verify::rule(LastWriteWins).histories(4, 3).run().unwrap();
    assert!(wider.networks.iter().any(|networks| networks.contains("up to 3 writes at 4 masters")), "{wider}");
    for (masters, writes, wrong) in
        [(7, 3, "7 masters: give 2 to 6"), (3, 11, "11 writes: give 1 to 10"), (3, 1, "one write is in no conflict")]
    {
        let asked = Verify::rule(LastWriteWins).histories(masters, writes).run();
        assert!(matches!(&asked, Err(Failure::Request(what)) if what.contains(wrong)), "{asked:?}");
    }
}
