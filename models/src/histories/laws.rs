//! Tests the laws of a rule on all small histories: [`check`].
//!
//! The merge of a state-based CRDT is a join: commutative, associative and idempotent, and writes are inflationary
//! (Shapiro et al., "Conflict-free replicated data types", SSS 2011). A rule need not be one, but a broken law and the
//! writes that break it say more than two masters that differ. The test needs no masters and no links, and takes
//! milliseconds.
//!
//! Two further laws are not about joins. A verdict found with small numbers and one key holds for all numbers and keys
//! only if the rule depends on the order of numbers alone, and not on the key.
//!
//! A *small history* is a causal history of up to three writes of one key at three masters, with the [`operations`] of
//! the rule's kind. Its states are those of a master at each of its cuts. All small histories are tested, fewest writes
//! first.

mod history;
mod readers;

use crate::histories::renumbered::{Otherwise, difference};
use crate::node::any_rule::{AnyRule, SerdeRule};
use crate::printed::{shown, shown_lines};
use history::{History, Seen, Write, has};
use multimaster::{Dot, Kind, MasterId, Op, Request, Resolver, Side, Timestamp};
use readers::told_apart;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

/// The hash key of this process's digests, which the author of a rule cannot know. Digests are compared only within a
/// process.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));

/// A law that a rule should keep for all writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Concurrent changes lead to the same state in either order, and two states merge to the same state either way
    /// round.
    Commutative,
    /// Three states merge to the same state, whichever two are merged first.
    Associative,
    /// A state merged with itself is unaltered.
    Idempotent,
    /// A state merged with one that reflects the same writes and more becomes the latter: later writes stay.
    Inflationary,
    /// Merging two states equals applying the changes of both. Not tested if the rule is not commutative, because
    /// applying then leads to several states.
    Agreeing,
    /// Applying a change a second time alters nothing. The protocol applies each change once, so a rule needs this law
    /// only under [at-least-once](crate::node::delivery::Delivery::AtLeastOnce) delivery.
    Repeatable,
    /// Readings and refusals depend only on the order of Lamport times, of each master's sequence numbers and of
    /// wall-clock times, as long as clocks are right. (Sequence numbers of different masters have no order.) A verdict
    /// found with small numbers then holds for large ones. A rule that measures the distance of two times breaks this
    /// law on purpose, and is judged for small distances only.
    OrderOnly,
    /// Readings do not depend on the key; tested for a few keys, with two writes. A verdict found for one key then
    /// holds for the others.
    KeyBlind,
}

impl Law {
    /// All laws, in order.
    pub const ALL: [Law; 8] = [
        Law::Commutative,
        Law::Associative,
        Law::Idempotent,
        Law::Inflationary,
        Law::Agreeing,
        Law::Repeatable,
        Law::OrderOnly,
        Law::KeyBlind,
    ];

    /// Whether verdicts over [histories](crate::histories) rest on this law: without it, a verdict covers only the keys
    /// and times that were tested.
    pub fn limits_histories(self) -> bool {
        matches!(self, Law::OrderOnly | Law::KeyBlind)
    }

    /// The law's name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Law::Commutative => "commutative",
            Law::Associative => "associative",
            Law::Idempotent => "idempotent",
            Law::Inflationary => "inflationary",
            Law::Agreeing => "merge as apply",
            Law::Repeatable => "repeatable",
            Law::OrderOnly => "order only",
            Law::KeyBlind => "key blind",
        }
    }
}

/// A broken law, with the fewest writes that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The law.
    pub law: Law,
    /// The writes, each with its causal past.
    pub writes: Vec<String>,
    /// The two results that differ.
    pub differs: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes: Vec<String> = self.writes.iter().map(|write| shown(write)).collect();
        write!(f, "not {}: {}\n    {}", self.law.name(), writes.join("; "), shown_lines(&self.differs))
    }
}

/// The result of testing the laws.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Each law that is broken, in the order of [`Law::ALL`].
    pub broken: Vec<Broken>,
    /// The number of histories tested.
    pub histories: usize,
    /// Whether the rule merges states at all. If not, four of the laws do not apply.
    pub merges: bool,
    /// The size of the largest state found, by `measure`.
    pub bytes: usize,
    /// A digest of all states found. It is reproducible only within this process.
    pub digest: u64,
}

