//! Rules written in scenario files: what they find, and that whatever is wrong with one is told with its place before
//! anything is explored.
#![allow(missing_docs)]

mod expression {
    mod sandbox;
}

use multimaster::{Dot, Keep, MasterId, Stamp, Version};
use multimaster_models::check::{Checked, Engine, check};
use multimaster_models::engine::Verdict;
use multimaster_models::expression::{Expression, Over};
use multimaster_models::properties::{CONVERGENCE, NO_CAUSAL_LOSS};
use multimaster_models::scenario::Scenario;

fn scenario(over: &str, keep: &str) -> Result<Scenario, String> {
    let text = format!(
        "about = \"a rule\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\n\n[rule]\nover = \"{over}\"\n\
         keep = '''\n{keep}\n'''\n\n[clients]\nA = [\"set k = 2\", \"set k = 3\"]\nB = [\"set k = 1\", \"delete k\"]\n"
    );
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
fn an_expression_gives_one_of_the_two_or_a_text() {
    let version = |origin: u16, value: Option<&str>| Version {
        stamp: Stamp::new(7, MasterId(origin)),
        dot: Dot::new(MasterId(origin), 3),
        value: value.map(Into::into),
    };
    let (first, second) = (version(0, Some("x")), version(1, None));
    for (text, keep) in [
        ("first", Keep::First),
        ("if first.value == () { first } else { second }", Keep::Second),
        ("`${first.value}, ${first.master} at ${first.time}, ${second.write}`", Keep::Both("x, A at 7, B3".into())),
    ] {
        assert_eq!(Expression::new(text, Over::Merged).unwrap().keep(&first, &second), Ok(keep), "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_values() {
    for (keep, line, what) in [
        ("if first.value <", 10, "Script is incomplete"),
        ("let a = 1;\nfrist", 10, "Undefined variable: frist"),
        ("\n\nfirst.value + 1 > 2", 9, "type `bool`: give `first`, `second`, or a text"),
        ("()", 9, "type `()`: give `first`"),
        ("#{ write: \"Z9\" }", 9, "give `first`"),
        ("while true { }", 9, "Too many operations"),
        ("fn f(x) {\nf(x) }\nf(1)", 11, "Stack overflow"),
        ("first.value.split(\" \")[0].parse_int() < 2; second", 9, "for a delete and"),
        ("timestamp(); first", 9, "Function not found: timestamp"),
        ("let s = \"x\"; loop { s += s; }", 9, "too large"),
    ] {
        let told = scenario("siblings", keep).unwrap_err();
        assert!(told.starts_with(&format!("mine.toml:{line}: `keep`: ")) && told.contains(what), "{keep}: {told}");
    }
    let told = scenario("everything", SMALLEST).unwrap_err();
    assert!(told.contains("expected one of `siblings`, `merged`, `arrival`"), "{told}");
}

/// What is made of both is met only on the way, and there the expression fails.
#[test]
fn a_rule_that_fails_on_the_way_has_no_verdict() {
    let twice = "if first.value.len() > 3 { throw \"too long\" } else { `${first.value}+${second.value}` }";
    let text = "about = \"a rule\"\nmasters = 3\ntopology = \"all-to-all\"\nlink = \"stream\"\n\n\
                [clients]\nA = [\"set k = 20\"]\nB = [\"set k = 10\"]\nC = [\"set k = 30\"]\n\n";
    let text = format!("{text}[rule]\nover = \"siblings\"\nkeep = '''{twice}'''\n");
    let scenario = Scenario::parse("mine", "mine.toml", &text).unwrap();
    let checked = check(&scenario, Engine::Own, &mut |_, _| {});
    assert!(checked.surprises[0].starts_with("no verdict counts"), "{:?}", checked.surprises);
    assert!(checked.surprises[0].contains("too long"), "{:?}", checked.surprises);
}
