//! Opens a file in the user's browser.

use super::super::Failure;
use multimaster_models::printed::shown;
use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

/// Prints the page's file to `out`, and opens it if that is `wanted` and there is a desktop.
pub(crate) fn opened(file: &str, wanted: bool, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "page: {}", shown(file))?;
    let desktop =
        cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some());
    if wanted && desktop {
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        // An error is ignored: the path has been printed.
        let _ = Command::new(opener).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
    Ok(())
}
