//! Properties of your own: [`Property`], an expression or a function over what all masters read.
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
//! | `at-quiescence` | true where the clients are done and nothing alters anything any more |
//! | `sometimes` | true in some state: a witness, which must be reached |
//!
//! With `when`, a claim is made only of the states in which that is true.
//!
//! A script sees a constant for each master (`A`, `B`, …), `masters`, the list of them, and `writes`, the acknowledged
//! writes. `A["seat"]` is what A reads of the key: text, a list of concurrent values or of elements, a number, true or false,
//! a map of fields, or `()`. `A.values("seat")` is always a list. A [write](Acknowledged) has the fields `write`
//! (its name, such as `A1`), `master`, `op`, `key`, `field`, `value`, `time`, `seen_by` (the masters that have seen it) and
//! `saw` (the writes that it had seen).
//!
//! **Nothing holds untested.** A claim is *put to the test* in a state where it applies (`when` is true; for
//! `at-quiescence`, the cluster is quiescent) and would be broken if one key read something else, at one master or at all:
//! what it reads before anything is written, or what one of the clients' requests makes of it. Each claim has a witness
//! that this was reached; a claim that no reading could break is reported by that witness.

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

/// The most properties of one's own that one scenario may have.
pub const MOST: usize = 16;

/// The other fields of `[expect]`: no property can have one of these names.
pub(crate) const FIGURES: [&str; 4] = ["unreached", "states", "depth", "messages"];

/// What a property claims of the states.
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
    /// It is true in every state.
    pub fn always<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::Always, test.into_test())
    }

    /// It is false in every state.
    pub fn never<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::Never, test.into_test())
    }

    /// It is true in every quiescent state: the clients are done, and no step changes anything any more.
    pub fn at_quiescence<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::AtQuiescence, test.into_test())
    }

    /// It is true in some state.
    pub fn sometimes<Form>(name: &str, test: impl IntoTest<Form>) -> Property {
        Property::new(name, Claim::Sometimes, test.into_test())
    }

    /// The claim applies only to the states in which this is true.
    pub fn when<Form>(mut self, test: impl IntoTest<Form>) -> Property {
        self.when = Some(test.into_test());
        self
    }

    pub(crate) fn new(name: &str, claim: Claim, test: Test) -> Property {
        Property { name: kept(name), claim, test, when: None }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// What can be asked of [`Readings`].
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
    /// The file that contains it and the line of its first line there, if it is in a file.
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

/// Why a property cannot have this name where others have these; `None` if it can.
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
