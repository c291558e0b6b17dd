//! Broken orders of writes: ties, clocks, and forgotten deletes.

use super::scopes::*;
use super::worlds::{Broken, Worlds};
use super::{Bug::Documented, Mutant};
use crate::check::erased::Erased;
use crate::node::any_rule::AnyRule;
use crate::node::delivery::Delivery;
use crate::properties::own_property::Property;
use crate::properties::{CONVERGENCE, NO_CAUSAL_LOSS, NO_RESURRECTION};
use crate::scope::Scope;
use crate::world::cluster::ClusterModel;
use multimaster::{
    Change, Dot, LastWriteWins, MasterId, Op, Reading, Refusal, Resolver, Side, Text, Timestamp, Version,
};
use std::sync::Arc;

/// Two concurrent writes with equal times.
pub(super) fn tie() -> Scope {
    pair(STREAM, &[&["set k = 1"], &["set k = 2"]])
}

/// Overwrites the stored version if `wins` is true of the incoming one.
pub(super) fn overwrite(
    held: &mut Option<Version>,
    change: &Change<Option<Text>>,
    wins: impl Fn(&Version, &Version) -> bool,
) -> bool {
    let incoming = Version { timestamp: change.timestamp, dot: change.dot, value: change.effect.clone() };
    let altered = held.as_ref().is_none_or(|held| wins(&incoming, held));
    if altered {
        *held = Some(incoming);
    }
    altered
}

/// Last write wins, by a time that is computed from the writer's clock and the replaced version.
#[derive(Clone)]
struct ByTime(fn(u64, u64) -> u64);

impl Resolver for ByTime {
    type State = Option<Version>;
    type Effect = Version;

    fn uses_wall_clock(&self) -> bool {
        true
    }

