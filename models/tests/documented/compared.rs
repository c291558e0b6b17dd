//! Compares printed output with the guide's.

/// Whether the output equals the shown text, in which a line `…` matches any lines. Times and widths do not count.
pub(crate) fn is_shown(shown: &[impl AsRef<str>], printed: &[impl AsRef<str>]) -> bool {
    let Some((first, rest)) = shown.split_first() else { return printed.is_empty() };
    if first.as_ref() == "…" {
        return (0..=printed.len()).any(|skipped| is_shown(rest, &printed[skipped..]));
    }
    let Some((line, others)) = printed.split_first() else { return false };
    normal(first.as_ref()) == normal(line.as_ref()) && is_shown(rest, others)
}

/// A line without the parts that differ from run to run: durations, epochs, and the widths of columns.
fn normal(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| word.chars().all(|c| c.is_ascii_digit() || ".,".contains(c));
    let mut said = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let unit = words.get(place + 1).is_some_and(|unit| ["s", "s;", "s,", "s."].contains(unit));
        let epoch = place > 0 && words[place - 1] == "epoch";
        let rule = word.len() > 2 && word.chars().all(|c| c == '-');
        said.push(match word {
            _ if number(word) && (unit || epoch) => "0",
            _ if rule => "---",
            word if word.starts_with("time=\"") => "time",
            word => word,
        });
    }
    said.join(" ")
}

#[test]
fn only_times_widths_and_what_is_left_out_may_differ() {
    assert!(is_shown(&["a  0.1 s", "…", "z"], &["a 12 s", "b", "c", "z"]));
    assert!(is_shown(&["<a time=\"1.0\">"], &["<a time=\"0.2\">"]));
    assert!(is_shown(&["…"], &[""; 0]) && is_shown(&["| --- |"], &["| ----- |"]));
    assert!(!is_shown(&["a", "…", "z"], &["a", "z", "b"]));
    assert!(!is_shown(&["12 states"], &["13 states"]));
    assert!(!is_shown(&["a"], &["a", "b"]) && !is_shown(&["a", "b"], &["a"]));
}
