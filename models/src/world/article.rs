//! The article's own program as a model: what a master does without timestamps, without origins, and without a rule but
//! "what arrives last is kept". It is here to show what the protocol of this crate is for.

mod words;

use crate::model::{Model, Property, Sent};
use crate::properties::{AGREEMENT, CONFLICT, FULL, NO_DEADLOCK, ORDER_KEPT, REST};
use crate::scope::Client;
use multimaster::{Dot, Key, MasterId, Op, Text, Topology};
use std::collections::{BTreeMap, VecDeque};

/// Masters that each have one channel to receive from, shared by all that send to it.
///
/// A client's goroutine locks, writes and unlocks in one step, and then sends the change to each neighbour in turn; a
/// master's receive loop takes a change out and writes it in one step. A send into a full channel waits. Nothing is
/// lost by taking each of these as one step: nobody else's step in between could tell. The one exception is a relay's
/// loop that has taken a change out and not yet written it: there, a schedule may need one more place in the channel.
#[derive(Clone, Debug)]
pub struct Article {
    topology: Topology,
    capacity: usize,
    relay: bool,
    clients: Vec<Client>,
    writes: BTreeMap<Dot, (Key, Text)>,
}

/// A global state.
#[derive(Clone, PartialEq, Hash)]
pub struct State {
    /// Per master, what it reads.
    data: Vec<BTreeMap<Key, Text>>,
    /// Per master, what is in the channel to it.
    channels: Vec<VecDeque<Dot>>,
    /// Per master, what its receive loop must still pass on, and to whom next.
    loops: Vec<Option<Sending>>,
    /// Per client, how far it is.
    clients: Vec<Progress>,
}

/// How far a client is.
#[derive(Clone, PartialEq, Hash)]
struct Progress {
    at: MasterId,
    /// How many of its sets are written.
    made: usize,
    /// What it must still send of the last.
    sending: Option<Sending>,
}

/// A goroutine in the midst of sending: what, and to whom next.
type Sending = (Dot, MasterId);

/// The next step of one goroutine: each has at most one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// A client writes, or sends what it wrote to the next neighbour.
    Client(usize),
    /// A master's receive loop takes a change in, or passes it on to the next neighbour.
    Loop(MasterId),
}

/// What the step of an [`Action`] is.
enum Deed {
    Write(Dot),
    Send(Sending),
    Receive(Dot),
}

impl Article {
    /// Masters whose channels hold `capacity` changes each. With `relay`, each master also sends on whatever it
    /// receives, to all its neighbours: what one would write for a ring or a star, had one not thought of origins. Each
    /// client is a goroutine of its own; those at one master run concurrently.
    ///
    /// # Errors
    /// If a client is at no master or asks for anything but sets, or if channels hold nothing.
    pub fn new(topology: Topology, capacity: usize, relay: bool, clients: Vec<Client>) -> Result<Article, String> {
        if capacity == 0 {
            return Err("a channel that holds nothing is not modelled: the capacity must be 1 or more".into());
        }
        let mut writes = BTreeMap::new();
        let mut written = BTreeMap::new();
        for client in &clients {
            if client.at.0 >= topology.masters() {
                return Err(format!("there is no master {} for a client to be at", client.at));
            }
            for request in &client.asks {
                let Op::Set(value) = &request.op else {
                    return Err(format!("the article's masters only set: `{request}` is nothing they can do"));
                };
                let seq = written.entry(client.at).and_modify(|seq| *seq += 1).or_insert(1);
                let dot = Dot::new(client.at, *seq);
                writes.insert(dot, (request.key.clone(), value.clone()));
            }
        }
        Ok(Article { topology, capacity, relay, clients, writes })
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The name of a client's `place`-th write: a master's clients number theirs one client after the other, whenever
    /// they are made.
    fn dot(&self, client: usize, place: usize) -> Dot {
        let at = self.clients[client].at;
        let before = self.clients[..client].iter().filter(|other| other.at == at).map(|other| other.asks.len());
        Dot::new(at, (before.sum::<usize>() + place + 1) as u64)
    }

    /// The neighbour to send to after `last`, or the first.
    fn next_neighbour(&self, of: MasterId, last: Option<MasterId>) -> Option<MasterId> {
        self.topology.sends_to(of).find(|neighbour| last.is_none_or(|last| *neighbour > last))
    }

    /// What the goroutine would do next; `None` if it has nothing to do, or nothing has come.
    fn deed(&self, state: &State, action: Action) -> Option<Deed> {
        let (sending, idle) = match action {
            Action::Client(client) => {
                let Progress { made, sending, .. } = state.clients[client];
                let open = made < self.clients[client].asks.len();
                (sending, open.then(|| Deed::Write(self.dot(client, made))))
            }
            Action::Loop(at) => {
                (state.loops[at.index()], state.channels[at.index()].front().copied().map(Deed::Receive))
            }
        };
        sending.map(Deed::Send).or(idle)
    }

    fn goroutines(&self) -> impl Iterator<Item = Action> + '_ {
        (0..self.clients.len()).map(Action::Client).chain(self.topology.ids().map(Action::Loop))
    }

