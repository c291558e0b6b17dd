//! `multimaster swarm`: seeded walks through a scenario that is too large to explore.

mod told;

use super::limits::duration;
use super::progress::Line;
use super::style::{Color, Style};
use super::{Ending, Failure, whole};
use clap::{Args, ValueEnum};
use multimaster_models::check::running;
use multimaster_models::fault::{Fault, did_you_mean};
use multimaster_models::model::{Expectation, Model};
use multimaster_models::properties::FALLS_SILENT;
use multimaster_models::scenario::{Scenario, catalogue};
use multimaster_models::swarm::outcome::{Outcome, search};
use multimaster_models::swarm::{Ended, Swarm};
use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

pub(crate) const MANUAL: &str = "\
`check` explores every schedule, which ends only for small scenarios. `swarm` is for
larger ones: 5 to 9 masters and dozens of requests. It takes walks from the initial
state, with all failures of the scenario, and judges every state that they reach.

It never says `holds`. After `no violation found in 1,024 walks`, a state that no walk
has reached was not judged. The output shows the coverage: the number of distinct
states, the kinds of steps, and the witnesses. A witness is a situation that tests
properties; if no walk has reached it, these properties were not tested.

Each seed has its own preferences: which links are slow, which clients are eager,
which failures are likely or left out, and whether it walks at random, by priorities,
or depth first. Each seed has its own copy of the model, so that memory is bounded.
The same seeds give the same output, for any number of threads. If `--time` or a
signal ends the walks, the output depends on the machine.

The first violation is shrunk: first, unnecessary steps are removed; then requests,
failures and masters of the scenario. The trace contains the smaller scenario. `no
schedule is shorter there` means that all schedules of the smaller scenario were
compared. Two violations are different if they violate different properties, or if
their schedules have different numbers of steps of some kind.

The properties of states are judged. `falls silent` is judged where a walk returns to
an earlier state and has sent changes in between. A property that `[expect]` declares
violated is not judged, unless `--property` names it.

Examples:
  multimaster swarm my.toml                      seeds 0, 1, ... for a minute
  multimaster swarm my.toml --seeds 0..500       the same output on any machine
  multimaster swarm my.toml --seeds 17           one seed again
  multimaster swarm my.toml --time 8h --different 5
  multimaster swarm my.toml --property 'no policy loss'

Exit status:
  0    no violation was found
  1    a property is violated, or clients make no requests
  2    a usage or input error, or an error in a rule or a property of your own
  130  interrupted, after printing what was found";

#[derive(Args)]
pub(crate) struct Asked {
    /// A shipped scenario, or a scenario file
    scenario: String,
    /// The seeds: `0..64` for those from 0 to 63, `64..` for all from 64 on, `17` for one
    #[arg(long, value_name = "A..B", default_value = "0..", value_parser = seeds, allow_hyphen_values = true)]
    seeds: Range<u64>,
    /// Stop the walks after this time: `90s`, `10m`, `8h`. The default is 1m for seeds without an end, and no limit for
    /// others
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    time: Option<Duration>,
    /// The number of threads. The default is the number of cores
    #[arg(long, value_name = "N", value_parser = |text: &str| whole(text, 1, 1024_usize))]
    threads: Option<usize>,
    /// The number of walks of each seed
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = |text: &str| whole(text, 1, 1_000_000_u64))]
    walks: u64,
    /// The maximum number of steps of a walk
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = |text: &str| whole(text, 1, 1_000_000_usize))]
    depth: usize,
    /// Judge only this property; may be given several times
    #[arg(long, value_name = "NAME")]
    property: Vec<String>,
    /// Go on until this number of different violations is found
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole(text, 1, 1000_usize))]
    different: usize,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// When to print in colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// The folder in which to write each violation as a trace file and a picture
    #[arg(long, value_name = "DIR", default_value = "target/traces")]
    traces: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text
    Text,
    /// One JSON object
    Json,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || "write `0..64` (0 to 63), `64..` (all from 64 on) or `17` (one seed)".to_owned();
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let range = match text.split_once("..") {
        Some((from, "")) => number(from)?..u64::MAX,
        Some((from, to)) => number(from)?..number(to)?,
        None => number(text)?..number(text)?.checked_add(1).ok_or_else(wrong)?,
    };
    if range.is_empty() { Err(format!("no seed is in `{text}`; {}", wrong())) } else { Ok(range) }
}

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let (scenario, text) = catalogue::find_with_text(&asked.scenario)?;
    let swarm = wanted(asked, &scenario)?;
    if scenario.has_no_requests() {
        writeln!(io::stdout(), "{}: no client makes a request, so nothing was tested", scenario.name)?;
        return Ok(Ending::Otherwise);
    }
    let line = Line::begin("steps");
    let outcome = search(&scenario, &text, &swarm, asked.different, &mut |found| {
        line.say(format!("[making a walk of {} steps shorter]", found.steps()));
    });
    drop(line);
    let outcome = outcome?;
    let mut out = io::stdout().lock();
    match asked.format {
        Format::Text => told::text(&mut out, &scenario, &swarm, &outcome, &asked.traces, Style::of(asked.color))?,
        Format::Json => told::json(&mut out, &scenario, &swarm, &outcome, &asked.traces)?,
    }
    let Outcome { swarmed, violations } = outcome;
    if running::is_interrupted() || swarmed.ended == Ended::Interrupted {
        return Ok(Ending::Interrupted);
    }
    Ok(violations.is_empty().into())
}

fn wanted(asked: &Asked, scenario: &Scenario) -> Result<Swarm, Failure> {
    let properties = scenario.model().properties();
    let always = properties.iter().filter(|property| property.expectation == Expectation::Always);
    let known: Vec<&str> = always.map(|property| property.name).chain([FALLS_SILENT]).collect();
    let mut only = Vec::new();
    for name in &asked.property {
        let spaced = name.replace('-', " ");
        let Some(property) = known.iter().find(|known| **known == name || **known == spaced) else {
            let near = did_you_mean(name, known.iter().copied());
            let what = format!("this scenario has no such property; its properties are {}{near}", known.join(", "));
            return Err(Fault::of(&format!("--property {name}"), what).into());
        };
        only.push((*property).to_owned());
    }
    let minute = (asked.seeds.end == u64::MAX).then_some(Duration::from_secs(60));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Ok(Swarm {
        seeds: asked.seeds.clone(),
        time: asked.time.or(minute),
        threads: asked.threads.unwrap_or(cores),
        walks: asked.walks,
        depth: asked.depth,
        but: if only.is_empty() { scenario.expect.violated.clone() } else { Vec::new() },
        only: (!only.is_empty()).then_some(only),
        goes_on: asked.different > 1,
    })
}
