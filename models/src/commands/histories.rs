//! `multimaster histories`: a rule judged over all networks at once.

use super::progress::Line;
use super::{Ending, Failure, this_command, whole};
use clap::{Args, ValueEnum};
use multimaster_models::check::running;
use multimaster_models::histories::any_number::{Certificate, Limits, MOST_LAG};
use multimaster_models::histories::{self, Bounds, Finding, MOST_MASTERS, MOST_WRITES, Report, Times};
use multimaster_models::node::delivery::Delivery;
use multimaster_models::printed::{escaped_lines, shown, shown_lines};
use multimaster_models::report::check::Counterexample;
use multimaster_models::report::explorer;
use multimaster_models::report::table::{self, grouped};
use multimaster_models::report::trace;
use multimaster_models::verify::rules::{self, Ruled};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// In seconds.
const A_YEAR: u64 = 365 * 24 * 3600;

#[derive(Args)]
pub(crate) struct Asked {
    /// The rule: a name, or a scenario file with a rule
    rule: String,
    /// The maximum number of writes of a history
    #[arg(long, value_name = "K", default_value_t = 5)]
    #[arg(value_parser = |text: &str| whole(text, 1, MOST_WRITES), allow_hyphen_values = true)]
    writes: usize,
    /// The number of masters
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = |text: &str| whole(text, 2, MOST_MASTERS as u16), allow_hyphen_values = true)]
    masters: u16,
    /// A request that clients may make, such as `"set k = 1"`; may be given several times. The default requests for a
    /// register set two values and delete them; other kinds of data have similar ones
    #[arg(long = "request", value_name = "REQUEST")]
    requests: Vec<String>,
    /// The number of keys that the default requests write
    #[arg(long, value_name = "KEYS", default_value_t = 1)]
    #[arg(value_parser = |text: &str| whole(text, 1_u8, 2), allow_hyphen_values = true)]
    keys: u8,
    /// The delivery on which the rule can rely
    #[arg(long, value_enum, default_value_t = DeliveryName::Causal)]
    delivery: DeliveryName,
    /// Also let a master receive another master's snapshot, at any time
    #[arg(long)]
    snapshots: bool,
    /// The wall-clock times of writes, for rules that use wall clocks
    #[arg(long, value_enum, default_value_t = ClocksName::Lamport)]
    clocks: ClocksName,
    /// Also judge the rule over histories of any number of writes (see below)
    #[arg(long, conflicts_with_all = ["keys", "delivery", "snapshots", "clocks"])]
    any_number: bool,
    /// With --any-number: the maximum lag, which is the number of unsettled writes, the newest included. A write is
    /// settled at a point of the history if all writes after this point have seen it
    #[arg(long, value_name = "WRITES", default_value_t = 2, requires = "any_number")]
    #[arg(value_parser = |text: &str| whole(text, 2, MOST_LAG), allow_hyphen_values = true)]
    lag: usize,
    /// Stop after this number of seconds, and print the findings so far
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    #[arg(value_parser = |text: &str| whole(text, 0, A_YEAR), allow_hyphen_values = true)]
    seconds: u64,
    /// The format of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The folder for the traces and pictures of violations
    #[arg(long, value_name = "FOLDER", default_value = "target/traces")]
    traces: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table, and the schedules of violations
    Table,
    /// One JSON object
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum DeliveryName {
    /// Each change once, after all changes that its writer had seen
    Causal,
    /// Each change once, after the earlier changes of its origin
    Unordered,
    /// As `causal`, but after each step one change may be applied again
    AtLeastOnce,
}

#[derive(Clone, Copy, ValueEnum)]
enum ClocksName {
    /// Their Lamport times
    Lamport,
    /// Every order of times that right clocks can show, with equal times too
    Right,
    /// Every order of times, with equal times too
    Wrong,
}

pub(crate) const MANUAL: &str = "\
A history is a set of writes, each with the writes that its writer had seen. A
master's state depends on the history and on the order in which the master applied
the writes, but not on the network. So a property that holds here holds for every
topology and every link with that delivery, up to this number of writes and
masters, if no master receives a snapshot (`--snapshots` removes this condition). A
violation is shown by its shortest schedule with masters all to all; with
`--snapshots` or `--delivery at-least-once`, only by its history.

  multimaster histories mysql
  multimaster histories cart.toml --writes 4
  multimaster histories riak --writes 6 --masters 2 --delivery unordered
  multimaster histories set --request 'insert x into k' --request 'remove x from k'

Each further write takes about twenty times as long at three masters, ten times at
two; memory stays the same. Histories do not cover repair, silence, truncated logs,
batches, resets, or when anything happens: explore networks for these (`check`).

With --any-number, histories of every length are covered, too, if the rule depends
only on the order of times and of sequence numbers, and keeps a bounded state. The
lag bounds how far writers may be behind: once a write is made, at most LAG writes,
this one included, are not in the causal past of every later write. A master that
only reads may be behind any number of writes. docs/any-number.md has the theorem.

  multimaster histories last-write --any-number --lag 3
  multimaster histories set --any-number --format json

Of a scenario file, only the rule and the `[specification]` are used.

