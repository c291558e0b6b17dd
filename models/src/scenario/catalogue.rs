//! The shipped scenarios, compiled into the command, which needs no checkout.

mod selected;

pub use selected::{is_single, select};

use crate::fault::{self, Fault, did_you_mean};
use crate::scenario::Scenario;
use include_dir::{Dir, include_dir};
use std::path::Path;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The name, file name and text of every shipped scenario, in name order. The [large](is_large) ones come last.
pub fn files() -> Vec<(String, String, &'static str)> {
    let mut found = Vec::new();
    let mut to_visit = vec![&FILES];
    while let Some(dir) = to_visit.pop() {
        to_visit.extend(dir.dirs());
        for file in dir.files() {
            let path = file.path().to_string_lossy().replace('\\', "/");
            if let (Some(name), Some(text)) = (path.strip_suffix(".toml"), file.contents_utf8()) {
                found.push((name.to_owned(), format!("models/scenarios/{path}"), text));
            }
        }
    }
    found.sort_by_key(|(name, ..)| (is_large(name), name.clone()));
    found
}

/// Whether a shipped scenario is left out of a plain `check`: those under `large/` take minutes, and those under
/// `beyond/` cannot be exhausted.
pub fn is_large(name: &str) -> bool {
    name.starts_with("large/") || name.starts_with("beyond/")
}

/// The shipped scenarios that a plain `check` explores.
///
/// # Errors
/// If a shipped scenario is invalid, which is a bug of this project.
pub fn all() -> Result<Vec<Scenario>, Fault> {
    let small = files().into_iter().filter(|(name, ..)| !is_large(name));
    small.map(|(name, file, text)| Scenario::parse(&name, &file, text)).collect()
}

/// The scenario named `given`: a file, or a shipped scenario.
///
/// # Errors
/// If there is neither, or the scenario is invalid.
pub fn find(given: &str) -> Result<Scenario, Fault> {
    find_with_text(given).map(|(scenario, _)| scenario)
}

/// As [`find`], with the text of the file.
///
/// # Errors
/// As [`find`].
pub fn find_with_text(given: &str) -> Result<(Scenario, String), Fault> {
    let path = Path::new(given);
    let named = files().into_iter().find(|(name, ..)| name == given);
    match named {
        Some((name, file, text)) if !path.exists() || path.is_dir() => {
            return Scenario::parse(&name, &file, text).map(|scenario| (scenario, text.to_owned()));
        }
        None if !path.exists() => {
            let names = files();
            let near = did_you_mean(given, names.iter().map(|(name, ..)| name.as_str()));
            let what =
                format!("no such file, and no shipped scenario of that name (`multimaster list` names them){near}");
            return Err(Fault::of(given, what));
        }
        _ => {}
    }
    let text = fault::read(given)?;
    let shipped = files().into_iter().find(|(_, _, shipped)| *shipped == text);
    let name = shipped.map_or_else(|| given.to_owned(), |(name, ..)| name);
    if name.trim() != name || name.contains(" #") || name.chars().any(char::is_control) {
        return Err(Fault::of(
            given,
            "rename it: a trace cannot name a file with outer blanks, ` #` or control characters",
        ));
    }
    Scenario::parse(&name, given, &text).map(|scenario| (scenario, text))
}
