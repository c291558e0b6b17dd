//! Scenario files generated field by field. Most are valid; many combine fields as no shipped file does.

use super::scenarios;
use multimaster_models::rules::systems;
use multimaster_models::scenario::RuleName;
use std::fmt::Write;

const KEYS: [&str; 4] = ["k", "seat", "ключ", "a.b"];
const VALUES: [&str; 10] =
    ["1", "2", "12 Ann", "-7", "999999999999999999999", "x y z", "<b>&'\"", "字", "\u{202e}ab", "#"];

/// A request that this rule accepts; now and then, one for another rule.
fn request(rule: &str, random: &mut fastrand::Rng) -> String {
    let key = KEYS[random.usize(..KEYS.len())];
    let value = VALUES[random.usize(..VALUES.len())];
    let number = [1, 1, 2, 2, 7, i64::MAX, 0, -1][random.usize(..8)];
    let is = |part: &str| rule.contains(part);
    let kind = match () {
        _ if random.u8(..20) == 0 => random.u8(..7),
        () if is("counter") || is("usedelta") => 1,
        () if is("map") => 3,
        () if is("-register") && !is("multi") => {
            if is("max") {
                5
            } else {
                6
            }
        }
        () if is("set") || is("cart") => 2,
        () if is("flag") => 4,
        () => 0,
    };
    let either = random.bool();
    let op = match kind {
        0 if random.u8(..4) > 0 => format!("set {key} = {value}"),
        0 => format!("delete {key}"),
        1 if random.u8(..6) == 0 => format!("transfer {number} of {key} to {}", ["A", "B", "Z"][random.usize(..3)]),
        1 if either => format!("add {number} to {key}"),
        1 => format!("subtract {number} from {key}"),
        2 if either => format!("insert {value} into {key}"),
        2 => format!("remove {value} from {key}"),
        3 if either => format!("in {key}, set f = {value}"),
        3 => format!("remove f from {key}"),
        4 => format!("{} {key}", if either { "enable" } else { "disable" }),
        5 => format!("raise {key} to {number}"),
        _ => format!("lower {key} to {number}"),
    };
    match random.u8(..40) {
        0 => format!("at {}, {op}", [0, 1, 9, u64::MAX][random.usize(..4)]),
        _ => op,
    }
}

/// A list of text in TOML.
fn list(items: Vec<String>) -> String {
    let quoted: Vec<String> = items.into_iter().map(|item| toml::Value::String(item).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

const KEEPS: [&str; 12] = [
    "first",
    "second",
    "if first.value < second.value { first } else { second }",
    "first.value + second.value",
    "\"default\"",
    "\"a\\nb\\u001b\"",
    "first.tim",
    "loop {}",
    "let x = \"x\"; loop { x += x }",
    "fn f(n) { f(n + 1) } f(0)",
    "if first.value == () { second } else { throw 1 }",
    "[first, second]",
];

pub(crate) fn scenario(random: &mut fastrand::Rng) -> String {
    let masters = [2, 2, 2, 3, 3, 4, 16][random.usize(..7)];
    let mut text = format!("about = \"generated\"\nmasters = {masters}\n");
    let shape = ["ring", "star", "all-to-all"][random.usize(..3)];
    let _ = match random.u8(..12) {
        0 => writeln!(text, "edges = [[\"A\", \"B\"], [\"B\", \"A\"]]"),
        _ => writeln!(text, "topology = \"{shape}\""),
    };
    let link = ["stream", "datagram", "soup", "running"][random.usize(..4)];
    let _ = writeln!(text, "link = \"{link}\"");
    let budgets: &[&str] = match link {
        "stream" => &["resets", "batch"],
        "datagram" | "running" => &["losses", "duplicates", "batch", "log"],
        _ => &["batch", "log"],
    };
    for field in budgets {
        if random.u8(..3) == 0 {
            let _ = writeln!(text, "{field} = {}", [0, 1, 2, 255][random.usize(..4)]);
        }
    }
    if random.u8(..12) == 0 {
        let _ = writeln!(text, "delivery = \"{}\"", ["unordered", "at-least-once"][random.usize(..2)]);
    }
    if random.u8(..12) == 0 {
        let _ = writeln!(text, "shards = {}", [1, 2, 3, 65535][random.usize(..4)]);
    }
    let named: Vec<&str> =
        RuleName::ALL.iter().map(|(_, name, _)| *name).chain(systems::ALL.iter().map(|system| system.name)).collect();
    let rule = named[random.usize(..named.len())];
    let written = random.u8(..5) == 0;
    let rule = if written { "(expression)" } else { rule };
    if written {
        let over = ["siblings", "merged", "arrival"][random.usize(..3)];
        let keep = KEEPS[random.usize(..KEEPS.len())];
        let _ = writeln!(text, "[rule]\nover = \"{over}\"\nkeep = '''{keep}'''");
    } else {
        let _ = writeln!(text, "rule = \"{rule}\"");
    }
    if random.u8(..4) > 0 {
        text += "[clients]\n";
        for name in ["A", "B", "\"A/2\"", "C"].iter().take(random.usize(..=3)) {
            let asks = (0..random.usize(..4)).map(|_| request(rule, random)).collect();
            let _ = writeln!(text, "{name} = {}", list(asks));
        }
    } else {
        let one = |random: &mut fastrand::Rng| {
            let at = ["A", "B"][random.usize(..2)];
            format!("{at}: {}", request(rule, random))
        };
        let of = (0..random.usize(1..6)).map(|_| one(random)).collect();
        let _ = writeln!(text, "[free]\ntake = {}\nof = {}", random.usize(..4), list(of));
    }
    if random.u8(..6) == 0 {
        text += "[expect]\nconvergence = \"violated\"\n";
    }
    text
}

#[test]
fn scenarios_written_at_random() {
    let (read, refused) = scenarios("generated scenario", 1_300, scenario);
    assert!(read > 200 && refused > 200, "{read} read, {refused} refused");
}
