//! A scenario without `[expect]` is explored: `check` prints its verdicts, and the `[expect]` that pins them.

use crate::command::{Folder, scenario};
use multimaster_models::report::check::{Engine, check};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;

fn without_expect(rule: &str) -> String {
    scenario(rule, "").replace("[expect]\n", "")
}

/// From `[expect]` to the next blank line.
fn block(out: &str) -> &str {
    let start = out.find("\n[expect]\n").unwrap_or_else(|| panic!("no block in {out}")) + 1;
    out[start..].split("\n\n").next().unwrap()
}

#[test]
fn what_is_found_is_no_failed_expectation_and_the_block_pasted_holds_it_to_that() {
    for rule in ["arrival", "last-write", "custom-merged", "multi-value"] {
        let folder = Folder::with("my.toml", without_expect(rule));
        let (status, out, err) = folder.run(&["check", "my.toml"]);
        assert_eq!((status, err.as_str()), (0, ""), "{out}");
        assert!(!out.contains("UNEXPECTED"), "{out}");
        assert!(out.contains("13 states; 1 explored, with nothing expected."), "{out}");
        let pinned = format!("{}\n{}\n", without_expect(rule), block(&out));
        for figure in ["states = 13", "depth = 4", "messages = 1"] {
            assert!(pinned.contains(figure), "{pinned}");
        }
        folder.put("my.toml", &pinned);
        let (status, out, _) = folder.run(&["check", "my.toml"]);
        assert_eq!(status, 0, "{pinned}\n{out}");
        assert!(out.contains("13 states; 1 as expected."), "{out}");
        // The scenario is compared with the whole of it.
        for (from, to) in [("states = 13", "states = 14"), ("depth = 4", "depth = 5"), ("messages = 1", "messages = 2")]
        {
            folder.put("my.toml", pinned.replace(from, to));
            assert_eq!(folder.run(&["check", "my.toml"]).0, 1, "{to}");
        }
        if rule == "arrival" {
            folder.put("my.toml", pinned.replace("convergence = \"violated\"\n", ""));
            assert_eq!(folder.run(&["check", "my.toml"]).0, 1);
        }
    }
}

#[test]
fn an_empty_table_expects_all_to_hold() {
    let folder = Folder::with("my.toml", scenario("arrival", ""));
    let (status, out, _) = folder.run(&["check", "my.toml"]);
    assert_eq!(status, 1);
    assert!(out.contains("UNEXPECTED my.toml: convergence: expected holds, found violated"), "{out}");
    assert!(!out.contains("has no `[expect]`"), "{out}");
}

#[test]
fn what_was_cut_has_nothing_yet_to_be_held_to() {
    let folder = Folder::with("my.toml", without_expect("arrival") + "[limits]\nstates = 5\n");
    let (status, out, _) = folder.run(&["check", "my.toml"]);
    assert_eq!(status, 3, "{out}");
    assert!(out.contains("my.toml has no `[expect]`, and was not exhausted"), "{out}");
    assert!(!out.contains("[expect]\n"), "{out}");
}

