//! `multimaster check`: explores scenarios and prints their verdicts.

use super::{Failure, this_command};
use clap::{Args, ValueEnum};
use multimaster_models::check::stateright_engine::How;
use multimaster_models::printed::{escaped_json, escaped_lines, shown};
use multimaster_models::report::check::{Checked, Engine, News, check_all};
use multimaster_models::report::explorer;
use multimaster_models::report::table::{self, Table};
use multimaster_models::report::trace::files::{self, Kept};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

#[derive(Args)]
pub(crate) struct Asked {
    /// Scenario files, or names of shipped scenarios; none: all shipped ones but those under `large/`
    files: Vec<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Which checker explores. Those of stateright visit the same states, but their schedules need not be shortest
    #[arg(long, value_enum, default_value_t = EngineName::Own)]
    engine: EngineName,
    /// The folder in which to write each counterexample as a trace file and a picture
    #[arg(long, value_name = "DIR", default_value = "target/traces")]
    traces: std::path::PathBuf,
    /// Let each master take each step anew, instead of remembering what came of it: slower, with the same result
    #[arg(long)]
    no_memo: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A Markdown table, then the schedules
    Table,
    /// One JSON object a scenario, a line each
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum EngineName {
    /// This project's breadth-first pass
    Own,
    /// stateright's breadth-first search
    Stateright,
    /// stateright's depth-first search
    StaterightDfs,
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Engine {
        match name {
            EngineName::Own => Engine::Own,
            EngineName::Stateright => Engine::Stateright(How::Bfs),
            EngineName::StaterightDfs => Engine::Stateright(How::Dfs),
        }
    }
}

pub(crate) fn run(asked: &Asked) -> Result<bool, Failure> {
    let Asked { files, format, engine, traces, no_memo } = asked;
    let mut scenarios: Vec<Scenario> = match files.as_slice() {
        [] => catalogue::all()?,
        files => files.iter().map(|file| catalogue::find(file)).collect::<Result<_, _>>()?,
    };
    if *no_memo {
        scenarios = scenarios.into_iter().map(Scenario::without_memo).collect();
    }
    let mut out = std::io::stdout().lock();
    let table = Table::of(&scenarios);
    if matches!(format, Format::Table) {
        writeln!(out, "{}", table.head())?;
    }
    // Scenarios end in any order; rows are printed in the scenarios' own.
    let mut waiting: BTreeMap<usize, Checked> = BTreeMap::new();
    let mut done: Vec<Checked> = Vec::new();
    let watched = std::io::stderr().is_terminal();
    check_all(&scenarios, (*engine).into(), |news| match news {
        News::StillAt(states) if watched => {
            let (ended, all) = (done.len() + waiting.len(), scenarios.len());
            let mut err = std::io::stderr();
            let _ = write!(err, "\r\x1b[K[{ended}/{all}] {} states under way", table::grouped(states));
            let _ = err.flush();
        }
        News::StillAt(_) => {}
        News::Done(place, checked) => {
            waiting.insert(place, *checked);
            while let Some(checked) = waiting.remove(&done.len()) {
                if watched {
                    let _ = write!(std::io::stderr(), "\r\x1b[K");
                }
                let written = match format {
                    Format::Table => writeln!(out, "{}", table.row(&checked)),
                    Format::Json => serde_json::to_string(&checked.summary())
                        .map_err(std::io::Error::other)
                        .and_then(|line| writeln!(out, "{}", escaped_json(&line))),
                };
                if written.and_then(|()| out.flush()).is_err() {
                    // Nobody reads on: no need to explore the rest.
                    std::process::exit(1);
                }
                done.push(checked);
            }
        }
    });
    let kept = files::keep(&done, traces);
    if matches!(format, Format::Table) {
        print_counterexamples(&mut out, &done, &kept)?;
        print_expectations(&mut out, &done)?;
        print_summary(&mut out, &done)?;
    }
    let failed = done.iter().flat_map(|checked| checked.scenario.faults());
    let failed: Vec<String> = failed.map(|fault| fault.to_string()).collect();
    if !failed.is_empty() {
        return Err(Failure::Given(failed.join("\nmultimaster: ")));
    }
    Ok(done.iter().all(Checked::is_as_expected))
}

/// The shortest counterexample for each rule and property in full, the others by name.
fn print_counterexamples(out: &mut impl Write, done: &[Checked], kept: &Kept<'_>) -> Result<(), Failure> {
    let mut groups: BTreeMap<(&str, &str), Vec<(&Checked, usize)>> = BTreeMap::new();
    for checked in done {
        for (place, example) in checked.counterexamples.iter().enumerate() {
            groups.entry((checked.scenario.rule(), example.property)).or_default().push((checked, place));
        }
    }
    for members in groups.values_mut() {
        members.sort_by_key(|(checked, place)| checked.counterexamples[*place].replayed.steps.len());
        let Some(((checked, place), others)) = members.split_first() else {
            continue;
        };
        let example = &checked.counterexamples[*place];
        writeln!(out, "\n{}", table::counterexample(&checked.scenario.name, example))?;
        match kept.get(&(checked.scenario.name.as_str(), example.property)) {
            Some(Ok(file)) => {
                let command = this_command();
                let address = explorer::address(&example.replayed.path);
                writeln!(out, "  picture: {}", std::path::Path::new(file).with_extension("svg").display())?;
                writeln!(out, "  explore: {command} explore {file}   at http://localhost:3000/{address}")?;
                writeln!(out, "  replay:  {command} replay {file}")?;
            }
            Some(Err(why)) => writeln!(out, "  {}; the trace is\n{}", shown(why), escaped_lines(&example.trace))?,
            None => {}
        }
        if !others.is_empty() {
            let names: Vec<String> = others
                .iter()
                .map(|(other, place)| {
                    format!("{} ({})", shown(&other.scenario.name), other.counterexamples[*place].replayed.steps.len())
                })
                .collect();
            writeln!(out, "  likewise, with a trace of its own each: {}", names.join(", "))?;
        }
    }
    Ok(())
}

/// For each scenario without `[expect]`, the one to paste.
fn print_expectations(out: &mut impl Write, done: &[Checked]) -> Result<(), Failure> {
    for checked in done.iter().filter(|checked| !checked.scenario.expect.stated && checked.is_as_expected()) {
        let name = shown(&checked.scenario.name);
        match checked.expectation() {
            Some(text) => write!(
                out,
                "\n{name} has no `[expect]`: it was explored, and nothing was expected of it. To hold it to what was \
                 found, add\n\n{text}"
            )?,
            None => {
                writeln!(out, "\n{name} has no `[expect]`, and was not exhausted: there is nothing yet to hold it to")?
            }
        }
    }
    Ok(())
}

fn print_summary(out: &mut impl Write, done: &[Checked]) -> Result<(), Failure> {
    let states: usize = done.iter().map(|checked| checked.report.states).sum();
    let unexpected: Vec<&Checked> = done.iter().filter(|checked| !checked.surprises.is_empty()).collect();
    let exhausted = done.iter().filter(|checked| checked.report.cut.is_none()).count();
    let failed = done.iter().filter(|checked| !checked.scenario.faults().is_empty()).count();
    let held = |checked: &&Checked| checked.scenario.expect.stated && checked.is_as_expected();
    let mut ends = Vec::new();
    let explored = done.iter().filter(|checked| !checked.scenario.expect.stated && checked.is_as_expected()).count();
    if explored < done.len() {
        ends.push(format!("{} as expected", done.iter().filter(held).count()));
    }
    if explored > 0 {
        ends.push(format!("{explored} explored, with nothing expected"));
    }
    if failed > 0 {
        ends.push(format!("{failed} failed"));
    }
    let (s, states) = (if done.len() == 1 { "" } else { "s" }, table::grouped(states));
    writeln!(out, "\n{} scenario{s}, {exhausted} exhausted, {states} states; {}.", done.len(), ends.join(", "))?;
    let mistaken: f64 = done.iter().map(|checked| checked.report.mistaken).sum();
    if mistaken > 0.0 {
        writeln!(out, "{}", table::chance_of_mistake(mistaken))?;
    }
    for checked in unexpected {
        for surprise in &checked.surprises {
            writeln!(out, "UNEXPECTED {}: {}", shown(&checked.scenario.name), shown(surprise))?;
        }
    }
    Ok(())
}
