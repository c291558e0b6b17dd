//! The search: every reachable state of a [`Model`](crate::model::Model), and what holds in it. It knows masters as little as
//! it knows a counter.

pub mod engine;
pub mod erased;
pub mod running;
pub mod silence;
#[cfg(feature = "stateright")]
pub mod stateright_engine;
