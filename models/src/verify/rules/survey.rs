//! The verdicts on each rule, over histories and in a fixed set of small networks of its kind: [`survey`]. Every
//! verdict is computed.

mod histories;
mod networks;
mod scopes;

use super::Rule;
use crate::check::running;
use crate::histories::laws::Findings;
use crate::printed::{padded, terminal_width};
use crate::properties as p;
use crate::report::check::Counterexample;
use crate::report::table::{self, grouped};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// A column of the table.
struct Column {
    heading: &'static str,
    under: Under,
    /// The column is violated if one of these properties is.
    properties: &'static [&'static str],
}

const fn column(heading: &'static str, under: Under, properties: &'static [&'static str]) -> Column {
    Column { heading, under, properties }
}

const COLUMNS: [Column; 6] = [
    column(p::CONVERGENCE, Under::RightClocks, &[p::CONVERGENCE, p::AGREEMENT]),
    column(p::NO_POLICY_LOSS, Under::RightClocks, &[p::NO_POLICY_LOSS]),
    column(p::NO_CAUSAL_LOSS, Under::RightClocks, &[p::NO_CAUSAL_LOSS]),
    column(p::NO_RESURRECTION, Under::RightClocks, &[p::NO_RESURRECTION]),
    column("under wrong clocks", Under::SkewedClocks, &HARM),
    column("without causal delivery", Under::Unordered, &HARM),
];

/// The properties judged under wrong clocks and weaker delivery. A violation counts if the property holds, or is
/// violated only in more steps, under right clocks and causal delivery.
const HARM: [&str; 5] = [p::CONVERGENCE, p::AGREEMENT, p::NO_CAUSAL_LOSS, p::NO_TOTAL_LOSS, p::NO_RESURRECTION];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Under {
    RightClocks,
    SkewedClocks,
    Unordered,
}

/// The sizes of the histories by which a rule is judged: masters, writes.
pub const SIZES: [(u16, usize); 2] = [(3, 5), (2, 6)];

/// Smaller sizes, for tests without optimization.
pub const SMALL_SIZES: [(u16, usize); 2] = [(3, 4), (2, 5)];

/// A rule and its verdicts.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// The rule.
    pub rule: Rule,
    /// The verdicts, in the order of the columns.
    pub found: Vec<Cell>,
    /// The histories and networks that were searched.
    pub extent: Extent,
    /// The laws that the rule breaks, tried on all small histories.
    pub laws: Findings,
}

/// The verdict on the properties of one column.
#[derive(Clone, Debug)]
pub enum Cell {
    /// One of the properties is violated, as the shortest schedule shows.
    Violated(Box<Counterexample>),
    /// They hold everywhere in the [`Extent`].
    Holds,
    /// Only an untested claim of the rule says that they hold.
    NotJudged,
    /// No violation was found, but not everything was explored.
    NotExhausted,
}

impl Cell {
    /// A schedule that shows the violation.
    pub fn example(&self) -> Option<&Counterexample> {
        if let Cell::Violated(example) = self { Some(example) } else { None }
    }

    /// Replaces a `Holds` by a weaker verdict.
    fn weaken(&mut self, weaker: Cell) {
        if matches!(self, Cell::Holds) || matches!((&*self, &weaker), (Cell::NotJudged, Cell::NotExhausted)) {
            *self = weaker;
        }
    }
}

/// Whether a schedule of this many steps is shorter than the one in the cell.
fn shorter(steps: usize, cell: &Cell) -> bool {
    cell.example().is_none_or(|known| steps < known.replayed.steps.len())
}

/// The histories and networks that were searched.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// The histories in words, with their number.
    histories: Vec<(Under, String, u64)>,
    /// The number of networks.
    networks: usize,
    /// The number of states of all networks.
    states: usize,
}

/// Judges the rule over histories, and in all networks of its kind.
///
/// # Panics
/// If a schedule does not replay: then the checker is wrong.
pub fn survey(rule: Rule) -> Surveyed {
    survey_within(rule, &SIZES)
}

/// The same with histories of these sizes: masters, writes.
///
/// # Panics
/// If a schedule does not replay: then the checker is wrong.
pub fn survey_within(rule: Rule, sizes: &[(u16, usize)]) -> Surveyed {
    try_survey(rule, sizes).unwrap_or_else(|broken| panic!("{broken}"))
}

/// The same, without a panic.
///
/// # Errors
/// The schedule that does not replay: the checker is wrong, or the rule not deterministic.
pub fn try_survey(rule: Rule, sizes: &[(u16, usize)]) -> Result<Surveyed, String> {
    let (mut cells, mut extent) = over_histories(rule, sizes)?;
    networks::explore(rule, &mut cells, &mut extent)?;
    Ok(Surveyed { rule, found: cells, extent, laws: rule.laws() })
}

fn over_histories(rule: Rule, sizes: &[(u16, usize)]) -> Result<(Vec<Cell>, Extent), String> {
    let mut cells: Vec<Cell> = COLUMNS.iter().map(|_| Cell::Holds).collect();
    let mut extent = Extent::default();
    histories::judge(rule, sizes, &mut cells, &mut extent)?;
    Ok((cells, extent))
}

