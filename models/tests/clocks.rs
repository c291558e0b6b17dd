//! Wall clocks: the rules that use them, their errors, and the output of their times.

use multimaster_models::check::engine::Verdict;
use multimaster_models::properties as p;
use multimaster_models::report::check::{Checked, Counterexample, Engine, check};
use multimaster_models::report::table;
use multimaster_models::report::trace;
use multimaster_models::scenario::{RuleName, Scenario};
use multimaster_models::scope::Clocks;
use multimaster_models::verify::rules;

/// Two masters over streams; `more` begins at line 6.
fn file(rule: &str, more: &str) -> String {
    format!("about = \"\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\nrule = \"{rule}\"\n{more}\n")
}

fn world(rule: &str, more: &str) -> Checked {
    let scenario = Scenario::parse("given", "given.toml", &file(rule, more)).unwrap();
    check(&scenario, Engine::Own, &mut |_, _| {})
}

#[track_caller]
fn assert_refused(text: &str, line: usize, said: &[&str]) {
    let fault = Scenario::parse("given", "given.toml", text).unwrap_err();
    assert_eq!(fault.line, line, "{fault}");
    said.iter().for_each(|said| assert!(fault.what.contains(said), "{said}: {fault}"));
}

fn example<'a>(checked: &'a Checked, property: &str) -> &'a Counterexample {
    checked.counterexamples.iter().find(|example| example.property == property).expect(property)
}

fn steps(checked: &Checked, property: &str) -> Option<usize> {
    match checked.report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => Some(path.len()),
        Some(Verdict::Holds(None)) => None,
        other => panic!("{property}: {other:?}"),
    }
}

/// A was written later, and B had not seen it.
const CLIENTS: &str = "[clients]\nA = [\"at 9, set k = a\"]\nB = [\"at 1, set k = b\"]";

#[test]
fn a_rule_that_uses_no_wall_clocks_takes_no_time_and_names_those_that_do() {
    let others = RuleName::those_that_go_by_clocks();
    assert_refused(&file("last-write", CLIENTS), 7, &["`at 9`", "uses no wall clocks", &others]);
    let free = "[free]\ntake = 1\nof = [\n\"A: set k = 1\",\n\"B: at 2, set k = 2\"]";
    assert_refused(&file("custom", free), 10, &["`at 2`", &others]);
    let expression = "[rule]\nover = \"merged\"\nkeep = \"first\"\n[clients]\nA = [\"at 2, set k = 2\"]";
    assert_refused(&file("", expression).replace("rule = \"\"\n", ""), 9, &["`at 2`", "reads no `.wall`", &others]);
    let article =
        "about = \"\"\nprogram = \"article\"\nmasters = 2\ntopology = \"ring\"\n[clients]\nA = [\"at 1, set k = 1\"]";
    assert_refused(article, 6, &["`at 1`", "the article's program"]);
}

#[test]
fn those_that_do_are_found_among_all_rules() {
    let others = RuleName::those_that_go_by_clocks();
    let others: Vec<&str> = others.split(", ").collect();
    assert!(others.contains(&"cassandra") && others.contains(&"riak-newest"), "{others:?}");
    for rule in rules::all() {
        assert_eq!(others.contains(&rule.name), rule.rule.uses_wall_clock(), "{}", rule.name);
        let parsed = Scenario::parse("given", "given.toml", &file(rule.name, "clocks = \"right\""));
        assert_eq!(parsed.is_ok(), rule.rule.uses_wall_clock(), "{}: {parsed:?}", rule.name);
    }
}

#[test]
fn a_rule_that_uses_them_keeps_the_later_write() {
    let checked = world("cassandra", CLIENTS);
    let lost = example(&checked, p::NO_POLICY_LOSS);
    assert!(lost.why().contains("has seen B1 (at 1, set k = b) and reads k=a"), "{}", lost.why());
}

/// An expression uses wall clocks if it reads `wall`. It then gets the times of the requests, as corrected by `clocks`.
#[test]
fn an_expression_that_reads_wall_clocks_keeps_the_later_write() {
    let kept = |clocks: &str| {
        let rule = "[rule]\nover = \"arrival\"\nkeep = \"if second.wall > first.wall { second } else { first }\"";
        let clients = "[clients]\nA = [\"at 9, set k = a\"]\nB = [\"at 1, set k = b\"]";
        let text = file("", &format!("{clocks}\n{rule}\n{clients}")).replace("rule = \"\"\n", "");
        let scenario = Scenario::parse("given", "given.toml", &text).unwrap();
        let steps =
            "scenario given\n\nA: at 9, set k = a\nA -> B: A1 after nothing\nB: at 1, set k = b\nB -> A: B1 after A1\n";
        let replayed = trace::Trace::parse("given.trace", steps).unwrap().replay(&scenario.model()).unwrap();
        assert!(scenario.rule_failed().is_none());
        replayed.steps.last().unwrap().readings.clone()
    };
    // At its own master a write replaces the stored version; at other masters the times decide.
    assert_eq!(kept(""), ["k=a", "k=b"]);
    assert_eq!(kept("clocks = \"right\""), ["k=b", "k=b"], "B, having seen A1, is at 10");
}

