//! What is wrong with a file that someone gave us: [`Fault`].

use std::fmt;

/// A mistake in a scenario or a trace: where it is, and what would be right. The fault is the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 if it is about the file as a whole.
    pub line: usize,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Fault {
    /// A mistake in one line.
    pub fn at(file: &str, line: usize, what: impl Into<String>) -> Fault {
        Fault { file: file.into(), line, what: what.into() }
    }

    /// A file that cannot be used at all.
    pub fn of(file: &str, what: impl Into<String>) -> Fault {
        Fault::at(file, 0, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for Fault {}

/// The line, from 1, in which the byte at `place` stands.
pub(crate) fn line_of(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}
