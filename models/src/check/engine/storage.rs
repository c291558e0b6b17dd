//! The storage of an exploration's states: [`Storage`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The storage of the states of an exploration in which [only safety](super::Limits::safety) is judged.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    /// The folder for states that memory does not hold; `None` for the system's temporary folder. No file is left there
    /// when the process ends.
    pub folder: Option<PathBuf>,
    /// The most fingerprints in memory, whatever their size; `None` for no limit but that of memory.
    pub most_held: Option<usize>,
    /// Whether fingerprints have 128 bits, not 64.
    pub wide: bool,
    /// The checkpoints from which another process can continue. All files are in their folder.
    pub checkpoints: Option<Checkpoints>,
}

/// The checkpoints of an exploration.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    /// Their folder.
    pub folder: PathBuf,
    /// The time between two checkpoints. There is one more when the exploration is cut.
    pub every: Duration,
    /// Whether to continue from the checkpoint in the folder. Otherwise the folder must have none.
    pub resume: bool,
    /// The values that must be equal when the exploration continues, by name.
    pub run: BTreeMap<String, String>,
}
