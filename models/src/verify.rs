//! Your own rule: [`verify`] it in a test of your own crate.

mod failure;
mod watch;
mod worlds;

pub use failure::Failure;
pub use watch::Misbehaviour;
pub(crate) use worlds::workloads;

use crate::check::{Counterexample, replayed_alike};
use crate::cluster::Cluster;
use crate::engine::{Limits, Verdict};
use crate::erased::Erased;
use crate::explorer;
use crate::explorer::{Served, Shown};
use crate::laws::{self, Broken, Law};
use crate::properties as p;
use crate::scope::Scope;
use crate::specification::Specification;
use crate::table;
use crate::trace::{Replayed, Trace};
use multimaster::{CustomMerged, Keep, Resolver, Version};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use watch::{Watched, guarded};
use worlds::{World, worlds};

/// The environment variable that names a trace to be replayed instead of exploring.
pub const REPLAY: &str = "MULTIMASTER_REPLAY";
/// The environment variable that names a trace at whose end the Explorer is to begin.
pub const EXPLORE: &str = "MULTIMASTER_EXPLORE";

/// How long a rule may take over one call before it is said not to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks `rule`: first its [laws] on all small histories, then all topologies and kinds of link. Panics with
/// the shortest schedule if it does not converge, or loses a write that nothing competed with. Losing one of two
/// concurrent writes is allowed: see [`lossless`](Verify::lossless).
///
/// A rule is a [`Resolver`], or just a function of two versions. The latter is tried as most systems apply one: pair by
/// pair, to the value that is held and the one that arrives. Few functions are safe so:
///
/// ```should_panic
/// use multimaster::{Keep, Version};
///
/// // Of two concurrent values the longer one is kept.
/// fn longest(a: &Version, b: &Version) -> Keep {
///     let length = |version: &Version| version.value.as_ref().map_or(0, |value| value.len());
///     if length(b) > length(a) { Keep::Second } else { Keep::First }
/// }
/// multimaster_models::verify(longest);
/// ```
///
/// Over the concurrent versions all at once any function is:
///
/// ```
/// # use multimaster::{Custom, Keep, Version};
/// # fn longest(a: &Version, b: &Version) -> Keep {
/// #     let length = |version: &Version| version.value.as_ref().map_or(0, |value| value.len());
/// #     if length(b) > length(a) { Keep::Second } else { Keep::First }
/// # }
/// multimaster_models::verify(Custom(longest));
/// ```
///
/// # Panics
/// With the schedule, what each master reads on the way, the laws broken, and the commands that replay and explore it. If
/// the rule itself panics, does not come back or is not deterministic, with the call.
#[track_caller]
pub fn verify<Form>(rule: impl IntoRule<Form>) {
    if let Err(failure) = Verify::rule(rule).run() {
        panic!("{failure}");
    }
}

/// What can be verified: a [`Resolver`], or a function of two versions.
pub trait IntoRule<Form> {
    /// The rule it is.
    type Rule: Resolver;
    /// What else is to be said if it fails.
    const NOTE: &'static str;

    /// The rule.
    fn into_rule(self) -> Self::Rule;
}

/// A rule that is one already.
#[derive(Debug)]
pub enum AsResolver {}
/// A function that makes one.
#[derive(Debug)]
pub enum AsFunction {}

impl<R: Resolver> IntoRule<AsResolver> for R {
    type Rule = R;
    const NOTE: &'static str = "";

    fn into_rule(self) -> R {
        self
    }
}

impl<F> IntoRule<AsFunction> for F
where
    F: Fn(&Version, &Version) -> Keep + Clone + Send + Sync + 'static,
{
    type Rule = CustomMerged<F>;
    const NOTE: &'static str = "the function was applied pair by pair, to what is held and what arrives; over all concurrent \
                                versions at once, as `Custom(function)`, any function converges";

    fn into_rule(self) -> CustomMerged<F> {
        CustomMerged(self)
    }
}

/// What [`verify`] does, to be narrowed or widened.
pub struct Verify<R: Resolver> {
    rule: R,
    plan: Plan,
}

/// What is done with a rule, whichever it is.
#[derive(Clone)]
struct Plan {
    laws: bool,
    specification: Option<Specification>,
    worlds: Vec<World>,
    demands: Vec<&'static str>,
    limits: Limits,
    note: &'static str,
}

/// What was explored, for a rule that passed.
#[derive(Clone, Debug)]
pub struct Passed {
    /// How many small histories its laws were tried on.
    pub histories: usize,
    /// How many scopes.
    pub scopes: usize,
    /// Distinct states in all of them.
    pub states: usize,
}

impl<R: Resolver> Verify<R> {
    /// The default: the laws; a pair, then three masters on a ring, on a star and all to all; over streams with four
    /// writes, over datagrams with three, one of which is lost and one of which arrives twice, and in a soup; and a pair
    /// whose logs are cut so short that each needs the other's snapshot. A rule that
    /// [goes by clocks](Resolver::goes_by_clocks) is also given clocks of which one is ahead.
    pub fn rule<Form, I: IntoRule<Form, Rule = R>>(rule: I) -> Verify<R> {
        let rule = rule.into_rule();
        let plan = Plan {
            laws: true,
            specification: None,
            worlds: worlds(rule.kind(), rule.goes_by_clocks()),
            demands: p::ALL.into_iter().filter(|property| *property != p::NO_POLICY_LOSS).collect(),
            limits: Limits::default(),
            note: I::NOTE,
        };
        Verify { rule, plan }
    }

    /// Demands also that no write is lost to a concurrent one.
    pub fn lossless(mut self) -> Self {
        self.plan.demands.push(p::NO_POLICY_LOSS);
        self
    }

