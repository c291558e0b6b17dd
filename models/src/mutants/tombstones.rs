//! Tombstones that are collected too early.

use super::failures::crash;
use super::scopes::{DATAGRAM, STREAM, all_to_all, pair, star};
use super::worlds::Worlds;
use super::{
    Bug::{Documented, Own},
    Mutant,
};
use crate::node::any_rule::AnyReplica;
use crate::node::tamper::Tamper;
use crate::properties::CONVERGENCE;
use crate::scope::{Collected, Failures, Keeps, Level, Scope};
use multimaster::{LastWriteWins, MasterId, VersionVector};

/// The scope in which tombstones are collected once all are known to have seen them.
fn collecting(scope: Scope) -> Scope {
    Scope { collected: Collected::WhenAllHaveSeen, ..scope }
}

/// The changes that these masters are known to have seen.
fn seen_by_the_heard(replica: &AnyReplica, heard: impl Fn(MasterId) -> bool) -> VersionVector {
    let mut all = replica.digest().clone();
    replica.progress().rows().filter(|(id, _)| heard(*id)).for_each(|(_, row)| all.meet(row));
    all
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(8),
        about: "a collector forgets a silent peer after a crash",
        story: "A master collects a delete once all whom it has heard of have seen it. After a crash, B has not\n\
                heard of A, and drops the tombstone before A's older write arrives.",
        property: CONVERGENCE,
        schedule: &[
            "A: set k = 1",
            "C: delete k",
            "A -> C: A1 after nothing",
            "B crashes and restarts",
            "C -> B: C1 after nothing",
            "B collects its tombstones",
            "A -> B: A1 after nothing",
        ],
        complaint: "B and C have both seen A1 C1, but B reads k=1 and C reads nothing",
        worlds: || {
            let failures =
                Failures { crashes: 1, crashing: vec![MasterId(1)], keeps: Keeps::Nothing, ..Failures::default() };
            let scope = Scope { failures, ..collecting(all_to_all(STREAM, &[&["set k = 1"], &[], &["delete k"]])) };
            let seen_by_all = |replica: &AnyReplica| match replica.origin() == replica.id() {
                true => replica.seen_by_all(),
                false => {
                    let known = replica.progress();
                    let silent: Vec<MasterId> =
                        known.rows().filter(|(_, row)| row.is_empty()).map(|(id, _)| id).collect();
                    seen_by_the_heard(replica, |id| !silent.contains(&id))
                }
            };
            Worlds::tampered(&scope, LastWriteWins, Tamper { seen_by_all, ..Tamper::default() })
        },
    },
    Mutant {
        bug: Own("neighbours"),
        about: "a tombstone is dropped once the neighbours have seen it",
        story: "The spoke C collects its delete once the hub, its only neighbour, has seen it. B's older write\n\
                comes later, through the hub.",
        property: CONVERGENCE,
        schedule: &[
            "B: set k = 1",
            "C: delete k",
            "C -> A: C1 after nothing",
            "A sends C its progress",
            "B -> A: B1 after nothing",
            "C collects its tombstones",
            "A -> C: B1 after C1",
        ],
        complaint: "A and C have both seen B1 C1, but A reads nothing and C reads k=1",
        worlds: || {
            let scope = collecting(star(STREAM, &[&[], &["set k = 1"], &["delete k"]]));
            let seen_by_all = |replica: &AnyReplica| {
                let neighbours: Vec<MasterId> = replica.sends_to().collect();
                seen_by_the_heard(replica, |id| neighbours.contains(&id))
            };
            Worlds::tampered(&scope, LastWriteWins, Tamper { seen_by_all, ..Tamper::default() })
        },
    },
    Mutant {
        bug: Own("lost-time"),
        about: "a master that lost its state has lost the time, too",
        story: "Both have seen a delete, and B collects it. A loses its state, and with it the time: its next\n\
                write is earlier than the delete, and wins only where the tombstone is gone.",
        property: CONVERGENCE,
        schedule: &[
            "B: set k = 2",
            "B: delete k",
            "B -> A: B1 after nothing",
            "B -> A: B2 after B1",
            "A sends B its progress",
            "A crashes and restarts",
            "A: set k = 1",
            "B -> A: B1 after nothing",
            "B -> A: B2 after B1",
            "B collects its tombstones",
            "A -> B: C1 after nothing",
        ],
        complaint: "A and B have both seen B2 C1, but A reads nothing and B reads k=1",
        worlds: || {
            let scope = pair(STREAM, &[&["set k = 1"], &["set k = 2", "delete k"]]);
            let scope = collecting(crash(scope, Keeps::Nothing, true, Level::Applied));
            Worlds::tampered(&scope, LastWriteWins, Tamper { clock_goes_back: true, ..Tamper::default() })
        },
    },
    Mutant {
        bug: Own("earlier-self"),
        about: "a write of a master's earlier self arrives late",
        story: "A loses its state, and then tells B that it has seen a delete. A write that it made before, and\n\
                has forgotten, is still on its way.",
        property: CONVERGENCE,
        schedule: &[
            "A: set k = 1",
            "B: delete k",
            "A crashes",
            "A restarts",
            "B -> A: B1 after nothing",
            "A sends B its progress",
            "B collects its tombstones",
            "A -> B: A1 after nothing",
            "A asks B for what it lacks",
            "B -> A: A1 after B1",
        ],
        complaint: "A and B have both seen A1 B1, but A reads nothing and B reads k=1",
        worlds: || {
            let scope = pair(DATAGRAM, &[&["set k = 1"], &["delete k"]]);
            let scope = collecting(crash(scope, Keeps::Nothing, true, Level::Applied));
            Worlds::tampered(&scope, LastWriteWins, Tamper { hears_earlier_selves: true, ..Tamper::default() })
        },
    },
];
