//! The user's own properties: their verdicts, their errors, which name the line, and the verdict *vacuous*.

use multimaster::{LastWriteWins, MultiValue};
use multimaster_models::check::engine::{Limits, Verdict};
use multimaster_models::check::stateright_engine;
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::report::table::Table;
use multimaster_models::report::trace::Trace;
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use multimaster_models::verify::Failure;
use multimaster_models::{Property, Verify};

const LAST_WRITE: &str =
    "rule = \"last-write\"\n\n[clients]\nA = [\"set seat = 14 Ann\"]\nB = [\"set seat = 12 Bob\"]\n";

fn parsed(world: &str, properties: &str) -> Result<Scenario, String> {
    let properties =
        if properties.contains("[expect]") { properties.to_owned() } else { format!("{properties}\n[expect]\n") };
    let head = "about = \"mine\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\n";
    Scenario::parse("mine", "mine.toml", &format!("{head}{world}\n{properties}")).map_err(|fault| fault.to_string())
}

fn asked(world: &str, properties: &str) -> Checked {
    check(&parsed(world, properties).unwrap(), Engine::Own, &mut |_, _| {})
}

/// `always` in this script, which begins in line 12.
fn always(script: &str) -> String {
    format!("[properties.mine]\nalways = '''\n{script}\n'''\n")
}

fn steps(checked: &Checked, property: &str) -> Option<usize> {
    match checked.report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => Some(path.len()),
        Some(Verdict::Holds(None)) => None,
        other => panic!("{property}: {other:?}"),
    }
}

fn reached(checked: &Checked, witness: &str) -> bool {
    matches!(checked.report.verdict(witness), Some(Verdict::Holds(Some(_))))
}

fn why<'a>(checked: &'a Checked, property: &str) -> &'a str {
    checked.counterexamples.iter().find(|example| example.property == property).unwrap().why()
}

#[test]
fn a_script_that_is_no_property_is_told_with_its_line() {
    for (script, line, what) in [
        ("A[\"saet\"] == ()", 13, "`mine`: `always`: no client writes the key `saet`: they write `seat`"),
        ("true ||\nA.values(\"saet\").is_empty()", 14, "no client writes the key `saet`: they write `seat`"),
        ("A.saet == ()", 13, "nothing has a field `saet`"),
        ("let key = \"saet\";\nA[key] == ()", 14, "no client writes the key `saet`: they write `seat`"),
        ("masters[1][\"saet\"] == ()", 13, "no client writes the key `saet`"),
        ("true\n&& C[\"seat\"] == ()", 14, "Undefined variable: C; the constants are A to B, `masters` and `writes`"),
        ("masters[2][\"seat\"] == ()", 13, "out of bounds"),
        ("A[\"seat\"]", 13, "this gives a value of type `()`: give true or false (after nothing)"),
        ("A[\"seat\"] != 14", 13, "text and a number cannot be compared (after A: set seat = 14 Ann)"),
        ("A[\"seat\"] == () || A[\"seat\"] == true", 13, "text and true or false cannot be compared"),
        ("A[\"seat\"] > 3", 13, "nothing, `()`, and a number cannot be compared"),
        ("\nfor write in writes {\nif write.ky == \"seat\" { return false; }\n}\ntrue", 15, "nothing has a field `ky`"),
        (
            "for write in writes { if write[\"ky\"] == 1 { return false; } }\ntrue",
            13,
            "a write has no `ky`: it has `write`,",
        ),
        ("A[\"seat\"] == (", 14, "Script is incomplete"),
        ("while true { }", 13, "Too many operations"),
        ("let t = timestamp();\ntrue", 13, "Function not found: timestamp"),
        ("true\n&& { throw \"no\" }", 14, "the script throws: no"),
    ] {
        let told = parsed(LAST_WRITE, &always(script)).unwrap_err();
        assert!(told.starts_with(&format!("mine.toml:{line}: `mine`: ")) && told.contains(what), "{script}: {told}");
    }
}

