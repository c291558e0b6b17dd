//! `multimaster report`: the verdicts on scenarios as one page.

use super::check::{MANUAL as PROPERTIES, opened};
use super::limits::Most;
use super::progress::{Line, catch_signals};
use super::{Ending, Failure, this_command};
use clap::Args;
use multimaster_models::check::running;
use multimaster_models::fault::Fault;
use multimaster_models::printed::shown;
use multimaster_models::report::check::{Checked, Engine, check_all};
use multimaster_models::report::matrix::{self, Cell};
use multimaster_models::report::page::{Page, RuleRow, Section, Shown, benches, criterion};
use multimaster_models::report::trace::files::{self, Kept};
use multimaster_models::scenario::catalogue;
use multimaster_models::verify::rules;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

pub(crate) const MANUAL: &str = "\
The page is one file, `index.html`. It loads nothing, so you can send it to a
colleague. It has the table of verdicts (rules by failures and topologies), and for
each scenario its scope, its counts, its verdicts, and each counterexample as a
picture with a slider over its steps. In the same folder, `traces/` has each
counterexample as a trace for `multimaster replay`, and as a picture. Equal findings
give an equal file.

Exit status:
  0    the page was written, and every verdict is as its scenario expects
  1    the page was written, and a verdict is not as expected
  2    a usage or input error, or the page cannot be written
  130  interrupted: nothing was written

Examples:
  multimaster report --out report             the shipped scenarios
  multimaster report my.toml --out report --open
  multimaster report 'booking/*' --out report
  multimaster report --matrix --out report
  multimaster report --criterion target/criterion --out report";

#[derive(Args)]
pub(crate) struct Asked {
    /// Scenario files or folders of them; names of shipped scenarios or of their folders; patterns. Without arguments:
    /// all shipped scenarios outside `large/` and `beyond/`
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// The folder for the page and the traces
    #[arg(long, value_name = "DIR")]
    out: String,
    /// Also explore the protocol under pairs of failures, as `check --matrix` does: about a minute. Without a SCENARIO,
    /// the page has only these
    #[arg(long)]
    matrix: bool,
    /// Show the benchmarks in criterion's folder, usually `target/criterion`, before and after. Without a SCENARIO, the
    /// page has only the benchmarks
    #[arg(long, value_name = "DIR")]
    criterion: Option<String>,
    /// The baseline with which criterion's last run is compared
    #[arg(long, value_name = "NAME", default_value = "base", requires = "criterion")]
    baseline: String,
    /// Show the instruction counts in this file, which `cargo run -p multimaster-benches` printed. Without a SCENARIO,
    /// the page has only the benchmarks
    #[arg(long, value_name = "FILE")]
    instructions: Option<String>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    most: Most,
}

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let more = benchmarks(asked)?;
    if asked.scenarios.is_empty() && !asked.matrix && !more.is_empty() {
        let page = Page { shown: Vec::new(), rules: Vec::new(), meanings: Vec::new(), more };
        opened(&write_page(&page, &asked.out)?, asked.open, &mut std::io::stdout())?;
        return Ok(Ending::Fine);
    }
    catch_signals();
    let (mut done, mut texts) = (Vec::new(), BTreeMap::new());
    if !asked.scenarios.is_empty() || !asked.matrix {
        done = explored(asked)?;
    }
    if asked.matrix && !running::is_interrupted() {
        let line = Line::begin("states");
        let cells = matrix::explore(|done, all| line.say(format!("[{done}/{all} scopes]")));
        for (checked, text) in cells.unwrap_or_default().iter().map(Cell::checked) {
            texts.insert(checked.scenario.name.clone(), text);
            done.push(checked);
        }
    }
    if running::is_interrupted() {
        return Ok(Ending::Interrupted);
    }
    let file = write(&done, &texts, "", &asked.out, more)?;
    let failed: Vec<String> =
        done.iter().flat_map(|one| one.scenario.faults()).map(|fault| fault.to_string()).collect();
    for checked in done.iter().filter(|checked| !checked.is_as_expected()) {
        writeln!(std::io::stdout(), "UNEXPECTED {}", shown(&checked.scenario.name))?;
    }
    opened(&file, asked.open, &mut std::io::stdout())?;
    if !failed.is_empty() {
        return Err(Failure::Given(failed.join("\nmultimaster: ")));
    }
    Ok(done.iter().all(Checked::is_as_expected).into())
}

/// The scenarios that are asked for, checked, in order; only some of them after an interruption.
fn explored(asked: &Asked) -> Result<Vec<Checked>, Failure> {
    let mut scenarios = catalogue::select(&asked.scenarios, None)?;
    for scenario in &mut scenarios {
        asked.most.apply(&mut scenario.limits);
    }
    let (line, all) = (Line::begin("states"), scenarios.len());
    line.say(format!("[0/{all}]"));
    let mut done: BTreeMap<usize, Checked> = BTreeMap::new();
    check_all(&scenarios, Engine::Own, |place, checked| {
        done.insert(place, checked);
        line.say(format!("[{}/{all}]", done.len()));
    });
    Ok(done.into_values().collect())
}

