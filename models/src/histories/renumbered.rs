//! Tests whether a rule reads the same if a history has other numbers, or another key: [`difference`].
//!
//! Every history of a few writes is enumerated twice, in lockstep. The second time it has another key, or its times and
//! sequence numbers are far apart in the same order, as after many writes of other keys. A rule that only compares
//! numbers reads the same in both.

use super::lattice::{Circumstances, Cut, Dense, Lattice, Next, Spread, Written, places};
use crate::node::any_rule::AnyRule;
use crate::node::delivery::Delivery;
use fastrand::Rng;
use multimaster::{Key, MasterId, Op, Reading, Request, Resolver};
use std::fmt::Write;
use std::iter;

/// How the second enumeration differs from the first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Otherwise<'a> {
    /// All writes are of this key.
    Key(&'a str),
    /// The Lamport times, each master's sequence numbers and the wall-clock times are random increasing sequences, with
    /// gaps of up to 2³¹, determined by this seed.
    Spread(u64),
}

/// A history whose readings differ.
pub(crate) struct Difference {
    /// The writes, as in the first enumeration.
    pub(crate) writes: Vec<String>,
    /// The result of each enumeration.
    pub(crate) differs: [String; 2],
}

/// A shortest history of at most `writes` writes whose readings or refusals differ. `rules` are those of all writers,
/// which may differ; clocks are right.
pub(crate) fn difference(
    rules: &[AnyRule],
    operations: &[Op],
    writes: usize,
    otherwise: Otherwise<'_>,
) -> Option<Difference> {
    (1..=writes).find_map(|writes| Pair::new(rules, operations, writes, otherwise).extend())
}

/// The key of the first enumeration.
const KEY: &str = "k";

struct Pair {
    lattices: [Lattice; 2],
    keys: [Key; 2],
    writes: usize,
    uses_clocks: bool,
    seed: Option<u64>,
}

impl Pair {
    fn new(rules: &[AnyRule], operations: &[Op], writes: usize, otherwise: Otherwise<'_>) -> Pair {
        let (key, seed) = match otherwise {
            Otherwise::Key(key) => (key, None),
            Otherwise::Spread(seed) => (KEY, Some(seed)),
        };
        let keys = [KEY, key].map(Key::from);
        let spreads: [Box<dyn Spread>; 2] = [
            Box::new(Dense),
            seed.map_or_else(|| Box::new(Dense) as _, |seed| Box::new(Gaps::new(seed, rules.len(), writes)) as _),
        ];
        let alphabet: Vec<(usize, Op)> = operations.iter().map(|op| (0, op.clone())).collect();
        let mut spreads = spreads.into_iter();
        let lattices = keys.each_ref().map(|key| {
            let around = Circumstances {
                masters: rules.len(),
                delivery: Delivery::Causal,
                snapshots: false,
                by_master: true,
                spread: spreads.next().expect("one for each"),
            };
            Lattice::new(AnyRule::numbered(rules, vec![key.clone()]), around, alphabet.clone(), writes)
        });
        Pair { lattices, keys, writes, uses_clocks: rules[0].uses_wall_clock(), seed }
    }

