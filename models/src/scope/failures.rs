//! The failures of masters and of the paths between them: [`Failures`].

use multimaster::MasterId;
use std::fmt;
use std::str::FromStr;

/// The failures that may happen, beside those of single messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// The most cuts.
    pub cuts: u8,
    /// What one cut severs. Empty if there are no cuts.
    pub severed: Vec<Severed>,
    /// The most crashes.
    pub crashes: u8,
    /// The masters that may crash.
    pub crashing: Vec<MasterId>,
    /// What a master that crashed comes back with.
    pub keeps: Keeps,
    /// Whether masters come back.
    pub restarts: bool,
    /// Whether a master goes down only once each neighbour that it sends to has seen all that it has seen: it leaves.
    pub drained: bool,
    /// Whether the others lead the topology past masters that crashed for good, at some later time.
    pub repaired: bool,
    /// When a write is acknowledged.
    pub level: Level,
}

/// No failures.
impl Default for Failures {
    fn default() -> Self {
        Failures {
            cuts: 0,
            severed: Vec::new(),
            crashes: 0,
            crashing: Vec::new(),
            keeps: Keeps::All,
            restarts: true,
            drained: false,
            repaired: false,
            level: Level::Applied,
        }
    }
}

impl Failures {
    /// Whether a master or a path may fail, or a write is acknowledged only later.
    pub(crate) fn any(&self) -> bool {
        self.cuts > 0 || self.crashes > 0 || self.level != Level::Applied
    }

    /// Whether a master may lose what it has seen.
    pub(crate) fn forget(&self) -> bool {
        self.crashes > 0 && self.keeps != Keeps::All
    }
}

/// Paths that a cut severs together, and their name. No message passes along a severed path, neither changes nor
/// digests, until the cut is healed. What was in flight there may be lost, or arrive afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Severed {
    /// As a scenario file gives it: `A -> B`, `A - B`, or `A`.
    pub name: String,
    /// The paths, each from a master to a neighbour.
    pub paths: Vec<(MasterId, MasterId)>,
}

/// What a master that crashed comes back with. Messages in flight are not part of a master's state; they may arrive
/// while it is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Its whole state. It goes on under its origin.
    All,
    /// Its state at the last flush, which may be any moment of its past: it flushes at any time. It takes a fresh
    /// origin, because it may have sent changes that it forgot.
    Flushed,
    /// A copy of its state, which was made at any moment of its past. Every write is flushed at once, but the disk with
    /// the flushed state is gone. It takes a fresh origin.
    OlderCopy,
    /// Nothing. It takes a fresh origin.
    Nothing,
}

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As soon as the master has applied it.
    Applied,
    /// When the master has flushed it.
    Flushed,
    /// When so many other masters have seen it.
    HeldBy(u8),
}

/// As scenario files spell it.
impl fmt::Display for Keeps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Keeps::All => "all",
            Keeps::Flushed => "flushed",
            Keeps::OlderCopy => "older copy",
            Keeps::Nothing => "nothing",
        })
    }
}

impl FromStr for Keeps {
    type Err = String;

    fn from_str(text: &str) -> Result<Keeps, String> {
        let all = [Keeps::All, Keeps::Flushed, Keeps::OlderCopy, Keeps::Nothing];
        all.into_iter()
            .find(|keeps| keeps.to_string() == text)
            .ok_or_else(|| format!("`keeps = {text:?}`: give \"all\", \"flushed\", \"older copy\" or \"nothing\""))
    }
}

/// As scenario files spell it.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Level::Applied => f.write_str("applied"),
            Level::Flushed => f.write_str("flushed"),
            Level::HeldBy(others) => write!(f, "held by {others}"),
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        let held = text.strip_prefix("held by ").and_then(|others| others.parse().ok()).map(Level::HeldBy);
        match text {
            "applied" => Ok(Level::Applied),
            "flushed" => Ok(Level::Flushed),
            _ => held.ok_or_else(|| {
                format!("`acknowledge = {text:?}`: give \"applied\", \"flushed\" or \"held by N\" (N other masters)")
            }),
        }
    }
}
