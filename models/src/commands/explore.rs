//! `multimaster explore`: serves the Explorer.

use super::program::{self, Program};
use super::replay::read_trace;
use super::{Failure, this_command};
use clap::Args;
use multimaster_models::printed::shown;
use multimaster_models::report::explorer::{self, DEFAULT_ADDRESS, DEFAULT_PORT, Served, Shown};
use multimaster_models::scenario::catalogue;
use std::io::Write;

/// The manual.
pub(crate) const MANUAL: &str = "\
The page shows one state: the schedule that leads to it, each master, with marks on the
values that the last step altered, every property in this state, the possible next
steps, and a sequence diagram. The server searches all schedules; for a trace, it does
so only on request. The address of the page names the state: a bookmark returns to it.
stateright's own page is at /stateright/, with the same addresses.

Keys:
  j, k   select a step; Enter takes it
  u, f   go one step back, one step forward
  n      go to the nearest later violation
  w, q   go to the nearest later new witness, or quiescent state
  c      copy the schedule as a trace for `replay`

Only this machine can reach the page, unless --host names another address. There is no
authentication. The server refuses requests from pages of other sites, and requests
whose `Host` header names another server.

Examples:
  multimaster explore booking/arrival             from its shortest counterexample
  multimaster explore my.trace                    from the last step of the trace
  multimaster explore my.toml --port 0            on a free port, which is printed
  multimaster explore my.toml --node './a.out'    processes of a program";

#[derive(Args)]
pub(crate) struct Asked {
    /// A scenario (a file or a shipped name), or a trace; a trace is shown at its last step
    file: String,
    /// The port, or the address and port, to listen on
    #[arg(default_value = DEFAULT_ADDRESS)]
    address: String,
    /// The port to listen on; 0 for a free one, which is printed
    #[arg(long, conflicts_with = "address")]
    port: Option<u16>,
    /// The address to listen on, such as 0.0.0.0 for all of this machine's: other machines can then reach the pages
    #[arg(long, value_name = "ADDRESS", conflicts_with = "address")]
    host: Option<String>,
    #[command(flatten)]
    program: Program,
}

pub(crate) fn run(asked: &Asked) -> Result<bool, Failure> {
    let Asked { file, address, port, host, program } = asked;
    let address = match (host, port) {
        (None, None) => address.clone(),
        (host, port) => format!("{}:{}", host.as_deref().unwrap_or("localhost"), port.unwrap_or(DEFAULT_PORT)),
    };
    let options = program.options();
    let mut shown_at = String::new();
    let (scenario, carried) = if file.ends_with(".trace") {
        let (trace, scenario) = read_trace(file, options.as_ref())?;
        shown_at = explorer::address(&trace.replay(&scenario.model())?.path);
        (scenario, trace.carried)
    } else {
        let found = options.map_or_else(|| catalogue::find(file), |options| program::scenario(&options, file));
        (found?, None)
    };
    let about = format!("{}: {}", shown(&scenario.name), shown(&scenario.about));
    let announce = |served: &Served| {
        if served.open {
            let warning = "warning: anyone who can reach this machine can browse this, too: there is no authentication";
            let _ = writeln!(std::io::stderr(), "{warning}");
        }
        let _ = writeln!(std::io::stdout(), "{about}\nopen {}{shown_at}", served.url);
    };
    let mut served = Shown::from(&scenario);
    // The lines of a carried text are numbered as in its trace: empty lines come first.
    served.carried = carried.unwrap_or_default().trim_start_matches('\n').to_owned();
    served.replay = (format!("{} replay ", this_command()), program.arguments());
    explorer::serve(served, &address, announce).map(|never| match never {}).map_err(Failure::Given)
}