#[test]
fn clocks_that_cannot_be_are_refused() {
    let clocks = |clocks: &str| file("cassandra", &format!("clocks = {clocks}"));
    for wrong in ["\"wrong\"", "\"skewed\"", "\"skewed by \"", "\"skewed by -1\"", "\"skewed by five\"", "\"Right\""] {
        assert_refused(&clocks(wrong), 6, &["\"right\"", "\"skewed by N\"", "\"free\""]);
    }
    assert_refused(&clocks("5"), 6, &["`clocks`", "text in quotes"]);
    for right in [Clocks::Free, Clocks::Right, Clocks::SkewedBy(5), Clocks::SkewedBy(u64::MAX)] {
        assert_eq!(right.to_string().parse(), Ok(right));
    }
    assert_refused(&file("last-write", "clocks = \"right\""), 6, &["uses no wall clocks", "cassandra"]);
    let sharded = "shards = 2\nclocks = \"right\"\n[clients]\nA = [\"set k = 1\"]";
    assert_refused(&file("cassandra", sharded), 7, &["`shards`", "\"free\""]);
    let late = "[clients]\nA = [\"at 4611686018427387905, set k = 1\"]";
    assert_refused(&file("cassandra", late), 7, &["too late", "4611686018427387904"]);
    let article = "about = \"\"\nprogram = \"article\"\nmasters = 2\ntopology = \"ring\"\nclocks = \"right\"\n[clients]\nA = [\"set k = 1\"]";
    assert_refused(article, 5, &["`clocks`"]);
}

/// A skewed clock needs a request with a time. Without one, `skewed` would silently mean right clocks.
#[test]
fn clocks_that_nothing_puts_behind_are_refused() {
    let asks = "[clients]\nA = [\"set k = 1\", \"set k = 2\"]\n";
    let free = "[free]\ntake = 1\nof = [\"A: at 1, set k = 2\", \"A: set k = 3\"]\n";
    let skewed = "clocks = \"skewed by 3\"\n";
    assert_refused(
        &file("cassandra", &format!("{skewed}{asks}")),
        6,
        &["no clock is ever behind", "`at 1, set k = v`"],
    );
    world("cassandra", &format!("{skewed}{free}"));
    world("cassandra", &format!("{skewed}{}", asks.replace("set k = 2", "at 1, set k = 2")));
    world("cassandra", &format!("clocks = \"right\"\n{asks}"));
}

#[test]
fn a_transfer_goes_to_a_master_that_there_is_whatever_the_time() {
    let at = |ask: &str| file("bounded-counter", &format!("[clients]\nA = [\"{ask}\"]"));
    assert_refused(&at("transfer 1 of k to Z"), 7, &["there is no master `Z`"]);
    assert_refused(&at("at 5, transfer 1 of k to Z"), 7, &["`at 5`", "uses no wall clocks"]);
}

/// A master whose clock is behind the times that it has seen loses its own writes. Right clocks cannot be behind.
#[test]
fn what_needs_skew_does_not_happen_under_right_clocks() {
    let skew = "[clients]\nA = [\"at 10, set k = 1\"]\nB = [\"at 5, set k = 2\"]";
    let lost = |clocks: &str| steps(&world("cassandra", &format!("clocks = \"{clocks}\"\n{skew}")), p::NO_CAUSAL_LOSS);
    assert_eq!(steps(&world("cassandra", skew), p::NO_CAUSAL_LOSS), Some(3));
    assert_eq!(lost("free"), Some(3));
    assert_eq!(lost("right"), None);
    // B's write is then at 11 - N: at 10 its greater value wins.
    assert_eq!(["skewed by 0", "skewed by 1", "skewed by 2", "skewed by 9"].map(lost), [None, None, Some(3), Some(3)]);
}

