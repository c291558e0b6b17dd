//! The shipped scenarios: their coverage, and their verdicts, which are those of their files under three checkers.

use multimaster::{MasterId, Op, Topology};
use multimaster_models::check::engine::{Report, Verdict};
use multimaster_models::check::stateright_engine::{How, disagreement, explore};
use multimaster_models::model::{Expectation, Model};
use multimaster_models::properties as p;
use multimaster_models::report::check::{Checked, Engine, check_all};
use multimaster_models::scenario::catalogue;
use multimaster_models::scenario::{Explored, RuleName, Scenario};
use multimaster_models::scope::{LinkKind, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const TOPOLOGIES: [&str; 3] = ["ring", "star", "all-to-all"];
const LINKS: [&str; 3] = ["stream", "soup", "datagram"];

/// Every scenario that ships, checked: once for all tests.
fn checked() -> &'static [Checked] {
    static CHECKED: OnceLock<Vec<Checked>> = OnceLock::new();
    CHECKED.get_or_init(|| {
        let mut done = BTreeMap::new();
        check_all(&catalogue::all().unwrap(), Engine::Own, |place, checked| {
            done.insert(place, checked);
        });
        done.into_values().collect()
    })
}

/// The scenario for this link, topology and rule.
fn of(link: &str, topology: &str, rule: RuleName) -> &'static Checked {
    let name = format!("{link}/{topology}-{}", rule.name());
    checked().iter().find(|checked| checked.scenario.name == name).unwrap_or_else(|| panic!("no scenario {name}"))
}

/// The rules with a scenario in every topology over every link. The other data types have scenarios of their own.
const RULES: [RuleName; 7] = [
    RuleName::Arrival,
    RuleName::LastWrite,
    RuleName::Custom,
    RuleName::CustomMerged,
    RuleName::MultiValue,
    RuleName::Counter,
    RuleName::Set,
];

