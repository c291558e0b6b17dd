//! `multimaster check --node`: sound programs, programs with a planted bug, and programs at fault.
#![cfg(target_os = "linux")]

mod faults;
mod left_behind;
mod programs;

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nodes");

/// The interpreter, not a script that looks for it. Says so if there is none.
fn interpreter(name: &str, prints_its_path: &str) -> Option<String> {
    let asked = Command::new(name).args([if name == "node" { "-e" } else { "-c" }, prints_its_path]).output();
    let path = asked.ok().filter(|asked| asked.status.success()).and_then(|asked| String::from_utf8(asked.stdout).ok());
    if path.is_none() {
        println!("SKIPPED: there is no {name} here");
    }
    path.map(|path| path.trim().to_owned())
}

static PYTHON: LazyLock<Option<String>> = LazyLock::new(|| interpreter("python3", "import sys; print(sys.executable)"));
static JAVASCRIPT: LazyLock<Option<String>> = LazyLock::new(|| interpreter("node", "console.log(process.execPath)"));

/// `check` of a scenario in the folder, with nodes that run this command.
fn check(node: &str, scenario: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    command.args(["check", "--node", node, scenario]).current_dir(FOLDER);
    command.args(["--traces".as_ref(), std::env::temp_dir().join("multimaster-node-traces").as_os_str()]);
    command
}

/// The processes with this text among their arguments.
fn running(mark: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let arguments = |process: &Path| std::fs::read(process.join("cmdline")).unwrap_or_default();
    let texts = processes.map(|process| String::from_utf8_lossy(&arguments(&process.path())).replace('\0', " "));
    texts.filter(|text| text.contains(mark) && !text.contains("multimaster")).collect()
}
