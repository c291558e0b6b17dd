//! Whether a real run is a path of the model: a record of a running cluster, replayed step by step.
//!
//! The record supplies only the choices: who wrote what where, which link took its next message when, what was delivered,
//! lost and doubled, when a log was cut. Everything else comes from the model's own replicas. A message that is said to
//! have been delivered must be in flight in the replay, equal in every part to what the model's replica sent; a read must
//! show what the model's replica shows; a write must be answered as there. The first step that is not so is refused.
//!
//! Shards share nothing but their masters' names: each is a path of its own.

use crate::cluster::{Action, Cluster, Letter, State};
use crate::fault::{self, Fault};
use crate::history::{History, Write};
use crate::scenario::{ForRule, RuleName};
use crate::specification::Specification;
use crate::subject::Sent;
use multimaster::record::{Event, Recorded, Setting};
use multimaster::{Key, MasterId, Message, MessageOf, Replica, Request, Resolver, Topology};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What a record of one shard came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Which shard.
    pub shard: usize,
    /// Steps in all.
    pub steps: usize,
    /// Acknowledged writes.
    pub writes: usize,
    /// Reads.
    pub reads: usize,
    /// Messages that arrived.
    pub delivered: usize,
    /// Of those, snapshots.
    pub snapshots: usize,
    /// Messages that were lost.
    pub lost: usize,
    /// Messages that were doubled.
    pub doubled: usize,
    /// Whether in the end every master has seen every acknowledged write.
    pub all_seen: bool,
    /// Whether no two masters that have seen the same read differently in the end.
    pub convergent: bool,
    /// Writes of which some master that has seen them shows nothing in the end, because a concurrent one won.
    pub lost_by_policy: usize,
    /// The same, though nothing concurrent won: a bug.
    pub lost_causally: usize,
}

/// The first step of a record that the model does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place among the record's events, from 0.
    pub place: usize,
    /// Its shard.
    pub shard: usize,
    /// The step and what the model has instead.
    pub what: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}: no step of the model: {}", self.shard, self.what)
    }
}

impl std::error::Error for Refused {}

/// Replays a record against the model of masters that follow `rule`. O(events · what a master keeps).
///
/// # Errors
/// At the first event that is no step of the model.
pub fn replay<R: Resolver>(
    rule: R,
    setting: &Setting,
    events: &[Recorded<R::State, R::Effect>],
) -> Result<Vec<Followed>, Refused> {
    let mut run = Run::new(&|_| rule.clone(), setting);
    for (place, recorded) in events.iter().enumerate() {
        let shard = recorded.shard;
        run.follow(recorded).map_err(|what| Refused { place, shard, what })?;
    }
    Ok(run.end())
}

/// Why a file was not followed to its end; either way with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It is no record.
    File(Fault),
    /// It is one, and this step is none of the model's.
    Step(Fault),
}

/// [`replay`]s the record in the file named `file`.
///
/// # Errors
/// If it is no record, names no rule that scenario files know, or holds what is no step of the model.
pub fn check(file: &str) -> Result<Vec<Followed>, Stopped> {
    let text = fault::read(file).map_err(Stopped::File)?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((first, line)) = lines.next() else {
        let what = "this is empty: a record begins with a line that names rule, topology and shards";
        return Err(Stopped::File(Fault::of(file, what)));
    };
    let wrong = |what: String| Stopped::File(Fault::at(file, first + 1, what));
    let mut setting: Setting = serde_json::from_str(line).map_err(|error| {
        wrong(format!("this is no first line of a record, which names `rule`, `topology` and `layout`: {error}"))
    })?;
    // What was read may name any edges; only these are a topology.
    setting.topology = Topology::from_edges(setting.topology.masters(), setting.topology.edges())
        .map_err(|error| wrong(format!("`topology`: {error}")))?;
    let Some(rule) = RuleName::named(&setting.rule) else {
        let what = format!("there is no rule `{}`: `multimaster list` names them", setting.rule);
        return Err(wrong(what));
    };
    rule.with(Lines { file, setting: &setting, lines: &mut lines })
}

/// The lines of a record behind the first.
struct Lines<'a> {
    file: &'a str,
    setting: &'a Setting,
    lines: &'a mut dyn Iterator<Item = (usize, &'a str)>,
}

impl ForRule for Lines<'_> {
    type Answer = Result<Vec<Followed>, Stopped>;

    fn with<R: Resolver>(self, rule: &dyn Fn(MasterId) -> R, _: Option<Specification>) -> Self::Answer {
        let mut run = Run::new(rule, self.setting);
        for (index, line) in self.lines {
            let wrong = |what: String| Fault::at(self.file, index + 1, what);
            let recorded: Recorded<R::State, R::Effect> = serde_json::from_str(line).map_err(|error| {
                Stopped::File(wrong(format!("this is no event of rule `{}`: {error}", self.setting.rule)))
            })?;
            run.follow(&recorded).map_err(|what| {
                let shard = recorded.shard;
                Stopped::Step(wrong(Refused { place: index, shard, what }.to_string()))
            })?;
        }
        Ok(run.end())
    }
}

