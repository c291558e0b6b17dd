//! `multimaster swarm`.

use super::Folder;
use super::limits::{begin, interrupted};
use std::time::Duration;

/// Three masters diverge within a few steps.
const DIVERGES: &str = "about = \"six writes\"\nmasters = 3\ntopology = \"all-to-all\"\nrule = \"arrival\"\n\
                        link = \"datagram\"\nlosses = 1\nduplicates = 1\n\n[clients]\n\
                        A = [\"set k = 1\", \"set j = 1\"]\nB = [\"set k = 2\", \"set j = 2\"]\n\
                        C = [\"set k = 3\", \"set j = 3\"]\n\n[expect]\nno-policy-loss = \"violated\"\n";

/// The same masters under a rule that converges.
fn converges() -> String {
    DIVERGES.replace("arrival", "last-write")
}

#[test]
fn a_violation_is_made_small_and_its_trace_contains_the_smaller_scenario() {
    let folder = Folder::with("my.toml", DIVERGES);
    let (status, out, err) = folder.run(&["swarm", "my.toml", "--seeds", "0..8", "--property", "convergence"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert!(out.contains("my.toml: convergence is violated: A and B have both seen A1 B1, but "), "{out}");
    let small = "made small: 4 steps, 2 of 3 masters, 2 of 6 requests; no schedule is shorter there";
    assert!(out.contains(small), "{out}");
    let replay = out.lines().find_map(|line| line.trim().strip_prefix("replay:  multimaster ")).unwrap();
    assert_eq!(replay, "replay target/traces/my.convergence.swarm-1.trace");
    let (status, replayed, err) = folder.run(&replay.split(' ').collect::<Vec<_>>());
    assert_eq!((status, err.as_str()), (0, ""), "{replayed}");
    assert!(replayed.contains("violates convergence"), "{replayed}");
    let trace = std::fs::read_to_string(folder.0.join("target/traces/my.convergence.swarm-1.trace")).unwrap();
    assert!(trace.contains("\n| masters = 2\n") && trace.contains("\n| losses") == trace.contains("lost "), "{trace}");
}

#[test]
fn the_same_seeds_print_the_same_on_any_number_of_threads() {
    for (text, arguments) in [(DIVERGES, ["--different", "2"]), (&converges(), ["--walks", "3"])] {
        let folder = Folder::with("my.toml", text);
        let run = |threads| {
            let fixed = ["swarm", "my.toml", "--seeds", "3..7", "--threads", threads];
            folder.run(&[&fixed[..], &arguments].concat())
        };
        let (one, three) = (run("1"), run("3"));
        assert_eq!(one, three);
        assert_eq!(one.0, i32::from(text == DIVERGES));
    }
}

#[test]
fn nothing_found_is_no_verdict() {
    let folder = Folder::with("my.toml", converges());
    let (status, out, err) = folder.run(&["swarm", "my.toml", "--seeds", "0..4"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("no violation found in 64 walks: this is no verdict") && !out.contains("holds"), "{out}");
    assert!(out.contains("not judged   no policy loss: `[expect]` says that it is violated"), "{out}");
    let (status, json, _) = folder.run(&["swarm", "my.toml", "--seeds", "0..4", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, &json["walks"], &json["ended"]), (0, &64.into(), &"seeds".into()));
    assert_eq!(json["violations"], serde_json::json!([]));
    let kinds = json["kinds"].as_object().unwrap().values().map(|steps| steps.as_u64().unwrap());
    assert_eq!(Some(kinds.sum::<u64>()), json["steps"].as_u64());
    assert!(json["states"].as_u64() > Some(100) && json["witnesses"]["a conflict"] == true, "{json}");
}

#[test]
fn different_violations_differ_in_their_properties_or_steps() {
    let folder = Folder::with("my.toml", DIVERGES);
    let arguments = ["swarm", "my.toml", "--seeds", "0..20", "--different", "2", "--format", "json"];
    let (status, out, _) = folder.run(&arguments);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["ended"]), (1, &"violations".into()));
    let violations = json["violations"].as_array().unwrap();
    let shape = |violation: &serde_json::Value| {
        let trace = violation["trace"].as_str().unwrap();
        let steps = trace.lines().filter(|line| line.contains("  # "));
        let kinds: Vec<bool> = steps.map(|line| line.contains(" -> ")).collect();
        (violation["property"].to_string(), violation["steps"].as_u64(), kinds.iter().filter(|sent| **sent).count())
    };
    let shapes: std::collections::BTreeSet<_> = violations.iter().map(shape).collect();
    assert!(violations.len() == 2 && shapes.len() == 2, "{shapes:?}");
    for violation in violations {
        let (status, ..) = folder.run(&["replay", violation["file"].as_str().unwrap()]);
        assert_eq!(status, 0, "{violation}");
    }
}

#[test]
fn wrong_input_ends_with_2() {
    let folder = Folder::with("my.toml", DIVERGES);
    folder.put("idle.toml", DIVERGES.split("[clients]").next().unwrap());
    for (arguments, reason) in [
        (vec!["none.toml"], "no such file"),
        (vec!["my.toml", "--seeds", "5..5"], "no seed is in `5..5`"),
        (vec!["my.toml", "--seeds", "-1..4"], "0..64"),
        (vec!["my.toml", "--seeds", "a"], "write `0..64`"),
        (vec!["my.toml", "--time", "soon"], "90s"),
        (vec!["my.toml", "--threads", "0"], "from 1 to 1024"),
        (vec!["my.toml", "--walks", "0"], "from 1 to"),
        (vec!["my.toml", "--depth", "x"], "from 1 to"),
        (vec!["my.toml", "--property", "convergance"], "did you mean `convergence`?"),
        (vec!["my.toml", "--property", "a conflict"], "no such property"),
    ] {
        let (status, out, err) = folder.run(&[vec!["swarm"], arguments.clone()].concat());
        assert!(status == 2 && out.is_empty() && err.contains(reason), "{arguments:?}: {out}{err}");
    }
    let (status, out, _) = folder.run(&["swarm", "idle.toml"]);
    assert!(status == 1 && out.contains("nothing was tested"), "{out}");
}

#[test]
fn time_and_a_signal_end_it_with_what_was_found() {
    let folder = Folder::with("my.toml", converges());
    let (status, out, _) = folder.run(&["swarm", "my.toml", "--time", "300ms"]);
    assert!(status == 0 && out.contains("the time is over"), "{out}");
    let child = begin(&folder, &["swarm", "my.toml", "--time", "1h"]);
    let (status, out, err, time) = interrupted(child, Duration::from_millis(500));
    assert_eq!(status, Some(130), "{out}{err}");
    assert!(out.contains("no violation found in ") && out.contains("interrupted"), "{out}{err}");
    assert!(time < Duration::from_secs(5), "{time:?}");
}
