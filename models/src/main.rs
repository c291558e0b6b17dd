//! The `multimaster` command.

mod cli;
mod commands {
    pub(crate) mod histories;
    pub(crate) mod init;
}

use clap::Parser;
use cli::{Cli, Command, Format};
use multimaster_models::check::engine::Path;
use multimaster_models::fault::{self, Fault};
use multimaster_models::mutants;
use multimaster_models::mutants::Mutant;
use multimaster_models::mutants::by_histories::{self, BrokenRule};
use multimaster_models::printed::{escaped_json, escaped_lines, padded, shown};
use multimaster_models::record::conform;
use multimaster_models::report::check::{Checked, Engine, News, check_all};
use multimaster_models::report::explorer;
use multimaster_models::report::explorer::Served;
use multimaster_models::report::table::{self, Table};
use multimaster_models::report::trace::Trace;
use multimaster_models::report::trace::files::{self, Kept};
use multimaster_models::rules::systems;
use multimaster_models::scenario::catalogue;
use multimaster_models::scenario::{RuleName, Scenario};
use multimaster_models::spawn::{self, Stopped};
use multimaster_models::verify::rules;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Why the command could not do what it was asked.
enum Failure {
    /// The files or the address that we were given.
    Given(String),
    /// Our output went nowhere: a closed pipe is not worth a word.
    Output,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Given(fault.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(_: std::io::Error) -> Failure {
        Failure::Output
    }
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Check { files, format, engine, traces, no_memo } => {
            check(&files, format, engine.into(), &traces, no_memo)
        }
        Command::Replay { file } => replay(&file),
        Command::Explore { file, address } => explore(&file, &address),
        Command::Spawn { file, port, tick, only, verbose } => {
            let tick = std::time::Duration::from_millis(tick);
            spawn(&file, &spawn::Options { port, tick, only, verbose, epoch: spawn::epoch_now() })
        }
        Command::Conform { record } => conform(&record),
        Command::Rules { name } => survey(name.as_deref()),
        Command::Histories(asked) => commands::histories::run(&asked),
        Command::Mutants { name } => kill(name.as_deref()),
        Command::Init(asked) => commands::init::run(&asked),
        Command::List => list(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(Failure::Output) => ExitCode::from(1),
        Err(Failure::Given(what)) => {
            let _ = writeln!(std::io::stderr(), "multimaster: {what}");
            ExitCode::from(2)
        }
    }
}

/// How the user calls us, for the commands that we suggest.
fn this_command() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --release --" } else { "multimaster" }
}

