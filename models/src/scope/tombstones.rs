//! When masters drop tombstones: [`Collected`].

use std::fmt;
use std::str::FromStr;

/// When a master drops a tombstone. To drop one is a background step of its own, which may come at any time from then
/// on, or never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collected {
    /// Never.
    #[default]
    Never,
    /// After a fixed time, whoever has seen the delete by then. The model has no clock: as messages, cuts and crashes
    /// may take longer than any fixed time, the time may be over as soon as the master has the tombstone.
    AfterATime,
    /// Once the master knows that all masters have seen the delete. Masters tell their neighbours what they know of the
    /// progress of all, in steps of their own. A master that comes back under a fresh origin has a clock that is not
    /// behind that of its earlier run, and no message of its earlier run arrives any more.
    WhenAllHaveSeen,
}

/// As scenario files spell it.
impl fmt::Display for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Collected::Never => "never",
            Collected::AfterATime => "after a time",
            Collected::WhenAllHaveSeen => "when all have seen",
        })
    }
}

impl FromStr for Collected {
    type Err = String;

    fn from_str(text: &str) -> Result<Collected, String> {
        let all = [Collected::Never, Collected::AfterATime, Collected::WhenAllHaveSeen];
        all.into_iter().find(|collected| collected.to_string() == text).ok_or_else(|| {
            format!("`collected = {text:?}`: give \"never\", \"after a time\" or \"when all have seen\"")
        })
    }
}