/// Right clocks are more than Lamport timestamps: of two concurrent writes, the one with fewer writes before it may be
/// the later.
#[test]
fn under_right_clocks_time_passes_where_nothing_is_written() {
    let clients = "[clients]\nA = [\"at 10, set k = 1\"]\nB = [\"set k = 2\", \"set k = 3\"]";
    let lost = |clocks: &str| {
        let checked = world("cassandra", &format!("{clocks}\n{clients}"));
        let texts = checked.counterexamples.iter().map(|example| example.why().to_owned());
        texts.collect::<Vec<_>>().join("\n")
    };
    assert!(lost("clocks = \"right\"").contains("and reads k=1"), "B's writes are lost to A's, which was later");
    assert!(!lost("clocks = \"right\"").contains("no causal loss"));
}

#[test]
fn the_time_that_decided_is_printed() {
    let clients = "[clients]\nA = [\"at 10, set k = 1\"]\nB = [\"at 5, set k = 2\", \"set k = 3\"]";
    let schedule = |clocks: &str, property| {
        let checked = world("cassandra", &format!("clocks = \"{clocks}\"\n{clients}"));
        let example = example(&checked, property).clone();
        (table::schedule(&example.replayed), example)
    };
    let (free, example) = schedule("free", p::NO_CAUSAL_LOSS);
    let why = example.why();
    assert!(why.ends_with("has seen B2 (at 2, set k = 3) and reads k=2: B1 (at 5) won, which B2 had seen"), "{why}");
    assert!(free.contains("B: set k = 3") && free.contains("(at wall-clock time 2)"), "{free}");
    assert!(!free.contains("at wall-clock time 5") && !free.contains("at wall-clock time 10"), "{free}");
    assert!(example.trace.contains("# at wall-clock time 2; "), "{}", example.trace);
    assert!(example.replayed.diagram.svg().contains("B2: at 2, set k = 3"), "{}", example.replayed.diagram.svg());
    let (right, _) = schedule("right", p::NO_POLICY_LOSS);
    assert!(!right.contains("at wall-clock time 5"), "{right}");
    // A rule that uses no wall clock shows no time.
    let untimed = world("last-write", "[clients]\nA = [\"set k = 1\"]\nB = [\"set k = 2\"]");
    let untimed = example_of(&untimed);
    assert!(!untimed.contains("wall-clock") && !untimed.contains("(at "), "{untimed}");
}

fn example_of(checked: &Checked) -> String {
    let example = &checked.counterexamples[0];
    table::schedule(&example.replayed) + example.why()
}

/// A master that has seen a later time than the request's uses the next later time, and the output shows it.
#[test]
fn a_clock_that_moves_on_is_told() {
    let more = "clocks = \"right\"\n[clients]\nA = [\"at 10, set k = 1\"]\nB = [\"at 5, delete k\"]";
    let scenario = Scenario::parse("given", "given.toml", &file("cassandra", more)).unwrap();
    let text = "scenario given\n\nA: at 10, set k = 1\nA -> B: A1 after nothing\nB: at 5, delete k\n";
    let trace = trace::Trace::parse("given.trace", text).unwrap();
    let replayed = trace.replay(&scenario.model()).unwrap();
    let remarks: Vec<Option<&str>> = replayed.steps.iter().map(|step| step.remark.as_deref()).collect();
    assert_eq!(remarks, [None, None, Some("at wall-clock time 11")]);
    assert_eq!(replayed.steps[2].readings, ["k=1", "nothing"], "the delete is the later one");
    assert!(replayed.diagram.svg().contains("B1: at 11, delete k"), "{}", replayed.diagram.svg());
}

/// Wall-clock times and streams have no limit, and time passes until every time has come.
#[test]
fn a_limit_is_for_lamport_times_and_for_links_that_lose_messages() {
    let limited = |rule, link, clocks: &str, more: &str| {
        let clients = format!("clocks = \"{clocks}\"\n[clients]\nA = [\"at 100, set k = a\"]\n{more}");
        file(rule, &clients).replace("\"stream\"", link)
    };
    let datagram = |rule, clocks| limited(rule, "\"datagram\"", clocks, "");
    assert!(Scenario::parse("given", "given.toml", &datagram("last-write", "hybrid up to 10, then 101")).is_ok());
    let (unlimited, stream) = ("masters do not refuse", limited("last-write", "\"stream\"", "hybrid up to 10", ""));
    assert_refused(&datagram("last-write-wall", "hybrid up to 10"), 6, &["`clocks = \"hybrid up to 10\"`", unlimited]);
    assert_refused(&stream, 6, &["is not for `link = \"stream\"`"]);
    assert_refused(&datagram("last-write", "hybrid up to 10, then 100"), 6, &["the time 101", "`then 101` or more"]);
    for wrong in ["hybrid up to", "hybrid up to ten", "hybrid up to 10, then 10", "hybrid up to 10 then 20"] {
        assert_refused(&datagram("last-write", wrong), 6, &["\"hybrid up to N, then M\""]);
    }
}
