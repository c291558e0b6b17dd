//! The result of checking a record: it is a path of the model, or an error.

use super::judged::Judged;
use crate::fault::Fault;
use crate::printed::{padded, terminal_width, without_position};
use crate::report::table::grouped;
use multimaster::{Dot, MasterId, Outcome, Reading, Refusal, VersionVector};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// The first step of a record that is not a step of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The event's place in the record, from 0.
    pub place: usize,
    /// The step and its shard, in words.
    pub step: String,
    /// The model's step or result.
    pub what: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.what)
    }
}

impl std::error::Error for Refused {}

/// The error of checking a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The file is not a record.
    File(Fault),
    /// The record has a step that is not a step of the model.
    Run(Fault),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::File(fault) | Failure::Run(fault)) = self;
        fault.fmt(f)
    }
}

impl std::error::Error for Failure {}

/// A record all of whose steps are steps of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The shards with events, in order.
    pub shards: Vec<ShardSummary>,
    /// The last line that was read, if the reading was [interrupted](crate::check::running).
    pub interrupted_after: Option<usize>,
}

/// The counts and the final state of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardSummary {
    /// Its number.
    pub shard: usize,
    /// The number of events of each kind.
    pub tally: Tally,
    /// Messages neither delivered nor lost.
    pub in_flight: usize,
    /// Whether all masters that are up have seen the same changes.
    pub seen_alike: bool,
    /// Whether all masters that are up read the same.
    pub read_alike: bool,
    /// The writes that masters that are up have lost.
    pub losses: Judged,
}

/// The number of events of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All events.
    pub steps: usize,
    /// Requests to write.
    pub writes: usize,
    /// Requests that the rule refused.
    pub refused: usize,
    /// Reads.
    pub reads: usize,
    /// Messages that arrived.
    pub delivered: usize,
    /// Messages that were lost.
    pub lost: usize,
    /// Messages that were duplicated.
    pub repeated: usize,
    /// Snapshots that arrived.
    pub snapshots: usize,
    /// Crashes of masters.
    pub crashes: usize,
    /// Cuts of links.
    pub cuts: usize,
    /// Masters that joined.
    pub joins: usize,
    /// Tombstones that were dropped.
    pub collected: usize,
}

impl Summary {
    /// The situations that the record does not contain, and that were therefore not checked against the model.
    pub fn not_tested(&self) -> Vec<&'static str> {
        let sum = |of: fn(&Tally) -> usize| self.shards.iter().map(|shard| of(&shard.tally)).sum::<usize>();
        let (writes, refused) = (sum(|tally| tally.writes), sum(|tally| tally.refused));
        let all = [
            (writes == 0, "no write was asked for"),
            (writes > 0 && writes == refused, "every write was refused"),
            (sum(|tally| tally.delivered) == 0, "no message arrived"),
            (sum(|tally| tally.reads) == 0, "nothing was read"),
        ];
        all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what).collect()
    }
}

/// A Markdown table, and a line or two.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADS: [&str; 12] = [
            "shard",
            "steps",
            "writes",
            "reads",
            "arrived",
            "lost",
            "repeated",
            "snapshots",
            "in flight",
            "at the end",
            "lost by policy",
            "lost causally",
        ];
        let mut rows = vec![HEADS.map(str::to_owned)];
        for ShardSummary { shard, tally, in_flight, seen_alike, read_alike, losses } in &self.shards {
            let counts = [tally.steps, tally.writes, tally.reads, tally.delivered, tally.lost, tally.repeated];
            let [steps, writes, reads, arrived, lost, repeated] = counts.map(grouped);
            let end = match (seen_alike, read_alike) {
                (true, true) => "all agree",
                (true, false) => "ALL SEEN, AND READ OTHERWISE",
                (false, _) => "not all seen by all",
            };
            let Judged { by_policy, causally, keys, not_judged } = losses;
            let count = |lost: &BTreeSet<Dot>| match (lost.len(), not_judged) {
                (lost, 0) => grouped(lost),
                (0, not_judged) if not_judged == keys => "not judged".to_owned(),
                (lost, not_judged) => {
                    format!("{}, {} of {} keys not judged", grouped(lost), grouped(*not_judged), grouped(*keys))
                }
            };
            let (by_policy, causally) = (count(by_policy), count(causally));
            let (snapshots, in_flight) = (grouped(tally.snapshots), grouped(*in_flight));
            let end = end.to_owned();
            let shard = shard.to_string();
            rows.push([
                shard, steps, writes, reads, arrived, lost, repeated, snapshots, in_flight, end, by_policy, causally,
            ]);
        }
        let width = |column: usize| rows.iter().map(|row| terminal_width(&row[column])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
        let rule = widths.iter().map(|width| "-".repeat(*width));
        for (place, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
            writeln!(f, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
            if place == 0 {
                writeln!(f, "| {} |", rule.clone().collect::<Vec<_>>().join(" | "))?;
            }
        }
        let steps: usize = self.shards.iter().map(|shard| shard.tally.steps).sum();
        let (shards, s) = (self.shards.len(), if self.shards.len() == 1 { "" } else { "s" });
        write!(f, "\n{shards} shard{s}, {} steps, each of them a step of the model.", grouped(steps))?;
        // Each shard has its own record of the same crash.
        let most = |of: fn(&Tally) -> usize| self.shards.iter().map(|shard| of(&shard.tally)).max().unwrap_or(0);
        match (most(|tally| tally.crashes), most(|tally| tally.cuts)) {
            (0, 0) => {}
            (crashes, cuts) => write!(f, "\nCrashes: {}. Cuts of links: {}.", grouped(crashes), grouped(cuts))?,
        }
        match most(|tally| tally.joins) {
            0 => {}
            joins => write!(f, "\nMasters that joined: {}.", grouped(joins))?,
        }
        match self.shards.iter().map(|shard| shard.tally.collected).sum() {
            0 => {}
            collected => write!(f, "\nTombstones that masters dropped: {}.", grouped(collected))?,
        }
        if let Some(line) = self.interrupted_after {
            return write!(f, "\nInterrupted after line {line}: no later step was checked against the model.");
        }
        match self.not_tested().as_slice() {
            [] => Ok(()),
            not => write!(f, "\nNot put to the test: {}.", not.join(", ")),
        }
    }
}

