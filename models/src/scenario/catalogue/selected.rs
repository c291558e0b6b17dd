//! Resolves arguments to scenarios: files, folders, patterns, and names of shipped scenarios.

use super::{files, find, is_large};
use crate::fault::{Fault, did_you_mean};
use crate::scenario::Scenario;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// The scenarios that these arguments name, each once, in argument order; without arguments, all shipped ones but the
/// large. Only those whose name contains `filter` remain.
///
/// An argument is a file; a folder, for all `.toml` files below it; the name of a shipped scenario or of a folder of
/// them; or a pattern, in which `*` matches any characters but `/`, `?` matches one, and `**` matches any characters.
///
/// # Errors
/// If an argument names nothing, a scenario is invalid, or the filter leaves none.
pub fn select(given: &[String], filter: Option<&str>) -> Result<Vec<Scenario>, Fault> {
    let mut names: Vec<String> = Vec::new();
    for given in given {
        names.extend(named(given)?);
    }
    if given.is_empty() {
        names = files().into_iter().map(|(name, ..)| name).filter(|name| !is_large(name)).collect();
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    if let Some(filter) = filter {
        let near = did_you_mean(filter, names.iter().map(String::as_str));
        names.retain(|name| name.contains(filter));
        if names.is_empty() {
            let left_out = files().into_iter().map(|(name, ..)| name).find(|name| name.contains(filter));
            let what = if let Some((folder, _)) = left_out.as_deref().and_then(|name| name.split_once('/'))
                && given.is_empty()
            {
                let all = format!("name the folder to include them: `multimaster check {folder}");
                let rest =
                    if format!("{folder}/").contains(filter) { String::new() } else { format!(" --filter {filter}") };
                format!("only scenarios in `{folder}/`, which are left out by default; {all}{rest}`")
            } else {
                format!("no scenario's name contains this (`multimaster list` names them){near}")
            };
            return Err(Fault::of(&format!("--filter {filter}"), what));
        }
    }
    if given.is_empty() {
        return shipped(&names);
    }
    names.iter().map(|name| find(name)).collect()
}

/// The shipped scenarios of these names, even if files of these names exist.
fn shipped(names: &[String]) -> Result<Vec<Scenario>, Fault> {
    let wanted = files().into_iter().filter(|(name, ..)| names.contains(name));
    wanted.map(|(name, file, text)| Scenario::parse(&name, &file, text)).collect()
}

/// Whether the argument names one scenario, not a folder or a pattern.
pub fn is_single(given: &str) -> bool {
    !is_pattern(given) && (is_file(Path::new(given)) || files().iter().any(|(name, ..)| name == given))
}

/// Whether this path exists and is no folder. It need not be a regular file: `/dev/stdin` is none.
fn is_file(path: &Path) -> bool {
    path.exists() && !path.is_dir()
}

/// The files, or the names of shipped scenarios, that one argument names.
fn named(given: &str) -> Result<Vec<String>, Fault> {
    let path = Path::new(given);
    let shipped: Vec<String> = files().into_iter().map(|(name, ..)| name).collect();
    if is_file(path) || shipped.iter().any(|name| name == given) {
        return Ok(vec![given.to_owned()]);
    }
    let folder = given.trim_end_matches('/');
    let (found, what) = if path.is_dir() {
        let found = below(folder)?;
        (found, "no scenario is in this folder: no file ends in `.toml`".to_owned())
    } else if is_pattern(given) {
        let start = given.split(['*', '?']).next().unwrap_or_default();
        let root = start.rsplit_once('/').map_or(".", |(root, _)| root);
        let mut found: Vec<String> = shipped.iter().filter(|name| matches(given, name)).cloned().collect();
        if found.is_empty() {
            // An unreadable folder is no error: the pattern may not mean it.
            let files = below(root).unwrap_or_default().into_iter();
            let files = files.map(|file| if root == "." { file.trim_start_matches("./").to_owned() } else { file });
            found = files.filter(|file| matches(given, file)).collect();
        }
        let near = near_pattern(given, start, &shipped);
        (found, format!("no file and no shipped scenario matches (`multimaster list` names the shipped ones){near}"))
    } else {
        let found: Vec<String> = shipped
            .iter()
            .filter(|name| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
            .cloned()
            .collect();
        let folders: BTreeSet<&str> = shipped.iter().filter_map(|name| Some(name.rsplit_once('/')?.0)).collect();
        let near = did_you_mean(folder, shipped.iter().map(String::as_str).chain(folders));
        (
            found,
            format!(
                "no such file or folder, and no shipped scenario of that name (`multimaster list` names them){near}"
            ),
        )
    };
    if found.is_empty() { Err(Fault::of(given, what)) } else { Ok(found) }
}

/// The patterns that match, with the folder of a shipped scenario in place of the folder in which `given` starts.
fn near_pattern(given: &str, start: &str, shipped: &[String]) -> String {
    let rest = &given[start.rfind('/').unwrap_or(0)..];
    let folders: BTreeSet<&str> = shipped.iter().filter_map(|name| Some(name.rsplit_once('/')?.0)).collect();
    let patterns: Vec<String> = folders.into_iter().map(|folder| format!("{folder}{rest}")).collect();
    let matching = patterns.iter().filter(|pattern| shipped.iter().any(|name| matches(pattern, name)));
    did_you_mean(given, matching.map(String::as_str))
}

fn is_pattern(given: &str) -> bool {
    given.contains(['*', '?'])
}

/// The scenario files below a folder, in path order. Hidden folders, build folders and manifests are skipped.
///
/// # Errors
/// If a folder cannot be read, or a scenario file's name is not UTF-8.
fn below(folder: &str) -> Result<Vec<String>, Fault> {
    let unread = |error: io::Error| Fault::of(folder, error.to_string());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        match entry.map_err(unread)?.file_name().into_string() {
            Ok(name) => names.push(name),
            Err(name) if name.as_encoded_bytes().ends_with(b".toml") => {
                let path = format!("{folder}/{}", name.to_string_lossy());
                return Err(Fault::of(&path, "rename it: a scenario's name is UTF-8"));
            }
            Err(_) => {}
        }
    }
    names.retain(|name| !name.starts_with('.') && name != "target" && name != "Cargo.toml");
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let path = if folder == "/" { format!("/{name}") } else { format!("{folder}/{name}") };
        let kind = fs::symlink_metadata(&path).map(|data| data.file_type());
        match kind {
            Ok(kind) if kind.is_dir() => found.extend(below(&path)?),
            Ok(_) if name.ends_with(".toml") => found.push(path),
            _ => {}
        }
    }
    Ok(found)
}

