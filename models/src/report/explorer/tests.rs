//! Our page: it contradicts neither itself nor the search, and its traces replay.

use super::{Shown, Whole, find, pages, search::Search, situation, steps, walk::Walk};
use crate::check::engine::{Limits, Path, Verdict, explore};
use crate::check::erased::Erased;
use crate::model::{Expectation, Model};
use crate::properties::{CONVERGENCE, FALLS_SILENT, FALLS_SILENT_IF_FAIR};
use crate::report::trace::Trace;
use crate::scenario::{Scenario, catalogue};
use serde_json::Value;
use std::sync::Arc;

/// Scenarios with few states, of every kind.
const SMALL: [&str; 7] = [
    "booking/arrival",
    "hello",
    "article/swap",
    "article/relay-ring",
    "failures/leaves",
    "failures/session-after-a-crash",
    "failures/dead-hub",
];

fn scenario(name: &str) -> Scenario {
    catalogue::find(name).expect("it ships")
}

/// A shortest path to every state.
fn walks(model: &Erased) -> Vec<Walk> {
    let mut walks = vec![Walk::of(model, "/0").expect("an initial state")];
    let mut at = 0;
    while at < walks.len() {
        let mut actions = Vec::new();
        model.actions(&walks[at].state, &mut actions);
        for (place, action) in actions.iter().enumerate() {
            let Some((next, _)) = model.step(&walks[at].state, action) else { continue };
            if walks.iter().all(|walk| walk.state != next) {
                let address = format!("{}/{place}", steps(&walks[at].path));
                walks.push(Walk::of(model, &address).expect("a path"));
            }
        }
        at += 1;
    }
    walks
}

