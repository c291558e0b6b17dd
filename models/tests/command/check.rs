//! The arguments of `check`, and its output formats.

use crate::command::{Folder, scenario};

/// An expected loss, and one that is not expected.
fn two() -> Folder {
    let folder = Folder::with("mine/good.toml", scenario("last-write", "no-policy-loss = \"violated\""));
    folder.put("mine/deep/bad.toml", scenario("arrival", "no-policy-loss = \"violated\""));
    folder.put("mine/deep/notes.txt", "no scenario");
    folder.put("mine/.hidden/no.toml", "no scenario");
    folder
}

#[test]
fn folders_patterns_and_names_can_be_given() {
    let folder = two();
    let lines = |arguments: &[&str]| -> Vec<String> {
        let (status, out, err) = folder.run(&[&["check", "--format", "json"], arguments].concat());
        assert!(status < 2, "{arguments:?}: {err}");
        let name = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["scenario"].as_str().unwrap().to_owned()
        };
        out.lines().map(name).collect()
    };
    assert_eq!(lines(&["mine"]), ["mine/deep/bad.toml", "mine/good.toml"]);
    assert_eq!(lines(&["mine/"]), lines(&["mine"]));
    assert_eq!(lines(&["mine/*"]), ["mine/good.toml"]);
    assert_eq!(lines(&["mine/**"]), ["mine/deep/bad.toml", "mine/good.toml"]);
    assert_eq!(lines(&["mine/*/b?d.toml"]), ["mine/deep/bad.toml"]);
    assert_eq!(lines(&["mine", "--filter", "good"]), ["mine/good.toml"]);
    assert_eq!(lines(&["mine/good.toml", "mine"]), ["mine/good.toml", "mine/deep/bad.toml"], "each once");
    let booking = lines(&["booking"]);
    assert!(booking.len() > 2 && booking.iter().all(|name| name.starts_with("booking/")), "{booking:?}");
    assert_eq!(lines(&["booking/*"]), booking);
    assert_eq!(lines(&["booking/*", "--filter", "arrival"]), ["booking/arrival"]);
}

#[test]
fn what_there_is_not_is_refused_with_what_may_have_been_meant() {
    let folder = two();
    for (arguments, complaint) in [
        (&["check", "booking/arival"][..], "did you mean `booking/arrival`?"),
        (&["check", "bookings"], "did you mean `booking`?"),
        (&["replay", "arival.trace"], "arival.trace"),
        (&["spawn", "helo"], "did you mean `hello`?"),
        (&["rules", "mulit-value"], "did you mean `multi-value`?"),
        (&["mutants", "mulit-value"], "did you mean `multi-value`?"),
        (&["check", "no*where"], "no file and no shipped scenario"),
        (&["check", "mine/.hidden/deep"], "no such file or folder"),
        (&["check", "mine", "--filter", "zzz"], "no scenario's name contains this"),
        (
            &["check", "--filter", "large"],
            "are left out by default; name the folder to include them: `multimaster check large`",
        ),
        (&["check", "hello", "--timeout", "soon"], "90s"),
        (&["check", "hello", "--max-memory", "lots"], "500M"),
        (&["check", "hello", "--max-states", "0"], "0"),
    ] {
        let (status, out, err) = folder.run(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(complaint), "{arguments:?}: {err}");
    }
    folder.put("empty/readme", "");
    let (status, _, err) = folder.run(&["check", "empty"]);
    assert!(status == 2 && err.contains("empty: no scenario is in this folder"), "{err}");
}

#[test]
fn a_misspelt_rule_in_a_file_is_refused_with_the_one_meant() {
    let folder = Folder::with("my.toml", scenario("lats-write", ""));
    let (status, _, err) = folder.run(&["check", "my.toml"]);
    assert_eq!(status, 2);
    assert!(err.starts_with("multimaster: my.toml:4: ") && err.contains("did you mean `last-write`?"), "{err}");
}

