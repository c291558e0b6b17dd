//! `histories`: a rule over all networks at once.

use super::Folder;

#[test]
fn verdicts_have_their_scope_and_violations_a_trace_that_replays_anywhere() {
    let folder = Folder::new();
    let (status, out, err) = folder.run(&["histories", "couchdb", "--writes", "4", "--masters", "2"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("for all networks with causal delivery, up to 4 writes at 2 masters ("), "{out}");
    assert!(out.contains("| no policy loss  | violated (4 steps, 3 writes) |"), "{out}");
    assert!(out.contains("| convergence     | holds"), "{out}");
    assert!(
        out.contains("requests were refused by the rule") && out.contains("not covered by histories: repair"),
        "{out}"
    );
    let trace = std::fs::read_to_string(folder.0.join("target/traces/histories-couchdb.no-policy-loss.trace")).unwrap();
    // It needs no other file.
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
fn the_rule_of_a_shipped_scenario_is_named_by_it() {
    let (status, out, err) = Folder::new().run(&["histories", "booking/arrival", "--writes", "2"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("| convergence     | violated (4 steps, 2 writes)"), "{out}");
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
        (&["nope"][..], "no such rule and no such scenario (`multimaster list` names them)"),
        (&["set", "--request", "set k = 1"], "this rule takes `insert ELEMENT into KEY`"),
        (&["set", "--request", "insert x"], "for example: `insert x into k`"),
        (&["mysql", "--clocks", "wrong"], "this rule uses no wall clocks"),
        (&["set", "--masters", "1"], "write a whole number from 2 to 6"),
        (&["set", "--writes", "11"], "write a whole number from 1 to 10"),
        (&["last-write-wall", "--request", "at 5, set k = v"], "times of their own (`--clocks`); leave out `at`"),
        (&["bounded-counter", "--masters", "2", "--request", "transfer 1 of k to C"], "no such master among 2"),
    ] {
        let (status, out, err) = Folder::new().run(&[&["histories"], arguments].concat());
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(what), "{err}");
    }
    let (status, out, _) = Folder::new().run(&["histories", "bounded-counter", "--request", "subtract 1 from k"]);
    assert_eq!(status, 1);
    assert!(out.contains("the rule refused every request: nothing was judged"), "{out}");
    assert!(out.contains("| convergence     | not tested") && !out.contains("holds"), "{out}");
    let (status, out, _) = Folder::new().run(&["histories", "set", "--writes", "6", "--seconds", "0"]);
    assert_eq!(status, 1);
    assert!(out.contains("stopped before the end") && out.contains("not exhausted"), "{out}");
    // The first violation found need not be the shortest.
    let (_, out, _) = Folder::new().run(&["histories", "mysql", "--writes", "6", "--seconds", "0"]);
    assert!(out.contains("| convergence     | violated (at most "), "{out}");
    // The repeated delivery of a change is a step too, but is not counted.
    let (_, out, _) = Folder::new().run(&["histories", "arrival", "--writes", "2", "--delivery", "at-least-once"]);
    assert!(out.contains("| convergence     | violated (2 writes)"), "{out}");
}

/// A scenario file with this rule.
fn file(rule: &str) -> String {
    let scenario = "about = \"mine\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\n\n";
    format!("{scenario}{rule}\n[clients]\nA = [\"set k = 1\"]\nB = [\"set k = 2\"]\n")
}

/// The output of `histories` for this rule. Checks that its traces replay.
fn judged(rule: &str, arguments: &[&str]) -> String {
    let folder = Folder::with("mine.toml", file(rule));
    let (status, out, err) = folder.run(&[&["histories", "mine.toml"], arguments].concat());
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    for (_, trace) in out.lines().filter_map(|line| line.split_once("multimaster replay ")) {
        let (status, out, err) = folder.run(&["replay", trace]);
        assert_eq!((status, err.as_str()), (0, ""), "{trace}: {out}");
    }
    out
}

#[test]
fn blanks_in_a_script_are_carried_by_a_trace() {
    let rule = "[rule]\nover = \"arrival\"\nkeep = '''\nlet text = `a\n    b`;\n\
                if text.len() == 7 { second } else { throw \"other blanks\" }\n'''\n";
    let out = judged(rule, &["--writes", "2"]);
    assert!(out.contains("| convergence     | violated (4 steps, 2 writes)"), "{out}");
}

#[test]
fn a_rule_for_tables_is_judged_on_rows() {
    let rule = "[rule]\nkind = \"table\"\nstart = \"#{}\"\nread = \"state\"\napply = '''\n\
                for key in state.keys() { if state[key] == change.op.value { state.remove(key); } }\n\
                if change.op.name == \"delete\" { state.remove(change.key); } else { state[change.key] = change.op.value; }\n\
                state\n'''\n";
    let out = judged(rule, &["--writes", "2"]);
    assert!(out.contains("requests: `in rows, set k = 1`, `in rows, set k = 2`, `in rows, "), "{out}");
    assert!(out.contains("| convergence     | violated (4 steps, 2 writes)"), "{out}");
    let out = judged(rule, &["--writes", "2", "--request", "set a = x", "--request", "set b = x"]);
    assert!(out.contains("requests: `in rows, set a = x`, `in rows, set b = x`"), "{out}");
    assert!(out.contains("| convergence     | violated (4 steps, 2 writes)"), "{out}");
}

#[test]
fn a_key_without_a_row_shows_nothing() {
    let rule = "[rule]\nkind = \"register\"\napply = \"change.op.value\"\nread = \"state\"\n";
    let out = judged(rule, &["--writes", "2", "--request", "set k = 1", "--request", "delete k"]);
    assert!(out.contains("| no policy loss  | violated (3 steps, 2 writes)"), "{out}");
}

#[test]
fn reads_are_held_to_the_specification_of_the_file() {
    let rule = "rule = \"last-write\"\n[specification]\nread = \"()\"\n[properties.empty]\nalways = 'A[\"k\"] == ()'\n";
    let out = judged(rule, &["--writes", "2"]);
    assert!(out.contains("| specification   | violated (1 step, 1 write)"), "{out}");
    assert!(out.contains("checked only in networks (`check`): empty"), "{out}");
}

#[test]
fn a_rule_that_measures_times_is_told_from_one_that_compares_them() {
    let rule = "[rule]\nkind = \"register\"\nread = \"if state == () { () } else { state.value }\"\napply = '''\n\
                let it = #{value: change.op.value, time: change.time, master: change.master};\n\
                if state == () || change.time > 10 || change.time > state.time { return it; }\n\
                if change.time == state.time && change.master > state.master { it } else { state }\n'''\n";
    let out = judged(rule, &["--writes", "2"]);
    assert!(out.contains("| convergence     | holds"), "{out}");
    assert!(out.contains("cover only these keys and times, because the rule is not order only: "), "{out}");
    assert!(!judged(&rule.replace("10", "1000000000000"), &["--writes", "2"]).contains("cover only"));
}

#[test]
fn a_verdict_on_any_number_of_writes_says_what_was_shown() {
    let asked = ["--any-number", "--writes", "3", "--masters", "2"];
    let run = |rule: &str| Folder::new().run(&[&["histories", rule], &asked[..]].concat());
    let (status, out, err) = run("last-write");
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let row = |property: &str, verdict: &str| {
        out.lines().any(|line| line.starts_with(&format!("| {property} ")) && line.contains(verdict))
    };
    assert!(row("convergence", "| holds for any number of writes, lag at most 2 |"), "{out}");
    assert!(row("no causal loss", "| holds for any number of writes, lag at most 2 |"), "{out}");
    assert!(row("no policy loss", "| violated (3 steps, 2 writes)"), "{out}");
    assert!(row("specification", "| holds up to 3 writes"), "{out}");
    assert!(out.contains("\nshown for any number of writes at 2 masters, lag at most 2\n"), "{out}");

    let (status, out, err) = run("antidote");
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert!(
        out.contains("not shown for any number of writes: `prepare` of the rule reads a number: it uses "),
        "{out}"
    );
    assert!(out.contains("| holds up to 3 writes") && !out.contains("holds for any number"), "{out}");

    let arguments = ["histories", "antidote", "--any-number", "--writes", "2", "--format", "json"];
    let (status, out, err) = Folder::new().run(&arguments);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["properties"][0]["property"], "convergence");
    assert_eq!(
        (&json["properties"][0]["verdict"], &json["properties"][0]["any_number"]),
        (&"holds".into(), &false.into())
    );
    assert!(
        json["any_number"]["obstacle"].as_str().unwrap().starts_with("`prepare` of the rule reads a number"),
        "{out}"
    );

    let (status, _, err) = Folder::new().run(&["histories", "set", "--lag", "3"]);
    assert!(status == 2 && err.contains("--any-number"), "{err}");
    let (status, _, err) = Folder::new().run(&["histories", "set", "--any-number", "--snapshots"]);
    assert!(status == 2 && err.contains("--snapshots"), "{err}");
}
