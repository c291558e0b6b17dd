//! The place of a master that joins a topology: [`Newcomer`].

use crate::MasterId;
use std::collections::BTreeSet;

/// A master that joins a topology: its neighbours, and the edges that it replaces.
///
/// ```
/// use multimaster::{MasterId, Newcomer, Topology};
///
/// let (a, c, d) = (MasterId(0), MasterId(2), MasterId(3));
/// assert_eq!(Topology::ring(3)?.joined(d, &Newcomer::between(c, a))?, Topology::ring(4)?);
/// assert_eq!(Topology::star(3)?.joined(d, &Newcomer::beside([a]))?, Topology::star(4)?);
/// let all = Topology::all_to_all(3)?;
/// assert_eq!(all.joined(d, &Newcomer::beside(all.ids()))?, Topology::all_to_all(4)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newcomer {
    /// The neighbours that will send to it.
    pub hears_from: BTreeSet<MasterId>,
    /// The neighbours that it will send to.
    pub sends_to: BTreeSet<MasterId>,
    /// The edges that end. A path through the new master replaces each of them, so it must hear from the edge's sender
    /// and send to its receiver.
    pub replaces: BTreeSet<(MasterId, MasterId)>,
}

impl Newcomer {
    /// The new master replaces the edge from one master to the other. A ring stays a ring.
    pub fn between(from: MasterId, to: MasterId) -> Newcomer {
        Newcomer { hears_from: [from].into(), sends_to: [to].into(), replaces: [(from, to)].into() }
    }

    /// The new master and each of these send to each other: the hub of a star, or all masters.
    pub fn beside(neighbours: impl IntoIterator<Item = MasterId>) -> Newcomer {
        let neighbours: BTreeSet<MasterId> = neighbours.into_iter().collect();
        Newcomer { hears_from: neighbours.clone(), sends_to: neighbours, replaces: BTreeSet::new() }
    }
}
