//! Records with any part altered: each is compared with the model or refused, without a panic and with a documented
//! exit status.

use super::driver::{Links, Run, run};
use multimaster::{BoundedCounter, LastWriteWins, ObservedRemoveMap, ObservedRemoveSet};
use multimaster_models::SerdeRule;
use multimaster_models::record::conform::{Failure, check_text};
use multimaster_models::rules::systems::{CassandraCell, CassandraCounter, RiakSiblings};
use serde_json::{Value, json};
use std::process::Command;

fn records() -> Vec<String> {
    fn texts<R: SerdeRule>(rule: R, name: &str) -> impl Iterator<Item = String> {
        (0..3).map(move |seed| run(rule.clone(), name, Links::Faulty, 120, seed).text())
    }
    let typed = texts(LastWriteWins, "last-write").chain(texts(ObservedRemoveSet, "set"));
    let typed =
        typed.chain(texts(ObservedRemoveMap, "observed-remove-map")).chain(texts(BoundedCounter, "bounded-counter"));
    let systems = texts(CassandraCell { purged: false }, "cassandra").chain(texts(RiakSiblings, "riak"));
    typed.chain(systems).chain(texts(CassandraCounter, "cassandra-counter")).collect()
}

/// Another value in its place: of another type or size, or an unknown name.
fn strange(random: &mut fastrand::Rng) -> Value {
    let strange = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(65_535),
        json!(65_536),
        json!((1_u64 << 48) - 1),
        json!(1_u64 << 48),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(""),
        json!("k"),
        json!("\u{1b}[2J\n\u{202e}"),
        json!("x".repeat(70_000)),
        json!([]),
        json!([0, 0, 0, 0, 0, 0, 0, 0, 0, 7]),
        json!({}),
        json!({ "Ok": 1, "Err": 2 }),
    ];
    random.choice(strange).unwrap()
}

/// Alters one place in the value.
fn alter(value: &mut Value, random: &mut fastrand::Rng) {
    let within = match value {
        Value::Array(list) if !list.is_empty() => {
            let place = random.usize(..list.len());
            match random.u8(..8) {
                0 => return drop(list.remove(place)),
                1 => return list.push(list[place].clone()),
                2 => return list.swap(0, place),
                _ => &mut list[place],
            }
        }
        Value::Object(object) if !object.is_empty() => {
            let keys: Vec<String> = object.keys().cloned().collect();
            let key = random.choice(&keys).unwrap();
            match random.u8(..12) {
                0 => return drop(object.remove(key)),
                1 => return drop(object.insert("strange".into(), json!(1))),
                _ => object.get_mut(key).unwrap(),
            }
        }
        leaf => return *leaf = strange(random),
    };
    if random.u8(..6) == 0 { *within = strange(random) } else { alter(within, random) }
}

fn altered(text: &str, random: &mut fastrand::Rng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.usize(..3) {
        if lines.is_empty() {
            return String::new();
        }
        // Mostly an early line, because the lines after a refused step are not read.
        let most = if random.bool() { lines.len() } else { lines.len().min(12) };
        let (place, other) = (random.usize(..most), random.usize(..lines.len()));
        match random.u8(..20) {
            0 => drop(lines.remove(place)),
            1 => lines.swap(place, other),
            2 => lines.insert(place, lines[other].clone()),
            3 => lines.truncate(place),
            4 => {
                let mut bytes = lines[place].clone().into_bytes();
                for _ in 0..1 + random.usize(..3) {
                    if !bytes.is_empty() {
                        let at = random.usize(..bytes.len());
                        bytes[at] = random.u8(..);
                    }
                }
                lines[place] = String::from_utf8_lossy(&bytes).into_owned();
            }
            _ => {
                if let Ok(mut value) = serde_json::from_str(&lines[place]) {
                    alter(&mut value, random);
                    lines[place] = value.to_string();
                }
            }
        }
    }
    lines.join("\n")
}

/// The documented exit status of this result.
fn status(outcome: &Result<multimaster_models::record::conform::Summary, Failure>) -> i32 {
    match outcome {
        Ok(_) => 0,
        Err(Failure::Run(_)) => 1,
        Err(Failure::File(_)) => 2,
    }
}

/// `SEED=N cargo test -p multimaster-models --test all two_thousand` alters others.
#[test]
fn two_thousand_altered_records() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("SEED={seed}");
    let records = records();
    for (place, record) in records.iter().enumerate() {
        check_text("good.jsonl", record).unwrap_or_else(|why| panic!("record {place}: {why}"));
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = std::env::temp_dir().join(format!("multimaster-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut statuses = [0; 3];
    for number in 0..2_000 {
        let text = altered(random.choice(&records).unwrap(), &mut random);
        let outcome = check_text("altered.jsonl", &text);
        let promised = status(&outcome);
        statuses[promised as usize] += 1;
        if let Err(failure) = &outcome {
            let said = failure.to_string();
            assert!(said.len() < 3_000 && !said.contains(char::is_control), "{number}: {said}");
        }
        if number % 40 == 0 {
            std::fs::write(folder.join("altered.jsonl"), &text).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
            let output = command.args(["conform", "altered.jsonl"]).current_dir(&folder).output().unwrap();
            assert_eq!(output.status.code(), Some(promised), "{number}: {output:?}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(statuses.iter().all(|count| *count > 50), "{statuses:?}");
}

/// A record of a real system's rule contains that rule's effects, and no other effect is accepted in it.
#[test]
fn what_a_real_systems_rule_does_not_send() {
    let run: Run<CassandraCell> = run(CassandraCell { purged: false }, "cassandra", Links::Sound, 120, 0);
    let text = run.text();
    assert!(check_text("run.jsonl", &text).is_ok());
    let (line, delivery) = (1..).zip(text.lines()).find(|(_, line)| line.contains("\"deliver\"")).unwrap();
    let mut value: Value = serde_json::from_str(delivery).unwrap();
    for effect in [json!("x"), json!(null), json!({ "value": 1 }), json!([1, 2, 3, 4])] {
        value["event"]["deliver"]["message"]["Push"]["changes"][0]["effect"] = effect;
        let failure = check_text("run.jsonl", &text.replacen(delivery, &value.to_string(), 1)).unwrap_err().to_string();
        assert!(failure.starts_with(&format!("run.jsonl:{line}: ")), "{failure}");
        assert!(failure.contains("this rule has no such message: "), "{failure}");
    }
}
