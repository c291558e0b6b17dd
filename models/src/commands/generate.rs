//! `multimaster generate`: writes tests for an implementation of the protocol in another language.

use super::progress::Line;
use super::{Ending, Failure, whole};
use clap::{Args, ValueEnum};
use multimaster_models::fault::Fault;
use multimaster_models::generate::{self, Cover, Failure as Why};
use multimaster_models::report::table::grouped;
use multimaster_models::scenario::catalogue;
use std::fs::File;
use std::io::{self, BufWriter, Write};

pub(crate) const MANUAL: &str = "\
A test is a schedule from the initial state: each step with the readings that
every master must have after it. Replay the tests on an implementation of the
protocol in another language: it must do what the shipping replicas did.

The first line is an object with the system (the rule, the masters, the edges, the
link) and the counts. Each line after it is a test. docs/generate.md has the
fields, and an implementation in Python that replays them.

Exit status:
  0    the tests are written
  2    a usage or input error, or the scenario has too many states; nothing is
       written
  130  interrupted; nothing is written";

#[derive(Args)]
pub(crate) struct Asked {
    /// A shipped scenario, or a scenario file
    scenario: String,
    /// The file to write; `-` for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: String,
    /// What the tests must cover
    #[arg(long, value_enum, default_value_t = CoverName::Transitions)]
    cover: CoverName,
    /// The maximum number of states of the scenario
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = |text: &str| whole(text, 1, 10_000_000_usize))]
    max_states: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CoverName {
    /// Every distinct state
    States,
    /// Every step that is possible in every state
    Transitions,
    /// The shortest schedule to each violation and each witness
    Properties,
}

impl From<CoverName> for Cover {
    fn from(name: CoverName) -> Cover {
        match name {
            CoverName::States => Cover::States,
            CoverName::Transitions => Cover::Transitions,
            CoverName::Properties => Cover::Properties,
        }
    }
}

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let scenario = catalogue::find(&asked.scenario)?;
    let line = Line::begin("states");
    let tests = generate::generate(&scenario, asked.cover.into(), asked.max_states);
    drop(line);
    let tests = match tests {
        Ok(tests) => tests,
        Err(Why::Given(fault)) => return Err(fault.into()),
        Err(Why::TooLarge(most)) => {
            let what = format!(
                "this scenario has more than {} states: test a smaller one, or raise --max-states",
                grouped(most)
            );
            return Err(Fault::of(&scenario.name, what).into());
        }
        Err(Why::Interrupted) => return Ok(Ending::Interrupted),
    };
    if asked.out == "-" {
        tests.write(io::stdout().lock())?;
        return Ok(Ending::Fine);
    }
    let file = File::create(&asked.out).map_err(|error| Fault::of(&asked.out, error.to_string()))?;
    tests.write(BufWriter::new(file)).map_err(|error| Fault::of(&asked.out, error.to_string()))?;
    let head = &tests.head;
    writeln!(
        io::stdout().lock(),
        "{}: {} tests with {} steps, for {} states and {} transitions",
        asked.out,
        grouped(head.tests),
        grouped(head.steps),
        grouped(head.states),
        grouped(head.transitions)
    )?;
    Ok(Ending::Fine)
}
