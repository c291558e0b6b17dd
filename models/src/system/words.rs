//! Systems in words: steps, readings, complaints, states.

use super::System;
use super::bounds::Asking;
use super::locked;
use super::node::{Answer, Node};
use super::state::{Action, Asked, Left, Shown, State, World};
use super::tables::{Flight, Given, Tables};
use crate::model::Model;
use crate::printed::escaped;
use crate::properties as p;
use crate::subject::{Arrow, Subject};
use multimaster::MasterId;
use std::fmt;
use std::sync::{Arc, Mutex};

impl<N: Node> Subject for System<N> {
    fn format_action(&self, action: &Action) -> String {
        self.sentence(&self.tables(), None, *action)
    }

    fn describe(&self, state: &State, action: &Action) -> String {
        self.sentence(&self.tables(), Some(&state.world), *action)
    }

    fn remark(&self, state: &State, action: &Action) -> Option<String> {
        let (next, _) = self.step(state, action)?;
        let before = state.world.asked;
        let Asked { done, refused, .. } = next.world.asked;
        let answered =
            |bits: u32| (0..self.bounds.requests.len() as u32).filter(move |number| bits & (1 << number) != 0);
        let name = |number: u32| &self.bounds.asking(number).name;
        let refused = answered(refused & !before.refused);
        let refused = refused.map(|number| match self.reason(state, *action, number) {
            Some(reason) => format!("{} refused: {reason}", name(number)),
            None => format!("{} refused", name(number)),
        });
        // That a request is acknowledged at once goes without saying, but not with which value.
        let at_once = if let Action::Request(number) = action { 1 << number } else { 0 };
        let done =
            answered(done & !before.done).filter_map(|number| match self.value(&self.tables(), &next.world, number) {
                Some(value) => Some(format!("{} answered with {value}", name(number))),
                None => (at_once & (1 << number) == 0).then(|| format!("{} acknowledged", name(number))),
            });
        let all: Vec<String> = done.chain(refused).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    fn masters(&self) -> Vec<String> {
        self.ids().map(|id| id.to_string()).collect()
    }

    fn readings(&self, state: &State) -> Vec<String> {
        let tables = self.tables();
        self.ids().map(|id| self.readings_of(&tables, &state.world, id)).collect()
    }

    fn complaint(&self, property: &str, state: &State) -> Option<String> {
        let (tables, world) = (&mut *self.tables(), &state.world);
        match property {
            p::CONVERGENCE => {
                let (one, other) = self.apart(tables, world)?;
                let seen = tables.locals[world.node(one)].seen.map_or_else(String::new, |seen| self.names(seen));
                let both = self.both_read(tables, world, one, other);
                Some(format!("{one} and {other} have both seen {seen}, but {both}"))
            }
            p::AGREEMENT => {
                let (one, other) = self.disagreeing(tables, world)?;
                Some(format!("all is quiescent, but {}", self.both_read(tables, world, one, other)))
            }
            p::EVERYONE_HEARS => {
                let (request, at) = *self.unheard(tables, world).first()?;
                Some(format!("{at} has not seen {}, which was acknowledged", self.bounds.asking(request).name))
            }
            p::EVENTUALLY_AGREE => {
                let (one, other) = self.reading_apart(tables, world)?;
                Some(self.both_read(tables, world, one, other))
            }
            p::NO_LOST_WRITE => {
                let (id, key) = self.losing(tables, world)?;
                let key = &self.bounds.keys[key];
                let writes = self.writes(world, key);
                let done = self.listed(writes.iter().filter(|write| write.done).map(|write| write.number));
                let open = self.listed(writes.iter().filter(|write| !write.done).map(|write| write.number));
                let open = if open.is_empty() { open } else { format!(", and perhaps of {open}") };
                let reading = self.reads(tables, world, id).find(|(read, _)| *read == key)?.1;
                Some(format!("all is quiescent, but {id} reads {key}={reading} after the acknowledged {done}{open}"))
            }
            p::NO_INVENTION => {
                let (id, key) = self.inventing(tables, world)?;
                let (key, reading) = self.reads(tables, world, id).nth(key)?;
                let writes = self.listed(self.writes(world, key).iter().map(|write| write.number));
                let writes =
                    if writes.is_empty() { "before any write of it".to_owned() } else { format!("after {writes}") };
                Some(format!("{id} reads {key}={reading} {writes}"))
            }
            p::UNIQUE_IDS => {
                let (one, other) = world.answered_alike()?;
                let value = self.value(tables, world, other)?;
                Some(format!("{} and {} are both answered with {value}", self.named(one), self.named(other)))
            }
            p::AVAILABILITY => {
                let unanswered = self.unanswered(tables, world);
                let never = |bits: u32| self.listed((0..32).filter(move |number| bits & (1 << number) != 0));
                (unanswered != 0).then(|| format!("all is quiescent, but never answered: {}", never(unanswered)))
            }
            _ => None,
        }
        .map(|why| escaped(&why))
    }

    fn arrow(&self, state: &State, action: &Action) -> Arrow {
        let tables = self.tables();
        let ends = |message: u32| {
            let Flight { from, to, text, .. } = &tables.messages[message];
            (from.index(), to.index(), text.clone())
        };
        match *action {
            Action::Deliver(message) => {
                let (from, to, label) = ends(message);
                Arrow::Arrives { from, to, label, again: false }
            }
            Action::Repeat(message) => {
                let (from, to, label) = ends(message);
                Arrow::Arrives { from, to, label, again: true }
            }
            Action::Lose(message) => {
                let (from, to, label) = ends(message);
                Arrow::Lost { from, to, label }
            }
            Action::Request(number) => {
                let Asking { request, at, name, .. } = self.bounds.asking(number);
                Arrow::At(at.index(), format!("{name}: {request}"))
            }
            Action::Tick(at, _) => Arrow::At(at.index(), self.sentence(&tables, Some(&state.world), *action)),
            Action::Crash(at) => Arrow::Crash(at.index(), self.sentence(&tables, None, *action)),
            Action::Restart(at) => Arrow::Restart(at.index(), self.sentence(&tables, None, *action)),
            Action::Cut(cut) | Action::Heal(cut) => {
                let paths = self.bounds.scope.failures.severed[cut].paths.iter();
                let paths = paths.map(|(from, to)| (from.index(), to.index())).collect();
                let (label, healed) = (self.sentence(&tables, None, *action), matches!(action, Action::Heal(_)));
                Arrow::Cut { paths, label, healed }
            }
        }
    }

    fn why_unreached(&self, witness: &str) -> Option<String> {
        let never = witness == p::CONTENTION && self.rivals.is_empty();
        never.then(|| "no two nodes are asked to write the same key".into())
    }

    fn not_judged(&self, property: &str) -> Option<&'static str> {
        self.why_not_judged(property)
    }
}

