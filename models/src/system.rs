//! Systems of the user's own: copies of any [`Node`] on a network, explored like the masters of [`world`](crate::world).
//!
//! The world of the protocol's masters knows what a change is and which changes a master has seen: its links take
//! changes from logs, and it leaves out messages that bring nothing new. Of a foreign node nothing of that is known, so a
//! system has a state and a step of its own: the messages in flight are values, and each is delivered.

#[cfg(feature = "stateright")]
pub mod actor;
mod asked;
mod bounds;
mod enabled;
mod judged;
mod live;
pub mod node;
mod quiet;
mod readings;
mod state;
mod step;
mod tables;
mod watched;
mod words;

pub(crate) use asked::is_of;
pub use node::{Answer, Input, Node, NodeError, Service, Stepped};
pub use state::{Action, State};
pub use tables::Failed;
pub use watched::Watched;

use crate::model::{Goal, Model, Property, Sent};
use crate::properties as p;
use crate::scope::Scope;
use asked::Rivals;
use bounds::Bounds;
use multimaster::MasterId;
use state::{Asked, Shown, World};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use step::Step;
use tables::Tables;
use words::InWords;

/// Copies of a node on a network, with clients and faults: a [`Model`].
///
/// - Over **streams** the messages of each pair of nodes arrive in the order of sending, and none is lost. A crash breaks
///   the streams to the node: what is in flight there is lost.
/// - **Datagrams** arrive in any order; some are lost, and some arrive twice.
/// - In a **soup** a message, once sent, may arrive at any time and any number of times.
///
/// A node may tick at any time, except while a message that the tick would send is in flight already: otherwise ticks
/// alone would fill the network. A tick or a message that changes nothing is no step. A client makes its next request
/// once the one before is answered, or its node has crashed.
///
/// The most messages that a [report](crate::check::engine::Report) gives are those that any schedule sends in all,
/// because it is unknown which messages carry which write.
pub struct System<N: Node> {
    node: N,
    bounds: Bounds,
    tables: Arc<Mutex<Tables<N>>>,
    /// The first state; `None` if a node failed at its start.
    start: Option<World>,
    rivals: Rivals,
    /// Whether a reading was met that cannot be judged.
    unknown: AtomicBool,
    /// Shows the states.
    shown: Arc<dyn Shown>,
}

/// Tells the first node at fault, also once its system has been [erased](crate::check::erased::Erased).
#[derive(Clone)]
pub struct Faults(Arc<dyn Fn() -> Option<Failed> + Send + Sync>);

impl Faults {
    /// The first node at fault in the states explored so far. It voids all verdicts.
    pub fn first(&self) -> Option<Failed> {
        (self.0)()
    }
}

impl<N: Node> System<N> {
    /// Copies of `node` in this scope. `Scope::batch`, logs, clocks, free requests and sessions are for the protocol's
    /// masters only.
    ///
    /// # Errors
    /// If the scope has what a system does not have, or more than 32 requests.
    pub fn new(scope: Scope, node: N) -> Result<System<N>, String> {
        let bounds = Bounds::new(scope)?;
        let rivals = Rivals::of(&bounds);
        let tables = Arc::new(Mutex::new(Tables::new()));
        let names = bounds.requests.iter().map(|asking| asking.name.clone()).collect();
        let shown = Arc::new(InWords { tables: Arc::clone(&tables), names });
        let mut system = System { node, bounds, tables, start: None, rivals, unknown: AtomicBool::new(false), shown };
        system.start = system.first_world();
        Ok(system)
    }

    /// Tells whether a node was at fault.
    pub fn faults(&self) -> Faults {
        let tables = Arc::clone(&self.tables);
        Faults(Arc::new(move || locked(&tables).failed.clone()))
    }

