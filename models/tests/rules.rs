//! The table of all rules, as the README shows it.
#![allow(missing_docs)]

use multimaster_models::rules;

/// Between these the README holds what `multimaster rules` prints.
const MARKS: [&str; 2] = ["<!-- what `multimaster rules` prints -->\n", "<!-- as far as here -->\n"];

#[test]
fn the_readme_shows_what_is_found() {
    let readme = include_str!("../../README.md");
    let shown = readme.split_once(MARKS[0]).and_then(|(_, rest)| rest.split_once(MARKS[1])).map(|(shown, _)| shown);
    let surveyed: Vec<_> = rules::all().into_iter().map(rules::survey).collect();
    let table = rules::in_a_table(&surveyed);
    assert_eq!(shown.map(str::trim), Some(table.trim()), "paste what `cargo run --release -- rules` prints");
}

#[test]
fn one_rule_in_full_has_its_source_and_its_schedules() {
    let surveyed = rules::survey(rules::named("couchdb").unwrap());
    let text = rules::in_full(&surveyed);
    assert!(text.contains("couch_doc.erl") && text.contains("loses causally: no causal loss is violated"), "{text}");
    assert!(rules::named("nonsense").is_none());
}

/// An update that overtakes the insert finds no row and is ignored, without any conflict: in order, nothing is lost so soon.
#[test]
fn what_overtakes_is_told_though_the_rule_loses_in_order_too() {
    let text = rules::in_full(&rules::survey(rules::named("goldengate-ignore").unwrap()));
    let told =
        text.split_once("needs causal delivery: no causal loss is violated: C has seen B1").map(|(_, told)| told);
    let steps = told.and_then(|told| told.split_once("\n\nnot ")).map(|(schedule, _)| schedule.matches(". ").count());
    assert_eq!(steps, Some(4), "{text}");
}
