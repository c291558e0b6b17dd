//! The figures of a sweep as a table, as CSV and as JSON.

use super::sweep::{MEASURES, Measure, Row, Spread};
use super::{Case, Setting};
use crate::printed::{padded, terminal_width};
use crate::report::table::grouped;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The columns of the table that are always there.
const ALWAYS: [&str; 8] = ["median", "p99", "max", "messages", "bytes", "busiest", "share", "stale"];

/// A Markdown table: a row for each case, in each cell the mean over the seeds, and after `±` half the width of its
/// 95 % confidence interval.
///
/// A column without news is left out: if no write was refused, or if all masters were reached. So is a case without a
/// completed run.
pub fn table(rows: &[Row]) -> String {
    let shown: Vec<&Measure> = MEASURES.iter().filter(|measure| is_shown(measure, rows)).collect();
    let mut lines = vec![case_columns(rows).iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()];
    lines[0].extend(shown.iter().map(|measure| heading(measure)));
    for row in rows.iter().filter(|row| !row.runs.is_empty()) {
        let mut line: Vec<String> = case_columns(rows).iter().map(|(_, of)| of(&row.case)).collect();
        line.extend(shown.iter().map(|measure| row.spread(measure).map_or_else(|| "-".to_owned(), cell)));
        lines.push(line);
    }
    let width = |column: usize| lines.iter().map(|line| terminal_width(&line[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    lines.insert(1, widths.iter().map(|width| "-".repeat(*width)).collect());
    lines.iter().fold(String::new(), |mut text, line| {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        text
    })
}

fn heading(measure: &Measure) -> String {
    let unit = measure.axis.rsplit(", ").next().unwrap_or_default();
    if ["ms", "%"].contains(&unit) { format!("{} ({unit})", measure.name) } else { measure.name.to_owned() }
}

fn is_shown(measure: &Measure, rows: &[Row]) -> bool {
    let any =
        |test: fn(&Spread) -> bool| rows.iter().any(|row| row.spread(measure).is_some_and(|spread| test(&spread)));
    match measure.name {
        name if ALWAYS.contains(&name) => true,
        "occupied" => any(|spread| spread.high >= 10.0),
        "everywhere" | "reached" | "agree" => any(|spread| spread.low < 100.0),
        "refused" | "digests" | "gone" => any(|spread| spread.high > 0.0),
        "healed" => any(|_| true),
        _ => false,
    }
}

type CaseColumn = (&'static str, fn(&Case) -> String);

/// The columns in which the cases differ, and those that always identify one.
fn case_columns(rows: &[Row]) -> Vec<CaseColumn> {
    let differs = |of: fn(&Case) -> String| rows.windows(2).any(|two| of(&two[0].case) != of(&two[1].case));
    let mut columns: Vec<CaseColumn> = vec![("topology", |case| case.shape.to_string()), ("masters", masters)];
    let others: [CaseColumn; 3] = [
        ("rate", |case| case.rate.to_string()),
        ("loss", |case| percent(case.loss)),
        ("dead", |case| case.dead.to_string()),
    ];
    columns.extend(others.into_iter().filter(|(_, of)| differs(*of)));
    columns
}

fn masters(case: &Case) -> String {
    case.masters.to_string()
}

fn percent(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}

fn cell(spread: Spread) -> String {
    let Spread { mean, error, .. } = spread;
    if error == 0.0 { number(mean) } else { format!("{} ±{}", number(mean), number(error)) }
}

/// The number with three significant digits, or with all digits before the point.
pub(super) fn number(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        100.0.. => grouped(number.round() as usize),
        10.0.. => format!("{number:.1}"),
        0.1.. => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// A line for each run: the case, the seed, and every figure in the unit of its column.
pub fn csv(rows: &[Row]) -> String {
    let mut text = "topology,masters,rate,loss,dead,seed".to_owned();
    MEASURES.iter().for_each(|measure| text.extend([",", measure.name]));
    text.push('\n');
    for Row { case, runs } in rows {
        let shape = case.shape.to_string();
        let shape =
            if shape.contains([',', '"', '\n']) { format!("\"{}\"", shape.replace('"', "\"\"")) } else { shape };
        for (seed, figures) in runs {
            let _ = write!(text, "{shape},{},{},{},{},{seed}", case.masters, case.rate, case.loss, case.dead);
            for measure in &MEASURES {
                let figure = measure.of(figures).map(|figure| figure.to_string()).unwrap_or_default();
                let _ = write!(text, ",{figure}");
            }
            text.push('\n');
        }
    }
    text
}

/// The setting, and for each case every figure over the seeds and in each run.
pub fn json(setting: &Setting, rows: &[Row]) -> Value {
    let rows = rows.iter().map(|row| {
        let spreads = MEASURES.iter().filter_map(|measure| {
            let Spread { mean, error, low, high, runs } = row.spread(measure)?;
            Some((
                measure.name.to_owned(),
                json!({ "mean": mean, "error": error, "low": low, "high": high, "runs": runs }),
            ))
        });
        let runs = row.runs.iter().map(|(seed, figures)| json!({ "seed": seed, "figures": figures }));
        let Case { shape, masters, rate, loss, dead } = &row.case;
        json!({
            "topology": shape.to_string(),
            "masters": masters,
            "rate": rate,
            "loss": loss,
            "dead": dead,
            "figures": spreads.collect::<Map<_, _>>(),
            "runs": runs.collect::<Vec<_>>(),
        })
    });
    let rows: Vec<Value> = rows.collect();
    json!({
        "rule": setting.rule.name(),
        "regions": setting.regions.names(),
        "writes": setting.writes,
        "reads": setting.reads,
        "keys": setting.keys,
        "jitter": setting.jitter,
        "cost-seconds": setting.cost.as_secs_f64(),
        "tick-seconds": setting.tick.as_secs_f64(),
        "batch": setting.batch,
        "log": setting.log,
        "keeps": setting.keeps.name(),
        "cases": rows,
    })
}
