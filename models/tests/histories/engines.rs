//! Scripts for both engines. A script has the requests of each master's clients. One engine judges the histories of the
//! script, the other explores the network in which the clients make the requests. The verdicts and the lengths of the
//! shortest schedules must be the same.

use fastrand::Rng;
use multimaster::{Kind, MasterId, Request, Topology};
use multimaster_models::check::engine::{Limits, Verdict};
use multimaster_models::histories::{ASKED, Bounds, ByScript, Script, Times};
use multimaster_models::node::delivery::Delivery;
use multimaster_models::scope::{Client, Clocks, LinkKind, Scope};
use multimaster_models::verify::rules::{self, Rule};
use std::fmt;

const SEED: u64 = 20_26;

/// The fewest steps that violate each tested property.
type Steps = [Option<usize>; ASKED.len()];

/// Scripts of this number of writes at this number of masters.
#[derive(Clone, Copy, Debug)]
struct Shape {
    masters: u16,
    writes: usize,
    delivery: Delivery,
    two_keys: bool,
    times: Times,
    snapshots: bool,
}

/// The number of comparisons.
#[derive(Default)]
struct Compared {
    scripts: usize,
    verdicts: usize,
    violated: usize,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared { scripts, verdicts, violated } = self;
        write!(f, "{scripts} scripts, {verdicts} verdicts alike, {violated} of them violations; seed {SEED}")
    }
}

impl Shape {
    fn bounds(self, one_key: Vec<Request>, two_keys: Vec<Request>) -> Bounds {
        let Shape { masters, writes, delivery, times, .. } = self;
        let requests = if self.two_keys { two_keys } else { one_key };
        Bounds { delivery, times, snapshots: self.snapshots, ..Bounds::new(masters, writes, requests) }
    }

    /// The network in which clients make these requests.
    fn scope(self, requests: &[Request], script: &Script) -> Scope {
        let ask = |(place, wall): &(usize, Option<u64>)| -> Request {
            let request = &requests[*place];
            let timed = wall.map_or_else(|| request.to_string(), |wall| format!("at {wall}, {request}"));
            timed.parse().expect("a request is spelled as it is read")
        };
        let clients = (0..).zip(script).filter(|(_, asks)| !asks.is_empty());
        Scope {
            log: self.snapshots.then_some(0),
            clients: clients
                .map(|(at, asks)| Client { at: MasterId(at), requests: asks.iter().map(ask).collect() })
                .collect(),
            clocks: if matches!(self.times, Times::Any(_)) { Clocks::Free } else { Clocks::Right },
            ..Scope::new(
                Topology::all_to_all(self.masters).expect("two or three masters"),
                match self.delivery {
                    _ if self.snapshots => LinkKind::Datagram { losses: 1, duplicates: 0 },
                    Delivery::Causal => LinkKind::Stream { resets: 0 },
                    Delivery::Unordered => LinkKind::Datagram { losses: 0, duplicates: 0 },
                    Delivery::AtLeastOnce => LinkKind::Datagram { losses: 0, duplicates: 1 },
                },
            )
        }
    }

    /// Whether histories allow more than a network. Then each violation in the network must be a violation over
    /// histories, but not the reverse.
    fn allows_more(self) -> bool {
        self.snapshots || self.delivery == Delivery::AtLeastOnce
    }

    /// A random script of this shape: any masters, any requests, and any times if the shape has times.
    fn any_script(self, rng: &mut Rng, requests: usize) -> Script {
        let mut script = vec![Vec::new(); usize::from(self.masters)];
        for _ in 0..self.writes {
            let wall = if let Times::Any(last) = self.times { Some(rng.u64(1..=last)) } else { None };
            script[rng.usize(0..usize::from(self.masters))].push((rng.usize(0..requests), wall));
        }
        script
    }
}

/// The verdicts of the exploration.
fn explored(rule: &Rule, delivery: Delivery, scope: Scope) -> Steps {
    let report = rule.build(scope, delivery).explore(Limits::default(), &mut |_, _| {});
    assert!(report.cut.is_none(), "{}", rule.name);
    ASKED.map(|property| match report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => Some(path.len()),
        _ => None,
    })
}

