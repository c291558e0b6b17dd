//! Your own rule: [`verify`] it in a test of your own crate.

use crate::check::{Counterexample, counterexamples};
use crate::cluster::Cluster;
use crate::engine::{Limits, Verdict};
use crate::erased::Erased;
use crate::properties as p;
use crate::scope::{Client, Free, Link, Scope};
use crate::specification::Specification;
use crate::table;
use crate::trace::Trace;
use multimaster::{Kind, MasterId, Resolver, Topology};
use std::fmt;
use std::path::PathBuf;

/// The environment variable that names a trace to be replayed instead of exploring.
pub const REPLAY: &str = "MULTIMASTER_REPLAY";

/// Checks `rule` over all topologies and kinds of link, and panics with the shortest schedule if it does not converge or
/// loses a write that nothing competed with. Losing one of two concurrent writes is allowed: see
/// [`lossless`](Verify::lossless).
///
/// ```
/// use multimaster::{Custom, Keep, Version};
///
/// // Of two concurrent values the longer one is kept.
/// let longest = |a: &Version, b: &Version| {
///     let length = |version: &Version| version.value.as_ref().map_or(0, |value| value.len());
///     if length(b) > length(a) { Keep::Second } else { Keep::First }
/// };
/// multimaster_models::verify(Custom(longest));
/// ```
///
/// # Panics
/// With the schedule, what each master reads on the way, and the command that replays it.
#[track_caller]
pub fn verify<R: Resolver>(rule: R) {
    if let Err(failure) = Verify::rule(rule).run() {
        panic!("{failure}");
    }
}

/// What [`verify`] does, to be narrowed or widened.
pub struct Verify<R: Resolver> {
    rule: R,
    specification: Option<Specification>,
    worlds: Vec<World>,
    demands: Vec<&'static str>,
    limits: Limits,
}

/// A scope and the name under which a trace finds it again.
#[derive(Clone, Debug)]
struct World {
    name: String,
    scope: Scope,
}

/// What was explored, for a rule that passed.
#[derive(Clone, Debug)]
pub struct Passed {
    /// How many scopes.
    pub scopes: usize,
    /// Distinct states in all of them.
    pub states: usize,
}

/// Why a rule did not pass.
#[derive(Debug)]
pub enum Failure {
    /// A property is violated; of all schedules that show one, the shortest.
    Violated {
        /// The scope.
        world: String,
        /// The schedule.
        example: Box<Counterexample>,
        /// Where it was written, if it could be.
        file: Option<PathBuf>,
    },
    /// A scope could not be exhausted: nothing is known.
    NotExhausted(String),
    /// What makes a test of a scope was never reached in it.
    Vacuous {
        /// The scope.
        world: String,
        /// The witness.
        witness: &'static str,
    },
    /// A trace was replayed instead, and violates nothing that is demanded: the report.
    Replayed(String),
    /// The trace to be replayed is not right.
    Trace(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Violated { world, example, file } => {
                write!(f, "\n{}\n", table::counterexample(world, example))?;
                let Some(file) = file else {
                    return write!(f, "the trace:\n{}", example.trace);
                };
                let test = this_test();
                writeln!(f, "  picture: {}", file.with_extension("svg").display())?;
                writeln!(f, "  replay:  {REPLAY}={} cargo test {test}", file.display())
            }
            Failure::NotExhausted(world) => write!(f, "{world}: too many states to exhaust: nothing is known"),
            Failure::Vacuous { world, witness } => {
                write!(f, "{world}: {witness} was reached nowhere: nothing was tested")
            }
            Failure::Replayed(report) => write!(f, "\n{report}"),
            Failure::Trace(fault) => f.write_str(fault),
        }
    }
}

impl std::error::Error for Failure {}