/// A run as far as it has been followed.
struct Run<'a, R: Resolver> {
    setting: &'a Setting,
    cluster: Cluster<R>,
    shards: Vec<Shard<R>>,
    last: Option<u64>,
}

struct Shard<R: Resolver> {
    state: State<R>,
    /// The acknowledged writes of each key.
    history: BTreeMap<Key, History>,
    followed: Followed,
}

impl<'a, R: Resolver> Run<'a, R> {
    fn new(rule: &dyn Fn(MasterId) -> R, setting: &'a Setting) -> Run<'a, R> {
        let cluster = Cluster::to_be_led(setting.topology.clone(), rule);
        let shard = |shard| Shard {
            state: cluster.initial(),
            history: BTreeMap::new(),
            followed: Followed { shard, ..Followed::default() },
        };
        Run { setting, shards: (0..setting.layout.shards()).map(shard).collect(), cluster, last: None }
    }

    /// Takes one step, or says why not.
    fn follow(&mut self, recorded: &Recorded<R::State, R::Effect>) -> Result<(), String> {
        let Recorded { number, shard, event } = recorded;
        if self.last.is_some_and(|last| last >= *number) {
            return Err(format!("event {number} stands behind event {}", self.last.unwrap_or_default()));
        }
        self.last = Some(*number);
        let masters = self.setting.topology.masters();
        if let Some(stranger) = named(event).into_iter().find(|id| id.0 >= masters) {
            return Err(format!("{stranger} is not one of the {masters} masters"));
        }
        if let Event::Write { key, .. } | Event::Read { key, .. } = event
            && self.setting.layout.shard_of(key) != *shard
        {
            return Err(format!("key `{key}` belongs into shard {}", self.setting.layout.shard_of(key)));
        }
        let shards = self.shards.len();
        let Some(path) = self.shards.get_mut(*shard) else {
            return Err(format!("there are {shards} shards, counted from 0"));
        };
        path.followed.steps += 1;
        path.step(&self.cluster, event)
    }

    fn end(self) -> Vec<Followed> {
        self.shards.into_iter().map(|shard| shard.judged()).collect()
    }
}

/// The masters that an event names.
fn named<S, E>(event: &Event<S, E>) -> Vec<MasterId> {
    match event {
        Event::Write { at, .. } | Event::Read { at, .. } | Event::Truncate { at, .. } => vec![*at],
        Event::Push { from, to, .. }
        | Event::Deliver { from, to, .. }
        | Event::Lose { from, to, .. }
        | Event::Duplicate { from, to, .. } => vec![*from, *to],
        Event::Ask { asker, feeder } | Event::Answer { asker, feeder, .. } => vec![*asker, *feeder],
    }
}

impl<R: Resolver> Shard<R> {
    fn step(&mut self, cluster: &Cluster<R>, event: &Event<R::State, R::Effect>) -> Result<(), String> {
        match event {
            Event::Write { at, key, op, answer } => {
                let request = Request { key: key.clone(), op: op.clone() };
                let before = self.state.master(*at).replica.clone();
                cluster.write(&mut self.state, *at, &request, &mut Sent::new());
                let after = &self.state.master(*at).replica;
                let theirs = before.clone().write(key, op);
                if theirs != *answer {
                    let told = |answer: &Result<multimaster::Dot, multimaster::Refusal>| match answer {
                        Ok(dot) => format!("is named {dot}"),
                        Err(refusal) => format!("is refused: {refusal}"),
                    };
                    return Err(format!("{at}: {request}, which {}; here it {}", told(answer), told(&theirs)));
                }
                if let Ok(dot) = theirs {
                    self.followed.writes += 1;
                    let write = Write::new(after, dot, &request, before.digest().clone());
                    self.history.entry(key.clone()).or_default().add(write);
                }
            }
            Event::Read { at, key, reading } => {
                self.followed.reads += 1;
                let here = self.replica(*at).read(key);
                if here != *reading {
                    return Err(format!("{at} reads {key} = {reading}; here it reads {key} = {here}"));
                }
            }
            Event::Push { from, to, max } => {
                let action = Action::Push { from: *from, to: *to, max: *max };
                self.take(cluster, &action, || {
                    format!("{from} sends {to} what is next; here there is nothing to send")
                })?;
            }
            Event::Ask { asker, feeder } => {
                if !cluster.scope.topology.edges().any(|edge| edge == (*feeder, *asker)) {
                    return Err(format!("{asker} asks {feeder}, from which no edge leads to it"));
                }
                self.take(cluster, &Action::Digest { asker: *asker, feeder: *feeder }, String::new)?;
            }
            Event::Answer { feeder, asker, digest, max } => {
                let under_way = self.state.asked.iter().filter(|(a, f, _)| (a, f) == (asker, feeder));
                let under_way: Vec<String> = under_way.map(|(.., seen)| format!("({seen})")).collect();
                let action = Action::Answer { asker: *asker, feeder: *feeder, seen: digest.clone(), max: *max };
                self.take(cluster, &action, || {
                    let there = listed(&under_way);
                    format!("{feeder} answers {asker}, which has seen {digest}; digests on that way: {there}")
                })?;
            }
            Event::Deliver { from, to, message, outcome } => {
                let letter = self.in_flight(*from, *to, message, "arrives")?;
                self.followed.delivered += 1;
                self.followed.snapshots += usize::from(matches!(message, Message::Snapshot(_)));
                let here = self.replica(*to).clone().receive(*from, message.clone());
                if here != *outcome {
                    return Err(format!("{letter} arrives, and is {outcome:?}; here it is {here:?}"));
                }
                self.take(cluster, &Action::Deliver(letter), String::new)?;
            }
            Event::Lose { from, to, message } => {
                let letter = self.in_flight(*from, *to, message, "is lost")?;
                self.followed.lost += 1;
                self.take(cluster, &Action::Lose(letter), String::new)?;
            }
            Event::Duplicate { from, to, message } => {
                let letter = self.in_flight(*from, *to, message, "is doubled")?;
                self.followed.doubled += 1;
                self.take(cluster, &Action::Duplicate(letter), String::new)?;
            }
            Event::Truncate { at, keep } => {
                self.take(cluster, &Action::Truncate { at: *at, keep: *keep }, String::new)?;
            }
        }
        Ok(())
    }

