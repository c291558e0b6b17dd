//! The judge on bits agrees with [`History`](crate::history::History) on every master.

use super::super::judge::{Judge, Wrongs};
use super::super::lattice::{Cut, Dense, Lattice, Next};
use super::super::{Bounds, Search, Subject, operations, operations_on_two_keys};
use crate::history::{Claims, Judged, LostTo};
use crate::node::any_rule::AnyRule;
use crate::node::delivery::Delivery;
use crate::node::numbered::StateNo;
use crate::verify::rules;
use foldhash::fast::FixedState;
use multimaster::{Change, Dot, Kind, MasterId, Op, Reading, Refusal, Request, Resolver, Side, Text, Timestamp};
use std::hash::BuildHasher;

/// How often both judges set each bit, and the number of masters judged.
#[derive(Debug, Default)]
struct Counts {
    judged: usize,
    set: [usize; 7],
}

impl Counts {
    /// Judges the master twice.
    fn compare(&mut self, judge: &mut Judge, lattice: &mut Lattice, cut: Cut, state: StateNo) {
        let fast = judge.judge(lattice, cut, state);
        let master = judge.observed(lattice, cut, state);
        let history = master.history();
        let judgements = history.judge(&master);
        let lost = |to: LostTo| judgements.losses.iter().any(|loss| loss.to == to);
        let invented = history.invented(&master);
        let slow = Wrongs {
            lost_causally: lost(LostTo::Past),
            lost_by_policy: lost(LostTo::Concurrent),
            lost_to_nothing: lost(LostTo::Nothing),
            resurrects: history.resurrection(&master).is_some(),
            invented: matches!(invented, Some(Ok(_))),
            unsure_of_loss: !judgements.unsure.is_empty(),
            unsure_of_value: matches!(invented, Some(Err(_))),
        };
        let reads: Vec<Reading> = master.keys().iter().map(|key| master.read(key)).collect();
        assert_eq!(fast, slow, "bits, then history: {:?}, which reads {reads:?}\n{judgements:?}", history.writes());
        self.judged += 1;
        let bits = [
            slow.lost_causally,
            slow.lost_by_policy,
            slow.lost_to_nothing,
            slow.resurrects,
            slow.invented,
            slow.unsure_of_loss,
            slow.unsure_of_value,
        ];
        for (count, bit) in self.set.iter_mut().zip(bits) {
            *count += usize::from(bit);
        }
    }

    /// Judges every possible state of every master after every history within the bounds.
    fn compare_all(&mut self, subject: &Subject<'_>, bounds: Bounds) {
        let left = bounds.writes;
        let mut unreported = |_| {};
        let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unreported).expect("the bounds are right");
        let Search { lattice, judge, uses_clocks, .. } = &mut search;
        each_history(lattice, *uses_clocks, left, &mut |lattice| {
            let all = lattice.all();
            let cuts: Vec<Cut> = lattice.cuts().iter().copied().filter(|cut| lattice.closure(*cut) == all).collect();
            for cut in cuts {
                let masters = (0..lattice.masters()).filter(|at| lattice.can_be(*at, cut));
                let mut states: Vec<StateNo> = masters.flat_map(|at| lattice.states(at, cut).to_vec()).collect();
                states.sort();
                states.dedup();
                states.into_iter().for_each(|state| self.compare(judge, lattice, cut, state));
            }
        });
    }
}

/// Visits every history that extends the present one by at most so many writes.
fn each_history(lattice: &mut Lattice, uses_clocks: bool, left: usize, visit: &mut impl FnMut(&mut Lattice)) {
    if left == 0 {
        return;
    }
    for at in 0..lattice.masters() {
        for place in 0..lattice.cuts().len() {
            let seen = lattice.cuts()[place];
            if !lattice.can_write(at, seen) {
                continue;
            }
            for op in 0..lattice.alphabet.len() {
                let wall = uses_clocks.then(|| lattice.time_after(seen));
                for write in lattice.written(Next { at, seen, op, wall }) {
                    lattice.push(write);
                    visit(lattice);
                    each_history(lattice, uses_clocks, left - 1, visit);
                    lattice.pop();
                }
            }
        }
    }
}

