//! Any subject behind one type: [`Erased`].
//!
//! stateright's checkers, the Explorer and the reports are large generic code. Compiled for this one type instead of
//! for each subject, they take a small part of the time; only the model itself and our own search are compiled for each
//! subject.

use crate::check::engine::{self, Limits, Report, Storage};
#[cfg(feature = "spread")]
use crate::check::engine::{Checkpoints, Post};
use crate::model::{Aim, Expectation, Goal, Model, Property, Sent};
use crate::subject::{Arrow, Class, StepData, Subject};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A [`Subject`] whose type is erased.
#[derive(Clone)]
pub struct Erased(Arc<dyn AnySubject>);

/// A state of an [`Erased`].
#[derive(Clone)]
pub struct ErasedState(Arc<dyn AnyValue>);

/// A step of an [`Erased`].
#[derive(Clone)]
pub struct ErasedAction(Arc<dyn AnyValue>);

/// A state or an action behind a trait object.
trait AnyValue: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn AnyValue) -> bool;
    fn hash_into(&self, hasher: &mut dyn Hasher);
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

struct OfState<T>(T);
struct OfAction<T>(T);

impl<T: PartialEq + Hash + Debug + Send + Sync + 'static> AnyValue for OfState<T> {
    fn as_any(&self) -> &dyn Any {
        &self.0
    }
    fn equals(&self, other: &dyn AnyValue) -> bool {
        other.as_any().downcast_ref::<T>() == Some(&self.0)
    }
    fn hash_into(&self, mut hasher: &mut dyn Hasher) {
        self.0.hash(&mut hasher);
    }
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: PartialEq + Debug + Send + Sync + 'static> AnyValue for OfAction<T> {
    fn as_any(&self) -> &dyn Any {
        &self.0
    }
    fn equals(&self, other: &dyn AnyValue) -> bool {
        other.as_any().downcast_ref::<T>() == Some(&self.0)
    }
    fn hash_into(&self, _: &mut dyn Hasher) {}
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The reason why several processes cannot explore a subject.
#[cfg(feature = "spread")]
const NOT_SPREAD: &str = "several processes explore masters under a rule: nodes of your own are explored by one";

/// The object-safe part of [`Subject`].
trait AnySubject: Send + Sync {
    fn initial(&self) -> Vec<ErasedState>;
    fn actions(&self, state: &ErasedState, actions: &mut Vec<ErasedAction>);
    fn step(&self, state: &ErasedState, action: &ErasedAction) -> Option<(ErasedState, Sent)>;
    fn within_boundary(&self, state: &ErasedState) -> bool;
    fn is_full(&self) -> bool;
    fn fair_class(&self, action: &ErasedAction) -> Option<u64>;
    /// The liveness properties, and whether each says that a condition lasts.
    fn goals(&self) -> Vec<(&'static str, bool)>;
    fn lasts(&self, goal: usize, state: &ErasedState) -> bool;
    fn open(&self, goal: usize, state: &ErasedState) -> Vec<u64>;
    fn properties(&self) -> Vec<(Expectation, &'static str)>;
    fn holds(&self, property: usize, state: &ErasedState) -> bool;
    fn format_action(&self, action: &ErasedAction) -> String;
    fn describe(&self, state: &ErasedState, action: &ErasedAction) -> String;
    fn remark(&self, state: &ErasedState, action: &ErasedAction) -> Option<String>;
    fn masters(&self) -> Vec<String>;
    fn readings(&self, state: &ErasedState) -> Vec<String>;
    fn as_data(&self, state: &ErasedState, action: &ErasedAction) -> Option<StepData>;
    fn values(&self, state: &ErasedState) -> Vec<BTreeMap<String, serde_json::Value>>;
    fn complaint(&self, property: &str, state: &ErasedState) -> Option<String>;
    fn arrow(&self, state: &ErasedState, action: &ErasedAction) -> Arrow;
    fn why_unreached(&self, witness: &str) -> Option<String>;
    fn not_judged(&self, property: &str) -> Option<&'static str>;
    fn is_unsure(&self) -> bool;
    fn class(&self, action: &ErasedAction) -> Class;
    fn fingerprint(&self, state: &ErasedState) -> u64;
    fn explore(&self, limits: Limits, progress: &mut dyn FnMut(usize, usize)) -> Report;
    fn explore_stored(&self, limits: Limits, storage: &Storage) -> Result<Report, String>;
    #[cfg(feature = "spread")]
    fn explore_spread(&self, limits: Limits, kept: Option<&Checkpoints>, post: &mut dyn Post)
    -> Result<Report, String>;
}

struct Of<M: Subject> {
    subject: M,
    properties: Vec<Property<M>>,
    goals: Vec<Goal<M>>,
}

impl<M: Subject> Of<M> {
    fn state<'a>(&self, state: &'a ErasedState) -> &'a M::State {
        state.0.as_any().downcast_ref().expect("a state of this subject")
    }

