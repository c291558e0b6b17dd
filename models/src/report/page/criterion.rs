//! The results of benchmarks, as criterion and the comparison of instruction counts leave them.

use crate::fault::{self, Fault};
use crate::printed::without_position;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

/// An estimate and its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The estimate.
    pub point: f64,
    /// The upper bound.
    pub high: f64,
}

/// A benchmark, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Bench {
    /// Its name: `resolve/last-write/newer`.
    pub name: String,
    /// The time of one iteration in the baseline, in nanoseconds, if there is one.
    pub before: Option<Interval>,
    /// The time of one iteration in the last run, in nanoseconds.
    pub after: Interval,
    /// The relative change that criterion computed from the two samples.
    pub change: Option<Interval>,
}

/// The instructions of one operation, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The rule and the operation.
    pub name: String,
    /// Before, if it was counted.
    pub before: Option<f64>,
    /// After, if it was counted.
    pub after: Option<f64>,
}

#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    /// The better estimate, where criterion has computed it.
    #[serde(default)]
    slope: Option<Estimate>,
}

#[derive(Deserialize)]
struct Estimate {
    confidence_interval: Bounds,
    point_estimate: f64,
}

#[derive(Deserialize)]
struct Bounds {
    lower_bound: f64,
    upper_bound: f64,
}

#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
}

impl From<Estimate> for Interval {
    fn from(estimate: Estimate) -> Interval {
        let Bounds { lower_bound: low, upper_bound: high } = estimate.confidence_interval;
        Interval { low, point: estimate.point_estimate, high }
    }
}

impl Interval {
    /// The baseline's time, from the time after a relative change, where criterion has overwritten the baseline.
    fn before(after: f64, change: Interval) -> Interval {
        let before = |change: f64| after / (1.0 + change);
        Interval { low: before(change.high), point: before(change.point), high: before(change.low) }
    }
}

/// Reads criterion's folder, usually `target/criterion`: for each benchmark the last run, the baseline of this name,
/// and the change between them.
///
/// # Errors
/// If there is no benchmark, or a file is missing or damaged.
pub fn read(folder: &str, baseline: &str) -> Result<Vec<Bench>, Fault> {
    let mut homes = Vec::new();
    find(Path::new(folder), &mut homes)?;
    if homes.is_empty() {
        return Err(Fault::of(folder, "this folder has no benchmark of criterion: run `cargo bench` first"));
    }
    let mut benches = homes.iter().map(|home| bench(home, baseline)).collect::<Result<Vec<_>, _>>()?;
    benches.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(benches)
}

/// The folders below `folder` that have a folder `new`, in order.
fn find(folder: &Path, homes: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let unreadable = |error: std::io::Error| Fault::of(&folder.display().to_string(), error.to_string());
    let mut below = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            below.push(path);
        }
    }
    below.sort();
    if below.iter().any(|path| path.ends_with("new")) {
        homes.push(folder.to_owned());
        return Ok(());
    }
    below.iter().try_for_each(|path| find(path, homes))
}

fn bench(home: &Path, baseline: &str) -> Result<Bench, Fault> {
    let Benchmark { full_id: name } = json(&home.join("new/benchmark.json"))?;
    let after_file = home.join("new/estimates.json");
    let after = interval(&after_file)?;
    let there = |file: PathBuf| if file.exists() { interval(&file).map(Some) } else { Ok(None) };
    let change = there(home.join("change/estimates.json"))?;
    let before = there(home.join(baseline).join("estimates.json"))?;
    // Unless told otherwise, criterion makes each run the next baseline, so that `base` is the last run itself.
    let before = match (before, change) {
        (Some(before), change) if before == after => change.map(|change| Interval::before(after.point, change)),
        (before, _) => before,
    };
    Ok(Bench { name, before, after, change: change.filter(|_| before.is_some()) })
}