/// The most writes of a history.
const WRITES: usize = 3;

/// The key of all writes.
const KEY: &str = "k";

/// The master of all states: it writes nothing itself, so that it can receive the changes in every order.
const READER: MasterId = MasterId(3);

/// A master that writes once more, to tell two states apart.
const ELSEWHERE: MasterId = MasterId(4);

/// The variations of histories of so many writes that must read the same.
const OTHERWISE: [(Law, usize, Otherwise<'_>); 6] = [
    (Law::OrderOnly, WRITES, Otherwise::Spread(1)),
    (Law::OrderOnly, WRITES, Otherwise::Spread(2)),
    (Law::OrderOnly, WRITES, Otherwise::Spread(3)),
    (Law::KeyBlind, 2, Otherwise::Key("other")),
    (Law::KeyBlind, 2, Otherwise::Key("7")),
    (Law::KeyBlind, 2, Otherwise::Key("a/b:c")),
];

/// Tests all small histories. `rule` gives each master's rule; `measure` gives the size of a state.
pub fn check<R: SerdeRule>(rule: &dyn Fn(MasterId) -> R, measure: fn(&R::State) -> usize) -> Findings {
    check_on(operations(&rule(MasterId(0))), rule, measure)
}

/// As [`check`], with these operations. The number of histories grows with the cube of their number.
pub fn check_on<R: SerdeRule>(
    operations: Vec<Op>,
    rule: &dyn Fn(MasterId) -> R,
    measure: fn(&R::State) -> usize,
) -> Findings {
    let mut checker = Checker::new(operations, rule, measure);
    let mut histories = vec![History { writes: Vec::new(), states: BTreeMap::from([(0, R::State::default())]) }];
    for _ in 0..WRITES {
        let mut longer = Vec::new();
        for history in &histories {
            checker.extend(history, &mut longer);
        }
        histories = longer;
    }
    checker.try_otherwise(rule);
    let Checker { broken, tried, merges, bytes, digest, .. } = checker;
    Findings { broken: broken.into_values().collect(), histories: tried, merges, bytes, digest: digest.finish() }
}

/// A few operations that `rule` accepts: two values, and their removal. For a map, on fields of the kind that the rule
/// accepts.
pub fn operations<R: Resolver>(rule: &R) -> Vec<Op> {
    if rule.kind() != Kind::Map {
        return parsed(of_kind(rule.kind()));
    }
    let (dot, timestamp) = (Dot::new(READER, 1), Timestamp::new(1, READER));
    let taken = |op: &Op| rule.prepare(&R::State::default(), op.clone(), dot, timestamp).is_ok();
    // Of equals, the first.
    let fields = FIELDS.into_iter().map(parsed).rev();
    fields.max_by_key(|operations| operations.iter().filter(|op| taken(op)).count()).unwrap_or_default()
}

/// Operations on fields of a map: registers, counters, and sets.
const FIELDS: [&[&str]; 3] = [
    &["in k, set f = 1", "in k, set f = 2", "remove f from k"],
    &["in k, add 1 to f", "in k, subtract 2 from f", "remove f from k"],
    &["in k, insert x into f", "in k, remove x from f", "remove f from k"],
];

fn of_kind(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Register => &["set k = 1", "set k = 2", "delete k"],
        Kind::Counter => &["add 1 to k", "subtract 2 from k"],
        Kind::GrowOnlyCounter => &["add 1 to k", "add 2 to k"],
        Kind::BoundedCounter => &["add 2 to k", "subtract 1 from k", "transfer 1 of k to B"],
        Kind::DeletableCounter => &["add 1 to k", "delete k"],
        Kind::Set => &["insert x into k", "remove x from k"],
        Kind::GrowOnlySet => &["insert x into k", "insert y into k"],
        Kind::Flag => &["enable k", "disable k"],
        Kind::Maximum => &["raise k to 1", "raise k to 2"],
        Kind::Minimum => &["lower k to 1", "lower k to 2"],
        Kind::Map => FIELDS[0],
        // A kind that a newer library has.
        _ => &[],
    }
}

fn parsed(texts: &[&str]) -> Vec<Op> {
    texts.iter().filter_map(|text| text.parse().ok()).map(|request: Request| request.op).collect()
}

