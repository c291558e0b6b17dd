//! Shells complete commands, options, files and the names of shipped scenarios.

use super::Folder;
use std::process::Command;

/// The commands that take a scenario.
const TAKE_SCENARIOS: [&str; 6] = ["check", "swarm", "report", "explore", "spawn", "generate"];

#[test]
fn each_shell_has_a_script_with_the_scenarios() {
    let folder = Folder::new();
    let script_of = |shell: &str| {
        let (status, script, err) = folder.run(&["completions", shell]);
        assert_eq!((status, err.as_str()), (0, ""), "{shell}");
        assert!(script.contains("only-unexpected") && script.contains(" booking/arrival "), "{shell}");
        script
    };
    let (bash, zsh, fish) = (script_of("bash"), script_of("zsh"), script_of("fish"));
    assert!(bash.starts_with("_multimaster()") && zsh.starts_with("#compdef multimaster"));
    for command in TAKE_SCENARIOS {
        let (_, words) = bash.split_once(&format!("multimaster__subcmd__{command})\n            opts=\"")).unwrap();
        assert!(words.split('"').next().unwrap().contains(" booking/arrival "), "{command}");
        let (_, of_command) = zsh.split_once(&format!("\n({command})\n")).unwrap();
        let (of_command, _) = of_command.split_once("\n;;\n").unwrap();
        assert!(of_command.contains(":_multimaster_scenarios'"), "{command}");
        let line = format!("using_subcommand {command}\" -a \"$__multimaster_scenarios\"");
        assert!(fish.contains(&line), "{command}");
    }
    assert!(zsh.contains("\n_multimaster_scenarios() {") && !zsh.contains("_users"));
    assert_eq!(folder.run(&["completions", "cmd.exe"]).0, 2);
}

/// What the shell says, if it is installed.
fn said(shell: &str, folder: &Folder, code: &str) -> Option<String> {
    let output = Command::new(shell).args(["-c", code]).current_dir(&folder.0).env("HOME", &folder.0).output();
    let Ok(output) = output else {
        println!("SKIPPED: {shell} is not installed");
        return None;
    };
    assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn shells_that_are_installed_complete_scenarios() {
    let folder = Folder::with("bookmark.toml", "");
    for shell in ["bash", "zsh", "fish"] {
        folder.put(shell, folder.run(&["completions", shell]).1);
    }
    let bash = "source ./bash; COMP_WORDS=(multimaster swarm book); COMP_CWORD=2; _multimaster multimaster book swarm; \
                echo ${COMPREPLY[@]}";
    if let Some(words) = said("bash", &folder, bash) {
        assert!(words.starts_with("booking/") && words.contains("booking/arrival"), "{words}");
    }
    if let Some(words) = said("fish", &folder, "source ./fish; complete -C 'multimaster check hello book'") {
        assert!(words.contains("booking/arrival\tshipped scenario") && words.contains("bookmark.toml"), "{words}");
    }
    // Completion in zsh needs a terminal: here it only reads the script.
    said("zsh", &folder, "compdef() { }; source ./zsh && whence _multimaster_scenarios >/dev/null");
}
