//! What a state is made of, by number, and what a step comes to at one master, worked out once.
//!
//! An exploration takes millions of steps, but few of them differ in what a master knows and what it is given. So each
//! master, message and history that occurs is kept once, and identified by a number (*hash-consing*: Ershov, 1958). The
//! shipping replica takes each step once, and the outcome is remembered by the numbers of its inputs. Two values get one
//! number if their contents are equal: a hash only says where to look. Numbers are given in the order of finding, which may
//! differ from run to run: nothing that is reported or counted depends on them.

use crate::history::{History, Write};
use crate::node::any_rule::AnyReplica;
use crate::node::{Answer, Input, Letter, Output, content_hash};
use crate::world::cluster::{Cluster, Judgement};
use crate::world::{Asked, Done, Given, Inquiry, Master, Parts, Seen, State, Told};
use foldhash::fast;
use hashbrown::HashTable;
use multimaster::{Dot, Key, MasterId, Message, Outcome, Reading, Replica, VersionVector};
use smallvec::SmallVec;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::sync::Arc;

/// Values that are kept once each.
pub(crate) struct Numbered<T> {
    values: Vec<T>,
    /// The numbers of the values, by the hash of the content that identifies each.
    numbers: HashTable<Place>,
}

/// The place of a value, and its hash, so that a table that grows need not compute the hash again.
struct Place {
    hash: u64,
    number: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { values: Vec::new(), numbers: HashTable::new() }
    }
}

impl<T> Numbered<T> {
    /// The number of the value with this hash for which `is` is true, if it is known.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<u32> {
        let known = self.numbers.find(hash, |place| place.hash == hash && is(&self.values[place.number as usize]));
        known.map(|place| place.number)
    }

    /// Numbers a value that is not yet known, under this hash.
    pub(crate) fn add(&mut self, hash: u64, value: T) -> u32 {
        let number = self.next();
        self.values.push(value);
        self.numbers.insert_unique(hash, Place { hash, number }, |place| place.hash);
        number
    }

    /// The number of the value that equals `content`, which `make` gives if it is new.
    pub(crate) fn number<C: Hash + PartialEq + ?Sized>(&mut self, content: &C, make: impl FnOnce() -> T) -> u32
    where
        T: Borrow<C>,
    {
        let hash = content_hash(content);
        self.find(hash, |value| value.borrow() == content).unwrap_or_else(|| self.add(hash, make()))
    }

    /// The number that the next new value will have.
    pub(crate) fn next(&self) -> u32 {
        u32::try_from(self.values.len()).expect("an exploration ends once a table is full")
    }
}

impl<T> Index<u32> for Numbered<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}

/// A master. Where states [count what waits](super::Cluster::counts_waiting), it is told here with nothing yet to send.
pub(crate) struct Local {
    pub(crate) replica: Arc<AnyReplica>,
    /// The number of the same master with nothing yet to send, which reads and answers as this one does.
    pub(crate) core: u32,
    /// The number of what it has seen.
    pub(crate) digest: u32,
    /// The number of everything that is read there.
    pub(crate) readings: u32,
    /// What it has ever had to send, where states count what waits.
    pub(crate) streams: Streams,
}

/// By neighbour, the letters that a master's log comes to, one change each, from the first: what is in flight on a stream
/// is the last so many of them.
pub(crate) type Streams = Vec<Vec<Queued>>;

/// A letter of one change, and that change.
#[derive(Clone, Copy)]
pub(crate) struct Queued {
    pub(crate) letter: u32,
    pub(crate) dot: Dot,
}

/// What has been written.
pub(crate) struct Ghost {
    pub(crate) history: Arc<History>,
    /// The number of each write, in order.
    writes: Vec<u32>,
}

/// The most values numbered of one kind, with room for those that the last expanded state adds.
const MOST_NUMBERS: u32 = u32::MAX - (1 << 28);

/// The values of a function, each worked out once.
pub(crate) type Known<K, V> = HashMap<K, V, fast::FixedState>;

/// What a master is given, and that master, by number.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Step {
    node: u32,
    kind: u8,
    peer: MasterId,
    what: u32,
    more: u32,
}

impl Hash for Step {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(pair(self.node, self.what));
        hasher.write_u64(pair(self.more, u32::from(self.kind) << 16 | u32::from(self.peer.0)));
    }
}

/// What came of it: the master after it, what it said, and the [outbox](Tables::outbox) that it sent.
#[derive(Clone, Copy)]
struct Outcomes {
    after: u32,
    told: Told,
    outbox: u32,
}

