//! Mutants in words: the table, its summary, and one mutant in full.

use super::{Bug, Outcome, Tried};
use crate::printed::{padded, terminal_width};
use crate::report::table::{self, grouped};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A Markdown table with a row for each mutant, at most 100 characters wide.
pub fn in_a_table(tried: &[Tried]) -> String {
    let row = |Tried { mutant, outcome, .. }: &Tried| {
        let (by, steps) = match outcome {
            Outcome::Killed(kill) => (mutant.property.to_owned(), kill.replayed.steps.len().to_string()),
            alive => (in_a_word(alive).to_owned(), "-".to_owned()),
        };
        [mutant.bug.to_string(), mutant.about.to_owned(), by, steps]
    };
    markdown(["bug", "mutation", "killed by", "steps"], tried.iter().map(row))
}

fn in_a_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Killed(_) => "killed",
        Outcome::Survived => "SURVIVED",
        Outcome::NotExhausted => "NOT EXHAUSTED",
        Outcome::Unsound => "UNSOUND",
    }
}

/// The numbers of mutants and of kills, in a line.
pub fn summary(tried: &[Tried]) -> String {
    let killed = tried.iter().filter(|tried| tried.outcome.is_killed()).count();
    let bugs: BTreeSet<Bug> = tried.iter().map(|tried| tried.mutant.bug).collect();
    let own = bugs.iter().filter(|bug| matches!(bug, Bug::Own(_))).count();
    let documented = bugs.len() - own;
    format!(
        "{} mutants of {documented} documented bugs and {own} others; {killed} killed, {} survived\n",
        tried.len(),
        tried.len() - killed,
    )
}

/// One mutant in full.
pub fn in_full(tried: &Tried) -> String {
    let Tried { mutant, outcome, states } = tried;
    let (bug, property) = (mutant.bug, mutant.property);
    let mut text = format!("{bug}: {}\n{}\n\n", mutant.about, mutant.story);
    let all = if *states == 1 { "the only state".to_owned() } else { format!("all {} states", grouped(*states)) };
    let _ = match outcome {
        Outcome::Killed(kill) => {
            write!(
                text,
                "{}\nWithout the mutation, {property} holds in {all}.\n",
                table::counterexample("killed", kill)
            )
        }
        Outcome::Survived => {
            writeln!(text, "SURVIVED: {property} holds in every state, as it does without the mutation.")
        }
        Outcome::NotExhausted => {
            writeln!(text, "NOT EXHAUSTED: {property} was not violated before the search was cut.")
        }
        Outcome::Unsound => writeln!(text, "UNSOUND: without the mutation, {property} is not known to hold either."),
    };
    text
}

pub(super) fn markdown<const N: usize>(heads: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| terminal_width(&row[column]));
        cells.chain([heads[column].len()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let rule = widths.map(|width| "-".repeat(width));
    let mut text = String::new();
    for row in [heads.map(str::to_owned), rule].iter().chain(&rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {} |", padded(cell, *width)));
        let _ = writeln!(text, "|{}", cells.collect::<String>());
    }
    text
}
