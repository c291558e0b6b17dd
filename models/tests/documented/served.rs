//! Commands that do not end by themselves: their first output is compared with the guide's, then they are ended.

use crate::documented::compared::is_shown;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    child: Child,
    lines: Receiver<String>,
}

impl Served {
    fn start(folder: &Path, arguments: &[&str]) -> Served {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
        let mut child = command.args(arguments).current_dir(folder).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Served { child, lines }
    }

    /// This number of lines, or fewer if no more arrive in time.
    fn take(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let next = || self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok();
        std::iter::from_fn(next).take(count).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it runs until it is ended");
    }
}

/// The first of two successive free ports.
fn free_port() -> u16 {
    let free = |port: &u16| {
        let udp: Result<Vec<UdpSocket>, _> =
            (*port..port + 2).map(|port| UdpSocket::bind(("127.0.0.1", port))).collect();
        udp.is_ok() && TcpListener::bind(("127.0.0.1", *port)).is_ok()
    };
    let start = 31_000 + (std::process::id() % 500) as u16 * 2;
    (start..32_700).step_by(2).find(free).expect("a free port")
}

/// Sends the masters the packets that the page sends by `nc`. Returns their log lines.
fn talk(served: &Served, port: u16) -> Vec<String> {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ask = |packet: &str, port| client.send_to(packet.as_bytes(), ("127.0.0.1", port)).unwrap();
    ask(r#"{"Ask":"set hello = world"}"#, port);
    // The write is acknowledged, and the other master applies it.
    let mut logged = served.take(2);
    ask(r#"{"Read":"hello"}"#, port + 1);
    logged.extend(served.take(1));
    logged
}

/// The error of a serving command, if its output differs.
pub(crate) fn fault(folder: &Path, command: &str, output: &[&str]) -> Option<String> {
    let port = free_port();
    let number = port.to_string();
    let mut arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
    if arguments[0] == "spawn" {
        arguments.push("--port");
    }
    arguments.push(&number);
    let served = Served::start(folder, &arguments);
    let quiet = output.iter().position(|line| line.contains(" <- ")).unwrap_or(output.len());
    let mut printed = served.take(quiet);
    if quiet < output.len() {
        printed.extend(talk(&served, port));
    }
    let printed: Vec<String> = printed.iter().map(|line| without_client(&with_default_ports(line, port))).collect();
    let shown: Vec<String> = output.iter().map(|line| without_client(line)).collect();
    (!is_shown(&shown, &printed)).then(|| format!("prints\n{}", printed.join("\n")))
}

/// The line with the default port in place of the test's port.
fn with_default_ports(line: &str, port: u16) -> String {
    let next = port + 1;
    let pairs = [
        (format!("localhost:{port}"), "localhost:3000"),
        (format!("portrange {port}-{next}"), "portrange 4000-4001"),
        (format!("127.0.0.1:{port}"), "127.0.0.1:4000"),
        (format!("127.0.0.1:{next}"), "127.0.0.1:4001"),
        (format!("127.0.0.1 {port}"), "127.0.0.1 4000"),
        (format!("127.0.0.1 {next}"), "127.0.0.1 4001"),
    ];
    pairs.iter().fold(line.to_owned(), |line, (ours, default)| line.replace(ours, default))
}

#[test]
fn what_is_not_printed_is_found() {
    let folder = std::env::temp_dir();
    assert_eq!(fault(&folder, "multimaster explore hello", &["…"]), None);
    let fault = fault(&folder, "multimaster spawn hello", &["hello: something else"]).expect("a difference");
    assert!(fault.starts_with("prints\nhello: The article's run"), "{fault}");
}

/// A client's port is the system's choice.
fn without_client(line: &str) -> String {
    match line.split_once(" <- 127.0.0.1:") {
        Some((master, rest)) => {
            format!("{master} <- 127.0.0.1:0{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.to_owned(),
    }
}
