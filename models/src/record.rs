//! Recorded runs of real masters, held to the model.

#[cfg(feature = "cli")]
pub mod conform;
