//! The commands, each in a file of its own: its arguments, its manual, and what it does.

pub(crate) mod check;
pub(crate) mod conform;
pub(crate) mod explore;
pub(crate) mod histories;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod mutants;
mod progress;
pub(crate) mod replay;
pub(crate) mod rules;
pub(crate) mod spawn;
mod style;

use multimaster_models::fault::Fault;
use std::fmt::Display;
use std::io::{self, Write};
use std::str::FromStr;

/// How a command that did what it was asked ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is as expected.
    Fine,
    /// Something is not as expected, or nothing was tested.
    Otherwise,
    /// Nothing was expected, and not everything was explored.
    NotExhausted,
    /// It was interrupted; what was known by then was printed.
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

/// Why the command could not do what it was asked.
pub(crate) enum Failure {
    /// The files or the address that we were given.
    Given(String),
    /// Our output went nowhere.
    Output(io::Error),
}

impl Failure {
    /// Says why, and with what status to end. A closed pipe is not worth a word: nobody reads on.
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

/// A whole number of this range as an argument.
pub(crate) fn whole<T: FromStr + PartialOrd + Display>(text: &str, least: T, most: T) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= least && *number <= most);
    number.ok_or_else(|| format!("write a whole number from {least} to {most}"))
}

/// How the user calls us, for the commands that we suggest.
pub(crate) fn this_command() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --release --" } else { "multimaster" }
}
