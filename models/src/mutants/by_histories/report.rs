//! Broken rules that histories reject, in words.

use super::super::report::markdown;
use super::{Fate, Judged};
use std::fmt::Write;

/// The numbers of broken rules and of kills.
pub fn summary(judged: &[Judged]) -> String {
    let killed = judged.iter().filter(|judged| judged.fate.is_killed()).count();
    let survived = judged.len() - killed;
    format!("by histories alone: {} broken rules; {killed} killed, {survived} survived\n", judged.len())
}

/// A Markdown table with a row for each broken rule, at most 100 characters wide.
pub fn in_a_table(judged: &[Judged]) -> String {
    let row = |Judged { broken, fate, .. }: &Judged| {
        let none = || "-".to_owned();
        let (by, writes, steps) = match fate {
            Fate::Killed(writes, violation) => {
                (broken.property.to_owned(), writes.to_string(), violation.steps.to_string())
            }
            Fate::Survived => ("SURVIVED".to_owned(), none(), none()),
            Fate::NotJudged => ("NOT JUDGED".to_owned(), none(), none()),
            Fate::Unsound => ("UNSOUND".to_owned(), none(), none()),
        };
        [broken.rule.to_owned(), broken.about.to_owned(), by, writes, steps]
    };
    markdown(["rule", "mutation", "killed by", "writes", "steps"], judged.iter().map(row))
}

/// One broken rule in full.
pub fn in_full(Judged { broken, fate, scope }: &Judged) -> String {
    let property = broken.property;
    let mut text = format!("{}: {}\n\n", broken.rule, broken.about);
    let _ = match fate {
        Fate::Killed(writes, violation) => {
            let _ = writeln!(text, "killed: {property} is violated: {}", violation.in_words());
            for write in &violation.history {
                let _ = writeln!(text, "  {write}");
            }
            if !violation.schedule.is_empty() {
                let _ = writeln!(text, "In {} steps, the fewest with {writes} writes:", violation.steps);
            }
            for (place, step) in violation.schedule.iter().enumerate() {
                let _ = writeln!(text, "  {}. {step}", place + 1);
            }
            writeln!(text, "Without the mutation, {property} holds for {scope}.")
        }
        Fate::Survived => writeln!(text, "SURVIVED: {property} holds for {scope}."),
        Fate::NotJudged => writeln!(text, "NOT JUDGED: {property} has no verdict for {scope}."),
        Fate::Unsound => writeln!(text, "UNSOUND: without the mutation, {property} does not hold for {scope}."),
    };
    text
}
