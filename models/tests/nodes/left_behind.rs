//! No process is left behind, however the check ends.

use crate::{PYTHON, check, running};
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
