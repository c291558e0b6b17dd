//! States on disk, and checkpoints: the same verdicts, counts and paths as in memory, whatever the limits, and wherever
//! a search is stopped and continued.

use multimaster_models::check::engine::{Checkpoints, Cut, Limits, Report, Storage, Verdict};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder that is removed when this is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        let path = std::env::temp_dir().join(format!("multimaster-stored-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Temporary(path)
    }

    fn files(&self) -> Vec<PathBuf> {
        files(&self.0)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Shipped scenarios that differ in what their states consist of.
fn spread() -> Vec<Scenario> {
    let names = [
        "article/relay-ring",
        "two-shards",
        "stream/ring-last-write",
        "datagram/ring-set",
        "failures/joins",
        "failures/lost-state",
        "failures/session-with-a-token",
        "failures/tombstones-of-cassandra",
        "free/register",
        "running/pair-set",
        "snapshot/ring-set",
        "soup/all-to-all-set",
        "types/bounded-counter-star",
    ];
    names.into_iter().map(|name| catalogue::find(name).unwrap()).collect()
}

fn safety() -> Limits {
    Limits { safety: true, ..Limits::default() }
}

fn assert_same(one: &Report, other: &Report, name: &str) {
    assert_eq!(one.findings, other.findings, "{name}");
    let figures = |report: &Report| (report.states, report.generated, report.depth, report.frontier, report.cut);
    assert_eq!(figures(one), figures(other), "{name}");
}

#[test]
fn states_on_disk_have_the_same_verdicts() {
    let folder = Temporary::new("same");
    for scenario in spread() {
        let in_memory = scenario.model().explore(safety(), &mut |_, _| {});
        for (most_held, wide) in [(None, false), (Some(40), true), (Some(300), false)] {
            let storage = Storage { folder: Some(folder.0.clone()), most_held, wide, checkpoints: None };
            let stored = scenario.model().explore_stored(safety(), &storage).unwrap();
            assert_same(&stored, &in_memory, &scenario.name);
            let moved = most_held.is_some_and(|most| most < stored.states);
            assert_eq!(stored.on_disk > 0, moved, "{}", scenario.name);
            assert_eq!(stored.mistaken < 1e-20, wide);
        }
    }
    assert_eq!(folder.files(), Vec::<PathBuf>::new());
}

fn checkpoints(folder: &Path, resume: bool) -> Storage {
    let run = BTreeMap::from([("scenario".to_owned(), "this".to_owned())]);
    let checkpoints = Checkpoints { folder: folder.to_owned(), every: Duration::from_secs(1000), resume, run };
    Storage { checkpoints: Some(checkpoints), most_held: Some(100), ..Storage::default() }
}

/// Stops at the end of each level, and continues.
#[test]
fn a_search_continues_after_each_depth() {
    for scenario in spread().iter().skip(1).step_by(3) {
        let folder = Temporary::new("depth");
        let folder = folder.0.join("checkpoints");
        let in_memory = scenario.model().explore(safety(), &mut |_, _| {});
        let (mut stops, mut states) = (0, 1);
        let resumed = loop {
            let limits = Limits { states, ..safety() };
            let report = scenario.model().explore_stored(limits, &checkpoints(&folder, stops > 0)).unwrap();
            match report.cut {
                Some(Cut::States(_)) => (stops, states) = (stops + 1, report.states + report.frontier),
                _ => break report,
            }
        };
        assert_same(&resumed, &in_memory, &scenario.name);
        assert!(stops > 3, "{}: {stops}", scenario.name);
        assert!(!folder.exists(), "a checkpoint is removed once its search has ended");
    }
}

/// Stops wherever a few milliseconds end, and continues.
#[test]
fn a_search_continues_within_a_depth() {
    let scenario = catalogue::find("failures/joins").unwrap();
    let in_memory = scenario.model().explore(safety(), &mut |_, _| {});
    let folder = Temporary::new("within");
    let folder = folder.0.join("checkpoints");
    let (mut stops, mut time) = (0, Duration::from_millis(2));
    let resumed = loop {
        let limits = Limits { time, ..safety() };
        let report = scenario.model().explore_stored(limits, &checkpoints(&folder, stops > 0)).unwrap();
        match report.cut {
            Some(Cut::Time(_)) => (stops, time) = (stops + 1, report.time + Duration::from_millis(2)),
            _ => break report,
        }
    };
    assert_same(&resumed, &in_memory, &scenario.name);
    assert!(stops > 0);
}

/// A checkpoint after a few levels.
fn stopped(folder: &Path) -> Scenario {
    let scenario = catalogue::find("datagram/ring-set").unwrap();
    let limits = Limits { states: 200, ..safety() };
    let report = scenario.model().explore_stored(limits, &checkpoints(folder, false)).unwrap();
    assert_eq!(report.cut, Some(Cut::States(200)));
    assert!(report.frontier > 100);
    scenario
}

#[test]
fn damaged_checkpoints_are_refused() {
    let folder = Temporary::new("damaged");
    let scenario = stopped(&folder.0);
    let resume = || scenario.model().explore_stored(safety(), &checkpoints(&folder.0, true));
    let whole: Vec<(PathBuf, Vec<u8>)> =
        folder.files().into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect();
    assert!(whole.len() >= 5);
    for (file, bytes) in &whole {
        if bytes.is_empty() {
            continue;
        }
        let name = file.file_name().unwrap().to_str().unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        let torn = &bytes[..bytes.len() - 1];
        for (wrong, why) in [(&flipped[..], "is damaged"), (torn, ""), (&[], "")] {
            fs::write(file, wrong).unwrap();
            let error = resume().unwrap_err();
            assert!(error.contains(name) && error.contains(why), "{name}: {error}");
        }
        fs::remove_file(file).unwrap();
        assert!(resume().is_err(), "{name} is missing");
        fs::write(file, bytes).unwrap();
    }
    // What a process wrote after its last checkpoint, before it was killed, does no harm.
    for (file, bytes) in whole.iter().filter(|(file, _)| file.extension().is_some_and(|end| end == "states")) {
        fs::write(file, [&bytes[..], b"more"].concat()).unwrap();
    }
    fs::write(folder.0.join("checkpoint.new"), "half").unwrap();
    for number in (1..200).map(|number| folder.0.join(format!("{number}.states"))).filter(|file| !file.exists()) {
        fs::write(number, "half").unwrap();
    }
    fs::write(folder.0.join("mine.states"), "not of a checkpoint").unwrap();
    let in_memory = scenario.model().explore(safety(), &mut |_, _| {});
    assert_same(&resume().unwrap(), &in_memory, "resumed");
    // Only the search's own files are removed.
    let names: Vec<_> = folder.files().iter().map(|file| file.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["mine.states"]);
    let error = scenario.model().explore_stored(safety(), &checkpoints(&folder.0, false)).unwrap_err();
    assert!(error.contains("is not empty"), "{error}");
}

#[test]
fn checkpoints_of_another_run_are_refused() {
    let folder = Temporary::new("other");
    let scenario = stopped(&folder.0);
    let mut storage = checkpoints(&folder.0, true);
    if let Some(asked) = &mut storage.checkpoints {
        asked.run.insert("scenario".into(), "another".into());
    }
    let error = scenario.model().explore_stored(safety(), &storage).unwrap_err();
    assert!(error.contains("another scenario: this, not another"), "{error}");
    let error = scenario.model().explore_stored(safety(), &checkpoints(&folder.0, false)).unwrap_err();
    assert!(error.contains("has a checkpoint already"), "{error}");
    let other = catalogue::find("datagram/star-set").unwrap();
    let error = other.model().explore_stored(safety(), &checkpoints(&folder.0, true)).unwrap_err();
    assert!(error.contains("does not number its parts"), "{error}");
    let nothing = folder.0.join("nothing");
    let error = scenario.model().explore_stored(safety(), &checkpoints(&nothing, true)).unwrap_err();
    assert!(error.contains("has no checkpoint"), "{error}");
}

/// Without `safety`, steps between states are needed, which are not stored.
#[test]
fn only_safety_is_stored() {
    let scenario = catalogue::find("hello").unwrap();
    for storage in [checkpoints(Path::new("nowhere"), false), Storage { wide: true, ..Storage::default() }] {
        let error = scenario.model().explore_stored(Limits::default(), &storage).unwrap_err();
        assert!(error.contains("need `--safety`"), "{error}");
    }
}

#[test]
fn a_disk_that_fails_exhausts_nothing() {
    let folder = Temporary::new("fails");
    let file = folder.0.join("file");
    fs::write(&file, "").unwrap();
    let scenario = catalogue::find("datagram/ring-set").unwrap();
    let storage = Storage { folder: Some(file), most_held: Some(100), ..Storage::default() };
    let report = scenario.model().explore_stored(safety(), &storage).unwrap();
    assert!(matches!(report.cut, Some(Cut::Disk(why)) if why.contains("cannot create")), "{:?}", report.cut);
    assert!(report.findings.iter().any(|finding| finding.verdict == Verdict::NotExhausted));
    assert!(report.findings.iter().all(|finding| finding.witness || !matches!(finding.verdict, Verdict::Holds(_))));
}
