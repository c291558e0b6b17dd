//! Colours of the output.

use clap::ValueEnum;
use std::env;
use std::io::{IsTerminal, stdout};

/// When to print in colours.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless the environment has `NO_COLOR`
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Whether the terminal does not understand escape sequences.
pub(super) fn terminal_is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Colours words, or leaves them plain.
#[derive(Clone, Copy)]
pub(super) struct Style {
    colors: bool,
}

impl Style {
    pub(super) fn of(color: Color) -> Style {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let colors = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stdout().is_terminal() && !is_set("NO_COLOR") && !terminal_is_dumb(),
        };
        Style { colors }
    }

    /// The colour of an expected result.
    pub(super) fn good(self, text: &str) -> String {
        self.painted("32", text)
    }

    /// The colour of an unexpected result.
    pub(super) fn bad(self, text: &str) -> String {
        self.painted("1;31", text)
    }

    /// The colour of an unknown result.
    pub(super) fn open(self, text: &str) -> String {
        self.painted("33", text)
    }

    fn painted(self, how: &str, text: &str) -> String {
        if self.colors { format!("\u{1b}[{how}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
