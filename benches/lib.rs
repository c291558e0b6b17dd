//! What measures: benches of this project, and of rules elsewhere.

pub mod interleaved;
pub mod numbers;