    fn is_full(&self, state: &State, channel: MasterId) -> bool {
        state.channels[channel.index()].len() >= self.capacity
    }

    fn can_go_on(&self, state: &State, action: Action) -> bool {
        match self.deed(state, action) {
            Some(Deed::Send((_, to))) => !self.is_full(state, to),
            deed => deed.is_some(),
        }
    }

    fn stands_still(&self, state: &State) -> bool {
        !self.goroutines().any(|action| self.can_go_on(state, action))
    }

    fn at_rest(&self, state: &State) -> bool {
        self.goroutines().all(|action| self.deed(state, action).is_none())
    }

    /// A key that only `writer` writes, and that `other` reads differently.
    fn out_of_order(&self, state: &State) -> Option<(&Key, MasterId, MasterId)> {
        self.writes.iter().find_map(|(dot, (key, _))| {
            let writer = dot.origin();
            let alone = self.writes.iter().all(|(other, (k, _))| k != key || other.origin() == writer);
            let right = state.data[writer.index()].get(key);
            let other = self.topology.ids().find(|id| state.data[id.index()].get(key) != right)?;
            alone.then_some((key, writer, other))
        })
    }

    fn conflict(&self, state: &State) -> bool {
        let progress = state.clients.iter().zip(&self.clients);
        let made: Vec<(MasterId, &Key)> = progress
            .flat_map(|(done, client)| client.asks[..done.made].iter().map(|request| (client.at, &request.key)))
            .collect();
        made.iter().any(|(at, key)| made.iter().any(|(other, k)| k == key && other != at))
    }

    fn step(&self, state: &State, action: Action) -> Option<(State, Sent)> {
        if !self.can_go_on(state, action) {
            return None;
        }
        let mut next = state.clone();
        let mut sent = Sent::new();
        let (at, sending) = match action {
            Action::Client(client) => (self.clients[client].at, &mut next.clients[client].sending),
            Action::Loop(at) => (at, &mut next.loops[at.index()]),
        };
        let written = match self.deed(state, action)? {
            Deed::Send((dot, to)) => {
                *sending = self.next_neighbour(at, Some(to)).map(|neighbour| (dot, neighbour));
                next.channels[to.index()].push_back(dot);
                sent.push(dot);
                return Some((next, sent));
            }
            Deed::Write(dot) => dot,
            Deed::Receive(dot) => {
                next.channels[at.index()].pop_front();
                dot
            }
        };
        if self.relay || matches!(action, Action::Client(_)) {
            *sending = self.next_neighbour(at, None).map(|neighbour| (written, neighbour));
        }
        if let Action::Client(client) = action {
            next.clients[client].made += 1;
        }
        let (key, value) = &self.writes[&written];
        next.data[at.index()].insert(key.clone(), value.clone());
        Some((next, sent))
    }
}

impl Model for Article {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let masters = usize::from(self.topology.masters());
        vec![State {
            data: vec![BTreeMap::new(); masters],
            channels: vec![VecDeque::new(); masters],
            loops: vec![None; masters],
            clients: self.clients.iter().map(|client| Progress { at: client.at, made: 0, sending: None }).collect(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(self.goroutines().filter(|action| self.can_go_on(state, *action)));
    }

    fn step(&self, state: &State, action: &Action) -> Option<(State, Sent)> {
        Article::step(self, state, *action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(AGREEMENT, |article: &Self, state: &State| {
                !article.at_rest(state) || state.data.iter().all(|data| *data == state.data[0])
            }),
            Property::always(ORDER_KEPT, |article: &Self, state| {
                !article.at_rest(state) || article.out_of_order(state).is_none()
            }),
            Property::always(NO_DEADLOCK, |article: &Self, state| {
                !article.stands_still(state) || article.at_rest(state)
            }),
            Property::sometimes(REST, Article::at_rest),
            Property::sometimes(CONFLICT, Article::conflict),
            Property::sometimes(FULL, |article: &Self, state| {
                article.topology.ids().any(|id| article.is_full(state, id))
            }),
        ]
    }
}
