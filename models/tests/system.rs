//! Systems of foreign nodes: what is found in the examples, and in nodes broken on purpose.

#[allow(dead_code, reason = "only the example runs its `main`")]
#[path = "../examples/relay_actor.rs"]
mod relay_actor;
#[allow(dead_code, reason = "only the example runs its `main`")]
#[path = "../examples/state_counter.rs"]
mod state_counter;

use multimaster_models::check::engine::Verdict;
use multimaster_models::properties as p;
use multimaster_models::verify::Failure;
use multimaster_models::verify::nodes::Checked;

/// The property with the shortest schedule that was violated, its steps, and why.
fn violated(result: Result<Checked, Failure>, property: &str) -> (Vec<String>, String) {
    let Err(Failure::Violated { violations, .. }) = result else { panic!("{property} is violated: {result:?}") };
    let violation = violations.iter().find(|violation| violation.example.property == property);
    let violation = violation.unwrap_or_else(|| panic!("{property} is among those violated: {violations:?}"));
    let steps = violation.example.replayed.steps.iter().map(|taken| taken.step.clone()).collect();
    (steps, violation.example.why().to_owned())
}

fn verdict<'c>(checked: &'c Checked, property: &str) -> &'c Verdict {
    checked.report.as_ref().and_then(|report| report.verdict(property)).expect("a verdict")
}

#[test]
fn the_articles_masters_disagree() {
    let (steps, why) = violated(relay_actor::check(), p::AGREEMENT);
    assert_eq!(steps.len(), 6, "{steps:?}");
    assert!(why.starts_with("all is quiescent, but "), "{why}");
}

#[test]
fn a_counter_that_takes_the_greater_count_is_safe() {
    let checked = state_counter::check(u64::max).unwrap();
    for property in [p::AGREEMENT, p::NO_LOST_WRITE, p::NO_INVENTION, p::AVAILABILITY] {
        assert_eq!(verdict(&checked, property), &Verdict::Holds(None), "{property}");
    }
    for property in [p::CONVERGENCE, p::FALLS_SILENT] {
        assert!(matches!(verdict(&checked, property), Verdict::NotJudged(_)), "{property}");
    }
}

#[test]
fn a_counter_that_adds_the_counts_invents() {
    let (steps, why) = violated(state_counter::check(|ours, theirs| ours + theirs), p::NO_INVENTION);
    assert_eq!(steps, ["A: add 1 to k", "A -> B: [1, 0], and once more later", "A -> B: [1, 0]"]);
    assert_eq!(why, "B reads k=2 after A1 (add 1 to k)");
}