/// Surveys every rule with histories of these sizes, as many rules at a time as the machine has cores. `told` is called
/// with the number of rules done and the number of all rules. Once the process is [interrupted](running), the surveys
/// in progress end with their findings so far, and no other is begun.
///
/// # Panics
/// If a schedule does not replay: then the checker is wrong.
pub fn survey_all(sizes: &[(u16, usize)], told: &mut dyn FnMut(usize, usize)) -> Vec<Surveyed> {
    let rules = super::all();
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let mut surveyed: BTreeMap<usize, Surveyed> = BTreeMap::new();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (rules, next, sender) = (&rules, &next, sender.clone());
            scope.spawn(move || {
                while let Some((place, rule)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let wanted = !running::is_interrupted();
                    rules.get(place).filter(|_| wanted).map(|rule| (place, rule))
                } {
                    // The receiver lives as long as the scope.
                    let _ = sender.send((place, survey_within(*rule, sizes)));
                }
            });
        }
        drop(sender);
        for (place, one) in receiver {
            surveyed.insert(place, one);
            told(surveyed.len(), rules.len());
        }
    });
    surveyed.into_values().collect()
}

/// A Markdown table with a row for each rule.
pub fn in_a_table(surveyed: &[Surveyed]) -> String {
    let mut rows = vec![vec!["rule".to_owned()], vec![]];
    rows[0].extend(COLUMNS.iter().map(|column| column.heading.to_owned()));
    rows[0].extend(["laws that fail", "bytes a key"].map(str::to_owned));
    for Surveyed { rule, found, laws, .. } in surveyed {
        let mut row = vec![rule.name.to_owned()];
        row.extend(found.iter().map(|found| match found {
            Cell::Violated(example) => format!("violated ({})", example.replayed.steps.len()),
            Cell::Holds => "holds".to_owned(),
            Cell::NotJudged => "not judged".to_owned(),
            Cell::NotExhausted => "not exhausted".to_owned(),
        }));
        row.push(failing(laws));
        row.push(laws.bytes.to_string());
        rows.push(row);
    }
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| terminal_width(cell)).max().unwrap_or(0))
        .collect();
    rows[1] = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {} |", padded(cell, *width)));
        let _ = writeln!(text, "|{}", cells.collect::<String>());
    }
    text
}

/// The histories and networks that each "holds" of these rules covers.
pub fn extent_of(surveyed: &[Surveyed]) -> String {
    let mut words: BTreeMap<(Under, String), [u64; 2]> = BTreeMap::new();
    for (under, scope, histories) in surveyed.iter().flat_map(|one| &one.extent.histories) {
        let range = words.entry((*under, scope.clone())).or_insert([*histories; 2]);
        *range = [range[0].min(*histories), range[1].max(*histories)];
    }
    let mut text = String::new();
    for under in [Under::RightClocks, Under::SkewedClocks, Under::Unordered] {
        let of_these = words.iter().filter(|((of, _), _)| *of == under);
        let lines: Vec<String> = of_these
            .map(|((_, scope), [least, most])| {
                let counted = match (least, most) {
                    (least, most) if least == most => format!("{} histories", grouped(*least as usize)),
                    (least, most) => {
                        format!("{} to {} histories, by rule", grouped(*least as usize), grouped(*most as usize))
                    }
                };
                format!("  {scope} ({counted})\n")
            })
            .collect();
        // Clocks do not matter to a rule that uses none.
        if !lines.is_empty() {
            let _ = write!(text, "\"holds\" ({}) covers\n{}", headings(under), lines.concat());
        }
    }
    let (networks, states) =
        surveyed.iter().fold((0, 0), |(all, states), one| (all + one.extent.networks, states + one.extent.states));
    let _ = writeln!(
        text,
        "{networks} networks of two and three masters were explored as well ({} states)",
        grouped(states)
    );
    text
}

fn headings(under: Under) -> String {
    let headings: Vec<&str> =
        COLUMNS.iter().filter(|column| column.under == under).map(|column| column.heading).collect();
    headings.join(", ")
}

/// The laws by name.
fn failing(laws: &Findings) -> String {
    let names = laws.broken.iter().map(|broken| broken.law.name());
    let names: Vec<&str> = names.chain((!laws.merges).then_some("no merge")).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

impl fmt::Display for Surveyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_full(self))
    }
}

/// One rule in full.
pub fn in_full(surveyed: &Surveyed) -> String {
    let Surveyed { rule, found, laws, .. } = surveyed;
    let mut text = format!("{}: {}\nsource: {}\n\n", rule.name, rule.about, rule.source);
    text += &in_a_table(std::slice::from_ref(surveyed));
    let _ = write!(text, "\n{}", extent_of(std::slice::from_ref(surveyed)));
    for (column, cell) in COLUMNS.iter().zip(found) {
        if let Cell::Violated(example) = cell {
            let named = match column.under {
                Under::RightClocks => rule.name.to_owned(),
                _ => format!("{} {}", rule.name, column.heading),
            };
            let _ = write!(text, "\n{}", table::counterexample(&named, example));
        }
    }
    for broken in &laws.broken {
        let _ = write!(text, "\n{broken}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every violation in the networks of the survey is found over histories too, in as few steps.
    #[test]
    fn histories_find_all_that_networks_show() {
        for rule in super::super::all() {
            let (cells, mut extent) = over_histories(rule, &[(3, 3), (2, 3)]).unwrap();
            let mut found: Vec<Cell> = COLUMNS.iter().map(|_| Cell::Holds).collect();
            networks::explore(rule, &mut found, &mut extent).unwrap();
            let steps = |cell: &Cell| cell.example().map(|example| example.replayed.steps.len());
            for (column, (over, shown)) in COLUMNS.iter().zip(cells.iter().zip(&found)) {
                if let Some(shown) = steps(shown) {
                    let over = steps(over);
                    let named = format!("{}: {}", rule.name, column.heading);
                    assert!(over.is_some_and(|over| over <= shown), "{named}: {over:?}, {shown}");
                }
            }
        }
    }
}
