//! The commands of the guide: each is run, and its output compared with the text below it.

use crate::documented::compared::is_shown;
use crate::documented::page::{Block, Page, pages};
use crate::documented::served;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command, and the part of its output that the guide shows.
struct Shown<'a> {
    line: usize,
    command: String,
    output: Vec<&'a str>,
}

/// The prefix of the command in a checkout.
const FROM_A_CHECKOUT: &str = "cargo run --release -- ";

/// Commands that are not run here, each with the reason. The guide shows no output of them.
const NOT_RUN: [(&str, &str); 5] = [
    ("cargo test", "this is one of its tests"),
    ("cargo bench ", "takes minutes"),
    ("cargo run -p multimaster-benches ", "takes minutes, and needs valgrind"),
    ("bash .ci/run", "runs this test"),
    ("multimaster check", "without a name, takes a minute: the gate runs it"),
];

/// Whether the list contains the command, with any arguments in the places that the list leaves open.
fn is_not_run(command: &str) -> bool {
    NOT_RUN.iter().any(|(start, _)| if start.ends_with(' ') { command.starts_with(start) } else { command == *start })
}

/// The command without its comment.
fn bare(command: &str) -> &str {
    command.split("  #").next().unwrap_or_default().trim()
}

fn commands(block: &Block) -> Vec<Shown<'_>> {
    let mut commands: Vec<Shown> = Vec::new();
    for (place, line) in block.text.lines().enumerate() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => {
                let command = command.replace(FROM_A_CHECKOUT, "multimaster ");
                commands.push(Shown { line: block.line + 1 + place, command, output: Vec::new() });
            }
            (None, Some(command)) => command.output.push(line),
            (None, None) => panic!("line {}: output of no command", block.line),
        }
    }
    for command in &mut commands {
        while command.output.last().is_some_and(|line| line.is_empty()) {
            command.output.pop();
        }
    }
    commands
}

/// A temporary folder for one page.
fn scratch(page: &Page) -> PathBuf {
    let name = page.name.replace('/', "-");
    let folder = std::env::temp_dir().join(format!("multimaster-documented-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the command in a shell, with `multimaster` as the command under test. Returns its status and its output.
fn run(folder: &Path, command: &str) -> (Option<i32>, String) {
    let built = Path::new(env!("CARGO_BIN_EXE_multimaster")).parent().unwrap();
    let path = format!("{}:{}", built.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{{ {command}; }} 2>&1")]).current_dir(folder).env("PATH", path).env_remove("CARGO");
    let output = shell.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// The error of the command, if its output or status differs.
fn fault(folder: &Path, shown: &Shown) -> Option<String> {
    let Shown { line, command, output } = shown;
    let command = bare(command);
    if is_not_run(command) {
        return (!output.is_empty()).then(|| format!("{line}: `{command}` is not run here: do not show its output"));
    }
    if command.starts_with("multimaster spawn ") || command.starts_with("multimaster explore ") {
        return served::fault(folder, command, output).map(|what| format!("{line}: `{command}` {what}"));
    }
    if command.contains("python3 ") && run(folder, "python3 --version").0 != Some(0) {
        return None;
    }
    if !["multimaster ", "sed ", "python3 "].iter().any(|start| command.starts_with(start)) {
        return Some(format!("{line}: `{command}` is neither run nor named among those that are not"));
    }
    let (status, printed) = run(folder, command);
    let lines: Vec<&str> = printed.trim_end().lines().collect();
    let wrong = if output.is_empty() { status != Some(0) } else { !is_shown(output, &lines) };
    wrong.then(|| format!("{line}: `{command}` ends with {status:?} and prints\n{printed}"))
}

fn faults(page: &Page) -> Vec<String> {
    let folder = scratch(page);
    let mut faults = Vec::new();
    for block in page.blocks() {
        if let Some(file) = &block.file {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("the folder of a file")).unwrap();
            fs::write(file, &block.text).unwrap();
        }
        if block.language == "console" {
            faults.extend(commands(&block).iter().filter_map(|shown| fault(&folder, shown)));
        }
    }
    fs::remove_dir_all(&folder).unwrap();
    faults.into_iter().map(|fault| format!("{}:{fault}", page.name)).collect()
}

#[test]
fn every_command_prints_what_is_shown() {
    let pages = pages();
    let shown = pages.iter().flat_map(Page::blocks).filter(|block| block.language == "console").count();
    assert!(shown > 10, "only {shown} blocks");
    let faults: Vec<String> = pages.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_not_so_is_found() {
    let text = "`a.toml`:\n\n```toml\nabout = 1\n```\n```console\n$ multimaster check a.toml\nholds\n\n$ multimaster check\nall\n\
                $ rm -r /\n$ multimaster check none.toml\n$ sed = a.toml\n1\nabout = 1\n```\n";
    let faults = faults(&Page { name: "wrong.md".into(), text: text.into() });
    let found: Vec<&str> = faults.iter().map(|fault| fault.lines().next().unwrap()).collect();
    assert_eq!(
        found,
        [
            "wrong.md:7: `multimaster check a.toml` ends with Some(2) and prints",
            "wrong.md:10: `multimaster check` is not run here: do not show its output",
            "wrong.md:12: `rm -r /` is neither run nor named among those that are not",
            "wrong.md:13: `multimaster check none.toml` ends with Some(2) and prints",
        ]
    );
}
