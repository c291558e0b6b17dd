//! However an exploration ends, the findings so far are printed, and no unfinished verdict is *holds*.

use crate::command::Folder;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Masters diverge within a few steps. The scenario is too large to be exhausted.
pub(super) const ENDLESS: &str = "about = \"more than fits\"\nmasters = 4\ntopology = \"all-to-all\"\nrule = \"arrival\"\n\
                       link = \"datagram\"\nlosses = 1\nduplicates = 1\n\n[clients]\n\
                       A = [\"set k = 1\", \"set k = 2\", \"set j = 1\"]\n\
                       B = [\"set k = 3\", \"set k = 4\", \"set j = 2\"]\n\
                       C = [\"set k = 5\", \"set k = 6\", \"set j = 3\"]\n\
                       D = [\"set k = 7\", \"set k = 8\", \"set j = 4\"]\n\n[expect]\nno-policy-loss = \"violated\"\n";

/// The output says where the exploration stopped, shows the shortest schedule, and calls no property *holds*.
fn assert_is_cut(out: &str, why: &str) {
    let row = out.lines().find(|line| line.starts_with("| big.toml")).unwrap_or_else(|| panic!("{out}"));
    assert!(row.contains(why) && row.contains("at depth") && row.contains("states were not expanded"), "{row}");
    assert!(row.contains("| violated (4) ") && row.contains("| not exhausted "), "{row}");
    assert!(!row.contains("| holds "), "{row}");
    assert!(out.contains("UNEXPECTED big.toml: convergence: expected holds, found violated"), "{out}");
    assert!(out.contains("big.toml: convergence is violated: ") && out.contains("  4. "), "{out}");
    assert!(out.contains("1 scenario, 0 exhausted"), "{out}");
    let last = out.lines().last().unwrap();
    assert_eq!(last.trim(), "replay:  multimaster replay target/traces/big.convergence.trace");
}

pub(super) fn begin(folder: &Folder, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    command.args(arguments).current_dir(&folder.0).env_remove("CARGO");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends SIGINT after this time. Returns the status, the output, and the time until the end.
pub(super) fn interrupted(child: Child, after: Duration) -> (Option<i32>, String, String, Duration) {
    signalled("-INT", child, after)
}

fn signalled(signal: &str, child: Child, after: Duration) -> (Option<i32>, String, String, Duration) {
    thread::sleep(after);
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success(), "it had ended before");
    let sent = Instant::now();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr), sent.elapsed())
}

/// Two seconds for an optimized program on an idle machine.
pub(super) const SOON: Duration = Duration::from_secs(10);

#[test]
fn each_limit_ends_with_what_was_found() {
    let folder = Folder::with("big.toml", ENDLESS);
    for (limit, value, why) in [
        ("--max-states", "20000", "stopped after 20000 states"),
        ("--timeout", "3s", "stopped after 3 s"),
        ("--max-memory", "40M", "stopped at 40 MB of memory"),
    ] {
        let (status, out, err) = folder.run(&["check", "big.toml", limit, value]);
        assert_eq!((status, err.as_str()), (1, ""), "{out}");
        assert_is_cut(&out, why);
    }
    let open = ENDLESS.split("[expect]").next().unwrap();
    folder.put("open.toml", open);
    let (status, out, _) = folder.run(&["check", "open.toml", "--max-states", "20000"]);
    assert_eq!(status, 3, "{out}");
    assert!(out.contains("NOT EXHAUSTED open.toml: stopped after 20000 states, at depth"), "{out}");
    let (status, out, _) = folder.run(&["check", "open.toml", "--max-states", "20000", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &found["as_expected"]), (3, &serde_json::Value::Null));
    assert!(found["cut"].as_str().unwrap().starts_with("stopped after 20000 states, at depth"), "{found}");
    assert!(!out.contains("\"holds\""), "{out}");
}

#[test]
fn an_interrupted_check_says_what_it_knows() {
    let folder = Folder::with("big.toml", ENDLESS);
    folder.put("later.toml", ENDLESS);
    folder.put("never.toml", ENDLESS);
    let (status, out, err, took) = interrupted(begin(&folder, &["check", "big.toml"]), Duration::from_secs(3));
    assert_eq!(status, Some(130), "{out}{err}");
    assert!(took < SOON, "{took:?}");
    assert_is_cut(&out, "interrupted");
    assert_eq!(err, "multimaster: interrupted: 0 of 1 scenarios were explored to the end\n");

    let (status, out, ..) = signalled("-TERM", begin(&folder, &["check", "big.toml"]), Duration::from_secs(3));
    assert_eq!(status, Some(130), "{out}");
    assert_is_cut(&out, "interrupted");

    let several = begin(&folder, &["check", "hello", "big.toml", "--format", "junit"]);
    let (status, out, _, _) = interrupted(several, Duration::from_secs(3));
    assert_eq!(status, Some(130), "{out}");
    let xml = roxmltree::Document::parse(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    let failures: Vec<_> = xml.descendants().filter(|node| node.has_tag_name("failure")).collect();
    assert_eq!(failures.len(), 1, "{out}");
    assert_eq!(failures[0].attribute("message"), Some("convergence: expected holds, found violated"));
}

#[test]
fn other_commands_end_when_interrupted() {
    let folder = Folder::new();
    let run = |arguments: &[&str], after: u64| {
        let (status, out, err, took) = interrupted(begin(&folder, arguments), Duration::from_millis(after));
        assert_eq!(status, Some(130), "{arguments:?}: {out}{err}");
        assert!(took < SOON, "{arguments:?}: {took:?}");
        out
    };
    let histories = run(&["histories", "arrival", "--writes", "7"], 2000);
    assert!(histories.contains("not exhausted") && histories.contains("violated"), "{histories}");
    assert!(!histories.contains("| holds"), "{histories}");
    let rules = run(&["rules"], 2000);
    assert!(rules.contains("interrupted: ") && rules.contains("rules were begun"), "{rules}");
    // All of them together take little more than a second.
    let mutants = run(&["mutants"], 300);
    assert!(mutants.contains("interrupted: ") && mutants.contains("were tried"), "{mutants}");
}

#[test]
#[cfg(target_os = "linux")]
fn memory_stays_within_its_limit() {
    let folder = Folder::with("big.toml", ENDLESS);
    let mut child = begin(&folder, &["check", "big.toml", "--max-memory", "60M", "--quiet"]);
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(peak.unwrap_or(0_u64));
        thread::sleep(Duration::from_millis(20));
    }
    assert!(most > 50 << 10, "it came near the limit: {most} kB");
    assert!(most < 72 << 10, "{most} kB");
}
