//! `multimaster replay`: takes the steps of trace files one by one.

use super::program::{self, Program};
use super::progress::Line;
use super::{Ending, Failure};
use clap::Args;
use multimaster_models::check::running;
use multimaster_models::fault::{self, Fault};
use multimaster_models::printed::shown;
use multimaster_models::process::Options;
use multimaster_models::report::picture::Diagram;
use multimaster_models::report::table;
use multimaster_models::report::trace::{Replayed, Trace};
use multimaster_models::scenario::{Scenario, catalogue};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

#[derive(Args)]
pub(crate) struct Asked {
    /// A trace, written by `check` or by hand; several traces; or a folder of files `*.trace`. One trace is shown step
    /// by step, several are only judged
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<String>,
    /// Draw the one trace into this file: `*.svg`, or `*.mmd` for Mermaid
    #[arg(long, value_name = "FILE")]
    picture: Option<String>,
    #[command(flatten)]
    program: Program,
}

/// The trace in this file, and its scenario, whose nodes are those of the program if one is given.
pub(super) fn read_trace(file: &str, program: Option<&Options>) -> Result<(Trace, Scenario), Failure> {
    let text = fault::read(file)?;
    let trace = Trace::parse(file, &text)?;
    if let Some(text) = &trace.carried {
        let scenario = Scenario::parse(&trace.scenario, file, text)?;
        return Ok((trace, scenario));
    }
    let above = above(&trace);
    let named = above.as_deref().unwrap_or(&trace.scenario);
    let found = program.map_or_else(|| catalogue::find(named), |program| program::scenario(program, named));
    match found {
        Ok(scenario) => Ok((trace, scenario)),
        // An error within the scenario's file keeps its own line.
        Err(fault) if fault.line > 0 => Err(fault.into()),
        Err(fault) => {
            let what = format!("`scenario {}`: {}", trace.scenario, fault.what);
            Err(Fault::at(file, trace.scenario_line, what).into())
        }
    }
}

/// The trace's scenario in the nearest folder above the trace: `check` writes traces below the folder in which it runs.
/// `None` if the present folder has the file, or no folder has.
fn above(trace: &Trace) -> Option<String> {
    if Path::new(&trace.scenario).exists() {
        return None;
    }
    let file = Path::new(&trace.file).canonicalize().ok()?;
    let found = file.ancestors().skip(1).map(|folder| folder.join(&trace.scenario)).find(|path| path.is_file())?;
    found.into_os_string().into_string().ok()
}

/// The traces named, and those in the folders named, in order.
fn files(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    for given in given {
        if !Path::new(given).is_dir() {
            files.push(given.clone());
            continue;
        }
        let unreadable = |error: io::Error| Fault::of(given, error.to_string());
        let mut found = Vec::new();
        for entry in fs::read_dir(given).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "trace") {
                found.push(path.to_string_lossy().into_owned());
            }
        }
        if found.is_empty() {
            return Err(Fault::of(given, "this folder has no file `*.trace`").into());
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let program = asked.program.options();
    if let [file] = &asked.traces[..]
        && !Path::new(file).is_dir()
    {
        return one(file, program.as_ref(), true, asked.picture.as_deref());
    }
    if asked.picture.is_some() {
        return Err(Failure::Given("`--picture` draws one trace: name only one".into()));
    }
    let mut ending = Ending::Fine;
    for file in &files(&asked.traces)? {
        match one(file, program.as_ref(), false, None)? {
            Ending::Interrupted => return Ok(Ending::Interrupted),
            Ending::Fine => {}
            other => ending = other,
        }
    }
    Ok(ending)
}

/// Replays a trace, and prints either its steps and their results, or only whether its claims are true. Draws it into
/// the file `picture`, if one is given.
fn one(file: &str, program: Option<&Options>, whole: bool, picture: Option<&str>) -> Result<Ending, Failure> {
    let draw = picture.map(form).transpose().map_err(Failure::Given)?;
    let (trace, scenario) = read_trace(file, program)?;
    let line = Line::begin("steps");
    let replayed = trace.replay_while(&scenario.model(), &|| {
        running::count(1);
        !running::is_interrupted()
    });
    drop(line);
    let replayed = replayed?;
    if let Some(fault) = scenario.faults().into_iter().next() {
        return Err(fault.into());
    }
    let mut out = std::io::stdout().lock();
    if whole {
        writeln!(out, "{}: {}\n\n{}", shown(&scenario.name), shown(&scenario.about), table::schedule(&replayed))?;
    }
    if replayed.steps.len() < trace.steps.len() {
        writeln!(out, "  interrupted after step {}: no claim was judged", replayed.steps.len())?;
        return Ok(Ending::Interrupted);
    }
    if whole {
        print_complaints(&replayed, &mut out)?;
    }
    if let (Some(to), Some(draw)) = (picture, draw) {
        fs::write(to, draw(&replayed.diagram)).map_err(|error| Fault::of(to, format!("cannot be written: {error}")))?;
        writeln!(out, "\n  picture: {}", shown(to))?;
    }
    let file = shown(file);
    for claim in &replayed.wrong {
        let said = if claim.violated { "violates" } else { "keeps" };
        writeln!(
            out,
            "{file}:{}: the trace says that it {said} {}, but it does not",
            claim.line,
            shown(&claim.property)
        )?;
    }
    // A violation in the initial state is a finding, but `keeps` in the initial state says nothing.
    let violated_at_start = trace.claims.iter().any(|claim| claim.violated) && replayed.wrong.is_empty();
    let empty = match (trace.steps.is_empty() && !violated_at_start, trace.claims.is_empty()) {
        (true, _) => "this trace has no steps: nothing was replayed",
        (_, true) => "this trace claims nothing: say what it `violates` or `keeps`",
        _ if replayed.wrong.is_empty() && !whole => {
            writeln!(out, "{file}: {} steps, as claimed", replayed.steps.len())?;
            return Ok(Ending::Fine);
        }
        _ => return Ok(replayed.wrong.is_empty().into()),
    };
    writeln!(out, "{file}: {empty}")?;
    Ok(Ending::Otherwise)
}

/// The form of a picture, by the end of its file's name.
fn form(file: &str) -> Result<fn(&Diagram) -> String, String> {
    match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("svg") => Ok(Diagram::svg),
        Some("mmd") => Ok(Diagram::mermaid),
        _ => Err(format!("`--picture {}`: name a file `*.svg`, or `*.mmd` for Mermaid", shown(file))),
    }
}

fn print_complaints(replayed: &Replayed, out: &mut impl Write) -> io::Result<()> {
    for (property, why) in &replayed.complaints {
        writeln!(out, "  violates {}: {}", shown(property), shown(why))?;
    }
    if replayed.complaints.is_empty() {
        writeln!(out, "  violates nothing")?;
    }
    if let Some(step) = &replayed.starved {
        let step = shown(step);
        writeln!(out, "  the end is unfair: `{step}` is possible all the time, and nothing of its kind happens")?;
    }
    Ok(())
}
