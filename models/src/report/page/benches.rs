//! Benchmarks before and after, as tables with plots.

use super::criterion::{Bench, Count, Interval};
use super::escaped;
use std::fmt::Write;

/// The size of a plot.
const WIDE: f64 = 220.0;
const TALL: f64 = 30.0;

/// The section of times.
pub fn times(benches: &[Bench]) -> String {
    let mut html = String::from(
        "<p class=\"lead\">The time of one iteration before and after, with the confidence intervals that criterion has \
         computed. A change is coloured if its interval does not contain 0.</p>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Table of times\">\n<table class=\"bench\"><thead><tr><th scope=\"col\">benchmark</th><th scope=\"col\">before</th>\
         <th scope=\"col\">after</th><th class=\"plot\" scope=\"col\">before and after, from 0</th><th scope=\"col\">change</th>\
         <th class=\"plot\" scope=\"col\">change, around 0</th></tr></thead><tbody>\n",
    );
    let most = benches.iter().filter_map(|bench| bench.change);
    let most = most.map(|change| change.low.abs().max(change.high.abs())).fold(0.05, f64::max);
    for bench in benches {
        let Bench { name, before, after, change } = bench;
        let class = change.map_or("same", verdict);
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"plot\">{}</td><td class=\"{class}\">{}</td><td class=\"plot\">{}</td></tr>",
            escaped(name),
            before.map_or("–".into(), time),
            time(*after),
            both(*before, *after, class),
            change.map_or("–".into(), |change| format!(
                "{:+.1} % <small>{:+.1} … {:+.1}</small>",
                percent(change.point),
                percent(change.low),
                percent(change.high)
            )),
            change.map_or(String::new(), |change| of_change(change, most, class))
        );
    }
    html += "</tbody></table>\n</div>\n";
    html
}

/// The section of instruction counts.
pub fn instructions(counts: &[Count]) -> String {
    let mut html = String::from(
        "<p class=\"lead\">The instructions of one operation, counted by valgrind: the same at every run with one compiler.</p>\n\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Table of instructions\">\n<table class=\"bench\"><thead><tr>\
         <th scope=\"col\">operation</th><th scope=\"col\">before</th><th scope=\"col\">after</th><th scope=\"col\">change</th>\
         <th class=\"plot\" scope=\"col\">before and after, from 0</th></tr></thead><tbody>\n",
    );
    for Count { name, before, after } in counts {
        let number = |count: &Option<f64>| count.map_or("–".into(), |count| format!("{count:.1}"));
        let change = before.zip(*after).filter(|(before, _)| *before > 0.0).map(|(before, after)| after / before - 1.0);
        let class = change.map_or("same", |change| verdict(Interval { low: change, point: change, high: change }));
        let exact = |count: f64| Interval { low: count, point: count, high: count };
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"{class}\">{}</td><td class=\"plot\">{}</td></tr>",
            escaped(name),
            number(before),
            number(after),
            change.map_or("–".into(), |change| format!("{:+.2} %", percent(change))),
            after.map_or(String::new(), |after| both(before.map(exact), exact(after), class))
        );
    }
    html += "</tbody></table>\n</div>\n";
    html
}

fn percent(change: f64) -> f64 {
    change * 100.0
}

/// The verdict on a change; *same* if the interval of the change contains 0.
fn verdict(change: Interval) -> &'static str {
    match change {
        _ if change.high < 0.0 => "faster",
        _ if change.low > 0.0 => "slower",
        _ => "same",
    }
}

/// The two intervals one above the other, on an axis from 0.
fn both(before: Option<Interval>, after: Interval, class: &str) -> String {
    let most = before.map_or(after.high, |before| before.high.max(after.high)).max(f64::MIN_POSITIVE);
    let x = |value: f64| 4.0 + value / most * (WIDE - 12.0);
    let mut svg = begun("before above, after below");
    let _ = write!(svg, "<path class=\"axis\" d=\"M4 2V{}\"/>", TALL - 2.0);
    if let Some(before) = before {
        svg += &bar(before, 9.0, "same", x);
    }
    svg += &bar(after, 21.0, class, x);
    svg + "</svg>"
}

/// A bar from 0 to the estimate, and the interval as a line with ends.
fn bar(interval: Interval, y: f64, class: &str, x: impl Fn(f64) -> f64) -> String {
    let (start, low, point, high) = (x(0.0), x(interval.low), x(interval.point), x(interval.high));
    format!(
        "<g class=\"{class}\"><path d=\"M{start:.1} {y}H{point:.1}\" stroke-width=\"6\" opacity=\".35\"/>\
         <path d=\"M{low:.1} {y}H{high:.1}M{low:.1} {}v6M{high:.1} {}v6\" fill=\"none\"/></g>",
        y - 3.0,
        y - 3.0
    )
}

/// The interval of a change, around 0 in the middle.
fn of_change(change: Interval, most: f64, class: &str) -> String {
    let x = |value: f64| WIDE / 2.0 + value / most * (WIDE / 2.0 - 6.0);
    let (low, point, high, y) = (x(change.low), x(change.point), x(change.high), TALL / 2.0);
    let mut svg = begun("interval of the change around 0");
    let _ = write!(
        svg,
        "<path class=\"axis\" d=\"M{middle} 2V{bottom}\"/><g class=\"{class}\"><path d=\"M{low:.1} {y}H{high:.1}M{low:.1} {}v8M{high:.1} {}v8\" fill=\"none\"/>\
         <circle cx=\"{point:.1}\" cy=\"{y}\" r=\"3\"/></g></svg>",
        y - 4.0,
        y - 4.0,
        middle = WIDE / 2.0,
        bottom = TALL - 2.0
    );
    svg
}

fn begun(label: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDE} {TALL}\" width=\"{WIDE}\" height=\"{TALL}\" role=\"img\" aria-label=\"{label}\">"
    )
}

/// A time with its interval, in the unit in which the estimate is at least 1.
fn time(interval: Interval) -> String {
    let units = [("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0)];
    let (unit, size) = units.into_iter().find(|(_, size)| interval.point >= *size).unwrap_or(("ns", 1.0));
    let [low, point, high] = [interval.low, interval.point, interval.high].map(|value| value / size);
    format!("{point:.2} {unit} <small>{low:.2} … {high:.2}</small>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_coloured_only_if_its_interval_leaves_out_0() {
        let change = |low, point, high| verdict(Interval { low, point, high });
        assert_eq!(
            [change(-0.3, -0.2, -0.1), change(0.1, 0.2, 0.3), change(-0.1, 0.2, 0.3)],
            ["faster", "slower", "same"]
        );
        assert_eq!(time(Interval { low: 999.0, point: 1_500.0, high: 2_000.0 }), "1.50 µs <small>1.00 … 2.00</small>");
    }
}
