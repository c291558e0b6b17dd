//! Systems of foreign nodes: what is found in the examples, and in nodes broken on purpose.

#[path = "system/broken.rs"]
mod broken;
#[allow(dead_code, reason = "only the example runs its `main`")]
#[path = "../examples/gossip_actor.rs"]
mod gossip_actor;
#[path = "system/linearizable_register.rs"]
mod linearizable_register;
#[path = "system/lww_register.rs"]
mod lww_register;
#[path = "system/registers.rs"]
mod registers;
#[allow(dead_code, reason = "only the example runs its `main`")]
#[path = "../examples/relay_actor.rs"]
mod relay_actor;
#[allow(dead_code, reason = "only the example runs its `main`")]
#[path = "../examples/state_counter.rs"]
mod state_counter;
#[allow(dead_code, reason = "only the example runs its `main`")]
#[path = "../examples/system_speed.rs"]
mod system_speed;

use multimaster_models::check::engine::Verdict;
use multimaster_models::properties as p;
use multimaster_models::scope::LinkKind;
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
fn gossip_is_safe_if_it_repairs_what_was_lost() {
    let checked = gossip_actor::check(true).unwrap();
    for property in [p::CONVERGENCE, p::AGREEMENT, p::NO_LOST_WRITE, p::NO_INVENTION, p::AVAILABILITY] {
        assert_eq!(verdict(&checked, property), &Verdict::Holds(None), "{property}");
    }
    let (steps, why) = violated(gossip_actor::check(false), p::NO_LOST_WRITE);
    assert!(steps.iter().any(|step| step.starts_with("lost ")), "{steps:?}");
    assert!(why.contains("after the acknowledged"), "{why}");
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

#[test]
fn ours_and_stateright_find_the_same_states() {
    let datagrams = LinkKind::Datagram { losses: 0, duplicates: 0 };
    for link in [LinkKind::Stream { resets: 0 }, datagrams] {
        let scope = system_speed::scope(3, 3, link);
        let states = system_speed::ours(&scope);
        assert_eq!(states, system_speed::theirs(&scope), "{link:?}");
        assert!(states > 100, "{states}");
    }
}

/// The guide shows what the examples print.
#[test]
fn the_guide_shows_what_is_found() {
    let guide = include_str!("../../docs/your-system.md");
    let schedule = |result: Result<Checked, Failure>, property: &str| {
        let failure = result.unwrap_err().to_string();
        let start = failure.find(&format!("system: {property} is violated")).expect("a violation");
        let end = failure[start..].find("\n\n  picture").expect("the end of the schedule");
        failure[start..start + end].to_owned()
    };
    let counter = state_counter::check(u64::max).unwrap().to_string();
    let sum = schedule(state_counter::check(|ours, theirs| ours + theirs), p::NO_INVENTION);
    let relay = schedule(relay_actor::check(), p::AGREEMENT);
    for shown in [counter, sum, relay] {
        assert!(guide.contains(&format!("```text\n{shown}\n```")), "{shown}");
    }
}
