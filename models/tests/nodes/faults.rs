//! Programs at fault: each ends the check with one error, and leaves no process behind.

use crate::nodes::{PYTHON, check, running};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const NOT_JSON: &str = "wrote a line that is not JSON";
const TWO_RUNS: &str = "is not deterministic: given the same lines twice, it sends";
const HANGS: &str = "did not come to the `read` or `state` after the line within";
const NO_INIT: &str = "did not write `init_ok` within";

/// The faults of `malformed.py`, each with a part of its error.
const FAULTS: [(&str, &str); 58] = [
    ("exits", "exited with code 3"),
    ("exits-at-once", "exited with code 5"),
    ("ends", "exited with code 0"),
    ("killed", "was ended by a signal: 9 (SIGKILL)"),
    ("aborts", "was ended by a signal: 6 (SIGABRT)"),
    ("segfault", "was ended by a signal: 11 (SIGSEGV)"),
    ("raises", "the end of its standard error: "),
    ("complains", "exited with code 9; the end of its standard error: "),
    ("leaves-a-child", "closed its standard output|exited with code 3|did not come to"),
    ("memory", "MemoryError"),
    ("closes", "closed its standard output"),
    ("text", NOT_JSON),
    ("log", NOT_JSON),
    ("empty", "wrote a line that is empty"),
    ("list", "wrote a line that is not an object"),
    ("number", "wrote a line that is not an object"),
    ("cut", NOT_JSON),
    ("not-a-number", NOT_JSON),
    ("deep", NOT_JSON),
    ("zero", NOT_JSON),
    ("long", "wrote a line of more than 1048576 bytes"),
    ("two", NOT_JSON),
    ("no-src", "its `src` should be \"A\""),
    ("wrong-src", "its `src` should be \"A\""),
    ("no-dest", "without a `dest`"),
    ("number-dest", "without a `dest`"),
    ("nobody", "a message to nobody"),
    ("service", "a message to a service of Maelstrom"),
    ("no-body", "without a `body`"),
    ("text-body", "without a `body`"),
    ("no-type", "without a `body`"),
    ("no-reply", "without `in_reply_to`"),
    ("other-reply", "answered a request that it was not given"),
    ("chatty", "wrote more than 1000 lines"),
    ("bytes", "wrote a line that is not UTF-8"),
    ("endless-line", "wrote a line of more than 1048576 bytes"),
    ("endless-lines", "wrote more than 1000 lines"),
    ("sleeps", HANGS),
    ("spins", HANGS),
    ("ignores-signals", HANGS),
    ("random", TWO_RUNS),
    ("process", TWO_RUNS),
    ("clock", TWO_RUNS),
    ("hashes", TWO_RUNS),
    ("twice", "answered a request that it was not given, or a second time"),
    ("wrong-answer", "answered a request with neither `add_ok` nor an `error`"),
    ("error-without-code", "answered a request with neither `add_ok` nor an `error`"),
    ("never-reads", NO_INIT),
    ("silent", NO_INIT),
    ("no-init-ok", "did not write `init_ok` after"),
    ("wrong-init-ok", "should have answered `init_ok`"),
    ("init-error", "should have answered `init_ok`"),
    ("late", "had answered later lines"),
    ("hangs-at-a-tick", "did not write `tick_ok` within"),
    ("no-tick-ok", "did not write `tick_ok` after"),
    ("random-reading", "it reads"),
    ("random-state", "alters its state when it is read"),
    ("no-state-later", "should have answered `state_ok`"),
];

/// More faults, of what the node reads and tells.
const OF_READS: [(&str, &str); 6] = [
    ("no-value", "answered a read of `k` by"),
    ("read-error", "answered a read of `k` by"),
    ("no-read-ok", HANGS),
    ("reading-alters", "alters its state when it is read"),
    ("hides", "its `state` leaves something out"),
    ("hides-a-count", "its `state` leaves something out"),
];

/// Checks the program with this fault, and returns what is wrong with the result.
fn complaint(python: &str, fault: &str, expected: &str) -> Option<String> {
    let mark = format!("malformed-{}-{fault}.", std::process::id());
    // The hash of a text differs from process to process only if Python's hashes are random.
    let node = format!("env -u PYTHONHASHSEED {python} -I -S malformed.py {fault} {mark}");
    let hangs = [HANGS, NO_INIT, "did not write `tick_ok` within"].contains(&expected) || fault == "leaves-a-child";
    let mut command = check(&node, "malformed.toml");
    command.args(["--workload", "g-set", "--node-memory", "200M"]);
    command.args(["--node-timeout", if hangs { "1500ms" } else { "20s" }]);
    let output = command.output().expect("the command runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let right = output.status.code() == Some(2)
        && errors.matches("multimaster: ").count() == 1
        && expected.split('|').any(|part| errors.contains(part));
    let left = running(&mark);
    (!right || !left.is_empty()).then(|| format!("{fault}: {:?}, left {left:?}\n{errors}", output.status))
}

#[test]
fn each_fault_is_one_error_and_leaves_no_process() {
    let Some(python) = PYTHON.as_ref() else { return };
    let faults: Vec<_> = FAULTS.iter().chain(&OF_READS).collect();
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((fault, expected)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let complaint = complaint(python, fault, expected);
                    complaints.lock().expect("no panic").extend(complaint);
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("no panic");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_program_that_cannot_run_is_an_error() {
    for (node, expected) in [
        ("no-such-program", "the program was not found"),
        ("/etc/passwd", "the program cannot be run"),
        ("cat", "its `src` should be \"A\""),
        ("true", "exited with code 0"),
        ("false", "exited with code 1"),
        ("'", "exited with code 2"),
    ] {
        let output = check(node, "lww.toml").output().expect("the command runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{node}: {errors}");
        assert!(errors.contains(expected), "{node}: {errors}");
    }
}
