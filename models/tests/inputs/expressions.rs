//! Rules that were written as an expression of two versions.

use crate::inputs::{checked, reads, scenario, violated, why};
use multimaster_models::properties::{CONVERGENCE, NO_INVENTION, NO_POLICY_LOSS, NO_RESURRECTION, NO_TOTAL_LOSS};

fn keep(over: &str, keep: &str) -> String {
    format!("[rule]\nover = \"{over}\"\nkeep = '''\n{keep}\n'''")
}

const TWO_TYPES: &str = "A = [\"set type = 2\"]\nB = [\"set type = 3\"]";

#[test]
fn wall_clock_times_stand_beside_logical_ones_under_a_name_of_their_own() {
    let rule =
        keep("merged", "fn told(v) { `${v.value} at ${v.wall} (time ${v.time})` }\n`${told(first)}, ${told(second)}`");
    let scenario = scenario(2, &rule, "A = [\"at 9, set k = a\"]\nB = [\"at 1, set k = b\"]");
    let steps = ["A: at 9, set k = a", "B: at 1, set k = b", "A -> B: A1 after nothing"];
    assert_eq!(reads(&scenario, &steps), ["k=a", "k=a at 9 (time 1), b at 1 (time 1)"]);
}

/// After bucardo#251: neither value is kept, and the kept one was never written.
#[test]
fn a_default_in_the_place_of_both_loses_both_to_nothing() {
    for over in ["merged", "siblings", "arrival"] {
        let checked = checked(2, &keep(over, "\"default\""), TWO_TYPES);
        let found = violated(&checked);
        assert_eq!((found.get(NO_TOTAL_LOSS), found.get(NO_INVENTION)), (Some(&3), Some(&3)), "{over}");
        assert_eq!(found.get(NO_POLICY_LOSS), None, "{over}: no write that competed is read");
        assert_eq!(
            why(&checked, NO_TOTAL_LOSS),
            "B has seen A1 (set type = 2) and reads type=default: nothing that competed with it is read either"
        );
        assert_eq!(why(&checked, NO_INVENTION), "B has seen A1 B1 and reads type=default, which nobody wrote");
    }
}

#[test]
fn a_text_made_of_one_alone_loses_the_other_as_that_one_itself_does() {
    for text in ["first", "first.value", "first.value + \"\"", "`${first.value}`"] {
        let checked = checked(2, &keep("merged", text), TWO_TYPES);
        assert_eq!(violated(&checked), [(NO_POLICY_LOSS, 3)].into(), "{text}");
        assert_eq!(
            why(&checked, NO_POLICY_LOSS),
            "B has seen B1 (set type = 3) and reads type=2: a concurrent write won"
        );
    }
}

#[test]
fn a_text_made_of_all_parts_of_both_loses_neither() {
    let union = "let parts = first.value.split(\"+\");\n\
                 for part in second.value.split(\"+\") { if !(part in parts) { parts.push(part); } }\n\
                 parts.sort();\nlet all = \"\";\n\
                 for part in parts { all += if all == \"\" { part } else { \"+\" + part }; }\nall";
    for over in ["merged", "siblings", "arrival"] {
        let checked = checked(2, &keep(over, union), "A = [\"set note = a\"]\nB = [\"set note = b\"]");
        let mut found = violated(&checked);
        if over == "arrival" {
            // A write with `a` in its causal past replaces `a` at its own master, but is joined to it where it arrives.
            assert_eq!(found.remove(CONVERGENCE), Some(4));
            found.retain(|property, _| property.contains("loss"));
        }
        assert_eq!(found, [].into(), "{over}");
    }
}

/// After DALnet/bahamut#264: of two claims at one time neither is kept. The shipped scenario
/// `expression/tie` has a third claim.
#[test]
fn a_tie_that_deletes_both_is_a_loss_of_both_to_nothing() {
    let tie = "if first.wall == second.wall { () } else if first.wall < second.wall { first } else { second }";
    let clients = "A = [\"at 5, set nick = a\"]\nB = [\"at 5, set nick = b\"]";
    for over in ["merged", "siblings", "arrival"] {
        let checked = checked(2, &keep(over, tie), clients);
        let found = violated(&checked);
        assert_eq!(found.get(NO_TOTAL_LOSS), Some(&3), "{over}: {found:?}");
        assert_eq!((found.get(NO_POLICY_LOSS), found.get(NO_RESURRECTION)), (None, None), "{over}");
    }
    let steps =
        ["A: at 5, set nick = a", "B: at 5, set nick = b", "A -> B: A1 after nothing", "B -> A: B1 after nothing"];
    assert_eq!(reads(&scenario(2, &keep("merged", tie), clients), &steps), ["nothing", "nothing"]);
}
