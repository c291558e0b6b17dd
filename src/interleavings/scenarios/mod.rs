//! What threads may do at once: each small scenario is taken through all interleavings by loom, larger ones through many
//! by shuttle.
//!
//! The claim is refinement: what an interleaving leads to is what some sequential order of the same calls on a plain
//! [`Replica`] leads to.

mod calls;
mod links;
pub mod wrong;

pub use calls::{Call, Calls};
pub use links::{Relay, a_link_reads_while_sets_go_on, relays_in_a_ring, shutdown_against_set};
pub use wrong::the_articles_set;

use crate::record::{Event, Recorded};
use crate::{ArrivalWins, Message, MessageOf, Replica, Topology};

/// The rule under which every order of arrival shows.
pub type Rule = ArrivalWins;

type Happened = Recorded<<Rule as crate::Resolver>::State, <Rule as crate::Resolver>::Effect>;

/// Does what was recorded once more, one call after the other, on plain replicas, and asserts that each was told the
/// same. The replicas are returned, to be compared.
///
/// That the numbers of a record are an order in which things can have happened is what this shows: a message is only
/// delivered if the same message was sent before, and not as often already.
fn replayed(topology: &Topology, record: &[Happened]) -> Vec<Replica<Rule>> {
    let mut replicas: Vec<_> = topology.ids().map(|id| Replica::new(id, ArrivalWins, topology)).collect();
    let mut in_flight: Vec<(u16, u16, MessageOf<Rule>)> = Vec::new();
    for Recorded { event, .. } in record {
        match event {
            Event::Write { at, key, op, answer } => assert_eq!(replicas[at.index()].write(key, op.clone()), *answer),
            Event::Read { at, key, reading } => assert_eq!(replicas[at.index()].read(key), *reading),
            Event::Push { from, to, max } => {
                let message = replicas[from.index()].next_push(*to, *max).expect("there was something to push");
                in_flight.push((from.0, to.0, message));
            }
            Event::Deliver { from, to, message, outcome } => {
                let sent = in_flight.iter().position(|(a, b, sent)| (*a, *b, sent) == (from.0, to.0, message));
                let (.., message) = in_flight.remove(sent.expect("what arrives has been sent"));
                assert_eq!(replicas[to.index()].receive(*from, message), *outcome);
            }
            Event::Truncate { at, keep } => replicas[at.index()].truncate(*keep),
            other => panic!("without faults there is no {other:?}"),
        }
    }
    assert!(in_flight.is_empty(), "what was sent has arrived");
    replicas
}

/// How many changes a message brings.
fn changes(message: &MessageOf<Rule>) -> usize {
    match message {
        Message::Push(push) => push.changes.len(),
        Message::Snapshot(_) => 0,
    }
}
