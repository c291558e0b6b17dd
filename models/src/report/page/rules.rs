//! The rules, each with its source and the findings about it.

use super::{Outcome, Page, escaped};
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) fn html(page: &Page<'_>) -> String {
    let mut html = String::from(
        "<p class=\"lead\">The number of scenarios by verdict, and the properties that a scenario violates, each with the \
         length of its shortest schedule. <code>multimaster rules NAME</code> judges a rule over all networks.</p>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Table of rules\">\n\
         <table class=\"rules\"><thead><tr><th scope=\"col\">rule</th><th scope=\"col\">scenarios</th>\
         <th scope=\"col\">violated</th><th scope=\"col\">what it does</th></tr></thead><tbody>\n",
    );
    for rule in &page.rules {
        let of_rule = || page.shown.iter().filter(|shown| shown.checked.scenario.rule() == rule.name);
        let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
        let mut shortest: BTreeMap<&str, usize> = BTreeMap::new();
        for shown in of_rule() {
            *outcomes.entry(Outcome::of(shown.checked)).or_default() += 1;
            for example in &shown.checked.counterexamples {
                let steps = example.replayed.steps.len();
                let known = shortest.entry(example.property).or_insert(steps);
                *known = steps.min(*known);
            }
        }
        if outcomes.is_empty() {
            continue;
        }
        let outcomes: Vec<String> =
            outcomes.iter().map(|(outcome, count)| format!("<span>{} {count}</span>", outcome.mark())).collect();
        let violated: Vec<String> = shortest
            .iter()
            .map(|(property, steps)| format!("<span class=\"chip\">{} <b>{steps}</b></span>", escaped(property)))
            .collect();
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"counts\">{}</td><td>{}</td><td>{}<br><small>{}</small></td></tr>",
            escaped(&rule.name),
            outcomes.join(" "),
            violated.join(" "),
            escaped(&rule.about),
            escaped(&rule.source)
        );
    }
    html += "</tbody></table>\n</div>\n";
    html
}
