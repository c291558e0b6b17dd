//! The search: visits every reachable state of a [`Model`](crate::model::Model) and judges its properties. It knows
//! nothing of replication.

pub mod cores;
mod disk;
pub mod engine;
pub mod erased;
pub mod liveness;
#[cfg(feature = "spread")]
pub mod peers;
pub(crate) mod reached;
pub mod running;
pub mod silence;
#[cfg(feature = "stateright")]
pub mod stateright_engine;
