//! `multimaster check`: explores scenarios and prints their verdicts.

mod brief;
mod ends;
mod graph;
mod matrix;
mod opened;
mod past;
mod spread;
mod storage;

use super::limits::Most;
use super::program::{self, Program};
use super::progress::{Line, catch_signals};
use super::report;
use super::style::{Color, Style};
use super::{Ending, Failure};
use brief::Brief;
use clap::{Args, ValueEnum};
use ends::Ends;
use multimaster_models::check::liveness::Fairness;
use multimaster_models::check::running;
use multimaster_models::check::stateright_engine::How;
use multimaster_models::printed::{self, escaped_json};
use multimaster_models::report::check::{Checked, Engine, check_all, check_stored};
use multimaster_models::report::junit;
use multimaster_models::report::table::Table;
use multimaster_models::report::trace::files;
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
pub(crate) use opened::opened;
use spread::Spread;
use std::collections::BTreeMap;
use std::io::{self, StdoutLock, Write};
use std::path::PathBuf;
use storage::Stored;

pub(crate) const MANUAL: &str = "\
Properties, as the table and JSON name them (`[expect]` writes hyphens, as in
`no-causal-loss`):
  convergence              masters that have seen the same changes read the same,
                           in every state
  agreement at quiescence  when the clients are done and no step changes anything,
                           all masters have seen every acknowledged write and
                           read the same
  repairable               if all messages in flight were lost, one exchange of
                           digests would bring a neighbour up to date, in every
                           state
  causal order             a master that has seen a write has seen its causal past:
                           the writes that the writing master had seen before it
  no resurrection          a master that has seen a delete does not read a value
                           that the delete removed, unless a write outside the
                           delete's causal past wrote this value too
  no causal loss           no write is lost to a write in its own causal past, or
                           without a competing write: a violation is a bug in any
                           rule
  no policy loss           no write is lost to a concurrent write that is read
                           instead: a violation is the rule's choice
  no total loss            competing concurrent writes are not all lost: at least
                           one of them is read
  no invention             every value read was written, or the rule computed it
                           from written values
  specification            every read equals the specification's result for the
                           writes that its master has seen, in every state
  no overselling           (bounded counters) no master subtracts more than it has
                           a right to, and none reads less than 0
  durability               (crashes) when no step changes anything, every
                           acknowledged write has been seen by a master that is up
  write availability       (`acknowledge = \"held by N\"`) when no step changes
                           anything, no client of a master that is up waits for
                           its answer; (hybrid clocks) and no master refuses
                           writes because its clock is at the end of all times
  read your writes         (sessions) a session reads at masters that have seen its
                           writes
  monotonic reads          (sessions) a session reads at masters that have seen all
                           writes that its earlier reads may have reflected
  monotonic writes         (sessions) a session writes at masters that have seen its
                           earlier writes
  writes follow reads      (sessions) a session writes at masters that have seen all
                           writes that its reads may have reflected
  falls silent             masters stop sending changes: no cycle of steps sends
                           one. The column `messages` has the greatest number of
                           messages that carry the same change
  everyone hears           (`--liveness`) every acknowledged write reaches every
                           master that stays up, in every fair schedule
  eventually always agree  (`--liveness`) from some state on, all masters that are
                           up have seen the same writes and read the same, in
                           every fair schedule
  falls silent if fair     (`--liveness`) no fair schedule sends changes for ever
  no deadlock              (`program = \"article\"`) there is no state in which all
                           masters wait
  order kept               (`program = \"article\"`) at quiescence, if only one
                           master has written a key, all masters read what that
                           master reads
  reached                  the number of witnesses reached. A witness is a
                           situation that tests properties, such as a conflict

  holds          true in every state; only if the scenario was exhausted
  violated (4)   the shortest schedule that violates the property has four steps
  vacuous        the property holds, but the scenario never tested it
  not judged     the rule computes one value from several writes, and the check
                 could not tell which of these writes the value shows; or, for
                 `falls silent`, `--safety` was given
  not exhausted  no violation was found before the exploration ended at a limit

  A schedule that violates a liveness property is infinite: its last steps repeat
  for ever. `--liveness` considers only fair schedules, in which no class of
  actions stays possible for ever and is never taken: messages in flight arrive,
  masters tick and restart, cuts are healed. See docs/liveness.md.

  A property of your own has a column named after it.

  If a scenario has an `[expect]`, even an empty one, its verdicts are compared
  with it. A property that `[expect]` does not name is expected to hold. A witness
  that it does not name is expected to be reached. A scenario without one is only
  explored: `check` prints its verdicts, and an `[expect]` with these verdicts,
  which you can paste into the file.

  If a limit or a signal ends an exploration, the violations found so far are
  printed. Their schedules are the shortest, because states are explored in the
  order of their distance (except with `--engine stateright`).

