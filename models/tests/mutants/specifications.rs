//! Data types that mean something else than they say, and stock that is sold twice.

use super::kill::*;
use super::protocol::needs_nothing_of_others;
use multimaster::resolver::Deal;
use multimaster::{BoundedCounter, Counter, DisableWinsFlag, EnableWinsFlag, ObservedRemoveSet, Op, Reading, Refusal};
use multimaster::{RemoveWinsSet, Resolver};
use multimaster_models::cluster::Cluster;
use multimaster_models::properties::{NO_OVERSELLING, SPECIFICATION};
use multimaster_models::scope::Scope;
use multimaster_models::specification as spec;
use multimaster_models::tamper::Tamper;

/// K24, as its specification sees it: the sum that a snapshot leads to is not that of the increments seen.
pub(crate) fn k24_a_sum_is_not_that_of_the_increments() -> Mutant {
    Mutant {
        number: "K24",
        property: SPECIFICATION,
        killed: |property| {
            let merge: Merge<Counter> = |_, ours, theirs| {
                let mut merged = ours.state.clone();
                for (master, tally) in theirs.state {
                    merged.entry(*master).or_default().added += tally.added;
                }
                Some(merged)
            };
            let rule = Broken { merge, ..Broken::of(Counter) };
            let scope = || keeping(0, pair(STREAM, &[&["add 1 to likes", "add 1 to likes"]]));
            let sound = Cluster::new(scope(), Counter).specified(spec::total);
            killed(Cluster::new(scope(), rule).specified(spec::total), sound, property)
        },
        schedule: &["A: add 1 to likes", "A -> B: snapshot of A1", "A: add 1 to likes", "A -> B: snapshot of A2"],
        complaint: "B reads likes=3; the specification makes 2 of A1 A2",
    }
}

/// K12, as its specification sees it: an element is gone though a remove had not seen its insert.
pub(crate) fn k12_a_remove_without_dots_is_not_add_wins() -> Mutant {
    Mutant {
        number: "K12",
        property: SPECIFICATION,
        killed: |property| {
            let apply: Apply<ObservedRemoveSet> = |rule, set, change| match change.effect.inserts {
                true => rule.apply(set, change),
                false => set.remove(&change.effect.element).is_some(),
            };
            let rule = Broken { apply, ..Broken::of(ObservedRemoveSet) };
            let sound = Cluster::new(element(), ObservedRemoveSet).specified(spec::add_wins_set);
            killed(Cluster::new(element(), rule).specified(spec::add_wins_set), sound, property)
        },
        schedule: &["A: insert red into tags", "B: remove red from tags", "B -> A: B1 after nothing"],
        complaint: "A reads tags={}; the specification makes {red} of A1 B1",
    }
}

/// One rule for another: as long as nothing is concurrent, the two sets are one.
pub(crate) fn a_set_in_which_removes_win_is_not_one_in_which_inserts_win() -> Mutant {
    Mutant {
        number: "another rule",
        property: SPECIFICATION,
        killed: |property| {
            let sound = Cluster::new(element(), ObservedRemoveSet).specified(spec::add_wins_set);
            killed(Cluster::new(element(), RemoveWinsSet).specified(spec::add_wins_set), sound, property)
        },
        schedule: &["A: insert red into tags", "B: remove red from tags", "A -> B: A1 after nothing"],
        complaint: "B reads tags={}; the specification makes {red} of A1 B1",
    }
}

/// An insert and a remove at once.
fn element() -> Scope {
    pair(STREAM, &[&["insert red into tags"], &["remove red from tags"]])
}

/// The same of flags.
pub(crate) fn a_flag_that_disabling_wins_is_not_one_that_enabling_wins() -> Mutant {
    Mutant {
        number: "another rule",
        property: SPECIFICATION,
        killed: |property| {
            let scope = || pair(STREAM, &[&["enable dark"], &["disable dark"]]);
            let sound = Cluster::new(scope(), EnableWinsFlag).specified(spec::enable_wins_flag);
            killed(Cluster::new(scope(), DisableWinsFlag).specified(spec::enable_wins_flag), sound, property)
        },
        schedule: &["A: enable dark", "B: disable dark", "A -> B: A1 after nothing"],
        complaint: "B reads dark=off; the specification makes on of A1 B1",
    }
}

/// K31: what may be sold is what is in stock, as far as this master knows, not what this master has a right to.
pub(crate) fn k31_stock_is_checked_by_the_total() -> Mutant {
    Mutant {
        number: "K31",
        property: NO_OVERSELLING,
        killed: |property| {
            let prepare: Prepare<BoundedCounter> = |rule, state, op, dot, stamp| match op {
                Op::Add(amount) if *amount < 0 => match rule.read(state) {
                    Reading::Total(stock) if stock + amount >= 0 => Ok(Deal::Spend(amount.unsigned_abs())),
                    _ => Err(Refusal::Because("sold out".into())),
                },
                _ => rule.prepare(state, op, dot, stamp),
            };
            let rule = Broken { prepare, ..Broken::of(BoundedCounter) };
            let scope = || pair(STREAM, &[&["add 1 to stock", "subtract 1 from stock"], &["subtract 1 from stock"]]);
            killed(Cluster::new(scope(), rule), Cluster::new(scope(), BoundedCounter), property)
        },
        schedule: &["A: add 1 to stock", "A -> B: A1 after nothing", "B: subtract 1 from stock"],
        complaint: "B has spent more of stock than it had a right to",
    }
}

/// K31: a transfer is applied twice, so one unit may be sold by two.
pub(crate) fn k31_a_transfer_is_applied_twice() -> Mutant {
    Mutant {
        number: "K31",
        property: NO_OVERSELLING,
        killed: |property| {
            let apply: Apply<BoundedCounter> = |rule, state, change| {
                rule.apply(state, change);
                matches!(change.effect, Deal::Give(..)) && rule.apply(state, change)
            };
            let rule = Broken { apply, ..Broken::of(BoundedCounter) };
            let sold: &[&[&str]] = &[&["add 2 to stock", "transfer 1 of stock to B"], &["subtract 2 from stock"]];
            killed(Cluster::new(pair(STREAM, sold), rule), Cluster::new(pair(STREAM, sold), BoundedCounter), property)
        },
        schedule: &[
            "A: add 2 to stock",
            "A: transfer 1 of stock to B",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
            "B: subtract 2 from stock",
        ],
        complaint: "B has spent more of stock than it had a right to",
    }
}

/// K26, in stock: the sale is seen before what was sold, and a reader is told of less than nothing.
pub(crate) fn k26_a_sale_overtakes_its_stock() -> Mutant {
    Mutant {
        number: "K26",
        property: NO_OVERSELLING,
        killed: |property| {
            let tamper = Tamper {
                send: |_, _, message| {
                    needs_nothing_of_others::<BoundedCounter>(message);
                    true
                },
                ..Tamper::default()
            };
            let sold: &[&[&str]] = &[&["add 1 to stock", "transfer 1 of stock to B"], &["subtract 1 from stock"]];
            let cluster = || Cluster::new(all_to_all(DATAGRAM, sold), BoundedCounter);
            killed(cluster().tampered(tamper), cluster(), property)
        },
        schedule: &[
            "A: add 1 to stock",
            "A: transfer 1 of stock to B",
            "A -> B: A1 after nothing",
            "A -> B: A2 after A1",
            "B: subtract 1 from stock",
            "B -> C: B1 after nothing",
        ],
        complaint: "C reads stock=-1",
    }
}
