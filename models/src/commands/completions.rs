//! `multimaster completions`: a script that completes the command's arguments in a shell, and the names of shipped
//! scenarios.
//!
//! The generator completes either given names or files. These arguments take both, so the scripts are extended.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;
use multimaster_models::scenario::catalogue;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The arguments that take a shipped scenario or a file, each with its command.
const TAKE_SCENARIOS: [(&str, &str); 6] = [
    ("check", "scenarios"),
    ("swarm", "scenario"),
    ("report", "scenarios"),
    ("explore", "file"),
    ("spawn", "file"),
    ("generate", "scenario"),
];

/// Prints the completions of `command` for a shell.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn print(command: Command, shell: Shell) -> io::Result<()> {
    let names: Vec<String> = catalogue::files().into_iter().map(|(name, ..)| name).collect();
    let script = match shell {
        Shell::Bash => bash(command, &names),
        Shell::Zsh => zsh(command, &names),
        Shell::Fish => fish(command, &names),
        other => generated(command, other),
    };
    io::stdout().write_all(script.as_bytes())
}

fn generated(mut command: Command, shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "multimaster", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The command, with `alter` applied to each argument that takes a scenario.
fn altered(command: Command, alter: impl Fn(Arg) -> Arg) -> Command {
    TAKE_SCENARIOS.into_iter().fold(command, |command, (name, taking)| {
        let each = |argument: Arg| if argument.get_id() == taking { alter(argument) } else { argument };
        command.mut_subcommand(name, |command| command.mut_args(each))
    })
}

/// In bash, files are completed if no name matches.
fn bash(command: Command, names: &[String]) -> String {
    let names = names.iter().map(|name| &*name.clone().leak());
    let scenario = PossibleValuesParser::new(names);
    generated(altered(command, |argument| argument.value_parser(scenario.clone())), Shell::Bash)
}

fn zsh(command: Command, names: &[String]) -> String {
    // No argument is the name of a user: the hint marks the arguments that take a scenario.
    let script = generated(altered(command, |argument| argument.value_hint(ValueHint::Username)), Shell::Zsh);
    let loads = "autoload -U is-at-least\n";
    let function = format!(
        "{loads}
_multimaster_scenarios() {{
    local -a names
    names=({})
    _alternative 'scenarios:shipped scenario:compadd -a names' 'files:file:_files'
}}
",
        names.join(" ")
    );
    script.replacen(loads, &function, 1).replace(":_users'", ":_multimaster_scenarios'")
}

fn fish(command: Command, names: &[String]) -> String {
    let mut script = generated(command, Shell::Fish);
    let _ = writeln!(script, "set -g __multimaster_scenarios {}", names.join(" "));
    for (name, _) in TAKE_SCENARIOS {
        let condition = format!("__fish_multimaster_using_subcommand {name}");
        let _ = writeln!(
            script,
            "complete -c multimaster -n \"{condition}\" -a \"$__multimaster_scenarios\" -d 'shipped scenario'"
        );
    }
    script
}
