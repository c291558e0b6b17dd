//! Why a rule did not pass, as a person reads it: [`Failure`].

use super::violation::Violation;
use super::watch::Misbehaviour;
use crate::claims::Refuted;
use crate::fault::Fault;
use crate::laws::Broken;
use std::fmt;

/// Why a rule did not pass.
#[derive(Debug)]
pub enum Failure {
    /// Demanded properties are violated.
    Violated {
        /// Each with the shortest schedule in all scopes, the shortest first.
        violations: Vec<Violation>,
        /// The laws that are broken, with the fewest writes that show it.
        laws: Vec<Broken>,
        /// What else is to be said of this rule.
        notes: Vec<String>,
    },
    /// What the rule says that a reading shows is not so: nothing that it says of losses can be believed.
    FalseClaim(Box<Refuted>),
    /// In some scope only the untested word of the rule says that a write is not lost.
    NotJudged {
        /// The scope.
        world: String,
        /// The property.
        property: &'static str,
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
        /// Why, if it can be told.
        why: Option<String>,
    },
    /// There is no property, law or witness of the name that was given.
    Unknown {
        /// What it would be.
        what: &'static str,
        /// The name given.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Of a scenario file's `[expect]`, what is not so.
    Unexpected(Vec<String>),
    /// A scenario file is not right.
    Scenario(Fault),
    /// A request that was given is none, or none that the rule takes: which, and what would be right.
    Request(String),
    /// A property of the user's own is none, or could not be asked of a state that was reached.
    Property {
        /// The scope.
        world: String,
        /// What is wrong.
        what: String,
    },
    /// A trace was replayed instead, and violates what is demanded: the report.
    Replayed(String),
    /// The trace to be replayed is not right.
    Trace(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Violated { violations, laws, notes } => {
                violations.iter().try_for_each(|violation| write!(f, "\n{violation}"))?;
                writeln!(f)?;
                laws.iter().try_for_each(|broken| writeln!(f, "  {broken}"))?;
                notes.iter().try_for_each(|note| writeln!(f, "  {note}"))?;
                if let Some(Violation { example, .. }) = violations.first() {
                    let property = &example.property;
                    write!(f, "  to see one property alone: `.only(\"{property}\")`; to do without it: ")?;
                    writeln!(f, "`.allow(\"{property}\")`")?;
                }
                Ok(())
            }
            Failure::FalseClaim(refuted) => {
                writeln!(f, "{refuted}")?;
                write!(
                    f,
                    "  `shows` is to be true of the writes that a reader can tell from others in what is read, and of no more"
                )
            }
            Failure::NotJudged { world, property } => {
                write!(
                    f,
                    "{world}: {property} cannot be judged: the rule makes a value of others, and what it says that this "
                )?;
                write!(f, "value shows could not be tested")
            }
            Failure::Unlawful(laws) => {
                writeln!(f, "no schedule in these scopes shows a reader anything wrong, but laws are broken:")?;
                laws.iter().try_for_each(|broken| writeln!(f, "  {broken}"))?;
                write!(f, "  if that is meant, ask for no laws: `Verify::rule(…).lawless()`")
            }
            Failure::Misbehaves(how) => write!(f, "{how}"),
            Failure::NotExhausted(world) => write!(f, "{world}: too many states to exhaust: nothing is known"),
            Failure::Vacuous { world, witness, why } => {
                writeln!(f, "{world}: {witness} was reached nowhere: nothing was tested")?;
                if let Some(why) = why {
                    writeln!(f, "  {why}")?;
                }
                write!(f, "  other requests can be given by `.requests([\"A: …\", …])`; ")?;
                write!(f, "if that is meant, say so: `.unreached(\"{witness}\")`")
            }
            Failure::Unknown { what, name, known } => {
                write!(f, "no {what} is named `{name}`; there are {}", known.join(", "))
            }
            Failure::Property { world, what } => write!(f, "{world}: {what}"),
            Failure::Unexpected(surprises) => f.write_str(&surprises.join("\n")),
            Failure::Scenario(fault) => write!(f, "{fault}"),
            Failure::Request(what) | Failure::Trace(what) => f.write_str(what),
            Failure::Replayed(report) => write!(f, "\n{report}"),
        }
    }
}

impl std::error::Error for Failure {}