Exit status: 0 if all histories were enumerated, whatever the verdicts; 1 if the
enumeration stopped early, nothing was tested, or --any-number was given and the
rule got no certificate; 2 if an argument or the rule is invalid; 130 if it was
interrupted: the findings so far are printed, and their schedules need not be
shortest.";

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let ruled = rules::ruled(&asked.rule)?;
    let mut requests = Vec::new();
    for text in &asked.requests {
        let request = ruled.request(text).map_err(|wrong| {
            Failure::Given(format!("--request {text:?}: {wrong}; for example: {}", rules::examples(&ruled)))
        })?;
        requests.push(request);
    }
    let bounds = |default: Vec<_>, two_keys: Vec<_>| {
        let last = asked.writes as u64;
        let requests = match (requests.is_empty(), asked.keys) {
            (false, _) => requests,
            (true, 1) => default,
            (true, _) => two_keys,
        };
        Bounds {
            delivery: match asked.delivery {
                DeliveryName::Causal => Delivery::Causal,
                DeliveryName::Unordered => Delivery::Unordered,
                DeliveryName::AtLeastOnce => Delivery::AtLeastOnce,
            },
            snapshots: asked.snapshots,
            times: match asked.clocks {
                ClocksName::Lamport => Times::Lamport,
                ClocksName::Right => Times::Right(last),
                ClocksName::Wrong => Times::Any(last),
            },
            time: Duration::from_secs(asked.seconds),
            ..Bounds::new(asked.masters, asked.writes, requests)
        }
    };
    let line = Line::begin(if asked.any_number { "histories and windows" } else { "histories" });
    let report = ruled.histories(bounds, &mut |_| {});
    let given = |wrong| Failure::Given(format!("{}: {wrong}", asked.rule));
    let report = report.map_err(given)?;
    let time = Duration::from_secs(asked.seconds).saturating_sub(report.time);
    let limits = Limits { time, ..Limits::new(asked.masters, asked.lag) };
    let certificate =
        asked.any_number.then(|| ruled.rule.certified(limits, report.bounds.requests.clone())).transpose();
    drop(line);
    let certificate = certificate.map_err(given)?;
    if let Some(fault) = ruled.fault() {
        return Err(fault.into());
    }
    if asked.format == Format::Json {
        let summary = report.summary(ruled.rule.name, certificate.as_ref());
        let json = serde_json::to_string(&summary).expect("a summary is JSON");
        writeln!(std::io::stdout(), "{json}")?;
    } else {
        print(&ruled, &report, certificate.as_ref(), &asked.traces)?;
        if let Some(why) = report.untested() {
            writeln!(std::io::stdout(), "\n{why}")?;
        }
    }
    if running::is_interrupted() {
        return Ok(Ending::Interrupted);
    }
    let shown = certificate.is_none_or(|certificate| certificate.is_given());
    Ok((!report.stopped && report.untested().is_none() && shown).into())
}

fn print(ruled: &Ruled, report: &Report, certificate: Option<&Certificate>, traces: &Path) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let Report { bounds, histories, conflicts, effort, time, .. } = report;
    writeln!(out, "{}: {}", shown(ruled.rule.name), shown(ruled.rule.about))?;
    writeln!(out, "for {}", report.scope_in_words())?;
    let requests: Vec<String> = bounds.requests.iter().map(ToString::to_string).collect();
    writeln!(out, "requests: `{}`\n", shown(&requests.join("`, `")))?;
    writeln!(out, "{}", report.in_a_table(certificate))?;
    let count = |number: u64| grouped(usize::try_from(number).unwrap_or(usize::MAX));
    writeln!(
        out,
        "{} histories, {} with a conflict; {:.2} s",
        count(*histories),
        count(*conflicts),
        time.as_secs_f64()
    )?;
    if let Some(certificate) = certificate {
        writeln!(out, "{}", shown_lines(&certificate.in_words()))?;
    }
    if effort.refused > 0 {
        writeln!(out, "{} requests were refused by the rule: no such write was made", count(effort.refused))?;
    }
    writeln!(out, "{}", histories::NOT_SEEN)?;
    for broken in ruled.rule.laws().broken.iter().filter(|broken| broken.law.limits_histories()) {
        writeln!(out, "\nthe verdicts cover only these keys and times, because the rule is {broken}")?;
    }
    let own = ruled.own_properties();
    if !own.is_empty() {
        writeln!(out, "checked only in networks (`check`): {}", shown(&own.join(", ")))?;
    }
    let longer = certificate.iter().flat_map(|certificate| &certificate.judged);
    for (property, history) in longer.filter_map(|(property, history)| Some((property, history.as_ref()?))) {
        if matches!(report.finding(property), Some(Finding::Holds)) {
            writeln!(out, "\n{property}: violated after these writes")?;
            history.iter().try_for_each(|write| writeln!(out, "  {}", shown(write)))?;
        }
    }
    for (property, finding) in &report.findings {
        let Finding::Violated(violation) = finding else { continue };
        match ruled.counterexample(violation, bounds) {
            None => {
                writeln!(out, "\n{property}: {}", shown(&violation.in_words()))?;
                for write in &violation.history {
                    writeln!(out, "  {}", shown(write))?;
                }
            }
            Some(Ok(example)) => print_example(&mut out, ruled, &example, traces)?,
            Some(Err(broken)) => return Err(Failure::Given(format!("the schedule does not replay: {broken}"))),
        }
    }
    Ok(())
}

fn print_example(out: &mut impl Write, ruled: &Ruled, example: &Counterexample, traces: &Path) -> Result<(), Failure> {
    writeln!(out, "\n{}", table::counterexample(ruled.rule.name, example))?;
    match trace::files::write(example, &ruled.file_name(), traces) {
        Ok(file) => {
            let (command, address) = (this_command(), explorer::address(&example.replayed.path));
            writeln!(out, "  picture: {}", Path::new(&file).with_extension("svg").display())?;
            writeln!(out, "  explore: {command} explore {file}   at http://localhost:3000/{address}")?;
            writeln!(out, "  replay:  {command} replay {file}")?;
        }
        Err(why) => writeln!(out, "  {}; the trace is\n{}", shown(&why), escaped_lines(&example.trace))?,
    }
    Ok(())
}
