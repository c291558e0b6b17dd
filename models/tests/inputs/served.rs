//! The messages about the Explorer's address.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// The line that names the address, and all error output before it.
fn served(address: &str) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    command.args(["explore", "hello", address]).env_remove("CARGO");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let open = lines.map(Result::unwrap).find(|line| line.starts_with("open "));
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    (open.unwrap_or_else(|| panic!("{address}: {told}")), told)
}

#[test]
fn who_is_served_beyond_this_machine_is_warned_of() {
    for (address, host) in [("0", "localhost"), ("127.0.0.1:0", "127.0.0.1")] {
        let (open, told) = served(address);
        assert!(open.starts_with(&format!("open http://{host}:")), "{open}");
        assert_eq!(told, "");
    }
    let (open, told) = served("0.0.0.0:0");
    assert!(open.starts_with("open http://127.0.0.1:"), "what can be opened: {open}");
    assert!(told.starts_with("warning: ") && told.contains("reach this machine"), "{told}");
}
