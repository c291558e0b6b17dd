//! Liveness properties: [`Goal`].

use super::Model;

/// A liveness property of a model: it speaks of whole schedules, and a schedule that violates it never ends.
pub struct Goal<M: Model> {
    /// The property's name, unique in its model.
    pub name: &'static str,
    /// The aim that every fair schedule achieves.
    pub aim: Aim<M>,
}

/// The aim of every fair schedule.
pub enum Aim<M: Model> {
    /// From some state on, this condition is true (in temporal logic, FG).
    Lasting(Box<Condition<M>>),
    /// No obligation stays open for ever (for each, G(open → F closed)): the obligations that are open in a state, each
    /// by its number.
    Met(Box<Obligations<M>>),
}

type Condition<M> = dyn Fn(&M, &<M as Model>::State) -> bool + Send + Sync;
type Obligations<M> = dyn Fn(&M, &<M as Model>::State) -> Vec<u64> + Send + Sync;

impl<M: Model> Goal<M> {
    /// From some state on, the condition is true.
    pub fn lasting(name: &'static str, condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static) -> Self {
        Goal { name, aim: Aim::Lasting(Box::new(condition)) }
    }

    /// None of these obligations stays open for ever.
    pub fn met(name: &'static str, open: impl Fn(&M, &M::State) -> Vec<u64> + Send + Sync + 'static) -> Self {
        Goal { name, aim: Aim::Met(Box::new(open)) }
    }
}
