//! No process is left behind, however the check ends.

use crate::nodes::{FOLDER, PYTHON, check, running};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Waits until this is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a check by this signal, while its nodes run, and returns its exit status.
fn ended_by(signal: &str) -> Option<Option<i32>> {
    let python = PYTHON.as_ref()?;
    let mark = format!("left-behind-{}-{signal}.", std::process::id());
    let mut command = check(&format!("{python} -I -S retry.py {mark}"), "retry.toml");
    command.args(["--workload", "broadcast"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut checking = command.spawn().expect("the command runs");
    until("the nodes run", || running(&mark).len() > 8);
    let sent = Command::new("kill").args(["-s", signal, &checking.id().to_string()]).status();
    assert!(sent.expect("`kill` runs").success());
    let status = checking.wait().expect("it ends");
    until("the nodes have ended", || running(&mark).is_empty());
    Some(status.code())
}

#[test]
fn after_an_interruption() {
    assert!([None, Some(Some(130))].contains(&ended_by("INT")));
}

#[test]
fn after_a_kill() {
    assert!([None, Some(None)].contains(&ended_by("KILL")));
}

#[test]
fn after_the_explorer_has_ended() {
    let Some(python) = PYTHON.as_ref() else { return };
    let mark = format!("left-behind-{}-explored.", std::process::id());
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    let node = format!("{python} -I -S g_set.py {mark}");
    command.args(["explore", "g_set.toml", "localhost:0", "--node", &node, "--workload", "g-set"]);
    let mut exploring = command.current_dir(FOLDER).stdout(Stdio::piped()).spawn().expect("the command runs");
    let mut lines = BufReader::new(exploring.stdout.take().expect("its output")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    let (about, address) = (next(), next());
    assert!(about.starts_with("g_set.toml: ") && address.starts_with("open http://"), "{about}\n{address}");
    assert!(!running(&mark).is_empty(), "nodes have been started");
    exploring.kill().and_then(|()| exploring.wait()).expect("it runs until it is ended");
    until("the nodes have ended", || running(&mark).is_empty());
}
