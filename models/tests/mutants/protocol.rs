//! Broken senders: what goes out, in which order, and what it claims.

use super::kill::*;
use multimaster::{
    Dot, LastWriteWins, MasterId, Message, MessageOf, ObservedRemoveSet, Replica, Resolver, VersionVector,
};
use multimaster_models::cluster::Cluster;
use multimaster_models::properties::{AGREEMENT, CAUSAL_ORDER, CONVERGENCE, FALLS_SILENT, NO_CAUSAL_LOSS, REPAIRABLE};
use multimaster_models::scope::Scope;
use multimaster_models::tamper::Tamper;

/// [`killed`] with the last write winning, in the same scope tampered with and not.
fn tampered(scope: fn() -> Scope, tamper: Tamper<LastWriteWins>, property: &'static str) -> (Vec<String>, String) {
    killed(Cluster::new(scope(), LastWriteWins).tampered(tamper), Cluster::new(scope(), LastWriteWins), property)
}

/// K6: the lock is released between the write and its place in the queue, so the later write is queued first. Number and
/// stamp are given in the queue.
pub(crate) fn k6_two_writes_are_queued_the_other_way_round() -> Mutant {
    Mutant {
        number: "K6",
        property: CONVERGENCE,
        killed: |property| {
            let tamper = Tamper {
                send: |_, _, message| {
                    if let Message::Push(push) = message
                        && let [first, second] = push.changes.as_mut_slice()
                    {
                        std::mem::swap(&mut first.effect, &mut second.effect);
                    }
                    true
                },
                ..Tamper::default()
            };
            tampered(|| Scope { batch: 2, ..pair(STREAM, &[&["set k = 1", "set k = 2"]]) }, tamper, property)
        },
        schedule: &["A: set k = 1", "A: set k = 2", "A -> B: A1 A2 after nothing"],
        complaint: "A reads k=2 and B reads k=1",
    }
}

/// K14: what comes round again is passed on again, so that two masters throw one change to and fro.
pub(crate) fn k14_a_change_comes_round_for_ever() -> Mutant {
    Mutant {
        number: "K14",
        property: FALLS_SILENT,
        killed: |property| {
            let tamper = Tamper { forwards_duplicates: true, ..Tamper::default() };
            tampered(|| pair(REPEATING, &[&["set k = 1"]]), tamper, property)
        },
        schedule: &[
            "A: set k = 1",
            "A -> B: A1 after nothing, and once more later",
            "A -> B: A1 after nothing",
            "B -> A: A1 after nothing",
        ],
        complaint: "the last 2 steps can be repeated for ever",
    }
}

/// Sends only changes of its own origin; in answers, too.
fn only_its_own(replica: &Replica<LastWriteWins>, _: MasterId, message: &mut MessageOf<LastWriteWins>) -> bool {
    match message {
        Message::Push(push) => {
            push.changes.retain(|change| change.dot.origin == replica.id());
            !push.changes.is_empty()
        }
        Message::Snapshot(_) => true,
    }
}

fn a_spoke_writes() -> Scope {
    star(DATAGRAM, &[&[], &["set k = 1"]])
}

/// K16: masters send their own writes and rely on the origin to reach everybody. A hub must relay.
pub(crate) fn k16_without_relay_a_spoke_is_left_out() -> Mutant {
    Mutant {
        number: "K16",
        property: AGREEMENT,
        killed: |property| tampered(a_spoke_writes, Tamper { send: only_its_own, ..Tamper::default() }, property),
        schedule: &["B: set k = 1", "B -> A: B1 after nothing"],
        complaint: "all is at rest, and C never saw B1",
    }
}

/// K16: the same bug, and asking does not help.
pub(crate) fn k16_without_relay_asking_does_not_help() -> Mutant {
    Mutant {
        number: "K16",
        property: REPAIRABLE,
        killed: |property| tampered(a_spoke_writes, Tamper { send: only_its_own, ..Tamper::default() }, property),
        schedule: &["B: set k = 1", "B -> A: B1 after nothing"],
        complaint: "C lacks what A has, and would still lack it",
    }
}

/// Says only that the change's own origin must have been seen so far. First in first out, and no more.
pub(super) fn needs_nothing_of_others<R: Resolver>(message: &mut MessageOf<R>) {
    if let Message::Push(push) = message {
        let Dot { origin, seq } = push.changes[0].dot;
        push.extends = VersionVector::default();
        push.extends.insert(Dot { origin, seq: seq - 1 });
    }
}

