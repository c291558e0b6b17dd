//! Broken rules that masters apply change by change.

use super::kill::*;
use multimaster::{Change, Counter, Custom, CustomMerged, LastWriteWins, ObservedRemoveSet, Resolver, Text, Version};
use multimaster::{Message, MessageOf, Op, Outcome, Replica, lower_seat};
use multimaster_models::cluster::Cluster;
use multimaster_models::delivery::Delivery;
use multimaster_models::properties::{CONVERGENCE, NO_CAUSAL_LOSS, NO_POLICY_LOSS, NO_RESURRECTION};
use multimaster_models::scope::Scope;
use multimaster_models::tamper::Tamper;

/// Two concurrent writes with equal times.
fn tie() -> Scope {
    pair(STREAM, &[&["set k = 1"], &["set k = 2"]])
}

/// Overwrites the held version if `wins` says so.
fn overwrite(
    held: &mut Option<Version>,
    change: &Change<Option<Text>>,
    wins: impl Fn(&Version, &Version) -> bool,
) -> bool {
    let incoming = Version { stamp: change.stamp, dot: change.dot, value: change.effect.clone() };
    let altered = held.as_ref().is_none_or(|held| wins(&incoming, held));
    if altered {
        *held = Some(incoming);
    }
    altered
}

fn last_write_wins_but(apply: Apply<LastWriteWins>) -> Broken<LastWriteWins> {
    Broken { apply, ..Broken::of(LastWriteWins) }
}

/// K1: `>` on the time alone: of equal times, each master keeps its own.
pub(crate) fn k1_a_tie_keeps_what_is_held() -> Mutant {
    Mutant {
        number: "K1",
        property: CONVERGENCE,
        killed: |property| {
            let rule = last_write_wins_but(|_, held, change| {
                overwrite(held, change, |incoming, held| incoming.stamp.time > held.stamp.time)
            });
            killed(Cluster::new(tie(), rule), Cluster::new(tie(), LastWriteWins), property)
        },
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A reads k=1 and B reads k=2",
    }
}

/// K2: `>=` on the time alone: of equal times, each master takes the other's.
pub(crate) fn k2_a_tie_takes_what_comes() -> Mutant {
    Mutant {
        number: "K2",
        property: CONVERGENCE,
        killed: |property| {
            let rule = last_write_wins_but(|_, held, change| {
                overwrite(held, change, |incoming, held| incoming.stamp.time >= held.stamp.time)
            });
            killed(Cluster::new(tie(), rule), Cluster::new(tie(), LastWriteWins), property)
        },
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A reads k=2 and B reads k=1",
    }
}

/// K3: the clock counts only the master's own writes, and does not move past what it receives.
pub(crate) fn k3_the_clock_ignores_what_is_received() -> Mutant {
    Mutant {
        number: "K3",
        property: NO_CAUSAL_LOSS,
        killed: |property| {
            let rule = last_write_wins_but(|_, held, change| {
                overwrite(held, change, |incoming, held| {
                    (incoming.dot.seq, incoming.dot.origin) > (held.dot.seq, held.dot.origin)
                })
            });
            killed(Cluster::new(tie(), rule), Cluster::new(tie(), LastWriteWins), property)
        },
        schedule: &["B: set k = 2", "B -> A: B1 after nothing", "A: set k = 1"],
        complaint: "A has seen A1 (set k = 1) and reads k=2: B1 won, which it had seen",
    }
}

/// K4: the clock is the wall's, and has been set back between the first write and the second.
pub(crate) fn k4_the_clock_steps_back() -> Mutant {
    const WALL: [u64; 2] = [10, 5];
    Mutant {
        number: "K4",
        property: NO_CAUSAL_LOSS,
        killed: |property| {
            let rule = last_write_wins_but(|_, held, change| {
                let wall = |version: &Version| WALL[version.dot.seq as usize - 1];
                overwrite(held, change, |incoming, held| wall(incoming) > wall(held))
            });
            let scope = || pair(STREAM, &[&["set k = 1", "set k = 2"]]);
            killed(Cluster::new(scope(), rule), Cluster::new(scope(), LastWriteWins), property)
        },
        schedule: &["A: set k = 1", "A: set k = 2"],
        complaint: "A has seen A2 (set k = 2) and reads k=1: A1 won, which it had seen",
    }
}

/// K7: nothing is kept of a delete, and changes may come again: the one that was deleted does.
pub(crate) fn k7_a_tombstone_is_dropped_at_once() -> Mutant {
    Mutant {
        number: "K7",
        property: NO_RESURRECTION,
        killed: |property| {
            let apply: Apply<LastWriteWins> = |rule, held, change| {
                let altered = rule.apply(held, change);
                *held = held.take().filter(|version| version.value.is_some());
                altered
            };
            fn again<R: Resolver>(rule: R) -> Cluster<R> {
                let tamper = Delivery::AtLeastOnce.tamper().expect("not what the protocol gives");
                Cluster::new(pair(REPEATING, &[&["set k = 1", "delete k"]]), rule).tampered(tamper)
            }
            killed(again(Broken { apply, ..Broken::of(LastWriteWins) }), again(LastWriteWins), property)
        },
        schedule: &[
            "A: set k = 1",
            "A: delete k",
            "A -> B: A1 after nothing, and once more later",
            "A -> B: A2 after A1",
            "A -> B: A1 after nothing",
        ],
        complaint: "B has seen A2, which removed A1, and reads k=1",
    }
}

