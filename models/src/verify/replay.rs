//! A trace that an earlier run has written, replayed or shown in the Explorer.

#[cfg(feature = "explorer")]
use super::REPLAY;
use super::demands::Demands;
use super::failure::Failure;
#[cfg(feature = "explorer")]
use super::violation::this_test;
#[cfg(feature = "explorer")]
use crate::check::engine::Limits;
#[cfg(feature = "explorer")]
use crate::check::erased::Erased;
use crate::fault;
#[cfg(feature = "explorer")]
use crate::report::explorer::{self, Served, Shown};
use crate::report::table;
use crate::report::trace::{Replayed, Trace};
#[cfg(feature = "explorer")]
use std::convert::Infallible;
#[cfg(feature = "explorer")]
use std::io::Write;
use std::path::Path;

#[cfg(not(feature = "explorer"))]
pub(super) const NO_EXPLORER: &str = "the Explorer was left out of this build: give the dependency `multimaster-models` the \
                                      feature `explorer`";

pub(super) fn read(file: &Path) -> Result<Trace, Failure> {
    let shown = file.display().to_string();
    let text = fault::read(&shown).and_then(|text| Trace::parse(&shown, &text));
    text.map_err(|fault| Failure::Trace(fault.to_string()))
}

/// The failure of a replay that violates a required property, with its schedule.
pub(super) fn judged(replayed: &Replayed, demands: &Demands) -> Result<(), Failure> {
    let mut report = table::schedule(replayed);
    for (property, why) in &replayed.complaints {
        report += &format!("\n  violates {property}: {why}");
    }
    let violates = replayed.complaints.iter().any(|(name, _)| demands.include(name));
    if violates { Err(Failure::Replayed(report)) } else { Ok(()) }
}

/// Serves the Explorer, and prints the address of the replay's last state.
#[cfg(feature = "explorer")]
pub(super) fn explored(file: &Path, model: Erased, replayed: &Replayed, limits: Limits) -> Result<Infallible, Failure> {
    let page = explorer::address(&replayed.path);
    // Written past the test harness's capture of output, so that the user sees it.
    let announce = |at: &Served| drop(writeln!(std::io::stderr(), "open {}{page}", at.url));
    let trace = read(file)?;
    let shown = Shown {
        name: trace.scenario,
        about: format!("The trace {}", file.display()),
        carried: trace.carried.unwrap_or_default().trim_start_matches('\n').to_owned(),
        replay: (format!("{REPLAY}="), format!(" cargo test -- --exact {}", this_test())),
        searched: model.clone(),
        model,
        limits,
        failed: Box::new(|| None),
    };
    explorer::serve(shown, explorer::DEFAULT_ADDRESS, announce).map_err(Failure::Trace)
}