fn check(
    files: &[String],
    format: Format,
    engine: Engine,
    traces: &std::path::Path,
    no_memo: bool,
) -> Result<bool, Failure> {
    let mut scenarios: Vec<Scenario> = match files {
        [] => catalogue::all()?,
        files => files.iter().map(|file| catalogue::find(file)).collect::<Result<_, _>>()?,
    };
    if no_memo {
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
    check_all(&scenarios, engine, |news| match news {
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

fn read_trace(file: &str) -> Result<(Trace, Scenario), Failure> {
    let text = fault::read(file)?;
    let trace = Trace::parse(file, &text)?;
    if let Some(text) = &trace.carried {
        let scenario = Scenario::parse(&trace.scenario, file, text)?;
        return Ok((trace, scenario));
    }
    match catalogue::find(&trace.scenario) {
        Ok(scenario) => Ok((trace, scenario)),
        // What is wrong within a file is told with its own line.
        Err(fault) if fault.line > 0 => Err(fault.into()),
        Err(fault) => {
            let what = format!("`scenario {}`: {}", trace.scenario, fault.what);
            Err(Fault::at(file, trace.scenario_line, what).into())
        }
    }
}

fn replay(file: &str) -> Result<bool, Failure> {
    let (trace, scenario) = read_trace(file)?;
    let replayed = trace.replay(&scenario.model())?;
    if let Some(fault) = scenario.faults().into_iter().next() {
        return Err(fault.into());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: {}\n\n{}", shown(&scenario.name), shown(&scenario.about), table::schedule(&replayed))?;
    for (property, why) in &replayed.complaints {
        writeln!(out, "  violates {}: {}", shown(property), shown(why))?;
    }
    if replayed.complaints.is_empty() {
        writeln!(out, "  violates nothing")?;
    }
    let file = shown(file);
    for claim in &replayed.wrong {
        let said = if claim.violated { "violates" } else { "keeps" };
        writeln!(out, "{file}:{}: the trace says that it {said} {}: it does not", claim.line, shown(&claim.property))?;
    }
    // A property can be violated before the first step, but what is kept there says nothing.
    let violated_at_start = trace.claims.iter().any(|claim| claim.violated) && replayed.wrong.is_empty();
    let empty = match (trace.steps.is_empty() && !violated_at_start, trace.claims.is_empty()) {
        (true, _) => "this trace has no steps: nothing was replayed",
        (_, true) => "this trace claims nothing: say what it `violates` or `keeps`",
        _ => return Ok(replayed.wrong.is_empty()),
    };
    writeln!(out, "{file}: {empty}")?;
    Ok(false)
}

fn explore(file: &str, address: &str) -> Result<bool, Failure> {
    let is_trace = file.ends_with(".trace");
    let (scenario, path) = if is_trace {
        let (trace, scenario) = read_trace(file)?;
        let replayed = trace.replay(&scenario.model())?;
        (scenario, replayed.path)
    } else {
        (catalogue::find(file)?, Path::default())
    };
    let about = format!("{}: {}", shown(&scenario.name), shown(&scenario.about));
    let announce = |served: &Served| {
        if served.open {
            let warning = "warning: anyone who can reach this machine can browse this, too: there is no authentication";
            let _ = writeln!(std::io::stderr(), "{warning}");
        }
        let (at, page) = (&served.url, explorer::address(&path));
        let how = "Each step says which properties hold in its state; \"Run to completion\" searches all states.";
        let _ = writeln!(std::io::stdout(), "{about}\nopen {at}{page}\n{how}");
    };
    explorer::serve((&scenario).into(), address, announce).map(|never| match never {}).map_err(Failure::Given)
}

fn spawn(file: &str, options: &spawn::Options) -> Result<bool, Failure> {
    let scenario = catalogue::find(file)?;
    match spawn::run(&scenario, options, &mut std::io::stdout()) {
        Ok(never) => match never {},
        Err(Stopped::Given(what)) => Err(Failure::Given(what)),
        Err(Stopped::Output(_)) => Err(Failure::Output),
    }
}

fn conform(record: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match conform::check_file(record) {
        Ok(summary) => writeln!(out, "{summary}")?,
        Err(conform::Failure::File(fault)) => return Err(fault.into()),
        Err(conform::Failure::Run(fault)) => {
            writeln!(out, "{fault}")?;
            return Ok(false);
        }
    }
    Ok(true)
}

fn survey(name: Option<&str>) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    let Some(name) = name else {
        let watched = std::io::stderr().is_terminal();
        let surveyed = rules::survey_all(&rules::SIZES, &mut |done, all| {
            if watched {
                let _ = write!(std::io::stderr(), "\r\x1b[K[{done}/{all}] rules");
            }
        });
        if watched {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        write!(out, "{}\n{}", rules::in_a_table(&surveyed), rules::extent_of(&surveyed))?;
        return Ok(true);
    };
    let ruled = rules::ruled(name)?;
    let surveyed = rules::try_survey(ruled.rule, &rules::SIZES).map_err(Failure::Given)?;
    if let Some(fault) = ruled.fault() {
        return Err(fault.into());
    }
    write!(out, "{surveyed}")?;
    Ok(true)
}

fn kill(name: Option<&str>) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    let (chosen, not_yet) = (name.map_or_else(mutants::all, mutants::named), name.and_then(mutants::not_yet_named));
    let tried: Vec<_> = chosen.iter().map(Mutant::run).collect();
    let broken = name.map_or_else(by_histories::all, by_histories::named);
    let judged: Vec<_> = broken.iter().map(BrokenRule::run).collect();
    match (name, not_yet) {
        (None, _) => {
            write!(out, "{}\n{}", mutants::in_a_table(&tried), mutants::summary(&tried))?;
            write!(out, "\n{}\n{}", by_histories::summary(&judged), by_histories::in_a_table(&judged))?;
        }
        (_, Some(not_yet)) => write!(out, "{}", mutants::not_yet_in_full(not_yet))?,
        (Some(name), None) if tried.is_empty() && judged.is_empty() => {
            return Err(Fault::of(name, "no such mutant (`multimaster mutants` names them)").into());
        }
        _ => {
            let each = tried.iter().map(mutants::in_full).chain(judged.iter().map(by_histories::in_full));
            write!(out, "{}", each.collect::<Vec<_>>().join("\n"))?;
        }
    }
    Ok(tried.iter().all(|tried| tried.outcome.is_killed()) && judged.iter().all(|judged| judged.fate.is_killed()))
}

fn list() -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "rules")?;
    for (_, name, about) in RuleName::ALL {
        writeln!(out, "  {name:19} {about}")?;
    }
    writeln!(out, "  or one written down in the file: `[rule]`, with `over` (siblings, merged, arrival) and `keep`,")?;
    writeln!(
        out,
        "  or with `kind` (register, counter, set, map, flag, table), `start`, `write`, `apply`, `read` and `merge`"
    )?;
    writeln!(out, "\nrules of real systems")?;
    for system in &systems::ALL {
        writeln!(out, "  {:23} {}", system.name, system.about)?;
    }
    writeln!(out, "\ntopologies")?;
    writeln!(out, "  {:19} each master sends to the next, the last to the first", "ring")?;
    writeln!(out, "  {:19} master A is the hub; it and each other master send to each other", "star")?;
    writeln!(out, "  {:19} every master sends to every other", "all-to-all")?;
    writeln!(
        out,
        "  {:19} any graph in which every master can reach every other: `edges = [[\"A\", \"B\"], …]`",
        "edges"
    )?;
    writeln!(out, "\nlinks")?;
    writeln!(
        out,
        "  {:19} in order; `resets` says how often one may break, lose what is in flight, and resume",
        "stream"
    )?;
    writeln!(
        out,
        "  {:19} in any order; `losses` and `duplicates` say how many messages get lost or arrive twice",
        "datagram"
    )?;
    writeln!(out, "  {:19} a message, once sent, may arrive at any time and any number of times", "soup")?;
    writeln!(
        out,
        "  {:19} what the threads of a running cluster do: sending is a step; `losses`, `duplicates`",
        "running"
    )?;
    writeln!(out, "\nclocks, for rules that use wall clocks ({})", RuleName::those_that_go_by_clocks())?;
    writeln!(out, "  {:19} a write's time is what its request says (`at 10, set k = 1`), or its Lamport time", "free")?;
    writeln!(out, "  {:19} later than the times of all writes that it had seen; an earlier time is moved on", "right")?;
    writeln!(out, "  {:19} the same, but up to N behind, where a request says so (`at 1, set k = 1`)", "skewed by N")?;
    writeln!(out, "\ndeliveries")?;
    writeln!(out, "  {:19} each change once, after all that its writer had seen: what the protocol gives", "causal")?;
    writeln!(out, "  {:19} after its own origin's earlier ones, but not after what its writer had seen", "unordered")?;
    writeln!(out, "  {:19} what is delivered again is applied again", "at-least-once")?;
    writeln!(out, "\nscenarios")?;
    let mut width = 0;
    let files = catalogue::files();
    for (name, ..) in &files {
        width = width.max(name.len());
    }
    for (name, file, text) in files {
        let scenario = Scenario::parse(&name, &file, text)?;
        writeln!(out, "  {}  {}", padded(&name, width), scenario.about)?;
    }
    Ok(true)
}