pub(super) fn not_json(what: &str, error: &serde_json::Error) -> String {
    // The parser's line number is always 1: the file's line replaces it.
    let (said, column) = (without_position(error), error.column());
    format!("column {column}: this is not {what} as JSON: {}", short(&said))
}

pub(super) fn other_answer(at: MasterId, told: &Result<Dot, Refusal>, ours: &Result<Dot, Refusal>) -> String {
    let answer = |answer: &Result<Dot, Refusal>| match answer {
        Ok(dot) => format!("acknowledged as {dot}"),
        Err(refusal) => format!("refused: {}", short(&refusal.to_string())),
    };
    format!("it was {}; at the model's {at} it is {}", answer(told), answer(ours))
}

pub(super) fn other_reading(at: MasterId, shown: &Reading, ours: &Reading, seen: &VersionVector) -> String {
    let (mut said, mut our) = (shown.to_string(), ours.to_string());
    if said == our {
        (said, our) = (format!("{shown:?}"), format!("{ours:?}"));
    }
    format!("it was shown {}; the model's {at}, which has seen {seen}, shows {}", short(&said), short(&our))
}

pub(super) fn other_outcome(to: MasterId, told: &Outcome, ours: &Outcome, seen: &VersionVector) -> String {
    let outcome = |outcome: &Outcome| match outcome {
        Outcome::Applied => "applied".to_owned(),
        Outcome::Stale => "stale".into(),
        Outcome::Duplicate => "a duplicate".into(),
        Outcome::Gap => "a gap".into(),
        Outcome::Refused(fault) => format!("refused: {fault}"),
    };
    let (told, ours) = (outcome(told), outcome(ours));
    format!("it was {told}; at the model's {to}, which has seen {seen}, it is {ours}")
}

/// The messages in flight, if the recorded message is not among them.
pub(super) fn not_under_way(what: &str, from: MasterId, to: MasterId, others: Vec<String>) -> String {
    const SHOWN: usize = 4;
    let count = others.len();
    let mut list = others.into_iter().take(SHOWN).map(|other| short(&other)).collect::<Vec<_>>().join("; ");
    if count == 0 {
        list = "nothing".into();
    } else if count > SHOWN {
        list += &format!("; and {} more", count - SHOWN);
    }
    format!("the model has no such {what} in flight; from {from} to {to} it has {list}")
}

/// Two messages with the same words and different contents.
pub(super) fn not_quite(from: MasterId, to: MasterId, ours: &Value, theirs: &Value) -> String {
    let (place, ours, theirs) = difference(ours, theirs, String::new());
    let what = "the model has such a message in flight";
    format!("{what} from {from} to {to}, but with {ours} at `{place}`, not {theirs}")
}

/// The first place in which two values differ, and both parts.
fn difference(one: &Value, other: &Value, place: String) -> (String, String, String) {
    let within = match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let differs = keys.into_iter().find(|key| one.get(*key) != other.get(*key));
            differs.map(|key| (one.get(key), other.get(key), key.clone()))
        }
        (Value::Array(one), Value::Array(other)) => {
            let differs = (0..one.len().max(other.len())).find(|index| one.get(*index) != other.get(*index));
            differs.map(|index| (one.get(index), other.get(index), index.to_string()))
        }
        _ => None,
    };
    match within {
        Some((Some(one), Some(other), key)) => difference(one, other, format!("{place}/{key}")),
        Some((one, other, key)) => {
            let text = |value: Option<&Value>| value.map_or("nothing".into(), |value| short(&value.to_string()));
            (format!("{place}/{key}"), text(one), text(other))
        }
        None => (place, short(&one.to_string()), short(&other.to_string())),
    }
}

/// A text from a file, shortened, on one line, and without terminal control characters.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 200;
    let start: String = text.chars().take(MOST + 1).collect();
    let mut plain: Vec<char> = crate::printed::escaped(&start).chars().take(MOST + 1).collect();
    if plain.len() > MOST {
        plain[MOST] = '…';
    }
    plain.into_iter().collect()
}
