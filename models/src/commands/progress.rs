//! The progress line of a long command on standard error, and the handling of interruptions.

use super::style::terminal_is_dumb;
use multimaster_models::check::engine::taken;
use multimaster_models::check::running::{self, Progress};
use multimaster_models::printed::terminal_width;
use multimaster_models::report::table::grouped;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::{IsTerminal, Write, stderr};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The interval at which the line is printed again.
const RHYTHM: Duration = Duration::from_millis(200);
/// The most columns of the line. A line that wraps could not be cleared.
const WIDEST: usize = 79;

/// The progress line, which a thread prints until this is dropped. There is no line if standard error is not a
/// terminal, or is a terminal that cannot clear a line.
pub(super) struct Line {
    /// The text before the figures.
    label: Arc<Mutex<String>>,
    printer: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Line {
    /// Begins the line, which counts in `unit`. From now on, signals are [caught](catch_signals).
    pub(super) fn begin(unit: &'static str) -> Line {
        catch_signals();
        let label = Arc::new(Mutex::new(String::new()));
        let printer = (stderr().is_terminal() && !terminal_is_dumb()).then(|| {
            let (sender, receiver) = mpsc::channel();
            let shared = Arc::clone(&label);
            let printer = thread::spawn(move || {
                let started = Instant::now();
                while receiver.recv_timeout(RHYTHM) == Err(RecvTimeoutError::Timeout) {
                    let label = locked(&shared);
                    let text = line(&label, unit, running::progress(), started.elapsed(), taken());
                    let _ = write!(stderr(), "\r\x1b[K{text}");
                }
                let _ = write!(stderr(), "\r\x1b[K");
            });
            (sender, printer)
        });
        Line { label, printer }
    }

    /// Sets the text before the figures.
    pub(super) fn say(&self, label: String) {
        *locked(&self.label) = label;
    }

    /// Clears the line, and then prints other output.
    pub(super) fn above<A>(&self, print: impl FnOnce() -> A) -> A {
        let _held = locked(&self.label);
        if self.printer.is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
        print()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some((sender, printer)) = self.printer.take() {
            drop(sender);
            let _ = printer.join();
        }
    }
}

/// From now on, SIGINT or SIGTERM ends every exploration with its findings so far, and a second signal ends the process.
pub(super) fn catch_signals() {
    static CAUGHT: Once = Once::new();
    // If no handler can be registered, a signal ends the process at once.
    CAUGHT.call_once(|| {
        let flag = running::interruption();
        for signal in [SIGINT, SIGTERM] {
            let _ = flag::register_conditional_shutdown(signal, 130, Arc::clone(flag));
            let _ = flag::register(signal, Arc::clone(flag));
        }
    });
}

fn locked(label: &Mutex<String>) -> MutexGuard<'_, String> {
    label.lock().unwrap_or_else(PoisonError::into_inner)
}

fn line(label: &str, unit: &str, at: Progress, time: Duration, memory: Option<u64>) -> String {
    let count = |number: u64| grouped(usize::try_from(number).unwrap_or(usize::MAX));
    let rate = at.found as f64 / time.as_secs_f64().max(0.001);
    let mut parts = vec![format!("{} {unit}", count(at.found)), format!("{}/s", count(rate as u64))];
    if at.depth > 0 {
        parts.push(format!("depth {}", at.depth));
        parts.push(format!("{} to expand", grouped(at.frontier)));
    }
    parts.extend(memory.map(|bytes| format!("{} MB", bytes >> 20)));
    let text = format!("{label}{}{}", if label.is_empty() { "" } else { " " }, parts.join(", "));
    let mut width = 0;
    let fits = |c: &char| {
        width += terminal_width(c.encode_utf8(&mut [0; 4]));
        width <= WIDEST
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_large() {
        let at = Progress { found: 1_234_567, depth: 12, frontier: 45_000 };
        let text = line("[3/306]", "states", at, Duration::from_secs(2), Some(512 << 20));
        assert_eq!(text, "[3/306] 1,234,567 states, 617,283/s, depth 12, 45,000 to expand, 512 MB");
        let text = line("", "histories", Progress::default(), Duration::ZERO, None);
        assert_eq!(text, "0 histories, 0/s");
        let at = Progress { found: u64::MAX, depth: usize::MAX, frontier: usize::MAX };
        assert_eq!(line("", "states", at, Duration::from_secs(2), None).chars().count(), WIDEST);
        // A character of the label takes two columns.
        let text = line(&"予約".repeat(30), "states", at, Duration::from_secs(2), None);
        assert_eq!((terminal_width(&text), text.chars().count()), (WIDEST - 1, 39));
    }
}
