//! Rules written in scenario files: their verdicts, and the messages about their errors, which name the place before
//! anything is explored.

mod anything;
mod sandbox;
mod scripts;
mod shows;

use multimaster::{Dot, MasterId, Timestamp};
use multimaster_models::check::engine::Verdict;
use multimaster_models::properties::{CONVERGENCE, NO_CAUSAL_LOSS, NO_POLICY_LOSS, NO_TOTAL_LOSS};
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::rules::expression::{Expression, Kept, Over, Sight, Version};
use multimaster_models::scenario::Scenario;

fn scenario_text(over: &str, keep: &str) -> String {
    format!(
        "about = \"a rule\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\n\n[rule]\nover = \"{over}\"\n\
         keep = '''\n{keep}\n'''\n\n[clients]\nA = [\"set k = 2\", \"set k = 3\"]\nB = [\"set k = 1\", \"delete k\"]\n"
    )
}

fn scenario(over: &str, keep: &str) -> Result<Scenario, String> {
    let text = scenario_text(over, keep);
    Scenario::parse("mine", "mine.toml", &text).map_err(|fault| fault.to_string())
}

fn checked(over: &str, keep: &str) -> Checked {
    check(&scenario(over, keep).unwrap(), Engine::Own, &mut |_, _| {})
}

const SMALLEST: &str = "if second.value < first.value { second } else { first }";

#[test]
fn one_expression_is_safe_over_siblings_and_not_over_merged_values_or_arrivals() {
    let violated = |over: &str, property: &str| {
        let checked = checked(over, SMALLEST);
        assert_eq!(checked.report.states, 134, "{over}");
        matches!(checked.report.verdict(property), Some(Verdict::Violated(_)))
    };
    assert!(!violated("siblings", CONVERGENCE) && !violated("siblings", NO_CAUSAL_LOSS));
    assert!(violated("merged", CONVERGENCE) && violated("merged", NO_CAUSAL_LOSS));
    assert!(violated("arrival", CONVERGENCE) && violated("arrival", NO_CAUSAL_LOSS));
}

