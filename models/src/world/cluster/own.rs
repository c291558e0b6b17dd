//! The user's own properties, evaluated in a cluster's states.

use super::{ClusterModel, State};
use crate::history::History;
use crate::model::{Expectation, Model, Property};
use crate::node::any_rule::AnyReplica;
use crate::properties::own_property::{Acknowledged, Answer, Claim, Keys, Own, OwnProperties, Place, Readings};
use crate::properties::own_property::{Property as OwnPropertyOf, Rejected, acknowledged};
use crate::scope::Scope;
use crate::world::World;
use crate::world::memo::Tables;
use multimaster::{Key, MasterId, Reading};
use smallvec::smallvec;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most readings tried for one key.
const TRIED: usize = 16;

impl ClusterModel {
    /// Checks these properties against this cluster. The result can be shared, to learn later whether an evaluation
    /// failed.
    ///
    /// # Errors
    /// The first property that is not valid in this cluster.
    pub(crate) fn own_properties(&self, properties: &[OwnPropertyOf]) -> Result<OwnProperties, Rejected> {
        let taken: Vec<&str> = self.properties().iter().map(|property| property.name).collect();
        OwnProperties::new(properties, &self.scope, &taken)
    }

    /// Adds these properties.
    pub(crate) fn asking(mut self, properties: &Arc<OwnProperties>) -> ClusterModel {
        self.own = Own::new(Arc::clone(properties), plausible(&self.start, &self.scope));
        self
    }

    /// The user's own properties, each with the witness that it was put to the test; empty if there are several shards.
    pub(crate) fn own_conditions(&self) -> Vec<Property<Self>> {
        let all = || self.own.properties.all().iter().enumerate();
        let claims = all().map(|(number, own)| {
            let witness = own.claim == Claim::Sometimes;
            let expectation = if witness { Expectation::Sometimes } else { Expectation::Always };
            Property::new(expectation, own.name, move |cluster: &Self, state: &State| {
                cluster.own_holds(number, &state.shards.first)
            })
        });
        let tested = all().filter(|(_, own)| own.claim != Claim::Sometimes).map(|(number, own)| {
            Property::sometimes(own.witness, move |cluster: &Self, state: &State| {
                cluster.tests_own(number, &state.shards.first)
            })
        });
        claims.chain(tested).collect()
    }

    /// Whether the claim of the own property with this number holds in the state; for `sometimes`, whether it is
    /// reached. A failed evaluation decides the verdict, so that the schedule that leads to it is reported.
    fn own_holds(&self, number: usize, world: &World<Tables>) -> bool {
        let answer = || self.own_answer(number, world);
        match self.own.properties.all()[number].claim {
            Claim::Always => matches!(answer(), Answer::Yes | Answer::NotClaimed),
            Claim::Never => matches!(answer(), Answer::No | Answer::NotClaimed),
            Claim::AtQuiescence => !self.is_quiescent(world) || matches!(answer(), Answer::Yes | Answer::NotClaimed),
            Claim::Sometimes => matches!(answer(), Answer::Yes | Answer::Failed),
        }
    }

    fn own_answer(&self, number: usize, world: &World<Tables>) -> Answer {
        let place = self.place(number, world);
        if let Some(answer) = self.own.judged().answers.get(&place) {
            return *answer;
        }
        let answer = self.own.properties.all()[number].ask_or_note(&self.readings_in(&place, world));
        self.own.judged().answers.insert(place, answer);
        answer
    }

    /// Whether the state puts the own property with this number to the test: its claim applies, and the property is
    /// false, or would be if one key had another reading at one master or at all masters.
    fn tests_own(&self, number: usize, world: &World<Tables>) -> bool {
        let own = &self.own.properties.all()[number];
        if own.claim == Claim::AtQuiescence && !self.is_quiescent(world) {
            return false;
        }
        let place = self.place(number, world);
        if let Some(tested) = self.own.judged().tested.get(&place) {
            return *tested;
        }
        let broken = |answer| answer == if own.claim == Claim::Never { Answer::Yes } else { Answer::No };
        let tested = match self.own_answer(number, world) {
            Answer::NotClaimed | Answer::Failed => false,
            answer => {
                let tried = || self.readings_nearby(&place, world).any(|nearby| own.ask(&nearby).is_ok_and(broken));
                broken(answer) || tried()
            }
        };
        self.own.judged().tested.insert(place, tested);
        tested
    }

    /// The cache key of the own property with this number: each master's readings and, if the property reads the
    /// writes, the history and each master's digest.
    fn place(&self, number: usize, world: &World<Tables>) -> Place {
        let (tables, judged) = (self.tables(), &mut *self.own.judged());
        let mut place: Place = smallvec![number as u32];
        for master in &world.masters {
            let core = tables.locals[master.local].core;
            place.push(judged.number(core, || self.read_by(tables.locals[core].replica())));
        }
        if self.own.properties.all()[number].reads_writes() {
            place.push(world.history);
            place.extend(world.masters.iter().map(|master| tables.locals[master.local].digest));
        }
        place
    }

