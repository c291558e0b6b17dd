//! Histories of operations: planted anomalies are found, each by its property; clean histories have none; and what is no
//! history is refused.

mod clean;
mod planted;
mod refused;
mod told;
mod written;
