//! Broken rules, and arriving changes that are taken for something else.

use super::clocks::{overwrite, tie};
use super::scopes::*;
use super::worlds::{Broken, Worlds};
use super::{
    Bug::{Documented, Own},
    Mutant,
};
use crate::check::erased::Erased;
use crate::node::any_rule::{AnyMessage, AnyReplica, AnyRule};
use crate::node::tamper::Tamper;
use crate::properties::{CONVERGENCE, NO_CAUSAL_LOSS, NO_INVENTION, NO_POLICY_LOSS, NO_TOTAL_LOSS};
use crate::rules::lower_seat;
use crate::scope::Scope;
use crate::world::cluster::ClusterModel;
use multimaster::{Change, Message, Op, Outcome, Text, Version};
use multimaster::{Counter, Custom, CustomMerged, LastWriteWins, MasterId, ObservedRemoveSet, Resolver};

/// Ann moves from seat 1 to seat 3, which is free; meanwhile Bob takes seat 2.
fn bookings() -> Worlds {
    let scope = pair(STREAM, &[&["set seat = 1 Ann", "set seat = 3 Ann"], &["set seat = 2 Bob"]]);
    Worlds::rule(&scope, CustomMerged(lower_seat), Custom(lower_seat))
}

/// A set whose removes name an element, and not the inserts that they had seen.
pub(super) fn removes_without_dots() -> Broken<ObservedRemoveSet> {
    Broken::apply(ObservedRemoveSet, |rule, set, change| match change.effect.inserts {
        true => rule.apply(set, change),
        false => set.remove(&change.effect.element).is_some(),
    })
}

/// An insert and a remove at once.
pub(super) fn element() -> Scope {
    pair(STREAM, &[&["insert red into tags"], &["remove red from tags"]])
}

/// Writes an arriving change once more, as if a client had requested it here.
fn write_again(replica: &mut AnyReplica, message: &AnyMessage) -> Outcome {
    let Message::Push(push) = message else {
        return Outcome::Duplicate;
    };
    for change in &push.changes {
        let amount = change.effect.value().expect("the effect of a counter");
        replica.write(&change.key, Op::Add(*amount)).expect("a counter that is not full");
    }
    Outcome::Applied
}