#[test]
fn many_scenarios_take_few_lines_and_a_surprise_comes_last() {
    let folder = two();
    let (status, out, err) = folder.run(&["check", "mine"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let first: Vec<&str> = out.lines().take(2).collect();
    assert!(first[0].starts_with("mine/deep/bad.toml ") && first[0].contains("UNEXPECTED; violated: conv"), "{out}");
    assert!(first[1].starts_with("mine/good.toml ") && first[1].contains("13 states  as expected"), "{out}");
    assert!(out.contains("2 scenarios, 2 exhausted, 26 states; 1 as expected."), "{out}");
    let end = &out[out.find("UNEXPECTED mine/deep/bad.toml: convergence: expected holds, found violated").unwrap()..];
    assert!(end.contains("mine/deep/bad.toml: convergence is violated: "), "{end}");
    let last =
        out.lines().last().unwrap().trim().strip_prefix("replay:  multimaster ").unwrap_or_else(|| panic!("{end}"));
    assert_eq!(folder.run(&last.split(' ').collect::<Vec<_>>()).0, 0, "{last}");
    // The expected loss is not printed, but its trace is written.
    assert!(!out.contains("no policy loss is violated"), "{out}");
    assert!(folder.0.join("target/traces").read_dir().unwrap().count() >= 6, "traces and pictures");

    let (_, table, _) = folder.run(&["check", "mine", "--verbose"]);
    assert!(table.starts_with("| scenario") && table.contains("no policy loss is violated"), "{table}");
    assert_eq!(folder.run(&["check", "mine", "--format", "table"]).1.lines().count(), table.lines().count());
}

#[test]
fn what_is_as_expected_can_be_left_out() {
    let folder = two();
    let (status, out, _) = folder.run(&["check", "mine", "--only-unexpected"]);
    assert_eq!(status, 1);
    assert!(out.starts_with("mine/deep/bad.toml ") && !out.contains("mine/good.toml"), "{out}");
    let (status, out, _) = folder.run(&["check", "mine", "--only-unexpected", "--format", "json"]);
    assert_eq!((status, out.lines().count()), (1, 1));
    let (status, out, _) = folder.run(&["check", "mine", "--quiet"]);
    assert_eq!(status, 1);
    assert!(out.starts_with("UNEXPECTED mine/deep/bad.toml"), "{out}");
    assert_eq!(folder.run(&["check", "mine/good.toml", "--quiet"]), (0, String::new(), String::new()));
}

#[test]
fn folders_share_a_line_where_there_are_many() {
    let folder = Folder::new();
    for place in 0..45 {
        folder.put(&format!("all/{}/{place}.toml", place % 3), scenario("multi-value", ""));
    }
    let (status, out, _) = folder.run(&["check", "all"]);
    assert_eq!(status, 0, "{out}");
    let lines: Vec<&str> = out.lines().take(4).collect();
    for (place, line) in lines[..3].iter().enumerate() {
        assert!(line.starts_with(&format!("all/{place}/ ")) && line.ends_with("195 states  15 as expected"), "{line}");
    }
    assert_eq!(lines[3], "");
    assert!(out.lines().count() <= 60, "{out}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let folder = Folder::with("my.toml", scenario("multi-value", ""));
    let colored = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_multimaster"));
        let output =
            command.args(["check", "my.toml", "--format", "brief"]).args(arguments).current_dir(&folder.0).output();
        String::from_utf8(output.unwrap().stdout).unwrap().contains("\u{1b}[32mas expected\u{1b}[0m")
    };
    assert!(colored(&["--color", "always"]));
    assert!(!colored(&["--color", "never"]));
    assert!(!colored(&[]), "the output is no terminal");
}

#[test]
fn an_example_run_ends_in_quiescence() {
    let folder = Folder::with("my.toml", scenario("multi-value", ""));
    let (status, out, _) = folder.run(&["check", "my.toml", "--example"]);
    assert_eq!(status, 0, "{out}");
    let run = &out[out.find("my.toml: a run to quiescence, in 4 steps").unwrap_or_else(|| panic!("{out}"))..];
    assert!(run.contains("  4. ") && !run.contains("  5. "), "{run}");
    assert_eq!(run.matches("k=1 | 2").count(), 2, "in the end, both read both: {run}");
}

#[test]
fn junit_has_a_case_for_each_scenario_and_the_schedule_of_each_failure() {
    let folder = two();
    folder.put("mine/q<\"&'>.toml", scenario("multi-value", "no-policy-loss = \"violated\""));
    let (status, out, err) = folder.run(&["check", "mine", "--format", "junit"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let xml = roxmltree::Document::parse(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    let suite = xml.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    for (name, count) in [("tests", "3"), ("failures", "2"), ("errors", "0"), ("skipped", "0")] {
        assert_eq!(suite.attribute(name), Some(count), "{name}");
    }
    let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
    let names: Vec<_> = cases.iter().filter_map(|case| case.attribute("name")).collect();
    assert_eq!(names, ["mine/deep/bad.toml", "mine/good.toml", "mine/q<\"&'>.toml"]);
    assert_eq!(cases[0].attribute("classname"), Some("mine/deep"));
    let failure = |case: &roxmltree::Node<'_, '_>| {
        let failure = case.children().find(|node| node.has_tag_name("failure"))?;
        Some((failure.attribute("message")?.to_owned(), failure.text()?.to_owned()))
    };
    let (message, text) = failure(&cases[0]).unwrap();
    assert_eq!(message, "convergence: expected holds, found violated");
    assert!(text.contains("convergence is violated: ") && text.contains("  4. "), "{text}");
    assert!(text.contains("scenario mine/deep/bad.toml\nviolates convergence\n"), "the trace: {text}");
    assert_eq!(failure(&cases[1]), None);
    let (message, _) = failure(&cases[2]).unwrap();
    assert_eq!(message, "no policy loss: expected violated, found holds");

    folder.put("mine/cut.toml", scenario("multi-value", "").replace("[expect]", "[limits]\nstates = 5\n"));
    let (status, out, _) = folder.run(&["check", "mine/cut.toml", "--format", "junit"]);
    let xml = roxmltree::Document::parse(&out).unwrap();
    let skipped = xml.descendants().find(|node| node.has_tag_name("skipped")).unwrap().attribute("message").unwrap();
    assert!(status == 3 && skipped.starts_with("not exhausted: stopped after 5 states, at depth"), "{skipped}");

    folder.put("mine/cut.toml", scenario("multi-value", "") + "[limits]\nstates = 5\n");
    let (status, out, _) = folder.run(&["check", "mine/cut.toml", "--format", "junit"]);
    let xml = roxmltree::Document::parse(&out).unwrap();
    let failed = xml.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    let message = failed.attribute("message").unwrap();
    assert!(status == 1 && message.starts_with("not exhausted (stopped after 5 states, at depth"), "{message}");
    assert_eq!(failed.text(), Some(format!("{message}\n").as_str()));
}
