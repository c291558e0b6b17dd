//! How a node's program is started: [`Launch`].

use super::guard::Guard;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Starts processes of one program.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    script: Arc<str>,
    pub(super) guard: Arc<Guard>,
}

impl Launch {
    /// Prepares to start `command`, a program and its arguments as a shell reads them, with at most this many bytes of
    /// memory. Its network is empty where the system lets this user make one.
    ///
    /// # Errors
    /// If no shell can be started.
    pub(super) fn new(command: &str, memory: u64) -> io::Result<Launch> {
        let isolated = Command::new("unshare")
            .args(["-rn", "true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        let prefix = if isolated { "unshare -rn -- " } else { "" };
        // A limit of the data, not of the address space: runtimes reserve far more addresses than they use.
        let script = format!("ulimit -d {} 2>/dev/null; ulimit -c 0; exec {prefix}{command}", memory.div_ceil(1024));
        Ok(Launch { script: script.into(), guard: Arc::new(Guard::new()?) })
    }

    /// Starts a process, the leader of a process group of its own.
    ///
    /// # Errors
    /// If the system starts no more.
    pub(super) fn start(&self) -> io::Result<Child> {
        let mut command = Command::new("sh");
        command.args(["-c", &self.script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn()?;
        self.guard.watch(child.id());
        Ok(child)
    }
}
