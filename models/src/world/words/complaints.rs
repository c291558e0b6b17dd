//! Why a property is false in a shard, in words.

use super::{as_written, readings_in, readings_of};
use crate::history::{History, LostTo, Observed};
use crate::node::any_rule::{AnyReplica, AnyRule};
use crate::properties as p;
use crate::properties::specification::{Misread, misread};
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::sessions::Guarantee;
use crate::world::{Seen, World};
use multimaster::{Dot, MasterId};

impl ClusterModel {
    /// In words, why the property of this name is false in this world; `None` if it is true.
    pub(super) fn complaint_in(&self, property: &str, world: &World<Tables>) -> Option<String> {
        let Seen { replicas, history, .. } = self.shown_in(world);
        let id = |place: usize| MasterId(place as u16);
        let up = || replicas.iter().filter(|replica| world.is_up(replica.id()));
        match property {
            p::CONVERGENCE => self.diverged(world).map(|(one, other)| {
                let (seen, reads) = (replicas[one].digest(), readings_in(&replicas));
                let (a, b) = (id(one), id(other));
                format!(
                    "{a} and {b} have both seen {seen}, but {a} reads {} and {b} reads {}",
                    reads[one], reads[other]
                )
            }),
            p::AGREEMENT if self.is_quiescent(world) => up().find_map(|replica| {
                let seen = replica.digest();
                let survives = |dot| world.failed.is_none() || up().any(|replica| replica.digest().contains(dot));
                let missed = history.writes().iter().find(|write| {
                    let reaches = !self.is_out_of_reach(write.dot, replica.id());
                    reaches && !seen.contains(write.dot) && survives(write.dot)
                });
                let missed =
                    missed.map(|write| format!("all is quiescent, and {} never saw {}", replica.id(), write.dot));
                missed.or_else(|| {
                    if self.scope.topology.is_one_way() {
                        return None;
                    }
                    let (reads, first) = (readings_of(replica), up().next()?);
                    (reads != readings_of(first)).then(|| {
                        let (a, b) = (first.id(), replica.id());
                        format!("all is quiescent, but {a} reads {} and {b} reads {reads}", readings_of(first))
                    })
                })
            }),
            p::EVERYONE_HEARS => {
                let (_, dot, at) = *self.unheard(world).first()?;
                Some(format!("{at} has not seen {dot}, which was acknowledged"))
            }
            p::EVENTUALLY_AGREE if !self.agrees(world) => {
                let first = up().next()?;
                let lacks = |one: &AnyReplica, other: &AnyReplica| {
                    let mut dots = history.writes().iter().map(|write| write.dot);
                    dots.find(|dot| one.digest().contains(*dot) && !other.digest().contains(*dot))
                };
                let apart = up().find_map(|replica| {
                    let (a, b, reads) = (first.id(), replica.id(), readings_of(replica));
                    let differ = format!("{a} reads {} and {b} reads {reads}", readings_of(first));
                    (reads != readings_of(first)).then_some(differ)
                });
                apart.or_else(|| {
                    let mut pairs = up().flat_map(|one| up().map(move |other| (one, other)));
                    pairs.find_map(|(one, other)| {
                        let (a, b, dot) = (one.id(), other.id(), lacks(one, other)?);
                        Some(format!("{a} has seen {dot} and {b} has not"))
                    })
                })
            }
            p::READ_YOUR_WRITES => self.broken_guarantee(world, Guarantee::ReadYourWrites),
            p::MONOTONIC_READS => self.broken_guarantee(world, Guarantee::MonotonicReads),
            p::MONOTONIC_WRITES => self.broken_guarantee(world, Guarantee::MonotonicWrites),
            p::WRITES_FOLLOW_READS => self.broken_guarantee(world, Guarantee::WritesFollowReads),
            p::DURABILITY if self.is_quiescent(world) => self
                .gone(world)
                .map(|dot| format!("all is quiescent, and no master that is up has {dot}, which was acknowledged")),
            p::AVAILABILITY if self.is_quiescent(world) => self
                .unacknowledged(world)
                .map(|dot| format!("all is quiescent, and the client that wrote {dot} still waits for its answer"))
                .or_else(|| {
                    let at_end: Vec<String> = self.out_of_time(world).iter().map(MasterId::to_string).collect();
                    let masters = (!at_end.is_empty()).then(|| at_end.join(" and "))?;
                    Some(format!("a write was refused: the clocks of {masters} are at the end of all times"))
                }),
            p::REPAIRABLE => self.beyond_repair(world).map(|(from, to)| {
                let (from, to) = (id(from), id(to));
                format!("{to} lacks what {from} has, and would still lack it after an exchange of digests")
            }),
            p::CAUSAL_ORDER => replicas.iter().find_map(|replica| {
                let write = history.out_of_order(replica)?;
                let (id, seen) = (replica.id(), replica.digest());
                let (dot, past) = (write.dot, &write.past);
                Some(format!("{id} has seen {seen}, but not all that the writer of {dot} had seen, {past}"))
            }),
            p::NO_RESURRECTION => replicas.iter().find_map(|replica| {
                let (delete, removed) = history.resurrection(&self.observed(replica))?;
                let (id, reads) = (replica.id(), readings_of(replica));
                Some(format!("{id} has seen {}, which removed {}, and reads {reads}", delete.dot, removed.dot))
            }),
            p::NO_CAUSAL_LOSS => self.loss_in_words(&self.shown_in(world), LostTo::Past),
            p::NO_POLICY_LOSS => self.loss_in_words(&self.shown_in(world), LostTo::Concurrent),
            p::NO_TOTAL_LOSS => self.loss_in_words(&self.shown_in(world), LostTo::Nothing),
            p::NO_INVENTION => replicas.iter().find_map(|replica| {
                let (key, reading) = history.invented(&self.observed(replica))?.ok()?;
                let seen = replica.digest();
                Some(format!("{} has seen {seen} and reads {key}={reading}, which nobody wrote", replica.id()))
            }),
            p::SPECIFICATION => replicas.iter().find_map(|replica| {
                let wrong = misread(self.specification?, &history, replica)?;
                let seen: Vec<String> = wrong.seen.iter().map(Dot::to_string).collect();
                let seen = if seen.is_empty() { "nothing".into() } else { seen.join(" ") };
                let (id, Misread { key, reads, specified, .. }) = (replica.id(), wrong);
                Some(match specified {
                    Ok(specified) => {
                        format!("{id} reads {key}={reads}; the specification requires {specified} after {seen}")
                    }
                    Err(failed) => format!("{id} has seen {seen}, and the specification failed: {failed}"),
                })
            }),
            p::NO_OVERSELLING => {
                let overspent = history.overspent();
                let overspent =
                    overspent.map(|(key, id)| format!("{id} has spent more of {key} than it had a right to"));
                overspent.or_else(|| {
                    let below = world.judgements().position(|judged| judged.below_bound())?;
                    Some(format!("{} reads {}", id(below), readings_of(&replicas[below])))
                })
            }
            own => self.own_complaint(own, world),
        }
    }

