//! Several processes report what one process reports, and none hangs or errs if another is lost.

use serde_json::Value;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A folder that is removed when this is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        let path = std::env::temp_dir().join(format!("multimaster-spread-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Temporary(path)
    }

    /// A file of free addresses of this machine.
    fn hosts(&self, processes: usize) -> PathBuf {
        let listeners: Vec<TcpListener> = (0..processes).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let hosts = listeners.iter().map(|listener| format!("{}\n", listener.local_addr().unwrap()));
        let file = self.0.join("hosts.txt");
        fs::write(&file, hosts.collect::<String>()).unwrap();
        file
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn check(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    command.args(["check", "--safety", "--traces"]).arg(folder.join("traces"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The process with this index.
fn process(folder: &Path, hosts: &Path, own: usize, scenario: &str) -> Child {
    let own = own.to_string();
    check(folder).arg("--hosts").arg(hosts).args(["--process", &own, "--quiet", scenario]).spawn().unwrap()
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The reports on scenarios, without what differs from run to run.
fn reports(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", words(output))));
    lines
        .map(|mut report: Value| {
            let fields = report.as_object_mut().unwrap();
            fields.retain(|name, _| name != "seconds" && name != "mistaken");
            report
        })
        .collect()
}

#[test]
fn workers_report_what_one_process_reports() {
    let folder = Temporary::new("workers");
    let scenarios = ["stream/star-last-write", "article/relay-star", "--format", "json"];
    let alone = check(&folder.0).args(scenarios).output().unwrap();
    let two = check(&folder.0).args(scenarios).args(["--workers", "2"]).output().unwrap();
    assert_eq!(reports(&two), reports(&alone), "{}", words(&two));
    assert_eq!((two.status.code(), reports(&two).len()), (alone.status.code(), 2));
}

#[test]
fn processes_with_different_scenarios_refuse_each_other() {
    let folder = Temporary::new("different");
    let hosts = folder.hosts(2);
    let both = [(0, "stream/star-last-write"), (1, "stream/ring-last-write")];
    let both = both.map(|(own, scenario)| process(&folder.0, &hosts, own, scenario));
    for (own, process) in both.into_iter().enumerate() {
        let output = process.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let other = format!("process {} (127.0.0.1:", 1 - own);
        assert!(words(&output).contains(&other) && words(&output).contains("another scenario"), "{}", words(&output));
    }
}

#[test]
fn processes_need_safety_and_masters_under_a_rule() {
    let folder = Temporary::new("usage");
    let refused = |arguments: &[&str], why: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
        let output = command.arg("check").args(arguments).current_dir(&folder.0).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(words(&output).contains(why), "{arguments:?}: {}", words(&output));
    };
    refused(&["--workers", "2"], "--safety");
    refused(&["--safety", "--workers", "0"], "whole number from 1 to 64");
    refused(&["--safety", "--hosts", "none.txt", "--process", "0"], "none.txt");
    refused(&["--safety", "--process", "0"], "--hosts");
    fs::write(folder.0.join("one.txt"), "127.0.0.1:4000\n").unwrap();
    refused(&["--safety", "--hosts", "one.txt", "--process", "0"], "one.txt: write at least two addresses");
}

/// The exit status and output of this process, which must end within `most`.
fn ended(mut process: Child, most: Duration) -> (Option<i32>, String) {
    let until = Instant::now() + most;
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            let mut text = String::new();
            process.stderr.take().unwrap().read_to_string(&mut text).unwrap();
            process.stdout.take().unwrap().read_to_string(&mut text).unwrap();
            return (status.code(), text);
        }
        if Instant::now() > until {
            process.kill().unwrap();
            panic!("a process hangs");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn signal(process: &Child, signal: &str) {
    let done = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
    assert!(done.success());
}

#[test]
#[ignore = "ten searches of several seconds; prints how long each error took"]
fn a_process_that_is_killed_or_stopped_ends_the_search_with_an_error() {
    let scenario = "large/datagram-all-to-all";
    for turn in 0..10 {
        let folder = Temporary::new("lost");
        let hosts = folder.hosts(2);
        let [first, second] = [0, 1].map(|own| process(&folder.0, &hosts, own, scenario));
        let (mut lost, other) = if turn % 2 == 0 { (first, second) } else { (second, first) };
        let after = Duration::from_millis(200 + 700 * (turn * 7 % 10));
        thread::sleep(after);
        let (sign, why) = if turn % 4 < 2 { ("-KILL", "has ended") } else { ("-STOP", "has stopped") };
        signal(&lost, sign);
        let started = Instant::now();
        let (status, text) = ended(other, Duration::from_secs(30));
        println!("{sign} after {after:?}: status {status:?} after {:?}: {}", started.elapsed(), text.trim());
        assert_eq!(status, Some(2), "{text}");
        assert!(text.contains(why) || text.contains("before all processes had met"), "{text}");
        assert!(!text.contains("exhausted"), "{text}");
        lost.kill().unwrap();
        lost.wait().unwrap();
    }
}
