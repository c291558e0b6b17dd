//! Any text as a trace: replayed, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multimaster_models::scenario::catalogue;
use multimaster_models::report::table;
use multimaster_models::report::trace::Trace;

fuzz_target!(|text: &str| {
    let Ok(trace) = Trace::parse("fuzzed.trace", text) else { return };
    // A file of that name is none of this fuzzer's business.
    if !catalogue::files().iter().any(|(name, ..)| *name == trace.scenario) {
        return;
    }
    let scenario = catalogue::find(&trace.scenario).expect("it ships");
    if let Ok(replayed) = trace.replay(&scenario.model()) {
        let shown = table::schedule(&replayed);
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    }
});
