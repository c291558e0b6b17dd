//! The tests that are generated, replayed on shipping replicas from their text alone.

use super::*;
use crate::check::erased::ErasedState;
use crate::node::any_rule::{AnyMessage, AnyReplica};
use crate::scenario::{RuleName, catalogue};
use crate::subject::{AnswerData, MessageData, OutcomeData, reading_as_json};
use crate::world::words::data::message_as_data;
use multimaster::{MasterId, Outcome, Replica, Request, Topology};
use std::collections::{BTreeSet, HashSet};

/// The shipping replicas, and all messages that were sent and not lost.
struct Run {
    head: Head,
    replicas: Vec<AnyReplica>,
    flight: Vec<(MasterId, MasterId, AnyMessage)>,
    broken: BTreeSet<(MasterId, MasterId)>,
}

fn id(name: &str) -> MasterId {
    name.parse().expect("a master's name")
}

impl Run {
    fn new(head: &Head, rule: RuleName) -> Run {
        let edges: Vec<_> = head.edges.iter().map(|(from, to)| (id(from), id(to))).collect();
        let masters = u16::try_from(head.masters.len()).expect("few masters");
        let topology = Topology::from_edges(masters, edges.clone()).or_else(|_| Topology::one_way(masters, edges));
        let topology = topology.expect("a topology");
        let replicas = topology.ids().map(|id| Replica::new(id, rule.rule(id), &topology)).collect();
        Run { head: head.clone(), replicas, flight: Vec::new(), broken: BTreeSet::new() }
    }

    fn at(&mut self, master: MasterId) -> &mut AnyReplica {
        &mut self.replicas[master.index()]
    }

    fn has_streams(&self) -> bool {
        self.head.link == "stream"
    }

    /// After a write or an arrival that brought something: over datagrams the master sends, then truncates its log.
    /// Streams skip what their receivers have seen.
    fn settle(&mut self, master: MasterId) {
        if self.has_streams() {
            for (from, to) in self.edges() {
                let seen = self.at(to).digest().clone();
                if !self.broken.contains(&(from, to)) && self.at(from).would_repeat(to, &seen) {
                    self.at(from).resume(to, &seen);
                }
            }
            return;
        }
        let batch = self.head.batch;
        let peers: Vec<MasterId> = self.at(master).sends_to().collect();
        for to in peers {
            while let Some(message) = self.at(master).next_push(to, batch) {
                self.flight.push((master, to, message));
            }
        }
        if let Some(keep) = self.head.log {
            self.at(master).truncate(keep);
        }
    }

    fn edges(&self) -> Vec<(MasterId, MasterId)> {
        self.head.edges.iter().map(|(from, to)| (id(from), id(to))).collect()
    }

    fn answer(&mut self, digest_of: MasterId, sender: MasterId) {
        let seen = self.at(digest_of).digest().clone();
        let batch = self.head.batch;
        if let Some(message) = self.at(sender).answer(&seen, batch) {
            self.flight.push((sender, digest_of, message));
        }
    }

    /// Takes a message of this content out of flight, or leaves it there.
    fn message(&mut self, from: MasterId, to: MasterId, content: &MessageData, stays: bool) -> AnyMessage {
        let is_it = |(f, t, message): &(MasterId, MasterId, AnyMessage)| {
            *f == from && *t == to && message_as_data(message) == *content
        };
        let place = self.flight.iter().position(is_it).unwrap_or_else(|| panic!("{content:?} is not in flight"));
        if stays { self.flight[place].2.clone() } else { self.flight.swap_remove(place).2 }
    }

    fn take(&mut self, step: &StepData) {
        match step {
            StepData::Request { at, request, answer } => {
                let request: Request = request.parse().expect("a request");
                let master = id(at);
                let written = match self.at(master).write(&request.key, request.op) {
                    Ok(dot) => {
                        let time = self.at(master).log().last().expect("its write").timestamp.time();
                        self.settle(master);
                        AnswerData::Accepted { dot: dot.to_string(), time }
                    }
                    Err(refusal) => AnswerData::Refused(refusal.to_string()),
                };
                assert_eq!(written, *answer);
            }
            StepData::Deliver { from, to, message: content, stays, outcome } => {
                let (from, to) = (id(from), id(to));
                let message = match content {
                    MessageData::Push { changes, .. } if self.has_streams() => {
                        let message = self.at(from).next_push(to, changes.len()).expect("changes on the stream");
                        assert_eq!(message_as_data(&message), *content);
                        message
                    }
                    _ => self.message(from, to, content, *stays),
                };
                let reached = self.at(to).receive(from, message);
                assert_eq!(said(&reached), *outcome);
                match reached {
                    Outcome::Applied | Outcome::Stale => self.settle(to),
                    Outcome::Gap => self.answer(to, from),
                    Outcome::Duplicate | Outcome::Refused(_) => {}
                }
            }
            StepData::Lose { from, to, message } => {
                self.message(id(from), id(to), message, false);
            }
            StepData::Ask { from, to } => self.answer(id(from), id(to)),
            StepData::Break { from, to } => {
                let (from, to) = (id(from), id(to));
                while self.at(from).next_push(to, usize::MAX).is_some() {}
                self.broken.insert((from, to));
            }
            StepData::Resume { from, to } => {
                let (from, to) = (id(from), id(to));
                let seen = self.at(to).digest().clone();
                self.at(from).resume(to, &seen);
                self.broken.remove(&(from, to));
            }
        }
    }

