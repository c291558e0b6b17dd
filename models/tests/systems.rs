//! Real systems' rules: the findings of the models, their short schedules, and the effect of weaker delivery on a rule
//! that relies on more.

mod rules;

use multimaster::resolver::Side;
use multimaster::{
    Change, Dot, Kind, LastWriteWins, MasterId, MultiValue, Op, Replica, Request, Resolver, Timestamp, Topology,
    VersionVector,
};
use multimaster_models::SerdeRule;
use multimaster_models::check::engine::Verdict;
use multimaster_models::node::any_rule::{AnyRule, Pack};
use multimaster_models::properties as p;
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::rules::systems::{ALL, System};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use std::collections::BTreeSet;

fn shipped(name: &str) -> Checked {
    check(&catalogue::find(name).unwrap(), Engine::Own, &mut |_, _| {})
}

/// A scenario that is not shipped.
fn world(rule: &str, delivery: &str, topology: &str, clients: &str) -> Checked {
    let text = format!(
        "about = \"\"\nrule = \"{rule}\"\ndelivery = \"{delivery}\"\n{topology}\ntopology = \"all-to-all\"\n\
         link = \"datagram\"\nduplicates = 1\n[clients]\n{clients}"
    );
    check(&Scenario::parse(rule, rule, &text).unwrap(), Engine::Own, &mut |_, _| {})
}

fn steps(checked: &Checked, property: &str) -> Option<usize> {
    match checked.report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => Some(path.len()),
        Some(Verdict::Holds(None)) => None,
        other => panic!("{}: {property}: {other:?}", checked.scenario.name),
    }
}

#[test]
fn names_are_in_order_and_no_two_alike() {
    let names: Vec<&str> = ALL.iter().map(|system| system.name).collect();
    assert_eq!(names, BTreeSet::from_iter(names.iter().copied()).into_iter().collect::<Vec<_>>());
    assert!(ALL.iter().all(|system| !system.about.is_empty() && !system.source.is_empty()));
}

/// For every register: concurrent writes, a delete and a write, equal times, and clocks that contradict the order of
/// writes.
#[test]
fn every_system_has_its_scenarios() {
    let files: BTreeSet<String> = catalogue::files().into_iter().map(|(name, ..)| name).collect();
    for System { name, .. } in &ALL {
        let kind = System::named(name).unwrap().kind();
        let asked = if kind == Kind::Register { &["delete", "tie", "skew"][..] } else { &["concurrent"] };
        for what in asked {
            let file = format!("systems/{name}/{what}");
            assert!(files.contains(&file), "no scenario {file}");
            assert_eq!(catalogue::find(&file).unwrap().rule(), *name, "{file}");
        }
    }
}

#[test]
fn whatever_goes_wrong_goes_wrong_within_eight_steps() {
    let mut found = 0;
    for (name, ..) in catalogue::files().iter().filter(|(name, ..)| name.starts_with("systems/")) {
        let checked = shipped(name);
        for property in [p::CONVERGENCE, p::NO_RESURRECTION, p::NO_CAUSAL_LOSS] {
            if let Some(steps) = steps(&checked, property) {
                assert!(steps <= 8, "{name}: {property} in {steps} steps");
                found += 1;
            }
        }
    }
    assert!(found > 0);
}