fn compare_shipped_rules(writes: [usize; 2]) -> Counts {
    let mut counts = Counts::default();
    for rule in rules::all() {
        let rule = |at| rule.rule.rule(at);
        let first = rule(MasterId(0));
        let (one_key, two_keys) = (operations(&first), operations_on_two_keys(&first));
        for claims in [Claims::Tested, Claims::Untested, Claims::Refuted] {
            let subject = Subject { rule: &rule, by_master: true, claims, specification: None };
            counts.compare_all(&subject, Bounds::new(2, writes[0], one_key.clone()));
        }
        let subject = Subject { rule: &rule, by_master: true, claims: Claims::Tested, specification: None };
        counts.compare_all(&subject, Bounds::new(3, writes[1], one_key.clone()));
        counts.compare_all(&subject, Bounds::new(2, writes[1], two_keys));
        for delivery in [Delivery::Unordered, Delivery::AtLeastOnce] {
            counts.compare_all(&subject, Bounds { delivery, ..Bounds::new(2, writes[1], one_key.clone()) });
        }
        counts.compare_all(&subject, Bounds { snapshots: true, ..Bounds::new(2, writes[1], one_key) });
    }
    println!("{counts:?}");
    counts
}

#[test]
fn both_judges_agree_on_shipped_rules() {
    let counts = compare_shipped_rules([3, 2]);
    assert!(counts.judged > 50_000, "{counts:?}");
}

/// 587,438 masters.
#[test]
#[ignore = "seconds in release, a minute otherwise"]
fn both_judges_agree_on_shipped_rules_and_longer_histories() {
    compare_shipped_rules([4, 3]);
}

/// A rule with arbitrary readings and claims, whatever was written.
#[derive(Clone)]
struct Odd {
    kind: Kind,
    readings: Vec<Reading>,
    seed: u64,
}

impl Odd {
    fn any(&self, salt: u64, of: &impl std::hash::Hash, most: usize) -> usize {
        (FixedState::with_seed(self.seed ^ salt).hash_one(of) % most as u64) as usize
    }
}

impl Resolver for Odd {
    type State = Vec<Dot>;
    type Effect = bool;

    fn kind(&self) -> Kind {
        self.kind
    }

    fn prepare(&self, _: &Vec<Dot>, _: Op, _: Dot, _: Timestamp) -> Result<bool, Refusal> {
        Ok(true)
    }

    fn apply(&self, state: &mut Vec<Dot>, change: &Change<bool>) -> bool {
        state.push(change.dot);
        true
    }

    fn read(&self, state: &Vec<Dot>) -> Reading {
        self.readings[self.any(1, state, self.readings.len())].clone()
    }

    fn merge(&self, _: Side<'_, Vec<Dot>>, _: Side<'_, Vec<Dot>>) -> Option<Vec<Dot>> {
        None
    }

    fn shows(&self, state: &Vec<Dot>, dot: Dot) -> bool {
        self.any(2, &(state, dot), 3) > 0
    }

    fn unsure(&self, state: &Vec<Dot>, dot: Dot) -> bool {
        self.any(3, &(state, dot), 5) == 0
    }
}

fn elements(of: &[&str]) -> Reading {
    Reading::Elements(of.iter().map(|element| Text::from(*element)).collect())
}

fn value(of: &str) -> Reading {
    Reading::Value(of.into())
}

fn values(of: &[&str]) -> Reading {
    Reading::Values(of.iter().map(|value| Text::from(*value)).collect())
}

fn fields(of: &[(&str, Reading)]) -> Reading {
    Reading::Fields(of.iter().map(|(field, reading)| (Text::from(*field), reading.clone())).collect())
}

