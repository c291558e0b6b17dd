//! Protocols that never bring a write to all masters, or never come to rest.

use super::scopes::*;
use super::worlds::Worlds;
use super::{
    Bug::{Documented, Own},
    Mutant,
};
use crate::node::tamper::Tamper;
use crate::properties::{EVENTUALLY_AGREE, EVERYONE_HEARS, FALLS_SILENT_IF_FAIR};
use crate::scope::{Failures, Scope};
use multimaster::{ArrivalWins, LastWriteWins, MasterId};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(15),
        about: "what has lost its origin goes round, whatever is fair",
        story: "The same, over all fair schedules: no message that must arrive ends the round.",
        property: FALLS_SILENT_IF_FAIR,
        schedule: &[
            "A: set k = 1",
            "A -> B: A1 after nothing",
            "A crashes",
            "the dead masters are bypassed",
            "B -> C: A1 after nothing",
            "C -> B: A1 after nothing",
            "B -> C: A1 after nothing",
        ],
        complaint: "changes are sent; steps 6 and 7 repeat for ever",
        worlds: || {
            let (crashing, repaired) = (vec![MasterId(0)], true);
            let failures = Failures { crashes: 1, crashing, restarts: false, repaired, ..Failures::default() };
            let scope = Scope { failures, ..ring(DATAGRAM, &[&["set k = 1"]]) };
            let tamper = Tamper { forwards_duplicates: true, ends_at_origin: true, ..Tamper::default() };
            Worlds::tampered(&scope, LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Own("no-ticks"),
        about: "a lost message is never sent again",
        story: "Masters send digests only after a gap. The loss of a last message is never repaired,\n\
                and nothing has to happen any more.",
        property: EVERYONE_HEARS,
        schedule: &["A: set k = 1", "lost A -> B: A1 after nothing"],
        complaint: "B has not seen A1, which was acknowledged; this lasts for ever",
        worlds: || {
            let tamper = Tamper { ticks: false, ..Tamper::default() };
            Worlds::tampered(&pair(LOSSY, &[&["set k = 1"]]), LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Own("swap"),
        about: "the last message to arrive is kept",
        story: "Each of two masters keeps the other's concurrent write, and nothing will make them agree.",
        property: EVENTUALLY_AGREE,
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A reads k=2 and B reads k=1; this lasts for ever",
        worlds: || {
            let scope = pair(STREAM, &[&["set k = 1"], &["set k = 2"]]);
            Worlds::rule(&scope, ArrivalWins, LastWriteWins)
        },
    },
];