/// The known behaviour of each system, and the scenario that finds it. A property not named holds in the same scenario.
#[test]
fn what_the_models_find_of_each_system() {
    let diverges = [p::CONVERGENCE].as_slice();
    let causal = [p::NO_CAUSAL_LOSS].as_slice();
    let returns = [p::NO_RESURRECTION, p::NO_CAUSAL_LOSS].as_slice();
    let both = [p::CONVERGENCE, p::NO_CAUSAL_LOSS].as_slice();
    let all = [p::CONVERGENCE, p::NO_RESURRECTION, p::NO_CAUSAL_LOSS].as_slice();
    let nothing = [].as_slice();
    for (name, wrong) in [
        // Clocks: an acknowledged write is lost to a write in its causal past.
        ("cassandra/delete", nothing),
        ("cassandra/right", nothing),
        ("cassandra/skew", causal),
        ("cassandra/skewed-delete", returns),
        ("dynamodb/skew", causal),
        ("pgd/skew", both),
        ("spock/skew", both),
        // A hybrid clock, or causality in addition to the clock, prevents the loss.
        ("antidote/skew", nothing),
        ("cosmos/skew", nothing),
        ("redis-string/skew", nothing),
        ("active-directory/skew", nothing),
        // But the newest of siblings under a joined vector, and a tie of hybrid clocks, depend on the order of arrival.
        ("riak-newest/skew", diverges),
        ("couchbase/skew", diverges),
        ("couchbase/tie", diverges),
        // Each side keeps its own write, or the sides swap.
        ("goldengate-usemax/tie", diverges),
        ("goldengate-usemaxeq/tie", diverges),
        ("goldengate-overwrite/tie", diverges),
        ("goldengate-ignore/tie", diverges),
        ("riak-last-write-wins/tie", diverges),
        ("mysql/ring", diverges),
        ("spock-equal-tiebreakers/tie", diverges),
        ("spock/tie-elsewhere", diverges),
        // A delete concurrent to an update.
        ("goldengate-usemax/delete-elsewhere", diverges),
        ("spock/delete-elsewhere", nothing),
        ("pgd/delete-elsewhere", nothing),
        ("pgd-vacuumed/delete-elsewhere", diverges),
        ("pgd/delete", diverges),
        ("couchdb/delete", returns),
        ("riak/delete", nothing),
        ("cr-sqlite/delete", nothing),
        // Changes that overtake others.
        ("pgd/unordered-delete", all),
        ("pgd/unordered-update", nothing),
        ("spock/unordered-update", both),
        ("cassandra/unordered-delete", nothing),
        ("cassandra-purged/unordered-delete", all),
        // Changes that are delivered twice.
        ("cassandra/again-delete", nothing),
        ("cassandra-purged/again-delete", all),
        ("goldengate-overwrite/again-delete", all),
        ("goldengate-usedelta/again", both),
        ("goldengate-usedelta/unordered", nothing),
        // Counters and sets.
        ("cassandra-counter/deleted-again", causal),
        ("cassandra-counter/concurrent", nothing),
        ("redis-counter/concurrent", nothing),
        ("redis-set/concurrent", nothing),
        ("dynamo-cart/concurrent", nothing),
        ("dynamo-cart/other-item", returns),
    ] {
        let checked = shipped(&format!("systems/{name}"));
        let asked = [p::CONVERGENCE, p::NO_RESURRECTION, p::NO_CAUSAL_LOSS];
        let violated: Vec<&str> = asked.into_iter().filter(|asked| steps(&checked, asked).is_some()).collect();
        assert_eq!(violated, wrong, "{name}");
    }
}

/// Joins need neither an order nor a record of the applied changes.
#[test]
fn a_join_survives_any_delivery() {
    let joins = ["active-directory", "cosmos", "cr-sqlite", "couchdb", "dynamodb", "cassandra", "redis-string", "riak"];
    for rule in joins {
        let timed = "A = [\"at 10, set k = 1\", \"at 30, delete k\"]\nB = [\"at 20, set k = 2\"]";
        let untimed = "A = [\"set k = 1\", \"delete k\"]\nB = [\"set k = 2\"]";
        let writes = if System::named(rule).unwrap().uses_wall_clock() { timed } else { untimed };
        let again = world(rule, "at-least-once", "masters = 2", writes);
        let unordered = world(rule, "unordered", "masters = 3", writes);
        for checked in [again, unordered] {
            assert_eq!(steps(&checked, p::CONVERGENCE), None, "{rule}");
            assert_eq!(steps(&checked, p::AGREEMENT), None, "{rule}");
        }
    }
}

