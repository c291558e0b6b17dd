//! Rules of real systems, with results known from a report or from their source.

use crate::inputs::{checked, reads, replayed, scenario, violated, why};
use multimaster_models::properties::NO_POLICY_LOSS;

fn named(rule: &str) -> String {
    format!("rule = \"{rule}\"")
}

const BOTH: [&str; 2] = ["A -> B: A1 after nothing", "B -> A: B1 after nothing"];

/// A master that deletes a counter to which it alone has added loses nothing.
#[test]
fn a_counter_deleted_by_the_one_who_counted_is_no_loss() {
    let checked = checked(2, &named("cassandra-counter"), "A = [\"add 1 to k\", \"delete k\"]");
    assert_eq!(violated(&checked), [].into());
}

/// In AntidoteDB a first write has at least time 1, so that one at time 0 ties with one at time 1, and the larger value
/// is kept.
#[test]
fn antidotes_first_write_has_at_least_time_1() {
    let (rule, clients) = (named("antidote"), "A = [\"at 1, set k = a\"]\nB = [\"at 0, set k = i\"]");
    let writes = ["A: at 1, set k = a", "B: at 0, set k = i"];
    let scenario = scenario(2, &rule, clients);
    assert_eq!(reads(&scenario, &[&writes[..], &BOTH].concat()), ["k=i", "k=i"]);
    let told = replayed(&scenario, &[&writes[..], &BOTH[..1]].concat());
    assert_eq!(told.steps[2].remark.as_deref(), Some("B keeps the larger value at a tie"));
}

/// cr-sqlite ignores an UPDATE to the same value, so it does not outweigh another master's single write.
#[test]
fn cr_sqlites_equal_update_counts_for_nothing() {
    let scenario = scenario(2, &named("cr-sqlite"), "A = [\"set k = 0\", \"set k = 0\"]\nB = [\"set k = 2\"]");
    let steps = ["A: set k = 0", "A: set k = 0", "B: set k = 2"];
    assert_eq!(reads(&scenario, &[&steps[..], &BOTH].concat()), ["k=2", "k=2"]);
}

#[test]
fn cr_sqlite_compares_numbers_as_numbers() {
    let checked = checked(2, &named("cr-sqlite"), "A = [\"set k = 10\"]\nB = [\"set k = 9\"]");
    assert_eq!(violated(&checked), [(NO_POLICY_LOSS, 3)].into());
    assert_eq!(why(&checked, NO_POLICY_LOSS), "B has seen B1 (set k = 9) and reads k=10: a concurrent write won");
}
