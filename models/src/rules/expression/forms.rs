//! The three ways to apply an expression: [`OverSiblings`], [`OverMerged`], [`OverArrival`].

use super::keep::{Held, Keeping, Kept};
use super::version::Version;
use multimaster::{Change, Dot, MasterId, Op, Reading, Refusal, Resolver, Side, Text, Timestamp, VersionVector};
use serde::{Deserialize, Serialize};

/// An expression at one master.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) keeping: &'static Keeping,
    pub(super) here: MasterId,
}

impl At {
    fn combined(&self, first: &Held, second: &Held) -> Held {
        let kept = self.keeping.keep_or_note(&first.version, &second.version, self.here);
        Held::after(kept, first, second)
    }
}

fn value_in(held: Option<&Held>) -> Option<Text> {
    held.and_then(|held| held.version.value.clone())
}

fn reading(held: Option<&Held>) -> Reading {
    value_in(held).map_or(Reading::Nothing, Reading::Value)
}

fn shows(held: Option<&Held>, dot: Dot) -> bool {
    held.is_some_and(|held| held.shown.contains(&dot))
}

fn unsure(held: Option<&Held>, dot: Dot) -> bool {
    held.is_some_and(|held| held.unsure.contains(&dot))
}

/// Concurrent versions are kept, by timestamp; a read folds the expression over them. As
/// [`Custom`](multimaster::Custom).
#[derive(Clone)]
pub(super) struct OverSiblings(pub(super) At);

/// A write to siblings: it replaces these, and adds the version unless it is a delete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Replace {
    gone: Vec<Dot>,
    version: Version,
}

impl OverSiblings {
    fn resolve(&self, siblings: &[Version]) -> Option<Held> {
        let each = siblings.iter().cloned().map(Held::of);
        each.reduce(|first, second| self.0.combined(&first, &second))
    }
}

fn holds(siblings: &[Version], dot: Dot) -> bool {
    siblings.iter().any(|version| version.dot == dot)
}

impl Resolver for OverSiblings {
    type State = Vec<Version>;
    type Effect = Replace;

    fn uses_wall_clock(&self) -> bool {
        self.0.keeping.uses_wall_clock()
    }

    fn prepare(&self, state: &Vec<Version>, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Replace, Refusal> {
        let read = || value_in(self.resolve(state).as_ref());
        let version = self.0.keeping.written(op, dot, timestamp, read)?;
        Ok(Replace { gone: state.iter().map(|version| version.dot).collect(), version })
    }

    fn apply(&self, state: &mut Vec<Version>, change: &Change<Replace>) -> bool {
        let Replace { gone, version } = &change.effect;
        let before = state.len();
        state.retain(|held| !gone.contains(&held.dot));
        if version.value.is_none() {
            return state.len() < before;
        }
        state.insert(state.partition_point(|held| held.timestamp < version.timestamp), version.clone());
        true
    }

    fn read(&self, state: &Vec<Version>) -> Reading {
        reading(self.resolve(state).as_ref())
    }

    fn merge(&self, ours: Side<'_, Vec<Version>>, theirs: Side<'_, Vec<Version>>) -> Option<Vec<Version>> {
        let mut merged: Vec<Version> = Vec::new();
        for (one, other) in [(ours, theirs), (theirs, ours)] {
            let removed = |dot: Dot| other.seen.contains(dot) && !holds(other.state, dot);
            let left: Vec<Version> = one.state.iter().filter(|version| !removed(version.dot)).cloned().collect();
            let new = left.into_iter().filter(|version| !holds(&merged, version.dot)).collect::<Vec<_>>();
            merged.extend(new);
        }
        merged.sort_by_key(|version| version.timestamp);
        Some(merged)
    }

    fn shows(&self, state: &Vec<Version>, dot: Dot) -> bool {
        shows(self.resolve(state).as_ref(), dot)
    }

    fn unsure(&self, state: &Vec<Version>, dot: Dot) -> bool {
        unsure(self.resolve(state).as_ref(), dot)
    }
}

/// One value under a joined version vector. As [`CustomMerged`](multimaster::CustomMerged).
#[derive(Clone)]
pub(super) struct OverMerged(pub(super) At);

/// The version held, and the writes that were merged into it or lost to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Merged {
    held: Held,
    context: VersionVector,
}