/// All that a cluster's states are made of, and all that is remembered of its steps.
pub(crate) struct Tables {
    /// The topology's edges, in order.
    edges: Arc<[(MasterId, MasterId)]>,
    /// Whether what has been worked out is remembered.
    pub(crate) remembers: bool,
    /// How much may be numbered of each kind.
    pub(crate) most: u32,
    pub(crate) locals: Numbered<Local>,
    pub(crate) digests: Numbered<VersionVector>,
    pub(crate) letters: Numbered<Arc<Letter>>,
    pub(crate) inquiries: Numbered<Inquiry<u32>>,
    pub(crate) histories: Numbered<Ghost>,
    /// All that a master reads: each key in order.
    readings: Numbered<Vec<(Key, Reading)>>,
    writes_made: Numbered<Write>,
    /// Some of the writes of a history, in order: those that a master has seen.
    selections: Numbered<Vec<u32>>,
    /// Letters that go out together: each time how many, and they.
    outboxes: Vec<u32>,
    /// The one cache of steps: by a master and what it is given, what comes of it.
    steps: Known<Step, Outcomes>,
    /// By the first letter of several that a stream carries at once, their number, and their sender: the letter that they
    /// are together.
    pub(crate) joined: Known<(u32, usize, u32), u32>,
    /// What the properties remember.
    pub(crate) judged: Judged,
}

/// What the properties remember, each by all that it depends on.
#[derive(Default)]
pub(crate) struct Judged {
    /// By core and history: how the master is judged.
    judgements: Known<u64, Judgement>,
    /// The same by core and the [writes that it has seen](Tables::selection_seen), which determine it.
    by_selection: Known<u64, Judgement>,
    /// By the feeder's core and what [counts](Cluster::what_counts) of the asker, which lacks something: whether an exchange
    /// of digests would bring it.
    pub(crate) repairs: Known<(u64, MasterId), bool>,
    /// By the part of the receiver that matters, and a message: the digest after its arrival.
    pub(crate) brought: Known<u64, u32>,
    /// By history: whether a right was overspent.
    pub(crate) overspent: Known<u32, bool>,
}

/// Two numbers in one, for what is looked up at nearly every step.
pub(crate) fn pair(one: u32, other: u32) -> u64 {
    u64::from(one) << 32 | u64::from(other)
}

impl Tables {
    pub(crate) fn new(edges: Arc<[(MasterId, MasterId)]>) -> Tables {
        Tables {
            edges,
            remembers: true,
            locals: Numbered::default(),
            digests: Numbered::default(),
            letters: Numbered::default(),
            inquiries: Numbered::default(),
            histories: Numbered::default(),
            readings: Numbered::default(),
            writes_made: Numbered::default(),
            selections: Numbered::default(),
            most: MOST_NUMBERS,
            // That at 0 is empty.
            outboxes: vec![0],
            steps: Known::default(),
            joined: Known::default(),
            judged: Judged::default(),
        }
    }

    /// The number of the master `replica`.
    pub(crate) fn local(&mut self, replica: AnyReplica) -> u32 {
        self.local_with(replica, |_| Streams::new())
    }

    /// The number of the master `replica`; if it is new, `streams` tells what its log comes to.
    pub(crate) fn local_with(&mut self, replica: AnyReplica, streams: impl FnOnce(&mut Self) -> Streams) -> u32 {
        let hash = content_hash(&replica);
        if let Some(known) = self.locals.find(hash, |local| *local.replica == replica) {
            return known;
        }
        let streams = streams(self);
        let rested = self.rested(&replica).map(|rested| self.local(rested));
        let core = rested.unwrap_or(self.locals.next());
        let digest = self.seen(replica.digest());
        let readings: Vec<_> = replica.readings().map(|(key, reading)| (key.clone(), reading)).collect();
        let readings = self.readings.number(&readings, || readings.clone());
        self.locals.add(hash, Local { replica: Arc::new(replica), core, digest, readings, streams })
    }

    /// The same master with nothing yet to send, if it has something.
    fn rested(&self, replica: &AnyReplica) -> Option<AnyReplica> {
        let peers = || self.edges.iter().filter(|(from, _)| *from == replica.id()).map(|(_, to)| *to);
        peers().any(|peer| replica.has_push(peer)).then(|| {
            let mut rested = replica.clone();
            peers().for_each(|peer| rested.resume(peer, replica.digest()));
            rested
        })
    }

