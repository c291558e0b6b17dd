//! `multimaster check --graph`.

use super::Folder;
use std::collections::BTreeSet;

#[test]
fn a_graph_has_every_state_and_its_transitions() {
    let folder = Folder::new();
    let (status, _, error) = folder.run(&["check", "booking/arrival", "--quiet", "--graph", "g.json"]);
    assert_eq!(status, 0, "{error}");
    let text = std::fs::read_to_string(folder.0.join("g.json")).unwrap();
    let graph: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (states, transitions) = (graph["states"].as_array().unwrap(), graph["transitions"].as_array().unwrap());
    assert_eq!((states.len(), transitions.len()), (13, 14));
    // Every state but the first is the end of a transition.
    let ends: BTreeSet<u64> = transitions.iter().map(|transition| transition["to"].as_u64().unwrap()).collect();
    assert_eq!(ends, (1..13).collect());
    let violates = |state: &&serde_json::Value| !state["violates"].as_array().unwrap().is_empty();
    let first = states.iter().find(violates).expect("a violation");
    assert!(first["depth"] == 3 && first["violates"][0] == "no policy loss", "{first}");
    assert_eq!(first["reads"]["A"], "seat=14 Ann");

    folder.run(&["check", "booking/arrival", "--quiet", "--graph", "g.dot"]);
    let dot = std::fs::read_to_string(folder.0.join("g.dot")).unwrap();
    assert_eq!(dot.matches(" -> ").count() - dot.matches("A -> B").count() - dot.matches("B -> A").count(), 14);
    assert!(dot.contains("color=red") && dot.contains("violates convergence"), "{dot}");
}

#[test]
fn a_graph_is_of_one_small_scenario() {
    let folder = Folder::new();
    for (arguments, reason) in [
        (["booking/arrival", "g.png"], "name a file `*.dot` or `*.json`"),
        (["booking/*", "g.dot"], "name one scenario, not 6"),
        (["datagram/all-to-all-last-write", "g.dot"], "more than 10,000 states"),
        (["booking/arrival", "no/g.dot"], "no/g.dot: "),
    ] {
        let [scenario, file] = arguments;
        let (status, said, error) = folder.run(&["check", scenario, "--graph", file]);
        assert!(status == 2 && said.is_empty() && error.contains(reason), "{said}{error}");
    }
}
