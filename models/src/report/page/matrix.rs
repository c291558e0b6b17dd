//! The table of verdicts: rules by failures and topologies.

use super::{Outcome, Page, axes, escaped};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

pub(super) fn html(page: &Page<'_>) -> String {
    let mut cells: BTreeMap<(&str, &(usize, String)), Vec<usize>> = BTreeMap::new();
    let columns: Vec<(usize, String)> = page.shown.iter().map(|shown| axes::column(&shown.checked.scenario)).collect();
    for (place, (shown, column)) in page.shown.iter().zip(&columns).enumerate() {
        cells.entry((shown.checked.scenario.rule(), column)).or_default().push(place);
    }
    let heads: BTreeSet<&(usize, String)> = columns.iter().collect();
    let mut html = String::from(
        "<p class=\"lead\">Each cell is the worst verdict of its scenarios. Choose one to see them, with the schedules.</p>\n\
         <p class=\"legend\">",
    );
    for outcome in Outcome::ALL {
        let _ = write!(html, "<span>{} {}</span>", outcome.mark(), outcome.in_words());
    }
    html += "</p>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Table of verdicts\">\n<table class=\"matrix\"><thead><tr><td rowspan=\"2\"></td>";
    for (failures, name) in axes::FAILURES.iter().enumerate() {
        let count = heads.iter().filter(|(of, _)| *of == failures).count();
        if count > 0 {
            let _ = write!(html, "<th class=\"first\" scope=\"colgroup\" colspan=\"{count}\">{name}</th>");
        }
    }
    html += "</tr><tr>";
    let mut last = usize::MAX;
    for (failures, topology) in &heads {
        let class = if *failures == last { "" } else { " class=\"first\"" };
        last = *failures;
        let _ = write!(html, "<th{class} scope=\"col\"><span>{}</span></th>", escaped(topology));
    }
    html += "</tr></thead><tbody>\n";
    for rule in order(page) {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escaped(rule));
        let mut last = usize::MAX;
        for head in &heads {
            let first = if head.0 == last { "" } else { " class=\"first\"" };
            last = head.0;
            let Some(places) = cells.get(&(rule, *head)) else {
                let _ = write!(html, "<td{first}></td>");
                continue;
            };
            let _ = write!(html, "<td{first}>{}</td>", cell(page, rule, head, places));
        }
        html += "</tr>\n";
    }
    html += "</tbody></table>\n</div>\n";
    html
}

fn cell(page: &Page<'_>, rule: &str, (failures, topology): &(usize, String), places: &[usize]) -> String {
    let outcome = places.iter().map(|place| Outcome::of(page.shown[*place].checked)).max().unwrap_or(Outcome::Holds);
    let unexpected = places.iter().any(|place| !page.shown[*place].checked.is_as_expected());
    let numbers: Vec<String> = places.iter().map(usize::to_string).collect();
    let count = if places.len() > 1 { format!("<sub>{}</sub>", places.len()) } else { String::new() };
    let scenarios = if places.len() == 1 { "1 scenario".into() } else { format!("{} scenarios", places.len()) };
    let label = format!("{rule}, {}, {topology}: {}, {scenarios}", axes::FAILURES[*failures], outcome.in_words());
    format!(
        "<a class=\"cell {}{}\" href=\"#s{}\" data-scenarios=\"{}\" aria-label=\"{}\">{}{count}</a>",
        outcome.word(),
        if unexpected { " surprise" } else { "" },
        numbers[0],
        numbers.join(" "),
        escaped(&label),
        outcome.sign()
    )
}

/// The rules in the order of the page's list of rules, and then those that it does not describe.
fn order<'a>(page: &'a Page<'_>) -> Vec<&'a str> {
    let used: BTreeSet<&str> = page.shown.iter().map(|shown| shown.checked.scenario.rule()).collect();
    let known = page.rules.iter().map(|rule| rule.name.as_str()).filter(|rule| used.contains(rule));
    let known: Vec<&str> = known.collect();
    let others = used.iter().copied().filter(|rule| !known.contains(rule));
    known.iter().copied().chain(others).collect()
}
