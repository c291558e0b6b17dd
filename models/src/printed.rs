//! Prepares untrusted text, such as a client's value, for display: on one line, of bounded length, and without
//! characters on which a terminal, a browser or an editor would act.

use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The most characters of a word that is shown whole.
const RUN: usize = 120;
/// The most characters of a text that is shown whole.
const TEXT: usize = 1_200;

/// Whether a character acts instead of being shown: a control character, a line end, a change of direction, or one
/// without width ("Trojan Source", Boucher and Anderson, 2023).
fn acts(c: char) -> bool {
    let unseen = ['\u{200b}', '\u{200e}', '\u{200f}', '\u{61c}', '\u{feff}', '\u{2060}', '\u{ad}', '\u{180e}'];
    let turns = ['\u{2028}'..='\u{202e}', '\u{2066}'..='\u{206f}', '\u{fff9}'..='\u{fffb}'];
    c.is_control() || unseen.contains(&c) || turns.iter().any(|range| range.contains(&c))
}

/// The text with each acting character escaped as in Rust: `\n`, `\u{1b}`.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// As [`escaped`], for a text of several lines, whose line breaks stay.
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// The error without its line and column, which count from the start of a part of what the user gave.
pub(crate) fn without_position(error: &serde_json::Error) -> String {
    let position = format!(" at line {} column {}", error.line(), error.column());
    let said = error.to_string();
    said.strip_suffix(&position).unwrap_or(&said).to_owned()
}

/// JSON with each acting character as a numeric escape. Such a character can occur only in a JSON string, where the
/// escape means the same.
pub fn escaped_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let _ = if acts(c) { write!(out, "\\u{:04x}", u32::from(c)) } else { out.write_char(c) };
    }
    out
}

/// The text on one line, escaped. If it is very long, it is shortened and its length given.
pub fn shown(text: &str) -> String {
    let text = escaped(text);
    if text.len() <= RUN {
        return text;
    }
    let words: Vec<String> = text.split(' ').map(|word| middle_left_out(word, RUN)).collect();
    middle_left_out(&words.join(" "), TEXT)
}

/// As [`shown`], for a text of several lines. A line of many words, such as a list of choices, is not shortened.
pub fn shown_lines(text: &str) -> String {
    let words = |line: &str| line.split(' ').map(|word| middle_left_out(word, RUN)).collect::<Vec<_>>().join(" ");
    escaped_lines(text).split('\n').map(words).collect::<Vec<_>>().join("\n")
}

/// Leaves the middle out of a text of more than `most` characters.
fn middle_left_out(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most / 2).collect();
    let end: String = text.chars().skip(length - most / 4).collect();
    format!("{start}…({length} characters)…{end}")
}

/// The number of columns that the text takes in a terminal: two for most East Asian characters and emoji.
pub fn terminal_width(text: &str) -> usize {
    text.width()
}

/// The text, padded with spaces to `width` [columns](terminal_width). Unlike a format's width, `width` may be any number.
pub fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(terminal_width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acting_characters_are_escaped_and_others_stay() {
        assert_eq!(escaped("a\u{1b}[31mb\n\r\t\u{7f}\u{9b}2J"), "a\\u{1b}[31mb\\n\\r\\t\\u{7f}\\u{9b}2J");
        assert_eq!(
            escaped("\u{202e}txt\u{2066}\u{2069}\u{2028}\u{200b}"),
            "\\u{202e}txt\\u{2066}\\u{2069}\\u{2028}\\u{200b}"
        );
        for plain in ["14 Ann", "ß, 字, 👩\u{200d}👧", "a \\ b' \"c\"", ""] {
            assert_eq!(escaped(plain), plain);
        }
        assert_eq!(escaped_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
    }

    #[test]
    fn escaped_json_keeps_its_meaning() {
        let value = serde_json::json!({ "k": "a\u{1b}\u{9b}\u{202e}\u{feff}ß\n" });
        let escaped = escaped_json(&value.to_string());
        assert!(!escaped.chars().any(acts), "{escaped:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"), value);
    }

    #[test]
    fn long_texts_are_shortened_and_their_length_given() {
        let long = format!("A reads k={} and B reads k=2", "x".repeat(70_000));
        let short = shown(&long);
        assert!(short.starts_with("A reads k=xxx") && short.ends_with("xxx and B reads k=2"), "{short}");
        assert!(short.contains("(70002 characters)") && short.chars().count() < 200, "{short}");
        let words = "word ".repeat(10_000);
        assert!(shown(&words).chars().count() < TEXT && shown(&words).contains("(50000 characters)"));
        let plain = "as long as a sentence about two masters that read otherwise ".repeat(4);
        assert_eq!(shown(&plain), plain);
    }

    #[test]
    fn any_width_is_padded() {
        assert_eq!((padded("ß", 3), padded("long", 2)), ("ß  ".into(), "long".into()));
        assert_eq!(padded("", 100_000).len(), 100_000);
        assert_eq!(padded("字e\u{301}👩\u{200d}👧", 6), "字e\u{301}👩\u{200d}👧 ");
    }
}
