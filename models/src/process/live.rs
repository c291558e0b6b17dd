//! A running process of the node's program, and its pipes: [`Live`].

use super::launch::{self, Launch};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most bytes of a line that a node writes.
pub(super) const LONGEST: usize = 1 << 20;

/// The most lines that are read ahead of their use.
const AHEAD: usize = 1024;

/// The last bytes of standard error that are kept.
const LAST: usize = 2048;

/// The next line of a process's output.
pub(super) enum Heard {
    /// A line, without its end.
    Line(String),
    /// The line is longer than [`LONGEST`].
    TooLong,
    /// The line is not UTF-8.
    NotText(Vec<u8>),
    /// The output has ended.
    End,
    /// Nothing came in time.
    Silence,
}

/// A running process. It is killed with its process group when this is dropped.
pub(super) struct Live {
    child: Child,
    input: Sender<String>,
    output: Receiver<Heard>,
    errors: Arc<Mutex<VecDeque<u8>>>,
    launch: Launch,
}

impl Live {
    /// Starts a process.
    ///
    /// # Errors
    /// If the system starts no more.
    pub(super) fn start(launch: &Launch) -> io::Result<Live> {
        let mut child = launch.start()?;
        let (input, lines) = mpsc::channel();
        let (heard, output) = mpsc::sync_channel(AHEAD);
        let errors = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(to) = child.stdin.take() {
            thread::spawn(move || write(to, &lines));
        }
        if let Some(from) = child.stdout.take() {
            thread::spawn(move || read(from, &heard));
        }
        if let Some(from) = child.stderr.take() {
            let errors = Arc::clone(&errors);
            thread::spawn(move || keep_last(from, &errors));
        }
        Ok(Live { child, input, output, errors, launch: launch.clone() })
    }

    /// Writes these lines, each with its end. Returns before they are written.
    pub(super) fn write(&self, lines: String) {
        // The thread that writes ends only when the process closes its input. Its output then shows why.
        let _ = self.input.send(lines);
    }

    /// The next line of output, awaited until then.
    pub(super) fn next(&self, until: Instant) -> Heard {
        match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(heard) => heard,
            Err(RecvTimeoutError::Timeout) => Heard::Silence,
            Err(RecvTimeoutError::Disconnected) => Heard::End,
        }
    }

    /// How the process ended, in words; for one that has closed its output.
    pub(super) fn ending(&mut self) -> String {
        let until = Instant::now() + Duration::from_millis(500);
        let status = loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(2)),
                Ok(status) => break status,
                Err(_) => break None,
            }
        };
        let how = match status {
            None => "closed its standard output".to_owned(),
            Some(status) => ended(status),
        };
        let last = self.last_errors();
        if last.is_empty() { how } else { format!("{how}; the end of its standard error: {last}") }
    }

    /// The last lines of standard error, joined.
    fn last_errors(&self) -> String {
        // The thread that reads them may not have come to the end.
        thread::sleep(Duration::from_millis(10));
        let bytes: Vec<u8> = self.errors.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join(" / ")
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let group = self.child.id();
        // The group exists at least until its leader has been waited for.
        launch::kill(group);
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.launch.guard.forget(group);
    }
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code @ 126) => format!("exited with code {code} (the program cannot be run)"),
        Some(code @ 127) => format!("exited with code {code} (the program was not found)"),
        Some(code) => format!("exited with code {code}"),
        // `signal: 11 (SIGSEGV)`
        None => format!("was ended by a {status}"),
    }
}

fn write(mut to: ChildStdin, lines: &Receiver<String>) {
    while let Ok(lines) = lines.recv() {
        if to.write_all(lines.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(from: ChildStdout, heard: &SyncSender<Heard>) {
    let mut from = BufReader::new(from);
    loop {
        let mut line = Vec::new();
        let read = from.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line);
        let is_last = !line.ends_with(b"\n");
        let next = match read {
            Ok(0) | Err(_) => Heard::End,
            Ok(_) if line.len() > LONGEST => Heard::TooLong,
            Ok(_) => {
                let end = line.len() - usize::from(!is_last);
                String::from_utf8(line[..end].to_vec())
                    .map_or_else(|error| Heard::NotText(error.into_bytes()), Heard::Line)
            }
        };
        let ends = matches!(next, Heard::End | Heard::TooLong);
        if heard.send(next).is_err() || ends {
            return;
        }
    }
}

fn keep_last(mut from: ChildStderr, errors: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 {
            return;
        }
        let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.extend(&buffer[..read]);
        let excess = errors.len().saturating_sub(LAST);
        errors.drain(..excess);
    }
}
