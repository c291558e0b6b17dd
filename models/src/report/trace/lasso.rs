//! The end of a schedule that never ends: [`Lasso`].

#[cfg(feature = "explorer")]
use crate::check::liveness::Fairness;
use crate::check::liveness::{Repeated, repeated};
use crate::properties::{FALLS_SILENT, FALLS_SILENT_IF_FAIR};
use crate::subject::Subject;

/// The cycle of a schedule.
pub(super) struct Lasso {
    /// The number of steps before it.
    pub(super) begins: usize,
    /// The number of all steps.
    pub(super) steps: usize,
    /// Whether the cycle need not be fair.
    pub(super) is_unfair: bool,
}

/// The liveness properties that a schedule violates if it goes on with its cycle for ever, each with the reason. The
/// cycle begins where the schedule first reached its last state; if that is new, the schedule stays in it.
#[cfg(feature = "explorer")]
pub(crate) fn for_ever<M: Subject>(
    model: &M,
    fairness: Fairness,
    walked: &[(M::State, M::Action)],
    last: &M::State,
) -> Vec<(String, String)> {
    let begins = walked.iter().position(|(state, _)| state == last).unwrap_or(walked.len());
    let lasso = Lasso { begins, steps: walked.len(), is_unfair: fairness == Fairness::None };
    lasso.complaints(model, &walked[begins..], last)
}

impl Lasso {
    /// The cycle of a schedule that violates this property; `None` if it is no liveness property. The schedule enters
    /// the cycle at its last state, so that its earlier steps lead there on a shortest path.
    pub(super) fn of<M: Subject>(
        model: &M,
        property: &str,
        walked: &[(M::State, M::Action)],
        last: &M::State,
    ) -> Option<Lasso> {
        let is_goal = property == FALLS_SILENT_IF_FAIR || model.goals().iter().any(|goal| goal.name == property);
        if !is_goal && property != FALLS_SILENT {
            return None;
        }
        let begins = walked.iter().position(|(state, _)| state == last).unwrap_or(walked.len());
        let is_unfair = is_goal && repeated(model, &walked[begins..], last).starved.is_some();
        Some(Lasso { begins, steps: walked.len(), is_unfair })
    }

    /// The state of the cycle that shows the violation best.
    pub(super) fn shown_by<'a, M: Subject>(
        &self,
        model: &M,
        property: &str,
        walked: &'a [(M::State, M::Action)],
        last: &'a M::State,
    ) -> &'a M::State {
        let Repeated { violated, .. } = repeated(model, &walked[self.begins..], last);
        let place = violated.iter().find(|(name, _)| *name == property).map_or(0, |(_, place)| *place);
        walked.get(self.begins + place).map_or(last, |(state, _)| state)
    }

    /// The liveness properties that the cycle violates, each with the reason.
    pub(super) fn complaints<M: Subject>(
        &self,
        model: &M,
        cycle: &[(M::State, M::Action)],
        last: &M::State,
    ) -> Vec<(String, String)> {
        let Repeated { starved, violated } = repeated(model, cycle, last);
        if starved.is_some() && !self.is_unfair {
            return Vec::new();
        }
        let judged = violated.into_iter().filter(|(property, _)| model.not_judged(property).is_none());
        judged
            .map(|(property, place)| {
                let state = cycle.get(place).map_or(last, |(state, _)| state);
                let why = model.complaint(property, state).unwrap_or_else(|| "changes are sent".into());
                (property.to_owned(), format!("{why}; {}", self.in_words(starved.is_some())))
            })
            .collect()
    }

    /// The step that is never taken, if the cycle is unfair.
    pub(super) fn starved<M: Subject>(
        &self,
        model: &M,
        cycle: &[(M::State, M::Action)],
        last: &M::State,
    ) -> Option<String> {
        let first = cycle.first().map_or(last, |(state, _)| state);
        let mut actions = Vec::new();
        model.actions(first, &mut actions);
        let starved = actions.get(repeated(model, cycle, last).starved?)?;
        Some(model.describe(first, starved))
    }

    fn in_words(&self, is_unfair: bool) -> String {
        match (self.steps - self.begins, is_unfair) {
            (0, false) => "this lasts for ever: nothing more has to happen".into(),
            (0, true) => "this lasts for ever: nothing more happens".into(),
            (1, _) => format!("step {} repeats for ever", self.steps),
            (2, _) => format!("steps {} and {} repeat for ever", self.begins + 1, self.steps),
            _ => format!("steps {} to {} repeat for ever", self.begins + 1, self.steps),
        }
    }
}
