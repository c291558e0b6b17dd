//! What each data type *means*: the read of a key as a function of the writes of it that a master has seen.
//!
//! After Burckhardt, Gotsman, Yang and Zawirski, "Replicated data types: specification, verification, optimality", POPL
//! 2014: a specification is given the operations seen, which of them had seen which (*visibility*), and a total order
//! for where that does not decide (*arbitration*: the timestamps), and nothing else. No state, no message, no merge:
//! what is here shares no line with the rules whose reads it judges, and may be as slow and plain as it likes. An
//! example is the observed-remove set: an element is in if it was inserted, and no remove of it had seen that insert.
//!
//! | rule | specification |
//! |---|---|
//! | `last-write`, `last-write-map` | [`last_write`], [`last_write_map`] |
//! | `multi-value`, `custom` | [`multi_value`], [`lowest_seat`] |
//! | `counter`, `grow-only-counter`, `bounded-counter` | [`total`] |
//! | `set`, `remove-wins-set`, `grow-only-set` | [`add_wins_set`], [`remove_wins_set`], [`grow_only_set`] |
//! | `enable-wins-flag`, `disable-wins-flag` | [`enable_wins_flag`], [`disable_wins_flag`] |
//! | `max-register`, `min-register` | [`greatest`], [`least`] |
//! | `observed-remove-map` | [`observed_remove_map`] |
//!
//! What arrived last, and what a function makes of merged values pair by pair, are no functions of the operations seen.

mod counters;
mod flags;
mod maps;
mod registers;
#[cfg(feature = "scripts")]
mod script;
mod sets;

pub use counters::total;
pub use flags::{disable_wins_flag, enable_wins_flag};
pub use maps::{last_write_map, observed_remove_map};
pub use registers::{greatest, last_write, least, lowest_seat, multi_value};
#[cfg(feature = "scripts")]
pub use script::Script;
pub use sets::{add_wins_set, grow_only_set, remove_wins_set};

use crate::history::{History, Write};
use multimaster::{Dot, Key, Reading, Replica, Resolver};
use std::collections::BTreeSet;

/// What a reader of a key is to see, of the writes to it that its master has seen, in the order of their dots.
pub type Specification = fn(&[&Write]) -> Reading;

/// A specification: a function, or a script in a scenario file.
#[derive(Clone, Copy, Debug)]
pub enum Specified {
    /// A function.
    Function(Specification),
    /// A script. It lives as long as the program, as scenarios do.
    #[cfg(feature = "scripts")]
    Script(&'static Script),
}

impl From<Specification> for Specified {
    fn from(function: Specification) -> Specified {
        Specified::Function(function)
    }
}

impl Specified {
    /// What should be read instead, in words, or why evaluating the specification failed; `None` if the reading is
    /// right.
    pub(crate) fn otherwise(self, writes: &[&Write], reads: &Reading) -> Option<Result<String, String>> {
        match self {
            Specified::Function(function) => {
                Some(function(writes)).filter(|specified| specified != reads).map(|specified| Ok(specified.to_string()))
            }
            #[cfg(feature = "scripts")]
            Specified::Script(script) => script.otherwise(writes, reads),
        }
    }
}

/// A read that is not what its specification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// The key.
    pub key: Key,
    /// What is read.
    pub reads: Reading,
    /// What should be read, in words; or why evaluating the specification failed.
    pub specified: Result<String, String>,
    /// The writes of the key that the master has seen.
    pub seen: Vec<Dot>,
}

/// The first key that `replica` reads otherwise than `specification` says of the writes that it has seen.
pub fn misread<R: Resolver>(specification: Specified, history: &History, replica: &Replica<R>) -> Option<Misread> {
    let seen: Vec<&Write> = history.writes().iter().filter(|write| replica.digest().contains(write.dot)).collect();
    // A key that nobody wrote may be read too, if the protocol is broken.
    let mut keys: BTreeSet<&Key> = replica.readings().map(|(key, _)| key).collect();
    keys.extend(seen.iter().map(|write| &write.key));
    keys.into_iter().find_map(|key| {
        let of_key: Vec<&Write> = seen.iter().copied().filter(|write| write.key == *key).collect();
        let reads = replica.read(key);
        let specified = specification.otherwise(&of_key, &reads)?;
        let seen = of_key.iter().map(|write| write.dot).collect();
        Some(Misread { key: key.clone(), reads, specified, seen })
    })
}

/// The writes that none of the others had seen: the latest, of which there are several where they are concurrent.
fn latest<'a>(writes: &[&'a Write]) -> Vec<&'a Write> {
    let seen_by_another = |write: &Write| writes.iter().any(|other| other.dot != write.dot && other.had_seen(write));
    writes.iter().copied().filter(|write| !seen_by_another(write)).collect()
}