impl OverMerged {
    fn join(&self, ours: &Merged, theirs: &Merged) -> Merged {
        if ours.context.covers(&theirs.context) {
            return ours.clone();
        }
        if theirs.context.covers(&ours.context) {
            return theirs.clone();
        }
        let in_order = ours.held.version.timestamp <= theirs.held.version.timestamp;
        let (first, second) = if in_order { (ours, theirs) } else { (theirs, ours) };
        let mut context = first.context.clone();
        context.join(&second.context);
        Merged { held: self.0.combined(&first.held, &second.held), context }
    }
}

fn held_in(state: &Option<Merged>) -> Option<&Held> {
    state.as_ref().map(|merged| &merged.held)
}

impl Resolver for OverMerged {
    type State = Option<Merged>;
    type Effect = Merged;

    fn uses_wall_clock(&self) -> bool {
        self.0.keeping.uses_wall_clock()
    }

    fn prepare(&self, state: &Option<Merged>, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Merged, Refusal> {
        let version = self.0.keeping.written(op, dot, timestamp, || value_in(held_in(state)))?;
        let mut context = state.as_ref().map_or_else(VersionVector::default, |merged| merged.context.clone());
        context.insert(dot);
        Ok(Merged { held: Held::of(version), context })
    }

    fn apply(&self, state: &mut Option<Merged>, change: &Change<Merged>) -> bool {
        let joined = match state.as_ref() {
            Some(held) => self.join(held, &change.effect),
            None => change.effect.clone(),
        };
        let altered = state.as_ref() != Some(&joined);
        *state = Some(joined);
        altered
    }

    fn read(&self, state: &Option<Merged>) -> Reading {
        reading(held_in(state))
    }

    fn merge(&self, ours: Side<'_, Option<Merged>>, theirs: Side<'_, Option<Merged>>) -> Option<Option<Merged>> {
        Some(match (ours.state, theirs.state) {
            (Some(ours), Some(theirs)) => Some(self.join(ours, theirs)),
            (one, other) => one.as_ref().or(other.as_ref()).cloned(),
        })
    }

    fn shows(&self, state: &Option<Merged>, dot: Dot) -> bool {
        shows(held_in(state), dot)
    }

    fn unsure(&self, state: &Option<Merged>, dot: Dot) -> bool {
        unsure(held_in(state), dot)
    }
}

/// The version held and the one that arrives, without causality: many systems apply their rule so.
#[derive(Clone)]
pub(super) struct OverArrival(pub(super) At);

impl Resolver for OverArrival {
    type State = Option<Held>;
    type Effect = Version;

    fn uses_wall_clock(&self) -> bool {
        self.0.keeping.uses_wall_clock()
    }

    fn prepare(&self, state: &Option<Held>, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Version, Refusal> {
        self.0.keeping.written(op, dot, timestamp, || value_in(state.as_ref()))
    }

    fn apply(&self, state: &mut Option<Held>, change: &Change<Version>) -> bool {
        let incoming = Held::of(change.effect.clone());
        let kept = match state.as_ref() {
            Some(held) if change.dot.origin() != self.0.here => {
                match self.0.keeping.keep_or_note(&held.version, &incoming.version, self.0.here) {
                    Kept::First => return false,
                    kept => Held::after(kept, held, &incoming),
                }
            }
            // A client's write replaces its master's version, whatever the expression.
            _ => incoming,
        };
        *state = Some(kept);
        true
    }

    fn read(&self, state: &Option<Held>) -> Reading {
        reading(state.as_ref())
    }

    /// Two states do not tell which of them arrived.
    fn merge(&self, _: Side<'_, Option<Held>>, _: Side<'_, Option<Held>>) -> Option<Option<Held>> {
        None
    }

    fn shows(&self, state: &Option<Held>, dot: Dot) -> bool {
        shows(state.as_ref(), dot)
    }

    fn unsure(&self, state: &Option<Held>, dot: Dot) -> bool {
        unsure(state.as_ref(), dot)
    }
}