    fn action<'a>(&self, action: &'a ErasedAction) -> &'a M::Action {
        action.0.as_any().downcast_ref().expect("an action of this subject")
    }
}

impl<M: Subject> AnySubject for Of<M> {
    fn initial(&self) -> Vec<ErasedState> {
        self.subject.init_states().into_iter().map(|state| ErasedState(Arc::new(OfState(state)))).collect()
    }
    fn actions(&self, state: &ErasedState, actions: &mut Vec<ErasedAction>) {
        let mut typed = Vec::new();
        self.subject.actions(self.state(state), &mut typed);
        actions.extend(typed.into_iter().map(|action| ErasedAction(Arc::new(OfAction(action)))));
    }
    fn step(&self, state: &ErasedState, action: &ErasedAction) -> Option<(ErasedState, Sent)> {
        let (next, sent) = self.subject.step(self.state(state), self.action(action))?;
        Some((ErasedState(Arc::new(OfState(next))), sent))
    }
    fn within_boundary(&self, state: &ErasedState) -> bool {
        self.subject.within_boundary(self.state(state))
    }
    fn is_full(&self) -> bool {
        self.subject.is_full()
    }
    fn fair_class(&self, action: &ErasedAction) -> Option<u64> {
        self.subject.fair_class(self.action(action))
    }
    fn goals(&self) -> Vec<(&'static str, bool)> {
        self.goals.iter().map(|goal| (goal.name, matches!(goal.aim, Aim::Lasting(_)))).collect()
    }
    fn lasts(&self, goal: usize, state: &ErasedState) -> bool {
        matches!(&self.goals[goal].aim, Aim::Lasting(condition) if condition(&self.subject, self.state(state)))
    }
    fn open(&self, goal: usize, state: &ErasedState) -> Vec<u64> {
        match &self.goals[goal].aim {
            Aim::Met(open) => open(&self.subject, self.state(state)),
            Aim::Lasting(_) => Vec::new(),
        }
    }
    fn properties(&self) -> Vec<(Expectation, &'static str)> {
        self.properties.iter().map(|property| (property.expectation, property.name)).collect()
    }
    fn holds(&self, property: usize, state: &ErasedState) -> bool {
        (self.properties[property].condition)(&self.subject, self.state(state))
    }
    fn format_action(&self, action: &ErasedAction) -> String {
        self.subject.format_action(self.action(action))
    }
    fn describe(&self, state: &ErasedState, action: &ErasedAction) -> String {
        self.subject.describe(self.state(state), self.action(action))
    }
    fn remark(&self, state: &ErasedState, action: &ErasedAction) -> Option<String> {
        self.subject.remark(self.state(state), self.action(action))
    }
    fn masters(&self) -> Vec<String> {
        self.subject.masters()
    }
    fn readings(&self, state: &ErasedState) -> Vec<String> {
        self.subject.readings(self.state(state))
    }
    fn as_data(&self, state: &ErasedState, action: &ErasedAction) -> Option<StepData> {
        self.subject.as_data(self.state(state), self.action(action))
    }
    fn values(&self, state: &ErasedState) -> Vec<BTreeMap<String, serde_json::Value>> {
        self.subject.values(self.state(state))
    }
    fn complaint(&self, property: &str, state: &ErasedState) -> Option<String> {
        self.subject.complaint(property, self.state(state))
    }
    fn arrow(&self, state: &ErasedState, action: &ErasedAction) -> Arrow {
        self.subject.arrow(self.state(state), self.action(action))
    }
    fn why_unreached(&self, witness: &str) -> Option<String> {
        self.subject.why_unreached(witness)
    }
    fn not_judged(&self, property: &str) -> Option<&'static str> {
        self.subject.not_judged(property)
    }
    fn is_unsure(&self) -> bool {
        self.subject.is_unsure()
    }
    fn class(&self, action: &ErasedAction) -> Class {
        self.subject.class(self.action(action))
    }
    fn fingerprint(&self, state: &ErasedState) -> u64 {
        self.subject.fingerprint(self.state(state))
    }
    fn explore(&self, limits: Limits, progress: &mut dyn FnMut(usize, usize)) -> Report {
        engine::explore(&self.subject, limits, progress)
    }
    fn explore_stored(&self, limits: Limits, storage: &Storage) -> Result<Report, String> {
        engine::explore_stored(&self.subject, limits, storage, |_, _| {})
    }
    #[cfg(feature = "spread")]
    fn explore_spread(
        &self,
        limits: Limits,
        kept: Option<&Checkpoints>,
        post: &mut dyn Post,
    ) -> Result<Report, String> {
        let cluster = (&self.subject as &dyn Any).downcast_ref().ok_or(NOT_SPREAD)?;
        engine::spread::explore(cluster, limits, kept, post)
    }
}

