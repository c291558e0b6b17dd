//! Generated expressions, valid and broken: none panics, hangs past its budget, or fails without a line.

use fastrand::Rng;
use multimaster::{Dot, MasterId, Timestamp};
use multimaster_models::rules::expression::sandbox::TIME;
use multimaster_models::rules::expression::{Expression, Keeps, Over, Source, Sources, Version, Wrong};
use std::time::Instant;

/// The number of generated expressions; `EXPRESSIONS=100000 cargo test` generates more.
const MANY: usize = 2_000;

/// The number in the environment variable of that name.
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

struct Generator {
    rng: Rng,
    names: &'static [&'static str],
    fields: &'static [&'static str],
}

impl Generator {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.rng.usize(..from.len())]
    }

    fn expression(&mut self, depth: u8) -> String {
        if depth == 0 {
            let (names, fields) = (self.names, self.fields);
            return match self.rng.u8(..6) {
                0 => self.rng.i64(..).to_string(),
                1 => self.pick(&["\"\"", "\"a+b\"", "\"12 Ann\"", "'c'", "\"\\n\"", "\"\\x1b[31m\"", "\"é💥\""]).into(),
                2 => self.pick(&["()", "true", "[]", "#{}", "0..3", "|x| x", "this"]).into(),
                3 => self.pick(names).into(),
                _ => format!("{}.{}", self.pick(names), self.pick(fields)),
            };
        }
        let (a, b) = (self.expression(depth - 1), self.expression(depth - 1));
        match self.rng.u8(..14) {
            0 => format!(
                "{a} {} {b}",
                self.pick(&["+", "-", "*", "/", "%", "**", "<<", "==", "<", "&&", "in", "=", "+=", "|"])
            ),
            1 => format!("if {a} {{ {b} }} else {{ {a} }}"),
            2 => format!("`${{{a}}}${{{b}}}`"),
            3 => format!(
                "({a}).{}({b})",
                self.pick(&[
                    "split",
                    "len",
                    "push",
                    "pad",
                    "contains",
                    "index_of",
                    "sub_string",
                    "map",
                    "remove",
                    "call",
                    "curry"
                ])
            ),
            4 => format!("let x = {a};\n{b}"),
            5 => format!("({a})[{b}]"),
            6 => format!("[{a}, {b}]"),
            7 => format!("#{{a: {a}, b: {b}}}"),
            8 => format!(
                "{}({a})",
                self.pick(&["sleep", "print", "parse_int", "eval", "throw", "timestamp", "Fn", "abs", "f"])
            ),
            9 => format!("fn f(x) {{ {a} }}\nf({b})"),
            10 => format!("for x in {a} {{ {b} }}"),
            11 => format!("switch {a} {{ 1 => {b}, _ => {a} }}"),
            12 => format!("try {{ {a} }} catch {{ {b} }}"),
            _ => format!("let n = 0; while n < {} {{ n += 1; {a}; }}\n{b}", self.pick(&["3", "1000", "n + 1"])),
        }
    }

    /// An expression, broken somewhere every third time.
    fn text(&mut self) -> String {
        let depth = self.rng.u8(..4);
        let mut text = self.expression(depth);
        if self.rng.u8(..3) == 0 {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            let place = places[self.rng.usize(..places.len())];
            match self.rng.u8(..3) {
                0 => text.truncate(place),
                1 => text.insert_str(place, self.pick(&["\n", "}", "(", "\"", "`", "\0", ".", "\u{202e}", "/*", "#"])),
                _ => text = format!("{}{}", &text[place..], &text[..place]),
            }
        }
        text
    }
}

fn judge(seed: u64, text: &str, wrong: &Wrong) {
    let at_most = text.lines().count() + 1;
    assert!((1..=at_most).contains(&wrong.line), "seed {seed}: {text:?}: {wrong:?}");
    assert!(!wrong.what.is_empty() && !wrong.what.chars().any(char::is_control), "seed {seed}: {text:?}: {wrong:?}");
}

#[test]
fn whatever_is_written_is_answered_in_time() {
    let seed = told("SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let names = &["first", "second", "here", "x"];
    let fields = &["value", "time", "wall", "master", "write", "before", "tim"];
    let mut generator = Generator { rng: Rng::with_seed(seed), names, fields };
    let version = |origin: u16, value: &str| Version {
        timestamp: Timestamp::new(1, MasterId(origin)),
        dot: Dot::new(MasterId(origin), 1),
        value: (!value.is_empty()).then(|| value.into()),
        wall: Some(7),
        before: None,
    };
    let versions = [version(0, "12 Ann"), version(1, "7"), version(2, "")];
    let (mut read, mut kept) = (0, 0);
    let many = told("EXPRESSIONS").map_or(MANY, |many| many as usize);
    for _ in 0..many {
        let text = generator.text();
        let started = Instant::now();
        match Expression::new(&text, Over::Merged) {
            Err(wrong) => judge(seed, &text, &wrong),
            Ok(expression) => {
                read += 1;
                for (first, second) in [(0, 1), (1, 2), (2, 0)] {
                    match expression.keep(&versions[first], &versions[second], MasterId(0)) {
                        Err(wrong) => judge(seed, &text, &wrong),
                        Ok(_) => kept += 1,
                    }
                }
            }
        }
        // One evaluation, and for each of two versions up to ten other values in its place; three times.
        assert!(started.elapsed() < 63 * TIME + 10 * TIME, "seed {seed}: {text:?} took {:?}", started.elapsed());
    }
    // The generator is useful: some of its expressions are valid, and some keep a version.
    assert!(
        read > many / 10 && kept > many / 100,
        "seed {seed}: {read} of {many} were read, {kept} times something was kept"
    );
}

#[test]
fn whatever_rule_is_written_is_answered_in_time() {
    let seed = told("SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let names = &["state", "change", "here", "x"];
    let fields = &["op", "write", "time", "key", "state", "name"];
    let mut generator = Generator { rng: Rng::with_seed(seed), names, fields };
    let requests: Vec<_> = ["set k = 1", "set k = a", "delete k"]
        .into_iter()
        .zip(0..)
        .map(|(request, at)| (MasterId(at), request.parse().unwrap()))
        .collect();
    let mut read = 0;
    let many = told("EXPRESSIONS").map_or(MANY / 4, |many| many as usize);
    for _ in 0..many {
        let [apply, shown] = [generator.text(), if generator.rng.bool() { "state".into() } else { generator.text() }];
        let lines = apply.lines().count() + shown.lines().count() + 20;
        let source = |text: &str, line| Source { text: text.into(), line };
        let sources =
            Sources { start: None, write: None, apply: source(&apply, 10), read: source(&shown, 10), merge: None };
        let told = Expression::scripts(Keeps::Register, &sources).and_then(|rule| {
            read += 1;
            rule.tried(&requests)
        });
        if let Err(wrong) = told {
            let placed = (10..lines).contains(&wrong.line) && !wrong.what.chars().any(char::is_control);
            assert!(placed, "seed {seed}: {sources:?}: {wrong:?}");
        }
    }
    assert!(read > many / 20, "seed {seed}: {read} of {many} were read");
}