    /// Does not ask for the laws: only what a schedule shows counts.
    pub fn lawless(mut self) -> Self {
        self.plan.laws = false;
        self
    }

    /// Demands also that every read is what `specification` makes of the writes seen.
    pub fn specified(mut self, specification: Specification) -> Self {
        self.plan.specification = Some(specification);
        self
    }

    /// Explores this scope instead of the default ones.
    pub fn scope(mut self, name: &str, scope: Scope) -> Self {
        self.plan.worlds = vec![World { name: name.into(), scope }];
        self
    }

    /// Gives up on a scope of more than so many states.
    pub fn at_most(mut self, states: usize) -> Self {
        self.plan.limits.states = states;
        self
    }

    /// Tries the laws, and explores every scope to its end. If [`REPLAY`] names a trace, replays that instead; if
    /// [`EXPLORE`] does, serves the Explorer for ever.
    ///
    /// # Errors
    /// A [`Failure`]: of all violations, the one with the shortest schedule.
    ///
    /// # Panics
    /// If the checker is wrong: never by the rule's doing.
    pub fn run(&self) -> Result<Passed, Failure> {
        if let Some(file) = std::env::var_os(REPLAY) {
            return self.replay(&PathBuf::from(file));
        }
        if let Some(file) = std::env::var_os(EXPLORE) {
            return self.explore(&PathBuf::from(file));
        }
        let plan = self.plan.clone();
        guarded(self.rule.clone(), PATIENCE, move |rule| plan.run(&rule))
            .unwrap_or_else(|how| Err(Failure::Misbehaves(how)))
    }

    /// Takes the steps of a trace that an earlier run has written.
    ///
    /// # Errors
    /// [`Failure::Replayed`] with the schedule, if it violates what is demanded; [`Failure::Trace`] if it is no trace of
    /// these scopes.
    pub fn replay(&self, file: &Path) -> Result<Passed, Failure> {
        let (_, replayed) = self.follow(file)?;
        let mut report = table::schedule(&replayed);
        for (property, why) in &replayed.complaints {
            report += &format!("\n  violates {property}: {why}");
        }
        let violated = replayed.complaints.iter().any(|(name, _)| self.plan.demands.contains(&name.as_str()));
        if violated {
            return Err(Failure::Replayed(report));
        }
        Ok(Passed { histories: 0, scopes: 0, states: replayed.steps.len() })
    }

    /// Serves the Explorer, and says where the end of the trace is.
    fn explore(&self, file: &Path) -> Result<Passed, Failure> {
        let (model, replayed) = self.follow(file)?;
        let page = explorer::address(&replayed.path);
        // Past the capture of tests' output: who waits for this must see it.
        let announce = |at: &Served| drop(writeln!(std::io::stderr(), "open {}{page}", at.url));
        let name = file.display().to_string();
        let shown = Shown { name, model, limits: Limits::default(), failed: Box::new(|| None) };
        explorer::serve(shown, explorer::DEFAULT_ADDRESS, announce).map(|never| match never {}).map_err(Failure::Trace)
    }

    fn follow(&self, file: &Path) -> Result<(Erased, Replayed), Failure> {
        let shown = file.display().to_string();
        let wrong = |what: String| Failure::Trace(what);
        let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("{shown}: {error}")))?;
        let trace = Trace::parse(&shown, &text).map_err(|fault| wrong(fault.to_string()))?;
        let world = self.plan.worlds.iter().find(|world| world.name == trace.scenario).ok_or_else(|| {
            let names: Vec<&str> = self.plan.worlds.iter().map(|world| world.name.as_str()).collect();
            wrong(format!("{shown}: no scope is named `{}`; there are {}", trace.scenario, names.join(", ")))
        })?;
        let model = self.plan.model(world, Watched::new(self.rule.clone()));
        let replayed = trace.replay(&model).map_err(|fault| wrong(fault.to_string()))?;
        Ok((model, replayed))
    }
}

impl Plan {
    fn run<R: Resolver>(&self, rule: &Watched<R>) -> Result<Passed, Failure> {
        let (laws, histories) = if self.laws { lawful(rule) } else { (Vec::new(), 0) };
        let mut shortest: Option<(&World, Counterexample)> = None;
        let mut passed = Passed { histories, scopes: self.worlds.len(), states: 0 };
        for world in &self.worlds {
            let model = self.model(world, rule.clone());
            let report = model.explore(self.limits, &mut |_, _| {});
            passed.states += report.states;
            // Every shipped rule's schedules replay: if one of these does not, that is this rule's doing.
            for example in replayed_alike(&model, &world.name, &report).unwrap_or_else(|_| watch::remembers()) {
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
        let Some((world, example)) = shortest else {
            return if laws.is_empty() { Ok(passed) } else { Err(Failure::Unlawful(laws)) };
        };
        let file = keep(&world.name, &example);
        Err(Failure::Violated { world: world.name.clone(), example: Box::new(example), laws, file, note: self.note })
    }

    fn model<R: Resolver>(&self, world: &World, rule: Watched<R>) -> Erased {
        let cluster = Cluster::new(world.scope.clone(), rule);
        Erased::new(Cluster { specification: self.specification, ..cluster })
    }
}

/// The laws that are broken and matter where each change is applied once, and how many histories they were tried on.
fn lawful<R: Resolver>(rule: &Watched<R>) -> (Vec<Broken>, usize) {
    let tried = || laws::check(&|_| rule.clone(), |_| 0);
    let (findings, again) = (tried(), tried());
    if findings.digest != again.digest {
        watch::remembers();
    }
    let matters = |broken: &Broken| broken.law != Law::Repeatable;
    (findings.broken.into_iter().filter(matters).collect(), findings.histories)
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