    /// This master's readings of the keys that clients write.
    fn read_by(&self, replica: &AnyReplica) -> Keys {
        self.own.plausible.keys().map(|key| (key.clone(), replica.read(key))).collect()
    }

    /// The masters' readings, and the acknowledged writes.
    fn readings_in(&self, place: &Place, world: &World<Tables>) -> Readings {
        let (masters, writes) = self.seen_in(place, world);
        Readings::new(&masters, writes)
    }

    fn seen_in(&self, place: &Place, world: &World<Tables>) -> (Vec<Arc<Keys>>, Arc<Vec<Acknowledged>>) {
        let (tables, judged) = (self.tables(), self.own.judged());
        let masters = place[1..=world.masters.len()].iter().map(|number| judged.keys(*number)).collect();
        let history: &History = &tables.histories[world.history].history;
        let seen = |master: MasterId, dot| tables.digest(world.local(master)).contains(dot);
        (masters, Arc::new(acknowledged(history, world.masters.len(), seen)))
    }

    /// The state's readings with another plausible reading of one key, at one master or at all masters.
    fn readings_nearby(&self, place: &Place, world: &World<Tables>) -> impl Iterator<Item = Readings> {
        let (masters, writes) = self.seen_in(place, world);
        let all = self.own.plausible.iter().flat_map(|(key, readings)| readings.iter().map(move |read| (key, read)));
        all.flat_map(move |(key, read)| {
            let (masters, writes) = (masters.clone(), Arc::clone(&writes));
            // Each master by itself, then all.
            (0..=masters.len()).map(move |changed| {
                let otherwise = |(place, keys): (usize, &Arc<Keys>)| {
                    let mut keys = Arc::clone(keys);
                    if place == changed || changed == masters.len() {
                        Arc::make_mut(&mut keys).insert(key.clone(), read.clone());
                    }
                    keys
                };
                Readings::new(&masters.iter().enumerate().map(otherwise).collect::<Vec<_>>(), Arc::clone(&writes))
            })
        })
    }

    /// In words, why the own property of this name is false in the state; `None` if it is true or unknown.
    pub(crate) fn own_complaint(&self, name: &str, world: &World<Tables>) -> Option<String> {
        let number = self.own.properties.all().iter().position(|own| own.name == name)?;
        if self.own_holds(number, world) {
            return None;
        }
        let own = &self.own.properties.all()[number];
        let readings = self.readings_in(&self.place(number, world), world);
        let is = match own.ask(&readings) {
            Err(failed) => return Some(failed.to_string()),
            Ok(_) if own.claim == Claim::Never => "it is true",
            Ok(_) if own.claim == Claim::AtQuiescence => "all is quiescent, and it is false",
            Ok(_) => "it is false",
        };
        Some(format!("{is} where {}", self.readings_in_words(&readings, world)))
    }

    /// In words, each master's readings of the keys that the property read, and its version vector if the property read
    /// the writes.
    fn readings_in_words(&self, readings: &Readings, world: &World<Tables>) -> String {
        let read = readings.read();
        let mut masters = Vec::new();
        for reads in readings.masters() {
            let id = reads.master();
            let asked = |key: &&Key| read.is_empty() || read.contains(&(id, Key::clone(key)));
            let keys: Vec<String> = reads.keys().filter(asked).map(|key| format!("{key}={}", reads.get(key))).collect();
            let mut said = Vec::new();
            if !keys.is_empty() {
                said.push(format!("{id} reads {}", keys.join(", ")));
            }
            if readings.read_writes() {
                said.push(format!("{id} has seen {}", self.replica(world, id).digest()));
            }
            masters.extend(said);
        }
        masters.join("; ")
    }
}

/// By key, its plausible readings: before any write, after each request alone, and after each prefix of a client's
/// script.
fn plausible(start: &[AnyReplica], scope: &Scope) -> BTreeMap<Key, BTreeSet<Reading>> {
    let mut plausible: BTreeMap<Key, BTreeSet<Reading>> =
        scope.keys().into_iter().map(|key| (key.clone(), start.iter().map(|at| at.read(&key)).collect())).collect();
    let scripts = scope.clients.iter().map(|client| (client.at, client.requests.as_slice()));
    let free = scope.free.of.iter().map(|(at, request)| (*at, std::slice::from_ref(request)));
    for (at, requests) in scripts.chain(free) {
        let Some(fresh) = start.get(at.index()) else { continue };
        let mut one = fresh.clone();
        for request in requests {
            let mut alone = fresh.clone();
            for master in [&mut one, &mut alone] {
                let Some(known) = plausible.get_mut(&request.key).filter(|known| known.len() < TRIED) else { continue };
                if master.write(&request.key, request.op.clone()).is_ok() {
                    known.insert(master.read(&request.key));
                }
            }
        }
    }
    plausible
}