    fn prepare(&self, held: &Option<Version>, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Version, Refusal> {
        let said = op.time().unwrap_or(timestamp.time());
        let value = LastWriteWins.prepare(held, op.into_untimed(), dot, timestamp)?;
        let time = (self.0)(said, held.as_ref().map_or(0, |held| held.timestamp.time()));
        Ok(Version { timestamp: Timestamp::new(time, timestamp.master()), dot, value })
    }

    fn apply(&self, held: &mut Option<Version>, change: &Change<Version>) -> bool {
        let newer = held.as_ref().is_none_or(|held| change.effect.timestamp > held.timestamp);
        if newer {
            *held = Some(change.effect.clone());
        }
        newer
    }

    fn read(&self, held: &Option<Version>) -> Reading {
        LastWriteWins.read(held)
    }

    fn merge(&self, ours: Side<'_, Option<Version>>, theirs: Side<'_, Option<Version>>) -> Option<Option<Version>> {
        LastWriteWins.merge(ours, theirs)
    }

    fn shows(&self, held: &Option<Version>, dot: Dot) -> bool {
        LastWriteWins.shows(held, dot)
    }
}

/// A delete leaves no tombstone.
pub(super) fn drops_deletes<R: Resolver<State = Option<Version>>>(
    rule: &R,
    held: &mut Option<Version>,
    change: &Change<R::Effect>,
) -> bool {
    let altered = rule.apply(held, change);
    *held = held.take().filter(|version| version.value.is_some());
    altered
}

/// A writes and deletes, and its changes may be delivered, and applied, twice.
fn again(rule: AnyRule) -> ClusterModel {
    let tamper = Delivery::AtLeastOnce.tamper().expect("not what the protocol gives");
    ClusterModel::new(pair(REPEATING, &[&["set k = 1", "delete k"]]), rule).tampered(tamper)
}

/// A property that a user could write.
const DELETED_STAYS_DELETED: &str = r#"
for delete in writes {
    if delete.op != "delete" || !("B" in delete.seen_by) { continue; }
    for old in writes {
        if old.key == delete.key && old.write in delete.saw && old.value in B.values(old.key) { return false; }
    }
}
true
"#;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(1),
        about: "between equal times, each master keeps its own write",
        story: "Only the times are compared, with `>`: between equal times, each master keeps the stored write.",
        property: CONVERGENCE,
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A reads k=1 and B reads k=2",
        worlds: || {
            let rule = Broken::apply(LastWriteWins, |_, held, change| {
                overwrite(held, change, |incoming, held| incoming.timestamp.time() > held.timestamp.time())
            });
            Worlds::rule(&tie(), rule, LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(2),
        about: "between equal times, each master takes the other's",
        story: "Only the times are compared, with `>=`: between equal times, each master takes the incoming write.",
        property: CONVERGENCE,
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A reads k=2 and B reads k=1",
        worlds: || {
            let rule = Broken::apply(LastWriteWins, |_, held, change| {
                overwrite(held, change, |incoming, held| incoming.timestamp.time() >= held.timestamp.time())
            });
            Worlds::rule(&tie(), rule, LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(3),
        about: "the clock does not move past received timestamps",
        story: "The clock counts only the master's own writes, and does not move past received timestamps.",
        property: NO_CAUSAL_LOSS,
        schedule: &["B: set k = 2", "B -> A: B1 after nothing", "A: set k = 1"],
        complaint: "A has seen A1 (set k = 1) and reads k=2: B1 won, which A1 had seen",
        worlds: || {
            let rule = Broken::apply(LastWriteWins, |_, held, change| {
                let clock = |version: &Version| (version.dot.seq(), version.dot.origin());
                overwrite(held, change, |incoming, held| clock(incoming) > clock(held))
            });
            Worlds::rule(&tie(), rule, LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(4),
        about: "the wall clock steps back between two writes",
        story: "Writes are ordered by a wall clock, which is set back between the first write and the second.",
        property: NO_CAUSAL_LOSS,
        schedule: &["A: at 10, set k = 1", "A: at 5, set k = 2"],
        complaint: "A has seen A2 (at 5, set k = 2) and reads k=1: A1 (at 10) won, which A2 had seen",
        worlds: || {
            let scope = pair(STREAM, &[&["at 10, set k = 1", "at 5, set k = 2"]]);
            Worlds::rule(&scope, ByTime(|said, _| said), AnyRule::new(ByTime(|said, held| said.max(held + 1))))
        },
    },
    Mutant {
        bug: Documented(7),
        about: "a tombstone is dropped at once",
        story: "A delete leaves no tombstone, and changes may be delivered again: the deleted value comes back.",
        property: NO_RESURRECTION,
        schedule: &[
            "A: set k = 1",
            "A: delete k",
            "A -> B: A1 after nothing, and once more later",
            "A -> B: A2 after A1",
            "A -> B: A1 after nothing",
        ],
        complaint: "B has seen A2, which removed A1, and reads k=1",
        worlds: || {
            let mutant = again(AnyRule::new(Broken::apply(LastWriteWins, drops_deletes)));
            Worlds { mutant: Erased::new(mutant), sound: Erased::new(again(AnyRule::new(LastWriteWins))) }
        },
    },
    Mutant {
        bug: Documented(7),
        about: "a dropped tombstone, rejected by a user's own property",
        story: "The property: once B has seen A's delete, B does not read the deleted value again.",
        property: "stays-deleted",
        schedule: &[
            "A: set k = 1",
            "A: delete k",
            "A -> B: A1 after nothing, and once more later",
            "A -> B: A2 after A1",
            "A -> B: A1 after nothing",
        ],
        complaint: "it is false where",
        worlds: || {
            let asking = |rule| {
                let property = Property::always("stays-deleted", DELETED_STAYS_DELETED);
                let cluster = again(rule);
                let own = cluster.own_properties(&[property]).expect("its keys and masters are there");
                Erased::new(cluster.asking(&Arc::new(own)))
            };
            let mutant = asking(AnyRule::new(Broken::apply(LastWriteWins, drops_deletes)));
            Worlds { mutant, sound: asking(AnyRule::new(LastWriteWins)) }
        },
    },
    Mutant {
        bug: Documented(10),
        about: "the versions of a recreated key count from 1 again",
        story: "A has collected its tombstone, and counts the versions of the recreated key from 1 again.\n\
                B still holds the old tombstone, which has the higher number.",
        property: NO_CAUSAL_LOSS,
        schedule: &[
            "A: set k = 1",
            "A: delete k",
            "A: set k = 2",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
            "A -> B: A3 after A2",
        ],
        complaint: "B has seen A3 (at 3, set k = 2) and reads nothing: A2 (at 2) won, which A3 had seen",
        worlds: || {
            let scope = pair(STREAM, &[&["set k = 1", "delete k", "set k = 2"]]);
            let numbered = AnyRule::new(ByTime(|_, held| held + 1));
            let collecting = AnyRule::new(Broken::apply(ByTime(|_, held| held + 1), drops_deletes));
            let mixed = |id| if id == MasterId(0) { collecting.clone() } else { numbered.clone() };
            Worlds {
                mutant: Erased::new(ClusterModel::with_rules(scope.clone(), mixed)),
                sound: Erased::new(ClusterModel::new(scope, numbered.clone())),
            }
        },
    },
    Mutant {
        bug: Documented(27),
        about: "a delete with a time in the future is accepted",
        story: "A's fast clock deletes at 100. B has seen the delete, and sets at 50: the write is acknowledged\n\
                but never read. Without the mutation, a write has a later time than the write that it replaces.",
        property: NO_CAUSAL_LOSS,
        schedule: &["A: at 100, delete k", "A -> B: A1 after nothing", "B: at 50, set k = 1"],
        complaint: "B has seen B1 (at 50, set k = 1) and reads nothing: A1 (at 100) won, which B1 had seen",
        worlds: || {
            let scope = pair(STREAM, &[&["at 100, delete k"], &["at 50, set k = 1"]]);
            Worlds::rule(&scope, ByTime(|said, _| said), AnyRule::new(ByTime(|said, held| said.max(held + 1))))
        },
    },
];
