//! Walks beyond exhaustion: what they find, and that they find it again.

mod catalogue;
mod fingerprints;
mod mutants;

use multimaster_models::swarm::Swarm;
use std::time::Duration;

/// A swarm of these seeds on one thread.
fn asked(seeds: std::ops::Range<u64>, time: Option<Duration>) -> Swarm {
    Swarm { seeds, time, threads: 1, walks: 16, depth: 1000, only: None, but: Vec::new(), goes_on: false }
}
