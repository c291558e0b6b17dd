//! Beyond exhaustion: seeded walks through a scenario that is too large to explore, and the violations that they meet.
//!
//! A [`swarm`] gives no exhaustive verdict. It takes walks from the initial state, judges every state that they reach,
//! and stops at a violation. Each seed draws its own preferences among the actions, so that walks of different seeds
//! differ more than walks of one seed (Holzmann, Joshi and Groce, "Swarm verification techniques", 2011; Groce, Zhang,
//! Eide, Chen and Regehr, "Swarm testing", 2012). The schedule of a violation is [made shorter](shrink), and its scenario
//! [smaller]: requests, failures and masters are left out.
//!
//! The outcome depends on the seeds alone, not on the number of threads: the outcomes of seeds are taken in the order of
//! the seeds, and those behind the last violation that was asked for are dropped. Only a limit of time depends on the
//! machine.

mod habits;
pub mod outcome;
mod run;
pub mod shrink;
mod sketch;
pub mod smaller;
mod walk;

pub use run::{Ended, Found, Swarm, Swarmed, swarm};
pub use sketch::Count;

use crate::check::engine::Path;
use crate::check::erased::{Erased, ErasedState};
use crate::model::{Expectation, Model, Property};
use crate::properties::FALLS_SILENT;
use crate::subject::Subject;

/// A property that walks judge.
pub(crate) enum Judged {
    /// An `always`, which is false in the last state of a violating walk.
    Always(Property<Erased>),
    /// *Falls silent*: a walk violates it if its last state is an earlier one, and it sent changes in between.
    FallsSilent,
}

impl Judged {
    /// The properties of the model whose names `wants` accepts.
    pub(crate) fn all(model: &Erased, wants: impl Fn(&str) -> bool) -> Vec<Judged> {
        let always = model.properties().into_iter().filter(|property| property.expectation == Expectation::Always);
        let mut judged: Vec<Judged> = always.map(Judged::Always).collect();
        if model.not_judged(FALLS_SILENT).is_none() {
            judged.push(Judged::FallsSilent);
        }
        judged.retain(|judged| wants(judged.name()));
        judged
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Judged::Always(property) => property.name,
            Judged::FallsSilent => FALLS_SILENT,
        }
    }

    /// Whether this state violates it, whatever the walk to it.
    pub(crate) fn is_violated(&self, model: &Erased, state: &ErasedState) -> bool {
        match self {
            Judged::Always(property) => !(property.condition)(model, state),
            Judged::FallsSilent => false,
        }
    }
}

/// A walk that violates a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) property: &'static str,
    pub(crate) path: Path,
}