impl<N: Node> System<N> {
    /// The step as one line of a trace. A tick is named only where the state is known.
    fn sentence(&self, tables: &Tables<N>, world: Option<&World>, action: Action) -> String {
        let message = |message: u32| {
            let Flight { from, to, text, .. } = &tables.messages[message];
            format!("{from} -> {to}: {text}")
        };
        match action {
            Action::Request(number) => {
                let Asking { request, at, .. } = self.bounds.asking(number);
                format!("{at}: {request}")
            }
            Action::Deliver(number) => message(number),
            Action::Repeat(number) => format!("{}, and once more later", message(number)),
            Action::Lose(number) => format!("lost {}", message(number)),
            Action::Tick(at, place) => {
                let name = world.and_then(|world| tables.locals[world.node(at)].ticks.get(place));
                format!("{at} ticks: {}", name.map_or_else(|| format!("number {}", place + 1), |name| escaped(name)))
            }
            Action::Crash(at) => format!("{at} crashes"),
            Action::Restart(at) => format!("{at} restarts"),
            Action::Cut(place) => format!("cut {}", self.bounds.scope.failures.severed[place].name),
            Action::Heal(place) => format!("heal {}", self.bounds.scope.failures.severed[place].name),
        }
    }

    /// The reason that the node gave for refusing this request in this step.
    fn reason(&self, state: &State, action: Action, number: u32) -> Option<String> {
        let tables = &mut *self.tables();
        let (at, given) = match action {
            Action::Request(number) => (self.bounds.asking(number).at, Given::Request(number)),
            Action::Deliver(message) | Action::Repeat(message) => (tables.ends(message).1, Given::Message(message)),
            Action::Tick(at, place) => (at, Given::Tick(place)),
            _ => return None,
        };
        let outcome = tables.step(&self.node, &self.bounds, state.world.node(at), given)?;
        tables.outcomes[outcome].answers.iter().find_map(|(answered, answer)| match answer {
            Answer::Refused(reason) if *answered == number => Some(escaped(reason)),
            _ => None,
        })
    }