#[test]
fn an_expression_gives_one_of_the_two_or_a_text_or_nothing() {
    let version = |origin: u16, value: Option<&str>, wall| Version {
        timestamp: Timestamp::new(7, MasterId(origin)),
        dot: Dot::new(MasterId(origin), 3),
        value: value.map(Into::into),
        wall,
        before: value.map(|value| format!("{value}0").into()),
    };
    let (first, second) = (version(0, Some("x"), Some(9)), version(1, None, None));
    let made = |text: &str, first, second| Kept::Made(text.into(), [first, second]);
    use Sight::{Hidden, Shown};
    for (text, kept) in [
        ("first", Kept::First),
        ("if first.value == () { first } else { second }", Kept::Second),
        ("()", Kept::Neither),
        ("`${first.value}, ${first.master} at ${first.time}, ${second.write}`", made("x, A at 7, B3", Shown, Hidden)),
        (
            "`${first.wall}, ${second.wall}, ${first.before}, ${second.before}, ${here}`",
            made("9, 7, x0, , C", Hidden, Hidden),
        ),
        ("`${first.value}${second.value}`", made("x", Shown, Shown)),
    ] {
        let expression = Expression::new(text, Over::Merged).unwrap();
        assert_eq!(expression.keep(&first, &second, MasterId(2)), Ok(kept), "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_values() {
    for (keep, line, what) in [
        ("if first.value <", 10, "Script is incomplete"),
        ("let a = 1;\nfrist", 10, "Undefined variable: frist"),
        (
            "if first.tim > second.tim {\nfirst } else { second }",
            9,
            "nothing has a field `tim`: the fields are `value`",
        ),
        (
            "if first.time > 7 {\n second.tim } else { second }",
            10,
            "field `tim`: the fields are `value`, `time`, `wall`",
        ),
        ("\n\nfirst.value + 1 > 2", 9, "type `bool`: give `first`, `second`, a text made of both, or `()`"),
        ("7", 9, "type `i64`: give `first`"),
        ("#{ write: \"Z9\" }", 9, "give `first`"),
        ("while true { }", 9, "Too many operations"),
        ("sleep(1000000); first", 9, "there is no `sleep`"),
        ("fn f(x) {\nf(x) }\nf(1)", 11, "Stack overflow"),
        ("first.value.split(\" \")[0].parse_int() < 2; second", 9, "given a delete and"),
        ("timestamp(); first", 9, "Function not found: timestamp"),
        ("let s = \"x\"; loop { s += s; }", 9, "too large"),
        (
            "\"a\\nb\"",
            9,
            "the text `a\\nb` has a line break or another control character: give text of one line (given 2 and",
        ),
        ("\"\\x1b[31mred\"", 9, "the text `\\u{1b}[31mred`"),
        ("throw \"\\x1b\"", 9, "the script throws: \\u{1b} (given 2 and 3)"),
    ] {
        let told = scenario("siblings", keep).unwrap_err();
        assert!(told.starts_with(&format!("mine.toml:{line}: `keep`: ")) && told.contains(what), "{keep}: {told}");
    }
    let told = scenario("everything", SMALLEST).unwrap_err();
    assert!(told.contains("expected one of `siblings`, `merged`, `arrival`"), "{told}");
}

/// A value computed from two versions occurs only during the exploration, and there the expression fails.
#[test]
fn a_rule_that_fails_on_the_way_has_no_verdict() {
    let twice = "if first.value.len() > 3 { throw \"too long\" } else { `${first.value}+${second.value}` }";
    let text = "about = \"a rule\"\nmasters = 3\ntopology = \"all-to-all\"\nlink = \"stream\"\n\n\
                [clients]\nA = [\"set k = 20\"]\nB = [\"set k = 10\"]\nC = [\"set k = 30\"]\n\n";
    let text = format!("{text}[rule]\nover = \"siblings\"\nkeep = '''{twice}'''\n");
    let scenario = Scenario::parse("mine", "mine.toml", &text).unwrap();
    let checked = check(&scenario, Engine::Own, &mut |_, _| {});
    let failed = checked.failed.expect("it fails").to_string();
    assert!(failed.starts_with("mine:13: ") && failed.contains("`keep`: ") && failed.contains("too long"), "{failed}");
    assert!(failed.contains("(given 20+10 and 30)") || failed.contains("(given 10+20 and 30)"), "{failed}");
    assert!(checked.counterexamples.is_empty());
}

/// A default value loses both writes, to no write. A text made of one version loses the other, as if the first had been
/// chosen.
#[test]
fn what_a_text_does_not_show_is_lost() {
    let steps = |keep: &str, property: &str| {
        let text = scenario_text("merged", keep).replace("\"set k = 2\", \"set k = 3\"", "\"set k = 2\"");
        let text = text.replace("\"set k = 1\", \"delete k\"", "\"set k = 3\"");
        let checked = check(&Scenario::parse("mine", "mine.toml", &text).unwrap(), Engine::Own, &mut |_, _| {});
        match checked.report.verdict(property) {
            Some(Verdict::Violated(Some(path))) => path.len(),
            Some(Verdict::Holds(_)) => 0,
            other => panic!("{keep}: {property}: {other:?}"),
        }
    };
    for (keep, to_nothing, by_policy) in [
        ("\"default\"", 3, 0),
        ("first.value + \"\"", 0, 3),
        ("first", 0, 3),
        ("first.value + \"+\" + second.value", 0, 0),
        ("()", 3, 0),
    ] {
        assert_eq!((steps(keep, NO_TOTAL_LOSS), steps(keep, NO_POLICY_LOSS)), (to_nothing, by_policy), "{keep}");
    }
}