/// The weaker deliveries have their intended effect, also on this project's rules, and no other.
#[test]
fn what_each_delivery_takes_away() {
    let writes = "A = [\"set k = 1\"]\nB = [\"set k = 2\"]";
    let causal = world("last-write", "causal", "masters = 3", writes);
    let unordered = world("last-write", "unordered", "masters = 3", writes);
    assert_eq!((steps(&causal, p::CAUSAL_ORDER), steps(&unordered, p::CAUSAL_ORDER)), (None, Some(4)));
    assert_eq!(steps(&unordered, p::CONVERGENCE), None);

    let adds = "A = [\"add 1 to k\"]";
    for (delivery, wrong) in [("causal", None), ("unordered", None), ("at-least-once", Some(3))] {
        let checked = world("goldengate-usedelta", delivery, "masters = 2", adds);
        assert_eq!(steps(&checked, p::NO_CAUSAL_LOSS), wrong, "{delivery}");
        assert_eq!(steps(&checked, p::AGREEMENT).is_some(), wrong.is_some(), "{delivery}");
    }
    // All to all, a change arrives by two paths, although no path repeats messages.
    let text = "about = \"\"\nmasters = 3\ntopology = \"all-to-all\"\nrule = \"goldengate-usedelta\"\nlink = \"datagram\"\n\
                delivery = \"at-least-once\"\n[clients]\nA = [\"add 1 to k\"]\n";
    let checked = check(&Scenario::parse("paths", "paths", text).unwrap(), Engine::Own, &mut |_, _| {});
    assert_eq!(steps(&checked, p::CONVERGENCE), Some(4));
}

#[test]
fn a_delivery_that_a_link_cannot_give_is_refused() {
    let text = |extra: &str| {
        format!("about = \"\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"mysql\"\n{extra}\n[clients]\nA = []\n")
    };
    for (extra, said) in [
        ("link = \"stream\"\ndelivery = \"unordered\"", "a stream keeps its sender's order"),
        ("link = \"soup\"\ndelivery = \"at-least-once\"", "without end"),
        ("link = \"datagram\"\ndelivery = \"at-least-once\"", "give `duplicates = 1`"),
        ("link = \"datagram\"\ndelivery = \"exactly-once\"", "`delivery`"),
    ] {
        let fault = Scenario::parse("given", "given.toml", &text(extra)).unwrap_err();
        assert_eq!((fault.line, fault.what.contains(said)), (6, true), "{fault}");
    }
    let article =
        "about = \"\"\nprogram = \"article\"\nmasters = 2\ntopology = \"all-to-all\"\ndelivery = \"unordered\"\n";
    let fault = Scenario::parse("given", "given.toml", article).unwrap_err();
    assert!(fault.line == 5 && fault.what.contains("has no `delivery`: drop it"), "{fault}");
}

/// The JSON, with the fields in order.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().to_string()
}

/// The states and messages of two masters with a short log, step by step, as JSON. Two snapshots cross.
fn told_as_json<R: SerdeRule>(rule: &R) -> Vec<String> {
    let topology = Topology::all_to_all(2).unwrap();
    let mut masters = [0, 1].map(|id| Replica::new(MasterId(id), rule.clone(), &topology));
    let mut told = Vec::new();
    let asks = [
        [(0, "set k = 1"), (1, "set k = 2")],
        [(0, "delete k"), (0, "set j = 4")],
        [(1, "set j = 3"), (1, "set k = 5")],
    ];
    for round in asks {
        for (at, ask) in round {
            let Request { key, op } = ask.parse().unwrap();
            told.push(format!("{:?}", masters[at].write(&key, op)));
            masters[at].truncate(1);
        }
        for (from, to) in [(0, 1), (1, 0)] {
            let message = masters[from].next_push(MasterId(to as u16), 1);
            let message = message.or_else(|| masters[from].answer(masters[to].digest(), 2));
            let Some(message) = message else { continue };
            told.push(json(&message));
            told.push(format!("{:?}", masters[to].receive(MasterId(from as u16), message)));
        }
        told.extend(masters.iter().map(json));
    }
    told
}

/// Erasing a rule's types changes no message and no state.
#[test]
fn a_rule_without_its_types_is_the_same_rule() {
    fn same<R: SerdeRule>(rule: R, happens: &[&str]) {
        let (typed, untyped) = (told_as_json(&rule), told_as_json(&AnyRule::new(rule)));
        assert_eq!(typed, untyped);
        assert!(happens.iter().all(|what| typed.iter().any(|line| line.contains(what))), "{typed:#?}");
    }
    same(LastWriteWins, &["Snapshot", "Applied", "Stale"]);
    same(MultiValue, &["Snapshot", "Applied"]);
}

