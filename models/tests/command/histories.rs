//! `histories`: a rule over all networks at once.

use super::super::Folder;

#[test]
fn verdicts_have_their_scope_and_violations_a_trace_that_replays_anywhere() {
    let folder = Folder::new();
    let (status, out, err) = folder.run(&["histories", "couchdb", "--writes", "4", "--masters", "2"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("for all networks with causal delivery, up to 4 writes at 2 masters ("), "{out}");
    assert!(out.contains("| no policy loss  | violated (4 steps, 3 writes) |"), "{out}");
    assert!(out.contains("| convergence     | holds"), "{out}");
    assert!(
        out.contains("requests were refused by the rule") && out.contains("not seen by histories: repair"),
        "{out}"
    );
    let trace = std::fs::read_to_string(folder.0.join("target/traces/histories-couchdb.no-policy-loss.trace")).unwrap();
    // It needs nothing beside it.
    let elsewhere = Folder::with("moved.trace", trace);
    let (status, out, err) = elsewhere.run(&["replay", "moved.trace"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("violates no policy loss: "), "{out}");
}

#[test]
fn a_rule_of_a_scenario_file_is_judged_and_its_trace_carries_it() {
    let text = "about = \"mine\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\n\n[rule]\nover = \"merged\"\n\
                keep = 'first'\n\n[clients]\nA = [\"set k = 1\"]\nB = [\"set k = 2\"]\n";
    let folder = Folder::with("mine.toml", text);
    let (status, out, err) = folder.run(&["histories", "mine.toml", "--writes", "3"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("| convergence     | holds") || out.contains("| convergence     | violated"), "{out}");
    let replays: Vec<&str> =
        out.lines().filter_map(|line| line.split_once("multimaster replay ")).map(|(_, f)| f).collect();
    assert!(!replays.is_empty(), "{out}");
    for file in replays {
        let (status, out, err) = folder.run(&["replay", file]);
        assert_eq!((status, err.as_str()), (0, ""), "{file}: {out}");
    }
}

#[test]
fn weaker_deliveries_snapshots_and_clocks_can_be_asked() {
    let violated = |arguments: &[&str], property: &str| {
        let (status, out, err) = Folder::new().run(&[&["histories"], arguments].concat());
        assert_eq!((status, err.as_str()), (0, ""), "{arguments:?}: {out}");
        let row = out.lines().find(|line| line.starts_with(&format!("| {property} ")));
        row.unwrap_or_else(|| panic!("{arguments:?}: {out}")).contains("violated")
    };
    assert!(!violated(&["multi-value", "--writes", "3"], "no resurrection"));
    assert!(violated(&["multi-value", "--writes", "3", "--delivery", "unordered"], "no resurrection"));
    assert!(!violated(&["counter", "--writes", "3"], "specification"));
    assert!(violated(&["counter", "--writes", "3", "--delivery", "at-least-once"], "specification"));
    assert!(!violated(&["counter", "--writes", "3", "--snapshots"], "specification"));
    assert!(violated(&["goldengate-usedelta", "--writes", "2", "--snapshots"], "convergence"));
    assert!(!violated(&["riak-newest", "--writes", "3", "--clocks", "right"], "convergence"));
    assert!(violated(&["riak-newest", "--writes", "3", "--clocks", "wrong"], "convergence"));
}

#[test]
fn what_is_wrong_with_the_question_is_told_and_what_was_not_tested() {
    for (arguments, what) in [
        (&["nope"][..], "no such rule (`multimaster list` names them)"),
        (&["set", "--request", "set k = 1"], "this rule takes `insert ELEMENT into KEY`"),
        (&["set", "--request", "insert x"], "for example: `insert x into k`"),
        (&["set", "--masters", "1"], "1 masters: give 2 to 6"),
        (&["set", "--writes", "11"], "11 writes: give 1 to 10"),
        (&["bounded-counter", "--masters", "2", "--request", "transfer 1 of k to C"], "no such master among 2"),
    ] {
        let (status, out, err) = Folder::new().run(&[&["histories"], arguments].concat());
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(what), "{err}");
    }
    let (status, out, _) = Folder::new().run(&["histories", "bounded-counter", "--request", "subtract 1 from k"]);
    assert_eq!(status, 1);
    assert!(out.contains("the rule refused every request: nothing was judged"), "{out}");
    let (status, out, _) = Folder::new().run(&["histories", "set", "--writes", "6", "--seconds", "0"]);
    assert_eq!(status, 1);
    assert!(out.contains("stopped before the end") && out.contains("not exhausted"), "{out}");
}
