//! `multimaster check`: explores scenarios and prints their verdicts.

mod brief;
mod ends;
mod limits;

use super::progress::Line;
use super::style::{Color, Style};
use super::{Ending, Failure};
use brief::Brief;
use clap::{Args, ValueEnum};
use ends::Ends;
use limits::Most;
use multimaster_models::check::running;
use multimaster_models::check::stateright_engine::How;
use multimaster_models::printed::escaped_json;
use multimaster_models::report::check::{Checked, Engine, check_all};
use multimaster_models::report::junit;
use multimaster_models::report::table::Table;
use multimaster_models::report::trace::files;
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use std::collections::BTreeMap;
use std::io::{self, StdoutLock, Write};
use std::path::PathBuf;

pub(crate) const MANUAL: &str = "\
Verdicts, in the table and in JSON by the names that they have in `[expect]`
(there with hyphens: `no-causal-loss`):
  convergence              masters that have seen the same changes read the same,
                           in every state
  agreement at quiescence  when nothing can change any more, all have seen every
                           acknowledged write and read the same
  repairable               were all in flight lost, one exchange of digests would
                           bring a neighbour up to date, in every state
  causal order             no master has seen a write without all that it had
                           seen
  no resurrection          what a seen delete removed is not read, unless a write
                           shows it that the delete had not seen
  no causal loss           no write is lost where nothing competed with it, or to
                           one that it had seen: a violation is a bug in any rule
  no policy loss           no write is lost to one concurrent to it, which is read
                           instead: a violation is the rule's choice
  no total loss            no write is lost to concurrent ones of which none is
                           read either
  no invention             no reader sees a value that nobody wrote, and that the
                           rule did not make of written values
  specification            a read is what the rule's specification makes of the
                           writes that its master has seen, in every state
  no overselling           (bounded counters) no master subtracts more than it has
                           a right to, and none reads less than 0
  falls silent             messages that carry changes end: no cycle of steps
                           sends one; `messages` is the most that carry one change
  no deadlock              (the article's program) never does everyone wait
  order kept               (the article's program) a key with one writer ends
                           everywhere as it does at its writer
  reached                  how many of the situations were reached that put the
                           properties to the test: a conflict, quiescence, ...

  holds          in every state: said only of an exhausted scenario
  violated (4)   a schedule of four steps shows it, and none shorter does
  vacuous        it holds, but what it speaks of was never reached
  not judged     the rule makes one value of several, and which writes that value
                 shows could not be tested
  not exhausted  no violation was found before the exploration ended at a limit

  A property of your own has a column named after it.

  A scenario with `[expect]`, even an empty one, is held to it: properties that it
  does not name are expected to hold, and all situations to be reached. One
  without is explored: `check` prints its verdicts, and the `[expect]` that pins
  them, to be pasted into the file.

  An exploration that is ended by a limit or by SIGINT prints the violations found
  until then. Their schedules are the shortest: states are explored in the order
  of their distance (with `--engine stateright`, they need not be).

Exit status:
  0    every verdict is as its scenario expects, or nothing was expected of it
  1    a verdict is not as expected, or nothing was tested
  2    a usage or input error, or a rule or a property of your own that failed
  3    nothing was expected, and an exploration ended at a limit
  130  interrupted";

#[derive(Args)]
pub(crate) struct Asked {
    /// Scenario files, folders of such, names of shipped scenarios (`booking/arrival`), of folders of such (`large`), or
    /// patterns (`'booking/*'`); none: all shipped ones but those under `large/`
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Only scenarios whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How to print the result. The default is `table` where each scenario is named, otherwise `brief`
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The same as `--format table`
    #[arg(long, short, conflicts_with_all = ["format", "quiet"])]
    verbose: bool,
    /// Print only scenarios with a verdict that is not as expected
    #[arg(long)]
    only_unexpected: bool,
    /// Print nothing if all is as expected
    #[arg(long, short)]
    quiet: bool,
    /// Print also a shortest run to quiescence of each scenario: what happens when nothing goes wrong
    #[arg(long)]
    example: bool,
    /// When to print in colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// The folder in which to write each counterexample as a trace file and a picture
    #[arg(long, value_name = "DIR", default_value = "target/traces")]
    traces: PathBuf,
    #[command(flatten)]
    most: Most,
    /// Which checker explores. Those of stateright visit the same states, but their schedules need not be shortest
    #[arg(long, value_enum, default_value_t = EngineName::Own, help_heading = "For those who doubt the checker")]
    engine: EngineName,
    /// Let each master take each step anew, instead of remembering what came of it: slower, with the same result
    #[arg(long, help_heading = "For those who doubt the checker")]
    no_memo: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each scenario or folder; schedules of what is not as expected
    Brief,
    /// A Markdown table of all verdicts, then the schedules
    Table,
    /// One JSON object a scenario, a line each
    Json,
    /// JUnit's XML: a test case a scenario
    Junit,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
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

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let mut scenarios = catalogue::select(&asked.scenarios, asked.filter.as_deref())?;
    for scenario in &mut scenarios {
        asked.most.apply(&mut scenario.limits);
    }
    if asked.no_memo {
        scenarios = scenarios.into_iter().map(Scenario::without_memo).collect();
    }
    let mut rows = Rows::of(asked, &scenarios);
    rows.head()?;
    // Scenarios end in any order; rows are printed in the scenarios' own.
    let mut waiting: BTreeMap<usize, Checked> = BTreeMap::new();
    let line = Line::begin("states");
    let (mut ended, all) = (0, scenarios.len());
    line.say(format!("[0/{all}]"));
    check_all(&scenarios, asked.engine.into(), |place, checked| {
        waiting.insert(place, checked);
        ended += 1;
        line.say(format!("[{ended}/{all}]"));
        while let Some(checked) = waiting.remove(&rows.done.len()) {
            if line.above(|| rows.print(checked)).is_err() {
                // Nobody reads on: no need to explore the rest.
                std::process::exit(1);
            }
        }
    });
    drop(line);
    // Once interrupted, some were explored whose predecessors were not.
    waiting.into_values().try_for_each(|checked| rows.print(checked))?;
    let Rows { done, format, mut out, style, .. } = rows;
    let kept = files::keep(&done, &asked.traces);
    let skipped = scenarios.get(done.len()..).unwrap_or_default().len();
    let ends = Ends { done: &done, kept: &kept, skipped, style, shortest: asked.engine == EngineName::Own };
    let shown = |checked: &&Checked| !asked.only_unexpected || !checked.is_as_expected();
    match format {
        Format::Json => {}
        Format::Junit => {
            let missing = scenarios.iter().filter(|scenario| done.iter().all(|one| one.scenario.name != scenario.name));
            let missing: Vec<&str> =
                missing.map(|scenario| scenario.name.as_str()).filter(|_| !asked.only_unexpected).collect();
            let done: Vec<&Checked> = done.iter().filter(shown).collect();
            write!(out, "{}", junit::of(&done, &missing))?;
        }
        Format::Brief | Format::Table => {
            if format == Format::Table && !asked.quiet {
                ends.print_counterexamples(&mut out, shown)?;
            }
            if !asked.quiet {
                if asked.example {
                    ends.print_examples(&mut out)?;
                }
                ends.print_expectations(&mut out, format == Format::Table)?;
                ends.print_summary(&mut out)?;
            }
            ends.print_surprises(&mut out)?;
        }
    }
    let failed = done.iter().flat_map(|checked| checked.scenario.faults());
    let failed: Vec<String> = failed.map(|fault| fault.to_string()).collect();
    if !failed.is_empty() {
        return Err(Failure::Given(failed.join("\nmultimaster: ")));
    }
    if running::is_interrupted() {
        let of = format!(
            "{} of {all} scenarios were explored to an end",
            all - skipped - done.iter().filter(|one| one.is_cut()).count()
        );
        let _ = writeln!(io::stderr(), "multimaster: interrupted: {of}");
        return Ok(Ending::Interrupted);
    }
    Ok(match done.iter().all(Checked::is_as_expected) {
        true if done.iter().any(Checked::is_open) => Ending::NotExhausted,
        fine => fine.into(),
    })
}

/// What is printed while scenarios are explored.
struct Rows<'a> {
    asked: &'a Asked,
    format: Format,
    style: Style,
    table: Table,
    brief: Brief,
    out: StdoutLock<'static>,
    done: Vec<Checked>,
    /// Where in `done` the present line begins.
    begun: usize,
}

impl<'a> Rows<'a> {
    fn of(asked: &'a Asked, scenarios: &[Scenario]) -> Rows<'a> {
        let named = !asked.scenarios.is_empty() && asked.scenarios.iter().all(|given| catalogue::is_single(given));
        let default = if named || asked.verbose { Format::Table } else { Format::Brief };
        let style = Style::of(asked.color);
        Rows {
            asked,
            format: asked.format.unwrap_or(default),
            style,
            table: Table::of(scenarios),
            brief: Brief::of(scenarios, style),
            out: io::stdout().lock(),
            done: Vec::new(),
            begun: 0,
        }
    }

    fn head(&mut self) -> io::Result<()> {
        match self.format {
            Format::Table if !self.asked.quiet => writeln!(self.out, "{}", self.table.head()),
            _ => Ok(()),
        }
    }

    /// Prints the row of a scenario, or of the folder that ends with it.
    fn print(&mut self, checked: Checked) -> io::Result<()> {
        let place = self.done.len();
        let wanted = !self.asked.only_unexpected || !checked.is_as_expected();
        self.done.push(checked);
        let checked = &self.done[place];
        match self.format {
            Format::Json if wanted => {
                let line = serde_json::to_string(&checked.summary()).map_err(io::Error::other)?;
                writeln!(self.out, "{}", escaped_json(&line))?;
            }
            Format::Table if wanted && !self.asked.quiet => writeln!(self.out, "{}", self.table.row(checked))?,
            Format::Brief if self.brief.ends_at(place) => {
                let line = &self.done[self.begun..];
                let wanted = !self.asked.only_unexpected || line.iter().any(|checked| !checked.is_as_expected());
                self.begun = place + 1;
                if wanted && !self.asked.quiet {
                    writeln!(self.out, "{}", self.brief.line(place, line))?;
                }
            }
            _ => {}
        }
        self.out.flush()
    }
}
