//! The check of your own rule in a test of your own crate: [`verify`].

mod demands;
mod failure;
mod networks;
pub mod nodes;
mod plan;
mod replay;
mod requests;
mod ruled;
pub mod rules;
mod run;
mod violation;
mod watch;
mod wired;
mod workloads;
mod worlds;

pub use failure::Failure;
pub use run::Passed;
pub use violation::Violation;
pub use watch::Misbehaviour;
pub(crate) use workloads::workload;

use crate::check::erased::Erased;
use crate::node::any_rule::SerdeRule;
use crate::properties::own_property::Property;
use crate::properties::specification::Specification;
use crate::report::trace::Replayed;
use crate::scope::{Clocks, Scope};
use multimaster::{CustomMerged, Keep, MasterId, Version};
use plan::Plan;
#[cfg(not(feature = "explorer"))]
use replay::NO_EXPLORER;
use ruled::Rules;
use rules::Surveyed;
use std::path::{Path, PathBuf};
use std::time::Duration;
use watch::guarded;

/// The environment variable that names a trace to be replayed instead of exploring.
pub const REPLAY: &str = "MULTIMASTER_REPLAY";
/// The environment variable that names a trace to show in the Explorer, from its last step.
pub const EXPLORE: &str = "MULTIMASTER_EXPLORE";

/// The time after which a call of the rule is reported as not returning.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks `rule` in three ways. First it tests the [laws](crate::histories::laws) on all small histories. Then it
/// judges the rule over all networks at once, by all causal [histories](crate::histories) of a few writes: for most
/// rules, four writes at three masters. Then it explores networks of several topologies and kinds of link, for the
/// properties that histories do not cover.
///
/// Panics with the shortest schedule of each property that the rule violates: for example, if masters diverge, or if a
/// write is lost without a competing write. The loss of one of two concurrent writes is allowed: see
/// [`lossless`](Verify::lossless).
///
/// The first violation is printed on standard error as soon as it is found.
///
/// A rule is a [`Resolver`](multimaster::Resolver) whose states and effects can be serialized (a [`SerdeRule`]), or a
/// function of two versions. A function is applied as most systems do: to the stored
/// version and each arriving one. Few functions are safe then:
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
/// Applied to all concurrent versions in timestamp order, by [`Custom`](multimaster::Custom), any function is safe:
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
/// If the rule violates a property or a law. The message has each schedule with the masters' readings after each step,
/// the laws broken, and the commands that replay and explore the schedule. Also if the rule itself panics, does not
/// return or is not deterministic; the message then has the call.
#[track_caller]
pub fn verify<Form>(rule: impl IntoRule<Form>) {
    match Verify::rule(rule).run() {
        Ok(passed) => println!("{passed}"),
        Err(failure) => panic!("{failure}"),
    }
}

/// The types that [`verify`] accepts: a [`SerdeRule`], or a function of two versions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a rule that can be verified",
    note = "a rule is a `multimaster::Resolver` whose `State` and `Effect` implement serde's `Serialize` and `Deserialize`, \
            or a function `Fn(&Version, &Version) -> Keep`"
)]
pub trait IntoRule<Form> {
    /// The type of the rule.
    type Rule: SerdeRule;
    /// A remark for the report of a failure.
    const NOTE: &'static str;

    /// The rule.
    fn into_rule(self) -> Self::Rule;
}

/// Marks an [`IntoRule`] that is a [`SerdeRule`].
#[derive(Debug)]
pub enum AsResolver {}
/// Marks an [`IntoRule`] that is a function.
#[derive(Debug)]
pub enum AsFunction {}

impl<R: SerdeRule> IntoRule<AsResolver> for R {
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
    const NOTE: &'static str = "the function was applied pair by pair, to the stored and the arriving version; applied to all \
                                concurrent versions at once, as `Custom(function)`, any function converges";

    fn into_rule(self) -> CustomMerged<F> {
        CustomMerged(self)
    }
}