    /// `k=1, l=2`, without the keys that have no value.
    fn readings_of(&self, tables: &Tables<N>, world: &World, id: MasterId) -> String {
        let there = self.reads(tables, world, id).filter(|(_, reading)| **reading != multimaster::Reading::Nothing);
        let all: Vec<String> = there.map(|(key, reading)| escaped(&format!("{key}={reading}"))).collect();
        let reads = if all.is_empty() { "nothing".into() } else { all.join(", ") };
        if world.is_up(id) { reads } else { "(down)".into() }
    }

    fn both_read(&self, tables: &Tables<N>, world: &World, one: MasterId, other: MasterId) -> String {
        let reads = |id| self.readings_of(tables, world, id);
        format!("{one} reads {} and {other} reads {}", reads(one), reads(other))
    }

    /// The value with which this request was answered.
    fn value(&self, tables: &Tables<N>, world: &World, number: u32) -> Option<String> {
        let value = world.values.get(number as usize)?.checked_sub(1)?;
        Some(escaped(&tables.values[value]))
    }

    fn named(&self, number: u32) -> &str {
        &self.bounds.asking(number).name
    }

    /// The names of these requests: `A1 B1`.
    fn names(&self, bits: u32) -> String {
        let named = self.bounds.requests.iter().enumerate().filter(|(number, _)| bits & (1 << number) != 0);
        let names: Vec<&str> = named.map(|(_, asking)| asking.name.as_str()).collect();
        if names.is_empty() { "nothing".into() } else { names.join(" ") }
    }

    /// `A1 (set k = 1), B1 (set k = 2)`.
    fn listed(&self, numbers: impl Iterator<Item = u32>) -> String {
        let of = |Asking { name, request, .. }: &Asking| format!("{name} ({request})");
        numbers.map(|number| of(self.bounds.asking(number))).collect::<Vec<_>>().join(", ")
    }
}

/// Shows the states of a system.
pub(super) struct InWords<N: Node> {
    pub(super) tables: Arc<Mutex<Tables<N>>>,
    /// The names of the requests.
    pub(super) names: Vec<String>,
}

impl<N: Node> Shown for InWords<N> {
    fn write(&self, world: &World, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = locked(&self.tables);
        for local in world.nodes.iter().map(|number| &tables.locals[*number]) {
            let is = if world.is_up(local.id) { "" } else { "(down) " };
            writeln!(f, "{}  {is}{}", local.id, escaped(&format!("{:?}", local.state)))?;
        }
        for Flight { from, to, text, .. } in world.wire.iter().map(|number| &tables.messages[*number]) {
            writeln!(f, "in flight  {from} -> {to}: {text}")?;
        }
        if world.wire.is_empty() {
            writeln!(f, "in flight  nothing")?;
        }
        let Asked { made, done, refused, unanswered } = world.asked;
        let kinds = [
            ("waiting", world.asked.pending()),
            ("acknowledged", done),
            ("refused", refused),
            ("never answered", unanswered),
            ("not made", !made),
        ];
        for (kind, bits) in kinds {
            let names = self.names.iter().enumerate().filter(|(number, _)| bits & (1 << number) != 0);
            let names: Vec<&str> = names.map(|(_, name)| name.as_str()).collect();
            if !names.is_empty() {
                writeln!(f, "requests {kind}  {}", names.join(" "))?;
            }
        }
        for (name, value) in self.names.iter().zip(&world.values).filter(|(_, value)| **value != 0) {
            writeln!(f, "{name} answered with  {}", escaped(&tables.values[value - 1]))?;
        }
        if world.severed != 0 {
            let cuts: Vec<String> =
                (0..32).filter(|cut| world.severed & (1 << cut) != 0).map(|cut| format!("#{}", cut + 1)).collect();
            writeln!(f, "cuts  {}", cuts.join(" "))?;
        }
        let Left { losses, duplicates, cuts, crashes } = world.left;
        let left = [(losses, "to lose"), (duplicates, "to repeat"), (cuts, "to cut"), (crashes, "to crash")];
        let left: Vec<String> =
            left.iter().filter(|(left, _)| *left > 0).map(|(left, what)| format!("{left} {what}")).collect();
        write!(f, "faults left  {}", if left.is_empty() { "none".into() } else { left.join(", ") })
    }
}
