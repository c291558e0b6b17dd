//! Any text as a scenario file: read and explored within small limits, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multimaster_models::report::check::{Engine, check};
use multimaster_models::scenario::Scenario;
use multimaster_models::report::table;
use std::time::Duration;

fuzz_target!(|text: &str| {
    let Ok(mut scenario) = Scenario::parse("fuzzed.toml", "fuzzed.toml", text) else { return };
    scenario.limits.states = scenario.limits.states.min(60);
    scenario.limits.time = scenario.limits.time.min(Duration::from_secs(1));
    let checked = check(&scenario, Engine::Own, &mut |_, _| {});
    for example in &checked.counterexamples {
        let shown = table::counterexample(&scenario.name, example);
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    }
});