    /// The master at `at` in this state, with what it has yet to send.
    pub(crate) fn replica(&self, state: &State, at: MasterId) -> Arc<AnyReplica> {
        let local = state.world.local(at);
        let mut replica = Arc::clone(&self.locals[local].replica);
        for ((_, to), waiting) in self.edges.iter().zip(state.world.waiting()).filter(|((from, _), _)| *from == at) {
            if let Some(next) = self.in_flight(local, *to, *waiting).first() {
                self.wind_back(Arc::make_mut(&mut replica), next.letter);
            }
        }
        replica
    }

    /// All that the sender's log comes to for `to`.
    pub(crate) fn in_all(&self, sender: u32, to: MasterId) -> &[Queued] {
        &self.locals[sender].streams[to.index()]
    }

    /// What is in flight on the stream to `to` if the sender has so many changes waiting there.
    pub(crate) fn in_flight(&self, sender: u32, to: MasterId, waiting: u8) -> &[Queued] {
        let all = self.in_all(sender, to);
        &all[all.len() - usize::from(waiting)..]
    }

    /// How many changes, from the first in flight, a receiver that has seen so much has got: past them an acknowledgement moves
    /// the cursor, which rests nowhere behind what the receiver lacks.
    pub(crate) fn known_in_flight(&self, sender: u32, to: MasterId, waiting: u8, seen: &VersionVector) -> u8 {
        let in_flight = self.in_flight(sender, to, waiting);
        let known = in_flight.iter().take_while(|queued| seen.contains(queued.dot)).count() as u8;
        debug_assert_eq!(usize::from(waiting - known), {
            let mut sender = Replica::clone(&self.locals[sender].replica);
            sender.resume(to, seen);
            sender.pending(to)
        });
        known
    }

    /// The sender has the letter yet to send, and all that comes after it.
    pub(crate) fn wind_back(&self, sender: &mut AnyReplica, letter: u32) {
        let Letter { to, message, .. } = &*self.letters[letter];
        if let Message::Push(push) = message {
            sender.resume(*to, &push.extends);
        }
    }

    /// What the master has seen.
    pub(crate) fn digest(&self, local: u32) -> &VersionVector {
        &self.digests[self.locals[local].digest]
    }

    /// The number of a digest.
    pub(crate) fn seen(&mut self, digest: &VersionVector) -> u32 {
        self.digests.number(digest, || digest.clone())
    }

    pub(crate) fn letter_number(&mut self, letter: Arc<Letter>) -> u32 {
        let hash = letter.hash();
        self.letters.find(hash, |known| *known == letter).unwrap_or_else(|| self.letters.add(hash, letter))
    }

    pub(crate) fn history(&mut self, history: History) -> u32 {
        let number = |write: &Write| self.writes_made.number(write, || write.clone());
        let writes: Vec<u32> = history.writes().iter().map(number).collect();
        let hash = content_hash(&writes);
        let known = self.histories.find(hash, |ghost| ghost.writes == writes);
        known.unwrap_or_else(|| self.histories.add(hash, Ghost { history: Arc::new(history), writes }))
    }

    /// The number of those of these writes that this master has seen.
    pub(crate) fn selection_seen(&mut self, history: u32, local: u32) -> u32 {
        let (Ghost { history, writes }, seen) = (&self.histories[history], self.digest(local));
        let seen = history.writes().iter().zip(writes).filter(|(write, _)| seen.contains(write.dot));
        let selection: Vec<u32> = seen.map(|(_, number)| *number).collect();
        self.selections.number(&selection, || selection.clone())
    }

    /// Whether more values of one kind have been numbered than may be. An exploration asks after each state that it
    /// expands, which adds few: so numbers never overflow.
    pub(crate) fn is_full(&self) -> bool {
        let of_masters = self.locals.next().max(self.digests.next()).max(self.readings.next());
        let of_writes = self.histories.next().max(self.writes_made.next()).max(self.selections.next());
        let in_flight = self.letters.next().max(self.inquiries.next());
        of_masters.max(of_writes).max(in_flight) > self.most || self.outboxes.len() > self.most as usize
    }

    /// The place of an outbox that holds these letters.
    fn keep_outbox(&mut self, letters: &[u32]) -> u32 {
        if letters.is_empty() {
            return 0;
        }
        let number = |place| u32::try_from(place).expect("an exploration ends once a table is full");
        let place = number(self.outboxes.len());
        self.outboxes.push(number(letters.len()));
        self.outboxes.extend(letters);
        place
    }

    fn outbox(&self, place: u32) -> SmallVec<[u32; 4]> {
        let (count, from) = (self.outboxes[place as usize] as usize, place as usize + 1);
        SmallVec::from_slice(&self.outboxes[from..from + count])
    }

