//! The verdicts on scenarios as one page: [`Page`].

mod axes;
pub mod benches;
pub mod criterion;
mod matrix;
mod outcome;
mod rules;
mod scenarios;

use crate::report::check::Checked;
use crate::report::picture;
use crate::report::picture::text::{self, isolated};
use crate::report::table::{chance_of_mistake, grouped};
pub use outcome::Outcome;
use std::fmt::Write;

/// A self-contained HTML page: it loads nothing, and its content security policy forbids it to. Equal findings give
/// equal bytes.
#[derive(Debug)]
pub struct Page<'a> {
    /// The scenarios, checked, in order.
    pub shown: Vec<Shown<'a>>,
    /// The rules that the page describes, in order.
    pub rules: Vec<RuleRow>,
    /// The properties, each with its meaning.
    pub meanings: Vec<(String, String)>,
    /// Further sections.
    pub more: Vec<Section>,
}

/// A section of the page.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its identifier on the page.
    pub id: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// Its content.
    pub html: String,
}

/// A scenario on the page.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The scenario and its findings.
    pub checked: &'a Checked,
    /// The text of its file, if it is known.
    pub text: Option<String>,
    /// For each counterexample, the trace as a file that can be replayed anywhere, and the command that replays it
    /// here.
    pub traces: Vec<(String, String)>,
}

/// A rule on the page.
#[derive(Clone, Debug)]
pub struct RuleRow {
    /// Its name in scenario files.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// The public source of the description.
    pub source: String,
}

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

impl Page<'_> {
    /// The page.
    pub fn html(&self) -> String {
        let section = |id, heading, html| Section { id, heading, html };
        let mut sections = Vec::new();
        if !self.shown.is_empty() {
            sections.push(section("matrix", "Verdicts", matrix::html(self)));
            sections.push(section("scenarios", "Scenarios", scenarios::html(self)));
            sections.push(section("rules", "Rules", rules::html(self)));
        }
        sections.extend(self.more.iter().cloned());
        if !self.shown.is_empty() {
            sections.push(section("meaning", "What the verdicts mean", self.meaning()));
        }
        let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
                 script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n";
        html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
        html += "<meta name=\"color-scheme\" content=\"light dark\">\n<title>multimaster report</title>\n";
        let _ = write!(html, "<style>\n{STYLE}{}</style>\n</head>\n<body>\n", picture::STYLE);
        html += "<a class=\"skip\" href=\"#main\">Skip to the verdicts</a>\n<header>\n<h1>multimaster report</h1>\n";
        html += &self.summary();
        html += "</header>\n<nav aria-label=\"Sections\">";
        for Section { id, heading, .. } in &sections {
            let _ = write!(html, "<a href=\"#{id}\">{heading}</a>");
        }
        html += "</nav>\n<main id=\"main\">\n";
        for Section { id, heading, html: content } in &sections {
            let _ = writeln!(
                html,
                "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{heading}</h2>\n{content}</section>"
            );
        }
        let _ = write!(html, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
        html
    }

    /// The figures over all scenarios.
    fn summary(&self) -> String {
        if self.shown.is_empty() {
            return String::new();
        }
        let count = |is: &dyn Fn(&Checked) -> bool| self.shown.iter().filter(|shown| is(shown.checked)).count();
        let states: usize = self.shown.iter().map(|shown| shown.checked.report.states).sum();
        let examples: usize = self.shown.iter().map(|shown| shown.checked.counterexamples.len()).sum();
        let stated = count(&|one| one.scenario.expect.stated);
        let as_expected = count(&|one| one.scenario.expect.stated && one.is_as_expected() && !one.is_open());
        let mut figures = vec![
            (grouped(self.shown.len()), "scenarios"),
            (grouped(count(&|one| !one.is_cut())), "exhausted"),
            (grouped(states), "states"),
            (grouped(examples), "counterexamples"),
        ];
        if stated > 0 {
            figures.push((format!("{} of {}", grouped(as_expected), grouped(stated)), "as expected"));
        }
        let mut html = String::from("<dl class=\"figures\">");
        for (figure, what) in figures {
            let _ = write!(html, "<div><dt>{what}</dt><dd>{figure}</dd></div>");
        }
        html += "</dl>\n";
        let surprising = self.shown.iter().enumerate().filter(|(_, shown)| !shown.checked.is_as_expected());
        let surprising: Vec<String> = surprising
            .map(|(place, shown)| format!("<a href=\"#s{place}\">{}</a>", escaped(&shown.checked.scenario.name)))
            .collect();
        if !surprising.is_empty() {
            let _ = writeln!(
                html,
                "<p class=\"unexpected\"><strong>Not as expected:</strong> {}</p>",
                surprising.join(", ")
            );
        }
        html
    }

    fn meaning(&self) -> String {
        let mut html = String::from(
            "<table class=\"plain\"><thead><tr><th scope=\"col\">mark</th><th scope=\"col\">a cell of the table</th></tr></thead><tbody>",
        );
        for outcome in Outcome::ALL {
            let _ = write!(html, "<tr><td>{}</td><td>{}</td></tr>", outcome.mark(), outcome.meaning());
        }
        html += "</tbody></table>\n<table class=\"plain\"><thead><tr><th scope=\"col\">verdict</th><th scope=\"col\">says</th></tr></thead><tbody>";
        for (verdict, meaning) in VERDICTS {
            let _ = write!(html, "<tr><th scope=\"row\">{verdict}</th><td>{meaning}</td></tr>");
        }
        html += "</tbody></table>\n<table class=\"plain\"><thead><tr><th scope=\"col\">property</th><th scope=\"col\">says</th></tr></thead><tbody>";
        for (property, meaning) in &self.meanings {
            let _ =
                write!(html, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(property), with_code(meaning));
        }
        html += "</tbody></table>\n";
        let mistaken: f64 = self.shown.iter().map(|shown| shown.checked.report.mistaken).sum();
        if mistaken > 0.0 {
            let _ = writeln!(html, "<p>{}</p>", chance_of_mistake(mistaken));
        }
        html
    }
}

const VERDICTS: [(&str, &str); 8] = [
    ("holds", "True in every state that the scenario can reach. All were explored."),
    ("violated", "False in some state. The schedule leads to it, and no shorter one does."),
    ("vacuous", "It holds, but nothing in the scenario tested it."),
    (
        "not judged",
        "The rule computes one value from several writes, and the check could not tell which of these writes the value shows.",
    ),
    ("not exhausted", "No violation was found before the exploration ended at a limit."),
    ("failed", "The rule or the property failed while it was computed: there is no verdict."),
    ("reached", "A witness: the situation that tests properties, such as a conflict, occurs in some state."),
    ("not reached", "A witness: the situation occurs in no state."),
];

/// Escaped text, with the parts between backticks as code.
fn with_code(text: &str) -> String {
    let parts = text.split('`').map(escaped).enumerate();
    parts.map(|(place, part)| if place % 2 == 1 { format!("<code>{part}</code>") } else { part }).collect()
}

/// Text escaped for HTML, in elements and in quoted attributes, with right-to-left words isolated.
pub(crate) fn escaped(said: &str) -> String {
    text::escaped(&isolated(said))
}
