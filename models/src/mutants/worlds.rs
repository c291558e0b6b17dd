//! The models that are explored for a mutant: [`Worlds`], and rules with a part replaced.

use crate::check::erased::Erased;
use crate::histories::claims;
use crate::history::Claims;
use crate::node::any_rule::{AnyMessage, AnyReplica, AnyRule, SerdeRule};
use crate::node::tamper::Tamper;
use crate::properties::specification::Specification;
use crate::scope::Scope;
use crate::world::cluster::ClusterModel;
use multimaster::{Change, Dot, Kind, MasterId, Op, Reading, Refusal, Resolver, Side, Timestamp, VersionVector};

/// The models of one world with a mutation and without.
pub struct Worlds {
    /// The model with the mutation.
    pub mutant: Erased,
    /// The model without the mutation.
    pub sound: Erased,
}

impl Worlds {
    /// The rule `mutant` in place of `sound`. Both become an [`AnyRule`], so that no cluster is compiled for a mutant.
    pub(super) fn rule(scope: &Scope, mutant: impl SerdeRule, sound: impl SerdeRule) -> Worlds {
        Worlds { mutant: Erased::new(under(scope, mutant)), sound: Erased::new(under(scope, sound)) }
    }

    /// The same, with the specification of the sound rule.
    pub(super) fn specified(
        scope: &Scope,
        specification: Specification,
        mutant: impl SerdeRule,
        sound: impl SerdeRule,
    ) -> Worlds {
        let specified = |cluster: ClusterModel| Erased::new(cluster.specified(specification));
        Worlds { mutant: specified(under(scope, mutant)), sound: specified(under(scope, sound)) }
    }

    /// A correct rule in two scopes.
    pub(super) fn scopes(mutant: &Scope, sound: &Scope, rule: impl SerdeRule) -> Worlds {
        let rule = AnyRule::new(rule);
        Worlds { mutant: Erased::new(under(mutant, rule.clone())), sound: Erased::new(under(sound, rule)) }
    }

    /// A correct rule over a tampered protocol.
    pub(super) fn tampered(scope: &Scope, rule: impl SerdeRule, tamper: Tamper) -> Worlds {
        let rule = AnyRule::new(rule);
        let cluster = || ClusterModel::new(scope.clone(), rule.clone()).believed(Claims::Tested);
        Worlds { mutant: Erased::new(cluster().tampered(tamper)), sound: Erased::new(cluster()) }
    }

    /// A correct rule over a protocol whose messages are altered or dropped.
    pub(super) fn sending(scope: &Scope, rule: impl SerdeRule, send: Send) -> Worlds {
        Self::tampered(scope, rule, Tamper { send, ..Tamper::default() })
    }
}

/// Masters under this rule, whose claims are believed as far as they were tested.
fn under(scope: &Scope, rule: impl SerdeRule) -> ClusterModel {
    let rule = AnyRule::new(rule);
    let claims = claims::of(&rule);
    ClusterModel::new(scope.clone(), rule).believed(claims)
}

/// A [`Tamper::send`].
type Send = fn(&AnyReplica, MasterId, &mut AnyMessage) -> bool;
/// A [`Resolver::prepare`].
pub(super) type Prepare<R> =
    fn(&R, &<R as Resolver>::State, Op, Dot, Timestamp) -> Result<<R as Resolver>::Effect, Refusal>;
/// A [`Resolver::apply`].
pub(super) type Apply<R> = fn(&R, &mut <R as Resolver>::State, &Change<<R as Resolver>::Effect>) -> bool;
/// A [`Resolver::merge`].
pub(super) type Merge<R> =
    fn(&R, Side<'_, <R as Resolver>::State>, Side<'_, <R as Resolver>::State>) -> Option<<R as Resolver>::State>;

/// A [`Resolver::read`].
pub(super) type Read<R> = fn(&R, &<R as Resolver>::State) -> Reading;

/// A rule with a part replaced.
#[derive(Clone)]
pub(super) struct Broken<R: Resolver> {
    rule: R,
    prepare: Prepare<R>,
    apply: Apply<R>,
    merge: Merge<R>,
    read: Read<R>,
    /// Whether `apply` is the rule's own: only then is its `why_kept` right.
    own_apply: bool,
}

impl<R: Resolver> Broken<R> {
    /// The rule, unaltered.
    pub(super) fn of(rule: R) -> Broken<R> {
        Broken { rule, prepare: R::prepare, apply: R::apply, merge: R::merge, read: R::read, own_apply: true }
    }

    pub(super) fn prepare(rule: R, prepare: Prepare<R>) -> Broken<R> {
        Broken { prepare, ..Broken::of(rule) }
    }

    pub(super) fn apply(rule: R, apply: Apply<R>) -> Broken<R> {
        Broken { apply, own_apply: false, ..Broken::of(rule) }
    }

    pub(super) fn merge(rule: R, merge: Merge<R>) -> Broken<R> {
        Broken { merge, ..Broken::of(rule) }
    }

    pub(super) fn read(rule: R, read: Read<R>) -> Broken<R> {
        Broken { read, ..Broken::of(rule) }
    }
}

impl<R: Resolver> Resolver for Broken<R> {
    type State = R::State;
    type Effect = R::Effect;

    fn kind(&self) -> Kind {
        self.rule.kind()
    }

    fn uses_wall_clock(&self) -> bool {
        self.rule.uses_wall_clock()
    }

    fn prepare(&self, state: &R::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<R::Effect, Refusal> {
        (self.prepare)(&self.rule, state, op, dot, timestamp)
    }

    fn apply(&self, state: &mut R::State, change: &Change<R::Effect>) -> bool {
        (self.apply)(&self.rule, state, change)
    }

    fn why_kept(&self, state: &R::State, change: &Change<R::Effect>) -> &'static str {
        if self.own_apply { self.rule.why_kept(state, change) } else { "kept what it had" }
    }

    fn read(&self, state: &R::State) -> Reading {
        (self.read)(&self.rule, state)
    }

    fn merge(&self, ours: Side<'_, R::State>, theirs: Side<'_, R::State>) -> Option<R::State> {
        (self.merge)(&self.rule, ours, theirs)
    }

    fn collect(&self, state: &R::State, stable: &VersionVector) -> Option<R::State> {
        self.rule.collect(state, stable)
    }

    fn shows(&self, state: &R::State, dot: Dot) -> bool {
        self.rule.shows(state, dot)
    }
}