impl<R: Resolver> Verify<R> {
    /// The default: a pair, then three masters on a ring, on a star and all to all; over streams with four writes, over
    /// datagrams with three, one of which is lost and one of which arrives twice, and in a soup; and a pair whose logs
    /// are cut so short that each needs the other's snapshot.
    pub fn rule(rule: R) -> Verify<R> {
        let mut verify = Verify {
            rule,
            specification: None,
            worlds: Vec::new(),
            demands: p::ALL.into_iter().filter(|property| *property != p::NO_POLICY_LOSS).collect(),
            limits: Limits::default(),
        };
        let [up, down] = workloads(verify.rule.kind());
        let named = |shape, built: Result<Topology, _>| built.ok().map(|topology: Topology| (shape, topology));
        let pair = named("pair", Topology::all_to_all(2));
        let three = [
            named("ring", Topology::ring(3)),
            named("star", Topology::star(3)),
            named("all-to-all", Topology::all_to_all(3)),
        ];
        let stream = Link::Stream { resets: 0 };
        let datagram = Link::Datagram { losses: 1, duplicates: 1 };
        for (order, writes) in [("up", &up), ("down", &down)] {
            for (shape, topology) in pair.iter().chain(three.iter().flatten()) {
                let clients = |counts: &[usize]| clients(writes, counts);
                let masters = usize::from(topology.masters());
                let mut add = |kind: &str, link, log, clients| {
                    let scope =
                        Scope { topology: topology.clone(), link, batch: 2, log, clients, free: Free::default() };
                    verify.worlds.push(World { name: format!("{shape}/{kind}/{order}"), scope });
                };
                add("stream", stream, None, clients(&[2, 1, 1][..masters]));
                if masters == 2 {
                    add("snapshot", Link::Datagram { losses: 1, duplicates: 0 }, Some(1), clients(&[2, 2]));
                } else if order == "up" {
                    add("datagram", datagram, None, clients(&[2, 1, 0]));
                    add("soup", Link::Soup, None, clients(&[2, 1, 0]));
                }
            }
        }
        verify
    }

    /// Demands also that no write is lost to a concurrent one.
    pub fn lossless(mut self) -> Self {
        self.demands.push(p::NO_POLICY_LOSS);
        self
    }

    /// Demands also that every read is what `specification` makes of the writes seen.
    pub fn specified(mut self, specification: Specification) -> Self {
        self.specification = Some(specification);
        self
    }

    /// Explores this scope instead of the default ones.
    pub fn scope(mut self, name: &str, scope: Scope) -> Self {
        self.worlds = vec![World { name: name.into(), scope }];
        self
    }

    /// Gives up on a scope of more than so many states.
    pub fn at_most(mut self, states: usize) -> Self {
        self.limits.states = states;
        self
    }

    /// Explores every scope to its end. If [`REPLAY`] names a trace, replays that instead.
    ///
    /// # Errors
    /// A [`Failure`]: of all violations, the one with the shortest schedule.
    pub fn run(&self) -> Result<Passed, Failure> {
        if let Some(file) = std::env::var_os(REPLAY) {
            return self.replay(&PathBuf::from(file));
        }
        let mut shortest: Option<(&World, Counterexample)> = None;
        let mut passed = Passed { scopes: self.worlds.len(), states: 0 };
        for world in &self.worlds {
            let model = self.model(world);
            let report = model.explore(self.limits, &mut |_, _| {});
            passed.states += report.states;
            for example in counterexamples(&model, &world.name, &report) {
                let steps = |example: &Counterexample| example.replayed.steps.len();
                let shorter = shortest.as_ref().is_none_or(|(_, best)| steps(&example) < steps(best));
                if self.demands.contains(&example.property) && shorter {
                    shortest = Some((world, example));
                }
            }
            if shortest.is_some() {
                continue;
            }
            if report.cut.is_some() {
                return Err(Failure::NotExhausted(world.name.clone()));
            }
            let unreached = |witness: &&str| matches!(report.verdict(witness), Some(Verdict::Violated(_)));
            if let Some(witness) = [p::REST, p::CONFLICT, p::CROSSED].into_iter().find(unreached) {
                return Err(Failure::Vacuous { world: world.name.clone(), witness });
            }
        }
        match shortest {
            None => Ok(passed),
            Some((world, example)) => {
                let file = keep(&world.name, &example);
                Err(Failure::Violated { world: world.name.clone(), example: Box::new(example), file })
            }
        }
    }