    /// What the state's numbers stand for.
    pub(crate) fn seen_in(&self, state: &State) -> Seen {
        let opened = |inquiry: &u32| {
            let Inquiry { asker, feeder, seen } = self.inquiries[*inquiry];
            Inquiry { asker, feeder, seen: self.digests[seen].clone() }
        };
        Seen {
            replicas: (0..).map(MasterId).take(state.world.masters.len()).map(|at| self.replica(state, at)).collect(),
            wire: state.world.wire.iter().map(|letter| Arc::clone(&self.letters[*letter])).collect(),
            inquiries: state.world.inquiries.iter().map(opened).collect(),
            history: Arc::clone(&self.histories[state.world.history].history),
        }
    }

    /// How the master is judged by what has been written.
    fn judgement(&mut self, cluster: &Cluster, local: u32, history: u32) -> Judgement {
        let core = self.locals[local].core;
        let key = pair(core, history);
        if let Some(judgement) = self.judged.judgements.get(&key) {
            return *judgement;
        }
        let key_seen = pair(core, self.selection_seen(history, core));
        let known = self.judged.by_selection.get(&key_seen);
        let judgement = known
            .copied()
            .unwrap_or_else(|| cluster.judgement(&self.locals[core].replica, &self.histories[history].history));
        if self.remembers {
            self.judged.by_selection.insert(key_seen, judgement);
            self.judged.judgements.insert(key, judgement);
        }
        judgement
    }

    /// The master as it is judged by what has been written.
    pub(crate) fn master(&mut self, cluster: &Cluster, local: u32, history: u32) -> Master {
        Master { local, judgement: self.judgement(cluster, local, history) }
    }

    /// What comes of a step: remembered, or worked out.
    #[inline]
    fn outcomes(
        &mut self,
        cluster: &Cluster,
        step: Step,
        work_out: impl FnOnce(&mut Self, &mut Arc<AnyReplica>) -> (Told, Vec<Letter>),
    ) -> Outcomes {
        match self.steps.get(&step) {
            Some(known) => *known,
            None => self.worked_out(cluster, step, work_out),
        }
    }

    // Apart from the look-up, which is done at each step of an exploration.
    #[cold]
    fn worked_out(
        &mut self,
        cluster: &Cluster,
        step: Step,
        work_out: impl FnOnce(&mut Self, &mut Arc<AnyReplica>) -> (Told, Vec<Letter>),
    ) -> Outcomes {
        let mut replica = Arc::clone(&self.locals[step.node].replica);
        let (told, letters) = work_out(self, &mut replica);
        let letters: Vec<u32> = letters.into_iter().map(|letter| self.letter_number(Arc::new(letter))).collect();
        let queues = cluster.counts_waiting && told.takes_in();
        let after = match told {
            Told::Written(_) | Told::TakenIn | Told::Moved => {
                self.after(step.node, Arc::unwrap_or_clone(replica), queues.then_some(&letters))
            }
            _ => {
                debug_assert!(cluster.protocol.tamper.is_some() || *replica == *self.locals[step.node].replica);
                step.node
            }
        };
        let outcomes = Outcomes { after, told, outbox: self.keep_outbox(if queues { &[] } else { &letters }) };
        if self.remembers {
            self.steps.insert(step, outcomes);
        }
        outcomes
    }

    /// The number of the master `replica`, which `before` has become. Where states count what waits on streams, `queued` is
    /// what it now has to send: that comes after all that `before` ever had.
    fn after(&mut self, before: u32, replica: AnyReplica, queued: Option<&Vec<u32>>) -> u32 {
        let Some(queued) = queued else { return self.local(replica) };
        let after = self.local_with(replica, |tables| {
            let mut streams = tables.locals[before].streams.clone();
            for letter in queued {
                let Letter { to, message, .. } = &*tables.letters[*letter];
                if let Message::Push(push) = message {
                    streams[to.index()].push(Queued { letter: *letter, dot: push.changes[0].dot });
                }
            }
            streams
        });
        debug_assert!(self.locals[after].streams.iter().flatten().all(|Queued { letter, .. }| {
            let mut sender = Replica::clone(&self.locals[after].replica);
            self.wind_back(&mut sender, *letter);
            let Letter { to, message, .. } = &*self.letters[*letter];
            sender.next_push(*to, 1).as_ref() == Some(message)
        }));
        after
    }

