//! The coverage and the violations of a swarm, as text and as JSON.

use super::super::style::Style;
use super::super::{Failure, this_command};
use multimaster_models::printed::{escaped_json, escaped_lines, shown};
use multimaster_models::report::explorer;
use multimaster_models::report::table::{self, grouped};
use multimaster_models::report::trace::files;
use multimaster_models::scenario::Scenario;
use multimaster_models::subject::Subject;
use multimaster_models::swarm::outcome::{Outcome, Violated, size};
use multimaster_models::swarm::{Ended, Swarm, Swarmed};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

pub(super) fn text(
    out: &mut impl Write,
    scenario: &Scenario,
    asked: &Swarm,
    outcome: &Outcome,
    traces: &Path,
    style: Style,
) -> Result<(), Failure> {
    let Outcome { swarmed, violations } = outcome;
    writeln!(out, "{}: {}\n", shown(&scenario.name), shown(&scenario.about))?;
    coverage(out, scenario, asked, swarmed)?;
    for (violated, kept) in violations.iter().zip(written(scenario, violations, traces)) {
        writeln!(out, "\n{}", table::counterexample(&scenario.name, &violated.example))?;
        writeln!(out, "  {}", in_words(scenario, violated))?;
        match kept {
            Ok(file) => {
                let (command, address) = (this_command(), explorer::address(&violated.example.replayed.path));
                writeln!(out, "  picture: {}", Path::new(&file).with_extension("svg").display())?;
                writeln!(out, "  explore: {command} explore {file}   at http://localhost:3000/{address}")?;
                writeln!(out, "  replay:  {command} replay {file}")?;
            }
            Err(why) => {
                writeln!(out, "  {}; the trace is\n{}", shown(&why), escaped_lines(&violated.example.trace))?;
            }
        }
    }
    let walks = counted(swarmed.walks, "walk");
    match violations.len() {
        0 => {
            let said = style.open(&format!("no violation found in {walks}"));
            writeln!(out, "\n{said}: this is no verdict, because states that no walk reached were not judged")?;
        }
        found => {
            let counted = if found == 1 { "1 violation".into() } else { format!("{found} different violations") };
            writeln!(out, "\n{} found in {walks}", style.bad(&counted))?;
        }
    }
    match swarmed.ended {
        Ended::Interrupted => writeln!(out, "interrupted")?,
        Ended::Time => writeln!(out, "the time is over")?,
        Ended::Seeds | Ended::Found => {}
    }
    Ok(())
}

fn number(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1 { "" } else { "s" })
}

fn coverage(out: &mut impl Write, scenario: &Scenario, asked: &Swarm, swarmed: &Swarmed) -> Result<(), Failure> {
    let Swarmed { seeds, parts, walks, steps, states, depth, kinds, witnesses, judged, .. } = swarmed;
    let about = if states.exact { "" } else { "about " };
    let parts = if *parts == 0 { String::new() } else { format!(" and parts of {} more", number(*parts)) };
    let first = asked.seeds.start;
    let whole = match *seeds {
        0 => "none whole".to_owned(),
        1 => first.to_string(),
        more => format!("{first} to {}", first + (more - 1)),
    };
    writeln!(out, "seeds        {whole}{parts}: {}", counted(*walks, "walk"))?;
    writeln!(out, "steps        {}, at most {} in a walk", number(*steps), grouped(*depth))?;
    let kinds: Vec<String> = kinds.iter().map(|(kind, steps)| format!("{kind} {}", number(*steps))).collect();
    writeln!(out, "  of which   {}", kinds.join(", "))?;
    writeln!(out, "states       {about}{} distinct", number(states.number))?;
    writeln!(out, "judged       {}", judged.join(", "))?;
    if !asked.but.is_empty() {
        writeln!(out, "not judged   {}: `[expect]` says that it is violated", asked.but.join(", "))?;
    }
    let named = |reached: bool| {
        let names = witnesses.iter().filter(|(_, is)| *is == reached).map(|(witness, _)| *witness);
        names.collect::<Vec<_>>()
    };
    let (reached, unreached) = (named(true), named(false));
    let none = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    writeln!(out, "reached      {}", none(&reached))?;
    writeln!(out, "not reached  {}", none(&unreached))?;
    let model = scenario.model();
    for witness in unreached {
        if let Some(why) = model.why_unreached(witness) {
            writeln!(out, "             {witness}: {}", shown(&why))?;
        }
    }
    Ok(())
}

