//! A stateright actor as a [`Node`]: [`ActorNode`].

use super::node::{Answer, Input, Node, NodeError, Stepped};
use multimaster::{Key, MasterId, Reading, Request, Topology};
use stateright::actor::{Actor, Command, Id, Out};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A system whose nodes are actors of [stateright](https://docs.rs/stateright).
///
/// Master A is the actor with the `Id` 0, B that with 1, and so on. A client's request comes from an `Id` of its own,
/// beyond those of the masters. A timer that is set, and each choice of a value that the actor left to chance, is a
/// tick. The actor restarts with the data that it has saved.
pub struct ActorNode<A: Actor> {
    make: Make<A>,
    ask: Ask<A>,
    read: Read<A>,
    answer: Option<Answers<A>>,
    seen: Option<Seen<A>>,
}

type Make<A> = Box<dyn Fn(Id, &[Id]) -> A + Send + Sync>;
type Read<A> = Box<dyn Fn(&<A as Actor>::State, &Key) -> Reading + Send + Sync>;
type Message<A> = Box<dyn Fn(u32, &Request) -> <A as Actor>::Msg + Send + Sync>;
type Choices<A> = Box<dyn Fn(&Request) -> Vec<<A as Actor>::Random> + Send + Sync>;
type Answers<A> = Box<dyn Fn(&<A as Actor>::Msg) -> Option<Answer> + Send + Sync>;
type Seen<A> = Box<dyn Fn(&<A as Actor>::State) -> BTreeSet<u32> + Send + Sync>;

/// How a client asks an actor.
enum Ask<A: Actor> {
    /// By the message for the request of this number.
    Message(Message<A>),
    /// By choosing these values, one after the other.
    Choices(Choices<A>),
}

/// The state of an actor, and the data that stateright keeps for it.
pub struct ActorState<A: Actor> {
    actor: Arc<A>,
    /// The actor's own state.
    pub state: A::State,
    /// The timers that are set, in the order of their names.
    timers: Vec<(String, A::Timer)>,
    choices: BTreeMap<String, Vec<A::Random>>,
    saved: Option<A::Storage>,
    /// The first id that is a client's.
    masters: usize,
}

impl<A> ActorNode<A>
where
    A: Actor + Send + Sync + 'static,
    ActorNode<A>: Node<State = ActorState<A>, Message = A::Msg>,
{
    /// A node that `make` makes from its own id and those to which it can send. `ask` turns the request of this number
    /// into the actor's message, and `read` returns a client's reading of a key.
    pub fn new(
        make: impl Fn(Id, &[Id]) -> A + Send + Sync + 'static,
        ask: impl Fn(u32, &Request) -> A::Msg + Send + Sync + 'static,
        read: impl Fn(&A::State, &Key) -> Reading + Send + Sync + 'static,
    ) -> ActorNode<A> {
        ActorNode::of(Box::new(make), Ask::Message(Box::new(ask)), Box::new(read))
    }

    /// The same for an actor whose writes are its own random choices: a request makes it choose these values, one after
    /// the other. It chooses nothing else.
    pub fn by_choice(
        make: impl Fn(Id, &[Id]) -> A + Send + Sync + 'static,
        choose: impl Fn(&Request) -> Vec<A::Random> + Send + Sync + 'static,
        read: impl Fn(&A::State, &Key) -> Reading + Send + Sync + 'static,
    ) -> ActorNode<A> {
        ActorNode::of(Box::new(make), Ask::Choices(Box::new(choose)), Box::new(read))
    }

    fn of(make: Make<A>, ask: Ask<A>, read: Read<A>) -> ActorNode<A> {
        ActorNode { make, ask, read, answer: None, seen: None }
    }

    /// The actor acknowledges a request by a message to its client, for which `answer` gives the answer. Otherwise a
    /// request is acknowledged as soon as it is taken, and messages to clients are ignored.
    pub fn answers(mut self, answer: impl Fn(&A::Msg) -> Option<Answer> + Send + Sync + 'static) -> ActorNode<A> {
        self.answer = Some(Box::new(answer));
        self
    }

    /// Gives the writes that an actor has seen, by the numbers of their requests.
    pub fn seen(mut self, seen: impl Fn(&A::State) -> BTreeSet<u32> + Send + Sync + 'static) -> ActorNode<A> {
        self.seen = Some(Box::new(seen));
        self
    }

    /// Carries out the actor's commands on `next`.
    fn obeyed(&self, mut next: ActorState<A>, out: Out<A>) -> Stepped<ActorState<A>, A::Msg> {
        let (mut sends, mut answers) = (Vec::new(), Vec::new());
        for command in out {
            match command {
                Command::Send(to, message) => match usize::from(to).checked_sub(next.masters) {
                    None => sends.push((MasterId(usize::from(to) as u16), message)),
                    Some(number) => {
                        let answer = self.answer.as_ref().and_then(|answer| answer(&message));
                        answers.extend(answer.map(|answer| (number as u32, answer)));
                    }
                },
                Command::SetTimer(timer, _) => {
                    let name = format!("{timer:?}");
                    next.timers.retain(|(_, held)| *held != timer);
                    let place = next.timers.partition_point(|(held, _)| *held < name);
                    next.timers.insert(place, (name, timer));
                }
                Command::CancelTimer(timer) => next.timers.retain(|(_, held)| *held != timer),
                Command::ChooseRandom(key, values) if values.is_empty() => drop(next.choices.remove(&key)),
                Command::ChooseRandom(key, values) => match self.ask {
                    Ask::Message(_) => drop(next.choices.insert(key, values)),
                    Ask::Choices(_) => {}
                },
                Command::Save(storage) => next.saved = Some(storage),
            }
        }
        Stepped { state: next, sends, answers }
    }

    /// Lets the actor act on its own state.
    fn acted(
        &self,
        id: Id,
        mut next: ActorState<A>,
        act: impl FnOnce(&A, Id, &mut Cow<'_, A::State>, &mut Out<A>),
    ) -> Stepped<ActorState<A>, A::Msg> {
        let mut out = Out::new();
        let mut state = Cow::Borrowed(&next.state);
        act(&next.actor, id, &mut state, &mut out);
        if let Cow::Owned(state) = state {
            next.state = state;
        }
        self.obeyed(next, out)
    }

    fn asked(&self, id: Id, state: &ActorState<A>, number: u32, request: &Request) -> Stepped<ActorState<A>, A::Msg> {
        let client = Id::from(state.masters + number as usize);
        let mut stepped = match &self.ask {
            Ask::Message(message) => {
                let message = message(number, request);
                self.acted(id, state.clone(), |actor, id, state, out| actor.on_msg(id, state, client, message, out))
            }
            Ask::Choices(values) => values(request).iter().fold(Stepped::to(state.clone()), |so_far, value| {
                let mut next =
                    self.acted(id, so_far.state, |actor, id, state, out| actor.on_random(id, state, value, out));
                next.sends.splice(0..0, so_far.sends);
                next
            }),
        };
        if self.answer.is_none() {
            stepped.answers = vec![(number, Answer::Done)];
        }
        stepped
    }

    /// The tick at this place: the timers first, then the values of each choice.
    fn ticked(&self, id: Id, state: &ActorState<A>, place: usize) -> Stepped<ActorState<A>, A::Msg> {
        let mut next = state.clone();
        if place < state.timers.len() {
            let (_, timer) = next.timers.remove(place);
            return self.acted(id, next, |actor, id, state, out| actor.on_timeout(id, state, &timer, out));
        }
        match state.open_choices().nth(place - state.timers.len()) {
            Some((key, value)) => {
                next.choices.remove(key);
                self.acted(id, next, |actor, id, state, out| actor.on_random(id, state, value, out))
            }
            None => Stepped::to(next),
        }
    }
}

impl<A> Node for ActorNode<A>
where
    A: Actor + Send + Sync + 'static,
    A::Msg: Send + Sync + 'static,
    A::State: Send + Sync + 'static,
    A::Timer: Send + Sync + 'static,
    A::Random: Send + Sync + 'static,
    A::Storage: Send + Sync + 'static,
{
    type State = ActorState<A>;
    type Message = A::Msg;

    fn start(&self, id: MasterId, topology: &Topology) -> Result<Stepped<ActorState<A>, A::Msg>, NodeError> {
        let own = Id::from(id.index());
        let peers: Vec<Id> = topology.sends_to(id).map(|peer| Id::from(peer.index())).collect();
        let actor = Arc::new((self.make)(own, &peers));
        let mut out = Out::new();
        let state = actor.on_start(own, &None, &mut out);
        let masters = usize::from(topology.masters());
        let first = ActorState { actor, state, timers: Vec::new(), choices: BTreeMap::new(), saved: None, masters };
        Ok(self.obeyed(first, out))
    }

    fn step(
        &self,
        id: MasterId,
        state: &ActorState<A>,
        input: Input<'_, A::Msg>,
    ) -> Result<Stepped<ActorState<A>, A::Msg>, NodeError> {
        let own = Id::from(id.index());
        Ok(match input {
            Input::Request { number, request } => self.asked(own, state, number, request),
            Input::Message { from, message } => {
                let (from, message) = (Id::from(from.index()), message.clone());
                self.acted(own, state.clone(), |actor, id, state, out| actor.on_msg(id, state, from, message, out))
            }
            Input::Tick(place) => self.ticked(own, state, place),
            Input::Restart => {
                let mut out = Out::new();
                let actor = Arc::clone(&state.actor);
                let restarted = actor.on_start(own, &state.saved, &mut out);
                let (timers, choices) = (Vec::new(), BTreeMap::new());
                self.obeyed(ActorState { actor, state: restarted, timers, choices, ..state.clone() }, out)
            }
        })
    }

    fn read(&self, _: MasterId, state: &ActorState<A>, key: &Key) -> Result<Reading, NodeError> {
        Ok((self.read)(&state.state, key))
    }

    fn ticks(&self, _: MasterId, state: &ActorState<A>) -> Vec<String> {
        let timers = state.timers.iter().map(|(name, _)| name.clone());
        timers.chain(state.open_choices().map(|(key, value)| format!("{key} is {value:?}"))).collect()
    }

    fn seen(&self, _: MasterId, state: &ActorState<A>) -> Option<BTreeSet<u32>> {
        self.seen.as_ref().map(|seen| seen(&state.state))
    }
}

impl<A: Actor> ActorState<A> {
    /// Each value that chance may choose, with the name of its choice.
    fn open_choices(&self) -> impl Iterator<Item = (&String, &A::Random)> {
        self.choices.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)))
    }
}

impl<A: Actor> Clone for ActorState<A> {
    fn clone(&self) -> Self {
        let ActorState { actor, state, timers, choices, saved, masters } = self;
        let (state, timers, choices, saved) = (state.clone(), timers.clone(), choices.clone(), saved.clone());
        ActorState { actor: Arc::clone(actor), state, timers, choices, saved, masters: *masters }
    }
}

/// The actor is that of the node, and needs no comparison.
impl<A: Actor> PartialEq for ActorState<A> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
            && self.timers == other.timers
            && self.choices == other.choices
            && self.saved == other.saved
    }
}

impl<A: Actor> Hash for ActorState<A> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
        self.timers.hash(hasher);
        self.choices.hash(hasher);
        self.saved.hash(hasher);
    }
}

impl<A: Actor> Debug for ActorState<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)?;
        if !self.timers.is_empty() {
            let names: Vec<&str> = self.timers.iter().map(|(name, _)| name.as_str()).collect();
            write!(f, "; timers {}", names.join(", "))?;
        }
        self.saved.iter().try_for_each(|saved| write!(f, "; saved {saved:?}"))
    }
}