/// K11: a pairwise function over merged values, chosen by the function but put under the joined vector. A rule that
/// ships, as a warning; two masters and three writes are enough.
pub(crate) fn k11_merged_values_diverge() -> Mutant {
    Mutant {
        number: "K11",
        property: CONVERGENCE,
        killed: |property| killed(Cluster::new(bookings(), CustomMerged(lower_seat)), safe_bookings(), property),
        schedule: &[
            "A: set seat = 1 Ann",
            "A: set seat = 3 Ann",
            "B: set seat = 2 Bob",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
            "B -> A: B1 after nothing",
        ],
        complaint: "A reads seat=2 Bob and B reads seat=1 Ann",
    }
}

/// K11: the same, as seen by the one who had moved from seat 1 to seat 3.
pub(crate) fn k11_a_superseded_value_comes_back() -> Mutant {
    Mutant {
        number: "K11",
        property: NO_CAUSAL_LOSS,
        killed: |property| killed(Cluster::new(bookings(), CustomMerged(lower_seat)), safe_bookings(), property),
        schedule: &[
            "A: set seat = 1 Ann",
            "A: set seat = 3 Ann",
            "B: set seat = 2 Bob",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
        ],
        complaint: "B has seen A2 (set seat = 3 Ann) and reads seat=1 Ann: A1 won, which it had seen",
    }
}

/// Ann moves from seat 1 to seat 3, which is free; meanwhile Bob takes seat 2.
fn bookings() -> Scope {
    pair(STREAM, &[&["set seat = 1 Ann", "set seat = 3 Ann"], &["set seat = 2 Bob"]])
}

fn safe_bookings() -> Cluster<impl Resolver> {
    Cluster::new(bookings(), Custom(lower_seat))
}

/// K12: a remove says which element, not which inserts of it.
pub(crate) fn k12_a_remove_takes_what_it_never_saw() -> Mutant {
    Mutant {
        number: "K12",
        property: NO_POLICY_LOSS,
        killed: |property| {
            let apply: Apply<ObservedRemoveSet> = |rule, set, change| match change.effect.inserts {
                true => rule.apply(set, change),
                false => set.remove(&change.effect.element).is_some(),
            };
            let rule = Broken { apply, ..Broken::of(ObservedRemoveSet) };
            let scope = || pair(STREAM, &[&["insert red into tags"], &["remove red from tags"]]);
            killed(Cluster::new(scope(), rule), Cluster::new(scope(), ObservedRemoveSet), property)
        },
        schedule: &["A: insert red into tags", "B: remove red from tags", "B -> A: B1 after nothing"],
        complaint: "A has seen A1 (insert red into tags)",
    }
}

/// K13: A keeps the greater value and B the one that came last: each is a rule, but not the same.
pub(crate) fn k13_each_master_has_its_own_rule() -> Mutant {
    Mutant {
        number: "K13",
        property: CONVERGENCE,
        killed: |property| {
            let greatest = last_write_wins_but(|_, held, change| {
                overwrite(held, change, |incoming, held| incoming.value > held.value)
            });
            let latest = last_write_wins_but(|_, held, change| overwrite(held, change, |_, _| true));
            let mixed = |id| if id == A { greatest.clone() } else { latest.clone() };
            killed(Cluster::with_rules(tie(), mixed), Cluster::new(tie(), greatest.clone()), property)
        },
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A reads k=2 and B reads k=1",
    }
}

/// What arrives is written once more, as if a client had asked for it here.
fn write_again(replica: &mut Replica<Counter>, message: &MessageOf<Counter>) -> Outcome {
    let Message::Push(push) = message else {
        return Outcome::Duplicate;
    };
    for change in &push.changes {
        replica.write(&change.key, &Op::Add(change.effect)).expect("a counter that is not full");
    }
    Outcome::Applied
}

/// K14: what arrives is not told from what clients ask, so each master sends the other its own increment back.
pub(crate) fn k14_an_increment_without_an_origin_grows() -> Mutant {
    Mutant {
        number: "K14",
        property: NO_CAUSAL_LOSS,
        killed: |property| {
            let tamper = Tamper { receive: |replica, _, message| write_again(replica, &message), ..Tamper::default() };
            let scope = || pair(DATAGRAM, &[&["add 1 to likes"]]);
            killed(Cluster::new(scope(), Counter).tampered(tamper), Cluster::new(scope(), Counter), property)
        },
        schedule: &["A: add 1 to likes", "A -> B: A1 after nothing", "B -> A: B1 after nothing"],
        complaint: "A has seen A1 (add 1 to likes) and reads likes=2",
    }
}

/// K25: an increment counts as often as it is delivered, and all to all it comes on two paths.
pub(crate) fn k25_an_increment_counts_at_each_delivery() -> Mutant {
    Mutant {
        number: "K25",
        property: NO_CAUSAL_LOSS,
        killed: |property| {
            let tamper = Tamper {
                receive: |replica, from, message| match replica.receive(from, message.clone()) {
                    Outcome::Duplicate => write_again(replica, &message),
                    outcome => outcome,
                },
                ..Tamper::default()
            };
            let scope = || all_to_all(DATAGRAM, &[&["add 1 to likes"]]);
            killed(Cluster::new(scope(), Counter).tampered(tamper), Cluster::new(scope(), Counter), property)
        },
        schedule: &[
            "A: add 1 to likes",
            "A -> B: A1 after nothing",
            "A -> C: A1 after nothing",
            "B -> C: A1 after nothing",
        ],
        complaint: "C has seen A1 (add 1 to likes) and reads likes=2",
    }
}
