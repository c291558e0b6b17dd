//! The specification of each data type: a key's reading as a function of the writes to it that a master has seen.
//!
//! After Burckhardt, Gotsman, Yang and Zawirski, "Replicated data types: specification, verification, optimality", POPL
//! 2014: a specification receives the operations seen, the happened-before relation between them (*visibility*), and a
//! total order for concurrent operations (*arbitration*: the timestamps). It has no state, no messages and no merge. It
//! shares no line with the rules whose readings it judges, and may be slow and plain. An example is the observed-remove
//! set: an element is in if it was inserted, and no remove of it has that insert in its causal past.
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
//! The last value to arrive, and values merged pair by pair by a function, are no functions of the operations seen, so
//! these rules have no specification.

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
use std::sync::Arc;

/// A key's reading as a function of the writes to it that the master has seen, in dot order.
pub type Specification = fn(&[&Write]) -> Reading;

/// A specification: a function, or a script in a scenario file.
#[derive(Clone, Copy, Debug)]
pub enum Specified {
    /// A function.
    Function(Specification),
    /// A script, which lives as long as the program, as scenarios do.
    #[cfg(feature = "scripts")]
    Script(&'static Script),
}

impl From<Specification> for Specified {
    fn from(function: Specification) -> Specified {
        Specified::Function(function)
    }
}

impl Specified {
    /// The reading that the specification prescribes, in words, or the reason for which its evaluation failed; `None`
    /// if the reading is the prescribed one.
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

/// A reading that differs from its specification's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// The key.
    pub key: Key,
    /// The master's reading.
    pub reads: Reading,
    /// The specification's reading, in words; or the reason for which its evaluation failed.
    pub specified: Result<String, String>,
    /// The writes of the key that the master has seen.
    pub seen: Vec<Dot>,
}

/// The first key whose reading at `replica` differs from the specification's for the writes seen.
pub fn misread<R: Resolver>(specification: Specified, history: &History, replica: &Replica<R>) -> Option<Misread> {
    let seen: Vec<&Write> =
        history.writes().iter().map(Arc::as_ref).filter(|write| replica.digest().contains(write.dot)).collect();
    // Under a broken protocol, a key that nobody wrote may have a reading, too.
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

/// The maximal writes: those in no other's causal past. There are several if they are concurrent.
fn latest<'a>(writes: &[&'a Write]) -> Vec<&'a Write> {
    let seen_by_another = |write: &Write| writes.iter().any(|other| other.dot != write.dot && other.had_seen(write));
    writes.iter().copied().filter(|write| !seen_by_another(write)).collect()
}
