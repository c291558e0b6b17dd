//! The sandbox: the limits of scripts, and their errors, which name the line.

use multimaster_models::rules::expression::sandbox::{Sandbox, ScriptRecord, Stopped, TIME, Wrong, quoted};
use multimaster_models::rules::expression::value::Value;
use rhai::Dynamic;
use std::time::Instant;

const FIELDS: [&str; 2] = ["value", "time"];

fn record() -> Dynamic {
    Dynamic::from(ScriptRecord::new("version", vec![("value", "x".into()), ("time", Dynamic::from(1_i64))]))
}

/// The result of a script that is given one record, `it`.
fn run(text: &str) -> Result<Dynamic, Wrong> {
    let sandbox = Sandbox::new();
    let script = sandbox.compile(text, &["it"], &FIELDS)?;
    Ok(sandbox.run(&script, [("it", record())])?)
}

#[test]
fn a_script_computes() {
    for (text, given) in [
        ("it.value + it.time", Value::Text("x1".into())),
        ("it[\"value\"]", Value::Text("x".into())),
        ("let m = #{a: 1}; m.b = 2; m.a + m.b", Value::Int(3)),
        ("fn twice(x) { x.time * 2 } twice(it)", Value::Int(2)),
        ("let l = [3, 1, 2]; l.sort(); l", Value::List([1, 2, 3].map(Value::Int).to_vec())),
        ("it == it", Value::Bool(true)),
        ("`${it}`", Value::Text("version(value: x, time: 1)".into())),
        ("()", Value::Unit),
    ] {
        assert_eq!(Value::of(&run(text).expect(text)), Ok(given), "{text}");
    }
}

#[test]
fn nothing_blocks_and_no_budget_is_exceeded() {
    let started = Instant::now();
    for (text, line, what) in [
        ("sleep(1000000)", 1, "there is no `sleep`"),
        ("\nlet f = Fn(\"sleep\"); f.call(1000000)", 2, "sleep"),
        ("\n eval(\"1\")", 2, "eval"),
        ("let f = Fn(\"eval\"); f.call(\"1\")", 1, "eval"),
        ("let f = |x| x;\nloop { f = f.curry(f); }", 2, "there is no `curry`"),
        ("let f = Fn(\"curry\"); f.call(f, f)", 1, "curry"),
        ("\n\nwhile true { }", 3, "Too many operations"),
        ("fn f(x) {\n f(x) }\nf(1)", 3, "Stack overflow"),
        ("fn f(a) { a.map(|x| f([x]))  }\nf([1])", 1, "Stack overflow"),
        ("let s = \"x\";\nloop { s += s; }", 2, "too large"),
        ("let a = [];\nloop { a = [a]; }", 2, "too large"),
        ("let a = #{};\nloop { a = #{a: a}; }", 2, "too large"),
        ("let a = [1];\nloop { a += a; }", 2, "too large"),
        ("let a = [];\na.pad(1000000000, 0)", 2, "too large"),
        ("let s = \"\";\ns.pad(1000000000, \"x\"); s", 2, "too large"),
        ("timestamp()", 1, "Function not found: timestamp"),
        ("rand()", 1, "Function not found: rand"),
        ("import \"x\" as y;", 1, "import"),
        ("blob(1000000000)", 1, "Function not found: blob"),
    ] {
        let wrong = run(text).expect_err(text);
        // A slow machine may reach the time limit before the limit under test.
        let told = wrong.what.contains(what) || what == "too large" && wrong.what.contains("longer than");
        assert!(wrong.line == line && told, "{text}: {wrong:?}");
    }
    assert!(started.elapsed() < 10 * TIME);
}

/// Few operations, each of which takes long.
#[test]
fn time_is_a_budget_too() {
    let slow = "let long = \"\";\nlong.pad(9999, \"x\");\nlet n = 0;\nloop {\n n += long.index_of(\"y\"); }";
    let wrong = run(slow).unwrap_err();
    assert!(wrong.line == 5 && (wrong.what.contains("longer than 1 s") || wrong.what.contains("Too many operations")));
    let sandbox = Sandbox::new().extended(|engine| {
        engine.register_fn("slow", || std::thread::sleep(TIME / 8));
    });
    let script = sandbox.compile("\nloop { slow(); }", &[], &[]).unwrap();
    let started = Instant::now();
    let Err(Stopped::Failed(wrong)) = sandbox.run(&script, []) else { panic!("this does not end") };
    assert_eq!(wrong, Wrong { line: 2, what: "this takes longer than 1 s".into() });
    assert!(started.elapsed() < 10 * TIME);
}

#[test]
fn an_unknown_field_or_variable_is_found_before_anything_runs() {
    let sandbox = Sandbox::new();
    for (text, line, what) in [
        ("if it.time > 5 {\n it.tim } else { 1 }", 2, "nothing has a field `tim`: the fields are `value`, `time`"),
        ("fn f(x) {\n\n x.vlaue }\n 1", 3, "field `vlaue`"),
        ("`${it.tim}`", 1, "field `tim`"),
        ("let m = #{a: 1}; m.a +\n m.b", 2, "field `b`"),
        ("[1].map(|x| x.tim)", 1, "field `tim`"),
        ("if false {\n frist }", 2, "frist"),
        ("it.value <", 1, "incomplete"),
    ] {
        let wrong = sandbox.compile(text, &["it"], &FIELDS).expect_err(text);
        assert!(wrong.line == line && wrong.what.contains(what), "{text}: {wrong:?}");
    }
    // Errors that occur only when the script runs.
    let wrong = run("\nit[\"tim\"]").unwrap_err();
    assert!(wrong.line == 2 && wrong.what.contains("a version has no `tim`: it has `value`, `time`"), "{wrong:?}");
    let wrong = run("let m = #{}; if it.time > 5 { m.b = 1; }\n m.b").unwrap_err();
    assert!(wrong.line == 2 && wrong.what.contains("b"), "{wrong:?}");
}

#[test]
fn what_a_script_throws_is_told_apart_and_quoted() {
    let sandbox = Sandbox::new();
    let script = sandbox.compile("\nthrow \"no\\n\\x1b[31m\"", &[], &[]).unwrap();
    let Err(Stopped::Thrown(wrong)) = sandbox.run(&script, []) else { panic!("it throws") };
    assert_eq!(wrong, Wrong { line: 2, what: "no\\n\\u{1b}[31m".into() });
    assert_eq!(wrong.given("a\tb").what, "no\\n\\u{1b}[31m (given a\\tb)");
    assert_eq!(quoted(&"x".repeat(1_000)).chars().count(), 401);
}

#[test]
fn a_value_is_plain_data_on_one_line() {
    for (text, what) in [
        ("\"a\\nb\"", "the text `a\\nb` has a line break"),
        ("[\"\\x1b[31m\"]", "the text `\\u{1b}[31m` has a line break"),
        ("|x| x", "is not plain data"),
        ("0..3", "is not plain data"),
        ("let a = 1; for i in 0..20 { a = [a]; } a", "more than 16 deep"),
    ] {
        let told = Value::of(&run(text).expect(text)).expect_err(text);
        assert!(told.contains(what), "{text}: {told}");
    }
    let value = Value::of(&run("#{b: [1, 'c', true, ()], a: it}").unwrap()).unwrap();
    assert_eq!(value.to_string(), "{a: {time: 1, value: x}, b: [1, c, true, ()]}");
    assert_eq!(Value::of(&value.to_dynamic()), Ok(value.clone()));
    assert_eq!(serde_json::from_str::<Value>(&serde_json::to_string(&value).unwrap()).unwrap(), value);
}
