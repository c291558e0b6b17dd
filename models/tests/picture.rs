//! The sequence diagram of a schedule: well-formed for all values, complete, and deterministic.

#[path = "picture/geometry.rs"]
mod geometry;
#[path = "picture/random.rs"]
mod random;

use multimaster_models::report::trace::Trace;
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;

const HOSTILE: &str = r#"
about = "Values that are no XML, over datagrams"
masters = 3
topology = "ring"
rule = "arrival"
link = "datagram"
losses = 1
duplicates = 1

[clients]
A = ["set seat = <b>\"&'</b>"]
B = ["set seat = Bob"]
"#;

fn picture(scenario: &Scenario, steps: &str) -> String {
    let trace = Trace::parse("test.trace", &format!("scenario here\n{steps}")).unwrap();
    trace.replay(&scenario.model()).unwrap().diagram.svg()
}

/// The number of elements of this class.
fn count(svg: &str, class: &str) -> usize {
    let document = roxmltree::Document::parse(svg).unwrap();
    document
        .descendants()
        .filter(|node| node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class)))
        .count()
}

fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
    let root = document.root_element();
    assert_eq!((root.tag_name().name(), root.tag_name().namespace()), ("svg", Some("http://www.w3.org/2000/svg")));
    assert!(root.attribute("viewBox").is_some());
    document.descendants().filter_map(|node| node.text()).map(str::to_owned).collect()
}

#[test]
fn every_step_is_drawn_and_values_are_escaped() {
    let scenario = Scenario::parse("hostile", "hostile.toml", HOSTILE).unwrap();
    let steps = "A: set seat = <b>\"&'</b>\nlost A -> B: A1 after nothing\nB: set seat = Bob\nB asks A for what it lacks\n\
                 A -> B: A1 after nothing\nB -> C: B1 after nothing";
    let svg = picture(&scenario, steps);
    assert_eq!(svg, picture(&scenario, steps), "one path, one picture");
    let texts = texts(&svg);
    let has = |part: &str| assert!(texts.iter().any(|text| text.contains(part)), "no {part:?} in {texts:#?}");
    for part in ["A", "B", "C", "<b>\"&'</b>", "A1 after nothing", "B1 after nothing", "asks", "reads seat=Bob"] {
        has(part);
    }
    let drawn = ["arrives", "lost", "cross", "asks", "again"].map(|class| count(&svg, class));
    assert_eq!(drawn, [2, 1, 1, 1, 0], "{svg}");
}

#[test]
fn what_arrives_again_and_what_comes_too_early_are_marked() {
    let two_writes = HOSTILE.replace(r#"["set seat = Bob"]"#, r#"["set seat = Bob", "delete seat"]"#);
    let scenario = Scenario::parse("again", "again.toml", &two_writes).unwrap();
    let steps = "B: set seat = Bob\nB: delete seat\nB -> C: B2 after B1\n\
                 B -> C: B1 after nothing, and once more later";
    let svg = picture(&scenario, steps);
    assert_eq!(["arrives", "again", "lost"].map(|class| count(&svg, class)), [2, 1, 0], "{svg}");
    assert!(texts(&svg).iter().any(|text| text == "C lacks something before it, and asks B"), "{svg}");
}

#[test]
fn a_violation_is_told_under_the_picture() {
    let scenario = catalogue::find("booking/arrival").unwrap();
    let steps = "A: set seat = 14 Ann\nB: set seat = 12 Bob\nA -> B: A1 after nothing\nB -> A: B1 after nothing";
    let texts = texts(&picture(&scenario, steps)).join(" ");
    assert!(texts.contains("convergence: A and B have both seen A1 B1"), "{texts}");
}

#[test]
fn the_empty_schedule_is_a_picture_too() {
    for (name, ..) in catalogue::files() {
        let scenario = catalogue::find(&name).unwrap();
        assert!(texts(&picture(&scenario, "")).iter().any(|text| text == "A"), "{name}");
    }
}
