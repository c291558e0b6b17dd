//! `multimaster explore`: serves the Stateright Explorer.

use super::Failure;
use super::program::{self, Program};
use super::replay::read_trace;
use clap::Args;
use multimaster_models::check::engine::Path;
use multimaster_models::printed::shown;
use multimaster_models::report::explorer::{self, Served};
use multimaster_models::scenario::catalogue;
use std::io::Write;

#[derive(Args)]
pub(crate) struct Asked {
    /// A scenario (a file or a shipped name), or a trace; a trace is shown at its last step
    file: String,
    /// The port, or the address and port, to listen on
    #[arg(default_value = "localhost:3000")]
    address: String,
    #[command(flatten)]
    program: Program,
}

pub(crate) fn run(asked: &Asked) -> Result<bool, Failure> {
    let Asked { file, address, program } = asked;
    let program = program.options();
    let is_trace = file.ends_with(".trace");
    let (scenario, path) = if is_trace {
        let (trace, scenario) = read_trace(file, program.as_ref())?;
        let replayed = trace.replay(&scenario.model())?;
        (scenario, replayed.path)
    } else {
        let found = program.map_or_else(|| catalogue::find(file), |program| program::scenario(&program, file));
        (found?, Path::default())
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
