//! Liveness under fairness: what must happen in the end, found as lassos, and why fairness is needed.

use multimaster::{Key, MasterId, Reading, Topology};
use multimaster_models::check::engine::{Limits, Verdict, explore};
use multimaster_models::check::erased::Erased;
use multimaster_models::check::liveness::Fairness;
use multimaster_models::properties::{EVENTUALLY_AGREE, EVERYONE_HEARS, FALLS_SILENT, FALLS_SILENT_IF_FAIR};
use multimaster_models::report::check::{Checked, Counterexample, Engine, check};
use multimaster_models::report::table;
use multimaster_models::report::trace::{self, Replayed, Trace};
use multimaster_models::scenario::{Scenario, catalogue};
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::system::{Input, Node, NodeError, Stepped, System};
use std::collections::BTreeSet;

/// Two masters, one of which may be down or cut off, or lose a message.
const SCOPES: [(&str, &str); 4] = [
    ("a loss", "link = \"datagram\"\nlosses = 1\n"),
    ("a reset", "link = \"stream\"\nresets = 1\n"),
    ("a cut", "link = \"datagram\"\n[failures]\ncuts = 1\n"),
    ("a crash", "link = \"datagram\"\n[failures]\ncrashes = 1\n"),
];

fn scenario(links: &str, fairness: Fairness) -> Scenario {
    let head = "about = \"one write\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"last-write\"\n";
    let text = format!("{head}{links}[clients]\nA = [\"set k = 1\"]\n");
    let mut scenario = Scenario::parse("one", "one.toml", &text).unwrap();
    scenario.limits.liveness = Some(fairness);
    scenario
}

fn checked(scenario: &Scenario) -> Checked {
    check(scenario, Engine::Own, &mut |_, _| {})
}

fn example<'c>(checked: &'c Checked, property: &str) -> &'c Counterexample {
    checked.counterexamples.iter().find(|example| example.property == property).expect("it is violated")
}

#[test]
fn what_holds_under_fairness_is_violated_where_the_network_never_delivers() {
    for (failure, links) in SCOPES {
        let fair = checked(&scenario(links, Fairness::Weak));
        for property in [EVERYONE_HEARS, EVENTUALLY_AGREE, FALLS_SILENT_IF_FAIR] {
            assert_eq!(fair.report.verdict(property), Some(&Verdict::Holds(None)), "{property} with {failure}");
        }
        let scenario = scenario(links, Fairness::None);
        let unfair = checked(&scenario);
        assert_eq!(unfair.report.verdict(FALLS_SILENT_IF_FAIR), None);
        for property in [EVERYONE_HEARS, EVENTUALLY_AGREE] {
            let example = example(&unfair, property);
            assert_eq!(example.trace.lines().filter(|line| *line == "unfair" || *line == "repeat").count(), 2);
            assert!(example.why().ends_with("this lasts for ever: nothing more happens"), "{}", example.why());
            assert_eq!(example.replayed.repeat, Some(1));
            let said = table::schedule(&example.replayed);
            assert!(said.ends_with("  and nothing more, for ever\n"), "{said}");
            assert!(example.replayed.diagram.svg().contains("nothing more happens"));
            // As a fair schedule, it shows nothing, and `replay` tells why.
            let fair = replayed(&scenario, &example.trace.replace("unfair\n", ""));
            assert_eq!(fair.wrong.len(), 1, "{failure}");
            assert!(fair.starved.is_some_and(|step| step.contains("A1") || step.contains('B')), "{failure}");
        }
    }
}

fn replayed(scenario: &Scenario, trace: &str) -> Replayed {
    Trace::parse("a.trace", trace).unwrap().replay(&scenario.model()).unwrap()
}

/// The article's ring, where each master passes on what it receives.
fn ring() -> Scenario {
    catalogue::find("article/relay-ring").unwrap()
}

#[test]
fn a_ring_without_origins_never_falls_silent() {
    let (scenario, checked) = (ring(), checked(&ring()));
    assert_eq!(checked.surprises, Vec::<String>::new());
    let example = example(&checked, FALLS_SILENT_IF_FAIR);
    let begins = example.replayed.repeat.unwrap();
    assert!(begins > 0 && begins < example.replayed.steps.len(), "{}", example.trace);
    assert!(example.why().contains(&format!("steps {} to ", begins + 1)), "{}", example.why());
    let said = table::schedule(&example.replayed);
    assert!(said.contains("  and then, again and again:\n"), "{said}");
    assert!(example.replayed.diagram.svg().contains(&format!("and again from step {}", begins + 1)));
    // The cycle must return to its first state.
    let short = example.trace.trim_end().rsplit_once('\n').unwrap().0;
    let fault = Trace::parse("a.trace", short).unwrap().replay(&scenario.model()).unwrap_err();
    assert!(fault.what.contains("do not lead back to the state here"), "{fault}");
    assert_eq!(example.trace.lines().nth(fault.line - 1), Some("repeat"));
    // The silence of all schedules is shown as a lasso, too.
    assert!(self::example(&checked, FALLS_SILENT).trace.contains("\nrepeat\n"));
}