Programs:
  `--node COMMAND` explores processes of a program in any language. The program
  speaks Maelstrom's JSON messages, one in a line: `init`, the requests of
  `--workload`, `read`. Two more messages are optional. The answer to `state`
  contains everything on which later steps depend, so that equal states are
  explored once. `tick` is a timer that fires at any time. The program must be
  deterministic, and must finish a line before it answers the next one. The
  scenario has no `rule`. See docs/nodes.md.

    multimaster check --node 'python3 node.py' --workload g-set set.toml

Exit status:
  0    every verdict is as its scenario expects, or the scenario expects none
  1    a verdict is not as expected, or nothing was tested
  2    a usage or input error, or an error in a rule or a property of your own
  3    a scenario expects no verdicts, and its exploration ended at a limit
  130  interrupted";

#[derive(Args)]
pub(crate) struct Asked {
    /// Scenario files or folders of them; names of shipped scenarios (`booking/arrival`) or of their folders (`large`);
    /// patterns (`'booking/*'`). Without arguments: all shipped scenarios outside `large/` and `beyond/`
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Explore the protocol under pairs of failures, over a ring, a star and all to all, and print the violated
    /// properties: about a minute
    #[arg(long, conflicts_with_all = ["scenarios", "filter", "format", "verbose", "only_unexpected", "quiet", "example", "node", "open"])]
    matrix: bool,
    /// Only scenarios whose name contains this text
    #[arg(long, value_name = "TEXT", conflicts_with = "node")]
    filter: Option<String>,
    /// How to print the result. The default is `table` if every argument names one scenario, otherwise `brief`
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The same as `--format table`
    #[arg(long, short, conflicts_with_all = ["format", "quiet"])]
    verbose: bool,
    /// Print only scenarios with an unexpected verdict
    #[arg(long)]
    only_unexpected: bool,
    /// Print nothing if all is as expected
    #[arg(long, short)]
    quiet: bool,
    /// Also print a shortest run of each scenario to quiescence
    #[arg(long)]
    example: bool,
    /// When to print in colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// The folder in which to write each counterexample as a trace file and a picture
    #[arg(long, value_name = "DIR", default_value = "target/traces")]
    traces: PathBuf,
    /// Add the states, time and verdicts of each scenario to this file, and print the differences from the scenario's
    /// last run
    #[arg(long, value_name = "FILE")]
    history: Option<String>,
    /// Write the verdicts and schedules as a page into the folder of the traces, and open it in the browser
    #[arg(long)]
    open: bool,
    /// Write the states and transitions of the one scenario to this file, `*.dot` (Graphviz) or `*.json`
    #[arg(long, value_name = "FILE")]
    graph: Option<String>,
    /// Also judge the liveness properties: `everyone hears`, `eventually always agree`, `falls silent if fair`. For a
    /// scenario whose `[expect]` names one of them, they are judged without this option
    #[arg(long, conflicts_with_all = ["matrix", "engine", "safety"])]
    liveness: bool,
    /// As `--liveness`, but over all schedules, the unfair ones included: a message in flight may then never arrive
    #[arg(long, conflicts_with_all = ["matrix", "engine", "safety"])]
    unfair: bool,
    #[command(flatten)]
    most: Most,
    #[command(flatten)]
    stored: Stored,
    #[command(flatten)]
    spread: Spread,
    #[command(flatten)]
    program: Program,
    /// The checker. stateright's checkers visit the same states, but their schedules need not be shortest
    #[arg(long, value_enum, default_value_t = EngineName::Own, help_heading = "To check the checker")]
    engine: EngineName,
    /// Compute each step of a master anew instead of caching its result: slower, with the same verdicts
    #[arg(long, conflicts_with = "node", help_heading = "To check the checker")]
    no_memo: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each scenario or folder, and the schedules of unexpected violations
    Brief,
    /// A Markdown table of all verdicts, then the schedules
    Table,
    /// One line for each scenario, a JSON object
    Json,
    /// JUnit XML, with a test case for each scenario
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
    if asked.matrix {
        return matrix::run(&asked.traces);
    }
    // Reading a scenario of programs starts them.
    catch_signals();
    let mut scenarios = match asked.program.options() {
        Some(_) if asked.scenarios.is_empty() => {
            return Err(Failure::Given("`--node` needs a scenario file of nodes: see docs/nodes.md".into()));
        }
        Some(program) => {
            asked.scenarios.iter().map(|file| program::scenario(&program, file)).collect::<Result<_, _>>()?
        }
        None => catalogue::select(&asked.scenarios, asked.filter.as_deref())?,
    };
    for scenario in &mut scenarios {
        asked.most.apply(&mut scenario.limits);
        scenario.limits.safety = asked.stored.safety;
        scenario.limits.liveness = match (asked.unfair, asked.liveness) {
            (true, _) => Some(Fairness::None),
            (_, true) => Some(Fairness::Weak),
            _ => scenario.limits.liveness,
        };
    }
    if asked.no_memo {
        scenarios = scenarios.into_iter().map(Scenario::without_memo).collect();
    }
    if let Some(file) = &asked.graph {
        let form = graph::form(file).map_err(Failure::Given)?;
        if !graph::write(file, form, &scenarios)? {
            return Ok(Ending::Interrupted);
        }
    }
    let storage = asked.stored.storage(&scenarios, asked.most.is_of_memory())?;
    let several = asked.spread.several(&mut scenarios, storage.as_ref(), asked.no_memo)?;
    if let Some(several) = &several
        && !several.reports()
    {
        return several.follow(&scenarios);
    }
    let past = asked.history.as_deref().map(past::read).transpose()?;
    let mut rows = Rows::of(asked, &scenarios);
    rows.head()?;
    // Scenarios end in any order, but their rows are printed in the order of the scenarios.
    let mut waiting: BTreeMap<usize, Checked> = BTreeMap::new();
    let line = Line::begin("states");
    let (mut ended, all) = (0, scenarios.len());
    line.say(format!("[0/{all}]"));
    let mut tell = |place, checked| {
        waiting.insert(place, checked);
        ended += 1;
        line.say(format!("[{ended}/{all}]"));
        while let Some(checked) = waiting.remove(&rows.done.len()) {
            if let Err(error) = line.above(|| rows.print(checked)) {
                // The output is closed, so there is no need to explore the rest.
                std::process::exit(Failure::from(error).told().into());
            }
        }
    };
    match &storage {
        _ if several.is_some() => several.into_iter().try_for_each(|several| several.check(&scenarios, &mut tell))?,
        None => check_all(&scenarios, asked.engine.into(), tell),
        Some(storage) => check_stored(&scenarios, storage, tell).map_err(Failure::Given)?,
    }
    drop(line);
    // After an interruption, a scenario may be explored although one before it is not.
    waiting.into_values().try_for_each(|checked| rows.print(checked))?;
    let Rows { done, format, mut out, style, .. } = rows;
    let kept = files::keep(&done, &asked.traces);
    let skipped = scenarios.get(done.len()..).unwrap_or_default().len();
    let (shortest, program) = (asked.engine == EngineName::Own, asked.program.arguments());
    let ends = Ends { done: &done, kept: &kept, skipped, style, shortest, program };
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
                for line in done.iter().flat_map(|checked| program::left_out(&checked.scenario)) {
                    writeln!(out, "{}", printed::shown(&line))?;
                }
                ends.print_expectations(&mut out, format == Format::Table)?;
                ends.print_summary(&mut out)?;
            }
            ends.print_surprises(&mut out)?;
        }
    }
    if asked.open && !done.is_empty() {
        let folder = asked.traces.display().to_string();
        let page = report::write(&done, &BTreeMap::new(), &asked.program.arguments(), &folder, Vec::new())?;
        match format {
            Format::Json | Format::Junit => opened(&page, true, &mut io::stderr())?,
            Format::Brief | Format::Table => opened(&page, true, &mut out)?,
        }
    }
    if let (Some(file), Some(past), false) = (&asked.history, &past, running::is_interrupted()) {
        past::add(file, past, &done)?;
    }
    let failed = done.iter().flat_map(|checked| checked.scenario.faults());
    let failed: Vec<String> = failed.map(|fault| fault.to_string()).collect();
    if !failed.is_empty() {
        return Err(Failure::Given(failed.join("\nmultimaster: ")));
    }
    if running::is_interrupted() {
        let of = format!(
            "{} of {all} scenarios were explored to the end",
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

/// The lines that are printed while scenarios are explored.
struct Rows<'a> {
    asked: &'a Asked,
    format: Format,
    style: Style,
    table: Table,
    brief: Brief,
    out: StdoutLock<'static>,
    done: Vec<Checked>,
    /// The index in `done` of the first scenario of the current line.
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

    /// Prints the row of a scenario, or of the folder whose last scenario it is.
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
