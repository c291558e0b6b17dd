//! The commands, one in each file: its arguments, its manual, and its code.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod conform;
pub(crate) mod explore;
pub(crate) mod generate;
pub(crate) mod histories;
pub(crate) mod init;
pub(crate) mod judge;
mod limits;
pub(crate) mod list;
pub(crate) mod mutants;
mod program;
mod progress;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod simulate;
pub(crate) mod spawn;
mod style;
pub(crate) mod swarm;

use multimaster_models::fault::Fault;
use std::fmt::Display;
use std::io::{self, Write};
use std::str::FromStr;

/// The result of a command that ran without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is as expected.
    Fine,
    /// Something is not as expected, or nothing was tested.
    Otherwise,
    /// Nothing was expected, and not everything was explored.
    NotExhausted,
    /// It was interrupted, after printing the findings so far.
    Interrupted,
}

impl Ending {
    pub(crate) fn status(self) -> u8 {
        match self {
            Ending::Fine => 0,
            Ending::Otherwise => 1,
            Ending::NotExhausted => 3,
            Ending::Interrupted => 130,
        }
    }
}

impl From<bool> for Ending {
    fn from(fine: bool) -> Ending {
        if fine { Ending::Fine } else { Ending::Otherwise }
    }
}

/// Why a command failed.
pub(crate) enum Failure {
    /// An argument or a file has an error.
    Given(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl Failure {
    /// Prints the reason, and returns the exit status. For a closed pipe it prints nothing.
    pub(crate) fn told(self) -> u8 {
        let what = match self {
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return 1,
            Failure::Output(error) => format!("the output cannot be written: {error}"),
            Failure::Given(what) => what,
        };
        let _ = writeln!(io::stderr(), "multimaster: {what}");
        2
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Given(fault.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// Parses an argument that is a whole number in this range.
pub(crate) fn whole<T: FromStr + PartialOrd + Display>(text: &str, least: T, most: T) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= least && *number <= most);
    number.ok_or_else(|| format!("write a whole number from {least} to {most}"))
}

/// The name by which the user runs this command, for the commands that are suggested.
pub(crate) fn this_command() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --release --" } else { "multimaster" }
}
