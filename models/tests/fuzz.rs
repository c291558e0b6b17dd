//! Random scenario files and traces, valid and invalid: each is read, explored and replayed within its limits, or
//! refused, and the command ends with a documented status. The seed is printed. `FUZZ_SEED` sets another seed, and
//! `FUZZ_ROUNDS` multiplies the number of inputs.

mod command;
mod generated;
mod mutated;

use multimaster_models::fault::Fault;
use multimaster_models::model::{Expectation, Model};
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::report::trace::{Trace, write};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The time limit of one input, long enough for a slow machine.
const LONGEST: Duration = Duration::from_secs(20);
/// The most states explored for each input.
const STATES: usize = 150;

fn seed() -> u64 {
    std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_240_817)
}

fn rounds(rounds: usize) -> usize {
    rounds * std::env::var("FUZZ_ROUNDS").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

/// Runs this, and fails with the seed and the input if it panics or takes too long.
fn tried<T>(what: &str, input: &str, to_do: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = catch_unwind(AssertUnwindSafe(to_do));
    let took = started.elapsed();
    match done {
        Ok(done) if took < LONGEST => done,
        Ok(_) => panic!("{what}, seed {}: took {took:?}:\n{input}", seed()),
        Err(_) => panic!("{what}, seed {}: panicked:\n{input}", seed()),
    }
}

/// Reads a scenario and explores a part of it.
fn explored(text: &str) -> Result<Checked, Fault> {
    let mut scenario = Scenario::parse("fuzzed.toml", "fuzzed.toml", text)?;
    scenario.limits.states = scenario.limits.states.min(STATES);
    scenario.limits.time = scenario.limits.time.min(Duration::from_secs(1));
    Ok(check(&scenario, Engine::Own, &mut |_, _| {}))
}

/// Scenarios made or broken by `make`. Returns the number explored, and the number refused.
fn scenarios(what: &str, count: usize, make: impl Fn(&mut fastrand::Rng) -> String) -> (usize, usize) {
    let mut random = fastrand::Rng::with_seed(seed());
    let (mut read, mut refused) = (0, 0);
    for round in 0..rounds(count) {
        let text = make(&mut random);
        match tried(&format!("{what} {round}"), &text, || explored(&text)) {
            Ok(checked) => {
                tried(&format!("{what} {round}, printed"), &text, || printed(&checked));
                read += 1;
            }
            Err(fault) => {
                assert!(fault.line >= 1 && fault.line <= text.lines().count().max(1), "{fault}\n{text}");
                assert!(is_plain(&fault.to_string()), "{fault:?}");
                refused += 1;
            }
        }
    }
    (read, refused)
}

/// The whole output of a check.
fn printed(checked: &Checked) {
    let table = multimaster_models::report::table::Table::of(std::slice::from_ref(&checked.scenario));
    let mut text = format!("{}\n{}\n", table.head(), table.row(checked));
    for example in &checked.counterexamples {
        text += &multimaster_models::report::table::counterexample(&checked.scenario.name, example);
        let svg = &example.replayed.diagram.svg();
        roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
    }
    assert!(is_plain(&text), "{text:?}");
    serde_json::to_string(&checked.summary()).unwrap();
    if let Some(expect) = checked.expectation() {
        toml::from_str::<toml::Table>(&expect).unwrap_or_else(|error| panic!("{error}: {expect}"));
    }
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c))
}

/// A walk of at most this number of steps through a scenario, as a trace with a true claim.
fn walked(scenario: &Scenario, random: &mut fastrand::Rng, most: usize) -> String {
    let model = scenario.model();
    let properties: Vec<_> = model.properties().into_iter().filter(|p| p.expectation == Expectation::Always).collect();
    let property = &properties[random.usize(..properties.len())];
    let mut state = model.init_states().remove(0);
    let mut path = Vec::new();
    for _ in 0..most {
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        let possible: Vec<usize> =
            (0..actions.len()).filter(|at| model.step(&state, &actions[*at]).is_some()).collect();
        let Some(index) = random.choice(possible) else { break };
        state = model.step(&state, &actions[index]).unwrap().0;
        path.push(index);
    }
    let text = write(&model, &scenario.name, property.name, &path.into());
    if (property.condition)(&model, &state) { text.replacen("\nviolates ", "\nkeeps ", 1) } else { text }
}

/// Replays the text, if it is a trace.
fn replayed(text: &str) -> Result<(), Fault> {
    let trace = Trace::parse("fuzzed.trace", text)?;
    let replayed = trace.replay(&catalogue::find(&trace.scenario)?.model())?;
    assert!(is_plain(&multimaster_models::report::table::schedule(&replayed)));
    roxmltree::Document::parse(&replayed.diagram.svg()).unwrap();
    Ok(())
}
