//! Rules by name, and rules that users bring.

#[cfg(feature = "scripts")]
pub mod expression;
mod lower_seat;
pub mod systems;

pub use lower_seat::lower_seat;