#[test]
fn a_table_that_is_no_property_is_told_with_its_line() {
    let true_of = |name: &str| format!("[properties.{name}]\nalways = 'true'\n");
    let seventeen: String = (0..17).map(|n| true_of(&format!("p{n:02}"))).collect();
    for (properties, line, what) in [
        (
            "[properties.mine]\nwhen = 'true'".into(),
            11,
            "`mine`: give exactly one of `always`, `never`, `at-quiescence`",
        ),
        ("[properties.mine]\nalways = 'true'\nnever = 'true'".into(), 11, "`mine`: give exactly one of"),
        (
            "[properties.mine]\nallways = 'true'".into(),
            12,
            "unknown field `allways`, expected one of `always`, `never`",
        ),
        ("[properties.mine]\nalways = 1".into(), 12, "expected text in quotes"),
        (
            "[properties.mine]\nalways = 'true'\n\n\nwhen = 'A.seat > 1'".into(),
            15,
            "`when`: nothing, `()`, and a number",
        ),
        (true_of("convergence"), 11, "`convergence`: there is a property `convergence` already"),
        (true_of("no-policy-loss"), 11, "there is a property `no policy loss` already"),
        (true_of("no-deadlock"), 11, "there is a property `no deadlock` already"),
        (true_of("quiescence"), 11, "there is a property `quiescence` already"),
        (true_of("states"), 11, "there is a property `states` already"),
        (true_of("\"a name\""), 11, "a property's name is a letter, and then letters, digits and hyphens"),
        (seventeen, 43, "17 properties: at most 16"),
        (true_of("mine") + "[expect]\nmein = \"violated\"", 14, "unknown field `mein`, expected one of `convergence`"),
        ("[properties.mine]\nsometimes = 'true'\n[expect]\nmine = \"violated\"".into(), 14, "`mine` is a witness"),
    ] {
        let told = parsed(LAST_WRITE, &properties).unwrap_err();
        assert!(told.starts_with(&format!("mine.toml:{line}: ")) && told.contains(what), "{properties}: {told}");
    }
    let sharded = "shards = 2\nrule = \"last-write\"\n[clients]\nA = [\"set photo = 1\", \"set album = 2\"]\n";
    let told = parsed(sharded, &true_of("mine")).unwrap_err();
    assert!(told.contains("`[properties]` are not for masters of several `shards`"), "{told}");
    let article = "about = \"mine\"\nprogram = \"article\"\nmasters = 2\ntopology = \"ring\"\n[properties.mine]\nalways = 'true'\n";
    let told = Scenario::parse("mine", "mine.toml", article).unwrap_err().to_string();
    assert!(told.starts_with("mine.toml:5: the article's program has no `[properties]`"), "{told}");
}

/// A failure that does not occur in the few schedules tried beforehand.
#[test]
fn a_property_that_cannot_be_asked_of_a_reached_state_has_failed() {
    let world = "rule = \"last-write\"\n\n[clients]\nA = [\"set k = 1\", \"set k = 2\", \"set k = 3\"]\nB = [\"set k = 4\", \"set k = 5\"]\n";
    let rare = "fn had(write, seen, unseen) { seen in write.saw && !(unseen in write.saw) }\nif writes.len() == 5 && had(writes[3], \"A2\", \"A3\") && had(writes[4], \"A3\", \"A9\") && writes[3].seen_by.len() == 1 {\n    A.k > 1\n} else { true }";
    let checked = asked(world, &(always(rare) + "[expect]\nno-policy-loss = \"violated\"\n"));
    assert!(checked.surprises.is_empty(), "{:?}", checked.surprises);
    assert!(!checked.is_as_expected());
    let fault = checked.scenario.faults().pop().unwrap().to_string();
    let what = "`always`: text and a number cannot be compared";
    assert_eq!(fault, format!("mine.toml:15: nothing is known of `mine`, because it failed: {what}"));
    let json = serde_json::to_value(checked.summary()).unwrap();
    let verdict = json["verdicts"].as_array().unwrap().iter().find(|one| one["property"] == "mine").unwrap();
    assert_eq!(verdict["verdict"], "failed");
    assert_eq!(verdict["why"], "mine.toml:15: `always`: text and a number cannot be compared");
    assert!(row(&checked).contains("| failed "), "{}", row(&checked));
}

fn row(checked: &Checked) -> String {
    Table::of(std::slice::from_ref(&checked.scenario)).row(checked)
}

