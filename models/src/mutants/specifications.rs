//! Data types that violate their specifications, and stock that is sold twice.

use super::protocol::needs_nothing_of_others;
use super::rules::{element, removes_without_dots};
use super::scopes::*;
use super::snapshots::{adds_when_merging, likes};
use super::worlds::{Broken, Worlds};
use super::{
    Bug::{Documented, Own},
    Mutant,
};
use crate::properties::specification as spec;
use crate::properties::{NO_OVERSELLING, SPECIFICATION};
use multimaster::resolver::Deal;
use multimaster::{BoundedCounter, Counter, DisableWinsFlag, EnableWinsFlag, ObservedRemoveSet, Op, Reading, Refusal};
use multimaster::{RemoveWinsSet, Resolver};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(12),
        about: "a remove of unseen inserts, rejected by a specification",
        story: "An element is gone although the remove had not seen its insert.",
        property: SPECIFICATION,
        schedule: &["A: insert red into tags", "B: remove red from tags", "B -> A: B1 after nothing"],
        complaint: "A reads tags={}; the specification requires {red} after A1 B1",
        worlds: || Worlds::specified(&element(), spec::add_wins_set, removes_without_dots(), ObservedRemoveSet),
    },
    Mutant {
        bug: Documented(24),
        about: "counters merged by addition, rejected by a specification",
        story: "The sum after a snapshot is not the sum of the increments seen.",
        property: SPECIFICATION,
        schedule: &["A: add 1 to likes", "A -> B: snapshot of A1", "A: add 1 to likes", "A -> B: snapshot of A2"],
        complaint: "B reads likes=3; the specification requires 2 after A1 A2",
        worlds: || Worlds::specified(&likes(), spec::total, adds_when_merging(), Counter),
    },
    Mutant {
        bug: Documented(26),
        about: "a sale overtakes the stock that is sold",
        story: "A master sees the sale before the stock that is sold, and reads less than 0.",
        property: NO_OVERSELLING,
        schedule: &[
            "A: add 1 to stock",
            "A: transfer 1 of stock to B",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
            "B: subtract 1 from stock",
            "B -> C: B1 after nothing",
        ],
        complaint: "C reads stock=-1",
        worlds: || {
            let sold: &[&[&str]] = &[&["add 1 to stock", "transfer 1 of stock to B"], &["subtract 1 from stock"]];
            Worlds::sending(&all_to_all(DATAGRAM, sold), BoundedCounter, |_, _, message| {
                needs_nothing_of_others(message);
                true
            })
        },
    },
    Mutant {
        bug: Documented(31),
        about: "stock is checked by the total, not by rights",
        story: "A master sells from the total stock that it has seen, not only from the part that it has rights to.",
        property: NO_OVERSELLING,
        schedule: &["A: add 1 to stock", "A -> B: A1 after nothing", "B: subtract 1 from stock"],
        complaint: "B has spent more of stock than it had a right to",
        worlds: || {
            let rule = Broken::prepare(BoundedCounter, |rule, state, op, dot, timestamp| match op {
                Op::Add(amount) if amount < 0 => match rule.read(state) {
                    Reading::Total(stock) if stock + amount >= 0 => Ok(Deal::Spend(amount.unsigned_abs())),
                    _ => Err(Refusal::Because("sold out".into())),
                },
                _ => rule.prepare(state, op, dot, timestamp),
            });
            let scope = pair(STREAM, &[&["add 1 to stock", "subtract 1 from stock"], &["subtract 1 from stock"]]);
            Worlds::rule(&scope, rule, BoundedCounter)
        },
    },
    Mutant {
        bug: Documented(31),
        about: "a transfer of rights is applied twice",
        story: "A transfer is applied twice, so two masters may sell the same unit.",
        property: NO_OVERSELLING,
        schedule: &[
            "A: add 2 to stock",
            "A: transfer 1 of stock to B",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
            "B: subtract 2 from stock",
        ],
        complaint: "B has spent more of stock than it had a right to",
        worlds: || {
            let rule = Broken::apply(BoundedCounter, |rule, state, change| {
                rule.apply(state, change);
                matches!(change.effect, Deal::Give(..)) && rule.apply(state, change)
            });
            let sold: &[&[&str]] = &[&["add 2 to stock", "transfer 1 of stock to B"], &["subtract 2 from stock"]];
            Worlds::rule(&pair(STREAM, sold), rule, BoundedCounter)
        },
    },
    Mutant {
        bug: Own("flag"),
        about: "a disable-wins flag in place of an enable-wins flag",
        story: "As long as no operations are concurrent, the two flags behave the same.",
        property: SPECIFICATION,
        schedule: &["A: enable dark", "B: disable dark", "A -> B: A1 after nothing"],
        complaint: "B reads dark=off; the specification requires on after A1 B1",
        worlds: || {
            let scope = pair(STREAM, &[&["enable dark"], &["disable dark"]]);
            Worlds::specified(&scope, spec::enable_wins_flag, DisableWinsFlag, EnableWinsFlag)
        },
    },
    Mutant {
        bug: Own("set"),
        about: "a remove-wins set in place of an observed-remove set",
        story: "As long as no operations are concurrent, the two sets behave the same.",
        property: SPECIFICATION,
        schedule: &["A: insert red into tags", "B: remove red from tags", "A -> B: A1 after nothing"],
        complaint: "B reads tags={}; the specification requires {red} after A1 B1",
        worlds: || Worlds::specified(&element(), spec::add_wins_set, RemoveWinsSet, ObservedRemoveSet),
    },
];
