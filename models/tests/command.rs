//! The command as a user runs it: its output and its exit status.

mod check;
mod completions;
mod faults;
mod first_run;
mod foreign;
mod graph;
mod histories;
mod init;
mod judge;
mod limits;
mod misspelt;
mod mutants;
mod mutated;
mod output;
mod past;
mod report;
mod rules;
mod simulate;
mod stored;
mod swarm;

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A scenario in which two clients compete, under the given rule.
fn scenario(rule: &str, expect: &str) -> String {
    format!(
        "about = \"two clients\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"{rule}\"\nlink = \"stream\"\n\n\
         [clients]\nA = [\"set k = 1\"]\nB = [\"set k = 2\"]\n\n[expect]\n{expect}\n"
    )
}

/// A temporary folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("multimaster-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn with(file: &str, content: impl AsRef<[u8]>) -> Folder {
        let folder = Folder::new();
        folder.put(file, content);
        folder
    }

    fn put(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Runs the command in the folder. Returns its status, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
        let output = command.args(arguments).current_dir(&self.0).env_remove("CARGO").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        for said in [&out, &err] {
            assert!(!said.contains("panicked"), "{arguments:?}: {said}");
            let plain = |c: char| !c.is_control() || c == '\n';
            assert!(said.chars().all(plain), "{arguments:?} sends control characters: {said:?}");
        }
        (output.status.code().expect("no signal"), out, err)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_comes_out_as_expected_ends_with_0() {
    let folder = Folder::with("my.toml", scenario("last-write", "no-policy-loss = \"violated\"\nstates = 13"));
    let (status, out, err) = folder.run(&["check", "my.toml"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let row = out.lines().find(|line| line.starts_with("| my.toml")).unwrap();
    for cell in ["| all-to-all 2 |", "| last-write |", "| holds ", "| violated (3) ", "| 5/5 ", "| 13 "] {
        assert!(row.contains(cell), "{row}");
    }
    let widths: Vec<usize> = out.lines().take(3).map(|line| line.chars().count()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "a table is straight: {out}");
    assert!(out.contains("no policy loss is violated: B has seen A1 (set k = 1) and reads k=2"), "{out}");
    assert!(out.contains("1 scenario, 1 exhausted, 13 states; 1 as expected."), "{out}");
    // The suggested commands work, and the trace is at the printed path.
    let replay = out.lines().find_map(|line| line.trim().strip_prefix("replay:  multimaster ")).unwrap();
    assert_eq!(replay, "replay target/traces/my.no-policy-loss.trace");
    let (status, out, err) = folder.run(&replay.split(' ').collect::<Vec<_>>());
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("violates no policy loss"), "{out}");
    let picture = std::fs::read_to_string(folder.0.join("target/traces/my.no-policy-loss.svg")).unwrap();
    assert!(picture.contains("<svg"), "{picture}");
}

#[test]
fn what_does_not_ends_with_1_and_says_what() {
    let folder = Folder::with("my.toml", scenario("arrival", "no-policy-loss = \"violated\"\nstates = 12"));
    let (status, out, _) = folder.run(&["check", "my.toml", "hello"]);
    assert_eq!(status, 1);
    assert!(out.contains("| violated (4) "), "{out}");
    assert!(out.lines().any(|line| line.starts_with("| my.toml") && line.ends_with("UNEXPECTED")), "{out}");
    for surprise in ["convergence: expected holds, found violated", "states: expected 12, found 13"] {
        assert!(out.contains(&format!("UNEXPECTED my.toml: {surprise}")), "{out}");
    }
    assert!(out.contains("2 scenarios, 2 exhausted, 26 states; 1 as expected."), "{out}");
}

#[test]
fn what_was_cut_neither_holds_nor_is_as_expected() {
    let text = scenario("multi-value", "") + "[limits]\nstates = 5\n";
    let folder = Folder::with("my.toml", text);
    let (status, out, _) = folder.run(&["check", "my.toml"]);
    assert_eq!(status, 1);
    let row = out.lines().find(|line| line.starts_with("| my.toml")).unwrap();
    assert!(row.contains("not exhausted") && row.contains("stopped after 5 states"), "{row}");
    assert!(!row.contains("holds"), "{row}");
    assert!(out.contains("1 scenario, 0 exhausted, 5 states; 0 as expected."), "{out}");
    let said: Vec<&str> = out.lines().filter(|line| line.starts_with("UNEXPECTED")).collect();
    let [said] = said[..] else { panic!("one line: {out}") };
    let cause = "UNEXPECTED my.toml: not exhausted (stopped after 5 states, at depth 1; 3 states were not expanded): ";
    assert!(said.starts_with(&format!("{cause}convergence, agreement at quiescence, ")), "{said}");
}

#[test]
fn json_is_one_object_a_line() {
    let folder = Folder::with("my.toml", scenario("arrival", ""));
    let (status, out, _) = folder.run(&["check", "hello", "my.toml", "--format", "json"]);
    assert_eq!(status, 1);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [hello, mine] = lines.as_slice() else { panic!("{out}") };
    assert_eq!((&hello["scenario"], &hello["as_expected"]), (&"hello".into(), &true.into()));
    assert_eq!((&mine["scenario"], &mine["as_expected"]), (&"my.toml".into(), &false.into()));
    let verdicts = mine["verdicts"].as_array().unwrap();
    let convergence = verdicts.iter().find(|verdict| verdict["property"] == "convergence").unwrap();
    assert_eq!((&convergence["verdict"], &convergence["steps"]), (&"violated".into(), &4.into()));
    let trace = convergence["trace"].as_str().unwrap();
    folder.put("from-json.trace", trace);
    assert_eq!(folder.run(&["replay", "from-json.trace"]).0, 0, "{trace}");
}

#[test]
fn stateright_s_checkers_say_the_same() {
    let folder = Folder::with("my.toml", scenario("arrival", ""));
    for engine in ["own", "stateright", "stateright-dfs"] {
        let (status, out, err) = folder.run(&["check", "my.toml", "--engine", engine]);
        assert_eq!((status, err.as_str()), (1, ""), "{engine}: {out}");
        assert!(out.contains("UNEXPECTED my.toml: convergence: expected holds, found violated"), "{engine}: {out}");
    }
}

#[test]
fn a_folder_for_traces_that_cannot_be_costs_no_verdict() {
    let folder = Folder::with("my.toml", scenario("arrival", ""));
    folder.put("taken", "a file where the folder should be");
    let (status, out, _) = folder.run(&["check", "my.toml", "--traces", "taken/traces"]);
    assert_eq!(status, 1);
    assert!(out.contains("| violated (4) ") && out.contains("cannot be written"), "{out}");
    assert!(out.contains("scenario my.toml\nviolates convergence\n\nA: set k = 1"), "the trace instead: {out}");
}

#[test]
fn a_trace_is_replayed_judged_or_refused() {
    let good = "scenario booking/arrival\nviolates no policy loss\n\nA: set seat = 14 Ann\nB: set seat = 12 Bob\n\
                A -> B: A1 after nothing\n";
    let folder = Folder::with("good.trace", good);
    let (status, out, err) = folder.run(&["replay", "good.trace"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.contains("  3. A -> B: A1 after nothing               seat=14 Ann\n"), "{out}");

    for (file, begins) in [("a.svg", "<svg "), ("a.mmd", "sequenceDiagram\n")] {
        let (status, out, err) = folder.run(&["replay", "good.trace", "--picture", file]);
        assert!(status == 0 && out.contains(&format!("picture: {file}")), "{out}{err}");
        assert!(std::fs::read_to_string(folder.0.join(file)).unwrap().starts_with(begins), "{file}");
    }
    let (status, _, err) = folder.run(&["replay", "good.trace", "--picture", "a.png"]);
    assert!(status == 2 && err.contains("`--picture a.png`: name a file `*.svg`, or `*.mmd` for Mermaid"), "{err}");

    folder.put("false.trace", good.replace("no policy loss", "convergence"));
    let (status, out, _) = folder.run(&["replay", "false.trace"]);
    assert_eq!(status, 1);
    assert!(out.contains("false.trace:2: the trace says that it violates convergence, but it does not"), "{out}");

    for (from, to, complaint) in [
        (
            "A -> B: A1",
            "A -> B: A7",
            "bad.trace:6: `A -> B: A7 after nothing` is not possible here; the possible steps: \n  A -> B: A1",
        ),
        (
            "booking/arrival",
            "booking/none",
            "bad.trace:1: `scenario booking/none`: no such file, and no shipped scenario",
        ),
        ("scenario booking/arrival\n", "", "bad.trace: the line `scenario NAME` is missing"),
        (
            "no policy loss",
            "no loss",
            "bad.trace:2: `no loss` is not a property of this scenario; its properties are convergence,",
        ),
        ("A -> B: A1", "A -> B: \u{1b}[31m", "bad.trace:6: `A -> B: \\u{1b}[31m after nothing` is not possible"),
    ] {
        folder.put("bad.trace", good.replace(from, to));
        for command in ["replay", "explore"] {
            let (status, _, err) = folder.run(&[command, "bad.trace"]);
            assert_eq!(status, 2, "{err}");
            assert!(err.starts_with(&format!("multimaster: {complaint}")), "{err}");
        }
    }
}

#[test]
fn an_address_that_is_none_is_refused() {
    let folder = Folder::new();
    for address in ["nonsense", "localhost:99999", "localhost:", "192.0.2.1:3000"] {
        let (status, _, err) = folder.run(&["explore", "hello", address]);
        assert_eq!(status, 2, "{err}");
        assert!(err.contains(address) && err.contains("localhost:3000"), "{err}");
    }
}

#[test]
fn the_command_says_what_there_is() {
    let folder = Folder::new();
    let (status, out, _) = folder.run(&["list"]);
    assert_eq!(status, 0);
    for (_, rule, _) in multimaster_models::scenario::RuleName::ALL {
        assert!(out.contains(&format!("\n  {rule} ")), "{rule}: {out}");
    }
    for system in &multimaster_models::rules::systems::ALL {
        assert!(out.contains(&format!("\n  {} ", system.name)), "{}: {out}", system.name);
    }
    for delivery in ["causal", "unordered", "at-least-once"] {
        assert!(out.contains(&format!("\n  {delivery} ")), "{delivery}: {out}");
    }
    for name in ["ring", "star", "all-to-all", "edges", "stream", "datagram", "soup"] {
        assert!(out.contains(&format!("\n  {name} ")), "{name}: {out}");
    }
    for (name, ..) in multimaster_models::scenario::catalogue::files() {
        assert!(out.contains(&format!("\n  {name} ")), "{name}: {out}");
    }
    for arguments in
        [&["--help"][..], &["check", "--help"], &["replay", "--help"], &["explore", "--help"], &["list", "-h"]]
    {
        let (status, out, err) = folder.run(arguments);
        assert_eq!((status, err.as_str()), (0, ""), "{arguments:?}");
        assert!(out.contains("Usage: multimaster"), "{out}");
    }
    for arguments in [&[][..], &["chekc"], &["check", "--colour"], &["check", "--format", "xml"], &["replay"]] {
        let (status, _, err) = folder.run(arguments);
        assert_eq!(status, 2, "{arguments:?}: {err}");
    }
}

#[test]
fn the_list_can_be_searched_and_read_by_programs() {
    let folder = Folder::new();
    let (status, out, _) = folder.run(&["list", "multi-value"]);
    assert_eq!(status, 0);
    assert!(out.starts_with("rules\n  multi-value  ") && out.contains("\nscenarios\n  booking/multi-value "), "{out}");
    assert!(!out.contains("topologies"), "{out}");
    let (status, _, err) = folder.run(&["list", "mulit-value"]);
    assert!(status == 2 && err.contains("did you mean `multi-value`?"), "{err}");
    let (_, out, _) = folder.run(&["list", "--format", "json"]);
    let entries: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
    assert_eq!(of("scenario"), multimaster_models::scenario::catalogue::files().len());
    assert_eq!(of("rule"), multimaster_models::scenario::RuleName::ALL.len());
    assert!(entries.iter().all(|entry| !entry["about"].as_str().unwrap().is_empty()));
}

#[test]
fn the_manual_names_every_command_and_every_exit_status() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["-V"]), (0, "multimaster 0.1.0\n".into(), String::new()));
    let (_, help, _) = folder.run(&["--help"]);
    let (_, page, _) = folder.run(&["man"]);
    let commands = ["check", "replay", "explore", "spawn", "conform", "rules", "histories", "mutants", "init", "list"];
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")) && page.contains(command), "{command}");
    }
    for status in ["  0    ", "  1    ", "  2    ", "  3    ", "  130  "] {
        assert!(help.contains(&format!("\n{status}")), "{status}");
    }
    assert!(page.starts_with(".ie") && page.contains(".TH multimaster 1") && page.contains("max\\-memory"), "{page}");
    let (_, check, _) = folder.run(&["check", "--help"]);
    for property in multimaster_models::properties::ALL {
        assert!(check.contains(&format!("\n  {property} ")), "{property}");
    }
}
