//! Arguments: the storage of states where only safety is judged.

use super::super::Failure;
use super::super::limits::duration;
use clap::Args;
use multimaster_models::check::engine::{Checkpoints, Storage};
use multimaster_models::fault::{self, Fault};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where states are kept.
#[derive(Args)]
#[command(next_help_heading = "More states than memory holds")]
pub(super) struct Stored {
    /// Judge only the properties of single states: all but `falls silent`. Steps between states are then not kept, so a
    /// state takes at most 24 bytes once it has been expanded. With `--max-memory`, the search moves its states to the
    /// disk when the memory it uses approaches this limit
    #[arg(long, conflicts_with_all = ["matrix", "engine"])]
    pub(super) safety: bool,
    /// The folder for states on disk, in place of the system's temporary folder. Nothing is left in it
    #[arg(long, requires = "safety", value_name = "DIR")]
    disk: Option<PathBuf>,
    /// Write the states of the one scenario to this folder from time to time, and when the search is interrupted or
    /// reaches a limit, so that `--resume` can continue. The folder must be empty or new; it is removed when the
    /// scenario is exhausted
    #[arg(long, requires = "safety", value_name = "DIR", conflicts_with_all = ["resume", "disk"])]
    checkpoint: Option<PathBuf>,
    /// Continue from the last checkpoint in this folder, and write further ones. The scenario, this program and
    /// `--fingerprint` must be the same; limits may differ
    #[arg(long, requires = "safety", value_name = "DIR", conflicts_with = "disk")]
    resume: Option<PathBuf>,
    /// The time between two checkpoints: `90s`, `10m`
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    checkpoint_every: Duration,
    /// The number of bits of the hash that identifies a state: 64 or 128. Two states with the same hash are taken for
    /// one; a bound on the probability is printed below the verdicts. With 128 bits, the probability is below 1e-18 for
    /// ten billion states, and each state takes up to 14 bytes more
    #[arg(long, requires = "safety", value_name = "BITS", value_parser = ["64", "128"], default_value = "64")]
    fingerprint: String,
}

impl Stored {
    /// The storage of the states of these scenarios; `None` if they are kept in memory, up to its limit.
    ///
    /// # Errors
    /// If there are to be checkpoints of several scenarios.
    pub(super) fn storage(&self, scenarios: &[Scenario], limited: bool) -> Result<Option<Storage>, Failure> {
        let wide = self.fingerprint == "128";
        let checkpoints = match (&self.checkpoint, &self.resume) {
            (Some(folder), _) => Some(self.checkpoints(folder, false, scenarios)?),
            (_, Some(folder)) => Some(self.checkpoints(folder, true, scenarios)?),
            _ => None,
        };
        let asked = self.safety && (limited || wide || self.disk.is_some() || checkpoints.is_some());
        Ok(asked.then(|| Storage { folder: self.disk.clone(), wide, checkpoints, ..Storage::default() }))
    }

    fn checkpoints(&self, folder: &Path, resume: bool, scenarios: &[Scenario]) -> Result<Checkpoints, Failure> {
        let [scenario] = scenarios else {
            let option = if resume { "--resume" } else { "--checkpoint" };
            let (folder, count) = (folder.display(), scenarios.len());
            return Err(Failure::Given(format!("`{option} {folder}`: name one scenario, not {count}")));
        };
        let (text, program) = (text_of(scenario)?, program()?);
        let run = [
            ("scenario", scenario.name.clone()),
            ("text of the scenario", sum(text.as_bytes())),
            ("build of multimaster", program),
            ("--fingerprint", self.fingerprint.clone()),
        ];
        let run: BTreeMap<String, String> = run.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Checkpoints { folder: folder.to_owned(), every: self.checkpoint_every, resume, run })
    }
}

/// The text of the scenario's file.
pub(super) fn text_of(scenario: &Scenario) -> Result<String, Fault> {
    let shipped = catalogue::files().into_iter().find(|(name, ..)| *name == scenario.name);
    shipped.map_or_else(|| fault::read(&scenario.name), |(.., text)| Ok(text.to_owned()))
}

/// The version of this program, and a checksum of its file.
pub(super) fn program() -> Result<String, Fault> {
    let file = env::current_exe().and_then(fs::read);
    let file = file.map_err(|error| Fault::of("this program", format!("it cannot be read: {error}")))?;
    Ok(format!("{} {}", env!("CARGO_PKG_VERSION"), sum(&file)))
}

fn sum(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
