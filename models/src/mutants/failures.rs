//! Masters that come back wrongly after a crash, and writes that are acknowledged too early.

use super::scopes::{DATAGRAM, all_to_all, pair, star};
use super::worlds::Worlds;
use super::{
    Bug::{Documented, Own},
    Mutant,
};
use crate::node::tamper::Tamper;
use crate::properties::{AVAILABILITY, CONVERGENCE, DURABILITY};
use crate::scope::{Failures, Keeps, Level, Scope};
use multimaster::{LastWriteWins, MasterId};

const A: MasterId = MasterId(0);

/// The scope in which A crashes once.
fn crash(scope: Scope, keeps: Keeps, restarts: bool, level: Level) -> Scope {
    let failures = Failures { crashes: 1, crashing: vec![A], keeps, restarts, level, ..Failures::default() };
    Scope { failures, ..scope }
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(9),
        about: "a master's counter of dots restarts with its state",
        story: "A master that lost its state goes on under its old origin. It issues a dot anew, and masters\n\
                that have the earlier write of that name take the new one for a duplicate.",
        property: CONVERGENCE,
        schedule: &["A: set k = 1", "A -> B: A1 after nothing", "A crashes", "A restarts", "A: set k = 2"],
        complaint: "A and B have both seen A1, but A reads k=2 and B reads k=1",
        worlds: || {
            let scope = pair(DATAGRAM, &[&["set k = 1", "set k = 2"]]);
            let tamper = Tamper { keeps_origin: true, ..Tamper::default() };
            Worlds::tampered(&crash(scope, Keeps::Nothing, true, Level::Applied), LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Documented(19),
        about: "a hub acknowledges before it relays, and dies",
        story: "The hub is the only master that has the write.\n\
                The sound protocol acknowledges it once a spoke has it.",
        property: DURABILITY,
        schedule: &["A: set k = 1", "A crashes", "lost A -> B: A1 after nothing", "lost A -> C: A1 after nothing"],
        complaint: "no master that is up has A1, which was acknowledged",
        worlds: || {
            let scope = |level| crash(star(DATAGRAM, &[&["set k = 1"]]), Keeps::Nothing, false, level);
            Worlds::scopes(&scope(Level::Applied), &scope(Level::HeldBy(1)), LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(20),
        about: "a write is acknowledged before it is durable",
        story: "The master acknowledges a write that it has not flushed, and the power fails before it has sent it.",
        property: DURABILITY,
        schedule: &[
            "A: set k = 1",
            "A crashes",
            "lost A -> B: A1 after nothing",
            "lost A -> C: A1 after nothing",
            "A restarts",
        ],
        complaint: "no master that is up has A1, which was acknowledged",
        worlds: || {
            let scope = |level| crash(all_to_all(DATAGRAM, &[&["set k = 1"]]), Keeps::Flushed, true, level);
            Worlds::scopes(&scope(Level::Applied), &scope(Level::Flushed), LastWriteWins)
        },
    },
    Mutant {
        bug: Own("waits-for-all"),
        about: "a write waits for every other master, and one is dead",
        story: "B acknowledges a write once both others have it, and A is dead.\n\
                The sound protocol waits for one.",
        property: AVAILABILITY,
        schedule: &["B: set k = 1", "B -> C: B1 after nothing", "A crashes"],
        complaint: "the client that wrote B1 still waits for its answer",
        worlds: || {
            let scope = |level| crash(all_to_all(DATAGRAM, &[&[], &["set k = 1"]]), Keeps::All, false, level);
            Worlds::scopes(&scope(Level::HeldBy(2)), &scope(Level::HeldBy(1)), LastWriteWins)
        },
    },
];
