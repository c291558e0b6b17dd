//! A search that other processes can continue: [`Saved`].
//!
//! A checkpoint has no states. It has the step that reached each state first, for all states up to the begin of a level.
//! To continue, the processes take these steps again, and no others. So any number of processes can continue.

use crate::check::engine::Checkpoints;
use crate::check::reached::{Reached, next_step};
use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file of a checkpoint.
const FILE: &str = "levels.checkpoint";
/// The same file while it is being written.
const NEW: &str = "levels.new";

/// The search at the begin of a level.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Head {
    /// The values that must be equal in the processes that continue, by name.
    pub(super) run: BTreeMap<String, String>,
    /// The number of the first state of the level.
    pub(super) begun: usize,
    /// The number of states found.
    pub(super) states: usize,
    pub(super) generated: u64,
    pub(super) depth: usize,
    pub(super) decided: Vec<Option<usize>>,
    pub(super) unsure: bool,
    pub(super) time: Duration,
}

/// The checkpoints of a search, which one process writes.
pub(super) struct Saved {
    folder: PathBuf,
    every: Duration,
    run: BTreeMap<String, String>,
    saved_at: Instant,
}

fn said(path: &Path, does: &str, error: &io::Error) -> String {
    format!("cannot {does} {}: {error}", path.display())
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    FixedState::with_seed(1).hash_one(bytes).to_le_bytes()
}

impl Saved {
    /// The checkpoints that were asked for, and the content of the one to continue from.
    pub(super) fn begin(asked: &Checkpoints) -> Result<(Saved, Option<Vec<u8>>), String> {
        let Checkpoints { folder, every, resume, run } = asked.clone();
        let (path, shown) = (folder.join(FILE), folder.display());
        let content = match (resume, path.exists()) {
            (false, true) => {
                return Err(format!(
                    "{shown} has a checkpoint already: continue with `--resume {shown}`, or remove it"
                ));
            }
            (true, false) => return Err(format!("{shown} has no checkpoint of several processes")),
            (false, false) => None,
            (true, true) => Some(read(&path, &run)?),
        };
        fs::create_dir_all(&folder).map_err(|error| said(&folder, "create", &error))?;
        Ok((Saved { folder, every, run, saved_at: Instant::now() }, content))
    }

    pub(super) fn is_due(&self) -> bool {
        self.saved_at.elapsed() >= self.every
    }

    /// Writes a checkpoint in place of the last one. `steps` are all steps that reached states first.
    pub(super) fn save(&mut self, head: Head, reached: &Reached) -> Result<(), String> {
        let (new, path) = (self.folder.join(NEW), self.folder.join(FILE));
        let head = serde_json::to_vec(&Head { run: self.run.clone(), ..head });
        let head = head.map_err(|error| format!("a checkpoint cannot be written: {error}"))?;
        let mut content = (head.len() as u64).to_le_bytes().to_vec();
        content.extend(head);
        reached.bytes_from((0, 0)).0.for_each(|piece| content.extend_from_slice(piece));
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(&checksum(&content))?;
            file.write_all(&content)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        });
        self.saved_at = Instant::now();
        written.map_err(|error| said(&path, "write", &error))
    }

    /// Removes the checkpoint of a search that has ended.
    pub(super) fn remove(self) -> Result<(), String> {
        let path = self.folder.join(FILE);
        if path.exists() {
            fs::remove_file(&path).map_err(|error| said(&path, "remove", &error))?;
        }
        // A folder with other files stays.
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }
}

/// The content of a checkpoint of this run.
fn read(path: &Path, run: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let mut bytes = fs::read(path).map_err(|error| said(path, "read", &error))?;
    let content = bytes.split_off(bytes.len().min(8));
    if bytes != checksum(&content) {
        return Err(format!("{shown} is damaged"));
    }
    let Replay { head, .. } = Replay::of(&content).ok_or_else(|| format!("{shown} is damaged"))?;
    match head.run.iter().find(|(name, value)| run.get(*name) != Some(value)) {
        Some((name, value)) => {
            let now = run.get(name).map_or("nothing", |now| now);
            Err(format!("{shown}: the checkpoint was made with another {name}: {value}, not {now}"))
        }
        None => Ok(content),
    }
}

/// The steps of a checkpoint, to be taken again in order.
pub(super) struct Replay {
    pub(super) head: Head,
    steps: Vec<u8>,
    /// The place after the next step.
    at: usize,
    /// The next step: the number of the state that it leaves, and its index there.
    next: Option<(u32, u32)>,
}

impl Replay {
    /// `None` if this is not the content of a checkpoint.
    pub(super) fn of(content: &[u8]) -> Option<Replay> {
        let (length, rest) = content.split_first_chunk()?;
        let (head, steps) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let head = serde_json::from_slice(head).ok()?;
        let mut replay = Replay { head, steps: steps.to_vec(), at: 0, next: Some((0, 0)) };
        replay.advance();
        Some(replay)
    }

    fn advance(&mut self) {
        let parent = self.next.map_or(0, |(parent, _)| parent);
        let mut rest = &self.steps[self.at..];
        self.next = (!rest.is_empty()).then(|| {
            let (apart, place) = next_step(&mut rest);
            (parent + apart, place)
        });
        self.at = self.steps.len() - rest.len();
    }

    /// The next steps that leave this state. States must be given in the order of their numbers.
    pub(super) fn steps_from(&mut self, state: u32) -> Vec<u32> {
        let mut places = Vec::new();
        while let Some((parent, place)) = self.next.filter(|(parent, _)| *parent <= state) {
            if parent == state {
                places.push(place);
            }
            self.advance();
        }
        places
    }
}
