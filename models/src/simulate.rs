//! Topologies measured: the shipping [`Replica`](multimaster::Replica) run by seeded discrete events.
//!
//! A simulation has masters, links with the round-trip times between real [`Regions`], clients, and faults. It drives
//! each master by the calls that `Replica` documents, and measures the time until writes reach all masters, the
//! messages sent, and the load of the busiest master: [`Figures`]. The same seed gives the same run. [`record`] writes
//! a run as a record, which [`conform`](crate::record::conform) checks against the model.
//!
//! | part | file |
//! |---|---|
//! | the simulated world: [`Setting`], [`Case`] | this one |
//! | the topology and the round trips | `shape.rs`, `regions.rs`, `azure.csv` |
//! | the loop over events; clients; masters | `run.rs`, `host.rs` |
//! | the handling of a master's mail | `mail.rs` |
//! | cuts and crashes | `faults.rs`, `failing.rs` |
//! | the figures of a run | `measure.rs`, `wire.rs` |
//! | many runs, over seeds | `sweep.rs` |
//! | tables, CSV, JSON, plots | `output.rs`, `plot.rs` |

mod failing;
mod faults;
mod host;
mod mail;
mod measure;
mod network;
mod output;
mod plot;
mod queue;
mod regions;
mod run;
mod shape;
mod sweep;
#[cfg(test)]
mod tests;
mod wire;
mod workload;

pub use faults::{Crash, Cut, Keeps, Paths, parse_crash, parse_cut, parse_duration};
pub use measure::{Figures, Outcomes};
pub use output::{csv, json, table};
pub use plot::{Axis, plot};
pub use regions::Regions;
pub use run::{record, run};
pub use shape::{EdgeList, Shape};
pub use sweep::{MEASURES, Measure, Row, Spread, sweep};

use crate::scenario::RuleName;
use multimaster::MasterId;
use std::time::Duration;

/// The values that all runs of a sweep share.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The round-trip times.
    pub regions: Regions,
    /// The conflict rule.
    pub rule: RuleName,
    /// The number of writes that clients ask for.
    pub writes: u64,
    /// The number of reads that clients ask for.
    pub reads: u64,
    /// The number of keys.
    pub keys: usize,
    /// The most by which a message takes longer than half a round trip, as a share of it.
    pub jitter: f64,
    /// The time for which a master is occupied by each message that it sends or receives, and by each request.
    pub cost: Duration,
    /// The time without a message after which a master sends a neighbour a digest. Used only where messages can be
    /// lost.
    pub tick: Duration,
    /// The most changes of a message.
    pub batch: usize,
    /// The number of changes that a log keeps for neighbours that have not been sent them.
    pub log: usize,
    /// Links that are cut.
    pub cuts: Vec<Cut>,
    /// Masters that crash.
    pub crashes: Vec<Crash>,
    /// The state that they have afterwards.
    pub keeps: Keeps,
}

/// The values in which the runs of a sweep differ, apart from the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The shape of the topology.
    pub shape: Shape,
    /// The number of masters.
    pub masters: u16,
    /// The number of writes that clients ask for in a second, at all masters together.
    pub rate: f64,
    /// The probability that a message is lost.
    pub loss: f64,
    /// The number of masters, drawn from the seed, that are down from the start.
    pub dead: u16,
}

/// The most that all links of a run may take, in bytes.
const MOST_BYTES: usize = 400 << 20;

/// The memory of a link, without the masters whose changes split horizon keeps from it. Version vectors are shared.
const LINK_BYTES: usize = 512;

impl Setting {
    /// The default setting under this rule, with as many reads as writes.
    pub fn new(rule: RuleName, writes: u64) -> Setting {
        Setting {
            regions: Regions::azure(),
            rule,
            writes,
            reads: writes,
            keys: 100,
            jitter: 0.1,
            cost: Duration::from_micros(20),
            tick: Duration::from_secs(1),
            batch: 256,
            log: 1024,
            cuts: Vec::new(),
            crashes: Vec::new(),
            keeps: Keeps::All,
        }
    }

    /// Checks that the case can be run in this setting.
    ///
    /// # Errors
    /// The reason why it cannot.
    pub fn vet(&self, case: &Case) -> Result<(), String> {
        let masters = case.masters;
        let what = format!("{} of {masters} masters", case.shape);
        let topology = case.shape.topology(masters, 0).map_err(|error| format!("{what}: {error}"))?;
        let bytes = topology.edges().count() * (usize::from(masters) + LINK_BYTES);
        if bytes > MOST_BYTES {
            return Err(format!(
                "{what}: its links need about {} MB; at most {} MB are allowed",
                bytes >> 20,
                MOST_BYTES >> 20
            ));
        }
        if case.dead >= masters {
            return Err(format!("{what}: with {} dead masters none is left", case.dead));
        }
        let mut crashing: Vec<MasterId> = self.crashes.iter().map(|crash| crash.at).collect();
        crashing.sort_unstable();
        if let Some(twice) = crashing.windows(2).find(|two| two[0] == two[1]) {
            return Err(format!("master {} crashes twice: here a master crashes once", twice[0]));
        }
        let named = self.cuts.iter().flat_map(|cut| cut.paths.masters()).chain(crashing);
        match named.into_iter().find(|id| id.0 >= masters) {
            Some(absent) => {
                Err(format!("{what}: there is no master {absent}; they are A to {}", MasterId(masters - 1)))
            }
            None => Ok(()),
        }
    }

    /// Whether a message can be lost, so that masters need to send digests.
    fn loses(&self, case: &Case) -> bool {
        case.loss > 0.0 || case.dead > 0 || !self.cuts.is_empty() || !self.crashes.is_empty()
    }
}
