//! What a person sees of a check: tables, schedules, traces, pictures, and the Explorer.

pub mod check;
#[cfg(feature = "explorer")]
pub mod explorer;
pub mod picture;
pub mod table;
pub mod trace;
