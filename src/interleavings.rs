//! All interleavings of what threads do to a running master: the files that use locks and threads are compiled twice more
//! here, over the locks and threads of loom, which explores every interleaving, and of shuttle, which samples larger runs.
//!
//! Those files name their sync types and each other by `super::`, so the same source serves the library and both checkers.

mod under_loom;
mod under_shuttle;

use std::fmt::Display;
use std::io::Write;

/// Prints what a test has explored, also where the output of tests that pass is captured.
fn report(line: impl Display) {
    writeln!(std::io::stdout(), "{line}").expect("standard output takes a line");
}
