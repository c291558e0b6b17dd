//! The scenarios, each with its scope, its counts, its verdicts and its schedules.

use super::{Outcome, Page, Shown, axes, escaped};
use crate::printed::shown as printable;
use crate::report::check::Counterexample;
use crate::report::table::grouped;
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) fn html(page: &Page<'_>) -> String {
    let mut html = String::from(
        "<form class=\"filter\" role=\"search\"><label>Find <input id=\"find\" type=\"search\" autocomplete=\"off\" \
         placeholder=\"name, rule, property\"></label><label>Verdict <select id=\"only\"><option value=\"\">all</option>",
    );
    for outcome in Outcome::ALL {
        let _ = write!(html, "<option value=\"{}\">{}</option>", outcome.word(), outcome.in_words());
    }
    html += "</select></label><output id=\"found\"></output><button id=\"all\" type=\"reset\" hidden>Show all</button></form>\n\
             <noscript><p>Pictures need scripts. The traces below are text.</p></noscript>\n<div id=\"list\">\n";
    let mut pictures = Pictures::default();
    for (place, shown) in page.shown.iter().enumerate() {
        scenario(&mut html, place, shown, &mut pictures);
    }
    html += "</div>\n";
    for (place, picture) in pictures.drawn.iter().enumerate() {
        let _ = writeln!(html, "<template id=\"p{place}\">{picture}</template>");
    }
    html
}

/// The pictures, each once: many scenarios have the same schedules.
#[derive(Default)]
struct Pictures {
    drawn: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Pictures {
    /// The place of the picture.
    fn place(&mut self, picture: String) -> usize {
        *self.places.entry(picture).or_insert_with_key(|picture| {
            self.drawn.push(picture.clone());
            self.drawn.len() - 1
        })
    }
}

fn scenario(html: &mut String, place: usize, shown: &Shown<'_>, pictures: &mut Pictures) {
    let checked = shown.checked;
    let (scenario, report) = (&checked.scenario, &checked.report);
    let outcome = Outcome::of(checked);
    let violated: Vec<&str> = checked.counterexamples.iter().map(|example| example.property).collect();
    let _ = write!(
        html,
        "<details class=\"scenario\" id=\"s{place}\" data-outcome=\"{}\" data-name=\"{}\"><summary>{}<span class=\"name\">{}</span>",
        outcome.word(),
        escaped(&format!("{} {} {}", scenario.name, scenario.rule(), violated.join(" ")).to_lowercase()),
        outcome.mark(),
        escaped(&printable(&scenario.name)),
    );
    if !checked.is_as_expected() {
        *html += "<span class=\"chip bad\">not as expected</span>";
    }
    for example in &checked.counterexamples {
        let _ = write!(
            html,
            "<span class=\"chip\">{} <b>{}</b></span>",
            escaped(example.property),
            example.replayed.steps.len()
        );
    }
    let _ =
        write!(html, "<span class=\"states\">{} states</span></summary>\n<div class=\"body\">", grouped(report.states));
    let _ = write!(html, "<p class=\"about\">{}</p>", escaped(&printable(&scenario.about)));
    for surprise in &checked.surprises {
        let _ = write!(html, "<p class=\"unexpected\">Not as expected: {}</p>", escaped(&printable(surprise)));
    }
    *html += "<dl class=\"scope\">";
    let explored = checked.cut_in_words().map_or_else(|| "all".to_owned(), |cut| format!("not all: {cut}"));
    let messages = report.messages.map_or_else(|| "unbounded or not counted".into(), |most| most.to_string());
    for (what, figure) in [
        ("rule", scenario.rule().to_owned()),
        ("topology", scenario.shape.clone()),
        ("links and failures", axes::in_words(scenario)),
        ("states", grouped(report.states)),
        ("explored", explored),
        ("steps tried", grouped(report.generated)),
        ("depth", report.depth.to_string()),
        ("most messages for one change", messages),
    ] {
        let _ = write!(html, "<div><dt>{what}</dt><dd>{}</dd></div>", escaped(&printable(&figure)));
    }
    *html += "</dl>\n<table class=\"verdicts\"><tbody>";
    for (witness, heading) in [(false, "properties"), (true, "witnesses")] {
        let mut words: Vec<(&str, Vec<&str>)> = Vec::new();
        for finding in report.findings.iter().filter(|finding| finding.witness == witness) {
            let verdict = checked.verdict(finding);
            match words.iter_mut().find(|(word, _)| *word == verdict) {
                Some((_, properties)) => properties.push(finding.property),
                None => words.push((verdict, vec![finding.property])),
            }
        }
        // Verdicts other than *holds* and *reached* come first.
        words.sort_by_key(|(word, _)| ["holds", "reached"].contains(word));
        for (verdict, properties) in words {
            let names: Vec<String> = properties.iter().map(|property| escaped(property)).collect();
            let _ = write!(
                html,
                "<tr class=\"{heading}\"><th scope=\"row\" class=\"v-{}\">{verdict}</th><td>{}</td></tr>",
                verdict.replace(' ', "-"),
                names.join(", ")
            );
        }
    }
    *html += "</tbody></table>\n";
    for (example, trace) in checked.counterexamples.iter().zip(&shown.traces) {
        counterexample(html, example, trace, pictures);
    }
    if let Some(text) = &shown.text {
        let _ = write!(
            html,
            "<details class=\"source\"><summary>The scenario's file</summary><pre>{}</pre></details>",
            lines(text)
        );
    }
    *html += "</div></details>\n";
}

fn counterexample(
    html: &mut String,
    example: &Counterexample,
    (trace, command): &(String, String),
    pictures: &mut Pictures,
) {
    let steps = example.replayed.steps.len();
    let picture = pictures.place(example.replayed.diagram.svg_within_page());
    let verb = if example.failed { "failed" } else { "violated" };
    let _ = write!(
        html,
        "<section class=\"example\" data-steps=\"{steps}\" data-picture=\"p{picture}\"><h3>{}: {verb} in {steps} step{}</h3><p class=\"why\">{}</p>\n\
         <div class=\"player\"></div>\n<ol class=\"steps\">",
        escaped(example.property),
        if steps == 1 { "" } else { "s" },
        escaped(&printable(example.why())),
    );
    let mut before: &[String] = &[];
    for taken in &example.replayed.steps {
        let _ = write!(html, "<li><b>{}</b>", escaped(&printable(&taken.step)));
        if let Some(remark) = &taken.remark {
            let _ = write!(html, " <i>{}</i>", escaped(&printable(remark)));
        }
        for (place, reads) in taken.readings.iter().enumerate() {
            if before.get(place) != Some(reads) {
                let _ = write!(
                    html,
                    " <span>{} reads {}</span>",
                    escaped(&printable(&example.replayed.masters[place])),
                    escaped(&printable(reads))
                );
            }
        }
        before = &taken.readings;
        *html += "</li>";
    }
    let _ = write!(
        html,
        "</ol>\n<p class=\"replay\"><span>Replay</span> <code>{}</code></p>\n\
         <details class=\"trace\"><summary>Trace</summary><pre>{}</pre></details></section>\n",
        escaped(command),
        lines(trace)
    );
}

/// Text of several lines, in which no character acts.
fn lines(text: &str) -> String {
    crate::printed::escaped_lines(text).lines().map(escaped).collect::<Vec<_>>().join("\n")
}