    fn replica(&self, id: MasterId) -> &Replica<R> {
        &self.state.master(id).replica
    }

    fn take(&mut self, cluster: &Cluster<R>, action: &Action<R>, no: impl FnOnce() -> String) -> Result<(), String> {
        cluster.take(&mut self.state, action, &mut Sent::new()).ok_or_else(no)
    }

    /// The letter in flight that is just this one.
    fn in_flight(
        &self,
        from: MasterId,
        to: MasterId,
        message: &MessageOf<R>,
        fate: &str,
    ) -> Result<Arc<Letter<R>>, String> {
        let wire = &self.state.wire;
        match wire.binary_search_by(|letter| letter.order().cmp(&(from, to, message))) {
            Ok(place) => Ok(wire[place].clone()),
            Err(_) => {
                let said = |message: &MessageOf<R>| match message {
                    Message::Push(push) => {
                        let changes: Vec<String> =
                            push.changes.iter().map(|c| format!("{} {:?}", c.key, c.effect)).collect();
                        format!("{message} ({})", changes.join(", "))
                    }
                    Message::Snapshot(_) => message.to_string(),
                };
                let there = wire.iter().filter(|letter| (letter.from, letter.to) == (from, to));
                let there: Vec<String> = there.map(|letter| said(&letter.message)).collect();
                let there = listed(&there);
                Err(format!("{from} -> {to}: {} {fate}; in flight on that way: {there}", said(message)))
            }
        }
    }

    fn judged(self) -> Followed {
        let mut writes = self.history.values().flat_map(History::writes);
        let all_seen = writes.all(|write| self.state.masters.iter().all(|n| n.replica.digest().contains(write.dot)));
        let losses = self
            .state
            .masters
            .iter()
            .flat_map(|node| self.history.values().flat_map(|history| history.losses(&node.replica)));
        let losses: BTreeMap<_, bool> = losses.map(|loss| (loss.write, loss.by_policy)).collect();
        let by_policy = losses.values().filter(|by_policy| **by_policy).count();
        Followed {
            all_seen,
            convergent: self.convergent(),
            lost_by_policy: by_policy,
            lost_causally: losses.len() - by_policy,
            ..self.followed
        }
    }

    fn convergent(&self) -> bool {
        let replicas: Vec<&Replica<R>> = self.state.masters.iter().map(|node| &node.replica).collect();
        replicas.iter().enumerate().all(|(place, one)| {
            let mut same_seen = replicas[..place].iter().filter(|other| other.digest() == one.digest());
            same_seen.all(|other| other.readings().eq(one.readings()))
        })
    }
}

fn listed(things: &[String]) -> String {
    if things.is_empty() { "nothing".into() } else { things.join("; ") }
}

/// What the command prints: a row a shard.
pub fn table(followed: &[Followed]) -> String {
    let mut text = String::from(
        "| shard | steps | writes | reads | delivered | snapshots | lost | doubled | all seen | read alike | lost by policy | lost causally |\n\
         | ----- | ----- | ------ | ----- | --------- | --------- | ---- | ------- | -------- | ---------- | -------------- | ------------- |\n",
    );
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    for f in followed {
        text += &format!(
            "| {:<5} | {:<5} | {:<6} | {:<5} | {:<9} | {:<9} | {:<4} | {:<7} | {:<8} | {:<10} | {:<14} | {:<13} |\n",
            f.shard,
            f.steps,
            f.writes,
            f.reads,
            f.delivered,
            f.snapshots,
            f.lost,
            f.doubled,
            yes(f.all_seen),
            yes(f.convergent),
            f.lost_by_policy,
            f.lost_causally,
        );
    }
    text
}