    fn reads(&self) -> BTreeMap<String, BTreeMap<String, Value>> {
        let read = |replica: &AnyReplica| {
            replica.readings().map(|(key, reading)| (key.to_string(), reading_as_json(&reading))).collect()
        };
        self.replicas.iter().map(|replica| (replica.id().to_string(), read(replica))).collect()
    }
}

fn said(outcome: &Outcome) -> OutcomeData {
    match outcome {
        Outcome::Applied => OutcomeData::Applied,
        Outcome::Stale => OutcomeData::Stale,
        Outcome::Duplicate => OutcomeData::Duplicate,
        Outcome::Gap => OutcomeData::Gap,
        Outcome::Refused(_) => OutcomeData::Refused,
    }
}

/// The tests after they were written as JSON lines and read again.
fn through_text(tests: &Tests) -> Tests {
    let mut text = Vec::new();
    tests.write(&mut text).expect("memory takes it");
    let text = String::from_utf8(text).expect("JSON is UTF-8");
    let mut lines = text.lines();
    let head = serde_json::from_str(lines.next().expect("a head")).expect("the head");
    let tests = lines.map(|line| serde_json::from_str(line).expect("a test")).collect();
    Tests { head, tests }
}

/// The states and the transitions that the tests reach in the model, by the steps that they name.
fn covered(model: &Erased, tests: &Tests) -> (usize, usize) {
    let mut states: HashSet<ErasedState> = model.init_states().into_iter().collect();
    let mut transitions: HashSet<(ErasedState, usize)> = HashSet::new();
    for test in &tests.tests {
        let mut state = model.init_states().swap_remove(0);
        for Expected { step, .. } in &test.steps {
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let is_it = |place: &usize| model.as_data(&state, &actions[*place]).as_ref() == Some(step);
            let places: Vec<usize> = (0..actions.len()).filter(is_it).collect();
            assert_eq!(places.len(), 1, "{step:?} names one step");
            let (next, _) = model.step(&state, &actions[places[0]]).expect("a transition");
            transitions.insert((state, places[0]));
            states.insert(next.clone());
            state = next;
        }
    }
    (states.len(), transitions.len())
}

/// The shipped scenarios that have at most so many states and can be put into tests.
fn small(most: usize) -> Vec<(Scenario, RuleName, Tests)> {
    let mut small = Vec::new();
    for scenario in catalogue::all().expect("the catalogue") {
        if scenario.expect.states.is_none_or(|states| states > most) && scenario.expect.states.is_some() {
            continue;
        }
        let Explored::Cluster(rule, _) = scenario.subject else { continue };
        if let Ok(tests) = generate(&scenario, Cover::Transitions, most) {
            small.push((scenario, rule, tests));
        }
    }
    small
}

#[test]
fn shipping_replicas_do_as_the_tests_of_small_scenarios_say() {
    let small = small(150);
    assert!(small.len() >= 50, "{} scenarios", small.len());
    for (scenario, rule, tests) in small {
        let tests = through_text(&tests);
        for test in &tests.tests {
            let mut run = Run::new(&tests.head, rule);
            for (place, Expected { step, reads }) in test.steps.iter().enumerate() {
                run.take(step);
                assert_eq!(run.reads(), *reads, "{}, test {}, step {}", scenario.name, test.test, place + 1);
            }
        }
        let head = &tests.head;
        let whole = (head.states, head.transitions);
        assert_eq!(covered(&scenario.model(), &tests), whole, "{}", scenario.name);
    }
}

#[test]
fn fewer_steps_cover_all_states() {
    for (scenario, _, by_transitions) in small(60) {
        let by_states = generate(&scenario, Cover::States, 60).expect("a small scenario");
        let (states, _) = covered(&scenario.model(), &by_states);
        assert_eq!(states, by_states.head.states, "{}", scenario.name);
        assert!(by_states.head.steps <= by_transitions.head.steps, "{}", scenario.name);
    }
}

#[test]
fn tests_by_properties_end_where_a_verdict_is_decided() {
    let scenario = catalogue::find("booking/arrival").expect("it is shipped");
    let tests = generate(&scenario, Cover::Properties, 100).expect("a small scenario");
    let shown: Vec<&String> = tests.tests.iter().flat_map(|test| &test.shows).collect();
    assert!(shown.iter().any(|shown| *shown == "violates convergence"), "{shown:?}");
    assert!(shown.iter().any(|shown| *shown == "reaches a conflict"), "{shown:?}");
    let convergence = tests.tests.iter().find(|test| test.shows.contains(&"violates convergence".into()));
    assert_eq!(convergence.map(|test| test.steps.len()), Some(4));
}

#[test]
fn a_scenario_beyond_the_limit_or_with_other_steps_has_no_tests() {
    let scenario = catalogue::find("booking/arrival").expect("it is shipped");
    assert_eq!(generate(&scenario, Cover::States, 12), Err(Failure::TooLarge(12)));
    let scenario = catalogue::find("two-shards").expect("it is shipped");
    assert!(matches!(generate(&scenario, Cover::States, 12), Err(Failure::Given(_))));
}
