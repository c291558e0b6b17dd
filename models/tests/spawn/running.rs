//! Masters run by the command, and the test's sockets: clients, or stand-ins for masters.

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// Repeats the request until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The first of four successive free ports, below those that operating systems assign.
pub(crate) fn free_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    until("free ports", || {
        let own = (std::process::id() % 1000) as u16 * 10;
        let port = 15_000 + (own + NEXT.fetch_add(4, Ordering::Relaxed)) % 15_000;
        let all: Result<Vec<UdpSocket>, _> =
            (port..port + 4).map(|port| UdpSocket::bind(("127.0.0.1", port))).collect();
        all.is_ok().then_some(port)
    })
}

/// `multimaster spawn`, until dropped.
pub(crate) struct Running {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    pub(crate) port: u16,
}

impl Running {
    /// Starts the command, and waits until its masters accept writes.
    pub(crate) fn start(scenario: &str, port: u16, options: &[&str]) -> Running {
        let running = Running::again(scenario, port, options);
        if let Some(place) = options.iter().position(|option| *option == "--only") {
            // The masters first wait for the missing neighbours.
            options[place + 1].split(',').for_each(|master| drop(running.line(&format!("{master}  takes writes: "))));
        }
        running
    }

    /// Starts the command.
    pub(crate) fn again(scenario: &str, port: u16, options: &[&str]) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_multimaster"))
            .args(["spawn", scenario, "--port", &port.to_string()])
            .args(if options.contains(&"--tick") { [].as_slice() } else { &["--tick", "50"] })
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (out, kept) = (child.stdout.take().unwrap(), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let running = Running { child, lines, port };
        running.line("  watch ");
        running
    }

    /// The line that contains this, once it is printed.
    pub(crate) fn line(&self, part: &str) -> String {
        until(&format!("a line with `{part}` among {:#?}", self.lines.lock().unwrap()), || {
            self.lines.lock().unwrap().iter().find(|line| line.contains(part)).cloned()
        })
    }

    /// The epoch of this run.
    pub(crate) fn epoch(&self) -> u64 {
        let line = self.line("; epoch ");
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    }

    /// Checks that the command ended by itself, with this status and error message.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let status = until("its end", || self.child.try_wait().unwrap());
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        (status.code(), complaints)
    }

    /// Checks that the command still runs, and has reported no error.
    pub(crate) fn end(mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "it ended by itself");
        self.child.kill().unwrap();
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        assert_eq!(complaints, "");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A socket of the test: a client's, or, with a master's port, a stand-in for that master.
pub(crate) struct Player(UdpSocket);

impl Player {
    pub(crate) fn new(port: u16) -> Player {
        let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        Player(socket)
    }

    pub(crate) fn send(&self, port: u16, packet: &[u8]) {
        self.0.send_to(packet, ("127.0.0.1", port)).unwrap();
    }

    /// The next packet except greetings, if one arrives in time.
    pub(crate) fn receive(&self) -> Option<String> {
        loop {
            let mut buffer = [0; 65_535];
            let (length, _) = self.0.recv_from(&mut buffer).ok()?;
            let packet = String::from_utf8(buffer[..length].to_vec()).unwrap().trim_end().to_owned();
            if !packet.starts_with("{\"Greet\"") {
                return Some(packet);
            }
        }
    }

    /// The answer to a packet that may be sent again and again.
    pub(crate) fn ask(&self, port: u16, packet: &str) -> String {
        until(packet, || {
            self.send(port, packet.as_bytes());
            self.receive()
        })
    }

    /// The answer to a packet that is sent once, to a master that is up.
    pub(crate) fn once(&self, port: u16, packet: &[u8]) -> String {
        self.ask(port, "\"Counts\"");
        while self.receive().is_some() {}
        self.send(port, packet);
        until("an answer", || self.receive())
    }

    /// The count of this name.
    pub(crate) fn counted(&self, port: u16, name: &str) -> u64 {
        let counts: serde_json::Value = serde_json::from_str(&self.ask(port, "\"Counts\"")).unwrap();
        counts["Counted"][name].as_u64().unwrap_or(0)
    }

    /// Reads until the reading is as expected.
    pub(crate) fn shows(&self, port: u16, key: &str, expected: &str) {
        let (ask, expected) = (format!("{{\"Read\":\"{key}\"}}"), format!("{{\"Shows\":{expected}}}"));
        until(&expected, || (self.ask(port, &ask) == expected).then_some(()));
    }
}
