//! The processes of one search, on one machine or several: [`Peers`].
//!
//! They exchange messages by [Timely Dataflow](https://docs.rs/timely): each epoch of the search is one of a dataflow
//! that hands every message to its receiver. Beside Timely's connection, each pair of processes has a *lifeline*, over
//! which each says twice a second that it runs. So all others notice a process that ends or stops.
//!
//! Nothing here is authenticated or encrypted. Whoever can reach the addresses can disturb the search or falsify its
//! result.

mod dataflow;
mod greeting;
mod lifeline;

pub use greeting::Digest;

use crate::check::engine::Post;
use greeting::Connections;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// The processes of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    /// Their addresses, in order.
    pub addresses: Vec<SocketAddr>,
    /// The index of this process.
    pub own: usize,
    /// The longest time to wait for the others to start.
    pub wait: Duration,
}

/// The most processes.
const MOST: usize = 64;

impl Peers {
    /// Reads the addresses, one in a line: `host:port`. Empty lines and those that begin with `#` are skipped.
    ///
    /// # Errors
    /// The first line that is not an address; too few or too many addresses; or an index without a line.
    pub fn read(text: &str, own: usize, wait: Duration) -> Result<Peers, String> {
        let mut addresses = Vec::new();
        let lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
        for (place, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let mut found = line.to_socket_addrs().map_err(|error| format!("line {place}: `{line}`: {error}"))?;
            let address = found.next().ok_or_else(|| format!("line {place}: `{line}` has no address"))?;
            if addresses.contains(&address) {
                return Err(format!("line {place}: {address} is given twice"));
            }
            addresses.push(address);
        }
        match addresses.len() {
            0 | 1 => Err("write at least two addresses, each in a line: `10.0.0.1:4000`".into()),
            all if all > MOST => Err(format!("{all} addresses: at most {MOST}")),
            all if own >= all => Err(format!("there is no process {own}: {all} addresses, counted from 0")),
            _ => Ok(Peers { addresses, own, wait }),
        }
    }

    /// Meets the other processes, whose digests must be equal, and does the work with them. If a process is lost later,
    /// or the work panics, `lost` is called with the reason, perhaps from another thread.
    ///
    /// # Errors
    /// If a process cannot be reached in time, or has another digest.
    pub fn run<T: Send + 'static>(
        &self,
        digest: Digest,
        lost: fn(&str) -> !,
        work: impl Fn(&mut dyn Post) -> T + Send + Sync + 'static,
    ) -> Result<T, String> {
        let Connections { data, lifelines } = greeting::meet(self, digest)?;
        let lines = lifeline::watch(self, lifelines, lost)?;
        let done = dataflow::run(data, self.own, lost, work)?;
        lines.release();
        Ok(done)
    }

    /// A process in words.
    fn name(&self, place: usize) -> String {
        format!("process {place} ({})", self.addresses[place])
    }
}

#[cfg(test)]
mod tests;
