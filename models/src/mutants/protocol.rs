//! Broken senders: messages that are missing, out of order, or make false claims.

use super::scopes::*;
use super::worlds::Worlds;
use super::{
    Bug::{Documented, Own},
    Mutant,
};
use crate::node::any_rule::AnyMessage;
use crate::node::tamper::Tamper;
use crate::properties::{AGREEMENT, CAUSAL_ORDER, CONVERGENCE, FALLS_SILENT, NO_CAUSAL_LOSS, REPAIRABLE};
use crate::scope::Scope;
use multimaster::{Dot, LastWriteWins, MasterId, Message, ObservedRemoveSet, VersionVector};

/// A hub that sends only its own changes, also in answers.
fn without_relay() -> Worlds {
    Worlds::sending(&star(DATAGRAM, &[&[], &["set k = 1"]]), LastWriteWins, |replica, _, message| match message {
        Message::Push(push) => {
            push.changes.retain(|change| change.dot.origin() == replica.id());
            !push.changes.is_empty()
        }
        Message::Snapshot(_) => true,
    })
}

/// Makes a push extend only the earlier changes of its origin: first in, first out, and no more.
pub(super) fn needs_nothing_of_others(message: &mut AnyMessage) {
    if let Message::Push(push) = message {
        let first = push.changes[0].dot;
        push.extends = VersionVector::default();
        push.extends.insert(Dot::new(first.origin(), first.seq() - 1));
    }
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(6),
        about: "two writes are queued in reverse order",
        story: "The lock is released between a write and its queueing, so the later write is queued first.\n\
                The queue assigns sequence numbers and timestamps.",
        property: CONVERGENCE,
        schedule: &["A: set k = 1", "A: set k = 2", "A -> B: A1 A2 after nothing"],
        complaint: "A reads k=2 and B reads k=1",
        worlds: || {
            let scope = Scope { batch: 2, ..pair(STREAM, &[&["set k = 1", "set k = 2"]]) };
            Worlds::sending(&scope, LastWriteWins, |_, _, message| {
                if let Message::Push(push) = message
                    && let [first, second] = push.changes.as_mut_slice()
                {
                    std::mem::swap(&mut first.effect, &mut second.effect);
                }
                true
            })
        },
    },
    Mutant {
        bug: Documented(14),
        about: "a change that comes round again is passed on again",
        story: "No master notices that a change has come back, so two masters send it to and fro for ever.",
        property: FALLS_SILENT,
        schedule: &[
            "A: set k = 1",
            "A -> B: A1 after nothing, and once more later",
            "A -> B: A1 after nothing",
            "B -> A: A1 after nothing",
        ],
        complaint: "the state is that before step 3",
        worlds: || {
            let tamper = Tamper { forwards_duplicates: true, ..Tamper::default() };
            Worlds::tampered(&pair(REPEATING, &[&["set k = 1"]]), LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Documented(16),
        about: "a hub does not relay: a spoke is left out",
        story: "Masters send only their own writes, and rely on each origin to reach all masters. A hub must relay.",
        property: AGREEMENT,
        schedule: &["B: set k = 1", "B -> A: B1 after nothing"],
        complaint: "all is quiescent, and C never saw B1",
        worlds: without_relay,
    },
    Mutant {
        bug: Documented(16),
        about: "neither pushes nor answers relay the writes of others",
        story: "Masters send only their own writes, also in their answers to digests.",
        property: REPAIRABLE,
        schedule: &["B: set k = 1", "B -> A: B1 after nothing"],
        complaint: "C lacks what A has, and would still lack it",
        worlds: without_relay,
    },
    Mutant {
        bug: Documented(26),
        about: "a write overtakes its cause",
        story: "A change may be delivered before a change that its writer had seen: a reply before the question.",
        property: CAUSAL_ORDER,
        schedule: &["A: set question = 1", "A -> B: A1 after nothing", "B: set reply = 2", "B -> C: B1 after nothing"],
        complaint: "C has seen B1, but not all that the writer of B1 had seen, A1",
        worlds: || {
            let scope = all_to_all(DATAGRAM, &[&["set question = 1"], &["set reply = 2"]]);
            Worlds::sending(&scope, LastWriteWins, |_, _, message| {
                needs_nothing_of_others(message);
                true
            })
        },
    },
    Mutant {
        bug: Documented(26),
        about: "a remove overtakes its insert",
        story: "The effect on a rule that relies on causal order: the remove finds nothing to remove yet.",
        property: NO_CAUSAL_LOSS,
        schedule: &[
            "A: insert red into tags",
            "A -> B: A1 after nothing",
            "B: remove red from tags",
            "B -> C: B1 after nothing",
            "A -> C: A1 after nothing",
        ],
        complaint: "C has seen B1 (remove red from tags) and reads tags={red}: A1 won, which B1 had seen",
        worlds: || {
            let scope = all_to_all(DATAGRAM, &[&["insert red into tags"], &["remove red from tags"]]);
            Worlds::sending(&scope, ObservedRemoveSet, |_, _, message| {
                needs_nothing_of_others(message);
                true
            })
        },
    },
    Mutant {
        bug: Documented(32),
        about: "a filter on one path hides the cause",
        story: "A filter on the way to C drops one key, but not a write whose writer had seen that key.",
        property: CAUSAL_ORDER,
        schedule: &["A: set secret = 1", "A -> B: A1 after nothing", "B: set hint = 2", "B -> C: B1 after nothing"],
        complaint: "C has seen B1, but not all that the writer of B1 had seen, A1",
        worlds: || {
            let scope = ring(DATAGRAM, &[&["set secret = 1"], &["set hint = 2"]]);
            Worlds::sending(&scope, LastWriteWins, |_, to, message| {
                needs_nothing_of_others(message);
                !matches!(message, Message::Push(push) if to == MasterId(2) && push.changes[0].key == "secret")
            })
        },
    },
    Mutant {
        bug: Own("no-ticks"),
        about: "masters send digests only after a gap",
        story: "Masters send digests only after a gap, so the loss of a last message is never repaired.",
        property: AGREEMENT,
        schedule: &["A: set k = 1", "lost A -> B: A1 after nothing"],
        complaint: "all is quiescent, and B never saw A1",
        worlds: || {
            let tamper = Tamper { ticks: false, ..Tamper::default() };
            Worlds::tampered(&pair(LOSSY, &[&["set k = 1"]]), LastWriteWins, tamper)
        },
    },
    Mutant {
        bug: Own("optimist"),
        about: "every message sent is assumed to have arrived",
        story: "An answer has at most the newest change: its sender assumes that all earlier changes, which it has\n\
                sent, have arrived.",
        property: REPAIRABLE,
        schedule: &["A: set k = 1", "A: set k = 2"],
        complaint: "B lacks what A has, and would still lack it",
        worlds: || {
            let scope = pair(LOSSY, &[&["set k = 1", "set k = 2"]]);
            Worlds::sending(&scope, LastWriteWins, |replica, _, message| {
                if let Message::Push(push) = message {
                    let newest = replica.log().last().map(|change| change.dot);
                    push.changes.retain(|change| Some(change.dot) == newest);
                }
                !matches!(message, Message::Push(push) if push.changes.is_empty())
            })
        },
    },
];