    /// A client makes a request of the master, in the light of a history: what comes of it, and the history after it.
    pub(crate) fn write(&mut self, cluster: &Cluster, node: &mut Master, history: u32, asked: Asked) -> Done<u32> {
        let step = Step { node: node.local, kind: 0, peer: MasterId(0), what: history, more: asked.0 };
        let outcomes = self.outcomes(cluster, step, |tables, replica| {
            let (_, request) = cluster.asked(asked);
            let mut after = History::clone(&tables.histories[history].history);
            let (request, past) = (cluster.timed(replica, &after, request), after.past_of(replica));
            let Output { answer, letters } = cluster.protocol.step(Arc::make_mut(replica), Input::Request(&request));
            let Answer::Client(Ok(named)) = answer else { return (Told::Refused, letters) };
            after.add(named.write(&request, past));
            (Told::Written(tables.history(after)), letters)
        });
        self.done(node, outcomes)
    }

    fn done(&self, node: &mut Master, Outcomes { after, told, outbox }: Outcomes) -> Done<u32> {
        node.local = after;
        Done { told, letters: self.outbox(outbox) }
    }
}

impl Parts for Tables {
    type Node = Master;
    type Letter = u32;
    type Inquiry = u32;
    type Digest = u32;
    type History = u32;

    fn step(&mut self, cluster: &Cluster, node: &mut Master, given: Given<u32, u32>) -> Done<u32> {
        let number = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        let step = |kind, peer, what, more| Step { node: node.local, kind, peer, what, more };
        let none = MasterId(0);
        let step = match given {
            Given::Letter(letter) => step(1, none, letter, 0),
            // What is answered does not depend on what is yet to be sent.
            Given::Digest { from, seen, max } => {
                Step { node: self.locals[node.local].core, ..step(2, from, seen, number(max)) }
            }
            Given::Push { to, max } => step(3, to, 0, number(max)),
            Given::Drain { to } => step(4, to, 0, 0),
            Given::Resume { to, seen } => step(5, to, seen, 0),
            Given::Acknowledge { to, seen } => step(6, to, seen, 0),
            Given::Truncate { keep } => step(7, none, 0, number(keep)),
        };
        let outcomes = self.outcomes(cluster, step, |tables, replica| {
            let input = match given {
                Given::Letter(letter) => Input::Letter(&tables.letters[letter]),
                Given::Digest { from, seen, max } => {
                    // Without a copy of the master, which a digest does not alter.
                    let answer = cluster.protocol.answer(replica, from, &tables.digests[seen], max);
                    return (Told::Answered, answer.into_iter().collect());
                }
                Given::Push { to, max } => Input::Push { to, max },
                Given::Drain { to } => Input::Drain { to },
                Given::Resume { to, seen } => Input::Resume { to, seen: &tables.digests[seen] },
                Given::Acknowledge { to, seen } => Input::Acknowledge { to, seen: &tables.digests[seen] },
                Given::Truncate { keep } => Input::Truncate { keep },
            };
            let output = cluster.protocol.step(Arc::make_mut(replica), input);
            if let (Given::Letter(letter), Answer::Arrival(Outcome::Refused(fault))) = (given, &output.answer) {
                let Letter { to, message, .. } = &*tables.letters[letter];
                // A right peer's message is never refused: the bug would be ours, in the protocol or in the model.
                assert!(cluster.protocol.tamper.is_some(), "{to} refused {message}: {fault}");
            }
            (Told::of(&output.answer), output.letters)
        });
        if let Given::Digest { .. } = given {
            return Done { told: outcomes.told, letters: self.outbox(outcomes.outbox) };
        }
        self.done(node, outcomes)
    }

    fn letter<'a>(&'a self, letter: &'a u32) -> &'a Letter {
        &self.letters[*letter]
    }

    fn seen<'a>(&'a self, node: &'a Master) -> &'a VersionVector {
        self.digest(node.local)
    }

    fn digest_of(&self, node: &Master) -> u32 {
        self.locals[node.local].digest
    }

    fn inquiry(&mut self, inquiry: Inquiry<u32>) -> u32 {
        self.inquiries.number(&inquiry, || inquiry)
    }

    fn opened(&self, inquiry: &u32) -> Inquiry<u32> {
        self.inquiries[*inquiry]
    }

    fn order(&self, one: &u32, other: &u32) -> Ordering {
        let content = |number: &u32| {
            let Inquiry { asker, feeder, seen } = self.inquiries[*number];
            (asker, feeder, &self.digests[seen])
        };
        content(one).cmp(&content(other))
    }

    fn judge(&mut self, cluster: &Cluster, node: &mut Master, history: &u32) {
        node.judgement = self.judgement(cluster, node.local, *history);
    }
}