fn fewest(one: Steps, other: Steps) -> Steps {
    let mut steps = one;
    for (step, other) in steps.iter_mut().zip(other) {
        *step = [*step, other].into_iter().flatten().min();
    }
    steps
}

/// The prefixes of this script.
fn beginnings(script: &Script) -> Vec<Script> {
    let mut beginnings = vec![Script::new()];
    for asks in script {
        let longer = beginnings
            .iter()
            .flat_map(|begun| (0..=asks.len()).map(|taken| [begun.as_slice(), &[asks[..taken].to_vec()]].concat()));
        beginnings = longer.collect();
    }
    beginnings
}

/// The verdicts over the script's histories; `None` if a request can be refused.
fn over_histories(by_script: &ByScript, script: &Script) -> Option<Steps> {
    let beginnings = beginnings(script);
    if beginnings.iter().any(|begun| by_script.refused.contains(begun)) {
        return None;
    }
    let known = beginnings.iter().filter_map(|begun| by_script.shortest.get(begun));
    Some(known.fold(Steps::default(), |steps, known| fewest(steps, *known)))
}

/// The same scripts, with all times.
fn without_times(by_script: ByScript) -> ByScript {
    let untimed = |script: Script| -> Script {
        script.iter().map(|asks| asks.iter().map(|(op, _)| (*op, None)).collect()).collect()
    };
    let mut stripped = ByScript::default();
    for (script, steps) in by_script.shortest {
        let known = stripped.shortest.entry(untimed(script)).or_default();
        *known = fewest(*known, steps);
    }
    stripped.refused = by_script.refused.into_iter().map(untimed).collect();
    stripped
}

/// A script in which no request can be refused, with its verdicts over histories. (Histories have writes, but no
/// refused requests.) `None` if such scripts are too rare.
fn any_told(shape: Shape, rng: &mut Rng, requests: usize, by_script: &ByScript) -> Option<(Script, Steps)> {
    (0..100).find_map(|_| {
        let script = shape.any_script(rng, requests);
        over_histories(by_script, &script).map(|steps| (script, steps))
    })
}

/// Compares both engines on some scripts of the shape.
fn compare(rule: &Rule, shape: Shape, scripts: usize, rng: &mut Rng, compared: &mut Compared) {
    let (report, by_script) = rule.each_script(|one, two| shape.bounds(one, two)).expect("the bounds are right");
    let by_script = if shape.times == Times::Lamport { without_times(by_script) } else { by_script };
    let requests = &report.bounds.requests;
    for _ in 0..scripts {
        let told = any_told(shape, rng, requests.len(), &by_script);
        let Some((script, over_histories)) = told else { continue };
        let explored = explored(rule, shape.delivery, shape.scope(requests, &script));
        compared.note(rule, shape, &script, explored, over_histories);
    }
}

/// Compares both engines on some scripts, each with all times that right clocks can show. The time in a request is the
/// earliest time of its write, so one verdict over histories is compared with all times together.
fn compare_under_right_clocks(rule: &Rule, shape: Shape, scripts: usize, rng: &mut Rng, compared: &mut Compared) {
    let Times::Right(last) = shape.times else { panic!("right clocks") };
    let (report, by_script) = rule.each_script(|one, two| shape.bounds(one, two)).expect("the bounds are right");
    let by_script = without_times(by_script);
    let requests = &report.bounds.requests;
    for _ in 0..scripts {
        let told = any_told(shape, rng, requests.len(), &by_script);
        let Some((script, over_histories)) = told else { continue };
        let mut steps = Steps::default();
        let all = last.pow(shape.writes as u32);
        for mut times in 0..all {
            let mut timed = script.clone();
            for (_, wall) in timed.iter_mut().flatten() {
                *wall = Some(times % last + 1);
                times /= last;
            }
            steps = fewest(steps, explored(rule, shape.delivery, shape.scope(requests, &timed)));
        }
        compared.scripts += all as usize - 1;
        compared.note(rule, shape, &script, steps, over_histories);
    }
}

