//! Long or hostile foreign text, in all output and all written files.

use crate::command::{Folder, scenario};
use std::fs;

fn written(folder: &Folder) -> Vec<(String, String)> {
    let files = fs::read_dir(folder.0.join("target/traces")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<(String, String)> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_long_value_is_shown_short_and_its_trace_replays() {
    let long = "x".repeat(70_000);
    let folder = Folder::with("my.toml", scenario("arrival", "").replace("set k = 1", &format!("set k = {long}")));
    let (status, out, err) = folder.run(&["check", "my.toml"]);
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(out.contains("(70000 characters)") || out.contains("(70002 characters)"), "{}", out.len());
    assert!(out.len() < 20_000, "{}", out.len());
    let traces: Vec<_> = written(&folder).into_iter().filter(|(name, _)| name.ends_with(".trace")).collect();
    assert!(!traces.is_empty());
    for (name, text) in traces {
        assert!(text.contains(&format!("set k = {long}")), "{name}");
        let (status, out, err) = folder.run(&["replay", &format!("target/traces/{name}")]);
        assert_eq!((status, err.as_str()), (0, ""), "{name}");
        assert!(out.len() < 20_000 && out.contains("characters)"), "{name}");
    }
    let (name, picture) = written(&folder).into_iter().find(|(name, _)| name.ends_with(".svg")).unwrap();
    assert!(picture.len() < 50_000 && picture.contains("characters)"), "{name}");
    roxmltree::Document::parse(&picture).unwrap();
    // The reason of a refused step is short, too.
    folder.put("bad.trace", format!("scenario my.toml\nkeeps convergence\nA: set k = y{long}\n"));
    let (status, _, err) = folder.run(&["replay", "bad.trace"]);
    assert_eq!(status, 2);
    assert!(err.len() < 2_000 && err.contains("characters)"), "{}", err.len());
}

#[test]
fn nothing_that_a_terminal_or_a_browser_would_obey_is_printed() {
    // An expression may return any text without control characters: here one with a mark that reverses the direction.
    let keep = "[rule]\nover = \"arrival\"\nkeep = '\"a\\u202e<script>\" + first.value + second.value'\n\n[clients]";
    let text = scenario("arrival", "")
        .replace("rule = \"arrival\"\n", "")
        .replace("[clients]", keep)
        .replace("[expect]\n", "");
    let folder = Folder::with("my\u{202e}.toml", text);
    let (status, out, err) = folder.run(&["check", "my\u{202e}.toml"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("a\\u{202e}<script>") && out.contains("my\\u{202e}.toml"), "{out}");
    let (_, json, _) = folder.run(&["check", "my\u{202e}.toml", "--format", "json"]);
    for said in [&out, &json] {
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    }
    let files = written(&folder);
    assert!(!files.is_empty());
    for (name, text) in files {
        assert!(!text.contains('\u{1b}') && name.is_ascii(), "{name}: {text:?}");
        if name.ends_with(".svg") {
            assert!(!text.contains('\u{202e}') && !text.contains("<script>"), "{text}");
            roxmltree::Document::parse(&text).unwrap();
        } else {
            let (status, out, err) = folder.run(&["replay", &format!("target/traces/{name}")]);
            assert_eq!((status, err.as_str()), (0, ""), "{name}: {out}");
        }
    }
}

#[test]
fn two_scenarios_never_write_one_file() {
    let folder = Folder::with("a-b.toml", scenario("arrival", "convergence = \"violated\""));
    fs::create_dir(folder.0.join("a")).unwrap();
    folder.put("a/b.toml", scenario("last-write", ""));
    folder.put("booking-arrival.toml", scenario("arrival", ""));
    folder.run(&["check", "a-b.toml", "booking/arrival"]);
    let before = written(&folder);
    // Also not one after the other.
    folder.run(&["check", "a/b.toml"]);
    folder.run(&["check", "booking-arrival.toml"]);
    let after = written(&folder);
    for file in &before {
        assert!(after.contains(file), "{} was written over", file.0);
    }
    let of = |name: &str| after.iter().filter(|(_, text)| text.contains(&format!("scenario {name}\n"))).count();
    assert!(["a-b.toml", "a/b.toml", "booking-arrival.toml", "booking/arrival"].iter().all(|name| of(name) > 0));
    assert!(after.iter().any(|(name, _)| name == "booking-arrival.convergence.trace"));
    for (name, text) in after.iter().filter(|(name, _)| name.ends_with(".trace")) {
        assert_eq!(folder.run(&["replay", &format!("target/traces/{name}")]).0, 0, "{text}");
    }
}

#[test]
fn a_trace_of_no_scenario_is_told_with_its_line() {
    let folder = Folder::with("my.trace", "# a story\nscenario no/such\nviolates convergence\nA: set k = 1\n");
    let (status, _, err) = folder.run(&["replay", "my.trace"]);
    assert_eq!(status, 2);
    assert!(
        err.starts_with("multimaster: my.trace:2: `scenario no/such`: no such file, and no shipped scenario"),
        "{err}"
    );
    // The error is in the scenario, and is reported there.
    folder.put("broken.toml", scenario("arival", ""));
    folder.put("my.trace", "scenario broken.toml\nviolates convergence\nA: set k = 1\n");
    let (status, _, err) = folder.run(&["explore", "my.trace"]);
    assert_eq!(status, 2);
    assert!(err.starts_with("multimaster: broken.toml:4: "), "{err}");
}

#[test]
fn nobody_reads_on() {
    use std::process::{Command, Stdio};
    for arguments in [&["check", "booking/arrival", "hello"][..], &["list"], &["check", "hello", "--format", "json"]] {
        let folder = Folder::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
        command.args(arguments).current_dir(&folder.0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), err.as_str()), (Some(1), ""), "{arguments:?}");
    }
}
