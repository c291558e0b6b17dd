//! Histories alone reject deliberately broken rules, and accept the correct rules.

use multimaster_models::mutants::by_histories::{self, BrokenRule, Fate, Judged, in_a_table, in_full, summary};
use multimaster_models::properties;
use multimaster_models::verify::rules;
use std::collections::BTreeSet;

#[test]
fn histories_kill_every_broken_rule_as_pinned() {
    let mut wrong = Vec::new();
    for broken in by_histories::all() {
        let BrokenRule { rule, about, property, writes, steps, .. } = broken;
        let judged = broken.run();
        let found = match &judged.fate {
            Fate::Killed(writes, violation) => (violation.property, *writes, violation.steps),
            _ => (in_a_word(&judged), 0, 0),
        };
        if found != (property, writes, steps) {
            wrong.push(format!("{rule}: {about}: {found:?}, not {:?}", (property, writes, steps)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn in_a_word(judged: &Judged) -> &'static str {
    match judged.fate {
        Fate::Killed(..) => "killed",
        Fate::Survived => "survived",
        Fate::NotJudged => "not judged",
        Fate::Unsound => "unsound",
    }
}

#[test]
fn every_kind_of_rule_and_every_property_that_histories_are_asked_is_among_them() {
    let all = by_histories::all();
    assert!(all.len() >= 40, "{}", all.len());
    let names: BTreeSet<(&str, &str)> = all.iter().map(|broken| (broken.rule, broken.about)).collect();
    assert_eq!(names.len(), all.len(), "no two are called alike");
    assert!(all.iter().all(|broken| rules::named(broken.rule).is_some()), "each was a rule that has a name");
    let properties: BTreeSet<&str> = all.iter().map(|broken| broken.property).collect();
    assert_eq!(properties, multimaster_models::histories::ASKED.into_iter().collect());
    for (writes, least) in [(4, "at most two siblings are kept"), (5, "at most three siblings are kept")] {
        let kept = all.iter().find(|broken| broken.about == least).expect("it is there");
        assert_eq!((kept.property, kept.writes), (properties::CONVERGENCE, writes));
    }
}

#[test]
fn one_is_told_in_full_and_all_in_a_table_no_wider_than_a_terminal() {
    let sets = by_histories::named("Set");
    let judged: Vec<Judged> = sets.iter().map(BrokenRule::run).collect();
    let full = in_full(&judged[0]);
    for said in [
        "killed: no policy loss is violated: A reads k={}",
        "A1 = `insert x into k` after nothing",
        "In 3 steps, the fewest with 2 writes:",
        "  3. B -> A: B1",
        "Without the mutation, no policy loss holds for all networks with causal delivery, up to 2 writes at 3 masters",
    ] {
        assert!(full.contains(said), "{said}: {full}");
    }
    let killed = sets.len();
    assert_eq!(summary(&judged), format!("by histories alone: {killed} broken rules; {killed} killed, 0 survived\n"));
    let unjudged = |broken: BrokenRule| Judged { broken, fate: Fate::Survived, scope: String::new() };
    let all: Vec<Judged> = by_histories::all().into_iter().map(unjudged).collect();
    let table = in_a_table(&all);
    assert!(table.contains("| SURVIVED "), "{table}");
    for line in table.lines().chain(in_a_table(&judged).lines()) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