#[test]
fn a_claim_that_no_reading_could_break_was_not_put_to_the_test() {
    for claim in [
        "always = 'true'",
        "never = 'false'",
        "always = 'A[\"seat\"] == A[\"seat\"]'",
        "always = 'A[\"seat\"] != \"nobody\"'",
        "always = 'B[\"seat\"] == ()'\nwhen = 'A[\"seat\"] == \"nobody\"'",
        "at-quiescence = 'writes.len() == 2'",
    ] {
        let checked =
            asked(LAST_WRITE, &format!("[properties.mine]\n{claim}\n[expect]\nno-policy-loss = \"violated\"\n"));
        assert_eq!(steps(&checked, "mine"), None, "{claim}");
        assert_eq!(checked.surprises, ["mine put to the test: expected reached, found not reached"], "{claim}");
        assert!(row(&checked).contains("| vacuous "), "{claim}: {}", row(&checked));
    }
    // For each error, a similar property without it.
    for claim in [
        "always = 'B[\"seat\"] != () || A[\"seat\"] != \"12 Bob\"'",
        "never = 'A[\"seat\"] == \"12 Bob\" && B[\"seat\"] == ()'",
        "always = 'B[\"seat\"] != ()'\nwhen = 'A[\"seat\"] == \"12 Bob\"'",
        "at-quiescence = 'A[\"seat\"] != ()'",
    ] {
        let checked =
            asked(LAST_WRITE, &format!("[properties.mine]\n{claim}\n[expect]\nno-policy-loss = \"violated\"\n"));
        assert_eq!(steps(&checked, "mine"), None, "{claim}");
        assert!(checked.surprises.is_empty(), "{claim}: {:?}", checked.surprises);
        assert!(row(&checked).contains("| holds "), "{claim}");
    }
}

/// Of two claims at least one survives; a reader at quiescence sees one of them.
#[test]
fn claims_are_judged_where_they_are_made() {
    let properties = "[properties.one-survives]\nat-quiescence = '''\nmasters.all(|m| m.seat == \"14 Ann\" || m.seat == \"12 Bob\")\n'''\n\
        [properties.both-read]\nsometimes = 'A[\"seat\"] != () && B[\"seat\"] != () && A[\"seat\"] != B[\"seat\"]'\n\
        [properties.impossible]\nsometimes = 'A[\"seat\"] == \"nobody\"'\n\
        [properties.empty]\nnever = 'A[\"seat\"] == \"12 Bob\"'\n[expect]\nno-policy-loss = \"violated\"\n\
        empty = \"violated\"\nunreached = [\"impossible\"]\n";
    let checked = asked(LAST_WRITE, properties);
    assert!(checked.surprises.is_empty(), "{:?}", checked.surprises);
    assert_eq!(steps(&checked, "one-survives"), None);
    assert!(reached(&checked, "one-survives put to the test") && reached(&checked, "both-read"));
    assert_eq!(why(&checked, "empty"), "it is true where A reads seat=12 Bob");
    let row = row(&checked);
    assert!(row.contains("| reached (2)") && row.contains("| not reached"), "{row}");
    assert!(checked.report.findings.iter().all(|finding| finding.property != "both-read put to the test"));
}

/// Two rows of one name, written concurrently.
#[test]
fn a_unique_value_at_two_keys() {
    let world = "rule = \"last-write\"\n\n[clients]\nA = [\"set first = Ann\"]\nB = [\"set second = Ann\"]\n";
    let unique = "for master in masters {\n    for one in master.keys() {\n        for other in master.keys() {\n            \
                  if one != other && master[one] != () && master[one] == master[other] { return false; }\n        }\n    }\n}\ntrue";
    let checked = asked(world, &always(unique));
    assert_eq!(steps(&checked, "mine"), Some(3));
    assert_eq!(why(&checked, "mine"), "it is false where A reads first=Ann, second=-; B reads first=Ann, second=Ann");
    // At quiescence both masters read both rows.
    let at_rest = always(unique).replace("always", "at-quiescence");
    let checked = asked(world, &at_rest);
    assert_eq!(steps(&checked, "mine"), Some(4));
    assert!(why(&checked, "mine").starts_with("all is quiescent, and it is false where A reads first=Ann, second=Ann"));
}

