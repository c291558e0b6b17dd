//! Why a rule did not pass, as a person reads it: [`Failure`].

use super::violation::Violation;
use super::watch::Misbehaviour;
use crate::fault::Fault;
use crate::histories::claims::Refuted;
use crate::histories::laws::Broken;
use std::fmt;

/// Why a rule did not pass.
pub enum Failure {
    /// Demanded properties are violated.
    Violated {
        /// Each with the shortest schedule in all scopes, the shortest first.
        violations: Vec<Violation>,
        /// The laws that are broken, with the fewest writes that show it.
        laws: Vec<Broken>,
        /// Further notes on this rule.
        notes: Vec<String>,
    },
    /// What the rule claims to show is refuted: its other claims are not believed either.
    FalseClaim(Box<Refuted>),
    /// In some scope only the rule's untested claim says that a write is not lost.
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
    /// No property, law or witness has the given name.
    Unknown {
        /// What was looked for: a property, a law or a witness.
        what: &'static str,
        /// The name given.
        name: String,
        /// The known names.
        known: Vec<String>,
    },
    /// What a scenario file's `[expect]` says otherwise.
    Unexpected(Vec<String>),
    /// A scenario file has an error.
    Scenario(Fault),
    /// A request cannot be parsed, or the rule does not take it: which, and what would be right.
    Request(String),
    /// A property of the user's own is not valid, or its evaluation failed in a reached state.
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
                    "  `shows` must be true of exactly those writes that a reader can tell from others by what is read"
                )
            }
            Failure::NotJudged { world, property } => {
                write!(
                    f,
                    "{world}: {property} cannot be judged: the rule makes one value of several writes, and its claim of which "
                )?;
                write!(f, "of them the value shows could not be tested")
            }
            Failure::Unlawful(laws) => {
                writeln!(f, "no schedule in these scopes shows a reader anything wrong, but laws are broken:")?;
                laws.iter().try_for_each(|broken| writeln!(f, "  {broken}"))?;
                if let Some(broken) = laws.first() {
                    write!(f, "  if that is meant, do without it: `.allow(\"{}\")`; ", broken.law.name())?;
                }
                write!(f, "to ask for no laws: `.lawless()`")
            }
            Failure::Misbehaves(how) => write!(f, "{how}"),
            Failure::NotExhausted(world) => write!(f, "{world}: too many states to exhaust: nothing is known"),
            Failure::Vacuous { world, witness, why } => {
                writeln!(f, "{world}: {witness} was not reached: nothing was tested")?;
                if let Some(why) = why {
                    writeln!(f, "  {why}")?;
                }
                write!(f, "  give other requests by `.requests([\"A: …\", …])`; ")?;
                write!(f, "if this is meant, accept it by `.unreached(\"{witness}\")`")
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

/// As [`Display`](fmt::Display) has it: a test that ends in `unwrap`, or returns the result, prints this.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.to_string().trim_start_matches('\n'))
    }
}

impl std::error::Error for Failure {}
