//! `check --matrix`: the violated properties under pairs of failures.

use super::super::progress::Line;
use super::super::{Ending, Failure};
use multimaster_models::report::matrix::{self, Cell};
use multimaster_models::report::table::{counterexample, grouped};
use multimaster_models::report::trace::files;
use std::io::Write;
use std::path::Path;

pub(super) fn run(traces: &Path) -> Result<Ending, Failure> {
    let line = Line::begin("states");
    let explored = matrix::explore(|done, all| line.say(format!("[{done}/{all} scopes]")));
    drop(line);
    let Some(cells) = explored else { return Ok(Ending::Interrupted) };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", matrix::table(&cells))?;
    let (all, largest) = matrix::states(&cells);
    let scopes = cells.len();
    writeln!(out, "{scopes} scopes, {} states; the largest has {}.", grouped(all), grouped(largest))?;
    for (cell, example) in matrix::schedules(&cells) {
        writeln!(out, "\n{}: {}", cell.failures(), counterexample(&cell.name, example).trim_end())?;
        match files::write(example, &cell.name, traces) {
            Ok(path) => writeln!(out, "  replay: multimaster replay {path}")?,
            Err(why) => writeln!(out, "  {why}")?,
        }
    }
    Ok(if cells.iter().all(Cell::is_exhausted) { Ending::Fine } else { Ending::NotExhausted })
}