/// A state, and the writes that it reflects.
type Of<'a, R> = (Seen, &'a <R as Resolver>::State);

struct Checker<R: SerdeRule> {
    /// The rules of the writers A, B and C, and of the reader.
    rules: [R; 4],
    operations: Vec<Op>,
    broken: BTreeMap<Law, Broken>,
    tried: usize,
    merges: bool,
    measure: fn(&R::State) -> usize,
    bytes: usize,
    digest: foldhash::quality::FoldHasher<'static>,
}

impl<R: SerdeRule> Checker<R> {
    fn new(operations: Vec<Op>, rule: &dyn Fn(MasterId) -> R, measure: fn(&R::State) -> usize) -> Checker<R> {
        let rules = [MasterId(0), MasterId(1), MasterId(2), READER].map(rule);
        let digest = foldhash::quality::FixedState::with_seed(*SEED).build_hasher();
        Checker { operations, broken: BTreeMap::new(), tried: 0, merges: true, measure, bytes: 0, digest, rules }
    }

    /// Tests the histories with other numbers and under other keys.
    fn try_otherwise(&mut self, rule: &dyn Fn(MasterId) -> R) {
        let rules = [0, 1, 2].map(|at| AnyRule::new(rule(MasterId(at))));
        for (law, writes, otherwise) in OTHERWISE {
            if !self.broken.contains_key(&law)
                && let Some(found) = difference(&rules, &self.operations, writes, otherwise)
            {
                let [first, second] = found.differs;
                let differs = format!("{first}\n    {second}");
                self.broken.insert(law, Broken { law, writes: found.writes, differs });
            }
        }
    }

    /// Extends the history by each possible next write.
    fn extend(&mut self, history: &History<R>, longer: &mut Vec<History<R>>) {
        for at in 0..READER.index() {
            for past in history.states.keys().copied().filter(|past| history.can_write(at, *past)) {
                for op in self.operations.clone() {
                    if let Some(next) = self.written(history, at, past, op) {
                        self.tried += 1;
                        self.judge(&next);
                        longer.push(next);
                    }
                }
            }
        }
    }

    /// The history with this write, unless the rule refuses it.
    fn written(&mut self, history: &History<R>, at: usize, past: Seen, op: Op) -> Option<History<R>> {
        let origin = MasterId(at as u16);
        let change = history.next(&self.rules[at], &history.states[&past], &op, origin, past, 0)?;
        let place = history.writes.len();
        let copied = |write: &Write<R::Effect>| Write { change: write.change.clone(), op: write.op.clone(), ..*write };
        let mut writes: Vec<_> = history.writes.iter().map(copied).collect();
        writes.push(Write { change, op, past });
        let mut next = History { writes, states: history.states.clone() };
        // In the order of size, so that the states with one change less are there.
        for old in history.states.keys().filter(|old| *old & past == past) {
            let seen = old | (1 << place);
            let left = self.apply(&next, *old, place);
            next.states.insert(seen, left);
        }
        Some(next)
    }

    fn apply(&self, history: &History<R>, seen: Seen, write: usize) -> R::State {
        let mut state = history.states[&seen].clone();
        self.rules[3].apply(&mut state, &history.writes[write].change);
        state
    }

    fn merge(&self, history: &History<R>, one: Of<'_, R>, other: Of<'_, R>) -> Option<R::State> {
        let (ours, theirs) = (history.vector(one.0), history.vector(other.0));
        self.rules[3].merge(Side { state: one.1, seen: &ours }, Side { state: other.1, seen: &theirs })
    }