#[test]
fn the_readme_s_expression_is_such_a_first_run() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let examples: Vec<&str> = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let example = examples.iter().find(|example| example.contains("[rule]\nover")).expect("it is there");
    let folder = Folder::with("my.toml", example);
    let (status, out, err) = folder.run(&["check", "my.toml"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(!out.contains("UNEXPECTED"), "{out}");
    folder.put("my.toml", format!("{example}\n{}\n", block(&out)));
    assert_eq!(folder.run(&["check", "my.toml"]).0, 0);
}

#[test]
fn in_json_too() {
    let folder = Folder::with("my.toml", without_expect("arrival"));
    let (status, out, _) = folder.run(&["check", "my.toml", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &found["as_expected"]), (0, &serde_json::Value::Null));
    let expect = found["expect"].as_str().unwrap();
    assert!(expect.starts_with("[expect]\nconvergence = \"violated\"\n"), "{expect}");
}

#[test]
fn the_block_fits_whatever_ships() {
    let mut fitted = 0;
    for (name, file, text) in catalogue::files().into_iter().filter(|(name, ..)| !catalogue::is_large(name)).step_by(6)
    {
        let given = text.split("\n[expect]\n").next().unwrap();
        let mut scenario = Scenario::parse(&name, &file, given).unwrap();
        scenario.limits.states = 3_000;
        let checked = check(&scenario, Engine::Own, &mut |_, _| {});
        assert!(checked.is_as_expected(), "{name}: {:?}", checked.surprises);
        let Some(expect) = checked.expectation() else { continue };
        let pinned = Scenario::parse(&name, &file, &format!("{given}\n\n{expect}"))
            .unwrap_or_else(|fault| panic!("{fault}\n{expect}"));
        assert!(pinned.expect.stated && pinned.expect.states.is_some() && pinned.expect.depth.is_some());
        assert_eq!(check(&pinned, Engine::Own, &mut |_, _| {}).surprises, Vec::<String>::new(), "{name}");
        fitted += 1;
    }
    assert!(fitted > 20, "{fitted}");
}

/// The message about the witness *a conflict*, unreached with these clients.
fn why(rule: &str, clients: &str) -> String {
    let text = format!(
        "about = \"a\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"{rule}\"\nlink = \"stream\"\n{clients}\n[expect]\n"
    );
    let folder = Folder::with("my.toml", text);
    let (status, out, err) = folder.run(&["check", "my.toml"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let start = "UNEXPECTED my.toml: a conflict: expected reached, found not reached";
    let line = out.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{out}"));
    line[start.len()..].to_owned()
}

#[test]
fn why_there_was_no_conflict_is_said() {
    assert_eq!(
        why("last-write", "[clients]\nA = [\"set k = 1\", \"set k = 2\"]"),
        ": only master A writes: nothing can conflict"
    );
    assert_eq!(
        why("last-write", "[clients]\nA = [\"set k = 1\"]\nB = [\"set l = 2\"]"),
        ": no key is written at two masters: nothing can conflict"
    );
    assert_eq!(
        why("last-write", "[free]\ntake = 1\nof = [\"A: set k = 1\", \"B: set k = 2\"]"),
        ": only one write is made (`take = 1`): nothing can conflict"
    );
    let refused = why(
        "bounded-counter",
        "[clients]\nA = [\"subtract 1 from k\", \"subtract 2 from k\"]\nB = [\"subtract 1 from k\"]",
    );
    assert!(
        refused.starts_with(": all 3 requests were refused, the first, `subtract 1 from k` at A, because "),
        "{refused}"
    );
    // The second write of B always has A's in its causal past; the requests alone do not show this.
    let reached = scenario("last-write", "no-policy-loss = \"violated\"");
    let folder = Folder::with("my.toml", reached);
    assert_eq!(folder.run(&["check", "my.toml"]).0, 0);
}

#[test]
fn what_tests_nothing_does_not_pass() {
    let text = "about = \"a\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"last-write\"\nlink = \"stream\"\n";
    for clients in ["", "[clients]\nA = []\n", "[expect]\nunreached = [\"a conflict\"]\n"] {
        let folder = Folder::with("my.toml", format!("{text}{clients}"));
        let (status, out, _) = folder.run(&["check", "my.toml"]);
        assert_eq!(status, 1, "{out}");
        assert!(out.contains("UNEXPECTED my.toml: no client makes a request"), "{out}");
    }
    let folder = Folder::with("empty.trace", "scenario booking/arrival\nkeeps convergence\n");
    folder.put("mute.trace", "scenario booking/arrival\nA: set seat = 14 Ann\n");
    let (status, out, _) = folder.run(&["replay", "empty.trace"]);
    assert!(status == 1 && out.ends_with("empty.trace: this trace has no steps: nothing was replayed\n"), "{out}");
    let (status, out, _) = folder.run(&["replay", "mute.trace"]);
    assert!(status == 1 && out.contains("mute.trace: this trace claims nothing"), "{out}");
}

#[test]
fn a_trace_of_a_scenario_file_is_replayed_from_any_folder() {
    let folder = Folder::with("mine/my.toml", scenario("last-write", ""));
    let (status, out, _) = folder.run(&["check", "mine/my.toml"]);
    let trace = out.lines().rev().find_map(|line| line.trim().strip_prefix("replay:  multimaster replay ")).unwrap();
    assert!(status == 1 && trace.ends_with(".no-policy-loss.trace"), "{out}");
    let trace = folder.0.join(trace);
    let trace = trace.to_str().unwrap();
    let elsewhere = Folder::new();
    let (status, out, err) = elsewhere.run(&["replay", trace]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let used = folder.0.canonicalize().unwrap().join("mine/my.toml");
    assert!(out.starts_with(&format!("{}: ", used.display())), "{out}");
    // A file in the current folder takes precedence.
    elsewhere.put("mine/my.toml", scenario("last-write", ""));
    let (status, out, _) = elsewhere.run(&["replay", trace]);
    assert!(status == 0 && out.starts_with("mine/my.toml: "), "{out}");
    std::fs::remove_file(folder.0.join("mine/my.toml")).unwrap();
    let (status, _, err) = Folder::new().run(&["replay", trace]);
    assert!(status == 2 && err.contains("`scenario mine/my.toml`: no such file"), "{err}");
}

/// A property that is violated before the first step has a schedule without steps, and the suggested command replays
/// it.
#[test]
fn what_is_violated_at_the_start_is_replayed() {
    let text = "about = \"a\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"last-write\"\nlink = \"stream\"\n\
                [clients]\nA = [\"set k = 1\"]\n[properties.written]\nalways = 'A[\"k\"] == \"1\"'\n";
    let folder = Folder::with("my.toml", text);
    let (status, out, _) = folder.run(&["check", "my.toml"]);
    assert!(status == 0 && out.contains("my.toml: written is violated: "), "{out}");
    let trace = "target/traces/my.written.trace";
    let (status, out, _) = folder.run(&["replay", trace]);
    assert!(status == 0 && out.contains("\n  violates written: "), "{out}");
    // A false claim is still refused, and `keeps` before the first step proves nothing.
    folder.put("not.trace", "scenario my.toml\nviolates convergence\n");
    folder.put("kept.trace", "scenario my.toml\nkeeps convergence\n");
    for (file, said) in
        [("not.trace", "the trace says that it violates convergence, but it does not"), ("kept.trace", "no steps")]
    {
        let (status, out, _) = folder.run(&["replay", file]);
        assert!(status == 1 && out.contains(said), "{out}");
    }
}

/// A trace may name any file. An endless file is refused before it fills memory.
#[test]
#[cfg(unix)]
fn a_file_without_end_is_refused() {
    let folder = Folder::with("zero.trace", "scenario /dev/zero\nkeeps convergence\nA: set k = 1\n");
    for args in [["check", "/dev/zero"], ["replay", "/dev/zero"], ["replay", "zero.trace"]] {
        let (status, out, err) = folder.run(&args);
        assert!(status == 2 && err.contains("over 64 MB long"), "{out}{err}");
    }
}

#[test]
fn a_rule_that_fails_on_the_way_has_no_verdict() {
    // The rule is tried beforehand with two values that clients write, but not with its own results.
    let text = "about = \"a\"\nmasters = 3\ntopology = \"all-to-all\"\nlink = \"stream\"\n\n[rule]\nover = \"merged\"\nkeep = '''\n\
                if first.value.len() > 5 || second.value.len() > 5 {\n  throw \"too long\"\n}\nfirst.value + \"-\" + second.value\n'''\n\n\
                [clients]\nA = [\"set k = one\"]\nB = [\"set k = two\"]\nC = [\"set k = six\"]\n";
    for expect in ["", "\n[expect]\n"] {
        let folder = Folder::with("my.toml", format!("{text}{expect}"));
        let (status, out, err) = folder.run(&["check", "my.toml", "hello"]);
        assert_eq!(status, 2, "{out}{err}");
        assert!(err.starts_with("multimaster: my.toml:10: ") && err.contains("too long"), "{err}");
        let row = out.lines().find(|line| line.starts_with("| my.toml")).unwrap();
        assert!(
            row.contains("| failed ") && !row.contains("holds") && !row.contains("violated") && !row.contains("yes"),
            "{row}"
        );
        assert!(!out.contains("is violated"), "{out}");
        assert!(out.contains("1 as expected, 1 failed."), "{out}");
        let (status, out, _) = folder.run(&["check", "my.toml", "--format", "json"]);
        let found: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(status, 2);
        let verdicts = found["verdicts"].as_array().unwrap();
        assert!(verdicts.iter().all(|verdict| verdict["verdict"] == "failed" && verdict["steps"].is_null()), "{out}");
        assert!(found["failed"].as_str().unwrap().contains("too long"), "{out}");
    }
}
