//! Recorded runs of real masters, checked against the model.

#[cfg(feature = "cli")]
pub mod conform;
#[cfg(feature = "cli")]
pub mod nodes;