    fn model(&self, world: &World) -> Erased {
        let cluster = Cluster::new(world.scope.clone(), self.rule.clone());
        Erased::new(Cluster { specification: self.specification, ..cluster })
    }

    /// Takes the steps of a trace that an earlier run has written.
    ///
    /// # Errors
    /// [`Failure::Replayed`] with the schedule, if it violates what is demanded; [`Failure::Trace`] if it is no trace of
    /// these scopes.
    pub fn replay(&self, file: &std::path::Path) -> Result<Passed, Failure> {
        let shown = file.display().to_string();
        let wrong = |what: String| Failure::Trace(what);
        let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("{shown}: {error}")))?;
        let trace = Trace::parse(&shown, &text).map_err(|fault| wrong(fault.to_string()))?;
        let world = self.worlds.iter().find(|world| world.name == trace.scenario).ok_or_else(|| {
            let names: Vec<&str> = self.worlds.iter().map(|world| world.name.as_str()).collect();
            wrong(format!("{shown}: no scope is named `{}`; there are {}", trace.scenario, names.join(", ")))
        })?;
        let model = self.model(world);
        let replayed = trace.replay(&model).map_err(|fault| wrong(fault.to_string()))?;
        let mut report = table::schedule(&replayed);
        for (property, why) in &replayed.complaints {
            report += &format!("\n  violates {property}: {why}");
        }
        let violated = replayed.complaints.iter().any(|(name, _)| self.demands.contains(&name.as_str()));
        if violated { Err(Failure::Replayed(report)) } else { Ok(Passed { scopes: 0, states: replayed.steps.len() }) }
    }
}

