//! `multimaster init`: a crate with a rule, and a test that verifies it.

use super::{Failure, this_command};
use clap::Args;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct Asked {
    /// The folder of the crate, which is created if it does not exist. Its name becomes the crate's name
    folder: PathBuf,
    /// Depend on this checkout of the multimaster repository. Without it, the crate depends on the crates of the same
    /// version on crates.io, which are not published yet
    #[arg(long, value_name = "CHECKOUT")]
    path: Option<PathBuf>,
    /// Write a node in Python and a scenario for `check --node` instead of a crate
    #[arg(long, conflicts_with = "path")]
    node: bool,
}

pub(crate) const MANUAL: &str = "\
Writes:
  Cargo.toml                    the library as a dependency, the harness for tests
  src/lib.rs                    a rule: replace it by your own
  tests/verify.rs               the test that verifies the rule
  scenarios/bookings.toml       requests of your own, and the expected verdicts
  .github/workflows/verify.yml  the same test in continuous integration
  .gitignore

  With --node:
  node.py                       a node that keeps a set: replace it by your own
  set.toml                      its scenario, and the expected verdicts

  No file is overwritten: if one of them exists, nothing is written.

Exit status:
  0  the files were written
  2  they were not written; the message says why

Example, in a folder beside a checkout of the repository:
  multimaster init my-rule --path ../multimaster && cd my-rule && cargo test";

/// Writes the crate.
pub(crate) fn run(asked: &Asked) -> Result<bool, Failure> {
    let folder = &asked.folder;
    if asked.node {
        let files = [
            ("node.py", include_str!("../../init/node.py").to_owned()),
            ("set.toml", include_str!("../../init/set.toml").to_owned()),
        ];
        written(folder, &files)?;
        let command = format!("{} check --node 'python3 node.py' --workload g-set set.toml", this_command());
        writeln!(std::io::stdout(), "{}: run `{command}` there", folder.display())?;
        return Ok(true);
    }
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !is_name {
        let right = "the folder's name is the crate's: a letter, then letters, digits, `-` and `_`";
        return Err(Failure::Given(format!("{}: {right}", folder.display())));
    }
    let (library, harness) = match &asked.path {
        None => (format!("{:?}", env!("CARGO_PKG_VERSION")), format!("version = {:?}", env!("CARGO_PKG_VERSION"))),
        Some(checkout) => {
            let (library, harness) = (in_checkout(checkout, "")?, in_checkout(checkout, "models")?);
            (format!("{{ path = {library} }}"), format!("path = {harness}"))
        }
    };
    let manifest = include_str!("../../init/manifest.toml")
        .replace("NAME", name)
        .replace("LIBRARY", &library)
        .replace("HARNESS", &harness);
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", include_str!("../../init/lib.rs").into()),
        ("tests/verify.rs", include_str!("../../init/verify.rs").replace("CRATE", &name.replace('-', "_"))),
        ("scenarios/bookings.toml", include_str!("../../init/bookings.toml").into()),
        (".github/workflows/verify.yml", include_str!("../../init/verify.yml").into()),
        (".gitignore", "/target\n".into()),
    ];
    written(folder, &files)?;
    writeln!(std::io::stdout(), "{}: run `cargo test` there", folder.display())?;
    Ok(true)
}

/// Writes these files, unless one of them exists.
fn written(folder: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    if let Some((file, _)) = files.iter().find(|(file, _)| folder.join(file).symlink_metadata().is_ok()) {
        let file = folder.join(file);
        return Err(Failure::Given(format!("{} exists: nothing was written", file.display())));
    }
    for (file, text) in files {
        let file = folder.join(file);
        let written = fs::create_dir_all(file.parent().unwrap_or(folder))
            .and_then(|()| File::create_new(&file))
            .and_then(|mut open| open.write_all(text.as_bytes()));
        written.map_err(|error| Failure::Given(format!("{} cannot be written: {error}", file.display())))?;
    }
    Ok(())
}

/// The package in that folder of the checkout, as a value of TOML.
fn in_checkout(checkout: &Path, folder: &str) -> Result<String, Failure> {
    let package = checkout.join(folder);
    let found = fs::canonicalize(&package).ok().filter(|package| package.join("Cargo.toml").is_file());
    let found = found.as_ref().and_then(|package| package.to_str());
    let none = || Failure::Given(format!("{}: no checkout of the repository is here", checkout.display()));
    found.map(|package| toml::Value::String(package.into()).to_string()).ok_or_else(none)
}