/// Kinds of data, each with requests and with readings, right and wrong.
fn oddities() -> Vec<(Kind, Vec<&'static str>, Vec<Reading>)> {
    use Reading::{Flag, Nothing, Total};
    vec![
        (
            Kind::Register,
            vec!["set k = 1", "set k = 2", "delete k", "set other = 1"],
            vec![Nothing, value("1"), value("2"), value("3"), values(&["1", "2"]), values(&["2", "3"]), values(&[])],
        ),
        (Kind::DeletableCounter, vec!["add 1 to k", "add 2 to k", "delete k"], (-1..=6).map(Total).collect()),
        (
            Kind::DeletableCounter,
            vec!["add 1 to k", "subtract 1 from k", "delete k", "add 1 to other"],
            vec![Total(0), Total(1), Total(2), Total(-1), Nothing],
        ),
        (
            Kind::BoundedCounter,
            vec!["add 2 to k", "subtract 1 from k", "transfer 1 of k to B"],
            vec![Total(0), Total(1), Total(2), Total(3), Total(4), Total(-1)],
        ),
        (
            Kind::Set,
            vec!["insert x into k", "insert y into k", "remove x from k"],
            vec![elements(&[]), elements(&["x"]), elements(&["y"]), elements(&["x", "y"]), elements(&["z"]), Nothing],
        ),
        (Kind::Set, vec!["insert x into k", "remove x from k", "remove y from k", "insert x into other"], {
            vec![elements(&[]), elements(&["x"]), elements(&["y"])]
        }),
        (Kind::Flag, vec!["enable k", "disable k", "enable other"], vec![Flag(true), Flag(false), Nothing]),
        (
            Kind::Maximum,
            vec!["raise k to 1", "raise k to 2", "raise k to 3"],
            vec![Nothing, value("1"), value("2"), value("3"), value("4")],
        ),
        (
            Kind::Minimum,
            vec!["lower k to 1", "lower k to 2", "lower other to 1"],
            vec![Nothing, value("1"), value("2"), value("0")],
        ),
        (
            Kind::Map,
            vec!["in k, set f = 1", "in k, set f = 2", "remove f from k", "in k, delete f"],
            vec![
                fields(&[]),
                fields(&[("f", value("1"))]),
                fields(&[("f", value("2"))]),
                fields(&[("g", value("1"))]),
                { fields(&[("f", values(&["1", "2"]))]) },
            ],
        ),
        (
            Kind::Map,
            vec!["in k, add 1 to f", "in k, set f = 1", "remove f from k", "in k, insert x into f"],
            vec![
                fields(&[]),
                fields(&[("f", Total(1))]),
                fields(&[("f", Total(2))]),
                fields(&[("f", value("1"))]),
                fields(&[("f", elements(&["x"]))]),
                fields(&[("f", Total(1)), ("f", value("1")), ("f", elements(&["x"]))]),
            ],
        ),
        (
            Kind::Map,
            vec![
                "in k, insert x into f",
                "in k, remove x from f",
                "in k, set g = 1",
                "remove g from k",
                "remove f from k",
            ],
            vec![
                fields(&[]),
                fields(&[("f", elements(&["x"]))]),
                fields(&[("g", value("1"))]),
                fields(&[("f", elements(&["x"])), ("g", value("1"))]),
                fields(&[("f", elements(&["y"]))]),
            ],
        ),
    ]
}

fn compare_odd_rules(seeds: u64, writes: [usize; 2]) -> Counts {
    let mut counts = Counts::default();
    for (kind, requests, readings) in oddities() {
        let requests: Vec<Request> = requests.iter().map(|text| text.parse().expect("a request")).collect();
        for seed in 0..seeds {
            let rule = |_| AnyRule::new(Odd { kind, readings: readings.clone(), seed });
            for claims in [Claims::Tested, Claims::Untested, Claims::Refuted] {
                let subject = Subject { rule: &rule, by_master: false, claims, specification: None };
                counts.compare_all(&subject, Bounds::new(2, writes[0], requests.clone()));
            }
            let subject = Subject { rule: &rule, by_master: false, claims: Claims::Tested, specification: None };
            counts.compare_all(&subject, Bounds::new(3, writes[1], requests.clone()));
            let delivery = Delivery::Unordered;
            counts.compare_all(&subject, Bounds { delivery, ..Bounds::new(3, writes[1], requests.clone()) });
        }
    }
    println!("{counts:?}");
    assert!(counts.set.iter().all(|set| *set > 300), "everything goes wrong somewhere: {counts:?}");
    counts
}

#[test]
fn both_judges_agree_on_rules_that_read_anything() {
    let counts = compare_odd_rules(2, [3, 2]);
    assert!(counts.judged > 80_000, "{counts:?}");
}

/// 2,154,042 masters, of which every second has lost something.
#[test]
#[ignore = "seconds in release, minutes otherwise"]
fn both_judges_agree_on_rules_that_read_anything_and_longer_histories() {
    compare_odd_rules(3, [4, 3]);
}
