//! Instructions for one operation of every public rule and of a replica, at one commit or at two:
//!
//! ```console
//! $ cargo run -p multimaster-benches -- HEAD           # a table
//! $ cargo run -p multimaster-benches -- HEAD^ HEAD     # what changed; fails on a rise of more than 2 % that is not stated
//! ```
//!
//! A rise is stated by a line in the message of a commit between the two, as `Costs: last-write apply +3 %, because …`.
//! Needs `valgrind`, and `gungraun-runner` in the version that `benches/Cargo.toml` names. Commits are checked out one
//! after the other into one work tree under the target directory: cargo tells by the time of a file what it must build
//! again, and two trees that share a target directory would pass for one.
#![allow(clippy::print_stderr, reason = "a command")]

use multimaster_benches::OPERATIONS;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// By rule and operation.
type Counts = BTreeMap<(String, String), u64>;

/// Percent by which a count may rise without a word.
const ALLOWED: f64 = 2.0;
/// Percent by which a rise may exceed what is stated, as people round.
const ROUNDING: f64 = 1.0;
/// Where a commit has what is run here.
const BENCH: &str = "benches/instructions.rs";
/// What can alter a count.
const MEASURED: [&str; 6] =
    ["src", "models/src/rules", "Cargo.toml", "Cargo.lock", "benches/Cargo.toml", ":(glob)benches/*.rs"];

fn main() -> ExitCode {
    let commits: Vec<String> = env::args().skip(1).collect();
    let done = match commits.as_slice() {
        [commit] => table(commit),
        [old, new] => compare(old, new),
        _ => Err("usage: compare COMMIT, or compare OLD NEW".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints what each operation costs.
fn table(commit: &str) -> Result<bool> {
    if !has_bench(commit)? {
        return Err(format!("{commit} has no {BENCH}").into());
    }
    let counts = Tree::new()?.measure(commit)?;
    println!("# Instructions for one operation\n");
    println!("Made by `cargo run -p multimaster-benches -- HEAD`, with {}, on {}.", compiler()?, env::consts::ARCH);
    println!(
        "It informs only: another compiler counts otherwise. What is held to is the change between two commits.\n"
    );
    println!(
        "`apply` is the mean over a newer, a stale, a tied and a concurrent change; `write` is `prepare` and `apply`"
    );
    println!("at the writing master. What a replica does is done under `last-write`, with two neighbours.\n");
    println!("| rule | operation | instructions |\n| --- | --- | ---: |");
    for ((rule, operation), count) in &counts {
        println!("| {rule} | {operation} | {:.1} |", each(*count));
    }
    Ok(true)
}

/// Prints what has changed. False if something rose, and nobody said so.
fn compare(old: &str, new: &str) -> Result<bool> {
    let differ = !git(["diff", "--quiet", old, new, "--"].into_iter().chain(MEASURED))?.status.success();
    if !differ {
        println!("Nothing that is measured differs between {old} and {new}.");
        return Ok(true);
    }
    for commit in [old, new] {
        if !has_bench(commit)? {
            println!("{commit} has no {BENCH}: nothing to compare.");
            return Ok(true);
        }
    }
    let tree = Tree::new()?;
    // The newer one first: what fails there is its fault. What fails at the older one leaves nothing to compare with.
    let after = tree.measure(new)?;
    let before = match tree.measure(old) {
        Ok(before) => before,
        Err(error) => {
            println!("{old} cannot be measured, nothing to compare {new} with: {error}");
            return Ok(true);
        }
    };
    let messages = git(["log", "--format=%B", &format!("{old}..{new}")])?;
    let stated = stated(&String::from_utf8_lossy(&messages.stdout));
    println!("Instructions for one operation, {}:\n", compiler()?);
    let (text, unstated) = report(&before, &after, &stated);
    print!("{text}");
    if unstated.is_empty() {
        return Ok(true);
    }
    println!("\nMore than {ALLOWED} % and not stated. If it is worth it, say so in the commit's message:");
    for line in unstated {
        println!("  {line}, because ...");
    }
    Ok(false)
}

/// The table of what changed, and what ought to have been stated.
fn report(before: &Counts, after: &Counts, stated: &BTreeMap<(String, String), f64>) -> (String, Vec<String>) {
    let mut text = "| rule | operation | before | after | change |\n| --- | --- | ---: | ---: | ---: |\n".to_owned();
    let mut unstated = Vec::new();
    let (mut same, mut shown) = (0, 0);
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (rule, operation) = key;
        let show = |count: Option<&u64>| count.map_or_else(|| "-".to_owned(), |count| format!("{:.1}", each(*count)));
        let change = match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) if old == new => {
                same += 1;
                continue;
            }
            (Some(old), Some(new)) => {
                let percent = (*new as f64 / *old as f64 - 1.0) * 100.0;
                let said = stated.get(key);
                if percent > ALLOWED && said.is_none_or(|said| percent > said + ROUNDING) {
                    unstated.push(format!("Costs: {rule} {operation} {percent:+.0} %"));
                }
                let said = said.map_or_else(String::new, |said| format!(", stated {said:+} %"));
                format!("{percent:+.2} %{said}")
            }
            (None, _) => "only after".to_owned(),
            (_, None) => "only before".to_owned(),
        };
        shown += 1;
        text +=
            &format!("| {rule} | {operation} | {} | {} | {change} |\n", show(before.get(key)), show(after.get(key)));
    }
    text += &format!("\n{shown} differ, {same} are the same to the instruction.\n");
    (text, unstated)
}