    /// The replica with the degree to which its rule's claims are believed.
    fn observed<'a>(&self, replica: &'a AnyReplica) -> Observed<'a, AnyRule> {
        Observed { replica, claims: self.claims }
    }

    fn loss_in_words(&self, Seen { replicas, history, .. }: &Seen, to: LostTo) -> Option<String> {
        replicas.iter().find_map(|replica| {
            let losses = history.judge(&self.observed(replica)).losses;
            let loss = losses.into_iter().find(|loss| loss.to == to)?;
            let write = history.get(loss.write)?;
            let (request, id, dot, reads) = (as_written(write), replica.id(), write.dot, readings_of(replica));
            let beaten = loss.shown.iter().find(|dot| write.past.contains(**dot));
            let why = match (to, beaten) {
                (LostTo::Concurrent, _) => "a concurrent write won".to_owned(),
                (LostTo::Nothing, _) => "nothing that competed with it is read either".to_owned(),
                (LostTo::Past, Some(winner)) => {
                    format!("{} won, which {dot} had seen", with_wall_time(history, *winner))
                }
                (LostTo::Past, None) => "nothing competed with it".to_owned(),
            };
            Some(format!("{id} has seen {dot} ({request}) and reads {reads}: {why}"))
        })
    }
}

/// The write's dot, with its wall-clock time if the rule used one: `A1 (at 10)`.
fn with_wall_time(history: &History, dot: Dot) -> String {
    let wall = history.get(dot).and_then(|write| write.wall);
    wall.map_or_else(|| dot.to_string(), |time| format!("{dot} (at {time})"))
}