/// A configurable [`verify`].
pub struct Verify<R: SerdeRule> {
    rules: Rules<R>,
    plan: Plan,
}

impl<R: SerdeRule> Verify<R> {
    /// The default check: the laws, the histories, and these networks. A pair, then three masters on a ring, on a star
    /// and all to all: over streams with four writes; over datagrams with three writes, where one message is lost and
    /// one arrives twice; and in a soup. Then a pair whose logs are so short that each master needs the other's
    /// snapshot. A rule that [uses wall clocks](multimaster::Resolver::uses_wall_clock) is first judged under
    /// [right](crate::scope::Clocks::Right) clocks, of which one is ahead of the others, then under wrong clocks. The
    /// report marks a violation that needs wrong clocks: see [`clocks`](Verify::clocks).
    pub fn rule<Form, I: IntoRule<Form, Rule = R>>(rule: I) -> Verify<R> {
        Verify { rules: Rules::of_all(rule.into_rule()), plan: Plan::new(I::NOTE) }
    }

    /// The same for a rule that differs by master: because sites have priorities, or because the local write wins every
    /// conflict. `rules` is called for the five masters `A` to `E`, because the laws need five; and for further masters
    /// if a scope has them.
    ///
    /// ```
    /// use multimaster::{LastWriteWins, MasterId};
    /// use multimaster_models::Verify;
    ///
    /// Verify::rules(|_: MasterId| LastWriteWins).run()?;
    /// # Ok::<(), multimaster_models::verify::Failure>(())
    /// ```
    pub fn rules(rules: impl Fn(MasterId) -> R + Send + Sync + 'static) -> Verify<R> {
        Verify { rules: Rules::by_master(rules), plan: Plan::new("") }
    }

    /// Also requires that no write is lost to a concurrent one.
    pub fn lossless(mut self) -> Self {
        self.plan.demands.lossless = true;
        self
    }

    /// Does not require the laws: only violations with a schedule count.
    pub fn lawless(mut self) -> Self {
        self.plan.demands.lawless = true;
        self
    }

    /// Requires only this property or [law](crate::histories::laws::Law). Several calls add up.
    ///
    /// ```
    /// use multimaster::ArrivalWins;
    /// use multimaster_models::{Verify, properties};
    ///
    /// // Masters diverge, but each sees a change only after the change's causal past.
    /// Verify::rule(ArrivalWins).only(properties::CAUSAL_ORDER).run()?;
    /// # Ok::<(), multimaster_models::verify::Failure>(())
    /// ```
    pub fn only(mut self, property: &str) -> Self {
        self.plan.demands.only.insert(property.into());
        self
    }

    /// Does not require this property or [law](crate::histories::laws::Law).
    pub fn allow(mut self, property: &str) -> Self {
        self.plan.demands.allowed.insert(property.into());
        self
    }

    /// Also requires that every read equals the result of `specification` for the writes seen.
    pub fn specified(mut self, specification: Specification) -> Self {
        self.plan.asked.specification = Some(specification);
        self
    }

    /// Also requires this property of your own: a script, or a function of all masters' readings. At least one scope
    /// must reach its witness: see [`own_property`](crate::properties::own_property).
    ///
    /// ```
    /// use multimaster::{MasterId, MultiValue, Reading};
    /// use multimaster_models::properties::own_property::Readings;
    /// use multimaster_models::{Property, Verify};
    ///
    /// let script = Property::at_quiescence("ann-is-shown", r#""14 Ann" in A.values("seat")"#);
    /// let function = Property::never("bob-alone", |reads: &Readings| {
    ///     reads.of(MasterId(0)).get("seat") == Reading::Value("12 Bob".into()) && reads.writes().len() > 2
    /// });
    /// let booked = ["A: set seat = 14 Ann", "B: set seat = 12 Bob"];
    /// Verify::rule(MultiValue).requests(booked).property(script).property(function).run().unwrap_err();
    /// ```
    pub fn property(mut self, property: Property) -> Self {
        self.plan.asked.properties.push(property);
        self
    }