/// The rises that a message states, in percent.
fn stated(message: &str) -> BTreeMap<(String, String), f64> {
    let rise = |line: &str| {
        let (what, _) = line.strip_prefix("Costs: ")?.split_once('%')?;
        let mut words = what.split_whitespace();
        let key = (words.next()?.to_owned(), words.next()?.to_owned());
        Some((key, words.next()?.parse().ok()?))
    };
    message.lines().filter_map(|line| rise(line.trim())).collect()
}

/// The commit's own name: `HEAD` of another work tree is another commit.
fn named(commit: &str) -> Result<String> {
    let name = succeed(Command::new("git").args(["rev-parse", "--verify", &format!("{commit}^{{commit}}")]))?;
    Ok(String::from_utf8_lossy(&name).trim().to_owned())
}

fn has_bench(commit: &str) -> Result<bool> {
    Ok(git(["cat-file", "-e", &format!("{}:{BENCH}", named(commit)?)])?.status.success())
}

fn each(count: u64) -> f64 {
    count as f64 / OPERATIONS as f64
}

fn compiler() -> Result<String> {
    let said = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

fn git<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<std::process::Output> {
    Ok(Command::new("git").args(arguments).output()?)
}

fn succeed(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stderr(Stdio::piped()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// A work tree of its own; removed in the end.
struct Tree {
    home: PathBuf,
}

impl Tree {
    fn new() -> Result<Tree> {
        let command = env::current_exe()?;
        let target = command.ancestors().nth(2).ok_or("the command is not in a target directory")?;
        let tree = Tree { home: target.join("compare") };
        tree.remove();
        fs::create_dir_all(&tree.home)?;
        succeed(Command::new("git").args(["worktree", "add", "--detach", "--no-checkout"]).arg(tree.path()))?;
        Ok(tree)
    }

    fn path(&self) -> PathBuf {
        self.home.join("tree")
    }

    fn remove(&self) {
        // There may be none, or one whose command was killed.
        let _ = Command::new("git").args(["worktree", "remove", "--force"]).arg(self.path()).output();
        let _ = fs::remove_dir_all(self.path());
        let _ = git(["worktree", "prune"]);
    }

    /// The counts at a commit.
    fn measure(&self, commit: &str) -> Result<Counts> {
        let commit = named(commit)?;
        succeed(
            Command::new("git").current_dir(self.path()).args(["checkout", "--quiet", "--force", "--detach", &commit]),
        )?;
        // What an earlier run has left would be compared with.
        let results = self.home.join("results");
        let _ = fs::remove_dir_all(&results);
        let lines = succeed(
            Command::new("cargo")
                .current_dir(self.path())
                .args(["bench", "--quiet", "--package", "multimaster-benches", "--no-default-features"])
                .args(["--bench", "instructions", "--", "--output-format=json", "--parallel=auto"])
                .env("CARGO_TARGET_DIR", self.home.join("build"))
                .env("GUNGRAUN_HOME", &results),
        )?;
        let counts = String::from_utf8(lines)?.lines().map(count).collect::<Result<Counts>>()?;
        if counts.is_empty() { Err("no benchmark was run".into()) } else { Ok(counts) }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.remove();
    }
}

/// One line of what the runner reports.
fn count(line: &str) -> Result<((String, String), u64)> {
    let report: Value = serde_json::from_str(line)?;
    let (name, id) = (report["function_name"].as_str(), report["id"].as_str());
    let metrics = &report["profiles"][0]["data"]["total"]["metrics"];
    let (Some(name), Some(id), Some(count)) = (name, id, metrics["Ir"]["values"]["new"].as_u64()) else {
        return Err(format!("the runner's report has another form than expected: {line}").into());
    };
    let id = id.replace('_', "-");
    let key = if name == "replica" { (name.to_owned(), id) } else { (id, name.to_owned()) };
    Ok((key, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(all: &[(&str, u64)]) -> Counts {
        all.iter().map(|(rule, count)| (((*rule).to_owned(), "apply".to_owned()), *count)).collect()
    }

    #[test]
    fn only_a_rise_that_nobody_stated_is_a_fault() {
        let before = counts(&[("rose", 1000), ("told", 1000), ("little", 1000), ("fell", 1000), ("gone", 1000)]);
        let after = counts(&[("rose", 1030), ("told", 1034), ("little", 1019), ("fell", 500), ("new", 9)]);
        let stated = stated("Why\n\nCosts: told apply +3 %, because it checks more\n");
        let (text, unstated) = report(&before, &after, &stated);
        assert_eq!(unstated, ["Costs: rose apply +3 %"]);
        assert!(text.contains("+3.40 %, stated +3 %") && text.contains("only before") && text.contains("only after"));
    }

    #[test]
    fn a_rise_beyond_what_is_stated_is_a_fault() {
        let stated = stated("Costs: rule apply +3 %, because");
        let (_, unstated) = report(&counts(&[("rule", 1000)]), &counts(&[("rule", 1090)]), &stated);
        assert_eq!(unstated, ["Costs: rule apply +9 %"]);
    }

    #[test]
    fn a_report_is_read() {
        let line = r#"{"function_name":"apply","id":"last_write",
            "profiles":[{"data":{"total":{"metrics":{"Ir":{"values":{"new":512}}}}}}]}"#;
        assert_eq!(count(line).unwrap(), (("last-write".into(), "apply".into()), 512));
        assert!(count("{}").is_err());
    }
}