#[test]
fn every_kind_of_data_can_be_read() {
    for (rule, asks, script) in [
        (
            "multi-value",
            ["set k = 1", "set k = 2"],
            "A.k == () || \"1\" in A.values(\"k\") || A.k == \"2\" || A.k == [\"1\", \"2\"]",
        ),
        ("counter", ["add 2 to k", "subtract 1 from k"], "A.k >= 0 || A.k == -1"),
        ("set", ["insert x into k", "remove x from k"], "A.k == [] || A.k == [\"x\"]"),
        ("enable-wins-flag", ["enable k", "disable k"], "A.k || !A.k || !(A.k == true)"),
        ("max-register", ["raise k to 3", "raise k to 4"], "A.k == () || parse_int(A.k) >= 3"),
        (
            "last-write-map",
            ["in k, set f = v", "remove f from k"],
            "!(\"f\" in A.k) || A.k.f == \"v\" || A.k[\"f\"] == \"v\"",
        ),
        (
            "cassandra",
            ["at 3, set k = v", "at 9, delete k"],
            "A.k in [(), \"v\"] && writes.all(|w| w.op == \"set\" || w.value == ())",
        ),
    ] {
        let world = format!("rule = \"{rule}\"\n\n[clients]\nA = [\"{}\"]\nB = [\"{}\"]\n", asks[0], asks[1]);
        assert_eq!(steps(&asked(&world, &always(script)), "mine"), None, "{rule}");
        let not = always(&format!("!({script})"));
        assert_eq!(steps(&asked(&world, &not), "mine"), Some(0), "{rule}");
    }
}

#[test]
fn a_violation_has_a_trace_a_picture_and_a_line_in_the_explorer() {
    let scenario = catalogue::find("properties/parent-and-child").unwrap();
    let checked = check(&scenario, Engine::Own, &mut |_, _| {});
    let example = checked.counterexamples.iter().find(|example| example.property == "parent-exists").unwrap();
    assert_eq!(example.replayed.steps.len(), 4);
    assert_eq!(example.why(), "it is false where A reads child=of p, parent=-");
    assert!(example.trace.contains("violates parent-exists\n"), "{}", example.trace);
    assert!(example.replayed.diagram.svg().contains("<svg"));
    let kept = example.trace.replace("violates", "keeps");
    let replayed = Trace::parse("a.trace", &kept).unwrap().replay(&scenario.model()).unwrap();
    assert_eq!(replayed.wrong.len(), 1, "it is violated");
}

#[test]
fn stateright_says_the_same_of_them() {
    for name in ["properties/parent-and-child", "properties/sum", "properties/deleted-stays-deleted"] {
        let model = catalogue::find(name).unwrap().model();
        let ours = model.explore(Limits::default(), &mut |_, _| {});
        for how in [stateright_engine::How::Bfs, stateright_engine::How::Dfs] {
            let theirs = stateright_engine::explore(model.clone(), how, Limits::default());
            assert_eq!(stateright_engine::disagreement(&ours, &theirs), None, "{name}");
        }
    }
}

mod verified {
    use multimaster::{ArrivalWins, LastWriteWins, MasterId, MultiValue, Reading, Topology};
    use multimaster_models::SerdeRule;
    use multimaster_models::properties::own_property::Readings;
    use multimaster_models::scope::{Clocks, Free, LinkKind, Scope};
    use multimaster_models::verify::Failure;
    use multimaster_models::{Property, Verify};

    const BOOKED: [&str; 3] = ["A: set parent = p", "A: set child = of p", "B: delete parent"];

    /// The parent and the child as a function.
    fn no_orphan(reads: &Readings) -> bool {
        reads.masters().iter().all(|at| at.get("child") == Reading::Nothing || at.get("parent") != Reading::Nothing)
    }