    fn first_world(&self) -> Option<World> {
        let tables = &mut *self.tables();
        let (mut nodes, mut sends) = (smallvec::SmallVec::new(), Vec::new());
        for id in self.ids() {
            let outcome = tables.start(&self.node, &self.bounds, id)?;
            nodes.push(outcome.local);
            sends.extend(outcome.sends);
        }
        let wire = smallvec::SmallVec::new();
        let (asked, left) = (Asked::default(), self.bounds.faults());
        let mut world = World { nodes, wire, asked, values: smallvec::SmallVec::new(), left, down: 0, severed: 0 };
        sends.into_iter().for_each(|message| step::send(self, tables, &mut world, &mut Sent::new(), message));
        Some(world)
    }

    /// The nodes, in order.
    fn ids(&self) -> impl Iterator<Item = MasterId> + use<N> {
        self.bounds.scope.topology.ids()
    }

    /// The number of the node's first state.
    fn first_state(&self, node: MasterId) -> u32 {
        self.start.as_ref().map_or(0, |start| start.node(node))
    }

    /// Whether what is sent to a node that is down is lost, not delayed.
    fn loses_at_crash(&self) -> bool {
        self.bounds.in_order() || !self.bounds.scope.failures.restarts
    }

    fn tables(&self) -> MutexGuard<'_, Tables<N>> {
        locked(&self.tables)
    }

    /// Takes the step in `next`, which equals `state`. False if it alters nothing.
    fn alter(&self, tables: &mut Tables<N>, state: &State, next: &mut State, action: Action, sent: &mut Sent) -> bool {
        Step { system: self, tables, world: &mut next.world, sent }.take(action) && next.world != state.world
    }
}

fn locked<N: Node>(tables: &Mutex<Tables<N>>) -> MutexGuard<'_, Tables<N>> {
    tables.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl<N: Node> Model for System<N> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.start.iter().map(|world| State::new(world.clone(), Arc::clone(&self.shown))).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.enabled(&self.tables(), &state.world, actions);
    }

    fn step(&self, state: &State, action: &Action) -> Option<(State, Sent)> {
        let (mut next, mut sent) = (state.clone(), Sent::new());
        self.alter(&mut self.tables(), state, &mut next, *action, &mut sent).then_some((next, sent))
    }

    fn each_step(
        &self,
        state: &State,
        actions: &mut Vec<Action>,
        reach: &mut impl FnMut(usize, &State, &Sent) -> ControlFlow<()>,
    ) {
        // Locked once for all steps. One state is reused, because most of the states reached are known.
        let tables = &mut *self.tables();
        actions.clear();
        self.enabled(tables, &state.world, actions);
        let (mut next, mut sent) = (state.clone(), Sent::new());
        for (place, action) in actions.iter().enumerate() {
            if place > 0 {
                next.clone_from(state);
                sent.clear();
            }
            if self.alter(tables, state, &mut next, *action, &mut sent) && reach(place, &next, &sent).is_break() {
                return;
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.asked()
    }

    fn is_full(&self) -> bool {
        self.tables().is_full()
    }

    fn fair_class(&self, action: &Action) -> Option<u64> {
        Self::fair_class_of(*action)
    }

    fn goals(&self) -> Vec<Goal<Self>> {
        self.aims()
    }

    fn takes_turns(&self) -> bool {
        true
    }
}

impl<N: Node> System<N> {
    /// Why this property cannot be judged in the states explored so far, although none of them violates it.
    fn why_not_judged(&self, property: &str) -> Option<&'static str> {
        let tables = self.tables();
        let unknown = self.unknown.load(Ordering::Relaxed);
        match property {
            p::CONVERGENCE | p::EVERYONE_HEARS if tables.is_silent_on_seen => {
                Some("the node does not tell which writes it has seen")
            }
            p::NO_LOST_WRITE | p::NO_INVENTION if unknown => {
                Some("for these operations and readings it cannot be told from outside which writes a reading shows")
            }
            p::FALLS_SILENT | p::FALLS_SILENT_IF_FAIR if tables.has_ticks => {
                Some("the node sends messages at ticks, and it is unknown which of them carry writes")
            }
            _ => None,
        }
    }
}