/// The initial state, and the first of its steps whose words begin so.
fn find_step(model: &Erased, words: &str) -> Walk {
    let start = Walk::of(model, "/0").expect("an initial state");
    let shown = situation::situation(model, &start, &Whole::default());
    let choices = shown["choices"].as_array().expect("a list").iter();
    let found = choices.clone().find(|choice| text(&choice["said"]).starts_with(words)).expect(words);
    Walk::of(model, &format!("/0/{}", found["place"])).expect("a path")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn no_state_contradicts_the_verdicts_over_all_schedules() {
    for name in SMALL {
        let scenario = scenario(name);
        let search = Arc::new(Search::of(Shown::from(&scenario)));
        let whole = search.shown.of_whole_schedules();
        search.begin().expect("a thread");
        while search.scope()["done"] == false {
            std::thread::yield_now();
        }
        let scope = search.scope();
        assert_eq!(scope["exhausted"], true, "{name}");
        let verdict = |property: &Value| {
            let all = scope["verdicts"].as_array().expect("a list").iter();
            all.clone()
                .find(|verdict| verdict["name"] == *property)
                .map(|verdict| text(&verdict["word"]))
                .expect("a verdict")
        };
        let model = scenario.model();
        let mut decided = std::collections::BTreeSet::new();
        for walk in walks(&model) {
            let shown = situation::situation(&model, &walk, &whole);
            assert_eq!(
                shown["properties"].as_array().map(Vec::len),
                scope["verdicts"].as_array().map(Vec::len),
                "{name}"
            );
            for property in shown["properties"].as_array().expect("a list") {
                let (word, verdict) = (text(&property["word"]), verdict(&property["name"]));
                match word {
                    "violated" | "reached" => assert_eq!(word, verdict, "{name}: {property}"),
                    "holds" | "not reached" | "not asked" | "not judged" => {}
                    other => panic!("{name}: {other}"),
                }
                if ["violated", "reached"].contains(&word) {
                    decided.insert(text(&property["name"]).to_owned());
                }
            }
        }
        // Conversely, each property that the search decides is decided in some state, unless it is about whole
        // schedules.
        for verdict in scope["verdicts"].as_array().expect("a list") {
            let says = ["violated", "reached"].contains(&text(&verdict["word"]));
            let property = text(&verdict["name"]);
            assert!(
                whole.names().any(|name| name == property) || says == decided.contains(property),
                "{name}: {verdict}"
            );
        }
    }
}

#[test]
fn every_state_is_copied_as_a_trace_that_replays_to_it() {
    for name in SMALL {
        let scenario = scenario(name);
        let (model, whole) = (scenario.model(), Shown::from(&scenario).of_whole_schedules());
        for walk in walks(&model) {
            let text = situation::trace(&model, &walk, &whole, name, "");
            let trace = Trace::parse("copied.trace", &text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
            let replayed = trace.replay(&model).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
            assert!(replayed.wrong.is_empty() && !trace.claims.is_empty(), "{text}");
            assert_eq!(replayed.path, walk.path);
        }
    }
}

#[test]
fn a_jump_finds_what_the_search_finds_by_a_path_as_short() {
    for name in SMALL {
        let model = scenario(name).model();
        let report = explore(&model, Limits::default(), |_, _| {});
        let start = Walk::of(&model, "/0").expect("an initial state");
        let here = situation::decided(&model, &start.state);
        for (number, property) in model.properties().iter().enumerate().filter(|(number, _)| !here[*number]) {
            let found = find::nearest(&model, &start, &number.to_string()).expect("a goal");
            let path = match report.verdict(property.name).expect("a verdict") {
                Verdict::Holds(path) | Verdict::Violated(path) => path,
                other => panic!("{other:?}"),
            };
            match path {
                Some(path) => {
                    let end = Walk::of(&model, text(&found["path"])).expect("a path");
                    assert_eq!(end.path.len(), path.len(), "{name}: {}", property.name);
                    assert!(situation::decided(&model, &end.state)[number], "{name}: {}", property.name);
                }
                None => assert!(text(&found["none"]).starts_with("No state that can follow"), "{name}: {found}"),
            }
        }
    }
}

#[test]
fn the_next_violation_is_another_one_and_the_next_witness_a_new_one() {
    let model = scenario("booking/arrival").model();
    let mut walk = Walk::of(&model, "/0").expect("an initial state");
    let mut names = Vec::new();
    loop {
        let found = find::nearest(&model, &walk, "violation").expect("a goal");
        let Some(path) = found["path"].as_str() else { break };
        names.push(text(&found["property"]).to_owned());
        walk = Walk::of(&model, path).expect("a path");
    }
    assert_eq!(names, ["no policy loss", CONVERGENCE]);
    let found = find::nearest(&model, &walk, "quiescence").expect("a goal");
    assert_eq!(found["none"], "No state that can follow is quiescent; no other state follows.");
    assert!(find::nearest(&model, &walk, "elsewhere").is_err() && find::nearest(&model, &walk, "99").is_err());
}

#[test]
fn the_last_step_tells_what_it_changed_and_what_was_there_before() {
    let model = scenario("booking/arrival").model();
    let walk = Walk::of(&model, "/0/0/0/0/0").expect("a path");
    let shown = situation::situation(&model, &walk, &Whole::default());
    let [a, b] = &shown["masters"].as_array().expect("a list")[..] else { panic!("{shown}") };
    assert_eq!((text(&a["reads"]), text(&a["was"])), ("seat=12 Bob", "seat=14 Ann"));
    assert_eq!(a["facts"][0], serde_json::json!(["-", "has seen A1"]));
    assert_eq!(a["facts"][1], serde_json::json!(["+", "has seen A1 B1"]));
    assert_eq!((text(&b["reads"]), &b["was"]), ("seat=14 Ann", &Value::Null));
    // In the state before, the choice names the property that it would violate.
    let walk = Walk::of(&model, "/0/0/0/0").expect("a path");
    let shown = situation::situation(&model, &walk, &Whole::default());
    let choice = &shown["choices"][0];
    assert_eq!((&choice["said"], &choice["violates"][0]), (&"B -> A: B1 after nothing".into(), &CONVERGENCE.into()));
    let agreement = &shown["properties"][1];
    assert_eq!(agreement["word"], "not asked", "{agreement}");
}

#[test]
fn masters_that_are_down_and_cuts_are_shown() {
    let of = |name: &str| {
        let model = scenario(name).model();
        walks(&model)
            .iter()
            .map(|walk| situation::situation(&model, walk, &Whole::default()).to_string())
            .collect::<String>()
    };
    let crashed = of("failures/dead-hub");
    assert!(crashed.contains("down: A") && crashed.contains("\"down\":true"));
    let model = scenario("failures/cut").model();
    let cut = find_step(&model, "cut ");
    assert!(situation::situation(&model, &cut, &Whole::default()).to_string().contains("cuts not healed: A - B"));
}

#[test]
fn stateright_s_page_has_the_model_s_name_and_ours_loads_nothing_from_elsewhere() {
    let mut shown = Shown::from(&scenario("hello"));
    shown.name = "<my> scenario".into();
    let page = |path: &str| String::from_utf8(pages::part(path, &shown).expect(path).body).expect("text");
    assert!(page("/stateright/").contains("<title>&lt;my&gt; scenario: Stateright Explorer</title>"));
    for path in ["/", "/explorer.css", "/explorer.js", "/view.js"] {
        let answer = pages::part(path, &shown).expect(path);
        assert!(!answer.policy.contains("unsafe") && answer.policy.contains("default-src 'none'"), "{path}");
        let text = page(path);
        for foreign in ["http:", "https:", "//cdn", "innerHTML", "onclick=", "style="] {
            assert!(!text.contains(foreign), "{path}: {foreign}");
        }
    }
    assert!(pages::part("/nothing", &shown).is_none());
}

#[test]
fn a_cycle_that_sends_violates_silence_on_its_path_only() {
    let found =
        catalogue::all().expect("the catalogue").into_iter().find(|s| s.expect.violated.contains(&FALLS_SILENT));
    let scenario = found.expect("a scenario that is not silent");
    let model = scenario.model();
    let report = model.explore(scenario.limits, &mut |_, _| {});
    let Some(Verdict::Violated(Some(path))) = report.verdict(FALLS_SILENT) else { panic!("{report:?}") };
    let silent = |path: &Path| {
        let shown = situation::situation(&model, &Walk::of(&model, &steps(path)).expect("a path"), &Whole::default());
        let all = shown["properties"].as_array().expect("a list").clone();
        all.into_iter().find(|property| property["name"] == FALLS_SILENT).expect("it is there")["word"].clone()
    };
    assert_eq!(silent(path), "violated");
    assert_eq!(silent(&Path { start: path.start, steps: Vec::new() }), "not asked");
    let all = model.properties();
    assert!(all.iter().all(|property| property.expectation != Expectation::Eventually));
}

#[test]
fn a_schedule_that_never_ends_is_copied_with_its_cycle() {
    let scenario = scenario("article/relay-ring");
    let (model, whole) = (scenario.model(), Shown::from(&scenario).of_whole_schedules());
    let report = model.explore(scenario.limits, &mut |_, _| {});
    let Some(Verdict::Violated(Some(path))) = report.verdict(FALLS_SILENT_IF_FAIR) else { panic!("{report:?}") };
    let walk = Walk::of(&model, &steps(path)).expect("a path");
    let copied = situation::trace(&model, &walk, &whole, &scenario.name, "");
    let trace = Trace::parse("copied.trace", &copied).unwrap_or_else(|fault| panic!("{fault}\n{copied}"));
    assert!(trace.claims.iter().any(|claim| claim.violated && claim.property == FALLS_SILENT_IF_FAIR), "{copied}");
    let replayed = trace.replay(&model).unwrap_or_else(|fault| panic!("{fault}\n{copied}"));
    assert_eq!((replayed.repeat, replayed.wrong.len()), (walk.seen_before(&walk.state), 0), "{copied}");
    let shown = situation::situation(&model, &walk, &whole);
    let mut all = shown["properties"].as_array().expect("a list").iter();
    let silent = all.find(|property| property["name"] == FALLS_SILENT_IF_FAIR).expect("it is there");
    assert!(silent["word"] == "violated" && text(&silent["why"]).ends_with("repeat for ever"), "{silent}");
}
