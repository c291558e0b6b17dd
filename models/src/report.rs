//! The output of a check: tables, schedules, traces, pictures, a page, and the Explorer.

pub mod check;
#[cfg(feature = "explorer")]
pub mod explorer;
#[cfg(feature = "cli")]
pub mod graph;
#[cfg(feature = "cli")]
pub mod junit;
#[cfg(feature = "cli")]
pub mod matrix;
#[cfg(feature = "cli")]
pub mod page;
#[cfg(feature = "cli")]
pub mod past;
pub mod picture;
pub mod table;
pub mod trace;
