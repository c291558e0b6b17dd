//! What is left behind is killed: [`Guard`].

use super::launch::leading;
use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Reads `+ GROUP` and `- GROUP` until its input ends, then kills the process groups that are left.
const SCRIPT: &str = r#"
while read -r what group; do
  case $what in
    +) live="$live $group" ;;
    *) rest=
       for one in $live; do [ "$one" = "$group" ] || rest="$rest $one"; done
       live=$rest ;;
  esac
done
for one in $live; do kill -s KILL -- "-$one" 2>/dev/null; done
"#;

/// A shell that outlives this process by a moment. Its input ends when this process ends, however it ends. It then kills
/// the process groups of the programs that were not ended before.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    input: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// Starts the shell, in a process group of its own: an interruption by the terminal does not reach it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn new() -> io::Result<Guard> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        leading(&mut shell);
        let mut shell = shell.spawn()?;
        let input = Mutex::new(shell.stdin.take());
        Ok(Guard { shell, input })
    }

    /// Watches this process group.
    pub(super) fn watch(&self, group: u32) {
        self.tell(format_args!("+ {group}\n"));
    }

    /// Forgets this process group, which was killed.
    pub(super) fn forget(&self, group: u32) {
        self.tell(format_args!("- {group}\n"));
    }

    /// Without a guard, only an abrupt end of this process leaves programs behind: a failure is no error.
    fn tell(&self, line: std::fmt::Arguments<'_>) {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = input.as_mut() {
            let _ = input.write_all(line.to_string().as_bytes());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.shell.wait();
    }
}
