//! The number of histories, counted in another way; and results that must not depend on the enumeration.

use super::super::lattice::Dense;
use super::super::{ASKED, Bounds, Finding, Report, Search, Subject, judge, judge_each_script, operations};
use crate::history::Claims;
use crate::node::any_rule::AnyRule;
use crate::verify::rules;
use multimaster::{LastWriteWins, MasterId, Request};
use std::collections::BTreeMap;

/// By master and write, the version vector that it had seen.
type Plain = Vec<Vec<Vec<usize>>>;

/// Every history of so many writes, with the number of its linear extensions; computed without timestamps or bits.
fn by_hand(masters: usize, writes: usize) -> BTreeMap<Plain, u64> {
    let mut histories = BTreeMap::from([(vec![Vec::new(); masters], 1)]);
    for _ in 0..writes {
        let mut longer = BTreeMap::new();
        for (history, orders) in histories {
            for seen in closed(&history) {
                for at in (0..masters).filter(|at| seen[*at] == history[*at].len()) {
                    let mut next: Plain = history.clone();
                    next[at].push(seen.clone());
                    *longer.entry(next).or_default() += orders;
                }
            }
        }
        histories = longer;
    }
    histories
}

/// The version vectors of the cuts.
fn closed(history: &Plain) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for own in history {
        all = all.iter().flat_map(|seen| (0..=own.len()).map(move |some| [&seen[..], &[some]].concat())).collect();
    }
    let covers = |more: &[usize], less: &[usize]| more.iter().zip(less).all(|(more, less)| more >= less);
    let is_closed = |seen: &Vec<usize>| {
        history.iter().zip(seen).all(|(own, some)| own[..*some].iter().all(|before| covers(seen, before)))
    };
    all.retain(is_closed);
    all
}

/// The number of histories of up to so many writes: all, or those in which the first masters write.
fn enumerated(masters: u16, writes: usize) -> (u64, u64) {
    let rule = |_| AnyRule::new(LastWriteWins);
    let subject = Subject { rule: &rule, by_master: false, claims: Claims::Tested, specification: None };
    let bounds = || Bounds::new(masters, writes, vec!["set k = 1".parse().expect("a request")]);
    let first_only = judge(&subject, bounds(), &mut |_| {}).expect("the bounds are right");
    let (all, _) = judge_each_script(&subject, bounds()).expect("the bounds are right");
    (all.histories, first_only.histories)
}

#[test]
fn as_many_histories_are_enumerated_as_there_are() {
    let mut found = BTreeMap::new();
    for (masters, most) in [(2, 6), (3, 4), (4, 3)] {
        let mut expected = (0, 0);
        for writes in 1..=most {
            let histories = by_hand(masters, writes);
            let first = |history: &&Plain| {
                let last = history.iter().rposition(|own| !own.is_empty()).map_or(0, |last| last + 1);
                history[..last].iter().all(|own| !own.is_empty())
            };
            let orders: u64 = histories.values().sum();
            let (all, first) = (histories.len() as u64, histories.keys().filter(first).count() as u64);
            found.insert((masters, writes), (orders, all, first));
            expected = (expected.0 + all, expected.1 + first);
            assert_eq!(enumerated(masters as u16, writes), expected, "{masters} masters, {writes} writes");
        }
    }
    // The linear extensions, the histories, and those in which the first masters write.
    assert_eq!(found[&(2, 4)], (92, 42, 41));
    assert_eq!(found[&(3, 4)], (933, 321, 239));
    assert_eq!(found[&(4, 3)], (292, 152, 32));
}

/// By property, the number of steps that violate it, or its other verdict.
fn in_short(report: &Report) -> Vec<(&'static str, String)> {
    let told = |finding: &Finding| match finding {
        Finding::Violated(violation) => format!("{} steps", violation.steps),
        other => format!("{other:?}"),
    };
    report.findings.iter().map(|(property, finding)| (*property, told(finding))).collect()
}

/// Judges each shipped rule.
fn each_rule(judged: &dyn Fn(&Subject<'_>, &[Request])) {
    for rule in rules::all() {
        let (name, rule) = (rule.rule, |at| rule.rule.rule(at));
        let requests = operations(&rule(MasterId(0)));
        let (by_master, specification) = (name.differs_by_master(), name.specification().map(Into::into));
        judged(&Subject { rule: &rule, by_master, claims: Claims::Tested, specification }, &requests);
    }
}

#[test]
fn histories_in_which_the_first_masters_write_suffice() {
    each_rule(&|subject, requests| {
        let bounds = || Bounds::new(3, 3, requests.to_vec());
        let first_only = judge(subject, bounds(), &mut |_| {}).expect("the bounds are right");
        let (all, by_script) = judge_each_script(subject, bounds()).expect("the bounds are right");
        assert_eq!(in_short(&first_only), in_short(&all));
        // The minimum over all scripts is the minimum.
        for (property, steps) in ASKED.into_iter().zip(0..) {
            let fewest = by_script.shortest.values().filter_map(|found| found[steps]).min();
            assert_eq!(all.violation(property).map(|violation| violation.steps), fewest, "{property}");
        }
    });
}

#[test]
fn numbers_can_be_forgotten_at_any_time() {
    let run = |subject: &Subject<'_>, requests: &[Request], most: Option<usize>| {
        let mut unreported = |_| {};
        let bounds = Bounds::new(2, 4, requests.to_vec());
        let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unreported).expect("the bounds are right");
        search.lattice.most_numbers = most.unwrap_or(search.lattice.most_numbers);
        search.extend();
        let forgotten = search.lattice.epoch();
        let report = search.report();
        (forgotten, (in_short(&report), report.histories, report.conflicts, report.effort))
    };
    each_rule(&|subject, requests| {
        let (never, expected) = run(subject, requests, None);
        let (often, report) = run(subject, requests, Some(0));
        assert_eq!(never, 0);
        assert!(often > 10, "{often}");
        assert_eq!(report, expected);
    });
}
