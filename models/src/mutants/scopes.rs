//! Short constructors of small scopes.

use crate::scope::{Client, LinkKind, Scope};
use multimaster::{MasterId, Topology};

/// A stream that is never reset.
pub const STREAM: LinkKind = LinkKind::Stream { resets: 0 };
/// Datagrams in any order, none lost or repeated.
pub const DATAGRAM: LinkKind = LinkKind::Datagram { losses: 0, duplicates: 0 };
/// Datagrams of which one may be lost.
pub const LOSSY: LinkKind = LinkKind::Datagram { losses: 1, duplicates: 0 };
/// Datagrams of which one may arrive twice.
pub const REPEATING: LinkKind = LinkKind::Datagram { losses: 0, duplicates: 1 };

/// A client at each master, in order, with its requests. Logs keep all changes, and messages carry one change.
fn scope(topology: Topology, link: LinkKind, asks: &[&[&str]]) -> Scope {
    let client = |(asks, at): (&&[&str], MasterId)| Client {
        at,
        requests: asks.iter().map(|ask| ask.parse().expect("a request")).collect(),
    };
    let clients = asks.iter().zip(topology.ids()).map(client).collect();
    Scope { clients, ..Scope::new(topology, link) }
}

/// Two masters, and the requests of the clients at A, B, …
///
/// # Panics
/// If a text is not a request. The other constructors panic then too.
pub fn pair(link: LinkKind, asks: &[&[&str]]) -> Scope {
    scope(Topology::all_to_all(2).expect("a topology"), link, asks)
}

/// Three masters that all send to each other.
pub fn all_to_all(link: LinkKind, asks: &[&[&str]]) -> Scope {
    scope(Topology::all_to_all(3).expect("a topology"), link, asks)
}

/// Three masters, of which A is the hub.
pub fn star(link: LinkKind, asks: &[&[&str]]) -> Scope {
    scope(Topology::star(3).expect("a topology"), link, asks)
}

/// Three masters in a ring.
pub fn ring(link: LinkKind, asks: &[&[&str]]) -> Scope {
    scope(Topology::ring(3).expect("a topology"), link, asks)
}

/// The scope with logs that keep only the newest `keep` changes, so that masters need snapshots.
pub fn keeping(keep: usize, scope: Scope) -> Scope {
    Scope { log: Some(keep), ..scope }
}