/// For three masters, two writes each: once with values that rise in the order of time, once with falling ones, because a
/// rule that prefers the larger or the smaller may err in one order only.
pub(crate) fn workloads(kind: Kind) -> [[[&'static str; 2]; 3]; 2] {
    match kind {
        Kind::Register => [
            [["set k = 1", "set k = 3"], ["set k = 2", "delete k"], ["delete k", "set k = 4"]],
            [["set k = 4", "set k = 2"], ["set k = 3", "delete k"], ["delete k", "set k = 1"]],
        ],
        Kind::Counter => [
            [["add 1 to k", "subtract 2 from k"], ["add 10 to k", "add 100 to k"], ["add 1000 to k", "add 5 to k"]],
            [["subtract 2 from k", "add 1 to k"], ["add 100 to k", "add 10 to k"], ["add 5 to k", "add 1000 to k"]],
        ],
        Kind::Set => [
            [["insert x into k", "insert x into k"], ["remove x from k", "insert x into k"], ["insert y into k"; 2]],
            [["insert x into k", "remove x from k"], ["insert x into k", "remove x from k"], ["remove x from k"; 2]],
        ],
        Kind::Flag => [
            [["enable k", "disable k"], ["disable k", "enable k"], ["enable k"; 2]],
            [["disable k", "enable k"], ["enable k", "disable k"], ["disable k"; 2]],
        ],
        Kind::GrowOnlyCounter => [
            [["add 1 to k", "add 2 to k"], ["add 10 to k", "add 100 to k"], ["add 1000 to k", "add 5 to k"]],
            [["add 2 to k", "add 1 to k"], ["add 100 to k", "add 10 to k"], ["add 5 to k", "add 1000 to k"]],
        ],
        Kind::BoundedCounter => [
            [["add 2 to k", "transfer 1 of k to B"], ["add 10 to k", "subtract 10 from k"], ["add 5 to k"; 2]],
            [["add 2 to k", "subtract 2 from k"], ["add 10 to k", "transfer 3 of k to A"], ["subtract 1 from k"; 2]],
        ],
        Kind::GrowOnlySet => [
            [["insert x into k", "insert y into k"], ["insert y into k", "insert x into k"], ["insert z into k"; 2]],
            [["insert z into k", "insert y into k"], ["insert y into k", "insert z into k"], ["insert x into k"; 2]],
        ],
        Kind::Maximum => [
            [["raise k to 1", "raise k to 3"], ["raise k to 2", "raise k to 5"], ["raise k to 3", "raise k to 4"]],
            [["raise k to 4", "raise k to 2"], ["raise k to 3", "raise k to 1"], ["raise k to 3", "raise k to 5"]],
        ],
        Kind::Minimum => [
            [["lower k to 1", "lower k to 3"], ["lower k to 2", "lower k to 5"], ["lower k to 3", "lower k to 4"]],
            [["lower k to 4", "lower k to 2"], ["lower k to 3", "lower k to 1"], ["lower k to 3", "lower k to 5"]],
        ],
        // Registers alone, because they are what every map's fields can be.
        Kind::Map => [
            [
                ["in k, set f = 1", "in k, set f = 3"],
                ["in k, set f = 2", "remove f from k"],
                ["remove f from k", "in k, set g = 4"],
            ],
            [
                ["in k, set f = 4", "remove f from k"],
                ["in k, set f = 3", "in k, set g = 1"],
                ["in k, delete f", "in k, set f = 1"],
            ],
        ],
        Kind::DeletableCounter => [
            [["add 1 to k", "delete k"], ["add 10 to k", "add 100 to k"], ["delete k", "add 5 to k"]],
            [["delete k", "add 1 to k"], ["add 100 to k", "delete k"], ["add 5 to k", "add 10 to k"]],
        ],
    }
}

/// Of each master, the first so many of its writes.
fn clients(writes: &[[&'static str; 2]; 3], counts: &[usize]) -> Vec<Client> {
    let masters = counts.iter().zip(writes).enumerate();
    let clients = masters.map(|(master, (count, writes))| Client {
        at: MasterId(master as u16),
        asks: writes.iter().take(*count).filter_map(|text| text.parse().ok()).collect(),
    });
    clients.collect()
}

/// Writes the trace and its picture beside the test's binary, in the target directory.
fn keep(world: &str, example: &Counterexample) -> Option<PathBuf> {
    let binary = std::env::current_exe().ok()?;
    let target = binary.ancestors().find(|folder| folder.ends_with("deps")).and_then(|deps| deps.parent()?.parent());
    let folder = target.map_or_else(std::env::temp_dir, |target| target.to_path_buf()).join("traces");
    let name = format!("{}.{world}.{}", this_test(), example.property).replace(['/', ' '], "-");
    let file = folder.join(format!("{name}.trace"));
    std::fs::create_dir_all(&folder).ok()?;
    std::fs::write(&file, &example.trace).ok()?;
    std::fs::write(file.with_extension("svg"), &example.replayed.picture).ok()?;
    // Tests run in their package's folder: a path from there is what one wants to paste.
    let here = std::env::current_dir().ok();
    let from_here = here.and_then(|here| file.strip_prefix(here).ok().map(PathBuf::from));
    Some(from_here.unwrap_or(file))
}

/// The test that we run in, which gives its thread its name.
fn this_test() -> String {
    let thread = std::thread::current();
    let path = thread.name().unwrap_or("verify");
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_asked_its_own_operations_alone() {
        use Kind::{BoundedCounter, Counter, Flag, GrowOnlyCounter, GrowOnlySet, Map, Maximum, Minimum, Register, Set};
        for kind in [Register, Counter, Set, Flag, GrowOnlyCounter, BoundedCounter, GrowOnlySet, Maximum, Minimum, Map]
        {
            for writes in workloads(kind) {
                let asks: Vec<_> = clients(&writes, &[2, 2, 2]).into_iter().flat_map(|client| client.asks).collect();
                assert!(asks.len() == 6 && asks.iter().all(|ask| kind.takes(&ask.op)), "{kind:?}: {asks:?}");
            }
        }
    }
}