impl Compared {
    fn note(&mut self, rule: &Rule, shape: Shape, script: &Script, explored: Steps, over_histories: Steps) {
        let told = |steps: Steps| ASKED.into_iter().zip(steps).collect::<Vec<_>>();
        let found = |(one, other): (Option<usize>, Option<usize>)| one.is_none() || other.is_some();
        let alike = match shape.allows_more() {
            true => explored.into_iter().zip(over_histories).all(found),
            false => explored == over_histories,
        };
        assert!(
            alike,
            "{}: {shape:?}, script {script:?}, seed {SEED}\nnetworks  {:?}\nhistories {:?}",
            rule.name,
            told(explored),
            told(over_histories)
        );
        self.scripts += 1;
        self.verdicts += ASKED.len();
        self.violated += explored.iter().flatten().count();
    }
}

const ONE_KEY: Shape = Shape {
    masters: 2,
    writes: 4,
    delivery: Delivery::Causal,
    two_keys: false,
    times: Times::Lamport,
    snapshots: false,
};
const THREE: Shape = Shape { masters: 3, writes: 3, ..ONE_KEY };

/// Shapes, each with the number of scripts for each rule.
fn compare_all(shapes: &[(Shape, usize)]) -> Compared {
    let mut rng = Rng::with_seed(SEED);
    let mut compared = Compared::default();
    for rule in rules::all() {
        for (shape, scripts) in shapes {
            // Histories repeat one change at a time. A network can repeat more, and then the stock is oversold.
            if shape.delivery == Delivery::AtLeastOnce && rule.kind() == Kind::BoundedCounter {
                continue;
            }
            match shape.times {
                Times::Lamport => compare(&rule, *shape, *scripts, &mut rng, &mut compared),
                _ if !rule.rule.uses_wall_clock() => {}
                Times::Any(_) => compare(&rule, *shape, *scripts, &mut rng, &mut compared),
                Times::Right(_) => compare_under_right_clocks(&rule, *shape, *scripts, &mut rng, &mut compared),
            }
        }
    }
    println!("{compared}");
    compared
}

#[test]
fn both_engines_say_the_same_of_scripts() {
    let unordered = |shape| Shape { delivery: Delivery::Unordered, ..shape };
    let compared = compare_all(&[
        (ONE_KEY, 35),
        (Shape { two_keys: true, ..ONE_KEY }, 12),
        (THREE, 15),
        (unordered(THREE), 12),
        (Shape { writes: 3, times: Times::Any(3), ..ONE_KEY }, 30),
        (Shape { writes: 3, times: Times::Right(3), ..ONE_KEY }, 3),
        (Shape { writes: 3, delivery: Delivery::AtLeastOnce, ..ONE_KEY }, 5),
        (Shape { writes: 3, snapshots: true, ..ONE_KEY }, 5),
    ]);
    assert!(compared.scripts >= 5_000, "{compared}");
    assert!(compared.violated >= 2_000, "{compared}");
}

/// By hand: `cargo test --release -p multimaster-models --test all histories:: -- --ignored --nocapture`. It has not been run
/// to its end yet: it was stopped after 3.5 minutes of CPU time, without a mismatch until then.
#[test]
#[ignore = "more than 3.5 minutes in a release build"]
fn both_engines_say_the_same_of_many_longer_scripts() {
    let unordered = |shape| Shape { delivery: Delivery::Unordered, ..shape };
    let five = Shape { writes: 5, ..ONE_KEY };
    let four = Shape { writes: 4, ..THREE };
    compare_all(&[
        (five, 300),
        (Shape { two_keys: true, ..five }, 100),
        (four, 60),
        (Shape { two_keys: true, ..four }, 20),
        (unordered(five), 60),
        (unordered(four), 15),
        (Shape { times: Times::Any(4), ..ONE_KEY }, 200),
        (Shape { times: Times::Any(3), ..THREE }, 100),
        (Shape { times: Times::Right(4), ..ONE_KEY }, 5),
        (Shape { times: Times::Right(3), ..THREE }, 10),
        (Shape { delivery: Delivery::AtLeastOnce, ..ONE_KEY }, 100),
        (Shape { delivery: Delivery::AtLeastOnce, ..THREE }, 20),
        (Shape { snapshots: true, ..ONE_KEY }, 100),
        (Shape { writes: 2, snapshots: true, ..THREE }, 20),
    ]);
}
