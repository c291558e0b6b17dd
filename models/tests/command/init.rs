//! `multimaster init`: the written crate runs unchanged.

use super::Folder;
use std::path::{Path, PathBuf};
use std::process::Command;

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn init(folder: &Folder, name: &str) -> (i32, String, String) {
    folder.run(&["init", name, "--path", CHECKOUT])
}

/// Runs the crate's tests. Returns whether they pass, and their output.
fn tested(package: &Path) -> (bool, String) {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("init");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut test = Command::new(cargo);
    test.args(["test", "--offline"]).current_dir(package).env("CARGO_TARGET_DIR", target);
    let output = test.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
#[ignore = "compiles a crate and the harness again: `.ci/run` runs it"]
fn the_crate_that_init_writes_runs_and_rejects_a_broken_rule() {
    let folder = Folder::new();
    let package = folder.0.join("my-rule");
    let (status, said, error) = init(&folder, "my-rule");
    assert_eq!(status, 0, "{said}{error}");
    let (passed, printed) = tested(&package);
    assert!(passed && printed.contains("2 passed"), "{printed}");

    // A value that is merged pair by pair depends on the order of arrival.
    let file = package.join("src/lib.rs");
    let rule = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        rule.replace("Custom<", "CustomMerged<")
            .replace("Custom(", "CustomMerged(")
            .replace("{Custom,", "{CustomMerged,"),
    )
    .unwrap();
    let (passed, printed) = tested(&package);
    assert!(!passed && printed.contains("convergence"), "{printed}");
}

#[test]
fn no_file_is_overwritten_and_wrong_names_are_refused() {
    let folder = Folder::with("README.md", "mine");
    let package = folder.0.join("mine");
    std::fs::create_dir_all(package.join("src")).unwrap();
    std::fs::write(package.join("src/lib.rs"), "mine").unwrap();
    let (status, _, error) = init(&folder, "mine");
    assert!(status == 2 && error.contains("src/lib.rs exists: nothing was written"), "{error}");
    assert!(!package.join("Cargo.toml").exists());
    let (status, _, error) = init(&folder, "9 lives");
    assert!(status == 2 && error.contains("a letter, then letters"), "{error}");
    let (status, _, error) = folder.run(&["init", "mine", "--path", "/nowhere"]);
    assert!(status == 2 && error.contains("no checkout"), "{error}");
    let (_, help, _) = folder.run(&["init", "--help"]);
    assert!(help.contains("No file is overwritten") && help.contains("Exit status:"), "{help}");
}