    /// Explores this scope instead of the default ones.
    pub fn scope(mut self, name: &str, scope: Scope) -> Self {
        self.plan.own = Some((name.into(), scope));
        self
    }

    /// Explores a scenario file instead of the default scopes. Several calls add files. This rule replaces the file's
    /// rule, which may be missing. If the file has an `[expect]`, the verdicts must equal it. The rule's states and
    /// effects must survive a round trip through JSON.
    ///
    /// ```
    /// use multimaster::Custom;
    /// use multimaster_models::Verify;
    /// use multimaster_models::rules::lower_seat;
    /// use multimaster_models::properties::specification;
    ///
    /// let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/booking/custom.toml");
    /// Verify::rule(Custom(lower_seat)).specified(specification::lowest_seat).scenario(file).run()?;
    /// # Ok::<(), multimaster_models::verify::Failure>(())
    /// ```
    pub fn scenario(mut self, file: impl AsRef<Path>) -> Self {
        self.plan.scenarios.push(file.as_ref().display().to_string());
        self
    }

    /// Clients make these requests instead of the default ones. Each names its master, as `A: set seat = 14 Ann`; the
    /// requests to one master are made in the order given. `A/2: …` is a second client of master A, whose requests
    /// interleave with those of the first in every order.
    ///
    /// ```
    /// use multimaster::MultiValue;
    /// use multimaster_models::Verify;
    ///
    /// let booked = ["A: set seat = 14 Ann", "B: set seat = 12 Bob"];
    /// Verify::rule(MultiValue).requests(booked).lossless().run()?;
    /// # Ok::<(), multimaster_models::verify::Failure>(())
    /// ```
    pub fn requests<T: Into<String>>(mut self, requests: impl IntoIterator<Item = T>) -> Self {
        self.plan.requests.get_or_insert_default().extend(requests.into_iter().map(Into::into));
        self
    }

    /// Judges a rule that [uses wall clocks](multimaster::Resolver::uses_wall_clock) under these clocks alone, in all scopes.
    pub fn clocks(mut self, clocks: Clocks) -> Self {
        self.plan.clocks = Some(clocks);
        self
    }

    /// Leaves out the scopes in which masters need snapshots. Use it for a rule without a [`merge`](multimaster::Resolver::merge),
    /// if your logs never drop a change that a neighbour needs.
    pub fn without_snapshots(mut self) -> Self {
        self.plan.snapshots = false;
        self
    }

    /// Accepts that this witness is not reached: for example [`CONFLICT`](crate::properties::CONFLICT), if the requests
    /// touch different keys.
    pub fn unreached(mut self, witness: &str) -> Self {
        self.plan.unreached.insert(witness.into());
        self
    }

    /// Also judges the rule over all histories of at most `writes` (2 to 10) writes at `masters` (2 to 6) masters. At
    /// three masters each further write takes about twenty times as long; at two, ten times. Where wall clocks differ
    /// from Lamport times, histories have at most three writes.
    pub fn histories(mut self, masters: u16, writes: usize) -> Self {
        self.plan.histories.push((masters, writes));
        self
    }

    /// Stops exploring a scope after this number of states.
    pub fn at_most(mut self, states: usize) -> Self {
        self.plan.limits.states = states;
        self
    }

    /// Prints nothing while it explores: only the result has the violations.
    pub fn quiet(mut self) -> Self {
        self.plan.quiet = true;
        self
    }

