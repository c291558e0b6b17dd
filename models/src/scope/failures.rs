//! The failures of masters and of the paths between them: [`Failures`].

use multimaster::MasterId;
use std::fmt;
use std::str::FromStr;

/// The failures that may happen. Failures of single messages are in [`LinkKind`](crate::scope::LinkKind).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// The most cuts.
    pub cuts: u8,
    /// The paths of each possible cut. Empty if there are no cuts.
    pub severed: Vec<Severed>,
    /// The most crashes.
    pub crashes: u8,
    /// The masters that may crash.
    pub crashing: Vec<MasterId>,
    /// The state of a master after a crash.
    pub keeps: Keeps,
    /// Whether a crashed master restarts.
    pub restarts: bool,
    /// Whether a master crashes only when each neighbour to which it sends has seen every write that the master has
    /// seen, as a master that leaves in good order.
    pub drained: bool,
    /// Whether the other masters replace the edges of a dead master, at any later time.
    pub repaired: bool,
    /// The condition for the acknowledgement of a write.
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

    /// Whether a crash may lose changes that a master has seen.
    pub(crate) fn forget(&self) -> bool {
        self.crashes > 0 && self.keeps != Keeps::All
    }
}

/// Paths that a cut severs together, and their name. Until the cut is healed, no message passes along a severed path,
/// neither changes nor digests. Messages in flight along it are lost or arrive after the cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Severed {
    /// As a scenario file gives it: `A -> B`, `A - B`, or `A`.
    pub name: String,
    /// The paths, each from a master to a neighbour.
    pub paths: Vec<(MasterId, MasterId)>,
}

/// The state of a master after a crash. Messages in flight are not part of the state; they may arrive after the
/// restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Its whole state. It keeps its origin.
    All,
    /// Its state at the last flush. A flush may happen at any time. The master takes a fresh origin, because it may
    /// have sent changes after the flush.
    Flushed,
    /// A copy of its state, made at any earlier time. Every write is flushed at once, but the crash destroys the disk.
    /// The master takes a fresh origin.
    OlderCopy,
    /// No state. The master takes a fresh origin.
    Nothing,
}

/// The condition for the acknowledgement of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Its master has applied it.
    Applied,
    /// Its master has flushed it.
    Flushed,
    /// This number of other masters have seen it.
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
