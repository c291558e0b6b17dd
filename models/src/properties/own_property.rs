//! The user's own properties: [`Property`], an expression or a function over all masters' readings.
//!
//! ```toml
//! [properties.parent-exists]
//! always = 'A["child"] == () || A["parent"] != ()'
//! ```
//!
//! | claim | says |
//! |---|---|
//! | `always` | true in every state |
//! | `never` | false in every state |
//! | `at-quiescence` | true in every quiescent state: the clients are done and no step alters the state |
//! | `sometimes` | true in some state: a witness, which must be reached |
//!
//! With `when`, a claim applies only to the states in which that is true.
//!
//! A script sees a constant for each master (`A`, `B`, …), `masters`, the list of them, and `writes`, the acknowledged
//! writes. `A["seat"]` is A's reading of the key: text, a list of concurrent values or of elements, a number, true or
//! false, a map of fields, or `()`. `A.values("seat")` is always a list. A [write](Acknowledged) has the fields `write`
//! (its name, such as `A1`), `master`, `op`, `key`, `field`, `value`, `time`, `seen_by` (the masters that have seen it)
//! and `saw` (the writes that it had seen).
//!
//! **Nothing holds untested.** A state *puts a claim to the test* if two conditions hold. The claim applies: `when` is
//! true and, for `at-quiescence`, the cluster is quiescent. And the claim would be false if one key had another
//! reading, at one master or at all masters; the readings tried are the initial one and those after some of the
//! clients' requests. Each claim has a witness that such a state was reached. If no reading could break a claim, its
//! witness is reported as not reached.

mod asked;
mod judged;
mod readings;
#[cfg(feature = "scripts")]
mod script;
#[cfg(feature = "scripts")]
pub(crate) mod values;

pub(crate) use asked::{Answer, Failed, OwnProperties, Rejected};
pub(crate) use judged::{Own, Place};
pub use readings::{Acknowledged, Readings, Reads};
pub(crate) use readings::{Keys, acknowledged};
#[cfg(feature = "scripts")]
pub(crate) use script::SANDBOX;

use crate::properties;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The most own properties of one scenario.
pub const MOST: usize = 16;

/// The other fields of `[expect]`, whose names no property may have.
pub(crate) const FIGURES: [&str; 4] = ["unreached", "states", "depth", "messages"];

/// The claim of a property about states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// True in every state.
    Always,
    /// False in every state.
    Never,
    /// True in every quiescent state.
    AtQuiescence,
    /// True in some state.
    Sometimes,
}

impl Claim {
    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Claim::Always => "always",
            Claim::Never => "never",
            Claim::AtQuiescence => "at-quiescence",
            Claim::Sometimes => "sometimes",
        }
    }
}

/// A property of your own, for [`Verify::property`](crate::Verify::property) and scenario files.
///
/// ```
/// use multimaster_models::Property;
/// use multimaster::MasterId;
///
/// let script = Property::always("a-child-has-a-parent", r#"A["child"] == () || A["parent"] != ()"#);
/// let function = Property::never("both-seats", |reads: &multimaster_models::properties::own_property::Readings| {
///     reads.of(MasterId(0)).values("seat").len() == 2
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Property {
    pub(crate) name: &'static str,
    pub(crate) claim: Claim,
    pub(crate) test: Test,
    pub(crate) when: Option<Test>,
}

impl Property {
    /// A property that is true in every state.
    pub fn always<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::Always, test.into_test())
    }

    /// A property that is false in every state.
    pub fn never<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::Never, test.into_test())
    }

    /// A property that is true in every quiescent state: the clients are done, and no step alters the state.
    pub fn at_quiescence<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::AtQuiescence, test.into_test())
    }

    /// A witness: a property that is true in some state.
    pub fn sometimes<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::Sometimes, test.into_test())
    }

    /// Restricts the claim to the states in which this is true.
    pub fn when<Form>(mut self, test: impl IntoTest<Form>) -> Property {
        self.when = Some(test.into_test());
        self
    }

    pub(crate) fn new(name: &str, claim: Claim, test: Test) -> Property {
        Property { name: kept(name), claim, test, when: None }
    }

    /// The property's name.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// A predicate on [`Readings`].
#[derive(Clone)]
pub enum Test {
    /// A script that gives true or false.
    #[cfg(feature = "scripts")]
    Script(Arc<Text>),
    /// A function.
    Function(Arc<dyn Fn(&Readings) -> bool + Send + Sync>),
}

/// A script, and where it is written.
#[cfg(feature = "scripts")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The script.
    pub script: String,
    /// The file of the script, and the line in which it begins, if it is in a file.
    pub place: Option<(String, usize)>,
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "scripts")]
            Test::Script(text) => write!(f, "{:?}", text.script),
            Test::Function(_) => f.write_str("(a function)"),
        }
    }
}

/// A script, or a function of [`Readings`].
pub trait IntoTest<Form> {
    /// The test.
    fn into_test(self) -> Test;
}

/// A script.
#[cfg(feature = "scripts")]
#[derive(Debug)]
pub enum AsScript {}
/// A function.
#[derive(Debug)]
pub enum AsFunction {}

#[cfg(feature = "scripts")]
impl<S: Into<String>> IntoTest<AsScript> for S {
    fn into_test(self) -> Test {
        Test::Script(Arc::new(Text { script: self.into(), place: None }))
    }
}

impl<F: Fn(&Readings) -> bool + Send + Sync + 'static> IntoTest<AsFunction> for F {
    fn into_test(self) -> Test {
        Test::Function(Arc::new(self))
    }
}

/// The name of the witness that the property of this name was put to the test.
pub(crate) fn witness_of(property: &str) -> &'static str {
    kept(&format!("{property} put to the test"))
}

/// Why a property beside these others may not have this name; `None` if it may.
pub(crate) fn not_a_name(name: &str, taken: &[&str]) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain) && name.len() <= 64) {
        let right = "a property's name is a letter, and then letters, digits and hyphens, 64 at most";
        return Some(format!("`{}`: {right}", name.escape_debug()));
    }
    let others = properties::ALL.iter().chain(&properties::OF_THE_ARTICLE).chain(taken).chain(&FIGURES);
    let same = others.into_iter().find(|other| other.replace(' ', "-") == name);
    same.map(|other| format!("`{name}`: there is a property `{other}` already; give yours another name"))
}

/// The name, leaked once: properties are identified by static names.
fn kept(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.get(name).copied().unwrap_or_else(|| {
        let kept = Box::leak(name.to_owned().into_boxed_str());
        names.insert(kept);
        kept
    })
}
