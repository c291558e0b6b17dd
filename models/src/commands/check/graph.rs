//! The file of `check --graph`.

use crate::commands::Failure;
use multimaster_models::fault::Fault;
use multimaster_models::report::graph::drawn::{Failure as Why, Form, drawn};
use multimaster_models::report::table::grouped;
use multimaster_models::scenario::Scenario;
use std::fs;
use std::path::Path;

/// The most states of a graph that is written: more can hardly be drawn.
const MOST: usize = 10_000;

/// The form that the file's name asks for.
pub(super) fn form(file: &str) -> Result<Form, String> {
    match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("dot") => Ok(Form::Dot),
        Some("json") => Ok(Form::Json),
        _ => Err(format!("`--graph {file}`: name a file `*.dot` or `*.json`")),
    }
}

/// Writes the graph of the one scenario. True unless it was interrupted.
pub(super) fn write(file: &str, form: Form, scenarios: &[Scenario]) -> Result<bool, Failure> {
    let [scenario] = scenarios else {
        return Err(Failure::Given(format!("`--graph {file}`: name one scenario, not {}", scenarios.len())));
    };
    match drawn(scenario, form, MOST) {
        Ok(text) => fs::write(file, text).map_err(|error| Fault::of(file, error.to_string()))?,
        Err(Why::Interrupted) => return Ok(false),
        Err(Why::TooLarge(most)) => {
            let what = format!("the scenario has more than {} states: its graph is not written", grouped(most));
            return Err(Fault::of(file, what).into());
        }
    }
    Ok(true)
}