/// Those rules in all topologies, over `links`.
fn matrix(links: &[&'static str]) -> Vec<(&'static str, &'static str, RuleName)> {
    let topologies = links.iter().flat_map(|link| TOPOLOGIES.map(|topology| (*link, topology)));
    topologies.flat_map(|(link, topology)| RULES.map(|rule| (link, topology, rule))).collect()
}

fn scope(checked: &Checked) -> &Scope {
    match &checked.scenario.subject {
        Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => scope,
        Explored::Article(_) | Explored::Nodes(_) => panic!("{} has no scope", checked.scenario.name),
    }
}

fn violated(report: &Report, property: &str) -> bool {
    match report.verdict(property) {
        Some(Verdict::Violated(Some(_))) => true,
        Some(Verdict::Holds(None)) => false,
        other => panic!("{property}: {other:?}"),
    }
}

#[test]
fn every_scenario_comes_out_as_expected() {
    for checked in checked() {
        assert_eq!(checked.surprises, Vec::<String>::new(), "{}", checked.scenario.name);
        assert_eq!(checked.report.cut, None, "{}", checked.scenario.name);
    }
}

#[test]
fn every_scenario_pins_its_figures_and_every_verdict() {
    for (name, _, text) in catalogue::files().into_iter().filter(|(name, ..)| !catalogue::is_large(name)) {
        let file: toml::Table = text.parse().unwrap();
        let stated: BTreeSet<&str> = file["expect"].as_table().unwrap().keys().map(String::as_str).collect();
        let scenario = Scenario::parse(&name, &name, text).unwrap();
        let model = scenario.model().properties();
        let asked = model.iter().filter(|asked| asked.expectation == Expectation::Always).map(|asked| asked.name);
        for property in asked.chain([p::FALLS_SILENT]) {
            assert!(stated.contains(property.replace(' ', "-").as_str()), "{name} does not state {property}");
        }
        let silent = file["expect"]["falls-silent"].as_str() == Some("holds");
        assert!(stated.contains("states") && stated.contains("depth"), "{name}");
        assert_eq!(stated.contains("messages"), silent, "{name}");
    }
}

#[test]
fn every_large_scenario_can_be_read() {
    let large: Vec<_> = catalogue::files().into_iter().filter(|(name, ..)| catalogue::is_large(name)).collect();
    assert!(large.len() >= 3);
    for (name, file, text) in large {
        Scenario::parse(&name, &file, text).unwrap();
    }
}

#[test]
fn every_rule_is_there_in_every_topology_over_every_link_and_meets_trouble() {
    for (link, topology, rule) in matrix(&LINKS) {
        let checked = of(link, topology, rule);
        let (name, scope) = (&checked.scenario.name, scope(checked));
        let Explored::Cluster(named, _) = checked.scenario.subject else { unreachable!() };
        assert_eq!(named, rule, "{name}");
        let shape = match topology {
            "ring" => Topology::ring(3),
            "star" => Topology::star(3),
            _ => Topology::all_to_all(3),
        };
        assert_eq!(scope.topology, shape.unwrap(), "{name}");
        let right = match link {
            "stream" => scope.link == LinkKind::Stream { resets: 1 } && scope.requests() >= 4,
            "soup" => scope.link == LinkKind::Soup && scope.requests() >= 3,
            _ => scope.link == LinkKind::Datagram { losses: 1, duplicates: 1 } && scope.requests() >= 3,
        };
        assert!(right, "{name}: {:?}, {} requests", scope.link, scope.requests());
        assert!(scope.clients.iter().any(|client| client.requests.len() >= 2), "{name}: nobody writes twice");
        assert!(checked.scenario.expect.unreached.is_empty(), "{name} does not meet all that it should");
    }
}

#[test]
fn every_rule_is_asked_to_take_something_back() {
    for (link, topology, rule) in matrix(&LINKS) {
        let checked = of(link, topology, rule);
        let asks: Vec<_> = scope(checked).clients.iter().flat_map(|client| &client.requests).collect();
        let has = |test: &dyn Fn(&Op) -> bool| asks.iter().any(|ask| test(&ask.op));
        let right = match rule {
            RuleName::Counter => has(&|op| matches!(op, Op::Add(amount) if *amount < 0)),
            RuleName::Set => asks.iter().any(|ask| {
                let Op::Remove(element) = &ask.op else { return false };
                asks.iter().filter(|other| other.key == ask.key && other.op == Op::Insert(element.clone())).count() >= 2
            }),
            _ => has(&|op| *op == Op::Delete),
        };
        assert!(right, "{}: {asks:?}", checked.scenario.name);
    }
}

#[test]
fn the_verdicts() {
    for (link, topology, rule) in matrix(&LINKS) {
        let checked = of(link, topology, rule);
        let lost = |property| violated(&checked.report, property);
        use RuleName::{Arrival, CustomMerged};
        let diverges = matches!(rule, Arrival | CustomMerged);
        let loses = !matches!(rule, RuleName::MultiValue | RuleName::Counter | RuleName::Set);
        let name = &checked.scenario.name;
        assert_eq!((lost(p::CONVERGENCE), lost(p::AGREEMENT)), (diverges, diverges), "{name}");
        assert_eq!((lost(p::NO_POLICY_LOSS), lost(p::NO_CAUSAL_LOSS)), (loses, rule == CustomMerged), "{name}");
        let protocol = [p::REPAIRABLE, p::CAUSAL_ORDER, p::FALLS_SILENT];
        assert!(!protocol.into_iter().any(lost), "{name}: what the protocol promises does not depend on the rule");
    }
}

/// Two rings and pairs over the links of a running cluster, with a loss and a second delivery, or with truncated logs.
#[test]
fn running_links_meet_all_their_trouble() {
    let running: Vec<_> = checked().iter().filter(|checked| checked.scenario.name.starts_with("running/")).collect();
    assert!(running.len() >= 8);
    for checked in running {
        let (name, scope) = (&checked.scenario.name, scope(checked));
        let LinkKind::Running { losses: 1, duplicates } = scope.link else { panic!("{name}: {:?}", scope.link) };
        assert!((duplicates == 1 && scope.batch > 1) != scope.log.is_some(), "{name}");
        // In a ring, no two masters send to each other.
        let crossed = scope.log.is_some() && scope.topology == Topology::ring(3).unwrap();
        let unreached: &[&str] = if crossed { &[p::CROSSED] } else { &[] };
        assert_eq!(checked.scenario.expect.unreached, unreached, "{name}");
        assert!(!violated(&checked.report, p::REPAIRABLE) && !violated(&checked.report, p::FALLS_SILENT), "{name}");
        assert!(checked.report.states < 30_000, "{name}");
    }
}

/// Every rule with a specification, in a scope of three masters and at least four writes: its reads equal the
/// specification's in every reachable state.
#[test]
fn every_data_type_is_what_its_specification_says() {
    // A specification does not receive wall-clock times.
    let walls = [RuleName::LastWriteWall, RuleName::LastWriteMapWall];
    let unspecified = [[RuleName::Arrival, RuleName::CustomMerged], walls].concat();
    let rules: Vec<RuleName> =
        RuleName::ALL.iter().map(|(rule, ..)| *rule).filter(|r| !unspecified.contains(r)).collect();
    assert_eq!(rules.len(), 15);
    for rule in rules {
        let name = format!("types/{}", rule.name());
        let checked = checked().iter().find(|checked| checked.scenario.name == name);
        let checked = checked.unwrap_or_else(|| panic!("no scenario {name}"));
        let scope = scope(checked);
        assert!(matches!(&checked.scenario.subject, Explored::Cluster(named, _) if *named == rule), "{name}");
        assert!(scope.topology.masters() == 3 && scope.requests() >= 4 && checked.report.cut.is_none(), "{name}");
        assert!(matches!(scope.link, LinkKind::Stream { .. }), "{name}");
        assert!(!violated(&checked.report, p::SPECIFICATION), "{name}");
        assert!(checked.scenario.expect.unreached.is_empty(), "{name} does not meet all that it should");
    }
}

#[test]
fn a_change_crosses_a_ring_or_a_star_of_streams_in_one_message_a_master() {
    for (link, topology, rule) in matrix(&["stream"]) {
        let checked = of(link, topology, rule);
        if topology != "all-to-all" {
            let others = usize::from(scope(checked).topology.masters()) - 1;
            assert_eq!((others, checked.report.messages), (2, Some(2)), "{}", checked.scenario.name);
        }
    }
    // All to all, each of two masters may still pass the same change on to the other. This is known, and the count
    // pinned.
    let mesh = of("stream", "all-to-all", RuleName::LastWrite);
    assert!(mesh.report.messages > Some(2));
    assert_eq!(scope(mesh).clients[0].at, MasterId(0));
}

/// Every scenario has the same states and the same verdicts under all checkers.
#[test]
fn stateright_agrees_breadth_first_and_depth_first() {
    let jobs: Vec<(&Checked, How)> =
        checked().iter().flat_map(|checked| [(checked, How::Bfs), (checked, How::Dfs)]).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                while let Some((checked, how)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let theirs = explore(checked.scenario.model(), *how, checked.scenario.limits);
                    assert_eq!(disagreement(&checked.report, &theirs), None, "{}, {how:?}", checked.scenario.name);
                }
            });
        }
    });
}

