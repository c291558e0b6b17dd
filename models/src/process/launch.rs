//! How a node's program is started: [`Launch`].

use super::guard::Guard;
use std::io;
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
    /// If no shell can be started, or programs were left out of this build.
    pub(super) fn new(command: &str, memory: u64) -> io::Result<Launch> {
        if !cfg!(all(unix, feature = "cli")) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "nodes are programs only in the command, on Unix"));
        }
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
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        leading(&mut command);
        let child = command.spawn()?;
        self.guard.watch(child.id());
        Ok(child)
    }
}

/// The process will lead a process group of its own, so that an interruption by the terminal does not reach it.
pub(super) fn leading(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Kills a process group.
pub(super) fn kill(group: u32) {
    #[cfg(all(unix, feature = "cli"))]
    if let Some(pid) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    #[cfg(not(all(unix, feature = "cli")))]
    let _ = group;
}
