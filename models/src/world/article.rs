//! The article's own program in a world: masters without a protocol, and a channel to each.

mod asked;
mod words;

use crate::node::{Goroutine, Node, article};
use crate::scope::{Client, Clocks, Free, LinkKind, Scope};
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{Action, EnvelopeNumber, Store, World};
use multimaster::{MasterId, Op, Topology};
use std::sync::Arc;

/// Masters that each receive from one channel, shared by all their senders.
#[derive(Clone, Debug)]
pub struct Article {
    scope: Scope,
    relay: bool,
}

impl Article {
    /// Masters whose channels hold `capacity` changes each. With `relay`, each master also sends every change that it
    /// receives to all its neighbours, as a naive program for a ring or a star would: it does not track origins. Each
    /// client is a goroutine of its own; the clients of one master run concurrently.
    ///
    /// # Errors
    /// If a client's master does not exist, if a client requests anything but sets or makes more than 255
    /// requests, or if `capacity` is 0.
    pub fn new(topology: Topology, capacity: usize, relay: bool, clients: Vec<Client>) -> Result<Article, String> {
        if capacity == 0 {
            return Err("a channel that holds nothing is not modelled: the capacity must be 1 or more".into());
        }
        for client in &clients {
            if client.at.0 >= topology.masters() {
                return Err(format!("a client is connected to master {}, which does not exist", client.at));
            }
            if client.requests.len() > 255 {
                return Err(format!("{} requests of one client: at most 255", client.requests.len()));
            }
            if let Some(request) = client.requests.iter().find(|request| !matches!(request.op, Op::Set(_))) {
                return Err(format!("the article's masters take only `set`, not `{request}`"));
            }
        }
        let (link, free, clocks) = (LinkKind::Channel { capacity }, Free::default(), Clocks::default());
        Ok(Article { scope: Scope { clients, free, clocks, ..Scope::new(topology, link) }, relay })
    }

    /// Its model, ready to be explored.
    pub fn cluster(&self) -> ClusterModel {
        ClusterModel::from_start(self.scope.clone(), Vec::new(), Some(self.clone()))
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.scope.clients
    }

    /// The masters at the start.
    pub(crate) fn masters(&self) -> impl Iterator<Item = Node> {
        self.scope.topology.ids().map(|id| {
            let neighbours = self.scope.topology.sends_to(id).collect();
            let clients =
                (0..).zip(&self.scope.clients).filter(|(_, client)| client.at == id).map(|(client, _)| client);
            Node::Article(Arc::new(article::Master::new(neighbours, self.relay, clients)))
        })
    }
}

impl ClusterModel {
    /// The next step of a client's goroutine or a master's receive loop; `None` if it has nothing to do, or waits for a
    /// full channel.
    pub(crate) fn next_of(
        &self,
        tables: &Tables,
        world: &World<Tables>,
        at: MasterId,
        goroutine: Goroutine,
    ) -> Option<Action> {
        match (tables.locals[world.local(at)].node.article().sending(goroutine), goroutine) {
            (Some((_, to)), _) => self.has_room(tables, world, to).then_some(Action::Send { at, goroutine }),
            (None, Goroutine::Client(client)) => {
                let (client, place) = (usize::from(client), usize::from(world.progress()[usize::from(client)]));
                let open = place < self.scope.clients[client].requests.len();
                open.then_some(Action::Request { client, place })
            }
            (None, Goroutine::Loop) => {
                let first = world.wire.iter().find(|envelope| tables.envelope(envelope).to == at);
                first.map(|envelope| Action::Deliver(EnvelopeNumber(*envelope)))
            }
        }
    }

    /// The goroutines of the world, each with its master: the clients', then each master's receive loop.
    pub(crate) fn goroutines(&self) -> impl Iterator<Item = (MasterId, Goroutine)> {
        let clients = (0..).zip(&self.scope.clients).map(|(client, script)| (script.at, Goroutine::Client(client)));
        clients.chain(self.scope.topology.ids().map(|at| (at, Goroutine::Loop)))
    }

    /// Whether this master's channel has room for a change.
    pub(crate) fn has_room<P: Store>(&self, store: &P, world: &World<P>, to: MasterId) -> bool {
        let held = world.wire.iter().filter(|envelope| store.envelope(envelope).to == to).count();
        matches!(self.scope.link, LinkKind::Channel { capacity } if held < capacity)
    }
}