fn interval(file: &Path) -> Result<Interval, Fault> {
    let Estimates { mean, slope } = json(file)?;
    let found = Interval::from(slope.unwrap_or(mean));
    if found.low.is_finite() && found.low <= found.point && found.point <= found.high && found.high.is_finite() {
        Ok(found)
    } else {
        Err(Fault::of(&file.display().to_string(), "the estimate does not lie within its confidence interval"))
    }
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T, Fault> {
    let name = file.display().to_string();
    let text = fault::read(&name)?;
    serde_json::from_str(&text).map_err(|error| {
        let what = format!("criterion did not write this: {}", without_position(&error));
        Fault::at(&name, error.line(), what)
    })
}

/// Reads the output of `cargo run -p multimaster-benches`: the table of one commit, or the comparison of two.
///
/// # Errors
/// If the file has no such table, or a line of it is damaged.
pub fn read_instructions(file: &str) -> Result<Vec<Count>, Fault> {
    let text = fault::read(file)?;
    let mut counts = Vec::new();
    let mut columns = 0;
    for (place, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        match cells.as_slice() {
            _ if !line.starts_with('|') => columns = 0,
            ["rule", "operation", "instructions"] => columns = 3,
            ["rule", "operation", "before", "after", "change"] => columns = 5,
            _ if columns == 0 || cells.iter().all(|cell| cell.trim_matches(['-', ':', ' ']).is_empty()) => {}
            [rule, operation, rest @ ..] if cells.len() == columns => {
                let number = |cell: &str| match cell {
                    "-" => Ok(None),
                    cell => cell
                        .parse::<f64>()
                        .ok()
                        .filter(|count| count.is_finite() && *count >= 0.0)
                        .map(Some)
                        .ok_or_else(|| Fault::at(file, place + 1, format!("`{cell}` is not a number of instructions"))),
                };
                let (before, after) =
                    if columns == 3 { (None, number(rest[0])?) } else { (number(rest[0])?, number(rest[1])?) };
                counts.push(Count { name: format!("{rule} {operation}"), before, after });
            }
            _ => return Err(Fault::at(file, place + 1, format!("a row of {columns} cells is expected here"))),
        }
    }
    if counts.is_empty() {
        let what = "no table of instructions is here: write one by `cargo run -p multimaster-benches -- HEAD^ HEAD`";
        return Err(Fault::of(file, what));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, file: &str, text: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, text).expect("written");
    }

    fn estimates(low: f64, point: f64, high: f64) -> String {
        format!(
            r#"{{"mean":{{"confidence_interval":{{"confidence_level":0.95,"lower_bound":{low},"upper_bound":{high}}},"point_estimate":{point},"standard_error":0.1}},"slope":null}}"#
        )
    }

    #[test]
    fn a_benchmark_is_read_with_its_baseline_and_damage_is_named() {
        let folder = std::env::temp_dir().join(format!("multimaster-criterion-{}", std::process::id()));
        let at = folder.to_str().expect("UTF-8");
        write(&folder, "resolve_lww/newer/new/benchmark.json", r#"{"full_id":"resolve/lww/newer"}"#);
        write(&folder, "resolve_lww/newer/new/estimates.json", &estimates(9.0, 10.0, 11.0));
        write(&folder, "report/index.html", "");
        let alone = read(at, "base").expect("read");
        let after = Interval { low: 9.0, point: 10.0, high: 11.0 };
        assert_eq!(alone, [Bench { name: "resolve/lww/newer".into(), before: None, after, change: None }]);

        // The baseline is a copy of the last run, so the time before follows from the change.
        write(&folder, "resolve_lww/newer/base/estimates.json", &estimates(9.0, 10.0, 11.0));
        write(&folder, "resolve_lww/newer/change/estimates.json", &estimates(-0.6, -0.5, -0.2));
        let before = read(at, "base").expect("read")[0].before.expect("before");
        assert_eq!((before.low, before.point, before.high), (12.5, 20.0, 25.0));
        write(&folder, "resolve_lww/newer/old/estimates.json", &estimates(18.0, 19.0, 21.0));
        assert_eq!(read(at, "old").expect("read")[0].before.map(|before| before.point), Some(19.0));

        write(&folder, "resolve_lww/newer/old/estimates.json", "{\"mean\":\n7}");
        let fault = read(at, "old").expect_err("damaged").to_string();
        assert!(fault.contains("old/estimates.json:2: criterion did not write this"), "{fault}");
        write(&folder, "resolve_lww/newer/old/estimates.json", &estimates(3.0, 2.0, 1.0));
        assert!(read(at, "old").expect_err("damaged").to_string().contains("within its confidence interval"));
        fs::remove_file(folder.join("resolve_lww/newer/new/estimates.json")).expect("removed");
        assert!(read(at, "base").expect_err("absent").to_string().contains("new/estimates.json"));
        fs::remove_dir_all(&folder).expect("removed");
        assert!(read(at, "base").is_err());
    }

    #[test]
    fn instructions_are_read_from_both_tables() {
        let file = std::env::temp_dir().join(format!("multimaster-instructions-{}.md", std::process::id()));
        let at = file.to_str().expect("UTF-8");
        let read = |text: &str| {
            fs::write(&file, text).expect("written");
            read_instructions(at)
        };
        let one = read(
            "# Instructions\n\n| rule | operation | instructions |\n| --- | --- | ---: |\n| set | apply | 12.5 |\n",
        );
        assert_eq!(one.expect("read"), [Count { name: "set apply".into(), before: None, after: Some(12.5) }]);
        let head = "| rule | operation | before | after | change |\n| --- | --- | ---: | ---: | ---: |\n";
        let two =
            read(&format!("{head}| set | apply | 10.0 | 11.0 | +10.00 % |\n| set | write | - | 3.0 | only after |\n"));
        assert_eq!(two.expect("read")[1], Count { name: "set write".into(), before: None, after: Some(3.0) });
        let damaged = read(&format!("{head}| set | apply | ten | 11.0 | x |\n")).expect_err("damaged").to_string();
        assert!(damaged.contains(":3: `ten` is not a number of instructions"), "{damaged}");
        assert!(read("nothing").expect_err("no table").to_string().contains("no table of instructions"));
        fs::remove_file(&file).expect("removed");
    }
}
