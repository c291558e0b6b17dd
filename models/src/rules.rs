//! The catalogue of named rules, and rules that users write.

#[cfg(feature = "scripts")]
pub mod expression;
mod lower_seat;
pub mod systems;

pub use lower_seat::lower_seat;