/// How the violation was found and made small.
fn in_words(scenario: &Scenario, violated: &Violated) -> String {
    let Violated { seed, walked, example, scenario: small, shortest, .. } = violated;
    let ((masters, requests), (all_masters, all_requests)) = (size(small), size(scenario));
    let steps = example.replayed.steps.len();
    let part = |few: usize, all: usize, what: &str| {
        if few == all { format!("all {all} {what}") } else { format!("{few} of {all} {what}") }
    };
    let shortest = if *shortest { "; no schedule is shorter there" } else { "; a shorter schedule may exist" };
    format!(
        "found by seed {seed} in a walk of {} steps, made small: {steps} steps, {}, {}{shortest}",
        grouped(*walked),
        part(masters, all_masters, "masters"),
        part(requests, all_requests, "requests"),
    )
}

pub(super) fn json(
    out: &mut impl Write,
    scenario: &Scenario,
    asked: &Swarm,
    outcome: &Outcome,
    traces: &Path,
) -> Result<(), Failure> {
    let Outcome { swarmed, violations } = outcome;
    let Swarmed { seeds, parts, walks, steps, states, depth, kinds, witnesses, judged, ended, time } = swarmed;
    let violations: Vec<serde_json::Value> = violations
        .iter()
        .zip(written(scenario, violations, traces))
        .map(|(violated, kept)| {
            let (masters, requests) = size(&violated.scenario);
            json!({
                "property": violated.example.property,
                "why": violated.example.why(),
                "seed": violated.seed,
                "walked": violated.walked,
                "steps": violated.example.replayed.steps.len(),
                "shortest": violated.shortest,
                "masters": masters,
                "requests": requests,
                "scenario": violated.smaller,
                "trace": violated.example.trace,
                "file": kept.ok(),
            })
        })
        .collect();
    let ended = match ended {
        Ended::Seeds => "seeds",
        Ended::Found => "violations",
        Ended::Time => "time",
        Ended::Interrupted => "interrupted",
    };
    let witnesses: BTreeMap<&str, bool> = witnesses.iter().copied().collect();
    let object = json!({
        "scenario": scenario.name,
        "first_seed": asked.seeds.start,
        "seeds": seeds,
        "parts_of_seeds": parts,
        "walks": walks,
        "steps": steps,
        "depth": depth,
        "kinds": kinds,
        "states": states.number,
        "states_exact": states.exact,
        "judged": judged,
        "not_judged": asked.but,
        "witnesses": witnesses,
        "violations": violations,
        "ended": ended,
        "seconds": time.as_secs_f64(),
    });
    writeln!(out, "{}", escaped_json(&object.to_string()))?;
    Ok(())
}

/// Writes each violation as a trace and a picture. Returns the file of each, or the reason for which it could not be
/// written.
fn written(scenario: &Scenario, violations: &[Violated], folder: &Path) -> Vec<Result<String, String>> {
    let mut of_property: BTreeMap<&str, usize> = BTreeMap::new();
    let each = violations.iter().map(|Violated { example, .. }| {
        let number = of_property.entry(example.property).or_default();
        *number += 1;
        let path = folder.join(format!("{}.swarm-{number}.trace", files::name(&scenario.name, example.property)));
        let written = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, &example.trace))
            .and_then(|()| fs::write(path.with_extension("svg"), example.replayed.diagram.svg()));
        let file = path.display().to_string();
        written.map(|()| file.clone()).map_err(|error| format!("{file} cannot be written: {error}"))
    });
    each.collect()
}