/// Writes the page and the traces into the folder. `texts` has the text of each scenario that is in no file. `program`
/// has the arguments that run a trace's program again. Returns the page's file.
///
/// # Errors
/// If a file cannot be written.
pub(super) fn write(
    done: &[Checked],
    texts: &BTreeMap<String, String>,
    program: &str,
    folder: &str,
    more: Vec<Section>,
) -> Result<String, Failure> {
    let traces = Path::new(folder).join("traces");
    let kept = files::keep(done, &traces);
    if let Some(Err(why)) = kept.values().find(|kept| kept.is_err()) {
        return Err(Failure::Given(why.clone()));
    }
    let shown = done.iter().map(|checked| on_page(checked, texts, &kept, program)).collect();
    let page = Page { shown, rules: described(), meanings: meanings(), more };
    write_page(&page, folder)
}

/// The sections of benchmarks that are asked for.
fn benchmarks(asked: &Asked) -> Result<Vec<Section>, Failure> {
    let mut more = Vec::new();
    if let Some(folder) = &asked.criterion {
        let read = criterion::read(folder, &asked.baseline)?;
        more.push(Section { id: "times", heading: "Benchmarks", html: benches::times(&read) });
    }
    if let Some(file) = &asked.instructions {
        let read = criterion::read_instructions(file)?;
        more.push(Section { id: "instructions", heading: "Instructions", html: benches::instructions(&read) });
    }
    Ok(more)
}

fn write_page(page: &Page<'_>, folder: &str) -> Result<String, Failure> {
    let file = Path::new(folder).join("index.html");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, page.html()));
    let file = file.display().to_string();
    written.map_err(|error| Fault::of(&file, format!("cannot be written: {error}")))?;
    Ok(file)
}

fn on_page<'a>(checked: &'a Checked, texts: &BTreeMap<String, String>, kept: &Kept<'_>, program: &str) -> Shown<'a> {
    let name = &checked.scenario.name;
    let shipped = catalogue::files().into_iter().find(|(shipped, ..)| shipped == name);
    let is_shipped = shipped.is_some();
    let given = || texts.get(name).cloned().or_else(|| fs::read_to_string(name).ok());
    let text = shipped.map_or_else(given, |(.., text)| Some(text.to_owned()));
    let trace = |property: &str, trace: &str| {
        // The page alone is enough: a trace contains a scenario that does not ship.
        let carried = text.as_deref().filter(|_| !is_shipped && program.is_empty()).unwrap_or_default();
        let file = kept.get(&(name.as_str(), property)).and_then(|kept| kept.as_ref().ok());
        let command = file.map(|file| format!("{} replay {}{program}", this_command(), in_quotes(file)));
        (carrying(trace, carried), command.unwrap_or_default())
    };
    let traces = checked.counterexamples.iter().map(|example| trace(example.property, &example.trace)).collect();
    Shown { checked, text, traces }
}

/// The trace with the text of its scenario below the line that names it, if it has none.
fn carrying(trace: &str, carried: &str) -> String {
    if trace.lines().any(|line| line.starts_with('|')) {
        return trace.to_owned();
    }
    let mut text = String::new();
    for line in trace.lines() {
        text += line;
        text.push('\n');
        if line.starts_with("scenario ") {
            carried.lines().for_each(|line| text += &format!("| {line}\n"));
        }
    }
    text
}

/// The path as one word of a shell.
fn in_quotes(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn described() -> Vec<RuleRow> {
    let row = |rule: rules::Rule| RuleRow {
        name: rule.name.to_owned(),
        about: rule.about.to_owned(),
        source: rule.source.to_owned(),
    };
    rules::all().into_iter().map(row).collect()
}

/// The properties and their meanings, as the manual of `check` has them: a name, two blanks or more, and a text that
/// may go on in lines that are indented further.
fn meanings() -> Vec<(String, String)> {
    let mut meanings: Vec<(String, String)> = Vec::new();
    for line in PROPERTIES.lines().skip_while(|line| !line.starts_with("  ")).take_while(|line| !line.is_empty()) {
        match (line.trim_start().split_once("  "), meanings.last_mut()) {
            (Some((name, meaning)), _) if !line.starts_with("   ") => {
                meanings.push((name.to_owned(), meaning.trim_start().to_owned()));
            }
            (_, Some((_, meaning))) => {
                meaning.push(' ');
                *meaning += line.trim_start();
            }
            _ => {}
        }
    }
    meanings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_has_its_meaning() {
        let meanings = meanings();
        for property in multimaster_models::properties::ALL {
            let meaning = meanings.iter().find(|(name, _)| name == property).map(|(_, meaning)| meaning.as_str());
            assert!(
                meaning.is_some_and(|meaning| meaning.len() > 40 && !meaning.contains("  ")),
                "{property}: {meaning:?}"
            );
        }
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(in_quotes("report/traces/a-b.trace"), "report/traces/a-b.trace");
        assert_eq!(in_quotes("my report/it's"), r"'my report/it'\''s'");
    }
}