/// Counts and paths, a line each, as they are kept in `tests/catalogue/paths.txt`.
fn paths() -> String {
    let mut lines = Vec::new();
    for Checked { scenario, report, .. } in checked() {
        let Report { findings, states, generated, depth, messages, .. } = report;
        let messages = messages.map_or_else(|| "no".into(), |most| most.to_string());
        lines.push(format!(
            "{}: {states} states, {generated} generated, depth {depth}, {messages} messages",
            scenario.name
        ));
        for finding in findings {
            if let Verdict::Holds(Some(path)) | Verdict::Violated(Some(path)) = &finding.verdict {
                let steps: Vec<String> = path.iter().map(usize::to_string).collect();
                lines.push(format!("  {} {}", finding.property, steps.join(".")));
            }
        }
    }
    lines.join("\n") + "\n"
}

/// A refactoring of the model changes no path: the choice among shortest paths depends only on the order of the
/// possible steps in each state. For an intended change, the test's message names the command that rewrites the file.
#[test]
fn counts_and_paths_are_what_they_were() {
    let (file, found) = (concat!(env!("CARGO_MANIFEST_DIR"), "/tests/catalogue/paths.txt"), paths());
    if std::env::var_os("WRITE_PATHS").is_some() {
        std::fs::write(file, &found).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap();
    let differs = found.lines().zip(kept.lines()).find(|(found, kept)| found != kept);
    assert!(
        found == kept,
        "first difference, found and kept: {differs:?}; `WRITE_PATHS=1 cargo test paths` writes it anew"
    );
}

/// The cache of steps saves time, and changes nothing else.
#[test]
fn every_small_scenario_comes_out_the_same_where_nothing_is_remembered() {
    let mut tried = 0;
    for Checked { scenario, report, .. } in checked().iter().filter(|checked| checked.report.states <= 400) {
        let anew = scenario.clone().without_memo().model().explore(scenario.limits, &mut |_, _| {});
        let counts = |report: &Report| (report.states, report.generated, report.depth, report.messages);
        assert_eq!(counts(&anew), counts(report), "{}", scenario.name);
        assert_eq!(anew.findings, report.findings, "{}", scenario.name);
        tried += 1;
    }
    assert!(tried > 100, "{tried} are small");
}