/// The rules whose merge is a join, over all states that four writes at three masters can reach, under right and wrong
/// clocks. Rules that decide by the stored row have no merge.
#[test]
fn which_merges_are_joins() {
    let mut broken = Vec::new();
    let mut none = Vec::new();
    for system in ALL.iter().filter(|system| system.kind() == Kind::Register) {
        let rule = system.rule(MasterId(0));
        for times in [[1, 2, 2, 3], [10, 12, 5, 7], [5, 5, 5, 5]] {
            let states = reachable(&rule, times);
            let join = |one: &Pack, other: &Pack| {
                let seen = VersionVector::default();
                rule.merge(Side { state: one, seen: &seen }, Side { state: other, seen: &seen })
            };
            if join(&states[0], &states[1]).is_none() {
                none.push(system.name);
                continue;
            }
            let join = |one: &Pack, other: &Pack| join(one, other).expect("this rule merges");
            let alike = |one: &Pack, other: &Pack| rule.read(one) == rule.read(other);
            for (place, a) in states.iter().enumerate() {
                let mut fails = |law| broken.push((system.name, law));
                if !alike(&join(a, a), a) {
                    fails("idempotent");
                }
                for b in &states[place..] {
                    if !alike(&join(a, b), &join(b, a)) {
                        fails("commutative");
                    }
                    if !states.iter().all(|c| alike(&join(&join(a, b), c), &join(a, &join(b, c)))) {
                        fails("associative");
                    }
                }
            }
        }
    }
    let none: BTreeSet<&str> = none.into_iter().collect();
    assert_eq!(
        none.into_iter().collect::<Vec<_>>(),
        [
            "goldengate-ignore",
            "goldengate-overwrite",
            "goldengate-usemax",
            "goldengate-usemaxeq",
            "mysql",
            "pgd",
            "pgd-vacuumed",
            "riak-last-write-wins",
            "spock",
            "spock-equal-tiebreakers",
        ]
    );
    let broken: BTreeSet<_> = broken.into_iter().collect();
    assert_eq!(broken.into_iter().collect::<Vec<_>>(), [("couchbase", "commutative"), ("riak-newest", "associative")]);
}

/// The possible states of a master after four writes: A writes a; A deletes it; B, having seen a, writes b; C writes c.
fn reachable(rule: &AnyRule, times: [u64; 4]) -> Vec<Pack> {
    let change = |before: &[&Change<Pack>], origin: u16, seq: u64, op: Op, time: u64| {
        let (dot, timestamp) = (Dot::new(MasterId(origin), seq), Timestamp::new(time, MasterId(origin)));
        let mut state = Pack::default();
        for change in before {
            rule.apply(&mut state, change);
        }
        // In the same way as `Replica::write`.
        let op = if rule.uses_wall_clock() { op.at(time) } else { op };
        let effect = rule.prepare(&state, op, dot, timestamp).unwrap();
        Change { dot, timestamp, key: "k".into(), effect }
    };
    let a = change(&[], 0, 1, Op::Set("a".into()), times[0]);
    let gone = change(&[&a], 0, 2, Op::Delete, times[1]);
    let b = change(&[&a], 1, 1, Op::Set("b".into()), times[2]);
    let c = change(&[], 2, 1, Op::Set("c".into()), times[3]);
    let mut states = vec![Pack::default()];
    let mut paths: Vec<(Vec<Dot>, Pack)> = vec![(Vec::new(), Pack::default())];
    while let Some((taken, state)) = paths.pop() {
        for change in [&a, &gone, &b, &c] {
            let ready = taken.contains(&a.dot) || *change == a || *change == c;
            if ready && !taken.contains(&change.dot) {
                let mut next = state.clone();
                rule.apply(&mut next, change);
                paths.push(([&taken[..], &[change.dot]].concat(), next.clone()));
                states.push(next);
            }
        }
    }
    states.sort();
    states.dedup();
    states
}
