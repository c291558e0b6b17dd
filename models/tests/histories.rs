//! Two engines without common search code judge histories and networks: their verdicts must be the same.

mod engines;
mod orders;
