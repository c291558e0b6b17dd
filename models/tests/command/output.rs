//! Redirected output, closed output and signals: no loss of output goes unreported.

use crate::command::{Folder, scenario};
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_a_fault() {
    let folder = Folder::new();
    for arguments in [&["check", "hello"][..], &["check", "hello", "--format", "junit"], &["list"], &["man"]] {
        let (status, err) = into_a_full_disk(&folder, arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {err}");
        assert!(err.starts_with("multimaster: the output cannot be written: "), "{arguments:?}: {err}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let (status, err) = into_a_full_disk(&folder, &["completions", shell]);
        assert!(status == Some(2) && !err.contains("panicked"), "{shell}: {err}");
    }
}

#[cfg(target_os = "linux")]
fn into_a_full_disk(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    let output = command.args(arguments).current_dir(&folder.0).stdout(full).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The output on a terminal of this kind.
#[cfg(target_os = "linux")]
fn on_a_terminal(folder: &Folder, term: &str, arguments: &str) -> String {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {arguments}", env!("CARGO_BIN_EXE_multimaster")), "/dev/null"]);
    let command = command.current_dir(&folder.0).env("TERM", term).env_remove("NO_COLOR").env_remove("CARGO");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_dumb_terminal_is_sent_no_escape_sequence() {
    let folder = Folder::new();
    let plain = on_a_terminal(&folder, "dumb", "check booking");
    assert!(plain.contains("as expected") && !plain.contains('\u{1b}'), "{plain:?}");
    let colored = on_a_terminal(&folder, "xterm", "check booking");
    assert!(colored.contains("\u{1b}[32mas expected"), "{colored:?}");
}

#[test]
fn colours_are_as_asked_for_also_in_a_file() {
    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    command.args(["check", "booking", "--color", "always"]).current_dir(&folder.0).env("NO_COLOR", "1");
    let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(out.contains("\u{1b}[32mas expected"), "{out:?}");
    let (_, out, _) = folder.run(&["check", "booking"]);
    assert!(!out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn reports_of_nothing_are_valid_and_two_runs_print_the_same() {
    let folder = Folder::new();
    let (status, out, _) = folder.run(&["check", "booking", "--only-unexpected", "--format", "junit"]);
    assert!(status == 0 && out.contains("tests=\"0\"") && out.contains("time=\"0.000\""), "{out}");
    assert_eq!(folder.run(&["check", "booking"]), folder.run(&["check", "booking"]));
}

#[test]
fn names_and_values_of_any_script_are_valid_xml() {
    let name = "ev]]>il&<\"'日本😀.toml";
    let text = scenario("arrival", "")
        .replace("set k = ", "set 日本 = ")
        .replace("= 1\"", "= ]]> <a> & ' \u{fffe} \u{202e}😀\"");
    let folder = Folder::with(name, text);
    let (status, out, err) = folder.run(&["check", name, "--format", "junit"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let xml = roxmltree::Document::parse(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    let case = xml.descendants().find(|node| node.has_tag_name("testcase")).unwrap();
    assert_eq!(case.attribute("name"), Some(name));
    let failure = case.first_element_child().unwrap().text().unwrap();
    assert!(failure.contains("set 日本 = ]]> <a> & ' \\u{fffe} \\u{202e}😀"), "{failure}");
}

#[test]
fn a_long_replay_is_interrupted_between_steps() {
    let folder = Folder::new();
    let each = |most: usize, line: &dyn Fn(usize) -> String| (0..most).map(line).collect::<Vec<_>>();
    let clients = each(8, &|client| {
        let asked = each(250, &|number| format!("\"set k{client} = {number}\"")).join(", ");
        format!("\"A/{}\" = [{asked}]", client + 1)
    });
    let head = scenario("last-write", "").split("A = [").next().unwrap().replace("\"stream\"", "\"datagram\"");
    folder.put("long.toml", format!("{head}{}\n", clients.join("\n")));
    let steps = each(2000, &|step| format!("A: set k{} = {}", step / 250, step % 250));
    folder.put("long.trace", format!("scenario long.toml\nkeeps convergence\n\n{}\n", steps.join("\n")));
    let begun = super::limits::begin(&folder, &["replay", "long.trace"]);
    let (status, out, err, took) = super::limits::interrupted(begun, Duration::from_secs(2));
    assert_eq!((status, err.as_str()), (Some(130), ""), "{out}");
    assert!(took < super::limits::SOON, "{took:?}");
    assert!(out.contains("  1. A: set k0 = 0 ") && out.contains("  interrupted after step "), "{out}");
    assert!(!out.contains("violates"), "{out}");
}