impl Erased {
    /// Erases the type of `subject`.
    pub fn new<M: Subject>(subject: M) -> Erased {
        let (properties, goals) = (subject.properties(), subject.goals());
        Erased(Arc::new(Of { subject, properties, goals }))
    }

    /// [`engine::explore`] on the subject itself, compiled for its own type.
    pub fn explore(&self, limits: Limits, progress: &mut dyn FnMut(usize, usize)) -> Report {
        self.0.explore(limits, progress)
    }

    /// [`engine::explore_stored`] on the subject itself.
    ///
    /// # Errors
    /// As that function.
    pub fn explore_stored(&self, limits: Limits, storage: &Storage) -> Result<Report, String> {
        self.0.explore_stored(limits, storage)
    }

    /// Explores the subject together with other processes, which must do the same with an equal one and equal limits.
    /// All get the same report, except for its time. The first one writes and reads the checkpoints.
    ///
    /// # Errors
    /// If the subject is not a cluster of masters under a rule, if the processes are not equal, or if a checkpoint
    /// cannot be written or continued.
    #[cfg(feature = "spread")]
    pub fn explore_spread(
        &self,
        limits: Limits,
        checkpoints: Option<&Checkpoints>,
        post: &mut dyn Post,
    ) -> Result<Report, String> {
        self.0.explore_spread(limits, checkpoints, post)
    }
}

impl Model for Erased {
    type State = ErasedState;
    type Action = ErasedAction;

    fn init_states(&self) -> Vec<ErasedState> {
        self.0.initial()
    }
    fn actions(&self, state: &ErasedState, actions: &mut Vec<ErasedAction>) {
        self.0.actions(state, actions);
    }
    fn step(&self, state: &ErasedState, action: &ErasedAction) -> Option<(ErasedState, Sent)> {
        self.0.step(state, action)
    }
    fn within_boundary(&self, state: &ErasedState) -> bool {
        self.0.within_boundary(state)
    }
    fn properties(&self) -> Vec<Property<Self>> {
        let property = |(place, (expectation, name))| {
            Property::new(expectation, name, move |model: &Erased, state: &ErasedState| model.0.holds(place, state))
        };
        self.0.properties().into_iter().enumerate().map(property).collect()
    }
    fn is_full(&self) -> bool {
        self.0.is_full()
    }
    fn fair_class(&self, action: &ErasedAction) -> Option<u64> {
        self.0.fair_class(action)
    }
    fn goals(&self) -> Vec<Goal<Self>> {
        let goal = |(place, (name, lasts))| match lasts {
            true => Goal::lasting(name, move |model: &Erased, state: &ErasedState| model.0.lasts(place, state)),
            false => Goal::met(name, move |model: &Erased, state: &ErasedState| model.0.open(place, state)),
        };
        self.0.goals().into_iter().enumerate().map(goal).collect()
    }
}

impl Subject for Erased {
    fn format_action(&self, action: &ErasedAction) -> String {
        self.0.format_action(action)
    }
    fn describe(&self, state: &ErasedState, action: &ErasedAction) -> String {
        self.0.describe(state, action)
    }
    fn remark(&self, state: &ErasedState, action: &ErasedAction) -> Option<String> {
        self.0.remark(state, action)
    }
    fn masters(&self) -> Vec<String> {
        self.0.masters()
    }
    fn readings(&self, state: &ErasedState) -> Vec<String> {
        self.0.readings(state)
    }
    fn as_data(&self, state: &ErasedState, action: &ErasedAction) -> Option<StepData> {
        self.0.as_data(state, action)
    }
    fn values(&self, state: &ErasedState) -> Vec<BTreeMap<String, serde_json::Value>> {
        self.0.values(state)
    }
    fn complaint(&self, property: &str, state: &ErasedState) -> Option<String> {
        self.0.complaint(property, state)
    }
    fn arrow(&self, state: &ErasedState, action: &ErasedAction) -> Arrow {
        self.0.arrow(state, action)
    }
    fn why_unreached(&self, witness: &str) -> Option<String> {
        self.0.why_unreached(witness)
    }
    fn not_judged(&self, property: &str) -> Option<&'static str> {
        self.0.not_judged(property)
    }
    fn is_unsure(&self) -> bool {
        self.0.is_unsure()
    }
    fn class(&self, action: &ErasedAction) -> Class {
        self.0.class(action)
    }
    fn fingerprint(&self, state: &ErasedState) -> u64 {
        self.0.fingerprint(state)
    }
}

impl PartialEq for ErasedState {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&*other.0)
    }
}

// The states of an exploration are equal or not: none is unequal to itself.
impl Eq for ErasedState {}

impl Hash for ErasedState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.hash_into(hasher);
    }
}

impl Debug for ErasedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(f)
    }
}

impl PartialEq for ErasedAction {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&*other.0)
    }
}

impl Debug for ErasedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(f)
    }
}
