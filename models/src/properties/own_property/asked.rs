//! The user's own properties, compiled for a cluster's masters and keys: [`OwnProperties`].

use super::readings::Readings;
#[cfg(feature = "scripts")]
use super::script::Asked;
use super::{Claim, MOST, Property, Test, not_a_name, witness_of};
use crate::fault::{Fault, Wrong};
use crate::scope::Scope;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// Compiled properties, and the first failure of each.
#[derive(Debug, Default)]
pub(crate) struct OwnProperties(Vec<OwnProperty>);

/// A compiled property.
#[derive(Debug)]
pub(crate) struct OwnProperty {
    pub(crate) name: &'static str,
    /// The witness that it was put to the test.
    pub(crate) witness: &'static str,
    pub(crate) claim: Claim,
    pub(crate) property: Property,
    test: Ready,
    when: Option<Ready>,
    failed: OnceLock<Failed>,
}

/// A property whose evaluation failed in a reached state, which voids its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The property.
    pub(crate) property: &'static str,
    /// The file and the line of the failure, if the property is in a file.
    pub(crate) place: Option<(String, usize)>,
    /// The error.
    pub(crate) what: String,
}

/// An invalid property, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// The index of the property among those given.
    pub(crate) place: usize,
    /// Whether the error is in its `when`.
    pub(crate) in_when: bool,
    /// The error; with the line in the script, if the error is in the script.
    pub(crate) wrong: Result<Wrong, String>,
}

impl Rejected {
    /// The message for this property, which is not in a file.
    pub(crate) fn in_words(&self, property: &Property) -> String {
        let part = if self.in_when { "when" } else { property.claim.name() };
        match &self.wrong {
            Err(what) => what.clone(),
            Ok(wrong) => format!("`{}`: `{part}`, line {}: {}", property.name, wrong.line, wrong.what),
        }
    }
}

/// The answer of a property for a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The test is true.
    Yes,
    /// The test is false.
    No,
    /// The claim does not apply to this state: `when` is false.
    NotClaimed,
    /// The evaluation failed.
    Failed,
}

#[derive(Clone)]
enum Ready {
    #[cfg(feature = "scripts")]
    Script(Asked),
    Function(Arc<dyn Fn(&Readings) -> bool + Send + Sync>),
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "scripts")]
            Ready::Script(script) => script.fmt(f),
            Ready::Function(_) => f.write_str("(a function)"),
        }
    }
}

impl Ready {
    #[cfg_attr(not(feature = "scripts"), allow(unused_variables))]
    fn new(test: &Test, scope: &Scope) -> Result<Ready, Wrong> {
        match test {
            #[cfg(feature = "scripts")]
            Test::Script(text) => Asked::new(&text.script, scope).map(Ready::Script),
            Test::Function(function) => Ok(Ready::Function(Arc::clone(function))),
        }
    }

    fn ask(&self, readings: &Readings) -> Result<bool, Wrong> {
        match self {
            #[cfg(feature = "scripts")]
            Ready::Script(script) => script.ask(readings),
            Ready::Function(function) => {
                let given = catch_unwind(AssertUnwindSafe(|| function(readings)));
                let given = given.map_err(|_| Wrong::at(1, "the function panics"))?;
                readings.wrong().map_or(Ok(given), |wrong| Err(Wrong::at(1, wrong)))
            }
        }
    }

    fn reads_writes(&self) -> bool {
        match self {
            #[cfg(feature = "scripts")]
            Ready::Script(script) => script.reads_writes,
            Ready::Function(_) => true,
        }
    }
}

impl OwnProperties {
    /// Compiles these properties for a scope, in which other properties have the names in `taken`.
    ///
    /// # Errors
    /// The first invalid property.
    pub(crate) fn new(properties: &[Property], scope: &Scope, taken: &[&str]) -> Result<OwnProperties, Rejected> {
        let mut taken = taken.to_vec();
        let mut ready = Vec::new();
        for (place, property) in properties.iter().enumerate() {
            let rejected = |in_when, wrong| Rejected { place, in_when, wrong };
            if place == MOST {
                return Err(rejected(false, Err(format!("{} properties: at most {MOST}", properties.len()))));
            }
            if let Some(why) = not_a_name(property.name, &taken) {
                return Err(rejected(false, Err(why)));
            }
            taken.push(property.name);
            let test = Ready::new(&property.test, scope).map_err(|wrong| rejected(false, Ok(wrong)))?;
            let when = property.when.as_ref().map(|when| Ready::new(when, scope)).transpose();
            ready.push(OwnProperty {
                name: property.name,
                witness: witness_of(property.name),
                claim: property.claim,
                property: property.clone(),
                test,
                when: when.map_err(|wrong| rejected(true, Ok(wrong)))?,
                failed: OnceLock::new(),
            });
        }
        Ok(OwnProperties(ready))
    }

    /// The properties, in order.
    pub(crate) fn all(&self) -> &[OwnProperty] {
        &self.0
    }

    /// The witnesses that must be reached: each claim put to the test, and each `sometimes`.
    pub(crate) fn witnesses(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|own| if own.claim == Claim::Sometimes { own.name } else { own.witness })
    }

    /// The properties whose evaluation failed, in order.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &Failed> {
        self.0.iter().filter_map(|own| own.failed.get())
    }
}

impl OwnProperty {
    /// Whether the script reads the list of writes.
    pub(crate) fn reads_writes(&self) -> bool {
        self.test.reads_writes() || self.when.as_ref().is_some_and(Ready::reads_writes)
    }

    /// Evaluates the property.
    ///
    /// # Errors
    /// If the evaluation fails: the error and its place.
    pub(crate) fn ask(&self, readings: &Readings) -> Result<Answer, Failed> {
        if let Some(when) = &self.when
            && !when.ask(readings).map_err(|wrong| self.failed_in(true, &wrong))?
        {
            return Ok(Answer::NotClaimed);
        }
        let given = self.test.ask(readings).map_err(|wrong| self.failed_in(false, &wrong))?;
        Ok(if given { Answer::Yes } else { Answer::No })
    }

    /// As [`ask`](Self::ask), for a reached state; keeps the first failure.
    pub(crate) fn ask_or_note(&self, readings: &Readings) -> Answer {
        self.ask(readings).unwrap_or_else(|failed| {
            self.failed.get_or_init(|| failed);
            Answer::Failed
        })
    }

    fn failed_in(&self, in_when: bool, wrong: &Wrong) -> Failed {
        let (test, part) = match &self.property.when {
            Some(when) if in_when => (when, "when"),
            _ => (&self.property.test, self.claim.name()),
        };
        let place = match test {
            #[cfg(feature = "scripts")]
            Test::Script(text) => text.place.as_ref().map(|(file, first)| (file.clone(), first + wrong.line - 1)),
            Test::Function(_) => None,
        };
        let what = match (&place, test) {
            #[cfg(feature = "scripts")]
            (None, Test::Script(_)) => format!("`{part}`, line {}: {}", wrong.line, wrong.what),
            _ => format!("`{part}`: {}", wrong.what),
        };
        Failed { property: self.name, place, what }
    }
}

impl Failed {
    /// The failure as an error in its file; if it is not in a file, in `name`.
    pub(crate) fn fault(&self, name: &str) -> Fault {
        let (file, line) = self.place.clone().unwrap_or_else(|| (name.to_owned(), 0));
        Fault::at(&file, line, format!("nothing is known of `{}`, because it failed: {}", self.property, self.what))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line)) = &self.place {
            write!(f, "{file}:{line}: ")?;
        }
        f.write_str(&self.what)
    }
}