/// Whether the pattern matches the text.
fn matches(pattern: &str, text: &str) -> bool {
    let any_then = |pattern: &str, crosses: bool| {
        let farthest = text.find('/').filter(|_| !crosses).unwrap_or(text.len());
        let mut ends = (0..=farthest).filter(|end| text.is_char_boundary(*end));
        ends.any(|end| matches(pattern, &text[end..]))
    };
    if let Some(pattern) = pattern.strip_prefix("**") {
        return any_then(pattern, true);
    }
    let (mut pattern_chars, mut text_chars) = (pattern.chars(), text.chars());
    match (pattern_chars.next(), text_chars.next()) {
        (Some('*'), _) => any_then(pattern_chars.as_str(), false),
        (None, None) => true,
        (Some('?'), Some(c)) if c != '/' => matches(pattern_chars.as_str(), text_chars.as_str()),
        (Some(p), Some(c)) if p == c => matches(pattern_chars.as_str(), text_chars.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stops_at_a_slash_and_two_do_not() {
        for (pattern, text) in [
            ("booking/*", "booking/arrival"),
            ("*/arrival", "booking/arrival"),
            ("b*g/a?rival", "booking/arrival"),
            ("systems/**", "systems/riak/skew"),
            ("**/skew", "systems/riak/skew"),
            ("*", "hello"),
            ("s*/*/*w", "systems/riak/skew"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("booking/*", "booking/deep/arrival"),
            ("*", "booking/arrival"),
            ("?ello", "hhello"),
            ("a?b", "a/b"),
            ("booking/*", "bookings/arrival"),
            ("hello", "hello2"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
