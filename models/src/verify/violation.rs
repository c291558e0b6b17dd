//! A violated property, and the files with its schedule: [`Violation`].

#[cfg(feature = "explorer")]
use super::EXPLORE;
use super::REPLAY;
use crate::report::check::Counterexample;
#[cfg(feature = "explorer")]
use crate::report::explorer;
use crate::report::table;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A property that a rule violates, with the shortest schedule that shows it.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The scope.
    pub world: String,
    /// Whether wall clocks are wrong in the scope. If so, no scope with right clocks violates the property.
    pub skewed: bool,
    /// The property, and the schedule.
    pub example: Counterexample,
    /// The trace, if it could be written; the picture is beside it.
    pub file: Option<PathBuf>,
    /// The time from the start until this was found.
    pub after: Duration,
}

impl Violation {
    /// Writes the trace and its picture beside the test's binary, in the target directory.
    pub(super) fn keep(&mut self) {
        self.file = self.written();
    }

    fn written(&self) -> Option<PathBuf> {
        let binary = std::env::current_exe().ok()?;
        let target =
            binary.ancestors().find(|folder| folder.ends_with("deps")).and_then(|deps| deps.parent()?.parent());
        let folder = target.map_or_else(std::env::temp_dir, |target| target.to_path_buf()).join("traces");
        let name = format!("{}.{}.{}", this_test(), self.world, self.example.property);
        let file = folder.join(format!("{}.trace", unique(&plain(&name), &self.example.trace)));
        std::fs::create_dir_all(&folder).ok()?;
        std::fs::write(&file, &self.example.trace).ok()?;
        std::fs::write(file.with_extension("svg"), self.example.replayed.diagram.svg()).ok()?;
        // Tests run in their package's folder, so the user can paste a path from there.
        let here = std::env::current_dir().ok();
        let from_here = here.and_then(|here| file.strip_prefix(here).ok().map(PathBuf::from));
        Some(from_here.unwrap_or(file))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.skewed {
            write!(f, "only under wrong wall clocks (to leave these out: `.clocks(Clocks::Right)`), ")?;
        }
        writeln!(f, "{}", table::counterexample(&self.world, &self.example))?;
        let Some(file) = &self.file else {
            return write!(f, "the trace:\n{}", self.example.trace);
        };
        writeln!(f, "  picture: {}", file.with_extension("svg").display())?;
        #[cfg(feature = "explorer")]
        {
            let address = explorer::address(&self.example.replayed.path);
            writeln!(f, "  explore: {}", command(EXPLORE, file))?;
            writeln!(f, "           at http://{}/{address}", explorer::DEFAULT_ADDRESS)?;
        }
        writeln!(f, "  replay:  {}", command(REPLAY, file))
    }
}

/// The command that replays or explores the file in this test and in no other.
fn command(variable: &str, file: &Path) -> String {
    let file = file.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%".contains(c);
    let file = if file.chars().all(is_plain) { file } else { format!("'{}'", file.replace('\'', r"'\''")) };
    format!("{variable}={file} cargo test -- --exact {}", this_test())
}

/// The test that runs this: its thread is named after the path of its function.
pub(super) fn this_test() -> String {
    std::thread::current().name().unwrap_or("verify").to_owned()
}

/// The name with only characters that every file system accepts.
fn plain(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' }).collect();
    name.replace("--", "-")
}

/// The name, with a number appended if this process has written another trace under this name.
fn unique(name: &str, trace: &str) -> String {
    static WRITTEN: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    let numbered = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
    let mut free = numbered.filter(|name| written.get(name).is_none_or(|earlier| earlier == trace));
    let name = free.next().unwrap_or_default();
    written.insert(name.clone(), trace.to_owned());
    name
}