    /// Runs the check. If the environment variable [`REPLAY`] names a trace, replays it instead; if [`EXPLORE`] names
    /// one, serves the Explorer and does not return.
    ///
    /// # Errors
    /// A [`Failure`], with the shortest schedule in all scopes for each violated property.
    ///
    /// # Panics
    /// If the checker has a bug, never because of the rule.
    #[must_use = "a test that ignores the result cannot fail: end it in `.unwrap()`, or return the result"]
    pub fn run(&self) -> Result<Passed, Failure> {
        if let Some(file) = std::env::var_os(REPLAY) {
            return self.replay(&PathBuf::from(file));
        }
        if let Some(file) = std::env::var_os(EXPLORE) {
            #[cfg(feature = "explorer")]
            return self.explore(&PathBuf::from(file));
            #[cfg(not(feature = "explorer"))]
            return Err(Failure::Trace(format!("{}: {NO_EXPLORER}", file.display())));
        }
        let plan = self.plan.clone();
        guarded(&self.rules, PATIENCE, move |rules| plan.run(&rules))
            .unwrap_or_else(|how| Err(Failure::Misbehaves(how)))
    }

    /// Makes the rule's row in the table of `multimaster rules`, with the shortest schedule for each `violated`.
    /// If printed, the result looks like the output of `multimaster rules NAME`, but over histories of one write less.
    ///
    /// ```
    /// use multimaster::CustomMerged;
    /// use multimaster_models::Verify;
    /// use multimaster_models::rules::lower_seat;
    ///
    /// let surveyed = Verify::rule(CustomMerged(lower_seat)).survey()?;
    /// assert!(surveyed.to_string().contains("convergence is violated"));
    /// # Ok::<(), multimaster_models::verify::Failure>(())
    /// ```
    ///
    /// # Errors
    /// [`Failure::Misbehaves`] if the rule panics, does not return or is not deterministic.
    pub fn survey(&self) -> Result<Surveyed, Failure> {
        let plan = self.plan.clone();
        let survey = move |rules: Rules<R>| {
            let given = rules::given(plan.given(&rules));
            rules::try_survey(given, &rules::SMALL_SIZES).unwrap_or_else(|_| watch::remembers())
        };
        guarded(&self.rules, PATIENCE, survey).map_err(Failure::Misbehaves)
    }

    /// Takes the steps of a trace that an earlier run has written.
    ///
    /// # Errors
    /// [`Failure::Replayed`] with the schedule, if it violates a required property; [`Failure::Trace`] if the file is
    /// not a trace of one of these scopes.
    pub fn replay(&self, file: &Path) -> Result<Passed, Failure> {
        let (_, replayed) = self.follow(file)?;
        replay::judged(&replayed, &self.plan.demands)?;
        Ok(Passed { states: replayed.steps.len(), ..Passed::default() })
    }

    #[cfg(feature = "explorer")]
    fn explore(&self, file: &Path) -> Result<Passed, Failure> {
        let (model, replayed) = self.follow(file)?;
        replay::explored(file, model, &replayed, self.plan.limits).map(|never| match never {})
    }

    fn follow(&self, file: &Path) -> Result<(Erased, Replayed), Failure> {
        let shown = file.display().to_string();
        let wrong = |what: String| Failure::Trace(what);
        let trace = replay::read(file)?;
        let plan = self.plan.clone();
        let follow = move |rules: Rules<R>| {
            if let Some(text) = &trace.carried {
                let model = plan.model_of(&rules, &trace.scenario, &shown, text, plan.claims(&rules));
                let model = model.map_err(|fault| wrong(fault.to_string()))?;
                let replayed = trace.replay(&model).map_err(|fault| wrong(fault.to_string()))?;
                return Ok((model, replayed));
            }
            let worlds = plan.worlds(&rules)?;
            let world = worlds.iter().find(|world| world.name == trace.scenario).ok_or_else(|| {
                let names: Vec<&str> = worlds.iter().map(|world| world.name.as_str()).collect();
                wrong(format!("{shown}: no scope is named `{}`; there are {}", trace.scenario, names.join(", ")))
            })?;
            let (model, _) = plan.model(&rules, world)?;
            let replayed = trace.replay(&model).map_err(|fault| wrong(fault.to_string()))?;
            Ok((model, replayed))
        };
        guarded(&self.rules, PATIENCE, follow).unwrap_or_else(|how| Err(Failure::Misbehaves(how)))
    }
}
