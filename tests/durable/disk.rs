//! A simulated disk, whose power can be cut: [`Disk`].

use multimaster::durable::Storage;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The content of the two files of a store.
pub(crate) type Files = [Vec<u8>; 2];

/// A disk in memory that records its steps. A step is durable once a later sync of its file has returned; until
/// then, a power cut may keep it, lose it or tear it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    files: Files,
    trace: Trace,
    /// The number of syncs that still succeed; all later ones fail.
    syncs_left: Option<usize>,
    /// Whether syncs return without making a step durable.
    lies: bool,
    /// The duration of a sync.
    delay: Duration,
}

/// The steps of a disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// The durable content before the first step.
    pub(crate) first: Files,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write {
        file: usize,
        at: usize,
        data: Vec<u8>,
    },
    Clear {
        file: usize,
    },
    Sync {
        file: usize,
    },
    /// A note of the test: this number of changes is acknowledged as flushed from here on.
    Acknowledged(usize),
}

impl Disk {
    pub(crate) fn with(files: Files) -> Disk {
        let trace = Trace { first: files.clone(), steps: Vec::new() };
        Disk(Arc::new(Mutex::new(Inner { files, trace, ..Inner::default() })))
    }

    /// A disk that reports syncs that it has not done.
    pub(crate) fn lying() -> Disk {
        Disk(Arc::new(Mutex::new(Inner { lies: true, ..Inner::default() })))
    }

    pub(crate) fn slow(delay: Duration) -> Disk {
        Disk(Arc::new(Mutex::new(Inner { delay, ..Inner::default() })))
    }

    pub(crate) fn acknowledge(&self, count: usize) {
        self.0.lock().unwrap().trace.steps.push(Step::Acknowledged(count));
    }

    pub(crate) fn trace(&self) -> Trace {
        self.0.lock().unwrap().trace.clone()
    }

    pub(crate) fn syncs(&self) -> usize {
        self.trace().steps.iter().filter(|step| matches!(step, Step::Sync { .. })).count()
    }

    /// Forgets the steps so far; their content counts as durable.
    pub(crate) fn forget(&self) {
        let mut inner = self.0.lock().unwrap();
        inner.trace = Trace { first: inner.files.clone(), steps: Vec::new() };
    }

    /// The next `count` syncs succeed; all later ones fail.
    pub(crate) fn fail_after(&self, count: usize) {
        self.0.lock().unwrap().syncs_left = Some(count);
    }

    pub(crate) fn files(&self) -> Files {
        self.0.lock().unwrap().files.clone()
    }

    /// The content after a power cut that loses everything that was not synced.
    pub(crate) fn synced(&self) -> Files {
        let trace = self.trace();
        trace.durable(trace.steps.len()).files
    }
}

impl Inner {
    fn take(&mut self, step: Step) {
        step.apply(&mut self.files);
        self.trace.steps.push(step);
    }
}

impl Storage for Disk {
    fn read(&mut self, file: usize) -> io::Result<Vec<u8>> {
        Ok(self.0.lock().unwrap().files[file].clone())
    }

    fn append(&mut self, file: usize, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        let at = inner.files[file].len();
        inner.take(Step::Write { file, at, data: bytes.to_vec() });
        Ok(())
    }

    fn clear(&mut self, file: usize) -> io::Result<()> {
        self.0.lock().unwrap().take(Step::Clear { file });
        Ok(())
    }

    fn sync(&mut self, file: usize) -> io::Result<()> {
        let delay = self.0.lock().unwrap().delay;
        thread::sleep(delay);
        let mut inner = self.0.lock().unwrap();
        if let Some(left) = &mut inner.syncs_left {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("the simulated disk fails"))?;
        }
        if !inner.lies {
            inner.trace.steps.push(Step::Sync { file });
        }
        Ok(())
    }
}

impl Step {
    pub(crate) fn apply(&self, files: &mut Files) {
        match self {
            Step::Write { file, at, data } => write(&mut files[*file], *at, data),
            Step::Clear { file } => files[*file].clear(),
            Step::Sync { .. } | Step::Acknowledged(_) => {}
        }
    }

    /// The file that the step alters.
    fn file(&self) -> Option<usize> {
        match self {
            Step::Write { file, .. } | Step::Clear { file } => Some(*file),
            Step::Sync { .. } | Step::Acknowledged(_) => None,
        }
    }
}

/// Writes the data, also past the end of the content: zeros fill the gap.
pub(crate) fn write(content: &mut Vec<u8>, at: usize, data: &[u8]) {
    content.resize(content.len().max(at + data.len()), 0);
    content[at..at + data.len()].copy_from_slice(data);
}

/// A disk at a power cut.
pub(crate) struct Found {
    /// The durable content.
    pub(crate) files: Files,
    /// The steps that were not synced, which the cut may keep, lose or tear.
    pub(crate) pending: Vec<Step>,
    /// The number of changes acknowledged as flushed.
    pub(crate) acknowledged: usize,
}

impl Trace {
    /// The disk at a cut before the step at `place`.
    pub(crate) fn durable(&self, place: usize) -> Found {
        let mut found = Found { files: self.first.clone(), pending: Vec::new(), acknowledged: 0 };
        for step in &self.steps[..place] {
            match step {
                Step::Sync { file } => {
                    let synced = found.pending.extract_if(.., |step| step.file() == Some(*file));
                    synced.for_each(|step| step.apply(&mut found.files));
                }
                Step::Acknowledged(count) => found.acknowledged = *count,
                step => found.pending.push(step.clone()),
            }
        }
        found
    }
}
