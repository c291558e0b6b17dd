//! Shipped files with a few tokens removed, doubled, swapped, replaced or inserted; and random bytes.

use super::{replayed, rounds, scenarios, seed, tried, walked};
use multimaster_models::scenario::catalogue;
use std::panic::AssertUnwindSafe;

/// Tokens that are more likely to fail than random ones.
const HARMFUL: [&str; 44] = [
    "-1",
    "0",
    "1",
    "2",
    "3",
    "16",
    "17",
    "32",
    "33",
    "255",
    "256",
    "65535",
    "65536",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "nan",
    "inf",
    "-0.0",
    "0x7fffffff",
    "true",
    "\"",
    "'",
    "'''",
    "[",
    "]",
    "{",
    "}",
    "=",
    "#",
    "\n",
    "\t",
    ".",
    ",",
    "A/2",
    "\u{0}",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{feff}",
    "ß",
    "字",
    "at 9, ",
];

/// Words, numbers, and every other character by itself.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut within = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || "-_".contains(c);
        match tokens.last_mut() {
            Some(last) if word && within => last.push(c),
            _ => tokens.push(c.into()),
        }
        within = word;
    }
    tokens
}

pub(crate) fn mutated(text: &str, other: &str, random: &mut fastrand::Rng) -> String {
    let (mut tokens, others) = (tokens(text), tokens(other));
    for _ in 0..random.usize(1..=4) {
        if tokens.is_empty() {
            break;
        }
        let (place, second) = (random.usize(..tokens.len()), random.usize(..tokens.len()));
        match random.u8(..8) {
            0 => drop(tokens.remove(place)),
            1 => tokens.insert(place, tokens[second].clone()),
            2 => tokens.swap(place, second),
            3 => tokens[place] = HARMFUL[random.usize(..HARMFUL.len())].into(),
            4 => tokens.insert(place, HARMFUL[random.usize(..HARMFUL.len())].into()),
            // A piece of another file.
            5 if !others.is_empty() => {
                let start = random.usize(..others.len());
                let end = (start + random.usize(1..20)).min(others.len());
                tokens.splice(place..place, others[start..end].iter().cloned());
            }
            // A line doubled, or removed.
            6 => {
                let of = |place: usize| {
                    let start = tokens[..place].iter().rposition(|token| token == "\n").map_or(0, |at| at + 1);
                    let end = tokens[place..]
                        .iter()
                        .position(|token| token == "\n")
                        .map_or(tokens.len(), |at| place + at + 1);
                    start..end
                };
                let line = of(place);
                if random.bool() {
                    tokens.drain(line);
                } else {
                    let copy = tokens[line].to_vec();
                    let at = of(second).start;
                    tokens.splice(at..at, copy);
                }
            }
            _ => tokens[place] = tokens[second].clone(),
        }
    }
    tokens.concat()
}

/// Random bytes as text.
pub(crate) fn nonsense(random: &mut fastrand::Rng) -> String {
    let bytes: Vec<u8> = (0..random.usize(..300)).map(|_| random.u8(..)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn scenarios_that_ship_mutated() {
    let files = catalogue::files();
    let (read, refused) = scenarios("mutated scenario", 1_700, |random| {
        if random.u8(..20) == 0 {
            return nonsense(random);
        }
        mutated(files[random.usize(..files.len())].2, files[random.usize(..files.len())].2, random)
    });
    assert!(read > 50 && refused > 500, "{read} read, {refused} refused");
}

#[test]
fn traces_mutated() {
    let scenarios = catalogue::all().unwrap();
    let mut random = fastrand::Rng::with_seed(seed());
    let (mut done, mut refused) = (0, 0);
    for round in 0..rounds(2_000) {
        let scenario = &scenarios[random.usize(..scenarios.len())];
        let whole = walked(scenario, &mut random, 12);
        let text = match random.u8(..10) {
            0 => whole.clone(),
            1 => nonsense(&mut random),
            _ => mutated(&whole, &whole, &mut random),
        };
        match tried(&format!("trace {round}"), &text, AssertUnwindSafe(|| replayed(&text))) {
            Ok(()) => done += 1,
            Err(fault) => {
                assert!(text != whole, "{fault}\n{text}");
                assert!(super::is_plain(&fault.to_string()), "{fault:?}");
                refused += 1;
            }
        }
    }
    assert!(done > 100 && refused > 500, "{done} replayed, {refused} refused");
}
