//! States on disk and checkpoints, as a user runs them.

use super::limits::{ENDLESS, SOON, begin, interrupted};
use crate::command::Folder;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

const SCENARIO: &str = "large/stream-star";

#[test]
fn safety_alone_is_as_expected() {
    let folder = Folder::new();
    let (status, out, err) = folder.run(&["check", "booking/arrival", "--safety", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, err.as_str(), &found["as_expected"]), (0, "", &serde_json::Value::Bool(true)), "{out}");
    let verdicts = found["verdicts"].as_array().unwrap();
    let silent = verdicts.iter().find(|one| one["property"] == "falls silent").unwrap();
    assert_eq!(silent["verdict"], "not judged");
    assert_eq!(found["messages"], serde_json::Value::Null);
}

/// Waits until something is so, while the command runs.
fn wait_while_running(child: &mut Child, is: impl Fn() -> bool) {
    let started = Instant::now();
    while !is() {
        assert_eq!(child.try_wait().unwrap(), None, "it has ended");
        assert!(started.elapsed() < Duration::from_secs(120), "it takes too long");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Kills a search once it has written a checkpoint, and some time after that.
fn killed(folder: &Folder, option: &str) {
    let manifest = folder.0.join("kept/checkpoint.json");
    let before = fs::read(&manifest).ok();
    let mut child = begin(folder, &["check", SCENARIO, "--safety", option, "kept", "--checkpoint-every", "20ms"]);
    wait_while_running(&mut child, || fs::read(&manifest).ok() != before);
    thread::sleep(Duration::from_millis(30));
    // SIGKILL.
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it had ended before");
}

#[test]
fn a_killed_search_continues_from_its_last_checkpoint() {
    let folder = Folder::new();
    killed(&folder, "--checkpoint");
    let (status, _, err) = folder.run(&["check", SCENARIO, "--safety", "--checkpoint", "kept"]);
    assert_eq!(status, 2);
    assert!(err.contains("kept has a checkpoint already: continue with `--resume kept`"), "{err}");
    let (status, _, err) = folder.run(&["check", "large/stream-ring", "--safety", "--resume", "kept"]);
    assert_eq!(status, 2);
    assert!(err.contains("another scenario: large/stream-star, not large/stream-ring"), "{err}");
    let (status, _, err) = folder.run(&["check", SCENARIO, "--safety", "--resume", "kept", "--fingerprint", "128"]);
    assert_eq!(status, 2);
    assert!(err.contains("another --fingerprint: 64, not 128"), "{err}");
    killed(&folder, "--resume");
    let (status, out, err) = folder.run(&["check", SCENARIO, "--safety", "--resume", "kept"]);
    // The number of states is one of those expected.
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("1 scenario, 1 exhausted, 88,533 states; 1 as expected."), "{out}");
    assert!(out.contains("MB of states were on disk."), "{out}");
    assert!(!folder.0.join("kept").exists());
}

#[test]
fn an_interrupted_search_leaves_a_checkpoint_or_nothing() {
    let folder = Folder::with("big.toml", ENDLESS);
    fs::create_dir(folder.0.join("disk")).unwrap();
    let mut child = begin(&folder, &["check", "big.toml", "--safety", "--max-memory", "32M", "--disk", "disk"]);
    // Its files have no names, but are open.
    let open = format!("/proc/{}/fd", child.id());
    let is_of_states = |file: &fs::DirEntry| fs::read_link(file.path()).is_ok_and(|to| to.starts_with(&folder.0));
    let has_files = || fs::read_dir(&open).is_ok_and(|files| files.flatten().any(|file| is_of_states(&file)));
    if Path::new(&open).exists() {
        wait_while_running(&mut child, has_files);
    }
    let (status, out, _, time) = interrupted(child, Duration::from_millis(100));
    assert_eq!(status, Some(130), "{out}");
    assert!(out.contains("interrupted, at depth"), "{out}");
    assert!(!Path::new("/proc").exists() || out.contains("MB of states were on disk."), "{out}");
    assert!(time < SOON, "{time:?}");
    assert_eq!(fs::read_dir(folder.0.join("disk")).unwrap().count(), 0);
    let mut child = begin(&folder, &["check", "big.toml", "--safety", "--checkpoint", "kept"]);
    let lock = folder.0.join("kept/lock");
    wait_while_running(&mut child, || lock.exists());
    assert_eq!(interrupted(child, Duration::from_millis(300)).0, Some(130));
    let resumed = ["check", "big.toml", "--safety", "--resume", "kept", "--timeout", "1ms", "--format", "json"];
    let (status, out, err) = folder.run(&resumed);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert!(found["states"].as_u64().unwrap() > 100, "{out}");
    fs::write(folder.0.join("kept/checkpoint.json"), "half").unwrap();
    let (status, _, err) = folder.run(&resumed);
    assert_eq!(status, 2);
    assert!(err.contains("checkpoint.json is damaged"), "{err}");
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    for (arguments, why) in [
        (&["check", "hello", "--checkpoint", "kept"][..], "--safety"),
        (&["check", "large", "--safety", "--checkpoint", "kept"], "`--checkpoint kept`: name one scenario, not "),
        (&["check", "hello", "--safety", "--resume", "kept"], "kept has no checkpoint"),
        (&["check", "hello", "--safety", "--fingerprint", "96"], "[possible values: 64, 128]"),
        (&["check", "hello", "--safety", "--engine", "stateright"], "cannot be used with"),
        (&["check", "hello", "--safety", "--resume", "a", "--checkpoint", "b"], "cannot be used with"),
    ] {
        let (status, _, err) = folder.run(arguments);
        assert_eq!(status, 2, "{err}");
        assert!(err.contains(why), "{err}");
    }
}
