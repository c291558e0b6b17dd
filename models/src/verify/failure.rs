//! Why a rule did not pass, and the report: [`Failure`].

use super::violation::Violation;
use super::watch::Misbehaviour;
use crate::fault::Fault;
use crate::histories::claims::Refuted;
use crate::histories::laws::Broken;
use crate::system::Failed;
use std::fmt;

/// Why a rule did not pass.
pub enum Failure {
    /// Demanded properties are violated.
    Violated {
        /// The violated properties, each with the shortest schedule in all scopes; the shortest first.
        violations: Vec<Violation>,
        /// The broken laws, each with the fewest writes that show it.
        laws: Vec<Broken>,
        /// Further notes on this rule.
        notes: Vec<String>,
    },
    /// A claim of the rule's `shows` is refuted, so its other claims are not believed either.
    FalseClaim(Box<Refuted>),
    /// In some scope only the rule's untested claim says that a write is not lost.
    NotJudged {
        /// The scope.
        world: String,
        /// The property.
        property: &'static str,
    },
    /// The only property that is required cannot be judged.
    Unjudged {
        /// The property.
        property: String,
        /// The reason.
        why: &'static str,
    },
    /// A node of the user's own is at fault.
    Node(Failed),
    /// Laws are broken, although no schedule in these scopes violates a property.
    Unlawful(Vec<Broken>),
    /// The rule panics, does not return, or is not a function.
    Misbehaves(Misbehaviour),
    /// A scope could not be exhausted, so there is no verdict.
    NotExhausted(String),
    /// A witness was not reached, so a scope tests nothing.
    Vacuous {
        /// The scope.
        world: String,
        /// The witness.
        witness: &'static str,
        /// The reason, if it is known.
        why: Option<String>,
    },
    /// No property, law or witness has the given name.
    Unknown {
        /// The kind of the name: a property, a law or a witness.
        what: &'static str,
        /// The name given.
        name: String,
        /// The known names.
        known: Vec<String>,
    },
    /// The verdicts that differ from a scenario file's `[expect]`.
    Unexpected(Vec<String>),
    /// A scenario file has an error.
    Scenario(Fault),
    /// A request cannot be parsed, or the rule does not take it. The message names the request and the fix.
    Request(String),
    /// A property of the user's own is not valid, or its evaluation failed in a reached state.
    Property {
        /// The scope.
        world: String,
        /// The error.
        what: String,
    },
    /// A trace was replayed instead, and violates a demanded property. The text is the report.
    Replayed(String),
    /// The trace to be replayed has an error.
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
                    write!(f, "  to check only one property: `.only(\"{property}\")`; to leave it out: ")?;
                    writeln!(f, "`.allow(\"{property}\")`")?;
                }
                Ok(())
            }
            Failure::FalseClaim(refuted) => {
                writeln!(f, "{refuted}")?;
                write!(
                    f,
                    "  `shows` must be true of exactly those writes that a reader can recognize in the value read"
                )
            }
            Failure::NotJudged { world, property } => {
                write!(
                    f,
                    "{world}: {property} cannot be judged: the rule computes one value from several writes, and its claim \
                     which "
                )?;
                write!(f, "of them the value shows could not be tested")
            }
            Failure::Unjudged { property, why } => write!(f, "{property} cannot be judged: {why}"),
            Failure::Node(failed) => write!(f, "no verdict counts: {failed}"),
            Failure::Unlawful(laws) => {
                writeln!(f, "no schedule in these scopes violates a property, but laws are broken:")?;
                laws.iter().try_for_each(|broken| writeln!(f, "  {broken}"))?;
                if let Some(broken) = laws.first() {
                    write!(f, "  to allow this: `.allow(\"{}\")`; ", broken.law.name())?;
                }
                write!(f, "to require no laws: `.lawless()`")
            }
            Failure::Misbehaves(how) => write!(f, "{how}"),
            Failure::NotExhausted(world) => write!(f, "{world}: too many states to exhaust: there is no verdict"),
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

/// The same text as [`Display`](fmt::Display): a test that ends in `unwrap`, or returns the result, prints this.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.to_string().trim_start_matches('\n'))
    }
}

impl std::error::Error for Failure {}