#[test]
fn a_trace_has_one_cycle_and_a_lasso_is_needed_to_violate_a_liveness_property() {
    let twice = Trace::parse("a.trace", "scenario s\nrepeat\nstep\nrepeat\n").unwrap_err();
    assert_eq!((twice.line, twice.what.contains("a second `repeat`")), (4, true));
    let scenario = scenario(SCOPES[0].1, Fairness::Weak);
    let lost = "scenario one\nviolates everyone hears\n\nA: set k = 1\nlost A -> B: A1 after nothing\n";
    assert_eq!(replayed(&scenario, lost).wrong.len(), 1, "the trace says nothing of what comes later");
    let stays = replayed(&scenario, &format!("{lost}repeat\n"));
    assert_eq!(stays.wrong.len(), 1);
    assert!(stays.starved.is_some_and(|step| step.contains("B")), "a tick repairs it");
    let keeps = lost.replace("violates", "keeps");
    assert!(replayed(&scenario, &format!("{keeps}repeat\n")).wrong.is_empty());
}

#[test]
fn liveness_is_judged_where_it_is_asked() {
    let mut scenario = scenario(SCOPES[0].1, Fairness::Weak);
    assert!(checked(&scenario).expectation().is_some_and(|text| text.contains("everyone-hears = \"holds\"")));
    scenario.limits.liveness = None;
    let report = checked(&scenario).report;
    assert_eq!(report.verdict(EVERYONE_HEARS), None);
    assert!(report.verdict(FALLS_SILENT).is_some());
}

/// A node's clock, which tells hours only. `Chasing` nodes answer every time that is ahead with a later one.
#[derive(Clone, Copy, PartialEq)]
enum Clocks {
    Chasing,
    Following,
}

/// The hours of the clock.
const HOURS: u8 = 4;

impl Node for Clocks {
    type State = (u8, BTreeSet<u32>);
    type Message = (u8, BTreeSet<u32>);

    fn start(&self, _: MasterId, _: &Topology) -> Result<Stepped<Self::State, Self::Message>, NodeError> {
        Ok(Stepped::to((0, BTreeSet::new())))
    }

    fn step(
        &self,
        id: MasterId,
        (time, seen): &Self::State,
        input: Input<'_, Self::Message>,
    ) -> Result<Stepped<Self::State, Self::Message>, NodeError> {
        let (peer, later) = (MasterId(1 - id.0), |time: u8| (time + 1) % HOURS);
        Ok(match input {
            Input::Request { number, .. } => {
                let next = (later(*time), seen.iter().copied().chain([number]).collect());
                Stepped::to(next.clone()).send(peer, next).done(number)
            }
            Input::Message { message: (told, of), .. } => {
                let is_ahead = (told + HOURS - time) % HOURS < HOURS / 2;
                let all = seen | of;
                match self {
                    Clocks::Chasing if is_ahead => {
                        let next = (later(*told), all);
                        Stepped::to(next.clone()).send(peer, next)
                    }
                    _ => Stepped::to((if is_ahead { *told } else { *time }, all)),
                }
            }
            Input::Tick(_) | Input::Restart => Stepped::to((*time, seen.clone())),
        })
    }

    fn read(&self, _: MasterId, (time, _): &Self::State, _: &Key) -> Result<Reading, NodeError> {
        Ok(Reading::Value(time.to_string().into()))
    }

    fn seen(&self, _: MasterId, (_, seen): &Self::State) -> Option<BTreeSet<u32>> {
        Some(seen.clone())
    }
}

#[test]
fn two_clocks_that_chase_each_other_never_agree() {
    let limits = Limits { liveness: Some(Fairness::Weak), ..Limits::default() };
    let client = Client { at: MasterId(0), requests: vec!["set k = 1".parse().unwrap()] };
    let scope =
        Scope { clients: vec![client], ..Scope::new(Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 }) };
    for clocks in [Clocks::Chasing, Clocks::Following] {
        let model = Erased::new(System::new(scope.clone(), clocks).unwrap());
        let report = explore(&model, limits, |_, _| {});
        assert_eq!(report.verdict(EVERYONE_HEARS), Some(&Verdict::Holds(None)));
        for property in [EVENTUALLY_AGREE, FALLS_SILENT_IF_FAIR] {
            match report.verdict(property) {
                Some(Verdict::Holds(None)) => assert!(clocks == Clocks::Following, "{property}"),
                Some(Verdict::Violated(Some(path))) => {
                    assert!(clocks == Clocks::Chasing, "{property}");
                    let text = trace::write(&model, "clocks", property, path);
                    let replayed = Trace::parse("clocks.trace", &text).unwrap().replay(&model).unwrap();
                    assert!(replayed.wrong.is_empty() && replayed.repeat.is_some(), "{text}");
                    assert_eq!(replayed.steps.len() - replayed.repeat.unwrap(), usize::from(HOURS), "{text}");
                }
                other => panic!("{property}: {other:?}"),
            }
        }
    }
}
