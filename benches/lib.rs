//! What measures: benches of this project, and of rules elsewhere.

mod every_rule;
pub mod interleaved;
pub mod meeting;
pub mod mesh;
pub mod numbers;
#[cfg(feature = "criterion")]
mod resolve;

#[cfg(feature = "criterion")]
pub use resolve::resolve;

/// How many operations each benchmark that counts instructions does: what is shown is the count for one.
pub const OPERATIONS: usize = 256;
