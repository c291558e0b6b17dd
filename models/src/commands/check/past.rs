//! The file of `check --history`: read before the exploration, and written after it.

use crate::commands::Failure;
use multimaster_models::fault::{self, Fault};
use multimaster_models::printed::shown;
use multimaster_models::report::check::Checked;
use multimaster_models::report::past::Past;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// The runs in the file, which need not exist.
pub(super) fn read(file: &str) -> Result<Past, Failure> {
    if !Path::new(file).exists() {
        return Ok(Past::default());
    }
    Ok(Past::parse(file, &fault::read(file)?)?)
}

/// Adds this run to the file, and prints to standard error how it differs from the last one.
pub(super) fn add(file: &str, past: &Past, done: &[Checked]) -> Result<(), Failure> {
    let next = past.next(done);
    let unwritable = |error: io::Error| Fault::of(file, error.to_string());
    let mut out = OpenOptions::new().append(true).create(true).open(file).map_err(unwritable)?;
    for entry in &next {
        let line = serde_json::to_string(entry).map_err(io::Error::other)?;
        writeln!(out, "{line}").map_err(unwritable)?;
    }
    let mut err = io::stderr().lock();
    for difference in past.differences(&next) {
        writeln!(err, "since the last run: {}", shown(&difference))?;
    }
    Ok(())
}