    fn pair<R: SerdeRule>(rule: R) -> Verify<R> {
        let (topology, link) = (Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 });
        let (clients, free, clocks) = (Vec::new(), Free::default(), Clocks::default());
        let scope = Scope { clients, free, clocks, ..Scope::new(topology, link) };
        Verify::rule(rule).scope("pair", scope).lawless().quiet()
    }

    fn booked() -> Verify<LastWriteWins> {
        pair(LastWriteWins).requests(BOOKED)
    }

    #[test]
    fn a_function_and_a_script_find_the_same_schedule() {
        let script = "masters.all(|at| at.child == () || at.parent != ())";
        for property in [Property::always("no-orphan", no_orphan), Property::always("no-orphan", script)] {
            let failure = booked().property(property).run().unwrap_err();
            let Failure::Violated { violations, .. } = &failure else { panic!("{failure}") };
            assert_eq!(violations.len(), 1, "{failure}");
            assert_eq!(violations[0].example.property, "no-orphan");
            assert_eq!(violations[0].example.replayed.steps.len(), 4, "{failure}");
            let said = failure.to_string();
            assert!(said.contains("no-orphan is violated: it is false where "), "{said}");
            assert!(said.contains(".no-orphan.trace") || said.contains("no-orphan"), "{said}");
        }
    }

    #[test]
    fn only_and_allow_name_it_too() {
        let orphan = || Property::always("no-orphan", no_orphan);
        booked().property(orphan()).allow("no-orphan").run().unwrap();
        let failure = pair(ArrivalWins).requests(BOOKED).property(orphan()).only("no-orphan").run();
        let Err(Failure::Violated { violations, .. }) = failure else { panic!("{failure:?}") };
        assert_eq!(violations.len(), 1);
    }

    #[test]
    fn what_is_no_property_of_the_scope_is_told() {
        for (property, what) in [
            (Property::always("mine", "A.seat == ()"), "`mine`: `always`, line 1: nothing has a field `seat`"),
            (
                Property::never("mine", "true &&\nA[\"seat\"] == ()"),
                "`mine`: `never`, line 2: no client writes the key `seat`",
            ),
            (Property::never("mine", "false").when("Z[\"k\"] == ()"), "`mine`: `when`, line 1: Undefined variable: Z"),
            (Property::always("convergence", "true"), "there is a property `convergence` already"),
            (
                Property::always("mine", "A[\"parent\"] > 3"),
                "`mine` failed: `always`, line 1: nothing, `()`, and a number",
            ),
            (
                Property::always("mine", |reads: &Readings| reads.of(MasterId(0)).get("seat") == Reading::Nothing),
                "`mine` failed: `always`: no client writes the key `seat`: they write `child`, `parent`",
            ),
            (
                Property::always("mine", |reads: &Readings| reads.of(MasterId(7)).keys().count() == 0),
                "`mine` failed: `always`: there is no master H",
            ),
            (
                Property::always("mine", |reads: &Readings| reads.writes()[7].seen_by.is_empty()),
                "`mine` failed: `always`: the function panics",
            ),
        ] {
            let failure = booked().property(property).run().unwrap_err().to_string();
            assert!(failure.contains(what), "{failure}");
        }
    }

    #[test]
    fn a_property_that_is_always_true_was_not_put_to_the_test() {
        for property in [
            Property::always("mine", |_: &Readings| true),
            Property::never("mine", |_: &Readings| false),
            Property::always("mine", "true"),
            Property::at_quiescence("mine", no_orphan).when("A[\"child\"] == \"nobody\""),
            Property::sometimes("mine", "A[\"parent\"] == \"q\""),
        ] {
            let failure = booked().property(property).run().unwrap_err();
            assert!(matches!(&failure, Failure::Vacuous { witness, .. } if witness.starts_with("mine")), "{failure}");
        }
        let seen = Property::sometimes("both", "A.values(\"k\").len() == 2");
        let asks = ["A: set k = 1", "B: set k = 2"];
        pair(MultiValue).requests(asks).property(seen).run().unwrap();
    }
}

mod specified {
    use super::{asked, parsed, steps, why};

    const LATEST: &str = "let shown = ();\nfor write in writes {\n    if shown == () || write.time > shown.time || \
                          (write.time == shown.time && write.master > shown.master) { shown = write; }\n}\n\
                          if shown == () { () } else { shown.value }";

    fn read(script: &str) -> String {
        format!("[specification]\nread = '''\n{script}\n'''\n")
    }

    fn world(rule: &str, a: &str, b: &str) -> String {
        format!("rule = \"{rule}\"\n\n[clients]\nA = [{a}]\nB = [{b}]\n")
    }