    /// The first history of exactly the most writes that differs and extends the present one.
    fn extend(&mut self) -> Option<Difference> {
        for at in 0..self.lattices[0].masters() {
            for place in 0..self.lattices[0].cuts().len() {
                let seen = self.lattices[0].cuts()[place];
                if !self.lattices[0].can_write(at, seen) {
                    continue;
                }
                // Clocks are right. Wrong clocks would show more than an order to a rule with a clock of its own, which
                // counts on from its time.
                let wall = self.uses_clocks.then(|| self.lattices[0].time_after(seen));
                for op in 0..self.lattices[0].alphabet.len() {
                    let found = self.extend_by(Next { at, seen, op, wall });
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        None
    }

    fn extend_by(&mut self, next: Next) -> Option<Difference> {
        // States are numbered in the order of discovery: equal sequences of states have equal numbers.
        let [first, second] = self.lattices.each_mut().map(|lattice| {
            let mut written = lattice.written(next);
            written.sort_by(|one, other| one.from.cmp(&other.from));
            written
        });
        if !first.iter().map(|write| &write.from).eq(second.iter().map(|write| &write.from)) {
            return Some(self.written_otherwise(next, [first.len(), second.len()]));
        }
        for written in iter::zip(first, second) {
            self.push(written.into());
            let found =
                if self.lattices[0].writes.len() == self.writes { self.read_otherwise() } else { self.extend() };
            self.lattices.iter_mut().for_each(Lattice::pop);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn push(&mut self, written: [Written; 2]) {
        iter::zip(&mut self.lattices, written).for_each(|(lattice, write)| lattice.push(write));
    }

    /// The possible readings of the master that has seen the whole history.
    fn read_otherwise(&mut self) -> Option<Difference> {
        let all = self.lattices[0].all();
        let masters: Vec<usize> =
            (0..self.lattices[0].masters()).filter(|at| self.lattices[0].can_be(*at, all)).collect();
        let at = masters.into_iter().find(|at| {
            let [first, second] = self.lattices.each_mut().map(|lattice| readings(lattice, *at, all));
            first != second
        })?;
        let reads = self.lattices.each_mut().map(|lattice| {
            let readings: Vec<String> = readings(lattice, at, all).iter().map(Reading::to_string).collect();
            format!("{} reads {}", MasterId(at as u16), readings.join(" or "))
        });
        Some(self.told(None, reads))
    }

    fn written_otherwise(&self, next: Next, changes: [usize; 2]) -> Difference {
        let does = changes.map(|changes| match changes {
            0 => "the last is refused".to_owned(),
            1 => "the last makes one change".to_owned(),
            _ => format!("the last makes {changes} different changes, by what its master keeps"),
        });
        self.told(Some(next), does)
    }

    /// Extends the history by one write.
    fn told(&self, next: Option<Next>, does: [String; 2]) -> Difference {
        let lattice = &self.lattices[0];
        let dots = |cut: Cut| {
            let dots: Vec<String> = places(cut).map(|place| lattice.writes[place].dot.to_string()).collect();
            if dots.is_empty() { "nothing".to_owned() } else { dots.join(" ") }
        };
        let request = |op: usize| Request { key: self.keys[0].clone(), op: lattice.alphabet[op].1.clone() };
        let made = lattice.writes.iter().map(|write| (write.dot.to_string(), write.op, write.seen));
        let last = next.map(|next| (format!("then {}", MasterId(next.at as u16)), next.op, next.seen));
        let writes =
            made.chain(last).map(|(name, op, seen)| format!("{name} = `{}` after {}", request(op), dots(seen)));
        let writes = writes.collect();
        let [first, second] = [0, 1].map(|which| format!("{}: {}", self.numbers(which), does[which]));
        let seed = self.seed.map(|seed| format!(" (seed {seed})")).unwrap_or_default();
        Difference { writes, differs: [first, format!("{second}{seed}")] }
    }

    /// The key, or the numbers, of all writes.
    fn numbers(&self, which: usize) -> String {
        if self.seed.is_none() {
            return format!("under the key `{}`", self.keys[which]);
        }
        let mut text = String::from("with ");
        for (place, write) in self.lattices[which].writes.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{} at time {}", write.dot, write.timestamp.time());
            if let Some(wall) = write.wall {
                let _ = write!(text, " and clock {}", self.lattices[which].shown_wall(wall));
            }
        }
        text
    }
}

/// The distinct possible readings of the master.
fn readings(lattice: &mut Lattice, at: usize, cut: Cut) -> Vec<Reading> {
    let states = lattice.states(at, cut).to_vec();
    let mut readings: Vec<Reading> = states
        .into_iter()
        .map(|state| {
            let reading = lattice.rule.read(state);
            lattice.rule.reading(reading)[0].clone()
        })
        .collect();
    readings.sort();
    readings.dedup();
    readings
}

/// Increasing numbers with random gaps.
struct Gaps {
    times: Vec<u64>,
    seqs: Vec<Vec<u64>>,
    walls: Vec<u64>,
}

impl Gaps {
    fn new(seed: u64, masters: usize, writes: usize) -> Gaps {
        let mut random = Rng::with_seed(seed);
        let mut increasing = || {
            // Gaps of every order of magnitude.
            let gaps = iter::repeat_with(|| {
                let magnitude = random.u32(..32);
                1 + random.u64(..1 << magnitude)
            });
            let numbers = gaps.scan(0, |last, gap| {
                *last += gap;
                Some(*last)
            });
            iter::once(0).chain(numbers).take(writes + 1).collect()
        };
        Gaps { times: increasing(), walls: increasing(), seqs: iter::repeat_with(increasing).take(masters).collect() }
    }
}

impl Spread for Gaps {
    fn time(&self, time: u64) -> u64 {
        self.times[time as usize]
    }

    fn seq(&self, at: usize, seq: u64) -> u64 {
        self.seqs[at][seq as usize]
    }

    fn wall(&self, wall: u64) -> u64 {
        self.walls[wall as usize]
    }
}
