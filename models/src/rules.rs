//! Rules by name, and rules that users bring.

#[cfg(feature = "scripts")]
pub mod expression;
pub mod systems;