    /// Tests the laws on all states that the newest write adds.
    fn judge(&mut self, history: &History<R>) {
        let newest = history.writes.len() - 1;
        let states: Vec<(Seen, &R::State)> = history.states.iter().map(|(seen, state)| (*seen, state)).collect();
        self.bytes = states.iter().map(|(_, state)| (self.measure)(state)).chain([self.bytes]).max().unwrap_or(0);
        for (seen, state) in states.iter().filter(|(seen, _)| has(*seen, newest)) {
            (state, self.rules[3].read(state)).hash(&mut self.digest);
            self.applied(history, *seen, state);
        }
        // The merge of every two states, by index.
        let mut pairs: Vec<Vec<R::State>> = Vec::new();
        for one in &states {
            let row: Option<_> = states.iter().map(|other| self.merge(history, *one, *other)).collect();
            match row {
                Some(row) => pairs.push(row),
                None => return self.merges = false,
            }
        }
        for (i, one) in states.iter().enumerate().filter(|(_, (seen, _))| has(*seen, newest)) {
            let with_itself = || ("kept".into(), format!("what {} leaves, merged with itself", history.dots(one.0)));
            self.compare(Law::Idempotent, history, (one.1, &pairs[i][i]), with_itself);
            for (j, other) in states.iter().enumerate().filter(|(j, _)| *j != i) {
                self.merged(history, [*one, *other], [&pairs[i][j], &pairs[j][i]]);
                for (k, third) in states.iter().enumerate().filter(|(k, _)| *k > j && *k != i) {
                    self.merged_in_threes(history, [*one, *other, *third], [&pairs[i][j], &pairs[j][k]]);
                }
            }
        }
    }

    /// Tests one state: reached in every order, and with a change applied again.
    fn applied(&mut self, history: &History<R>, seen: Seen, state: &R::State) {
        for last in (0..history.writes.len()).filter(|last| has(seen, *last)) {
            let before = seen & !(1 << last);
            // No seen write has it in its causal past.
            if history.states.contains_key(&before) {
                let other_way = self.apply(history, before, last);
                let orders = || {
                    let dot = history.writes[last].change.dot;
                    (format!("{} in this order", history.dots(seen)), format!("{dot} after {}", history.dots(before)))
                };
                self.compare(Law::Commutative, history, (state, &other_way), orders);
            }
            let again = self.apply(history, seen, last);
            let twice = || (history.dots(seen), format!("{} once more", history.writes[last].change.dot));
            self.compare(Law::Repeatable, history, (state, &again), twice);
        }
    }

    fn merged(&mut self, history: &History<R>, [one, other]: [Of<'_, R>; 2], [both, swapped]: [&R::State; 2]) {
        let names = || [one, other].map(|(seen, _)| history.dots(seen));
        let ways = || {
            let [here, there] = names();
            (format!("{here} merged with {there}"), format!("{there} merged with {here}"))
        };
        self.compare(Law::Commutative, history, (both, swapped), ways);
        if other.0 & one.0 == other.0 {
            let ways = || {
                let [here, there] = names();
                (format!("what {here} leaves"), format!("merged with what {there} leaves"))
            };
            self.compare(Law::Inflationary, history, (one.1, both), ways);
        } else if !self.broken.contains_key(&Law::Commutative)
            && let Some(applied) = history.states.get(&(one.0 | other.0))
        {
            let ways = || (format!("all of {} applied", names().join(" and ")), "merged".into());
            self.compare(Law::Agreeing, history, (applied, both), ways);
        }
    }

    fn merged_in_threes(&mut self, history: &History<R>, [a, b, c]: [Of<'_, R>; 3], [ab, bc]: [&R::State; 2]) {
        if self.broken.contains_key(&Law::Associative) {
            return;
        }
        let left = self.merge(history, (a.0 | b.0, ab), c);
        let right = self.merge(history, a, (b.0 | c.0, bc));
        if let (Some(left), Some(right)) = (left, right) {
            let ways = || {
                let [a, b, c] = [a, b, c].map(|(seen, _)| history.dots(seen));
                (format!("({a} with {b}) with {c}"), format!("{a} with ({b} with {c})"))
            };
            self.compare(Law::Associative, history, (&left, &right), ways);
        }
    }

    /// Records the law as broken, unless it is already.
    fn compare(
        &mut self,
        law: Law,
        history: &History<R>,
        (one, other): (&R::State, &R::State),
        ways: impl FnOnce() -> (String, String),
    ) {
        if one == other || self.broken.contains_key(&law) {
            return;
        }
        if let Some(told) = told_apart(&self.rules[3], &self.operations, history, one, other) {
            let (first, second) = ways();
            let differs = format!("{first}: {}\n    {second}: {}", told.0, told.1);
            self.broken.insert(law, Broken { law, writes: history.in_words(), differs });
        }
    }
}