/// K26: a change may be delivered before what its writer had seen: a reply before the question.
pub(crate) fn k26_a_write_overtakes_its_cause() -> Mutant {
    Mutant {
        number: "K26",
        property: CAUSAL_ORDER,
        killed: |property| {
            let send = |_: &Replica<_>, _, message: &mut MessageOf<LastWriteWins>| {
                needs_nothing_of_others::<LastWriteWins>(message);
                true
            };
            let scope = || all_to_all(DATAGRAM, &[&["set question = 1"], &["set reply = 2"]]);
            tampered(scope, Tamper { send, ..Tamper::default() }, property)
        },
        schedule: &["A: set question = 1", "A -> B: A1 after nothing", "B: set reply = 2", "B -> C: B1 after nothing"],
        complaint: "C has seen B1: B1 without all that it had seen, A1",
    }
}

/// K26: what that does to a rule that relies on the order: the remove finds nothing to remove yet.
pub(crate) fn k26_a_removed_element_comes_back() -> Mutant {
    Mutant {
        number: "K26",
        property: NO_CAUSAL_LOSS,
        killed: |property| {
            let tamper = Tamper {
                send: |_, _, message| {
                    needs_nothing_of_others::<ObservedRemoveSet>(message);
                    true
                },
                ..Tamper::default()
            };
            let scope = || all_to_all(DATAGRAM, &[&["insert red into tags"], &["remove red from tags"]]);
            let sound = Cluster::new(scope(), ObservedRemoveSet);
            killed(Cluster::new(scope(), ObservedRemoveSet).tampered(tamper), sound, property)
        },
        schedule: &[
            "A: insert red into tags",
            "A -> B: A1 after nothing",
            "B: remove red from tags",
            "B -> C: B1 after nothing",
            "A -> C: A1 after nothing",
        ],
        complaint: "C has seen B1 (remove red from tags) and reads tags={red}: A1 won, which it had seen",
    }
}

/// K32: on its way to C, a filter leaves out one key; what was written in knowledge of it passes.
pub(crate) fn k32_a_filter_hides_the_cause() -> Mutant {
    Mutant {
        number: "K32",
        property: CAUSAL_ORDER,
        killed: |property| {
            let tamper = Tamper {
                send: |_, to, message| {
                    needs_nothing_of_others::<LastWriteWins>(message);
                    !matches!(message, Message::Push(push) if to == C && push.changes[0].key == "secret")
                },
                ..Tamper::default()
            };
            tampered(|| ring(DATAGRAM, &[&["set secret = 1"], &["set hint = 2"]]), tamper, property)
        },
        schedule: &["A: set secret = 1", "A -> B: A1 after nothing", "B: set hint = 2", "B -> C: B1 after nothing"],
        complaint: "C has seen B1: B1 without all that it had seen, A1",
    }
}

/// Masters push and never ask: a loss that nothing follows is not found out.
pub(crate) fn masters_that_never_ask() -> Mutant {
    Mutant {
        number: "no ticks",
        property: AGREEMENT,
        killed: |property| {
            tampered(|| pair(LOSSY, &[&["set k = 1"]]), Tamper { ticks: false, ..Tamper::default() }, property)
        },
        schedule: &["A: set k = 1", "lost A -> B: A1 after nothing"],
        complaint: "all is at rest, and B never saw A1",
    }
}

/// An answer holds at most the newest change: the answerer takes it that all before it, once sent, has arrived.
pub(crate) fn an_answerer_that_trusts_its_own_sending() -> Mutant {
    Mutant {
        number: "optimist",
        property: REPAIRABLE,
        killed: |property| {
            let tamper = Tamper {
                send: |replica, _, message| {
                    if let Message::Push(push) = message {
                        let newest = replica.log().last().map(|change| change.dot);
                        push.changes.retain(|change| Some(change.dot) == newest);
                    }
                    !matches!(message, Message::Push(push) if push.changes.is_empty())
                },
                ..Tamper::default()
            };
            tampered(|| pair(LOSSY, &[&["set k = 1", "set k = 2"]]), tamper, property)
        },
        schedule: &["A: set k = 1", "A: set k = 2"],
        complaint: "B lacks what A has, and would still lack it",
    }
}
