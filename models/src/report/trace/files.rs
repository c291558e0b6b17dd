//! The files to which counterexamples are written. No two scenarios, and no two properties of a scenario, share a file.

use crate::properties;
use crate::report::check::{Checked, Counterexample};
use crate::scenario::catalogue;
use std::collections::BTreeMap;
use std::path::Path;

/// The longest part of a file name; file systems allow 255 bytes for the whole name.
const LONGEST: usize = 80;

/// By scenario and property, the file of the counterexample, or why it could not be written.
pub type Kept<'a> = BTreeMap<(&'a str, &'a str), Result<String, String>>;

/// Writes every counterexample as a trace and a picture, and returns the files. A file that cannot be written changes
/// no verdict.
pub fn keep<'a>(done: &'a [Checked], folder: &Path) -> Kept<'a> {
    let mut kept = Kept::new();
    for checked in done {
        for example in &checked.counterexamples {
            let scenario = checked.scenario.name.as_str();
            kept.insert((scenario, example.property), write(example, scenario, folder));
        }
    }
    kept
}

/// Writes one counterexample of a scenario as a trace and a picture.
///
/// # Errors
/// If a file cannot be written: its name, and why.
pub fn write(example: &Counterexample, scenario: &str, folder: &Path) -> Result<String, String> {
    let path = folder.join(format!("{}.trace", name(scenario, example.property)));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, &example.trace))
        .and_then(|()| std::fs::write(path.with_extension("svg"), example.replayed.diagram.svg()));
    let shown = path.display().to_string();
    written.map(|()| shown.clone()).map_err(|error| format!("{shown} cannot be written: {error}"))
}

/// The file name, without extension, for a property of a scenario. Different pairs get different names, also on file
/// systems that ignore case.
pub fn name(scenario: &str, property: &str) -> String {
    let shipped = catalogue::files().into_iter().map(|(name, ..)| name).collect::<Vec<_>>();
    let own =
        [&properties::ALL[..], &properties::OF_NODES, &properties::OF_THE_ARTICLE, &properties::OF_LIVENESS].concat();
    let own = own.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let file = scenario.strip_prefix("./").unwrap_or(scenario);
    let (stem, is_file) = file.strip_suffix(".toml").map_or((file, false), |stem| (stem, true));
    format!("{}.{}", part(stem, file, is_file, &shipped), part(property, property, true, &own))
}

/// `text` as a part of a file's name. A text in `known` is kept, with dashes for spaces and slashes. Any other text is
/// kept if it is `sure`, plain, and different from every known text; otherwise a hash of `whole` is appended.
fn part(text: &str, whole: &str, sure: bool, known: &[String]) -> String {
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    if known.iter().any(|known| known == whole) {
        return plain;
    }
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let short: String = plain.chars().take(LONGEST).collect();
    let short = short.trim_matches('-');
    let taken = known.iter().any(|known| known.replace(['/', ' '], "-") == plain);
    let looks_hashed =
        plain.rsplit_once('-').is_some_and(|(_, end)| end.len() == 12 && end.bytes().all(|b| b.is_ascii_hexdigit()));
    if sure && text.chars().all(is_plain) && short == text && !taken && !looks_hashed {
        return short.to_owned();
    }
    format!("{short}{}{:012x}", if short.is_empty() { "" } else { "-" }, hash(whole) >> 16)
}

/// FNV-1a, which never changes between platforms or versions.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_names_of_what_ships_are_plain() {
        assert_eq!(name("booking/arrival", "convergence"), "booking-arrival.convergence");
        assert_eq!(name("datagram/star-custom-merged", "no policy loss"), "datagram-star-custom-merged.no-policy-loss");
        assert_eq!(name("my.toml", "no causal loss"), "my.no-causal-loss");
        assert_eq!(name("./my_rule-2.toml", "falls silent"), "my_rule-2.falls-silent");
    }

    #[test]
    fn no_two_have_one_name() {
        let mut scenarios: Vec<String> = catalogue::files().into_iter().map(|(name, ..)| name).collect();
        let own = [
            "a/b.toml",
            "a-b.toml",
            "A-b.toml",
            "a b.toml",
            "a_b.toml",
            "a.b.toml",
            "a-b",
            "a-b.txt",
            "-a-b.toml",
            "/a/b.toml",
            "../a/b.toml",
            "booking-arrival.toml",
            "booking/arrival.toml",
            "ä.toml",
            "a\u{308}.toml",
            "字.toml",
            "書.toml",
            "-.toml",
            ".toml",
            "--.toml",
            "a-b-0123456789ab.toml",
            "my.toml",
            "my",
            "My.toml",
            "my.TOML",
            "a\u{202e}b.toml",
        ];
        scenarios.extend(own.map(str::to_owned));
        let long = "x".repeat(200);
        scenarios.extend([format!("{long}1.toml"), format!("{long}2.toml")]);
        let mut properties: Vec<&str> = properties::ALL.into_iter().chain(properties::OF_THE_ARTICLE).collect();
        properties.extend([
            "no-policy-loss",
            "No Policy Loss",
            "parents exist",
            "parents-exist",
            "parents/exist",
            "..",
            "ß",
            "",
        ]);
        let mut names = BTreeSet::new();
        for scenario in &scenarios {
            for property in &properties {
                let name = name(scenario, property);
                assert!(
                    name.len() < 230 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
                    "{name}"
                );
                assert!(names.insert(name.to_lowercase()), "{scenario}, {property}: {name}");
            }
        }
        assert_eq!(names.len(), scenarios.len() * properties.len());
    }
}
