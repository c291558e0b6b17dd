//! The harness.

pub mod article;
pub mod cluster;
pub mod engine;
pub mod explorer;
pub mod history;
pub mod picture;
pub mod properties;
pub mod scope;
pub mod silence;
pub mod stateright_engine;
pub mod subject;
pub mod tamper;
mod words;
