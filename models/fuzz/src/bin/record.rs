//! Any text as the record of a running cluster: held to the model, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multimaster_models::record::conform;

fuzz_target!(|text: &str| {
    let shown = match conform::check_text("fuzzed.jsonl", text) {
        Ok(summary) => summary.to_string(),
        Err(failure) => failure.to_string(),
    };
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
});
