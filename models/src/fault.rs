//! Errors in a user's file, [`Fault`], and in a script, [`Wrong`].

use crate::printed;
use std::fmt;
use std::fs::File;
use std::io::Read;

/// The most bytes of a scenario or a trace: a device such as `/dev/zero` has no end.
const MOST: u64 = 64 << 20;

/// The most characters of a user's text that a message quotes.
const QUOTED: usize = 200;

/// An error in a scenario or a trace: its place and its fix. The author of the file is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// The error and its fix.
    pub what: String,
}

impl Fault {
    /// An error in one line.
    pub fn at(file: &str, line: usize, what: impl Into<String>) -> Fault {
        Fault { file: file.into(), line, what: what.into() }
    }

    /// An error of the file as a whole.
    pub fn of(file: &str, what: impl Into<String>) -> Fault {
        Fault::at(file, 0, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = if self.line == 0 { String::new() } else { format!(":{}", self.line) };
        // Quoted text comes from the file, and could hold control sequences for the terminal.
        f.write_str(&printed::shown_lines(&format!("{}{line}: {}", self.file, self.what)))
    }
}

impl std::error::Error for Fault {}

/// The text of the file named `file`.
///
/// # Errors
/// If the file is a folder, cannot be read, is over 64 MiB long, or is not UTF-8.
pub fn read(file: &str) -> Result<String, Fault> {
    if std::path::Path::new(file).is_dir() {
        return Err(Fault::of(file, "this is a folder: name a file in it"));
    }
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|error| Fault::of(file, error.to_string()))?;
    opened.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| Fault::of(file, error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(Fault::of(file, format!("this file is over {} MB long: no scenario or trace is", MOST >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let text = error.as_bytes();
        let line = text[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Fault::at(file, line, "this is not UTF-8 text")
    })
}

/// The line, from 1, of the byte at `place`; at the end of the text, its last line.
pub(crate) fn line_of(text: &str, place: usize) -> usize {
    let before = text.bytes().take(place).filter(|byte| *byte == b'\n').count();
    (before + 1).min(text.lines().count()).max(1)
}

/// The names nearest to `given`, as a part of a message; empty if none is near.
pub fn did_you_mean<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 3;
    let given = given.to_lowercase();
    let allowed = (given.chars().count() / 3).clamp(1, 4);
    let mut near: Vec<(usize, &str)> = Vec::new();
    for name in names {
        let last = name.rsplit('/').next().unwrap_or(name);
        let distance = distance(&given, name).min(1 + distance(&given, last));
        if distance <= allowed {
            near.push((distance, name));
        }
    }
    near.sort();
    near.dedup();
    let least = near.first().map_or(0, |(distance, _)| *distance);
    near.retain(|(distance, _)| *distance == least);
    let named: Vec<String> = near.into_iter().take(MOST).map(|(_, name)| format!("`{name}`")).collect();
    if named.is_empty() { String::new() } else { format!("; did you mean {}?", named.join(" or ")) }
}

/// The optimal string alignment distance (Damerau, 1964): the number of insertions, deletions, replacements and swaps
/// of adjacent characters. Time and memory are the product of the lengths.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

/// An error in a script, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line in the script, from 1.
    pub line: usize,
    /// The error, on one line, without control characters.
    pub what: String,
}

impl Wrong {
    /// An error in this line; `what` is escaped and cut.
    pub fn at(line: usize, what: impl AsRef<str>) -> Wrong {
        Wrong { line: line.max(1), what: quoted(what.as_ref()) }
    }

    /// Adds the script's input to the message.
    pub fn given(self, input: impl fmt::Display) -> Wrong {
        Wrong { line: self.line, what: format!("{} (given {})", self.what, quoted(&input.to_string())) }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Wrong {}

/// A user's text for one line of a message: control characters are escaped, and long text is cut.
pub fn quoted(text: &str) -> String {
    let start: String = text.chars().take(2 * QUOTED).collect();
    let rest = if start.len() < text.len() { "…" } else { "" };
    printed::escaped(&start) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["booking/arrival", "booking/last-write", "hello", "types/counter"];
        let near = |given: &str| did_you_mean(given, names);
        assert_eq!(near("booking/arival"), "; did you mean `booking/arrival`?");
        assert_eq!(near("lats-write"), "; did you mean `booking/last-write`?");
        assert_eq!(near("Helo"), "; did you mean `hello`?");
        assert_eq!(near("zzzzzz"), "");
        assert_eq!(distance("abcd", "abdc"), 1);
        assert_eq!(distance("", "ab"), 2);
    }
}
