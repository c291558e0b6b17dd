//! Why a rule did not pass, as a person reads it: [`Failure`].

use super::watch::Misbehaviour;
use super::{EXPLORE, REPLAY, this_test};
use crate::check::Counterexample;
use crate::laws::Broken;
use crate::{explorer, table};
use std::fmt;
use std::path::PathBuf;

/// Why a rule did not pass.
#[derive(Debug)]
pub enum Failure {
    /// A property is violated; of all schedules that show one, the shortest.
    Violated {
        /// The scope.
        world: String,
        /// The schedule.
        example: Box<Counterexample>,
        /// The laws that are broken, with the fewest writes that show it.
        laws: Vec<Broken>,
        /// Where it was written, if it could be.
        file: Option<PathBuf>,
        /// What else is to be said of a rule of this form.
        note: &'static str,
    },
    /// Laws are broken, though no schedule in these scopes shows it to a reader.
    Unlawful(Vec<Broken>),
    /// It is no rule at all.
    Misbehaves(Misbehaviour),
    /// A scope could not be exhausted: nothing is known.
    NotExhausted(String),
    /// What makes a test of a scope was never reached in it.
    Vacuous {
        /// The scope.
        world: String,
        /// The witness.
        witness: &'static str,
    },
    /// A trace was replayed instead, and violates what is demanded: the report.
    Replayed(String),
    /// The trace to be replayed is not right.
    Trace(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Violated { world, example, laws, file, note } => {
                write!(f, "\n{}\n", table::counterexample(world, example))?;
                laws.iter().try_for_each(|broken| writeln!(f, "  {broken}"))?;
                if !note.is_empty() {
                    writeln!(f, "  {note}")?;
                }
                let Some(file) = file else {
                    return write!(f, "the trace:\n{}", example.trace);
                };
                let (test, address) = (this_test(), explorer::address(&example.replayed.path));
                writeln!(f, "  picture: {}", file.with_extension("svg").display())?;
                writeln!(f, "  explore: {EXPLORE}={} cargo test {test}", file.display())?;
                writeln!(f, "           at http://{}/{address}", explorer::DEFAULT_ADDRESS)?;
                writeln!(f, "  replay:  {REPLAY}={} cargo test {test}", file.display())
            }
            Failure::Unlawful(laws) => {
                writeln!(f, "no schedule in these scopes shows a reader anything wrong, but laws are broken:")?;
                laws.iter().try_for_each(|broken| writeln!(f, "  {broken}"))?;
                write!(f, "  if that is meant, ask for no laws: `Verify::rule(…).lawless()`")
            }
            Failure::Misbehaves(how) => write!(f, "{how}"),
            Failure::NotExhausted(world) => write!(f, "{world}: too many states to exhaust: nothing is known"),
            Failure::Vacuous { world, witness } => {
                write!(f, "{world}: {witness} was reached nowhere: nothing was tested")
            }
            Failure::Replayed(report) => write!(f, "\n{report}"),
            Failure::Trace(fault) => f.write_str(fault),
        }
    }
}

impl std::error::Error for Failure {}
