//! Any content of a file is read or refused, without a panic.

use multimaster_models::report::trace::Trace;
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;

const TRACE: &str = "# Two bookings\nscenario booking/arrival\nviolates convergence\n\nA: set seat = 14 Ann  # one\n\
                     B: set seat = 12 Bob\nA -> B: A1 after nothing\nB -> A: B1 after nothing\n";

/// Numbers and characters that are more likely to fail than random ones.
const INSERTED: [&str; 16] = [
    "-1",
    "0",
    "999999999999",
    "18446744073709551616",
    "nan",
    "\"",
    "[",
    "]",
    "=",
    "#",
    "\n",
    "\u{0}",
    "ß",
    "1e9",
    "true",
    "A/2",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's MMIX generator: the upper bits are good enough.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// The text with a few characters or lines removed, doubled, swapped or inserted.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut characters: Vec<char> = text.chars().collect();
        let (line, other) = (random.below(lines.len()), random.below(lines.len()));
        let place = random.below(characters.len());
        text = match random.below(6) {
            0 if !lines.is_empty() => {
                lines.remove(line);
                lines.concat()
            }
            1 if !lines.is_empty() => {
                lines.insert(line, lines[other]);
                lines.concat()
            }
            2 if !lines.is_empty() => {
                lines.swap(line, other);
                lines.concat()
            }
            3 if !characters.is_empty() => {
                characters.remove(place);
                characters.into_iter().collect()
            }
            // A number or a word becomes another.
            4 => {
                let end =
                    characters[place..].iter().position(|c| !c.is_alphanumeric()).map_or(place, |more| place + more);
                characters.splice(place..end, INSERTED[random.below(INSERTED.len())].chars());
                characters.into_iter().collect()
            }
            _ => {
                characters.splice(place..place, INSERTED[random.below(INSERTED.len())].chars());
                characters.into_iter().collect()
            }
        };
    }
    text
}

#[test]
fn a_scenario_is_read_or_refused() {
    let files = catalogue::files();
    let mut random = Random(1);
    let (mut read, mut refused) = (0, 0);
    for round in 0..6_000 {
        let text = mutated(files[round % files.len()].2, &mut random);
        match Scenario::parse("mutated", "mutated.toml", &text) {
            Ok(_) => read += 1,
            Err(fault) => {
                assert!(fault.line <= text.lines().count().max(1), "{fault}\n{text}");
                assert!(!fault.to_string().chars().any(|c| c.is_control() && c != '\n'), "{fault:?}");
                refused += 1;
            }
        }
    }
    assert!(read > 100 && refused > 1_000, "{read} read, {refused} refused");
}

#[test]
fn a_trace_is_replayed_or_refused() {
    let mut random = Random(2);
    let (mut replayed, mut refused) = (0, 0);
    for _ in 0..6_000 {
        let outcome = Trace::parse("mutated.trace", &mutated(TRACE, &mut random))
            .and_then(|trace| trace.replay(&catalogue::find(&trace.scenario)?.model()));
        match outcome {
            Ok(_) => replayed += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(replayed > 100 && refused > 1_000, "{replayed} replayed, {refused} refused");
}