    #[test]
    fn a_script_says_what_is_to_be_read() {
        for (rule, a, b, script) in [
            ("last-write", "\"set k = 1\", \"delete k\"", "\"set k = 2\"", LATEST),
            (
                "counter",
                "\"add 2 to k\"",
                "\"subtract 1 from k\"",
                "let sum = 0;\nfor w in writes { sum += w.value; }\nsum",
            ),
            (
                "max-register",
                "\"raise k to 3\"",
                "\"raise k to 4\"",
                "let most = ();\nfor w in writes { if most == () || w.value > most { most = w.value; } }\nmost",
            ),
            (
                "grow-only-set",
                "\"insert x into k\"",
                "\"insert y into k\"",
                "let all = [];\nfor w in writes { all.push(w.value); }\nall",
            ),
            (
                "multi-value",
                "\"set k = 1\"",
                "\"set k = 2\"",
                "let all = [];\nfor w in writes {\n    let kept = true;\n    for other in writes { if w.write in other.saw { kept = false; } }\n    if kept { all.insert(0, w.value); }\n}\nall",
            ),
            ("enable-wins-flag", "\"enable k\"", "\"enable k\"", "writes.len() > 0"),
            (
                "last-write-map",
                "\"in k, set f = v\"",
                "\"in k, set g = w\"",
                "let all = #{};\nfor w in writes { all[w.field] = w.value; }\nall",
            ),
        ] {
            let checked = asked(&world(rule, a, b), &read(script));
            assert_eq!(steps(&checked, "specification"), None, "{rule}");
        }
    }

    #[test]
    fn a_read_that_is_not_what_the_script_says_has_a_schedule() {
        let checked = asked(&world("arrival", "\"set k = 1\"", "\"set k = 2\""), &read(LATEST));
        assert_eq!(steps(&checked, "specification"), Some(3));
        assert_eq!(why(&checked, "specification"), "B reads k=1; the specification requires 2 after A1 B1");
        // Replaces the rule's own specification.
        let checked = asked(&world("last-write", "\"set k = 1\"", "\"set k = 2\""), &read("()"));
        assert_eq!(steps(&checked, "specification"), Some(1));
        assert_eq!(why(&checked, "specification"), "A reads k=1; the specification requires () after A1");
    }

    #[test]
    fn what_is_wrong_with_the_script_is_told_with_its_line() {
        for (script, line, what) in [
            ("A", 13, "Undefined variable: A"),
            ("writes[0].valeu", 13, "nothing has a field `valeu`"),
            ("true\n&& (", 15, "Script is incomplete"),
            ("()\nwrites", 14, "Expecting ';' to terminate this statement"),
            ("();\nwrites[7].value", 14, "out of bounds"),
            ("if writes.len() == 0 { () } else {\n writes[0].value > 3 }", 14, "text and a number cannot be compared"),
            ("while true { }", 13, "Too many operations"),
        ] {
            let told = parsed(&world("last-write", "\"set k = 1\"", "\"set k = 2\""), &read(script)).unwrap_err();
            assert!(told.starts_with(&format!("mine.toml:{line}: ")) && told.contains(what), "{script}: {told}");
        }
    }
}

/// After all masters have seen all writes, in any order, one property holds and another does not. This is reported
/// before any network is explored.
#[test]
fn own_properties_are_judged_over_all_networks_first() {
    let booked = ["A: set seat = 14 Ann", "B: set seat = 12 Bob"];
    let shown = Property::at_quiescence("ann-is-shown", r#""14 Ann" in A.values("seat")"#);
    let failure = Verify::rule(LastWriteWins).requests(booked).property(shown.clone()).quiet().run().unwrap_err();
    let Failure::Violated { violations, .. } = failure else { panic!("{failure}") };
    let [violation] = violations.as_slice() else { panic!("{violations:?}") };
    assert_eq!((violation.world.as_str(), violation.example.property), ("over histories", "ann-is-shown"));
    assert_eq!(violation.example.replayed.steps.len(), 4, "two writes, and each comes to the other master");
    let file = violation.file.as_ref().unwrap();
    let replayed = Verify::rule(LastWriteWins).requests(booked).property(shown.clone()).replay(file);
    assert!(matches!(replayed, Err(Failure::Replayed(_))));
    let booked_by_one = Property::at_quiescence("booked", r#"A.values("seat").len() > 0"#);
    let passed = Verify::rule(MultiValue).requests(booked).property(booked_by_one).run().unwrap();
    assert!(passed.networks.iter().any(|networks| networks.contains("up to 2 writes at 2 masters (")), "{passed}");
}
