//! The table of all rules, as `docs/rules.md` shows it.

use multimaster_models::scenario::Scenario;
use multimaster_models::verify::rules;

/// The marks around the output of `multimaster rules` in the page.
const MARKS: [&str; 2] = ["<!-- what `multimaster rules` prints -->\n", "<!-- as far as here -->\n"];

/// The verdicts with one write less than the command's are the same. `.ci/run` compares the page with the whole
/// output, in an optimized build.
#[test]
fn the_page_shows_what_is_found() {
    let page = include_str!("../../docs/rules.md");
    let shown = page.split_once(MARKS[0]).and_then(|(_, rest)| rest.split_once(MARKS[1])).map(|(shown, _)| shown);
    let table = rules::in_a_table(&rules::survey_all(&rules::SMALL_SIZES, &mut |_, _| {}));
    let rows = shown.map(|shown| shown.lines().filter(|line| line.starts_with('|')).collect::<Vec<_>>());
    assert_eq!(rows, Some(table.lines().collect()), "paste what `cargo run --release -- rules` prints");
}

/// Violations that need four writes at two masters, equal values, or two elements.
#[test]
fn what_three_writes_do_not_show_is_found_over_histories() {
    let steps = |name: &str| -> Vec<Option<usize>> {
        let surveyed = rules::survey_within(rules::named(name).unwrap(), &[(2, 4)]);
        let steps = surveyed.found.iter().map(|cell| Some(cell.example()?.replayed.steps.len()));
        steps.take(4).collect()
    };
    // Diverges, loses by policy, loses causally, resurrects.
    assert_eq!(steps("goldengate-overwrite"), [Some(4), Some(3), None, None]);
    assert_eq!(steps("couchdb"), [None, Some(4), Some(4), Some(4)]);
    assert_eq!(steps("dynamo-cart"), [None, None, Some(5), Some(5)]);
    assert_eq!(steps("cr-sqlite"), [None, Some(3), None, None]);
    assert_eq!(steps("riak-newest"), [None, Some(3), None, None]);
}

#[test]
fn one_rule_in_full_has_its_source_and_its_schedules() {
    let surveyed = rules::survey_within(rules::named("couchdb").unwrap(), &rules::SMALL_SIZES);
    let text = rules::in_full(&surveyed);
    assert!(text.contains("couch_doc.erl") && text.contains("couchdb: no causal loss is violated"), "{text}");
    assert!(rules::named("nonsense").is_none());
}

/// An update that overtakes the insert finds no row and is ignored, without any conflict: in causal order, a loss needs
/// more steps.
#[test]
fn what_overtakes_is_told_though_the_rule_loses_in_order_too() {
    let text = rules::in_full(&rules::survey_within(rules::named("goldengate-ignore").unwrap(), &[(2, 3)]));
    let told = text
        .split_once("goldengate-ignore without causal delivery: no causal loss is violated: C has seen B1")
        .map(|(_, told)| told);
    let steps = told.and_then(|told| told.split_once("\n\nnot ")).map(|(schedule, _)| schedule.matches(". ").count());
    assert_eq!(steps, Some(4), "{text}");
}

/// Requests on a table are requests on its rows.
#[test]
fn a_rule_for_tables_is_surveyed() {
    let file = include_str!("../scenarios/expression/unique.toml");
    let scenario = Scenario::parse("unique", "unique.toml", file).unwrap();
    let text = rules::in_full(&rules::survey_within(rules::of_scenario(&scenario).unwrap(), &[(2, 2)]));
    assert!(text.contains("unique: convergence is violated: A and B have both seen A1 B1"), "{text}");
    // The rule uses no wall clocks, so none were wrong.
    assert!(!text.contains("\"holds\" (under wrong clocks)"), "{text}");
}