/// Last write wins; between equal times, a value made from the incoming write is kept.
fn at_a_tie(held: &mut Option<Version>, change: &Change<Option<Text>>, made: impl Fn(Version) -> Version) -> bool {
    let incoming = Version { timestamp: change.timestamp, dot: change.dot, value: change.effect.clone() };
    if held.as_ref().is_some_and(|held| held.timestamp.time() == incoming.timestamp.time()) {
        *held = Some(made(incoming));
        return true;
    }
    overwrite(held, change, |incoming, held| incoming.timestamp > held.timestamp)
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(11),
        about: "a merged value is stored under the joined vector",
        story: "A function merges two values at a time, and the result is stored under the joined vector.\n\
                The rule ships as a warning (`custom-merged`); two masters and three writes are enough.",
        property: CONVERGENCE,
        schedule: &[
            "A: set seat = 1 Ann",
            "A: set seat = 3 Ann",
            "B: set seat = 2 Bob",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
            "B -> A: B1 after nothing",
        ],
        complaint: "A reads seat=2 Bob and B reads seat=1 Ann",
        worlds: bookings,
    },
    Mutant {
        bug: Documented(11),
        about: "a merged value brings back a replaced value",
        story: "Ann has moved from seat 1 to seat 3, and the value that she replaced comes back.",
        property: NO_CAUSAL_LOSS,
        schedule: &[
            "A: set seat = 1 Ann",
            "A: set seat = 3 Ann",
            "B: set seat = 2 Bob",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
        ],
        complaint: "B has seen A2 (set seat = 3 Ann) and reads seat=1 Ann: A1 won, which A2 had seen",
        worlds: bookings,
    },
    Mutant {
        bug: Documented(12),
        about: "a remove removes inserts that it had not seen",
        story: "A remove names an element, and not the inserts that it had seen.",
        property: NO_POLICY_LOSS,
        schedule: &["A: insert red into tags", "B: remove red from tags", "B -> A: B1 after nothing"],
        complaint: "A has seen A1 (insert red into tags)",
        worlds: || Worlds::rule(&element(), removes_without_dots(), ObservedRemoveSet),
    },
    Mutant {
        bug: Documented(13),
        about: "each master has a rule of its own",
        story: "A keeps the greater value, and B the value that arrived last.",
        property: CONVERGENCE,
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A reads k=2 and B reads k=1",
        worlds: || {
            let greatest = AnyRule::new(Broken::apply(LastWriteWins, |_, held, change| {
                overwrite(held, change, |incoming, held| incoming.value > held.value)
            }));
            let latest =
                AnyRule::new(Broken::apply(LastWriteWins, |_, held, change| overwrite(held, change, |_, _| true)));
            let mixed = |id| if id == MasterId(0) { greatest.clone() } else { latest.clone() };
            Worlds {
                mutant: Erased::new(ClusterModel::with_rules(tie(), mixed)),
                sound: Erased::new(ClusterModel::new(tie(), greatest.clone())),
            }
        },
    },
    Mutant {
        bug: Documented(14),
        about: "an arriving change is written again, as a client's",
        story: "A master does not distinguish an arriving change from a client's request, so each master sends\n\
                the other's increment back.",
        property: NO_CAUSAL_LOSS,
        schedule: &["A: add 1 to likes", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A has seen A1 (add 1 to likes) and reads likes=2",
        worlds: || {
            let tamper = Tamper { receive: |replica, _, message| write_again(replica, &message), ..Tamper::default() };
            Worlds::tampered(&pair(DATAGRAM, &[&["add 1 to likes"]]), Counter, tamper)
        },
    },
    Mutant {
        bug: Documented(25),
        about: "an increment counts at each delivery",
        story: "An increment counts as often as it is delivered; all to all, it is delivered on two paths.",
        property: NO_CAUSAL_LOSS,
        schedule: &[
            "A: add 1 to likes",
            "A -> B: A1 after nothing",
            "A -> C: A1 after nothing",
            "B -> C: A1 after nothing",
        ],
        complaint: "C has seen A1 (add 1 to likes) and reads likes=2",
        worlds: || {
            let tamper = Tamper {
                receive: |replica, from, message| match replica.receive(from, message.clone()) {
                    Outcome::Duplicate => write_again(replica, &message),
                    outcome => outcome,
                },
                ..Tamper::default()
            };
            Worlds::tampered(&all_to_all(DATAGRAM, &[&["add 1 to likes"]]), Counter, tamper)
        },
    },
    Mutant {
        bug: Own("both-lose"),
        about: "between equal times, neither write is kept",
        story: "Two claims to one channel have equal times. As in an IRC network, both are taken back, although both\n\
                had been confirmed.",
        property: NO_TOTAL_LOSS,
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing"],
        complaint: "reads nothing: nothing that competed with it is read either",
        worlds: || {
            let rule = Broken::apply(LastWriteWins, |_, held, change| {
                at_a_tie(held, change, |incoming| Version { value: None, ..incoming })
            });
            Worlds::rule(&tie(), rule, LastWriteWins)
        },
    },
    Mutant {
        bug: Own("default"),
        about: "between equal times, a default that nobody wrote is kept",
        story: "A conflict is resolved to a default, a value that neither client wrote.",
        property: NO_INVENTION,
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing"],
        complaint: "B has seen A1 B1 and reads k=default, which nobody wrote",
        worlds: || {
            let rule = Broken::apply(LastWriteWins, |_, held, change| {
                at_a_tie(held, change, |incoming| Version { value: Some("default".into()), ..incoming })
            });
            Worlds::rule(&tie(), rule, LastWriteWins)
        },
    },
];
