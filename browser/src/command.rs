//! The command `multimaster`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The command under test, to be given arguments.
///
/// # Panics
/// If the command has not been built.
pub fn multimaster() -> Command {
    let named = std::env::var_os("MULTIMASTER").map(PathBuf::from);
    let test = std::env::current_exe().expect("this test");
    let beside = test.parent().and_then(Path::parent).map(|folder| folder.join("multimaster"));
    let file = named.or(beside).filter(|file| file.is_file());
    Command::new(file.expect("build the command first (`cargo build`), or name it in `MULTIMASTER`"))
}

/// A command that serves a page, and ends when dropped.
pub struct Served {
    child: Child,
    /// The address that the command printed.
    pub url: String,
    /// The address without a path.
    pub own: String,
}

impl Served {
    /// Explores a scenario or a trace on a free port.
    ///
    /// # Panics
    /// If the command prints no address.
    pub fn explore(file: &str) -> Served {
        let mut command = multimaster();
        command.args(["explore", file, "--port", "0"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("multimaster explore");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let url = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("open ").map(str::to_owned));
        let url = url.unwrap_or_else(|| panic!("`explore {file}` prints no address"));
        let own = url.split('#').next().unwrap_or_default().to_owned();
        Served { child, url, own }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
