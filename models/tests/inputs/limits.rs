//! A scenario's limits end its exploration, however much work comes before the first step or at each step.

use multimaster_models::check::engine::{Cut, Verdict};
use multimaster_models::properties::CONVERGENCE;
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::scenario::Scenario;
use std::time::{Duration, Instant};

/// Longer than any of these tests takes on a slow machine, and far shorter than without the limit.
const PATIENCE: Duration = Duration::from_secs(60);

fn cut(text: &str) -> Checked {
    let started = Instant::now();
    let scenario = Scenario::parse("mine", "mine.toml", text).unwrap_or_else(|fault| panic!("{fault}"));
    let checked = check(&scenario, Engine::Own, &mut |_, _| {});
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    // A machine may be fast enough to find a violation first.
    assert!(!matches!(checked.report.verdict(CONVERGENCE), None | Some(Verdict::Holds(_))));
    checked
}

const STREAMS: &str = "about = \"an input\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\n";

#[test]
fn a_limit_of_time_holds_while_an_expression_takes_long() {
    // Three or more joined values use a large part of a call's budget.
    let keep = "if first.value.len() + second.value.len() > 2 { for i in 0..30000 { } } first.value + second.value";
    let text = format!(
        "about = \"an input\"\nmasters = 3\ntopology = \"all-to-all\"\nlink = \"datagram\"\n[rule]\nover = \"merged\"\nkeep = '{keep}'\n\
         [clients]\nA = [\"set k = a\", \"set k = aa\", \"set k = aaa\"]\nB = [\"set k = b\", \"set k = bb\"]\n\
         C = [\"set k = c\", \"set k = cc\"]\n[limits]\nseconds = 1\n"
    );
    assert_eq!(cut(&text).report.cut, Some(Cut::Time(Duration::from_secs(1))));
}

#[test]
fn a_limit_of_states_holds_for_any_number_of_clients() {
    let clients: String = (0..70_000).map(|client| format!("\"A/{client}\" = [\"set k = {client}\"]\n")).collect();
    let checked = cut(&format!("{STREAMS}rule = \"last-write\"\n[clients]\n{clients}[limits]\nstates = 1\n"));
    assert_eq!(checked.report.cut, Some(Cut::States(1)));
    assert!(checked.report.states < 10, "{}", checked.report.states);
}

#[test]
fn a_rule_in_a_file_is_tried_in_no_time_on_any_number_of_requests() {
    let script = |client: usize| {
        let master = if client.is_multiple_of(2) { "A" } else { "B" };
        let asks: Vec<String> = (0..255).map(|ask| format!("\"set k = {client}.{ask}\"")).collect();
        format!("\"{master}/{client}\" = [{}]\n", asks.join(", "))
    };
    let clients: String = (0..32).map(script).collect();
    let rule = "[rule]\nover = \"merged\"\nkeep = 'first'\n";
    let checked = cut(&format!("{STREAMS}{rule}[clients]\n{clients}[limits]\nstates = 10\n"));
    assert_eq!(checked.report.cut, Some(Cut::States(10)));
}
